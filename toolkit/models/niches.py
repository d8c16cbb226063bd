"""Small groups with a strong, stable taste: which categories belong together, who is in the group, and whether it holds."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl

from toolkit.models.multiple_tests import benjamini_hochberg
from toolkit.models.shares import Z95

LEAST_LIFT = 2.0
"""Two tastes belong to one group only where this many times as many members share them as chance would have."""


def taste_links(flags: pl.DataFrame, member_count: int, *, false_share: float = 0.05) -> pl.DataFrame:
    """Return the pairs of categories whose tastes go together: one row per pair, strongest first.

    In: `member_code`, `category_code`, one row per taste flag, of `member_count` members measured. Out: `first`, `second` (first < second),
    `both_count`, `expected_count` (were tastes independent), `lift`. A pair needs LEAST_LIFT and a one-sided Poisson test on the number of
    members, Benjamini-Hochberg at `false_share` over all pairs that were possible.
    """

    from scipy.special import pdtrc

    codes = flags.select("member_code", "category_code").unique()
    size = codes.group_by("category_code").agg(pl.len().cast(pl.Int64).alias("size"))
    both = (
        codes.join(codes, on="member_code", suffix="_other")
        .filter(pl.col("category_code") < pl.col("category_code_other"))
        .group_by(pl.col("category_code").alias("first"), pl.col("category_code_other").alias("second"))
        .agg(pl.len().cast(pl.Int64).alias("both_count"))
        .join(size.rename({"category_code": "first", "size": "first_size"}), on="first")
        .join(size.rename({"category_code": "second", "size": "second_size"}), on="second")
        .with_columns((pl.col("first_size") * pl.col("second_size") / max(member_count, 1)).alias("expected_count"))
        .sort("first", "second")
    )
    chance = pdtrc(both["both_count"].to_numpy() - 1, both["expected_count"].to_numpy())  # so many or more
    told = benjamini_hochberg(chance, max(size.height * (size.height - 1) // 2, 1), false_share)
    return (
        both.with_columns((pl.col("both_count") / pl.col("expected_count")).alias("lift"))
        .filter(pl.Series(told) & (pl.col("lift") >= LEAST_LIFT))
        .sort("lift", "first", "second", descending=[True, False, False])
        .select("first", "second", "both_count", "expected_count", "lift")
    )


def taste_groups(anchors: list[int], links: pl.DataFrame) -> list[list[int]]:
    """Return groups of categories: every two of a group are linked (complete linkage, strongest link first); each category in one group.

    `anchors` are the categories that may make a group; those with no link are groups of one.
    """
    group_of: dict[int, tuple[int, ...]] = {code: (code,) for code in anchors}
    linked = {frozenset(pair) for pair in links.select("first", "second").iter_rows()}
    for first, second in links.select("first", "second").iter_rows():
        if first not in group_of or second not in group_of:
            continue
        left, right = group_of[first], group_of[second]
        if left == right or not all(frozenset(pair) in linked for pair in product(left, right)):
            continue
        for code in (whole := tuple(sorted((*left, *right)))):
            group_of[code] = whole
    return [list(group) for group in sorted(set(group_of.values()))]


def group_taste(counts: pl.DataFrame, groups: pl.DataFrame, *, prior: float, confidence: float) -> pl.DataFrame:
    """Return how strongly members go for a group of categories: one row per member and group bought, sorted.

    In: `counts` (`member_code`, `category_code`, `day_count`) of all categories, `groups` (`group`, `category_code`). Out: `member_code`,
    `group`, `day_count` (days with each category, added), `expected_days` (had the member the shop's taste), `index` (raw, days over
    expected), `index_low` (one-sided limit of Gamma(prior + days, prior + expected), as `taste_index`), `category_count` (categories of the
    group that the member buys more than expected).
    """

    from scipy.special import gammaincinv

    seen = counts.filter(pl.col("day_count") > 0).select("member_code", "category_code", pl.col("day_count").cast(pl.Int64))
    total = int(seen["day_count"].sum())
    weight = seen.group_by("category_code").agg((pl.col("day_count").sum() / max(total, 1)).alias("weight"))
    member_days = seen.group_by("member_code").agg(pl.col("day_count").sum().alias("member_days"))
    of_group = groups.join(weight, on="category_code").group_by("group").agg(pl.col("weight").sort().sum().alias("group_weight"))
    more = pl.col("day_count") > pl.col("member_days") * pl.col("weight")
    found = (
        seen.join(groups, on="category_code")
        .join(weight, on="category_code")
        .join(member_days, on="member_code")
        .group_by("member_code", "group")
        .agg(pl.col("day_count").sum(), more.sum().cast(pl.Int64).alias("category_count"), pl.col("member_days").first())
        .join(of_group, on="group")
        .with_columns((pl.col("member_days") * pl.col("group_weight")).alias("expected_days"))
        .sort("member_code", "group")
    )
    low = gammaincinv(prior + found["day_count"].to_numpy(), 1 - confidence) / (prior + found["expected_days"].to_numpy())
    return found.select(
        "member_code",
        "group",
        "day_count",
        "expected_days",
        (pl.col("day_count") / pl.col("expected_days")).alias("index"),
        pl.Series("index_low", np.asarray(low), dtype=pl.Float64),
        "category_count",
    )


def defining_goods(counts: pl.DataFrame, member_count: int, *, least: int, false_share: float = 0.05) -> pl.DataFrame:
    """Return the goods that a group's members buy clearly more than others: chosen by the first half of the receipts, tried on the second.

    In: one row per group and good: `early_count`, `late_count` (buyers in the group, by half), `early_buyers`, `late_buyers` (of all
    `member_count` members), `group_size`. Out, the rows of goods with at least `least` early buyers in the group that pass a one-sided
    Poisson test against the early share of the members outside (Benjamini-Hochberg at `false_share` over all rows so tested), with
    `early_count`, `late_count`, `penetration_rate` (late, 0..1 of the group), `other_penetration_rate` (late, of the others), `index_early`
    (early penetration in the group over that of the others; half a buyer added to the others), `index_late` (the same in the second half,
    which had no part in choosing: free of the winner's luck) and its 95% lower limit `index_low` (of the log ratio).
    """

    from scipy.special import pdtrc

    rest = pl.lit(member_count) - pl.col("group_size")
    early_other = (pl.col("early_buyers") - pl.col("early_count") + 0.5) / (rest + 1)
    late_other = (pl.col("late_buyers") - pl.col("late_count") + 0.5) / (rest + 1)
    rated = counts.filter(pl.col("early_count") >= least, pl.col("group_size") < member_count).with_columns(
        (pl.col("early_count") / pl.col("group_size") / early_other).alias("index_early"),
        (pl.col("late_count") / pl.col("group_size") / late_other).alias("index_late"),
        (pl.col("late_count") / pl.col("group_size")).alias("penetration_rate"),
        ((pl.col("late_buyers") - pl.col("late_count")) / rest).alias("other_penetration_rate"),
        (early_other * pl.col("group_size")).alias("expected"),
    )
    chance = pdtrc(rated["early_count"].to_numpy() - 1, rated["expected"].to_numpy())
    told = benjamini_hochberg(chance, rated.height, false_share)
    width = (1 / pl.col("late_count") + 1 / (pl.col("late_buyers") - pl.col("late_count") + 0.5)).sqrt()
    low = pl.when(pl.col("late_count") > 0).then(pl.col("index_late") * (-Z95 * width).exp()).otherwise(0.0)
    return rated.filter(pl.Series(told)).select(
        "group",
        "product_code",
        "early_count",
        "late_count",
        "penetration_rate",
        "other_penetration_rate",
        "index_early",
        "index_late",
        low.alias("index_low"),
    )
