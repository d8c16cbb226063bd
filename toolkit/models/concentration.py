"""How unevenly sales are spread over members: Lorenz curve, Gini, and bands that keep ties together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from toolkit.errors import DataError
from toolkit.models.ranks import quantile_band


def _ascending(values: pl.Series) -> np.ndarray:
    """Return the values as sorted floats, those below zero (more returned than bought) set to zero."""
    return np.sort(values.drop_nulls().clip(0, None).cast(pl.Float64).to_numpy())


def gini(values: pl.Series) -> float | None:
    """Return the Gini coefficient, 0 (all equal) .. 1 (one member has all); null where nothing was sold.

    Values below zero count as zero. Source: G = 2 sum(i x_i) / (n sum(x)) - (n + 1) / n over ascending x; Lorenz (1905), Gini (1912).

    >>> gini(pl.Series([5, 5, 5, 5])), gini(pl.Series([0, 0, 0, 8]))
    (0.0, 0.75)
    """
    ascending = _ascending(values)
    total = ascending.sum()
    if total <= 0:
        return None
    ranks = np.arange(1, ascending.size + 1)
    return float(2 * (ranks * ascending).sum() / (ascending.size * total) - (ascending.size + 1) / ascending.size)


def lorenz(values: pl.Series, *, points: int = 100) -> pl.DataFrame:
    """Return the 80/20 curve, best members first: one row per point, at most `points` + 1 rows.

    Columns: `member_share` (0..1, the top share of members), `value_share` (0..1, what they hold of the total). Empty when nothing was
    sold. Values below zero count as zero.

    >>> lorenz(pl.Series([1, 1, 2, 6]), points=4)["value_share"].to_list()
    [0.0, 0.6, 0.8, 0.9, 1.0]
    """
    descending = _ascending(values)[::-1]
    total = descending.sum()
    if total <= 0:
        return pl.DataFrame(schema={"member_share": pl.Float64, "value_share": pl.Float64})
    held = np.concatenate([[0.0], np.cumsum(descending)])
    steps = np.unique(np.rint(np.linspace(0, descending.size, min(points, descending.size) + 1)).astype(np.int64))
    return pl.DataFrame({"member_share": steps / descending.size, "value_share": held[steps] / held[-1]})


def members_carrying(values: pl.Series, *, value_share: float = 0.8) -> float | None:
    """Return the smallest share of members (0..1) that together hold at least `value_share` of the total; null where nothing was sold.

    >>> members_carrying(pl.Series([1, 1, 2, 6]))
    0.5
    """
    descending = _ascending(values)[::-1]
    total = descending.sum()
    if total <= 0:
        return None
    held = np.cumsum(descending)
    needed = int(np.searchsorted(held, value_share * held[-1] * (1 - 1e-12), side="left")) + 1
    return min(needed, descending.size) / descending.size


def value_bands(
    members: pl.DataFrame,
    *,
    value: str = "amount",
    shares: Sequence[float] = (0.1,) * 10,
    labels: Sequence[str] = tuple(f"decile {number}" for number in range(1, 11)),
) -> pl.DataFrame:
    """Return what each band of members holds: one row per band, best band first, empty bands included.

    Columns: `band` (Enum), `member_count`, `member_share` (0..1), `value_sum` (as `value`, whole), `value_share` (of the total; null
    where the total is not above zero). Members with equal values are in the same band, so a band's member share may differ from the one
    asked for.

    Raises `DataError` when `value` is missing.

    >>> shop = pl.DataFrame({"amount": [900, 50, 30, 10, 10]})
    >>> value_bands(shop, shares=(0.2, 0.8), labels=("top", "rest"))["value_share"].to_list()
    [0.9, 0.1]
    """
    if value not in members.columns:
        raise DataError(f"value_bands: needs the column '{value}', but the frame has {members.columns}.")
    bands = pl.DataFrame({"band": pl.Series(list(labels), dtype=pl.Enum(list(labels)))})
    held = (
        members.select(pl.col(value).cast(pl.Int64), quantile_band(value, shares=shares, labels=labels).alias("band"))
        .drop_nulls(value)
        .group_by("band")
        .agg(pl.len().cast(pl.Int64).alias("member_count"), pl.col(value).sum().alias("value_sum"))
    )
    counted = bands.join(held, on="band", how="left", maintain_order="left").with_columns(pl.col("member_count", "value_sum").fill_null(0))
    total = pl.col("value_sum").sum()
    return counted.select(
        "band",
        "member_count",
        (pl.col("member_count") / pl.col("member_count").sum()).fill_nan(None).alias("member_share"),
        "value_sum",
        pl.when(total > 0).then(pl.col("value_sum") / total).alias("value_share"),
    )
