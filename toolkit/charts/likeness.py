"""How unlike two colours look, to readers of usual sight and to those who see few colours."""

from __future__ import annotations

import math
from functools import cache

# Machado, Oliveira and Fernandes 2009, full deficiency, on linear RGB.
SIGHT = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
LEAST = 25.0
"""Of two marks of one chart: nearer ones are taken for each other."""


@cache
def lab(colour: str, sight: str = "usual") -> tuple[float, float, float]:
    """Return a colour in CIE Lab as it is seen."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    r, g, b = (min(1.0, max(0.0, sum(weight * part for weight, part in zip(row, linear, strict=True)))) for row in SIGHT[sight])
    x, y, z = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    )
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def unlikeness(one: str, other: str) -> float:
    """Return how far apart two colours are (CIE76) to the reader who sees them nearest.

    >>> round(unlikeness("#1b5e86", "#1b5e86")), unlikeness("#1b5e86", "#c9761a") > LEAST
    (0, True)
    """
    return min(math.dist(lab(one, sight), lab(other, sight)) for sight in SIGHT)
