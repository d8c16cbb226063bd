"""Tables derived from a mart: made once, kept beside it and in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import polars as pl

from toolkit.disk import FAULTS
from toolkit.integrity import content_named, write_content_named

CARRIED = "carried-"
"""How tables are called that another mart may take over; a mart that is built does (`pruning.take_over`)."""
_MOST_IN_MEMORY = 32
_memory: OrderedDict[tuple[Path, int], pl.DataFrame] = OrderedDict()


def stored_table(mart_path: Path, key: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """Return the table `key` of a mart: from memory, from `derived/` beside the mart's own tables, or made now and kept there.

    A mart never changes once it is named, so neither does a table derived from it; `key` must hold everything else that it depends on. The
    file is named by its content, so that a damaged one is not found, and made again. Two
    processes may make the same table at once: both make the same one, and the later rename wins. A disk that cannot be written only costs
    the making.
    """
    folder = mart_path / "derived"
    place = (folder / key, made_at(mart_path))
    if place in _memory:
        _memory.move_to_end(place)
        return _memory[place]
    path = content_named(folder, key, ".parquet")
    if path is not None:
        frame = pl.read_parquet(path)
    else:  # never made, or damaged
        frame = make()
        with suppress(*FAULTS):
            folder.mkdir(exist_ok=True)
            write_content_named(folder, key, ".parquet", frame.write_parquet, durable=False)
    _memory[place] = frame
    while len(_memory) > _MOST_IN_MEMORY:
        _memory.popitem(last=False)
    return frame


def carried_table(mart_path: Path, key: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """Return the table `carried-<key>` of a mart, as `stored_table`; taken over from another mart beside it where that has it.

    `key` must hold a digest of everything that the table depends on, also of what it reads of the mart: then equal keys mean equal tables,
    whichever mart they were made for.
    """

    key = f"{CARRIED}{key}"

    def taken_over_or_made() -> pl.DataFrame:
        for mart in sorted(mart_path.parent.glob("*-*-*-*"), reverse=True):
            if mart != mart_path and (path := content_named(mart / "derived", key, ".parquet")):
                with suppress(OSError):  # pruned while we looked
                    return pl.read_parquet(path)
        return make()

    return stored_table(mart_path, key, taken_over_or_made)


def made_at(mart_path: Path) -> int:
    """Return when a mart was made (ns): a workspace that was deleted and imported anew has a mart of the same name."""
    return (mart_path / "mart.json").stat().st_mtime_ns
