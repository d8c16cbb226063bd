"""Hand-written exports for the tests: one small text in, one converted table out."""

from pathlib import Path

import polars as pl

from toolkit.sources.convert import Typed, typed_table
from toolkit.sources.mapping import mapping_from_text

HEADER = "member;order;store;product;time;quantity;amount"
ROWS = ["7;1001;12;A1;2017-03-01 10:00:00;1;2.50", "8;1002;12;A2;2017-03-02 11:30:00;2;10.00"]
COLUMNS = """
member_id = "member"
order_id = "order"
store_id = "store"
product_id = "product"
ordered_at = "time"
quantity = "quantity"
amount = "amount"
"""


def lines_mapping(
    folder: Path, *, files: str = "*.csv", shop: str = 'currency = "EUR"', table: str = "", columns: str = COLUMNS, more: str = ""
):
    text = f'{shop}\n[lines]\nfiles = "{files}"\n{table}\n[lines.columns]\n{columns}\n{more}'
    return mapping_from_text(text, folder=folder)


def typed(folder: Path, content: str | bytes | None = None, *, encoding: str = "utf-8", name: str = "lines.csv", **how) -> Typed:
    if content is not None:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    how.setdefault("files", name)
    return typed_table(lines_mapping(folder, **how), "lines", scratch=folder)


def read(folder: Path, content: str | bytes | None = None, **how) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (kept, rejected) and hold every row to its place: rows in = kept + rejected."""
    table = typed(folder, content, **how)
    kept, rejected = table.kept.collect(engine="streaming"), table.rejected
    assert table.rows_in == kept.height + rejected.height
    return kept, rejected


def table(*rows: str) -> str:
    return "\n".join([HEADER, *rows]) + "\n"


def row(**cells: str) -> str:
    usual = dict(zip(HEADER.split(";"), ROWS[0].split(";"), strict=True))
    return ";".join({**usual, **cells}.values())
