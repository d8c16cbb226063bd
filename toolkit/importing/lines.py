"""Lines: coded, checked across rows, partitioned by member and sorted.

What is done here needs to see more than one row: duplicate line ids, orders of two members, the one time of an order, the codes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from toolkit import schemas
from toolkit.atomic import private_file
from toolkit.importing import dictionaries
from toolkit.importing.repeated import file_of
from toolkit.sources.convert import Typed
from toolkit.sources.records.source_file import SourceFile
from toolkit.workspace import LineFile, Workspace

ROWS_PER_PARTITION = 3_000_000
"""Lines that a partition should hold: it bounds the memory of the mart pass (about 100 bytes a line while it works)."""
MOST_PARTITIONS = 256
NOT_STATED = {"channel_code": None, "discount_amount": 0, "coupon_amount": 0}
"""What stands in all lines of an import whose mapping does not name the column."""
DICTIONARIES = {"member": "member_id", "store": "store_id", "product": "product_id", "channel": "channel"}


@dataclass(frozen=True)
class OrderFaults:
    """What is wrong with whole orders, found across their lines."""

    rows: pl.DataFrame  # source_index, fault: rows to set aside
    several_times: bool  # some order has lines at different times
    negative: pl.DataFrame  # order_key, member (a hash), total, ordered_at of the orders whose amounts sum up below 0
    in_files: pl.Series  # order_key of the orders with lines in several files


def partition_count(rows: int) -> int:
    """Return how many partitions a workspace gets whose first import has this many lines; room for four times as many is left."""
    return min(MOST_PARTITIONS, max(1, math.ceil(rows / ROWS_PER_PARTITION)))


def written(lines: pl.LazyFrame, path: Path, rows: int, mapped: frozenset[str]) -> pl.LazyFrame:
    """Return a copy on disk of lines that several passes read: what fits into a partition is written as it lies in memory.

    Ids that the mapping does not name are null in all lines: they are no part of the copy.
    """
    schema = lines.collect_schema()
    absent = {name: pl.lit(None, schema[name]) for name in ("line_id", "channel") if name not in mapped}
    lines = lines.drop(*absent)
    if rows <= ROWS_PER_PARTITION:
        lines.sink_ipc(path, compression="uncompressed", engine="streaming")
        copy = pl.scan_ipc(path)
    else:
        lines.sink_parquet(path, compression="lz4", engine="streaming")
        copy = pl.scan_parquet(path)
    return copy.with_columns(**absent).select(schema.names())


def duplicate_line_ids(lines: pl.LazyFrame) -> pl.DataFrame:
    """Return (source_index, fault) of every line whose line_id was seen on an earlier row."""
    keyed = lines.select("source_index", pl.col("line_id").cast(pl.String)).filter(pl.col("line_id").is_not_null())
    lines_of = keyed.group_by("line_id").agg(pl.len().alias("times"), pl.col("source_index").min().alias("first"))
    first = lines_of.filter(pl.col("times") > 1)
    later = keyed.join(first, on="line_id").filter(pl.col("source_index") > pl.col("first"))
    return later.select("source_index", pl.lit("duplicate line id").alias("fault")).collect(engine="streaming")


def order_key() -> pl.Expr:
    """Return a 64-bit key of the order: receipt numbers may repeat from store to store, so the store is part of it."""
    return pl.col("order_id").hash(seed=1) ^ pl.col("store_id").hash(seed=2)


def order_faults(lines: pl.LazyFrame, files: Sequence[SourceFile]) -> OrderFaults:
    """Find orders whose lines name more than one member, or a member on some lines only.

    The search runs on hashes; the few orders it suspects are looked at again by their real ids: no collision sets a good order aside.
    """
    nobody = pl.lit(0, pl.UInt64)  # so that one least and one greatest tell two members and half a member
    member = pl.when(pl.col("member_id").is_not_null()).then(pl.col("member_id").hash(seed=3)).otherwise(nobody)
    several = len(files) > 1  # of one file nobody asks which
    places = [pl.col("source_index").min().alias("first"), pl.col("source_index").max().alias("last")] if several else []
    in_files = file_of(files, pl.col("first")) != file_of(files, pl.col("last")) if several else pl.lit(False)
    orders = (
        lines.select(
            *(["source_index"] if several else []),
            order_key().alias("order_key"),
            member.alias("member"),
            "ordered_at",
            "amount",
        )
        .group_by("order_key")
        .agg(
            (pl.col("member").min() != pl.col("member").max()).alias("several_members"),
            (pl.col("ordered_at").min() != pl.col("ordered_at").max()).alias("several_times"),
            pl.col("amount").sum().alias("total"),
            pl.col("member").max(),  # greatest and earliest are worked out above: no further sum but the total
            pl.col("ordered_at").min(),
            *places,
        )
        .with_columns(in_files.alias("in_files"))
        .filter(pl.any_horizontal("several_members", "several_times", pl.col("total") < 0, "in_files"))
        .collect(engine="streaming")
    )
    named = pl.when(pl.col("member") != nobody).then("member").alias("member")
    negative = orders.filter(pl.col("total") < 0).select("order_key", named, "total", "ordered_at")
    suspects = orders.filter("several_members").select("order_key")
    in_several = orders.filter("in_files")["order_key"]
    empty = pl.DataFrame(schema={"source_index": pl.Int64, "fault": pl.String})
    if suspects.is_empty():
        return OrderFaults(empty, orders["several_times"].any(), negative, in_several)
    rows = (
        lines.select("source_index", "order_id", "store_id", "member_id", order_key().alias("order_key"))
        .join(suspects.lazy(), on="order_key", how="semi")
        .collect(engine="streaming")
    )
    named = pl.col("member_id").n_unique().over("order_id", "store_id")
    anonymous = pl.col("member_id").is_null().any().over("order_id", "store_id")
    faults = rows.select(
        "source_index",
        pl.when(named - anonymous.cast(pl.UInt32) > 1)
        .then(pl.lit("order belongs to two members"))
        .when((named > 1) & anonymous)
        .then(pl.lit("order has lines with and without a member"))
        .alias("fault"),
    ).drop_nulls("fault")
    return OrderFaults(faults, orders["several_times"].any(), negative, in_several)


def codes_of(workspace: Workspace, lines: pl.LazyFrame, extra: dict[str, pl.Series]) -> dict[str, pl.DataFrame]:
    """Return the dictionaries of the workspace, extended by the ids of these lines and of `extra` (ids only the small tables know)."""
    seen = pl.collect_all([lines.select(column).unique() for column in DICTIONARIES.values()], engine="streaming")
    codes = {}
    for (name, column), frame in zip(DICTIONARIES.items(), seen, strict=True):
        known = dictionaries.extend(workspace.codes(name), frame[column])
        codes[name] = dictionaries.extend(known, extra[name]) if name in extra else known
    return codes


def code_lines(lines: pl.LazyFrame, codes: dict[str, pl.DataFrame], typed: Typed, partitions: int) -> pl.LazyFrame:
    """Return what is written of lines, with codes for ids, and their partition; members stay together, non-members are spread by order.

    Columns that the mapping does not name are left out: `sort_partition` adds them, all the same value.
    """
    unmapped = [name for name in NOT_STATED if name.removesuffix("_code") not in typed.mapped]
    for name, column in DICTIONARIES.items():
        if f"{name}_code" not in unmapped:
            lines = dictionaries.with_codes(lines, codes[name], typed.id_dtypes[column], f"{name}_code", column)
    spread = pl.coalesce("member_code", (pl.col("order_key") % partitions).cast(pl.UInt32)) % partitions
    stored = [name for name in schemas.STORED_LINES.names() if name not in ("order_code", *unmapped)]
    served = ["guide_id"] if "guide_id" in typed.mapped else []
    return lines.select(*stored, "order_key", "order_id", *served, partition=spread.cast(pl.UInt32))


def sort_partition(rows: pl.DataFrame, file_number: int, *, several_times: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (lines as stored, order ids) of one partition of one import.

    Lines are sorted by member, time and order, so that the lines of an order, and the orders of a member, are neighbours: the mart pass
    then needs no hashing. An order's time is that of its earliest line.
    """
    if several_times:
        rows = rows.with_columns(pl.col("ordered_at").min().over("order_key"))
    order = sorted_index(rows)
    lines = rows.drop("order_id")[order]
    starts = (pl.col("order_key") != pl.col("order_key").shift(1)) | (pl.col("member_code").ne_missing(pl.col("member_code").shift(1)))
    starts_here = lines.select(starts.fill_null(True))["order_key"]
    codes = starts_here.cast(pl.Int64).cum_sum() - 1 + (file_number << 32)
    first_rows = order.filter(starts_here)  # the text of an order's id is only fetched once an order
    ids = pl.DataFrame({"order_code": codes.filter(starts_here), "order_id": rows["order_id"].gather(first_rows).cast(pl.String)})
    if "guide_id" in rows.columns:
        # Of several guides on one receipt the one of most lines, then the one that sorts first: rows come in any order.
        named = pl.DataFrame({"order_code": codes, "guide_id": lines["guide_id"].cast(pl.String)}).drop_nulls()
        most = named.group_by("order_code", "guide_id").len().sort("order_code", "len", "guide_id", descending=[False, True, False])
        served = most.unique("order_code", keep="first", maintain_order=True).drop("len")
        ids = ids.join(served, on="order_code", how="left", maintain_order="left")
        lines = lines.drop("guide_id")
    lines = lines.with_columns(
        codes.alias("order_code"), **{name: pl.lit(same) for name, same in NOT_STATED.items() if name not in lines.columns}
    )
    return lines.select(pl.col(name).cast(dtype) for name, dtype in schemas.STORED_LINES.items()), ids


