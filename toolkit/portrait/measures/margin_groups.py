"""What groups of members leave after the cost of goods: sales with a known cost alone, never a guess for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import later, tr
from toolkit.portrait.measures.figure_sums import member_line_sums
from toolkit.scope.hiding import unmeasured
from toolkit.scope.sales import ratio
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

MARGINS = c.table(
    "one row per group, groups as by sales (measure `margin`)",
    c.text("group"),
    c.members(),
    c.share("member_share", "Share of members", "of members who ordered in the window"),
    c.money("sales", "Sales", "returns subtracted"),
    c.share("sales_share", "Share of sales", "of all in the table", null="nothing was sold"),
    c.share("cost_known_share", "Sales with a known cost", "of the group's sales", null="nothing was sold"),
    c.money("margin", "Margin", "of sales with a known cost", null="no cost known"),
    c.share("margin_of_all", "Share of margin", "of all in the table", null="no cost known, or no margin in all"),
    c.money("margin_per_member", "Margin per member", "of sales with a known cost", null="no cost known"),
    c.share("margin_share", "Margin of sales", "of sales with a known cost", null="no cost known"),
)
_NO_COSTS = later("Margin is not measured: the products table has no `unit_cost` column.")
_ENOUGH = 0.9
"""Below this share of sales with a known cost the margin of a group may be another one, and is said so."""


def group_margins(view: View, members: pl.DataFrame, notes: list[str | Note]) -> Finding:
    """Return the margin of groups of members: one row per group.

    In: the members who ordered, with `member_code`, `sales` (minor units) and `group` (an Enum in reading order).
    """
    known = member_line_sums(view, view.period).select("member_code", "costed_amount", "costed_margin_milli")
    held = members.join(known, on="member_code", how="left", maintain_order="left")
    costed = int(held["costed_amount"].sum())
    if costed <= 0:
        has_costs = view.has_column("products", "unit_cost")
        headline = view.say(
            "{where}, who carries the margin is not measured: [has_costs?nothing that they bought {window:in} has a known cost|no cost of "
            "goods is known].",
            window=view.period, has_costs=has_costs,
        )  # fmt: skip
        advice = tr("Margin is not measured: state `unit_cost` of the goods that are sold.") if has_costs else tr(_NO_COSTS)
        return unmeasured(MARGINS, headline, advice, ask_next=[("portrait.contribution", {})])
    shown = MARGINS.of(_frame(view, held), view)
    return Finding(
        headline=_headline(view, shown, held),
        table=shown,
        chart=lambda: _chart(view, shown.frame),
        notes=[_coverage(view, shown, held, costed), *notes],
        ask_next=[("portrait.contribution", {}), ("portrait.figure", {"metric": "margin"})],
    )


def _frame(view: View, held: pl.DataFrame) -> pl.DataFrame:
    names = held["group"].dtype.categories.to_list()  # type: ignore[attr-defined]
    sums = held.group_by(pl.col("group").cast(pl.String)).agg(
        pl.len().cast(pl.Int64).alias("member_count"), pl.col("sales", "costed_amount", "costed_margin_milli").sum()
    )
    rows = pl.DataFrame({"group": names}).join(sums, on="group", how="inner", maintain_order="left")
    sales, margin = rows["sales"].sum(), rows["costed_margin_milli"].sum()
    is_known = pl.col("costed_amount") > 0
    left = view.major(pl.col("costed_margin_milli") / 1_000)
    return rows.select(
        *("group", "member_count"),
        (pl.col("member_count") / held.height).alias("member_share"),
        view.major("sales").alias("sales"),
        (pl.col("sales") / sales if sales > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
        pl.when(pl.col("sales") > 0).then(pl.col("costed_amount") / pl.col("sales")).clip(0, 1).alias("cost_known_share"),
        pl.when(is_known).then(left).alias("margin"),
        pl.when(is_known & (margin > 0)).then(pl.col("costed_margin_milli") / margin).alias("margin_of_all"),
        pl.when(is_known).then(left / pl.col("member_count")).alias("margin_per_member"),
        pl.when(is_known).then(pl.col("costed_margin_milli") / 1_000 / pl.col("costed_amount")).alias("margin_share"),
    )


def _headline(view: View, shown: AnswerTable, held: pl.DataFrame) -> str:
    ordered = {"buyers": held.height, "window": view.period}
    rows = [row for row in shown.rows() if row["margin"] is not None]
    if not rows:
        return view.say(
            "{where}, {buyers:member} ordered {window:in}, too few to tell the margin of their groups: some hold fewer than {least} "
            "(setting scope.minimum_members).",
            **ordered,
        )
    best = max(rows, key=lambda row: row["margin"])
    return view.say(
        "{where}, the group {group} brings most margin: {member_count} of {buyers:member} who ordered {window:in} ({member_share}) leave "
        "{margin}[, {margin_of_all} of all margin and {sales_share} of sales], {margin_share} of their sales with a known cost.",
        best, **ordered,
    )  # fmt: skip


def _coverage(view: View, shown: AnswerTable, held: pl.DataFrame, costed: int) -> Note:
    share = ratio(costed, int(held["sales"].sum()))
    rows = [row for row in shown.rows() if row["cost_known_share"] is not None]
    least = min(rows, key=lambda row: row["cost_known_share"], default=None)
    text = view.say(
        "Margin is amount less unit cost of what has a stated `unit_cost`: {known:share} of the sales of these members[told?; least of "
        "{group}: {least_known:share}]. What has none is in sales and not in margin: unknown is not taken to be nothing or all.",
        least, known=None if share is None else min(share, 1.0), told=least is not None,
        least_known=least["cost_known_share"] if least else None,
    )  # fmt: skip
    return Note(text, "REVIEW" if share is None or share < _ENOUGH else None)


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    measures = {"sales_share": tr("share of sales"), "margin_of_all": tr("share of margin")}
    title = tr("Sales and margin by group of members")
    return measured_bars(table, label="group", measures=measures, title=title, subtitle=view.say("{place}, {period}"))
