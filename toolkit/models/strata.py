"""Like compared with like: members parted by store, month and first basket, and those with a good against those without it there."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.models.levels import level_factors, levels_of

LEAST = 5
"""Members of a stratum at least: fewer are compared more widely; of a store, two."""
WITHIN = ("month", "quarter", "basket", "store")
"""What those who are compared share beside their first store, closest first: the month (or quarter) of joining and a first basket of like
worth, such a basket alone, or nothing more."""
_KEYS = (("store", "month", "band"), ("store", "quarter", "band"), ("store", "band"), ("store",))
_PARTS = 20
_PRIOR = 3  # usual members beside those of a store, a month or a part of the baskets, so that none has a level of 0


def in_strata(members: pl.DataFrame, *, bands: int = 5) -> pl.DataFrame:
    """Return the members with `stratum`, `within` (of `WITHIN`), `outcome` and `aligned`, by member_code: see `held_or_not`.

    In: one row a member with `member_code`, `first_amount`, `later_amount` and, where they are known, `first_store` (null = a store of its
    own) and `first_day`. A stratum is a band of first amount (`bands` equal parts of all members) in one store and one month of joining.
    Where that holds fewer than `LEAST`, those left over are compared in their store, quarter and band, then in their store and band, then
    in their store; never across stores, whose levels cannot be known from few: who is alone in a store has a null `stratum`.
    What a stratum still mixes is taken out of `outcome`: it is the later amount at the stratum's usual level, the levels of store, month
    and basket (twentieths) being fitted as a product to the sums of each, as if 3 usual members stood beside them. `aligned` is the later
    amount over the member's own such level.

    Source: strata as in Mantel and Haenszel, JNCI 22 (1959), 719-748; levels by `models.levels`.
    """
    place = (pl.col("first_amount").rank("average") - 0.5) / pl.len()
    day = pl.col("first_day") if "first_day" in members.columns else pl.lit(None, pl.Date)
    placed = members.sort("member_code").with_columns(
        (place * bands).ceil().clip(1, bands).cast(pl.Int64).alias("band"),
        (place * _PARTS).ceil().clip(1, _PARTS).cast(pl.Int64).alias("part"),
        (pl.col("first_store") if "first_store" in members.columns else pl.lit(0)).alias("store"),
        (day.dt.year().cast(pl.Int64) * 12 + day.dt.month()).alias("month"),
        (day.dt.year().cast(pl.Int64) * 4 + day.dt.quarter()).alias("quarter"),
    )
    rest, parted = placed.with_columns(_levels(placed).alias("level")), []
    for within, key in zip(WITHIN, _KEYS, strict=True):
        name = pl.concat_str(pl.lit(within), *[pl.col(part).cast(pl.String).fill_null("") for part in key], separator="|")
        enough = (pl.len() >= (2 if within == "store" else LEAST)).over(*key)
        parted.append(rest.filter(enough).with_columns(name.alias("stratum"), pl.lit(within).alias("within")))
        rest = rest.filter(~enough)
    parted.append(rest.with_columns(pl.lit(None, pl.String).alias(name) for name in ("stratum", "within")))
    usual = pl.col("level").mean().over("stratum") / pl.col("level")
    strata = (
        pl.concat(parted)
        .sort("member_code")
        .with_columns((pl.col("later_amount") * usual).alias("outcome"), (pl.col("later_amount") / pl.col("level")).alias("aligned"))
    )
    return strata.select(*members.columns, "stratum", "within", "outcome", "aligned")


def _levels(placed: pl.DataFrame) -> pl.Series:
    """What each member would be expected to spend by store, month and part, over what all spend."""
    later = placed["later_amount"].cast(pl.Float64)
    if not placed.height or (mean := float(later.mean())) <= 0:  # type: ignore[arg-type]
        return pl.Series(np.ones(placed.height))
    codes = [(placed[name].rank("dense").fill_null(0)).to_numpy().astype(np.int64) for name in ("store", "month", "part")]
    return pl.Series(levels_of(level_factors(later.to_numpy() / mean, codes, prior=_PRIOR), codes))


def held_or_not(strata: pl.DataFrame, goods: pl.DataFrame) -> pl.DataFrame:
    """Return, per good, the outcome of those who hold it against those of the same strata who do not: one row per good, sorted.

    In: `strata` (of `in_strata`) and `goods` (`member_code`, `good`, one row each). A stratum in which all or none hold it tells nothing.
    Columns: `good`; `member_count` and `like_count` (holders, and others of their strata, who are compared); `alone_count` (holders with
    nobody to compare with); `later_mean`, `expected_mean` (mean outcome with and without the good, each stratum weighing w = n1 n0 / n);
    `ratio`, the Mantel-Haenszel ratio of means: the first over the second; `error`, its standard error, from the spread within strata of
    holders and others together once holders are divided by a ratio above 1, so that few holders without a large spender do not seem too
    sure; `score`, a test on aligned ranks: the holders' ranks by `aligned` among all, less their strata's mean ranks, over the standard
    deviation of that sum when the good is dealt at random inside each stratum.

    Sources: Greenland and Robins, Biometrics 41 (1985), 55-68; Hodges and Lehmann, Ann. Math. Stat. 33 (1962), 482-497.
    """
    places = strata.with_columns((pl.col("aligned").rank("average") / (pl.len() + 1) - 0.5).alias("place"))
    squares = (pl.col("outcome") ** 2).sum().alias("squares")
    whole = (
        places.drop_nulls("stratum")
        .group_by("stratum", maintain_order=True)
        .agg(
            pl.len().cast(pl.Float64).alias("n"),
            pl.col("outcome").sum().alias("sum"),
            squares,
            pl.col("place").mean().alias("place_mean"),
            pl.col("place").var().alias("place_variance"),
        )
    )
    holders = (
        goods.select("member_code", "good").unique(maintain_order=True).join(places, on="member_code", maintain_order="left")
        .group_by("good", "stratum", maintain_order=True)
        .agg(
            pl.len().cast(pl.Float64).alias("n1"), pl.col("outcome").sum().alias("sum1"), squares.alias("squares1"),
            pl.col("place").sum(),
        )
        .join(whole, on="stratum", how="left", maintain_order="left")
    )  # fmt: skip
    lacking = pl.col("n1") == pl.col("n").fill_null(pl.col("n1"))
    alone = holders.group_by("good").agg(pl.col("n1").filter(lacking).sum().cast(pl.Int64).alias("alone_count"))
    n1, n0 = pl.col("n1"), pl.col("n") - pl.col("n1")
    compared = holders.filter(n0 > 0).with_columns((n1 * n0 / pl.col("n")).alias("w"))
    upper, lower = (pl.col("w") * pl.col("sum1") / n1).sum(), (pl.col("w") * (pl.col("sum") - pl.col("sum1")) / n0).sum()
    ratio = compared.group_by("good", maintain_order=True).agg(
        n1.sum().cast(pl.Int64).alias("member_count"),
        n0.sum().cast(pl.Int64).alias("like_count"),
        (upper / pl.col("w").sum()).alias("later_mean"),
        (lower / pl.col("w").sum()).alias("expected_mean"),
        (upper / lower).alias("ratio"),
        lower.alias("lower"),
        ((pl.col("place") - n1 * pl.col("place_mean")).sum() / (pl.col("w") * pl.col("place_variance")).sum().sqrt()).alias("score"),
    )
    by = pl.max_horizontal(pl.col("ratio"), pl.lit(1.0))
    others, other_squares = pl.col("sum") - pl.col("sum1"), pl.col("squares") - pl.col("squares1")
    total, total_squares = pl.col("sum1") / by + others, pl.col("squares1") / by**2 + other_squares
    variance = ((total_squares - total**2 / pl.col("n")) / (pl.col("n") - 1)).clip(0, None)
    spread = (
        compared.join(ratio.select("good", "ratio"), on="good", maintain_order="left")
        .with_columns((pl.col("w") * variance * by**2).alias("spread"))
        .group_by("good", maintain_order=True)
        .agg(pl.col("spread").sum().sqrt())
    )
    joined = ratio.join(spread, on="good").join(alone, on="good").with_columns((pl.col("spread") / pl.col("lower")).alias("error"))
    return joined.filter((pl.col("lower") > 0) & (pl.col("spread") > 0)).sort("good").drop("lower", "spread")
