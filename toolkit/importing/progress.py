"""The steps of an import, told as they are done."""

from __future__ import annotations

from collections.abc import Callable

from toolkit.language import later

Progress = Callable[[str, int, int], None]
"""Told the step (a message of the catalogue), how many of its parts are done, and of how many."""

TABLES = later("Reading the tables")
LINES = later("Reading the receipts")
VALUES = later("Looking at what the values mean")
ORDERS = later("Checking the orders")
WRITING = later("Writing the receipts")


def silent(step: str, done: int, of: int) -> None:
    """Tell nobody."""
