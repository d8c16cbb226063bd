"""What members did before and after they began something (a paid plan, a prepaid account), beside like members who did not begin it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import polars as pl

from toolkit.models.shares import Z95
from toolkit.models.strata import held_or_not, in_strata
from toolkit.scope.view import View

NEW, CAME, AWAY = "first order", "ordered", "did not order"
"""What a member did on the day itself: who is in the shop that day comes again sooner, whatever begins there."""
_TIMES, _LEAST_OTHERS = 20, 5000
"""Others looked at: so many times the beginners, and so many at least; more would not narrow the interval."""


@dataclass(frozen=True)
class BesideLike:
    """Means per member, of `days` before and after: of those who began (`before`, `after`) and of like others (`like_before`, `expected`).

    `difference` = after - expected, with its 95% interval. `members`, `like`: who was compared; `alone`: had nobody like them; `left_out`:
    began too early or too late to be seen on both sides. Money in minor units.
    """

    members: int
    like: int
    alone: int
    left_out: int
    before: float
    after: float
    like_before: float
    expected: float
    difference: float
    low: float
    high: float


def beside_like(view: View, began: pl.DataFrame, days: int, what: Literal["orders", "amount"]) -> BesideLike | None:
    """Return what members in scope did around the day on which they began (`member_id`, `first_day`), beside members who never began.

    None where fewer than the minimum number of members can be compared.
    """
    people = view.population.select("member_code", "member_id")
    starts = began.join(people, on="member_id").select("member_code", "first_day").unique("member_code", keep="first", maintain_order=True)
    pool = people.join(began, on="member_id", how="anti")["member_code"].to_numpy()
    most = max(_TIMES * starts.height, _LEAST_OTHERS)
    if pool.size > most:
        pool = np.random.default_rng(1).choice(pool, most, replace=False)
    codes = pl.concat([starts["member_code"], pl.Series("member_code", pool, dtype=starts["member_code"].dtype)])
    orders = view.chain.orders.filter(pl.col("member_code").is_in(codes.implode())).select(
        "member_code", pl.col("ordered_at").dt.date().alias("on"), "store_code", "is_order", "amount"
    )
    mine = starts.join(view.members.select("member_code"), on="member_code", how="semi")
    told = around_a_day(orders.collect(engine="streaming"), mine, pool, days=days, what=what, first_day=view.first_day, last_day=view.as_of)
    return told if told is not None and min(told.members, told.like) >= view.least else None


def around_a_day(
    orders: pl.DataFrame, starts: pl.DataFrame, pool: np.ndarray, *, days: int, what: str, first_day: date, last_day: date, seed: int = 1
) -> BesideLike | None:
    """Return what members did around the day they began beside others: see `BesideLike`; None where nobody can be compared.

    In: `orders` (`member_code`, `on`, `store_code`, `is_order`, `amount`), `starts` (`member_code`, `first_day`) and the codes of others.
    Each of the others is given one day by chance, as the beginners' months and what they did on the day have it: one of the other's own
    shopping days where beginners ordered that day, else a day on which the other did not order. Alike is who did the same on the day,
    last ordered in the same store, began in the same month (or quarter) and did about as much in the days before; the day itself is in
    neither side.

    Source: `models.held_or_not`.
    """
    reach = timedelta(days=days)
    inside = pl.col("first_day").is_between(first_day + reach, last_day - reach)
    visits = orders.filter("is_order").select("member_code", pl.col("on").alias("first_day"), "store_code")
    visits = visits.unique(["member_code", "first_day"], keep="first", maintain_order=True).sort("member_code", "first_day")
    visits = visits.with_columns((pl.col("first_day") == pl.col("first_day").min()).over("member_code").alias("is_new"))
    mine = _on_the_day(starts.filter(inside), visits)
    if mine.is_empty():
        return None
    others = _others(mine, visits, pool, inside, np.random.default_rng(seed))
    rows = pl.concat([mine.with_columns(good=pl.lit("began")), others.with_columns(good=pl.lit(None, pl.String))])
    last = visits.rename({"first_day": "on", "store_code": "last_store"}).drop("is_new")
    rows = rows.sort("first_day").join_asof(last.sort("on"), left_on="first_day", right_on="on", by="member_code", check_sortedness=False)
    rows = rows.drop_nulls("last_store")  # who never ordered before that day is unlike anybody
    since = (pl.col("on") - pl.col("first_day")).dt.total_days()
    amount = pl.col("is_order").cast(pl.Int64) if what == "orders" else pl.col("amount")
    sums = (
        orders.join(rows.select("member_code", "first_day"), on="member_code")
        .group_by("member_code")
        .agg(
            amount.filter(since.is_between(-days, -1)).sum().alias("first_amount"),
            amount.filter(since.is_between(1, days)).sum().alias("later_amount"),
        )
    )
    place = pl.concat_str(pl.col("last_store").cast(pl.String), "did", separator="|").alias("first_store")
    members = rows.join(sums, on="member_code").select("member_code", "first_day", place, "first_amount", "later_amount", "good")
    goods = members.drop_nulls("good").select("member_code", "good")
    strata = in_strata(members.drop("good"))
    after = held_or_not(strata, goods)
    if after.is_empty():
        return None
    row = after.row(0, named=True)
    before = held_or_not(strata.with_columns(pl.col("first_amount").cast(pl.Float64).alias("outcome")), goods)
    was = before.row(0, named=True) if before.height else {"later_mean": 0.0, "expected_mean": 0.0}  # nobody did anything before
    difference, half = row["later_mean"] - row["expected_mean"], Z95 * row["error"] * row["expected_mean"]
    return BesideLike(
        members=row["member_count"], like=row["like_count"], alone=row["alone_count"], left_out=starts.height - mine.height,
        before=was["later_mean"], after=row["later_mean"], like_before=was["expected_mean"], expected=row["expected_mean"],
        difference=difference, low=difference - half, high=difference + half,
    )  # fmt: skip


def _on_the_day(starts: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """The beginnings with what was done that day, `did`."""
    seen = starts.join(visits.select("member_code", "first_day", "is_new"), on=["member_code", "first_day"], how="left")
    did = pl.when("is_new").then(pl.lit(NEW)).when(pl.col("is_new").is_not_null()).then(pl.lit(CAME)).otherwise(pl.lit(AWAY))
    return seen.select("member_code", "first_day", did.alias("did"))


def _others(mine: pl.DataFrame, visits: pl.DataFrame, pool: np.ndarray, inside: pl.Expr, rng: np.random.Generator) -> pl.DataFrame:
    """One day for each of the others."""
    month = pl.col("first_day").dt.truncate("1mo").alias("month")
    of_month = mine.group_by(month).agg(pl.len().alias("weight"))
    codes = np.sort(pool)
    away_share = float((mine["did"] == AWAY).mean())  # type: ignore[arg-type]
    is_away = rng.random(codes.size) < away_share
    some = pl.DataFrame({"member_code": codes}, schema={"member_code": mine["member_code"].dtype})
    came = visits.filter(inside).join(some.filter(pl.Series(~is_away)), on="member_code", how="semi")
    came = came.with_columns(month).join(of_month, on="month", maintain_order="left").sort("member_code", "first_day")
    # Of a member's days one is drawn, in proportion to the beginners of its month (Efraimidis and Spirakis 2006).
    key = pl.Series("key", np.log(rng.random(came.height))) / came["weight"]
    chosen = came.with_columns(key).sort("key").group_by("member_code").last().select("member_code", "first_day")
    apart = some.filter(pl.Series(is_away))
    pick = rng.integers(0, mine.height, apart.height)
    apart = apart.with_columns(mine["first_day"].gather(pl.Series(pick, dtype=pl.UInt32)))
    rows = _on_the_day(pl.concat([chosen, apart]), visits)
    drawn_away = rows["member_code"].is_in(apart["member_code"].implode())
    return rows.filter(~drawn_away | (pl.col("did") == AWAY)).sort("member_code")
