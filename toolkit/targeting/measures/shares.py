"""Shares of members: not known where they speak of too few."""

from __future__ import annotations

from toolkit.scope.view import View
from toolkit.wording import share


def known_share(view: View, count: int, whole: int) -> float | None:
    """Return `count` members over `whole`; None where so few may not be shown, or there is no whole."""
    return None if not whole or 0 < count < view.least else count / whole


def share_text(value: float | None) -> str:
    """Return a share for an optional part of a sentence: '' where it is not known, but '0.0%' for nobody."""
    return "" if value is None else share(value)