def sorted_index(rows: pl.DataFrame) -> pl.Series:
    """Return the row numbers of a partition in the order (member_code, ordered_at, order_key), non-members first.

    Member and second are packed into one integer, which sorts four times as fast as three keys, with the row behind them where that fits,
    since a sort costs less than the places of one; rows that tie in member and second are put right after.
    """
    keys = rows.select(
        (pl.col("member_code").cast(pl.UInt64) + 1).fill_null(0).alias("member"),
        pl.col("ordered_at").dt.epoch("s").alias("second"),
    )
    first, last, highest = (
        int(value or 0) for value in keys.select(pl.col("second").min(), last=pl.col("second").max(), m=pl.col("member").max()).row(0)
    )
    second_bits, row_bits = (last - first).bit_length(), rows.height.bit_length()
    bits = highest.bit_length() + second_bits
    if bits > 64:
        return rows.select(pl.arg_sort_by("member_code", "ordered_at", "order_key", nulls_last=False).alias("row"))["row"]
    packed = keys["member"] * (1 << second_bits) + (keys["second"] - first).cast(pl.UInt64)
    if bits + row_bits <= 64:
        behind = pl.int_range(rows.height, dtype=pl.UInt64, eager=True)
        packed = (packed * (1 << row_bits) + behind).sort()
        order, packed = (packed & ((1 << row_bits) - 1)).cast(pl.UInt32), packed // (1 << row_bits)
    else:
        order = packed.arg_sort()
        packed = packed.gather(order)
    there = pl.DataFrame({"packed": packed, "order_key": rows["order_key"].gather(order)}).with_row_index("place")
    tied = there.filter((pl.col("packed") == pl.col("packed").shift(1)) & (pl.col("order_key") != pl.col("order_key").shift(1)))
    if tied.height:
        places = there.filter(pl.col("packed").is_in(tied["packed"].unique().implode()))["place"]
        again = rows.select("member_code", "ordered_at", "order_key").with_row_index("row")[order.gather(places)]
        order = order.scatter(places, again.sort("member_code", "ordered_at", "order_key", nulls_last=False)["row"])
    return order


