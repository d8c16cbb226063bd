"""The rows of an audience's conditions: what each can be about in this shop, and how a change of one changes the expression. No widgets."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from toolkit.apps.pages.typed import plain_number
from toolkit.audience import clauses
from toolkit.audience.conditions import RELATIONS, SUBJECTS, Condition, clause_of, conditions_of, subject_of
from toolkit.errors import ToolkitError
from toolkit.scope.member_columns import MEMBER_COLUMNS
from toolkit.scope.traits import trait_columns, with_traits
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

if TYPE_CHECKING:
    from toolkit.apps.pages.builder import Builder


class ConditionRows:
    """The rows of a builder's draft: one a clause, and at most one that is not finished (its place, and what it says so far)."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.unfinished: tuple[int, Condition] | None = None

    @property
    def own_columns(self) -> tuple[str, ...]:
        """Columns of text that the shop's own members table adds, which a condition may be about."""
        members = self.builder.shop.members
        return tuple(name for name in members.columns if name not in MEMBER_COLUMNS and members.schema[name] == pl.String)

    @property
    def subjects(self) -> list[str]:
        """What a condition can be about in this shop."""
        there = {*self.builder.shop.members.columns, *trait_columns(open_view(Workspace(self.builder.shop.path)))}
        return [*(key for key, subject in SUBJECTS.items() if subject.column in there), *self.own_columns]

    def values_of(self, key: str) -> list[str]:
        """Return the shop's own words for a condition, the most frequent first: categories, stores, segments, tiers."""
        subject = subject_of(key)
        if subject.kind not in ("choice", "taste"):
            return []
        column = "top_category" if subject.kind == "taste" else subject.column
        members = self.builder.shop.members
        if column not in members.columns:
            members = with_traits(open_view(Workspace(self.builder.shop.path)), [column])
        counts = members[column].drop_nulls().cast(pl.String).value_counts().sort(["count", column], descending=[True, False])
        return counts[column].to_list()

    @property
    def all(self) -> list[Condition]:
        """The rows of the draft, one a clause, and the one that is not finished; none where the expression cannot be read."""
        rows = self._finished()
        if self.unfinished is not None:
            place, row = self.unfinished
            rows.insert(place, row)
        return rows

    def add(self, key: str = "spent_91") -> None:
        """Begin a condition; what it is about is chosen first."""
        relation = RELATIONS[subject_of(key).kind][0]
        self.unfinished = None
        self.put(len(self.all), Condition(key, relation))

    def put(self, place: int, row: Condition) -> None:
        """Let the row at `place` say something else; while it says nothing yet it stands there unfinished.

        Raises
        ------
        BadValue
            Its value is no number, or no day.
        """
        subject = subject_of(row.subject)
        if row.relation not in RELATIONS[subject.kind]:
            row = replace(row, relation=RELATIONS[subject.kind][0])
        text = clause_of(replace(row, value=_plain_parts(row.value) if subject.kind in ("money", "number", "weeks") else row.value))
        was, expression = self.unfinished, self.builder.draft.expression
        here = was is not None and was[0] == place
        clause = place - (was is not None and was[0] < place)  # which clause it is
        if text:
            self.unfinished = None if here else was
            texts = [one.text for one in clauses.clauses_of(expression)]
            texts[clause : clause + (not here)] = [text]
            self.builder.ask(clauses.joined(texts))
            return
        self.unfinished = (clause, row)
        if not here:
            self.builder.ask(clauses.with_clause(expression, clause, ""))

    def drop(self, place: int) -> None:
        """Take the row at `place` away."""
        was = self.unfinished
        if was is not None and was[0] == place:
            self.unfinished = None
            return
        self.builder.ask(clauses.with_clause(self.builder.draft.expression, place - (was is not None and was[0] < place), ""))

    def _finished(self) -> list[Condition]:
        try:
            return conditions_of(self.builder.draft.expression, self.own_columns)
        except ToolkitError:
            return []


def _plain_parts(value: str) -> str:
    """A number, or two, in plain figures: however thousands stand apart."""
    return re.sub(r"[^\s–~到至]+", lambda part: plain_number(part.group()) or part.group(), value)
