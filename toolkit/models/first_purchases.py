"""First purchases: who came back, how long it took, and what a first purchase says about spend later on."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.models.multiple_tests import benjamini_hochberg
from toolkit.models.shares import Z95

_LEAST_SPREAD = 0.05  # goods are never taken to be all alike: with an estimate of no spread the intervals would have no width


def days_until_half(days: pl.Expr) -> pl.Expr:
    """Return the days after which half of all had come back, null where fewer than half did; null days = not come back.

    Leaving out those who did not come back would give a median that is too short.
    """
    back = days.drop_nulls().sort()
    need = (pl.len() + 1) // 2
    return pl.when(back.len() >= need).then(back.get(need - 1, null_on_oob=True)).cast(pl.Float64)


def later_worth(members: pl.DataFrame, goods: pl.DataFrame, *, bands: int = 5, least: int = 10, false_share: float = 0.05) -> pl.DataFrame:
    """Return, per first good, how much its buyers spend later against members whose first basket was worth about as much.

    In: `members` (`member_code`, `first_amount`, `later_amount`, one row a member) and `goods` (`member_code`, `good`, one row per member
    and good of the first purchase). Out, one row per good with at least `least` buyers, sorted by good: `good`, `member_count`,
    `later_mean`, `expected_mean` (mean later amount of the members in the same band of first amount, the buyer himself left out), `ratio`
    (later over expected), `ratio_shrunk` (towards 1, by how much the goods differ beyond chance), `ratio_low`, `ratio_high` (95%, of the
    shrunk one), `is_told` (its buyers' ranks by later amount within their bands are beyond chance: two-sided, Benjamini-Hochberg at
    `false_share` over all goods, so that of thousands few are called by luck; ranks, since amounts are so skewed that a test of means of 50
    buyers called 20 of 2,000 goods where there were none).

    Bands are `bands` equal parts of the members by first amount, since a large first basket holds nearly every good and comes from
    those who spend much anyway. A good's buyers are taken to spread no less than the members of their bands: 30 without one large spender
    seem too sure. Shrinkage is empirical Bayes on the ratio with its own standard error (method of moments):
    the best of many goods is partly luck, and an unshrunk winner falls back. Source: Efron and Morris, JASA 70 (1975), 311-319.
    """
    from scipy.special import ndtr  # slow to load

    ranked = members.with_columns(
        ((pl.col("first_amount").rank("average") - 0.5) / pl.len() * bands).ceil().clip(1, bands).cast(pl.Int64).alias("band")
    )
    inside, total = pl.len().over("band"), pl.col("later_amount").sum().over("band")
    others = pl.when(inside > 1).then((total - pl.col("later_amount")) / (inside - 1)).otherwise(pl.col("later_amount").mean())
    place = (pl.col("later_amount").rank("average").over("band") - 0.5) / inside - 0.5  # -0.5 to 0.5; 0 = in the middle of the band
    ranked = ranked.with_columns(
        others.cast(pl.Float64).alias("expected"),
        pl.col("later_amount").var().over("band").fill_null(0.0).alias("band_variance"),
        place.alias("place"),
        (place**2).mean().over("band").alias("place_variance"),
    )
    found = (
        goods.select("member_code", "good")
        .unique(maintain_order=True)  # a mean of floats depends on the order of its rows, in its last bit
        .join(ranked, on="member_code", maintain_order="left")
        .group_by("good")
        .agg(
            pl.len().cast(pl.Int64).alias("member_count"),
            pl.col("later_amount").mean().alias("later_mean"),
            pl.col("expected").mean().alias("expected_mean"),
            pl.max_horizontal((pl.col("later_amount") - pl.col("expected")).std(), pl.col("band_variance").mean().sqrt()).alias("spread"),
            (pl.col("place").sum() / pl.col("place_variance").sum().sqrt()).alias("score"),
        )
        .filter((pl.col("member_count") >= max(least, 3)) & (pl.col("expected_mean") > 0) & (pl.col("spread") > 0))
        .sort("good")
    )
    ratio = (found["later_mean"] / found["expected_mean"]).to_numpy()
    error = (found["spread"] / found["expected_mean"]).to_numpy() / np.sqrt(found["member_count"].to_numpy())
    told = benjamini_hochberg(2 * ndtr(-found["score"].fill_nan(0.0).abs().to_numpy()), found.height, false_share)
    shrunk, after = shrunk_to_one(ratio, error, told)
    return found.drop("spread", "score").with_columns(
        pl.Series("ratio", ratio, dtype=pl.Float64),
        pl.Series("ratio_shrunk", shrunk, dtype=pl.Float64),
        pl.Series("ratio_low", shrunk - Z95 * after, dtype=pl.Float64),
        pl.Series("ratio_high", shrunk + Z95 * after, dtype=pl.Float64),
        pl.Series("is_told", told, dtype=pl.Boolean),
    )


def shrunk_to_one(ratio: np.ndarray, error: np.ndarray, told: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ratios drawn towards 1 by as much of their spread as is chance, and the standard errors that are left.

    Those that are `told` apart from chance by themselves move by one standard error at most: among thousands of goods that are all alike a
    single one that is not would else be drawn in with them. Source: Efron and Morris, JASA 66 (1971), 807-815 (limited translation).
    """
    if not ratio.size:
        return ratio, error
    between = max(_LEAST_SPREAD**2, float(np.mean((ratio - 1) ** 2 - error**2)))
    weight = between / (between + error**2)
    moved = (1 - weight) * (ratio - 1)
    limited = told & (np.abs(moved) > error)
    shrunk = ratio - np.where(limited, np.sign(moved) * error, moved)
    return shrunk, np.where(limited, error, np.sqrt(weight) * error)