def write_partition(workspace: Workspace, folder: str, partition: int, stored: pl.DataFrame, ids: pl.DataFrame, *, source: str) -> LineFile:
    """Write one file of lines and its order ids; return its entry for the manifest."""
    path, ids_path = f"{folder}/part-{partition:03d}.parquet", f"{folder}/order-ids-{partition:03d}.parquet"
    stored.write_parquet(private_file(workspace.path / path), compression="lz4", statistics=True, row_group_size=500_000)
    ids.write_parquet(private_file(workspace.path / ids_path), compression="lz4")
    first, last = stored["ordered_at"].min(), stored["ordered_at"].max()
    return LineFile(
        path=path,
        ids_path=ids_path,
        partition=partition,
        rows=stored.height,
        first_day=first.date(),  # type: ignore[union-attr]
        last_day=last.date(),  # type: ignore[union-attr]
        source=source,
    )


def lines_per_store_day(stored: pl.DataFrame) -> pl.DataFrame:
    """Return store_code, day and lines_now of stored lines; counted by one integer, which takes half the time of two keys."""
    days = pl.col("ordered_at").dt.date()
    packed = pl.col("store_code").cast(pl.Int64) * (1 << 32) + days.to_physical()
    counted = stored.lazy().group_by(packed.alias("packed")).agg(pl.len().alias("lines_now")).collect()
    return counted.select(
        (pl.col("packed") // (1 << 32)).cast(pl.UInt32).alias("store_code"),
        (pl.col("packed") % (1 << 32)).cast(pl.Int32).cast(pl.Date).alias("day"),
        "lines_now",
    )


def staged_partitions(coded: pl.LazyFrame, folder: Path, partitions: int) -> Sequence[pl.LazyFrame | None]:
    """Spread coded lines over one uncompressed file per partition, streaming, and return a scan of each (None where empty)."""
    if partitions == 1:
        return [coded]
    folder.mkdir(parents=True, exist_ok=True)
    coded.sink_ipc(
        pl.PartitionBy(folder, key="partition", include_key=False, file_path_provider=_partition_path), engine="streaming", mkdir=True
    )
    files_of_partition = [sorted(folder.glob(f"{number}-*.arrow")) for number in range(partitions)]
    return [pl.scan_ipc(files) if files else None for files in files_of_partition]


def _partition_path(context) -> str:
    return f"{context.partition_keys['partition'].item()}-{context.index_in_partition}.arrow"
