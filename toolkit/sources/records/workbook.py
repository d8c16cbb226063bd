"""A sheet of a workbook as the text that any other file is: one line a row of the sheet, so that titles, header, totals and row numbers are
told as they are in text; beside it the columns whose cells are all numbers or all times, which no decimal sign and no format is asked for.

A cell that holds an error (`#N/A`, a lookup that found nothing) reads as an empty one, and an empty member is "not a member": such cells
are marked, and the rows that need them are set aside. So are whole numbers of more than fifteen digits: a spreadsheet loses their end.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import polars as pl

from toolkit.errors import DataError
from toolkit.extras import absence_told
from toolkit.language import tr
from toolkit.sources.written.archives import ZIP, check_archive

if TYPE_CHECKING:
    from fastexcel import ExcelReader

WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
OTHER_SPREADSHEETS = (".xlsb", ".numbers", ".et", ".gsheet")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""First bytes of an old workbook, and of any workbook behind a password."""
MOST_UNPACKED = 8 << 30
ERROR_CELL, CUT_NUMBER = "h", "i"
"""Keys of `delimited.BROKEN`: a cell that holds an error; a number that lost its end."""
EXACT = 10**15  # a spreadsheet keeps fifteen digits
LOOKED_THROUGH = 200
_WORKBOOK_XML = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_ERROR_CELLS = re.compile(rb'<c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]{1,3})(\d+)"[^>]*>(?:<f\b[^>]*/>|<f\b.*?</f>)?<v>([^<]*)</v>', re.DOTALL)


@dataclass(frozen=True)
class Sheet:
    """One sheet: its cells as text from its first row on, and what else is known of them."""

    name: str
    cells: pl.DataFrame  # column_1, ...; no row after the last that holds something
    errors: tuple[tuple[int, int, str], ...]  # row and column (from 0) of the cells that hold an error, and the error
    counts_from_1904: bool = False


class Workbook:
    """A workbook, opened.

    Raises: `DataError` where it cannot be read; `MissingExtra` where the package that reads spreadsheets is not installed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as stream:
            start = stream.read(8)
            if start == OLE and "EncryptedPackage".encode("utf-16-le") in stream.read(1 << 20):
                raise DataError(tr("{path} is behind a password; save a copy without one and name that.", path=path))
        self._is_packed = start.startswith(ZIP)
        if self._is_packed:
            check_archive(path, MOST_UNPACKED)
        elif start != OLE:
            raise DataError(
                tr(
                    "{path} is named like a spreadsheet but is none: it begins with {start}; save it again as .xlsx from the program that "
                    "opens it, or as CSV (UTF-8).",
                    path=path, start=repr(start.decode("latin-1")),
                )
            )  # fmt: skip
        with absence_told():
            import fastexcel
        try:
            self._reader: ExcelReader = fastexcel.read_excel(path)
        except fastexcel.FastExcelError as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> DataError:
        why = str(error).splitlines()[0]
        if "password" in why.lower():
            return DataError(tr("{path} is behind a password; save a copy without one and name that.", path=self.path))
        return DataError(
            tr(
                "{path} is a spreadsheet that cannot be read ({why}); open it and save it again, or save the sheet as CSV (UTF-8) and name "
                "that file.",
                path=self.path, why=why,
            )
        )  # fmt: skip

    def _load(self, name: str, **how: Any) -> Any:
        import fastexcel

        try:
            return self._reader.load_sheet(name, header_row=None, **how)
        except fastexcel.FastExcelError as error:
            raise self._unreadable(error) from None

    def sheet_names(self) -> list[str]:
        """Return the sheets that are shown and hold more than one row."""
        names = []
        for name in self._reader.sheet_names:
            start = self._load(name, dtypes="string", skip_rows=0, n_rows=LOOKED_THROUGH)
            if start.visible == "visible" and start.to_polars().select((~pl.all_horizontal(pl.all().is_null())).sum()).item() > 1:
                names.append(name)
        return names

    def chosen(self, stated: str | int | None, wanted: Sequence[str]) -> str | None:
        """Return the sheet to read: the one stated, the only one with rows, or the only one with all columns that are wanted; None = empty.

        Raises: `DataError` where there is no such sheet, or several could be meant.
        """
        every = self._reader.sheet_names
        if stated is not None:
            name = every[stated - 1] if isinstance(stated, int) and 0 < stated <= len(every) else stated
            if name not in every:
                shown = ", ".join(map(repr, every))
                raise DataError(tr("{path} has no sheet {sheet}; it has: {shown}.", path=self.path, sheet=repr(stated), shown=shown))
            return str(name)
        names = self.sheet_names()
        fitting = [name for name in names if self._holds(name, wanted)] if wanted and len(names) > 1 else names
        if len(fitting) == 1 or not names:
            return fitting[0] if names else None
        raise DataError(
            tr(
                "{path} has several sheets with rows: {shown}; say in the mapping which is meant, such as sheet = {first}.",
                path=self.path, shown=", ".join(map(repr, names)), first=f'"{(fitting or names)[0]}"',
            )
        )  # fmt: skip

    def _holds(self, name: str, wanted: Sequence[str]) -> bool:
        start = self._load(name, dtypes="string", skip_rows=0, n_rows=LOOKED_THROUGH).to_polars()
        return any(set(wanted) <= {_plain(cell) for cell in row} for row in start.iter_rows())

    def sheet(self, name: str) -> Sheet:
        """Return a sheet's cells as text."""
        loaded = self._load(name, dtypes="string", skip_rows=0)
        first = loaded.available_columns()[0].absolute_index if loaded.width else 0
        cells: pl.DataFrame = loaded.to_polars()
        cells = cells.rename({old: f"column_{number}" for number, old in enumerate(cells.columns, start=1)})
        filled = cells.select((~pl.all_horizontal(pl.all().is_null())).arg_true().max()).item() if cells.width else None
        errors, from_1904 = self._inside(name) if self._is_packed else ((), False)
        return Sheet(name, cells.head(0 if filled is None else filled + 1), tuple((r, c - first, v) for r, c, v in errors), from_1904)

    def types(self, name: str, skip: int) -> list[pl.DataType]:
        """Return what the cells of each column are from a row on: all whole numbers, numbers, times, or text."""
        data: pl.DataFrame = self._load(name, skip_rows=skip, schema_sample_rows=None).to_polars()
        return [_type(column) for column in data]

    def _inside(self, name: str) -> tuple[Sequence[tuple[int, int, str]], bool]:
        """Return the cells of a sheet that hold an error, and whether its days count from 1904; looked up in the workbook's own files."""
        with zipfile.ZipFile(self.path) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                if b'calcext:value-type="error"' in archive.read("content.xml"):
                    raise self._untold_errors()
                return (), False
            book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
            relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
            targets = {relation.get("Id"): str(relation.get("Target")) for relation in relations}
            properties = book.find(f"{_WORKBOOK_XML}workbookPr")
            from_1904 = properties is not None and properties.get("date1904") in ("1", "true")
            wanted = next((sheet.get(_RELATION) for sheet in book.iter(f"{_WORKBOOK_XML}sheet") if sheet.get("name") == name), None)
            target = targets.get(wanted, "").lstrip("/").removeprefix("xl/")
            if not target or f"xl/{target}" not in archive.namelist():
                return (), from_1904
            with archive.open(f"xl/{target}") as stream:
                errors, cells = _error_cells(iter(lambda: stream.read(1 << 22), b""))
            if len(errors) < cells:
                raise self._untold_errors()
            return errors, from_1904

    def _untold_errors(self) -> DataError:
        return DataError(
            tr(
                "{path} has cells that hold an error, which cannot be told from empty ones as the file is written; save it anew as .xlsx.",
                path=self.path,
            )
        )


