"""An export that nobody knows, with order fields on the first line alone: proposed as such, and imported whole."""

from pathlib import Path

import duckdb
import pytest

from tests.sources.presets.layouts.door import imported, proposed

HEADER = "Auftragsnr,Kunde,Datum,Zustand,Artikel,Menge,Betrag\n"


def _rows(*, number_once: bool) -> str:
    rows = []
    for number in range(20):
        for line in range(1 + number % 3):
            head = [f"A{number}", f"K{number % 6}" if number % 4 else "", f"2025-03-{1 + number:02d} 10:00:00", "bezahlt"]
            below = ["" if number_once else f"A{number}", "", "", ""]
            rows.append(",".join([*(head if line == 0 else below), f"P{line}", "2", f"{5 + number + line}.50"]))
    return HEADER + "\n".join(rows) + "\n"


@pytest.mark.parametrize("number_once", [False, True])
def test_order_fields_are_filled_down_in_a_proposal(tmp_path: Path, number_once: bool) -> None:
    text = _rows(number_once=number_once)
    mapping = proposed(tmp_path, text)
    listed = '"Auftragsnr", "Kunde", "Datum", "Zustand"' if number_once else '"Kunde", "Datum", "Zustand"'
    assert f"fill_down = [{listed}]" in mapping
    assert 'within = "Auftragsnr"' in mapping
    figures = imported(tmp_path, mapping)
    lines, cents = duckdb.sql(f"SELECT count(*), CAST(sum(Betrag) * 100 AS BIGINT) FROM '{tmp_path}/export.csv'").fetchall()[0]
    assert (figures.lines, figures.cents) == (lines, cents)
    assert (figures.orders, figures.members) == (20, 6)


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "".join(f"A{n // 2},K{n // 4},2025-03-{1 + n // 2:02d},bezahlt,P{n},1,2.50\n" for n in range(40)),  # on every line
        HEADER + "".join(f"A{n},{'K1' if n % 9 == 0 else ''},2025-03-{1 + n % 28:02d},x,P{n},1,2.50\n" for n in range(40)),  # few members
        HEADER + "".join(f"A{n // 2},,2025-03-{1 + n // 2:02d},{'' if n % 2 else 'Rabatt'},P{n},1,2.50\n" for n in range(40)),  # a remark
    ],
)
def test_exports_that_write_them_on_every_line_are_left_as_they_are(tmp_path: Path, text: str) -> None:
    assert "fill_down" not in proposed(tmp_path, text)
