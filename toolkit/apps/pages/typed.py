"""Numbers as people type them: thousands apart, a currency sign, full-width figures, 万. What could be meant in two ways is not guessed."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from toolkit.errors import BadValue
from toolkit.language import plain, tr

_FIGURES = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?: \d{3})+(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+"
_NUMBER = re.compile(rf"[$€£¥]?\s*(?P<sign>[+-]?)(?P<figures>{_FIGURES})\s*(?P<unit>[万亿%]?)")
_UNITS = {"": 1, "%": 1, "万": 10**4, "亿": 10**8}


def plain_number(text: str, *, percent: bool = False) -> str | None:
    """Return the number of a text in plain figures; None where it is none, or where `0,10` may mean a tenth or ten.

    >>> plain_number("12,500.50"), plain_number("１.５万"), plain_number("5 %", percent=True), plain_number("0,10")
    ('12500.50', '15000', '5', None)
    """
    found = _NUMBER.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None or (found["unit"] == "%" and not percent):
        return None
    told = Decimal(found["sign"] + re.sub("[, ]", "", found["figures"])) * _UNITS[found["unit"]]
    return format(told.normalize() if found["unit"] in ("万", "亿") else told, "f")


def one_line(text: str, longest: int) -> str:
    """Return a text without signs that are not to be seen, on one line and no longer than that.

    >>> one_line("  tea \\n and  milk ", 7)
    'tea and'
    """
    return " ".join(plain(text).split())[:longest]


def number_of(text: str, what: str, *, percent: bool = False) -> float | None:
    """Return the number of a text, None of an empty one.

    Raises
    ------
    BadValue
        The text is no number; `what` says which field it was typed into.
    """
    if not text.strip():
        return None
    figures = plain_number(text, percent=percent)
    if figures is None:
        raise BadValue(tr("“{text}” came for “{what}”, but a number was needed, such as 2.5 or 1,000.", text=text, what=what))
    return float(figures)
