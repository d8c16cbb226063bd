"""Cells that hold nothing but blanks are empty ones."""

from __future__ import annotations

import polars as pl


def filled(texts: pl.Series) -> pl.Series:
    """Return texts as they are, null where there is nothing but blanks.

    >>> filled(pl.Series(["a ", " ", "", None, "\u3000"])).to_list()
    ['a ', None, None, None, None]
    """
    least, greatest = texts.min(), texts.max()
    if least is None or (str(least) >= "!" and str(greatest) < "\x7f"):  # each begins with a sign of ASCII that can be seen
        return texts
    return texts.set(~(texts.str.strip_chars().str.len_bytes() > 0), None)
