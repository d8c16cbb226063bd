"""One member's card: who they are, when they come, what for, and what next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.charts.lines import lines_over_time
from toolkit.errors import UnknownName, nearest
from toolkit.language import tr
from toolkit.portrait.measures.card import Card, card_rows, read_card
from toolkit.registry import question
from toolkit.scope.phrases import not_measured
from toolkit.scope.view import View
from toolkit.wording import listing

if TYPE_CHECKING:
    import altair as alt

WINDOW_DAYS = 28
NEAR_IDS = 200
"""Ids beside the place where an unknown one would stand that are compared with it: a large shop has too many to compare all."""

FACTS = c.table(
    "one row per fact",
    c.text("section"),
    c.text("fact"),
    c.text("value", meaning="in words"),
    c.count("n", "n", "orders, shopping days or pauses it rests on", null="a plain fact"),
)


@question(
    "portrait",
    "Who is this member, when do they come, what for, and what next?",
    words=("member card", "show one customer, profile of a member", "customer 360 view", "look up a member by id", "会员 档案 名片"),
    minimum=False,
    tables=FACTS,
    figures=(c.share("purchase_probability", "Probability of a purchase"), c.count("orders", "Orders"), c.money("sales", "Sales")),
)
def member(view: View, *, member_id: str | int) -> Finding:
    """Return one member's card: one row per fact, in the sections who, when, where, what for, what next and last orders.

    Everything is the member's own across the chain, as of the view's date. What too few orders cannot carry is `not measured`. A
    prediction for one member is rough: it is for choosing whom to speak to, not for telling a person about themselves.

    Parameters
    ----------
    member_id
        The member, as the shop writes the id ("0012" is not "12").

    Raises
    ------
    UnknownName
        No member with receipts has this id; the nearest ids are named.

    Example
    -------
    >>> tk.portrait.member(ws, member_id="0012").headline              # doctest: +SKIP
    """
    wanted = str(member_id)
    row = view.population.filter(pl.col("member_id") == wanted)
    if row.is_empty():
        raise UnknownName(_unknown(view, wanted))
    card = read_card(view, row)
    facts = pl.DataFrame(card_rows(card), schema=FACTS.schema, orient="row")
    return Finding(
        headline=_headline(card),
        table=FACTS.of(facts, view),
        chart=(lambda: _chart(card)) if card.orders.height else None,
        notes=_notes(card),
        ask_next=[("portrait.segments", {}), ("portrait.lifecycle", {})],
        figures={
            "purchase_probability": card.traits["purchase_probability"],
            "orders": float(card.order_count),
            "sales": card.features["amount"] / view.minor_units,
        },
    )


def _unknown(view: View, wanted: str) -> str:
    known = view.population["member_id"]
    folded = wanted.strip().casefold().lstrip("0")
    alike = known.filter(known.str.strip_chars().str.to_lowercase().str.strip_chars_start("0") == folded).head(3).to_list()
    if not alike:
        place = int(known.search_sorted(wanted))
        alike = nearest(wanted, known.slice(max(place - NEAR_IDS // 2, 0), NEAR_IDS), most=3)
    return view.say(
        "portrait.member: no member {wanted} has a receipt up to {as_of}[; did you mean {alike}?|.] Ids are compared exactly as the shop "
        "writes them.",
        wanted=repr(wanted), alike=listing([repr(name) for name in alike]),
    )  # fmt: skip


def _headline(card: Card) -> str:
    features, say, rhythm, quoted = card.features, card.view.say, card.rhythm, repr(card.features["member_id"])
    if not card.order_count:
        return say(
            "Member {member} has {return_order_count:receipt} with returns alone and no order up to {as_of}: nothing more is measured.",
            features, member=quoted,
        )  # fmt: skip
    return say(
        "Member {member} ({segment:word}[, {stage:word}]) last ordered [recency_days?{recency_days:day} ago|today] and spent "
        "{amount_365d:minor} in {order_count_365d:order} of the last 365 days (rank {rank} of {all:,})[, most often on "
        "{favourite_weekday:word}s][, most often at store {favourite_store}][, most of it on {categories}][; "
        "{purchase_probability:.0%} likely to buy in the next {lifetime_value.purchase_days} days][; due by own rhythm on "
        "{due_on}[, {late:day} overdue]].",
        {**features, **card.traits, **card.liked}, member=quoted, segment=card.scored["segment"], rank=card.rank,
        all=card.view.population.height, categories=listing(card.bought["category"].head(2).to_list()),
        due_on=rhythm and rhythm.due_on, late=rhythm and max(rhythm.late_days, 0),
    )  # fmt: skip


def _notes(card: Card) -> list[str | Note]:
    view, first = card.view, card.features["first_ordered_on"]
    notes: list[str | Note] = [
        view.say(
            "All facts are this member's own across the chain, up to {as_of}. A prediction for one member is rough, and a persona is a "
            "reading of baskets, not a fact about a person."
        )
    ]
    if first is not None and (first - view.first_day).days < view.settings.lifecycle.new_days:
        text = view.say("The receipts start on {first_day}: the first order seen may not be this member's first.", first_day=view.first_day)
        notes.append(text)
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
        shown, time="starts_on", value="sales", kind="money", value_title=view.say("Spend in four weeks, {currency}"),
        title=view.say("Spend by four weeks: member {member_id}", card.features),
        subtitle=view.say("{orders:order} up to {as_of}; each point is the start of four weeks", orders=card.order_count),
    )  # fmt: skip
