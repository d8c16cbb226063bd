"""What a tier changes and what points will cost, on shops in which it was planted.

    python -m benchmarks.truth_membership              300 shops a kind for the cut-off, 30 a kind for the points
    python -m benchmarks.truth_membership --shops 60   fewer (points: a tenth of it, 4 at least)

Bars: of the intervals at the cut-off 92 to 98% hold what was planted, over shops that differ in size, in what is counted (money, orders) and
in looks (one, or four with the same members); with nothing planted at most 7% of shops are told of a change; members who crowd above
the cut are seen in at least 90% of shops in which three tenths of those just below cross over, and crowding is called in at most 7% of shops without any. What is burnt
later lies within the 80% interval in at least 75% of shops; parts of an account add up to the point in all. Printed without a bar: a design with
a curve that no shop has (Lee), in which the method is known to cover less. Exit code 1 if a bar fails.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date, timedelta

import numpy as np
import polars as pl

from toolkit.models.discontinuity import bunching_at, jump_at
from toolkit.models.point_lots import balances, point_lots, redemption

START, KNOWN_DAYS, AHEAD_DAYS = date(2022, 1, 1), 1000, 364
KINDS = ("money", "money, four looks", "orders", "lee")
SIZES = (800, 3000, 10_000)
ACCOUNTS = (
    {"burn": 0.15, "expire": 365},
    {"burn": 0.3, "expire": 100_000},
    {"burn": 0.1, "expire": 180, "least": 100, "whole": False},
    {"burn": 0.2, "expire": 730},
)


def members_at_cut(
    rng: np.random.Generator, kind: str, count: int, planted: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, float]:
    """Return what was counted, what was spent after, who (of several looks) and the cut-off; the jump there is `planted`."""
    if kind == "lee":  # Calonico, Cattaneo and Titiunik (2014), model 1, made smooth at the cut
        x = 2 * rng.beta(2, 4, count) - 1
        left = 0.48 + 1.27 * x + 7.18 * x**2 + 20.21 * x**3 + 21.54 * x**4 + 7.33 * x**5
        right = 0.48 + 0.84 * x - 3.00 * x**2 + 7.99 * x**3 - 9.01 * x**4 + 3.56 * x**5
        return x, np.where(x < 0, left, right) + planted * 0.1295 / 60 * (x >= 0) + rng.normal(0, 0.1295, count), None, 0.0
    if kind == "orders":
        pace = rng.gamma(1.5, 12, count)
        x = rng.poisson(pace).astype(float)
        return x, rng.gamma(1.5, 20, count) * rng.poisson(pace / 4) + planted * (x >= 30), None, 30.0
    looks = 4 if kind.endswith("looks") else 1
    people = count // looks
    usual = rng.lognormal(5.6, 0.9, people)
    who = np.tile(np.arange(people), looks)
    x = usual[who] * rng.lognormal(0, 0.3, who.size)
    comes = rng.random(who.size) < 0.9 - 0.6 * np.exp(-usual[who] / 150)
    y = np.where(comes, rng.gamma(1.5, 0.2 * usual[who] / 1.5), 0.0) + planted * (x >= 500)
    return x, y, who if looks > 1 else None, 500.0


def cut_off(shops: int) -> dict[str, tuple[float, float, int]]:
    """Print coverage, size and crowding by kind and members; return what the bars need, each as (hits, shops)."""
    sums = {name: [0, 0] for name in ("cover", "told", "crowd", "seen")}
    for kind in KINDS:
        for count in SIZES:
            mine = {name: [0, 0] for name in sums}
            widths = []
            for seed in range(shops // 3):
                rng = np.random.default_rng([seed, count, KINDS.index(kind)])
                for planted in (0.0, 60.0):
                    x, y, who, cut = members_at_cut(rng, kind, count, planted)
                    jump = jump_at(x, y, cut, groups=who)
                    if jump is None:
                        continue
                    truth = planted * 0.1295 / 60 if kind == "lee" else planted
                    mine["cover"][0] += jump.low <= truth <= jump.high
                    mine["cover"][1] += 1
                    widths.append(jump.high - jump.low)
                    if planted:
                        continue
                    mine["told"][0] += jump.is_told
                    mine["told"][1] += 1
                    if who is None and kind != "lee":
                        width = min(1.5 * jump.bandwidth, cut / 2)  # as review.tier_effect looks
                        crowd = bunching_at(x, cut, width)
                        mine["crowd"][0] += crowd is not None and crowd.p_value < 0.05
                        mine["crowd"][1] += 1
                        if count >= 3000:
                            moves = (x < cut) & (x > cut - 0.15 * cut) & (rng.random(x.size) < 0.3)
                            step = (
                                np.ceil(rng.uniform(0, 0.03 * cut, x.size)) - 1 if kind == "orders" else rng.uniform(0, 0.03 * cut, x.size)
                            )
                            seen = bunching_at(np.where(moves, cut + step, x), cut, width)
                            mine["seen"][0] += seen is not None and seen.p_value < 0.05
                            mine["seen"][1] += 1
            told = {name: f"{hits / n:.3f} of {n}" if n else "-" for name, (hits, n) in mine.items()}
            print(f"cut-off, {kind:<18} {count:6d} rows: " + "; ".join(f"{name} {text}" for name, text in told.items())
                  + f"; mean width {np.mean(widths) if widths else float('nan'):.3g}", flush=True)  # fmt: skip
            for name, (hits, n) in mine.items():
                if kind != "lee":
                    sums[name][0] += hits
                    sums[name][1] += n
    return {name: (hits / max(n, 1), float(n), n) for name, (hits, n) in sums.items()}


def account(
    rng: np.random.Generator, members: int, days: int, *, burn: float, expire: int, least: int = 200, whole: bool = True
) -> pl.DataFrame:
    """Return the entries of a shop's points: members earn at a pace and burn with a chance of their own, and leave."""
    rows: list[tuple[int, int, str, int]] = []
    pace, own = rng.gamma(1.2, 1 / 24, members), rng.beta(2, 2 * (1 - burn) / burn, members)
    joined = rng.integers(-400, int(days * 0.9), members)
    leaves = joined + rng.exponential(500, members)
    for who in range(members):
        at, lots = float(max(joined[who], 0)), list[tuple[int, int]]()
        while (at := at + 1 + rng.exponential(1 / max(pace[who], 1 / 365))) < min(days, max(leaves[who], 0)):
            day = int(at)
            rows += [(who, born + expire, "expired", size) for born, size in lots if born + expire <= day]
            lots = [(born, size) for born, size in lots if born + expire > day]
            held = sum(size for _, size in lots)
            if held >= least and rng.random() < own[who]:
                left = held if whole else least
                rows.append((who, day, "burnt", left))
                kept = []
                for born, size in lots:
                    taken = min(size, left)
                    left -= taken
                    kept += [(born, size - taken)] * (size > taken)
                lots = kept
            earned = int(rng.gamma(2, 15)) + 1
            rows.append((who, day, "earned", earned))
            lots.append((day, earned))
        rows += [(who, born + expire, "expired", size) for born, size in lots if born + expire < days]
    frame = pl.DataFrame(rows, schema=["member", "off", "kind", "points"], orient="row")
    return frame.select("member", (pl.lit(START) + pl.duration(days="off")).alias("day"), "kind", "points").sort("day", maintain_order=True)


