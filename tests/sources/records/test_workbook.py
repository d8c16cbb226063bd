"""Spreadsheets as people keep them: titles and totals, ids that look like numbers, dates that are numbers, cells that hold an error."""

from __future__ import annotations

import datetime as dt
import sys
import zipfile
from pathlib import Path

import duckdb
import polars as pl
import pytest
import xlsxwriter
import xlwt

from tests.sources.shop_files import COLUMNS, HEADER, read, typed
from toolkit.errors import DataError
from toolkit.extras import MissingExtra
from toolkit.importing import check_receipts, import_receipts
from toolkit.language import speaking
from toolkit.sources.columns.proposal import propose_mapping
from toolkit.sources.convert import typed_table
from toolkit.sources.mapping import mapping_from_text
from toolkit.workspace import Workspace

NAMES = HEADER.split(";")
DAY = dt.datetime(2025, 3, 1, 10, 5)


def receipt(number: int, **cells) -> list:
    usual = {"member": f"M{number % 7:02d}", "order": 1000.0 + number, "store": "007", "product": f"P{number % 3}",
             "time": DAY + dt.timedelta(hours=number), "quantity": 1.0 + number % 2, "amount": 2.5 + number}  # fmt: skip
    return list({**usual, **cells}.values())


def write_book(path: Path, sheets: dict[str, list[list]], *, hidden: tuple[str, ...] = (), **options) -> Path:
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "dd.mm.yyyy hh:mm", "nan_inf_to_errors": True, **options})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        if name in hidden:
            sheet.hide()
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, str) and cell.startswith("#"):
                    sheet.write_formula(number, place, "=NA()", None, cell)
                elif isinstance(cell, str):
                    sheet.write_string(number, place, cell)
                else:
                    sheet.write(number, place, cell)
    book.close()
    return path


def test_titles_above_totals_below_and_ids_as_they_are_written(tmp_path: Path) -> None:
    rows = [receipt(number) for number in range(24)]
    total = ["Total", None, None, None, None, None, sum(row[-1] for row in rows)]
    sheet = [["Sales report March 2025"], [], ["printed", None, None, DAY], NAMES, *rows, [], total]
    write_book(tmp_path / "lines.xlsx", {"Data": sheet})
    kept, rejected = read(tmp_path, files="lines.xlsx")
    assert kept["order_id"].cast(pl.String).to_list() == [str(1000 + number) for number in range(24)]
    assert kept["store_id"].to_list() == ["007"] * 24
    assert kept["amount"].sum() == sum(250 + 100 * number for number in range(24))
    assert kept["ordered_at"].to_list() == [DAY + dt.timedelta(hours=number) for number in range(24)]
    assert rejected.select("source_row", "fault").rows() == [(30, "a total below the rows, no row itself")]
    row = typed(tmp_path, files="lines.xlsx", columns=COLUMNS.replace('"amount"', '"product"')).rejected  # rows are those of the sheet
    assert row["source_row"].to_list()[:2] == [5, 6]


def test_times_to_the_minute_and_clocks_in_a_column_of_their_own(tmp_path: Path) -> None:
    minutes = [DAY.replace(hour=0, minute=0) + dt.timedelta(minutes=number) for number in range(1440)]
    rows = [[*receipt(0, time=minute.date(), order=str(number)), minute.time()] for number, minute in enumerate(minutes)]
    write_book(tmp_path / "lines.xlsx", {"Data": [[*NAMES, "clock"], *rows]})
    columns = COLUMNS.replace('ordered_at = "time"', 'ordered_at = ["time", "clock"]')
    kept, rejected = read(tmp_path, files="lines.xlsx", columns=columns)
    assert rejected.is_empty()
    assert kept["ordered_at"].to_list() == minutes


@pytest.mark.parametrize("counts_from_1904", [False, True])
def test_days_are_those_of_the_workbook_formatted_or_not(tmp_path: Path, counts_from_1904: bool) -> None:
    first = dt.datetime(1904, 1, 1) if counts_from_1904 else dt.datetime(1899, 12, 30)
    rows = [receipt(number) for number in range(3)]
    plain = [receipt(number, time=(row[4] - first) / dt.timedelta(days=1)) for number, row in enumerate(rows)]
    for name, sheet in (("formatted.xlsx", rows), ("plain.xlsx", plain)):
        write_book(tmp_path / name, {"Data": [NAMES, *sheet]}, date_1904=counts_from_1904)
        kept, _ = read(tmp_path, files=name)
        assert kept["ordered_at"].dt.round("1s").to_list() == [row[4] for row in rows]


