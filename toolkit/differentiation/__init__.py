"""Differentiation: which offer, with which goods, for whom, and is it worth it.

Importing this registers the questions, in reading order.
"""

# ruff: noqa: I001 - the order of registration is the order of the menu
from toolkit.differentiation.matrix import matrix

__all__ = [
    "matrix",
]
