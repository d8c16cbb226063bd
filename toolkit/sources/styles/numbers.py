"""Numbers as exports write them -> exact integers: money in minor units, quantities in thousandths.

Text goes through decimal arithmetic, never through floats. Numbers that are already typed are scaled and rounded half away from zero.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

LARGEST = 9_000_000_000_000_000
"""Above this no amount (in minor units) or quantity (in thousandths) is kept: sums of thousands of them must still fit into Int64."""
EXTRA_DIGITS = 4
"""Text is read with this many digits behind the last one kept; only the first of them decides the rounding."""
PLAIN = r"^[+-]?\d{1,25}(\.\d*)?$"
RATE_DIGITS = 8
"""Digits behind the point with which a rate is read."""
CLEAR_SHARE = 0.99
"""A decimal sign is taken for proved when this share of the telling cells agree; the others are then no numbers and are set aside."""
MINUS = str.maketrans(dict.fromkeys("−‐‑‒–—﹣－", "-"))
CURRENCY_SIGNS = {
    "€": {"EUR"}, "£": {"GBP", "EGP", "LBP", "SYP"}, "¥": {"JPY", "CNY"}, "元": {"CNY", "TWD", "HKD"}, "円": {"JPY"}, "圆": {"CNY"},
    "圓": {"TWD", "HKD"}, "₩": {"KRW"}, "원": {"KRW"}, "₹": {"INR"}, "₽": {"RUB"}, "₺": {"TRY"}, "₴": {"UAH"}, "₫": {"VND"}, "₪": {"ILS"},
    "฿": {"THB"}, "₱": {"PHP"}, "₦": {"NGN"}, "zł": {"PLN"}, "kč": {"CZK"}, "ft": {"HUF"}, "kr": {"SEK", "NOK", "DKK", "ISK"},
    "kr.": {"SEK", "NOK", "DKK", "ISK"}, "fr.": {"CHF", "XOF", "XAF"},
    "sfr.": {"CHF"}, "r$": {"BRL"}, "rmb": {"CNY"}, "nt$": {"TWD"}, "hk$": {"HKD"}, "us$": {"USD"}, "rs": {"INR", "PKR", "LKR", "NPR"},
    "rs.": {"INR", "PKR", "LKR", "NPR"}, "руб": {"RUB"}, "руб.": {"RUB"}, "р.": {"RUB"}, "lei": {"RON", "MDL"}, "tl": {"TRY"},
}  # fmt: skip
"""Signs and the currencies they may stand for; `$` stands for any dollar or peso. An amount in another currency than the shop's is not
read."""
AFFIX = re.compile(r"^(?P<before>(?:[^\d.,()+\- ]+\.?)?)\s*(?P<number>[-+]?\s*[\d.,'’ ]+-?)\s*(?P<after>(?:[^\d.,()+\- ]+\.?)?)$")


@dataclass(frozen=True)
class NumberStyle:
    """How numbers are written in a file."""

    decimal: str = "."
    thousands: str = ","
    currency: str | None = None


@dataclass(frozen=True)
class Integer:
    """Expressions for one number column, scaled to an integer."""

    value: pl.Expr  # Int64; null where the cell is empty or cannot be read
    unreadable: pl.Expr  # the cell holds something that is no number
    too_large: pl.Expr
    rounded: pl.Expr  # digits were cut off


def read_number(text: str, style: NumberStyle) -> Decimal | None:
    """Return the number that a text stands for, exactly, or None where it is none.

    >>> read_number("1.234,50-", NumberStyle(",", "."))
    Decimal('-1234.50')
    >>> read_number("(３５.2)", NumberStyle()), read_number("€ 5", NumberStyle(currency="EUR")), read_number("12,50", NumberStyle())
    (Decimal('-35.2'), Decimal('5'), None)
    """
    text = unicodedata.normalize("NFKC", text).translate(MINUS).strip().replace("٫", ".").replace("٬", ",")
    negative = text.startswith("(") and text.endswith(")")
    text = text[1:-1].strip() if negative else text
    outside = _unsigned(text, negative)
    match = AFFIX.match(outside[0]) if outside else None
    if outside is None or match is None or not all(_is_own_currency(match[side], style.currency) for side in ("before", "after")):
        return None
    number = match["number"].replace(" ", "") if re.fullmatch(r"[-+] +.*", match["number"]) else match["number"].strip()
    inside = _unsigned(number, outside[1])
    plain = _ungrouped(inside[0].removeprefix("+"), style) if inside else None
    if inside is None or plain is None:
        return None
    value = Decimal("".join(str(unicodedata.digit(character)) if character.isdigit() else character for character in plain))
    return -value if inside[1] else value


def _unsigned(text: str, negative: bool) -> tuple[str, bool] | None:
    """Return a text without the minus at one of its ends and whether it is negative, or None where it would be so twice."""
    if not text.startswith("-") and not text.endswith("-"):
        return text, negative
    if negative or (text.startswith("-") and text.endswith("-")):
        return None
    return text.removeprefix("-").removesuffix("-").strip(), True


def _is_own_currency(sign: str, currency: str | None) -> bool:
    if not sign:
        return True
    if currency is None:
        return False
    if sign.upper() == currency:
        return True
    if sign == "$":
        return currency.endswith("D") or currency in ("MXN", "COP", "CLP", "ARS", "UYU", "DOP")
    return currency in CURRENCY_SIGNS.get(sign.casefold(), ())


def _ungrouped(number: str, style: NumberStyle) -> str | None:
    """Return digits with at most one point, or None where the groups of thousands are not such."""
    whole, point, fraction = number.partition(style.decimal)
    # Shops write .5, and also 5. with nothing behind the sign.
    if (point and not fraction.isdigit() and fraction != "") or not (whole or fraction):
        return None
    if whole and not whole.isdigit():
        marks = {character for character in whole if not character.isdigit()}
        allowed = {style.thousands, "'", "’", " "} - {style.decimal}
        if len(marks) != 1 or not marks <= allowed:
            return None
        groups = whole.split(marks.pop())
        right = all(group.isdigit() for group in groups) and len(groups[-1]) == 3 and all(2 <= len(group) <= 3 for group in groups[1:-1])
        if not right or not 1 <= len(groups[0]) <= 3:
            return None
        whole = "".join(groups)
    return f"{whole or '0'}.{fraction}" if fraction else (whole or None)


def detect_decimal(values: Iterable[str]) -> str | None:
    """Return the decimal sign that the values prove, "" where no value has a sign at all, None where it cannot be told.

    >>> detect_decimal(["1.234,50", "3"]), detect_decimal(["12", "7"]), detect_decimal(["1.234"]), detect_decimal(["1.5", "1,5"])
    (',', '', None, None)
    """
    proofs, doubtful = Counter(), False
    for text in values:
        core = re.sub(r"[^\d.,]", "", unicodedata.normalize("NFKC", text))
        points, commas = core.count("."), core.count(",")
        if points and commas:
            proofs["." if core.rfind(".") > core.rfind(",") else ","] += 1
        elif points > 1 or commas > 1:
            proofs["," if points else "."] += 1
        elif points or commas:
            sign = "." if points else ","
            whole, _, fraction = core.partition(sign)
            if len(fraction) == 3 and 1 <= len(whole) <= 3 and whole != "0":
                doubtful = True
            else:
                proofs[sign] += 1
    if proofs:
        sign, times = proofs.most_common(1)[0]
        return sign if times >= CLEAR_SHARE * proofs.total() else None
    return None if doubtful else ""


def scaled_text(column: str, digits: int, style: NumberStyle) -> pl.Expr:
    """Return an expression: a text column as Int128, scaled by 10 ** (digits + EXTRA_DIGITS); null where the text is no number."""
    scale = digits + EXTRA_DIGITS
    return pl.col(column).map_batches(lambda texts: _read_scaled(texts, scale, style), return_dtype=pl.Int128, is_elementwise=True)


def scaled_rate(column: str, dtype: pl.DataType, style: NumberStyle, *, parts: int = 1) -> pl.Expr:
    """Return an expression: a column of rates as Int128, scaled by 10 ** RATE_DIGITS.

    A cell with a % sign is a percentage; the others count parts of `parts`.
    """
    if dtype != pl.String:
        rate = scaled_typed(column, dtype, RATE_DIGITS - EXTRA_DIGITS)
        return rate // parts

    def read(texts: pl.Series) -> pl.Series:
        rates = _read_scaled(texts.str.replace_all("[%％]", ""), RATE_DIGITS, style)
        return (rates // 100).zip_with(texts.str.contains("[%％]").fill_null(False), rates // parts)

    return pl.col(column).map_batches(read, return_dtype=pl.Int128, is_elementwise=True)


def _read_scaled(texts: pl.Series, scale: int, style: NumberStyle) -> pl.Series:
    # Most cells are plain; only those that are not go through the slow reader, each distinct text once.
    plain = texts
    if style.decimal == "," or not plain.str.contains(PLAIN).all():
        plain = texts.str.strip_chars()
        if style.decimal == ",":
            plain = plain.set(plain.str.contains(".", literal=True), None).str.replace(",", ".", literal=True)
        plain = plain.set(~plain.str.contains(PLAIN), None)
    scaled = plain.cast(pl.Decimal(38, scale), strict=False).to_physical()
    odd = texts.filter(scaled.is_null() & texts.is_not_null()).unique()
    if odd.len() == 0:
        return scaled
    numbers = [read_number(text, style) for text in odd.to_list()]
    whole = [None if number is None else int(number.scaleb(scale)) for number in numbers]
    known = pl.Series(whole, dtype=pl.Int128, strict=False)
    slow = texts.replace_strict(odd, known, default=None, return_dtype=pl.Int128)
    return scaled.zip_with(scaled.is_not_null(), slow)


def rounded(scaled: str, *, shift: int = EXTRA_DIGITS, sign: int = 1) -> pl.Expr:
    """Return a scaled Int128 column with `shift` digits rounded off, half away from zero: what `from_rounded` takes apart."""
    parts = pl.Struct({"value": pl.Int64, "too_large": pl.Boolean, "rounded": pl.Boolean})
    return pl.col(scaled).map_batches(lambda numbers: _rounded(numbers, 10**shift, sign), return_dtype=parts, is_elementwise=True)


def _rounded(numbers: pl.Series, unit: int, sign: int) -> pl.Series:
    small = numbers.cast(pl.Int64, strict=False)  # 128 bits divide many times as slowly, and hardly any number needs them
    if small.null_count() == numbers.null_count() and (small.min() or 0) > -(2**63):  # type: ignore[operator]
        numbers = small
    number, half = pl.col("number"), unit // 2
    whole = number.abs() // unit + (number.abs() % unit >= half).cast(numbers.dtype)
    too_large = (whole > LARGEST).fill_null(False)
    value = pl.when(~too_large).then(whole * number.sign() * sign).cast(pl.Int64, strict=False)
    parts = pl.struct(value=value, too_large=too_large, rounded=(number % unit != 0).fill_null(False))
    return numbers.to_frame("number").select(parts.alias(numbers.name)).to_series()


def from_rounded(column: str, present: pl.Expr) -> Integer:
    """Return the integer of a column that `rounded` made; a cell that is present and has no number cannot be read."""
    value, too_large, digits = (pl.col(column).struct.field(name) for name in ("value", "too_large", "rounded"))
    return Integer(value, present & value.is_null() & ~too_large, too_large, digits)


def from_ratio(numerator: str, denominator: str, unreadable: pl.Expr) -> Integer:
    """Return the integer nearest to the quotient of two Int128 columns, half away from zero; null where the denominator is 0."""
    above, below = pl.col(numerator), pl.when(pl.col(denominator) != 0).then(pl.col(denominator))
    size, by = above.abs(), below.abs()
    whole = size // by + ((size % by) * 2 >= by).cast(pl.Int128)
    too_large = (whole > LARGEST).fill_null(False)
    value = pl.when(~too_large).then(whole * above.sign() * below.sign()).cast(pl.Int64, strict=False)
    return Integer(value, unreadable, too_large, (size % by != 0).fill_null(False))


def from_typed(column: str, dtype: pl.DataType, factor: int, *, sign: int = 1) -> Integer:
    """Return the integer of a number column times `factor`, half away from zero; floats are taken for the decimals they print as."""
    raw = pl.col(column)
    never = pl.lit(False)
    if dtype.is_integer():
        number = raw if dtype == pl.Int64 else raw.cast(pl.Int64, strict=False)
        value = number * (factor * sign) if factor * sign != 1 else number
        if isinstance(dtype, pl.Int8 | pl.Int16 | pl.Int32 | pl.UInt8 | pl.UInt16 | pl.UInt32) and factor <= 1000:
            return Integer(value, never, never, never)
        fits = number.is_between(-(LARGEST // factor), LARGEST // factor)
        return Integer(pl.when(fits).then(value), never, ~fits | (number.is_null() & raw.is_not_null()), never)
    if isinstance(dtype, pl.Decimal):
        number = (raw.cast(pl.Decimal(38, dtype.scale)).to_physical()) * factor
        unit = 10**dtype.scale
        whole = number.abs() // unit + (number.abs() % unit >= (unit + 1) // 2).cast(pl.Int128) * (unit > 1)
        too_large = (whole > LARGEST).fill_null(False)
        value = pl.when(~too_large).then(whole * number.sign() * sign).cast(pl.Int64, strict=False)
        return Integer(value, never, too_large, (number % unit != 0).fill_null(False))
    scaled = raw.cast(pl.Float64) * float(factor)
    # 1.005 is stored as 1.00499999999999989: the tiny push gives the half that the shop wrote back.
    whole = (scaled + scaled.sign() * 1e-7).round(0, mode="half_away_from_zero")
    fits = scaled.abs() <= float(LARGEST)  # false for infinity; not a number compares as larger than everything
    value = pl.when(fits).then(whole * sign if sign != 1 else whole).cast(pl.Int64, strict=False)
    not_finite = ~raw.is_finite()
    return Integer(value, not_finite, ~fits & ~not_finite, ((scaled - whole).abs() > 1e-3).fill_null(False))


def scaled_typed(column: str, dtype: pl.DataType, digits: int) -> pl.Expr:
    """Return a number column as Int128 scaled by 10 ** (digits + EXTRA_DIGITS), for products of two columns."""
    factor = 10 ** (digits + EXTRA_DIGITS)
    if dtype.is_float():
        bounded = pl.when(pl.col(column).abs() <= 1e15).then(pl.col(column))
        return (bounded.cast(pl.Float64) * float(factor)).round(0, mode="half_away_from_zero").cast(pl.Int128, strict=False)
    if isinstance(dtype, pl.Decimal):
        return pl.col(column).cast(pl.Decimal(38, digits + EXTRA_DIGITS), strict=False).to_physical()
    return pl.col(column).cast(pl.Int128) * factor
