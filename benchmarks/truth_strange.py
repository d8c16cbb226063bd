"""Forecasts and slipping on shops unlike ours, through the front door: mapping -> import -> question, against what really came.

    python benchmarks/truth_strange.py [SHOP ...]            all twelve month-ends (a quarter of an hour)
    python benchmarks/truth_strange.py --quick [SHOP ...]    four of them

One row a shop, figure by figure over the month-ends: the least and the most of promised over received, how many lay within the bar, and how
many were refused, and rightly so by the rule of docs/DEFINITIONS.md section 5; any other refusal is a miss. Ends with 1 where a bar is
missed. Bars: that section; none was moved after looking.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

import polars as pl

import toolkit as tk
from benchmarks.strange_shops import STRANGE, StrangeShop, imported, person, received, strange_shop
from toolkit.settings import Settings
from toolkit.workspace import Workspace

CUTS = tuple(date(2023 + month // 12, month % 12 + 1, 1) - timedelta(days=1) for month in range(10, 22))
"""Every month-end with 22 months of receipts before it and a quarter after it."""
QUICK = tuple(day for day in CUTS if day.year == 2024 and day.month in (1, 3, 6, 9))
HISTORY_DAYS = 670
"""22 months: one season behind each cut, and the weeks of a year ago with a quarter before them."""
PROMISED, PRECISION, MOST_BACK = (0.85, 1.15), 0.75, 0.10


LEAST_NAMED = 20
"""Members called slipping below which shares of them say nothing."""
Found = dict[str, list[float | None]]


def slipping_of(shop: StrangeShop, ws: Workspace, as_of: date) -> tuple[float | None, float | None]:
    """Return the shares of those called slipping who do not buy in the coming quarter, and who buy within their own usual pause."""
    named = tk.targeting.slipping(ws, top=0).table.select(person("member_id"))
    if named.height < LEAST_NAMED:
        return None, None
    days = shop.lines.select(person(), "day").unique().sort("person", "day")
    pause = (pl.col("day") - pl.col("day").shift(1).over("person")).dt.total_days()
    usual = days.filter(pl.col("day") <= as_of).with_columns(pause=pause).group_by("person").agg(pl.col("pause").median())
    coming = days.filter(pl.col("day") > as_of).group_by("person").agg((pl.col("day").min() - pl.lit(as_of)).dt.total_days().alias("wait"))
    told = named.join(usual, on="person", how="left").join(coming, on="person", how="left")
    stays_away = (pl.col("wait").is_null() | (pl.col("wait") > 91)).mean()
    return told.select(stays_away, back=(pl.col("wait") <= pl.col("pause")).fill_null(False).mean()).row(0)


def may_be_refused(shop: StrangeShop, as_of: date, first: date) -> bool:
    """Say whether a forecast may be refused: members could not be followed for the least days of history, by the shop's truth."""
    seen = shop.lines.filter(pl.col("day").is_between(first, as_of))["day"].min()
    new_ids = shop.facts.get("new_ids_on")
    days = [seen] if new_ids is None else [seen, shop.first_day + timedelta(days=new_ids)]  # type: ignore[arg-type]
    since = max(day for day in days if day <= as_of)  # type: ignore[operator]
    return (as_of - since).days + 1 < Settings().lifetime_value.minimum_history_days


def measure(shop: StrangeShop, cuts: tuple[date, ...]) -> tuple[Found, int]:
    """Return the figures of a shop at each cut, null where refused, and at how many cuts a forecast may be refused.

    Shares of those called slipping are left out where fewer than `LEAST_NAMED` are.
    """
    found: Found = {"buy in 28 days": [], "spend in 91 days": [], "slipping stay away": [], "slipping come as usual": []}
    may = 0
    for as_of in cuts:
        first = as_of - timedelta(days=HISTORY_DAYS - 1)
        may += may_be_refused(shop, as_of, first)
        with tempfile.TemporaryDirectory() as folder:
            ws = imported(shop, Path(folder), as_of=as_of, first_day=first)
            value = tk.portrait.lifetime_value(ws).figures
            for name, figure, days, place in (("buy in 28 days", "expected_buyers", 28, 0), ("spend in 91 days", "expected_spend", 91, 1)):
                promised = value.get(figure)
                found[name].append(None if promised is None else promised / received(shop, as_of, days, first_day=first)[place])
            away, back = slipping_of(shop, ws, as_of)
            if away is not None and back is not None:
                found["slipping stay away"].append(away)
                found["slipping come as usual"].append(back)
    return found, may


def is_met(name: str, value: float) -> bool:
    """Say whether a value lies within its bar."""
    if name == "slipping stay away":
        return value >= PRECISION
    return value <= MOST_BACK if name == "slipping come as usual" else PROMISED[0] <= value <= PROMISED[1]


def main(words: list[str]) -> int:
    """Print the table; return 1 where a bar is missed."""
    missed, cuts = 0, QUICK if "--quick" in words else CUTS
    print(f"{'shop':14} {'figure':24} {'least':>6} {'most':>6}  within the bar")
    for shop_name in [word for word in words if word != "--quick"] or STRANGE:
        found, may = measure(strange_shop(shop_name), cuts)
        for name, values in found.items():
            told = [value for value in values if value is not None]
            met, refused = sum(is_met(name, value) for value in told), len(values) - len(told)
            is_missed = met < len(told) or refused > may
            missed += is_missed
            ends = f"{min(told):6.2f} {max(told):6.2f}" if told else f"{'-':>6} {'-':>6}"
            rightly = f", {refused} refused{', and rightly so' if refused <= may else ''}" if refused else ""
            print(f"{shop_name:14} {name:24} {ends}  {met} of {len(told)}{rightly}{'  MISSED' if is_missed else ''}", flush=True)
    print(f"{missed} figures miss their bar")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
