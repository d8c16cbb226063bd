"""Segment maps: which pair (or triple) of R, F and M scores is called what.

A map is a TOML file; two are built in, 'ten' and 'eight'. Every combination of the scores that a map uses lies in exactly one segment: a
map with a gap or an overlap is refused, cell by cell.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Annotated, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit.errors import BadValue, fault_words, nearest, unknown_name
from toolkit.language import later, tr, value, word

BUILT_IN = ("ten", "eight")
SCORES = (1, 2, 3, 4, 5)
NO_ORDERS = value("no orders")
"""What members without an order (returns alone) are listed under: they have no recency and are not scored."""

Axis = Literal["r", "f", "m"]
AXES: tuple[Axis, ...] = ("r", "f", "m")
Score = Annotated[int, Field(ge=1, le=5, strict=True)]
Scores = Score | tuple[Score, Score] | None


class Cells(BaseModel):
    """A box of scores: `r = [1, 2], f = 5`; an axis that is left out takes every score."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    r: Scores = None
    f: Scores = None
    m: Scores = None

    def holds(self, scores: Mapping[Axis, int]) -> bool:
        """Say whether a combination of scores lies in the box."""
        return all(low <= scores[axis] <= high for axis in scores for low, high in [self.span(axis)])

    def span(self, axis: Axis) -> tuple[int, int]:
        """Return the lowest and highest score of an axis."""
        value = getattr(self, axis)
        return (1, 5) if value is None else (value, value) if isinstance(value, int) else value


class Segment(BaseModel):
    """One segment of a map."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(min_length=1, max_length=60)
    cells: tuple[Cells, ...] = Field(min_length=1)
    english: str = ""
    meaning: str = ""
    level: int | None = None

    @property
    def label(self) -> str:
        """The name, with what it means in the reader's language beside it where that is something else."""
        meant = word(self.english)
        return f"{self.name} ({meant})" if meant not in ("", self.name) else self.name


class SegmentMap(BaseModel):
    """A whole map, best segment first. `level` orders segments for 'moved up' and 'moved down'; without it, the place in the file does."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: str = ""
    segments: tuple[Segment, ...] = Field(min_length=1)

    @property
    def names(self) -> list[str]:
        """Names of the segments, best first."""
        return [segment.name for segment in self.segments]

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The scores the map looks at."""
        return tuple(axis for axis in AXES if any(getattr(box, axis) is not None for segment in self.segments for box in segment.cells))

    @property
    def levels(self) -> dict[str, int]:
        """Level of each segment, higher is better."""
        last = len(self.segments) - 1
        return {segment.name: last - place if segment.level is None else segment.level for place, segment in enumerate(self.segments)}

    @property
    def fingerprint(self) -> str:
        """Short text that changes when a name or a cell of the map changes."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    def segments_at(self, scores: Mapping[Axis, int]) -> list[str]:
        """Return the names of the segments that hold a combination of scores: exactly one in a sound map."""
        return [segment.name for segment in self.segments if any(box.holds(scores) for box in segment.cells)]

    def table(self) -> pl.DataFrame:
        """Return one row per combination of the map's scores: the score columns it uses (Int8) and `segment`."""
        return _cell_table(self)  # type: ignore[arg-type]  # frozen pydantic models are hashable

    def apply(self, scored: pl.DataFrame) -> pl.DataFrame:
        """Add `segment` to members with `r_score`, `f_score`, `m_score`; null where they are not scored."""
        return scored.join(self.table(), on=[f"{axis}_score" for axis in self.axes], how="left", maintain_order="left")


@lru_cache(maxsize=16)
def _cell_table(found: SegmentMap) -> pl.DataFrame:
    cells = combinations(found.axes)
    scores = {f"{axis}_score": pl.Series([cell[axis] for cell in cells], dtype=pl.Int8) for axis in found.axes}
    names = [found.segments_at(cell)[0] for cell in cells]
    return pl.DataFrame({**scores, "segment": pl.Series(names, dtype=pl.Enum(found.names))})


def combinations(axes: tuple[Axis, ...]) -> list[dict[Axis, int]]:
    """Return every combination of the scores of some axes.

    >>> len(combinations(("r", "f")))
    25
    """
    return [dict(zip(axes, scores, strict=True)) for scores in product(SCORES, repeat=len(axes))]


