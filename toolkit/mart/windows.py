"""Sums over a window of days, straight from the lines of those days: what a campaign's weeks are measured with.

The mart's tables hold all history up to its date; a review asks what the members of one campaign did in one window, by category, day or
store, and at what margin. Only files that hold days of the window are read, as a stream: memory grows with the rows that come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import polars as pl

from toolkit.errors import unknown_name
from toolkit.expressions import makes_order
from toolkit.mart.derived import stored_table
from toolkit.mart.folder import Mart
from toolkit.workspace import Workspace

KEYS: dict[str, str] = {
    "member": "member_code",
    "store": "store_code",
    "channel": "channel_code",
    "category": "category_code",
    "product": "product_code",
    "day": "day",
}
"""What sums can be made by, and the column that holds it."""

SUMS = (
    *("amount", "discount_amount", "promo_amount", "coupon_amount", "returned_amount", "units_milli", "order_units_milli"),
    *("costed_amount", "costed_margin_milli"),
)


def window_sums(
    ws: Workspace, mart: Mart, first: date, last: date, *, by: Sequence[str] = ("member",), members: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return what was bought from `first` to `last`, both included: one row per combination of `by` with a line there, sorted by it.

    Parameters
    ----------
    ws
        The workspace of the mart.
    mart
        Its `as_of` is the last day seen: a window that ends later is cut there.
    by
        Of KEYS: `("member",)`, `("member", "category")`, `("member", "day")`, `("store", "day")`, ...
    members
        Only these (column `member_code`); None = everybody, non-members included (member_code null).

    Returns
    -------
    DataFrame
        The columns of `by` (`member_code`, ..., `day` a Date); `orders` (orders, as `toolkit.mart.orders` says, with a line of goods there
        that is no return); `amount`, `discount_amount`, `promo_amount` (amount on discounted lines), `coupon_amount` (minor
        units); `returned_amount` (minor units above 0: lines of goods that are returns); `units_milli` (thousandths, counted goods, returns
        subtracted) and `order_units_milli` (the same in orders alone, as orders have it); `costed_amount` (amount
        of the lines whose product has a unit cost) and `costed_margin_milli` (thousandths of a minor unit: that amount minus quantity x
        unit cost, exact); `margin` (minor units, rounded half up once; null where some line's unit cost is not known). Without a line
        nobody has a row.

    Raises
    ------
    UnknownName
        A name in `by` that is not in KEYS.

    Example
    -------
    >>> window_sums(ws, view.mart, date(2024, 6, 1), date(2024, 6, 28), by=("store", "day"))
    """
    for name in by:
        if name not in KEYS:
            raise unknown_name("key", name, KEYS, where="window_sums")
    keys = [KEYS[name] for name in by]
    end = min(last, mart.as_of)
    name = f"window_sums-{first}-{end}-{'-'.join(by) or 'all'}"
    sums = stored_table(mart.path, name, lambda: _sums(ws, mart, first, end, keys))
    if members is None:
        return sums
    if "member" not in by:
        return _sums(ws, mart, first, end, keys, members)
    return sums.join(members.select("member_code"), on="member_code", how="semi", maintain_order="left")


