from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.sources.styles.numbers import (
    LARGEST,
    NumberStyle,
    detect_decimal,
    from_rounded,
    from_typed,
    read_number,
    rounded,
    scaled_text,
    scaled_typed,
)

GERMAN = NumberStyle(",", ".", "EUR")
AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False)


@settings(max_examples=80)
@given(amount=AMOUNTS, minus=st.sampled_from(["-{}", "{}-", "({})", "−{}", "- {}", "€ -{}", "-{} €"]))
def test_however_a_number_is_written_it_is_read(amount: Decimal, minus: str) -> None:
    text = f"{abs(amount):,.2f}".translate(str.maketrans(",.", ".,"))
    assert read_number(text, GERMAN) == abs(amount)
    assert read_number(minus.format(text), GERMAN) == -abs(amount)


@pytest.mark.parametrize("text", ["", "-", "--5", "-5-", "(-5)", "1.23,50", "1234.567,5", "1,2,3", "5 USD", "abc", "1E3", "(5"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert read_number(text, GERMAN) is None


@pytest.mark.parametrize(
    ("text", "currency", "readable"),
    [("$5", "USD", True), ("$5", "MXN", True), ("$5", "EUR", False), ("kr 5", "SEK", True), ("5 zł", "PLN", True), ("5 元", "JPY", False)],
)
def test_an_amount_in_another_currency_is_not_read(text: str, currency: str, readable: bool) -> None:
    assert (read_number(text, NumberStyle(currency=currency)) is not None) == readable


@pytest.mark.parametrize(
    ("cells", "sign"),
    [
        (["1,50", "2"], ","),
        (["1.234.567", "1"], ","),
        (["1,234", "0.5"], "."),
        (["1.234", "2.345"], None),
        (["0.123"], "."),
        (["7", "-8"], ""),
        ([], ""),
        (["1.5"] * 99 + ["1,5"], "."),
        (["1.5"] * 98 + ["1,5"] * 2, None),
    ],
)
def test_the_decimal_sign_is_proved_or_asked_about(cells: list[str], sign: str | None) -> None:
    assert detect_decimal(cells) == sign


def test_text_is_rounded_once_and_half_away_from_zero() -> None:
    frame = pl.DataFrame({"a": ["1.005", "-1.005", "2.994", " 3 ", "x", "", None, "9" * 30]})
    number = from_rounded("whole", pl.col("a").str.strip_chars().str.len_bytes() > 0)
    result = (
        frame.with_columns(scaled=scaled_text("a", 2, NumberStyle()))
        .with_columns(whole=rounded("scaled"))
        .select(value=number.value, unreadable=number.unreadable, too_large=number.too_large, rounded=number.rounded)
    )
    assert result["value"].to_list() == [101, -101, 299, 300, None, None, None, None]
    assert result["unreadable"].to_list() == [False] * 4 + [True, False, None, False]
    assert result["too_large"].to_list() == [False] * 7 + [True]
    assert result["rounded"].to_list() == [True, True, True, False, False, False, False, False]


@pytest.mark.parametrize(
    ("cells", "dtype", "values", "too_large"),
    [
        ([1, None, LARGEST], pl.Int64, [100, None, None], [False, None, True]),
        ([1, 2], pl.UInt8, [100, 200], [False, False]),
        ([Decimal("1.005"), Decimal("-1.005")], pl.Decimal(10, 3), [101, -101], [False, False]),
        ([1.005, -2.675, 1e300], pl.Float64, [101, -268, None], [False, False, True]),
    ],
)
def test_typed_numbers_are_scaled(cells: list, dtype, values: list, too_large: list) -> None:
    frame = pl.DataFrame({"a": pl.Series(cells, dtype=dtype)})
    number = from_typed("a", frame.schema["a"], 100)
    result = frame.select(value=number.value, too_large=number.too_large)
    assert result["value"].to_list() == values
    assert result["too_large"].to_list() == too_large


@pytest.mark.parametrize(("cell", "dtype"), [(3, pl.Int32), (3.0, pl.Float64), (Decimal("3"), pl.Decimal(5, 1))])
def test_factors_of_a_product_have_their_spare_digits(cell, dtype) -> None:
    frame = pl.DataFrame({"a": pl.Series([cell], dtype=dtype)})
    assert frame.select(scaled_typed("a", frame.schema["a"], 2)).item() == 3 * 10**6
