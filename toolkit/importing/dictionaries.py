"""Ids as the shop writes them <-> the integer codes inside the workspace.

A code, once given, never changes: new ids are appended, sorted, behind the known ones. Codes carry no meaning; wherever order or ties
matter the id itself decides.
"""

from __future__ import annotations

import polars as pl

MOST_PLACES, PLACES_AN_ID = 1_000_000, 8
"""A table of codes by place has no more places than these, or than these for each id."""
SCHEMA = {"code": pl.UInt32, "id": pl.String}


def extend(known: pl.DataFrame, seen: pl.Series) -> pl.DataFrame:
    """Return the dictionary with every id of `seen` in it; nulls are no ids.

    Parameters
    ----------
    known
        (code, id), codes 0 to n - 1.
    seen
        Distinct ids, String or Int64 (whole numbers are written without leading zeros).

    Example
    -------
    >>> extend(pl.DataFrame({"code": [0], "id": ["b"]}, schema=SCHEMA), pl.Series(["c", "a", "b"]))["id"].to_list()
    ['b', 'a', 'c']
    """
    ids = seen.drop_nulls().cast(pl.String).unique().to_frame("id")
    fresh = ids.join(known, on="id", how="anti").sort("id").with_row_index("code", offset=known.height)
    return pl.concat([known, fresh.select("code", "id").cast(SCHEMA)])  # type: ignore[arg-type]


def lookup(dictionary: pl.DataFrame, dtype: pl.DataType, code_name: str, id_name: str) -> pl.LazyFrame:
    """Return (id_name, code_name) with the ids in the dtype of the source, to join the codes on.

    An integer source only holds canonical numbers, so ids that are not ("0012", "A7") cannot occur in it and are left out.
    """
    frame = dictionary.lazy().select(pl.col("id").alias(id_name), pl.col("code").alias(code_name))
    if dtype == pl.String:
        return frame
    number = pl.col(id_name).cast(dtype, strict=False)
    return (
        frame.with_columns(number.alias("number"))
        .filter(number.cast(pl.String) == pl.col(id_name))
        .select(pl.col("number").alias(id_name), code_name)
    )


def with_codes(lines: pl.LazyFrame, dictionary: pl.DataFrame, dtype: pl.DataType, code_name: str, id_name: str) -> pl.LazyFrame:
    """Return lines with the codes of their ids, which the dictionary all holds.

    Whole numbers that lie near each other are looked up by their place in one table: a join costs ten times as much.
    """
    table = lookup(dictionary, dtype, code_name, id_name)
    if dtype.is_integer() and (known := table.collect()).height:
        first, last = known[id_name].min(), known[id_name].max()
        if last - first < max(MOST_PLACES, PLACES_AN_ID * known.height):  # type: ignore[operator]
            places = (known[id_name] - first).cast(pl.UInt32)
            codes = pl.repeat(None, last - first + 1, dtype=pl.UInt32, eager=True).scatter(places, known[code_name])  # type: ignore[operator]
            code = (pl.col(id_name) - first).map_batches(codes.gather, return_dtype=pl.UInt32, is_elementwise=True)
            return lines.with_columns(code.alias(code_name))
    return lines.join(table, on=id_name, how="left", maintain_order="none")
