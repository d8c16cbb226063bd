"""What the rows that were set aside look like: one cell for each reason, to see at once what could not be read."""

from __future__ import annotations

import json

import polars as pl

from toolkit.sources.contract_columns import label
from toolkit.sources.currencies import NO_RATE, NO_RATE_YET
from toolkit.sources.records.delimited import BROKEN
from toolkit.sources.specs import TableMapping

LONGEST_CELL = 60
WHOLE_LINE = frozenset(BROKEN.values())


def unread_cells(rows: pl.DataFrame, spec: TableMapping) -> dict[str, tuple[str, int]]:
    """Return for each reason that a cell or a line is the cause of, that of its first row, and that row's number.

    Parameters
    ----------
    rows
        What was set aside: source_row, fault, raw (the row's mapped cells as JSON), in the order of the files.
    """
    examples = {}
    for row, fault, raw in rows.unique("fault", keep="first", maintain_order=True).select("source_row", "fault", "raw").iter_rows():
        cells = json.loads(raw) if raw else {}
        shown = [cells.get("line")] if fault in WHOLE_LINE else [cells.get(name) for name in _columns_of(fault, spec)]
        text = " ".join(str(cell) for cell in shown if cell is not None)
        if text.strip():
            examples[fault] = text[:LONGEST_CELL], row
    return examples


def _columns_of(fault: str, spec: TableMapping) -> tuple[str, ...]:
    """Return the columns of the file that the contract column of a reason is made from; the reason begins or ends with its label."""
    if fault in (NO_RATE, NO_RATE_YET):
        return spec.also_read
    names = [name for name in spec.columns if fault.startswith((f"{label(name)} ", f"{label(name)}:")) or fault.endswith(f" {label(name)}")]
    return spec.columns[max(names, key=lambda name: len(label(name)))].raw_columns if names and not fault.startswith("no ") else ()
