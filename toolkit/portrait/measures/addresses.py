"""The sums of a figure's groups before and now, and what each adds to its change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from toolkit.language import tr
from toolkit.models.shapley import ratio_parts
from toolkit.portrait.measures.drivers import CHAINS, drivers_of

Side = Mapping[str, Any]
"""The sums of one group in one window."""
Pair = tuple[Side, Side]
"""Before and now."""
Parts = tuple[Sequence[float], dict[str, Sequence[float]]]
"""The part of each group, and how it is split."""
OF_MEMBERS = ("sales", "member_sales", "orders")
"""Figures whose first driver is how many members ordered."""


def side_of(sums: pl.DataFrame, place: int) -> dict[str, Any]:
    """The sums of a window; zeros where nothing was sold."""
    rows = sums.filter(pl.col("window") == place)
    return rows.row(0, named=True) if rows.height else dict.fromkeys(sums.columns, 0)


def amount_of(metric: str, sums: Side) -> float:
    """The figure of sums, in whole parts where it is a sum."""
    if metric == "order_value":
        return sums["order_sales"] / sums["orders"] if sums["orders"] > 0 else float("nan")
    return sum(sums[chain.quantities[-1]] for chain in CHAINS[metric])


def fewer(then: Side, now: Side) -> int:
    """Return the members who ordered in the window with fewer of them, of those where anybody did."""
    counts = [side["buyer_count"] for side in (then, now) if side["buyer_count"]]
    return min(counts, default=0)


def pooled(groups: list[str], pairs: Sequence[Pair], least: int) -> tuple[list[str], list[Pair]]:
    """The groups with those of too few members in one, with the smallest other while that is too small: so the parts still add up."""
    order = sorted(range(len(groups)), key=lambda place: (fewer(*pairs[place]), groups[place]))
    few = [place for place in order if 0 < fewer(*pairs[place]) < least or any(_unknown(side) for side in pairs[place])]
    if not few:
        return groups, list(pairs)
    others = [place for place in order if place not in few and fewer(*pairs[place])]
    while others and sum(fewer(*pairs[place]) for place in few) < least:
        few.append(others.pop(0))
    kept = [place for place in range(len(groups)) if place not in few]
    together = tuple({name: sum(pairs[place][side][name] for place in few) for name in pairs[0][side] if name not in ("window", "group")}
                     for side in (0, 1))  # fmt: skip
    name = tr("others ({held})", held=len(few))
    return [*(groups[place] for place in kept), name], [*(pairs[place] for place in kept), together]  # type: ignore[list-item]


def _unknown(side: Side) -> bool:
    """Whether members had refunds alone: of who knows how few."""
    return side["buyer_count"] == 0 and side["member_sales"] != 0


def parts_of_sum(metric: str, pairs: Sequence[Pair]) -> Parts:
    """Return the change of each group; where members drive the figure, how much of it their number does."""
    changes = [amount_of(metric, now) - amount_of(metric, then) for then, now in pairs]
    if metric not in OF_MEMBERS:
        return changes, {}
    members = [sum(one.part for one in drivers_of(metric, *pair) if one.name == "members who ordered") for pair in pairs]
    return changes, {"members_part": members, "rest_part": [change - part for change, part in zip(changes, members, strict=True)]}


def parts_of_ratio(pairs: Sequence[Pair]) -> Parts:
    """Return what each group adds to the change of the order value: by its own, and by its weight among the orders."""
    sides = [np.array([[float(pair[side][name]) for pair in pairs] for name in ("order_sales", "orders")]) for side in (0, 1)]
    if not all(side[1].sum() > 0 for side in sides):
        nothing = [float("nan")] * len(pairs)
        return nothing, {"own_part": nothing, "weight_part": nothing}
    own, weight = ratio_parts(*sides)
    return (own + weight).tolist(), {"own_part": own.tolist(), "weight_part": weight.tolist()}
