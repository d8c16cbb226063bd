"""What a known export brings is held against the file: formats, signs, parts that are not there, amounts that it leaves out."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sources.presets.layouts.chinese import YOUZAN
from tests.sources.presets.layouts.door import imported, proposed, table, todos
from tests.sources.presets.layouts.platforms import SHOPIFY, SQUARE, WOOCOMMERCE
from tests.sources.presets.layouts.tills import LS_CENTRAL
from toolkit.language import speaking
from toolkit.sources.presets.known import known_presets


def without(text: str, *columns: str) -> str:
    """Return an export without some of its columns."""
    rows = [line.split(",") for line in text.splitlines()]
    places = [number for number, name in enumerate(rows[0]) if name not in columns]
    return table([], [[row[number] for number in places] for row in rows])


def test_a_sign_that_the_file_does_not_have_is_left_out(tmp_path: Path) -> None:
    turned = re.sub(r"(?<=,)(-?)(\d+(?:\.\d\d)?)(?=,)", lambda found: ("" if found[1] else "-") + found[2], LS_CENTRAL.text)
    turned = re.sub(r"(?<=,)-(\d0000),", r"\1,", turned).replace(",-0.00,", ",0.00,")
    turned = re.sub(r"(P000\d),-(\d+)", r"\1,\2", turned)
    assert turned != LS_CENTRAL.text
    mapping = proposed(tmp_path, turned)
    assert '# sign = -1 is usual for this export but does not read "1" in this file' in mapping
    assert 'quantity = { column = "Quantity" }' in mapping
    figures, right = imported(tmp_path, mapping), LS_CENTRAL.figures()
    assert (figures.cents, figures.units_milli) == (right.cents, right.units_milli)


def test_optional_parts_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    mapping = proposed(tmp_path, without(YOUZAN.text.removeprefix("\ufeff"), "店铺优惠（分摊）", "商品类目", "下单网点"))
    assert "discount_amount" not in mapping
    assert "[products" not in mapping  # a table without its categories is none
    assert 'store_id = { value = "有赞" }' in mapping
    assert not todos(mapping)
    figures, right = imported(tmp_path, mapping), YOUZAN.figures()
    assert (figures.lines, figures.cents, figures.members) == (right.lines, right.cents, right.members)


def test_what_a_file_lacks_is_made_otherwise(tmp_path: Path) -> None:
    mapping = proposed(tmp_path, without(LS_CENTRAL.text, "Time", "VAT Amount"))
    assert '\nordered_at = "Date"\n' in mapping
    assert '\namount = { column = "Net Amount", sign = -1 }\n' in mapping
    figures, right = imported(tmp_path, mapping), LS_CENTRAL.figures()
    assert (figures.lines, figures.members, figures.units_milli) == (right.lines, right.members, right.units_milli)
    assert 0 < figures.cents < right.cents


def test_without_a_column_that_is_needed_an_export_is_not_recognised(tmp_path: Path) -> None:
    assert "recognised" not in proposed(tmp_path, without(WOOCOMMERCE.text, "item_refunded"))
    assert "recognised" not in proposed(tmp_path, without(SQUARE.text, "Customer ID"))


@pytest.mark.parametrize(("form", "kept"), [(r"\1/\2/25,", '"%m/%d/%y %H:%M:%S"'), (r"\2/\1/25,", '"%d/%m/%y %H:%M:%S"')])
def test_years_of_two_digits_are_read_the_way_that_reads_most(tmp_path: Path, form: str, kept: str) -> None:
    mapping = proposed(tmp_path, re.sub(r"(\d\d)/(\d\d)/25,", form, SQUARE.text))
    assert f"time_format = {kept}" in mapping
    assert imported(tmp_path, mapping) == SQUARE.figures()


def test_the_currency_is_that_of_the_column_where_all_rows_agree(tmp_path: Path) -> None:
    assert '\ncurrency = "USD"\n' in proposed(tmp_path, SHOPIFY.text)
    several = proposed(tmp_path, SHOPIFY.text.replace(",USD,", ",CAD,", 1))
    assert "# TODO The column 'Currency' names several currencies ('CAD', 'USD')" in several


def test_amounts_of_whole_orders_that_the_lines_leave_out_are_a_todo(tmp_path: Path) -> None:
    rows = "Order Number,Order Status,Order Date,Email (Billing),Item Name,Quantity (- Refund),Item Cost,Cart Discount Amount\n"
    rows += "".join(
        f"{number},Completed,2025-01-{number:02d} 10:00,m{number % 5}@x,Tea,1,5.00,{number % 2}.50\n" for number in range(1, 25)
    )
    said = "The column 'Cart Discount Amount' holds amounts (1.50) that this mapping leaves out of the lines."
    assert f"# TODO {said}" in todos(proposed(tmp_path, rows))
    assert not todos(proposed(tmp_path, re.sub(r"[01]\.50\n", "0.00\n", rows)))


def test_what_is_said_of_a_preset_is_said_in_chinese(tmp_path: Path) -> None:
    with speaking("zh"):
        mapping = proposed(tmp_path, YOUZAN.text.replace("退款成功", "仅退款", 1))
    assert "还没有真实文件验证过" in mapping
    assert "'仅退款'" in next(iter(todos(mapping)))
    assert "本预设不认识" in mapping


def test_a_month_that_could_be_the_day_is_asked_about_where_the_days_lie_together_the_other_way(tmp_path: Path) -> None:
    """As in a public copy of UCI Online Retail that was saved anew: the first five days of December, day first, with decimal commas."""
    header = "InvoiceNo;StockCode;Description;Quantity;InvoiceDate;UnitPrice;CustomerID;Country\n"
    rows = [f"{536365 + n};85123A;HOLDER;6;{1 + n % 5}/12/2010 08:{n:02d};2,55;{17850 + n % 7};France\n" for n in range(40)]
    mapping = proposed(tmp_path, header + "".join(rows))
    (asked,) = todos(mapping)
    assert asked.startswith('# TODO time_format = "%d/%m/%Y %H:%M"  # or "%m/%d/%Y %H:%M"')
    figures = imported(tmp_path, mapping.replace(asked, 'time_format = "%d/%m/%Y %H:%M"'))
    assert (figures.first[:10], figures.last[:10]) == ("2010-12-01", "2010-12-05")
    # The same days month first, as the data set has them, are believed.
    turned = [re.sub(r";(\d)/12/2010", r";12/\1/2010", row) for row in rows]
    assert 'time_format = "%m/%d/%Y %H:%M"' in proposed(tmp_path, header + "".join(turned)).splitlines()


def test_a_question_that_an_export_always_answers_alike_is_answered_in_the_mapping(tmp_path: Path) -> None:
    preset = next(preset for preset in known_presets() if preset.name == "Square items")
    assert preset.answered(["Event Type", "Item"]) == ["state:Event Type"]
    assert preset.answered(["Item"]) == []
    assert replace(preset, answers=["of later versions:Event Type"]).answered(["Event Type"]) == []
    mapping = proposed(tmp_path, SQUARE.text)
    assert '\n[answers]\nignore = ["state:Event Type"]  # ' in mapping
    assert imported(tmp_path, mapping) == SQUARE.figures()


def test_an_open_question_is_answered_beside_those_that_are(tmp_path: Path) -> None:
    rows = SQUARE.text.splitlines()
    text = "\n".join([f"{rows[0]},Currency", *(f"{row},{'EUR' if number % 2 else 'USD'}" for number, row in enumerate(rows[1:]))]) + "\n"
    mapping = proposed(tmp_path, text)
    assert mapping.endswith(
        '# TODO where all that is asked above is right as it is:\n# ignore = ["state:Event Type", "currency:Currency"]\n'
    )
