"""A club shop, seeded: 300 members who come for a year, some of whom may not be contacted, and two campaigns of the past.

m000 to m299 come every 3 to 20 days with baskets that differ from member to member; who has a number that ends in 0 must not be contacted
(30), one that ends in 5 is not known (30). Campaign OLD ended long ago; NOW runs until two weeks after the receipts, with m001 to m008
treated and m009, m011 to m013 control; m016 to m019 were contacted by it twice over, by OLD2 too.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tests.shop import AS_OF, make_workspace
from toolkit.workspace import Workspace

MEMBERS = 300
STARTS, ENDS = AS_OF + timedelta(days=8), AS_OF + timedelta(days=35)


def club_lines(seed: int = 5) -> pl.DataFrame:
    """Return the receipt lines of the club."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(MEMBERS):
        gap, size, deal = rng.integers(3, 21), rng.lognormal(2.5, 0.6), rng.random()
        day = int(rng.integers(0, gap))
        while day < 364:
            for good in rng.choice(["tea", "jam", "oil", "soap"], rng.integers(1, 4), replace=False):
                amount = round(float(size * rng.lognormal(0, 0.4)), 2)
                off = round(amount * 0.2, 2) if rng.random() < deal else 0.0
                rows.append((f"m{who:03d}", f"o{who:03d}-{day:03d}", f"s{1 + who % 3}", good, day, amount - off, off))
            day += max(1, int(rng.normal(gap, gap / 3)))
    frame = pl.DataFrame(rows, schema=["member_id", "order_id", "store_id", "product_id", "day", "amount", "discount_amount"], orient="row")
    at = [datetime.combine(AS_OF, time(12)) - timedelta(days=363 - day) for day in frame["day"]]
    return frame.drop("day").with_columns(
        pl.Series("ordered_at", at, dtype=pl.Datetime("us")),
        pl.lit(1.0).alias("quantity"),
        pl.lit(0.0).alias("coupon_amount"),
        pl.lit("till").alias("channel"),
        pl.col("amount").round(2),
    )


def club_tables(*, contactable: bool = True) -> dict[str, pl.DataFrame]:
    """Return the other tables of the club."""
    ids = [f"m{who:03d}" for who in range(MEMBERS)]
    members = pl.DataFrame({"member_id": ids, "contactable": [{0: False, 5: None}.get(who % 10, True) for who in range(MEMBERS)]})
    products = pl.DataFrame(
        {"product_id": ["tea", "jam", "oil", "soap"], "category": ["TEA", "JAM", "OIL", "SOAP"], "unit_cost": [500, 500, 800, 400]}
    )
    campaigns = pl.DataFrame(
        [
            ("OLD", AS_OF - timedelta(days=200), AS_OF - timedelta(days=180), "coupon"),
            ("OLD2", AS_OF - timedelta(days=20), AS_OF - timedelta(days=15), "discount"),
            ("NOW", AS_OF - timedelta(days=10), AS_OF + timedelta(days=14), "coupon"),
        ],
        schema=["campaign_id", "starts_on", "ends_on", "method"],
        orient="row",
    )
    treated = [f"m{who:03d}" for who in (1, 2, 3, 4, 6, 7, 8, 16, 17, 18, 19)]
    contacts = [("OLD", f"m{who:03d}", "treated") for who in range(50)]
    contacts += [("OLD2", f"m{who:03d}", "treated") for who in (16, 17, 18, 19)]
    contacts += [("NOW", member, "treated") for member in treated] + [("NOW", f"m{who:03d}", "control") for who in (9, 11, 12, 13)]
    told = pl.DataFrame(contacts, schema=["campaign_id", "member_id", "arm"], orient="row")
    return {
        "members": members if contactable else members.drop("contactable"), "products": products, "campaigns": campaigns, "contacts": told,
    }  # fmt: skip


def make_club(path: Path, **options: Any) -> Workspace:
    """Write the club as a workspace."""
    return make_workspace(path, club_lines(), club_tables(**options))


def spring(**changes: Any) -> dict[str, Any]:
    """Return the fields of a campaign of the club that can be launched."""
    return {
        "campaign_id": "spring",
        "starts_on": STARTS,
        "ends_on": ENDS,
        "offers": {"ten off": "full_reduction 60/10 | Ten off from sixty", "tea": "discount 10% on TEA"},
        "offer_of": {"sensitivity high, power low": "tea", "*": "ten off"},
        "touchpoints": {"sensitivity high, power low": "mail", "*": "app push"},
        "goals": {"lift": 0.3},
        "cost_fixed": 100.0,
        "cost_per_contact": 0.5,
        **changes,
    }
