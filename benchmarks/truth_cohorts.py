"""Cohorts on short receipts, through the front door: how many of a month's first-seen members were members before, and who comes again.

    python benchmarks/truth_cohorts.py [SHOP ...]

The shops know the whole history; the question sees the last year (or 14 weeks). Each line: a month, the share of its first-seen members who
had ordered before the receipts start, as answered and in truth. Then the share that came again, of all first seen as answered against of
those who were new in truth. A record, without a bar: pauses longer than the receipts cannot be seen by anybody.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

import polars as pl

import toolkit as tk
from benchmarks.strange_shops import StrangeShop, imported, strange_shop

SHOPS = ("uci_like", "sparse", "steady", "mixed", "b2b")
LAST = date(2024, 9, 30)


def truth(shop: StrangeShop, first: date, last: date = LAST) -> pl.DataFrame:
    """Return each member first seen in the receipts: `cohort`, `is_old`, `first`, `again` (days until they came again)."""
    days = shop.lines.select("member", pl.col("day").cast(pl.Date)).unique().filter(pl.col("day") <= last)
    old = days.filter(pl.col("day") < first)["member"].unique()
    seen = days.filter(pl.col("day") >= first).sort("member", "day").group_by("member", maintain_order=True)
    members = seen.agg(pl.col("day").first().alias("first"), (pl.col("day").get(1, null_on_oob=True)).alias("second"))
    return members.select(
        pl.col("first").dt.strftime("%Y-%m").alias("cohort"),
        pl.col("member").is_in(old.implode()).alias("is_old"),
        "first",
        (pl.col("second") - pl.col("first")).dt.total_days().alias("again"),
    )


def measure(name: str, days: int) -> None:
    """Print the lines of a shop whose receipts cover the last `days`."""
    first = LAST - timedelta(days=days - 1)
    shop = strange_shop(name)
    with tempfile.TemporaryDirectory() as folder:
        table = tk.targeting.cohorts(imported(shop, Path(folder), as_of=LAST, first_day=first)).table
    members = truth(shop, first)
    shares = dict(members.group_by("cohort").agg(pl.col("is_old").mean()).iter_rows())
    answered = table.unique("cohort").sort("cohort").select("cohort", "earlier_share").drop_nulls()
    print(f"{name}, {days} days: members before, answered / in truth")
    print("  " + "  ".join(f"{cohort} {share:.2f}/{shares[cohort]:.2f}" for cohort, share in answered.iter_rows()))
    apart = [abs(share - shares[cohort]) for cohort, share in answered.iter_rows()]
    print(f"  mean distance {sum(apart) / len(apart):.3f} over {len(apart)} months" if apart else "  not told", flush=True)
    for horizon in (30, 60, 90, 180):
        row = table.filter((pl.col("horizon_days") == horizon) & (pl.col("followed_count") >= 10)).sort("cohort")
        new = members.filter(
            ~pl.col("is_old"), pl.col("first") <= LAST - timedelta(days=horizon), pl.col("cohort").is_in(row["cohort"].implode())
        )
        if row.height and new.height:
            last = row.tail(1).row(0, named=True)
            young = new.filter(pl.col("cohort") == last["cohort"])
            share = (young["again"] <= horizon).fill_null(False).mean() if young.height else float("nan")
            shown = "hidden" if last["again_share"] is None else f"{last['again_share']:.3f}"
            print(
                f"  {horizon} days, {last['cohort']}: came again {shown} (n {last['followed_count']}), new in truth {share:.3f} (n {young.height})"
            )


def main(names: list[str]) -> int:
    """Print every shop with a year and with 14 weeks of receipts."""
    for name in names or SHOPS:
        for days in (373, 98):
            measure(name, days)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
