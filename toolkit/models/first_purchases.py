"""First purchases: who came back, how long it took, and what a first purchase says about spend later on."""

from __future__ import annotations

import numpy as np
import polars as pl

_Z = 1.96
_LEAST_SPREAD = 0.05  # goods are never taken to be all alike: with an estimate of no spread the intervals would have no width


def wilson(count: pl.Expr, of: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return the 95% limits of a share `count / of` (Wilson 1927); null where `of` is 0.

    >>> pl.DataFrame({"k": [8], "n": [10]}).select(wilson(pl.col("k"), pl.col("n"))[0].round(3)).item()
    0.49
    """
    n = pl.when(of > 0).then(of.cast(pl.Float64))
    share = count / n
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * ((share * (1 - share) + _Z**2 / (4 * n)) / n).sqrt() / (1 + _Z**2 / n)
    return middle - half, middle + half


def days_until_half(days: pl.Expr) -> pl.Expr:
    """Return the days after which half of all had come back, null where fewer than half did; null days = not come back.

    Leaving out those who did not come back would give a median that is too short.
    """
    back = days.drop_nulls().sort()
    need = (pl.len() + 1) // 2
    return pl.when(back.len() >= need).then(back.get(need - 1, null_on_oob=True)).cast(pl.Float64)


def later_worth(members: pl.DataFrame, goods: pl.DataFrame, *, bands: int = 5, least: int = 10) -> pl.DataFrame:
    """Return, per first good, how much its buyers spend later against members whose first basket was worth about as much.

    In: `members` (`member_code`, `first_amount`, `later_amount`, one row a member) and `goods` (`member_code`, `good`, one row per member
    and good of the first purchase). Out, one row per good with at least `least` buyers, sorted by good: `good`, `member_count`,
    `later_mean`, `expected_mean` (mean later amount of the members in the same band of first amount, the buyer himself left out), `ratio`
    (later over expected), `ratio_shrunk` (towards 1, by how much the goods differ beyond chance), `ratio_low`, `ratio_high` (95%, of the
    shrunk one).

    Bands are `bands` equal parts of the members by first amount, since a large first basket holds nearly every good and comes from
    those who spend much anyway. Shrinkage is empirical Bayes on the ratio with its own standard error (method of moments):
    the best of many goods is partly luck, and an unshrunk winner falls back. Source: Efron and Morris, JASA 70 (1975), 311-319.
    """
    ranked = members.with_columns(
        ((pl.col("first_amount").rank("average") - 0.5) / pl.len() * bands).ceil().clip(1, bands).cast(pl.Int64).alias("band")
    )
    inside, total = pl.len().over("band"), pl.col("later_amount").sum().over("band")
    others = pl.when(inside > 1).then((total - pl.col("later_amount")) / (inside - 1)).otherwise(pl.col("later_amount").mean())
    ranked = ranked.with_columns(others.cast(pl.Float64).alias("expected"))
    found = (
        goods.select("member_code", "good")
        .unique()
        .join(ranked, on="member_code")
        .group_by("good")
        .agg(
            pl.len().cast(pl.Int64).alias("member_count"),
            pl.col("later_amount").mean().alias("later_mean"),
            pl.col("expected").mean().alias("expected_mean"),
            (pl.col("later_amount") - pl.col("expected")).std().alias("spread"),
        )
        .filter((pl.col("member_count") >= max(least, 3)) & (pl.col("expected_mean") > 0) & (pl.col("spread") > 0))
        .sort("good")
    )
    ratio = (found["later_mean"] / found["expected_mean"]).to_numpy()
    error = (found["spread"] / found["expected_mean"]).to_numpy() / np.sqrt(found["member_count"].to_numpy())
    shrunk, after = shrunk_to_one(ratio, error)
    return found.drop("spread").with_columns(
        pl.Series("ratio", ratio, dtype=pl.Float64),
        pl.Series("ratio_shrunk", shrunk, dtype=pl.Float64),
        pl.Series("ratio_low", shrunk - _Z * after, dtype=pl.Float64),
        pl.Series("ratio_high", shrunk + _Z * after, dtype=pl.Float64),
    )


def shrunk_to_one(ratio: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ratios drawn towards 1 by as much of their spread as is chance, and the standard errors that are left."""
    if not ratio.size:
        return ratio, error
    between = max(_LEAST_SPREAD**2, float(np.mean((ratio - 1) ** 2 - error**2)))
    weight = between / (between + error**2)
    return 1 + weight * (ratio - 1), np.sqrt(weight) * error
