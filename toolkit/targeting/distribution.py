"""Distribution: in how many stores a good is sold, plainly and weighted by what the stores sell, and what it brings per point of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr, value
from toolkit.mart.windows import window_sums
from toolkit.models.multiple_tests import benjamini_hochberg
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.interruptions import interruptions
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import find_good, labels_of, require_category

if TYPE_CHECKING:
    import altair as alt

_NAME, MOST_GOODS, _CHART_ROWS = "targeting.distribution", 100, 20
_LEAST_STORES, _LEAST_ORDERS = 3, 20
EVERYWHERE, GAPS, SELDOM = value("everywhere that can be told"), value("missing in some stores"), value("sold too seldom to tell")
GOODS = c.table(
    "one row per good, most sales first",
    c.text("goods", "Goods"),
    c.text("category"),
    c.count("order_count", "Orders with it"),
    c.money("sales", "Sales", "to everybody, returns subtracted"),
    c.count("store_count", "Stores that sold it"),
    c.share("store_share", "Share of stores", "of those that sold anything in the period"),
    c.share("weighted_share", "Weighted share", "the stores that sold it, by their part of the sales of its category"),
    c.money("point_sales", "Sales per point", "over the weighted share, in points of a hundred"),
    c.count("expected_count", "Stores by its pace", "that would sell it, had all of them it", dtype=pl.Float64),
    c.count("missing_count", "Stores without it", "beyond chance, by how often it sells and their size", null="sold too seldom"),
    c.money("missing_sales", "Sales missing there", "at its pace over all stores: at least", null="sold too seldom"),
    c.text("verdict", "Verdict"),
)


@question(
    "targeting",
    "In how many of our stores is each good sold?",
    words=(
        "distribution of goods, share of stores, weighted distribution",
        "sales per point of distribution, numeric distribution",
        "which stores do not sell a product",
        "铺货率 分销率 加权铺货",
    ),
    tables=GOODS,
    figures=(c.count("gap_count", "Goods missing in stores"), c.money("missing_sales", "Sales missing there")),
)
def distribution(view: View, *, category: str = "") -> Finding:
    """Return in how many stores each good is sold, and what it brings per point of distribution: one row per good, most sales first.

    Stores are those with any sale in the period; how many opened or closed within it is said. A store is without a good where it sold none,
    though, had all stores sold it alike for their size (their sales of its category), it would have: beyond chance over all goods and
    stores (Poisson, as far as orders clump; Benjamini-Hochberg). A good in fewer than 20 orders is sold too seldom to tell.

    Parameters
    ----------
    category
        Only the goods of this category; empty = the 100 goods that sell most.

    Raises
    ------
    UnknownName, BadValue
        There is no such category, or it is a product.

    Notes
    -----
    Receipts show what was sold, not what stood on the shelf. Source: DEFINITIONS.md.

    Example
    -------
    >>> tk.targeting.distribution(ws, category="COFFEE").table          # doctest: +SKIP
    """
    good = require_category(find_good(view, category, _NAME), category, _NAME) if category.strip() else None
    sums = window_sums(view.workspace, view.mart, view.period.start, view.period.end, by=("store", "product"))
    if view.scope.is_place:
        column = "store_id" if view.scope.store_id is not None else "region"
        sums = sums.join(
            view.stores.filter(pl.col(column) == getattr(view.scope, column)).select("store_code"), on="store_code", how="semi"
        )
    sold = sums.filter(pl.col("orders") > 0).join(view.mart.products.select("product_code", "category_code"), on="product_code")
    stores = sold["store_code"].n_unique()
    if view.scope.audience is not None or stores < _LEAST_STORES:
        headline = view.say(
            "{where}, distribution is not measured: [is_crowd?it is of stores, not of members|{stores:store} sold something {window:in}, "
            "and {least_stores} are needed].",
            is_crowd=view.scope.audience is not None, stores=stores, window=view.period, least_stores=_LEAST_STORES,
        )  # fmt: skip
        return unmeasured(GOODS, headline, tr("Ask for the chain, or for a region with several stores."))
    table = GOODS.of(_rows(view, sold, stores, good.code if good else None), view)
    gaps = table.frame.filter(pl.col("verdict") == GAPS)
    return Finding(
        headline=_headline(view, table, gaps, stores),
        table=table,
        chart=(lambda: _chart(view, table.frame)) if table.height else None,
        notes=_notes(view),
        ask_next=[("targeting.revenue_tree", {}), ("portrait.stores", {})],
        figures={"gap_count": float(gaps.height), "missing_sales": float(gaps["missing_sales"].sum())},
    )


def _rows(view: View, sold: pl.DataFrame, stores: int, category: int | None) -> pl.DataFrame:
    size = sold.group_by("store_code", "category_code").agg(pl.col("amount").clip(0).sum().alias("size"))
    inside = sold if category is None else sold.filter(pl.col("category_code") == category)
    top = inside.group_by("product_code", "category_code").agg(
        pl.col("orders", "amount").sum(), pl.col("store_code").n_unique().alias("in")
    )
    top = top.sort("amount", "product_code", descending=[True, False]).head(MOST_GOODS)
    # Every store of every good: a store without the category has no size, and could not be expected to sell the good.
    grid = top.select("product_code", "category_code").join(size, on="category_code")
    grid = grid.join(sold.select("store_code", "product_code", "orders", "amount"), on=["store_code", "product_code"], how="left")
    has, of_good = pl.col("orders").is_not_null(), "product_code"
    share = pl.col("size") / pl.col("size").sum().over(of_good)
    paced = grid.with_columns(has.alias("has"), pl.col("orders", "amount").fill_null(0)).with_columns(
        (pl.col("orders").sum().over(of_good) * share).alias("pace"), (pl.col("amount").sum().over(of_good) * share).alias("worth")
    )
    # The same people buy a good again and again: their orders clump, and as many tell less (Pearson's dispersion, of stores that sold it).
    scaled = pl.col("orders").filter("has").sum().over(of_good) * pl.col("size") / pl.col("size").filter("has").sum().over(of_good)
    spread = ((pl.col("orders") - scaled) ** 2 / scaled).filter("has").mean().over(of_good).clip(1)
    paced = paced.with_columns((-pl.col("pace") / spread).exp().alias("p_value")).sort("product_code", "store_code")
    seldom = pl.col("orders").sum().over(of_good) < _LEAST_ORDERS
    tests = paced.select(pl.when(pl.col("has") | seldom).then(1.0).otherwise("p_value").fill_nan(1.0).fill_null(1.0)).to_series().to_numpy()
    missed = pl.Series("missed", benjamini_hochberg(tests, len(tests), view.settings.goods.false_share))
    sums = (
        paced.with_columns(missed)
        .group_by("product_code")
        .agg(
            (pl.col("size").filter("has").sum() / pl.col("size").sum()).alias("weighted_share"),
            (1 - (-pl.col("pace")).exp()).sum().alias("expected_count"),
            pl.col("missed").sum().cast(pl.Int64).alias("missing_count"),
            pl.col("worth").filter("missed").sum().alias("missing"),
        )
    )
    labels = labels_of(view, "product", top["product_code"].to_list())
    seldom = pl.col("orders") < _LEAST_ORDERS
    told = pl.when(pl.col("missing_count") > 0).then(pl.lit(GAPS)).otherwise(pl.lit(EVERYWHERE))
    verdict = pl.when(seldom).then(pl.lit(SELDOM)).otherwise(told)
    table = top.join(sums, on="product_code", how="left", maintain_order="left").join(
        view.categories.select("category_code", "category"), on="category_code", how="left", maintain_order="left"
    )
    return table.select(
        pl.col("product_code").replace_strict(labels, return_dtype=pl.String).alias("goods"),
        "category",
        pl.col("orders").alias("order_count"),
        view.major("amount").alias("sales"),
        pl.col("in").alias("store_count"),
        (pl.col("in") / stores).alias("store_share"),
        "weighted_share",
        (view.major("amount") / (100 * pl.col("weighted_share"))).alias("point_sales"),
        "expected_count",
        pl.when(~seldom).then("missing_count").alias("missing_count"),
        pl.when(~seldom).then(view.major("missing")).alias("missing_sales"),
        verdict.alias("verdict"),
    )


def _headline(view: View, table: AnswerTable, gaps: pl.DataFrame, stores: int) -> str:
    worst = table.cut(gaps.sort("missing_sales", "goods", descending=[True, False])).row() if gaps.height else None
    return view.say(
        "{where}, {stores:store} sold something {window:in}; of {count:good} that sell most [gap_count?{gap_count} [one?is|are] missing in "
        "stores that would have sold them: most {goods}, in {missing_count:store}, worth {missing_sales}|none is missing in a store that "
        "would have sold it].",
        worst, stores=stores, window=view.period, count=table.height, gap_count=gaps.height, one=gaps.height == 1,
    )  # fmt: skip


def _notes(view: View) -> list[str | Note]:
    notes: list[str | Note] = [
        tr(
            "Receipts show what was sold, not what stood on the shelf: a good that a store has and nobody took is missing here, too. Look "
            "there before you act."
        )
    ]
    first = view.mart.orders.filter("is_order").group_by("store_code").agg(pl.col("ordered_at").min().dt.date().alias("day")).collect()
    opened = first.filter(pl.col("day").is_between(view.period.start, view.period.end), pl.col("day") > view.first_day)
    silent = interruptions(view).filter(pl.col("kind") == "store", pl.col("since") >= view.period.start)
    if opened.height or silent.height:
        told = view.say(
            "Within the period [opened?{opened:store} opened][both?; ][silent?{silent:store} closed or fell silent]: they count with the "
            "days that they sold on.",
            opened=opened.height, silent=silent.height, both=bool(opened.height and silent.height),
        )  # fmt: skip
        notes.append(Note(told, "REVIEW"))
    return notes


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    return measured_bars(
        table.head(_CHART_ROWS), label="goods", n="order_count",
        measures={"store_share": tr("Share of stores"), "weighted_share": tr("Weighted share")},
        title=view.say("In how many stores goods are sold"), subtitle=view.say("{place}, {period}; n = orders"),
    )  # fmt: skip