def read_segment_map(name: str | Path, *, folder: Path | None = None) -> SegmentMap:
    """Return a built-in map ('ten', 'eight') or the map in a TOML file.

    Parameters
    ----------
    name
        Name of a built-in map, or path of a file; a relative path is looked for in `folder` first (the documents of a workspace).
    folder
        Where a shop keeps its own maps.

    Raises
    ------
    UnknownName
        Neither a built-in map nor a file.
    BadValue
        The file is no TOML, has an unknown key or a wrong value, or leaves a cell in no segment or in two; all faults at once.

    Example
    -------
    >>> read_segment_map("ten").segments_at({"r": 5, "f": 5})
    ['champions']
    """
    if str(name) in BUILT_IN:
        return _built_in(str(name))
    places = [Path(name)] if folder is None or Path(name).is_absolute() else [folder / name, Path(name)]
    for path in places:
        if _is_file(path):
            return segment_map_from_text(path.read_bytes(), where=str(path))
    asked = tr("the path of a TOML file nor a file") if Path(name).suffix else tr("the path of a TOML file")
    raise unknown_name(later("segment map"), str(name), [*BUILT_IN, asked])


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def segment_map_from_text(text: bytes | str, *, where: str) -> SegmentMap:
    """Return the map in a TOML text; `where` names it in errors. Raises as `read_segment_map`."""
    try:
        raw = tomllib.loads(text.decode("utf-8-sig") if isinstance(text, bytes) else text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadValue(tr("{where} is not valid TOML: {error}.", where=where, error=error)) from None
    try:
        found = SegmentMap.model_validate(raw)
    except ValidationError as error:
        raise BadValue("\n".join(_fault(where, fault) for fault in error.errors())) from None
    faults = _unsound(found, where)
    if faults:
        raise BadValue("\n".join(faults))
    return found


@lru_cache(maxsize=len(BUILT_IN))
def _built_in(name: str) -> SegmentMap:
    text = files("toolkit.portrait").joinpath("segment_maps").joinpath(f"{name}.toml").read_bytes()
    return segment_map_from_text(text, where=tr("the built-in map '{name}'", name=name))


def _fault(where: str, fault: Mapping) -> str:
    """One sentence for a fault that pydantic found."""
    place = [part for part in fault["loc"] if not str(part).startswith(("tuple[", "function-", "constrained-"))]
    said = ".".join(f"{part + 1}" if isinstance(part, int) else str(part) for part in place)
    if fault["type"] == "extra_forbidden":
        model = Cells if "cells" in place else Segment if "segments" in place else SegmentMap
        near = nearest(str(place[-1]), model.model_fields)
        hint = tr("did you mean '{near}'?", near=near[0]) if near else tr("known: {keys}.", keys=", ".join(model.model_fields))
        return tr("{where}: there is no key '{key}'; {hint}", where=where, key=said, hint=hint)
    if "cells" in place:
        return tr(
            "{where}: {place} is {given!r}, but a score from 1 to 5 or a pair [lowest, highest] was needed.",
            where=where,
            place=said,
            given=fault["input"],
        )
    return tr("{where}: {place}: {fault}.", where=where, place=said, fault=fault_words(fault))


def _unsound(found: SegmentMap, where: str) -> list[str]:
    """Return a sentence for each doubled name, each box that runs backwards, each cell in no segment or in several."""
    faults = [
        tr("{where}: the name '{name}' is used twice.", where=where, name=name)
        for name in dict.fromkeys(found.names)
        if found.names.count(name) > 1
    ]
    if NO_ORDERS in found.names:
        faults.append(
            tr("{where}: '{no_orders}' is kept for members without an order; choose another name.", where=where, no_orders=NO_ORDERS)
        )
    faults += [
        tr(
            "{where}: segment '{name}' has {axis} = [{low}, {high}], which runs backwards: write [{high}, {low}].",
            where=where,
            name=segment.name,
            axis=axis,
            low=low,
            high=high,
        )
        for segment in found.segments
        for box in segment.cells
        for axis in AXES
        for low, high in [box.span(axis)]
        if low > high
    ]
    if not found.axes:
        return [*faults, tr("{where}: no segment names a score r, f or m, so every member would be in every segment.", where=where)]
    for cell in combinations(found.axes):
        held = found.segments_at(cell)
        said = " ".join(f"{axis.upper()}={score}" for axis, score in cell.items())
        if not held:
            faults.append(tr("{where}: cell {cell} is in no segment. Add it to one.", where=where, cell=said))
        elif len(held) > 1:
            faults.append(
                tr(
                    "{where}: cell {cell} is in {count} segments ({segments}). Leave it in one.",
                    where=where,
                    cell=said,
                    count=len(held),
                    segments=", ".join(held),
                )
            )
    return faults
