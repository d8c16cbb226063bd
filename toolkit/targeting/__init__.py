"""Targeting: whom to address, and with which goods. Importing this registers the questions, in reading order."""

# ruff: noqa: I001 - the order of registration is the order of the menu
from toolkit.targeting.activity import activity
from toolkit.targeting.slipping import slipping
from toolkit.targeting.loyalty import loyalty
from toolkit.targeting.drill import drill
from toolkit.targeting.gain_loss import gain_loss
from toolkit.targeting.cohorts import cohorts
from toolkit.targeting.paths import paths
from toolkit.targeting.path_members import path_members
from toolkit.targeting.entry_goods import entry_goods
from toolkit.targeting.why_low import why_low
from toolkit.targeting.guides import guides
from toolkit.targeting.guide_tasks import guide_tasks
from toolkit.targeting.losing_goods import losing_goods
from toolkit.targeting.lost_members import lost_members
from toolkit.targeting.due_again import due_again
from toolkit.targeting.journey import journey
from toolkit.targeting.looked_not_bought import looked_not_bought
from toolkit.targeting.niches import niches
from toolkit.targeting.core import core_goods, core_members
from toolkit.targeting.buyers import buyers
from toolkit.targeting.bought_together import bought_together, liked_together
from toolkit.targeting.attach import attach
from toolkit.targeting.units_per_order import units_per_order
from toolkit.targeting.cross_shop import cross_shop
from toolkit.targeting.decision_tree import decision_tree
from toolkit.targeting.switching import switching
from toolkit.targeting.assortment import assortment
from toolkit.targeting.new_product import new_product
from toolkit.targeting.revenue_tree import revenue_tree
from toolkit.targeting.heavy_light import heavy_light
from toolkit.targeting.distribution import distribution
from toolkit.registry import step_attributes

__all__ = [
    "activity",
    "assortment",
    "attach",
    "bought_together",
    "buyers",
    "cohorts",
    "core_goods",
    "core_members",
    "cross_shop",
    "decision_tree",
    "distribution",
    "drill",
    "due_again",
    "entry_goods",
    "gain_loss",
    "guide_tasks",
    "guides",
    "heavy_light",
    "journey",
    "liked_together",
    "looked_not_bought",
    "losing_goods",
    "lost_members",
    "loyalty",
    "new_product",
    "niches",
    "path_members",
    "paths",
    "revenue_tree",
    "slipping",
    "switching",
    "units_per_order",
    "why_low",
]

__getattr__, __dir__ = step_attributes("targeting")
