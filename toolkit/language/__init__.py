"""The reader's language: every text that a person reads passes here, once, on its way out.

A message is written in English where it is used, `tr("{members} ordered in {days} days", members=…, days=…)`, and looked up in the
catalogue of the reader's language (`zh/LC_MESSAGES/toolkit.po`); a message that the catalogue does not have stays English. `catalogue.py`
gathers the messages from the source, `make messages` runs it.

The language is that of the process (`speak`, or the environment variable TOOLKIT_LANGUAGE), or of one call inside `speaking`: the server of
the apps answers people of several languages.
"""

from __future__ import annotations

import gettext
import os
import re
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

from toolkit.language.printable import is_text as is_text
from toolkit.language.printable import json_text as json_text
from toolkit.language.printable import plain as plain
from toolkit.language.printable import plainly as plainly
from toolkit.language.printable import script_json as script_json

T = TypeVar("T")

LANGUAGES = {"en": "English", "zh": "中文"}
"""The languages there is a catalogue for, each by its own name; the first is that of the source."""
SOURCE = "en"
LANGUAGE_VARIABLE = "TOOLKIT_LANGUAGE"
DOMAIN = "toolkit"
FOLDER = Path(__file__).parent
# Contexts of the catalogue: a noun after its number, a word that stands in a table, the heading of a column, a text of the pages' scripts.
_COUNTED, _VALUE, _COLUMN, _SCRIPT = "counted", "value", "column", "script"

_of_call: ContextVar[str] = ContextVar("language")
_of_process: list[str] = []


def current() -> str:
    """Return the code of the language that is spoken now."""
    if (code := _of_call.get("")) or (code := next(iter(_of_process), "")):
        return code
    with suppress(ValueError):  # an environment that names a language we do not have is answered in English
        speak(os.environ.get(LANGUAGE_VARIABLE) or SOURCE)
    return next(iter(_of_process), SOURCE)


def speak(code: str) -> None:
    """Speak a language from now on in this process.

    Raises
    ------
    ValueError
        There is no catalogue for the language.

    Example
    -------
    >>> speak("zh"); tr("not measured")
    '未测量'
    >>> speak("en"); tr("not measured")
    'not measured'
    """
    _of_process[:] = [known(code)]


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak a language inside the block, in this thread alone."""
    before = _of_call.set(known(code))
    try:
        yield
    finally:
        _of_call.reset(before)


def in_every_language(said: Callable[..., T], *given: Any) -> list[T]:
    """Return what `said(*given)` says in each language: a call that was written in one is asked again in another.

    >>> in_every_language(tr, "not measured")
    ['not measured', '未测量']
    """
    found = []
    for code in LANGUAGES:
        with speaking(code):
            found.append(said(*given))
    return found


def known(code: str) -> str:
    """Return the language of a code as people write it (`zh`, `zh-CN`, `zh_TW.UTF-8`).

    Raises
    ------
    ValueError
        There is no catalogue for the language.
    """
    short = code.strip().replace("_", "-").split("-")[0].split(".")[0].lower()
    if short not in LANGUAGES:
        raise ValueError(
            f"There is no language '{code}' here; there are {', '.join(f'{key} ({name})' for key, name in LANGUAGES.items())}."
        )
    return short


def tr(message: str, /, **values: Any) -> str:
    """Return a message in the reader's language, its `{names}` filled; dates in the reader's form.

    >>> tr("{days} days", days=28)
    '28 days'
    """
    code = current()
    if code == SOURCE:
        return plain(message.format(**values)) if values else message
    found = _catalogue(code).gettext(message) if message else ""  # the empty message is the catalogue's own heading
    return _filled(found, values) if values else found


def label(text: str, /) -> str:
    """Return the heading of a column in the reader's language."""
    code = current()
    return text if code == SOURCE else _catalogue(code).pgettext(_COLUMN, text)


