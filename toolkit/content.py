"""A result is what it says: two are equal when their content is, and it crosses to another process although its chart is a function.

Dataclasses compare tables with `==`, which gives a table, and hash neither tables nor dictionaries. `ByContent` does it for the frozen
results of `toolkit.answer`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any

import polars as pl


class ByContent:
    """Base of a frozen dataclass (`eq=False`) that is compared, hashed and pickled by its fields.

    Equal are two whose fields are (but those with `compare=False`): tables of the same columns, dtypes and rows, figures that are both not
    a number, sequences of either kind. The hash rests on words and days alone, so that equal ones share it.
    """

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(_same(value, getattr(other, name)) for name, value in self._compared())

    def __hash__(self) -> int:
        return hash((type(self), *((name, value) for name, value in self._compared() if isinstance(value, str | date))))

    def __getstate__(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type] - without what cached properties keep

    def _compared(self) -> list[tuple[str, Any]]:
        return [(one.name, getattr(self, one.name)) for one in fields(self) if one.compare]  # type: ignore[arg-type]


def _same(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, pl.DataFrame):
        return isinstance(theirs, pl.DataFrame) and mine.schema == theirs.schema and mine.equals(theirs)
    if isinstance(mine, float) and isinstance(theirs, float):
        return mine == theirs or (math.isnan(mine) and math.isnan(theirs))
    if isinstance(mine, Mapping):
        return isinstance(theirs, Mapping) and mine.keys() == theirs.keys() and all(_same(mine[key], theirs[key]) for key in mine)
    if isinstance(mine, list | tuple) and isinstance(theirs, list | tuple):
        return len(mine) == len(theirs) and all(map(_same, mine, theirs))
    return bool(mine == theirs)
