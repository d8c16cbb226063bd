"""What changes at a cut-off: members just above it against those just below, who are alike but for it (regression discontinuity)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.models.shares import Z95

LEAST_SIDE, LEAST_VALUES, LEAST_MEMBERS = 50, 10, 75
"""Rows on each side, different values of what is counted there, and members (rows of one are one) on each side within the bandwidth: fewer
tell nothing: with fewer members the error is too small, and more than one shop in twenty is told of a change that is none."""
_BINS = 24


@dataclass(frozen=True)
class Jump:
    """The jump of the outcome at the cut-off: `estimate` (local linear), its bias-corrected `corrected` and the interval around that.

    `low` to `high` is robust: it also counts that the correction was estimated. `below` and `above`: the fitted outcome on either side of
    the cut. `bandwidth` is in units of what is counted; `n_below` and `n_above` are the rows within it.
    """

    estimate: float
    corrected: float
    error: float
    low: float
    high: float
    below: float
    above: float
    bandwidth: float
    n_below: int
    n_above: int

    @property
    def is_told(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Bunching:
    """How many more rows stand just above the cut than just below: `ratio` of the densities there (1 = no jump), and its p-value."""

    ratio: float
    p_value: float


def jump_at(x: np.ndarray, y: np.ndarray, cut: float, *, groups: np.ndarray | None = None) -> Jump | None:
    """Return the jump of `y` at `x >= cut`; None where too few are near it: fewer than `LEAST_MEMBERS` on a side within the bandwidth.

    A line is fitted on each side with a triangular kernel. Its bandwidth balances bias against noise as the data tell (plug-in, with the
    usual guard against a curvature that is near nothing); what curvature is left is taken off by a parabola with a bandwidth of its own,
    and the interval counts that this was estimated. `groups`: rows of one member, who comes several times, are not independent.

    Sources: Calonico, Cattaneo and Titiunik, Econometrica 82 (2014), 2295-2326 (bandwidths, robust interval); Imbens and Kalyanaraman, Rev.
    Econ. Stud. 79 (2012), 933-959 (guard). Errors by leverage-corrected residuals (HC2), summed within groups where they are given.

    Example
    -------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.uniform(0, 200, 4000)
    >>> jump = jump_at(x, 3 + 0.02 * x + 5.0 * (x >= 100) + rng.normal(0, 2, 4000), 100)
    >>> jump.low < 5 < jump.high, jump.is_told
    (True, True)
    """
    order = np.argsort(x, kind="stable")
    x, y = x[order].astype(float) - cut, y[order].astype(float)
    who = np.arange(x.size) if groups is None else np.unique(groups[order], return_inverse=True)[1]
    right = x >= 0
    if min(np.count_nonzero(right), np.count_nonzero(~right)) < LEAST_SIDE or float(y.std()) == 0:
        return None
    if min(np.unique(x[right]).size, np.unique(x[~right]).size) < LEAST_VALUES:
        return None
    scale, level = max(_spread(x), 1e-12), float(y.std())
    x, y = x / scale, y / level
    widths = _bandwidths(x, y, who)
    if widths is None:
        return None
    h, b = widths
    sides = [_Side(x[side], y[side], who[side]) for side in (~right, right)]
    inside = [np.count_nonzero(np.abs(side.x) < h) for side in sides]
    if (
        min(np.unique(side.who[np.abs(side.x) < h]).size for side in sides) < LEAST_MEMBERS
        or min(np.unique(side.x[np.abs(side.x) < h]).size for side in sides) < LEAST_VALUES
    ):
        return None
    (below, below_c, var_below), (above, above_c, var_above) = (side.level(h, b) for side in sides)
    error = float(np.sqrt(var_below + var_above)) * level
    corrected = (above_c - below_c) * level
    return Jump(
        estimate=(above - below) * level, corrected=corrected, error=error, low=corrected - Z95 * error, high=corrected + Z95 * error,
        below=below * level, above=above * level, bandwidth=float(h * scale), n_below=int(inside[0]), n_above=int(inside[1]),
    )  # fmt: skip


class _Side:
    """The rows on one side of the cut, and polynomials fitted to them there."""

    def __init__(self, x: np.ndarray, y: np.ndarray, who: np.ndarray) -> None:
        self.x, self.y, self.who = x, y, who

    def fit(self, order: int, h: float) -> tuple[np.ndarray, np.ndarray]:
        """The coefficients at the cut, and the linear map that takes outcomes to them (one column a row)."""
        weights = np.clip(1 - np.abs(self.x) / h, 0, None)
        powers = self.x[:, None] ** np.arange(order + 1)
        gram = powers.T @ (powers * weights[:, None])
        maps = np.linalg.pinv(gram, hermitian=True) @ (powers * weights[:, None]).T
        return maps @ self.y, maps

    def residuals(self, order: int, h: float) -> np.ndarray:
        """Residuals of a fit, over the root of one less their leverage; 0 outside."""
        beta, maps = self.fit(order, h)
        powers = self.x[:, None] ** np.arange(order + 1)
        leverage = np.clip((powers * maps.T).sum(1), 0, 0.95)
        inside = np.abs(self.x) < h
        return np.where(inside, (self.y - powers @ beta) / np.sqrt(1 - leverage), 0.0)

    def variance(self, row: np.ndarray, residuals: np.ndarray) -> float:
        """The variance of what a map's row gives, rows of one member taken together."""
        sums = np.bincount(self.who, row * residuals, int(self.who.max()) + 1)
        return float(sums @ sums)

    def level(self, h: float, b: float) -> tuple[float, float, float]:
        """Outcome at the cut by the line, the same less its estimated bias, and the variance of the latter."""
        _, line = self.fit(1, h)
        _, curve = self.fit(2, b)
        row = line[0] - (line[0] @ self.x**2) * curve[2]
        residuals = np.where(np.abs(self.x) < h, self.residuals(1, h), self.residuals(2, b))
        return float(line[0] @ self.y), float(row @ self.y), self.variance(row, residuals)

    def pilot(self, order: int, nu: int, near: float, wide: float, guard: bool) -> tuple[float, float, float]:
        """Variance, bias and guard of coefficient `nu` of a fit of `order`, whose bias a fit of the next order within `wide` tells."""
        _, maps = self.fit(order, near)
        variance = near ** (2 * nu + 1) * self.variance(maps[nu], self.residuals(order, near)) * (2 * nu + 1)
        constant = float(maps[nu] @ (self.x / near) ** (order + 1)) * near**nu
        beta, curve = self.fit(order + 1, wide)
        times = 2 * (order + 1 - nu)
        noise = self.variance(curve[order + 1], self.residuals(order + 1, wide)) if guard else 0.0
        return variance, np.sqrt(times) * constant * float(beta[order + 1]), times * 3 * constant**2 * noise


