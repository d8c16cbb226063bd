"""What speaks for a good: affinity of an audience, margin, attach, stock cover, novelty, price; one column each, null = not measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import polars as pl

from toolkit.differentiation.measures.tastes import shop_goods
from toolkit.language import tr
from toolkit.mart.baskets import Part
from toolkit.mart.catalogue import NO_CATEGORY
from toolkit.mart.margins import category_margins, product_margins
from toolkit.mart.windows import window_sums
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import Level, scoped_parts
from toolkit.targeting.measures.pairs import found_pairs

FACTORS = ("affinity", "margin", "attach", "stock", "novelty", "price")
_PACE_DAYS = 91
_STAPLES = 15
"""Goods of the audience, most buyers first, to which others attach."""
_PRICE_SPREAD = 0.35
"""Spread of prices within a category on the log scale: a good so far from what is wanted counts .61 of one that meets it."""


@dataclass
class Candidates:
    """Goods with their factors: `table`, one row per good, and `missing`: factor -> why it is not measured."""

    table: pl.DataFrame
    buyers: int
    missing: dict[str, str] = field(default_factory=dict)


def candidates(view: View, period: Period, level: Level, *, price_step: float) -> Candidates:
    """Return the goods that may be offered to the members in scope, with every factor.

    Columns: `good` (code), `category_code`, `buyer_count` (members in scope who bought it), `all_buyer_count` (of the chain),
    `affinity_rate` (0..1: share of the audience that buys it, shrunk to the chain's), `affinity_index` (against the chain's),
    `recent_share` (0..1 of the members in scope: bought it too recently), `order_count`; `margin_share`; `attach_index` (lower limit),
    `goes_with` (code), `attach_count` (orders with both); `on_hand_count`, `stock_days`; `launched_days` or `new_sales_share`;
    `price_tier_index`, `price_fit` (0..1).
    """
    goods = Candidates(*_bought(view, period, level))
    for add in (_margins, _attach, _stock, _novelty):
        add(view, goods, period, level)
    _price(view, goods, level, price_step)
    return goods


def _bought(view: View, period: Period, level: Level) -> tuple[pl.DataFrame, int]:
    """Who bought what in the period: in scope, and across the chain."""
    name, families = f"goods-buyers-{level}-{period.start}-{period.end}", ("playbook", "sequences", "scope")
    whole = view.chainwide(name, lambda chain: _buyers(chain, period, level), *families)
    own = whole if view.scope.is_chain else _buyers(view, period, level)
    count, everybody = int(own["member_count"].max() or 0), int(whole["member_count"].max() or 0)  # type: ignore[arg-type]
    base = whole.select("good", pl.col("buyer_count").alias("all_buyer_count"))
    counted = base.join(own.drop("member_count"), on="good", how="left", maintain_order="left")
    counted = counted.with_columns(pl.col("buyer_count", "recent_count", "order_count").fill_null(0))
    usual = pl.col("all_buyer_count") / max(everybody, 1)
    prior = view.settings.playbook.affinity_prior_members
    counted = _with_category(view, counted, level)
    like = pl.lit(1.0)
    if level == "product":  # of a product that few have bought, its category tells what the audience thinks of it
        categories, _ = _bought(view, period, "category")
        counted = counted.join(
            categories.select("category_code", pl.col("affinity_index").alias("like")),
            on="category_code",
            how="left",
            maintain_order="left",
        ).with_columns(pl.col("like").fill_null(1.0))
        like = pl.col("like")
    # Of so few buyers nothing is said, beyond what is known of all or of the category.
    few = pl.col("buyer_count").is_between(1, view.least - 1)
    rate = (pl.col("buyer_count") + prior * usual * like) / (count + prior)
    named = counted.with_columns(pl.when(few).then(usual * like).otherwise(rate).clip(0, 1).alias("affinity_rate")).with_columns(
        (pl.col("affinity_rate") / usual).alias("affinity_index"),
        (pl.col("recent_count") / max(view.members.height, 1)).alias("recent_share"),
    )
    return named.drop("recent_count", "like", strict=False), count


def _with_category(view: View, goods: pl.DataFrame, level: Level) -> pl.DataFrame:
    named = view.categories.filter(pl.col("category") != NO_CATEGORY).select("category_code")
    if level == "category":
        return goods.with_columns(pl.col("good").alias("category_code")).join(named, on="category_code", how="semi", maintain_order="left")
    of_product = view.mart.products.select(pl.col("product_code").alias("good"), "category_code")
    return goods.join(of_product, on="good", how="left", maintain_order="left")


def _buyers(view: View, period: Period, level: Level) -> pl.DataFrame:
    """One row per good: members who bought it, those who did too recently, orders; and `member_count`, members who bought anything."""
    settings, wait = view.settings.playbook, shop_goods(view).wait
    limit = np.fmax(settings.recent_days, settings.recent_wait_share * wait)
    limits = pl.DataFrame({"category_code": np.arange(len(wait), dtype=np.uint32), "limit_days": limit})
    parts, members = [], 0
    for part in scoped_parts(view, period):
        people = part.orders.filter(pl.col("member_code").is_not_null())
        bought = _member_goods(part, people, level)
        members += bought["member_code"].n_unique()
        elapsed = (pl.lit(view.as_of) - pl.col("last_day")).dt.total_days()
        parts.append(
            bought.join(limits, on="category_code", how="left")
            .group_by("good")
            .agg(
                pl.len().cast(pl.Int64).alias("buyer_count"),
                (elapsed < pl.col("limit_days")).sum().cast(pl.Int64).alias("recent_count"),
                pl.col("order_count").sum(),
            )
        )
    sums = pl.concat(parts).group_by("good").agg(pl.col("buyer_count", "recent_count", "order_count").sum()) if parts else _NOTHING
    return sums.with_columns(pl.lit(members, pl.Int64).alias("member_count")).sort("good")


_NOTHING = pl.DataFrame(schema={"good": pl.UInt32, "buyer_count": pl.Int64, "recent_count": pl.Int64, "order_count": pl.Int64})


def _member_goods(part: Part, people: pl.DataFrame, level: Level) -> pl.DataFrame:
    days = people.lazy().select("order", "member_code", pl.col("ordered_at").dt.date().alias("day"))
    return (
        part.goods.lazy()
        .filter("is_bought")
        .select("order", "category_code", pl.col(f"{level}_code").alias("good"))
        .unique()
        .join(days, on="order")
        .group_by("member_code", "good")
        .agg(pl.col("day").max().alias("last_day"), pl.len().cast(pl.Int64).alias("order_count"), pl.col("category_code").first())
        .collect()
    )


def _margins(view: View, goods: Candidates, _period: Period, level: Level) -> None:
    known = (category_margins if level == "category" else product_margins)(view.workspace, view.mart)
    goods.table = goods.table.join(
        known.select(pl.col(f"{level}_code").alias("good"), "margin_share"), on="good", how="left", maintain_order="left"
    )
    if not view.has_column("products", "unit_cost"):
        goods.missing["margin"] = tr("the products table has no `unit_cost` column")


def _attach(view: View, goods: Candidates, period: Period, level: Level) -> None:
    pairs = found_pairs(view.chain, period, level, "order").pairs
    both = ["first", "second"]
    sides = pl.concat(
        [
            pairs.select(pl.col(a).alias("good"), pl.col(b).alias("goes_with"), "together_index_low", "both_count")
            for a, b in (both, both[::-1])
        ]
    ).with_columns(pl.col("good", "goes_with").cast(pl.UInt32))
    staples = (
        goods.table.filter(pl.col("buyer_count") >= max(view.least, 1))
        .sort("buyer_count", "good", descending=[True, False])
        .head(_STAPLES)["good"]
    )
    best = (
        sides.filter(pl.col("goes_with").is_in(staples.implode()))
        .sort("together_index_low", "goes_with", descending=[True, False])
        .group_by("good", maintain_order=True)
        .agg(
            pl.col("together_index_low").first().alias("attach_index"),
            pl.col("goes_with").first(),
            pl.col("both_count").first().alias("attach_count"),
        )
    )
    goods.table = goods.table.join(best, on="good", how="left", maintain_order="left")
    if best.is_empty():
        goods.missing["attach"] = tr("no good passes the test of going together with what they buy most")
    else:  # tested and not found is no attach, not an attach that is not known
        goods.table = goods.table.with_columns(pl.col("attach_index").fill_null(1.0))


def _stock(view: View, goods: Candidates, _period: Period, level: Level) -> None:
    stock = view.workspace.table("stock")
    empty = [pl.lit(None, pl.Float64).alias(name) for name in ("on_hand_count", "stock_days")]
    if stock is None:
        goods.table = goods.table.with_columns(empty)
        goods.missing["stock"] = tr("there is no stock table")
        return
    counted = stock.filter(pl.col("counted_on") <= view.as_of).collect()
    if view.scope.is_place:
        counted = counted.join(_stores(view), on="store_id", how="semi")
    last = counted.filter(pl.col("counted_on") == pl.col("counted_on").max().over("store_id", "product_id"))
    codes = view.workspace.codes("product").rename({"code": "product_code", "id": "product_id"})
    held = last.join(codes, on="product_id").group_by("product_code").agg(pl.col("on_hand").clip(0, None).sum())
    if held.is_empty():
        goods.table = goods.table.with_columns(empty)
        goods.missing["stock"] = tr("nothing was counted up to {as_of}", as_of=view.as_of)
        return
    days = min(_PACE_DAYS, (view.as_of - view.first_day).days + 1)
    first = view.as_of - timedelta(days=days - 1)
    sold = window_sums(view.workspace, view.mart, first, view.as_of, by=("store", "product") if view.scope.is_place else ("product",))
    if view.scope.is_place:
        sold = sold.join(_stores(view), on="store_code", how="semi")
    units = sold.group_by("product_code").agg(pl.col("units_milli").sum() / 1000)
    products = view.mart.products.select("product_code", "category_code", "counted").filter("counted")
    both = (
        products.join(held, on="product_code").join(units, on="product_code", how="left").with_columns(pl.col("units_milli").fill_null(0))
    )
    sums = both.group_by(pl.col(f"{level}_code").alias("good")).agg(
        pl.col("on_hand").sum().alias("on_hand_count"), pl.col("units_milli").sum().alias("sold")
    )
    cover = pl.when(pl.col("sold") > 0).then(pl.col("on_hand_count") / pl.col("sold") * days).otherwise(
        pl.when(pl.col("on_hand_count") > 0).then(pl.lit(float(days * 10))).otherwise(0.0))  # fmt: skip
    table = sums.select("good", "on_hand_count", cover.alias("stock_days"))
    goods.table = goods.table.join(table, on="good", how="left", maintain_order="left")


def _stores(view: View) -> pl.DataFrame:
    """The stores of a place: store_id, store_code."""
    column, value = ("store_id", view.scope.store_id) if view.scope.store_id is not None else ("region", view.scope.region)
    return view.stores.filter(pl.col(column) == value).select("store_id", "store_code")


def _novelty(view: View, goods: Candidates, _period: Period, level: Level) -> None:
    name = "launched_days" if level == "product" else "new_sales_share"
    if not view.has_column("products", "launched_on"):
        goods.table = goods.table.with_columns(pl.lit(None, pl.Float64).alias(name))
        goods.missing["novelty"] = tr("the products table has no `launched_on` column")
        return
    table = view.workspace.table("products")
    codes = view.workspace.codes("product").rename({"code": "product_code", "id": "product_id"})
    launched = codes.join(table.select("product_id", "launched_on").collect(), on="product_id")  # type: ignore[union-attr]
    age = (pl.lit(view.as_of) - pl.col("launched_on")).dt.total_days()
    ages = view.mart.products.select("product_code", "category_code", "amount").join(launched, on="product_code", how="left")
    if level == "product":
        known = ages.select(pl.col("product_code").alias("good"), pl.when(age >= 0).then(age).cast(pl.Float64).alias(name))
    else:
        new = age.is_between(0, view.settings.playbook.novelty_days).fill_null(False)
        money = pl.col("amount").clip(0, None)
        total = money.sum()
        known = ages.group_by(pl.col("category_code").alias("good")).agg(
            pl.when(total > 0).then(money.filter(new).sum() / total).alias(name)
        )
    goods.table = goods.table.join(known, on="good", how="left", maintain_order="left")


def _price(view: View, goods: Candidates, level: Level, step: float) -> None:
    empty = [pl.lit(None, pl.Float64).alias(name) for name in ("price_tier_index", "price_fit")]
    sums = view.members.select(pl.col("priced_amount", "expected_amount").sum()).row(0)
    if level == "category" or not sums[0] or not sums[1] or sums[0] <= 0 or sums[1] <= 0:
        goods.table = goods.table.with_columns(empty)
        goods.missing["price"] = (
            tr("a category has no price tier of its own; ask for level='product'")
            if level == "category"
            else tr("they bought no counted goods")
        )
        return
    wanted = sums[0] / sums[1] * step
    usual = view.categories.select("category_code", (pl.col("priced_amount") / pl.col("priced_units_milli")).alias("usual"))
    told = pl.col("counted") & (pl.col("units_milli") > 0) & (pl.col("amount") > 0)
    prices = view.mart.products.filter(told).join(usual, on="category_code").with_columns(
        (pl.col("amount") / pl.col("units_milli") / pl.col("usual")).alias("price_tier_index")
    )  # fmt: skip
    distance = (pl.col("price_tier_index") / wanted).log() / _PRICE_SPREAD
    known = prices.filter(pl.col("price_tier_index").is_finite()).select(
        pl.col("product_code").alias("good"), "price_tier_index", (-(distance**2) / 2).exp().alias("price_fit")
    )
    goods.table = goods.table.join(known, on="good", how="left", maintain_order="left")
