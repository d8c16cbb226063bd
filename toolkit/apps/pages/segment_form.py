"""A segment map and its cut points as a form: a grid of cells (or boxes, of a map over three scores), names, shares. No widgets."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from toolkit import wording
from toolkit.apps.pages.typed import one_line, plain_number
from toolkit.errors import BadValue
from toolkit.language import tr, word
from toolkit.portrait.measures.segment_maps import AXES, SCORES, Axis, Cells, Segment, SegmentMap, combinations
from toolkit.portrait.measures.segment_trial import Cuts
from toolkit.toml_text import with_table

MOST_SEGMENTS, LONGEST = 25, 60
CUT_FIELDS = {"q": "r_edge_quantiles", "f": "fm_cuts"}


@dataclass(frozen=True)
class SegmentRow:
    """A segment as it is typed: `was` its place in the map that the form began with (None: a new one)."""

    name: str
    meaning: str = ""
    level: str = ""
    was: int | None = None


@dataclass(frozen=True)
class SegmentForm:
    """A whole map: rows, the scores that it looks at, which row each cell is in, and the cut points as typed."""

    rows: tuple[SegmentRow, ...]
    axes: tuple[Axis, ...]
    cells: Mapping[tuple[int, ...], int]
    cuts: Mapping[str, str]


def form_of(names: SegmentMap, cuts: Cuts) -> SegmentForm:
    """Return the form of a map with its cut points."""
    rows = tuple(
        SegmentRow(word(one.name), word(one.meaning), "" if one.level is None else str(one.level), place)
        for place, one in enumerate(names.segments)
    )
    place_of = {name: place for place, name in enumerate(names.names)}
    cells = {tuple(cell.values()): place_of[names.segments_at(cell)[0]] for cell in combinations(names.axes)}
    return SegmentForm(rows, names.axes, cells, cut_texts(cuts))


def cut_texts(cuts: Cuts) -> dict[str, str]:
    """Return cut points as their fields show them."""
    shown = {f"{sign}{at}": f"{100 * one:.10g}%" for sign, name in CUT_FIELDS.items() for at, one in enumerate(getattr(cuts, name))}
    return {**shown, "late": f"{cuts.late_after_gaps:g}"}


def form_from(given: Mapping[str, str], names: SegmentMap, cuts: Cuts) -> SegmentForm:
    """Return what a page sent for a map: `s0-name`, `s0-meaning`, `s0-level`, `s0-was`, the row of each cell `c-5-4`, cut points `q0` …
    `f3`, `late`. What it did not send is as the map has it."""
    base, rows = form_of(names, cuts), list[SegmentRow]()
    while f"s{len(rows)}-name" in given and len(rows) < MOST_SEGMENTS:
        at = f"s{len(rows)}"
        was = given.get(f"{at}-was", "")
        place = int(was) if was.isdecimal() and int(was) < len(names.segments) else None
        rows.append(
            SegmentRow(_line(given[f"{at}-name"]), _line(given.get(f"{at}-meaning", ""), 300), given.get(f"{at}-level", "").strip(), place)
        )
    cells = {
        cell: int(text) if (text := given.get("c-" + "-".join(map(str, cell)), "")).isdecimal() else row for cell, row in base.cells.items()
    }
    rows = rows or list(base.rows)
    cells = {cell: row if row < len(rows) else 0 for cell, row in cells.items()}
    return SegmentForm(tuple(rows), base.axes, cells, {name: given.get(name, text).strip() for name, text in base.cuts.items()})


def changed(form: SegmentForm, deed: str) -> SegmentForm:
    """Return a form after a button: `add` a segment, `away:2` the third one (its cells go to its neighbour in the list)."""
    what, _, where = deed.partition(":")
    rows = list(form.rows)
    if what == "add" and len(rows) < MOST_SEGMENTS:
        level = "0" if any(row.level for row in rows) else ""
        return replace(form, rows=(*rows, SegmentRow("", level=level)))
    if what == "away" and where.isdecimal() and int(where) < len(rows) > 1:
        gone = int(where)
        del rows[gone]
        heir = max(gone - 1, 0)
        cells = {cell: heir if row == gone else row - (row > gone) for cell, row in form.cells.items()}
        return replace(form, rows=tuple(rows), cells=cells)
    return form


def cuts_of(form: SegmentForm) -> Cuts:
    """Return the cut points that were typed.

    Raises
    ------
    BadValue
        One is no share between 0% and 100%, or they do not ascend.
    """
    faults, values = list[str](), dict[str, tuple[float, ...]]()
    for sign, name in CUT_FIELDS.items():
        what = tr("R") if sign == "q" else tr("F and M")
        read = [_share(form.cuts[f"{sign}{at}"]) for at in range(4)]
        wrong = [form.cuts[f"{sign}{at}"] for at, one in enumerate(read) if one is None]
        faults += [
            tr("Cut points of {what}: a share between 0% and 100% is needed, but “{text}” came.", what=what, text=text) for text in wrong
        ]
        shares = tuple(one for one in read if one is not None)
        if not wrong and list(shares) != sorted(set(shares)):
            listed = tr(", ").join(wording.share(one, 0) for one in shares)
            faults.append(tr("Cut points of {what}: each must be higher than the one before, but {shares} came.", what=what, shares=listed))
        values[name] = shares
    late = plain_number(form.cuts["late"])
    if late is None or not 0 <= float(late) <= 100:
        faults.append(tr("Own pauses: a number from 0 to 100 is needed, but “{text}” came.", text=form.cuts["late"]))
    if faults:
        raise BadValue("\n".join(faults))
    return Cuts(values["r_edge_quantiles"], values["fm_cuts"], float(late or 0))


def map_of(form: SegmentForm, names: SegmentMap) -> SegmentMap:
    """Return the map that a form says.

    Raises
    ------
    BadValue
        A segment has no name, one of another, no cell, or no rank: all faults at once.
    """
    faults, segments = list[str](), list[Segment]()
    typed = [row.name.casefold() for row in form.rows]
    for place, row in enumerate(form.rows):
        held = [cell for cell, at in form.cells.items() if at == place]
        if not row.name:
            faults.append(tr("Segment {number}: give it a name.", number=place + 1))
        elif typed.count(row.name.casefold()) > 1 and typed.index(row.name.casefold()) == place:
            faults.append(tr("Two segments are called “{name}”: choose another name.", name=row.name))
        if not held:
            faults.append(tr("“{name}” has no cell: choose it in one, or take it away.", name=row.name or str(place + 1)))
        level = plain_number(row.level) if row.level else ""
        if level is None or (not level.lstrip("-").isdecimal() and level):
            faults.append(tr("“{name}”: its rank must be a whole number, but “{text}” came.", name=row.name, text=row.level))
            level = ""
        before = names.segments[row.was] if row.was is not None else None
        if row.name and held:
            segments.append(_segment(row, before, held, form.axes, int(level) if level else None))
    if faults:
        raise BadValue("\n".join(faults))
    return names.model_copy(update={"segments": tuple(segments)})


def _segment(row: SegmentRow, before: Segment | None, held: list[tuple[int, ...]], axes: tuple[Axis, ...], level: int | None) -> Segment:
    is_same = before is not None and row.name == word(before.name)
    as_before = before is not None and {
        tuple(cell.values()) for cell in combinations(axes) if any(b.holds(cell) for b in before.cells)
    } == set(held)
    return Segment(
        name=before.name if before and is_same else row.name,
        cells=before.cells if before and as_before else boxes(held, axes),
        english=before.english if before and is_same else "",
        meaning=before.meaning if before and row.meaning == word(before.meaning) else row.meaning,
        level=level,
    )


def boxes(held: list[tuple[int, ...]], axes: tuple[Axis, ...]) -> tuple[Cells, ...]:
    """Return boxes that hold just these cells: the largest that begins at the lowest cell that is left, and so on.

    >>> [box.model_dump(exclude_none=True) for box in boxes([(5, 4), (5, 5), (4, 4), (4, 5), (1, 1)], ("r", "f"))]
    [{'r': 1, 'f': 1}, {'r': (4, 5), 'f': (4, 5)}]
    """
    left, drawn = set(held), list[Cells]()
    while left:
        spans = [[one, one] for one in min(left)]
        for axis in range(len(axes)):
            while spans[axis][1] < SCORES[-1]:
                wider = [span if at != axis else [span[0], span[1] + 1] for at, span in enumerate(spans)]
                if not set(_inside(wider)) <= left:
                    break
                spans = wider
        left -= set(_inside(spans))
        drawn.append(Cells(**{axis: low if low == high else (low, high) for axis, (low, high) in zip(axes, spans, strict=True)}))
    return tuple(drawn)


def _inside(spans: list[list[int]]) -> list[tuple[int, ...]]:
    cells: list[tuple[int, ...]] = [()]
    for low, high in spans:
        cells = [(*cell, one) for cell in cells for one in range(low, high + 1)]
    return cells


def written(text: str, form: SegmentForm, names: SegmentMap) -> str:
    """Return the text of a map with what a form changed; comments of what is left stay."""
    kept = {row.was for row in form.rows if row.was is not None}
    order = [row.was for row in form.rows if row.was is not None]
    for place in sorted(set(range(len(tomllib.loads(text)["segments"]))) - kept, reverse=True):
        text = with_table(text, "segments", None, place)
    places = {was: at for at, was in enumerate(sorted(order))}
    new = len(order)
    for row, segment in zip(form.rows, names.segments, strict=True):
        place, new = (places[row.was], new) if row.was is not None else (new, new + 1)
        text = with_table(text, "segments", _values(segment), place)
    return text


def _values(segment: Segment) -> dict[str, Any]:
    cells = [{axis: _written(getattr(box, axis)) for axis in AXES if getattr(box, axis) is not None} for box in segment.cells]
    told = {name: getattr(segment, name) for name in ("english", "meaning") if getattr(segment, name)}
    return {"name": segment.name, **told, **({} if segment.level is None else {"level": segment.level}), "cells": cells}


def _written(score: Any) -> Any:
    return list(score) if isinstance(score, tuple) else score


def _share(text: str) -> float | None:
    figures = plain_number(text, percent=True)
    if figures is None:
        return None
    number = float(figures)
    number = number / 100 if text.rstrip().endswith(("%", "％")) or number > 1 else number
    return round(number, 6) if 0 < number < 1 else None


def _line(text: str, longest: int = LONGEST) -> str:
    return one_line(text, longest)
