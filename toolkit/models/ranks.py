"""Scores and bands from ranks in which equal values always land together."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from toolkit.errors import BadValue


def midrank_score(column: str | pl.Expr, *, levels: int = 5, largest_is_best: bool = True, cuts: Sequence[float] | None = None) -> pl.Expr:
    """Return a score of 1..levels (Int8, `levels` is best): `ceil(levels * (mean_rank - 0.5) / n)`.

    `column` is any ordered column; null stays null and does not count into n. Equal values share their mean rank and therefore their
    score; a score may stay empty when many values are equal (see `empty_scores`). With `cuts` (ascending shares of the values, to four
    places) the levels are as large as they say: one more than the cuts that `(mean_rank - 0.5) / n` lies above. The arithmetic is in
    integers (twice a mean rank is whole), so the score depends on neither row order nor rounding.

    Source: midranks as in Lehmann, Nonparametrics (1975), 1.3; DEFINITIONS.md section 1, RFM.

    >>> pl.DataFrame({"order_count": [1, 1, 1, 7, 30]}).select(midrank_score("order_count")).to_series().to_list()
    [2, 2, 2, 4, 5]
    """
    if levels < 1:
        raise BadValue(f"midrank_score: `levels` must be at least 1, but {levels} came.")
    value = pl.col(column) if isinstance(column, str) else column
    twice_rank = (2 * value.rank("average", descending=not largest_is_best)).cast(pl.Int64)
    count = value.count().cast(pl.Int64)
    if cuts is not None:
        above = [((twice_rank - 1) * 10_000 > round(cut * 10_000) * 2 * count).cast(pl.Int8) for cut in cuts]
        return pl.sum_horizontal([pl.when(value.is_not_null()).then(pl.lit(1, pl.Int8)), *above], ignore_nulls=False)
    return ((levels * (twice_rank - 1) + 2 * count - 1) // (2 * count)).cast(pl.Int8)


def empty_scores(scores: pl.Series, *, levels: int = 5) -> list[int]:
    """Return the scores of 1..levels that no member has, ascending: ties are never split to fill them.

    >>> empty_scores(pl.Series([2, 2, 2, 4, 5]))
    [1, 3]
    """
    held = set(scores.drop_nulls().unique().to_list())
    return [score for score in range(1, levels + 1) if score not in held]


def quantile_band(
    column: str | pl.Expr,
    *,
    shares: Sequence[float] = (0.20, 0.30, 0.50),
    labels: Sequence[str] = ("heavy", "medium", "light"),
    largest_first: bool = True,
) -> pl.Expr:
    """Return the band of each value (an Enum of `labels`), cut at the cumulated `shares` of members, ties together.

    Each value's position is `(mean_rank - 0.5) / n` from the top (or from the bottom with `largest_first=False`), so a group of equal
    values moves as one, into the band that holds its middle. Null stays null.

    Raises `BadValue` when the shares do not add up to 1 or do not match the labels.

    >>> shop = pl.DataFrame({"amount": [900, 500, 500, 20, 10]})
    >>> shop.select(quantile_band("amount")).to_series().to_list()
    ['heavy', 'medium', 'medium', 'light', 'light']
    """
    if len(shares) != len(labels) or abs(sum(shares) - 1) > 1e-9 or min(shares) < 0:
        raise BadValue(f"quantile_band: needs one share >= 0 per label, adding up to 1, but {list(shares)} came for {list(labels)}.")
    value = pl.col(column) if isinstance(column, str) else column
    position = (value.rank("average", descending=largest_first) - 0.5) / value.count()
    bands = pl.Enum(list(labels))
    band = pl.lit(labels[-1], dtype=bands)
    for index in range(len(labels) - 2, -1, -1):
        edge = round(sum(shares[: index + 1]), 12)
        band = pl.when(position <= edge).then(pl.lit(labels[index], dtype=bands)).otherwise(band)
    return pl.when(value.is_not_null()).then(band)
