"""The bytes of a file, unpacked: its start to look at, then all of it as UTF-8 in blocks of whole lines."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from toolkit.sources.written.archives import refuse_swollen, unpacked, zip_of
from toolkit.sources.written.odd_lines import OddLines, is_by_lines, salvaged

BLOCK = 8 << 20
START_BYTES = 1 << 18
LONGEST_LINE = 1 << 26
PARQUET = b"PAR1"


class WrongEncoding(Exception):
    """The bytes do not decode: carries where, and the bytes around, so that the caller can look for another encoding."""

    def __init__(self, offset: int, line: int, around: bytes) -> None:
        super().__init__(offset)
        self.offset = offset
        self.line = line
        self.around = around


class OverlongLine(Exception):
    """A line so long that it is none of a table: carries how many bytes stand before it, in UTF-8."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


@dataclass(frozen=True)
class Start:
    """The first bytes of a file: all that the choice of its format, encoding and delimiter rests on."""

    path: Path
    bytes: bytes  # unpacked
    is_packed: bool

    @property
    def is_parquet(self) -> bool:
        """Whether the file is Parquet."""
        return self.bytes.startswith(PARQUET) and not self.is_packed

    @property
    def is_whole(self) -> bool:
        """Whether the file ends here."""
        return len(self.bytes) < START_BYTES


def read_start(path: Path) -> Start:
    """Return the start of a file.

    Raises: `DataError` where a packed file is damaged.
    """
    with unpacked(path) as (stream, is_packed):
        return Start(path, stream.read(START_BYTES), is_packed)


def read_pieces(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, unpacked; an empty piece is the end.

    Raises: `DataError` where a packed file is damaged.
    """
    with unpacked(path) as (stream, is_packed):
        size = 0
        while piece := stream.read(BLOCK):
            size += len(piece)
            if is_packed:
                refuse_swollen(zip_of(path) or path, size)
            yield piece
        yield b""


def line_blocks(
    pieces: Iterable[bytes],
    encoding: str,
    *,
    squeeze: bool = False,
    old_mac: bool = False,
    odd: OddLines | None = None,
    longest: int | None = None,
) -> Iterator[tuple[bytes, bool]]:
    """Yield (block of whole lines in UTF-8, is it the last); the last line always ends with a line feed.

    `squeeze` makes runs of spaces one tab and cuts them off at both ends of a line; `old_mac` turns carriage returns into line feeds. With
    `odd` a line that does not decode is counted there and comes marked.

    Raises: `WrongEncoding` where the bytes do not decode.
    """
    rest, offset = b"", 0
    texts = _decoded(pieces, encoding) if odd is None or not is_by_lines(encoding) else salvaged(pieces, encoding, odd, old_mac=old_mac)
    for text in texts:
        text = rest + (text.replace(b"\r", b"\n") if old_mac else text)
        cut = text.rfind(b"\n") + 1
        block, rest = text[:cut], text[cut:]
        offset += cut
        if len(rest) > (longest or LONGEST_LINE):
            raise OverlongLine(offset)
        if block:
            yield (_squeezed(block) if squeeze else block), False
    if rest:
        rest += b"\n"
    yield (_squeezed(rest) if squeeze else rest), True


def _decoded(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    plain = codecs.lookup(encoding).name == "utf-8"
    offset, lines = 0, 1
    for piece in pieces:
        waiting = decoder.getstate()[0]
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            start = max(error.start, 0)
            around = error.object[max(0, start - 20_000) : start + 20_000]
            raise WrongEncoding(offset - len(waiting) + start, lines + error.object[:start].count(b"\n"), around) from None
        offset += len(piece)
        lines += piece.count(b"\n")
        if piece or text:
            yield piece if plain else text.encode("utf-8", errors="replace")


def _squeezed(block: bytes) -> bytes:
    return re.sub(rb"(?m)^\t|\t(?=\r?$)", b"", re.sub(rb"[ \t]+", b"\t", block))