def test_a_stated_decimal_comma_is_not_asked_of_cells_that_are_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(";".join(NAMES) + "\nM1;1;007;P1;01.03.2025 10:00;1;1.234,50\n")
    write_book(tmp_path / "b.xlsx", {"Data": [NAMES, receipt(1, amount=1.234), receipt(2, amount=12345.5)]})
    kept, rejected = read(tmp_path, files="*.*", table='decimal = ","\ntime_format = "%d.%m.%Y %H:%M"')
    assert rejected.is_empty()
    assert kept["amount"].to_list() == [123450, 123, 1234550]


def test_a_cell_with_an_error_is_no_empty_cell(tmp_path: Path) -> None:
    """A lookup that found no member is not a sale to nobody; an error in a column that is not needed costs nothing."""
    rows = [[*receipt(number), "x"] for number in range(6)]
    rows[1][0], rows[2][6], rows[3][7] = "#N/A", "#DIV/0!", "#REF!"
    write_book(tmp_path / "lines.xlsx", {"Data": [["", "title"], [*NAMES, "remark"], *rows]})
    kept, rejected = read(tmp_path, files="lines.xlsx")
    assert rejected.select("source_row", "fault").rows() == [(4, "an error in a cell"), (5, "an error in a cell")]
    assert "#N/A" in rejected["raw"][0]
    assert kept["member_id"].to_list() == ["M00", "M03", "M04", "M05"]


def test_long_card_numbers_kept_as_numbers_have_lost_their_end(tmp_path: Path) -> None:
    card = [6222021234567890000.0, 6222021234567890000.0, 400638133393100.0]
    write_book(tmp_path / "lines.xlsx", {"Data": [NAMES, *(receipt(number, member=card[number]) for number in range(3))]})
    kept, rejected = read(tmp_path, files="lines.xlsx")
    assert kept["member_id"].cast(pl.String).to_list() == ["400638133393100"]
    assert set(rejected["fault"]) == {"a number of more than 15 digits, whose end a spreadsheet does not keep"}


def test_which_sheet_is_meant(tmp_path: Path) -> None:
    rows = [NAMES, *(receipt(number) for number in range(3))]
    notes = [["Read me"], ["made in March"]]
    write_book(tmp_path / "lines.xlsx", {"Notes": notes, "Empty": [], "Old": rows[:2], "Sales": rows}, hidden=("Old",))
    assert read(tmp_path, files="lines.xlsx")[0].height == 3  # the only one with the columns
    assert read(tmp_path, files="lines.xlsx", table='sheet = "Old"')[0].height == 1
    assert read(tmp_path, files="lines.xlsx", table="sheet = 4")[0].height == 3
    with pytest.raises(DataError, match=r"has no sheet 'Sale'; it has: 'Notes', 'Empty', 'Old', 'Sales'"):
        typed(tmp_path, files="lines.xlsx", table='sheet = "Sale"')
    write_book(tmp_path / "lines.xlsx", {"Jan": rows, "Feb": rows[:3]})
    with pytest.raises(
        DataError, match=r"several sheets with rows: 'Jan', 'Feb'; say in the mapping which is meant, such as sheet = \"Jan\""
    ):
        typed(tmp_path, files="lines.xlsx")
    with speaking("zh"), pytest.raises(DataError, match="有多个含数据的工作表"):
        typed(tmp_path, files="lines.xlsx")
    entries = 'files = [{ path = "lines.xlsx", sheet = "Jan" }, { path = "lines.xlsx", sheet = "Feb" }]'
    text = f'currency = "EUR"\n[lines]\n{entries}\n[lines.columns]\n{COLUMNS}'
    both = typed_table(mapping_from_text(text, folder=tmp_path), "lines", scratch=tmp_path)
    assert both.kept.collect().height == 5


