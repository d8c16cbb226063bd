"""The playbook: which method, message and goods for which cell of the matrix, in a TOML that a shop may write itself.

Every pair of price sensitivity and spending power lies in exactly one rule; rules for a stage of the lifecycle go before them, and no cell
of a stage lies in two. A playbook with a gap or an overlap is refused, cell by cell.
"""

from __future__ import annotations

import itertools
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from toolkit.errors import BadValue, fault_words, nearest
from toolkit.language import tr
from toolkit.ledger.definition import DO_NOTHING, METHODS
from toolkit.portrait.measures.levels import LEVELS
from toolkit.portrait.measures.stages import STAGES
from toolkit.scope.view import View

BUILT_IN = Path(__file__).with_name("playbook.toml")
CHOICES = (*METHODS, DO_NOTHING)
"""Methods a rule may name."""
PURPOSES = ("win_back", "trade_up", "add_one_more", "clear_stock", "launch")
"""What goods may be offered for; see `differentiation.goods_for`."""

_KNOWN: dict[str, tuple[str, ...]] = {
    "sensitivity": LEVELS,
    "power": LEVELS,
    "stage": STAGES,
    "method": CHOICES,
    "purpose": PURPOSES,
}
_TABLES = ("title", "rules", "stages", "unmeasured")
_FROZEN = ConfigDict(frozen=True, extra="forbid")


class Advice(BaseModel):
    """What to do with the members of a cell."""

    model_config = _FROZEN
    name: str = Field(min_length=1, max_length=80)
    method: str
    message: str = Field(min_length=1)
    goods: str = Field(min_length=1)
    purpose: str = "add_one_more"


