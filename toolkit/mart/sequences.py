"""What the mart leaves out because it sums over time: first shopping days, first baskets, and the rhythm of each member in each
category and in the products that they buy again and again.

Made from the lines once per mart, batch by batch, when the first question about sequences is asked, and kept beside the mart.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from toolkit.atomic import private_folder, written_beside
from toolkit.disk import cannot_write, with_spare
from toolkit.engine import engine_of
from toolkit.integrity import folder_faults, seal_folder
from toolkit.mart.batches import Batch, plan_batches, read_slices
from toolkit.mart.folder import Mart
from toolkit.mart.rhythms import Goods, goods_of, tables_of
from toolkit.schemas import STORED_LINES
from toolkit.workspace import Workspace

VISITS = 3
"""Shopping days of a member of which the categories are kept: first, second and third purchase."""
LINES_AT_ONCE = 500_000
_FOLDER = "sequences-6"  # the number is that of the layout

FIRST_DAYS = pl.Schema(
    {
        "member_code": pl.UInt32,
        "visit": pl.UInt32,  # 1 = the member's first shopping day
        "day": pl.Date,
        "category_code": pl.UInt32,
        "amount": pl.Int64,  # minor units of the category on that day
    }
)
FIRST_PRODUCTS = pl.Schema({"member_code": pl.UInt32, "product_code": pl.UInt32})
"""What a member bought on the first shopping day."""
RHYTHMS = pl.Schema(
    {
        "member_code": pl.UInt32,
        "category_code": pl.UInt32,
        "first_day": pl.Date,
        "last_day": pl.Date,
        "product_code": pl.UInt32,  # of the last day: most money, ties to the product_id that sorts first
        "day_count": pl.UInt32,
        "early_day_count": pl.UInt32,  # of these, in the first half of the receipts' days
        # Natural logarithms of the days between purchases (day_count - 1 of them) in millionths: integers add up the same in any order.
        "gap_log_micro": pl.Int64,
        "gap_log_sq_micro": pl.Int64,
        # The first purchase of the receipts' second half that has a rhythm before it: forecasts are tried on it. Null = there is none.
        "trial_day": pl.Date,
        "trial_gap_count": pl.UInt32,  # gaps before it ...
        "trial_gap_log_micro": pl.Int64,  # ... and the sum of their logarithms
        "trial_next_day": pl.Date,  # the purchase after it
    }
)
PRODUCT_RHYTHMS = pl.Schema({"product_code" if name == "category_code" else name: kind for name, kind in RHYTHMS.items()
                             if name != "product_code"})  # fmt: skip
GAPS = pl.Schema(
    {
        "category_code": pl.UInt32,
        "is_later": pl.Boolean,  # the gap after a member's third or a later purchase
        "gap_days": pl.Int64,
        "gap_count": pl.Int64,
    }
)

PRODUCT_GAPS = pl.Schema({"product_code": pl.UInt32, **{name: kind for name, kind in GAPS.items() if name != "category_code"}})
_TABLES = {
    "first_days": FIRST_DAYS,
    "first_products": FIRST_PRODUCTS,
    "rhythms": RHYTHMS,
    "gaps": GAPS,
    "product_rhythms": PRODUCT_RHYTHMS,
    "product_gaps": PRODUCT_GAPS,
}


@dataclass(frozen=True)
class Sequences:
    """Frames derived from the lines; members only, goods bought in orders (returns left out), up to the mart's `as_of`.

    `first_days`: one row per member x shopping day (the first three) x category. `first_products`: one row per member x product of the
    first shopping day. `rhythms`: one row per member x category. `gaps`: how often each number of days lay between two purchases of a
    category by one member. `product_rhythms`, `product_gaps`: the same of products, for members who bought one three times or more; with a
    stated service life, for all. `middle`: first day of the second half of the receipts.
    """

    path: Path
    middle: date

    @property
    def first_days(self) -> pl.LazyFrame:
        """Schema FIRST_DAYS."""
        return pl.scan_ipc(self.path / "first_days" / "part-*.arrow")

    @property
    def first_products(self) -> pl.LazyFrame:
        """Schema FIRST_PRODUCTS."""
        return pl.scan_ipc(self.path / "first_products" / "part-*.arrow")

    @property
    def rhythms(self) -> pl.LazyFrame:
        """Schema RHYTHMS."""
        return pl.scan_ipc(self.path / "rhythms" / "part-*.arrow")

    @property
    def product_rhythms(self) -> pl.LazyFrame:
        """Schema PRODUCT_RHYTHMS."""
        return pl.scan_ipc(self.path / "product_rhythms" / "part-*.arrow")

    @property
    def gaps(self) -> pl.DataFrame:
        """Schema GAPS, sorted."""
        return _added(pl.scan_ipc(self.path / "gaps" / "part-*.arrow")).collect(engine="streaming")

    def product_gaps(self, minimum_gaps: int) -> pl.DataFrame:
        """Schema PRODUCT_GAPS, sorted; products with fewer closed gaps left out."""
        parts = pl.scan_ipc(self.path / "product_gaps" / "part-*.arrow")
        often = parts.group_by("product_code").agg(pl.col("gap_count").sum()).filter(pl.col("gap_count") >= minimum_gaps)
        return _added(parts.join(often, on="product_code", how="semi")).collect(engine="streaming")


def _added(gaps: pl.LazyFrame) -> pl.LazyFrame:
    keys = [name for name in gaps.collect_schema().names() if name != "gap_count"]
    return gaps.group_by(keys).agg(pl.col("gap_count").sum()).sort(keys)


def sequences_of(ws: Workspace, mart: Mart) -> Sequences:
    """Return the sequences of a mart, reading the lines once where nobody has asked before.

    Memory is bounded by a batch of lines. On a disk that is full or cannot be written they are made
    in another place (`toolkit.disk`): unlike small derived tables they do not fit in memory.
    """
    return with_spare(mart.path / "derived", lambda place: _sequences_in(place, ws, mart))


def _sequences_in(place: Path, ws: Workspace, mart: Mart) -> Sequences:
    middle = middle_of(mart)
    path = place / _FOLDER
    if not path.exists() or folder_faults(path):
        shutil.rmtree(path, ignore_errors=True)  # there is one only where it is damaged
        building = path.with_name(f".{_FOLDER}.{os.getpid()}.part")
        try:
            private_folder(building)
            _write(ws, mart, building, middle)
            seal_folder(building)
            try:
                building.rename(path)
            except OSError as error:  # another process was first: its tables are the same
                if cannot_write(error) or not path.exists():
                    raise
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return Sequences(path, middle)


def middle_of(mart: Mart) -> date:
    """Return the first day of the second half of the receipts up to `as_of`."""
    first = mart.totals["first_day"]
    start = date.fromisoformat(first) if first else mart.as_of
    return start + timedelta(days=((mart.as_of - start).days + 1) // 2)


def _write(ws: Workspace, mart: Mart, folder: Path, middle: date) -> None:
    for table in _TABLES:
        (folder / table).mkdir(parents=True)
    batches = list(enumerate(plan_batches(ws.line_partitions())))
    with engine_of(ws) as spread:
        for _ in spread(_write_batch, batches, folder, mart.as_of, mart.not_orders, _goods(ws, mart), middle):
            pass
    if not batches:
        _write_part(folder, "part-00000-000.arrow", pl.DataFrame(schema=STORED_LINES), goods_of(_goods(ws, mart)), middle)


def _write_batch(
    numbered: tuple[int, Batch], folder: Path, as_of: date, not_orders: pl.DataFrame, goods: pl.DataFrame, middle: date
) -> None:
    number, batch = numbered
    by_code = goods_of(goods)
    for place, (lines, _) in enumerate(read_slices(batch, as_of, LINES_AT_ONCE)):
        bought = lines.join(not_orders, on="order_code", how="anti", maintain_order="left") if not_orders.height else lines
        _write_part(folder, f"part-{number:05d}-{place:03d}.arrow", bought, by_code, middle)


def _goods(ws: Workspace, mart: Mart) -> pl.DataFrame:
    """The category of each product that is goods, its place when products are sorted by id, and whether it has a stated service life."""
    ids = ws.codes("product").sort("id").with_row_index("place").select(pl.col("code").alias("product_code"), "place")
    goods = mart.products.select("product_code", "category_code").join(ids, on="product_code", how="left")
    table = ws.table("products")
    if table is None or not ws.has_column("products", "service_life_days"):
        return goods.with_columns(pl.lit(False).alias("has_life"))
    stated = table.filter(pl.col("service_life_days").is_not_null()).select(pl.col("product_id").alias("id")).collect()
    codes = ws.codes("product").join(stated, on="id", how="semi")["code"]
    return goods.with_columns(pl.col("product_code").is_in(codes.implode()).alias("has_life"))


def _write_part(folder: Path, name: str, lines: pl.DataFrame, goods: Goods, middle: date) -> None:
    for table, frame in tables_of(lines, goods, middle, VISITS).items():
        with written_beside(folder / table / name, durable=False) as part:
            frame.select(_TABLES[table].names()).cast(_TABLES[table]).write_ipc(part)  # type: ignore[arg-type]
