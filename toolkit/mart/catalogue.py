"""What a code stands for: the category of a product, whether it is goods and counted, the rank of a store or channel by their ids.

Codes of arrival depend on the order of import; ranks of ids do not. Every tie is broken by rank.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

NO_CATEGORY = "(no category)"
"""Category of products that state none and of products that the products table does not know."""

NOT_GOODS = "(no goods)"
"""Category of products that are no goods (shipping, fees, gift cards, deposits, coupons), whatever category the shop keeps them in."""


@dataclass(frozen=True)
class Ranks:
    """Codes in the order of the ids they stand for."""

    code_of_rank: np.ndarray
    rank_of_code: np.ndarray

    @property
    def count(self) -> int:
        """Number of ids."""
        return len(self.code_of_rank)


@dataclass(frozen=True)
class Catalogue:
    """What the pass over the lines needs to know of products, stores and channels.

    `categories` has one row per category (category_code, category, department); category codes are ranks of the names.
    `category_of_product`, `counted` and `goods` are indexed by product_code; `counted` may be unknown before the lines were looked at, see
    `unstated`: product codes of which nobody said whether they are counted. What is no goods is never counted; `goods` is None where all
    products are goods, so that such a shop pays nothing for the question.
    """

    categories: pl.DataFrame
    category_of_product: np.ndarray
    counted: np.ndarray
    unstated: np.ndarray
    stores: Ranks
    channels: Ranks
    goods: np.ndarray | None = None

    @cached_property
    def counted_category(self) -> np.ndarray | None:
        """Whether the products of each category are counted; None where some category has both kinds."""
        size = self.categories.height
        counted = np.bincount(self.category_of_product[self.counted], minlength=size) > 0
        left_out = np.bincount(self.category_of_product[~self.counted], minlength=size) > 0
        return None if (counted & left_out).any() else counted


def ranks_of(codes: pl.DataFrame) -> Ranks:
    """Return the ranks of a dictionary (code, id): rank 0 is the id that sorts first.

    >>> ranks_of(pl.DataFrame({"code": [0, 1], "id": ["b", "a"]})).rank_of_code.tolist()
    [1, 0]
    """
    code_of_rank = codes.sort("id")["code"].cast(pl.Int64).to_numpy()
    rank_of_code = np.zeros(int(code_of_rank.max()) + 1 if len(code_of_rank) else 0, dtype=np.int64)
    rank_of_code[code_of_rank] = np.arange(len(code_of_rank))
    return Ranks(code_of_rank, rank_of_code)


def catalogue_of(
    product_codes: pl.DataFrame,
    products: pl.DataFrame | None,
    store_codes: pl.DataFrame,
    channel_codes: pl.DataFrame,
    not_goods: pl.Series | None = None,
) -> Catalogue:
    """Return the catalogue from the dictionaries (code, id) and the shop's products table, if it has one.

    A product is no goods where the table says so, or, where the table says nothing, where its lines did (`not_goods`, product ids).

    A product is counted unless the table says otherwise. Where the table says nothing (no `counted` column, a null, an unknown product)
    the product is listed in `unstated`; `without_fractions` settles those from the lines.
    """
    known = _with_marks(_known_products(products), not_goods)
    goods_alone = bool(known["is_goods"].all())
    names = pl.concat([known["category"].drop_nulls(), pl.Series([NO_CATEGORY])]).unique().sort()
    categories = (
        pl.DataFrame({"category": names})
        .with_row_index("category_code")
        .join(_departments(known), on="category", how="left", maintain_order="left")
        .select("category_code", "category", "department")
    )
    rows = (
        product_codes.join(known, left_on="id", right_on="product_id", how="left")
        .with_columns(pl.col("category").fill_null(NO_CATEGORY))
        .join(categories.select("category", "category_code"), on="category", how="left")
        .sort("code")
    )
    return Catalogue(
        categories=categories,
        category_of_product=rows["category_code"].cast(pl.Int64).to_numpy(),
        counted=rows["counted"].fill_null(True).to_numpy(),
        unstated=rows.filter(pl.col("counted").is_null())["code"].cast(pl.Int64).to_numpy(),
        stores=ranks_of(store_codes),
        channels=ranks_of(channel_codes),
        goods=None if goods_alone else rows["is_goods"].fill_null(True).to_numpy(),
    )


def without_fractions(catalogue: Catalogue, fractional: np.ndarray) -> Catalogue:
    """Return the catalogue in which those `unstated` products that were sold in non-whole quantities (`fractional`) are not counted."""
    counted = catalogue.counted.copy()
    counted[np.intersect1d(catalogue.unstated, fractional)] = False
    return replace(catalogue, counted=counted)


def _known_products(products: pl.DataFrame | None) -> pl.DataFrame:
    schema = {"product_id": pl.String, "category": pl.String, "department": pl.String, "counted": pl.Boolean, "is_goods": pl.Boolean}
    if products is None:
        return pl.DataFrame(schema=schema)
    columns = [pl.col(name) if name in products.columns else pl.lit(None, dtype).alias(name) for name, dtype in schema.items()]
    return products.select(columns).with_columns(pl.col("category", "department").replace("", None))


def _with_marks(known: pl.DataFrame, not_goods: pl.Series | None) -> pl.DataFrame:
    """Settle what is no goods: it stands in no category of goods and is not counted."""
    if not_goods is not None and len(not_goods):
        marked = not_goods.to_frame("product_id").with_columns(pl.lit(False).alias("mark"))
        known = known.join(marked, on="product_id", how="full", coalesce=True).with_columns(pl.coalesce("is_goods", "mark")).drop("mark")
    known = known.with_columns(pl.col("is_goods").fill_null(True))
    if known["is_goods"].all():
        return known
    return known.with_columns(
        pl.when("is_goods").then("category").otherwise(pl.lit(NOT_GOODS)).alias("category"),
        pl.when("is_goods").then("department").alias("department"),
        (pl.col("counted") & pl.col("is_goods")).alias("counted"),
    )


def _departments(known: pl.DataFrame) -> pl.DataFrame:
    """One department per category: the one with most of its products, ties to the name that sorts first."""
    return (
        known.drop_nulls(["category", "department"])
        .group_by("category", "department")
        .len()
        .sort("category", pl.col("len"), "department", descending=[False, True, False])
        .unique("category", keep="first", maintain_order=True)
        .select("category", "department")
    )
