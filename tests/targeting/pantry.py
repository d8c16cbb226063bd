"""A pantry shop, seeded: 150 members who come weekly for a year, and what goes together in it is known.

    salt          in every order
    pasta, sauce  pasta in one order of four; whoever takes pasta takes sauce in six of ten
    tea, jam, oil, rice, soap, nuts   at random, in one order of four or five
    wine          the first 30 members take it in one order of two, the others in one of twenty
    yoghurts      yog-a1 yog-a2 | yog-b1 yog-b2: a member has a pair of them and switches within it
    cheese        by weight: never counted

The first 30 members (p000 to p029) spend twice as much. `loner` has one order; `caterer` buys 500 products at once, three times; passers-by
buy salt and tea. Even members shop in s1, odd ones in s2; every third order is by app.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

import numpy as np
import polars as pl

from tests.shop import AS_OF

MEMBERS, WEEKS = 150, 52
RANDOM = ("tea", "jam", "oil", "rice", "soap", "nuts")


def pantry_lines(seed: int = 3) -> pl.DataFrame:
    """Return the receipt lines of the pantry."""
    rng = np.random.default_rng(seed)
    rows: list[tuple] = []
    for who in range(MEMBERS):
        for week in range(WEEKS):
            if rng.random() < 0.15:
                continue
            goods = ["salt", *[good for good in RANDOM if rng.random() < 0.22]]
            if rng.random() < 0.25:
                goods += ["pasta", *(["sauce"] if rng.random() < 0.6 else [])]
            elif rng.random() < 0.1:
                goods.append("sauce")
            if rng.random() < (0.5 if who < 30 else 0.05):
                goods.append("wine")
            if rng.random() < 0.4:
                goods.append(f"yog-{'ab'[who % 4 // 2]}{rng.integers(1, 3)}")
            if rng.random() < 0.2:
                goods.append("cheese")
            rows += _order(
                f"p{who:03d}", f"o{who:03d}-{week:02d}", f"s{1 + who % 2}", 7 * week, goods, 2.0 if who < 30 else 1.0, week % 3 == 0
            )
    rows += _order("loner", "l1", "s1", 3, ["salt", "tea"], 1.0, False)
    for number in range(3):
        rows += _order("caterer", f"c{number}", "s2", 10 * number, [f"bulk{good:03d}" for good in range(500)], 0.1, False)
        rows += _order(None, f"n{number}", "s1", number, ["salt", "tea"], 1.0, False)
    names = ["member_id", "order_id", "store_id", "product_id", "days", "quantity", "amount", "channel"]
    frame = pl.DataFrame(rows, orient="row", schema=names)
    at = [datetime.combine(AS_OF, time(12)) - timedelta(days=days) for days in frame["days"]]
    return frame.with_columns(
        pl.Series("ordered_at", at, dtype=pl.Datetime("us")), pl.lit(0.0).alias("discount_amount"), pl.lit(0.0).alias("coupon_amount")
    ).drop("days")


def _order(who: str | None, order: str, store: str, days: int, goods: list[str], price: float, by_app: bool) -> list[tuple]:
    channel = "app" if by_app else "till"
    return [(who, order, store, good, days, 0.5 if good == "cheese" else 1.0, price, channel) for good in goods]


def pantry_products() -> pl.DataFrame:
    """Return the products: a category each, but for the yoghurts and the caterer's goods."""
    single = ["salt", "pasta", "sauce", "wine", *RANDOM]
    rows = [(good, good.upper(), f"{good.capitalize()} pack", "house", True) for good in single]
    rows += [(f"yog-{kind}{number}", "YOGHURT", "Yoghurt", f"brand {kind}", True) for kind in "ab" for number in (1, 2)]
    rows += [("cheese", "CHEESE", "Cheese", "dairy", False)]
    rows += [(f"bulk{number:03d}", f"BULK {number % 50:02d}", "Bulk", "none", True) for number in range(500)]
    return pl.DataFrame(rows, schema=["product_id", "category", "name", "brand", "counted"], orient="row")
