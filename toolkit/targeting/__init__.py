"""Targeting: whom to address, and with which goods. Importing this registers the questions, in reading order."""

# ruff: noqa: I001 - the order of registration is the order of the menu
from toolkit.targeting.activity import activity
from toolkit.targeting.slipping import slipping
from toolkit.targeting.drill import drill
from toolkit.targeting.paths import paths
from toolkit.targeting.entry_goods import entry_goods
from toolkit.targeting.due_again import due_again
