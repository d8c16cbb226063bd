"""Differentiation: which offer, with which goods, for whom, and is it worth it.

Importing this registers the questions, in reading order.
"""

# ruff: noqa: I001 - the order of registration is the order of the menu
from toolkit.differentiation.industry_profile import industry_profile
from toolkit.differentiation.matrix import matrix
from toolkit.differentiation.methods.full_reduction import full_reduction
from toolkit.differentiation.methods.coupon import coupon
from toolkit.differentiation.methods.discount import discount
from toolkit.differentiation.methods.member_day import member_day
from toolkit.differentiation.methods.service import service
from toolkit.differentiation.methods.nth_piece import nth_piece
from toolkit.differentiation.methods.bundle import bundle
from toolkit.differentiation.methods.gift import gift
from toolkit.differentiation.methods.extra_points import extra_points
from toolkit.differentiation.methods.welcome_gift import welcome_gift
from toolkit.differentiation.methods.referral_reward import referral_reward
from toolkit.differentiation.offers import offers
from toolkit.differentiation.allocate import allocate
from toolkit.differentiation.goods_for import goods_for
from toolkit.differentiation.next_best import next_best
from toolkit.differentiation.holdout import holdout
from toolkit.differentiation.global_control import global_control
from toolkit.differentiation.plan import plan
from toolkit.differentiation.replay_rules import replay_rules
from toolkit.registry import step_attributes

__all__ = [
    "allocate",
    "bundle",
    "coupon",
    "discount",
    "extra_points",
    "full_reduction",
    "gift",
    "global_control",
    "goods_for",
    "holdout",
    "industry_profile",
    "matrix",
    "member_day",
    "next_best",
    "nth_piece",
    "offers",
    "plan",
    "referral_reward",
    "replay_rules",
    "service",
    "welcome_gift",
]

__getattr__, __dir__ = step_attributes("differentiation")
