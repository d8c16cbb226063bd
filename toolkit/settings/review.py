"""Thresholds of review: what may be claimed, and what is warned of."""

from __future__ import annotations

from toolkit.settings.family import Family


class ReviewSettings(Family):
    """Effects, their checks, money, lessons."""
