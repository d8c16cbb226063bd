"""Baskets and whether their member came again: one row per member and shopping day, with what likens it to others and what befell it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl

from toolkit.mart.baskets import read_baskets
from toolkit.models.leaving import Goods
from toolkit.portrait.measures.stages import lifecycle_limits
from toolkit.scope.interruptions import cut_off, interruptions
from toolkit.scope.view import View

CODES = ("store", "month", "store_quarter", "visit", "spend", "worth", "tier")
"""In what like baskets agree: store; month; both, by quarter; how often and how fast the member came so far, and what they spent in the
half year; worth and number of goods; how dear the goods are within their categories."""
ELSEWHERE = ("month", "visit", "spend", "worth", "tier")
BEFORE = ("store", "of_year", "visit", "spend", "worth", "tier")
PACE_DAYS, SPEND_DAYS = 182, 91


@dataclass(frozen=True)
class Window:
    """Baskets of `start` to `end` are judged: nobody came again within `lost_days`. A year before, where receipts hold it, is `before`."""

    start: date
    end: date
    lost_days: int
    back_days: int
    before: tuple[date, date] | None
    before_from: date
    """First day from which the receipts would have to start for `before`."""


def window_of(view: View) -> Window | None:
    """Return the days whose baskets can be judged, for the whole chain; None where no limit is known or no day is old enough."""
    limits = lifecycle_limits(view)
    if limits.lapsed_days is None or limits.lapsing_days is None:
        return None
    end = view.as_of - timedelta(days=limits.lapsed_days)
    start = max(end - timedelta(days=view.settings.leaving.window_days - 1), view.first_day)
    if end <= start:
        return None
    year = timedelta(days=364)
    needed = start - year - timedelta(days=limits.lapsed_days)
    before = (start - year, end - year) if view.first_day <= needed and end - year < start else None
    return Window(start, end, limits.lapsed_days, limits.lapsing_days, before, needed)


def last_baskets(view: View, window: Window) -> pl.DataFrame:
    """Return the chain's baskets of the window (`in_window`) and of the year before it, sorted by member and day.

    Columns: `member_code`, `day`, `store_code`, `amount`, `in_window`, `lost` (no order within `lost_days`; of several of a member in one
    window the last), `next_days` (to the next order; null = none), `number` (order days so far), `mean_gap_days`, `again` (had come before,
    over more than `back_days`), `at_stake` (minor units: a quarter's spend at the pace of the half year up to it), `promo_share` (of
    earlier spend, from three days on).
    """
    by_day = (
        view.chain.orders.filter("is_order", pl.col("member_code").is_not_null())
        .with_columns(pl.col("ordered_at").dt.date().alias("day"))
        .group_by("member_code", "day")
        .agg(
            pl.col("store_code").sort_by("ordered_at", "order_code").last(),
            pl.col("amount", "promo_amount").sum(),
        )
        .collect(engine="streaming")
        .sort("member_code", "day")
    )
    mine, first = "member_code", pl.col("day").min().over("member_code")
    earlier = [(pl.col(name).cum_sum().over(mine) - pl.col(name)) for name in ("amount", "promo_amount")]
    number = pl.int_range(1, pl.len() + 1).over(mine)
    since = (pl.col("day") - first).dt.total_days()
    days = by_day.with_columns(
        (pl.col("day").shift(-1).over(mine) - pl.col("day")).dt.total_days().alias("next_days"),
        number.alias("number"),
        (since / (number - 1)).alias("mean_gap_days"),
        (since > window.back_days).alias("again"),
        (pl.col("amount").rolling_sum_by("day", f"{PACE_DAYS}d").over(mine) * SPEND_DAYS / PACE_DAYS).clip(0, None).alias("at_stake"),
        pl.when(number > 3).then(earlier[1] / pl.when(earlier[0] > 0).then(earlier[0])).alias("promo_share"),
        pl.col("day").is_between(window.start, window.end).alias("in_window"),
    )
    in_before = pl.col("day").is_between(*window.before) if window.before else pl.lit(False)
    lost = pl.col("next_days").is_null() | (pl.col("next_days") > window.lost_days)
    judged = days.filter((pl.col("in_window") | in_before) & ~_unseen(view, window))
    last = lost & (pl.col("day") == pl.col("day").filter(lost).max().over(mine, "in_window"))
    return judged.with_columns(last.fill_null(False).alias("lost"))


def _unseen(view: View, window: Window) -> pl.Expr:
    """Baskets after which nobody could be seen to come again: before receipts stop, ids change, or a channel or source falls silent."""
    found = interruptions(view)
    unseen, horizon = pl.lit(False), timedelta(days=window.lost_days)
    for row in found.filter(pl.col("kind").is_in(["gap", "ids"])).iter_rows(named=True):
        unseen |= pl.col("day").is_between(row["since"] - horizon, row["until"] or row["since"])
    away = cut_off(view).filter(pl.col("kind").is_in(["channel", "source", "ids"]))["member_code"]
    last = pl.col("day") == pl.col("day").max().over("member_code")
    return unseen | (pl.col("member_code").is_in(away.implode()) & last)


def basket_goods(view: View, baskets: pl.DataFrame) -> tuple[Goods, np.ndarray]:
    """Return what the baskets hold (goods by product code), and how dear the goods of each are within their categories (0 to 1)."""
    places = baskets.select("member_code", "day").with_row_index("row")
    parts = []
    for part in read_baskets(view.workspace, view.mart):
        orders = part.orders.lazy().with_row_index("order").filter(pl.col("member_code").is_not_null())
        placed = orders.with_columns(pl.col("ordered_at").dt.date().alias("day")).join(places.lazy(), on=["member_code", "day"])
        bought = part.goods.lazy().filter("is_bought").select("order", "product_code")
        parts.append(bought.join(placed.select("order", "row"), on="order").select("row", "product_code").unique())
    held = pl.concat(pl.collect_all(parts)).sort("row", "product_code")
    products = view.mart.products.filter(pl.col("units_milli") > 0)
    price = pl.col("amount") / pl.col("units_milli")
    dear = products.select("product_code", ((price.rank("average") - 0.5) / pl.len()).over("category_code").alias("dear"))
    tier = held.join(dear, on="product_code").group_by("row").agg(pl.col("dear").mean())
    of_row = places.select("row").join(tier, on="row", how="left", maintain_order="left")["dear"].fill_null(0.5).to_numpy()
    code = held["product_code"].to_numpy().astype(np.int32)
    return Goods(held["row"].to_numpy().astype(np.int32), code, int(code.max(initial=0)) + 1), of_row


def codes_of(baskets: pl.DataFrame, goods: Goods, dear: np.ndarray) -> pl.DataFrame:
    """Return the codes of `CODES` and `BEFORE` (Int32), a row a basket."""
    items = np.bincount(goods.row, minlength=baskets.height)
    number, month = pl.col("number"), pl.col("day").dt.year() * 12 + pl.col("day").dt.month()
    band = pl.when(number == 1).then(0).when(number == 2).then(1).when(number <= 5).then(2).otherwise(3)
    pace = ((pl.col("mean_gap_days").rank("average") / pl.col("mean_gap_days").count()) * 5).ceil().fill_null(0)
    worth, spend = (((pl.col(name).rank("average") - 0.5) / pl.len() * bands).floor() for name, bands in (("amount", 5), ("at_stake", 8)))
    store = pl.col("store_code").rank("dense") - 1
    return baskets.with_columns(pl.Series("items", items), pl.Series("dear", dear)).select(
        store.alias("store").cast(pl.Int32),
        (month - month.min()).alias("month").cast(pl.Int32),
        (store.cast(pl.Int32) * 200 + (month - month.min()) // 3).alias("store_quarter").rank("dense").cast(pl.Int32) - 1,
        (band * 6 + pace).cast(pl.Int32).alias("visit"),
        spend.cast(pl.Int32).alias("spend"),
        (worth * 5 + pl.col("items").clip(1, 20).log(2).floor()).cast(pl.Int32).alias("worth"),
        ((pl.col("dear").rank("average") - 0.5) / pl.len() * 3).floor().cast(pl.Int32).alias("tier"),
        pl.col("day").dt.month().cast(pl.Int32).alias("of_year"),
    )


def end_of(day: date) -> datetime:
    """Return the first moment after a day."""
    return datetime.combine(day + timedelta(days=1), time())
