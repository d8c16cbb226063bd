"""Wheels of fortune: many discrete distributions at once, one cheap draw per line.

A wheel is a row of slots. A value with share p owns `p * slots` of them, rounded through the cumulated shares, so a draw is one uniform
slot number and one look-up. The shares that are really drawn are therefore the given ones rounded to 1/slots; values below that may vanish.
"""

from __future__ import annotations

import numpy as np


def wheel(weights: np.ndarray, slots: int) -> np.ndarray:
    """Return one wheel per row of `weights` (rows x values, >= 0, no row all zero) as a rows x slots array of value numbers.

    >>> wheel(np.array([[1.0, 3.0]]), 4)
    array([[0, 1, 1, 1]], dtype=int16)
    """
    rows, values = weights.shape
    cumulated = np.cumsum(weights, axis=1)
    edges = np.rint(cumulated / cumulated[:, -1:] * slots).astype(np.int64)
    counts = np.diff(edges, axis=1, prepend=0)
    numbers = np.tile(np.arange(values, dtype=np.int16), rows)
    return np.repeat(numbers, counts.ravel()).reshape(rows, slots)


def spin(rng: np.random.Generator, wheels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return one drawn value for each entry of `rows` (which wheel to spin)."""
    return wheels[rows, rng.integers(0, wheels.shape[1], rows.size, dtype=np.int32)]
