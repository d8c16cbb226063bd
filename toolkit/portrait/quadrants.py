"""Quadrants: how often members order against how much an order is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.language import tr, value, word
from toolkit.models.ranks import quantile_band
from toolkit.registry import question
from toolkit.scope.phrases import sales_basis, where
from toolkit.scope.sales import days_of, member_sales, per_order, too_few
from toolkit.scope.view import View
from toolkit.wording import share, some

if TYPE_CHECKING:
    import altair as alt

GROUPS = {
    ("high", "high"): value("often, large orders"),
    ("high", "low"): value("often, small orders"),
    ("low", "high"): value("seldom, large orders"),
    ("low", "low"): value("seldom, small orders"),
}
"""Names by (order count, order value)."""
_SCHEMA = {"group": pl.String, "member_count": pl.Int64, "member_share": pl.Float64, "orders": pl.Int64, "sales": pl.Float64}
_BINS_PER_DOUBLING = 6


@question(
    "portrait",
    "Who comes often, and who fills the basket?",
    words=(
        "frequency and spend quadrants",
        "order count against average order value",
        "who orders often but little, who seldom but much",
        "频次 客单价 四象限",
    ),
)
def quadrants(view: View) -> Finding:
    """Return four groups of members by order count and average order value in the window: one row per group, empty ones included.

    Both are cut at the stated quantile of all members of the chain who ordered in the window (setting value.quadrant_cut, the median unless
    stated), equal members together. A member's group is theirs across the chain; orders and sales are those of the scope.

    Returns
    -------
    Answer
        Table columns: `group`; `member_count`, `member_share` (0..1 of members in scope who ordered in the window, there or elsewhere);
        `orders`, `sales` (currency units), `sales_share` (0..1; null where nothing was sold); `order_value` (currency units),
        `units_per_order`, both in the scope and null without orders there.

    Notes
    -----
    Order value is the sales of orders over their number; returns alone are left out. Source: DEFINITIONS.md section 1.

    Example
    -------
    >>> tk.portrait.quadrants(ws, settings={"value": {"quadrant_cut": 0.8}}).table          # doctest: +SKIP
    """
    traits = _traits(view)
    mine = traits.join(view.members.select("member_code"), on="member_code", how="semi")
    if few := too_few(view, mine.height, where(view), _SCHEMA):
        return few
    bought = member_sales(view).drop_nulls("member_code")
    members = mine.select("member_code", "group").join(bought, on="member_code", how="left").with_columns(pl.exclude("group").fill_null(0))
    table = _table(view, members)
    cuts = traits.select(
        orders=pl.col("order_count").filter(pl.col("often") == "high").min(),
        value=pl.col("order_value").filter(pl.col("large") == "high").min(),
    ).row(0, named=True)
    return Finding(
        headline=_headline(view, table, cuts),
        table=table,
        chart=lambda: _chart(view, mine, cuts),
        notes=_notes(view, traits, cuts),
        ask_next=[("portrait.contribution", {"by": "attach"}), ("portrait.spending_power", {}), ("portrait.segments", {})],
        figures={"often_large_share": table["member_share"][0]},
    )


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


def _table(view: View, members: pl.DataFrame) -> pl.DataFrame:
    total = int(members["sales"].sum())
    held = members.group_by("group").agg(
        pl.len().cast(pl.Int64).alias("member_count"), pl.col("orders", "sales", "order_sales", "units_milli").sum()
    )
    rows = pl.DataFrame({"group": list(GROUPS.values())}).join(held, on="group", how="left", maintain_order="left")
    return rows.with_columns(pl.exclude("group").fill_null(0)).select(
        "group",
        "member_count",
        (pl.col("member_count") / members.height).alias("member_share"),
        "orders",
        view.major("sales").alias("sales"),
        (pl.col("sales") / total if total > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
        *per_order(view),
    )


def _headline(view: View, table: pl.DataFrame, cuts: dict) -> str:
    n = int(table["member_count"].sum())
    top = table.row(0, named=True)
    brings = tr(" and bring {sales_share} of the sales", sales_share=share(top["sales_share"])) if top["sales_share"] is not None else ""
    rest = table.row(2, named=True)
    said = (
        tr(
            "; {member_count:,} ({member_share}) come seldom but fill the basket",
            member_count=rest["member_count"],
            member_share=share(rest["member_share"]),
        )
        if rest["member_count"]
        else ""
    )
    limits = tr("at least {orders} of {money} on average", orders=some(cuts["orders"], "order"), money=view.money(cuts["value"]))
    ordered = tr(
        "ordered{here_or_elsewhere} {days_of}",
        here_or_elsewhere=tr(", here or elsewhere,") if view.scope.is_place else "",
        days_of=days_of(view),
    )
    return tr(
        "{where}, {member_count:,} of {members} who {ordered} ({member_share}) come often and buy much ({limits}){brings}{said}.",
        where=where(view),
        member_count=top["member_count"],
        members=some(n, "member"),
        ordered=ordered,
        member_share=share(top["member_share"]),
        limits=limits,
        brings=brings,
        said=said,
    )


def _notes(view: View, traits: pl.DataFrame, cuts: dict) -> list[str | Note]:
    cut = view.settings.value.quadrant_cut
    said = tr("the median") if cut == 0.5 else tr("the {cut:.0%} quantile", cut=cut)
    limits = tr(
        "often is {orders} or more, large is {money} or more on average",
        orders=some(cuts["orders"], "order"),
        money=view.money(cuts["value"]),
    )
    notes: list[str | Note] = [
        tr(
            "Cut at {quantile} of the {members:,} members of the chain who ordered in the window: {limits}. Equal members stay together.",
            quantile=said,
            members=traits.height,
            limits=limits,
        ),
        sales_basis(view),
    ]
    for column, alike in (("order_count", tr("ordered equally often")), ("order_value", tr("have the same order value"))):
        if traits.height > 1 and traits[column].n_unique() == 1:
            notes.append(tr("All {members:,} members {alike}, so nothing tells them apart there.", members=traits.height, alike=alike))
    return notes


def _chart(view: View, members: pl.DataFrame, cuts: dict) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.quadrants import quadrants as draw

    fine = [
        pl.col(column).clip(0).log1p().mul(_BINS_PER_DOUBLING).round().alias(f"{column}_bin") for column in ("order_count", "order_value")
    ]
    points = (
        members.group_by("group", *fine)
        .agg(
            pl.len().cast(pl.Int64).alias("members"),
            pl.col("order_count").mean(),
            view.major(pl.col("order_value").mean()).alias("order_value"),
        )
        .sort("order_count", "order_value")
    )
    return draw(
        points,
        x="order_count",
        y="order_value",
        size="members",
        x_title=tr("Orders in the window"),
        y_title=tr("Average order value, {currency}", currency=view.currency),
        x_kind="decimal",
        x_cut=cuts["orders"],
        y_cut=cuts["value"] / view.minor_units,
        corners={
            "high-high": word(GROUPS["high", "high"]),
            "high-low": word(GROUPS["high", "low"]),
            "low-high": word(GROUPS["low", "high"]),
            "low-low": word(GROUPS["low", "low"]),
        },
        title=tr("How often, and for how much"),
        subtitle=tr("{place}, {period}; each dot is a group of like members", place=view.place, period=view.period),
        logarithmic=True,
    )
