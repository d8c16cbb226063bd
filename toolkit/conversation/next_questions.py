"""What to ask after an answer: at most three calls, by what they are of use for here.

First what was not just asked, then what this shop's tables can answer at all, then what speaks of money; else as the question proposes it.
"""

from __future__ import annotations

from collections.abc import Iterable

from toolkit.conversation.calls import Call
from toolkit.ledger.campaigns import known_campaigns
from toolkit.registry import SCOPE_PARAMETERS, find_question
from toolkit.workspace import Workspace

MOST_NEXT = 3
_TABLES = {"targeting.journey": "events", "targeting.looked_not_bought": "events", "review.sales_targets": "targets"}
"""Questions that rest on a table which not every shop has."""
_COLUMNS = {"margin": ("products", "unit_cost"), "tier": ("members", "tier"), "region": ("stores", "region")}
"""Values of a parameter that rest on a column."""


def next_calls(proposed: Iterable[Call], workspace: Workspace | None = None, asked: Iterable[Call] = ()) -> tuple[Call, ...]:
    """Return at most three of the calls that an answer proposes, the most useful here first.

    Parameters
    ----------
    proposed
        The calls, in the order of the answer.
    workspace
        The shop; without one nothing is known of its tables.
    asked
        What was asked before: it is proposed last, in whatever scope it was.
    """
    before = {_without_scope(call) for call in asked}

    def use(call: Call) -> tuple[bool, bool, bool]:
        known = workspace is None or can_be_told(call, workspace)
        return _without_scope(call) in before, not known, not speaks_of_money(call)

    return tuple(sorted(dict.fromkeys(proposed), key=use))[:MOST_NEXT]


def speaks_of_money(call: Call) -> bool:
    """Say whether the answer's table holds an amount."""
    return any(column.kind == "money" for table in find_question(call.name).tables for column in table.columns)


def can_be_told(call: Call, workspace: Workspace) -> bool:
    """Say whether the shop has the tables and columns that a call rests on, as far as that is known without working it out."""
    table = _TABLES.get(call.name)
    if table and workspace.table(table) is None:
        return False
    if call.name.startswith("review.") and "campaign_id" in find_question(call.name).parameters and known_campaigns(workspace).is_empty():
        return False
    needed = [_COLUMNS[value] for _, value in call.given if isinstance(value, str) and value in _COLUMNS]
    return all(workspace.has_column(*one) for one in needed)


def _without_scope(call: Call) -> Call:
    return Call(call.name, tuple((name, value) for name, value in call.given if name not in SCOPE_PARAMETERS))
