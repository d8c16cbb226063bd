"""What the columns of a file hold, by its first records: numbers, times, codes; to tell which column is which."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.sources.records.shelf import look_at
from toolkit.sources.records.source_file import SAMPLE_RECORDS, SourceFile, scan
from toolkit.sources.styles import times
from toolkit.sources.styles.numbers import detect_decimal

NUMBER = re.compile(r"^\(?[-+−]?\s*\D{0,3}\s*[\d.,'  ]*\d[\d.,'  ]*\s*\D{0,4}\)?-?$")
MOST_COLUMNS = 1_000
SCRIPTS = (("japanese", "぀", "ヿ"), ("korean", "가", "힣"), ("chinese", "一", "鿿"), ("cyrillic", "а", "я"))


@dataclass(frozen=True)
class Contents:
    """A file as it was looked at, with a sample of its records as text; columns that hold lists or records are left out."""

    file: SourceFile
    sample: pl.DataFrame
    _styles: dict[str, times.TimeStyle] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self.sample.columns)

    def own_name(self, column: str) -> str:
        """Return what a column is called among those of its own record: `sku`, of the column `items.sku` in rows of items."""
        return column.removeprefix(f"{self.file.unfolded}.") if self.file.unfolded else column

    @property
    def has_header(self) -> bool:
        """Whether the columns have names in the file."""
        return self.file.dialect is None or bool(self.file.dialect.header)

    def is_text(self, column: str) -> bool:
        """Return whether a column is text in the file, which may yet stand for numbers or times."""
        return self.file.schema[column] == pl.String

    def texts(self, column: str) -> pl.Series:
        """Return the non-empty cells of a column in the sample."""
        cells = self.sample[column].drop_nulls().str.strip_chars()
        return cells.filter(cells != "")

    def is_number(self, column: str) -> bool:
        """Return whether nearly all cells are numbers."""
        if self.file.schema[column].is_numeric():
            return True
        cells = self.texts(column)
        numbers = sum(NUMBER.match(text) is not None for text in cells.to_list())
        return cells.len() > 0 and numbers >= 0.9 * cells.len()

    def time_style(self, column: str) -> times.TimeStyle:
        """Return how the times of a column are written."""
        if self.file.schema[column].is_temporal():
            return times.TimeStyle(("typed",))
        if column not in self._styles:
            self._styles[column] = times.time_style(self.texts(column))
        return self._styles[column]

    def is_time(self, column: str) -> bool:
        """Return whether a column holds dates or times."""
        return self.texts(column).len() > 0 and bool(self.time_style(column).formats or "two digits" in self.time_style(column).doubt)

    def decimal(self, columns: Iterable[str]) -> str | None:
        """Return the decimal sign of text columns: "" = none needed, None = not proved."""
        return detect_decimal(text for column in columns if self.is_text(column) for text in self.texts(column).to_list())

    def numeric_texts(self) -> list[str]:
        """Return cells that are numbers with a sign beside them."""
        return [text for name in self.names if self.is_text(name) for text in self.texts(name).head(50).to_list() if NUMBER.match(text)]

    @property
    def has_zone(self) -> bool:
        """Whether a column of times carries a zone."""
        zoned = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*([zZ]|[+-]\d{2}:?\d{2}|UTC)$"
        typed = (self.file.schema[name] for name in self.names)
        return any(isinstance(dtype, pl.Datetime) and dtype.time_zone for dtype in typed) or any(
            self.texts(name).head(100).str.contains(zoned).any() for name in self.names
        )

    @property
    def script(self) -> str:
        """The script of the column names, where it is not Latin."""
        text = "".join(self.names).lower()
        return next((script for script, low, high in SCRIPTS if any(low <= character <= high for character in text)), "")


def contents_of(path: Path, sheet: str | None = None) -> Contents | None:
    """Return what the columns of a file hold, or None where it has no rows.

    Raises: `DataError` for a file that does not exist, is of a kind that is not read, or cannot be read.
    """
    file = look_at(path, sheet)
    return None if file is None else contents_in(file)


def contents_in(file: SourceFile) -> Contents | None:
    """Return what the columns of a file that was looked at hold, or None where it has no rows.

    Raises: `DataError` where it has more columns than a mapping is proposed for.
    """
    flat = [name for name, dtype in file.schema.items() if not dtype.is_nested()]
    if len(flat) > MOST_COLUMNS:
        raise DataError(
            tr(
                "{path} has {columns:,} columns; a mapping is proposed for up to {most:,}: export the columns that are needed, or write "
                "the mapping by hand.",
                path=file.title, columns=len(flat), most=MOST_COLUMNS,
            )
        )  # fmt: skip
    records = scan([file], flat, with_broken=bool(file.dialect))
    if file.dialect:
        records = records.filter(pl.col("broken").is_null())
    sample = records.head(SAMPLE_RECORDS).select(pl.col(name).cast(pl.String, strict=False) for name in flat).collect()
    return Contents(file, sample) if sample.height else None
