"""Files of a table with the same content: a file and its copy, a packed file and what was in it. They are read once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path

from toolkit.sources.records.source_file import SourceFile
from toolkit.sources.written.packing import read_pieces, read_start


def twins_of(files: Sequence[SourceFile]) -> dict[Path, Path]:
    """Return for every file whose bytes, unpacked, are those of an earlier one the path of that one.

    Only files with as many records, the same columns and the same start are read through. Folders that carry a column tell files of the
    same content apart.
    """
    alike = _alike(files, lambda file: None if file.is_hive or not file.rows else (file.rows, tuple(file.schema)))
    twins = {}
    for group in (same for likes in alike for same in _alike(likes, lambda file: _digest([read_start(file.path).bytes]))):
        for same in _alike(group, lambda file: _digest(read_pieces(file.path))):
            twins |= {file.path: same[0].path for file in same[1:]}
    return twins


def _alike(files: Iterable[SourceFile], key: Callable[[SourceFile], Hashable]) -> list[list[SourceFile]]:
    groups: dict[Hashable, list[SourceFile]] = {}
    for file in files:
        groups.setdefault(key(file), []).append(file)
    return [group for of, group in groups.items() if of is not None and len(group) > 1]


def _digest(pieces: Iterable[bytes]) -> bytes:
    digest = hashlib.blake2b()
    for piece in pieces:
        digest.update(piece)
    return digest.digest()
