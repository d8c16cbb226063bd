"""Exports of strangers come in as they mean it: `map`, `check`, `import`, and the sum of the lines as it was counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importing.test_import import live_lines
from toolkit import language
from toolkit.errors import DataError, MappingError
from toolkit.importing import ImportReport, check_receipts, import_receipts
from toolkit.sources.columns.contents import contents_of
from toolkit.sources.columns.proposal import propose_mapping
from toolkit.workspace import Workspace

DAYS = range(1, 25)
TITLES = "Sales report March 2025,,,,,,\nPrinted 01/04/2025,,,,,,\n,,,,,,\n"
LINES = "order_no,member,store,sku,order_date,qty,amount\n" + "".join(
    f"R{day:03d},M{day % 12:02d},S1,P1,2025-03-{day:02d} 10:00:00,1,10.5\n" for day in DAYS
)
GERMAN = "Bon;Kunde;Filiale;Artikel;Datum;Menge;Umsatz\n" + "".join(
    f"{day};K{day % 12};Mitte;A1;{day:02d}.03.2025 10:00;1;10,50\n" for day in DAYS
)
CHINESE = "小票号,会员卡号,门店,商品编码,销售时间,数量,实收金额\n" + "".join(
    f"T{day},8600{day % 12},南京路,S1,2025/3/{day} 8:05,1,10.50\n" for day in DAYS
)
UCI = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
SHOPIFY = "Name,Email,Created at,Currency,Lineitem quantity,Lineitem name,Lineitem price,Lineitem discount\n"


def through_the_door(folder: Path, text: str, *, encoding: str = "utf-8") -> tuple[str, ImportReport, int]:
    """Map, check and import one file as it is; return the mapping, what `check` reports, and the cents of all live lines."""
    (folder / "export.csv").write_bytes(text.encode(encoding))
    mapping = propose_mapping([folder / "export.csv"])
    (folder / "mapping.toml").write_text(mapping, "utf-8")
    checked = check_receipts(folder)
    imported = import_receipts(folder, folder / "ws")
    assert imported.records[0].reasons == checked.records[0].reasons
    return mapping, checked, int(live_lines(folder / "ws")["amount"].sum())


@pytest.mark.parametrize(
    ("text", "encoding", "above", "total"),
    [
        (TITLES + LINES + "Total,,,,,,252\n", "utf-8", 3, "Total,,,,,,252"),
        (TITLES + LINES + "\n,,,,,,\nGrand total:,,,,,24,252.00\nPage 1 of 1,,,,,,", "utf-8", 3, "Grand total:,,,,,24,252.00"),
        (
            "会员销售明细表,,,,,,\n门店：南京路,,制表人：张三,,,,\n" + CHINESE + "合计,,,,,24,252.00\r\n",
            "gb18030",
            2,
            "合计,,,,,24,252.00",
        ),
        ("Umsatzliste März;;;;;;\n" + GERMAN + "Summe;;;;;;252,00\n", "cp1252", 1, "Summe;;;;;;252,00"),
        ('"Umsatzliste";"";"";"";"";"";""\n' + GERMAN + '"Gesamt:";"";"";"";"";"24";"252,00"', "utf-16", 1, None),
    ],
    ids=["the case", "a remark below", "Chinese", "semicolons", "quoted, UTF-16"],
)
def test_title_lines_and_a_total_are_no_rows(tmp_path: Path, text: str, encoding: str, above: int, total: str | None) -> None:
    mapping, checked, cents = through_the_door(tmp_path, text, encoding=encoding)
    assert f"\nskip_rows = {above}  # title lines above the header: " in mapping
    assert "\n# a total stands below the rows: it is set aside and counted\n" in mapping
    record = checked.records[0]
    assert (record.rows_kept, cents) == (24, 25200)
    assert record.reasons["a total below the rows, no row itself"] == 1
    if total:
        assert record.examples["a total below the rows, no row itself"][0] == total
        assert f"such as {total!r} in row " in str(checked)


def test_without_the_line_that_skips_the_titles_the_header_is_found_by_its_names(tmp_path: Path) -> None:
    mapping, _, _ = through_the_door(tmp_path, TITLES + LINES + "Total,,,,,,252\n")
    (tmp_path / "mapping.toml").write_text("\n".join(line for line in mapping.splitlines() if not line.startswith("skip_rows")), "utf-8")
    assert import_receipts(tmp_path, tmp_path / "ws").records[0].rows_kept == 24
    assert live_lines(tmp_path / "ws")["amount"].sum() == 25200


@pytest.mark.parametrize(
    "header",
    [
        "order_no,member,store,sku,order_date,qty,amount",
        ",,store,,order_date,,amount",  # columns without a name
        "order_no,,,,,,",
    ],
)
def test_a_header_in_the_first_line_stays_the_header(tmp_path: Path, header: str) -> None:
    rows = LINES[LINES.index("\n") :]
    (tmp_path / "export.csv").write_text(header + rows.replace("2025-03-01 10:00:00,1,10.5", ",,", 1))
    contents = contents_of(tmp_path / "export.csv")
    assert contents is not None
    assert contents.file.dialect is not None
    assert (contents.file.dialect.skip_lines, contents.file.rows) == (1, 24)
    assert [name for name in contents.names if not name.startswith("column_")] == [name for name in header.split(",") if name]


@pytest.mark.parametrize(
    "last",
    ["Total,M01,S1,P1,2025-03-25 10:00:00,1,10.5", "R025,M01,S1,Total,2025-03-25 10:00:00,1,10.5", "Sumatra,,S1,P1,2025-03-25,1,10.5"],
)
def test_a_line_that_only_speaks_of_a_total_is_kept(tmp_path: Path, last: str) -> None:
    _, checked, cents = through_the_door(tmp_path, LINES + last + "\n")
    assert (checked.rejected, cents) == (0, 25 * 1050)


def test_a_total_is_told_at_the_end_of_a_file_of_many_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.sources.written.packing.BLOCK", 100)
    _, checked, cents = through_the_door(tmp_path, TITLES + LINES + "Total,,,,,,252\n")
    assert (checked.records[0].rows_kept, dict(checked.records[0].reasons), cents) == (
        24,
        {"a total below the rows, no row itself": 1},
        25200,
    )


@pytest.mark.parametrize(
    ("form", "kept_line"),
    [
        ("2025-03-{:02d} 09:30:00", ""),
        ("{:02d}/03/2025 09:30", 'time_format = "%d/%m/%Y %H:%M"'),
        ("{:02d}.03.2025 09:30", 'time_format = "%d.%m.%Y %H:%M"'),
        ("3/{}/2025 9:30", 'time_format = "%m/%d/%Y %H:%M"'),
    ],
    ids=["the case", "day first", "points", "as usual"],
)
def test_a_known_export_with_other_dates_is_read_by_its_own(tmp_path: Path, form: str, kept_line: str) -> None:
    rows = "".join(f"{70000 + day},Z{day % 4},thing,2,{form.format(day)},3.5,{100 + day}.0,France\n" for day in DAYS)
    mapping, checked, cents = through_the_door(tmp_path, UCI + rows)
    assert "# recognised: UCI Online Retail" in mapping
    assert [line for line in mapping.splitlines() if line.startswith("time_format")] == ([kept_line] if kept_line else [])
    assert ("usual for this export" in mapping) == (form != "3/{}/2025 9:30")
    assert (checked.records[0].rows_kept, checked.rejected, cents) == (24, 0, 24 * 700)
    days = sorted(live_lines(tmp_path / "ws")["ordered_at"].dt.strftime("%Y-%m-%d"))
    assert days == [f"2025-03-{day:02d}" for day in DAYS]


def test_where_the_first_rows_fit_both_ways_the_whole_file_is_asked(tmp_path: Path) -> None:
    early = "".join(f"{number},Z1,thing,1,{1 + number % 3:02d}/03/2025 09:30,1.0,{number % 9},France\n" for number in range(2500))
    late = "".join(f"{5000 + day},Z1,thing,1,{day:02d}/03/2025 09:30,1.0,7,France\n" for day in range(13, 29))
    _, checked, cents = through_the_door(tmp_path, UCI + early + late)
    assert (checked.rejected, cents) == (0, 2516 * 100)
    assert set(live_lines(tmp_path / "ws")["ordered_at"].dt.month()) == {3}


@pytest.mark.parametrize("form", ["{:02d}.03.2025 10:00", "2025年03月{:02d}日", "Mar {}, 2025"])
def test_a_shop_platforms_export_saved_anew_keeps_its_rows(tmp_path: Path, form: str) -> None:
    rows = "".join(f'#{1000 + day},m{day % 9}@x.example,"{form.format(day)}",EUR,2,Tea,5.25,0\n' for day in DAYS)
    mapping, checked, cents = through_the_door(tmp_path, SHOPIFY + rows)
    assert "# recognised: Shopify orders" in mapping
    assert (checked.records[0].rows_kept, cents) == (24, 25200)


def test_a_known_exports_currency_gives_way_to_another_sign(tmp_path: Path) -> None:
    rows = "".join(f"{70000 + day},Z1,thing,2,3/{day}/2025 9:30,€3.50,{100 + day},France\n" for day in DAYS)
    mapping, _, cents = through_the_door(tmp_path, UCI + rows)
    assert '# GBP is usual for this export, but this file has "€3.50": left out' in mapping
    assert (Workspace(tmp_path / "ws").manifest.currency, cents) == ("EUR", 24 * 700)


def test_a_stated_format_that_reads_nothing_is_refused_with_what_would_read(tmp_path: Path) -> None:
    mapping, _, _ = through_the_door(tmp_path, UCI + "".join(f"{day},Z1,thing,2,2025-03-{day:02d} 09:30:00,3.5,7,France\n" for day in DAYS))
    (tmp_path / "mapping.toml").write_text(
        mapping.replace("\n\n[lines.columns]", '\ntime_format = "%m/%d/%Y %H:%M"\n\n[lines.columns]'), "utf-8"
    )
    with pytest.raises(MappingError, match=r"reads none of the first 24 cells, such as '2025-03-01 09:30:00'; leave it out .* 'iso'"):
        check_receipts(tmp_path)
    with language.speaking("zh"), pytest.raises(MappingError, match="前 24 个单元格一个也读不出"):
        check_receipts(tmp_path)


def test_check_shows_a_cell_that_cannot_be_read_beside_its_count(tmp_path: Path) -> None:
    bad = "R900,M01,S1,P1,yesterday,1,10.5\nR901,M01,S1,P1,soon,1,10.5\nR902,M01,S1,P1,2025-03-25 10:00:00,1,free\nR903,M01,S1,P1,,1,10.5\n"
    _, checked, _ = through_the_door(tmp_path, LINES + bad)
    assert "  2 x time cannot be read, such as 'yesterday' in row 26\n" in str(checked)
    assert "  1 x amount is not a number, such as 'free' in row 28\n" in str(checked)
    assert "  1 x no time\n" in str(checked)
    with language.speaking("zh"):
        assert "2 行：时间无法读取，例如第 26 行的 'yesterday'" in str(checked)
    (tmp_path / "export.csv").write_text(LINES.split("\n")[0] + "\n" + bad.split("\n")[2] + "\n")
    with pytest.raises(DataError, match=r"amount is not a number: 1 \('free' in row 2\)"):
        check_receipts(tmp_path)
