"""Offers of one method side by side: the table and the answer of the methods whose rows are offers as a plan writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import Table
from toolkit.differentiation.measures.addressed import addressable, contact_notes, length_note
from toolkit.differentiation.measures.past import Past, accounting_notes, contact_cost
from toolkit.differentiation.methods.method import (
    MONEY,
    MONEY_OF_MEMBERS,
    Method,
    answered,
    money_bars,
    nothing_to_replay,
    of_groups,
    ranked,
    reckoned,
)
from toolkit.language import later, tr
from toolkit.ledger.offer import Offer
from toolkit.models.replay import BASIS_POINTS, REPLAY, response
from toolkit.scope.hiding import unmeasured
from toolkit.scope.view import View

_HEADLINE = later(
    "{where}, of {n:offer} to {member_count:member}, '{offer}' does best[budget? within the budget]: {free_rider_count} "
    "[of_members?members|receipts] would get it anyway and {within_reach_count} are within reach; it costs {cost_amount}[leaves? and "
    "leaves {net_amount} net, if {response_share} of those within reach respond.][loses? and loses {loss:money}: to pay for itself "
    "[rise_pays?sales must rise by {break_even_share}|no rise of sales is enough]. Doing nothing is better on these figures.]"
    "[no_margin? for {extra_sales} of extra sales; what that leaves is not known without a margin.]"
)
_TOO_DEAR = later("{where}, none of {n:offer} fits a budget of {budget:money}: the cheapest, {offer}, costs {cost_amount}.")


def offers_table(anyway: str, within: str, *, of_members: bool = False) -> Table:
    """Return the table of a method: what `anyway` counts and what is `within` reach, of receipts unless `of_members`."""
    anyhow, near = ("free_rider_count", "Get it anyway", anyway), ("within_reach_count", "Within reach", within)
    counts = (c.members(*anyhow), c.members(*near)) if of_members else (c.count(*anyhow), c.count(*near))
    return c.table(
        "one row per offer, largest net first",
        c.text("offer"),
        c.members("contact_count", "Contacts", "members who are told"),
        *counts,
        *(MONEY_OF_MEMBERS if of_members else MONEY),
    )


def offers_method(
    table: Table,
    *,
    replay: Callable[[Past, Offer], pl.DataFrame],
    proposed: Callable[[Past], pl.DataFrame],
    text: Callable[[View, Mapping[str, Any]], str],
    keys: tuple[str, ...],
    needs: Callable[[Past, Offer | None], str | None] = lambda past, offer: None,
    own_contacts: bool = False,
) -> Method:
    """Return a method whose rows are its offers; `keys` tell apart the replays that `proposed` gives."""
    return Method(
        table=table, figures=lambda view: [pl.col("offer", "contact_count", "free_rider_count", "within_reach_count")], keys=keys,
        headline=_HEADLINE, too_dear=_TOO_DEAR, called=later("'{offer}'"), label="{offer}", replay=replay, proposed=proposed, text=text,
        needs=needs, own_contacts=own_contacts,
    )  # fmt: skip


def past_of(view: View) -> tuple[Past, dict[str, int]]:
    """Return the past of the members who may be addressed, as one group, and who is left out."""
    members, left_out = addressable(view)
    return Past(view, members.with_columns(pl.lit("all").alias("group"))), left_out


def with_response(past: Past, replayed: pl.DataFrame, depth: pl.Expr) -> pl.DataFrame:
    """Return a replay with the share of what is within reach that is assumed to respond at a depth (0..1)."""
    return replayed.with_columns(response(past.view.settings.offers.response_share, depth).fill_null(0.0).alias("response_share"))


def depth_of(basis_points: int) -> pl.Expr:
    """Return basis points as a depth."""
    return pl.lit(basis_points / BASIS_POINTS)


def tell_offers(
    past: Past,
    left_out: dict[str, int],
    method: Method,
    offers: Sequence[Offer],
    budget: float | None,
    *,
    called: str,
    notes: Sequence[str | Note] = (),
    ask_next: Sequence[tuple[str, Mapping[str, Any]]] = (),
    top: int = 0,
    of_members: bool = False,
) -> Finding:
    """Return the answer on offers of one method: replayed as `differentiation.offers` does, what is missing said by name.

    `called`: the method in the reader's language; `notes` stand behind those of every replay; an offer that few receipts or members get is
    left out.
    """
    view, missing = past.view, list[str]()
    able = list[Offer]()
    for offer in offers:
        lack = method.needs(past, offer)
        if lack is None:
            able.append(offer)
        elif lack not in missing:
            missing.append(lack)
    lacking = [Note(view.say("{method}: needed {table}.", method=called, table=lack), "NOT MEASURED") for lack in missing]
    if missing and not able:
        headline = view.say("{where}, what a {method} would cost is not measured: needed {table}.", method=called, table=missing[0])
        return unmeasured(method.table, headline, str(lacking[0].text), ask_next=[("differentiation.offers", {})])
    if past.baskets.is_empty() or not able:
        return nothing_to_replay(past, method.table, called)
    replayed = [of_groups(past, method, offer, method.replay(past, offer)) for offer in able]
    cells = pl.concat(replayed)
    cells = cells.filter((pl.col("free_rider_count") + pl.col("within_reach_count")) >= view.least)
    if cells.is_empty():
        return nothing_to_replay(past, method.table, called, tr("purchase that these offers speak of"))
    few = len(able) - cells.height
    assumed = view.say(
        "Assumed, not measured: {offers.response_share:.0%} of what is within reach responds to an offer of 10%, in proportion at other "
        "depths (setting offers.response_share). A campaign with a control group measures it."
    )
    more = [view.say("Left out: {few:offer} that fewer than {least} would get.", few=few)] if few else []
    standing = [*accounting_notes(past, assumed), contact_cost(view)[1], *contact_notes(view, left_out), length_note(view)]
    return answered(
        replace(method, keys=("offer",)), past, ranked(reckoned(past, cells), ("offer",)), budget,
        notes=[*standing, *notes, *lacking], more_notes=more,
        chart=lambda table, best: money_bars(
            method, past, table, n="within_reach_count", most=20, title=view.say("{method}: {place}", method=called),
            subtitle=later("{what} on {n:basket}, {period}; n = within reach"),
        ),
        ask_next=[*ask_next, ("differentiation.offers", {})], top=top, of_members=of_members,
    )  # fmt: skip


def no_replay(past: Past) -> pl.DataFrame:
    """Return a replay without a row."""
    known = {"margin_share": pl.Float64, "response_share": pl.Float64}
    return pl.DataFrame(schema={**dict.fromkeys(past.by, pl.String), **REPLAY, **known})
