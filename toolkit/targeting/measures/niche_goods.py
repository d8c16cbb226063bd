"""The products that define a niche: what its members buy more than others, told by one half of the receipts and tried on the other."""

from __future__ import annotations

import polars as pl

from toolkit.mart.baskets import read_baskets
from toolkit.mart.sequences import sequences_of
from toolkit.models.niches import defining_goods
from toolkit.scope.view import View
from toolkit.targeting.measures.niche_groups import early_members, niche_categories

COUNTS = pl.Schema(
    {
        "group": pl.UInt32,
        "product_code": pl.UInt32,
        "early_count": pl.Int64,  # members of the niche who bought it in the first half of the receipts
        "late_count": pl.Int64,
        "early_buyers": pl.Int64,  # members of the chain who did
        "late_buyers": pl.Int64,
    }
)


def niche_goods(view: View) -> pl.DataFrame:
    """Return the products that define the niches of the chain: one row per niche and product, surest first within a niche.

    The niche's members are those found by the first half of the receipts alone. Columns: `group`, `product_code`, `in_group` (of the
    niche's own categories), and those of `models.niches.defining_goods`: chosen by the first half, `index_late` measured on the second.
    """
    return view.chainwide("niche_goods", _goods, "niches", "personas", "scope", "goods")


def _goods(view: View) -> pl.DataFrame:
    counts = _counts(view)
    sizes = early_members(view).group_by("group").agg(pl.len().cast(pl.Int64).alias("group_size"))
    defining = defining_goods(
        counts.join(sizes, on="group"),
        view.population.height,
        least=view.settings.goods.minimum_both,
        false_share=view.settings.goods.false_share,
    )
    kinds = view.mart.products.select("product_code", "category_code").join(
        niche_categories(view).select("group", "category_code", pl.lit(True).alias("in_group")), on="category_code"
    )
    labelled = defining.join(kinds.select("group", "product_code", "in_group"), on=["group", "product_code"], how="left")
    return labelled.with_columns(pl.col("in_group").fill_null(False)).sort(
        "group", "index_low", "product_code", descending=[False, True, False]
    )


def _counts(view: View) -> pl.DataFrame:
    """Schema COUNTS, of all niches in one pass over the baskets, part by part: a member's orders are all in one part."""
    middle = sequences_of(view.workspace, view.mart).middle
    members = early_members(view).select("group", "member_code")
    own, every = [], []
    for part in read_baskets(view.workspace, view.mart):
        orders = part.orders.with_row_index("order").filter(pl.col("member_code").is_not_null())
        bought = (
            part.goods.lazy()
            .filter("is_bought")
            .join(orders.lazy().select("order", "member_code", (pl.col("ordered_at").dt.date() < middle).alias("is_early")), on="order")
            .group_by("member_code", "product_code")
            .agg(pl.col("is_early").any().alias("early"), (~pl.col("is_early")).any().alias("late"))
            .collect(engine="streaming")
        )
        halves = (pl.col("early").sum().cast(pl.Int64), pl.col("late").sum().cast(pl.Int64))
        every.append(bought.group_by("product_code").agg(halves[0].alias("early_buyers"), halves[1].alias("late_buyers")))
        mine = bought.join(members, on="member_code")
        own.append(mine.group_by("group", "product_code").agg(halves[0].alias("early_count"), halves[1].alias("late_count")))
    if not own:
        return pl.DataFrame(schema=COUNTS)
    whole = pl.concat(every).group_by("product_code").sum()
    inside = pl.concat(own).group_by("group", "product_code").sum()
    return inside.join(whole, on="product_code").select(COUNTS.names()).cast(COUNTS)  # type: ignore[arg-type]
