"""Tiny inline SVG pictures for the index page and for tables: no script, no library, a few hundred bytes each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from toolkit.charts.theme import ACCENT, GRID, PRIMARY

_WIDTH, _HEIGHT, _PAD = 110, 26, 3


def spark_line(values: Sequence[float | None], *, label: str = "", width: int = _WIDTH, height: int = _HEIGHT) -> str:
    """Line of up to a few hundred values, its last point marked; null, NaN and infinity leave a gap. Empty text with fewer than two values.

    >>> spark_line([1, 2, 3])[:4], spark_line([1, None])
    ('<svg', '')
    """
    numbers = [float(value) if value is not None and math.isfinite(value) else None for value in values]
    known = [value for value in numbers if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    step = (width - 2 * _PAD) / (len(numbers) - 1)
    points: list[tuple[float, float] | None] = [
        None if value is None else (_PAD + at * step, _y(value, low, high, height)) for at, value in enumerate(numbers)
    ]
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    path = "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in run) for run in runs if run)
    x, y = next(point for point in reversed(points) if point is not None)
    drawn = f'<path d="{path}" fill="none" stroke="{PRIMARY}" stroke-width="1.6" stroke-linejoin="round" stroke-linecap="round"/>'
    return _svg(drawn + f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.4" fill="{ACCENT}"/>', label, width, height)


def spark_bars(values: Sequence[float | None], *, label: str = "", width: int = _WIDTH, height: int = _HEIGHT) -> str:
    """Bars from zero, one per value (bands, weekdays); a missing or negative value has no bar."""
    numbers = [max(0.0, float(value)) if value is not None and math.isfinite(value) else 0.0 for value in values]
    if not numbers or max(numbers) <= 0:
        return ""
    step = (width - 2 * _PAD) / len(numbers)
    most = max(numbers)
    tall = [(height - 2 * _PAD) * value / most for value in numbers]
    bars = "".join(
        f'<rect x="{_PAD + at * step:.1f}" y="{height - _PAD - top:.1f}" width="{max(1.0, step - 1.5):.1f}" height="{top:.1f}" rx=".8"/>'
        for at, top in enumerate(tall)
        if top > 0
    )
    return _svg(f'<g fill="{PRIMARY}">{bars}</g>', label, width, height)


def meter(share: float | None, *, label: str = "", width: int = 84, height: int = 8) -> str:
    """A filled bar for a share 0..1; empty text where there is none."""
    if share is None or not math.isfinite(share):
        return ""
    filled = min(1.0, max(0.0, share)) * width
    back = f'<rect width="{width}" height="{height}" rx="{height / 2:g}" fill="{GRID}"/>'
    return _svg(
        back + f'<rect width="{filled:.1f}" height="{height}" rx="{min(height, filled) / 2:g}" fill="{PRIMARY}"/>', label, width, height
    )


def _y(value: float, low: float, high: float, height: int) -> float:
    if high == low:
        return height / 2
    return height - _PAD - (height - 2 * _PAD) * (value - low) / (high - low)


def _svg(inner: str, label: str, width: int, height: int) -> str:
    named = f'role="img" aria-label="{escape(label, quote=True)}"' if label else 'aria-hidden="true"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" {named}>{inner}</svg>'
