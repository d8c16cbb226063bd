"""The one shape of every result: question, headline, table, chart, notes, what to ask next.

An analysis returns a `Finding`; the registry (`toolkit.registry`) wraps it into an `Answer` that also knows the call, the scope, `as_of`
and the settings it was made with. An `Answer` displays itself in JupyterLab, is a section of a report, prints on the command line and
turns into JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import wording
from toolkit.charts.specification import specified
from toolkit.columns import AnswerTable, Column, Kind, undeclared
from toolkit.content import ByContent
from toolkit.errors import BadValue
from toolkit.language import json_text, plain, tr, word

if TYPE_CHECKING:
    import altair as alt

Verdict = Literal["PASS", "REVIEW", "FAIL", "NOT MEASURED"]

ANSWER_MIME = "application/vnd.toolkit.answer+json"
"""Display metadata by which a batch reads the figures of an executed notebook."""


@dataclass(frozen=True)
class Note:
    """One caveat or verdict: a sentence, and what to do about it where something can be done."""

    text: str
    verdict: Verdict | None = None

    def __str__(self) -> str:
        return tr("{first}: {second}", first=word(self.verdict), second=self.text) if self.verdict else self.text


def as_notes(notes: Sequence[str | Note]) -> tuple[Note, ...]:
    """Return notes, plain sentences wrapped."""
    return tuple(note if isinstance(note, Note) else Note(note) for note in notes)


@dataclass(frozen=True, eq=False)
class Finding(ByContent):
    """What an analysis found. Pickling draws the chart, for a function that draws cannot be sent; its specification is kept.

    Attributes
    ----------
    headline
        One plain sentence that carries the numbers and their n.
    table
        The figures, made with their declaration (`toolkit.columns`); money in currency units, shares 0..1.
    chart
        Function that draws the chart when it is needed (altair is slow to import), or None.
    notes
        Caveats and verdicts, each a sentence.
    ask_next
        Questions that follow naturally: (question name, own parameters).
    figures
        Headline figures by key, for the index of a batch (numbers, money in currency units; what is not known is left out).
    spark
        A short series for a small picture, oldest first.
    """

    headline: str
    table: AnswerTable | pl.DataFrame
    chart: Callable[[], alt.Chart | alt.LayerChart | alt.HConcatChart | alt.VConcatChart | alt.FacetChart] | None = field(
        default=None, compare=False
    )
    notes: Sequence[str | Note] = ()
    ask_next: Sequence[tuple[str, Mapping[str, Any]]] = ()
    figures: Mapping[str, float | None] = field(default_factory=dict)
    spark: Sequence[float] = ()

    @property
    def frame(self) -> pl.DataFrame:
        """The table's figures."""
        return self.table.frame if isinstance(self.table, AnswerTable) else self.table

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "chart": specified(self.chart)}


@dataclass(frozen=True)
class NextQuestion:
    """A question that follows from an answer; calling it asks it on the same workspace. It reads as the call that it makes."""

    call: str
    again: Callable[[str], Answer] | None = field(repr=False)

    def __call__(self) -> Answer:
        """Ask it.

        Raises
        ------
        BadValue
            The answer was put together by hand: it does not know its workspace.
        """
        if self.again is None:
            raise BadValue(tr("This answer does not know its workspace: ask {call} yourself.", call=self.call))
        return self.again(self.call)

    def __repr__(self) -> str:
        return self.call


@dataclass(frozen=True, eq=False)
class Answer(ByContent):
    """A question answered: one sentence, one chart, one table, the same on every surface.

    Two are equal when they say the same: question, call, scope, day, settings, headline, table, notes, figures. The chart draws just that,
    so it is not compared.

    Example
    -------
    >>> import toolkit as tk
    >>> ws = tk.open("demo/workspace")
    >>> answer = tk.portrait.rfm(ws)
    >>> shown = answer.headline, answer.table, answer.chart
    """

    name: str
    question: str
    finding: Finding
    call: str
    scope: str
    as_of: date
    currency: str
    settings: Mapping[str, Any]
    ask_next: tuple[str, ...] = ()
    again: Callable[[str], Answer] | None = field(default=None, compare=False, repr=False)
    """Answers a call of `ask_next` on the same workspace, with the same settings."""

    @property
    def next(self) -> tuple[NextQuestion, ...]:
        """What to ask next, each to be called: `answer.next[0]()`."""
        return tuple(NextQuestion(call, self.again) for call in self.ask_next)

    @property
    def headline(self) -> str:
        """One plain sentence that carries the numbers and their n."""
        return self.finding.headline

    @property
    def table(self) -> pl.DataFrame:
        """The figures: money in currency units, shares 0..1."""
        return self.finding.frame

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the table as they are declared."""
        shown = self.finding.table if isinstance(self.finding.table, AnswerTable) else undeclared(self.finding.table)
        return tuple(shown.declared.by_name[name] for name in shown.frame.columns)

    @property
    def notes(self) -> tuple[Note, ...]:
        """Caveats and verdicts."""
        return as_notes(self.finding.notes)

    @property
    def figures(self) -> Mapping[str, float]:
        """Headline figures by key."""
        return {name: value for name, value in self.finding.figures.items() if value is not None}

    @cached_property
    def chart(self) -> Any:
        """The altair chart, drawn on first use; None where a table says it better."""
        return self.finding.chart() if self.finding.chart else None

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the chart as plain JSON values."""
        return {
            "name": self.name,
            "question": self.question,
            "headline": self.headline,
            "scope": self.scope,
            "as_of": self.as_of.isoformat(),
            "currency": self.currency,
            "columns": [
                {"name": column.name, "label": wording.heading(column), "kind": column.kind, "type": str(column.type)}
                for column in self.columns
            ],
            "table": [{key: _plain(value) for key, value in row.items()} for row in self.table.iter_rows(named=True)],
            "notes": [{"text": note.text, "verdict": note.verdict} for note in self.notes],
            "figures": {key: _plain(value) for key, value in self.figures.items()},
            "call": self.call,
            "settings": {key: _plain(value) for key, value in self.settings.items()},
            "ask_next": list(self.ask_next),
        }

    def to_json(self) -> str:
        """Return the answer as JSON text."""
        return json_text(self.to_dict(), indent=1)

    def to_pandas(self) -> Any:
        """Return the table as a pandas frame.

        Raises: `BadValue` where pandas, or pyarrow that hands it over, is not installed.
        """
        try:
            return self.table.to_pandas()
        except ModuleNotFoundError as error:
            raise BadValue(
                tr("This goes through {package}, which is not installed: `pip install {package}`.", package=error.name)
            ) from None

    def save(self, path: str | Path) -> Path:
        """Write the answer as a file and return its path; its ending says what: html, png (the chart), xlsx, csv (the table) or json.

        Raises
        ------
        BadValue
            Another ending, or no chart to draw.
        DataError
            The place cannot be written.
        """
        from toolkit.rendering import save

        save(self, Path(path))
        return Path(path)

    @property
    def kinds(self) -> dict[str, Kind]:
        """How each column of the table is formatted."""
        return {column.name: column.kind for column in self.columns}

    def _ipython_display_(self) -> None:
        from toolkit.rendering import display_answer  # the only place that needs IPython

        display_answer(self)

    def __repr__(self) -> str:
        return plain(f"{self.question}\n{self.headline}\n{self.table}")


def _plain(value: Any) -> Any:
    """Return a value that JSON knows; not-a-number and infinity become null."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, pl.Series)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return str(value)
