"""The page of settings: each by its plain name with its value, and what a new value would change, before it is kept. No kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from toolkit import wording
from toolkit.answer import Answer
from toolkit.apps.pages.plain_settings import BY_PATH, PARTS, PlainSetting, with_setting
from toolkit.audit import record
from toolkit.columns import AnswerTable, Column
from toolkit.edits import FOLDER, write_document
from toolkit.errors import ToolkitError
from toolkit.language import speaking, tr
from toolkit.registry import find_question
from toolkit.roles import refusal, require_role
from toolkit.scope import minimum
from toolkit.scope.minimum import shop_settings
from toolkit.settings import Settings, read_settings
from toolkit.workspace import Workspace

DONE = "changed a setting"
MOST_ROWS = 15


@dataclass(frozen=True)
class Row:
    """A setting on the page: its value now, what the toolkit has, and whether the shop has its own."""

    path: str
    name: str
    does: str
    value: str
    usual: str
    is_own: bool
    tried: str | None = None
    """What is in its field instead of its value: it is being tried."""
    choices: tuple[tuple[str, str], ...] = ()
    """What may be chosen, and its words; none: it is typed."""
    page: str = ""
    """The part of the page of rules where it is edited."""


@dataclass(frozen=True)
class Effect:
    """What a value would change: the sentence as it is and as it would be, figures as (name, now, then), or why it cannot be told."""

    path: str
    name: str
    value: str
    said: str
    now: str = ""
    then: str = ""
    figures: tuple[tuple[str, str, str], ...] = ()
    can_keep: bool = False


@dataclass(frozen=True)
class SettingsPage:
    """The parts with their rows, the effect of what is tried, what was done, and why nothing can be kept by who looks ("" = they can)."""

    parts: tuple[tuple[str, tuple[Row, ...]], ...]
    effect: Effect | None
    done: str
    refused: str


def page_of(path: Path, given: Mapping[str, str], code: str, done: str = "") -> SettingsPage:
    """Return the page: with the effect of `value` for the setting `name`, where both are given."""
    with speaking(code):
        ws = Workspace(path)
        try:
            settings, fault = shop_settings(ws), ""
        except ToolkitError as error:
            settings, fault = Settings(), str(error)
        tried = BY_PATH.get(given.get("name", ""))
        effect = effect_of(ws, tried, given.get("value", "")) if tried and not fault else None
        parts = tuple(
            (
                tr(part.words),
                tuple(_row(setting, settings, given.get("value", "") if setting is tried else None) for setting in part.settings),
            )
            for part in PARTS
        )
        return SettingsPage(parts, effect, done or fault, refusal(ws, "owner", tr("changing a setting")))


def _row(setting: PlainSetting, settings: Settings, tried: str | None) -> Row:
    value, usual = setting.value(settings), setting.value(Settings())
    return Row(
        setting.path, tr(setting.name), tr(setting.does), setting.told(value), setting.told(usual), value != usual, tried, setting.choices,
        {"personas.persona_rules": "personas", "rfm.segment_map": "segments"}.get(setting.path, ""),
    )  # fmt: skip


def effect_of(ws: Workspace, setting: PlainSetting, text: str) -> Effect:
    """Return what a typed value would change; nothing is kept. What was typed wrong is one sentence."""
    name = tr(setting.name)
    try:
        value: Any = setting.typed(text)
        _read(ws, setting, value)
    except ToolkitError as error:
        return Effect(setting.path, name, text, _plain_fault(str(error), setting, name))
    told = setting.told(tuple(value) if isinstance(value, list) else value)
    if not setting.question:
        said = tr("It holds from the next plan on: no figure of today rests on it.")
        return Effect(setting.path, name, told, said, can_keep=True)
    try:
        now = _asked(ws, setting, {})
        then = _asked(ws, setting, {setting.family: {setting.field: value}})
    except ToolkitError as error:
        is_refused = (
            setting.path == "scope.minimum_members" and isinstance(value, int) and value < minimum.FLOOR
        )  # an owner's, with a reason, in the shell
        told_why = str(error) if is_refused else tr("What it changes cannot be told here: {why}", why=str(error))
        return Effect(setting.path, name, told, told_why, can_keep=not is_refused)
    figures = tuple(_figures(setting, now, then))
    same = now.headline == then.headline and all(was == will for _, was, will in figures)
    said = tr("Nothing that the page can show would change.") if same else tr("What would change:")
    return Effect(setting.path, name, told, said, now.headline, then.headline, figures, can_keep=True)


def _asked(ws: Workspace, setting: PlainSetting, settings: Mapping[str, Any]) -> Answer:
    return find_question(setting.question)(ws, settings=settings or None, **(setting.own or {}))


def _figures(setting: PlainSetting, now: Answer, then: Answer) -> list[tuple[str, str, str]]:
    """Named figures, hidden groups, and the members of each group, now and then; what is the same in both is left out."""
    columns = find_question(setting.question).figures
    rows = [
        (wording.heading(columns[key]), *_both(now.figures.get(key), then.figures.get(key), columns[key], now.currency))
        for key in dict.fromkeys((*now.figures, *then.figures))
        if key in columns
    ]
    hidden = [one.finding.table.few_rows if isinstance(one.finding.table, AnswerTable) else 0 for one in (now, then)]
    rows.append((tr("Groups that are hidden"), wording.count(hidden[0]), wording.count(hidden[1])))
    first, counted = now.columns[0], next((column for column in now.columns if column.counts_members), None)
    if first.kind == "text" and counted is not None and now.table[first.name].is_unique().all():
        both = now.table.select(first.name, counted.name).join(
            then.table.select(first.name, pl.col(counted.name).alias("then")), on=first.name, how="full", coalesce=True
        )
        for group, was, will in both.iter_rows():
            if group is not None:
                label = tr("{first}: {second}", first=wording.value_of(first.name, group), second=wording.heading(counted))
                rows.append((label, *_both(was, will, counted, now.currency)))
    return [row for row in rows if row[1] != row[2]][:MOST_ROWS]


def _both(now: Any, then: Any, column: Column, currency: str) -> tuple[str, str]:
    return wording.column_text(now, column, currency), wording.column_text(then, column, currency)


def _read(ws: Workspace, setting: PlainSetting, value: Any) -> Settings:
    own = {} if value is None else {setting.family: {setting.field: value}}
    return read_settings(own, base=read_settings(ws.document("settings")))


def _plain_fault(said: str, setting: PlainSetting, name: str) -> str:
    """A sentence of `read_settings`, with the setting called what the page calls it."""
    said = said.split("\n")[0].replace(f"settings.{setting.path}: ", f"{name}: ").replace(f"settings.{setting.family}: ", "")
    for other in BY_PATH.values():
        said = said.replace(other.field, f"“{tr(other.name)}”") if other.family == setting.family else said
    return said


def keep(path: Path, name: str, text: str, code: str) -> str:
    """Keep a value that was typed, and return what was done, or why it was not, as a sentence."""
    return _changed(path, name, code, lambda setting: setting.typed(text))


def put_back(path: Path, name: str, code: str) -> str:
    """Take the shop's own value out, and return what was done as a sentence."""
    return _changed(path, name, code, lambda _: None)


def _changed(path: Path, name: str, code: str, value: Callable[[PlainSetting], Any]) -> str:
    with speaking(code):
        ws, setting = Workspace(path), BY_PATH.get(name)
        if setting is None:
            return tr("There is no such setting.")
        try:
            require_role(ws, "owner", tr("changing a setting"))
            return _kept(ws, setting, value(setting))
        except ToolkitError as error:
            return _plain_fault(str(error), setting, tr(setting.name))


def _kept(ws: Workspace, setting: PlainSetting, value: Any) -> str:
    _read(ws, setting, value)
    place = ws.document_file("settings.toml")
    before = place.read_text("utf-8") if place.exists() else ""
    text = with_setting(before, setting, value)
    was = setting.told(setting.value(shop_settings(ws)))
    write_document(ws.path / FOLDER, "settings.toml", text)
    try:
        now = setting.told(setting.value(shop_settings(ws)))
    except ToolkitError:  # a rule of the whole (the minimum of members) refuses it: as it was
        write_document(ws.path / FOLDER, "settings.toml", before)
        raise
    record(ws.path, DONE, setting=setting.path, before=was, now=now)
    return tr("{name}: {now} (it was {was}).", name=tr(setting.name), now=now or "–", was=was or "–")
