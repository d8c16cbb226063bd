"""Sharing out a budget: one offer or nothing for each segment, so that the expected gain is largest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Allocation:
    """What each segment gets: `choice` holds the number of its offer, -1 = nothing. `gain` and `cost` are the sums over the segments."""

    choice: tuple[int, ...]
    gain: float
    cost: float

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """(segment, offer) of the segments that get one."""
        return [(segment, offer) for segment, offer in enumerate(self.choice) if offer >= 0]


def allocate_offers(
    gain: np.ndarray, cost: np.ndarray, budget: float, *, contacts: np.ndarray | None = None, most_contacts: float | None = None
) -> Allocation:
    """Return the allocation with the largest gain: at most one offer a segment, costs within `budget`, contacts within `most_contacts`.

    Segments x offers: `gain` expected (nan = not possible), `cost` and `contacts` at least 0. An offer that gains nothing is never chosen.
    Exact (mixed-integer linear programme, no gap), solved by HiGHS: Huangfu and Hall, Mathematical Programming Computation 10 (2018).

    Example
    -------
    >>> allocate_offers(np.array([[5.0, 8.0], [4.0, 4.5]]), np.array([[1.0, 4.0], [1.0, 2.0]]), 3.0).choice
    (0, 1)
    """
    rows, columns = _worthwhile(gain, cost, budget)
    choice = np.full(gain.shape[0], -1)
    if len(rows):
        from scipy.optimize import Bounds, milp

        constraints = _constraints(rows, gain.shape[0], cost[rows, columns], budget, contacts, most_contacts, columns)
        found = milp(
            -gain[rows, columns], constraints=constraints, bounds=Bounds(0, 1), integrality=np.ones(len(rows)), options={"mip_rel_gap": 0.0}
        )
        taken = np.flatnonzero(found.x > 0.5)
        choice[rows[taken]] = columns[taken]
    chosen = choice >= 0
    where = np.flatnonzero(chosen), choice[chosen]
    return Allocation(tuple(int(offer) for offer in choice), float(gain[where].sum()), float(cost[where].sum()))


def shadow_price(gain: np.ndarray, cost: np.ndarray, budget: float) -> float:
    """Return what one more unit of budget would bring if part of a segment could get an offer: the dual of the budget in the relaxation.

    0 where the budget is not what limits.
    """
    rows, columns = _worthwhile(gain, cost, np.inf)
    if not len(rows):
        return 0.0
    from scipy.optimize import linprog

    inside = np.zeros((gain.shape[0], len(rows)))
    inside[rows, np.arange(len(rows))] = 1
    limits = np.vstack([inside, cost[rows, columns]])
    found = linprog(-gain[rows, columns], A_ub=limits, b_ub=[*np.ones(gain.shape[0]), budget], bounds=(0, 1), method="highs")
    return max(0.0, -float(found.ineqlin.marginals[-1]))


def gain_curve(gain: np.ndarray, cost: np.ndarray, budgets: np.ndarray) -> list[Allocation]:
    """Return the best allocation at each budget."""
    return [allocate_offers(gain, cost, float(budget)) for budget in budgets]


def _worthwhile(gain: np.ndarray, cost: np.ndarray, budget: float) -> tuple[np.ndarray, np.ndarray]:
    """The pairs that gain something and that the budget could pay."""
    rows, columns = np.nonzero((np.nan_to_num(gain, nan=-1.0) > 0) & (cost <= budget * (1 + 1e-12)))
    return rows, columns


def _constraints(
    rows: np.ndarray,
    segments: int,
    cost: np.ndarray,
    budget: float,
    contacts: np.ndarray | None,
    most_contacts: float | None,
    columns: np.ndarray,
) -> list:
    from scipy.optimize import LinearConstraint
    from scipy.sparse import csr_array

    one = csr_array((np.ones(len(rows)), (rows, np.arange(len(rows)))), shape=(segments, len(rows)))
    found = [LinearConstraint(one, ub=1)]  # type: ignore[arg-type]
    if np.isfinite(budget):
        # In parts of the budget, so that the solver's tolerance is a part of it and not of a cent.
        found.append(LinearConstraint((cost / budget)[None, :], ub=1))
    if contacts is not None and most_contacts is not None:
        found.append(LinearConstraint((contacts[rows, columns] / most_contacts)[None, :], ub=1))
    return found
