"""What files look like, and what each column of the contract is taken from: for a person to see before anything is imported."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit import wording
from toolkit.columns import plain_label
from toolkit.language import label as heading
from toolkit.language import tr
from toolkit.schemas import CONTRACT, meaning, required_columns
from toolkit.sources.columns.contents import Contents
from toolkit.sources.mapping_text import toml_value
from toolkit.sources.specs import ColumnSpec
from toolkit.sources.written.packing import START_BYTES

MOST_OTHERS = 300
SAMPLES, LONGEST_SAMPLE = 3, 40
RATE_SIGNS = {"percent": " %", "tenths": " / 10"}


@dataclass(frozen=True)
class Look:
    """What a file looks like: how many rows it holds (of a long text: about), and how it is written."""

    path: Path
    size: int
    rows: int | None  # None = nobody counted: it is packed
    is_exact: bool
    encoding: str  # "" = it is no text
    delimiter: str
    sheet: str
    columns: int

    def __str__(self) -> str:
        """Say it in one line."""
        parts = [_size(self.size)]
        if self.rows is not None:
            rows = wording.some(self.rows, "row")
            parts.append(rows if self.is_exact else tr("about {rows}", rows=rows))
        parts.append(wording.some(self.columns, "column"))
        if self.sheet:
            parts.append(tr("sheet {sheet}", sheet=self.sheet))
        if self.encoding:
            delimiter = {"\t": tr("tab"), "whitespace": tr("spaces")}.get(self.delimiter, repr(self.delimiter))
            parts.append(tr("{encoding}, delimiter {delimiter}", encoding=self.encoding, delimiter=delimiter))
        return f"{self.path.name}: {tr(', ').join(parts)}" if self.columns else tr("{name}: no rows", name=self.path.name)


@dataclass(frozen=True)
class Taken:
    """A column of the contract, what it is taken from (`source`, as a person reads it; "" = from nothing), and what else there is."""

    table: str
    column: str
    source: str
    raw: tuple[str, ...]
    samples: tuple[str, ...]
    others: tuple[str, ...]
    is_required: bool
    remark: str = ""  # what the mapping's line says beside it: how it was guessed

    @property
    def label(self) -> str:
        """What the column is called."""
        return heading(plain_label(self.column))

    @property
    def means(self) -> str:
        """What it means."""
        return tr(meaning(self.table, self.column))


def look_of(path: Path, contents: Contents | None) -> Look:
    """Return what a file looks like."""
    size = path.stat().st_size
    if contents is None:
        return Look(path, size, 0, True, "", "", "", 0)
    file = contents.file
    rows: int | None = file.rows - file.empty
    is_exact = not file.dialect or size < START_BYTES
    if not is_exact:
        is_packed = path.read_bytes()[:2] in (b"\x1f\x8b", b"PK") if size < START_BYTES else path.suffix.lower() in (".gz", ".zip")
        rows = None if is_packed else _about(file.rows * size / START_BYTES)
    dialect = file.dialect
    return Look(
        path, size, rows, is_exact, dialect.encoding if dialect else "", dialect.delimiter if dialect else "",
        str(getattr(file, "sheet", "") or ""), len(contents.names),
    )  # fmt: skip


def taken_columns(table: str, section: dict[str, Any], text: str, contents: Sequence[Contents]) -> tuple[Taken, ...]:
    """Return what each contract column of a table is taken from, in the order of the contract."""
    specs = section.get("columns", {})
    names = tuple(dict.fromkeys(name for one in contents for name in one.names))[:MOST_OTHERS]
    required, remarks = required_columns(table), _remarks(text, table)
    columns = []
    for column in CONTRACT[table].columns():
        raw, source = _source(specs.get(column))
        samples = tuple(samples_of(contents, raw)) if raw else ()
        columns.append(Taken(table, column, source, raw, samples, names, column in required, remarks.get(column, "")))
    return tuple(columns)


def samples_of(contents: Sequence[Contents], raw: Sequence[str]) -> list[str]:
    """Return the first different values of columns, those of a row together."""
    for one in contents:
        if set(raw) <= set(one.names):
            rows = one.sample.select(raw).unique(maintain_order=True).head(50).rows()
            texts = (" ".join(str(cell).strip() for cell in row if cell is not None) for row in rows)
            return [shown(text)[:LONGEST_SAMPLE] for text in texts if text][:SAMPLES]
    return []


def shown(text: str) -> str:
    """Return text without the signs that would move a terminal's cursor, or colour it."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in text)


def _remarks(text: str, table: str) -> dict[str, str]:
    """Return what stands behind the lines of a table's columns."""
    _, _, section = text.partition(f"\n[{table}.columns]\n")
    lines = re.findall(r"(?m)^(\w+) = .*?  # (.+)$", re.split(r"(?m)^\[", section)[0])
    return {column: remark.removeprefix("TODO ") for column, remark in lines}


def _source(spec: Any) -> tuple[tuple[str, ...], str]:
    """Return the raw columns of a column's line, and its words; a line that cannot be read stands for itself."""
    if spec is None:
        return (), ""
    try:
        read = ColumnSpec.model_validate(spec)
    except ValueError:
        return (), str(spec)
    if read.value is not None:
        return (), tr("always {value}", value=read.value)
    if read.true_if or read.false_if:
        return read.raw_columns, toml_value(spec)
    return read.raw_columns, _sum(read)


def _sum(read: ColumnSpec) -> str:
    """Return what is worked out of which columns, as a sum is written."""
    if read.per_order:
        return tr("{column}, shared out over the order", column=read.per_order)
    words = " × ".join(map(str, read.multiply)) or " + ".join(read.add or read.join or filter(None, [read.column]))
    words += "".join(f" − {name}" for name in read.subtract) + "".join(f" ÷ {one}" for one in read.divide)
    words += f" ± {read.sign_of}" if read.sign_of else ""
    if read.rate:
        of = f"({words})" if read.add or read.subtract else words
        part = f"{read.rate}{RATE_SIGNS.get(read.rate_unit or '', '')}"
        words = f"{of} × (1 − {part})" if read.less_rate else f"{of} × {part}"
        words += f" ÷ (1 − {part})" if read.after_rate else ""
    return words + "".join(f" − {tr('{column}, shared out over the order', column=name)}" for name in read.less_per_order)


def _about(rows: float) -> int:
    """Return a number that is not known exactly with two figures."""
    digits = max(0, len(str(int(rows))) - 2)
    return round(rows / 10**digits) * 10**digits


def _size(size: int) -> str:
    for unit in ("B", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000  # type: ignore[assignment]
    return f"{size:.1f} GB"
