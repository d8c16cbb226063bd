"""How the spend of an audience spreads over a campaign's days, measured forward from a past day: what a holdout can see rests on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import polars as pl

from toolkit.differentiation.cells import member_cells
from toolkit.errors import DataError
from toolkit.mart.view import View
from toolkit.mart.windows import window_sums
from toolkit.models.power import Spread, spread_of
from toolkit.wording import some

HISTORY_DAYS = 28
"""Days of receipts before the day measured from, without which nothing is known of the members' past."""
LEAST_MEMBERS = 30
"""A group of fewer members has no spread of its own."""
_BEFORE = ("amount_28d", "amount_91d", "amount_prev_91d", "day_count_28d", "day_count_56d", "day_count_91d")


@dataclass(frozen=True)
class Visible:
    """What was measured: per number of days the spread of all members, and of each segment where groups were given.

    `since` is the day the members were chosen on, by the same rule as today's; minor units. `fixed_list`: the audience is a list of ids,
    which could not be chosen anew.
    """

    since: date
    spreads: dict[int, Spread]
    of_segment: dict[str, Spread]
    fixed_list: bool


def measure_spread(view: View, days: Sequence[int], *, segments: bool = False) -> Visible:
    """Return how the spend of the view's audience spread over `days` from a past day on, given what was known that day.

    The audience is chosen as of the day `max(days)` before `view.as_of`, by the same rule, and followed from there. Measured backwards
    instead, members who were chosen for what they did lately (bought much, or nothing) would look as if they always did.

    With `segments` also that of each segment (`member_cells`) of the longest window.

    Raises
    ------
    DataError
        Receipts too short, members too few, or none of them bought.
    """
    longest = max(days)
    since = view.as_of - timedelta(days=longest)
    if (since - view.first_day).days < HISTORY_DAYS:
        raise DataError(
            f"The receipts start on {view.first_day}: too late to follow members over {longest} days and know the {HISTORY_DAYS} days "
            f"before. {longest + HISTORY_DAYS} days of receipts were needed up to {view.as_of}."
        )
    then = view.at(since)
    members = _chosen(view, then)
    if members.height < LEAST_MEMBERS:
        raise DataError(
            f"On {since} the audience had {some(members.height, 'member')}: {LEAST_MEMBERS} were needed to measure how their spend spreads."
        )
    past = _known_before(members, then)
    spreads, spent = {}, np.zeros(members.height)
    for count in sorted(days):
        spent = _spent(view, members, since, count)
        spreads[count] = spread_of(spent, past)
    return Visible(since, spreads, _by_segment(then, members, spent, past) if segments else {}, isinstance(view.scope.audience, tuple))


def _chosen(view: View, then: View) -> pl.DataFrame:
    """The audience as of the earlier day. A list of ids is the same on every day; those without an order yet are not in it."""
    if view.scope.is_place and view.scope.audience is not None and isinstance(view.scope.audience, tuple):
        then = replace(then, scope=replace(then.scope, store_id=None, region=None), _known={})
    return then.members.filter(pl.col("order_count") > 0)


def _known_before(members: pl.DataFrame, then: View) -> np.ndarray:
    """What a review adjusts by: spend and days of the windows before, logs of spend, recency."""
    recency = (pl.lit(then.as_of) - pl.col("last_ordered_on")).dt.total_days().fill_null(9_999)
    logs = [pl.col(name).clip(0, None).log1p().alias(f"log_{name}") for name in ("amount_28d", "amount_91d")]
    return members.select(*(pl.col(name).cast(pl.Float64) for name in _BEFORE), *logs, recency.alias("recency").cast(pl.Float64)).to_numpy()


def _spent(view: View, members: pl.DataFrame, since: date, days: int) -> np.ndarray:
    first, last = since + timedelta(days=1), since + timedelta(days=days)
    sums = window_sums(view.workspace, view.mart, first, last, members=members).select("member_code", pl.col("amount").alias("spent"))
    joined = members.select("member_code").join(sums, on="member_code", how="left", maintain_order="left")
    return joined["spent"].fill_null(0).cast(pl.Float64).to_numpy()


def _by_segment(then: View, members: pl.DataFrame, spent: np.ndarray, past: np.ndarray) -> dict[str, Spread]:
    """Return the spread within each segment that is large enough."""
    cells = members.select("member_code").join(
        member_cells(then).select("member_code", "segment"), on="member_code", how="left", maintain_order="left"
    )
    found = {}
    for segment in cells["segment"].drop_nulls().unique().sort():
        inside = (cells["segment"] == segment).fill_null(False).to_numpy()
        if inside.sum() >= LEAST_MEMBERS and spent[inside].mean() > 0:
            found[segment] = spread_of(spent[inside], past[inside])
    return found
