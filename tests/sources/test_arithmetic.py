"""Numbers worked out from several columns: what plain fractions give, rounded once, half away from zero; and what is set aside."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from tests.sources.shop_files import COLUMNS, lines_mapping, read
from toolkit.errors import MappingError

HEADER = "member,order,store,product,time,quantity,price,amount,rate"


def rows(*cells: tuple) -> str:
    """Write receipts with (quantity, price, amount, rate)."""
    lines = [f"7,{1000 + number},12,A,2017-03-01 10:00:00,{','.join(map(str, given))}" for number, given in enumerate(cells)]
    return "\n".join([HEADER, *lines]) + "\n"


def columns(amount: str = '"amount"', more: str = "") -> str:
    return COLUMNS.replace('amount = "amount"', f"amount = {amount}") + more


def rounded(number: Fraction) -> int:
    sign = -1 if number < 0 else 1
    return sign * int(abs(number) * 100 + Fraction(1, 2))


@pytest.fixture
def cells() -> list[tuple[str, str, str, str]]:
    draw = random.Random(13)
    return [
        (f"{draw.randint(-3000, 9000) / 1000:.3f}", f"{draw.randint(1, 99999) / 100:.2f}", f"{draw.randint(1, 99999) / 100:.2f}",
         f"{draw.randint(0, 9999) / 10000:.4f}")
        for _ in range(2000)
    ]  # fmt: skip


SPECS = {
    '{ multiply = ["price", "quantity"], less_rate = "rate" }': lambda q, p, a, r: p * q * (1 - r),
    '{ multiply = ["price", "quantity"], times_rate = "rate" }': lambda q, p, a, r: p * q * r,
    '{ column = "amount", after_rate = "rate" }': lambda q, p, a, r: a * r / (1 - r),
    '{ column = "amount", less_rate = "rate" }': lambda q, p, a, r: a * (1 - r),
    '{ add = ["amount", "price"], subtract = ["quantity"], times_rate = "rate" }': lambda q, p, a, r: (a + p - q) * r,
    '{ multiply = ["price", 1.19] }': lambda q, p, a, r: p * Fraction("1.19"),
    '{ multiply = ["price", "quantity", "amount"], divide = 3 }': lambda q, p, a, r: p * q * a / 3,
    '{ column = "amount", divide = ["price", 0.07] }': lambda q, p, a, r: a / p / Fraction("0.07"),
    '{ multiply = ["price", "quantity"], subtract = ["amount"] }': lambda q, p, a, r: p * q - a,
    '{ multiply = ["price", "quantity"], times_rate = "rate", rate_unit = "tenths", subtract = ["amount"] }': lambda q, p, a, r: (
        p * q * r / 10 - a
    ),
    '{ column = "amount", sign_of = "quantity" }': lambda q, p, a, r: abs(a) * ((q > 0) - (q < 0)),
    '{ multiply = ["amount", "quantity"], divide = "price", sign = -1 }': lambda q, p, a, r: -a * q / p,
}


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("typed", [False, True], ids=["text", "parquet"])
def test_every_line_is_what_fractions_give(tmp_path: Path, cells: list[tuple], spec: str, typed: bool) -> None:
    text = rows(*cells)
    if typed:
        (tmp_path / "all.csv").write_text(text, "utf-8")
        pl.read_csv(tmp_path / "all.csv", try_parse_dates=True).write_parquet(tmp_path / "lines.parquet")
    kept, rejected = read(tmp_path, None if typed else text, name="lines.parquet" if typed else "lines.csv", columns=columns(spec))
    assert rejected.is_empty()
    expected = [rounded(SPECS[spec](*map(Fraction, line))) for line in cells]
    assert kept.sort("source_index")["amount"].to_list() == expected


def test_a_discount_is_what_the_rate_took_off(tmp_path: Path) -> None:
    given = [(1, 100, 80, "0.2"), (2, 50, 90, "10%"), (1, 5, 5, ""), (1, 5, -5, "0.5"), (1, 10, 0, 1), (1, 10, 3, "1.5"), (1, 10, 3, "x")]
    spec = 'discount_amount = { column = "amount", after_rate = "rate" }'
    kept, rejected = read(tmp_path, rows(*given), columns=columns(more=spec))
    assert kept.sort("source_index")["discount_amount"].to_list() == [2000, 1000, 0, 0]  # of a return none
    assert rejected["fault"].to_list() == [
        "discount cannot be told from what a rate of 100% left",
        'discount has a rate that is not between 0 and 1 (rate_unit = "percent" reads 20 as 20%)',
        "discount is not a number",
    ]


def test_percents_where_the_mapping_says_so(tmp_path: Path) -> None:
    spec = '{ multiply = ["price", "quantity"], less_rate = "rate", rate_unit = "percent" }'
    kept, rejected = read(
        tmp_path, rows((2, "10", 0, "12.5"), (2, "10", 0, "12.5%"), (1, 10, 0, "100"), (1, 10, 0, 101)), columns=columns(spec)
    )
    assert kept.sort("source_index")["amount"].to_list() == [1750, 1750, 0]
    assert rejected["fault"].to_list() == ["amount has a rate that is not between 0 and 1"]


def test_half_a_cent_goes_up_and_only_at_the_end(tmp_path: Path) -> None:
    spec = '{ multiply = ["price", "quantity"], less_rate = "rate" }'
    given = [(1, "0.01", 0, "0.5"), (-1, "0.01", 0, "0.5"), (3, "0.335", 0, "0"), (1, "0.0149", 0, "0")]
    kept, _ = read(tmp_path, rows(*given), columns=columns(spec))
    assert kept.sort("source_index")["amount"].to_list() == [1, -1, 101, 1]


def test_what_cannot_be_worked_out_is_set_aside(tmp_path: Path) -> None:
    given = [(0, 10, 5, ""), (1, "", 5, ""), (1, "ten", 5, ""), ("0.001", "9999999999999", 99999999999, "")]
    kept, rejected = read(tmp_path, rows(*given), columns=columns('{ multiply = ["price", "amount"], divide = "quantity" }'))
    assert kept.is_empty()
    assert rejected["fault"].to_list() == ["amount is divided by 0", "no amount", "amount is not a number", "amount is too large"]


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ('{ column = "amount", less_rate = "rate", times_rate = "rate" }', "has one rate"),
        ('{ column = "amount", rate_unit = "percent" }', "rate_unit says how a rate is written"),
        ("{ multiply = [2, 3] }", "multiply needs a column"),
        ('{ column = "amount", divide = 0 }', "nothing can be divided by 0"),
        ('{ less_rate = "rate" }', "exactly one of"),
        ('{ column = "amount", less_rate = "rate", rate_unit = "promille" }', "rate_unit"),
        ('{ column = "amount", by = "price" }', "neither per_order nor less_per_order"),
    ],
)
def test_arithmetic_that_cannot_be(spec: str, sentence: str) -> None:
    with pytest.raises(MappingError, match=sentence):
        lines_mapping(Path(), columns=columns(spec))


def test_arithmetic_of_a_word_is_refused() -> None:
    with pytest.raises(MappingError, match="channel is not a number"):
        lines_mapping(Path(), columns=columns(more='channel = { column = "a", less_rate = "b" }'))
