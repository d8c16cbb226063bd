"""Heavy and light buyers of each category or brand: how few carry half of it, and whether they still do next period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr
from toolkit.registry import question
from toolkit.scope.hiding import too_few, unmeasured
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.targeting.measures.category_spend import category_spend
from toolkit.targeting.measures.compared import season_alike, season_notes
from toolkit.targeting.measures.goods import find_good, require_category
from toolkit.targeting.measures.period_sales import category_sales

if TYPE_CHECKING:
    import altair as alt

_NAME, _CHART_ROWS, _HALF, _FIFTH = "targeting.heavy_light", 15, 0.5, 0.2
_OF_HEAVY = {"hidden_by": "heavy_count"}
GOODS = c.table(
    "one row per category (or brand of one category), most sales first",
    c.text("goods", "Goods"),
    c.members("member_count", "Buyers before"),
    c.money("sales_before", "Sales before", "to members"),
    c.members("heavy_count", "Heavy buyers", "the fewest who held half of the sales before"),
    c.share("heavy_share", "Heavy, share of buyers", **_OF_HEAVY),
    c.share("fifth_share", "The top fifth's share", "of the sales before, of the fifth of the buyers who bought most"),
    c.share("still_share", "Still heavy", "of the heavy before: among the fewest who hold half of the sales now", **_OF_HEAVY),
    c.share("gone_share", "Bought none now", "of the heavy before", **_OF_HEAVY),
    c.share("heavy_change", "Change of the heavy", "sales now to the heavy before, against before", **_OF_HEAVY),
    c.share(
        "expected_change", "Expected of them", "without any change but that of all buyers: from the same periods backwards", **_OF_HEAVY
    ),
    c.share("all_change", "Change of all buyers", "sales now against before"),
    few="drop",
)


@question(
    "targeting",
    "Who are the heavy buyers of each category, and do they stay?",
    words=(
        "heavy and light buyers by category or brand, pareto of a category",
        "how concentrated are the sales of a category",
        "do heavy buyers stay heavy, regression to the mean",
        "重度 轻度 购买者 品类集中度",
    ),
    tables=GOODS,
    figures=(c.share("heavy_share", "Heavy, share of buyers"), c.share("still_share", "Still heavy")),
)
def heavy_light(view: View, *, category: str = "") -> Finding:
    """Return how few buyers carry half of each category (or brand), and how many of them still do in the next period.

    Heavy buyers are the fewest who hold half of the sales of a period. Two periods are held against each other: of like seasons (52 weeks
    apart) where the receipts reach back so far, else this one and the one just before. Who was sorted to the top by one period falls back
    in another without any change (regression to the mean): how much is read off the same two periods backwards.

    Parameters
    ----------
    category
        The brands of this category, or its products where the products table names no brand; empty = a row per category.

    Raises
    ------
    UnknownName, BadValue
        There is no such category, or it is a product.

    Notes
    -----
    Source: DEFINITIONS.md.

    Example
    -------
    >>> tk.targeting.heavy_light(ws, category="COFFEE").table           # doctest: +SKIP
    """
    before = season_alike(view, None, _NAME)
    if before.start < view.first_day:
        return unmeasured(
            GOODS,
            view.say("{where}, heavy buyers are not measured: the receipts start on {first_day}, but the period to compare with is "
                     "{before}.",
                     first_day=view.first_day, before=before),
            tr("Choose a shorter period or a later as_of."),
        )  # fmt: skip
    spend = _spend(view, before, category)
    few = too_few(view, GOODS, spend.filter(pl.col("before") > 0)["member_code"].n_unique(), tr("members ordered"), window=before)
    if few is not None:
        return few
    table = GOODS.of(_rows(view, spend), view)
    return Finding(
        headline=_headline(view, table, before),
        table=table,
        chart=(lambda: _chart(view, table.frame, before)) if table.height else None,
        notes=_notes(view, before),
        ask_next=[("targeting.core_members", {}), ("portrait.pareto", {}), ("targeting.revenue_tree", {})],
        figures={"heavy_share": table.row()["heavy_share"], "still_share": table.row()["still_share"]} if table.height else {},
    )


def _spend(view: View, before: Period, category: str) -> pl.DataFrame:
    """Per member and good what was spent in both periods: `member_code`, `goods`, `before`, `now` (minor units)."""
    if not category.strip():
        names = view.categories.select(pl.col("category_code").alias("code"), pl.col("category").alias("goods"))
        sales = category_sales(view, view.period, before).filter(pl.col("member_code").is_not_null()).join(names, on="code")
        return sales.select("member_code", "goods", "before", "now")
    good = require_category(find_good(view, category, _NAME), category, _NAME)
    by = "brand" if view.has_column("products", "brand") else "product"
    return category_spend(view, view.period, before, good.code, by).select("member_code", "goods", "before", "now")


def _rows(view: View, spend: pl.DataFrame) -> pl.DataFrame:
    ranked = spend
    for side in ("before", "now"):
        paid = pl.col(side).clip(0)
        ranked = ranked.sort("goods", side, "member_code", descending=[False, True, False]).with_columns(
            ((paid.cum_sum().over("goods") - paid < _HALF * paid.sum().over("goods")) & (paid > 0)).alias(f"heavy_{side}"),
            (pl.int_range(pl.len()).over("goods") < (_FIFTH * (paid > 0).sum().over("goods")).ceil()).alias(f"fifth_{side}"),
        )
    heavy, later_heavy = pl.col("heavy_before"), pl.col("heavy_now")
    sums = ranked.group_by("goods").agg(
        (pl.col("before") > 0).sum().cast(pl.Int64).alias("member_count"),
        pl.col("before").sum().alias("total"),
        pl.col("now").sum().alias("total_now"),
        heavy.sum().cast(pl.Int64).alias("heavy_count"),
        (pl.col("before").filter("fifth_before").sum() / pl.col("before").clip(0).sum()).alias("fifth_share"),
        (later_heavy & heavy).sum().alias("still"),
        (heavy & (pl.col("now") <= 0)).sum().alias("gone"),
        (pl.col("now").filter(heavy).sum() / pl.col("before").filter(heavy).sum() - 1).alias("heavy_change"),
        (pl.col("before").filter(later_heavy).sum() / pl.col("now").filter(later_heavy).sum() - 1).alias("backwards"),
    )
    growth = pl.col("total_now") / pl.col("total")  # forwards both sorting and growth act, backwards sorting and one over growth
    return sums.filter(pl.col("total") > 0).sort("total", "goods", descending=[True, False]).select(
        "goods", "member_count", view.major("total").alias("sales_before"), "heavy_count",
        (pl.col("heavy_count") / pl.col("member_count")).alias("heavy_share"), "fifth_share",
        (pl.col("still") / pl.col("heavy_count")).alias("still_share"), (pl.col("gone") / pl.col("heavy_count")).alias("gone_share"),
        "heavy_change", ((1 + pl.col("backwards")) * growth**2 - 1).alias("expected_change"), (growth - 1).alias("all_change"),
    ).fill_nan(None)  # fmt: skip


def _headline(view: View, table: AnswerTable, before: Period) -> str:
    if not table.height:
        return view.say("{where}, no good was bought by {least} members from {before}: heavy buyers are not shown.", before=before)
    return view.say(
        "{where}, {heavy_count:member} ({heavy_share} of its buyers) held half of {goods} from {before}; {still_share} of them still do "
        "from {period}. Their spend on it is {heavy_change:change}; {expected_change:change} is what sorting and the change "
        "of all buyers make.",
        table.row(), before=before,
    )  # fmt: skip


def _notes(view: View, before: Period) -> list[str | Note]:
    notes: list[str | Note] = [
        Note(
            tr(
                "Who bought most in one period buys less in the next, and who bought little buys more, though nobody changed: compare the "
                "heavy with what is expected of them, never with nothing."
            ),
            "REVIEW",
        ),
        *season_notes(view, before),
    ]  # fmt: skip
    return notes


def _chart(view: View, table: pl.DataFrame, before: Period) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    return measured_bars(
        table.head(_CHART_ROWS), label="goods", n="member_count",
        measures={"heavy_share": tr("Heavy, share of buyers"), "still_share": tr("Still heavy")},
        title=view.say("Heavy buyers, and who stays one"), subtitle=view.say("{place}, {before} and {period}", before=before),
    )  # fmt: skip
