"""Quadrants: how often members order against how much an order is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding
from toolkit.language import tr, value, word
from toolkit.models.ranks import quantile_band
from toolkit.registry import question
from toolkit.scope.hiding import too_few
from toolkit.scope.phrases import sales_basis
from toolkit.scope.sales import member_sales, order_value_notes, per_order
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

GROUPS = {
    ("high", "high"): value("often, large orders"),
    ("high", "low"): value("often, small orders"),
    ("low", "high"): value("seldom, large orders"),
    ("low", "low"): value("seldom, small orders"),
}
"""Names by (order count, order value)."""
QUADRANTS = c.table(
    "one row per group, empty ones too",
    c.text("group"),
    c.members(),
    c.share("member_share", "Share of members", "of members in scope who ordered in the window, there or elsewhere"),
    c.count("orders", "Orders", "in the scope"),
    c.money("sales", "Sales", "in the scope"),
    c.share("sales_share", "Share of sales", null="nothing was sold"),
    c.money("order_value", "Order value", "in the scope", null="no orders there"),
    c.number("units_per_order", "Units per order", "in the scope", null="no orders there"),
)
_DOTS = c.table("one row per group of like members", c.members("members"), c.number("order_count"), c.money("order_value"), few="drop")
_BINS = (6, 3, 2, 1)
"""Bins of the chart per e-fold, finest first: the first with which _DRAWN of the members stand in dots that are large enough to show."""
_DRAWN = 0.8


@question(
    "portrait",
    "Who comes often, and who fills the basket?",
    words=(
        "frequency and spend quadrants",
        "order count against average order value",
        "who orders often but little, who seldom but much",
        "频次 客单价 四象限",
    ),
    tables=QUADRANTS,
    figures=(c.share("often_large_share", "Often and large"),),
)
def quadrants(view: View) -> Finding:
    """Return four groups of members by order count and average order value in the window: one row per group, empty ones included.

    Both are cut at the stated quantile of all members of the chain who ordered in the window (setting value.quadrant_cut, the median unless
    stated), equal members together. A member's group is theirs across the chain; orders and sales are those of the scope.

    Notes
    -----
    Order value is the sales of orders over their number; returns alone are left out. Source: DEFINITIONS.md section 1.

    Example
    -------
    >>> tk.portrait.quadrants(ws, settings={"value": {"quadrant_cut": 0.8}}).table          # doctest: +SKIP
    """
    traits = _traits(view)
    mine = traits.join(view.members.select("member_code"), on="member_code", how="semi")
    if few := too_few(view, QUADRANTS, mine.height, tr("members ordered"), window=view.period):
        return few
    cuts = traits.select(
        orders=pl.col("order_count").filter(pl.col("often") == "high").min(),
        worth=pl.col("order_value").filter(pl.col("large") == "high").min(),
    ).row(0, named=True)
    shown = QUADRANTS.of(_frame(view, mine), view)
    best, _, seldom, _ = shown.rows()
    return Finding(
        headline=view.say(
            "{where}, {member_count} of {all:member} who ordered[local?, here or elsewhere,] {window:in}[known? ({member_share})] come "
            "often and buy much (at least {orders:order} of {worth:minor} on average)[sold? and bring {sales_share} of the sales][; "
            "{seldom:,} ({seldom_share:share}) come seldom but fill the basket].",
            best, all=mine.height, local=view.scope.is_place, window=view.period, known=best["member_share"] is not None,
            **cuts, sold=best["sales_share"] is not None, seldom=seldom["member_count"], seldom_share=seldom["member_share"],
        ),
        table=shown,
        chart=lambda: _chart(view, mine, cuts),
        notes=[*_notes(view, traits, cuts), *order_value_notes(view, shown)],
        ask_next=[("portrait.contribution", {"by": "attach"}), ("portrait.spending_power", {}), ("portrait.segments", {})],
        figures={"often_large_share": best["member_share"]},
    )  # fmt: skip


def _traits(view: View) -> pl.DataFrame:
    """Members of the chain who ordered in the window: member_code, order_count, order_value (minor units), often, large, group."""
    name = f"quadrants-{view.period.start}-{view.period.end}"
    return view.chainwide(name, _make_traits, "value")


def _make_traits(chain: View) -> pl.DataFrame:
    cut = chain.settings.value.quadrant_cut
    halves = {"shares": (1 - cut, cut), "labels": ("high", "low")}
    group = pl.concat_str("often", pl.lit("/"), "large").replace_strict(
        ["/".join(key) for key in GROUPS], list(GROUPS.values()), return_dtype=pl.String
    )
    return (
        member_sales(chain)
        .filter(pl.col("orders") > 0)
        .select("member_code", pl.col("orders").alias("order_count"), (pl.col("order_sales") / pl.col("orders")).alias("order_value"))
        .with_columns(
            quantile_band("order_count", **halves).cast(pl.String).alias("often"),
            quantile_band("order_value", **halves).cast(pl.String).alias("large"),
        )
        .with_columns(group.alias("group"))
        .sort("member_code")
    )


def _frame(view: View, mine: pl.DataFrame) -> pl.DataFrame:
    members = mine.select("member_code", "group").join(member_sales(view).drop_nulls("member_code"), on="member_code", how="left")
    held = members.group_by("group").agg(pl.len().alias("member_count"), pl.col("orders", "sales", "order_sales", "units_milli").sum())
    rows = pl.DataFrame({"group": list(GROUPS.values())}).join(held, on="group", how="left", maintain_order="left")
    total = int(members["sales"].sum())
    return rows.with_columns(pl.exclude("group").fill_null(0)).select(
        *("group", "member_count", "orders"),
        (pl.col("member_count") / members.height).alias("member_share"),
        view.major("sales").alias("sales"),
        (pl.col("sales") / total if total > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
        *per_order(view),
    )


def _notes(view: View, traits: pl.DataFrame, cuts: Mapping[str, float]) -> list[str]:
    notes = [
        view.say(
            "Cut at [half?the median|the {value.quadrant_cut:.0%} quantile] of the {all:,} members of the chain who ordered in the window: "
            "often is {orders:order} or more, large is {worth:minor} or more on average. Equal members stay together.",
            half=view.settings.value.quadrant_cut == 0.5, all=traits.height, **cuts,
        ),
        sales_basis(view),
    ]  # fmt: skip
    if traits.height > 1 and traits["order_count"].n_unique() == 1:
        notes.append(view.say("All {all:,} members ordered equally often, so nothing tells them apart there.", all=traits.height))
    if traits.height > 1 and traits["order_value"].n_unique() == 1:
        notes.append(view.say("All {all:,} members have the same order value, so nothing tells them apart there.", all=traits.height))
    return notes


def _dots(view: View, members: pl.DataFrame, bins: int) -> pl.DataFrame:
    alike = [pl.col(column).clip(0).log1p().mul(bins).round().alias(f"{column}_bin") for column in ("order_count", "order_value")]
    dots = members.group_by("group", *alike).agg(
        pl.len().alias("members"), pl.col("order_count").mean(), view.major(pl.col("order_value").mean()).alias("order_value")
    )
    return _DOTS.of(dots.sort("order_count", "order_value").select("members", "order_count", "order_value"), view).frame


def _chart(view: View, members: pl.DataFrame, cuts: Mapping[str, float]) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.quadrants import quadrants as draw

    finer = (_dots(view, members, bins) for bins in _BINS)
    dots = next((dots for dots in finer if dots["members"].sum() >= _DRAWN * members.height), _dots(view, members, _BINS[-1]))
    return draw(
        dots, x="order_count", y="order_value", size="members", x_kind="decimal", logarithmic=True,
        x_title=tr("Orders in the window"), y_title=view.say("Average order value, {currency}"),
        x_cut=cuts["orders"], y_cut=cuts["worth"] / view.minor_units,
        corners={"high-high": word(GROUPS["high", "high"]), "high-low": word(GROUPS["high", "low"]),
                 "low-high": word(GROUPS["low", "high"]), "low-low": word(GROUPS["low", "low"])},
        title=tr("How often, and for how much"), subtitle=view.say("{place}, {period}; each dot is a group of like members"),
    )  # fmt: skip
