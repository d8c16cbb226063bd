"""A first look at a file: its columns and its first rows, to propose a mapping from."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from toolkit.errors import DataError
from toolkit.sources import times
from toolkit.sources.blocks import read_sample
from toolkit.sources.delimited import Dialect
from toolkit.sources.dialect import find_dialect, split_line
from toolkit.sources.files import SPREADSHEETS, is_parquet
from toolkit.sources.numbers import detect_decimal
from toolkit.sources.specs import TableMapping

ROWS = 2000
NUMBER = re.compile(r"^\(?[-+−]?\s*\D{0,3}\s*[\d.,'  ]*\d[\d.,'  ]*\s*\D{0,4}\)?-?$")
SCRIPTS = (("japanese", "぀", "ヿ"), ("korean", "가", "힣"), ("chinese", "一", "鿿"), ("cyrillic", "а", "я"))


@dataclass(frozen=True)
class Glance:
    """The columns of one file and a sample of its rows, all as text."""

    path: Path
    names: tuple[str, ...]
    sample: pl.DataFrame
    dtypes: dict[str, pl.DataType]
    dialect: Dialect | None = None
    has_header: bool = True
    encoding: str = ""
    _formats: dict[str, times.Found] = field(default_factory=dict, repr=False)

    def texts(self, column: str) -> pl.Series:
        """Return the non-empty cells of a column in the sample."""
        cells = self.sample[column].drop_nulls().str.strip_chars()
        return cells.filter(cells != "")

    def is_number(self, column: str) -> bool:
        """Return whether nearly all cells are numbers."""
        if self.dtypes[column].is_numeric():
            return True
        cells = self.texts(column)
        numbers = sum(NUMBER.match(text) is not None for text in cells.to_list())
        return cells.len() > 0 and numbers >= 0.9 * cells.len()

    def time_format(self, column: str) -> times.Found:
        """Return how the times of a column are written."""
        if self.dtypes[column].is_temporal():
            return times.Found(("typed",))
        if column not in self._formats:
            self._formats[column] = times.find_format(self.texts(column))
        return self._formats[column]

    def is_time(self, column: str) -> bool:
        """Return whether a column holds dates or times."""
        return self.texts(column).len() > 0 and bool(self.time_format(column).formats or "two digits" in self.time_format(column).doubt)

    def decimal(self, columns: Iterable[str]) -> str | None:
        """Return the decimal sign of text columns: "" = none needed, None = not proved."""
        return detect_decimal(text for column in columns if self.dtypes[column] == pl.String for text in self.texts(column).to_list())

    def numeric_texts(self) -> list[str]:
        """Return cells that are numbers with a sign beside them."""
        return [
            text
            for name in self.names
            if self.dtypes[name] == pl.String
            for text in self.texts(name).head(50).to_list()
            if NUMBER.match(text)
        ]

    @property
    def has_zone(self) -> bool:
        """Whether a column of times carries a zone."""
        for name in self.names:
            dtype = self.dtypes[name]
            if isinstance(dtype, pl.Datetime) and dtype.time_zone:
                return True
            cells = self.texts(name).head(100)
            if cells.dtype == pl.String and cells.str.contains(r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*([zZ]|[+-]\d{2}:?\d{2}|UTC)$").any():
                return True
        return False

    @property
    def script(self) -> str:
        """The script of the column names, where it is not Latin."""
        text = "".join(self.names).lower()
        return next((script for script, low, high in SCRIPTS if any(low <= character <= high for character in text)), "")


def glance_at(path: Path) -> Glance | None:
    """Return a first look at a file, or None where it has no rows.

    Raises: `DataError` for a file that does not exist, is a spreadsheet or cannot be read.
    """
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    if path.suffix.lower() in SPREADSHEETS:
        raise DataError(f"{path} is a spreadsheet; save the sheet as CSV (UTF-8) and name that file.")
    if is_parquet(path):
        try:
            frame = pl.scan_parquet(path).head(ROWS).collect()
        except PolarsError as error:
            raise DataError(f"{path} cannot be read as Parquet ({str(error).splitlines()[0]}); write it again.") from None
        texts = frame.with_columns(
            pl.col(name).cast(pl.String, strict=False) for name in frame.columns if not frame.schema[name].is_nested()
        )
        flat = texts.select(pl.col(pl.String))
        return Glance(path, tuple(flat.columns), flat, dict(frame.schema)) if frame.height else None
    return _glance_at_text(path)


def _glance_at_text(path: Path) -> Glance | None:
    spec = TableMapping.model_validate({"files": [str(path)]})
    dialect = find_dialect(path, spec)
    if dialect is None:
        return None
    text = codecs.getincrementaldecoder(dialect.encoding)().decode(read_sample(path)).removeprefix("\ufeff")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rows = _rows(lines[dialect.skip_lines :], dialect)
    names, has_header = dialect.names, True
    if not any(character.isalpha() for name in names for character in name) or sum(_is_value(name) for name in names) > len(names) / 2:
        first = split_line(lines[dialect.skip_lines - 1], dialect.delimiter, dialect.quote)
        rows, has_header = [first, *rows], False
        names = tuple(f"column_{number}" for number in range(1, len(names) + 1))
    rows = [row for row in rows if len(row) == len(names)][:ROWS]
    if not rows:
        return None
    columns = {name: [row[position] or None for row in rows] for position, name in enumerate(names)}
    sample = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))
    encoding = "utf-8" if dialect.encoding in ("utf-8", "utf-8-sig", "ascii") else dialect.encoding
    return Glance(path, names, sample, dict.fromkeys(names, pl.String()), dialect, has_header, encoding)


def _is_value(name: str) -> bool:
    return bool(re.fullmatch(r"[\d.,:/\- ]+", name))


def _rows(lines: list[str], dialect: Dialect) -> list[list[str]]:
    if dialect.delimiter == "whitespace":
        return [line.split() for line in lines if line.strip()]
    quoting = csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE
    reader = csv.reader(
        io.StringIO("\n".join(lines[: ROWS * 2])), delimiter=dialect.delimiter, quotechar=dialect.quote or None, quoting=quoting
    )
    return [row for row in reader if any(row)]


def plain(name: str) -> str:
    """Return a column name as the vocabulary writes it: small letters and digits only.

    >>> plain("Kunden-Nr."), plain("Customer_ID"), plain("会员 卡号")
    ('kundennr', 'customerid', '会员卡号')
    """
    folded = unicodedata.normalize("NFKC", name).casefold().replace("ß", "ss")
    stripped = "".join(
        character for character in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(character) or character >= "぀"
    )
    return "".join(character for character in unicodedata.normalize("NFKC", stripped) if character.isalnum())
