"""How far goals of a month are: what is there, what it will come to with its interval, the chance that the target is reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from toolkit.language import value
from toolkit.models.month_end import BASES, LEAST_ORIGINS, MOST_ORIGINS, STEP_DAYS, YEAR_DAYS, Ahead, end_of_month, sum_ahead
from toolkit.portrait.figures import FIGURES, Figure
from toolkit.portrait.measures.figure_values import COUNTS, figure_values
from toolkit.portrait.measures.goal_list import LESS_IS_BETTER, Wanted
from toolkit.scope.calendar import months_later, unit_of
from toolkit.scope.period import Period
from toolkit.scope.view import View

_MONTHS = 13
"""Earlier months that a figure which is no sum is learned from: a year, and the same month of it."""
_ADD_BY_DAY = frozenset({"first_time_members"})
"""Figures that do not add up over stores, and do over days."""


REACHED, MISSED, LIKELY, UNLIKELY = value("reached"), value("missed"), value("likely"), value("unlikely")
OPEN, UNTOLD, UNMEASURED = value("open"), value("cannot be told yet"), value("not measured")
SOURCES = (value("stated"), value("sales_targets"), value("stores"))
"""Where a goal is from (`Wanted.source`)."""
UNITS = (value("money"), value("share"), value("count"), value("number"))
"""What a goal is counted in: the kind of its figure's column."""


@dataclass(frozen=True)
class Pace:
    """A goal and how far it is. `reached`: so far (or in all, once the month is over); `count`: members behind it (None: it is open).

    `ahead` says what it comes to; its `value` is None where nothing can be told.
    """

    wanted: Wanted
    figure: Figure
    month: Period
    seen: Period
    reached: float | None
    count: int | None
    ahead: Ahead

    @property
    def at_most(self) -> bool:
        """Whether the goal is reached by staying at or below it."""
        return self.wanted.figure in LESS_IS_BETTER

    @property
    def is_over(self) -> bool:
        """Whether the month is seen to its end."""
        return self.seen.end >= self.month.end

    @property
    def is_sum(self) -> bool:
        """Whether the days of the month add up to it."""
        return adds_by_day(self.figure)

    @property
    def chance(self) -> float | None:
        """The chance that the goal is reached; 0 or 1 once the month is over."""
        return self.ahead.chance(self.wanted.target, at_most=self.at_most)

    @property
    def so_far_rate(self) -> float | None:
        """What is there over what the target asks of as many days, each alike; of a figure that is no sum over the target."""
        due = self.wanted.target * (self.seen.days / self.month.days if self.is_sum else 1)
        return None if self.reached is None or due <= 0 else self.reached / due


def adds_by_day(figure: Figure) -> bool:
    """Whether the days of a month add up to a figure's value of it."""
    return (figure.adds and figure.source in ("orders", "lines")) or figure.name in _ADD_BY_DAY


def pace_of(view: View, wanted: Wanted, month: Period) -> Pace:
    """Return how far a goal is at the end of what is seen of its month."""
    figure = FIGURES[wanted.figure]
    seen = Period(month.start, min(month.end, view.as_of))
    now = figure_values(view, figure, [seen]).row(0, named=True)
    reached = now[figure.name]
    count = None if figure.is_open and view.scope.audience is None else int(now[COUNTS[figure.n[0]].name] if figure.n else reached or 0)
    if reached is None:
        ahead = Ahead("short")
    elif seen.end >= month.end:
        ahead = Ahead("seen", float(reached), seen=float(reached))
    elif adds_by_day(figure):
        ahead = sum_ahead(daily(view, figure, seen.end), (month.end - seen.end).days, seen=float(reached))
    else:
        ahead = _of_months(view, figure, month, seen, float(reached))
    return Pace(wanted, figure, month, seen, reached, count, ahead)


def daily(view: View, figure: Figure, last: date) -> np.ndarray:
    """Return what a figure was on each day up to `last`, oldest first: as far back as a forecast looks."""
    first = max(view.first_day, last - timedelta(days=YEAR_DAYS + BASES[-1] + (MOST_ORIGINS + 5) * STEP_DAYS))
    days = [Period(first + timedelta(days=place), first + timedelta(days=place)) for place in range((last - first).days + 1)]
    return figure_values(view, figure, days)[figure.name].fill_null(0).to_numpy().astype(float)


def _of_months(view: View, figure: Figure, month: Period, seen: Period, reached: float) -> Ahead:
    """The end of a figure that is no sum, by how it went on in earlier months."""
    parts, wholes = list[Period](), list[Period]()
    for back in range(1, _MONTHS + 1):
        start = months_later(month.start, -back)
        if start < view.first_day:
            break
        whole = unit_of(start, "month")
        wholes.append(whole)
        parts.append(Period(start, min(start + timedelta(days=seen.days - 1), whole.end)))
    if len(wholes) < LEAST_ORIGINS:
        return Ahead("short", origins=len(wholes))
    values = figure_values(view, figure, [*parts, *wholes])[figure.name].to_list()
    return end_of_month(values[: len(parts)], values[len(parts) :], reached)


def paces(view: View, wanted: Sequence[Wanted], month: Period) -> list[Pace]:
    """Return how far each goal is; worked out once a view."""
    return [view.remembered(("pace", one, month.start), lambda one=one: pace_of(view, one, month)) for one in wanted]


def goal_frame(goals: Sequence[Pace]) -> pl.DataFrame:
    """Return the rows of goals: see `review.goals`."""
    rows = []
    for one in goals:
        ends = one.ahead.interval()
        told = one.ahead.value is not None and ends is not None
        rows.append(
            {
                "figure": one.figure.words, "month": f"{one.month.start:%Y-%m}", "member_count": one.count, "target": one.wanted.target,
                "so_far": one.reached, "so_far_rate": one.so_far_rate, "forecast": one.ahead.value if told else None,
                "forecast_low": ends[0] if ends else None, "forecast_high": ends[1] if ends else None, "reach_chance": one.chance,
                "gap": one.ahead.value - one.wanted.target if told and one.ahead.value is not None else None,
                "reading": reading_of(one), "unit": one.figure.column.kind, "source": one.wanted.source,
            }
        )  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


def reading_of(one: Pace) -> str:
    """Return the word for how a goal stands."""
    if one.reached is None:
        return UNMEASURED
    if one.is_over:
        fits = one.reached <= one.wanted.target if one.at_most else one.reached >= one.wanted.target
        return REACHED if fits else MISSED
    chance = one.chance
    if chance is None:
        return UNTOLD
    return LIKELY if chance >= 0.8 else UNLIKELY if chance <= 0.2 else OPEN
