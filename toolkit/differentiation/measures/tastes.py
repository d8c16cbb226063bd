"""What members buy, how long ago, and what is too recent to be offered: arrays of members x categories, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from toolkit.mart.catalogue import NO_CATEGORY
from toolkit.mart.rhythms import MICRO, RHYTHM_FROM
from toolkit.mart.sequences import sequences_of
from toolkit.models.affinity import affinity_index, buying_probability, expected_days
from toolkit.scope.view import View
from toolkit.targeting.measures.due_list import due_rhythms
from toolkit.targeting.measures.goods import window_of
from toolkit.targeting.measures.pairs import found_pairs

CELLS_AT_ONCE = 1_500_000
"""Members x categories of a batch: bounds the memory."""
NEVER = 1e6
"""Days since the last purchase of what was never bought."""
_OWN_GAPS = 2.0  # so many gaps of the category stand beside the member's own
_LEAST_KNOWN_DAYS = 28
_MISSED = 0.05  # for each purchase missed, this part of one: found with the next on the Complete Journey and a simulated shop, where
_STAYS = 0.95  # of the surest a tenth do not buy, since habits also end at once; means of promise and truth then differ by .02 and .06


@dataclass(frozen=True)
class ShopGoods:
    """The categories of a shop, by category_code: what members share of their days they have, and how long one lasts.

    `wait` is the stated service life, else the middle closed gap between two purchases by one member (days; nan = not known); `is_stated`
    tells which; `is_offered` is false for goods without a category.
    """

    names: list[str]
    share: np.ndarray
    buyer_count: np.ndarray
    wait: np.ndarray
    is_stated: np.ndarray
    is_offered: np.ndarray


@dataclass(frozen=True)
class Tastes:
    """Members (rows, by member_code) x categories (columns, by category_code).

    `days`: shopping days with it; `elapsed`: days since the last (NEVER = never bought); `wait`: days until the member would buy it again,
    nan where nothing is known; `product`: code of the product last taken (-1 = none).
    """

    goods: ShopGoods
    members: pl.DataFrame
    days: np.ndarray
    elapsed: np.ndarray
    wait: np.ndarray
    product: np.ndarray

    @cached_property
    def expected(self) -> np.ndarray:
        """Days the member would have with the shop's taste."""
        return expected_days(self.days, self.goods.share)

    @cached_property
    def index(self) -> np.ndarray:
        """Affinity, shrunk: 1 = as everybody."""
        return affinity_index(self.days, self.expected)

    def too_recent(self, least_days: int, wait_share: float) -> np.ndarray:
        """Whether it was bought within `least_days`, or within that share of the usual wait."""
        return self.elapsed < np.fmax(least_days, wait_share * self.wait)

    def probability(self, within_days: int) -> np.ndarray:
        """P(buys it in the next `within_days`): the member's taste, at their pace; a habit that was missed for a while weighs less.

        Pace: that of the last 91 days, mixed with that of the past at half the weight. Each time that the member should have bought it
        since the last purchase and did not, a part of the habit is taken for gone (_MISSED).
        """
        known = self.members["known_days"].to_numpy()
        days, lately = (self.members[name].cast(pl.Float64).to_numpy() for name in ("day_count", "day_count_91d"))
        usual = days / np.maximum(known, _LEAST_KNOWN_DAYS)
        pace = (lately / np.minimum(np.maximum(known, _LEAST_KNOWN_DAYS), 91) + usual / 2) / 1.5
        ahead = pace * within_days / np.maximum(days, 1)
        since = np.minimum(self.elapsed, np.maximum(known, _LEAST_KNOWN_DAYS)[:, None])
        missed = self.index * self.expected * since / np.maximum(known, _LEAST_KNOWN_DAYS)[:, None]
        still = 1 / (1 + _MISSED * np.where(self.days > 0, missed, 0))
        return _STAYS * buying_probability(self.days, self.expected, self.expected * ahead[:, None] * still)


def shop_goods(view: View) -> ShopGoods:
    """Return the categories of the chain as of the view's day."""
    table = view.chainwide("shop_goods", _goods_table, "sequences", "scope").sort("category_code")
    size = int(view.categories["category_code"].max() or 0) + 1  # type: ignore[arg-type]
    days, buyers, wait = np.zeros(size), np.zeros(size, dtype=np.int64), np.full(size, np.nan)
    stated, offered, names = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool), [""] * size
    code = table["category_code"].to_numpy()
    days[code], buyers[code], wait[code] = table["days"], table["buyer_count"], table["wait_days"].fill_null(np.nan)
    stated[code] = table["is_stated"]
    for number, name in view.categories.select("category_code", "category").rows():
        names[number], offered[number] = name, name != NO_CATEGORY
    days[~offered] = 0
    return ShopGoods(names, days / max(days.sum(), 1), buyers, wait, stated, offered & (buyers > 0))


