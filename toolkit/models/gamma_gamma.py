"""What a shopping day of a member is worth on average: the Gamma-Gamma model of spend a transaction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from toolkit.models.maximum import lowest
from toolkit.models.reasons import Reason, Why


@dataclass(frozen=True, slots=True)
class GammaGammaFit:
    """Parameters p, q, v (v in the money unit of the data); empty, with a `reason`, where `status` is `not measured`.

    `correlation` is between number and value of purchases (Pearson): the model takes them as independent, so say so when it is far from 0.
    """

    parameters: tuple[float, ...]
    member_count: int
    correlation: float | None
    status: str
    reason: Reason | None


def fit_gamma_gamma(summary: pl.DataFrame, *, minimum_members: int = 100) -> GammaGammaFit:
    """Return the Gamma-Gamma fit by maximum likelihood over the members with a repeat purchase of positive value.

    In: `repeat_count` (x) and `repeat_value_mean` (average value of those x purchases, any money unit). With q <= 1 the mean of the
    shop does not exist, and the fit is `not measured`.

    Source: Fader and Hardie (2013), The Gamma-Gamma model of monetary value; Fader, Hardie and Lee, JMR 42 (2005), 415-430.
    """
    from scipy.special import gammaln

    buyers = summary.filter((pl.col("repeat_count") > 0) & (pl.col("repeat_value_mean") > 0))
    buyers = buyers.select("repeat_count", "repeat_value_mean").sort("repeat_count", "repeat_value_mean")
    if buyers.height < minimum_members:
        reason = Reason(Why.FEW_WITH_VALUE, members=buyers.height, minimum_members=minimum_members)
        return GammaGammaFit((), buyers.height, None, "not measured", reason)
    x, value = buyers["repeat_count"].cast(pl.Float64).to_numpy(), buyers["repeat_value_mean"].cast(pl.Float64).to_numpy()
    unit = float(np.median(value))
    mean = value / unit

    def objective(theta: np.ndarray) -> float:
        p, q, v = np.exp(theta)
        each = (
            gammaln(p * x + q)
            - gammaln(p * x)
            - gammaln(q)
            + q * np.log(v)
            + (p * x - 1) * np.log(mean)
            + p * x * np.log(x)
            - (p * x + q) * np.log(v + x * mean)
        )
        total = -float(each.sum()) / x.size
        return total if np.isfinite(total) else 1e10

    best = lowest(objective, [np.array([1.0, 1.0, 0.0])])
    spread = float(x.std() * value.std())
    together = float(((x - x.mean()) * (value - value.mean())).mean() / spread) if spread > 0 else None
    if best is None:
        return GammaGammaFit((), buyers.height, together, "not measured", Reason(Why.NO_MAXIMUM_OF_VALUE))
    p, q, v = np.exp(best[0])
    if q <= 1:
        return GammaGammaFit((), buyers.height, together, "not measured", Reason(Why.NO_MEAN))
    return GammaGammaFit((float(p), float(q), float(v * unit)), buyers.height, together, "measured", None)


def expected_value(fit: GammaGammaFit, summary: pl.DataFrame) -> np.ndarray:
    """Return the expected value of a purchase per row of `summary`, in the money unit of the fit: own mean and the shop's, weighed.

    A member without repeat purchase gets the shop's mean, p v / (q - 1).
    """
    p, q, v = fit.parameters
    x = summary["repeat_count"].cast(pl.Float64).to_numpy()
    mean = summary["repeat_value_mean"].cast(pl.Float64).clip(0, None).fill_null(0).to_numpy()
    return p * (v + x * mean) / (p * x + q - 1)
