"""Where a sales goal's gap comes from: store by store, first-time and other members, how many, how often, for how much; to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from toolkit.language import value
from toolkit.models.shapley import shapley_parts, whole_parts
from toolkit.review.measures.goal_pace import Pace
from toolkit.scope.calendar import period_before, year_before
from toolkit.scope.period import Period
from toolkit.scope.sales import within
from toolkit.scope.view import View

NEW, OTHERS, ALL, NOBODY = value("first-time members"), value("other members"), value("members"), value("everybody")
MEMBERS, FREQUENCY, VALUE = value("number of members who bought"), value("orders per member"), value("money per order")
RETURNS, NON_MEMBERS = value("returns"), value("receipts without a member")
TO_COME, ASKED = value("days still to come"), value("asked for beyond the month of comparison")
SMALLER = value("smaller stores together")
UNTOLD = value("too few members to tell apart")
_DRIVERS = (MEMBERS, FREQUENCY, VALUE)
SPLIT = frozenset({"sales", "member_sales"})
"""Figures whose gap has addresses."""


@dataclass(frozen=True)
class GoalGap:
    """The parts of a gap in minor units, which add up to `total`: `store_id` (null = the whole scope), `who`, `part`, `amount`,
    `member_count` (who bought there now; null where a part is not theirs)."""

    parts: pl.DataFrame
    total: int
    now: Period
    before: Period


def compared_month(view: View, month: Period) -> Period | None:
    """Return the same month a year before, or the month before, the first that the receipts hold in whole."""
    return next((one for one in (year_before(month), period_before(month)) if (view.first_day - one.start).days <= 1), None)


def gap_parts(view: View, pace: Pace) -> GoalGap | None:
    """Return where the gap between the forecast (once the month is over: what came) and the target comes from; None where it is not told.

    gap = (so far - the same days of the month of comparison), by store, kind of member and driver
        + (forecast of the days still to come - those days of that month) + (that month - target).
    """
    whole_before = compared_month(view, pace.month)
    if pace.ahead.value is None or pace.ahead.status not in ("told", "seen") or pace.wanted.figure not in SPLIT or whole_before is None:
        return None
    before = whole_before
    if not pace.is_over:
        before = Period(whole_before.start, min(whole_before.start + timedelta(days=pace.seen.days - 1), whole_before.end))
    members_alone = pace.wanted.figure == "member_sales"
    both = _cells(view, pace.seen, before, members_alone=members_alone)
    parts = _parts(view, both)
    now_sum, before_sum = int(both["amount_now"].sum()), int(both["amount"].sum())
    sold = pl.col("amount").filter(pl.col("member_code").is_not_null()) if members_alone else pl.col("amount")
    month_before = int(view.orders.filter(within(whole_before)).select(sold.sum()).collect().item() or 0)
    forecast, target = round(pace.ahead.value * view.minor_units), round(pace.wanted.target * view.minor_units)
    rest = [
        {"who": NOBODY, "part": TO_COME, "amount": (forecast - now_sum) - (month_before - before_sum)},
        {"who": NOBODY, "part": ASKED, "amount": month_before - target},
    ]
    rows = pl.DataFrame(rest, schema={"who": pl.String, "part": pl.String, "amount": pl.Int64})
    rows = rows.filter(pl.col("part").is_in([ASKED]) | (not pace.is_over)).select(
        pl.lit(None, pl.String).alias("store_id"), "who", "part", "amount", pl.lit(None, pl.Int64).alias("member_count")
    )
    return GoalGap(pl.concat([parts, rows]), forecast - target, pace.seen, before)


def _cells(view: View, now: Period, before: Period, *, members_alone: bool) -> pl.DataFrame:
    """One row per store and kind (NEW, OTHERS, RETURNS, NON_MEMBERS): members, orders and amount, before and now."""
    sides = [
        _of_window(view, window, members_alone).rename({name: f"{name}{end}" for name in _SUMS})
        for window, end in ((before, ""), (now, "_now"))
    ]
    both = sides[0].join(sides[1], on=["store_id", "kind"], how="full", coalesce=True)
    return both.with_columns(pl.exclude("store_id", "kind").fill_null(0)).sort("store_id", "kind")


_SUMS = ("members", "orders", "amount")


def _of_window(view: View, window: Period, members_alone: bool) -> pl.DataFrame:
    person = pl.col("member_code").is_not_null()
    first = view.population.lazy().select("member_code", "first_ordered_on")
    kind = (
        pl.when(~person).then(pl.lit(NON_MEMBERS)).when(~pl.col("is_order")).then(pl.lit(RETURNS))
        .when(pl.col("first_ordered_on") >= window.start).then(pl.lit(NEW)).otherwise(pl.lit(OTHERS))
    )  # fmt: skip
    rows = view.orders.filter(within(window)).join(first, on="member_code", how="left").with_columns(kind=kind)
    sums = (
        (rows.filter(person) if members_alone else rows)
        .group_by("store_code", "kind")
        .agg(
            pl.col("member_code").n_unique().cast(pl.Int64).alias("members"),
            pl.col("is_order").sum().cast(pl.Int64).alias("orders"),
            pl.col("amount").sum(),
        )
        .collect(engine="streaming")
    )
    return sums.join(view.stores.select("store_code", "store_id"), on="store_code", how="left").drop("store_code")


def _parts(view: View, both: pl.DataFrame) -> pl.DataFrame:
    """The change of each cell in parts; stores and kinds with too few members stand together, so that no part tells of a person."""
    everybody = both.filter(pl.col("kind").is_in([NEW, OTHERS])).select(pl.col("members", "members_now").sum()).row(0)
    if any(0 < count < view.least for count in everybody):
        change = int((both["amount_now"] - both["amount"]).sum())
        return pl.DataFrame(
            {"store_id": [None], "who": [NOBODY], "part": [UNTOLD], "amount": [change], "member_count": [None]},
            schema={"store_id": pl.String, "who": pl.String, "part": pl.String, "amount": pl.Int64, "member_count": pl.Int64},
        )
    few = pl.any_horizontal(pl.col(name).is_between(1, view.least - 1) for name in ("members", "members_now"))
    of_members = both.filter(pl.col("kind").is_in([NEW, OTHERS]))
    by_store = of_members.group_by("store_id").agg(pl.col("members", "members_now").sum(), few.any().alias("mixed"))
    small = set(by_store.filter(few)["store_id"])
    if small:  # the smaller stores are at least as many as figures may speak of, else the next store stands with them
        sizes = by_store.sort("members_now", "store_id").rows(named=True)
        for row in sizes:
            inside = by_store.filter(pl.col("store_id").is_in(list(small)))
            if min(inside["members"].sum(), inside["members_now"].sum()) >= view.least:
                break
            small.add(row["store_id"])
    mixed = set(by_store.filter("mixed")["store_id"]) | small
    placed = both.with_columns(
        store_id=pl.when(pl.col("store_id").is_in(list(small))).then(pl.lit(SMALLER)).otherwise("store_id"),
        kind=pl.when(pl.col("store_id").is_in(list(mixed)) & pl.col("kind").is_in([NEW, OTHERS])).then(pl.lit(ALL)).otherwise("kind"),
    )
    cells = placed.group_by("store_id", "kind").agg(pl.exclude("store_id", "kind").sum()).sort("store_id", "kind")
    theirs = cells.filter(pl.col("kind").is_in([NEW, OTHERS, ALL]))
    split = (
        whole_parts(shapley_parts(*_factors(theirs)), (theirs["amount_now"] - theirs["amount"]).to_numpy())
        if theirs.height
        else np.zeros((0, 3))
    )
    parts = [
        theirs.select("store_id", pl.col("kind").alias("who"), pl.lit(driver).alias("part"), pl.Series("amount", split[:, place], pl.Int64),
                      pl.col("members_now").alias("member_count"))
        for place, driver in enumerate(_DRIVERS)
    ]  # fmt: skip
    rest = cells.filter(pl.col("kind").is_in([RETURNS, NON_MEMBERS])).select(
        "store_id", pl.lit(NOBODY).alias("who"), pl.col("kind").alias("part"), (pl.col("amount_now") - pl.col("amount")).alias("amount"),
        pl.lit(None, pl.Int64).alias("member_count"),
    )  # fmt: skip
    return pl.concat([*parts, rest]).filter(pl.col("amount") != 0)


def _factors(cells: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Members, orders per member and money per order, before and now; a ratio that a window does not have is that of the other."""
    tables = []
    for end in ("", "_now"):
        members, orders, amount = (cells[f"{name}{end}"].to_numpy().astype(float) for name in _SUMS)
        with np.errstate(divide="ignore", invalid="ignore"):
            tables.append(np.column_stack([members, orders / members, amount / orders]))
    before, now = tables
    return np.nan_to_num(np.where(np.isnan(before), now, before)), np.nan_to_num(np.where(np.isnan(now), before, now))
