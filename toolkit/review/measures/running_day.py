"""The last day of the receipts as far as it has come, beside the same hours of the same weekday of past weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from math import exp

import polars as pl

from toolkit.review.measures.store_months import month_period, targets_of
from toolkit.scope.view import View

_SUMS = ("order_count", "order_sales", "units_milli", "sales")
_WEEK = timedelta(days=7)
_SILENCE_CHANCE = 0.001
"""A store's silence that chance explains less often than this, all stores looked at, is an alarm."""


@dataclass(frozen=True)
class RunningDay:
    """A day up to its last receipt.

    Attributes
    ----------
    until
        Time of the last receipt of the chain on that day; midnight of the next day where receipts have no times.
    has_times
        Whether receipts have times of day.
    weeks
        Past weeks that are compared with: those on whose day there was a receipt in scope.
    sums
        One row per `week` (0 = the day itself, 1 = a week before, ...), `store_id` and `hour` with a receipt by the same time of day:
        `order_count`, `order_sales` and `sales` (minor units; sales with returns), `units_milli`.
    visitors
        One row per `store_id` and `hour` of the day itself, by that time: `visitors`. Empty without a traffic table.
    """

    view: View
    until: datetime
    has_times: bool
    weeks: tuple[int, ...]
    sums: pl.DataFrame
    visitors: pl.DataFrame

    def by(self, key: str) -> pl.DataFrame:
        """Return the day by `hour` or `store_id`: _SUMS, `usual_order_count` and `usual_sales` (mean of the past weeks), `visitors`.

        A row for each key that the day or a past week has; the usual is null without past weeks, visitors null where none were counted.
        """
        now = self.sums.filter(pl.col("week") == 0).group_by(key).agg(pl.col(*_SUMS).sum())
        past = self.sums.filter(pl.col("week").is_in(self.weeks)).group_by(key).agg(
            pl.col("order_count", "sales").sum().cast(pl.Float64).truediv(max(len(self.weeks), 1)).name.prefix("usual_")
        )  # fmt: skip
        came = self.visitors.group_by(key).agg(pl.col("visitors").sum())
        usual = pl.col("usual_order_count", "usual_sales")
        return (
            now.join(past, on=key, how="full", coalesce=True)
            .with_columns(pl.col(*_SUMS).fill_null(0), usual.fill_null(0.0) if self.weeks else usual)
            .join(came, on=key, how="left")
            .sort(key)
        )

    def total(self, week: int = 0) -> dict[str, int]:
        """Return the sums of the day, or of the same hours of a past week."""
        row = self.sums.filter(pl.col("week") == week).select(pl.col(*_SUMS).sum()).row(0, named=True)
        return {name: int(value or 0) for name, value in row.items()}

    def target(self) -> tuple[float, float] | None:
        """Return (the target of the whole day, of it up to now) in minor units over the stores that have one; None without targets.

        A month's target falls on its days as sales fell on the weekdays of the past weeks, and within the day as on the same weekday.
        """
        day = self.view.as_of
        targets = targets_of(self.view, month := month_period(f"{day:%Y-%m}"))
        if targets is None or targets.is_empty() or not self.weeks:
            return None
        here = self.view.stores.filter(pl.col("store_id").is_in(targets["store_id"].implode()))["store_code"]
        first = day - len(self.weeks) * _WEEK
        past = (
            self.view.orders.filter(
                pl.col("ordered_at") >= datetime.combine(first, time()), pl.col("ordered_at") < datetime.combine(day, time()),
                pl.col("store_code").is_in(here.implode()),
            )
            .group_by(pl.col("ordered_at").dt.weekday().alias("weekday"), (pl.col("ordered_at").dt.time() <= self._clock()).alias("by_now"))
            .agg(pl.col("amount").sum())
            .collect()
        )  # fmt: skip
        weights = dict(past.group_by("weekday").agg(pl.col("amount").sum().clip(0)).iter_rows())
        days = [month.start + timedelta(days=ahead) for ahead in range(month.days)]
        whole = sum(weights.get(one.isoweekday(), 0) for one in days)
        own = past.filter(pl.col("weekday") == day.isoweekday())
        if whole <= 0 or not weights.get(day.isoweekday()):
            return None
        of_day = float(targets["target"].sum()) * weights[day.isoweekday()] / whole
        return of_day, of_day * float(own.filter("by_now")["amount"].sum()) / weights[day.isoweekday()]

    def silent_stores(self, hours: int) -> pl.DataFrame:
        """Return stores without an order within the last `hours`, where by past weeks that is no chance: `store_id`, `expected_orders`.

        Poisson: no order where m were expected happens with exp(-m); times the number of stores (Bonferroni).
        """
        last = self.until.hour
        recent = self.sums.filter(pl.col("hour").is_between(last - hours + 1, last))
        if not self.weeks or not self.has_times or last < hours:
            return pl.DataFrame(schema={"store_id": pl.String, "expected_orders": pl.Float64})
        past = (
            recent.filter(pl.col("week") > 0)
            .group_by("store_id")
            .agg((pl.col("order_count").sum() / len(self.weeks)).alias("expected_orders"))
        )
        sold = recent.filter((pl.col("week") == 0) & (pl.col("order_count") > 0))["store_id"]
        most = [expected for expected in past["expected_orders"] if exp(-expected) * past.height < _SILENCE_CHANCE]
        return past.filter(pl.col("expected_orders").is_in(most), ~pl.col("store_id").is_in(sold.implode())).sort(
            "expected_orders", "store_id", descending=[True, False]
        )

    def _clock(self) -> time:
        return self.until.time() if self.has_times else time.max


