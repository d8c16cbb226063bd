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
from toolkit.expressions import is_bought
from toolkit.integrity import folder_faults, seal_folder
from toolkit.mart.batches import Batch, plan_batches, read_slices
from toolkit.mart.folder import Mart
from toolkit.schemas import STORED_LINES
from toolkit.workspace import Workspace

VISITS = 3
"""Shopping days of a member of which the categories are kept: first, second and third purchase."""
LINES_AT_ONCE = 500_000
MICRO = 1_000_000
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
RHYTHM_FROM = 3
"""Purchases of a good that make a rhythm: the gap after the third one is the first that a rhythm could foretell."""
GAPS = pl.Schema(
    {
        "category_code": pl.UInt32,
        "is_later": pl.Boolean,  # the gap after a member's third or a later purchase
        "gap_days": pl.Int64,
        "gap_count": pl.Int64,
    }
)

PRODUCT_GAPS = pl.Schema({"product_code": pl.UInt32, **{name: kind for name, kind in GAPS.items() if name != "category_code"}})


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
    for table in ("first_days", "first_products", "rhythms", "gaps", "product_rhythms", "product_gaps"):
        (folder / table).mkdir(parents=True)
    batches = list(enumerate(plan_batches(ws.line_partitions())))
    with engine_of(ws) as spread:
        for _ in spread(_write_batch, batches, folder, mart.as_of, mart.not_orders, _goods(ws, mart), middle):
            pass
    if not batches:
        _write_part(folder, "part-00000-000.arrow", pl.DataFrame(schema=STORED_LINES), _goods(ws, mart), middle)


def _write_batch(
    numbered: tuple[int, Batch], folder: Path, as_of: date, not_orders: pl.DataFrame, goods: pl.DataFrame, middle: date
) -> None:
    number, batch = numbered
    for place, (lines, _) in enumerate(read_slices(batch, as_of, LINES_AT_ONCE)):
        bought = lines.join(not_orders, on="order_code", how="anti", maintain_order="left")
        _write_part(folder, f"part-{number:05d}-{place:03d}.arrow", bought, goods, middle)


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


def _write_part(folder: Path, name: str, lines: pl.DataFrame, goods: pl.DataFrame, middle: date) -> None:
    bought = (
        lines.lazy()
        .filter(pl.col("member_code").is_not_null() & is_bought(pl.col("quantity_milli")))
        .select("member_code", pl.col("ordered_at").dt.date().alias("day"), "product_code", "amount")
        .join(goods.lazy(), on="product_code")
    )
    keys = ["member_code", "day", "category_code", "product_code", "place", "has_life"]
    products = bought.group_by(keys).agg(pl.col("amount").sum()).collect()
    days = (
        products.lazy()
        .sort("amount", "place", descending=[True, False])
        .group_by("member_code", "category_code", "day", maintain_order=True)
        .agg(pl.col("amount").sum(), pl.col("product_code").first())
        .sort("member_code", "category_code", "day")
        .collect()
    )
    rhythms, gaps = rhythms_of(days, middle)
    product_rhythms, product_gaps = rhythms_of(_again_and_again(products), middle, by="product_code")
    tables = {
        "first_days": first_days(days).match_to_schema(FIRST_DAYS),
        "first_products": first_products(products).match_to_schema(FIRST_PRODUCTS),
        "rhythms": rhythms.select(RHYTHMS.names()).cast(RHYTHMS),
        "gaps": gaps.cast(GAPS),
        "product_rhythms": product_rhythms.select(PRODUCT_RHYTHMS.names()).cast(PRODUCT_RHYTHMS),
        "product_gaps": product_gaps.cast(PRODUCT_GAPS),
    }
    for table, frame in tables.items():
        with written_beside(folder / table / name, durable=False) as part:
            frame.write_ipc(part)


def first_days(days: pl.DataFrame) -> pl.DataFrame:
    """Return the first three shopping days of each member by category (schema FIRST_DAYS).

    In: `member_code`, `category_code`, `day`, `amount`, one row per member x category x day, whole members.
    """
    visits = (
        days.select("member_code", "day")
        .unique()
        .sort("member_code", "day")
        .with_columns(pl.int_range(1, pl.len() + 1).over("member_code").cast(pl.UInt32).alias("visit"))
        .filter(pl.col("visit") <= VISITS)
    )
    first_visits = days.join(visits, on=["member_code", "day"])
    return first_visits.select(FIRST_DAYS.names()).sort("member_code", "visit", "category_code").cast(FIRST_DAYS)


