"""A shop of habits: 120 members who come every week for 600 days, but for some.

h000-h011   stopped 75 days ago (slipping)
h012-h023   stopped 250 days ago (gone)
h024-h035   come twice a week since day -80 (more than usual)
h036-h047   first came 60 days ago (past too short)
h048-h059   always came every 40 days or so (no habit)
the rest    every week; even ones on the same weekday, to the day
"""

from __future__ import annotations

import numpy as np

from tests.portrait.ladder import lines_of

DAYS = 600


def visits(who: int, rng: np.random.Generator) -> list[int]:
    """Days before AS_OF on which a member shopped."""
    step = 40 if 48 <= who < 60 else 7
    days = [day + (0 if who % 2 == 0 else int(rng.integers(-2, 3))) for day in range(3, DAYS, step)]
    if who < 12:
        days = [day for day in days if day > 75]
    elif who < 24:
        days = [day for day in days if day > 250]
    elif who < 36:
        days += list(range(5, 80, 7))
    elif who < 48:
        days = [day for day in days if day <= 60]
    return sorted(set(days))


def habit_lines():
    """Return the receipt lines: one order of 10.00 a visit; even members in s1, odd ones in s2."""
    rng = np.random.default_rng(3)
    return lines_of([(f"h{who:03d}", day, f"s{1 + who % 2}", 1, 10.0) for who in range(120) for day in visits(who, rng)])
