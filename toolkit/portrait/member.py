"""One member's card: who they are, when they come, what for, and what next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.charts.lines import lines_over_time
from toolkit.errors import UnknownName, nearest
from toolkit.language import tr, word
from toolkit.portrait.measures.card import Card, card_rows, read_card
from toolkit.registry import question
from toolkit.scope.phrases import not_measured
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

WINDOW_DAYS = 28
NEAR_IDS = 200
"""Ids beside the place where an unknown one would stand that are compared with it: a large shop has too many to compare all."""


@question(
    "portrait",
    "Who is this member, when do they come, what for, and what next?",
    words=("member card", "show one customer, profile of a member", "customer 360 view", "look up a member by id", "会员 档案 名片"),
    minimum=False,
)
def member(view: View, *, member_id: str | int) -> Finding:
    """Return one member's card: one row per fact, in the sections who, when, where, what for, what next and last orders.

    Everything is the member's own across the chain, as of the view's date. What too few orders cannot carry is `not measured`. A
    prediction for one member is rough: it is for choosing whom to speak to, not for telling a person about themselves.

    Parameters
    ----------
    member_id
        The member, as the shop writes the id ("0012" is not "12").

    Returns
    -------
    Answer
        Table columns: `section`; `fact`; `value` in words; `n` (orders, shopping days or pauses it rests on; null where it is a plain
        fact).

    Raises
    ------
    UnknownName
        No member with receipts has this id; the nearest ids are named.

    Example
    -------
    >>> tk.portrait.member(ws, member_id="0012").headline              # doctest: +SKIP
    """
    wanted = str(member_id)
    found = view.population.filter(pl.col("member_id") == wanted)
    if found.is_empty():
        raise UnknownName(_unknown(view, wanted))
    card = read_card(view, found)
    figures = {
        "purchase_probability": card.traits["purchase_probability"],
        "orders": card.order_count,
        "sales": card.features["amount"] / view.minor_units,
    }
    schema = {"section": pl.String, "fact": pl.String, "value": pl.String, "n": pl.Int64}
    return Finding(
        headline=_headline(card),
        table=pl.DataFrame(card_rows(card), schema=schema, orient="row"),
        chart=(lambda: _chart(card)) if card.orders.height else None,
        notes=_notes(card),
        ask_next=[("portrait.segments", {}), ("portrait.lifecycle", {})],
        figures={key: float(value) for key, value in figures.items() if value is not None},
    )


def _unknown(view: View, wanted: str) -> str:
    known = view.population["member_id"]
    folded = wanted.strip().casefold().lstrip("0")
    alike = known.filter(known.str.strip_chars().str.to_lowercase().str.strip_chars_start("0") == folded).head(3).to_list()
    if not alike:
        place = int(known.search_sorted(wanted))
        alike = nearest(wanted, known.slice(max(place - NEAR_IDS // 2, 0), NEAR_IDS), most=3)
    guess = tr("; did you mean {alike}?", alike=wording.listing([repr(name) for name in alike])) if alike else tr(".")
    return tr(
        "portrait.member: no member {wanted!r} has a receipt up to {as_of}{guess} Ids are compared exactly as the shop writes them.",
        wanted=wanted,
        as_of=view.as_of,
        guess=guess,
    )


def _headline(card: Card) -> str:
    features, traits, liked = card.features, card.traits, card.liked
    name = tr("Member {member_id!r}", member_id=features["member_id"])
    if not card.order_count:
        returns = wording.some(int(features["return_order_count"]), "receipt")
        return tr(
            "{name} has {returns} with returns alone and no order up to {as_of}: nothing more is measured.",
            name=name,
            returns=returns,
            as_of=card.view.as_of,
        )
    stage = tr(", {stage}", stage=word(traits["stage"])) if traits["stage"] else ""
    ago = tr("today") if traits["recency_days"] == 0 else tr("{days} ago", days=wording.some(traits["recency_days"], "day"))
    text = tr(
        "{name} ({segment}{stage}) last ordered {ago} and spent {spend} in {orders} of the last 365 days (rank {rank:,} of {members:,})",
        name=name,
        segment=word(card.scored["segment"]),
        stage=stage,
        ago=ago,
        spend=card.view.money(features["amount_365d"]),
        orders=wording.some(int(features["order_count_365d"]), "order"),
        rank=card.rank,
        members=card.view.population.height,
    )
    if liked["favourite_weekday"] is not None:
        text += tr(
            ", most often on {weekday}s and at store {store}",
            weekday=word(liked["favourite_weekday"]),
            store=liked["favourite_store"],
        )
    if card.bought.height:
        text += tr(", most of it on {categories}", categories=wording.listing(card.bought["category"].head(2).to_list()))
    if traits["purchase_probability"] is not None:
        days = card.view.settings.lifetime_value.purchase_days
        text += tr(
            "; {probability} likely to buy in the next {days} days",
            probability=wording.share(traits["purchase_probability"], 0),
            days=days,
        )
    return text + (tr("; due by own rhythm on {due}.", due=card.rhythm.words) if card.rhythm else tr("."))


def _notes(card: Card) -> list[str | Note]:
    view, first = card.view, card.features["first_ordered_on"]
    notes: list[str | Note] = [
        tr(
            "All facts are this member's own across the chain, up to {as_of}. A prediction for one member is rough, and "
            "a persona is a reading of baskets, not a fact about a person.",
            as_of=view.as_of,
        )
    ]
    if first is not None and (first - view.first_day).days < view.settings.lifecycle.new_days:
        notes.append(
            tr("The receipts start on {first_day}: the first order seen may not be this member's first.", first_day=view.first_day)
        )
    needed = (
        ("discount_amount", tr("promo dependence")),
        ("coupon_amount", tr("coupon affinity")),
        ("channel", tr("channel habits")),
    )
    for column, words in needed:
        if not view.has_column("lines", column):
            notes.append(not_measured(view, "lines", column, words))
    return notes


def _chart(card: Card) -> alt.Chart | alt.LayerChart:
    """Spend by four weeks counted back from as_of: calendar months would end in a part of one and read as a fall."""
    view, orders = card.view, card.orders
    ago = (pl.lit(view.as_of) - pl.col("ordered_at").dt.date()).dt.total_days() // WINDOW_DAYS
    spent = orders.group_by(ago.alias("window")).agg(pl.col("amount").sum())
    whole = max(((view.as_of - view.first_day).days + 1) // WINDOW_DAYS, 1)
    count = min(int(spent["window"].max()) + 1, whole)  # type: ignore[arg-type]
    windows = pl.DataFrame({"window": range(count)}, schema={"window": pl.Int64}).join(spent, on="window", how="left")
    starts_on = pl.lit(view.as_of) - pl.duration(days=pl.col("window") * WINDOW_DAYS + WINDOW_DAYS - 1)
    shown = windows.select(starts_on.alias("starts_on"), view.major(pl.col("amount").fill_null(0)).alias("sales")).sort("starts_on")
    return lines_over_time(
        shown, time="starts_on", value="sales", kind="money", value_title=tr("Spend in four weeks, {currency}", currency=view.currency),
        title=tr("Spend by four weeks: member {member_id}", member_id=card.features["member_id"]),
        subtitle=tr(
            "{orders} up to {as_of}; each point is the start of four weeks",
            orders=wording.some(card.order_count, "order"), as_of=view.as_of,
        ),
    )  # fmt: skip
