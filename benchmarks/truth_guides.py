"""Goals, alerts, and guides with their calls and books, on shops whose truth is known.

    python -m benchmarks.truth_guides             all parts
    python -m benchmarks.truth_guides goals       one of them: goals, alerts, calls, by_guide, books, lists, real

Bars. Goals: 80% intervals cover 72 to 88% at day 10 and 20, on steady and seasonal shops; the parts of a gap add up to the cent. Alerts: a
figure of a chain leaves its band by chance at most once a year, a fall of a fifth is found within 14 days at least 80% of the time; without a
bar: a small shop, whose chance is larger, and a shop whose December is 16 times the usual. Calls: 80% and
95% intervals hold the planted effect as often as they say, within 3 points; where calls change nothing an effect is claimed in at most 5 of
100 shops (and twice the error of what is simulated). Books: where guides differ in nothing nobody is named in 90 of 100 shops; guides better by 40% are found in 80 of 100, with 10%
of those named false at most. Lists: as many tasks each. Exit code 1 if a bar fails.
"""

from __future__ import annotations

import calendar
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

import toolkit as tk
from benchmarks.guide_trials import books, by_guide, calls, lists, real
from benchmarks.strange_shops import Habits, december, imported, strange_shop, visits
from toolkit.models.month_end import sum_ahead
from toolkit.models.own_band import LIMIT, WINDOW, band_scores
from toolkit.portrait.measures.goal_list import Goal, save_goals

Bar = tuple[str, float, float | None, float | None]
SHOPS = {
    "steady": Habits(members=900),
    "seasonal_x3": Habits(members=900, season=december(3)),
    "seasonal_x16": Habits(members=900, season=december(16)),
}
MONTHS = [(2023, month) for month in range(9, 13)] + [(2024, month) for month in range(1, 13)]


def days_of(habits: Habits, seed: int) -> np.ndarray:
    """Return what a shop took on each of its days."""
    orders = visits(replace(habits, seed=seed))
    return np.bincount(orders["day"].to_numpy(), orders["amount"].to_numpy(), minlength=habits.days)


def goals(draws: int = 12) -> Iterator[Bar]:
    """Yield how often the months came to lie within their intervals, and whether the parts of gaps add up."""
    for name, habits in SHOPS.items():
        start = habits.last_day - timedelta(days=habits.days - 1)
        hits: dict[int, list[tuple[bool, float]]] = {10: [], 20: []}
        for seed in range(50, 50 + draws):
            days = days_of(habits, seed)
            for year, month in MONTHS:
                first, length = (date(year, month, 1) - start).days, calendar.monthrange(year, month)[1]
                came = days[first : first + length].sum()
                for at, found in hits.items():
                    ends = sum_ahead(days[: first + at], length - at, seen=float(days[first : first + at].sum())).interval(0.8)
                    if ends is not None:
                        found.append((ends[0] <= came <= ends[1], (ends[1] - ends[0]) / came))
        for at, found in hits.items():
            width = float(np.mean([one[1] for one in found]))
            what = f"goals, {name}, day {at}: 80% interval covers, of {len(found)} months (mean width {width:.0%} of the month)"
            yield what, float(np.mean([one[0] for one in found])), 0.72, 0.88
    apart = 0
    for name in ("steady", "seasonal_x3"):
        with tempfile.TemporaryDirectory() as folder:
            ws = imported(strange_shop(name), Path(folder), as_of=date(2024, 11, 30))
            save_goals(ws, [Goal("sales", month, 40_000.0) for month in ("2024-10", "2024-11")] + [Goal("sales", "2024-11", 9_000.0, "S1")])
            scopes: tuple[dict[str, Any], ...] = (
                {},
                {"store_id": "S1"},
                {"as_of": "2024-11-10"},
                {"as_of": "2024-11-10", "store_id": "S1"},
                {"month": "2024-10"},
            )
            for scope in scopes:
                answer = tk.review.goals(ws, show="gap", **scope)
                apart += round(100 * answer.table["gap_amount"].sum()) != round(100 * answer.figures["gap_amount"])
    yield "goals: answers whose parts do not add up to the cent, of 10", apart, None, 0


CHAINS = {
    "steady": Habits(members=6000),
    "seasonal_x1.5": Habits(members=6000, season=december(1.5)),
    "seasonal_x3": Habits(members=6000, season=december(3)),
    "seasonal_x16": Habits(members=6000, season=december(16)),
}


def alerts(draws: int = 4) -> Iterator[Bar]:
    """Yield how often a figure leaves its band in a year in which nothing happened, and how often a fall of a fifth is found in 14 days."""
    for name, habits in {**CHAINS, "steady, small (900 members)": SHOPS["steady"]}.items():
        alarms, tried, found = 0, 0, 0
        for seed in range(70, 70 + draws):
            days = days_of(habits, seed)
            scores = band_scores(days, last=365)
            assert scores is not None
            out = np.flatnonzero(np.abs(scores.score) > LIMIT)
            alarms += int((np.diff(out, prepend=-99) > WINDOW).sum())
            for at in range(800, 1070, 27):
                fallen = days.copy()
                fallen[at:] *= 0.8
                after = band_scores(fallen[: at + WINDOW], last=WINDOW)
                assert after is not None
                tried, found = tried + 1, found + bool((after.score < -LIMIT).any())
        is_small, is_steep = "small" in name, "16" in name
        yield f"alerts, {name}: left by chance, times a year and figure ({draws} years)", alarms / draws, None, None if is_small else 1.0
        what = f"alerts, {name}: a fall of a fifth found within 14 days, of {tried}"
        yield what, found / tried, None if is_small or is_steep else 0.8, None


PARTS = {"goals": goals, "alerts": alerts, "calls": calls, "by_guide": by_guide, "books": books, "lists": lists, "real": real}


def main() -> int:
    """Print every figure beside its bar; 1 if one is missed."""
    missed = 0
    for name in sys.argv[1:] or PARTS:
        for what, value, least, most in PARTS[name]():
            fails = (least is not None and value < least) or (most is not None and value > most)
            missed += fails
            bar = " ".join(f"{word} {end:g}" for word, end in (("from", least), ("to", most)) if end is not None)
            print(f"{what:<100} {value:8.3f}  {bar:<18} {'' if not bar else 'FAIL' if fails else 'PASS'}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
