"""Small exports of shops that nobody prepared: rows in, the mapping's path out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

HEADER = "order,member,store,sku,time,qty,amount"
COLUMNS = """[lines.columns]
order_id = "order"
member_id = "member"
store_id = "store"
product_id = "sku"
ordered_at = "time"
quantity = "qty"
amount = "amount"
"""


def write_shop(
    folder: Path,
    rows: Sequence[str],
    *,
    header: str = HEADER,
    lines: str = "",
    columns: str = "",
    more: str = "",
    files: dict[str, str] | None = None,
) -> Path:
    """Write lines.csv, further files and a mapping with further lines in [lines] and in [lines.columns]; return the mapping's path."""
    (folder / "lines.csv").write_text("\n".join([header, *rows]) + "\n", "utf-8")
    for name, text in (files or {}).items():
        (folder / name).write_text(text, "utf-8")
    path = folder / "mapping.toml"
    path.write_text(f'currency = "EUR"\n[lines]\nfiles = "lines.csv"\n{lines}\n{COLUMNS}{columns}{more}', "utf-8")
    return path
