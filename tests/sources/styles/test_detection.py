"""What is stated wins, what the cells prove is noted, what they do not prove is a fault."""

import pytest

from tests.sources.shop_files import COLUMNS, lines_mapping, row, table
from toolkit.sources.records.shelf import Shelf
from toolkit.sources.records.tables import open_table
from toolkit.sources.styles.detection import Styles, find_styles


def styles(folder, *rows: str, **how) -> Styles:
    (folder / "lines.csv").write_text(table(*rows))
    mapping = lines_mapping(folder, files="lines.csv", **how)
    (records,) = open_table(mapping, "lines", Shelf(folder / "scratch"))
    return find_styles(mapping, "lines", records)


def test_what_the_cells_prove_is_noted(tmp_path) -> None:
    seen = styles(tmp_path, row(amount="1.234,50", time="13.03.2017 10:11"), row(amount="2", time="14.03.2017 10:12"))
    assert (seen.decimal, seen.times) == (",", {"ordered_at": ("%d.%m.%Y %H:%M",)})
    assert seen.notes == ["[lines] numbers have a decimal comma.", "[lines] ordered_at is read as '%d.%m.%Y %H:%M'."]
    assert seen.faults == []


def test_what_is_stated_is_not_asked_about(tmp_path) -> None:
    seen = styles(tmp_path, row(amount="1.234", time="01/02/2017"), table='decimal = ","\ntime_format = "%m/%d/%Y"')
    assert (seen.decimal, seen.times, seen.notes, seen.faults) == (",", {"ordered_at": ("%m/%d/%Y",)}, [], [])


def test_what_cannot_be_told_is_a_fault(tmp_path) -> None:
    seen = styles(tmp_path, row(amount="1.234", time="01/02/2017"))
    assert [fault.split(": ", 1)[0] for fault in seen.faults] == ["mapping [lines]", "mapping [lines.columns] ordered_at"]
    assert "it cannot be told which sign is the decimal one in '1.234'" in seen.faults[0]


def test_all_rows_are_asked_where_the_sample_proves_nothing(tmp_path) -> None:
    rows = [row(amount="1.234", time="01/02/2017")] * 2500
    seen = styles(tmp_path, *rows, row(amount="0,5", time="31/01/2017"))
    assert (seen.decimal, seen.times["ordered_at"], seen.faults) == (",", ("%d/%m/%Y",), [])


def test_a_currency_without_decimals_proves_the_sign(tmp_path) -> None:
    assert styles(tmp_path, row(amount="1.234"), shop='currency = "JPY"').decimal == ","


def test_a_zone_in_the_last_row_is_seen(tmp_path) -> None:
    rows = [row()] * 2500
    assert styles(tmp_path, *rows).times["ordered_at"] == ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
    seen = styles(tmp_path, *rows, row(time="2017-07-01T10:00:00Z"))
    assert "carries a time zone" in seen.faults[0]


@pytest.mark.parametrize(("stated", "thousands"), [("", "."), ('thousands = " "', " ")])
def test_numbers_are_written_as_the_table_says_or_else_the_column(tmp_path, stated: str, thousands: str) -> None:
    columns = COLUMNS.replace('quantity = "quantity"', 'quantity = { column = "quantity", decimal = "." }')
    mapping = lines_mapping(tmp_path, table=stated, columns=columns)
    own = mapping.tables["lines"].columns
    number = Styles(",").number(mapping, "lines", own["amount"])
    assert (number.decimal, number.thousands, number.currency) == (",", thousands, "EUR")
    assert Styles(",").number(mapping, "lines", own["quantity"]).decimal == "."
