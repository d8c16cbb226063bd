"""The bytes of a text file as UTF-8, in blocks of whole lines: unpacked, decoded, with line feeds."""

from __future__ import annotations

import codecs
import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from toolkit.errors import DataError

BLOCK = 8 << 20
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"


class WrongEncoding(Exception):
    """The bytes do not decode: carries where, and the bytes around, so that the caller can look for another encoding."""

    def __init__(self, offset: int, line: int, around: bytes) -> None:
        super().__init__(offset)
        self.offset = offset
        self.line = line
        self.around = around


def is_packed(path: Path) -> bool:
    """Return whether the file is gzip or zip, by its first bytes."""
    with path.open("rb") as stream:
        magic = stream.read(4)
    return magic[:2] == GZIP or magic == ZIP


def open_bytes(path: Path) -> IO[bytes]:
    """Return the file's bytes as a stream, unpacked where it is gzip, or a zip with one file in it."""
    with path.open("rb") as stream:
        magic = stream.read(4)
    if magic[:2] == GZIP:
        return gzip.open(path, "rb")  # type: ignore[return-value]
    if magic != ZIP:
        return path.open("rb")
    archive = zipfile.ZipFile(path)
    members = [member for member in archive.namelist() if not member.endswith("/")]
    if len(members) != 1:
        raise DataError(f"{path} holds {len(members)} files; a zip with exactly one was needed: unpack it.")
    return archive.open(members[0])


def read_sample(path: Path, size: int = 1 << 18) -> bytes:
    """Return the first bytes of a file, unpacked.

    Raises: `DataError` where a packed file is damaged.
    """
    try:
        with open_bytes(path) as stream:
            return stream.read(size)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise _damaged(path, error) from None


def line_blocks(path: Path, encoding: str, *, squeeze: bool = False, old_mac: bool = False) -> Iterator[tuple[bytes, bool]]:
    """Yield (block of whole lines in UTF-8, is it the last); the last line always ends with a line feed.

    `squeeze` makes runs of spaces one tab and cuts them off at both ends of a line; `old_mac` turns carriage returns into line feeds.

    Raises: `WrongEncoding` where the bytes do not decode; `DataError` where a packed file is damaged.
    """
    rest = b""
    for text in _decoded(path, encoding):
        text = rest + (text.replace(b"\r", b"\n") if old_mac else text)
        cut = text.rfind(b"\n") + 1
        block, rest = text[:cut], text[cut:]
        if block:
            yield (_squeezed(block) if squeeze else block), False
    if rest:
        rest += b"\n"
    yield (_squeezed(rest) if squeeze else rest), True


def _decoded(path: Path, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    plain = codecs.lookup(encoding).name == "utf-8"
    offset, lines = 0, 1
    try:
        with open_bytes(path) as stream:
            while True:
                piece = stream.read(BLOCK)
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
                if not piece:
                    return
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise _damaged(path, error) from None


def _squeezed(block: bytes) -> bytes:
    return re.sub(rb"(?m)^\t|\t(?=\r?$)", b"", re.sub(rb"[ \t]+", b"\t", block))


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} is damaged ({error}); fetch or pack it again.")
