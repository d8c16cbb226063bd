"""A small export in a system's own layout, and its right figures, counted from its text by DuckDB and not by us."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tests.importing.test_import import live_lines
from toolkit.importing import import_receipts
from toolkit.sources.columns.proposal import propose_mapping


@dataclass(frozen=True)
class Figures:
    """What the receipts say: lines that count, orders, members, cents, thousandths of units, first and last time."""

    lines: int
    orders: int
    members: int
    cents: int
    units_milli: int
    first: str
    last: str


@dataclass(frozen=True)
class Layout:
    """An export as a system writes it."""

    preset: str  # the name that it is recognised by
    text: str
    counted: str  # SQL over `raw`: order_id, store, member, amount, quantity, moment of each line that counts
    encoding: str = "utf-8"
    delimiter: str = ","
    has_header: bool = True
    todo: tuple[str, ...] = ()  # what map leaves open, and how it begins
    answers: tuple[tuple[str, str], ...] = ()  # what a person writes in its place
    otherwise: tuple[tuple[str, str], ...] = ()  # the same receipts written another way: the text's new form in regular expressions
    state: tuple[str, str] = ("", "")  # a cell of a state that counts, and its column

    def figures(self) -> Figures:
        """Return the right figures: what the SQL counts in the text as it is."""
        with duckdb.connect() as connection:
            rows = list(csv.reader(io.StringIO(self.text.removeprefix("\ufeff")), delimiter=self.delimiter))
            names = rows.pop(0) if self.has_header else [f"column_{number}" for number in range(1, len(rows[0]) + 1)]
            rows = [row for row in rows if len(row) == len(names)]
            columns = ", ".join(f'"{name}" VARCHAR' for name in names)
            connection.execute(f"CREATE TABLE raw (line INTEGER, {columns})")
            connection.executemany(
                f"INSERT INTO raw VALUES ({', '.join('?' * (len(names) + 1))})", [[number, *row] for number, row in enumerate(rows)]
            )
            counted = connection.execute(
                f"""SELECT count(*), count(DISTINCT store || chr(31) || order_id), count(DISTINCT nullif(member, '')),
                       CAST(sum(round(CAST(amount AS DECIMAL(18, 4)) * 100)) AS BIGINT),
                       CAST(sum(round(CAST(quantity AS DECIMAL(18, 4)) * 1000)) AS BIGINT),
                       CAST(min(moment) AS VARCHAR), CAST(max(moment) AS VARCHAR)
                    FROM ({self.counted})"""
            ).fetchone()
        assert counted is not None
        return Figures(*counted)


def proposed(folder: Path, text: str, encoding: str = "utf-8") -> str:
    """Write the export and return what `toolkit map` proposes for it."""
    (folder / "export.csv").write_bytes(text.encode(encoding))
    return propose_mapping([folder / "export.csv"])


def imported(folder: Path, mapping: str) -> Figures:
    """Import the export by a mapping and return what is there then."""
    (folder / "mapping.toml").write_text(mapping, "utf-8")
    import_receipts(folder / "mapping.toml", folder / "ws")
    lines = live_lines(folder / "ws")
    return Figures(
        lines.height,
        lines.select("order_id", "store").n_unique(),
        lines["member"].drop_nulls().n_unique(),
        int(lines["amount"].sum()),
        int(lines["quantity_milli"].sum()),
        str(lines["ordered_at"].min()),
        str(lines["ordered_at"].max()),
    )


def todos(mapping: str) -> list[str]:
    """Return the lines of a proposal that a person has to answer."""
    return [line for line in mapping.splitlines() if "TODO" in line]


def table(header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ",") -> str:
    """Return rows as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    if header:
        writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def names(listed: str) -> list[str]:
    """Return the columns of a header as it is listed, with commas."""
    return listed.split(",")
