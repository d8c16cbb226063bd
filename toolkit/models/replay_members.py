"""Replaying what is given to members rather than to baskets: more points, a gift for who joins, a reward for who brings somebody."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from toolkit.expressions import BASIS_POINTS, divide_half_up
from toolkit.models.replay import REPLAY

MILLI = 1_000
AMOUNT = pl.col("amount")


def replay_gift(counted: pl.DataFrame, cost: int) -> pl.DataFrame:
    """Return the replay of a threshold (`replay_full_reduction`) with a gift that costs the shop `cost` in place of its reduction."""
    return counted.with_columns(
        (pl.col("free_rider_count") * cost).alias("free_cost"), (pl.col("within_reach_count") * cost).alias("within_reach_cost")
    )


def replay_extra_points(members: pl.DataFrame, *, more_milli: int, point_cost: float, rate: float, by: Sequence[str] = ()) -> pl.DataFrame:
    """Return more points on everything: one row per group.

    All baskets of the window get them anyway. A member's points of the window times `more_milli` thousandths (1,000 = double points) are
    rounded half up to whole points, then to minor units at `point_cost`, what a point costs the shop in the end. Within reach are the
    quiet, who had no basket in the window and would come with their usual one.

    Parameters
    ----------
    members
        `order_count`, `amount` (baskets of the window), `point_count` (points earned in it), `usual_amount` (usual basket of a member
        without one in the window; null = none is known) and the columns `by`; one row per member.
    point_cost
        Minor units a point.
    rate
        Points a minor unit of sales.

    Returns
    -------
    DataFrame
        `by`, `extra_points` and REPLAY; sorted by `by`.

    Example
    -------
    >>> two = pl.DataFrame({"order_count": [2, 0], "amount": [5_000, 0], "point_count": [50, 0], "usual_amount": [None, 2_000]})
    >>> replay_extra_points(two, more_milli=1_000, point_cost=1.0, rate=0.01).select("free_cost", "within_reach_cost").row(0)
    (50, 20)
    """
    quiet = (pl.col("order_count") == 0) & (pl.col("usual_amount") > 0).fill_null(False)
    usual = pl.col("usual_amount").filter(quiet)
    extra = divide_half_up(pl.col("point_count") * more_milli, pl.lit(MILLI, pl.Int64))
    to_come = (usual * rate * more_milli / MILLI + 0.5).floor()
    return _grouped(
        members,
        by,
        extra.sum().alias("extra_points"),
        AMOUNT.sum().alias("base_amount"),
        pl.col("order_count").sum().cast(pl.Int64).alias("free_rider_count"),
        AMOUNT.sum().alias("free_rider_amount"),
        _minor(extra * point_cost).sum().alias("free_cost"),
        quiet.sum().cast(pl.Int64).alias("within_reach_count"),
        usual.sum().alias("within_reach_amount"),
        _minor(to_come * point_cost).sum().alias("within_reach_cost"),
        pl.len().cast(pl.Int64).alias("contact_count"),
    )


def replay_welcome_gift(joined: pl.DataFrame, *, value: int, minimum: int, reach_bp: int, by: Sequence[str] = ()) -> pl.DataFrame:
    """Return `value` off the first basket of who joined, from a minimum on: one row per group with somebody who joined.

    A first basket at or above the minimum is a free rider, and never gets more off than it is worth. Within reach are first baskets that
    lack at most `reach_bp` basis points of the minimum, and who joined without a basket since: each would come with the mean first basket
    of their group (topped up to the minimum); where nobody of it has one, nobody is taken to come.

    Parameters
    ----------
    joined
        `first_amount` (first basket since joining, minor units; null = none) and the columns `by`; one row per member who joined.

    Example
    -------
    >>> replay_welcome_gift(pl.DataFrame({"first_amount": [6_000, 4_500, None]}), value=1_000, minimum=5_000, reach_bp=2_000).row(0)[:8]
    (10500, 1, 6000, 1000, 2, 5750, 2000, 0)
    """
    first = pl.col("first_amount")
    base = first.fill_null(0).sum()
    mean = divide_half_up(first.sum(), pl.when(first.count() > 0).then(first.count().cast(pl.Int64)))
    free = (first >= max(minimum, 1)).fill_null(False)
    near = (~free & (minimum - first <= minimum * reach_bp // BASIS_POINTS)).fill_null(False)
    silent = first.is_null().sum().cast(pl.Int64)
    basket = pl.max_horizontal(mean, pl.lit(minimum, pl.Int64))
    coming = pl.when(mean.is_not_null()).then(silent).otherwise(0)
    return _grouped(
        joined,
        by,
        base.alias("base_amount"),
        free.sum().cast(pl.Int64).alias("free_rider_count"),
        first.filter(free).sum().alias("free_rider_amount"),
        pl.min_horizontal(first, pl.lit(value, pl.Int64)).filter(free).sum().alias("free_cost"),
        (near.sum().cast(pl.Int64) + coming).alias("within_reach_count"),
        ((minimum - first).filter(near).sum() + (coming * basket).fill_null(0)).alias("within_reach_amount"),
        (near.sum().cast(pl.Int64) * value + (coming * pl.min_horizontal(basket, pl.lit(value, pl.Int64))).fill_null(0)).alias(
            "within_reach_cost"
        ),
        pl.len().cast(pl.Int64).alias("contact_count"),
    ).filter(pl.col("contact_count") > 0)


def replay_referral_reward(brought: pl.DataFrame, *, value: int, newcomer: int, by: Sequence[str] = ()) -> pl.DataFrame:
    """Return a reward of `value` for each member brought, and `newcomer` for who is brought: one row per group that brought somebody.

    Who brought somebody in the window would have done so anyway. Within reach are as many again, who spend what those brought spent in the
    window: the share that responds is by how much more members bring.

    Parameters
    ----------
    brought
        `amount` (spend in the window of who was brought, minor units; 0 = nothing) and the columns `by` of who brought them; one row per
        member brought. Only who ordered is paid for.

    Example
    -------
    >>> replay_referral_reward(pl.DataFrame({"amount": [3_000, 5_000, 0]}), value=2_000, newcomer=500).row(0)[:7]
    (8000, 2, 8000, 5000, 2, 8000, 5000)
    """
    came = (AMOUNT > 0).sum().cast(pl.Int64)
    spent = AMOUNT.clip(0, None).sum()
    paid = (came * (value + newcomer)).alias("free_cost")
    return _grouped(
        brought,
        by,
        spent.alias("base_amount"),
        came.alias("free_rider_count"),
        spent.alias("free_rider_amount"),
        paid,
        came.alias("within_reach_count"),
        spent.alias("within_reach_amount"),
        paid.alias("within_reach_cost"),
        pl.lit(0, pl.Int64).alias("contact_count"),
    ).filter(pl.col("free_rider_count") > 0)


def _minor(amount: pl.Expr) -> pl.Expr:
    """Whole minor units, halves up; null where what a point costs is not known."""
    return (amount + 0.5).floor().cast(pl.Int64)


def _grouped(frame: pl.DataFrame, by: Sequence[str], *aggregates: pl.Expr) -> pl.DataFrame:
    rows = frame.group_by(list(by)).agg(aggregates).sort(list(by)) if by else frame.select(aggregates)
    rows = rows.with_columns(pl.lit(0, pl.Int64).alias("movable_cost"))
    others = [name for name in rows.columns if name not in REPLAY and name not in by]
    return rows.select(*by, *others, *REPLAY)
