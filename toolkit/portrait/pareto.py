"""The 80/20 curve: how unevenly sales are spread over members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.language import tr, trn
from toolkit.models.concentration import gini, lorenz, members_carrying
from toolkit.registry import question
from toolkit.scope.phrases import where
from toolkit.scope.sales import days_of, member_sales, too_few
from toolkit.scope.view import View
from toolkit.wording import share, some

if TYPE_CHECKING:
    import altair as alt

CARRIED_SHARE = 0.8
"""The share of sales of the 80/20 rule."""
_TABLE_POINTS = 20
_SCHEMA = {"member_count": pl.Int64, "member_share": pl.Float64, "sales": pl.Float64, "sales_share": pl.Float64}


@question(
    "portrait",
    "How unevenly are sales spread over our members?",
    words=("80/20 rule pareto curve", "gini coefficient lorenz curve", "how many members bring 80% of the sales", "二八定律 集中度"),
)
def pareto(view: View) -> Finding:
    """Return the 80/20 curve of the members who ordered in the window: one row per twentieth of them, best members first.

    Returns
    -------
    Answer
        Table columns: `member_count` (the best so many members), `member_share` (0..1 of those who ordered), `sales` (currency units, what
        these members bring together), `sales_share` (0..1). Empty where nothing was sold. Figures: `gini` (0 = all bring the same, 1 = one
        member brings all), `carrying_share` (the smallest share of members that brings 80%).

    Notes
    -----
    A member who returned more than they bought counts as zero, so `sales` is the sum of the others. Sources: Lorenz (1905); Gini (1912);
    DEFINITIONS.md section 1.

    Example
    -------
    >>> tk.portrait.pareto(ws, store_id="367").chart                    # doctest: +SKIP
    """
    buyers = member_sales(view).filter(pl.col("orders") > 0)
    if few := too_few(view, buyers.height, where(view), _SCHEMA):
        return few
    values = buyers["sales"]
    uneven, carrying = gini(values), members_carrying(values, value_share=CARRIED_SHARE)
    if uneven is None or carrying is None:
        return _nothing(view, buyers.height)
    table = _table(view, values)
    curve = lorenz(values)
    return Finding(
        headline=_headline(view, table, buyers.height, uneven, carrying),
        table=table,
        chart=lambda: _chart(view, curve, uneven, buyers.height),
        notes=_notes(view, buyers),
        ask_next=[("portrait.contribution", {"by": "heavy"}), ("portrait.segments", {})],
        figures={"gini": uneven, "carrying_share": carrying},
    )


def _table(view: View, values: pl.Series) -> pl.DataFrame:
    total, n = int(values.clip(0).sum()), len(values)
    return (
        lorenz(values, points=_TABLE_POINTS)
        .filter(pl.col("member_share") > 0)
        .select(
            (pl.col("member_share") * n).round().cast(pl.Int64).alias("member_count"),
            "member_share",
            view.major((pl.col("value_share") * total).round()).alias("sales"),
            pl.col("value_share").alias("sales_share"),
        )
    )


def _headline(view: View, table: pl.DataFrame, n: int, uneven: float, carrying: float) -> str:
    count = round(carrying * n)
    fifth = table.sort((pl.col("member_share") - 0.2).abs()).row(0, named=True)
    best = tr(
        "the best {member_count:,} ({member_share}) bring {sales_share}",
        member_count=fifth["member_count"],
        member_share=share(fifth["member_share"]),
        sales_share=share(fifth["sales_share"]),
    )
    if uneven == 0:
        return tr(
            "{where}, all {n:,} members who ordered {days_of} bring the same (Gini 0): nobody carries the sales.",
            where=where(view),
            n=n,
            days_of=days_of(view),
        )
    return tr(
        "{where}, {count:,} of {members} who ordered {days_of} ({carrying}) bring {carried_share:.0%} of their "
        "sales; {best} (Gini {uneven:.2f}).",
        where=where(view),
        count=count,
        members=some(n, "member"),
        days_of=days_of(view),
        carrying=share(carrying),
        carried_share=CARRIED_SHARE,
        best=best,
        uneven=uneven,
    )


def _notes(view: View, buyers: pl.DataFrame) -> list[str | Note]:
    notes: list[str | Note] = [tr("Gini: 0 = every member brings the same, 1 = one member brings everything.")]
    below = buyers.filter(pl.col("sales") < 0).height
    if below:
        notes.append(
            trn(
                "{members} returned more than they bought in the window and counts as zero.",
                "{members} returned more than they bought in the window and count as zero.",
                below,
                members=some(below, "member"),
            )
        )
    away = view.members.join(buyers, on="member_code", how="anti").height
    if away:
        notes.append(
            tr(
                "Not counted: {other_members} in scope without an order {days_of}.",
                other_members=some(away, "other member"),
                days_of=days_of(view),
            )
        )
    return notes


def _nothing(view: View, n: int) -> Finding:
    return Finding(
        headline=tr(
            "{where}, {members} ordered {days_of} and brought no sales: nothing to spread.",
            where=where(view),
            members=some(n, "member"),
            days_of=days_of(view),
        ),
        table=pl.DataFrame(schema=_SCHEMA),
        notes=[Note(tr("Concentration is not measured without sales. Choose a longer period, or a later as_of."), "NOT MEASURED")],
    )


def _chart(view: View, curve: pl.DataFrame, uneven: float, n: int) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.concentration import concentration_curve

    return concentration_curve(
        curve,
        members="member_share",
        sales="value_share",
        title=tr("Which share of members brings which share of sales"),
        subtitle=tr(
            "{place}, {period}; n = {members} members who ordered, Gini {uneven:.2f}",
            place=view.place,
            period=view.period,
            members=wording.count(n),
            uneven=uneven,
        ),
        members_title=tr("Share of members, best first"),
        sales_title=tr("Share of their sales"),
    )
