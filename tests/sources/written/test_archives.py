"""Zips as people send them: one file, several days, other tables and remarks beside, names in Chinese, passwords, bombs."""

import gzip
import json
import zipfile
from pathlib import Path

import pytest

from tests.sources.shop_files import HEADER, ROWS, read, row, table, typed
from toolkit.errors import DataError
from toolkit.sources.columns.proposal import propose_mapping

DAYS = {f"2025-03-0{day}.csv": table(*(row(order=f"{day}{number}") for number in range(day))) for day in (1, 2, 3)}


def packed(path: Path, members: dict[str, str], **how) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **how) as archive:
        for name, text in members.items():
            archive.writestr(name, text)


def test_all_files_with_the_columns_are_read_and_the_others_named(tmp_path: Path) -> None:
    packed(
        tmp_path / "all.zip",
        {**DAYS, "in/products.csv": "sku;name\nA1;Milk\n", "readme.txt": "thanks", "logo.png": "x", "__MACOSX/._a.csv": "x"},
    )
    kept, rejected = read(tmp_path, files="all.zip")
    assert (kept.height, rejected.height) == (6, 0)
    assert kept["order_id"].to_list() == ["10", "20", "21", "30", "31", "32"]
    notes = typed(tmp_path, files="all.zip").notes
    assert any("are left out: products.csv, readme.txt" in note for note in notes)


@pytest.mark.parametrize(("stated", "orders"), [('member = "2025-03-02.csv"', 2), ('member = "*.csv"', 6)])
def test_which_file_is_meant_can_be_said(tmp_path: Path, stated: str, orders: int) -> None:
    packed(tmp_path / "all.zip", DAYS)
    assert read(tmp_path, files="all.zip", table=stated)[0].height == orders
    assert read(tmp_path, files="all.zip/2025-03-03.csv")[0].height == 3
    with pytest.raises(DataError, match=r"has no file 'b\.csv' in it; it has: '2025-03-01\.csv'"):
        typed(tmp_path, files="all.zip", table='member = "b.csv"')


def test_row_numbers_are_those_of_the_file_within(tmp_path: Path) -> None:
    packed(tmp_path / "all.zip", {**DAYS, "2025-03-02.csv": table(*ROWS, row(time="never"))})
    _, rejected = read(tmp_path, files="all.zip")
    assert rejected["source_file"][0].endswith("all.zip/2025-03-02.csv")
    assert rejected["source_row"].to_list() == [4]


def test_names_of_a_chinese_windows(tmp_path: Path) -> None:
    packed(tmp_path / "a.zip", {"xxxx.csv": table(*ROWS), "other.csv": table(*ROWS)})
    content = (tmp_path / "a.zip").read_bytes().replace(b"xxxx.csv", "订单".encode("gb18030") + b".csv")
    (tmp_path / "a.zip").write_bytes(content)
    assert read(tmp_path, files="a.zip", table='member = "订单.csv"')[0].height == 2


def test_json_and_gzip_within(tmp_path: Path) -> None:
    records = [dict(zip(HEADER.split(";"), line.split(";"), strict=True)) for line in ROWS]
    packed(tmp_path / "a.zip", {"export.json": json.dumps(records)})
    assert read(tmp_path, files="a.zip")[0]["amount"].to_list() == [250, 1000]


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"a.xlsx": "PK"}, "is a spreadsheet within a zip"),
        ({"a.parquet": "PAR1"}, "is Parquet within a packed file"),
        ({}, "is an empty zip"),
    ],
)
def test_what_is_not_unpacked_gets_a_sentence(tmp_path: Path, members: dict[str, str], sentence: str) -> None:
    packed(tmp_path / "a.zip", members)
    with pytest.raises(DataError, match=sentence):
        typed(tmp_path, files="a.zip")


def test_a_password(tmp_path: Path) -> None:
    packed(tmp_path / "a.zip", {"a.csv": table(*ROWS)})
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[6] |= 1
    content[content.find(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be unpacked .*password"):
        typed(tmp_path, files="a.zip")


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_what_swells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """By the size that a zip states, before it is unpacked; of gzip, which states none, as soon as it is over."""
    content = table(*ROWS) + "x" * 3_000_000
    if kind == "zip":
        packed(tmp_path / "a.zip", {"a.csv": content})
    else:
        (tmp_path / "a.gz").write_bytes(gzip.compress(content.encode()))
    monkeypatch.setattr("toolkit.sources.written.archives.LEAST_DOUBTED", 1_000_000)
    monkeypatch.setattr("toolkit.sources.written.packing.BLOCK", 100_000)
    with pytest.raises(DataError, match="times its size, which no export does"):
        typed(tmp_path, files=f"a.{kind}")


def test_a_mapping_is_proposed_for_what_is_in_it(tmp_path: Path) -> None:
    packed(tmp_path / "all.zip", {"orders.csv": DAYS["2025-03-03.csv"], "products.csv": "product;category\nA1;Dairy\nA2;Bread\n"})
    text = propose_mapping([tmp_path / "all.zip"])
    assert "all.zip/orders.csv" in text
    assert "[products]" in text
