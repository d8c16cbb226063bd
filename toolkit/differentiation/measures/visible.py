"""How the spend of an audience spreads over a campaign's days, measured forward from a past day: what a holdout can see rests on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import polars as pl

from toolkit.differentiation.measures.cells import member_cells
from toolkit.errors import DataError
from toolkit.language import later, tr
from toolkit.mart.windows import window_sums
from toolkit.models.power import Spread, spread_of, spread_on_arms
from toolkit.scope.view import View

HISTORY_DAYS = 28
"""Days of receipts before the day measured from, without which nothing is known of the members' past."""
LEAST_MEMBERS = 30
"""A group of fewer members has no spread of its own."""
NO_LIFT = later("What a larger lift adds to sales it adds to their spread too, for members who differ so much.")
"""Why a small and uneven group shows no lift at all (`toolkit.models.power.widened`)."""
_BEFORE = ("amount_28d", "amount_91d", "amount_prev_91d", "day_count_28d", "day_count_56d", "day_count_91d")


@dataclass(frozen=True)
class Visible:
    """What members spent from a past day on, and what was known of them on it; one row (element) per member, minor units.

    `then`: the view of the day the members were chosen on, by the same rule as today's. `members`: those chosen (`member_code`). `spent`:
    per number of days. `fixed_list`: the audience is a list of ids, which could not be chosen anew.
    """

    then: View
    members: pl.DataFrame
    spent: dict[int, np.ndarray]
    past: np.ndarray
    fixed_list: bool
    _known: dict[tuple[int | str, float, bool], Spread | None] = field(default_factory=dict, repr=False, compare=False)
    _alike: dict[int | str, Spread] = field(default_factory=dict, repr=False, compare=False)  # what does not rest on the arms

    @property
    def since(self) -> date:
        """The day the members were chosen on."""
        return self.then.as_of

    @cached_property
    def segments(self) -> np.ndarray:
        """The segment of each member on that day (`member_cells`)."""
        cells = self.members.join(member_cells(self.then), on="member_code", how="left", maintain_order="left")
        return cells["segment"].fill_null("").to_numpy()

    def spread(self, days: int, control_share: float, *, rough: bool = False) -> Spread:
        """Return how spend over so many days spreads, with a control group of that share; `rough`: from fewer draws of the arms."""
        key = (days, control_share, rough)
        spread = self._known.get(key)
        if spread is None:
            spread = self._known[key] = self._on_arms(days, self.spent[days], self.past, control_share, rough=rough)
        return spread

    def spread_of_segment(self, segment: str, control_share: float) -> Spread | None:
        """Return the same within one segment over the longest window; None where it has too few members or they bought nothing."""
        key = (segment, control_share, False)
        if key not in self._known:
            inside = self.segments == segment
            spent = self.spent[max(self.spent)][inside]
            enough = len(spent) >= LEAST_MEMBERS and spent.mean() > 0
            self._known[key] = self._on_arms(segment, spent, self.past[inside], control_share) if enough else None
        return self._known[key]

    def _on_arms(self, key: int | str, spent: np.ndarray, past: np.ndarray, control_share: float, *, rough: bool = False) -> Spread:
        if key not in self._alike:
            if not spent.mean() > 0:
                raise DataError(tr("These members bought for nothing in the window measured, so no lift of their spend can be planned."))
            self._alike[key] = spread_of(spent, past)
        return spread_on_arms(spent, past, control_share, spread=self._alike[key], rough=rough)


def measure_spread(view: View, days: Sequence[int]) -> Visible:
    """Return what the view's audience spent over `days` from a past day on, and what was known of them that day.

    The audience is chosen as of the day `max(days)` before `view.as_of`, by the same rule, and followed from there. Measured backwards
    instead, members who were chosen for what they did lately (bought much, or nothing) would look as if they always did.

    Raises
    ------
    DataError
        Receipts too short, members too few, or none of them bought.
    """
    return view.remembered((__name__, tuple(days)), lambda: _measured(view, days))


def _measured(view: View, days: Sequence[int]) -> Visible:
    longest = max(days)
    since = view.as_of - timedelta(days=longest)
    if (since - view.first_day).days < HISTORY_DAYS:
        raise DataError(
            view.say(
                "The receipts start on {first_day}: too late to follow members over {longest} days and know the {history_days} days "
                "before. {needed_days} days of receipts were needed up to {as_of}.",
                first_day=view.first_day, longest=longest, history_days=HISTORY_DAYS, needed_days=longest + HISTORY_DAYS,
            )
        )  # fmt: skip
    then = view.at(since)
    members = _chosen(view, then)
    if members.height < LEAST_MEMBERS:
        raise DataError(
            view.say(
                "On {since} the audience had {n:member}: {least_members} were needed to measure how their spend spreads.",
                since=since, n=members.height, least_members=LEAST_MEMBERS,
            )
        )  # fmt: skip
    spent = {count: _spent(view, members, since, count) for count in sorted(days)}
    if not spent[longest].sum() > 0:
        raise DataError(
            view.say(
                "The audience of {since} bought for nothing in the {longest} days after, so no lift of their spend can be planned.",
                since=since, longest=longest,
            )
        )  # fmt: skip
    return Visible(then, members.select("member_code"), spent, known_before(members, then), isinstance(view.scope.audience, tuple))


def _chosen(view: View, then: View) -> pl.DataFrame:
    """The audience as of the earlier day. A list of ids is the same on every day; those without an order yet are not in it."""
    if view.scope.is_place and view.scope.audience is not None and isinstance(view.scope.audience, tuple):
        then = replace(then, scope=replace(then.scope, store_id=None, region=None), _known={})
    return then.members.filter(pl.col("order_count") > 0)


def known_before(members: pl.DataFrame, then: View) -> np.ndarray:
    """Return what is known of members as of a day, as a review adjusts by it: spend and days of the windows before, logs, recency."""
    recency = (pl.lit(then.as_of) - pl.col("last_ordered_on")).dt.total_days().fill_null(9_999)
    logs = [pl.col(name).clip(0, None).log1p().alias(f"log_{name}") for name in ("amount_28d", "amount_91d")]
    return members.select(*(pl.col(name).cast(pl.Float64) for name in _BEFORE), *logs, recency.alias("recency").cast(pl.Float64)).to_numpy()


def _spent(view: View, members: pl.DataFrame, since: date, days: int) -> np.ndarray:
    first, last = since + timedelta(days=1), since + timedelta(days=days)
    sums = window_sums(view.workspace, view.mart, first, last, members=members).select("member_code", pl.col("amount").alias("spent"))
    joined = members.select("member_code").join(sums, on="member_code", how="left", maintain_order="left")
    return joined["spent"].fill_null(0).cast(pl.Float64).to_numpy()