def pieces_of_orders(ws: Workspace, mart: Mart, first: date, last: date, members: pl.DataFrame) -> pl.DataFrame:
    """Return the goods that members (`member_code`) bought in whole pieces from `first` to `last`: one row per order and product.

    `member_code`, `order_code`, `store_code`, `product_code`, `category_code`, `pieces` and `amount` (minor units), what the same order
    takes back subtracted; both above 0. Left out: what is sold by weight, what is no goods, and receipts that are no orders.
    """
    lines = _lines(ws, first, min(last, mart.as_of)).join(
        members.lazy().select(pl.col("member_code").cast(pl.UInt32)), on="member_code", how="semi"
    )
    products = _products(ws, mart).filter(pl.col("counted").fill_null(True), pl.col("is_goods")).select("product_code", "category_code")
    bought = (
        lines.join(products.lazy(), on="product_code")
        .join(mart.not_orders.lazy().select("order_code"), on="order_code", how="anti")
        .group_by("member_code", "order_code", "store_code", "product_code", "category_code")
        .agg(pl.col("quantity_milli", "amount").sum())
        .filter(pl.col("quantity_milli") > 0, pl.col("quantity_milli") % 1_000 == 0, pl.col("amount") > 0)
        .with_columns((pl.col("quantity_milli") // 1_000).alias("pieces"))
    )
    return bought.drop("quantity_milli").collect(engine="streaming").sort("member_code", "order_code", "product_code")


def _sums(ws: Workspace, mart: Mart, first: date, last: date, keys: list[str], members: pl.DataFrame | None = None) -> pl.DataFrame:
    lines = _lines(ws, first, last)
    if members is not None:
        lines = lines.join(members.lazy().select(pl.col("member_code").cast(pl.UInt32)), on="member_code", how="semi")
    amount, quantity, cost = pl.col("amount"), pl.col("quantity_milli"), pl.col("unit_cost")
    not_orders = mart.not_orders.lazy().with_columns(pl.lit(True).alias("no_order"))
    known = lines.join(_products(ws, mart).lazy(), on="product_code", how="left").join(not_orders, on="order_code", how="left")
    measured = known.with_columns(
        (pl.col("is_goods") & pl.col("no_order").is_null() & makes_order(quantity, amount)).alias("is_order"),
        pl.when(pl.col("discount_amount") > 0).then(amount).otherwise(0).alias("promo_amount"),
        pl.when(pl.col("is_goods") & ((quantity < 0) | (amount < 0))).then(-amount).otherwise(0).alias("returned_amount"),
        pl.when(pl.col("counted").fill_null(True)).then(quantity).otherwise(0).alias("units_milli"),
        pl.when(pl.col("counted").fill_null(True) & pl.col("no_order").is_null()).then(quantity).otherwise(0).alias("order_units_milli"),
        pl.when(cost.is_not_null()).then(amount).otherwise(0).alias("costed_amount"),
        (1_000 * amount - quantity * cost).fill_null(0).alias("costed_margin_milli"),
        pl.col("ordered_at").dt.date().alias("day"),
    )
    # Two levels, since an order counts once however many lines it has.
    within_order = measured.group_by([*keys, "order_code"]).agg(
        pl.col("is_order").any(), pl.col(*SUMS).sum(), cost.is_null().any().alias("unknown")
    )
    sums = [pl.col("is_order").cast(pl.Int64).sum().alias("orders"), pl.col(*SUMS).sum(), pl.col("unknown").any()]
    grouped = within_order.group_by(keys).agg(sums) if keys else within_order.select(sums)
    margin = (pl.col("costed_margin_milli") + 500) // 1_000
    window = grouped.with_columns(pl.when(~pl.col("unknown")).then(margin).alias("margin")).drop("unknown").collect(engine="streaming")
    return window.sort(keys, nulls_last=True) if keys else window


def _lines(ws: Workspace, first: date, last: date) -> pl.LazyFrame:
    """The lines of the window. Of a file that has no such day nothing is read."""
    files = ws.data_files([file.path for file in ws.manifest.line_files if file.first_day <= last and file.last_day >= first])
    if not files or first > last:
        return pl.scan_parquet(ws.data_files([file.path for file in ws.manifest.line_files])).head(0)
    start, end = datetime.combine(first, time()), datetime.combine(last + timedelta(days=1), time())
    return pl.scan_parquet(files).filter((pl.col("ordered_at") >= start) & (pl.col("ordered_at") < end))


def _products(ws: Workspace, mart: Mart) -> pl.DataFrame:
    """Category, whether it is goods and counted, and unit cost (minor units; null = not known) of each product: as the mart has them."""
    products = mart.all_products.select("product_code", "category_code", "counted", "is_goods")
    if not ws.has_column("products", "unit_cost"):
        return products.with_columns(pl.lit(None, pl.Int64).alias("unit_cost"))
    costs = pl.scan_parquet(ws.data_file(ws.manifest.tables["products"])).select("product_id", pl.col("unit_cost").cast(pl.Int64)).collect()
    codes = ws.codes("product").rename({"code": "product_code", "id": "product_id"})
    return products.join(codes.join(costs, on="product_id").select("product_code", "unit_cost"), on="product_code", how="left")
