"""Portrait: who the members are. One module a question family; importing this registers the questions, in reading order."""

# ruff: noqa: I001 - the order of registration is the order of the menu
from toolkit.portrait.overview import overview
from toolkit.portrait.scoreboard import scoreboard
from toolkit.portrait.figure import figure
from toolkit.portrait.why import why
from toolkit.portrait.rfm import rfm, rfm_scores
from toolkit.portrait.segments import segments
from toolkit.portrait.movement import movement
from toolkit.portrait.contribution import contribution
from toolkit.portrait.pareto import pareto
from toolkit.portrait.quadrants import quadrants
from toolkit.portrait.spending_power import spending_power
from toolkit.portrait.price_sensitivity import price_sensitivity
from toolkit.portrait.habits import habits
from toolkit.portrait.lifecycle import lifecycle
from toolkit.portrait.personas import personas
from toolkit.portrait.lifetime_value import lifetime_value
from toolkit.portrait.stores import stores
from toolkit.portrait.member import member
from toolkit.portrait.membership.joiners import joiners
from toolkit.portrait.membership.card_share import card_share
from toolkit.portrait.membership.referrals import referrals
from toolkit.portrait.membership.funnel_to_member import funnel_to_member
from toolkit.portrait.membership.tiers import tiers
from toolkit.portrait.membership.points import points
from toolkit.portrait.membership.benefits import benefits
from toolkit.portrait.membership.paid_membership import paid_membership
from toolkit.portrait.membership.stored_value import stored_value
from toolkit.portrait.traits import traits
from toolkit.portrait.measures.scorecard import save_scorecard
from toolkit.registry import step_attributes

__all__ = [
    "benefits",
    "card_share",
    "contribution",
    "figure",
    "funnel_to_member",
    "habits",
    "joiners",
    "lifecycle",
    "lifetime_value",
    "member",
    "movement",
    "overview",
    "paid_membership",
    "pareto",
    "personas",
    "points",
    "price_sensitivity",
    "quadrants",
    "referrals",
    "rfm",
    "rfm_scores",
    "save_scorecard",
    "scoreboard",
    "segments",
    "spending_power",
    "stored_value",
    "stores",
    "tiers",
    "traits",
    "why",
]

__getattr__, __dir__ = step_attributes("portrait")
