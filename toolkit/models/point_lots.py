"""Points as lots: what was earned when, what became of it (oldest first), and what of the rest will still be burnt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

MONTH_DAYS = 30
_DRAWS = 100
Z80 = 1.281552


@dataclass(frozen=True)
class Redemption:
    """Points that will be burnt within the horizon: `expected` and its 80% interval; `share`, of the points outstanding.

    `hazards`: per age in months, points at risk, burnt, expired, and the shares of them. `unseen`: outstanding points that will pass ages
    which nobody's points have reached yet: they are taken to be burnt there as at the oldest ages seen.
    """

    expected: float
    low: float
    high: float
    share: float
    hazards: pl.DataFrame
    unseen: int


def point_lots(entries: pl.DataFrame) -> pl.DataFrame:
    """Return what became of all points: one row per lot (or part of one), in the order of the account.

    In: `member`, `day`, `kind` (earned, burnt, expired, adjusted) and `points`, in the order in which they were entered. Out: `member`,
    `born` (day it was earned), `points` (whole, above 0), `fate` (burnt, expired, adjusted, or null = outstanding) and `ended` (its day).
    The oldest points go first, as shops account for them. What was taken off an account beyond what it held is in no row: `shortfall`.

    >>> rows = [("a", date(2024, 1, 1), "earned", 10), ("a", date(2024, 2, 1), "earned", 5), ("a", date(2024, 3, 1), "burnt", 12)]
    >>> point_lots(pl.DataFrame(rows, schema=["member", "day", "kind", "points"], orient="row")).select("points", "fate").rows()
    [(10, 'burnt'), (2, 'burnt'), (3, None)]
    """
    is_taken = pl.col("kind").is_in(["burnt", "expired"]) | ((pl.col("kind") == "adjusted") & (pl.col("points") < 0))
    rows = entries.filter(pl.col("points") != 0).with_columns(is_taken.alias("taken"), pl.col("points").abs().alias("size"))
    came = rows.filter(~pl.col("taken")).with_columns(pl.col("size").cum_sum().over("member").alias("edge"))
    went = rows.filter("taken").with_columns(pl.col("size").cum_sum().over("member").alias("edge"))
    edges = pl.concat([came.select("member", "edge"), went.select("member", "edge")]).unique().sort("member", "edge")
    pieces = edges.with_columns((pl.col("edge") - pl.col("edge").shift(1).over("member").fill_null(0)).alias("piece")).sort("edge")
    lots = pieces.join_asof(
        came.select("member", "edge", pl.col("day").alias("born")).sort("edge"), on="edge", by="member", strategy="forward",
        check_sortedness=False,
    ).join_asof(
        went.select("member", "edge", pl.col("kind").alias("fate"), pl.col("day").alias("ended")).sort("edge"), on="edge", by="member",
        strategy="forward", check_sortedness=False,
    )  # fmt: skip
    # A piece that was taken before its lot was earned was owed: the account stood below zero until then.
    return lots.drop_nulls("born").sort("member", "edge").select("member", "born", pl.col("piece").alias("points"), "fate", "ended")


def balances(entries: pl.DataFrame) -> pl.DataFrame:
    """Return each member's balance (`member`, `balance`), which may be below zero; burnt and expired are taken off whatever their sign."""
    signed = pl.when(pl.col("kind").is_in(["burnt", "expired"])).then(-pl.col("points").abs()).otherwise(pl.col("points"))
    return entries.group_by("member").agg(signed.sum().alias("balance")).sort("member")


