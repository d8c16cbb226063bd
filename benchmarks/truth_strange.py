"""Forecasts and slipping on shops unlike ours, through the front door: mapping -> import -> question, against what really came.

    python benchmarks/truth_strange.py [SHOP ...]

One row a shop, figure by figure over the month-ends asked: the least and the most of promised over received, and how many lay within the
bar. Ends with 1 where a bar is missed. Bars: docs/DEFINITIONS.md section 5; none was moved after looking.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

import polars as pl

import toolkit as tk
from benchmarks.strange_shops import STRANGE, StrangeShop, imported, received, strange_shop
from toolkit.workspace import Workspace

CUTS = (date(2024, 1, 31), date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30))
HISTORY_DAYS = 670
"""22 months: one season behind each cut, and the weeks of a year ago with a quarter before them."""
PROMISED, PRECISION, MOST_BACK = (0.85, 1.15), 0.75, 0.10


def slipping_of(shop: StrangeShop, ws: Workspace, as_of: date) -> tuple[float | None, float | None]:
    """Return the shares of those called slipping who do not buy in the coming quarter, and who buy within their own usual pause."""
    named = tk.targeting.slipping(ws, top=0).table.select(member="member_id")
    if named.height < 20:
        return None, None
    days = shop.lines.select("member", "day").unique().sort("member", "day")
    pause = (pl.col("day") - pl.col("day").shift(1).over("member")).dt.total_days()
    usual = days.filter(pl.col("day") <= as_of).with_columns(pause=pause).group_by("member").agg(pl.col("pause").median())
    coming = days.filter(pl.col("day") > as_of).group_by("member").agg((pl.col("day").min() - pl.lit(as_of)).dt.total_days().alias("wait"))
    told = named.join(usual, on="member", how="left").join(coming, on="member", how="left")
    stays_away = (pl.col("wait").is_null() | (pl.col("wait") > 91)).mean()
    return told.select(stays_away, back=(pl.col("wait") <= pl.col("pause")).fill_null(False).mean()).row(0)


def measure(shop: StrangeShop) -> dict[str, list[float]]:
    """Return the figures of a shop at each cut; a figure that is refused there is left out."""
    found: dict[str, list[float]] = {"buy in 28 days": [], "spend in 91 days": [], "slipping stay away": [], "slipping come as usual": []}
    for as_of in CUTS:
        first = as_of - timedelta(days=HISTORY_DAYS - 1)
        with tempfile.TemporaryDirectory() as folder:
            ws = imported(shop, Path(folder), as_of=as_of, first_day=first)
            value = tk.portrait.lifetime_value(ws).figures
            for name, figure, days, place in (("buy in 28 days", "expected_buyers", 28, 0), ("spend in 91 days", "expected_spend", 91, 1)):
                if value.get(figure) is not None:
                    found[name].append(value[figure] / received(shop, as_of, days, first_day=first)[place])
            away, back = slipping_of(shop, ws, as_of)
            if away is not None and back is not None:
                found["slipping stay away"].append(away)
                found["slipping come as usual"].append(back)
    return found


def is_met(name: str, value: float) -> bool:
    """Say whether a value lies within its bar."""
    if name == "slipping stay away":
        return value >= PRECISION
    return value <= MOST_BACK if name == "slipping come as usual" else PROMISED[0] <= value <= PROMISED[1]


def main(names: list[str]) -> int:
    """Print the table; return 1 where a bar is missed."""
    missed = 0
    print(f"{'shop':14} {'figure':24} {'least':>6} {'most':>6}  within the bar")
    for shop_name in names or STRANGE:
        for name, values in measure(strange_shop(shop_name)).items():
            met = sum(is_met(name, value) for value in values)
            missed += met < len(values)
            ends = f"{min(values):6.2f} {max(values):6.2f}" if values else f"{'-':>6} {'-':>6}"
            print(f"{shop_name:14} {name:24} {ends}  {met} of {len(values)}{'' if met == len(values) else '  MISSED'}", flush=True)
    print(f"{missed} figures miss their bar")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
