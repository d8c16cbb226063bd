"""Why some do not come again: what was in their baskets or befell them, against like baskets, and what is lost shared out by cause.

A row is a basket. `lost` says that nobody came again after it; `expected` is the chance of that in a like basket. What touches a basket is
a cause (`touched`, one array a cause) or one of its goods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.models.first_purchases import shrunk_to_one
from toolkit.models.levels import level_factors, levels_of
from toolkit.models.multiple_tests import benjamini_hochberg

PRIOR = 3.0
"""Losses as usual that stand beside those of a store, a month or a kind of basket, so that none has a level of 0."""
_MOST_GOODS, _MOST_ROUNDS, _STEPS = 100, 4, 100


@dataclass(frozen=True)
class Goods:
    """What each basket holds: `row` of the basket and `good` (0 to `count` - 1), each pair once."""

    row: np.ndarray
    good: np.ndarray
    count: int

    def of(self, rows: np.ndarray) -> Goods:
        """Return the goods of the baskets chosen (a flag a basket)."""
        chosen = rows[self.row]
        return Goods(self.row[chosen], self.good[chosen], self.count)

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return the sum of a weight of the baskets over those that hold each good."""
        return np.bincount(self.good, weights[self.row], self.count)

    def held(self, good: int, rows: int) -> np.ndarray:
        """Return which baskets hold a good."""
        return np.bincount(self.row[self.good == good], minlength=rows) > 0


@dataclass(frozen=True)
class LossTest:
    """Losses of the touched against like baskets: `ratio` of the two (of goods drawn towards 1; nan where none is touched), its 95%
    interval, and whether it is beyond chance."""

    basket_count: int
    lost_count: int
    expected: float
    ratio: float
    low: float
    high: float
    told: bool


@dataclass(frozen=True)
class Leaving:
    """What was found. `causes`: a test of each by name; `goods`: a test of each good found, by its code; `tested`: goods that could be
    told.

    `expected`: the chance that each basket is the last, as of like ones that no cause found touches; `added`: per cause found (the goods
    together are one, `GOODS`), what it adds to that for each basket.
    """

    causes: dict[str, LossTest]
    goods: dict[int, LossTest]
    tested: int
    unsure: int
    expected: np.ndarray
    added: dict[str, np.ndarray]


GOODS = "goods"


def why_left(
    lost: np.ndarray,
    codes: Sequence[np.ndarray],
    touched: Mapping[str, np.ndarray],
    goods: Goods,
    again: np.ndarray,
    *,
    base: np.ndarray,
    false_share: float,
    least: int,
    least_ratio: float,
) -> Leaving:
    """Return which causes and goods go with losses beyond chance, each against like baskets that no other one touches.

    In: per basket `lost`, `codes` (classifications in which like baskets agree, fitted as levels that multiply), `touched` by cause,
    `again` (bought by somebody who had come back before), `base` (times the usual chance, by what is known apart from all causes). Causes
    are tested together, then goods, the strongest first: what a found one touches is no longer counted for the others, so that a good that
    is bought together with it is not called too. A good is only found where `again` tells the same: people who come a single time have
    goods of their own, which lose nobody. Both tests allow `false_share` of those called to be false (Benjamini-Hochberg); their spread is
    that of all goods where it is wider than chance's (Efron's empirical null), and the ratio must be at least `least_ratio`.

    Sources: Poisson tests with mid-p (Lancaster, JASA 56 (1961), 223-234); Efron, JASA 99 (2004), 96-104; shrinkage: `shrunk_to_one`.
    """
    names, rows = list(touched), len(lost)

    def tests(found: list[str], called: list[int]) -> dict[str, LossTest]:
        """Each cause against baskets that neither it nor another cause or good found touches."""
        holds, sums = _hold(goods, called, rows), []
        for name in names:
            others = holds | _any([touched[one] for one in found if one != name], rows)
            expected = _expected(lost, codes, ~(others | touched[name]), base)
            sole = touched[name] & ~others
            sums.append((sole.sum(), lost[sole].sum(), expected[sole].sum()))
        if not sums:
            return {}
        count, came, usual = (np.array(column, float) for column in zip(*sums, strict=True))
        told = benjamini_hochberg(upper_chance(came, usual), len(names), false_share) & (came >= least_ratio * usual)
        return dict(zip(names, _as_tests(count, came, usual, told, shrink=False), strict=True))

    others = tests([], [])
    found = [name for name, test in others.items() if test.told]
    called: list[int] = []
    tested = unsure = 0
    for _ in range(_MOST_ROUNDS):
        # Fitted where nothing found so far touches: else a cause that touches many would be part of what is usual.
        free = ~_any([touched[name] for name in found], rows) & ~_hold(goods, called, rows)
        expected = _expected(lost, codes, free, base)
        chances = added_chances(lost, expected, [touched[name] for name in found])
        for name, chance in zip(found, chances, strict=True):
            expected = expected + chance * touched[name]
        more, tested, unsure = _goods_found(lost, expected, goods, again, called, false_share, least, least_ratio)
        called += more
        others = tests(found, called)
        before, found = found, [name for name in names if others[name].told]
        if not more and found == before:
            break
    free = ~_any([touched[name] for name in found], rows) & ~_hold(goods, called, rows)
    expected = _expected(lost, codes, free, base)
    return _joint(lost, expected, touched, goods, found, called, others, tested, unsure)


