"""The mart written a second time, naively: plain group-bys over joined tables, no packing, no runs, no batches.

Slow and obvious on purpose. Ids are strings here, so that results of two imports can be compared whatever codes they gave.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl


def naive_orders(lines: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """One row per order; `lines` as `readable_lines` gives them."""
    c = pl.col
    seen = lines.filter(c("ordered_at").dt.date() <= as_of)
    goods = seen.filter("is_goods", c("amount") != 0).group_by("order_id", "product_id").agg(c("amount", "quantity_milli").sum())
    kept = goods.filter((c("amount") != 0) | (c("quantity_milli") != 0))["order_id"]  # not cancelled in themselves
    orders = seen.group_by("order_id").agg(
        c("member_id", "ordered_at", "store_id", "channel").first(),
        is_order=((c("quantity_milli") >= 0) & (c("amount") > 0) & c("is_goods")).any(),
        amount=c("amount").sum(),
        discount_amount=c("discount_amount").sum(),
        promo_amount=c("amount").filter(c("discount_amount") > 0).sum(),
        coupon_amount=c("coupon_amount").sum(),
        units_milli=c("quantity_milli").filter(c("counted") & c("is_goods")).sum(),
        line_count=pl.len(),
    )
    return orders.with_columns(is_order=c("is_order") & c("order_id").is_in(kept.implode()), day=c("ordered_at").dt.date())


def naive_members(lines: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """One row per member with every feature, sorted by member_id."""
    c = pl.col
    orders = naive_orders(lines, as_of).filter(c("member_id").is_not_null())
    counting = orders.filter("is_order")
    members = orders.group_by("member_id").agg(
        order_count=c("is_order").sum(),
        return_order_count=(~c("is_order")).sum(),
        line_count=c("line_count").sum(),
        amount=c("amount").sum(),
        units_milli=c("units_milli").sum(),
        discount_amount=c("discount_amount").sum(),
        promo_amount=c("promo_amount").sum(),
        **{f"amount_{name}": c("amount").filter(_inside(as_of, *span)).sum() for name, span in _SPANS.items()},
        **{f"order_count_{name}": (c("is_order") & _inside(as_of, *span)).sum() for name, span in _SPANS.items()},
    )
    repeat = (
        orders.join(counting.group_by("member_id").agg(first=c("day").min()), on="member_id")
        .group_by("member_id")
        .agg(repeat_amount=c("amount").filter(c("day") > c("first")).sum())
    )
    for part in (
        _days(orders, counting, as_of),
        repeat,
        _favourite(counting, c("store_id"), "home_store_id", "home_store", "store_count"),
        _favourite(counting.filter(c("channel").is_not_null()), c("channel"), "top_channel", "top_channel"),
        _favourite(counting, c("ordered_at").dt.weekday().cast(pl.Int64), "top_weekday", "top_weekday"),
        _favourite(counting, (c("ordered_at").dt.hour() // 4).cast(pl.Int64), "top_hour_band", "top_hour_band"),
        _categories(lines, as_of),
    ):
        members = members.join(part, on="member_id", how="left")
    may_be_null = {"last_gap_days"}
    zero = [
        name for name, dtype in members.schema.items() if dtype.is_integer() and name not in may_be_null | {"top_weekday", "top_hour_band"}
    ]
    return members.with_columns(c(zero).fill_null(0)).sort("member_id")


def naive_member_category(lines: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """One row per member x category of goods, sorted."""
    c = pl.col
    orders = naive_orders(lines, as_of).filter("is_order")
    bought = (c("quantity_milli") > 0) & c("order_id").is_in(orders["order_id"].implode())
    return (
        lines.filter(c("ordered_at").dt.date() <= as_of, c("member_id").is_not_null(), "is_goods")
        .group_by("member_id", "category")
        .agg(
            order_count=c("order_id").filter(bought).n_unique(),
            day_count=c("ordered_at").dt.date().filter(bought).n_unique(),
            amount=c("amount").sum(),
            units_milli=c("quantity_milli").filter("counted").sum(),
            priced_amount=c("amount").filter(bought & c("counted")).sum(),
            priced_units_milli=c("quantity_milli").filter(bought & c("counted")).sum(),
        )
        .sort("member_id", "category")
    )


_SPANS = {"28d": (0, 28), "91d": (0, 91), "prev_91d": (91, 182), "365d": (0, 365)}


def _inside(as_of: date, nearest: int, furthest: int) -> pl.Expr:
    return (pl.col("day") > as_of - timedelta(days=furthest)) & (pl.col("day") <= as_of - timedelta(days=nearest))


def _days(orders: pl.DataFrame, counting: pl.DataFrame, as_of: date) -> pl.DataFrame:
    c = pl.col
    days = (
        orders.group_by("member_id", "day")
        .agg(c("amount", "promo_amount", "coupon_amount").sum())
        .join(counting.select("member_id", "day").unique(), on=["member_id", "day"])
        .sort("member_id", "day")
        .with_columns(gap=c("day").diff().over("member_id").dt.total_days(), odd=c("day").to_physical() % 2 == 1)
    )
    share = ((20_000 * c("promo_amount") + c("amount")) // (2 * c("amount"))).clip(0, 10_000)
    sold, coupon, odd = c("amount") > 0, c("coupon_amount") > 0, c("odd")
    return days.group_by("member_id", maintain_order=True).agg(
        first_ordered_on=c("day").min(),
        last_ordered_on=c("day").max(),
        day_count=pl.len(),
        active_month_count=c("day").dt.truncate("1mo").n_unique(),
        coupon_day_count=coupon.sum(),
        promo_days_odd=(sold & odd).sum(),
        promo_days_even=(sold & ~odd).sum(),
        promo_bp_odd=share.filter(sold & odd).sum(),
        promo_bp_even=share.filter(sold & ~odd).sum(),
        promo_bp_sq=(share * share).filter(sold).sum(),
        coupon_days_odd=odd.sum(),
        coupon_days_even=(~odd).sum(),
        coupon_bp_odd=10_000 * (coupon & odd).sum().cast(pl.Int64),
        coupon_bp_even=10_000 * (coupon & ~odd).sum().cast(pl.Int64),
        coupon_bp_sq=100_000_000 * coupon.sum().cast(pl.Int64),
        **{f"day_count_{days}d": (c("day") > as_of - timedelta(days=days)).sum() for days in (28, 56, 91)},
        gap_days_mean=c("gap").mean(),
        gap_days_std=c("gap").std(),
        last_gap_days=c("gap").last(),
    )


def _favourite(orders: pl.DataFrame, option: pl.Expr, name: str, count: str, distinct: str | None = None) -> pl.DataFrame:
    counts = orders.group_by("member_id", option.alias("option")).len().sort("member_id", -pl.col("len").cast(pl.Int64), "option")
    best = counts.group_by("member_id", maintain_order=True).agg(
        pl.col("option").first().alias(name), pl.col("len").first().alias(f"{count}_order_count"), pl.len().alias(distinct or "options")
    )
    return best if distinct else best.drop("options")


def _categories(lines: pl.DataFrame, as_of: date) -> pl.DataFrame:
    c = pl.col
    pairs = naive_member_category(lines, as_of)
    bought = pairs.filter(c("order_count") > 0).sort("member_id", -c("amount"), "category")
    best = bought.group_by("member_id", maintain_order=True).agg(
        category_count=pl.len(), top_category=c("category").first(), top_category_amount=c("amount").first()
    )
    usual = pairs.group_by("category").agg(money=c("priced_amount").sum(), goods=c("priced_units_milli").sum()).filter(c("goods") > 0)
    price = (2 * c("money").cast(pl.Int128) * 10**9 + c("goods")) // (2 * c("goods").cast(pl.Int128))
    cost = (c("priced_units_milli").cast(pl.Int128) * c("price").fill_null(0)).sum()
    expected = (
        pairs.join(usual.select("category", price=price), on="category", how="left")
        .group_by("member_id")
        .agg(priced_amount=c("priced_amount").sum(), expected_amount=((2 * cost + 10**9) // (2 * 10**9)).cast(pl.Int64))
    )
    return expected.join(best, on="member_id", how="left")
