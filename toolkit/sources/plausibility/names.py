"""What names and cells of columns mean in six languages: the words of words.toml, as the questions ask for them."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

import polars as pl

from toolkit.sources.columns.vocabulary import plain


@cache
def _words() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((files("toolkit.sources.plausibility") / "words.toml").read_text("utf-8"))


@cache
def _plain_words(section: str, key: str) -> tuple[str, ...]:
    return tuple(plain(word) or word for word in _words()[section][key])


def is_called(name: str, *keys: str) -> bool:
    """Return whether a column's name holds a word of one of the lists; words under four Latin letters must be the whole name."""
    own = plain(name)
    words = [word for key in keys for word in _plain_words("names", key)]
    return any(word == own or ((len(word) >= 4 or not word.isascii()) and word in own) for word in words)


def is_named(name: str, key: str) -> bool:
    """Return whether a column's name is one of the words, but for "is" before and "flag" or a mark behind it."""
    own = plain(name) or name.strip()
    forms = (own, own.removeprefix("is"), *(own.removesuffix(end) for end in ("flag", "kz", "标志", "标识")))
    return any(form in _plain_words("names", key) for form in forms)


def is_kind_of_line(name: str) -> bool:
    """Return whether a column is called type, code or the like, alone or of receipts: trx cd, line_type."""
    first, *rest = [plain(part) for part in re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", name.strip()) if part] or [""]
    return is_named(name, "kind") or bool(
        rest and first in _plain_words("names", "of_receipts") and rest[-1] in _plain_words("names", "kind")
    )


def is_no_price(name: str) -> bool:
    """Return whether a price is that of a line, a total or a cost."""
    return is_called(name, "no_unit_price")


def is_value(cells: pl.Series, key: str) -> pl.Series:
    """Return which cells are one of the words of a list, or hold one in a script without blanks; for a few cells."""
    return pl.Series([text is not None and _is_word(text, key) for text in cells.to_list()], dtype=pl.Boolean)


def is_word(cells: pl.Series, key: str) -> pl.Series:
    """Return which cells are one of the words of a list, blanks and capitals aside; for any number of cells."""
    plainly = cells.str.to_lowercase().str.replace_all(r"[\s_-]", "")
    return plainly.is_in(list(_plain_words("values", key)))


@cache
def _is_word(text: str, key: str) -> bool:
    own = plain(text)
    if key == "cancelled" and own.startswith(_plain_words("values", "stems")):
        return True
    return any(own == word or (not word.isascii() and word in own) for word in _plain_words("values", key))


def are_no_goods(values: pl.Series) -> pl.Series:
    """Return which names and codes of products are no goods: shipping, fees, gift cards, deposits, bags."""
    marks = values.str.to_lowercase().str.normalize("NFKD").str.replace_all("[\u0300-\u036f]", "")
    return marks.str.normalize("NFKC").str.strip_chars().str.contains(_no_goods())


@cache
def _no_goods() -> str:
    """Return the pattern of what is no goods; it reads small letters without accents."""
    goods = _words()["no_goods"]
    codes = "|".join(map(re.escape, goods["codes"]))
    alone = "|".join(map(re.escape, goods["alone"]))
    phrases = "|".join(map(re.escape, goods["phrases"]))
    script = "|".join(map(re.escape, goods["script"]))
    words = r"(?:\p{L}+[ .-]+){0,2}"  # "standard shipping", "dotcom postage"
    money = r"[\s\d.,:%€$£¥+-]*(?:eur|usd|gbp|cny|元|円)?"
    return rf"^(?:(?:{codes})|{words}(?:{alone})s?{money}|.*\b(?:{phrases})\b.*|[^a-z]{{0,4}}(?:{script}).{{0,4}})$"
