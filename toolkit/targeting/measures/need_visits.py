"""Members' visits to a category: what stands in for what, and who of a good's buyers takes nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from toolkit.models.shares import poisson_interval
from toolkit.models.stand_ins import MOST_TOGETHER, TakeNothingElse, take_nothing_else, visits_together
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import By, good_names, scoped_parts

MOST_GOODS = 50
LEAST_REPEATERS = 30
"""Buyers seen with the need twice or more: of fewer nothing is told."""
_ALL = TakeNothingElse(1.0, 1.0, 1.0, np.ones(0))
_BLOCK_DAYS, _MONTH_DAYS = 91, 28


@dataclass(frozen=True)
class CategoryVisits:
    """Visits of members with a category in a window.

    `goods`, one row per good told apart, most buyers first: `good` (0..n-1), `goods` (label), `buyer_count`, `amount` (sales to members,
    minor units), `margin` (minor units, null = no cost known). `bought`, one row per visit and good: `member_code`, `visit`, `block`,
    `good`, `amount`. `visits`, all visits of their buyers: `block`, `visit`, `size`, `month`. `left_out` counts goods of too few buyers,
    or too many.
    """

    goods: pl.DataFrame
    bought: pl.DataFrame
    visits: pl.DataFrame
    left_out: int


@dataclass(frozen=True)
class Replaced:
    """Of one good: what stands in for it, who takes nothing else (None: too few to tell), and its buyers.

    `buyers`: `member_code`, `amount` (spent on the good, minor units), `visits`, `instead`, `chance` (to take nothing else).
    """

    stand_ins: tuple[int, ...]
    found: TakeNothingElse | None
    buyers: pl.DataFrame


def category_visits(view: View, period: Period, category: int, by: By, margins: pl.DataFrame) -> CategoryVisits:
    """Return the members' visits of a window with a category; `margins` names the `margin_share` of each `product_code`."""
    day = (pl.col("ordered_at").dt.date() - period.start).dt.total_days()
    inside, sizes, offset = [], [], 0
    for part in scoped_parts(view, period):
        orders = part.orders.drop_nulls("member_code").select(
            "order", "member_code", (day // _BLOCK_DAYS).alias("quarter"), (day // _MONTH_DAYS).alias("month")
        )
        goods = (
            part.goods.filter("is_bought").join(orders, on="order").with_columns((pl.col("order").cast(pl.Int64) + offset).alias("visit"))
        )
        sizes.append(goods.group_by("member_code", "quarter", "month", "visit").agg(pl.col("product_code").n_unique().alias("size")))
        inside.append(goods.filter(pl.col("category_code") == category).select("member_code", "quarter", "visit", "product_code", "amount"))
        offset += int(part.orders["order"].max() or 0) + 1  # type: ignore[arg-type]
    lines = pl.concat(inside).join(margins.select("product_code", "margin_share"), on="product_code", how="left")
    lines = lines.join(good_names(view, lines["product_code"].unique(), by), on="product_code")
    taken = lines.group_by("goods").agg(
        pl.col("member_code").n_unique().cast(pl.Int64).alias("buyer_count"),
        pl.col("amount").sum(),
        (pl.col("amount") * pl.col("margin_share")).sum().alias("margin"),
        pl.col("margin_share").is_null().any().alias("unknown"),
    )
    told = taken.filter(pl.col("buyer_count") >= view.least).sort("buyer_count", "goods", descending=[True, False]).head(MOST_GOODS)
    told = told.with_columns(pl.int_range(pl.len()).alias("good"), pl.when(~pl.col("unknown")).then("margin").alias("margin")).drop(
        "unknown"
    )
    all_visits = pl.concat(sizes).filter(pl.col("size") <= view.settings.goods.largest_basket)
    all_visits = all_visits.join(lines.select("member_code").unique(), on="member_code", how="semi")
    block = pl.col("member_code").cast(pl.Int64) * 1_000 + pl.col("quarter")
    bought = (
        lines.join(told.select("goods", "good"), on="goods")
        .join(all_visits.select("visit"), on="visit", how="semi")
        .group_by("member_code", block.alias("block"), "visit", "good")
        .agg(pl.col("amount").sum())
        .sort("member_code", "visit", "good")
    )
    return CategoryVisits(told, bought, all_visits.select(block.alias("block"), "visit", "size", "month"), taken.height - told.height)


def replaced(category: CategoryVisits, false_share: float) -> list[Replaced]:
    """Return what takes the place of each good, in the order of `category.goods`.

    Of two goods it is known that they stand in for each other, or that they do not (together more than half as often as chance has it, with
    the lower limit), or neither. Who would take nothing else: at most those who have taken no stand-in, and at least those who have taken
    none of the goods of which it is not known either.
    """
    count = category.goods.height
    together = visits_together(category.bought.select("block", "visit", "good"), category.visits, count)
    stands_in = together.stand_in(false_share)
    apart = poisson_interval(together.count)[0] > MOST_TOGETHER * together.expected
    maybe = ~apart & ~stands_in & ~np.eye(count, dtype=bool)
    return [_replaced(category.bought, good, *(tuple(np.flatnonzero(pairs[good]).tolist()) for pairs in (stands_in, maybe)))
            for good in range(count)]  # fmt: skip


def _replaced(bought: pl.DataFrame, good: int, stand_ins: tuple[int, ...], maybe: tuple[int, ...]) -> Replaced:
    buyers = _buyers(bought, good, stand_ins)
    if buyers.filter(pl.col("visits") > 1).height < LEAST_REPEATERS:
        return Replaced(stand_ins, None, buyers.with_columns(pl.lit(None, pl.Float64).alias("chance")))
    most = take_nothing_else(buyers["visits"].to_numpy(), buyers["instead"].to_numpy()) if stand_ins else _ALL
    least = most
    if maybe:
        generous = _buyers(bought, good, (*stand_ins, *maybe))
        least = take_nothing_else(generous["visits"].to_numpy(), generous["instead"].to_numpy())
    found = TakeNothingElse(most.share, min(least.low, most.low), most.high, most.chance)
    chance = pl.Series("chance", found.chance if stand_ins else [1.0] * buyers.height, dtype=pl.Float64)
    return Replaced(stand_ins, found, buyers.with_columns(chance))


def _buyers(bought: pl.DataFrame, good: int, others: tuple[int, ...]) -> pl.DataFrame:
    is_it = pl.col("good") == good
    need = bought.filter(is_it | pl.col("good").is_in(others))
    visits = need.group_by("member_code", "visit").agg(is_it.any().alias("with"), pl.col("amount").filter(is_it).sum())
    buyers = visits.group_by("member_code").agg(
        pl.col("amount").sum(), pl.len().cast(pl.Int64).alias("visits"), (~pl.col("with")).sum().cast(pl.Int64).alias("instead")
    )
    return buyers.filter(pl.col("instead") < pl.col("visits")).sort("member_code")
