"""Which goods stand in for each other, and how many of a good's buyers take nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from toolkit.models.multiple_tests import benjamini_hochberg

MOST_TOGETHER = 0.5
"""Two goods stand in for each other where they are together in at most this share of the visits that chance makes."""
MOST_VISITS = 20
"""A member's visits told apart: with more of them, as many in proportion."""
MOST_BLOCKS = 200_000
"""Quarters of people in which two goods or more were bought: of more of them every second, third, ... is looked at."""
_HALF_CHI_SQUARED = 3.841 / 2
_NONE = np.concatenate([np.linspace(0, 0.1, 11), np.linspace(0.12, 1, 45)])
_MEAN = np.linspace(0.04, 0.96, 14)
_SPREAD = np.array([0.5, 1.5, 4.0, 12.0, 64.0])


@dataclass(frozen=True)
class Together:
    """Visits with both of two goods 0..n-1, and how many there would be by chance (n x n, symmetrical, zero diagonal)."""

    count: np.ndarray
    expected: np.ndarray

    def stand_in(self, false_share: float) -> np.ndarray:
        """Which pairs stand in for each other (n x n): together in half as many visits as by chance or fewer, and beyond chance.

        Poisson, one-sided; Benjamini-Hochberg over all pairs.
        """
        from scipy.special import gammaincc

        upper = np.triu_indices(len(self.count), 1)
        count, expected = self.count[upper], self.expected[upper]
        rare = count <= MOST_TOGETHER * expected
        p_values = np.where(rare & (expected > 0), gammaincc(count + 1, np.maximum(expected, 1e-12)), 1.0)
        passed = np.zeros(self.count.shape, dtype=bool)
        passed[upper] = benjamini_hochberg(p_values, max(len(p_values), 1), false_share)
        return passed | passed.T


def visits_together(bought: pl.DataFrame, visits: pl.DataFrame, good_count: int) -> Together:
    """Return how often goods are in one visit, against each person's goods laid into their own visits at random.

    In: `bought`, one row per visit and good: `block` (a person's quarter), `visit`, `good` (0..n-1); `visits`, one row per visit of those
    blocks: `block`, `visit`, `size` (different goods in it, of any kind), `month`. By chance a visit has a good in proportion to its size
    and to how often all bought the good that month: who takes h in place of g has them together seldom, who takes both for other needs as
    chance has it, and goods of other seasons are not compared. Visits with a single good say nothing: a shop of such has an expectation
    of 0.

    >>> bought = pl.DataFrame({"block": [0] * 4, "visit": [0, 1, 2, 3], "good": [0, 1, 0, 1]})
    >>> visits = pl.DataFrame({"block": [0] * 4, "visit": [0, 1, 2, 3], "size": [4] * 4, "month": [0] * 4})
    >>> visits_together(bought, visits, 2).expected.round(2).tolist()
    [[0.0, 0.75], [0.75, 0.0]]
    """
    month = visits.group_by("month").agg(pl.len().alias("held"))
    rates = bought.join(visits, on=["block", "visit"]).group_by("month", "good").len().join(month, on="month")
    rates = rates.select("month", "good", (pl.col("len") / pl.col("held")).alias("rate"))
    counts = bought.group_by("block", "good").agg(pl.len().alias("times"))
    counts = counts.filter(pl.len().over("block") > 1)
    thinned = -(-counts["block"].n_unique() // MOST_BLOCKS)
    if thinned > 1:
        counts = counts.filter(pl.col("block") % thinned == 0)
    weight, of_good = pl.col("size") * pl.col("rate"), ["block", "good"]
    laid = (
        counts.join(visits, on="block")
        .join(rates, on=["month", "good"])
        .with_columns((pl.col("times") * weight / weight.sum().over(of_good) * (1 - 1 / pl.col("size")).sqrt()).alias("chance"))
    )
    held = bought.join(counts.select("block").unique(), on="block", how="semi").with_columns(pl.lit(1.0).alias("chance"))
    return Together(_crossed(held, good_count), _crossed(laid, good_count))


def _crossed(rows: pl.DataFrame, good_count: int) -> np.ndarray:
    """Sum over visits of the products of two goods' `chance`."""
    from scipy.sparse import csr_array

    visit = rows["visit"].rank("dense").to_numpy().astype(np.int64) - 1
    shape = (int(visit.max()) + 1 if len(visit) else 0, good_count)
    held = csr_array((rows["chance"].to_numpy(), (visit, rows["good"].to_numpy())), shape=shape)
    product = np.asarray((held.T @ held).todense(), dtype=float)
    np.fill_diagonal(product, 0)
    return product


@dataclass(frozen=True)
class TakeNothingElse:
    """The share of a good's buyers who take nothing in its place, with its 95% interval, and the chance that each of them is one."""

    share: float
    low: float
    high: float
    chance: np.ndarray


def take_nothing_else(visits: np.ndarray, instead: np.ndarray) -> TakeNothingElse:
    """Return how many of a good's buyers would take nothing else.

    In: per buyer the visits with the good or one that stands in for it, and those without the good. Some never take another; of the others
    each takes one in a share of visits that is theirs (beta), and has taken the good at least once. Maximum likelihood on a grid, the
    interval by profile likelihood; who was seen once tells little, and has the chance of all (zero-inflated beta-binomial; Farewell and
    Sprott, Biometrics 44 (1988), 1191-1194).

    >>> found = take_nothing_else(np.array([10] * 90 + [1] * 10), np.array([5] * 90 + [0] * 10))
    >>> found.high < 0.1, bool(found.chance[-1] < 0.1)
    (True, True)
    """
    from scipy.special import betaln, gammaln

    told = np.minimum(visits, MOST_VISITS)
    other = np.where(visits > MOST_VISITS, np.rint(instead * (MOST_VISITS / np.maximum(visits, 1))), instead).astype(np.int64)
    other = np.clip(other, np.minimum(instead, 1), told - 1)
    cells, place, members = np.unique(np.stack([told, other]), axis=1, return_inverse=True, return_counts=True)
    n, k = cells[:, :, None]
    mean, spread = (one.ravel()[None, :] for one in np.meshgrid(_MEAN, _SPREAD))
    a, b = mean * spread, (1 - mean) * spread
    whole = betaln(a, b)
    seen = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + betaln(k + a, n - k + b) - whole
    flexible = np.exp(seen)
    never = np.exp(betaln(n + a, b) - whole)  # of them who never took the good: they are not among its buyers
    alone = (k == 0).astype(float)
    likelihood = np.empty((len(_NONE), flexible.shape[1]))
    for row, none in enumerate(_NONE):
        chance = (none * alone + (1 - none) * flexible) / np.maximum(none + (1 - none) * (1 - never), 1e-300)
        likelihood[row] = (members[:, None] * np.log(np.maximum(chance, 1e-300))).sum(axis=0)
    profile, ways = likelihood.max(axis=1), likelihood.argmax(axis=1)
    is_one = _NONE[:, None] * alone[:, 0] / np.maximum(_NONE[:, None] * alone[:, 0] + (1 - _NONE[:, None]) * flexible[:, ways].T, 1e-300)
    of_buyers = is_one @ members / members.sum()
    near = of_buyers[profile >= profile.max() - _HALF_CHI_SQUARED]
    # The mean of what the profile leaves possible, not its height: of few nothing is certain, and nobody is told never to be one.
    plausible = np.exp(profile - profile.max()) * np.gradient(_NONE)
    plausible /= plausible.sum()
    return TakeNothingElse(float(plausible @ of_buyers), float(near.min()), float(near.max()), (plausible @ is_one)[place.ravel()])
