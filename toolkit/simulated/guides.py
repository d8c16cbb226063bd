"""The guides of a shop: whose book a member is in, who served, who was called. Nothing is planted: guides differ in nothing but luck.

Model:
- three guides a store; each member is in the book of one of their home store's with chance 0.9, else in nobody's;
- an order at the store was served by the member's own guide with chance 0.7 where they work there, else by any of the store's; orders of
  other channels by nobody;
- the last guide of the first store left 60 days before the last receipt, and has served nobody since;
- each day of the last 60, one member of each guide's book in thirty is called: nobody answers (0.5), reached (0.4), refused (0.1); no call
  changes anything.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

PER_STORE, IN_A_BOOK, OWN_GUIDE, GONE_DAYS, CALLED_A_DAY = 3, 0.9, 0.7, 60, 1 / 30
OUTCOMES, OUTCOME_SHARES = ("called", "reached", "refused"), (0.5, 0.4, 0.1)


def guide_tables(members: pl.DataFrame, end: date, rng: np.random.Generator) -> dict[str, pl.DataFrame]:
    """Return `guides` and `guide_calls`, and under `members` the members with their `guide_id`."""
    stores = members["home_store_id"].drop_nulls().unique().sort()
    ids = [f"{store}-g{number}" for store in stores for number in range(1, PER_STORE + 1)]
    gone = ids[PER_STORE - 1]
    guides = pl.DataFrame(
        {
            "guide_id": ids,
            "name": [f"Guide {one}" for one in ids],
            "store_id": [one.rpartition("-")[0] for one in ids],
            "left_on": [end - timedelta(days=GONE_DAYS) if one == gone else None for one in ids],
        },
        schema_overrides={"left_on": pl.Date},
    )
    number = pl.Series(rng.integers(1, PER_STORE + 1, members.height).astype(str))
    has_one = pl.Series(rng.random(members.height) < IN_A_BOOK)
    booked = members.with_columns(guide_id=pl.when(has_one).then(pl.concat_str("home_store_id", pl.lit("-g"), number)))
    book = booked.select("member_id", "guide_id").filter(pl.col("guide_id") != gone).drop_nulls()
    days = pl.DataFrame({"called_on": pl.date_range(end - timedelta(days=GONE_DAYS - 1), end, eager=True)})
    calls = book.join(days, how="cross").filter(pl.Series(rng.random(book.height * days.height) < CALLED_A_DAY))
    outcome = pl.Series("outcome", rng.choice(OUTCOMES, calls.height, p=OUTCOME_SHARES), dtype=pl.String)
    return {
        "guides": guides,
        "guide_calls": calls.with_columns(outcome).select("member_id", "called_on", "outcome", "guide_id"),
        "members": booked,
    }


def write_served(folder: Path, members: pl.DataFrame, guides: pl.DataFrame, rng: np.random.Generator) -> None:
    """Write the lines that stand in the folder anew with who served: `guide_id`, the same on all lines of an order."""
    gone = guides.filter(pl.col("left_on").is_not_null()).row(0, named=True)
    own = members.select("member_id", own="guide_id").drop_nulls()
    for path in sorted((folder / "lines").glob("*.parquet")):
        lines = pl.read_parquet(path)
        orders = lines.select("order_id", "store_id", "member_id", "ordered_at", "channel").unique("order_id", maintain_order=True)
        orders = orders.join(own, on="member_id", how="left", maintain_order="left")
        by_own = pl.col("own").str.starts_with(pl.concat_str("store_id", pl.lit("-g"))) & pl.Series(rng.random(orders.height) < OWN_GUIDE)
        anybody = pl.concat_str("store_id", pl.lit("-g"), pl.Series(rng.integers(1, PER_STORE + 1, orders.height).astype(str)))
        served = pl.when(pl.col("channel") == "store").then(pl.when(by_own.fill_null(False)).then("own").otherwise(anybody))
        orders = orders.with_columns(guide_id=served)
        is_gone = (pl.col("guide_id") == gone["guide_id"]) & (pl.col("ordered_at").dt.date() > gone["left_on"])
        first = pl.concat_str("store_id", pl.lit("-g1"))
        orders = orders.with_columns(guide_id=pl.when(is_gone).then(first).otherwise("guide_id"))
        lines.join(orders.select("order_id", "guide_id"), on="order_id", how="left", maintain_order="left").write_parquet(path)
