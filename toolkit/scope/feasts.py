"""Holidays that move, for the models and in words: those the shop says it keeps (settings calendar.holidays), and the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.answer import Note
from toolkit.models.moving_days import LEAST_SAVED, Feast, days_felt
from toolkit.scope.period import Period
from toolkit.settings.calendar import HOLIDAYS

if TYPE_CHECKING:
    from toolkit.scope.view import View


def feasts(view: View) -> tuple[Feast, ...]:
    """Return every holiday that moves with its days from before the receipts to after what is asked of them; those the shop keeps first."""
    years, kept = range(view.first_day.year - 1, view.as_of.year + 2), view.settings.calendar.names
    named = [*kept, *(name for name in HOLIDAYS if name not in kept)]
    return tuple(
        Feast(
            name, HOLIDAYS[name].before_days, HOLIDAYS[name].after_days,
            tuple(day for year in years for day in HOLIDAYS[name].falls_on(year)), name in kept,
        )
        for name in named
    )  # fmt: skip


def feast_notes(view: View, *earlier: Period, now: Period | None = None) -> list[Note]:
    """Return a note for each holiday that the shop keeps and that lies otherwise in a period compared with one before it, and in that."""
    now = now or view.period
    notes = []
    for feast in (one for one in feasts(view) if one.is_set):
        days = days_felt(feast, now.start, now.end)
        for before in earlier:
            then = days_felt(feast, before.start, before.end)
            if abs(days - then) >= LEAST_SAVED and before.start >= view.first_day:
                text = view.say(
                    "Of the days around {feast:word} {days} lie in {now} and {then} in {before}: part of the change is that.",
                    feast=feast.name, days=days, now=now, then=then, before=before,
                )  # fmt: skip
                notes.append(Note(text, "REVIEW"))
    return notes
