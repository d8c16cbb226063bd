"""The part of the page of rules for segments: the map as a grid of cells with live members, its names, and the cut points of R, F and M."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolkit import wording
from toolkit.apps.pages.segment_form import SegmentForm, changed, cut_texts, cuts_of, form_from, form_of
from toolkit.apps.pages.segment_keeping import map_in_force, map_name, stand
from toolkit.edits import FOLDER
from toolkit.errors import BadValue, ToolkitError
from toolkit.language import later, tr
from toolkit.portrait.measures.scorecard import current_scorecard, saved_scorecard
from toolkit.portrait.measures.segment_cuts import AT_RISK, Cut, Spread, better_cut
from toolkit.portrait.measures.segment_maps import BUILT_IN, SCORES, SegmentMap, combinations, read_segment_map
from toolkit.portrait.measures.segment_trial import Cuts, Trial, cuts_in_force, segment_trial
from toolkit.scope.view import View, open_view
from toolkit.settings import Settings
from toolkit.workspace import Workspace

_MAPS = {"ten": later("Ten named segments"), "eight": later("Eight: high and low of each score"), "own": later("Our own")}
_AXES = {"r": later("Recency"), "f": later("Frequency"), "m": later("Money")}
_LEAST = 100
"""Of fewer scored members a share of 30% is chance as much as cut."""


@dataclass(frozen=True)
class MapChoice:
    """A map that can be looked at: its key, its words, whether it is the one shown, and whether it is in force."""

    key: str
    words: str
    chosen: bool
    in_force: bool


@dataclass(frozen=True)
class SegmentLine:
    """A segment with what it holds; `cells` in words, where the map has no grid."""

    place: int
    members: str
    share: float
    cells: str
    where: str


@dataclass(frozen=True)
class GridCell:
    """A cell: its field, the row that it is in, and its members in words; `shade` 0..1 of the fullest cell."""

    field: str
    row: int
    members: str
    shade: float
    told: str


@dataclass(frozen=True)
class SegmentsPart:
    """The part: the form, what it comes to, what is to be said about it, the better cut, and what is wrong."""

    maps: tuple[MapChoice, ...]
    shown: str
    form: SegmentForm
    lines: tuple[SegmentLine, ...]
    grid: tuple[tuple[str, tuple[GridCell, ...]], ...]
    heads: tuple[str, ...]
    axes: tuple[str, ...]
    told: str
    notes: tuple[str, ...]
    better: str
    faults: tuple[str, ...]
    ruler: tuple[tuple[str, str], ...]
    stand: str
    is_own: bool
    fault: str = ""


def part_of(ws: Workspace, given: Mapping[str, str], faults: str = "") -> SegmentsPart:
    """Return the part; `given`: `map` (which one is shown), and what is typed, `do` the button pressed."""
    view = open_view(ws)
    in_force = map_in_force(ws)
    shown = given.get("map", in_force)
    shown = shown if shown in (*BUILT_IN, in_force) else in_force
    maps = tuple(MapChoice(key, tr(words), key == shown, key == in_force) for key, words in _MAPS.items() if key in (*BUILT_IN, in_force))
    try:
        names, cuts = read_segment_map(map_name(ws, shown), folder=ws.path / FOLDER), cuts_in_force(view)
    except ToolkitError as error:
        names, cuts = read_segment_map("ten"), Cuts(Settings().rfm.r_edge_quantiles, Settings().rfm.fm_cuts, 0)
        empty = SegmentForm((), (), {}, cut_texts(cuts))
        return SegmentsPart(maps, shown, empty, (), (), (), (), "", (), "", (), (), stand(ws), in_force == "own", str(error))
    is_typed = "s0-name" in given
    form = changed(form_from(given, names, cuts), given.get("do", "")) if is_typed else form_of(names, cuts)
    told_faults = faults.splitlines()
    try:
        tried = cuts_of(form)
    except BadValue as error:
        tried = cuts
        told_faults = told_faults or str(error).splitlines()
    drawn = _drawn(form)
    trial = segment_trial(view, drawn, tried)
    kept = names if shown == in_force and not is_typed else None
    better = None if is_typed or trial.scored < _LEAST else better_cut(view, current_scorecard(view)[0], names)
    return SegmentsPart(
        maps, shown, form, _lines(view, form, kept, drawn, trial), _grid(view, form, trial), _heads(form),
        tuple(tr(_AXES[axis]) for axis in form.axes),
        _told(view, trial), tuple(_notes(view, ws, trial, shown, in_force)),
        _better(view, trial.spread, better), tuple(told_faults), _ruler(trial), given.get("stand", stand(ws)) if is_typed else stand(ws),
        in_force == "own" or cuts != _usual(view),
    )  # fmt: skip


def _usual(view: View) -> Cuts:
    usual = Settings().rfm
    return Cuts(usual.r_edge_quantiles, usual.fm_cuts, usual.late_after_gaps)


def _drawn(form: SegmentForm) -> SegmentMap:
    """The map as far as it is typed: rows by their place, those without a cell left out."""
    held: dict[int, list[dict[str, int]]] = {}
    for cell in combinations(form.axes):
        held.setdefault(form.cells[tuple(cell.values())], []).append(dict(cell))  # type: ignore[arg-type]
    return SegmentMap.model_validate({"segments": [{"name": str(row), "cells": cells} for row, cells in sorted(held.items())]})


def _lines(view: View, form: SegmentForm, kept: SegmentMap | None, drawn: SegmentMap, trial: Trial) -> tuple[SegmentLine, ...]:
    lines = []
    for place, row in enumerate(form.rows):
        n = trial.segments.get(str(place), 0)
        cells = ""
        if len(form.axes) > 2:
            boxes = next((one.cells for one in drawn.segments if one.name == str(place)), ())
            held = [[sorted({getattr(box, axis) for box in boxes})] for axis in form.axes]
            cells = tr(", ").join(f"{axis.upper()} {one[0][0]}–{one[0][-1]}" for axis, one in zip(form.axes, held, strict=True) if one[0])
        name = kept.segments[row.was].name if kept is not None and row.was is not None and n >= view.least else ""
        where = "segment = '{}'".format(name.replace("'", "''")) if name else ""
        share = n / max(trial.scored, 1) if n >= view.least else 0
        lines.append(SegmentLine(place, _members(view, n, share), share, cells, where))
    return tuple(lines)


def _members(view: View, n: int, share: float) -> str:
    return view.say("{n:few}", n=n) if n < view.least else tr("{n:,} ({share})", n=n, share=wording.share(share))


def _grid(view: View, form: SegmentForm, trial: Trial) -> tuple[tuple[str, tuple[GridCell, ...]], ...]:
    if len(form.axes) != 2:
        return ()
    first, second = (tr(_AXES[axis]) for axis in form.axes)
    fullest = max(trial.cells.values(), default=1)
    rows = []
    for other in reversed(SCORES):
        cells = []
        for score in SCORES:
            n = trial.cells.get((score, other), 0)
            told = tr("{first} {score}, {second} {other}", first=first, score=score, second=second, other=other)
            cells.append(
                GridCell(
                    f"c-{score}-{other}", form.cells[score, other], view.say("{n:few}", n=n), n / fullest if n >= view.least else 0, told
                )
            )
        rows.append((f"{second} {other}", tuple(cells)))
    return tuple(rows)


def _heads(form: SegmentForm) -> tuple[str, ...]:
    return tuple(f"{tr(_AXES[form.axes[0]])} {score}" for score in SCORES) if len(form.axes) == 2 else ()


def _told(view: View, trial: Trial) -> str:
    if not trial.scored:
        return view.say("Nobody has an order up to {as_of}: there is nothing to score.")
    return view.say("{n:member} with an order are scored; 5 is best. Cells show members.", n=trial.scored)


def _notes(view: View, ws: Workspace, trial: Trial, shown: str, in_force: str) -> list[str]:
    spread, most, said = trial.spread, view.settings.rfm.crowded_share, list[str]()
    if trial.scored >= _LEAST and spread.largest_share > most:
        said.append(
            tr(
                "One segment holds {share} of all, more than {most}: so large a group tells little apart.",
                share=wording.share(spread.largest_share), most=wording.share(most, 0),
            )
        )  # fmt: skip
    if shown != in_force:
        said.append(tr("This map is not in force: keep it, and segments are told by it everywhere."))
    saved = saved_scorecard(ws)
    if saved is not None:
        said.append(tr("A scorecard of {as_of} is saved; what is kept here changes it too, which needs an owner.", as_of=saved.as_of))
    if trial.card.edges_from == "fallback":
        said.append(tr("Cut points of R are spans of the calendar, since {reason}.", reason=trial.card.why))
    return said


def _better(view: View, now: Spread, cut: Cut | None) -> str:
    most = view.settings.rfm.crowded_share
    if cut is None or (now.is_useful(most) and now.largest_share <= most) or cut.spread.largest_share >= now.largest_share:
        return ""
    return view.say(
        "With other cut points the largest would be “{largest:word}” with {share:share}[risk?, and {n:few} would be “{at_risk:word}”].",
        largest=cut.spread.largest, share=cut.spread.largest_share, risk=cut.spread.at_risk is not None, n=cut.spread.at_risk or 0,
        at_risk=AT_RISK,
    )  # fmt: skip


def _ruler(trial: Trial) -> tuple[tuple[str, str], ...]:
    """What each score of R means in days, best first."""
    return tuple((tr("R {score}", score=score), days) for score, days in trial.card.ranges.items())
