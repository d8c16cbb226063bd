"""The newcomer's page does what it says: the questions, the answers, and the sums as plain Python counts them."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

import pytest

import toolkit as tk
from toolkit.errors import DataError
from toolkit.importing import check_receipts, import_receipts
from toolkit.sources.columns.proposal import propose_mapping

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "first_export"
PAGE = (ROOT / "docs" / "your-first-export.md").read_text("utf-8")


def test_the_proposal_asks_the_three_questions_of_the_page(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_bytes((EXAMPLE / "orders.csv").read_bytes())
    (tmp_path / "mapping.toml").write_text(propose_mapping([tmp_path / "orders.csv"]), "utf-8")
    asked = {question.key for question in check_receipts(tmp_path / "mapping.toml").questions}
    assert asked == {"state:Status", "no_goods:SKU", "member_spelling:Customer"}
    with pytest.raises(DataError, match="leave questions open"):
        import_receipts(tmp_path / "mapping.toml", tmp_path / "ws")


def test_the_answers_of_the_page_are_those_of_the_mapping() -> None:
    said = tomllib.loads(PAGE.split("```toml\n")[1].split("```")[0])
    whole = tomllib.loads((EXAMPLE / "mapping.toml").read_text("utf-8"))
    assert said["fold_ids"] == whole["fold_ids"]
    assert said["lines"]["drop"] == whole["lines"]["drop"]
    assert said["lines"]["columns"]["is_goods"] == whole["lines"]["columns"]["is_goods"]


def test_the_sums_of_the_page_are_right(tmp_path: Path) -> None:
    with (EXAMPLE / "orders.csv").open(encoding="utf-8", newline="") as file:
        every = list(csv.DictReader(file, delimiter=";"))
    rows = [row for row in every if row["Status"] != "cancelled"]
    orders, members = {row["Order No"] for row in rows}, {row["Customer"].lower() for row in rows}
    cents = sum(round(float(row["Line Total"].replace(",", ".")) * 100) for row in rows)
    assert f"{len(every)} rows in = {len(rows)} kept + 0 set aside + {len(every) - len(rows)} left out by the mapping" in PAGE
    assert f"{len(orders)} orders of {len(members)} customers for €{cents / 100:,.2f}" in PAGE
    (record,) = import_receipts(EXAMPLE / "mapping.toml", tmp_path / "ws").records
    assert (record.rows_in, record.rows_kept, record.rows_left_out) == (len(every), len(rows), len(every) - len(rows))
    figures = tk.portrait.overview(tmp_path / "ws").figures
    assert (figures["orders"], figures["member_count"], figures["sales"]) == (len(orders), len(members), cents / 100)
