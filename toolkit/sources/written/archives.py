"""Packed files: gzip, and zips, whose members are named like files in a folder (`export.zip/orders.csv`)."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import IO

from toolkit.errors import DataError
from toolkit.language import tr

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
EMPTY_ZIP = b"PK\x05\x06"
MOST_TIMES, LEAST_DOUBTED = 200, 1 << 30
"""A packed file that unpacks to more than this many times its size is doubted once it is over a gigabyte: text packs to a tenth or so."""


@contextmanager
def unpacked(path: Path) -> Iterator[tuple[IO[bytes], bool]]:
    """Open a file's bytes, unpacked where it is gzip or a member of a zip; and whether it is packed.

    Raises: `DataError` where it is damaged, behind a password, or swells as no export does.
    """
    try:
        archive_path = path if path.exists() and is_zip(path) else zip_of(path)
        if archive_path is not None:
            with zipfile.ZipFile(archive_path) as archive:
                members = _members(archive)
                if path == archive_path and len(members) != 1:
                    raise DataError(
                        tr("{path} holds {count} files; a zip with exactly one was needed: unpack it.", path=path, count=len(members))
                    )
                member = next(iter(members.values())) if path == archive_path else members[path.relative_to(archive_path).as_posix()]
                refuse_swollen(archive_path, member.file_size)
                with archive.open(member) as stream:
                    yield stream, True
            return
        with path.open("rb") as stream:
            magic = stream.read(2)
            stream.seek(0)
            if magic == GZIP:
                yield gzip.GzipFile(fileobj=stream), True  # type: ignore[misc]
            else:
                yield stream, False
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise DataError(tr("{path} is damaged ({error}); fetch or pack it again.", path=path, error=error)) from None
    except (RuntimeError, NotImplementedError) as error:
        if "password" not in str(error) and "compression" not in str(error):
            raise
        raise DataError(tr("{path} cannot be unpacked ({why}); unpack it yourself and name the file.", path=path, why=error)) from None


def zip_of(path: Path) -> Path | None:
    """Return the zip that a path leads into, or nothing where it is a file of its own."""
    if path.exists():
        return None
    return next((parent for parent in path.parents if parent.is_file() and zipfile.is_zipfile(parent)), None)


def is_zip(path: Path) -> bool:
    """Return whether a file is a zip, a workbook (which is one inside) left out."""
    with path.open("rb") as stream:
        return stream.read(4) in (ZIP, EMPTY_ZIP)


def members_of(path: Path, wanted: str | None = None) -> list[Path]:
    """Return the files in a zip as paths that lead into it, in the order of their names; `wanted` is a name or a pattern of them.

    Raises: `DataError` where it is damaged, or has no such file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(_members(archive))
    except zipfile.BadZipFile as error:
        raise DataError(tr("{path} is damaged ({error}); fetch or pack it again.", path=path, error=error)) from None
    chosen = [name for name in names if wanted is None or fnmatch(name, wanted) or fnmatch(name.rpartition("/")[2], wanted)]
    if wanted is not None and not chosen:
        shown = ", ".join(map(repr, names[:10]))
        raise DataError(tr("{path} has no file {wanted} in it; it has: {names}.", path=path, wanted=repr(wanted), names=shown))
    return [path / name for name in chosen]


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the files of a zip by name; names of a Chinese Windows come in its encoding, not in the one that a zip states."""
    members = {}
    for member in archive.infolist():
        name = member.filename
        if not member.flag_bits & 0x800 and not name.isascii():
            try:
                name = name.encode("cp437").decode("gb18030")
            except UnicodeError:
                name = member.filename
        if not member.is_dir() and not any(part.startswith((".", "__MACOSX")) for part in name.split("/")):
            members[name] = member
    return members


def check_archive(path: Path, most: int) -> None:
    """Look at the sizes that a zip states of its files before one is unpacked; `most` is the largest sum that is read.

    Raises: `DataError` where it is damaged or states more than can be meant.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            stated = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile as error:
        raise DataError(tr("{path} is damaged ({error}); fetch or pack it again.", path=path, error=error)) from None
    refuse_swollen(path, stated)
    if stated > most:
        raise DataError(
            tr(
                "{path} unpacks to {size:,} MB and is read as a whole, which {most:,} MB is the most for; save its sheets as CSV (UTF-8).",
                path=path, size=stated >> 20, most=most >> 20,
            )
        )  # fmt: skip


def refuse_swollen(path: Path, size: int) -> None:
    """Raise where a packed file unpacks to a size that no export has."""
    if size > LEAST_DOUBTED and size > MOST_TIMES * path.stat().st_size:
        raise DataError(
            tr(
                "{path} holds {size:,} MB in {packed:,} MB, over {times} times its size, which no export does; fetch it again, or "
                "unpack it yourself and name the file.",
                path=path, size=size >> 20, packed=path.stat().st_size >> 20, times=MOST_TIMES,
            )
        )  # fmt: skip
