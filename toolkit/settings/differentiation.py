"""Thresholds of differentiation: offers, playbook, goods, campaigns."""

from __future__ import annotations

from toolkit.settings.family import Family


class OfferSettings(Family):
    """Replaying offers on past baskets, and sharing out a budget."""


class PlaybookSettings(Family):
    """The matrix of methods, and the goods for a purpose."""


class CampaignSettings(Family):
    """Holdout, plan and launch."""
