"""Who served: kept by order beside the lines, through imports with and without guides, and hashed for analysts."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.importing.strangers import COLUMNS
from toolkit.importing import import_receipts
from toolkit.personal.pseudonymise import pseudonymise
from toolkit.sources.columns.proposal import propose_mapping
from toolkit.sources.columns.vocabulary import SURE, score, words_for
from toolkit.workspace import Workspace

MAPPING = 'name = "till"\ncurrency = "EUR"\n[lines]\nfiles = "{file}"\n' + COLUMNS


def test_guides_of_orders_are_kept_and_an_import_without_them_takes_none_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = pl.DataFrame(
        {
            "order": ["R1", "R1", "R1", "R2", "R3"], "member": ["anna", "anna", "anna", None, "ben"], "store": "S1",
            "sku": ["P1", "P2", "P3", "P1", "P2"], "time": "2024-01-01 10:00:00", "qty": 1, "amount": 3.0,
            "导购": ["0012", "0007", "0012", None, "0007"],
        }
    )  # fmt: skip
    lines.write_csv(tmp_path / "a.csv")
    (tmp_path / "a.toml").write_text(MAPPING.format(file="a.csv") + 'guide_id = "导购"\n', "utf-8")
    import_receipts(tmp_path / "a.toml", tmp_path / "ws")
    later = lines.drop("导购").with_columns(time=pl.lit("2024-01-02 10:00:00"), order=pl.col("order") + "x")
    later.write_csv(tmp_path / "b.csv")
    (tmp_path / "b.toml").write_text(MAPPING.format(file="b.csv"), "utf-8")
    import_receipts(tmp_path / "b.toml", tmp_path / "ws")
    ws = Workspace(tmp_path / "ws")
    named = ws.order_ids().join(ws.order_guides(), on="order_code", how="left").collect()
    told = dict(named.select("order_id", "guide_id").iter_rows())
    assert told == {"R1": "0012", "R2": None, "R3": "0007", "R1x": None, "R2x": None, "R3x": None}
    assert ws.has_column("lines", "guide_id")
    monkeypatch.setenv("ANALYSTS", "a key of sixteen signs")
    hashed = pseudonymise(ws, tmp_path / "analysts", key="env:ANALYSTS").order_guides().collect()["guide_id"]
    assert hashed.n_unique() == 2
    assert hashed.str.starts_with("g").all()


@pytest.mark.parametrize("name", ["导购", "营业员编号", "Verkäufer", "Verkäufer-Nr.", "Sales Assistant", "guide_id"])
def test_names_of_guides_are_known(name: str) -> None:
    assert score(name, words_for("lines", "guide_id")) >= SURE


def test_a_filled_list_is_proposed_as_calls_and_not_as_members(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {"guide_id": "G1", "member_id": ["a", "b", "c"], "called_on": "2024-04-01", "outcome": ["已联系", "未接通", "拒绝"]}
    )
    rows.write_csv(tmp_path / "list.csv")
    text = propose_mapping([tmp_path / "list.csv"])
    assert "[guide_calls.columns]" in text
    assert "[members" not in text
    assert all(f'"{word}" = "{ours}"' in text for word, ours in (("已联系", "reached"), ("未接通", "called"), ("拒绝", "refused")))
