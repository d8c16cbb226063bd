"""A first draft of a campaign: the playbook's method for each segment, at amounts that the audience's own baskets propose."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl

from toolkit.audience import Audience, AudienceLike, members_of_scope, read_selection
from toolkit.audience.viewers import admit
from toolkit.differentiation.matrix import advice_table
from toolkit.differentiation.measures.cells import member_cells
from toolkit.differentiation.measures.past import Past
from toolkit.differentiation.measures.replays import proposed_offers
from toolkit.ledger.campaigns import known_campaigns, open_campaign
from toolkit.ledger.definition import DO_NOTHING, Definition, check_id, plan_names
from toolkit.ledger.offer import Offer
from toolkit.scope.minimum import shop_settings
from toolkit.scope.view import View, open_view
from toolkit.settings import read_settings
from toolkit.workspace import Workspace, opened

DAYS = 28
"""Days of a proposed campaign: whole weeks, long enough for most members to come."""
AHEAD_DAYS = 7
"""Days from the last receipts to its start at least: time to look at it and to send it out."""


def propose_plan(
    workspace: Workspace | str | Path,
    campaign_id: str = "proposal",
    *,
    store_id: str | None = None,
    region: str | None = None,
    audience: AudienceLike | None = None,
    as_of: str | None = None,
    settings: dict[str, Any] | None = None,
    **fields: Any,
) -> Definition:
    """Return a draft to start from: each segment gets the method that the playbook (or a measured lesson) names for it. Nothing is written.

    The amounts are those of `proposed_offers`: a tenth off, where the replay on the audience's baskets of the period leaves most. A segment
    whose method could not be replayed (or who bought nothing) is left alone. It starts on a Monday, a week ahead at least, for four weeks.
    `fields` are fields of `Definition` that replace what is proposed, such as `control_share=0.3` or `goals={"lift": 0.05}`.

    Raises
    ------
    UnknownName, BadValue
        As for a question, and as for `Definition`.

    Example
    -------
    >>> tk.propose_plan(ws, "spring", audience="order_count_91d >= 3")
    """
    ws = opened(workspace)
    shop = shop_settings(ws)
    members = None if audience is None else read_selection(audience)
    view = open_view(
        ws, store_id=store_id or None, region=region or None, as_of=as_of or None, settings=read_settings(settings or {}, base=shop),
        **members_of_scope(ws, members or None),
    )  # fmt: skip
    admit(view, members or None)
    offers, methods = ({}, {}) if "offers" in fields else (_offers(view), _methods(view))
    used = {method for method in methods.values() if method in offers}
    start = view.as_of + timedelta(days=AHEAD_DAYS)
    start = _day(fields.get("starts_on")) or start + timedelta(days=-start.weekday() % 7)
    proposed = {
        "campaign_id": campaign_id,
        "starts_on": start,
        "ends_on": start + timedelta(days=DAYS - 1) if isinstance(start, date) else start,
        "offers": tuple(offer for method, offer in offers.items() if method in used),
        "offer_of": {segment: offers[method].name if method in used else DO_NOTHING for segment, method in methods.items()},
        "store_id": store_id or None,
        "region": region or None,
        "audience": members.shown if isinstance(members, Audience) else members or None,
        "settings": settings or {},
    }
    return Definition.model_validate({**proposed, **fields})


def next_plan(workspace: Workspace | str | Path, campaign_id: str) -> Definition:
    """Return a draft of the campaign that follows another: its audience asked anew, the method that lessons and playbook name now.

    Touchpoints, costs, goals and the share held out are taken over; it is called after the one before, by the next number that is free.

    Raises
    ------
    UnknownName, WorkspaceError
        There is no such campaign, or its files are not what was launched.
    """
    ws = opened(workspace)
    before = open_campaign(ws, campaign_id)
    taken = {*known_campaigns(ws)["campaign_id"].str.to_lowercase(), *plan_names(ws)}
    stem = re.sub(r"[^\w\-]+", "-", re.sub(r"-\d+$", "", campaign_id)).strip("-_")[:56] or "campaign"
    number = next(number for number in count(2) if f"{stem}-{number}".lower() not in taken)
    called = re.sub(r" \d+$", "", before.name)[:190]
    name = f"{called} {number}" if called else ""
    told = before.definition
    over = {} if told is None else {
        **{field: getattr(told, field) for field in ("purpose", "touchpoints", "cost_fixed", "cost_per_contact", "goals", "control_share")},
        "audience": told.audience, "store_id": told.store_id, "region": told.region, "settings": told.settings,
    }  # fmt: skip
    return propose_plan(ws, check_id(f"{stem}-{number}"), name=name, **over)


def _day(given: Any) -> Any:
    """A day given as text as a day; what is none is left to the definition to refuse."""
    try:
        return date.fromisoformat(given) if isinstance(given, str) and given else given
    except ValueError:
        return given


def _methods(view: View) -> dict[str, str | None]:
    """The method that is advised for each segment of the audience."""
    cells = view.members.select("member_code").join(member_cells(view), on="member_code")
    advice = advice_table(view).filter(pl.col("stage").is_null() & pl.col("segment").is_in(cells["segment"].unique().implode()))
    return {row["segment"]: row["method"] for row in advice.iter_rows(named=True)}


def _offers(view: View) -> dict[str, Offer]:
    """One offer a method, called by it."""
    past = Past(view, member_cells(view).select("member_code", "segment"))
    if past.baskets.is_empty():
        return {}
    return {offer.method: offer.model_copy(update={"name": offer.method.replace("_", " ")}) for offer in proposed_offers(past)}
