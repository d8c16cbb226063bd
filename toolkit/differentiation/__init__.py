"""Differentiation: which offer, with which goods, for whom, and is it worth it.

Importing this registers the questions, in reading order.
"""

# ruff: noqa: I001 - the order of registration is the order of the menu
from toolkit.differentiation.matrix import matrix
from toolkit.differentiation.next_best import next_best
from toolkit.differentiation.holdout import holdout
from toolkit.differentiation.global_control import global_control
from toolkit.differentiation.plan import plan

__all__ = [
    "global_control",
    "holdout",
    "matrix",
    "next_best",
    "plan",
]
