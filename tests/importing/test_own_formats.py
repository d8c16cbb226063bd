"""One section whose files are written in several ways: what is stated of a file goes before the section, styles are told group by group."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import polars as pl
import pytest

from toolkit.errors import DataError, MappingError
from toolkit.importing import check_receipts
from toolkit.sources.columns.proposal import propose_mapping
from toolkit.sources.convert import typed_table
from toolkit.sources.mapping import mapping_from_text, read_mapping

NAMES = ["order_no", "customer_id", "store", "sku", "order_date", "quantity", "amount", "remark"]
COLUMNS = """[lines.columns]
order_id = "order_no"
member_id = "customer_id"
store_id = "store"
product_id = "sku"
ordered_at = "order_date"
quantity = "quantity"
amount = "amount"
"""


def rows(first: int, count: int = 40) -> list[tuple[int, str, int, float]]:
    return [(first + number, f"M{number % 7}", 1 + number % 12, 1000.5 + number) for number in range(count)]


def write(
    path: Path, first: int, *, encoding: str = "utf-8", delimiter: str = ",", comma: bool = False, day: str = "2025-{month:02d}-{day:02d}"
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(NAMES)
    for order, member, month, amount in rows(first):
        money = f"{amount:,.2f}".translate(str.maketrans(",.", ".,")) if comma else f"{amount:.2f}"
        writer.writerow([order, member, "南京路", f"P{order % 5}", day.format(month=month, day=5), 1, money, "茶"])
    path.write_bytes(out.getvalue().encode(encoding))


def mapping(folder: Path, files: str, more: str = ""):
    return mapping_from_text(f'currency = "EUR"\n[lines]\nfiles = {files}\n{more}\n{COLUMNS}', folder=folder)


def kept(folder: Path, files: str, more: str = "") -> pl.DataFrame:
    table = typed_table(mapping(folder, files, more), "lines", scratch=folder / "scratch")
    assert table.rejected.is_empty()
    return table.kept.collect().sort("order_id")


def expected(first: int) -> list[tuple[int, str]]:
    return [(round(amount * 100), f"2025-{month:02d}-05") for _, _, month, amount in rows(first)]


def figures(lines: pl.DataFrame) -> list[tuple[int, str]]:
    return [(amount, str(time.date())) for amount, time in lines.select("amount", "ordered_at").rows()]


STATED = '["2023-*.csv", { path = "2025-*.csv", encoding = "gb18030", delimiter = ";", decimal = ",", time_format = "%d.%m.%Y" }]'


def test_what_is_stated_of_a_file_goes_before_the_section(tmp_path: Path) -> None:
    write(tmp_path / "2023-01.csv", 1000)
    write(tmp_path / "2025-01.csv", 2000, encoding="gb18030", delimiter=";", comma=True, day="{day:02d}.{month:02d}.2025")
    section = 'encoding = "utf-8"\ndelimiter = ","\ndecimal = "."\ntime_format = "iso"'
    lines = kept(tmp_path, STATED, section)
    assert figures(lines) == expected(1000) + expected(2000)
    assert lines["store_id"].unique().to_list() == ["南京路"]


def test_files_with_several_delimiters_prove_their_styles_by_themselves(tmp_path: Path) -> None:
    """5 March against May 3rd and comma against point: held together, no format would fit both."""
    write(tmp_path / "a.csv", 1000, day="{month:02d}/{day:02d}/2025 13:00")
    write(tmp_path / "b.csv", 2000, delimiter=";", comma=True, day="{day:02d}.{month:02d}.2025")
    (tmp_path / "a.csv").write_text((tmp_path / "a.csv").read_text() + "1999,M1,s,P1,03/31/2025 13:00,1,1.50,x\n")
    lines = kept(tmp_path, '["a.csv", "b.csv"]')
    assert figures(lines.filter(pl.col("order_id") != "1999")) == expected(1000) + expected(2000)


def test_what_is_stated_of_a_file_goes_before_what_its_columns_state(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", 1000)
    write(tmp_path / "b.csv", 2000, day="{day:02d}.{month:02d}.2025")
    text = f'currency = "EUR"\n[lines]\nfiles = ["*.csv", {{ path = "b.csv", time_format = "%d.%m.%Y" }}]\n{COLUMNS}'
    text = text.replace('ordered_at = "order_date"', 'ordered_at = { column = "order_date", format = "iso" }')
    table = typed_table(mapping_from_text(text, folder=tmp_path), "lines", scratch=tmp_path / "scratch")
    assert table.rows_in == 80  # b.csv is found by both entries and read once
    assert figures(table.kept.collect().sort("order_id")) == expected(1000) + expected(2000)


def test_a_mapping_is_proposed_for_files_that_are_written_differently(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", 1000)
    write(tmp_path / "b.csv", 2000, encoding="gb18030", delimiter=";", comma=True, day="{day:02d}.{month:02d}.2025")
    text = propose_mapping([tmp_path / "a.csv", tmp_path / "b.csv"])
    (tmp_path / "mapping.toml").write_text(text)
    assert 'decimal = ","' in text
    report = check_receipts(tmp_path / "mapping.toml")
    assert (report.records[0].rows_kept, report.rejected) == (80, 0)
    lines = typed_table(read_mapping(tmp_path / "mapping.toml"), "lines", scratch=tmp_path / "scratch").kept.collect().sort("order_id")
    assert figures(lines) == expected(1000) + expected(2000)
    counted = duckdb.sql(f"select sum(amount) from read_csv('{tmp_path}/a.csv')").fetchall()[0][0]
    assert lines.filter(pl.col("order_id") < "2000")["amount"].sum() == round(100 * counted)


def test_the_same_delimiter_and_another_decimal_sign(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", 1000, delimiter=";")
    write(tmp_path / "b.csv", 2000, delimiter=";", comma=True)
    (tmp_path / "mapping.toml").write_text(propose_mapping([tmp_path / "a.csv", tmp_path / "b.csv"]))
    lines = typed_table(read_mapping(tmp_path / "mapping.toml"), "lines", scratch=tmp_path / "scratch").kept.collect().sort("order_id")
    assert figures(lines) == expected(1000) + expected(2000)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ('[{ path = "a.csv", encodng = "utf-8" }]', r"has no key 'files\.0\.encodng'; did you mean 'encoding'\?"),
        ('[{ encoding = "utf-8" }]', r"needs 'files\.0\.path'"),
        ('[{ path = "a.csv", time_format = "dd.mm" }]', r"time_format is 'dd\.mm'; it must be one of"),
        ('[{ path = "a.csv", encoding = "klingon" }]', "python knows no encoding"),
        ("[[]]", "files"),
        ("[5]", "files"),
        ("5", "files"),
        ("{ a = 1 }", "files"),
        ("[]", "files"),
        ('[{ path = "a\\u0000.csv" }]', "files"),
    ],
)
def test_faults_of_entries_are_sentences(tmp_path: Path, files: str, sentence: str) -> None:
    with pytest.raises((MappingError, DataError), match=sentence):
        typed_table(mapping(tmp_path, files), "lines")