def trn(one: str, many: str, number: float, /, **values: Any) -> str:
    """Return the form of a message that goes with a number: `one` for 1, `many` for all else (in the languages that tell them apart)."""
    code = current()
    if code == SOURCE:
        found = one if number == 1 else many
        return plain(found.format(**values)) if values else found
    found = _catalogue(code).ngettext(one, many, 1 if number == 1 else 2)
    return _filled(found, values) if values else found


def later(message: str, /) -> str:
    """Return a message as it is: a constant, gathered for the catalogue here and looked up by `tr` where it is shown."""
    return message


def counted(noun: str, number: float, plural: str = "", /) -> str:
    """Return a noun as it stands after its number; Chinese adds the measure word.

    >>> counted("member", 1), counted("member", 2), counted("category", 2, "categories")
    ('member', 'members', 'categories')
    """
    english = noun if number == 1 else plural or noun + "s"
    if (code := current()) == SOURCE:
        return english
    found = _catalogue(code).pgettext(_COUNTED, noun)
    return english if found == noun else found


def word(value: str, /) -> str:
    """Return a word of a table (a segment, a stage, a reason) in the reader's language; what is no word of ours stays as it is.

    A word of the catalogue may have places for figures and other words, `bought on {days} days`: it stands for all that read like it.
    """
    code = current()
    return value if code == SOURCE or not value else _word(code, value)


@lru_cache(maxsize=20_000)
def _word(code: str, value: str) -> str:
    found = _catalogue(code).pgettext(_VALUE, value)
    if found != value:
        return found
    for opening, form, message in _forms(code):
        if value.startswith(opening) and (match := form.fullmatch(value)):
            return message.format(**{name: _word(code, part) for name, part in match.groupdict().items()})
    return value


@cache
def _forms(code: str) -> list[tuple[str, re.Pattern[str], str]]:
    """The words with places in them: how each begins, what it reads like, its message; the one that says most first."""
    words = {text: found for text, found in _known(code, _VALUE).items() if "{" in text}
    forms = list[tuple[int, str, re.Pattern[str], str]]()
    for text, message in words.items():
        parts = [(literal, name) for literal, name, _, _ in string.Formatter().parse(text)]
        pattern = "".join(re.escape(literal) + (f"(?P<{name}>[^|]+?)" if name else "") for literal, name in parts)
        forms.append((sum(len(literal) for literal, _ in parts), parts[0][0], re.compile(pattern), message))
    return [form[1:] for form in sorted(forms, key=lambda form: form[0], reverse=True)]


def _known(code: str, context: str) -> dict[str, str]:
    """Every message of a context with its translation; gettext itself has no way to ask for them."""
    begin = f"{context}\x04"
    kept = getattr(_catalogue(code), "_catalog", {})
    return {key.removeprefix(begin): found for key, found in kept.items() if isinstance(key, str) and key.startswith(begin)}


def value(text: str, /) -> str:
    """Return a word of a table as it is: data stay English, `word` translates where it is shown; gathered for the catalogue here."""
    return text


def of_scripts() -> dict[str, dict[str, str]]:
    """Return the texts of the pages' own scripts by language, for the browser."""
    return {code: _known(code, _SCRIPT) for code in LANGUAGES if code != SOURCE}


def day(when: date) -> str:
    """Return a date as the reader writes it: ISO in English, which has no order of day and month to mistake, and 年月日 in Chinese.

    >>> day(date(2026, 11, 22))
    '2026-11-22'
    """
    if current() == SOURCE:
        return str(when)
    from babel.dates import format_date, format_datetime

    return format_datetime(when, locale=current()) if isinstance(when, datetime) else format_date(when, locale=current())


def _filled(message: str, values: dict[str, Any]) -> str:
    return plain(_READER.vformat(message, (), values))


class _Reader(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        return day(value) if isinstance(value, date) and not format_spec else super().format_field(value, format_spec)


_READER = _Reader()


@cache
def _catalogue(code: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, FOLDER, [code], fallback=True)
