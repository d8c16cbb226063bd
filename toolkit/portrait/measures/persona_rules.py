"""Persona rules: named sets of taste flags, written in TOML as words that are looked up in the shop's own category names."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit.errors import BadValue, fault_words
from toolkit.language import tr

BUILT_IN = Path(__file__).with_name("persona_rules.toml")
# Scripts without spaces between words: a word is looked for anywhere in the name.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class Group(BaseModel):
    """Goods that count as one thing: any category whose name has one of the words."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(min_length=1)
    words: tuple[str, ...] = Field(min_length=1)
    but_not: tuple[str, ...] = ()

    def matches(self, category: str) -> bool:
        """Say whether a category belongs to the group.

        >>> Group(name="meat", words=("beef",)).matches("FRESH BEEF"), Group(name="meat", words=("beef",)).matches("BEEFEATER GIN")
        (True, False)
        """
        text = _folded(category)
        return any(_pattern(word).search(text) for word in self.words) and not any(_pattern(word).search(text) for word in self.but_not)


class Persona(BaseModel):
    """A persona fits a member who has the taste of at least `at_least` of its groups."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(min_length=1)
    meaning: str = ""
    at_least: int = Field(1, ge=1)
    groups: tuple[Group, ...] = Field(min_length=1)


class PersonaRules(BaseModel):
    """The rules of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    personas: tuple[Persona, ...] = Field(min_length=1)


def read_persona_rules(path: str | Path | None = None) -> PersonaRules:
    """Return the rules of a TOML file, the built-in ones without a path.

    Raises
    ------
    BadValue
        The file is not there, is no TOML, or a rule is incomplete, has an unknown key, asks for more groups than it has, or has the name of
        another: all faults at once.
    """
    source = Path(path) if path else BUILT_IN
    try:
        return _read(source, source.stat().st_mtime_ns)
    except OSError:
        raise BadValue(
            tr(
                "Persona rules: {source} cannot be read. Name a TOML file in the setting personas.persona_rules, or leave it empty.",
                source=source,
            )
        ) from None


@lru_cache(maxsize=8)
def _read(source: Path, _changed: int) -> PersonaRules:
    try:
        raw = tomllib.loads(source.read_bytes().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadValue(tr("Persona rules: {source} is not valid TOML: {error}.", source=source, error=error)) from None
    return persona_rules_from(raw, source=str(source))


def persona_rules_from(raw: Mapping[str, Any], *, source: str) -> PersonaRules:
    """Return the rules in the values of a TOML; `source` names it in errors. Raises as `read_persona_rules`."""
    try:
        rules = PersonaRules.model_validate(raw)
    except ValidationError as error:
        faults = (
            tr(
                "Persona rules: {source}, {place}: {fault}.",
                source=source,
                place=".".join(map(str, fault["loc"])),
                fault=fault_words(fault),
            )
            for fault in error.errors()
        )
        raise BadValue("\n".join(faults)) from None
    names = [persona.name for persona in rules.personas]
    faults = [
        tr("Persona rules: {source} has two personas called '{name}'.", source=source, name=name)
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    faults += [
        tr(
            "Persona rules: {source}, '{name}' asks for {at_least} groups but has {groups}.",
            source=source,
            name=persona.name,
            at_least=persona.at_least,
            groups=len(persona.groups),
        )
        for persona in rules.personas
        if persona.at_least > len(persona.groups)
    ]
    if faults:
        raise BadValue("\n".join(faults))
    return rules


def matched_categories(rules: PersonaRules, categories: pl.DataFrame) -> pl.DataFrame:
    """Return which categories belong to which group: one row per persona, group and category.

    In: `category_code`, `category`. Out: `persona`, `group`, `category_code`. A persona that finds fewer groups in this shop than it asks
    for cannot fit anyone; its rows are still there.
    """
    names = categories.select("category_code", "category").rows()
    rows = [(p.name, g.name, code) for p in rules.personas for g in p.groups for code, name in names if g.matches(name)]
    return pl.DataFrame(
        rows, schema={"persona": pl.String, "group": pl.String, "category_code": categories.schema["category_code"]}, orient="row"
    )


@lru_cache(maxsize=4096)
def _pattern(word: str) -> re.Pattern[str]:
    text = _folded(word)
    inside = ".*?".join(re.escape(part) for part in text.rstrip("*").split("*"))
    if _UNSPACED.search(text):
        return re.compile(inside)
    ending = "" if text.endswith("*") else r"(?:e?s)?(?!\w)"
    return re.compile(rf"(?<!\w){inside}{ending}")


@lru_cache(maxsize=65_536)
def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
