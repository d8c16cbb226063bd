"""Review: what it changed, what it was worth, what we learned. Importing this registers the questions, in reading order."""

# ruff: noqa: I001 - the order of registration is the order of the menu
from toolkit.review.agenda import agenda
from toolkit.review.verdict import verdict
from toolkit.review.effect import effect
from toolkit.review.checks import checks
from toolkit.review.money import money
from toolkit.review.migration import migration
from toolkit.review.habits_after import habits_after
from toolkit.review.process import process
from toolkit.review.wall import wall
from toolkit.review.goals import goals
from toolkit.review.alerts import alerts
from toolkit.review.guide_calls import guide_calls
from toolkit.review.sales_targets import sales_targets
from toolkit.review.lessons import lessons
from toolkit.review.programme import programme
from toolkit.review.tier_effect import tier_effect
from toolkit.registry import step_attributes

__all__ = [
    "agenda",
    "alerts",
    "checks",
    "effect",
    "goals",
    "guide_calls",
    "habits_after",
    "lessons",
    "migration",
    "money",
    "process",
    "programme",
    "sales_targets",
    "tier_effect",
    "verdict",
    "wall",
]

__getattr__, __dir__ = step_attributes("review")
