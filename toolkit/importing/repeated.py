"""Orders that several files of one import hold: exports of overlapping periods bring the days that both have twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from toolkit.language import later, trn
from toolkit.sources.records.source_file import SourceFile

REPEATED = later("the same order in an earlier file")
ORDER = ("store_id", "order_id")
LINE = ("member_id", "product_id", "quantity_milli", "amount", "ordered_at")


def file_of(files: Sequence[SourceFile], index: pl.Expr) -> pl.Expr:
    """Return the number of the file that a row of the import is in."""
    starts = np.array([file.first_index for file in files])
    return index.map_batches(
        lambda rows: pl.Series(np.searchsorted(starts, rows.to_numpy(), side="right")), return_dtype=pl.Int64, is_elementwise=True
    )


def repeated_orders(lines: pl.LazyFrame, keys: pl.Series, order_key: pl.Expr, files: Sequence[SourceFile]) -> tuple[pl.DataFrame, str]:
    """Return (source_index, fault) of orders that an earlier file holds line by line, and a note on orders whose files disagree.

    Lines of an order that the files split between them are all kept; so are those of an order with other lines in each file, which the
    note counts.

    Parameters
    ----------
    keys
        Keys of the orders with lines in more than one file.
    """
    rows = lines.filter(order_key.is_in(keys.implode())).select("source_index", *ORDER, *LINE).collect(engine="streaming")
    rows = rows.with_columns(file_of(files, pl.col("source_index")).alias("file"))
    line = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in LINE], separator="\x1f")
    copies = (
        rows.with_columns(line.alias("line"))
        .group_by(*ORDER, "file")
        .agg(pl.col("line").sort().str.join("\x1e"), pl.col("source_index"), pl.col("line").alias("lines"))
        .sort("file", *ORDER)
    )
    is_again = ~pl.struct(*ORDER, "line").is_first_distinct()
    again = copies.filter(is_again).explode("source_index").select("source_index", pl.lit(REPEATED).alias("fault"))
    shared = copies.filter(~is_again).explode("lines").group_by(*ORDER, "lines").agg(pl.col("file").n_unique()).filter(pl.col("file") > 1)
    disagreeing = shared.select(ORDER).unique().sort(ORDER)
    if disagreeing.is_empty():
        return again, ""
    return again, trn(
        "{orders:,} order has lines in several files, some of them the same: order {order} of store {store}; all of these lines are kept. "
        "Where the files overlap, give the latest one alone.",
        "{orders:,} orders have lines in several files, some of them the same, such as order {order} of store {store}; all of these lines "
        "are kept. Where the files overlap, give the latest one alone.",
        disagreeing.height, orders=disagreeing.height, order=disagreeing["order_id"][0], store=disagreeing["store_id"][0],
    )  # fmt: skip
