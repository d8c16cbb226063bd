"""Exports that are known by their column names and mapped as their documentation says: a TOML file each in this folder.

Above its first section a file says what it is recognised by; below stands the mapping, with "FILES" for the files. `tried.py` holds every
part of it against the file at hand before it is proposed.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files

from pydantic import ValidationError

from toolkit.sources.columns.contents import Contents
from toolkit.sources.columns.matching import quoted
from toolkit.sources.specs import Answers, TableMapping


@dataclass(frozen=True)
class Preset:
    """A known export: what it is recognised by, and its mapping as text in which "FILES" stands for the files."""

    name: str
    needs: tuple[str, ...]
    currency: str  # "" = any: told by the file
    source: str  # where its shape is from, for docs/exports.md
    sections: str  # TOML, the first table first; "" = it cannot be imported, as `note` says
    confirmed: bool = False  # whether a real file has confirmed its shape
    note: str = ""
    time_zone: str = ""  # the shop's own, where the export's times are not written in it
    day_column: str = ""  # a file without a header is recognised by its width and by this column of days (20170131)
    currency_column: str = ""  # the column that names the currency
    spelled: dict[str, list[str]] = field(default_factory=dict)  # what other versions of the export call a column
    joined: dict[str, list[str]] = field(default_factory=dict)  # "FILES:name" of the mapping -> what that other file is recognised by
    zero: list[str] = field(default_factory=list)  # columns that the mapping leaves out of the lines: a TODO where they hold amounts
    answers: list[str] = field(default_factory=list)  # questions on the values that this export has always the same answer to
    times: list[str] = field(default_factory=list)  # formats to try after the `time_format` of the mapping
    otherwise: dict[str, str] = field(default_factory=dict)  # contract column -> what makes it in a file that lacks its columns

    @property
    def table(self) -> str:
        """The contract table that its files are; "" = none."""
        return self.sections[1 : self.sections.find("]")]

    def answered(self, names: Iterable[str]) -> list[str]:
        """Return the keys of `[answers]` for a file with these columns: "it is right as it is", of the questions that this version asks."""
        there = [key for key in self.answers if key.partition(":")[2] in set(names)]
        return [key for key in there if _is_asked(key)]

    def of(self, contents: Contents, others: Sequence[Contents] = ()) -> Preset | None:
        """Return the preset in the spelling of a file of this export and those joined to it, or None where a file is of another."""
        partners = self.partners(contents, others)
        if contents.has_header == bool(self.day_column) or len(partners) < len(self.joined):
            return None
        own = self._spelled_as([*contents.names, *(name for partner in partners.values() for name in partner.names)])
        if not set(own.needs) <= set(contents.names):
            return None
        is_day = self.day_column and contents.time_style(self.day_column).formats == ("%Y%m%d",)
        return own if contents.has_header or (len(contents.names) == len(self.needs) and is_day) else None

    def partners(self, contents: Contents, others: Sequence[Contents]) -> dict[str, Contents]:
        """Return which of the other files are joined to a file, by their names in the mapping; files that are not there are left out."""
        partners = {}
        for name, needs in self.joined.items():
            for other in others:
                own = {folded(column) for column in other.names}
                if other is not contents and all(own & {folded(word) for word in (need, *self.spelled.get(need, []))} for need in needs):
                    partners[name] = other
                    break
        return partners

    def _spelled_as(self, names: Iterable[str]) -> Preset:
        """Return the preset with each column called as in a file: blanks, capitals and widths aside, or as another version calls it."""
        there = {folded(name): name for name in reversed(list(names))}
        given = tomllib.loads(self.sections) if self.sections else {}
        raw = dict.fromkeys([*self.needs, *self.spelled, self.currency_column, *_named(given)])
        called = {}
        for name in filter(None, raw):
            found = next((there[word] for word in map(folded, [name, *self.spelled.get(name, [])]) if word in there), name)
            if found != name:
                called[name] = found
        if not called:
            return self
        text = self.sections
        for name, found in called.items():
            text = text.replace(quoted(name), quoted(found))
        needs = tuple(called.get(name, name) for name in self.needs)
        answers = [f"{kind}:{called.get(name, name)}" for kind, _, name in (key.partition(":") for key in self.answers)]
        currency_column = called.get(self.currency_column, self.currency_column)
        return replace(self, needs=needs, sections=text, currency_column=currency_column, answers=answers)


def _is_asked(key: str) -> bool:
    """Return whether this version asks such a question."""
    try:
        Answers(ignore=(key,))
    except ValidationError:
        return False
    return True


def folded(name: str) -> str:
    """Return a column name as names of one export are compared: without blanks, capitals and full-width forms.

    >>> folded("Order  ID"), folded("店铺优惠（分摊）　") == folded("店铺优惠(分摊)")
    ('orderid', True)
    """
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _named(given: dict) -> list[str]:
    """Return every column of the file that a mapping names."""
    specs = [TableMapping.model_validate(part) for part in given.values()]
    return [name for spec in specs for name in (*spec.raw_columns, *spec.fill_down)]


@cache
def known_presets() -> tuple[Preset, ...]:
    """Return the presets that files are recognised by; the Complete Journey's own mapping is none of them."""
    presets = []
    for file in sorted(files("toolkit.sources.presets").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml") and "\nneeds = " in (text := file.read_text("utf-8")):
            head, bracket, sections = text.partition("\n[")
            given = tomllib.loads(head)
            presets.append(Preset(**{**given, "needs": tuple(given["needs"])}, sections=bracket[1:] + sections))
    return tuple(presets)


def find_preset(contents: Contents, others: Sequence[Contents] = ()) -> Preset | None:
    """Return the known export of this file and those joined to it, spelled as there; of several the one that asks for most."""
    fitting = [own for preset in known_presets() if (own := preset.of(contents, others)) is not None]
    return max(fitting, key=lambda preset: len(preset.needs) + sum(map(len, preset.joined.values())), default=None)


def missing_files(contents: Contents, others: Sequence[Contents]) -> tuple[str, list[str]] | None:
    """Return the known export that a file belongs to whose other files were not given, and the columns that one of those has."""
    for preset in known_presets():
        own = preset._spelled_as(contents.names)
        absent = [name for name in preset.joined if name not in preset.partners(contents, others)]
        if absent and set(own.needs) <= set(contents.names):
            return preset.name, preset.joined[absent[0]]
    return None
