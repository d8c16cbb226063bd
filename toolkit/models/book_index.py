"""What the members in somebody's care brought against what members like theirs brought with colleagues: shrunk, ranked within chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_PRIOR_SPREAD = 0.15
_LEAST_EVENTS = 10
"""Fewer members with an outcome in a book, or with the colleagues, and the logarithm of a ratio is far from normal."""


@dataclass(frozen=True, slots=True)
class BookIndex:
    """One element a book, in the order of its number; NaN where there is nothing to compare with.

    `observed` and `expected` (what like members of the same place brought with colleagues), `index` = observed / expected,
    `standard_error` of its logarithm; `shrunk` with its 95% interval `low` to `high`: drawn to 1 as far as chance explains the differences
    between books; `rank_low` to `rank_high`: where the book stands 19 times in 20 (1 = best); `stands_out`: above colleagues beyond chance,
    of all so named at most `false_share` falsely. `between`: standard deviation of the true logarithms, the mean of its posterior.
    """

    observed: np.ndarray
    expected: np.ndarray
    index: np.ndarray
    standard_error: np.ndarray
    shrunk: np.ndarray
    low: np.ndarray
    high: np.ndarray
    rank_low: np.ndarray
    rank_high: np.ndarray
    stands_out: np.ndarray
    between: float


def book_index(
    outcome: np.ndarray, book: np.ndarray, place: np.ndarray, kind: np.ndarray, *, false_share: float = 0.05, least: int = _LEAST_EVENTS
) -> BookIndex:
    """Return how books stand against those of colleagues at the same place, for the members they were given.

    In, one element a member: `outcome` (0 or more: spend, or 1 for who came), `book`, `place` and `kind` (whole numbers from 0; kind = what
    the member was like before). A kind's mean over the chain says what is expected; a book's ratio to it is divided by that of the other
    books at its place, so that neither a good store nor good members make a good book. A book alone at its place, or with fewer than
    `least` members with an outcome here or there, has no index. Who stands out is tested one-sided and corrected for the number of books
    (Benjamini-Hochberg), so that where books differ in nothing anybody is named in at most `false_share` of shops.

    Source: indirect standardisation, Breslow and Day, Statistical Methods in Cancer Research II (1987), 2; shrinkage: normal-normal, the
    spread between books integrated out (Gelman et al., Bayesian Data Analysis (2013), 5.4); ranks with intervals: Goldstein
    and Spiegelhalter, J. R. Statist. Soc. A 159 (1996).

    >>> came = np.tile([1.0, 0.0], 100)
    >>> found = book_index(came, np.repeat([0, 1], 100), np.zeros(200, int), np.zeros(200, int))
    >>> found.index.tolist(), found.stands_out.tolist()
    ([1.0, 1.0], [False, False])
    """
    from scipy.special import ndtr

    from toolkit.models.multiple_tests import benjamini_hochberg
    from toolkit.models.partial_pooling import drawn_together

    books = int(book.max(initial=-1)) + 1
    home = np.zeros(books, dtype=np.int64)
    home[book] = place
    mean = np.bincount(kind, outcome) / np.maximum(np.bincount(kind), 1)
    usual = mean[kind]
    # Outcomes spread with what is expected: one variance a kind.
    variance = (np.bincount(kind, (outcome - usual) ** 2) / np.maximum(np.bincount(kind) - 1, 1))[kind]
    came, due, spread, events = (np.bincount(book, one, books) for one in (outcome, usual, variance, (outcome > 0).astype(float)))
    there_came, there_due, there_spread, there_events = (
        np.bincount(home, one, int(home.max(initial=0)) + 1)[home] - one for one in (came, due, spread, events)
    )
    known = (events >= least) & (there_events >= least) & (due > 0) & (there_due > 0) & (there_came > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(known, due * there_came / there_due, np.nan)
        index = np.where(known, came / expected, np.nan)
        # The book's own ratio is 1 if it is like the others: its error is reckoned there, so that luck does not make itself sure.
        own = spread / due**2 * (due / (due + there_due) * came / due + there_due / (due + there_due) * there_came / there_due) ** -2
        others = there_spread / there_due**2 / (there_came / there_due) ** 2
        error = np.where(known, np.sqrt(own + others), np.nan)
    nothing = np.full(books, np.nan)
    shrunk, low, high, first, last = (nothing.copy() for _ in range(5))
    stands_out, between = np.zeros(books, dtype=bool), 0.0
    places = np.flatnonzero(known & (error > 0) & (index > 0))
    if len(places) > 1:
        log, se = np.log(index[places]), error[places]
        draws, between = drawn_together(log, se, prior_spread=_PRIOR_SPREAD, around=0.0)
        shrunk[places] = np.exp(draws.mean(axis=0))
        low[places], high[places] = np.exp(np.quantile(draws, [0.025, 0.975], axis=0))
        ranks = (-draws).argsort(axis=1).argsort(axis=1) + 1
        first[places], last[places] = np.quantile(ranks, [0.025, 0.975], axis=0, method="nearest")
        stands_out[places] = benjamini_hochberg(ndtr(-log / se), len(places), false_share)
    return BookIndex(came, expected, index, error, shrunk, low, high, first, last, stands_out, between)