def _any(flags: Sequence[np.ndarray], rows: int) -> np.ndarray:
    return np.any(flags, axis=0) if flags else np.zeros(rows, bool)


def _hold(goods: Goods, called: Sequence[int], rows: int) -> np.ndarray:
    """Which baskets hold any of these goods."""
    return np.bincount(goods.row[np.isin(goods.good, called)], minlength=rows) > 0


def _expected(lost: np.ndarray, codes: Sequence[np.ndarray], free: np.ndarray, base: np.ndarray) -> np.ndarray:
    """The chance of each basket to be the last, learned from those that are free of causes."""
    mean = float(lost[free].sum() / max(base[free].sum(), 1e-9))
    if mean <= 0:
        return np.zeros(len(lost))
    factors = level_factors(lost[free] / mean, [code[free] for code in codes], prior=PRIOR / mean, base=base[free])
    return np.minimum(levels_of(factors, codes, base) * mean, 1.0)


def upper_chance(lost: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return the chance of as many losses or more where `expected` are usual: Poisson, half of the exact count (mid-p)."""
    from scipy.stats import poisson  # slow to load

    safe = np.maximum(expected, 1e-12)
    return poisson.sf(lost, safe) + 0.5 * poisson.pmf(lost, safe)


def _as_tests(count: np.ndarray, came: np.ndarray, usual: np.ndarray, told: np.ndarray, *, shrink: bool = True) -> list[LossTest]:
    """Ratios with their intervals: of goods, the few called of many, drawn towards 1; of causes as they are, with exact limits."""
    from scipy.stats import gamma  # slow to load

    safe = np.maximum(usual, 1e-9)
    if shrink:
        ratio, low, high = shrunk_to_one(came / safe, np.sqrt(np.maximum(came, usual) + 0.25) / safe, told)
    else:
        with np.errstate(invalid="ignore"):
            ratio, low, high = came / safe, np.nan_to_num(gamma.ppf(0.025, came)) / safe, gamma.ppf(0.975, came + 1) / safe
        ratio, low, high = (np.where(usual > 0, one, np.nan) for one in (ratio, low, high))
    rows = zip(count, came, usual, ratio, np.maximum(low, 0.0), high, told, strict=True)
    return [LossTest(int(n), int(o), float(e), float(r), float(a), float(b), bool(t)) for n, o, e, r, a, b, t in rows]


def _goods_found(
    lost: np.ndarray,
    expected: np.ndarray,
    goods: Goods,
    again: np.ndarray,
    called: list[int],
    false_share: float,
    least: int,
    least_ratio: float,
) -> tuple[list[int], int, int]:
    """The goods that lose people beyond those called already, how many could be told, and how many only seem to among first-timers."""
    more: list[int] = []
    tested = unsure = 0
    free = ~_hold(goods, called, len(lost))
    for _ in range(_MOST_GOODS):
        left = goods.of(free)
        count = left.sums(np.ones(len(lost)))
        came, usual = left.sums(lost), left.sums(expected)
        able = np.flatnonzero((count >= least) & (usual > 0))
        tested = tested or able.size
        if not able.size:
            break
        score = _scores(came[able], usual[able])
        called_all = benjamini_hochberg(_tail(score), able.size, false_share) & (came[able] >= least_ratio * usual[able])
        back = left.of(again)
        told = np.zeros(able.size, bool)
        if called_all.any():
            some = able[called_all]
            lost_back, usual_back = back.sums(lost)[some], back.sums(expected)[some]
            confirmed = benjamini_hochberg(upper_chance(lost_back, usual_back), some.size, false_share) & (
                lost_back >= least_ratio * usual_back
            )
            told[called_all] = confirmed
        unsure = int((called_all & ~told).sum())
        if not told.any():
            break
        best = int(able[told][np.argmax(score[told])])
        more.append(best)
        free &= ~goods.held(best, len(lost))
    return more, tested, unsure


def _scores(came: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Normal scores of the counts; where most goods spread wider than chance, by as much less."""
    from scipy.special import ndtri

    score = -ndtri(np.clip(upper_chance(came, usual), 1e-300, 1 - 1e-12))
    known = score[usual >= 3]
    if known.size < 20:
        return score
    low, high = np.quantile(known, [0.25, 0.75])
    return score / max(1.0, float(high - low) / 1.349)


def _tail(score: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr

    return ndtr(-score)


def _joint(
    lost: np.ndarray,
    expected: np.ndarray,
    touched: Mapping[str, np.ndarray],
    goods: Goods,
    found: list[str],
    called: list[int],
    tests: dict[str, LossTest],
    tested: int,
    unsure: int,
) -> Leaving:
    """All that was found, fitted together: each adds what the others leave to explain."""
    rows = len(lost)
    holds: dict[str | int, np.ndarray] = {**{name: touched[name] for name in found}, **{good: goods.held(good, rows) for good in called}}
    chances = added_chances(lost, expected, list(holds.values()))
    added = {name: np.where(touched[name], chance, 0.0) for name, chance in zip(found, chances, strict=False)}
    if called:
        added[GOODS] = np.sum([chance * holds[good] for good, chance in zip(called, chances[len(found) :], strict=True)], axis=0)
    whole = expected + sum(added.values(), np.zeros(rows))
    counts = [
        (holds[good].sum(), lost[holds[good]].sum(), (whole[holds[good]] - chance).sum())
        for good, chance in zip(called, chances[len(found) :], strict=True)
    ]
    of_goods: dict[int, LossTest] = {}
    if counts:
        count, came, usual = (np.array(column, float) for column in zip(*counts, strict=True))
        of_goods = dict(zip(called, _as_tests(count, came, usual, np.ones(len(called), bool)), strict=True))
    return Leaving(tests, of_goods, tested, unsure, expected, added)


def added_chances(lost: np.ndarray, expected: np.ndarray, touched: Sequence[np.ndarray]) -> list[float]:
    """Return the chance that each cause adds to those it touches: chance of a loss = expected + sum of the chances of what touches it.

    So a cause takes away as many of a hundred whoever they are, and losses of several causes add up, as competing risks do. Source: EM for
    a Poisson mean that is a sum (Dempster, Laird and Rubin, JRSS B 39 (1977), 1-38).

    >>> [round(one, 3) for one in added_chances(np.array([1.0, 0, 0, 0]), np.full(4, 0.1), [np.ones(4, bool)])]
    [0.15]
    """
    chances = [max(float((lost[held] - expected[held]).sum()) / max(int(held.sum()), 1), 1e-6) for held in touched]
    for _ in range(_STEPS if len(chances) > 1 else 0):
        whole = expected + sum((chance * held for chance, held in zip(chances, touched, strict=True)), np.zeros(len(lost)))
        weight = lost / np.maximum(whole, 1e-12)
        chances = [chance * float(weight[held].sum()) / max(int(held.sum()), 1) for chance, held in zip(chances, touched, strict=True)]
    return chances


def shared_out(expected: np.ndarray, added: Sequence[np.ndarray]) -> np.ndarray:
    """Return which part of a loss after each basket is due to each cause: a column each, first that of none; rows add up to 1.

    In: the chance without causes, and what each adds. Of a loss each has the part that it has of the whole chance: so many of such losses
    it brought about, if causes are competing risks (Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data (2002), ch. 8).

    >>> shared_out(np.array([0.1, 0.1]), [np.array([0.1, 0.1]), np.array([0.0, 0.2])]).round(3).tolist()
    [[0.5, 0.5, 0.0], [0.25, 0.25, 0.5]]
    """
    parts = np.stack([np.maximum(expected, 1e-12), *added], axis=1)
    return parts / parts.sum(axis=1, keepdims=True)