def _error_cells(pieces: Iterator[bytes]) -> tuple[list[tuple[int, int, str]], int]:
    """Return row, column and text of the cells of a sheet that hold an error and say where they stand; and how many hold one."""
    errors, cells, rest = [], 0, b""
    for piece in pieces:
        text = rest + piece
        cut = text.rfind(b"</c>") + 4 if b"</c>" in text else 0
        text, rest = text[:cut], text[cut:]
        cells += text.count(b' t="e"')
        for match in _ERROR_CELLS.finditer(text) if b' t="e"' in text else ():
            column = 0
            for letter in match[1]:
                column = column * 26 + letter - 64
            errors.append((int(match[2]) - 1, column - 1, match[3].decode("utf-8", "replace")))
    return errors, cells


def _plain(cell: str | None) -> str:
    return re.sub(r"[\r\n]+", " ", cell or "").strip()


def _type(cells: pl.Series) -> pl.DataType:
    if cells.dtype.is_numeric():
        given = cells.drop_nulls()
        return pl.Int64() if given.len() and bool(((given == given.round(0)) & (given.abs() < EXACT)).all()) else pl.Float64()
    if isinstance(cells.dtype, pl.Datetime) and (cells.dt.year() > 1904).any():  # a clock alone stands on day 0
        return pl.Datetime("us")
    return pl.Datetime("us") if cells.dtype == pl.Date else pl.String()


def text_of(cells: pl.DataFrame) -> pl.DataFrame:
    """Return cells on one line each, clock times without the day that a spreadsheet counts from."""
    clock = r"^(?:1899-12-3[01]|1904-01-01) (\d\d:\d\d:\d\d(?:\.\d+)?)$"
    return cells.with_columns(pl.all().str.replace_all(r"[\r\n]+", " ").str.replace(clock, "${1}"))


def marked(sheet: Sheet, types: Sequence[pl.DataType], mark: str) -> tuple[pl.DataFrame, list[int]]:
    """Return a sheet's cells, those that cannot be believed behind `mark` and the key of the reason; and the places of their columns."""
    cells, places = text_of(sheet.cells), []
    for place, name in enumerate(cells.columns):
        column = cells[name]
        errors = {row: f"{mark}{ERROR_CELL}{error}" for row, at, error in sheet.errors if at == place and row < cells.height}
        if place < len(types) and types[place].is_numeric():
            long = column.str.contains(r"^-?\d{16,}(\.\d+)?$").fill_null(False).arg_true().to_list()
            errors |= {row: f"{mark}{CUT_NUMBER}{column[row]}" for row in long}
        if errors:
            cells.replace_column(place, column.scatter(list(errors), list(errors.values())))
            places.append(place)
    return cells, places


def as_type(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return the text of a column whose cells are all numbers or all times as such."""
    if dtype == pl.Datetime("us"):
        return pl.coalesce(text.str.to_datetime(form, time_unit="us", strict=False) for form in ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d"))
    return text if dtype == pl.String else text.cast(dtype, strict=False)
