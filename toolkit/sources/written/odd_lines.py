"""Lines whose bytes are not of their file's encoding: told apart from a file that is in another one, and set aside by themselves.

What proves an encoding are lines with letters beyond ASCII that decode. Text of another encoding hardly ever decodes as UTF-8 by chance (of
short Chinese words in GB18030 one in five does), so few odd lines beside many proven ones are damage, not another encoding.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

ODD = b"\x1eg"
"""Stands before a line that does not decode, as before any record that could not be read (`records.delimited`)."""
PROVEN_TO_ODD = 4
STATED_TO_ODD = 20


@dataclass
class OddLines:
    """How many lines of a text decode, how many of them prove the encoding, and how many do not decode."""

    lines: int = 0
    proven: int = 0
    odd: int = 0

    def are_damage(self, *, is_stated: bool = False) -> bool:
        """Return whether the lines that do not decode are so few that the encoding holds; of one that is stated less proof is asked."""
        return 0 < self.proven >= self.odd * PROVEN_TO_ODD or (is_stated and 0 < self.lines >= self.odd * STATED_TO_ODD)


def is_by_lines(encoding: str) -> bool:
    """Return whether a line feed is one byte and part of nothing else in this encoding."""
    return not codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


def counted(sample: bytes, encoding: str, *, is_whole: bool) -> OddLines:
    """Return the counts of the start of a file; its last line is left out where the file goes on."""
    odd = OddLines()
    if is_by_lines(encoding):
        whole = sample if is_whole else sample[: sample.rfind(b"\n") + 1]
        for _ in salvaged((whole, b""), encoding, odd):
            pass
    return odd


def salvaged(pieces: Iterable[bytes], encoding: str, odd: OddLines, *, old_mac: bool = False) -> Iterator[bytes]:
    """Yield the text of a file as UTF-8; a line that does not decode comes behind ODD, its odd bytes spelled out, and is counted."""
    rest, encoding = b"", codecs.lookup(encoding).name
    is_first, plain = True, "utf-8" if encoding == "utf-8-sig" else encoding
    for piece in pieces:
        block = rest + (piece.replace(b"\r", b"\n") if old_mac else piece)
        cut = block.rfind(b"\n") + 1 if piece else len(block)
        block, rest = block[:cut], block[cut:]
        if is_first and block and encoding == "utf-8-sig":
            block = block.removeprefix(codecs.BOM_UTF8)
        is_first = is_first and not block
        yield b"".join(_line(line, plain, odd) for line in _by_line_feed(block))


def _by_line_feed(block: bytes) -> Iterator[bytes]:
    parts = block.split(b"\n")
    yield from (part + b"\n" for part in parts[:-1])
    if parts[-1]:
        yield parts[-1]


def _line(line: bytes, encoding: str, odd: OddLines) -> bytes:
    odd.lines += 1
    if line.isascii():
        return line
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError:
        odd.odd += 1
        return ODD + line.decode(encoding, "backslashreplace").encode()
    odd.proven += 1
    return text.encode()
