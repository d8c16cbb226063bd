"""What became of each report: one small JSON file a report, written last, and the result of a batch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from toolkit.atomic import write_atomically
from toolkit.registry import STEPS

Status = Literal["ok", "failed", "too_small"]
SUFFIX = ".result.json"
_FORMAT = 1


@dataclass(frozen=True)
class Record:
    """The outcome of one notebook for one store.

    Attributes
    ----------
    status
        `ok`, `failed`, or `too_small` (fewer members than may be spoken of: a page that says so, not a failure).
    error
        The sentence why, empty when ok.
    figures
        Headline figures as answer name -> {headline, figures, spark, currency}, from the executed notebook.
    page, executed
        Paths of the HTML page and the executed notebook, relative to the output folder; `executed` is empty when none was left.
    parameters, fingerprint
        What the report was made with; `--resume` makes it again when either differs.
    """

    store_id: str
    label: str
    notebook: str
    status: Status
    error: str = ""
    seconds: float = 0.0
    figures: Mapping[str, Any] = field(default_factory=dict)
    as_of: str = ""
    title: str = ""
    page: str = ""
    executed: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""


@dataclass(frozen=True)
class BatchResult:
    """What a batch did: the records of this run's reports in the order of the stores, and the index page."""

    records: tuple[Record, ...]
    skipped: int
    index: Path
    seconds: float

    def count(self, status: Status) -> int:
        """Number of reports with a status, finished earlier ones included."""
        return sum(record.status == status for record in self.records)

    @property
    def ok(self) -> int:
        """Reports made."""
        return self.count("ok")

    @property
    def failed(self) -> int:
        """Reports that failed; the command line ends with 1 if there are any."""
        return self.count("failed")

    @property
    def too_small(self) -> int:
        """Stores with too few members to speak of."""
        return self.count("too_small")


def write_record(folder: Path, record: Record) -> None:
    """Write a record into the store's folder: the last step of a report, so a report without one was not finished."""
    text = json.dumps({"format": _FORMAT, **asdict(record)}, ensure_ascii=False, separators=(",", ":"), default=str)
    # Unpaired surrogates (an id from a badly decoded file) cannot be written as UTF-8; they are shown as they would be escaped.
    write_atomically(folder / f"{record.notebook}{SUFFIX}", text.encode("utf-8", "backslashreplace").decode("utf-8"))


def read_record(path: Path) -> Record | None:
    """Read a record; None for a file that is not there, not ours, damaged, or from another version: the report is then made again."""
    try:
        values = json.loads(path.read_text("utf-8"))
        if values.pop("format") != _FORMAT:
            return None
        names = {item.name for item in fields(Record)}
        return Record(**{key: value for key, value in values.items() if key in names})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def read_records(out: Path) -> list[Record]:
    """Read all records of an output folder, sorted by store: its page first, then in the order of the loop, other notebooks last."""
    records = (read_record(path) for path in sorted((out / "stores").glob(f"*/*{SUFFIX}")))
    return sorted(
        (record for record in records if record is not None), key=lambda record: (record.store_id, _step(record.notebook), record.notebook)
    )


def _step(notebook: str) -> int:
    order = ("store", *STEPS)
    return order.index(notebook) if notebook in order else len(order)
