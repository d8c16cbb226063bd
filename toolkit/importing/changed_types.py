"""A column of a database whose type is another than at the last import: asked about, since ids and amounts would read otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from toolkit.language import later, word
from toolkit.sources.convert import Typed
from toolkit.sources.mapping import Mapping
from toolkit.sources.plausibility import Question, is_answered
from toolkit.sources.question_kinds import QuestionKind
from toolkit.workspace import Workspace

_CHANGED = later(
    "The column '{column}' of {table} held {before} at the last import and holds {now} now: were ids or amounts meant to change? Have it "
    "changed back, or import once with --accept-defaults, which takes the new type for right."
)
_NUMBER, _TEXT, _TRUTH = later("a number"), later("text"), later("yes or no")
_DAY, _TIME, _ZONED, _CLOCK = later("a day"), later("a time"), later("a time with its zone"), later("a time of day")


def types_of(typed: Typed) -> dict[str, str]:
    """Return what the mapped columns of a database hold, in a word each; nothing of files, whose columns have no type of their own."""
    return {name: word for name, word, _ in _kinds(typed)}


def changed_types(ws: Workspace, mapping: Mapping, table: str, typed: Typed) -> tuple[Question, ...]:
    """Return a question for each column of a database that holds another kind of value than at the last import of its source.

    A number stays a number, whatever its size and digits; a column that is empty now says nothing.
    """
    before = next(
        (one.types for one in reversed(ws.manifest.imports) if (one.table, one.source) == (table, mapping.source_name) and one.types), {}
    )
    questions = []
    for name, now, cells in _kinds(typed):
        if before.get(name, now) != now and not cells.select(pl.col(name).is_null().all()).collect().item():
            places = {"table": f"[{table}]", "before": word(before[name]), "now": word(now)}
            questions.append(Question(QuestionKind.TYPE, name, (), _CHANGED, places=places))
    return tuple(question for question in questions if not is_answered(question, mapping.answers))


def _kinds(typed: Typed) -> Iterator[tuple[str, str, pl.LazyFrame]]:
    for records in typed.records:
        if any(file.source for file in records.files):
            for name, dtype in records.schema.items():
                yield name, _kind(dtype), records.frame


def _kind(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Datetime):
        return _ZONED if dtype.time_zone else _TIME
    if dtype.is_numeric():
        return _NUMBER
    plain: dict[type[pl.DataType] | pl.DataType, str] = {pl.Date: _DAY, pl.Time: _CLOCK, pl.Boolean: _TRUTH}
    return plain.get(dtype.base_type(), _TEXT)
