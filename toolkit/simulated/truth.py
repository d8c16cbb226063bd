"""What was planted: the tables in truth/, their columns, and how they are made from a block.

`TRUTH` documents every table and column; it is also written to truth/README.md, so that a team that has only the folder can recover
everything. Money is in currency units, shares run from 0 to 1, null means "none".
"""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.simulated.assortment import ASSORTMENT, NICHES
from toolkit.simulated.campaigns import sensitive
from toolkit.simulated.catalogue import BASE_SHARES, CATEGORY_NAMES, Catalogue, category_number
from toolkit.simulated.clock import Clock
from toolkit.simulated.durables import Needs
from toolkit.simulated.people import NEVER, People

TRUTH: dict[str, dict[str, str]] = {
    "members": {
        "member_id": "the member",
        "orders_per_day": "true buying rate while active: orders expected on day d = orders_per_day * its weight in truth/days",
        "regularity": "k of the Gamma(k) gaps between orders in shop time; 1 = Poisson, larger = more regular",
        "active_from": "first day on which orders can appear: the day of joining or the first day of the receipts",
        "lapse_on": "no order on or after this day; null = still active at the end",
        "lines_mean": "size of orders: about 1.09 * lines_mean + 0.5 lines on average, before planted pairs and durables",
        "promo_dependence": "probability that a line goes to a promoted product of its category if there is one",
        "coupon_affinity": "probability that an order uses manufacturers' coupons; also drives redemption of the shop's coupons",
        "price_sensitive": "promo_dependence >= 0.30: second key of the campaign segments",
        "quality_level": "0 low, 1 middle, 2 high: takes dearer products within categories",
        "brand_loyalty": "share of lines (promotions apart) that take the member's own favourite of the category",
        "digital_share": "share of orders by app or online",
        "app_share": "share of the digital orders that go by app",
        "own_hour": "hour of the day of half of the orders",
        "niche": "the niche the member belongs to; null = none",
        "wish_category": "category looked at again and again and never bought; null = none",
    },
    "niches": {
        "member_id": "member of the niche",
        "niche": "name of the niche",
        "category": "category the niche is about",
        "taste_index": "member's true share of lines in the category over the share of the average taste",
    },
    "campaigns": {
        "campaign_id": "the campaign",
        "name": "its name",
        "method": "coupon, full_reduction, discount, member_day or service",
        "selection": "how members were chosen: all (a random part), best (past year), hot (past 28 days), quiet (no order in 60 days)",
        "randomised": "true = a random part was held out; false = all chosen were treated",
        "control_share": "share held out",
        "is_aa": "true = nothing was planted",
        "basket_lift": "extra lines per line of the treated members' own orders in the window",
        "pull_forward": "about this share of the extra orders were only moved from the 28 days after",
        "treated": "members treated",
        "control": "members held out",
        "extra_orders": "orders the campaign caused in its window",
        "extra_orders_per_treated": "the same per treated member: the true effect on orders in the window",
        "extra_amount": "amount of the lines it caused",
        "base_discount_amount": "reductions given on lines that would have been bought anyway",
        "window_effect_amount": "extra_amount - base_discount_amount: the true effect on amount in the window",
        "window_effect_per_treated": "the same per treated member",
        "moved_orders": "orders lost in the 28 days after because they were pulled forward",
        "moved_amount": "their amount",
        "effect_amount": "window_effect_amount - moved_amount: the true effect altogether",
    },
    "campaign_segments": {
        "campaign_id": "the campaign",
        "tier": "card level",
        "price_sensitive": "promo_dependence >= 0.30",
        "lift": "planted lift on the order rate in the window",
        "treated": "members treated",
        "control": "members held out",
        "extra_orders": "orders caused",
        "window_effect_amount": "true effect on amount in the window",
        "effect_amount": "true effect altogether",
    },
    "effects": {
        "campaign_id": "the campaign",
        "member_id": "a chosen member, treated or control",
        "tier": "card level",
        "price_sensitive": "promo_dependence >= 0.30",
        "arm": "treated or control",
        "lift": "planted lift on the order rate if treated",
        "expected_extra_orders": "lift * rate * shop time active in the window: expected extra orders if treated, known for controls too",
        "extra_orders": "extra orders really made; 0 for controls, as are all that follow",
        "extra_amount": "amount of the lines the campaign caused",
        "base_discount_amount": "reductions given on lines bought anyway",
        "moved_orders": "own orders of the 28 days after that were not made",
        "moved_amount": "their amount",
        "effect_amount": "extra_amount - base_discount_amount - moved_amount",
    },
    "caused_orders": {"order_id": "an order that would not be without the campaign", "campaign_id": "the campaign"},
    "pairs": {
        "kind": "product or category",
        "first": "product_id or category that triggers",
        "second": "product_id or category that is added",
        "added_share": "probability that a line of the first adds one of the second to the same order",
        "lift_target": "lift aimed at, over goods bought independently",
        "orders": "all orders",
        "first_orders": "orders with a bought line of the first",
        "second_orders": "orders with a bought line of the second",
        "both_orders": "orders with both",
        "added_lines": "lines the pair added",
        "lift_realised": "both_orders * orders / (first_orders * second_orders)",
    },
    "durables": {
        "member_id": "the member",
        "product_id": "the durable",
        "category": "its category",
        "due_on": "day the need arose",
        "met_on": "day it was met",
        "order_id": "order it was met in; null = elsewhere, unseen by the shop",
    },
    "returns": {"order_id": "order of the return", "original_order_id": "order of the purchase", "product_id": "what came back"},
    "days": {"date": "the day", "weight": "how busy, mean 1 over all days; 0 = closed"},
    "hours": {
        "store_id": "the store; null = app and online",
        "hour": "0 to 23",
        "share": "share of the pattern from which hours are drawn",
    },
    "promotions": {
        "week": "weeks from the first day, 0 first",
        "starts_on": "its first day",
        "product_id": "promoted product",
        "depth": "share taken off",
    },
}
"""Tables of truth/ and their columns. Each is one Parquet file or a folder of them."""


