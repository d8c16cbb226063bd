"""Lines in several currencies: asked about, converted exactly by a stated table, or set aside; sums counted here with plain decimals."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import polars as pl
import pytest

from tests.importing.strangers import HEADER, write_shop
from tests.importing.test_import import live_lines
from toolkit.errors import DataError, MappingError
from toolkit.importing import check_receipts, import_receipts
from toolkit.language import speaking

WITH_CURRENCY = f"{HEADER},Currency"
MIXED = [("EUR", "100.00")] * 10 + [("JPY", "15000")] * 10


def rows_of(cells: list[tuple[str, str]]) -> list[str]:
    return [f"R{n},M{n % 4},S1,P{n % 3},2025-03-{n + 1:02d} 10:00:00,1,{amount},{code}" for n, (code, amount) in enumerate(cells)]


def mixed_shop(folder: Path, section: str, cells: list[tuple[str, str]] | None = None, **more: str) -> Path:
    return write_shop(folder, rows_of(cells or MIXED), header=WITH_CURRENCY, more=section, **more)  # type: ignore[arg-type]


def rates(text: str) -> str:
    return f'[currency_rates]\ncolumn = "Currency"\n{text}\n'


def test_without_a_rate_it_asks_and_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'\[currency_rates\] with column = "Currency" and, .* such as rates = \{ USD = 0.92 \}'):
        import_receipts(mixed_shop(tmp_path, ""), tmp_path / "ws")


@pytest.mark.parametrize("written", ["JPY = 0.0061", 'JPY = "0.0061"', 'jpy = "6.1e-3"', "JPY = 0.0061, USD = 0.92"])
def test_a_stated_rate_gives_the_sum_and_says_so(tmp_path: Path, written: str) -> None:
    report = import_receipts(mixed_shop(tmp_path, rates(f"rates = {{ {written} }}")), tmp_path / "ws")
    assert live_lines(tmp_path / "ws")["amount"].sum() == 10 * 10_000 + 10 * 9_150
    assert not report.questions
    assert "[currency_rates] 10 lines in JPY: 150,000 JPY were converted to 915.00 EUR." in report.records[0].notes
    with speaking("zh"):
        assert "换算" in str(check_receipts(tmp_path / "mapping.toml"))


def test_each_line_is_rounded_once_half_to_even(tmp_path: Path) -> None:
    amounts = ["0.05", "0.15", "0.25", "-0.05", "-0.15", "12.345", "0.01"]
    section = rates('rates = { USD = "0.5", KWD = "3.0005", JPY = "0.00615" }')
    cells = [(code, amount) for code in ("USD", "KWD") for amount in amounts] + [("JPY", "100"), ("JPY", "1")]
    import_receipts(mixed_shop(tmp_path, section, cells), tmp_path / "ws")
    of_a_unit = {"USD": Decimal("0.5"), "KWD": Decimal("3.0005"), "JPY": Decimal("0.00615")}
    # 12.345 USD is read with the three decimals that the dinar has: nothing is rounded before the rate.
    expected = [int((Decimal(amount) * of_a_unit[code] * 100).quantize(Decimal(1), ROUND_HALF_EVEN)) for code, amount in cells]
    assert sorted(live_lines(tmp_path / "ws")["amount"].to_list()) == sorted(expected)


def test_every_money_column_and_the_minor_digits_of_the_foreign_currency(tmp_path: Path) -> None:
    rows = ["R1,M1,S1,P1,2025-03-01 10:00:00,1,1000,JPY,200", "R2,M2,S1,P1,2025-03-02 10:00:00,1,1000,EUR,200"]
    columns = 'discount_amount = "off"\n'
    section = rates("rates = { JPY = 0.006 }")
    mapping = write_shop(tmp_path, rows, header=f"{WITH_CURRENCY},off", columns=columns, more=section, lines='amount_unit = "minor"')
    import_receipts(mapping, tmp_path / "ws")
    money = live_lines(tmp_path / "ws").select("amount", "discount_amount").sort("amount").rows()
    assert money == [(600, 120), (1_000, 200)]  # 1000 minor units are 1,000 yen and 10.00 euros


def test_a_shop_without_decimals_takes_dollars_with_theirs(tmp_path: Path) -> None:
    mapping = mixed_shop(tmp_path, rates("rates = { USD = 150 }"), [("JPY", "1500"), ("USD", "10.99"), ("USD", "0.01")])
    mapping.write_text(mapping.read_text("utf-8").replace('currency = "EUR"', 'currency = "JPY"', 1), "utf-8")
    report = import_receipts(mapping, tmp_path / "ws")
    assert sorted(live_lines(tmp_path / "ws")["amount"].to_list()) == [2, 1_500, 1_648]  # 1.5 and 1648.5, half to even
    assert "2 lines in USD: 11.00 USD were converted to 1,650 JPY." in str(report)


def test_rates_by_day_hold_until_the_next(tmp_path: Path) -> None:
    table = "day,currency,rate\n2025-03-05,USD,0.9\n2025-03-01,jpy,0.006\n2025-03-08,USD,0.95\n2025-03-08,USD,0.950\n"
    cells = [("USD", "100"), ("JPY", "1000")] * 7
    report = import_receipts(mixed_shop(tmp_path, rates('files = "rates.csv"'), cells, files={"rates.csv": table}), tmp_path / "ws")  # type: ignore[arg-type]
    by_day = [(date(2025, 3, 5), "USD", 90), (date(2025, 3, 8), "USD", 95), (date(2025, 3, 1), "JPY", 0.6)]
    sums: dict[str, float] = defaultdict(float)
    early = 0
    for number, (code, amount) in enumerate(cells):
        known = [rate for day, name, rate in sorted(by_day) if name == code and day <= date(2025, 3, number + 1)]
        early += not known
        sums[code] += float(amount) * (known[-1] if known else 0)
    assert live_lines(tmp_path / "ws")["amount"].sum() == round(sum(sums.values()))
    assert (early, report.records[0].reasons) == (2, {"currency has no rate on or before the day": 2})
    assert report.records[0].examples["currency has no rate on or before the day"][0] == "USD"


def test_columns_and_writing_of_a_rate_file_can_be_said(tmp_path: Path) -> None:
    section = rates('files = "kurse.csv"\ncolumns = { day = "Tag", currency = "Währung", rate = "Kurs" }\ndelimiter = ";"')
    table = "Tag;Währung;Kurs\n01.01.2025;JPY;0,0061\n13.01.2025;JPY;0,0061\n"
    import_receipts(mixed_shop(tmp_path, section, files={"kurse.csv": table}), tmp_path / "ws")  # type: ignore[arg-type]
    assert live_lines(tmp_path / "ws")["amount"].sum() == 191_500


def test_what_has_no_rate_is_set_aside_and_counted(tmp_path: Path) -> None:
    cells = [*MIXED[:12], ("", "7"), ("GBP", "9")]
    section = rates("rates = { JPY = 0.0061 }")
    record = import_receipts(mixed_shop(tmp_path, section, cells), tmp_path / "ws").records[0]
    assert (record.rows_in, record.rows_kept, record.reasons) == (14, 12, {"currency has no rate": 1, "no currency": 1})
    assert record.examples["currency has no rate"][0] == "GBP"
    filled = rates('rates = { JPY = 0.0061 }\nempty = "eur"')
    assert check_receipts(mixed_shop(tmp_path, filled, cells)).records[0].reasons == {"currency has no rate": 1}


def test_a_table_without_any_of_the_currencies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"No line of 'receipts' could be kept .currency has no rate: 20 .'USD' in row 2"):
        import_receipts(mixed_shop(tmp_path, rates("rates = { GBP = 1.1 }"), [("USD", "5")] * 20), tmp_path / "ws")


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ("rates = { JPY = 0 }", "[currency_rates] rates.JPY: a rate must be a number above 0 and below 1,000,000 with 12 decimals at most, but '0' came."),
        ("rates = { JPY = -1.5 }", "but '-1.5' came."),
        ('rates = { JPY = "0,0061" }', "but '0,0061' came."),
        ("rates = { JPY = inf }", "but 'inf' came."),
        ("rates = { JPY = 1, jpy = 2 }", "[currency_rates] rates names JPY twice."),
        ("rates = { EUR = 2 }", "EUR is the currency of the mapping itself, but its rate is 2"),
        ("rates = 5", "[currency_rates] rates: "),
        ("", "[currency_rates]: the rates stand either here"),
        ('rates = { JPY = 1 }\nfiles = "rates.csv"', "[currency_rates]: the rates stand either here"),
        ('files = "rates.csv"\nrate = "x"', "[currency_rates] has no key 'rate'; did you mean 'rates'?"),
        ('files = "none.csv"', "[currency_rates] files: 'none.csv' finds no file"),
    ],
)  # fmt: skip
def test_a_section_that_cannot_be(tmp_path: Path, section: str, sentence: str) -> None:
    with pytest.raises(MappingError) as caught:
        import_receipts(mixed_shop(tmp_path, rates(section)), tmp_path / "ws")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("day,currency,rate\n2025-01-01,JPY,0\n", "rates.csv row 2: a rate must be a number above 0"),
        ("day,currency,rate\n2025-01-01,0.0061,JPY\n", "rates.csv row 2: a rate must be a number above 0 and below 1,000,000 with 12 decimals at most, but 'JPY' came."),
        ("day,currency,rate\n2025-01-01,JPY,0.1\n2025-01-01,jpy,0.2\n", "rates.csv row 3: JPY has the rates 0.1 and 0.2 on 2025-01-01; keep one of them."),
        ("day,currency,rate\n2025-01-01,,0.1\n", "row 2: a rate needs a day and a currency"),
        ("day,currency,rate\nJPY,2025-01-01,0.1\n", "[currency_rates] day: 'JPY': no format that is known fits"),
        ("day,currency,rate\n", "[currency_rates] files hold no rate."),
        ("day,currency,rate\n2025-01-01,JPY,1.234\n", "cannot be told which sign is the decimal one in the rates '1.234'; state decimal"),
        ("day,currency,rate\n03/04/2025,JPY,0.1\n", "it cannot be told which is the month in '03/04/2025'; state time_format"),
        ("day,ccy,rate\n2025-01-01,JPY,0.1\n", "rates.csv has no column 'currency', which mapping.toml [currency_rates] names"),
    ],
)  # fmt: skip
def test_a_rate_table_that_cannot_be(tmp_path: Path, table: str, sentence: str) -> None:
    with pytest.raises(MappingError) as caught:
        import_receipts(mixed_shop(tmp_path, rates('files = "rates.csv"'), files={"rates.csv": table}), tmp_path / "ws")  # type: ignore[arg-type]
    assert sentence in str(caught.value)


def test_a_column_that_is_not_there_is_named_by_its_section(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"no column 'Ccy', which mapping.toml \[currency_rates\] names"):
        import_receipts(mixed_shop(tmp_path, '[currency_rates]\ncolumn = "Ccy"\nrates = { JPY = 1 }\n'), tmp_path / "ws")


def test_rates_of_a_parquet_file_are_numbers_as_they_stand(tmp_path: Path) -> None:
    days = [date(2025, 1, 1), date(2025, 3, 14)]
    pl.DataFrame({"day": days, "currency": ["JPY", "JPY"], "rate": [0.00006, 6.1e-05]}).write_parquet(tmp_path / "rates.parquet")
    import_receipts(mixed_shop(tmp_path, rates('files = "rates.parquet"')), tmp_path / "ws")
    assert live_lines(tmp_path / "ws")["amount"].sum() == 100_000 + 3 * 90 + 7 * 92  # 91.5, half to even