def test_an_old_workbook_and_text_that_is_named_like_one(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Data")
    style = xlwt.XFStyle()
    style.num_format_str = "YYYY-MM-DD HH:MM"
    for place, name in enumerate(NAMES):
        sheet.write(3, place, name)
    for number in range(3):
        for place, cell in enumerate(receipt(number)):
            sheet.write(number + 4, place, cell, style if isinstance(cell, dt.datetime) else xlwt.XFStyle())
    book.save(str(tmp_path / "old.xls"))
    unread = typed(tmp_path, files="old.xls", columns=COLUMNS.replace('"amount"', '"product"')).rejected
    assert unread["source_row"].to_list() == [5, 6, 7]
    (tmp_path / "text.xls").write_text(
        "\t".join(NAMES) + "\n" + "\t".join(["M1", "9", "007", "P1", "2025-03-01 10:00", "1", "2.50"]) + "\n"
    )
    assert read(tmp_path, files="old.xls")[0]["amount"].to_list() == [250, 350, 450]
    assert any("cells that hold an error read as empty" in note for note in typed(tmp_path, files="old.xls").notes)
    assert read(tmp_path, files="text.xls")[0]["amount"].to_list() == [250]
    (tmp_path / "web.xls").write_text("<html><table><tr><td>1</td></tr></table></html>")
    with pytest.raises(DataError, match=r"is a web page that is named \.xls"):
        typed(tmp_path, files="web.xls")


def ods(path: Path, rows: list[list[str]], more: str = "") -> None:
    """Write the least that is an OpenDocument spreadsheet; texts alone."""
    cells = "".join(
        "<table:table-row>" + "".join(f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row)
        + "</table:table-row>" for row in rows
    )  # fmt: skip
    names = "".join(f' xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"' for short in ("office", "table", "text"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml", '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
        )
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0"?><office:document-content{names}><office:body><office:spreadsheet><table:table table:name="Data">'
            f"{cells}</table:table></office:spreadsheet></office:body></office:document-content><!--{more}-->",
        )


def test_open_document(tmp_path: Path) -> None:
    rows = [NAMES, ["M1", "9", "007", "P1", "2025-03-01 10:00", "1", "2.50"]]
    ods(tmp_path / "lines.ods", rows)
    assert read(tmp_path, files="lines.ods")[0]["amount"].to_list() == [250]
    ods(tmp_path / "lines.ods", rows, 'calcext:value-type="error"')
    with pytest.raises(DataError, match="cells that hold an error"):
        typed(tmp_path, files="lines.ods")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"order;member", "is named like a spreadsheet but is none"),
        (b"", "is named like a spreadsheet but is none"),
        (b"PK\x03\x04 and so on", "is damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le"), "is behind a password"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "is a spreadsheet that cannot be read"),
    ],
)
def test_what_is_no_workbook_gets_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        typed(tmp_path, content, name="lines.xlsx")


def test_a_workbook_without_a_row(tmp_path: Path) -> None:
    write_book(tmp_path / "lines.xlsx", {"A": [], "B": []})
    assert read(tmp_path, files="lines.xlsx")[0].is_empty()
    with pytest.raises(DataError, match="None of the 1 files holds a row"):
        propose_mapping([tmp_path / "lines.xlsx"])


def test_a_workbook_that_swells_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_book(tmp_path / "lines.xlsx", {"A": [NAMES, receipt(1)]})
    monkeypatch.setattr("toolkit.sources.written.archives.LEAST_DOUBTED", 1000)
    monkeypatch.setattr("toolkit.sources.written.archives.MOST_TIMES", 1)
    with pytest.raises(DataError, match="times its size, which no export does"):
        typed(tmp_path, files="lines.xlsx")


def test_the_package_is_named_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_book(tmp_path / "lines.xlsx", {"A": [NAMES, receipt(1)]})
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    with pytest.raises(MissingExtra, match=r"fastexcel is needed .*\[spreadsheets\]"):
        typed(tmp_path, files="lines.xlsx")


def test_from_map_to_the_figures(tmp_path: Path) -> None:
    """Two sheets become two sections; what comes in is what DuckDB counts in a copy as CSV."""
    receipts = [(number, number // 3, DAY + dt.timedelta(hours=number // 3)) for number in range(90)]
    rows = [[f"M{of % 9}", f"B{of}", "007", f"P{number % 5}", time, 1 + number % 3, 1.5 + number] for number, of, time in receipts]
    names = ["customer id", "order no", "store", "sku", "order date", "quantity", "amount"]
    products = [["sku", "category", "product name"], *([f"P{number}", f"c{number % 2}", f"good {number}"] for number in range(5))]
    write_book(tmp_path / "shop.xlsx", {"Sales": [["Sales 2025"], [], names, *rows], "Products": products})
    text = propose_mapping([tmp_path / "shop.xlsx"])
    assert 'sheet = "Sales"' in text
    assert 'sheet = "Products"' in text
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(text)
    report = check_receipts(mapping)
    assert (report.records[0].rows_kept, report.rejected) == (90, 0)
    import_receipts(mapping, tmp_path / "ws")
    ws = Workspace(tmp_path / "ws")
    amounts = sum(pl.read_parquet(ws.path / file.path)["amount"].sum() for file in ws.manifest.line_files)
    pl.DataFrame(rows, schema=names, orient="row").write_csv(tmp_path / "copy.csv")
    assert amounts == round(100 * duckdb.sql(f"select sum(amount) from '{tmp_path / 'copy.csv'}'").fetchall()[0][0])
    assert ws.table("products").collect().height == 5