def attach_indices(view: View) -> np.ndarray:
    """Return categories x categories: at least how many times as often as by chance the two stand in one order; 0 = no pair by the test."""
    size = int(view.categories["category_code"].max() or 0) + 1  # type: ignore[arg-type]
    attach = np.zeros((size, size), dtype=np.float32)
    pairs = found_pairs(view.chain, window_of(view.chain), "category", "order").pairs
    first, second, low = (pairs[name].to_numpy() for name in ("first", "second", "together_index_low"))
    attach[first, second] = attach[second, first] = low
    return attach


def _goods_table(view: View) -> pl.DataFrame:
    found = sequences_of(view.workspace, view.mart)
    sums = found.rhythms.group_by("category_code").agg(
        pl.col("day_count").cast(pl.Int64).sum().alias("days"), pl.len().cast(pl.Int64).alias("buyer_count")
    )
    gaps = found.gaps.group_by("category_code", "gap_days").agg(pl.col("gap_count").sum()).sort("category_code", "gap_days")
    half = pl.col("gap_count").cum_sum() >= pl.col("gap_count").sum() / 2
    middle = gaps.group_by("category_code").agg(pl.col("gap_days").filter(half).first().cast(pl.Float64).alias("middle_days"))
    lives = due_rhythms(view).select(pl.col("good_code").alias("category_code"), "life_days")
    return (
        sums.collect(engine="streaming")
        .join(middle, on="category_code", how="left")
        .join(lives, on="category_code", how="left")
        .select(
            "category_code",
            "days",
            "buyer_count",
            pl.coalesce("life_days", "middle_days").alias("wait_days"),
            pl.col("life_days").is_not_null().alias("is_stated"),
        )
    )


def tastes_of(view: View, goods: ShopGoods, members: pl.DataFrame | None = None) -> Iterator[Tastes]:
    """Yield the tastes of the chain's members, or of some of them (column `member_code`), in batches of whole members.

    Each part of the kept sequences is read once; memory is bounded by a part and CELLS_AT_ONCE, time grows with the members. Members who
    bought nothing with a category are in no batch.
    """
    wanted = _members(view, members)
    size = len(goods.names)
    for path in sorted((sequences_of(view.workspace, view.mart).path / "rhythms").glob("part-*.arrow")):
        rows = pl.scan_ipc(path).join(wanted.lazy().select("member_code"), on="member_code", how="semi").collect()
        if rows.is_empty():
            continue
        codes = rows["member_code"].unique().sort()
        most = max(CELLS_AT_ONCE // size, 1)
        for start in range(0, len(codes), most):
            some = codes[start : start + most]
            inside = rows.filter(pl.col("member_code").is_between(some[0], some[-1]))
            yield _tastes(view, goods, wanted.filter(pl.col("member_code").is_in(some.implode())), inside)


def _members(view: View, members: pl.DataFrame | None) -> pl.DataFrame:
    known = (pl.lit(view.as_of) - pl.col("first_ordered_on")).dt.total_days() + 1
    everybody = view.population.select(
        "member_code", "day_count", "day_count_91d", known.cast(pl.Float64).fill_null(1).alias("known_days")
    ).sort("member_code")
    return (
        everybody if members is None else everybody.join(members.select("member_code"), on="member_code", how="semi", maintain_order="left")
    )


def _tastes(view: View, goods: ShopGoods, members: pl.DataFrame, rows: pl.DataFrame) -> Tastes:
    shape = (members.height, len(goods.names))
    at = np.searchsorted(members["member_code"].to_numpy(), rows["member_code"].to_numpy()), rows["category_code"].to_numpy()
    days = np.zeros(shape)
    days[at] = rows["day_count"]
    days[:, ~goods.is_offered] = 0
    elapsed = np.full(shape, NEVER)
    elapsed[at] = rows.select((pl.lit(view.as_of) - pl.col("last_day")).dt.total_days()).to_series()
    product = np.full(shape, -1, dtype=np.int64)
    product[at] = rows["product_code"]
    wait = np.broadcast_to(goods.wait, shape).copy()
    gaps = rows["day_count"].cast(pl.Float64).to_numpy() - 1
    usual = goods.wait[at[1]]
    centre = np.log(np.where(np.isfinite(usual) & (usual > 0), usual, 1.0))
    own = np.exp((rows["gap_log_micro"].to_numpy() / MICRO + _OWN_GAPS * centre) / (gaps + _OWN_GAPS))
    has_own = (gaps >= RHYTHM_FROM - 1) & np.isfinite(usual) & ~goods.is_stated[at[1]]
    wait[at] = np.where(has_own, own, usual)
    return Tastes(goods, members, days, elapsed, wait, product)