def members_truth(people: People, member_ids: pl.Series, clock: Clock) -> pl.DataFrame:
    """Return `TRUTH["members"]` of a block."""
    own = slice(0, people.members)
    first_day, lapse = people.alive
    return (
        pl.DataFrame(
            {
                "member_id": member_ids,
                "orders_per_day": people.rate,
                "regularity": people.regularity,
                "active_from": clock.dates(first_day),
                "lapse_on": clock.dates(np.where(lapse == NEVER, 0, lapse)),
                "lines_mean": people.lines_mean[own],
                "promo_dependence": people.promo_dependence[own],
                "coupon_affinity": people.coupon_affinity[own],
                "price_sensitive": sensitive(people)[own] == 1,
                "quality_level": people.level[own],
                "brand_loyalty": people.loyalty[own].astype(np.float64),
                "digital_share": people.digital[own],
                "app_share": people.app_share[own],
                "own_hour": people.hour[own].astype(np.int64),
                "niche": pl.Series(list(NICHES)).gather(pl.Series(people.niche).replace(-1, None)),
                "wish_category": CATEGORY_NAMES.gather(pl.Series(people.wish).replace(-1, None)),
                "_stays": lapse == NEVER,
            }
        )
        .with_columns(lapse_on=pl.when("_stays").then(None).otherwise("lapse_on"))
        .drop("_stays")
    )


def niches_truth(people: People, member_ids: pl.Series) -> pl.DataFrame:
    """Return `TRUTH["niches"]` of a block."""
    names = list(NICHES)
    rows = [
        (member_ids[int(member)], names[people.niche[member]], name, float(np.mean(people.taste[member] == category_number(name))))
        for member in np.flatnonzero(people.niche >= 0)
        for name in NICHES[names[people.niche[member]]]
    ]
    schema = {"member_id": pl.String, "niche": pl.String, "category": pl.String, "taste_index": pl.Float64}
    base = {row.category: share for row, share in zip(ASSORTMENT, BASE_SHARES, strict=True)}
    return pl.DataFrame([(who, niche, name, share / base[name]) for who, niche, name, share in rows], schema=schema, orient="row")


def durables_truth(needs: Needs, catalogue: Catalogue, order_ids: pl.Series, member_ids: pl.Series, clock: Clock) -> pl.DataFrame:
    """Return `TRUTH["durables"]` of a block; `order_ids` are by trip."""
    return pl.DataFrame(
        {
            "member_id": member_ids.gather(needs.member),
            "product_id": catalogue.ids.gather(needs.product),
            "category": CATEGORY_NAMES.gather(catalogue.category[needs.product]),
            "due_on": clock.dates(needs.due),
            "met_on": clock.dates(needs.met),
            "order_id": order_ids.gather(pl.Series(needs.trip).replace(-1, None)),
        }
    )
