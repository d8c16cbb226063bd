"""Offers side by side: every method on the same members, with the best per budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.differentiation.measures.amounts import read_budget
from toolkit.differentiation.measures.past import Past, accounting_notes, contact_cost, contacts_unpriced
from toolkit.differentiation.measures.reckoning import (
    MONEY,
    best_of,
    in_currency,
    money_columns,
    money_notes,
    nobody,
    outcome,
    reckoned,
    too_dear,
)
from toolkit.differentiation.measures.replays import addressable, proposed_offers, read_offers, replay_offer
from toolkit.language import tr, word
from toolkit.ledger.offer import Offer
from toolkit.registry import question
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.wording import share, some

if TYPE_CHECKING:
    import altair as alt

OFFERS = pl.Schema(
    {
        "offer": pl.String,
        "method": pl.String,
        "contact_count": pl.Int64,
        "free_rider_count": pl.Int64,
        "within_reach_count": pl.Int64,
        "cost_per_contact_amount": pl.Float64,
        **MONEY,
    }
)


@question(
    "differentiation",
    "Which kind of offer suits these members best for our budget?",
    words=(
        "coupon or discount or full reduction or member day or service, side by side",
        "compare offers and methods for an audience",
        "best offer for a budget",
        "哪种优惠 优惠对比 预算",
        "which promotion is best, which offer works best",
    ),
)
def offers(view: View, *, compare: str | list[str] = "", budget: float | None = None) -> Finding:
    """Return offers of all methods replayed on the same members and days: one row per offer, largest net first.

    Only members who may be contacted, and were not contacted too often lately (settings offers.most_contacts, offers.rest_days), take part;
    telling each of them costs one contact. What counts as free rider and as within reach is the method's own: see
    differentiation.full_reduction, coupon, discount, member_day and service. Doing nothing costs and brings nothing.

    Parameters
    ----------
    compare
        Offers as a plan writes them, in a list or with commas: "full_reduction 60/10, coupon 5 from 30, discount 10% on COFFEE,
        member_day wed 10%, service a reminder"; empty = one of each method, proposed from the members' own past.
    budget
        Most that it may cost over a window like the period, in currency units; empty = no limit.

    Returns
    -------
    Answer
        Table columns: `offer`, `method`; `contact_count`; `free_rider_count` and `within_reach_count` (baskets; members for coupons,
        discounts and those within reach of a member day; needs for a service); `cost_per_contact_amount` (all costs over the contacts); and
        the money columns of differentiation.full_reduction, `break_even_share` of all sales to these members.

    Raises
    ------
    BadValue
        A text that is no offer, one twice, a budget of nothing.
    UnknownName
        An offer on a category that there is not.

    Example
    -------
    >>> tk.differentiation.offers(ws, budget=5000).headline      # doctest: +SKIP
    """
    spend, given = read_budget(budget, "differentiation.offers"), read_offers(compare)
    members, left_out = addressable(view)
    past = Past(view, members.with_columns(pl.lit("all").alias("group")))
    if past.baskets.is_empty():
        return nobody(view, past, tr("offer"), OFFERS)
    wanted = given or proposed_offers(past)
    replayed = [replay_offer(past, offer, least_buyers=view.settings.scope.minimum_members) for offer in wanted]
    found = pl.concat([frame for frame in replayed if frame.height] or replayed)
    if found.is_empty():
        return nobody(view, past, tr("offer"), OFFERS, need=tr("purchase that these offers speak of"))
    cells = reckoned(past, found).sort("worth", "cost", "offer", descending=[True, False, False], nulls_last=True)
    best = best_of(view, cells, spend, "offer")
    return Finding(
        headline=_headline(view, past, cells, best, spend),
        table=_table(view, cells),
        chart=lambda: _chart(view, past, cells),
        notes=_notes(view, past, cells, best, left_out, [offer for offer in wanted if offer.text not in set(cells["offer"])]),
        ask_next=[("differentiation.allocate", {"budget": budget or max(1.0, round(float(cells["cost"].max()) / view.minor_units))})],  # type: ignore[arg-type]
        figures={"best_net_amount": best["net"] / view.minor_units} if best and best["net"] is not None else {},
    )


def _table(view: View, cells: pl.DataFrame) -> pl.DataFrame:
    each = pl.col("cost") / pl.when(pl.col("contact_count") > 0).then(pl.col("contact_count"))
    return cells.select(
        "offer",
        "method",
        "contact_count",
        "free_rider_count",
        "within_reach_count",
        view.major(each).alias("cost_per_contact_amount"),
        *money_columns(view),
    ).match_to_schema(OFFERS)


def _headline(view: View, past: Past, cells: pl.DataFrame, best: dict[str, Any] | None, budget: float | None) -> str:
    what = some(cells.height, "offer")
    if best is None:
        return too_dear(view, cells, budget or 0, what, word(str(cells.sort("cost", "offer")["offer"][0])))
    return tr(
        "{where}, of {what} to {members}, '{offer}' does best{within_the_budget}: {outcome}{unpriced}",
        where=where(view),
        what=what,
        members=some(past.members.height, "member"),
        offer=word(best["offer"]),
        within_the_budget=tr(" within the budget") if budget else "",
        outcome=outcome(view, best, tr("those within reach respond")),
        unpriced=tr(" Contacts are counted as nothing: their cost is not known.") if contacts_unpriced(view) else "",
    )


def _notes(
    view: View, past: Past, cells: pl.DataFrame, best: dict[str, Any] | None, left_out: dict[str, int], silent: list[Offer]
) -> list[str | Note]:
    settings = view.settings.offers
    notes = accounting_notes(
        past,
        tr(
            "{response_share} of what is within reach responds to an offer of 10%, in proportion at other depths "
            "(setting offers.response_share); {moved_share} of the baskets near a member day move there "
            "(offers.moved_share).",
            response_share=share(settings.response_share, 0),
            moved_share=share(settings.moved_share, 0),
        ),
    )
    notes += [contact_cost(view)[1], *contact_notes(view, left_out), length_note(view)]
    notes += money_notes(past, cells, best, tr("'{name}'", name=word(best["offer"])) if best else "", pl.col("offer"))
    least = view.settings.scope.minimum_members
    notes += [
        tr(
            "'{offer}' has fewer than {minimum_members} buyers of its goods among them: its figures are not shown.",
            offer=word(offer.text),
            minimum_members=least,
        )
        if offer.method == "discount"
        else tr("'{offer}' has nobody it speaks of.", offer=word(offer.text))
        for offer in silent
    ]
    return notes


def length_note(view: View) -> str:
    """Return how long a campaign the figures speak of."""
    return tr(
        "Figures are for a campaign as long as the period, {days} days; for a shorter one give its length, such as period=28.",
        days=view.period.days,
    )


def contact_notes(view: View, left_out: dict[str, int]) -> list[str | Note]:
    """Return who is not addressed, and why."""
    settings, notes = view.settings.offers, list[str | Note]()
    if left_out["barred"]:
        notes.append(
            tr(
                "{members} who may not be contacted, or of whom the shop does not know, take no part.",
                members=some(left_out["barred"], "member"),
            )
        )
    if left_out["tired"]:
        notes.append(
            tr(
                "{members} contacted {most_contacts} times or more in the last {rest_days} days take no part (settings "
                "offers.most_contacts, offers.rest_days).",
                members=some(left_out["tired"], "member"),
                most_contacts=settings.most_contacts,
                rest_days=settings.rest_days,
            )
        )
    if not view.has_column("members", "contactable"):
        notes.append(tr("The members table has no `contactable` column: everybody is taken to be reachable."))
    return notes


def _chart(view: View, past: Past, cells: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    known = past.margin.share is not None
    what = tr("Expected net") if known else tr("Cost")
    drawn = cells.head(20).select("offer", view.major("net" if known else "cost").alias("value"), "contact_count")
    return ranked_bars(
        drawn, label="offer", value="value", n="contact_count", kind="money", ranked=False, value_title=in_currency(what, view),
        title=tr("Offers side by side: {place}", place=view.place),
        subtitle=tr("{what}, {period}; n = contacts", what=what, period=view.period),
    )  # fmt: skip
