"""Review: what it changed, what it was worth, what we learned. Importing this registers the questions, in reading order."""

# ruff: noqa: I001 - the order of registration is the order of the menu
from toolkit.review.sales_targets import sales_targets

__all__ = ["sales_targets"]
