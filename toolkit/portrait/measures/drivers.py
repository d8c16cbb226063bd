"""What a figure is a product of: its drivers, and a change of it as the sum of their parts, in whole cents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from toolkit.language import value
from toolkit.models.shapley import shapley_parts, whole_parts


@dataclass(frozen=True)
class Chain:
    """Quantities of which each is the one before times a driver: 20 members -> 50 orders -> 400.00. `names`: of the drivers.

    `per`: the figure is the last quantity over the first, so that the first is no driver.
    """

    quantities: tuple[str, ...]
    names: tuple[str, ...]
    per: bool = False


_MEMBERS = Chain(
    ("buyer_count", "member_orders", "member_order_sales"),
    (value("members who ordered"), value("orders per member"), value("order value of members")),
)
_OTHERS = Chain(("other_orders", "other_order_sales"), (value("orders of non-members"), value("order value of non-members")))
CHAINS: dict[str, tuple[Chain, ...]] = {
    "sales": (_MEMBERS, _OTHERS, Chain(("rest",), (value("receipts that are no orders"),))),
    "member_sales": (_MEMBERS, Chain(("member_rest",), (value("receipts that are no orders"),))),
    "orders": (Chain(_MEMBERS.quantities[:2], _MEMBERS.names[:2]), Chain(_OTHERS.quantities[:1], _OTHERS.names[:1])),
    "units": (Chain(("orders", "units_milli"), (value("orders"), value("units per order"))),),
    "order_value": (Chain(("orders", "units_milli", "order_sales"), (value("units per order"), value("sales per unit")), per=True),),
    "margin": (Chain(("costed_amount", "margin_milli"), (value("sales with known cost"), value("margin share"))),),
    "returns": (Chain(("gross", "returned_amount"), (value("sales before returns"), value("return share"))),),
}
"""A figure is the sum of the last quantities of its chains."""
SCALE = {"units": 1_000, "margin": 1_000}
"""Whole parts of a figure in one of its units (money: of a minor unit): those in which its sums are exact."""


def with_quantities(sums: pl.DataFrame) -> pl.DataFrame:
    """Return the sums of a window with the quantities that chains name beside them."""
    lines = [pl.col("costed_margin_milli").alias("margin_milli")] if "costed_margin_milli" in sums.columns else []
    gross = [(pl.col("sales") + pl.col("returned_amount")).alias("gross")] if "returned_amount" in sums.columns else []
    return sums.with_columns(
        (pl.col("orders") - pl.col("member_orders")).alias("other_orders"),
        (pl.col("order_sales") - pl.col("member_order_sales")).alias("other_order_sales"),
        (pl.col("sales") - pl.col("order_sales")).alias("rest"),
        (pl.col("member_sales") - pl.col("member_order_sales")).alias("member_rest"),
        *lines,
        *gross,
    )


@dataclass(frozen=True)
class Driver:
    """One driver: how large it was and is (in the units of its quantities), and its part of the change."""

    name: str
    before: float
    now: float
    part: float


def drivers_of(metric: str, before: Mapping[str, float], now: Mapping[str, float]) -> list[Driver]:
    """Return the drivers of a figure between two windows; the parts of one that is a sum are whole and add up to its change exactly.

    Of a side without orders no driver is known but the first: it is taken to be that of the other side, so that the change is all the
    first's. A quantity that is nothing where what it leads to is something is left out of its chain.
    """
    drivers = list[Driver]()
    for chain in CHAINS[metric]:
        kept = [place for place, name in enumerate(chain.quantities) if place in (0, len(chain.quantities) - 1) or all(
            side[name] > 0 or not side[chain.quantities[-1]] for side in (before, now))]  # fmt: skip
        quantities = [chain.quantities[place] for place in kept]
        first, second = (_factors(quantities, side, other) for side, other in ((before, now), (now, before)))
        names = [chain.names[place - 1 if chain.per else place] for place in kept[chain.per :]]
        parts = shapley_parts(np.array([first[chain.per :]]), np.array([second[chain.per :]]))[0].tolist()
        drivers += [Driver(*one) for one in zip(names, first[chain.per :], second[chain.per :], parts, strict=True)]
    if any(chain.per for chain in CHAINS[metric]):
        return drivers
    total = sum(int(now[chain.quantities[-1]] - before[chain.quantities[-1]]) for chain in CHAINS[metric])
    whole = whole_parts(np.array([[driver.part for driver in drivers]]), np.array([total]))[0].tolist()
    return [Driver(driver.name, driver.before, driver.now, part) for driver, part in zip(drivers, whole, strict=True)]


def _factors(quantities: Sequence[str], side: Mapping[str, float], other: Mapping[str, float]) -> list[float]:
    factors = [float(side[quantities[0]])]
    for lower, upper in pairwise(quantities):
        known = next((one for one in (side, other) if one[lower] > 0), None)
        factors.append(known[upper] / known[lower] if known else 0.0)
    return factors
