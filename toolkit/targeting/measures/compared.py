"""The period that another one is held against."""

from __future__ import annotations

from toolkit.answer import Note
from toolkit.scope.calendar import stated_before
from toolkit.scope.period import Period
from toolkit.scope.view import View


def period_against(view: View, against: str | None, name: str) -> Period:
    """Return the period to compare with: 'FIRST..LAST'; empty = as many days just before; 'year' = 52 weeks earlier.

    Raises
    ------
    BadValue
        It is no period, overlaps with the view's, or does not lie before it; `name` is the question that was asked.
    """
    if against in (None, ""):
        return view.period.before()
    if against == "year":
        return view.period.year_before()
    return stated_before(str(against), view.period, view.as_of, name=name)


def season_alike(view: View, against: str | None, name: str) -> Period:
    """Return the period to compare with as `period_against`; empty = 52 weeks earlier where the receipts reach back so far.

    Raises
    ------
    BadValue
        As `period_against`.
    """
    year = view.period.year_before()
    return year if against in (None, "") and year.start >= view.first_day else period_against(view, against, name)


def season_notes(view: View, before: Period) -> list[str | Note]:
    """Return what must be said where two periods are not of the same season, or not as long."""
    notes: list[str | Note] = []
    if before.days != view.period.days:
        longer = view.say(
            "The periods differ in length ({before} and {now} days): part of the change is that.", before=before.days, now=view.period.days
        )
        notes.append(Note(longer, "REVIEW"))
    if before.start != view.period.year_before().start:
        inside = view.say(
            "The two periods are of other seasons ({period} and {before}): season is inside the change. Receipts from {start} on would let "
            "like seasons be compared.",
            before=before, start=view.period.year_before().start,
        )  # fmt: skip
        notes.append(Note(inside, "REVIEW"))
    return notes
