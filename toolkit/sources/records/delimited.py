"""Delimited text made safe to scan: one pass over the bytes of a file, before polars reads it.

polars reads columns fast but either stops at a row with the wrong number of fields or drops what does not fit. This pass looks at every
line first. A file in which every record is complete and in UTF-8 is scanned where it is. Anything else (another encoding, gzip, old
line ends, a row with too few fields) is rewritten, block by block, to a UTF-8 copy with the same number of records: a record that
cannot be read becomes a marked record that carries its reason and its text, so it keeps its row number and is set aside like any other.

A line that is complete by itself is a record. Lines that are not are joined while a quote is open; a quote that never closes costs its
own line, not the rest of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from toolkit.errors import DataError
from toolkit.language import later, tr
from toolkit.sources.written.dialect import Dialect
from toolkit.sources.written.frame_lines import MOST_LINES_BELOW, TOTAL, is_total
from toolkit.sources.written.odd_lines import ODD, OddLines
from toolkit.sources.written.packing import LONGEST_LINE, OverlongLine, Start, line_blocks, read_pieces

MARK = "\x1e"
"""First character of a record that could not be read; the next is the key of its reason in BROKEN."""
BROKEN = {
    "a": later("too few fields"),
    "b": later("too many fields"),
    "c": later("a quote is not closed"),
    "d": later("a NUL byte in the row"),
    "e": later("the header again"),
    "f": later("a total below the rows, no row itself"),
    "g": later("bytes that are not of the file's encoding"),
    "h": later("an error in a cell"),
    "i": later("a number of more than 15 digits, whose end a spreadsheet does not keep"),
    "j": later("no JSON record"),
}
STAND_INS = {"\x1d": "\n", "\x1c": '"', "\x1a": "\r", "\x1b": "\0"}
"""Stand-ins for line end, quote, carriage return and NUL inside the text of a marked record; \\x1f stands for the delimiter."""
LONGEST_RECORD_LINES = 200
LINE_END = 10


@dataclass(frozen=True)
class Prepared:
    """What the pass counted, and what polars should scan."""

    scanned: Path | bytes
    records: int  # data records, empty and marked ones included
    empty: int
    broken: int  # totals included
    totals: int = 0


def prepare(start: Start, dialect: Dialect, copy: Path, odd: OddLines | None = None) -> Prepared:
    """Return how to scan a text file: as it is, or as a UTF-8 copy written to `copy`.

    With `odd`, lines that do not decode are counted there and marked as records that cannot be read.

    Raises: `WrongEncoding` where the bytes do not decode; `DataError` where a packed file is damaged or a line is no line of a table.
    """
    squeeze = dialect.delimiter == "whitespace"
    untouched = dialect.encoding == "utf-8" and not squeeze and not dialect.old_mac and not start.is_packed and odd is None
    check = _Check(dialect)
    target: BinaryIO | None = None if untouched else copy.open("wb")
    consumed, skip, pending = 0, dialect.skip_lines, b""
    try:
        blocks = line_blocks(read_pieces(start.path), dialect.encoding, squeeze=squeeze, old_mac=dialect.old_mac, odd=odd)
        for block, last in _ending_known(blocks):
            head, block, skip = _cut_lines(block, skip)
            if target is not None:
                target.write(head)
            consumed += len(head)
            block = pending + block
            pieces, pending, changed = check.block(block, last=last)
            if changed and target is None:
                target = copy.open("wb")
                _copy_start(start.path, consumed, target)
            if target is not None:
                target.writelines(pieces)
            consumed += len(block) - len(pending)
    except OverlongLine as fault:
        raise DataError(
            tr(
                "{path}: after {offset:,} bytes comes a line of more than {most:,} MB, which no row of a table has; state the `delimiter` "
                "and the `encoding` if they are others, or export the file anew with one row a line.",
                path=start.path, offset=fault.offset, most=LONGEST_LINE >> 20,
            )
        ) from None  # fmt: skip
    finally:
        if target is not None:
            target.close()
    return Prepared(start.path if target is None else copy, check.records, check.empty, check.broken, check.totals)


def _ending_known(blocks: Iterable[tuple[bytes, bool]]) -> Iterator[tuple[bytes, bool]]:
    """Yield the blocks of a file so that its last lines are in the block that is marked as the last."""
    before = b""
    for block, last in blocks:
        if last:
            yield before + block, True
        elif before:
            yield before, False
        before = block


def prepare_start(start: Start, dialect: Dialect) -> Prepared:
    """Return the whole records at the start of a text file, ready to scan, without reading further."""
    squeeze, check, text = dialect.delimiter == "whitespace", _Check(dialect), b""
    pieces = (start.bytes, b"") if start.is_whole else (start.bytes,)
    for block, last in line_blocks(pieces, dialect.encoding, squeeze=squeeze, old_mac=dialect.old_mac, odd=OddLines()):
        if start.is_whole or not last:
            text += block
    head, text, _ = _cut_lines(text, dialect.skip_lines)
    records, _, _ = check.block(text, last=start.is_whole)
    return Prepared(head + b"".join(records), check.records, check.empty, check.broken, check.totals)


def _cut_lines(block: bytes, count: int) -> tuple[bytes, bytes, int]:
    start = 0
    while count and start < len(block):
        start, count = block.find(b"\n", start) + 1, count - 1
    return block[:start], block[start:], count


def _copy_start(path: Path, size: int, target: BinaryIO) -> None:
    with path.open("rb") as source:
        while size > 0 and (piece := source.read(min(size, 1 << 22))):
            target.write(piece)
            size -= len(piece)
    target.flush()


class _Check:
    """Counts the records of one file and repairs what it can, block after block."""

    def __init__(self, dialect: Dialect) -> None:
        self.delimiter = dialect.separator.encode()
        self.quote = dialect.quote.encode()
        self.fields = len(dialect.names)
        self.header = dialect.header.rstrip(b"\r\n")
        self.records = self.empty = self.broken = self.totals = 0
        self.total_lines: frozenset[bytes] = frozenset()

    def block(self, block: bytes, *, last: bool) -> tuple[Iterable[bytes], bytes, bool]:
        """Return (pieces to keep, unfinished rest for the next block, whether anything had to be changed)."""
        starts, ends, good = self._complete_lines(block)
        if last:
            self._find_totals(block, starts, ends, good)
        bad = np.flatnonzero(~good)
        if bad.size == 0:
            self.records += len(starts)
            return [block], b"", False
        pieces: list[bytes] = []
        changed, done, line = False, 0, 0
        for run in np.split(bad, np.flatnonzero(np.diff(bad) > 1) + 1):
            first, after = int(run[0]), int(run[-1]) + 1
            self.records += first - line
            pieces.append(block[done : int(starts[first])])
            lines = [block[int(starts[i]) : int(ends[i])] for i in range(first, after)]
            records, unread = self._repair(lines, open_end=not last and after == len(starts))
            original = block[int(starts[first]) : int(ends[after - 1]) + 1]
            rest = b"".join(text + b"\n" for text in lines[len(lines) - unread :]) if unread else b""
            repaired = b"".join(records)
            changed |= repaired != original[: len(original) - len(rest)]
            pieces.append(repaired)
            self.records += len(records)
            done, line = int(ends[after - 1]) + 1, after
            if unread:
                return pieces, rest, changed
        self.records += len(starts) - line
        pieces.append(block[done:])
        return pieces, b"", changed

    def _complete_lines(self, block: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return start and end of every line, and whether it is a complete record by itself."""
        data = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(data == LINE_END)
        starts = np.concatenate([[0], ends[:-1] + 1]) if ends.size else ends
        delimiters = np.flatnonzero(data == self.delimiter[0])
        good = np.ones(len(ends), bool)
        if self.quote and self.quote in block:
            delimiters = self._outside_quotes(data, ends, delimiters, good)
        per_line = self.fields - 1
        aligned = False
        if per_line and delimiters.size == ends.size * per_line:
            table = delimiters.reshape(-1, per_line)
            aligned = bool((table[:, 0] >= starts).all() and (table[:, -1] < ends).all())
        if not aligned:
            good &= np.diff(np.searchsorted(delimiters, ends), prepend=0) == per_line
        if b"\0" in block:
            good[np.searchsorted(ends, np.flatnonzero(data == 0))] = False
        if self.header and self.header in block:
            again = [match.start() for match in re.finditer(rb"(?m)^" + re.escape(self.header) + rb"\r?$", block)]
            good[np.searchsorted(ends, again)] = False
        if ODD in block:
            good[np.searchsorted(ends, [match.start() for match in re.finditer(rb"(?m)^" + ODD, block)])] = False
        good[ends - starts <= self.fields] = False  # so short that it may be empty: looked at one by one
        return starts, ends, good

    def _find_totals(self, block: bytes, starts: np.ndarray, ends: np.ndarray, good: np.ndarray) -> None:
        """Mark the totals among the last lines of a file as not good."""
        lines: list[tuple[int, bytes, list[str]]] = []  # the last first
        for number in range(len(starts) - 1, max(-1, len(starts) - 1 - 2 * MOST_LINES_BELOW), -1):
            line = block[int(starts[number]) : int(ends[number])].rstrip(b"\r")
            if line.strip(self.delimiter + b" \t"):
                fields = self._split([line], 0)[0] or []
                lines.append((number, line, [field.decode("utf-8", "replace").strip() for field in fields]))
        others = [cells for _, _, cells in lines if len(cells) >= self.fields and not TOTAL.match(next(filter(None, cells), ""))]
        above = max(others, key=lambda cells: sum(map(bool, cells)), default=["a name"] * self.fields)
        totals = [(number, line) for number, line, cells in lines[:MOST_LINES_BELOW] if is_total(cells, above)]
        good[[number for number, _ in totals]] = False
        self.total_lines = frozenset(line for _, line in totals)

    def _outside_quotes(self, data: np.ndarray, ends: np.ndarray, delimiters: np.ndarray, good: np.ndarray) -> np.ndarray:
        """Return the delimiters outside quotes; lines with an odd or oddly placed quote are marked not good."""
        is_quote = data == self.quote[0]
        seen = np.cumsum(is_quote, dtype=np.int32)
        per_line = np.diff(seen[ends], prepend=0)
        odd = (per_line & 1).astype(bool)
        good &= ~odd
        quotes = np.flatnonzero(is_quote)
        before = seen[ends] - per_line  # quotes before each line
        shift = (lambda places: before[np.searchsorted(ends, places)]) if odd.any() else (lambda places: 0)
        opening = ((seen[quotes] - shift(quotes)) & 1).astype(bool)
        edges = np.zeros(256, bool)
        edges[[self.delimiter[0], self.quote[0], LINE_END, 13]] = True
        neighbour = np.where(opening, data[np.maximum(quotes - 1, 0)], data[np.minimum(quotes + 1, len(data) - 1)])
        strange = ~edges[neighbour] & ~(opening & (quotes == 0))
        good[np.searchsorted(ends, quotes[strange])] = False
        return delimiters[((seen[delimiters] - shift(delimiters)) & 1) == 0]

    def _repair(self, lines: list[bytes], *, open_end: bool) -> tuple[list[bytes], int]:
        """Return the records in a run of lines that are not complete by themselves, and how many lines at its end wait for more."""
        records: list[bytes] = []
        at = 0
        while at < len(lines):
            line = lines[at].rstrip(b"\r")
            if not line.strip(self.delimiter + b" \t"):
                self.empty += 1
                records.append(lines[at] + b"\n" if not line.strip(self.delimiter) and line.count(self.delimiter) < self.fields else b"\n")
                at += 1
                continue
            if line in self.total_lines:
                self.totals += 1
                records.append(self._marked("f", line))
                at += 1
                continue
            if line.startswith(ODD):
                records.append(self._marked("g", line.removeprefix(ODD)))
                at += 1
                continue
            if b"\0" in line or line == self.header:
                records.append(self._marked("e" if line == self.header else "d", line))
                at += 1
                continue
            fields, used = self._split(lines, at)
            if fields is None and open_end and len(lines) - at < LONGEST_RECORD_LINES:
                return records, len(lines) - at
            if fields is not None and len(fields) > self.fields and not any(fields[self.fields :]):
                fields = fields[: self.fields]
            if fields is not None and len(fields) == self.fields:
                whole = b"\n".join(lines[at : at + used])
                rewritten = self._written(fields)
                at += used
                if b"\n" + ODD in whole:
                    records.append(self._marked("g", whole.replace(b"\n" + ODD, b"\n")))
                    continue
                records.append((whole if rewritten == whole.rstrip(b"\r") else rewritten) + b"\n")
                continue
            single = self._split(lines[: at + 1], at)[0]
            reason = "c" if single is None else "a" if len(single) < self.fields else "b"
            records.append(self._marked(reason, line))
            at += 1
        return records, 0

    def _split(self, lines: list[bytes], at: int) -> tuple[list[bytes] | None, int]:
        """Return the fields of the record that starts at a line, and how many lines it takes; None where a quote stays open."""
        text, used = lines[at].rstrip(b"\r"), 1
        fields: list[bytes] = []
        place = 0
        while True:
            spaces = len(text) - place - len(text[place:].lstrip(b" "))
            if self.quote and text[place + spaces : place + spaces + 1] == self.quote:
                end = self._closing(text, place + spaces + 1)
                while end < 0 and at + used < len(lines) and used < LONGEST_RECORD_LINES:
                    text = text + b"\n" + lines[at + used].rstrip(b"\r")
                    used += 1
                    end = self._closing(text, place + spaces + 1)
                if end < 0:
                    return None, 1
                fields.append(text[place + spaces + 1 : end].replace(self.quote * 2, self.quote))
                place = end + 1
            else:
                end = text.find(self.delimiter, place)
                end = len(text) if end < 0 else end
                fields.append(text[place:end])
                place = end
            if place >= len(text):
                return fields, used
            place += 1

    def _closing(self, text: bytes, start: int) -> int:
        """Return where the quoted field that starts here closes: a quote before a delimiter or the line's end; -1 = nowhere."""
        while True:
            end = text.find(self.quote, start)
            if end < 0:
                return -1
            after = text[end + 1 : end + 2]
            if after in (b"", self.delimiter, b"\n"):
                return end
            start = end + (2 if after == self.quote else 1)

    def _written(self, fields: list[bytes]) -> bytes:
        special = (self.delimiter, self.quote, b"\n", b"\r")
        if not self.quote:
            return self.delimiter.join(fields)
        quoted = (
            self.quote + text.replace(self.quote, self.quote * 2) + self.quote if any(mark in text for mark in special) else text
            for text in fields
        )
        return self.delimiter.join(quoted)

    def _marked(self, reason: str, line: bytes) -> bytes:
        self.broken += 1
        text = line.replace(self.delimiter, b"\x1f")
        for stand_in, meant in STAND_INS.items():
            text = text.replace(meant.encode(), stand_in.encode())
        return (MARK + reason).encode() + text + self.delimiter * (self.fields - 1) + b"\n"


def original_text(marked: str, delimiter: str) -> str:
    """Return the text of a marked record as it stood in the file."""
    text = marked.replace("\x1f", delimiter)
    for stand_in, meant in STAND_INS.items():
        text = text.replace(stand_in, meant)
    return text
