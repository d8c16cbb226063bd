"""First purchases: who came back, how long it took, and what a first purchase says about spend later on."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.models.multiple_tests import benjamini_hochberg
from toolkit.models.shares import Z95
from toolkit.models.strata import held_or_not

_LEAST_SPREAD = 0.05  # goods are never taken to be all alike: with an estimate of no spread the intervals would have no width


def days_until_half(days: pl.Expr) -> pl.Expr:
    """Return the days after which half of all had come back, null where fewer than half did; null days = not come back.

    Leaving out those who did not come back would give a median that is too short.
    """
    back = days.drop_nulls().sort()
    need = (pl.len() + 1) // 2
    return pl.when(back.len() >= need).then(back.get(need - 1, null_on_oob=True)).cast(pl.Float64)


def later_worth(strata: pl.DataFrame, goods: pl.DataFrame, *, least: int = 10, false_share: float = 0.05) -> pl.DataFrame:
    """Return, per first good, how much its buyers spend later against members like them whose first purchase was without it.

    In: `strata` (members by `in_strata`) and `goods` (`member_code`, `good`, one row per member and good of the first purchase). Like
    members began in the same store and month with a basket worth about as much: else a store, or December, that sells a good more and keeps
    its members better would make an entry good of it, and so would large first baskets, which hold nearly every good and come from those
    who spend much anyway.

    Out, one row per good with at least `least` buyers who can be compared, sorted by good: `good`, `member_count`, `like_count`,
    `alone_count`, `later_mean`, `expected_mean`, `ratio` (see `held_or_not`), `ratio_shrunk` (towards 1, by how much the goods differ
    beyond chance), `ratio_low`, `ratio_high` (95%, of the shrunk one), `is_told` (its buyers' ranks in their strata are beyond chance:
    two-sided, Benjamini-Hochberg at `false_share` over all goods, so that of thousands few are called by luck; ranks, since amounts are so
    skewed that a test of means of 50 buyers called 20 of 2,000 goods where there were none).

    Shrinkage is empirical Bayes on the ratio with its own standard error (method of moments): the best of many goods is partly luck, and an
    unshrunk winner falls back. Source: Efron and Morris, JASA 70 (1975), 311-319.
    """
    from scipy.special import ndtr  # slow to load

    held = held_or_not(strata, goods).filter(pl.col("member_count") >= max(least, 3))
    ratio, error = held["ratio"].to_numpy(), held["error"].to_numpy()
    told = benjamini_hochberg(2 * ndtr(-held["score"].fill_nan(0.0).abs().to_numpy()), held.height, false_share)
    shrunk, low, high = shrunk_to_one(ratio, error, told)
    return held.drop("error", "score").with_columns(
        pl.Series("ratio_shrunk", shrunk, dtype=pl.Float64),
        pl.Series("ratio_low", low, dtype=pl.Float64),
        pl.Series("ratio_high", high, dtype=pl.Float64),
        pl.Series("is_told", told, dtype=pl.Boolean),
    )


def shrunk_to_one(ratio: np.ndarray, error: np.ndarray, told: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ratios drawn towards 1 by as much of their spread as is chance, and their 95% intervals (low, high).

    Those that are `told` apart from chance by themselves move by one standard error at most: among thousands of goods that are all alike a
    single one that is not would else be drawn in with them. Source: Efron and Morris, JASA 66 (1971), 807-815 (limited translation). Their
    intervals reach from the drawn ratio's to that of the ratio as it was: the drawn one's alone would miss too often what was planted.
    """
    if not ratio.size:
        return ratio, ratio, ratio
    between = max(_LEAST_SPREAD**2, float(np.mean((ratio - 1) ** 2 - error**2)))
    weight = between / (between + error**2)
    moved = (1 - weight) * (ratio - 1)
    limited = told & (np.abs(moved) > error)
    shrunk = ratio - np.where(limited, np.sign(moved) * error, moved)
    reach = Z95 * np.where(limited, error, np.sqrt(weight) * error)
    as_it_was = np.where(told, ratio, shrunk)
    return shrunk, np.minimum(shrunk, as_it_was) - reach, np.maximum(shrunk, as_it_was) + reach
