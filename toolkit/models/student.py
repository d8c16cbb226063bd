"""Student's distribution without scipy, which the plain installation leaves out: the entry page and a store's sheet need it."""

from __future__ import annotations

import math

_STEPS, _CLOSE, _TINY = 300, 1e-13, 1e-300


def t_below(value: float, freedom: float) -> float:
    """Return the chance that a Student's t is below a value.

    Source: the regularised incomplete beta function by its continued fraction (Abramowitz and Stegun 26.5.8 and 26.7.1, Lentz's method).

    >>> round(t_below(2.228, 10), 3), t_below(0.0, 3)
    (0.975, 0.5)
    """
    if not math.isfinite(value):
        return float(value > 0)
    tail = _beta(freedom / (freedom + value * value), freedom / 2, 0.5) / 2
    return 1 - tail if value >= 0 else tail


def t_at(chance: float, freedom: float) -> float:
    """Return the value below which a Student's t lies with a chance between .5 and 1.

    >>> round(t_at(0.9, 5), 3), round(t_at(0.975, 1e6), 2)
    (1.476, 1.96)
    """
    low, high = 0.0, 1.0
    while t_below(high, freedom) < chance and high < 1e9:
        low, high = high, high * 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if t_below(middle, freedom) < chance else (low, middle)
    return (low + high) / 2


def _beta(x: float, a: float, b: float) -> float:
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    c, d = 1.0, 1 / _apart(1 - (a + b) * x / (a + 1))
    whole = d
    for step in range(1, _STEPS):
        twice = a + 2 * step
        for part in (step * (b - step) * x / ((twice - 1) * twice), -(a + step) * (a + b + step) * x / (twice * (twice + 1))):
            d, c = 1 / _apart(1 + part * d), _apart(1 + part / c)
            whole *= d * c
        if abs(d * c - 1) < _CLOSE:
            break
    return front * whole


def _apart(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
