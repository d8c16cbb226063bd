"""Graded flags: which categories a member buys clearly more often than the shop does, and how sure that is."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.errors import DataError


def taste_index(
    member_category: pl.DataFrame, *, minimum_category_days: int = 1, prior: float = 2.0, confidence: float = 0.95, flag_above: float = 1.5
) -> pl.DataFrame:
    """Return one row per member and category bought, with the category share index, its lower limit and the flag.

    In: `member_code`, `category_code`, `day_count` (distinct shopping days with the category). Out, sorted by member and category:
    `member_code`, `category_code`, `day_count` (x), `expected_days` (E: the member's category days, spread as the whole shop spreads
    its own), `index` ((prior + x) / (prior + E); 1 = like the shop), `index_low` (lower limit at `confidence`, one-sided), `is_flag`
    (`index_low` > `flag_above`).

    x given E is Poisson with rate E * index, and the index Gamma(prior, prior) around 1 before anything is seen, so it is
    Gamma(prior + x, prior + E) after. A member with fewer than `minimum_category_days` category days in all gets no flag; a category
    never bought has no row. Counts are integers, so every value is the same for any row order.

    Raises `DataError` when a column is missing. Source: gamma-Poisson shrinkage as in DuMouchel, American Statistician 53 (1999), 177-190.
    """
    from scipy.special import gammaincinv

    missing = [name for name in ("member_code", "category_code", "day_count") if name not in member_category.columns]
    if missing:
        raise DataError(f"taste_index: the member x category table needs {missing}, which it does not have.")
    days = pl.col("day_count").cast(pl.Int64)
    counted = (
        member_category.select("member_code", "category_code", days)
        .filter(pl.col("day_count") > 0)
        .with_columns(
            pl.col("day_count").sum().over("member_code").alias("member_days"),
            pl.col("day_count").sum().over("category_code").alias("category_days"),
        )
        .with_columns((pl.col("member_days") * (pl.col("category_days") / pl.col("day_count").sum())).alias("expected_days"))
        .sort("member_code", "category_code")
    )
    day_count = counted["day_count"].to_numpy()
    shape = prior + day_count
    rate = prior + counted["expected_days"].to_numpy()
    # scipy's gamma.ppf spends most of its time on checks; the inverse incomplete gamma function underneath is the same number. It is
    # worked out once for each number of days: there are some hundred, and millions of rows.
    different, place = np.unique(day_count, return_inverse=True)
    low = gammaincinv(prior + different, 1 - confidence)[place] / rate
    return counted.select(
        "member_code",
        "category_code",
        "day_count",
        "expected_days",
        pl.Series("index", shape / rate, dtype=pl.Float64),
        pl.Series("index_low", low, dtype=pl.Float64),
        pl.Series("is_flag", low > flag_above, dtype=pl.Boolean) & (counted["member_days"] >= minimum_category_days),
    )


def flags_that_hold(before: pl.DataFrame, after: pl.DataFrame, *, index_above: float = 1.0) -> pl.DataFrame:
    """Return one row: of the flags of one period, how many hold in a later one.

    In: two frames of `taste_index`. A flag holds when the member's *raw* index x / E of the later period is above `index_above`; a
    member with no category day in the later period is not judged. Out: `flag_count`, `judged_count`, `held_count`, `held_share` (0..1,
    of those judged; null when none is). A category the member did not buy again counts as not held.
    """
    flags = before.filter("is_flag").select("member_code", "category_code")
    present = after.select("member_code").unique()
    judged = flags.join(present, on="member_code", how="semi").join(
        after.select("member_code", "category_code", (pl.col("day_count") / pl.col("expected_days")).alias("ratio")),
        on=["member_code", "category_code"],
        how="left",
    )
    held = judged.select((pl.col("ratio").fill_null(0) > index_above).sum().cast(pl.Int64)).item() if judged.height else 0
    return pl.DataFrame(
        {
            "flag_count": [flags.height],
            "judged_count": [judged.height],
            "held_count": [held],
            "held_share": pl.Series([held / judged.height if judged.height else None], dtype=pl.Float64),
        }
    )


def shuffled(incidences: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """Return the same shopping days and category totals with every taste taken out: a shop in which any flag is a false one.

    In: `member_code`, `day`, `category_code`, one row per member x day x category. The categories are dealt again at random over the rows;
    a category dealt twice to one day counts once. Out: the member x category frame that `taste_index` takes.
    """
    rows = incidences.select("member_code", "day", "category_code").unique().sort("member_code", "day", "category_code")
    dealt = np.random.default_rng(seed).permutation(rows["category_code"].to_numpy())
    return (
        rows.with_columns(pl.Series("category_code", dealt))
        .unique()
        .group_by("member_code", "category_code")
        .agg(pl.len().cast(pl.Int64).alias("day_count"))
        .sort("member_code", "category_code")
    )
