"""How a text file is written: encoding, delimiter, where the header is. Stated in the mapping, or found in the file's first lines."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.sources.specs import TableMapping
from toolkit.sources.written.encoding import detect_encoding
from toolkit.sources.written.frame_lines import header_below
from toolkit.sources.written.odd_lines import counted
from toolkit.sources.written.packing import PARQUET, Start

DELIMITERS = (",", ";", "\t", "|", "\x01", "^", "~")
SAMPLE_LINES = 200


@dataclass(frozen=True)
class Dialect:
    """How one text file is written."""

    encoding: str
    delimiter: str  # one character, or "whitespace"
    quote: str  # "" = the file does not quote
    names: tuple[str, ...]
    skip_lines: int  # physical lines up to and with the header
    old_mac: bool = False  # lines end with a carriage return alone
    header: bytes = b""  # the header line in UTF-8, to know it again in the middle of the file; b"" = no header
    above: tuple[str, ...] = ()  # the lines above the header

    @property
    def separator(self) -> str:
        """The delimiter that polars is told: runs of spaces have become tabs."""
        return "\t" if self.delimiter == "whitespace" else self.delimiter


def find_dialect(start: Start, table: TableMapping, *, telling: bytes = b"") -> Dialect | None:
    """Return how a file is written, or None where it holds no line at all.

    `telling` replaces the start for the choice of the encoding (bytes further in that did not decode).
    """
    if start.is_packed and start.bytes.startswith(PARQUET):
        raise DataError(tr("{path} is Parquet within a packed file; unpack it and name the file.", path=start.path))
    wanted = table.raw_columns
    found = table.encoding or detect_encoding(telling or start.bytes, wanted, is_whole=start.is_whole and not telling)
    encoding = codecs.lookup(found).name
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(start.bytes)
    except UnicodeDecodeError as error:
        text = _nearly_whole(start, encoding, is_stated=bool(table.encoding))
        if text is None:
            raise _undecodable(start, encoding, table, error) from None
    if encoding == "utf-8-sig" and (table.header or table.skip_rows):
        encoding = "utf-8"  # the mark is in a line that is skipped
    elif encoding == "utf-8" and text.startswith("\ufeff") and not table.header:
        encoding = "utf-8-sig"
    text = text.removeprefix("\ufeff")
    old_mac = "\n" not in text and "\r" in text
    if not start.is_whole and not old_mac and "\n" not in text:
        raise DataError(
            tr(
                "{path}: the first line alone has more than {size:,} KB, too much for a header; if it is a table, state its `delimiter` "
                "and `encoding`, or export the columns that are needed.",
                path=start.path, size=len(start.bytes) >> 10,
            )
        )  # fmt: skip
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:SAMPLE_LINES]
    if not start.is_whole and len(lines) > 2:
        lines.pop()
    if not any(line.strip() for line in lines):
        return None
    delimiter = table.delimiter or _delimiter(lines, wanted, table.quote)
    skip = _header_line(lines, delimiter, table) if table.skip_rows is None else table.skip_rows
    if skip >= len(lines):
        return None
    fields = split_line(lines[skip], delimiter, table.quote)
    if not table.header:
        return Dialect(encoding, delimiter, table.quote, positions(len(fields)), skip, old_mac, above=tuple(lines[:skip]))
    # a header may end with delimiters that the rows have too
    header = lines[skip] if delimiter != "whitespace" else "\t".join(fields)
    return Dialect(encoding, delimiter, table.quote, numbered(fields), skip + 1, old_mac, header.encode("utf-8"), tuple(lines[:skip]))


def _nearly_whole(start: Start, encoding: str, *, is_stated: bool) -> str | None:
    """Return the start of a file as text, where all but a few damaged lines of it decode."""
    odd = counted(start.bytes, encoding, is_whole=start.is_whole)
    return start.bytes.decode(encoding, "replace") if odd.lines and odd.are_damage(is_stated=is_stated) else None


def _undecodable(start: Start, encoding: str, table: TableMapping, error: UnicodeDecodeError) -> DataError:
    line = start.bytes[: error.start].count(b"\n") + 1
    return DataError(
        f"{start.path} is not {encoding}: byte 0x{start.bytes[error.start]:02x} at offset {error.start}, line {line}, does not decode; "
        f"state the right `encoding` in {table.files[0].path!r}'s section, or leave it out and it is detected."
    )


def positions(width: int) -> tuple[str, ...]:
    """Return the names of columns that have none."""
    return tuple(f"column_{number}" for number in range(1, width + 1))


def split_line(line: str, delimiter: str, quote: str) -> list[str]:
    """Return the fields of one line, without the spaces around them."""
    if delimiter == "whitespace":
        return line.split()
    reader = csv.reader(
        [line], delimiter=delimiter, quotechar=quote or None, quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE, skipinitialspace=True
    )
    try:
        fields = next(reader, [])
    except csv.Error:  # a field of over 128 KB
        fields = line.split(delimiter)
    return [field.strip() for field in fields]


def numbered(names: Sequence[str]) -> tuple[str, ...]:
    """Return column names that are each unique: equal ones get their number, empty ones their position.

    >>> numbered(["a", "b", "a", ""])
    ('a (1)', 'b', 'a (2)', 'column_4')
    """
    times = Counter(names)
    seen: Counter[str] = Counter()
    unique = []
    for position, name in enumerate(names, start=1):
        seen[name] += 1
        unique.append(f"column_{position}" if not name else name if times[name] == 1 else f"{name} ({seen[name]})")
    return tuple(unique)


def _delimiter(lines: list[str], wanted: Sequence[str], quote: str) -> str:
    """Return the delimiter that makes the wanted names appear, or else cuts the most lines into the same number of fields."""

    def score(delimiter: str) -> tuple[int, float, int]:
        rows = [split_line(line, delimiter, quote) for line in lines if line.strip()]
        hits = max((len(set(row) & set(wanted)) for row in rows[:50]), default=0)
        widths = Counter(len(row) for row in rows)
        width, times = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]), default=(1, 0))
        return hits, times / max(len(rows), 1) if width > 1 else 0.0, width

    scores = {delimiter: score(delimiter) for delimiter in DELIMITERS}
    best = max(scores, key=lambda delimiter: scores[delimiter])
    if scores[best][1] > 0 or scores[best][0] > 1:
        return best
    spaces = score("whitespace")
    return "whitespace" if spaces[1] >= 0.95 and spaces[2] > 1 else ","


def _header_line(lines: list[str], delimiter: str, table: TableMapping) -> int:
    """Return how many lines stand above the header: banners have fewer fields, not the names that are wanted, or few filled cells."""
    rows = [split_line(line, delimiter, table.quote) for line in lines]
    wanted = set(table.raw_columns)
    if table.header and wanted:
        hits = [len(set(row) & wanted) for row in rows[:50]]
        if max(hits) >= min(2, len(wanted)):
            return hits.index(max(hits))
    width = Counter(len(row) for row in rows if any(row)).most_common(1)[0][0]
    first = next(number for number, row in enumerate(rows) if len(row) >= width and any(row))
    return header_below(rows, first) if table.header else first
