"""Public exports that people try first, recognised by their column names."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from toolkit.sources.glance import Glance


@dataclass(frozen=True)
class Export:
    """One known export: the columns it is recognised by and the mapping that its documentation implies."""

    name: str
    needs: tuple[str, ...]
    table: str
    currency: str = ""
    body: str = ""
    more: str = ""
    note: str = ""
    day_column: str = ""  # a file without a header is recognised by its width and by this column of days (20170131)


@cache
def known_exports() -> tuple[Export, ...]:
    """Return the exports of known_exports.toml."""
    given = tomllib.loads((files("toolkit.sources") / "known_exports.toml").read_text("utf-8"))
    return tuple(Export(**{**export, "needs": tuple(export["needs"])}) for export in given["export"])


def find_export(glance: Glance) -> Export | None:
    """Return the known export that has all its columns in this file; the one that asks for most."""
    fitting = [export for export in known_exports() if set(export.needs) <= set(glance.names) and _same_shape(export, glance)]
    return max(fitting, key=lambda export: len(export.needs), default=None)


def _same_shape(export: Export, glance: Glance) -> bool:
    if glance.has_header or not export.day_column:
        return glance.has_header and not export.day_column
    return len(glance.names) == len(export.needs) and glance.time_format(export.day_column).formats == ("%Y%m%d",)
