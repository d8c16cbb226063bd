"""A ladder of ten members: member m0 has ten orders and came today, m9 has one and came 400 days ago; every order is 10.00.

Few gaps have closed, so recency is scored by the stated fallback (30, 90, 180, 365 days):

    member   orders  days ago  R  F  segment (ten)         orders in the last 91 days
    m0       10      0         5  5  champions             10
    m1       9       10        5  5  champions             9
    m2       8       30        5  4  champions             8
    m3       7       31        4  4  loyal                 7
    m4       6       90        4  3  potential loyalists   1
    m5       5       91        3  3  need attention        -
    m6       4       180       3  2  about to sleep        -
    m7       3       200       2  2  hibernating           -
    m8       2       365       2  1  hibernating           -
    m9       1       400       1  1  hibernating           -

A member's orders are on consecutive days. Even members shop in s1, odd ones in s2. `r` only ever returned something (-5.00, s1, 3 days
ago); a passer-by bought for 50.00 in s2, 5 days ago. Each order is two units of milk.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from pathlib import Path

import polars as pl

from tests.shop import AS_OF, make_workspace
from toolkit.workspace import Workspace

DAYS_AGO = (0, 10, 30, 31, 90, 91, 180, 200, 365, 400)
FEW = {"scope": {"minimum_members": 1}}
"""Settings that let a shop of ten be spoken of."""


def ladder_lines() -> pl.DataFrame:
    """Return the receipt lines of the ladder."""
    orders = [(f"m{who}", ago + back, f"s{1 + who % 2}", 2, 10.0) for who, ago in enumerate(DAYS_AGO) for back in range(10 - who)]
    return lines_of([*orders, ("r", 3, "s1", -1, -5.0), (None, 5, "s2", 10, 50.0)])


def lines_of(orders: Sequence[tuple[str | None, int, str, float, float]]) -> pl.DataFrame:
    """Return one line per order: (member, days before AS_OF, store, quantity, amount)."""
    frame = pl.DataFrame(
        [
            {"member_id": who, "order_id": f"o{number}", "store_id": store, "days": days, "quantity": float(units), "amount": float(amount)}
            for number, (who, days, store, units, amount) in enumerate(orders)
        ],
        schema_overrides={"member_id": pl.String},
    )
    noon = datetime.combine(AS_OF, time(12))
    return frame.with_columns(
        pl.Series("ordered_at", [noon - timedelta(days=days) for days in frame["days"]], dtype=pl.Datetime("us")),
        pl.lit("milk").alias("product_id"),
        pl.lit(0.0).alias("discount_amount"),
        pl.lit(0.0).alias("coupon_amount"),
        pl.lit(None, pl.String).alias("channel"),
    ).drop("days")


def shop_of(path: Path, lines: pl.DataFrame, **options: int) -> Workspace:
    """Return a workspace of these lines, with two regions."""
    stores = pl.DataFrame({"store_id": ["s1", "s2"], "name": ["One", "Two"], "region": ["north", "south"]})
    return make_workspace(path / "ws", lines, {"stores": stores}, **options)
