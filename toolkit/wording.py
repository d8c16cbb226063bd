"""How a figure reads: formats of numbers by kind, nouns with their numbers, lists; the same on every surface."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from babel.numbers import format_currency, get_currency_symbol

from toolkit import language
from toolkit.columns import Column, Kind, plain_label
from toolkit.language import tr
from toolkit.language.labels import DATA, OURS

_SHARE_OF = "share_of_"  # a figure for each segment, by whatever name the shop's map gives it


def heading(column: Column) -> str:
    """Return the label of a column in the reader's language; `share_of_SEGMENT` is told with the segment's name."""
    if column.name.startswith(_SHARE_OF) and column.label == plain_label(column.name):
        return tr("Share of {group}", group=language.word(column.name.removeprefix(_SHARE_OF)))
    return column.heading


def column_text(value: Any, column: Column, currency: str) -> str:
    """Return one cell of a declared column as text."""
    return cell(value, column.kind, currency, column.name)


def labels_of(columns: Sequence[Column]) -> list[str]:
    """Return the headings of columns as the head of a file, no two alike: one said again (`from`, `to`) goes with the one it belongs to.

    >>> from toolkit import columns as c
    >>> labels_of([*c.interval(c.share("repeat_rate", "Bought again")), *c.interval(c.index("core_index", "Index"))])
    ['Bought again', 'Bought again: from', 'Bought again: to', 'Index', 'Index: from', 'Index: to']
    """
    labels = [heading(column) for column in columns]
    headings, belongs = list[str](), ""
    for label in labels:
        belongs = label if labels.count(label) == 1 else belongs
        headings.append(label if labels.count(label) == 1 or not belongs else tr("{first}: {second}", first=belongs, second=label))
    return headings if len(set(headings)) == len(headings) else [column.name for column in columns]


def count(value: float) -> str:
    """Return a whole number with thousands separators."""
    return f"{value:,.0f}"


def share(value: float | None, digits: int = 1) -> str:
    """Return a share (0..1) in percent; `not measured` for None.

    >>> share(0.4382), share(None)
    ('43.8%', 'not measured')
    """
    if value is None or math.isnan(value):
        return tr("not measured")
    return f"{100 * value:.{digits}f}%"


def change(value: float | None) -> str:
    """Return a relative change in words: `up 3.2%`, `down 1.0%`, `unchanged`."""
    if value is None or math.isnan(value):
        return tr("not measured")
    if abs(value) < 0.0005:
        return tr("unchanged")
    size = f"{abs(100 * value):.1f}%"
    return tr("up {size}", size=size) if value > 0 else tr("down {size}", size=size)


NO_CURRENCY = "XXX"
"""ISO 4217 for amounts of which nobody said in what: they are shown without a sign."""


def money(value: float | None, currency: str, digits: int | None = None) -> str:
    """Return an amount in currency units with its sign; large ones without decimals.

    >>> money(4593254.21, "USD"), money(29.5, "USD"), money(29.5, NO_CURRENCY)
    ('$4,593,254', '$29.50', '29.50')
    """
    if value is None or math.isnan(value):
        return tr("not measured")
    return _amount(value, currency, digits, language.current())


@lru_cache(maxsize=4096)
def _amount(value: float, currency: str, digits: int | None, locale: str) -> str:
    shown = digits if digits is not None else (0 if abs(value) >= 1000 else 2)
    pattern = "¤#,##0" + ("." + "0" * shown if shown else "")
    if currency == NO_CURRENCY:
        pattern = pattern.replace("¤", "")
    symbol = get_currency_symbol(currency, locale=locale)
    if symbol.isalpha():  # "CHF 12.00" needs a space, "$12.00" does not
        pattern = pattern.replace("¤", "¤\u00a0")
    return format_currency(value, currency, format=pattern + ";-" + pattern, locale=locale, currency_digits=False)


def some(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: `1 member`, `2,469 members`."""
    return f"{number:,} {language.counted(one, number, many or '')}"


def listing(words: Sequence[str]) -> str:
    """Return words as a list in a sentence: `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return tr("{first} and {last}", first=tr(", ").join(words[:-1]), last=words[-1])


def clauses(said: Sequence[str]) -> str:
    """Return parts of a sentence, each with a verb of its own, one after the other: `a, b and c`."""
    if len(said) < 2:
        return "".join(said)
    sentence = said[0]
    for part in said[1:-1]:
        sentence = tr("{told}, {part}", told=sentence, part=part)
    return tr("{told} and {part}", told=sentence, part=said[-1])


def capital(words: str) -> str:
    """Return words as the beginning of a sentence."""
    return words[:1].upper() + words[1:]


def sentence(words: str) -> str:
    """Return words as a sentence of their own: with a capital and a full stop, where the language has them."""
    return tr("{words}.", words=capital(words))


def value_of(name: str, value: str) -> str:
    """Return the text of a column as the reader sees it: words of ours in their language, the shop's own as they are."""
    return value if name in DATA and value not in OURS else language.word(value)


def cell(value: Any, kind: Kind, currency: str, name: str = "") -> str:
    """Return one cell of the column `name` as text; None is an en dash, so that an empty cell never looks forgotten."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if kind == "money":
        return money(float(value), currency)
    if kind == "share":
        return share(float(value))
    if kind in ("count", "score"):
        return f"{value:,.0f}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
    if kind == "days":
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    if kind in ("number", "index"):
        return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    if kind == "flag":
        return tr("yes") if value else tr("no")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    return language.plain(value_of(name, str(value)))
