"""JSON as rows: an array of records, one under a key, or a record a line; what is nested gets the names of its path.

A list of records within a record (the items of an order) becomes one row per item, with the record's own fields repeated. A list of plain
values (tags) stays a text. Where records hold several lists of records, the mapping says which becomes rows.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.sources.written.packing import Start, WrongEncoding, line_blocks, read_pieces

JSON_ENDINGS = (".json", ".jsonl", ".ndjson")
MOST_AS_A_WHOLE = 1 << 30
"""An array is read as a whole; a file of a record a line may have any size."""
WIDE = (BOM_UTF16_LE, BOM_UTF16_BE)
RECORD = "number of the record"
UNREAD = "text that is no record"
DEEPEST = 20
ITEMS = re.compile(r"item|line|product|goods|sku|detail|position|artikel|明细|明細|商品|订单行", re.IGNORECASE)
"""Lists whose records are what was sold; a proposal takes the first, and says so."""


@dataclass(frozen=True)
class JsonRecords:
    """Records as rows, in a Parquet copy that also numbers them (`RECORD`) and holds what is none (`UNREAD`)."""

    copy: Path
    schema: dict[str, pl.DataType]
    rows: int
    broken: int  # lines that are no record
    unfolded: str  # the list whose items became rows; "" = none


def is_json(path: Path, stated: str | None) -> bool:
    """Return whether a file is JSON, by what is stated or by its ending."""
    name = re.sub(r"\.(gz|zip)$", "", path.name.lower())
    return stated == "json" or (stated is None and name.endswith(JSON_ENDINGS))


def read_json(start: Start, unfold: str | None, folder: Path, *, is_proposed: bool = False) -> JsonRecords | None:
    """Return the records of a JSON file, or None where it holds none; a proposal takes the likeliest list where there are several.

    Raises: `DataError` where it is no JSON, is cut off, or has several lists of which none is stated.
    """
    head = start.bytes.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head:
        return None
    is_plain = not start.is_packed and start.bytes[:2] not in WIDE and not start.bytes.startswith(BOM_UTF8)
    text, broken = start.path if is_plain else folder / "text.json", 0
    try:
        if not is_plain:
            _write_utf8(start, text)
        try:
            frame = _lines(text) if _is_lines(start) else _whole(start.path, text, unfold)
            schema = frame.collect_schema()
        except PolarsError:
            if not _is_lines(start):
                raise
            broken = _set_apart(text, folder / "lines.json")
            frame = _lines(folder / "lines.json")
            schema = frame.collect_schema()
        if not schema:
            return None
        frame, unfolded = _flattened(start.path, frame.with_row_index(RECORD, offset=1), unfold, is_proposed=is_proposed)
        frame.sink_parquet(folder / "records.parquet", compression="lz4", statistics=False)
    except (PolarsError, WrongEncoding, RecursionError) as error:
        why = tr("byte {offset:,} is not UTF-8", offset=error.offset) if isinstance(error, WrongEncoding) else str(error).partition("\n")[0]
        raise DataError(tr("{path} cannot be read as JSON ({why}); it may be cut off: fetch it again.", path=start.path, why=why)) from None
    written = pl.scan_parquet(folder / "records.parquet")
    columns = {name: dtype for name, dtype in written.collect_schema().items() if name not in (RECORD, UNREAD)}
    return JsonRecords(folder / "records.parquet", columns, written.select(pl.len()).collect().item(), broken, unfolded)


def _write_utf8(start: Start, copy: Path) -> None:
    encoding = "utf-16" if start.bytes[:2] in WIDE else "utf-8"
    with copy.open("wb") as target:
        for number, (block, _) in enumerate(line_blocks(read_pieces(start.path), encoding, longest=MOST_AS_A_WHOLE)):
            target.write(block.removeprefix(BOM_UTF8) if number == 0 else block)


def _is_lines(start: Start) -> bool:
    """Return whether the first line is a record by itself."""
    first = start.bytes.decode("utf-16" if start.bytes[:2] in WIDE else "utf-8-sig", "replace").lstrip().partition("\n")
    return bool(first[2].strip()) and isinstance(_record(first[0]), dict)


def _record(line: str | bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _lines(path: Path) -> pl.LazyFrame:
    return pl.scan_ndjson(path, infer_schema_length=None)


def _set_apart(text: Path, copy: Path) -> int:
    """Copy a file of a record a line, what is no record as a record of its own that holds its text; return how many those are."""
    broken = 0
    with text.open("rb") as source, copy.open("wb") as target:
        for line in source:
            if not line.strip():
                continue
            if not isinstance(_record(line), dict):
                line = json.dumps({UNREAD: line.decode("utf-8", "backslashreplace").rstrip("\r\n")}).encode() + b"\n"
                broken += 1
            target.write(line)
    return broken


def _whole(path: Path, text: Path, unfold: str | None) -> pl.LazyFrame:
    """Return the records of an array, or of the one list of records that an object holds."""
    if text.stat().st_size > MOST_AS_A_WHOLE:
        raise DataError(
            tr(
                "{path} has {size:,} MB in one piece, more than is read at once; export it as JSON lines, one record a line.",
                path=path, size=text.stat().st_size >> 20,
            )
        )  # fmt: skip
    frame = pl.read_json(text, infer_schema_length=None)
    with text.open("rb") as stream:
        is_array = stream.read(4096).lstrip().startswith(b"[")
    lists = [] if is_array else _lists(frame.schema)
    if not lists or frame.height != 1:
        return frame.lazy()
    chosen = [name for name in lists if len(lists) == 1 or name == (unfold or "").partition(".")[0]]
    if not chosen:
        raise _several(path, lists)
    return frame.lazy().select(pl.col(chosen[0]).explode()).unnest(chosen[0])


def _lists(schema: pl.Schema) -> list[str]:
    return [name for name, dtype in schema.items() if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct)]


def _several(path: Path, lists: Iterable[str]) -> DataError:
    shown = list(lists)
    return DataError(
        tr(
            "{path} has several lists of records: {lists}; say in the mapping whose records are the rows, such as unfold = {first}.",
            path=path, lists=", ".join(map(repr, shown)), first=f'"{next((name for name in shown if ITEMS.search(name)), shown[0])}"',
        )
    )  # fmt: skip


def _flattened(path: Path, frame: pl.LazyFrame, unfold: str | None, *, is_proposed: bool) -> tuple[pl.LazyFrame, str]:
    """Return records without records in them, one row per item of a list of them; and the path of that list."""
    frame = _unnested(path, frame)
    unfolded = ""
    lists = _lists(frame.collect_schema())
    wanted = unfold or ""
    while lists:
        inner = [name for name in lists if unfolded == "" or name.startswith(f"{unfolded}.")]
        chosen = next((name for name in inner if f"{wanted}.".startswith(f"{name}.")), None)
        if chosen is None and (not inner or (wanted and unfolded == wanted)):
            break
        if chosen is None and not wanted:
            if is_proposed and unfolded:
                break
            likely = [name for name in inner if ITEMS.search(name.rpartition(".")[2])] if is_proposed else []
            if unfolded or (len(inner) > 1 and not likely):
                raise _several(path, [unfolded, *inner] if unfolded else inner)
            chosen = (likely or inner)[0]
        if chosen is None:
            break
        frame = _unnested(path, frame.explode(chosen, empty_as_null=True))
        unfolded, lists = chosen, _lists(frame.collect_schema())
    if wanted and unfolded != wanted:
        raise DataError(
            tr(
                "{path} has no list of records {wanted}; it has: {lists}.",
                path=path, wanted=repr(wanted), lists=", ".join(map(repr, lists)) or tr("none"),
            )
        )  # fmt: skip
    return frame.select(_plain(name, dtype) for name, dtype in frame.collect_schema().items()), unfolded


def _unnested(path: Path, frame: pl.LazyFrame) -> pl.LazyFrame:
    for _ in range(DEEPEST):
        schema = frame.collect_schema()
        nested = [name for name, dtype in schema.items() if isinstance(dtype, pl.Struct)]
        if not nested:
            return frame
        frame = frame.unnest(nested, separator=".")
    raise DataError(tr("{path} nests records more than {most} deep; export a flatter one.", path=path, most=DEEPEST))


def _plain(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return a column as a type that a table has: lists as texts."""
    column = pl.col(name)
    if isinstance(dtype, pl.List | pl.Array):
        inner = dtype.inner
        if inner.is_nested():  # type: ignore[union-attr]
            return pl.when(column.is_not_null()).then(pl.struct(name).struct.json_encode()).alias(name)
        return column.cast(pl.List(pl.String)).list.join(", ")
    return column.cast(pl.String) if dtype in (pl.Null, pl.Int128) else column
