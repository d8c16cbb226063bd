"""Goods that lose people: after which purchases members stay away, against like baskets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.language import tr
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import labels_of
from toolkit.targeting.measures.leaving import WhyLeft, why_left_of

if TYPE_CHECKING:
    import altair as alt

GOODS = c.table(
    "one row per product that loses people, most losses beyond the usual first",
    c.text("good"),
    c.text("category"),
    c.count("basket_count", "Baskets with it"),
    c.members("member_count", "Members lost after it"),
    c.count("expected_count", "Usual of like baskets", "same store, season, visit, worth, tier; none of these goods", dtype=pl.Float64),
    c.index("risk_index", "Risk (1 = as like baskets)", "the two over each other, drawn towards 1"),
    c.index("risk_index_low", "Risk from", "its 95% interval"),
    c.index("risk_index_high", "Risk to", "its 95% interval"),
    c.share("last_share", "In the last basket", "of the members lost who had come before: those whose last basket held it"),
    c.share("earlier_share", "In their earlier baskets", "of the same members: mean share of their own earlier baskets that held it"),
)  # fmt: skip


@question(
    "targeting",
    "Which goods lose people?",
    words=(
        "goods after which members do not come again",
        "which products drive customers away, bad products",
        "products bought last before leaving",
        "哪些商品让会员不再来 劝退商品 买了就不来 的商品",
    ),
    tables=GOODS,
    figures=(c.count("losing_good_count", "Goods that lose people"),),
)
def losing_goods(view: View) -> Finding:
    """Return the products after which members stay away more than after like baskets: one row each, most losses beyond the usual first.

    The mirror of `targeting.entry_goods`. Baskets, losses and likeness are those of `targeting.why_low`, of the whole chain. A good is only
    called where members who had come before stay away after it too, and beyond what chance makes of all the goods that are tested.

    Notes
    -----
    Source: `models.why_left`; DEFINITIONS.md.

    Example
    -------
    >>> tk.targeting.losing_goods(ws).table                             # doctest: +SKIP
    """
    found = why_left_of(view)
    if found is None:
        return unmeasured(
            GOODS,
            view.say("Which goods lose people cannot be told: too few members were lost so far, or the receipts are too short."),
            view.say("Goods that lose people: ask `targeting.why_low` what is needed."),
            ask_next=[("targeting.why_low", {})],
        )
    table = GOODS.of(_named(view, found), view)
    return Finding(
        headline=_headline(view, found, table.row() if table.height else None, table.height),
        table=table,
        chart=(lambda: _chart(view, table.frame)) if table.height else None,
        notes=_notes(view, found),
        ask_next=[("targeting.lost_members", {"cause": "goods"})] * bool(table.height)
        + [("targeting.why_low", {}), ("targeting.entry_goods", {})],
        figures={"losing_good_count": float(table.height)},
    )


def _named(view: View, found: WhyLeft) -> pl.DataFrame:
    goods = found.goods.sort(pl.col("lost_count") - pl.col("expected"), "product_code", descending=[True, False])
    labels = labels_of(view, "product", goods["product_code"].to_list())
    kinds = view.mart.products.join(view.categories.select("category_code", "category"), on="category_code").select(
        "product_code", "category"
    )
    return goods.join(kinds, on="product_code", how="left", maintain_order="left").select(
        pl.col("product_code").replace_strict(labels, return_dtype=pl.String).alias("good"),
        "category",
        "basket_count",
        pl.col("lost_count").alias("member_count"),
        pl.col("expected").alias("expected_count"),
        pl.col("ratio").alias("risk_index"),
        pl.col("low").alias("risk_index_low"),
        pl.col("high").alias("risk_index_high"),
        "last_share",
        "earlier_share",
    )


def _headline(view: View, found: WhyLeft, worst: c.Row | None, count: int) -> str:
    if worst is None:
        return view.say(
            "Across the chain, no good loses people: of {tested:good} none is followed by more losses than like baskets beyond chance.",
            tested=found.tested,
        )
    return view.say(
        "Across the chain, {count:good} of {tested} [one?loses|lose] people: after {good}, {member_count:member} did not come again within "
        "{lost_days} days, {expected_count:,.0f} would be usual (n = {basket_count} baskets).",
        worst, count=count, tested=found.tested, one=count == 1, lost_days=found.window.lost_days,
    )  # fmt: skip


def _notes(view: View, found: WhyLeft) -> list[str | Note]:
    notes: list[str | Note] = [
        Note(
            tr(
                "Who buys a good may be another kind of shopper: taking it off the shelf need not keep them. Take it off (or mend it) in "
                "half of the stores that chance draws, and compare."
            ),
            "REVIEW",
        ),
        view.say(
            "Baskets of {start} to {end}; like ones are of the same store and season, of members who had come as often and as fast, worth "
            "as much with as many goods as dear.",
            start=found.window.start, end=found.window.end,
        ),
        tr("The strongest comes first, and its baskets count no longer for the others: what is bought together with it is not called."),
    ]  # fmt: skip
    if found.unsure:
        notes.append(
            view.say(
                "{unsure:good} only seem[is_one?s] to lose people, among those who came for the first time: who comes a single time has "
                "goods of their own. Not called.",
                unsure=found.unsure, is_one=found.unsure == 1,
            )
        )  # fmt: skip
    if not view.scope.is_chain:
        notes.append(tr("Goods are judged over the whole chain: of a place or an audience they would be too few."))
    return notes


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    return ranges(
        table.head(20), label="good", value="risk_index", low="risk_index_low", high="risk_index_high", n="member_count",
        title=view.say("Goods that lose people"), subtitle=view.say("losses over those of like baskets, with 95% intervals"),
        value_title=tr("Risk (1 = as like baskets)"),
    )  # fmt: skip
