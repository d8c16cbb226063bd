"""Lines that lose their member: the sale stays, as that of a non-member."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from toolkit.forgotten import Names, sealed_order
from toolkit.importing.lines import write_partition
from toolkit.workspace import LineFile, Workspace


@dataclass(frozen=True)
class LostMembers:
    """The files of lines as they will be, and what changes in them."""

    files: tuple[LineFile, ...]
    lines: int
    orders: int


def without_members(
    ws: Workspace, is_lost: pl.Expr, folder: str, *, names: Names | None = None, key: str = "", drop: bool = False
) -> LostMembers:
    """Write anew the files that have lines to which `is_lost` applies: their member is nobody, or they are gone (`drop`).

    Nothing else of a line changes, so every sum of sales, orders and goods is as before. An order's own id that holds one of `names` is
    sealed (`sealed_order`).
    """
    files, lines, orders = list[LineFile](), 0, 0
    for number, file in enumerate(ws.manifest.line_files):
        path = ws.data_file(file.path)
        if not pl.scan_parquet(path).select(is_lost.fill_null(False).any()).collect().item():
            files.append(file)
            continue
        rows = pl.read_parquet(path)
        ids = pl.read_parquet(ws.data_file(file.ids_path))
        lost = rows.select(is_lost.fill_null(False).alias("lost"))["lost"]
        codes = rows.filter(lost)["order_code"].unique()
        lines, orders = lines + int(lost.sum()), orders + codes.len()
        if drop:
            rows = rows.filter(~lost)
        else:
            nobody = pl.when(lost).then(None).otherwise(pl.col("member_code")).alias("member_code")
            rows = rows.with_columns(nobody).sort("member_code", "ordered_at", "order_code")
        if names is not None:
            ids = _sealed(ids, codes, names, key)
        ids = ids.join(rows.select("order_code").unique(), on="order_code", how="semi", maintain_order="left")
        if rows.is_empty():
            continue
        place = f"{folder}/{number:05d}"
        (ws.path / place).mkdir(parents=True, exist_ok=True)
        files.append(write_partition(ws, place, file.partition, rows, ids, source=file.source))
    return LostMembers(tuple(files), lines, orders)


def _sealed(ids: pl.DataFrame, codes: pl.Series, names: Names, key: str) -> pl.DataFrame:
    theirs = ids.filter(pl.col("order_code").is_in(codes.implode()))["order_id"].unique().to_list()
    seals = {one: sealed_order(key, one) for one in theirs if names.inside(one)}
    if not seals:
        return ids
    is_theirs = pl.col("order_code").is_in(codes.implode())
    return ids.with_columns(pl.when(is_theirs).then(pl.col("order_id").replace(seals)).otherwise("order_id").alias("order_id"))
