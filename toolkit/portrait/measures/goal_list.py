"""What the shop wants to reach: goals read from a file of the shop's, kept in documents/goals.toml, and found for a scope and a month.

    [[goals]]
    figure = "repeat_rate"     # a name or a word of `toolkit.portrait.figures`, in either language
    month = "2026-12"
    target = 0.32              # money in currency units, shares 0..1
    store = "367"              # or region = "North"; neither = the chain

Sales targets of the table `sales_targets` are goals too, on the sales of their stores; a goal that is stated here goes before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from toolkit.audit import record
from toolkit.errors import BadValue, DataError, ToolkitError, shorten
from toolkit.language import tr
from toolkit.portrait.figures import FIGURES, figure_named
from toolkit.roles import require_role
from toolkit.scope.view import View
from toolkit.sources.records.shelf import look_at
from toolkit.sources.records.source_file import scan
from toolkit.workspace import Workspace

DOCUMENT = "goals"
HEADINGS: dict[str, tuple[str, ...]] = {
    "figure": ("figure", "metric", "kpi", "goal", "指标", "目标指标"),
    "month": ("month", "period", "月份", "月"),
    "target": ("target", "target_amount", "value", "plan", "budget", "目标", "目标值"),
    "store": ("store", "store_id", "shop", "branch", "门店", "店铺", "门店编号"),
    "region": ("region", "area", "区域", "大区"),
}
"""What the columns of a file of goals may be called."""
LESS_IS_BETTER = frozenset({"returns", "return_share", "discount_share", "lapsing_members", "lapsed_members"})
"""Figures whose goal is reached by staying at or below it."""


@dataclass(frozen=True)
class Goal:
    """A figure that is to be reached in a month: of the chain, a store or a region. `target`: currency units, a share as 0..1."""

    figure: str
    month: str
    target: float
    store: str = ""
    region: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What a goal is of; there is one of each."""
        return self.figure, self.month, self.store, self.region

    @property
    def first_day(self) -> date:
        """The first day of its month."""
        return date.fromisoformat(f"{self.month}-01")


def read_goals(ws: Workspace) -> tuple[Goal, ...]:
    """Return the goals of documents/goals.toml.

    Raises
    ------
    DataError
        An entry cannot be read; all of them are told.
    """
    goals, faults = goals_of_rows(ws, enumerate(ws.document(DOCUMENT).get("goals", []), start=1))
    if faults:
        raise DataError(tr("documents/{document}.toml: {faults}", document=DOCUMENT, faults=" ".join(faults)))
    return goals


def goals_of_file(ws: Workspace, path: str | Path) -> tuple[tuple[Goal, ...], tuple[str, ...]]:
    """Return the goals of a text file or spreadsheet (`HEADINGS`), and a sentence for each row that is none.

    Raises
    ------
    DataError
        The file cannot be read, or lacks a column.
    """
    file = look_at(Path(path))
    if file is None:
        raise DataError(tr("{path} holds no rows.", path=path))
    called = {_plain(name): name for name in file.schema}
    found = {field: called[word] for field, words in HEADINGS.items() for word in words[::-1] if word in called}
    if missing := [field for field in ("figure", "month", "target") if field not in found]:
        raise DataError(
            tr(
                "{path}: a column for {missing} was needed, but the file has {columns}. Goals have a figure, a month, a target, and a "
                "store "
                "or a region where they are not of the chain.",
                path=path, missing=tr(" and ").join(missing), columns=", ".join(map(repr, file.schema)),
            )
        )  # fmt: skip
    rows = scan([file], found.values()).select(pl.col(name).cast(pl.String).alias(field) for field, name in found.items()).collect()
    return goals_of_rows(ws, zip(file.row_numbers(range(rows.height)), rows.iter_rows(named=True), strict=True))


