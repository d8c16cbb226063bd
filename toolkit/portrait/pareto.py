"""The 80/20 curve: how unevenly sales are spread over members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding
from toolkit.language import tr
from toolkit.models.concentration import gini, lorenz, members_carrying
from toolkit.portrait.measures.takings import without_order
from toolkit.registry import question
from toolkit.scope.hiding import too_few, unmeasured
from toolkit.scope.sales import member_sales
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

CARRIED_SHARE = 0.8
"""The share of sales of the 80/20 rule."""
_TABLE_POINTS = 20
CURVE = c.table(
    "one row per twentieth of the members who ordered, best members first; none where nothing was sold",
    c.members(meaning="the best so many members"),
    c.share("member_share", "Share of members", "of those who ordered"),
    c.money("sales", "Sales", "what these members bring together"),
    c.share("sales_share", "Share of sales"),
    few="drop",
)


@question(
    "portrait",
    "How unevenly are sales spread over our members?",
    words=("80/20 rule pareto curve", "gini coefficient lorenz curve", "how many members bring 80% of the sales", "二八定律 集中度"),
    tables=CURVE,
    figures=(c.number("gini", "Gini"), c.share("carrying_share", "Members who carry the sales")),
)
def pareto(view: View) -> Finding:
    """Return the 80/20 curve of the members who ordered in the window: one row per twentieth of them, best members first.

    Figures: `gini` (0 = all bring the same, 1 = one member brings all), `carrying_share` (the smallest share of members that brings 80%).

    Notes
    -----
    A member who returned more than they bought counts as zero, so `sales` is the sum of the others. Sources: Lorenz (1905); Gini (1912);
    DEFINITIONS.md section 1.

    Example
    -------
    >>> tk.portrait.pareto(ws, store_id="367").chart                    # doctest: +SKIP
    """
    buyers = member_sales(view).filter(pl.col("orders") > 0)
    if few := too_few(view, CURVE, buyers.height, tr("members ordered"), window=view.period):
        return few
    values = buyers["sales"]
    uneven, carrying = gini(values), members_carrying(values, value_share=CARRIED_SHARE)
    if uneven is None or carrying is None:
        return unmeasured(
            CURVE,
            view.say(
                "{where}, {all:member} ordered {window:in} and brought no sales: nothing to spread.", all=len(values), window=view.period
            ),
            tr("Concentration is not measured without sales. Choose a longer period, or a later as_of."),
        )
    shown = CURVE.of(_frame(view, values), view)
    count = round(carrying * len(values))
    carrying = carrying if count >= view.least else None
    return Finding(
        headline=view.say(
            "{where}, all {all:,} members who ordered {window:in} bring the same (Gini 0): nobody carries the sales.",
            all=len(values), window=view.period,
        ) if uneven == 0 else view.say(
            "{where}, {count:few} of {all:member} who ordered {window:in}[ ({carrying:share})] bring {carried:.0%} of their sales; the "
            "best {member_count} ({member_share}) bring {sales_share} (Gini {uneven:.2f}).",
            shown.cut(shown.frame.sort((pl.col("member_share") - 0.2).abs())).row(),
            count=count, all=len(values), window=view.period, carrying=carrying, carried=CARRIED_SHARE, uneven=uneven,
        ),
        table=shown,
        chart=lambda: _chart(view, values, uneven),
        notes=_notes(view, buyers),
        ask_next=[("portrait.contribution", {"by": "heavy"}), ("portrait.segments", {})],
        figures={"gini": uneven, "carrying_share": carrying},
    )  # fmt: skip


def _frame(view: View, values: pl.Series) -> pl.DataFrame:
    total, n = int(values.clip(0).sum()), len(values)
    return (
        lorenz(values, points=_TABLE_POINTS)
        .filter(pl.col("member_share") > 0)
        .select(
            (pl.col("member_share") * n).round().alias("member_count"),
            "member_share",
            view.major((pl.col("value_share") * total).round()).alias("sales"),
            pl.col("value_share").alias("sales_share"),
        )
    )


def _notes(view: View, buyers: pl.DataFrame) -> list[str]:
    notes = [tr("Gini: 0 = every member brings the same, 1 = one member brings everything.")]
    below = buyers.filter(pl.col("sales") < 0).height
    if below:
        one = below == view.least == 1
        notes.append(
            view.say("{below:member} returned more than they bought in the window and [one?counts|count] as zero.", below=below, one=one)
        )
    return [*notes, *without_order(view, buyers)]


def _chart(view: View, values: pl.Series, uneven: float) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.concentration import concentration_curve

    held = pl.col("member_share") * len(values)
    return concentration_curve(
        lorenz(values).filter((held == 0) | (held.round() >= view.least)), members="member_share", sales="value_share",
        title=tr("Which share of members brings which share of sales"),
        subtitle=view.say("{place}, {period}; n = {all:,} members who ordered, Gini {uneven:.2f}", all=len(values), uneven=uneven),
        members_title=tr("Share of members, best first"), sales_title=tr("Share of their sales"),
    )  # fmt: skip
