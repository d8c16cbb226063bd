"""Whatever way a shop's receipts come in, by day and source, in any order, some again: nothing is doubled and nothing is lost."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.importing.test_sources import export
from toolkit.importing import import_receipts
from toolkit.workspace import Workspace

DAYS, SOURCES, STORES = range(3, 8), ("till", "app"), ("s1", "closed", "s3")


def receipts(source: str, day: int) -> list[str]:
    """Return a source's lines of one day: counters that start at 1 every day, orders after midnight, a store that closes on the 5th."""
    rows = []
    for store in STORES:
        if store == "closed" and (day > 4 or source == "app"):
            continue
        for number in range(1, 5 + (day + len(store)) % 3):
            minute = f"{(number * 7) % 60:02d}"
            hour = 0 if number == 1 else 9 + number
            rows += [
                f"{number},{source[0]}{number % 3},{store},{sku},2026-05-{day:02d} {hour:02d}:{minute}:0{SOURCES.index(source)},1,{number + place}.{day}{len(source)}"
                for place, sku in enumerate(("milk", "bread")[: 1 + number % 2])
            ]
    return rows


FILES = [(source, frozenset(days)) for source in SOURCES for days in ({3}, {4}, {5}, {6}, {7}, {3, 4}, {5, 6, 7}, {4, 5}, set(DAYS))]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(FILES), min_size=1, max_size=7), st.sampled_from(["days", "orders"]))
def test_any_split_in_any_order_holds_every_line_once(files: list[tuple[str, frozenset[int]]], replaces: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place, seen = Path(folder), set()
        for source, days in files:
            rows = [(day, row) for day in DAYS for row in receipts(source, day) if file_day(day, row, replaces) in days]
            is_counter = replaces == "days" and len(days) == 1  # counters must not meet in a file of several days
            texts = [row if is_counter else f"{day}-{row}" for day, row in rows]
            import_receipts(export(place, texts, name=source, lines=f'replaces = "{replaces}"'), place / "ws")
            seen |= {(source, row) for _, row in rows}
        assert lines_of(place / "ws") == Counter(
            (source, store, time[:10], sku) for source, (_, _, store, sku, time, _, _) in ((source, row.split(",")) for source, row in seen)
        )


def file_day(day: int, row: str, replaces: str) -> int:
    """Return the day whose file holds a line: with files of new orders, the night after midnight belongs to the day before."""
    return day - 1 if replaces == "orders" and " 00:" in row and day > DAYS[0] else day


def lines_of(path: Path) -> Counter:
    """Count the live lines by source, store, day and product."""
    ws = Workspace(path)
    stores, products = (dict(ws.codes(name).iter_rows()) for name in ("store", "product"))
    return Counter(
        (file.source, stores[store], str(when.date()), products[product])
        for file in ws.manifest.line_files
        for store, when, product in pl.read_parquet(path / file.path).select("store_code", "ordered_at", "product_code").iter_rows()
    )
