"""Exports: contactable members only, nothing that runs, a manifest that says what the files are."""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest

from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit.audience import Audience, export_audience
from toolkit.errors import BadValue, DataError, UnknownName
from toolkit.scope.view import View, open_view

FEW = {"scope": {"minimum_members": 1}}
EVERYBODY = Audience("everybody", where="order_count >= 0")
FORMULAS = ["=1+1", "@SUM(A1)", "+49 1", "-cmd", "\t=1", "  =1", "＝1", '=HYPERLINK("http://x","y")', "plain", "1-2", None]


def view_of(path: Path, **columns: list) -> View:
    members = pl.DataFrame({"member_id": ["anna", "ben", "cleo", "dora"], **columns})
    return open_view(make_workspace(path / "ws", tiny_lines(), {"products": tiny_products(), "members": members}), settings=FEW)


def test_only_contactable_members_go_out(tmp_path: Path) -> None:
    view = view_of(tmp_path, contactable=[True, False, None, True])
    made = export_audience(view, EVERYBODY, tmp_path / "out", columns=["order_count", "amount", "last_ordered_on"])
    assert (made.member_count, made.not_contactable, made.unknown_contactable) == (2, 1, 2)  # cleo, and emil who has no card
    assert [path.suffix for path in made.files] == [".csv", ".xlsx", ".parquet"]
    table = pl.read_parquet(made.files[2])
    assert table.to_dict(as_series=False)["member_id"] == ["anna", "dora"]
    assert table.columns == ["member_id", "order_count", "amount", "last_ordered_on"]
    assert pl.read_csv(made.files[0])["amount"].to_list() == table["amount"].to_list()
    told = json.loads(made.manifest.read_text("utf-8"))
    assert told["files"][made.files[0].name] == hashlib.sha256(made.files[0].read_bytes()).hexdigest()
    assert told["left_out"] == {"not_contactable": 1, "contactable_unknown": 2}
    assert (told["purpose"], told["as_of"], told["where"]) == ("contact", "2024-06-30", "order_count >= 0")
    assert "left out: 1 who must not be contacted and 2 of whom it is not known" in made.sentence


def test_without_the_column_nobody_goes_out(tmp_path: Path) -> None:
    view = view_of(tmp_path)
    with pytest.raises(DataError, match="no `contactable` column"):
        export_audience(view, EVERYBODY, tmp_path / "out")
    made = export_audience(view, EVERYBODY, tmp_path / "out", for_contact=False, formats=["parquet"])
    assert made.member_count == 5
    assert json.loads(made.manifest.read_text("utf-8"))["purpose"].startswith("analysis: nobody may be addressed")


def test_for_analysis_all_go_out_with_their_consent(tmp_path: Path) -> None:
    view = view_of(tmp_path, contactable=[True, False, None, True])
    made = export_audience(view, EVERYBODY, tmp_path / "out", for_contact=False, formats=["parquet"])
    assert pl.read_parquet(made.files[0])["contactable"].to_list() == [True, False, None, True, None]


def test_nobody_left(tmp_path: Path) -> None:
    view = view_of(tmp_path, contactable=[False, False, None, False])
    with pytest.raises(DataError, match="none is contactable"):
        export_audience(view, EVERYBODY, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_cell_can_run_as_a_formula(tmp_path: Path) -> None:
    lines = tiny_lines()
    ids = [f"m{number}" for number in range(len(FORMULAS))]
    shop = pl.concat([lines.head(1).with_columns(member_id=pl.lit(who), order_id=pl.lit(who)) for who in ["=cmd|' /C calc'!A0", *ids]])
    members = pl.DataFrame(
        {
            "member_id": ["=cmd|' /C calc'!A0", *ids],
            "contactable": [True] * (len(ids) + 1),
            "note": ["@x", *FORMULAS],
            "=1+2": ["a"] * (len(ids) + 1),
        }
    )
    view = open_view(make_workspace(tmp_path / "ws", shop, {"members": members}), settings=FEW)
    made = export_audience(view, EVERYBODY, tmp_path / "out", columns=["note", "=1+2", "amount"])
    with made.files[0].open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.strip()[:1] in ("=", "+", "@", "＝") or (cell[:1] in ("-", "\t") and cell != "-")]
    assert made.guarded_cells == 1 + 1 + 8 + 1
    assert '\'=HYPERLINK("http://x","y")' in cells
    with zipfile.ZipFile(made.files[1]) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet.lower().replace("=hyperlink(", "")
    assert pl.read_parquet(made.files[2])["note"].to_list()[1:3] == ["=1+1", "@SUM(A1)"]  # data stay as they are


def test_the_same_members_give_the_same_files(tmp_path: Path) -> None:
    view = view_of(tmp_path, contactable=[True] * 4)
    first = export_audience(view, EVERYBODY, tmp_path / "one")
    second = export_audience(view, EVERYBODY, tmp_path / "two")
    assert first.manifest.read_bytes() == second.manifest.read_bytes()
    with pytest.raises(BadValue, match="already"):
        export_audience(view, EVERYBODY, tmp_path / "one")
    export_audience(view, EVERYBODY, tmp_path / "one", replace_it=True)
    assert not list((tmp_path / "one").glob(".*"))


def test_wrong_columns_and_formats_are_named(tmp_path: Path) -> None:
    view = view_of(tmp_path, contactable=[True] * 4)
    with pytest.raises(UnknownName, match="did you mean 'segment'"):
        export_audience(view, EVERYBODY, tmp_path / "out", columns=["segmnt"])
    with pytest.raises(UnknownName, match="no format 'xls'"):
        export_audience(view, EVERYBODY, tmp_path / "out", formats=["xls"])
