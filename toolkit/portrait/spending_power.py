"""Spending power: how much a member spends, in what orders, and at which price level."""

from __future__ import annotations

from typing import Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.charts.histogram import histogram
from toolkit.columns import AnswerTable
from toolkit.language import later, tr
from toolkit.portrait.measures.levels import LEVELS, in_order, level, shown_bins
from toolkit.portrait.measures.takings import by_group, takings
from toolkit.registry import question
from toolkit.scope.phrases import sales_basis
from toolkit.scope.view import View

YEAR_DAYS = 365  # the mart's long window (amount_365d)
MONTH_DAYS = YEAR_DAYS / 12

Measure = Literal["spend_per_month", "order_value", "price_tier"]
_COLUMN = {"spend_per_month": "spend_per_month", "order_value": "order_value", "price_tier": "price_tier_index"}
_LEVEL = {"spend_per_month": "spending_power", "order_value": "order_value_level", "price_tier": "price_tier_level"}
_WORDS = {"spend_per_month": later("spending power"), "order_value": later("order value"), "price_tier": later("price tier index")}
_HIGH = {
    "spend_per_month": later("high spending power"),
    "order_value": later("high order value"),
    "price_tier": later("a high price tier"),
}
_HELD = (
    c.text("level", "Listed by"),
    c.members(),
    c.share("member_share", "Share of members"),
    c.count("order_count", "Orders", "of the period"),
    c.money("sales", "Sales", "of the period"),
    c.share("sales_share", "Share of sales", "of the period", null="members bought nothing"),
    c.money("spend_per_month", "Spend per month", "of the level's middle member"),
    c.money("order_value", "Order value", "of the level's middle member"),
    c.index("price_tier_index", "Price tier index", "of the level's middle member"),
)
BY_SPEND = c.table(
    "one row per level; members whose spending power is not measured last, if any",
    *_HELD,
    c.money("from_value", "From value", "the smallest in the level"),
    c.money("to_value", "To value", "the largest in the level"),
)
BY_PRICE_TIER = c.table(
    "one row per level of the price tier; members without counted goods last, if any",
    *_HELD,
    c.index("from_index", "From index", "the smallest in the level"),
    c.index("to_index", "To index", "the largest in the level"),
)


def power_traits(view: View) -> pl.DataFrame:
    """Return spending power by member of the chain: one row per member (`member_code`).

    Columns: `order_value` (average order of the last 365 days, minor units) and `spend_per_month` (the same sales over the months since the
    first order, at most 12 and at least 1); null without an order in those days. `price_tier_index`: what the member paid for counted
    goods over what the same goods cost at each category's usual unit price, pulled towards 1 by w = d / (d + kappa), d = shopping
    days; null without counted goods. `spending_power`, `order_value_level`, `price_tier_level`: low, mid or high of each against the shop's
    own members, ties together; null where the measure is.
    """
    return view.chainwide("spending_power", _power_traits, "value", "sensitivity")


def _power_traits(view: View) -> pl.DataFrame:
    value, kappa = view.settings.value, view.settings.sensitivity.kappa_default
    known_days = ((pl.lit(view.as_of) - pl.col("first_ordered_on")).dt.total_days() + 1.0).clip(MONTH_DAYS, YEAR_DAYS)
    ordered = pl.col("order_count_365d") > 0
    raw = pl.when(pl.col("expected_amount") > 0).then(pl.col("priced_amount") / pl.col("expected_amount"))
    weight = pl.col("day_count") / (pl.col("day_count") + kappa)
    measured = view.population.select(
        "member_code",
        pl.when(ordered).then(pl.col("amount_365d") / pl.col("order_count_365d")).alias("order_value"),
        pl.when(ordered).then(pl.col("amount_365d") / (known_days / MONTH_DAYS)).alias("spend_per_month"),
        (1 + (raw - 1) * weight).alias("price_tier_index"),
    )
    cuts = (value.low_power_share, value.high_power_share)
    return measured.with_columns(level(column, *cuts).alias(_LEVEL[measure]) for measure, column in _COLUMN.items())


@question(
    "portrait",
    "How much spending power do our members have?",
    words=(
        "who has high spending power",
        "how much do members spend per month, what is their average order value",
        "which price tier do members buy, cheap or expensive goods",
        "消费能力 客单价",
    ),
    tables=(BY_SPEND, BY_PRICE_TIER),
    figures=(
        c.money("spend_per_month", "Spend per month"),
        c.money("middle_order_value", "Order value of the middle member"),
        c.index("price_tier_index", "Price tier index"),
        c.share("high_member_share", "Share of high spending power"),
        c.share("high_sales_share", "Their share of sales"),
    ),
)
def spending_power(view: View, *, by: Measure = "spend_per_month") -> Finding:
    """Return low, mid and high spending power: one row per level.

    A member's spending power is theirs across the chain, over the last 365 days; levels are cut at two quantiles of the chain's own members
    (settings value.low_power_share, value.high_power_share), so a store shows how its members stand against the chain. Sales are those of
    the scope.

    Parameters
    ----------
    by
        What the levels are cut on: `spend_per_month`, `order_value` (average order), or `price_tier` (unit prices paid against each
        category's usual price; 1 = usual, shrunk towards 1 for members with few shopping days).

    Notes
    -----
    The price tier index is a ratio of sums, shrunk as in DEFINITIONS.md section 1.

    Example
    -------
    >>> tk.portrait.spending_power(ws, by="price_tier").table          # doctest: +SKIP
    """
    table, column = BY_PRICE_TIER if by == "price_tier" else BY_SPEND, _COLUMN[by]
    traits = view.members.select("member_code").join(power_traits(view), on="member_code", how="left", maintain_order="left")
    members = traits.join(takings(view), on="member_code", maintain_order="left").with_columns(pl.col(_LEVEL[by]).alias("level"))
    shown = table.of(_frame(view, members, by), view)
    high = shown.find(level="high") or {}
    return Finding(
        headline=_headline(view, members, shown, by),
        table=shown,
        chart=lambda: _chart(view, members[column], by),
        notes=_notes(view, members, by),
        ask_next=[
            ("portrait.spending_power", {"by": "price_tier" if by != "price_tier" else "order_value"}),
            ("portrait.price_sensitivity", {}),
        ],
        figures={
            "spend_per_month": _median(view, members["spend_per_month"], view.minor_units),
            "middle_order_value": _median(view, members["order_value"], view.minor_units),
            "price_tier_index": _median(view, members["price_tier_index"]),
            "high_member_share": high["member_share"],
            "high_sales_share": high["sales_share"],
        },
    )