def _bandwidths(x: np.ndarray, y: np.ndarray, who: np.ndarray) -> tuple[float, float] | None:
    """The bandwidth of the lines, and that of the parabolas that tell their bias; None where the pilots cannot be fitted."""
    right = x >= 0
    left_side, right_side = _Side(x[~right], y[~right], who[~right]), _Side(x[right], y[right], who[right])
    reach = (float(-x[~right].min()), float(x[right].max()))
    near = min(2.576 * _spread(x) * x.size**-0.2, max(reach))
    # The 20 nearest different values of each side are within it, whatever the spread of the rest says.
    nearest = [np.unique(np.abs(side.x))[: 2 * LEAST_VALUES][-1] for side in (left_side, right_side)]
    near = max(near, *nearest) * (1 + 1e-9)

    def balanced(order: int, nu: int, wide: tuple[float, float], guard: bool) -> float:
        (v0, b0, g0), (v1, b1, g1) = (
            side.pilot(order, nu, near, width, guard) for side, width in ((left_side, wide[0]), (right_side, wide[1]))
        )
        bias = (b1 - b0) ** 2 + g0 + g1
        return ((v0 + v1) / bias) ** (1 / (2 * order + 3)) if bias > 0 else max(reach)

    whole = max(reach) * (1 + 1e-9)
    far = min(balanced(3, 3, (reach[0] * (1 + 1e-9), reach[1] * (1 + 1e-9)), guard=False), whole)
    far = max(far, *nearest)
    b = min(balanced(2, 2, (far, far), guard=True), whole)
    b = max(b, *nearest) * (1 + 1e-9)
    h = min(balanced(1, 0, (b, b), guard=True), whole)
    h = max(h, *nearest) * (1 + 1e-9)
    return (h, max(b, h)) if np.isfinite(h) and np.isfinite(b) else None