def points(shops: int) -> tuple[float, int, int]:
    """Print how often what was burnt later lies in the interval; return that share, the shops, and how many do not add up."""
    as_of, hits, n, wrong = START + timedelta(days=KNOWN_DAYS), 0, 0, 0
    until = as_of + timedelta(days=AHEAD_DAYS)
    for kind in ACCOUNTS:
        for members in (300, 1500):
            mine, ratios = 0, []
            for seed in range(shops):
                entries = account(np.random.default_rng([seed, members]), members, KNOWN_DAYS + AHEAD_DAYS + 30, **kind)  # type: ignore[arg-type]
                known = entries.filter(pl.col("day") <= as_of)
                lots = point_lots(known)
                forecast = redemption(lots, as_of, AHEAD_DAYS)
                assert forecast is not None
                later = point_lots(entries.filter(pl.col("day") <= until))
                ahead = (pl.col("fate") == "burnt") & (pl.col("born") <= as_of) & (pl.col("ended") > as_of)
                truth = int(later.filter(ahead)["points"].sum())
                mine += forecast.low <= truth <= forecast.high
                ratios.append(forecast.expected / max(truth, 1))
                wrong += int(lots.filter(pl.col("fate").is_null())["points"].sum()) != int(balances(known)["balance"].sum())
            hits, n = hits + mine, n + shops
            print(
                f"points, {kind}, {members} members: within the interval {mine} of {shops}; forecast over truth, mean {np.mean(ratios):.3f}",
                flush=True,
            )
    return hits / n, n, wrong


def main() -> int:
    """Print every kind's line and every figure beside its bar; 1 if one is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--shops", type=int, default=300)
    shops = parser.parse_args().shops
    found = cut_off(shops)
    within, count, wrong = points(max(shops // 10, 4))
    missed = 0
    for what, value, least, most in (
        (f"cut-off: intervals that hold what was planted, of {found['cover'][2]}", found["cover"][0], 0.92, 0.98),
        (f"cut-off: told although nothing was planted, of {found['told'][2]}", found["told"][0], None, 0.07),
        (f"cut-off: crowding called where there is none, of {found['crowd'][2]}", found["crowd"][0], None, 0.07),
        (f"cut-off: crowding seen where three tenths cross over, of {found['seen'][2]}", found["seen"][0], 0.90, None),
        (f"points: burnt later within the 80% interval, of {count}", within, 0.75, None),
        ("points: accounts whose lots are not the balance", wrong, None, 0),
    ):
        is_missed = (least is not None and value < least) or (most is not None and value > most)
        missed += is_missed
        bar = " ".join([f"at least {least}"] * (least is not None) + [f"at most {most}"] * (most is not None))
        print(f"{what:<80} {value:8.3f}  {bar:<30} {'FAIL' if is_missed else 'PASS'}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
