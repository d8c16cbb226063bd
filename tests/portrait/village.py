"""A village of 240 members over 400 days, seeded: enough of them, and of their days, for what the ladder is too small for.

    v000-v019   buy cat food on every visit, the others never do
    v020-v039   buy everything at the dear price, the others mostly at the cheap one
    v040-v059   buy everything on discount and use a coupon on every second visit
    v060-v079   stopped coming 150 days ago (lapsed)
    v080-v089   came for the first time in the last 40 days (new)
    v090-v099   were away from day -300 to day -20 (returned)
    the rest    come every week or so

Everybody buys milk, and bread, soap or tea, at 2.00 (cheap) or 6.00 (dear). Even members shop in s1, odd ones in s2.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

import numpy as np
import polars as pl

from tests.shop import AS_OF

MEMBERS, DAYS = 240, 400
SPAN = {range(60, 80): (150, DAYS), range(80, 90): (0, 40)}


def village_lines(seed: int = 7) -> pl.DataFrame:
    """Return the receipt lines of the village."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(MEMBERS):
        start, end = next((span for members, span in SPAN.items() if who in members), (0, DAYS))
        visits = np.cumsum(rng.integers(4, 11, DAYS)) + start
        for visit, ago in enumerate(visits[visits < end]):
            if 90 <= who < 100 and 20 < ago < 300:
                continue
            rows += _basket(rng, who, visit, int(ago))
    names = ["member_id", "order_id", "store_id", "product_id", "days", "hour", "amount", "discount_amount", "coupon_amount"]
    frame = pl.DataFrame(rows, orient="row", schema=names)
    at = [datetime.combine(AS_OF, time(hour)) - timedelta(days=days) for days, hour in frame.select("days", "hour").iter_rows()]
    return frame.with_columns(
        pl.Series("ordered_at", at, dtype=pl.Datetime("us")), pl.lit(1.0).alias("quantity"), pl.lit(None, pl.String).alias("channel")
    ).drop("days", "hour")


def _basket(rng: np.random.Generator, who: int, visit: int, ago: int) -> list[tuple]:
    goods = ["milk", str(rng.choice(["bread", "soap", "tea"]))] + (["cat"] if who < 20 else [])
    hour, order = int(rng.integers(9, 19)), f"o{who:03d}-{visit:03d}"
    lines = []
    for number, good in enumerate(goods):
        is_dear = 20 <= who < 40 or (who >= 60 and rng.random() < 0.2)
        on_discount = 40 <= who < 60 or (who >= 60 and rng.random() < 0.2)
        coupon = 0.5 if number == 0 and 40 <= who < 60 and visit % 2 == 0 else 0.0
        product, price = (f"{good}-dear", 6.0) if is_dear else (f"{good}-cheap", 2.0)
        lines.append((f"v{who:03d}", order, f"s{1 + who % 2}", product, ago, hour, price, 0.5 * on_discount, coupon))
    return lines


def village_products() -> pl.DataFrame:
    """Return the products: five categories, two price levels each."""
    categories = {"milk": "FRESH MILK", "bread": "BREAD", "soap": "SOAP", "tea": "TEAS", "cat": "CAT FOOD"}
    return pl.DataFrame(
        [(f"{good}-{level}", category, True) for good, category in categories.items() for level in ("cheap", "dear")],
        schema=["product_id", "category", "counted"],
        orient="row",
    )
