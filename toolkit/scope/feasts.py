"""Holidays that move, for the models and in words: those the shop says it keeps (settings calendar.holidays), and the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.models.moving_days import Feast
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