def first_products(days: pl.DataFrame) -> pl.DataFrame:
    """Return what each member bought on the first shopping day (schema FIRST_PRODUCTS), sorted.

    In: `member_code`, `product_code`, `day`, one row per member x product x day, whole members.
    """
    first = days.filter(pl.col("day") == pl.col("day").min().over("member_code"))
    return first.select(FIRST_PRODUCTS.names()).sort(FIRST_PRODUCTS.names()).cast(FIRST_PRODUCTS)


def _again_and_again(products: pl.DataFrame) -> pl.DataFrame:
    """The days of products that a member bought often enough for a rhythm, or that have a stated life, sorted."""
    keys = ["member_code", "product_code"]
    often = products.group_by(keys).agg(pl.len(), pl.col("has_life").any()).filter((pl.col("len") >= RHYTHM_FROM) | pl.col("has_life"))
    return products.join(often, on=keys, how="semi").select(*keys, "day").sort(*keys, "day")


def rhythms_of(days: pl.DataFrame, middle: date, *, by: str = "category_code") -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rhythm of each member in each good (columns of RHYTHMS) and how often each gap occurred (columns of GAPS).

    In: `member_code`, the good (`by`) and `day`, one row per member x good x day, whole members, sorted by them; `product_code` where goods
    are categories.
    """
    keys = ["member_code", by]
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in keys).fill_null(False)
    # Three closed gaps end at the fourth purchase: the one that ends there began at the third.
    third, before = (pl.all_horizontal(pl.col(name) == pl.col(name).shift(back) for name in keys).fill_null(False)
                     for back in (RHYTHM_FROM, RHYTHM_FROM - 1))  # fmt: skip
    gap = pl.when(same).then((pl.col("day") - pl.col("day").shift(1)).dt.total_days())
    stepped = days.with_columns(gap.alias("gap_days"), third.alias("is_later"), before.alias("has_rhythm")).with_columns(
        (pl.col("gap_days").cast(pl.Float64).log() * MICRO).round().cast(pl.Int64).alias("gap_log_micro"),
        (pl.col("gap_days").cast(pl.Float64).log() ** 2 * MICRO).round().cast(pl.Int64).alias("gap_log_sq_micro"),
    )
    rhythms = stepped.group_by(keys, maintain_order=True).agg(
        pl.col("day").first().alias("first_day"),
        pl.col("day").last().alias("last_day"),
        *[pl.col(name).last() for name in ("product_code",) if name != by],
        pl.len().cast(pl.UInt32).alias("day_count"),
        (pl.col("day") < middle).sum().cast(pl.UInt32).alias("early_day_count"),
        pl.col("gap_log_micro").sum(),
        pl.col("gap_log_sq_micro").sum(),
    )
    gaps = stepped.drop_nulls("gap_days").group_by(by, "is_later", "gap_days").agg(pl.len().cast(pl.Int64).alias("gap_count"))
    trials = _trials(stepped, middle, keys)
    return rhythms.join(trials, on=keys, how="left", maintain_order="left"), gaps.sort(by, "is_later", "gap_days")


def _trials(stepped: pl.DataFrame, middle: date, keys: list[str]) -> pl.DataFrame:
    """Of each member and good the first purchase of the second half that has a rhythm before it, what was known then, and what followed."""
    last = pl.any_horizontal(pl.col(name) != pl.col(name).shift(-1) for name in keys).fill_null(True)
    first = pl.col("gap_days").is_null()
    known = (
        stepped.with_row_index("row")
        .with_columns(pl.col("gap_log_micro").fill_null(0).cum_sum().alias("added"))
        .with_columns(
            pl.when(~last).then(pl.col("day").shift(-1)).alias("trial_next_day"),
            pl.when(first).then("added").forward_fill().alias("start"),
            (pl.col("row") - pl.when(first).then("row").forward_fill()).alias("trial_gap_count"),
        )
    )
    return (
        known.filter("has_rhythm", pl.col("day") >= middle)
        .unique(keys, keep="first", maintain_order=True)
        .select(
            *keys,
            pl.col("day").alias("trial_day"),
            "trial_gap_count",
            (pl.col("added") - pl.col("start")).alias("trial_gap_log_micro"),
            "trial_next_day",
        )
    )