class Rule(Advice):
    """Advice for some levels of price sensitivity and spending power; an axis that is left out takes every level."""

    sensitivity: tuple[str, ...] = LEVELS
    power: tuple[str, ...] = LEVELS

    @field_validator("sensitivity", "power", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @property
    def cells(self) -> list[tuple[str, str]]:
        """The pairs (sensitivity, power) that the rule is for."""
        return list(itertools.product(self.sensitivity, self.power))


class StageRule(Rule):
    """Advice for a stage of the lifecycle."""

    stage: str


class Playbook(BaseModel):
    """A whole playbook; `source` is where it came from."""

    model_config = _FROZEN
    title: str = ""
    rules: tuple[Rule, ...]
    stages: tuple[StageRule, ...] = ()
    unmeasured: Advice | None = None
    source: str = ""

    def table(self) -> pl.DataFrame:
        """Return the advice for every cell: one row per stage (null = not known), sensitivity and power (null = not measured).

        Columns: `stage`, `sensitivity`, `power`, `rule`, `method`, `message`, `goods`, `purpose`; null where the playbook has no advice for
        members with a level that is not measured.
        """
        rows = [
            (stage, *pair, *(getattr(rule, name) if rule else None for name in ("name", "method", "message", "goods", "purpose")))
            for stage in (None, *STAGES)
            for pair in itertools.product((*LEVELS, None), repeat=2)
            for rule in [self.advice(stage, *pair)]
        ]
        names = ("stage", "sensitivity", "power", "rule", "method", "message", "goods", "purpose")
        return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")

    def method_for(self, purpose: str) -> str | None:
        """Return the method that the playbook pairs with a purpose most often, the first of equal ones; None where it has none for it."""
        methods = Counter(rule.method for rule in (*self.stages, *self.rules) if rule.purpose == purpose and rule.method in METHODS)
        return methods.most_common(1)[0][0] if methods else None

    def advice(self, stage: str | None, sensitivity: str | None, power: str | None) -> Advice | None:
        """Return the advice for a cell; a stage's rule goes before the others, also where it does not ask for a level not measured."""
        for rule in self.stages:
            if rule.stage == stage and _takes(rule.sensitivity, sensitivity) and _takes(rule.power, power):
                return rule
        if sensitivity is None or power is None:
            return self.unmeasured
        return next(rule for rule in self.rules if (sensitivity, power) in rule.cells)


def _takes(levels: tuple[str, ...], level: str | None) -> bool:
    return level in levels or (level is None and set(levels) == set(LEVELS))


def playbook_of(view: View) -> Playbook:
    """Return the playbook in force: the one the setting playbook.playbook names, else documents/playbook.toml, else the built-in one.

    A relative path is looked for in the workspace's documents, in the workspace, and from where the program runs. Raises as
    `read_playbook`.
    """
    named, root = view.settings.playbook.playbook, view.workspace.path
    if not named:
        own = root / "documents" / "playbook.toml"
        return read_playbook(own if own.exists() else BUILT_IN)
    places = [Path(named)] if Path(named).is_absolute() else [root / "documents" / named, root / named, Path(named)]
    return read_playbook(next((place for place in places if place.is_file()), places[0]))


def read_playbook(path: str | Path = BUILT_IN) -> Playbook:
    """Return the playbook in a TOML file.

    Raises
    ------
    BadValue
        The file cannot be read or is no TOML; a key, level, stage, method or purpose is unknown; a cell is in no rule or in several. All
        faults at once.

    Example
    -------
    >>> read_playbook().advice(None, "low", "high").method
    'service'
    """
    source = Path(path)
    try:
        return _read(source, source.stat().st_mtime_ns)
    except OSError:
        raise BadValue(
            tr(
                "Playbook: {source} cannot be read. Name a TOML file in the setting playbook.playbook, or leave it empty for "
                "documents/playbook.toml or the built-in one.",
                source=source,
            )
        ) from None


@lru_cache(maxsize=8)
def _read(source: Path, _changed: int) -> Playbook:
    try:
        raw = tomllib.loads(source.read_bytes().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadValue(tr("Playbook: {source} is not valid TOML: {error}.", source=source, error=error)) from None
    return playbook_from(raw, where=str(source))


def playbook_from(raw: Mapping[str, Any], *, where: str) -> Playbook:
    """Return the playbook in the values of a TOML; `where` names it in errors. Raises as `read_playbook`."""
    faults = [_unknown_key(where, name, _TABLES) for name in raw if name not in _TABLES]
    rules, stages = (_tables(raw.get(name, []), name, where, faults) for name in ("rules", "stages"))
    read_rules = [_advice(Rule, rule, tr("rule {place}", place=place), where, faults) for place, rule in enumerate(rules, start=1)]
    read_stages = [_advice(StageRule, rule, tr("stages {place}", place=place), where, faults) for place, rule in enumerate(stages, start=1)]
    unmeasured = _advice(Advice, raw["unmeasured"], "unmeasured", where, faults) if "unmeasured" in raw else None
    faults += _uncovered(rules, where)
    for stage in STAGES:
        faults += _doubled(
            [rule for rule in stages if rule.get("stage") == stage], tr("{where}: stage {stage}, ", where=where, stage=stage)
        )
    if faults:
        raise BadValue("\n".join(faults))
    given = {"rules": tuple(read_rules), "stages": tuple(read_stages), "unmeasured": unmeasured}
    return Playbook(title=str(raw.get("title", "")), source=where, **given)  # type: ignore[arg-type]


def _tables(given: Any, name: str, where: str, faults: list[str]) -> list[Mapping[str, Any]]:
    if isinstance(given, list) and all(isinstance(rule, Mapping) for rule in given):
        return given
    faults.append(tr("{where}: {name} is {given!r}; tables written as [[{name}]] were needed.", where=where, name=name, given=given))
    return []


def _advice(model: type[Advice], raw: Any, called: str, where: str, faults: list[str]) -> Advice | None:
    """Return one rule; what is wrong with it is added to `faults`, a sentence each."""
    if not isinstance(raw, Mapping):
        faults.append(
            tr(
                "{where}: {called} is {raw!r}; a table with name, method, message and goods was needed.",
                where=where,
                called=called,
                raw=raw,
            )
        )
        return None
    called = f"{called} ('{raw['name']}')" if isinstance(raw.get("name"), str) and raw["name"] else called
    before = len(faults)
    for key, known in _KNOWN.items():
        if key in model.model_fields and key in raw:
            wrong = [value for value in _levels(raw[key]) if value not in known]
            faults += [
                tr(
                    "{where}: {called} has {key} = {value!r}, {instead}",
                    where=where,
                    called=called,
                    key=key,
                    value=value,
                    instead=_instead(value, known),
                )
                for value in wrong
            ]
    if not all(len(_levels(raw.get(key, LEVELS))) for key in ("sensitivity", "power")):
        faults.append(tr("{where}: {called} names no level at all; leave the key out for every level.", where=where, called=called))
    try:
        advice = model.model_validate(raw)
    except ValidationError as error:
        for fault in error.errors():
            key = str(fault["loc"][0])
            if fault["type"] == "extra_forbidden":
                faults.append(_unknown_key(tr("{where}: {called}", where=where, called=called), key, tuple(model.model_fields)))
            elif fault["type"] == "missing":
                faults.append(tr("{where}: {called} has no '{key}'. Add one.", where=where, called=called, key=key))
            elif len(faults) == before or key not in _KNOWN:
                faults.append(
                    tr(
                        "{where}: {called}, {key}: {fault}, but {given!r} came.",
                        where=where,
                        called=called,
                        key=key,
                        fault=fault_words(fault),
                        given=fault["input"],
                    )
                )
        return None
    return advice


def _levels(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _instead(value: Any, known: Sequence[str]) -> str:
    near = nearest(str(value), known) if isinstance(value, str) else []
    if near:
        return tr("which there is not; did you mean '{near}'?", near=near[0])
    return tr("but one of {known} was needed.", known=tr(", ").join(known))


def _unknown_key(where: str, name: str, known: Sequence[str]) -> str:
    near = nearest(name, known)
    if near:
        return tr("{where}: there is no key '{name}'; did you mean '{near}'?", where=where, name=name, near=near[0])
    return tr("{where}: there is no key '{name}'; known: {known}.", where=where, name=name, known=tr(", ").join(known))


def _uncovered(rules: list[Mapping[str, Any]], where: str) -> list[str]:
    """Return a sentence for each cell that is in no rule or in several."""
    gaps = [
        tr(
            "{where}: cell sensitivity {sensitivity}, power {power} is in no rule. Add it to one.",
            where=where,
            sensitivity=sensitivity,
            power=power,
        )
        for sensitivity, power in itertools.product(LEVELS, repeat=2)
        if not _holding(rules, sensitivity, power)
    ]
    return gaps + _doubled(rules, tr("{where}: ", where=where))


def _doubled(rules: list[Mapping[str, Any]], opening: str) -> list[str]:
    cells = {pair: _holding(rules, *pair) for pair in itertools.product(LEVELS, repeat=2)}
    return [
        tr(
            "{opening}cell sensitivity {sensitivity}, power {power} is in {count} rules ({rules}). Leave it in one.",
            opening=opening,
            sensitivity=pair[0],
            power=pair[1],
            count=len(held),
            rules=tr(", ").join(held),
        )
        for pair, held in cells.items()
        if len(held) > 1
    ]


def _holding(rules: list[Mapping[str, Any]], sensitivity: str, power: str) -> list[str]:
    return [
        str(rule.get("name", tr("rule {place}", place=place)))
        for place, rule in enumerate(rules, start=1)
        if sensitivity in _levels(rule.get("sensitivity", LEVELS)) and power in _levels(rule.get("power", LEVELS))
    ]
