"""A shop grows: its lines are spread over more partitions, and many small files become one.

The mart pass holds a partition in memory and reads every file of it, so neither the lines of a partition nor its files may pile up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl

from toolkit.importing import lines as line_steps
from toolkit.workspace import LineFile, Workspace

GROWTH = 4
"""A partition may hold this many times the lines it was planned for."""
MOST_FILES = 32
"""A source's part of a partition that has more files than this is put together again."""


def partitions_for(workspace: Workspace, rows: int) -> int:
    """Return how many partitions the workspace has once `rows` more lines are in."""
    held = workspace.manifest.partitions
    total = workspace.line_count + rows
    if held and total <= GROWTH * held * line_steps.ROWS_PER_PARTITION:
        return held
    return max(held or 1, line_steps.partition_count(total))


def needs_respreading(workspace: Workspace, files: Sequence[LineFile], partitions: int) -> bool:
    """Say whether live files must be written anew: the partitions changed, or one has too many files."""
    if not files:
        return False
    counts = Counter((file.partition, file.source) for file in files)
    return workspace.manifest.partitions != partitions or max(counts.values()) > MOST_FILES


def respread(workspace: Workspace, files: Sequence[LineFile], folder: str, partitions: int) -> list[LineFile]:
    """Write live files anew, one source's part of an old partition at a time, into `partitions` partitions; return the new entries.

    Order codes stay as they are: they are unique in the workspace, and only their order within a member's time matters.
    """
    line_files = []
    for number, (old, source) in enumerate(sorted({(file.partition, file.source) for file in files})):
        mine = [file for file in files if (file.partition, file.source) == (old, source)]
        rows = pl.concat([pl.read_parquet(path) for path in workspace.data_files([file.path for file in mine])])
        ids = pl.concat([pl.read_parquet(path) for path in workspace.data_files([file.ids_path for file in mine])], how="diagonal")
        spread = pl.coalesce(pl.col("member_code").cast(pl.Int64), "order_code") % partitions
        parts = (
            rows.sort("member_code", "ordered_at", "order_code")
            .with_columns(spread.alias("partition"))
            .partition_by("partition", as_dict=True, include_key=False, maintain_order=True)
        )
        for (partition,), stored in sorted(parts.items()):
            own = ids.join(stored.select("order_code").unique(), on="order_code", how="semi", maintain_order="left")
            place = f"{folder}/{number:03d}"
            (workspace.path / place).mkdir(parents=True, exist_ok=True)
            line_files.append(line_steps.write_partition(workspace, place, int(partition), stored, own, source=source))
    return line_files
