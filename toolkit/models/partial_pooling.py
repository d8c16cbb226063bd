"""Several estimates of like things taken together: what they agree on, how far they differ, and what to expect of the next."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.errors import DataError


@dataclass(frozen=True, slots=True)
class Pooled:
    """What a number of estimates say together, all in their unit.

    `mean` with its 95% interval `low` to `high`; `between` = standard deviation of the true effects from one to the next (0 where they
    differ by no more than their errors); `next_low` to `next_high`: where the true effect of a further one lies 19 times in 20, None with
    fewer than three, since nothing then tells how far they differ. `shrunk` and `shrunk_errors`: each estimate pulled to the mean
    as far as its own error demands, in the order given.
    """

    mean: float
    standard_error: float
    low: float
    high: float
    between: float
    next_low: float | None
    next_high: float | None
    count: int
    shrunk: tuple[float, ...]
    shrunk_errors: tuple[float, ...]


def pool(estimates: Sequence[float], standard_errors: Sequence[float]) -> Pooled | None:
    """Return what estimates with errors say together, by random effects; None without any.

    The variance between them is that of Paule and Mandel, which needs no distribution; the mean's interval is that of Hartung and Knapp
    (Student's t with n - 1 degrees of freedom), never narrower than with the variances taken as known; the interval for the next is that of
    Higgins, Thompson and Spiegelhalter (n - 2). A single estimate stays as it is: `between` is then 0 for want of knowledge. `shrunk`
    adds the uncertainty of the mean to each own error (normal-normal empirical Bayes).

    Mean and variance are those of `statsmodels` `combine_effects` with `method_re="iterated"` (tested), a module that takes six seconds to
    import. The interval for the next holds less than it says while few estimates tell how far they differ: 87% at eight (simulated).

    Raises `DataError` where an error is not above zero or a value not finite.

    Source: Paule and Mandel, J. Res. NBS 87 (1982); IntHout, Ioannidis and Borm, BMC Med. Res. Methodol. 14 (2014); Higgins,
    Thompson and Spiegelhalter, J. R. Statist. Soc. A 172 (2009); Efron and Morris, JASA 70 (1975).

    >>> found = pool([0.10, 0.20], [0.05, 0.05])
    >>> round(found.mean, 3), round(found.between, 3)
    (0.15, 0.05)
    """
    from scipy.special import stdtrit

    effect, error = np.asarray(estimates, dtype=np.float64), np.asarray(standard_errors, dtype=np.float64)
    if effect.size != error.size:
        raise DataError(f"pooling: each estimate needs its standard error; {effect.size} estimates and {error.size} errors came.")
    bad = int((~np.isfinite(effect) | ~np.isfinite(error) | ~(error > 0)).sum())
    if bad:
        raise DataError(f"pooling: {bad} of {effect.size} estimates are not finite or have no standard error above 0; leave them out.")
    if not effect.size:
        return None
    count = effect.size
    variance = paule_mandel(effect, error**2)
    weight = 1 / (error**2 + variance)
    mean = float((weight * effect).sum() / weight.sum())
    known = 1 / weight.sum()
    spread = float((weight * (effect - mean) ** 2).sum() / (count - 1)) if count > 1 else 1.0
    standard_error = float(np.sqrt(known * max(spread, 1.0)))
    half = float(stdtrit(count - 1 if count > 1 else 1e9, 0.975)) * standard_error
    reach = float(stdtrit(count - 2, 0.975) * np.sqrt(variance + standard_error**2)) if count > 2 else None
    own = variance / (variance + error**2)
    shrunk = own * effect + (1 - own) * mean if count > 1 else effect
    shrunk_error = np.sqrt(own * error**2 + (1 - own) ** 2 * standard_error**2) if count > 1 else error
    return Pooled(
        mean,
        standard_error,
        mean - half,
        mean + half,
        float(np.sqrt(variance)),
        None if reach is None else mean - reach,
        None if reach is None else mean + reach,
        count,
        tuple(shrunk.tolist()),
        tuple(shrunk_error.tolist()),
    )


def pooled_interval(found: Pooled, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of the mean. Two estimates cannot say how far such things differ, and Student's t with one degree of freedom then
    spans everything: theirs, and that of a single one, rests on their own errors alone.

    >>> low, high = pooled_interval(pool([0.10, 0.20], [0.05, 0.05]))
    >>> round(low, 3), round(high, 3)
    (0.052, 0.248)
    """
    from scipy.special import ndtri, stdtrit

    rank = 0.5 + confidence / 2
    reach = float(stdtrit(found.count - 1, rank) if found.count > 2 else ndtri(rank)) * found.standard_error
    return found.mean - reach, found.mean + reach


def paule_mandel(effect: np.ndarray, variance: np.ndarray) -> float:
    """Return the variance between true effects at which the weighted squares equal their degrees of freedom; 0 where they are fewer."""
    from scipy.optimize import brentq

    def excess(between: float) -> float:
        weight = 1 / (variance + between)
        mean = (weight * effect).sum() / weight.sum()
        return float((weight * (effect - mean) ** 2).sum() - (effect.size - 1))

    if effect.size < 2 or excess(0.0) <= 0:
        return 0.0
    highest = float(np.var(effect, ddof=1)) + 1e-300
    while excess(highest) > 0:
        highest *= 2
    return float(brentq(excess, 0.0, highest, xtol=1e-14 * highest))  # type: ignore[arg-type]


def pool_by_campaign(
    estimates: Sequence[float], standard_errors: Sequence[float], campaigns: Sequence[Hashable]
) -> tuple[np.ndarray, np.ndarray, list[Hashable]]:
    """Return estimate and error of each campaign, its parts taken together by precision first, so that a campaign cut into many parts
    counts once; campaigns in the order in which they first come."""
    effect, error = np.asarray(estimates, dtype=np.float64), np.asarray(standard_errors, dtype=np.float64)
    names = list(dict.fromkeys(campaigns))
    place = np.array([names.index(name) for name in campaigns], dtype=np.int64)
    weight = np.bincount(place, 1 / error**2, minlength=len(names))
    return np.bincount(place, effect / error**2, minlength=len(names)) / weight, 1 / np.sqrt(weight), names


def drawn_together(
    estimates: np.ndarray, standard_errors: np.ndarray, *, prior_spread: float, around: float | None = None, draws: int = 4000
) -> tuple[np.ndarray, float]:
    """Return draws (draws x estimates) of the true effects behind estimates with errors, and the mean of their spread.

    True effects are normal around `around`, or around a mean that is not known either. How far they differ is drawn from its own posterior
    on a grid, with a half-normal prior of `prior_spread` (in the unit of the estimates). `pool` takes one value of it: where that is 0 the
    shrunk estimates have intervals of hardly any width, and an order of rank by chance.

    Source: Gelman et al., Bayesian Data Analysis (2013), 5.4.

    >>> found, spread = drawn_together(np.array([0.0, 0.2]), np.array([0.1, 0.1]), prior_spread=0.1)
    >>> found.mean(axis=0).round(1).tolist(), found.shape
    ([0.1, 0.1], (4000, 2))
    """
    rng = np.random.default_rng(0)
    spread = np.linspace(0.0, 4 * prior_spread, 61)
    variance = standard_errors**2 + spread[:, None] ** 2
    weight = 1 / variance
    mean = (weight * estimates).sum(axis=1) / weight.sum(axis=1) if around is None else np.full(len(spread), around)
    likely = -0.5 * (np.log(variance) + (estimates - mean[:, None]) ** 2 / variance).sum(axis=1) - 0.5 * (spread / prior_spread) ** 2
    if around is None:
        likely -= 0.5 * np.log(weight.sum(axis=1))
    chance = np.exp(likely - likely.max())
    chance /= chance.sum()
    drawn = rng.choice(len(spread), draws, p=chance)
    centre = mean[drawn]
    if around is None:
        centre = centre + rng.standard_normal(draws) / np.sqrt(weight[drawn].sum(axis=1))
    between = (spread[drawn] ** 2)[:, None]
    own = between / (between + standard_errors**2)
    noise = rng.standard_normal((draws, len(estimates)))
    # A trifle of noise decides ties where the spread is drawn as 0.
    trifle = 1e-9 * prior_spread * rng.standard_normal(noise.shape)
    found = centre[:, None] + own * (estimates - centre[:, None]) + np.sqrt(own) * standard_errors * noise + trifle
    return found, float((chance * spread).sum())
