"""Why members do not come again, on shops in which what loses them was planted, through the front door (`benchmarks/leaving_shops.py`).

    python -m benchmarks.truth_why             all shops, the strange shops, then The Complete Journey
    python -m benchmarks.truth_why --shops 1   as many draws of each (3 without it; 0 = only the strange shops and the real one)

Bars: of planted goods at least 85% called, of those called at most 10% false (goods that only look like one are in every shop, and may be
called in none); nobody asked and no offer that fits, which campaigns tell whose control group chance drew, found in 85% of the shops where
they were planted and in at most 10% of the others; parts add up to the cent and the member; where nothing is planted no cause and no good is
called, and in the strange shops (`benchmarks/strange_shops.py`: goods at random, members who leave at random) none but the store that closes.
Printed without a bar: how often the other causes planted are found, how often one that is not, and how much is not explained. Exit code 1 if
a bar fails.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

import toolkit as tk
from benchmarks.leaving_shops import CAUSES, RISEN, leaving_shop
from benchmarks.strange_shops import imported, strange_shop
from toolkit.targeting.measures.touched import WORDS
from toolkit.targeting.why_low import FOUND, LOST, REST
from toolkit.workspace import Workspace

PLANTED: tuple[tuple[str, ...], ...] = (
    (), ("goods",), ("goods", "feedback", "stock"), ("goods", "returns"), ("services", "store"), ("prices",), ("deals",), ("asked",), ("asked", "offer"), ("goods", "asked"),
)  # fmt: skip

ASKS = ("asked", "offer")
"""Causes that are told from campaigns whose control group chance drew."""
STRANGE = {"store_closes": "store"} | dict.fromkeys(
    ("steady", "seasonal_x3", "seasonal_x16", "uci_like", "price_change", "new_ids", "source_stops", "one_product", "growing", "gap"), ""
)
"""Shops, and the cause that is there."""
ASKED = date(2024, 9, 30)


@dataclass
class Tally:
    """What was counted over all shops."""

    planted_goods: int = 0
    found_goods: int = 0
    called_goods: int = 0
    false_goods: int = 0
    causes: dict[str, list[bool]] = field(default_factory=dict)
    false_causes: int = 0
    asks_tested: int = 0
    false_asks: int = 0
    causes_tested: int = 0
    null_shops: int = 0
    null_claims: int = 0
    not_adding_up: int = 0
    strange_claims: int = 0
    rests: list[tuple[float, float]] = field(default_factory=list)


def adds_up(table: pl.DataFrame) -> bool:
    """Say whether the parts of an answer are the whole, in members and in money."""
    whole, parts = table.filter(pl.col("cause") == LOST), table.filter(pl.col("cause") != LOST)
    money = abs(whole["at_stake_spend"][0] - parts["at_stake_spend"].sum()) < 0.005
    return money and whole["part_count"][0] == parts["part_count"].sum()


def found_causes(table: pl.DataFrame) -> set[str]:
    """Return the causes that an answer calls."""
    called = set(table.filter(pl.col("reading") == FOUND)["cause"])
    return {name for name, words in WORDS.items() if words in called}


def strange(tally: Tally) -> None:
    """Ask the strange shops and print what is called in each."""
    for name, there in STRANGE.items():
        with tempfile.TemporaryDirectory() as folder:
            answer = tk.targeting.why_low(imported(strange_shop(name), Path(folder), as_of=ASKED, goods=name != "one_product"))
        called = found_causes(answer.table)
        tally.strange_claims += len(called - {there})
        tally.not_adding_up += answer.table.height > 0 and not adds_up(answer.table)
        print(f"{name:<22} called: {', '.join(sorted(called)) or 'none'}. {answer.headline}", flush=True)


def counted(tally: Tally, ws: Workspace, planted: tuple[str, ...], bad: tuple[str, ...]) -> str:
    """Add what the pages of a shop say, and return its line."""
    answer = tk.targeting.why_low(ws)
    tally.not_adding_up += sum(not adds_up(one.table) for one in (answer, tk.targeting.why_low(ws, store_id="S1")))
    called = set(tk.targeting.losing_goods(ws).table["good"])
    false = called - set(bad) - (set(RISEN) if "prices" in planted else set())  # what became dearer loses people in truth
    tally.planted_goods += len(bad)
    tally.found_goods += len(called & set(bad))
    tally.called_goods += len(called)
    tally.false_goods += len(false)
    found = found_causes(answer.table)
    for name in CAUSES[1:]:
        if name in planted:
            tally.causes.setdefault(name, []).append(name in found)
        else:
            tally.causes_tested += 1
            tally.false_causes += name in found
            tally.asks_tested += name in ASKS
            tally.false_asks += name in found and name in ASKS
    if not planted:
        tally.null_shops += 1
        tally.null_claims += bool(found)
    rest, whole = (answer.table.filter(pl.col("cause") == one).row(0, named=True) for one in (REST, LOST))
    shares = (rest["part_count"] / whole["part_count"], rest["at_stake_spend"] / whole["at_stake_spend"])
    tally.rests.append(shares)
    return (
        f"lost {whole['part_count']:5d}; goods {len(called & set(bad))} of {len(bad)}, false {sorted(false) or 0}; causes "
        f"{', '.join(sorted(found)) or 'none'}; not explained {shares[0]:+.0%} of members, {shares[1]:+.0%} of money"
    )


def weak(extra: float, draws: int) -> None:
    """Print how many goods are called that take fewer: what the test can see, without a bar."""
    found = planted = called = 0
    for seed in range(201, 201 + draws):
        shop = leaving_shop(seed=seed, planted=("goods",), members=3000, extra=extra)
        with tempfile.TemporaryDirectory() as folder:
            goods = set(tk.targeting.losing_goods(shop.imported(Path(folder))).table["good"])
        found, planted, called = found + len(goods & set(shop.bad)), planted + len(shop.bad), called + len(goods)
    print(f"goods that take {extra:.0%} of their buyers: {found} of {planted} called, {called - found} false", flush=True)


def bars(tally: Tally) -> Iterator[tuple[str, float, float | None, float | None]]:
    """Yield each figure with the least and the most that it may be."""
    yield f"strange shops: causes called that are not there, of {len(STRANGE)} shops", tally.strange_claims, None, 0
    yield "answers whose parts do not add up", tally.not_adding_up, None, 0
    if not tally.rests:
        return
    yield f"planted goods that are called, share of {tally.planted_goods}", tally.found_goods / tally.planted_goods, 0.85, None
    yield f"goods called that are false, share of {tally.called_goods}", tally.false_goods / max(tally.called_goods, 1), None, 0.10
    yield f"shops with nothing planted in which something is called, of {tally.null_shops}", tally.null_claims, None, 0
    for name, hits in tally.causes.items():
        yield f"planted, {name}: found in so many of {len(hits)} shops", sum(hits), 0.85 * len(hits) if name in ASKS else None, None
    false = tally.false_asks / max(tally.asks_tested, 1)
    yield f"nobody asked, no offer that fits: called where not planted, share of {tally.asks_tested}", false, None, 0.10
    yield f"causes not planted and called, of {tally.causes_tested}", tally.false_causes, None, None
    members, money = (max(abs(one[place]) for one in tally.rests) for place in (0, 1))
    yield "not explained, largest share of members; causes that were not found are in it", members, None, None
    yield "not explained, largest share of money", money, None, None


def journey(folder: Path) -> None:
    """Print what the pages say of The Complete Journey's receipts, where its package is installed."""
    try:
        tk.import_receipts("complete-journey", folder / "ws")
    except tk.ToolkitError as error:
        print(f"The Complete Journey: {error}")
        return
    ws = Workspace(folder / "ws")
    for answer in (tk.targeting.why_low(ws), tk.targeting.losing_goods(ws)):
        print(f"The Complete Journey: {answer.headline}")
        for row in answer.table.iter_rows(named=True):
            told = [(name, value) for name, value in row.items() if value is not None and name not in ("todo", "question")]
            print("  " + "; ".join(f"{name} {value:,.2f}" if isinstance(value, float) else f"{name} {value}" for name, value in told))


def main() -> int:
    """Print every shop's line and every figure beside its bar; 1 if one is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--shops", type=int, default=3)
    tally, missed, draws = Tally(), 0, parser.parse_args().shops
    for planted in PLANTED:
        for seed in range(101, 101 + draws):
            shop = leaving_shop(seed=seed, planted=planted, members=3000)
            with tempfile.TemporaryDirectory() as folder:
                line = counted(tally, shop.imported(Path(folder)), planted, shop.bad)
            print(f"{'+'.join(planted) or 'nothing':<22} {seed}: {line}", flush=True)
    for extra in (0.12, 0.06, 0.03) if draws else ():
        weak(extra, draws)
    strange(tally)
    for what, value, least, most in bars(tally):
        is_missed = (least is not None and value < least) or (most is not None and value > most)
        verdict = "" if least is None and most is None else "FAIL" if is_missed else "PASS"
        missed += is_missed
        bar = f"at least {least}" if least is not None else f"at most {most}" if most is not None else ""
        print(f"{what:<90} {value:8.3f}  {bar:<14} {verdict}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        journey(Path(folder))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
