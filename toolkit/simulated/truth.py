"""What was planted: the tables in truth/, their columns, and how they are made from a block.

truth.toml documents every table and column; it is also written to truth/README.md, so that a team that has only the folder can recover
everything. Money is in currency units, shares run from 0 to 1, null means "none".
"""

from __future__ import annotations

import tomllib
from importlib.resources import files

import numpy as np
import polars as pl

from toolkit.simulated.assortment import BASE_SHARES, CATEGORY_NAMES, NICHES, category_number
from toolkit.simulated.campaigns import sensitive
from toolkit.simulated.carts import Carts
from toolkit.simulated.catalogue import Catalogue
from toolkit.simulated.clock import Clock
from toolkit.simulated.durables import Needs
from toolkit.simulated.people import NEVER, People

TRUTH: dict[str, dict[str, str]] = tomllib.loads((files("toolkit.simulated") / "truth.toml").read_text("utf-8"))
"""Tables of truth/ and their columns. Each is one Parquet file or a folder of them."""


def members_truth(people: People, member_ids: pl.Series, clock: Clock) -> pl.DataFrame:
    """Return `TRUTH["members"]` of a block."""
    own = slice(0, people.members)
    first_day, lapse = people.alive
    stays = lapse == NEVER
    return pl.DataFrame(
        {
            "member_id": member_ids,
            "orders_per_day": people.rate,
            "regularity": people.regularity,
            "active_from": clock.dates(first_day),
            "lapse_on": np.where(stays, np.datetime64("NaT"), clock.dates(np.where(stays, 0, lapse))),
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
        }
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
    base = dict(zip(CATEGORY_NAMES, BASE_SHARES, strict=True))
    return pl.DataFrame([(who, niche, name, share / base[name]) for who, niche, name, share in rows], schema=schema, orient="row")


def carts_truth(carts: Carts, catalogue: Catalogue, order_ids: pl.Series, member_ids: pl.Series, clock: Clock) -> pl.DataFrame:
    """Return `TRUTH["carts"]` of a block; `order_ids` are by trip."""
    comes_back = carts.back_day >= 0
    return pl.DataFrame(
        {
            "member_id": member_ids.gather(carts.person),
            "carted_on": clock.dates(carts.day),
            "product_id": catalogue.ids.gather(carts.product),
            "category": CATEGORY_NAMES.gather(catalogue.category[carts.product]),
            "price_tier": carts.tier,
            "viewed_again_on": np.where(comes_back, clock.dates(np.where(comes_back, carts.back_day, 0)), np.datetime64("NaT")),
            "order_id": order_ids.gather(pl.Series(carts.trip).replace(-1, None)),
        }
    )


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
