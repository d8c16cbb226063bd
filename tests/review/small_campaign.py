"""A shop with one campaign, made by rule so that every figure can be reckoned by hand.

160 members: t00..t59 treated, c00..c59 control, x00..x39 never spoken to. Everybody buys one unit for 10.00 every fourth day (member number
modulo 4 says on which) for 400 days, even numbers in s1, odd ones in s2. In the campaign's 28 days (from START on) each treated member buys once
more on days 3, 10, 17 and 24, two units for 12.00 on discount; half of the treated (numbers 0 mod 4 and 1 mod 4) redeem there.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl

from tests.shop import AS_OF, make_workspace, tiny_products
from toolkit.workspace import Workspace

DAYS = 400
START, END = date(2024, 5, 6), date(2024, 6, 2)
MEMBERS = [f"{kind}{number:02d}" for kind, count in (("t", 60), ("c", 60), ("x", 40)) for number in range(count)]
EXTRA_DAYS = (3, 10, 17, 24)


def lines() -> pl.DataFrame:
    """Return the receipt lines."""
    rows = []
    for who in MEMBERS:
        number = int(who[1:])
        store = f"s{1 + number % 2}"
        rows += [(who, AS_OF - timedelta(days=back), store, 1.0, 10.0, 0.0) for back in range(DAYS) if back % 4 == number % 4]
        if who[0] == "t":
            rows += [(who, START + timedelta(days=day), store, 2.0, 12.0, 3.0) for day in EXTRA_DAYS]
    return pl.DataFrame(
        [
            {
                "member_id": who, "order_id": f"o{place:05d}", "store_id": store, "product_id": "milk",
                "ordered_at": datetime.combine(day, time(12)), "quantity": quantity, "amount": amount,
                "discount_amount": discount, "coupon_amount": 0.0, "channel": None,
            }
            for place, (who, day, store, quantity, amount, discount) in enumerate(rows)
        ],
        schema_overrides={"ordered_at": pl.Datetime("us"), "channel": pl.String},
    )  # fmt: skip


def campaign_tables(*, randomised: bool | None = True, redeem_in: tuple[str, ...] = ("s1", "s2")) -> dict[str, pl.DataFrame]:
    """Return the tables campaigns, contacts and redemptions; money in minor units."""
    campaigns = pl.DataFrame(
        {
            "campaign_id": ["C1"], "starts_on": [START], "ends_on": [END], "name": ["May coupon"], "method": ["coupon"],
            "cost_fixed": [10_000], "cost_per_contact": [5], "randomised": [randomised],
        },
        schema_overrides={"randomised": pl.Boolean},
    )  # fmt: skip
    arms = [(who, "treated" if who[0] == "t" else "control") for who in MEMBERS if who[0] != "x"]
    contacts = pl.DataFrame(
        [
            {
                "campaign_id": "C1", "member_id": who, "arm": arm,
                "touchpoint": ("app" if int(who[1:]) % 3 else "mail") if arm == "treated" else None,
                "contacted_at": datetime.combine(START, time(9)) if arm == "treated" else None,
            }
            for who, arm in arms
        ],
        schema_overrides={"contacted_at": pl.Datetime("us")},
    )  # fmt: skip
    redeemers = [who for who in MEMBERS if who[0] == "t" and int(who[1:]) % 4 in (0, 1) and f"s{1 + int(who[1:]) % 2}" in redeem_in]
    redemptions = pl.DataFrame(
        [
            {"campaign_id": "C1", "member_id": who, "redeemed_at": datetime.combine(START + timedelta(days=day), time(12)), "value": 300}
            for who in redeemers
            for day in EXTRA_DAYS
        ],
        schema_overrides={"redeemed_at": pl.Datetime("us")},
    )
    return {"products": tiny_products(), "campaigns": campaigns, "contacts": contacts, "redemptions": redemptions}


def small_campaign(path: Path, **changes: pl.DataFrame | None) -> Workspace:
    """Return the shop; `changes` replace tables, None leaves one out."""
    tables = {**campaign_tables(), **changes}
    return make_workspace(path, lines(), {name: table for name, table in tables.items() if table is not None})
