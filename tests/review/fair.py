"""A fair: 400 members, a campaign over the last four weeks but four, and everything that can go wrong with one.

Members f000 to f399 order about once a week for half a year, each with a basket size of their own; everybody shops in s1 (even numbers) or
s2 (odd). Unit cost of a good is 60% of its usual price, so margins are 40% of sales, but for what a reduction takes off. The campaign runs
from STARTS to ENDS. Chance (a seeded shuffle) parts the members into treated and control; each order of a treated member in the window gets
`lift` more lines in the mean.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tests.shop import make_workspace
from toolkit.workspace import Workspace

MEMBERS = 400
FIRST = date(2024, 1, 1)
STARTS, ENDS = date(2024, 6, 3), date(2024, 6, 30)
LAST = date(2024, 7, 28)
IDS = [f"f{number:03d}" for number in range(MEMBERS)]


@dataclass
class Fair:
    """The rows of a fair before they are written; a test changes what it needs to."""

    lines: pl.DataFrame
    treated: np.ndarray
    extra: float  # planted: amount per treated member, realised
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)

    def write(self, path: Path) -> Workspace:
        """Return the workspace."""
        return make_workspace(path / "ws", self.lines, self.tables)


def fair(
    *, seed: int = 1, lift: float = 0.0, control_share: float = 0.5, randomised: bool | None = True, arms: np.ndarray | None = None
) -> Fair:
    """Return a fair whose campaign F brought, per treated member, what `extra` says; `arms` (true = treated) instead of a shuffle."""
    rng = np.random.default_rng(seed)
    rate, size = rng.gamma(4, 1 / 28, MEMBERS), rng.lognormal(2.3, 0.5, MEMBERS)
    treated = rng.permutation(MEMBERS) >= round(control_share * MEMBERS) if arms is None else arms
    days = (LAST - FIRST).days + 1
    came = rng.random((MEMBERS, days)) < rate[:, None]
    rows: list[tuple[Any, ...]] = []
    extra = 0.0
    for who, back in zip(*np.nonzero(came), strict=True):
        day = FIRST + timedelta(days=int(back))
        units = 1 + int(rng.poisson(2))
        more = int(rng.poisson(lift)) if treated[who] and STARTS <= day <= ENDS else 0
        price = round(float(size[who]), 2)
        extra += more * price
        rows.append((IDS[who], f"o{who:03d}-{back:03d}", f"s{1 + who % 2}", "jam" if who % 3 else "tea", day, units + more, price))
    lines = lines_of(rows)
    return Fair(lines, treated, extra / int(treated.sum()), tables_of(treated, randomised))


def lines_of(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    """Return receipt lines: (member, order, store, product, day, units, unit price)."""
    frame = pl.DataFrame(rows, schema=["member_id", "order_id", "store_id", "product_id", "day", "quantity", "price"], orient="row")
    at = [datetime.combine(day, time(12)) for day in frame["day"]]
    return frame.select(
        "member_id",
        "order_id",
        "store_id",
        "product_id",
        pl.Series("ordered_at", at, dtype=pl.Datetime("us")),
        pl.col("quantity").cast(pl.Float64),
        (pl.col("quantity") * pl.col("price")).round(2).alias("amount"),
        pl.lit(0.0).alias("discount_amount"),
        pl.lit(0.0).alias("coupon_amount"),
        pl.lit(None, pl.String).alias("channel"),
    )


def tables_of(treated: np.ndarray, randomised: bool | None = True) -> dict[str, pl.DataFrame]:
    """Return products (unit cost 4.00), members, campaign F (500.00 fixed, 0.10 a contact), its contacts and redemptions."""
    campaigns = pl.DataFrame(
        {
            "campaign_id": ["F"], "starts_on": [STARTS], "ends_on": [ENDS], "name": ["Fair"], "method": ["coupon"],
            "cost_fixed": [50_000], "cost_per_contact": [10], "randomised": [randomised],
        },
        schema_overrides={"cost_fixed": pl.Int64, "cost_per_contact": pl.Int64, "randomised": pl.Boolean},
    )  # fmt: skip
    arms = np.where(treated, "treated", "control")
    contacts = pl.DataFrame(
        {
            "campaign_id": ["F"] * MEMBERS,
            "member_id": IDS,
            "arm": arms.tolist(),
            "touchpoint": ["mail" if one else None for one in treated],
            "contacted_at": [datetime.combine(STARTS, time(9)) if one else None for one in treated],
        },
        schema_overrides={"contacted_at": pl.Datetime("us")},
    )
    redeemers = [name for name, one in zip(IDS, treated, strict=True) if one][:20]
    redemptions = pl.DataFrame(
        {
            "campaign_id": ["F"] * 20,
            "member_id": redeemers,
            "redeemed_at": [datetime.combine(STARTS, time(12))] * 20,
            "value": [500] * 20,
        },
        schema_overrides={"redeemed_at": pl.Datetime("us"), "value": pl.Int64},
    )
    products = pl.DataFrame({"product_id": ["jam", "tea"], "category": ["JAM", "TEA"], "unit_cost": [400, 400]})
    members = pl.DataFrame({"member_id": IDS, "contactable": [True] * MEMBERS})
    return {"products": products, "members": members, "campaigns": campaigns, "contacts": contacts, "redemptions": redemptions}
