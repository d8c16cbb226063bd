"""Ids as the shop writes them <-> the integer codes inside the workspace.

A code, once given, never changes: new ids are appended, sorted, behind the known ones. Codes carry no meaning; wherever order or ties
matter the id itself decides.
"""

from __future__ import annotations

import polars as pl

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
