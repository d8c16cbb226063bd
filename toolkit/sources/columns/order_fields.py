"""Whether an export writes what belongs to the whole order on its first line alone, told by a sample."""

from __future__ import annotations

import polars as pl

from toolkit.sources.columns.contents import Contents
from toolkit.sources.columns.matching import match_columns
from toolkit.sources.records.filled import filled_down
from toolkit.sources.specs import TableMapping

FEWEST_ROWS_BELOW = 3
NEARLY_ALL, MOST = 0.98, 0.5


def order_fields(contents: Contents) -> TableMapping | None:
    """Return the columns that stand on the first line of an order alone as `fill_down` and `within`, or None where there are none.

    They are blank on (nearly) all further lines of an order; the time, the member or the store is among them, or the order's number.
    """
    columns = match_columns("lines", contents)
    order = columns.get("order_id")
    if order is None or contents.sample.is_empty():
        return None
    texts = contents.sample.select(pl.col(name).str.strip_chars().replace("", None) for name in contents.names)
    number = texts[order]
    stands_once = number.null_count() >= FEWEST_ROWS_BELOW and number[0] is not None
    run = number.forward_fill() if stands_once else number
    below = ((run == run.shift(1)) & run.is_not_null()).fill_null(False)
    if int(below.sum()) < FEWEST_ROWS_BELOW:
        return None
    rows, firsts = texts.filter(below), texts.filter(~below)
    blank_below = [name for name in contents.names if rows[name].null_count() >= NEARLY_ALL * rows.height]
    listed = [name for name in blank_below if firsts[name].null_count() < firsts.height]
    telling = {columns[key] for key in ("order_id", "ordered_at", "member_id", "store_id") if key in columns} & set(listed)
    if not any(firsts[name].null_count() <= (1 - MOST) * firsts.height for name in telling):
        return None
    return TableMapping.model_validate({"files": [str(contents.file.path)], "fill_down": listed, "within": order})


def filled_sample(sample: pl.DataFrame, spec: TableMapping) -> pl.DataFrame:
    """Return a sample of raw records with the order fields of a section filled down."""
    return filled_down(sample.lazy(), sample.schema, spec).collect()
