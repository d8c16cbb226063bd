"""Spending power: how much a member spends, in what orders, and at which price level."""

from __future__ import annotations

from typing import Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.charts.histogram import histogram
from toolkit.language import later, tr, trn
from toolkit.portrait.measures.levels import LEVELS, bins, in_order, level
from toolkit.portrait.measures.takings import by_group, takings
from toolkit.registry import question
from toolkit.scope.phrases import sales_basis, where
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

    Returns
    -------
    Answer
        Table columns: `level`; `member_count`, `member_share` (0..1); `order_count`, `sales` (currency units), `sales_share` of the period;
        of the level's middle member (median) `spend_per_month`, `order_value` (currency units) and `price_tier_index`; `from_value`,
        `to_value` (currency units; `from_index`, `to_index` for the price tier): the smallest and largest value in the level.

    Notes
    -----
    The price tier index is a ratio of sums, shrunk as in DEFINITIONS.md section 1.

    Example
    -------
    >>> tk.portrait.spending_power(ws, by="price_tier").table          # doctest: +SKIP
    """
    column, level_column = _COLUMN[by], _LEVEL[by]
    traits = view.members.select("member_code").join(power_traits(view), on="member_code", how="left", maintain_order="left")
    members = traits.join(takings(view), on="member_code", maintain_order="left").with_columns(pl.col(level_column).alias("level"))
    table = _level_table(view, members, by)
    figures = _figures(view, members, table)
    return Finding(
        headline=_headline(view, members, table, by),
        table=table,
        chart=lambda: _chart(view, members[column], by),
        notes=_notes(view, members, by),
        ask_next=[
            ("portrait.spending_power", {"by": "price_tier" if by != "price_tier" else "order_value"}),
            ("portrait.price_sensitivity", {}),
        ],
        figures=figures,
    )


def _level_table(view: View, members: pl.DataFrame, by: Measure) -> pl.DataFrame:
    money, kind = by != "price_tier", "value" if by != "price_tier" else "index"
    chosen = pl.col(_COLUMN[by])
    middle = members.group_by("level").agg(
        view.major(pl.col("spend_per_month").median()).alias("spend_per_month"),
        view.major(pl.col("order_value").median()).alias("order_value"),
        pl.col("price_tier_index").median(),
        (view.major(chosen.min()) if money else chosen.min()).alias(f"from_{kind}"),
        (view.major(chosen.max()) if money else chosen.max()).alias(f"to_{kind}"),
    )
    held = by_group(view, members, "level")
    missing = [name for name in LEVELS if name not in held["level"].to_list()]
    rows = held.join(middle, on="level", how="left", nulls_equal=True)
    empty = pl.DataFrame({"level": missing, "member_count": [0] * len(missing)}, schema={"level": pl.String, "member_count": pl.Int64})
    return in_order(pl.concat([rows, empty], how="diagonal"), "level")


def _figures(view: View, members: pl.DataFrame, table: pl.DataFrame) -> dict[str, float]:
    high = table.filter(pl.col("level") == "high")
    found = {
        "spend_per_month": _major(view, members["spend_per_month"].median()),
        "order_value": _major(view, members["order_value"].median()),
        "price_tier_index": members["price_tier_index"].median(),
        "high_member_share": high["member_share"][0],
        "high_sales_share": high["sales_share"][0],
    }
    return {key: float(value) for key, value in found.items() if value is not None}  # type: ignore[arg-type]


def _major(view: View, minor: object) -> float | None:
    return None if minor is None else float(minor) / view.minor_units  # type: ignore[arg-type]


def _headline(view: View, members: pl.DataFrame, table: pl.DataFrame, by: Measure) -> str:
    measured = members.height - members[_COLUMN[by]].null_count()
    if measured == 0:
        return tr(
            "{where}, spending power is not measured: {reason} (n = {members}).",
            where=where(view),
            reason=_reason(by),
            members=wording.some(members.height, "member"),
        )
    high = table.filter(pl.col("level") == "high").row(0, named=True)
    if by == "price_tier":
        opening = tr("the middle member pays {against_usual}", against_usual=_against_usual(float(members["price_tier_index"].median())))  # type: ignore[arg-type]
    else:
        month, order = (view.money(members[name].median()) for name in ("spend_per_month", "order_value"))  # type: ignore[arg-type]
        opening = tr("the middle member spends {month} a month, {order} an order", month=month, order=order)
    whom = tr("the {members} with {high}", members=wording.some(high["member_count"], "member"), high=tr(_HIGH[by]))
    share = wording.share(high["member_count"] / measured) + (
        "" if view.scope.is_chain else tr(", against {chain_share} in the chain", chain_share=_chain_share(view, by))
    )
    brought = (
        trn(
            " brings {sales_share} of the sales to members",
            " bring {sales_share} of the sales to members",
            high["member_count"],
            sales_share=wording.share(high["sales_share"]),
        )
        if high["sales_share"] is not None
        else tr(" bought nothing in the period")
    )
    return tr(
        "{where}, {opening}; {whom} ({share}){brought} (n = {measured:,} members).",
        where=where(view),
        opening=opening,
        whom=whom,
        share=share,
        brought=brought,
        measured=measured,
    )


def _chain_share(view: View, by: Measure) -> str:
    levels = power_traits(view)[_LEVEL[by]].drop_nulls()
    return wording.share((levels == "high").mean())  # type: ignore[arg-type]


def _reason(by: Measure) -> str:
    return (
        tr("no counted goods were bought")
        if by == "price_tier"
        else tr("no member ordered in the last {year_days} days", year_days=YEAR_DAYS)
    )


def _against_usual(index: float) -> str:
    if abs(index - 1) < 0.005:
        return tr("each category's usual price")
    if index > 1:
        return tr("{part:.0%} more than each category's usual price", part=index - 1)
    return tr("{part:.0%} less than each category's usual price", part=1 - index)


def _notes(view: View, members: pl.DataFrame, by: Measure) -> list[str | Note]:
    unmeasured = members[_COLUMN[by]].null_count()
    value, kappa = view.settings.value, view.settings.sensitivity.kappa_default
    notes: list[str | Note] = [
        tr(
            "{sales_basis} Order value and spend a month rest on the last {year_days} days; months count from the first order.",
            sales_basis=sales_basis(view),
            year_days=YEAR_DAYS,
        ),
        tr(
            "Levels are against all members of the chain by {words}: low below the {low_power_share:.0%} quantile, high "
            "above the {high_power_share:.0%} quantile; members with equal values share a level.",
            words=tr(_WORDS[by]),
            low_power_share=value.low_power_share,
            high_power_share=value.high_power_share,
        ),
        tr(
            "The price tier index compares unit prices within categories (1 = usual) and is pulled towards 1 for members with few shopping "
            "days; its kappa of {kappa:g} days is assumed (setting sensitivity.kappa_default). A category that mixes pack sizes blurs it.",
            kappa=kappa,
        ),
    ]
    if unmeasured:
        reason = (
            tr("bought no counted goods") if by == "price_tier" else tr("did not order in the last {year_days} days", year_days=YEAR_DAYS)
        )
        notes.append(
            Note(
                tr("{members} of {all:,} {reason}.", members=wording.some(unmeasured, "member"), all=members.height, reason=reason),
                "NOT MEASURED",
            )
        )
    return notes


def _chart(view: View, values: pl.Series, by: Measure):
    shown = values.drop_nulls() if by == "price_tier" else values.drop_nulls() / view.minor_units
    counted = bins(shown)
    kind = "index" if by == "price_tier" else "money"
    title = {
        "spend_per_month": tr("Spend a month, {currency}", currency=view.currency),
        "order_value": tr("Average order value, {currency}", currency=view.currency),
        "price_tier": tr("Price tier index"),
    }[by]
    return histogram(
        counted, low="low", high="high", count="member_count", kind=kind, x_title=title,
        title=tr("{figure}: {place}", figure=title, place=view.place),
        subtitle=tr("n = {members}; the last bar holds everyone above", members=wording.some(len(shown), "member")),
        marks={"median": float(shown.median())} if len(shown) else None,  # type: ignore[arg-type]
    )  # fmt: skip