def running_day(view: View, weeks: int) -> RunningDay:
    """Return the view's last day beside as many weeks before."""
    day = view.as_of
    today = [datetime.combine(day, time()), datetime.combine(day + timedelta(days=1), time())]
    times = (
        view.chain.orders.filter(pl.col("ordered_at") >= today[0], pl.col("ordered_at") < today[1])
        .select(pl.col("ordered_at").max().alias("last"), (pl.col("ordered_at").dt.time() != time()).any().alias("has_times"))
        .collect()
        .row(0, named=True)
    )
    has_times = bool(times["has_times"])
    until = times["last"] if has_times else today[1]
    windows = [
        (pl.col("ordered_at") >= today[0] - week * _WEEK)
        & (pl.col("ordered_at") <= until - week * _WEEK if has_times else pl.col("ordered_at") < today[1] - week * _WEEK)
        for week in range(weeks + 1)
    ]
    week = pl.coalesce(*[pl.when(window).then(place) for place, window in enumerate(windows)])
    own = pl.col("is_order")
    sums = (
        view.orders.filter(pl.any_horizontal(windows))
        .group_by(week.cast(pl.Int64).alias("week"), "store_code", pl.col("ordered_at").dt.hour().cast(pl.Int64).alias("hour"))
        .agg(
            own.cast(pl.Int64).sum().alias("order_count"),
            pl.col("amount").filter(own).sum().alias("order_sales"),
            pl.col("units_milli").filter(own).sum().alias("units_milli"),
            pl.col("amount").sum().alias("sales"),
        )
        .collect(engine="streaming")
        .join(view.stores.select("store_code", "store_id"), on="store_code", how="left")
        .drop("store_code")
        .sort("week", "store_id", "hour")
    )
    past = tuple(sorted(set(sums["week"]) - {0}))
    return RunningDay(view, until, has_times, past, sums, _visitors(view, until, today))


def _visitors(view: View, until: datetime, today: list[datetime]) -> pl.DataFrame:
    schema = {"store_id": pl.String, "hour": pl.Int64, "visitors": pl.Int64}
    traffic = view.workspace.table("traffic")
    if traffic is None or view.scope.audience is not None:
        return pl.DataFrame(schema=schema)
    counted = pl.col("counted_at")
    rows = traffic.filter(counted >= today[0], counted < today[1], counted <= until).collect()
    rows = rows.join(view.stores, on="store_id", how="semi")
    if view.scope.is_place:
        column = "store_id" if view.scope.store_id is not None else "region"
        rows = rows.join(view.stores.filter(pl.col(column) == getattr(view.scope, column)), on="store_id", how="semi")
    return rows.select("store_id", counted.dt.hour().alias("hour"), "visitors").cast(schema)  # type: ignore[arg-type]
