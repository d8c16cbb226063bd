"""Which files name somebody: texts in any usual encoding, Parquet and Arrow column by column, archives and spreadsheets file by file."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from toolkit.forgotten import Names
from toolkit.sources.spellings import MEMBER_IDS

ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be", "big5", "shift_jis")
"""In which an id is looked for: a till in China writes gb18030, a spreadsheet utf-16."""
DICTIONARIES = (("member", "id"), ("member_aliases", "id"))
DEEPEST = 3
"""Archives within archives that are opened."""


def files_that_name(folder: Path, names: Names, *, skip: Callable[[Path], bool] = lambda _: False) -> tuple[list[Path], int]:
    """Return the files below a folder that name one of the ids, sorted, and how many files were searched."""
    found, searched = [], 0
    spelled = names.spelled()
    for path in sorted(folder.rglob("*")):
        if skip(path) or not path.is_file() or path.is_symlink():
            continue
        searched += 1
        if spelled.inside(path.name) or file_names(path, spelled):
            found.append(path)
    return found, searched


def file_names(path: Path, names: Names) -> bool:
    """Say whether a file names one of the ids, in any cell of a table and in any text; `names` are spelled (`Names.spelled`)."""
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"PAR1") and _table_names(pl.scan_parquet(path), path.stem, names):
        return True
    if start.startswith(b"ARROW1") and _table_names(pl.scan_ipc(path), path.stem, names):
        return True
    return any(_bytes_name(content, names) for content in _contents(path.read_bytes(), DEEPEST))  # heads and statistics of tables too


def _table_names(frame: pl.LazyFrame, stem: str, all_names: Names) -> bool:
    """Look at every distinct text of every column, and at every word that an Enum could hold.

    A short number is a member in a column of members alone: elsewhere it is a store, a size, a count.
    """
    prose = all_names.in_prose()
    for column, dtype in frame.collect_schema().items():
        names = all_names if column in MEMBER_IDS or (stem, column) in DICTIONARIES else prose
        if dtype.is_nested():
            texts = frame.select(pl.col(column).map_batches(_flat, return_dtype=pl.String, is_elementwise=False))
        elif dtype in (pl.String, pl.Categorical, pl.Enum):
            texts = frame.select(pl.col(column).cast(pl.String))
        else:
            continue
        if any(names.inside(text) for text in texts.unique().collect(engine="streaming").to_series().drop_nulls()):
            return True
        if isinstance(dtype, pl.Enum) and any(names.inside(text) for text in dtype.categories):
            return True
    return False


def _flat(values: pl.Series) -> pl.Series:
    """The texts within lists and structs, as one column."""
    return pl.Series([str(value) for value in values.to_list()], dtype=pl.String)


def _contents(content: bytes, depth: int) -> Iterator[bytes]:
    """The bytes of a file, and of every file within it where it is an archive, a spreadsheet or compressed."""
    yield content
    if depth == 0:
        return
    try:
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for name in archive.namelist():
                    yield from _contents(archive.read(name), depth - 1)
        elif content.startswith(b"\x1f\x8b"):
            yield from _contents(gzip.decompress(content), depth - 1)
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, RuntimeError, NotImplementedError):
        return  # not what its first bytes say, or locked: its bytes were searched as they are


def _bytes_name(content: bytes, names: Names) -> bool:
    for encoding in ENCODINGS:
        sought = [code for one in names.ids if (code := _encoded(one, encoding))]
        if any(code in content for code in sought) and names.inside(content.decode(encoding, "ignore")):
            return True
    return False


def _encoded(one: str, encoding: str) -> bytes:
    try:
        return one.encode(encoding)
    except UnicodeEncodeError:
        return b""