def _spread(x: np.ndarray) -> float:
    quarters = np.subtract(*np.quantile(x, [0.75, 0.25])) / 1.349
    deviation = float(x.std())
    return min(deviation, float(quarters)) if quarters > 0 else deviation


def bunching_at(x: np.ndarray, cut: float, width: float) -> Bunching | None:
    """Return whether rows crowd just above (or below) the cut: members who chose on which side to be are not alike on both.

    Rows within `width` are counted in equal bins; on each side a parabola is fitted to the logarithm of what is expected (Poisson), and the
    jump at the cut is tested. The variance is that of the counts, or more where they scatter more. None where fewer than `LEAST_SIDE` rows
    stand on a side.

    A width over half of the cut is too much for a parabola where most rows stand far below it.

    Source: McCrary, J. Econometrics 142 (2008), 698-714, with counts instead of a smoothed histogram.

    Example
    -------
    >>> x = np.random.default_rng(2).uniform(0, 200, 4000)
    >>> bunching_at(x, 100, 80).p_value > 0.05, bunching_at(np.append(x, np.full(150, 101.0)), 100, 80).p_value < 0.01
    (True, True)
    """
    from scipy.special import ndtr  # slow to load

    near = (x[np.abs(x - cut) < width] - cut) / width
    if min(np.count_nonzero(near >= 0), np.count_nonzero(near < 0)) < LEAST_SIDE:
        return None
    values = np.unique(near)
    if values.size <= 4 * _BINS:  # orders, whole points: every value is a bin of its own, those that nobody has too
        step = float(np.diff(values).min())
        middle = np.arange(np.ceil(-1 / step + 1e-9), np.floor(1 / step - 1e-9) + 1) * step
        counts = np.bincount(np.rint((near - middle[0]) / step).astype(np.int64).clip(0, middle.size - 1), minlength=middle.size)
    else:
        edges = np.linspace(-1, 1, 2 * _BINS + 1)
        counts, middle = np.histogram(near, edges)[0], (edges[:-1] + edges[1:]) / 2
    side = (middle >= 0).astype(float)
    design = np.column_stack([np.ones_like(middle), middle, middle**2, side, side * middle, side * middle**2])
    beta = np.zeros(6)
    beta[0] = np.log(counts.mean())
    for _ in range(50):
        expected = np.exp(np.clip(design @ beta, -20, 20))
        step = np.linalg.pinv(design.T @ (design * expected[:, None])) @ design.T @ (counts - expected)
        beta += step
        if np.abs(step).max() < 1e-9:
            break
    expected = np.exp(np.clip(design @ beta, -20, 20))
    scatter = max(1.0, float(((counts - expected) ** 2 / expected).sum() / (counts.size - 6)))
    error = np.sqrt(np.linalg.pinv(design.T @ (design * expected[:, None]))[3, 3] * scatter)
    return Bunching(float(np.exp(beta[3])), float(2 * ndtr(-abs(beta[3]) / error)))


def placebo_jumps(x: np.ndarray, y: np.ndarray, cut: float, *, groups: np.ndarray | None = None) -> list[tuple[float, Jump]]:
    """Return the jumps at cut-offs that are none, as (where, jump): the middles of both sides, each with the rows of that side alone.

    Where the design holds, one in twenty of them leaves out zero.
    """
    jumps = []
    for side in (x < cut, x >= cut):
        if np.count_nonzero(side) < 2 * LEAST_SIDE:
            continue
        where = float(np.median(x[side]))
        jump = jump_at(x[side], y[side], where, groups=None if groups is None else groups[side])
        jumps += [(where, jump)] if jump is not None else []
    return jumps
