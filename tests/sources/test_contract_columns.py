"""One contract column from its raw columns, as the mapping says: values, faults, and what was rounded."""

import datetime as dt

import polars as pl
import pytest

from tests.sources.shop_files import COLUMNS, lines_mapping
from toolkit.sources.contract_columns import NO, YES, Conversion, label
from toolkit.sources.mapping import Mapping
from toolkit.sources.styles.detection import Styles

PRODUCTS = '[products]\nfiles = "p.csv"\n[products.columns]\nproduct_id = "id"\ncategory = "cat"\n'


def converted(mapping: Mapping, table: str, frame: pl.DataFrame, styles: Styles | None = None) -> tuple[pl.DataFrame, list[str]]:
    """Return the values of the columns, and every fault of every row."""
    conversion = Conversion(mapping, table, dict(frame.schema), styles or Styles())
    columns = conversion.columns()
    for prepared in conversion.prepared:
        frame = frame.with_columns(**prepared) if prepared else frame
    values = frame.select(column.value.alias(column.name) for column in columns)
    faults = [reason for column in columns for test, reason in column.checks if frame.select(test.fill_null(False).any()).item()]
    return values, faults


def products(folder, columns: str, **cells: list) -> tuple[pl.DataFrame, list[str]]:
    frame = pl.DataFrame({"id": ["A"] * len(next(iter(cells.values()))), "cat": "x", **cells})
    return converted(lines_mapping(folder, more=PRODUCTS + columns), "products", frame)


def test_yes_and_no_in_the_words_of_many_languages(tmp_path) -> None:
    words = [*YES, *NO, " JA ", "1.0", "", None]
    values, faults = products(tmp_path, 'own_brand = "own"', own=words)
    assert values["own_brand"].to_list() == [True] * len(YES) + [False] * len(NO) + [True, True, None, None]
    assert faults == []
    assert products(tmp_path, 'own_brand = "own"', own=["perhaps"])[1] == ["own brand is neither yes nor no"]
    assert products(tmp_path, 'own_brand = "own"', own=[True, None])[0]["own_brand"].to_list() == [True, None]
    assert not set(YES) & set(NO)


def test_conditions_make_a_yes_or_a_no(tmp_path) -> None:
    groups = ["Fuel", "FUEL CARD", "Milk", None]
    either = '[{ column = "g", starts_with = ["FUEL"] }, { column = "g", equals = ["Fuel"] }]'
    assert products(tmp_path, f"counted = {{ false_if = {either} }}", g=groups)[0]["counted"].to_list() == [False, False, True, True]
    assert products(tmp_path, f"own_brand = {{ true_if = {either} }}", g=groups)[0]["own_brand"].to_list() == [True, True, False, False]


def test_a_date_of_its_own_says_so_when_it_is_none(tmp_path) -> None:
    styles = Styles(times={"launched_on": ("%d.%m.%Y",)})
    frame = pl.DataFrame({"id": ["A", "B", "C"], "cat": "x", "day": ["13.03.2017", "soon", "13.03.1817"]})
    values, faults = converted(lines_mapping(tmp_path, more=PRODUCTS + 'launched_on = "day"'), "products", frame, styles)
    assert values["launched_on"].to_list() == [dt.date(2017, 3, 13), None, None]
    assert faults == ["launched on is not a date", "launched on is impossible"]


def test_constants_fill_a_column(tmp_path) -> None:
    columns = COLUMNS.replace('quantity = "quantity"', "quantity = { value = 2 }").replace('amount = "amount"', "amount = { value = 1.5 }")
    columns = columns.replace('store_id = "store"', 'store_id = { value = "web" }')
    frame = pl.DataFrame({"member": ["7"], "order": ["1"], "product": ["A"], "time": [dt.datetime(2017, 3, 13)]})
    values, faults = converted(lines_mapping(tmp_path, columns=columns), "lines", frame)
    assert values.select("quantity", "amount", "store_id", "discount_amount", "channel").row(0) == (2000, 150, "web", 0, None)
    assert faults == []


def test_a_date_and_a_clock_are_one_time(tmp_path) -> None:
    columns = COLUMNS.replace('ordered_at = "time"', 'ordered_at = ["day", "clock"]')
    frame = pl.DataFrame({"day": [dt.date(2017, 3, 13)], "clock": [dt.time(8, 15)]}).with_columns(
        pl.lit("1").alias(name) for name in ("member", "order", "store", "product", "quantity", "amount")
    )
    values, faults = converted(lines_mapping(tmp_path, columns=columns), "lines", frame)
    assert (values["ordered_at"].to_list(), faults) == ([dt.datetime(2017, 3, 13, 8, 15)], [])


@pytest.mark.parametrize(("column", "words"), [("order_id", "order id"), ("discount_amount", "discount"), ("ordered_at", "time")])
def test_columns_are_called_by_words(column: str, words: str) -> None:
    assert label(column) == words