def redemption(lots: pl.DataFrame, as_of: date, ahead_days: int, *, seed: int = 1) -> Redemption | None:
    """Return how many of the outstanding points will be burnt within so many days; None where none are outstanding or none was ever burnt.

    Of points of each age (months of 30 days since they were earned) a share is burnt and a share expires within the month: discrete
    hazards of two ways to end, from all lots, those that are still open counting as long as they were seen. An outstanding point goes
    through the ages before it. The interval is an 80% one: members are drawn anew (their habits differ), and each member's open points are
    taken to be burnt or kept as a whole, which they mostly are.

    Source: discrete-time competing risks, Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 2nd ed., chapter 8.
    """
    ended = pl.coalesce("ended", pl.lit(as_of))
    age = ((ended - pl.col("born")).dt.total_days().clip(0, None) // MONTH_DAYS).alias("age")
    rows = lots.with_columns(age, pl.col("member").rank("dense").cast(pl.Int64).alias("who") - 1)
    open_rows = rows.filter(pl.col("fate").is_null())
    if open_rows.is_empty() or not (rows["fate"] == "burnt").any():
        return None
    who, ages, points = (rows[name].to_numpy() for name in ("who", "age", "points"))
    fate = rows["fate"].fill_null("open").to_numpy()
    members, oldest = int(who.max()) + 1, int(ages.max()) + 1
    steps = -(-ahead_days // MONTH_DAYS)
    part = 1 - (steps * MONTH_DAYS - ahead_days) / MONTH_DAYS  # of the last month
    burnt, gone, risk = (_by_member(who[keep], ages[keep], points[keep], members, oldest) for keep in (
        fate == "burnt", (fate == "expired") | (fate == "adjusted"), np.ones(who.size, bool)))  # fmt: skip
    # Who is of an age was of every age before it; those still open were under observation for half of their last month.
    at_risk = np.cumsum(risk[:, ::-1], axis=1)[:, ::-1] - 0.5 * _by_member(
        who[fate == "open"], ages[fate == "open"], points[fate == "open"], members, oldest
    )
    held = _by_member(open_rows["who"].to_numpy(), open_rows["age"].to_numpy(), open_rows["points"].to_numpy(), members, oldest)

    def chances(weights: np.ndarray) -> np.ndarray:
        """The chance of being burnt within the horizon, by age now."""
        sums = np.maximum(weights @ at_risk, 1e-9)
        h_burnt, h_gone = np.clip(weights @ burnt / sums, 0, 1), np.clip(weights @ gone / sums, 0, 1)
        tail = slice(max(0, oldest - 4), oldest)
        last = [float((weights @ one)[tail].sum() / sums[tail].sum()) for one in (burnt, gone)]
        h_burnt, h_gone = (np.concatenate([h, np.full(steps + 1, end)]) for h, end in ((h_burnt, last[0]), (h_gone, last[1])))
        total = np.minimum(h_burnt + h_gone, 1)
        found = np.zeros(oldest)
        for start in range(oldest):
            stays = 1.0
            for step in range(steps + 1):
                # half of the month is over for points of this age, so that the last step is half a month (and what is left of it) too
                share = 0.5 if step == 0 else (part - 0.5 if step == steps else 1.0)
                place = min(start + step, total.size - 1)
                if share > 0:
                    found[start] += stays * h_burnt[place] * share
                    stays *= 1 - total[place] * share
        return np.clip(found, 0, 1)

    rng = np.random.default_rng(seed)
    chance = chances(np.ones(members))
    expected = float(held.sum(0) @ chance)
    of_member = held @ chance
    size = held.sum(1)
    rates = np.divide(of_member, size, out=np.zeros_like(of_member), where=size > 0)
    own_spread = float((size**2 * rates * (1 - rates)).sum())
    drawn = [held.sum(0) @ chances(rng.multinomial(members, np.full(members, 1 / members)).astype(float)) for _ in range(_DRAWS)]
    error = float(np.sqrt(np.var(drawn) + own_spread))
    outstanding = float(held.sum())
    ends = (burnt + gone)[:, -1].sum() >= 0.5 * at_risk[:, -1].sum()  # nothing grows older than the oldest: points expire there
    seen = 0 if ends else held[:, max(0, oldest - steps) :].sum()
    table = _hazard_table(at_risk.sum(0), burnt.sum(0), gone.sum(0))
    return Redemption(
        expected=expected, low=max(0.0, expected - Z80 * error), high=min(outstanding, expected + Z80 * error),
        share=expected / outstanding, hazards=table, unseen=int(seen),
    )  # fmt: skip


def _by_member(who: np.ndarray, ages: np.ndarray, points: np.ndarray, members: int, oldest: int) -> np.ndarray:
    sums = np.bincount(who * oldest + ages, points.astype(float), members * oldest)
    return sums.reshape(members, oldest)


def _hazard_table(at_risk: np.ndarray, burnt: np.ndarray, gone: np.ndarray) -> pl.DataFrame:
    frame = pl.DataFrame({"age_months": np.arange(at_risk.size), "at_risk": at_risk, "burnt": burnt, "gone": gone})
    some = pl.col("at_risk") > 0
    shares = [pl.when(some).then(pl.col(name) / pl.col("at_risk")).alias(f"{name}_share") for name in ("burnt", "gone")]
    return frame.with_columns(shares)