def goals_of_rows(ws: Workspace, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> tuple[tuple[Goal, ...], tuple[str, ...]]:
    """Return the goals of numbered rows, and a sentence for each row that is none."""
    table = ws.table("stores")
    stores = set(ws.codes("store")["id"]) | (set(table.select("store_id").collect()["store_id"]) if table is not None else set())
    regions = (
        set(table.select("region").collect()["region"].drop_nulls()) if table is not None and ws.has_column("stores", "region") else set()
    )
    goals: dict[tuple[str, ...], tuple[int, Goal]] = {}
    faults: list[str] = []
    for number, row in rows:
        try:
            goal = _goal(row, stores, regions)
        except ToolkitError as error:
            faults.append(tr("Row {number}: {fault}", number=number, fault=str(error)))
            continue
        if goal.key in goals:
            first, before = goals[goal.key]
            text = tr(
                "Row {number}: row {first} has the same goal ({figure}, {month}) with the target {before:,}; {target:,} was not taken.",
                number=number, first=first, figure=goal.figure, month=goal.month, before=before.target, target=goal.target,
            )  # fmt: skip
            faults.append(text)
            continue
        goals[goal.key] = (number, goal)
    return tuple(goal for _, goal in goals.values()), tuple(faults)


def _goal(row: Mapping[str, Any], stores: set[str], regions: set[str]) -> Goal:
    told = {name: str(row.get(name) if row.get(name) is not None else "").strip() for name in HEADINGS}
    if not told["figure"]:
        raise BadValue(tr("it names no figure; such as sales, members or repeat rate."))
    figure = figure_named(told["figure"])
    if not told["month"]:
        raise BadValue(tr("the goal has no month; one such as 2026-12 was needed."))
    month = read_month(told["month"])
    target = _target(told["target"], figure)
    if told["store"] and told["region"]:
        raise BadValue(tr("it names a store and a region; one of them, or neither, was needed."))
    if told["store"] and told["store"] not in stores:
        raise BadValue(tr("there is no store {store}.", store=repr(shorten(told["store"]))))
    if told["region"] and told["region"] not in regions:
        raise BadValue(tr("there is no region {region}.", region=repr(shorten(told["region"]))))
    return Goal(figure, month, target, told["store"], told["region"])


def read_month(text: str) -> str:
    """Return a month as people and spreadsheets write it as '2026-12'.

    >>> read_month("2026年3月"), read_month("2026-03-01 00:00:00"), read_month("3/2026"), read_month("202603")
    ('2026-03', '2026-03', '2026-03', '2026-03')
    """
    match = re.match(r"^((?:19|20|21)\d\d)\s*[-/.年]?\s*(\d{1,2})(?:\s*月|[-/.]\d{1,2}(?:[ T].*)?)?$", text)
    year, month = match.groups() if match else ("", "")
    if not match and (turned := re.match(r"^(\d{1,2})\s*[-/.]\s*((?:19|20|21)\d\d)$", text)):
        month, year = turned.groups()
    if not year or not 1 <= int(month) <= 12:
        raise BadValue(tr("its month is {text}, but one such as 2026-12 was needed.", text=repr(shorten(text))))
    return f"{int(year)}-{int(month):02d}"


def _target(text: str, figure: str) -> float:
    is_share = FIGURES[figure].is_share
    digits = re.sub(r"[\s,，_¥￥$€£]", "", text)
    percent = digits.endswith(("%", "％"))
    try:
        target = float(digits.rstrip("%％")) / (100 if percent else 1)
    except ValueError:
        raise BadValue(tr("its target is {text}, but a number was needed.", text=repr(shorten(text)))) from None
    if not 0 <= target < 1e15 or (percent and not is_share):
        raise BadValue(tr("its target is {text}, but a number of 0 or more was needed.", text=repr(shorten(text))))
    if is_share and target > 1:
        raise BadValue(
            tr("its target is {text}, but {figure} is a share: 0.32 or 32% was needed.", text=repr(shorten(text)), figure=figure)
        )
    return round(target, 10)


def save_goals(ws: Workspace, goals: Sequence[Goal], *, replace_it: bool = False) -> Path:
    """Keep goals in documents/goals.toml beside those that are there (`replace_it`: in their place); the same goal again is the new one.

    Raises
    ------
    NotAllowed
        Who is at work is a viewer.
    """
    require_role(ws, "marketer", tr("to state goals"))
    together = {goal.key: goal for goal in (*(() if replace_it else read_goals(ws)), *goals)}
    rows = [{key: one for key, one in asdict(goal).items() if one != ""} for _, goal in sorted(together.items())]
    path = ws.write_document(DOCUMENT, {"goals": rows})
    record(ws.path, "stated", goals=len(rows))
    return path


@dataclass(frozen=True)
class Wanted:
    """A goal of a scope. `source`: `stated`, `sales_targets`, or `stores` (those of its stores together); of how many stores it is then."""

    figure: str
    target: float
    source: str
    store_count: int = 0
    bare_stores: tuple[str, ...] = ()


def goals_here(view: View, month: str) -> tuple[Wanted, ...]:
    """Return the goals of a view's scope in a month, in the order of the figures; an audience has none.

    Where a chain or region states none, those of its stores are added up for a figure that adds up; `bare_stores` sold lately and have
    none.
    """
    if view.scope.audience is not None:
        return ()
    stated = [goal for goal in read_goals(view.workspace) if goal.month == month]
    scope = view.scope
    own = {one.figure: one.target for one in stated if (one.store, one.region) == (scope.store_id or "", scope.region or "")}
    wanted = {name: Wanted(name, target, "stated") for name, target in own.items()}
    of_stores: dict[str, dict[str, float]] = {"sales": _sales_targets(view, month)}
    table_alone = set(of_stores["sales"])
    for goal in stated:
        if goal.store:
            of_stores.setdefault(goal.figure, {})[goal.store] = goal.target
            table_alone -= {goal.store} if goal.figure == "sales" else set()
    places = view.stores.filter(pl.col("region") == scope.region) if scope.region else view.stores
    inside = [scope.store_id] if scope.store_id else places["store_id"].to_list()
    for name, targets in of_stores.items():
        here = {store: targets[store] for store in inside if store in targets}
        if name in wanted or not here or not FIGURES[name].adds:
            continue
        source = "sales_targets" if name == "sales" and set(here) <= table_alone else "stores"
        bare = tuple(store for store in _selling(view) if store in inside and store not in here)
        wanted[name] = Wanted(name, sum(here.values()), source, len(here), bare)
    return tuple(wanted[name] for name in FIGURES if name in wanted)


def _sales_targets(view: View, month: str) -> dict[str, float]:
    table = view.workspace.table("sales_targets")
    if table is None:
        return {}
    first = date.fromisoformat(f"{month}-01")
    rows = table.filter(pl.col("month").dt.truncate("1mo") == first).group_by("store_id").agg(pl.col("target_amount").sum()).collect()
    return {store: target / view.minor_units for store, target in rows.sort("store_id").iter_rows()}


def _selling(view: View) -> list[str]:
    """Stores with a receipt in the last four weeks."""
    lately = view.orders.filter(pl.col("ordered_at").dt.date() > view.as_of - pl.duration(days=28)).select("store_code").unique().collect()
    return view.stores.join(lately, on="store_code", how="semi")["store_id"].sort().to_list()


def _plain(name: str) -> str:
    return name.strip().casefold().replace(" ", "_")
