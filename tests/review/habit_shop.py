"""A shop of 400 members who buy by chance, half of them treated in May, with or without a lesson in waiting for offers."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from tests.review.small_campaign import END, campaign_tables
from tests.shop import AS_OF, make_workspace, tiny_products
from toolkit.workspace import Workspace

ARMS = np.where(np.random.default_rng(17).permutation(400) < 200, "treated", "control").tolist()
"""Drawn by chance: a review refuses arms that the ids tell."""


def habit_shop(
    path: Path, *, taught: float = 0.0, seed: int = 3, more: dict[str, pl.DataFrame] | None = None, boosted: bool = False
) -> Workspace:
    """400 members buy every third day or so, on discount with a rate of their own; after END the treated by `taught` more often.

    `boosted`: a second campaign of the weeks after gives the treated, and them alone, discounts on its days.
    """
    rng = np.random.default_rng(seed)
    members = [f"m{number:03d}" for number in range(400)]
    rows = []
    for number, who in enumerate(members):
        rate, treated = rng.beta(2, 4), ARMS[number] == "treated"
        for back in range(250):
            day = AS_OF - timedelta(days=back)
            if rng.random() > 0.3:
                continue
            chance = rate + (taught if treated and day > END else 0.0)
            if boosted and treated and END + timedelta(days=3) <= day <= END + timedelta(days=12):
                chance = 0.95
            amount = round(float(rng.gamma(4, 3)) + 1, 2)
            rows.append((who, day, amount, 1.0 if rng.random() < chance else 0.0, 0.5 if rng.random() < 0.2 else 0.0))
    lines = pl.DataFrame(
        [
            {
                "member_id": who, "order_id": f"o{place:06d}", "store_id": "s1", "product_id": "milk", "ordered_at": datetime.combine(day, time(12)),
                "quantity": 1.0, "amount": amount, "discount_amount": discount, "coupon_amount": coupon, "channel": None,
            }
            for place, (who, day, amount, discount, coupon) in enumerate(rows)
        ],
        schema_overrides={"ordered_at": pl.Datetime("us"), "channel": pl.String},
    )  # fmt: skip
    contacts = pl.DataFrame({"campaign_id": "C1", "member_id": members, "arm": ARMS})
    tables = {"products": tiny_products(), "campaigns": campaign_tables()["campaigns"], "contacts": contacts, **(more or {})}
    return make_workspace(path, lines, tables)
