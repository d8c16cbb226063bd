"""How good predictions were: ranking, calibration and lift, with equal predictions treated as equal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from toolkit.models.glm import fit_regression


@dataclass(frozen=True, slots=True)
class Calibration:
    """Held-out quality of a probability; fields are null where one of the two outcomes never happened.

    `auc`: 0.5 = coin, 1 = perfect order. `error`: mean absolute distance between promised and seen rate over ten equal groups (0..1).
    `slope`: 1 = as spread as it should be, below 1 = too sure. `lift`: how much more often the riskiest tenth stayed away than all.
    """

    row_count: int
    event_share: float | None
    predicted_share: float | None
    auc: float | None
    error: float | None
    slope: float | None
    lift: float | None
    log_loss: float | None


def _ranks(values: np.ndarray) -> np.ndarray:
    # By polars: scipy.stats does the same but takes longer to load than a whole answer to compute.
    return pl.Series(values).rank("average").to_numpy()


def spearman(first: np.ndarray, second: np.ndarray) -> float | None:
    """Return Spearman's rank correlation (-1..1), ties at their mean rank; null where either does not vary.

    >>> spearman(np.array([1, 2, 3]), np.array([10, 20, 900]))
    1.0
    """
    if first.size < 2:
        return None
    # Twice a mean rank is whole, so these sums are exact and the same for any row order.
    one, other = ((2 * _ranks(values)).astype(np.int64) - values.size - 1 for values in (first, second))
    spread = float((one.astype(np.float64) ** 2).sum()) * float((other.astype(np.float64) ** 2).sum())
    return float((one.astype(np.float64) * other).sum() / np.sqrt(spread)) if spread > 0 else None


def auc(happened: np.ndarray, score: np.ndarray) -> float | None:
    """Return P(score of a case that happened > score of one that did not), ties counting half; null without both kinds.

    >>> float(auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.4, 0.8])))
    0.875
    """
    positives = int(happened.sum())
    negatives = happened.size - positives
    if not positives or not negatives:
        return None
    ranks = _ranks(score)
    return float((ranks[happened.astype(bool)].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def logit_shift(probability: np.ndarray, total: float) -> float:
    """Return what is to be added to the logit of each probability so that they add up to `total`; their order stays.

    >>> shift = logit_shift(np.array([0.2, 0.5, 0.6]), 1.8)
    >>> round(float(shifted(np.array([0.2, 0.5, 0.6]), shift).sum()), 6)
    1.8
    """
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if shifted(probability, middle).sum() < total else (low, middle)
    return (low + high) / 2


def shifted(probability: np.ndarray, shift: float) -> np.ndarray:
    """Return probabilities with `shift` added to their logits."""
    bounded = np.clip(probability, 1e-9, 1 - 1e-9)
    return 1 / (1 + (1 / bounded - 1) * np.exp(-shift))


def prediction_quality(bought: np.ndarray, probability: np.ndarray, *, groups: int = 10) -> Calibration:
    """Return how well `probability` (0..1) foretold `bought` (0 / 1); the riskiest tenth is the one with the lowest probability.

    Groups have equal size by ascending probability; within equal probabilities the outcomes are spread evenly over the groups that the tie
    spans, so that no order of rows is better than another.

    Source: Cox, Biometrika 45 (1958), 562-565 (slope); Naeini, Cooper and Hauskrecht, AAAI 2015 (error with equal-size groups).
    """
    size = bought.size
    if size == 0:
        return Calibration(0, None, None, None, None, None, None, None)
    order = np.lexsort((bought, probability))
    seen, promised = bought[order].astype(np.float64), probability[order].astype(np.float64)
    _, start, tied = np.unique(promised, return_index=True, return_counts=True)
    seen_evenly = np.repeat(np.add.reduceat(seen, start) / tied, tied)
    edges = np.rint(np.linspace(0, size, min(groups, size) + 1)).astype(int)
    sizes = np.diff(edges)
    seen_rate = np.add.reduceat(seen_evenly, edges[:-1]) / sizes
    promised_rate = np.add.reduceat(promised, edges[:-1]) / sizes
    error = float((sizes * np.abs(seen_rate - promised_rate)).sum() / size)
    share = float(seen.mean())
    ranking = auc(seen, promised)
    if ranking is None:
        return Calibration(size, share, float(promised.mean()), None, error, None, None, None)
    bounded = np.clip(promised, 1e-6, 1 - 1e-6)
    line = fit_regression(np.log(bounded / (1 - bounded))[:, None], seen, family="logistic", ridge=0.0)
    loss = -(seen * np.log(bounded) + (1 - seen) * np.log(1 - bounded)).mean()
    lift = float((1 - seen_rate[0]) / (1 - share))
    return Calibration(size, share, float(promised.mean()), ranking, error, line.coefficients[0] / line.scale[0], lift, float(loss))