def _median(view: View, values: pl.Series, unit: int = 1) -> float | None:
    """The middle of the values that are known, in a larger unit; None for too few."""
    return float(values.median()) / unit if values.count() >= view.least else None  # type: ignore[arg-type]


def _frame(view: View, members: pl.DataFrame, by: Measure) -> pl.DataFrame:
    chosen = pl.col(_COLUMN[by]) if by == "price_tier" else view.major(_COLUMN[by])
    ends = ("from_index", "to_index") if by == "price_tier" else ("from_value", "to_value")
    middle = members.group_by("level").agg(
        view.major(pl.col("spend_per_month").median()).alias("spend_per_month"),
        view.major(pl.col("order_value").median()).alias("order_value"),
        pl.col("price_tier_index").median(),
        chosen.min().alias(ends[0]),
        chosen.max().alias(ends[1]),
    )
    held = by_group(view, members, "level").join(middle, on="level", how="left", nulls_equal=True)
    every = held.join(pl.DataFrame({"level": LEVELS}), on="level", how="full", coalesce=True)
    return in_order(every.with_columns(pl.col("member_count").fill_null(0)), "level")


def _headline(view: View, members: pl.DataFrame, shown: AnswerTable, by: Measure) -> str:
    tier, measured = by == "price_tier", members[_COLUMN[by]].count()
    if measured < view.least:
        return view.say(
            "{where}, spending power is not measured: [tier?[few?fewer than {least} members bought counted goods|no counted goods were "
            "bought]|[few?fewer than {least} members|no member] ordered in the last {days} days] (n = {all:member}).",
            tier=tier, few=measured, days=YEAR_DAYS, all=members.height,
        )  # fmt: skip
    high = shown.find(level="high") or {}
    above = (_median(view, members["price_tier_index"]) or 1) - 1
    return view.say(
        "{where}, the middle member [tier?pays [usual?each category's usual price|{part:.0%} [more?more|less] than each category's usual "
        "price]|spends {month:minor} a month, {order:minor} an order]; [shown?the {member_count:member} with {high} ({of_measured:share}[, "
        "against {of_chain:share} in the chain]) [sold?[one?brings|bring] {sales_share} of the sales to members|bought nothing in the "
        "period]|fewer than {least} members have {high}] (n = {measured:,} members).",
        high, tier=tier, usual=abs(above) < 0.005, more=above > 0, part=abs(above),
        month=members["spend_per_month"].median(), order=members["order_value"].median(), high=tr(_HIGH[by]),
        shown=high["member_count"] is not None, of_measured=(high["member_count"] or 0) / measured,
        of_chain=None if view.scope.is_chain else (power_traits(view)[_LEVEL[by]].drop_nulls() == "high").mean(),
        sold=high["sales_share"] is not None, one=high["member_count"] == 1, measured=measured,
    )  # fmt: skip


def _notes(view: View, members: pl.DataFrame, by: Measure) -> list[str | Note]:
    notes: list[str | Note] = [
        view.say(
            "{sales_basis} Order value and spend a month rest on the last {days} days; months count from the first order.",
            sales_basis=sales_basis(view), days=YEAR_DAYS,
        ),
        view.say(
            "Levels are against all members of the chain by {measure}: low below the {value.low_power_share:.0%} quantile, high above the "
            "{value.high_power_share:.0%} quantile; members with equal values share a level.",
            measure=tr(_WORDS[by]),
        ),
        view.say(
            "The price tier index compares unit prices within categories (1 = usual) and is pulled towards 1 for members with few shopping "
            "days; its kappa of {sensitivity.kappa_default:g} days is assumed (setting sensitivity.kappa_default). A category that mixes "
            "pack sizes blurs it."
        ),
    ]  # fmt: skip
    unmeasured = members[_COLUMN[by]].null_count()
    if unmeasured:
        missing = view.say(
            "{unmeasured:member} of {all:,} [tier?bought no counted goods|did not order in the last {days} days].",
            unmeasured=unmeasured, all=members.height, tier=by == "price_tier", days=YEAR_DAYS,
        )  # fmt: skip
        notes.append(Note(missing, "NOT MEASURED"))
    return notes


def _chart(view: View, values: pl.Series, by: Measure):
    known = values.drop_nulls() if by == "price_tier" else values.drop_nulls() / view.minor_units
    title = {
        "spend_per_month": view.say("Spend a month, {currency}"),
        "order_value": view.say("Average order value, {currency}"),
        "price_tier": tr("Price tier index"),
    }[by]
    middle = _median(view, known)
    return histogram(
        shown_bins(view, known), low="low", high="high", count="member_count", kind="index" if by == "price_tier" else "money",
        x_title=title, title=view.say("{figure}: {place}", figure=title),
        subtitle=view.say("n = {all:member}; the last bar holds everyone above", all=len(known)),
        marks=None if middle is None else {"median": middle},
    )  # fmt: skip
