"""Order fields that stand on the first line of an order alone: the lines below it take them over, in one pass and without a sort."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC

import polars as pl

from toolkit.sources.specs import TableMapping


def filled_down(frame: pl.LazyFrame, schema: MappingABC[str, pl.DataType], spec: TableMapping, *, has_broken: bool = False) -> pl.LazyFrame:
    """Return the records of one file with the blank cells of `fill_down` taken from the lines above that are of the same order.

    An order is a run of neighbouring rows with the same `within`. Where `within` is itself listed, it stands on the first line alone too,
    and a row without it belongs to the order above. What an order's first lines leave blank stays blank: nothing comes from another order.
    A row that cannot be read parts no order.

    Example
    -------
    >>> spec = TableMapping.model_validate({"files": "x", "fill_down": ["who"], "within": "order"})
    >>> rows = pl.LazyFrame({"order": ["A", "A", "B", "B", "C"], "who": ["ann", None, " ", None, "cy"]})
    >>> filled_down(rows, rows.collect_schema(), spec).collect()["who"].to_list()
    ['ann', 'ann', None, None, 'cy']
    """
    columns = [name for name in spec.fill_down if name in schema]
    if not columns or spec.within is None or spec.within not in schema:
        return frame
    readable = pl.col("broken").is_null() if has_broken else pl.lit(True)
    key = _there(spec.within, schema).cast(pl.String)
    stands_once = spec.within in spec.fill_down
    order = pl.when(readable & key.is_not_null()).then(key) if stands_once else pl.when(readable).then(key.fill_null(""))
    starts = pl.col("__order").ne_missing(pl.col("__order").shift(1)) | (pl.col("__order") == "")
    # A struct is there although the cell in it is blank: the first line of an order ends what came from the order above.
    taken = [
        pl.when(starts.fill_null(True) | _there(name, schema).is_not_null())
        .then(pl.struct(_there(name, schema).alias("cell")))
        .forward_fill()
        .struct.field("cell")
        .alias(name)
        for name in columns
    ]
    return frame.with_columns(order.forward_fill().alias("__order")).with_columns(taken).drop("__order")


def _there(name: str, schema: MappingABC[str, pl.DataType]) -> pl.Expr:
    """Return a column with null where a cell holds nothing but blanks."""
    column = pl.col(name)
    return pl.when(column.str.strip_chars().str.len_bytes() > 0).then(column) if schema[name] == pl.String else column
