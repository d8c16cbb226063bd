"""Buy-till-you-die models of how often members come and when they stop: BG/NBD and Pareto/NBD on scipy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import polars as pl

from toolkit.models.maximum import EDGE, lowest
from toolkit.models.reasons import Reason, Why


@dataclass(frozen=True, slots=True)
class BtydFit:
    """Parameters of a fitted model; `parameters` is empty and `reason` says why where `status` is `not measured`.

    A `measured` fit with a `reason` predicts soundly, but its parameters are not to be read.

    BG/NBD: r, alpha, a, b. Pareto/NBD: r, alpha, s, beta. alpha and beta are in the time unit of the data.
    """

    model: Literal["bg_nbd", "pareto_nbd"]
    parameters: tuple[float, ...]
    log_likelihood: float | None
    member_count: int
    repeat_member_count: int
    status: str
    reason: Reason | None


def btyd_summary(days: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """Return what the models read: one row per member with a shopping day up to `as_of`, sorted by member.

    In: `member_code`, `day`, `amount` (minor units), one row per member x shopping day. Out: `member_code`, `repeat_count` (x: shopping
    days after the first), `last_repeat_days` (t_x: last minus first day), `observed_days` (T: `as_of` minus first day), `repeat_value_mean`
    (Float64, minor units a repeat day; null without one).
    """
    seen = days.filter(pl.col("day") <= as_of)
    first = pl.col("day").min()
    return (
        seen.group_by("member_code")
        .agg(
            (pl.len().cast(pl.Int64) - 1).alias("repeat_count"),
            (pl.col("day").max() - first).dt.total_days().alias("last_repeat_days"),
            (pl.lit(as_of) - first).dt.total_days().alias("observed_days"),
            pl.col("amount").filter(pl.col("day") > first).sum().alias("repeat_amount"),
        )
        .sort("member_code")
        .select(
            "member_code",
            "repeat_count",
            "last_repeat_days",
            "observed_days",
            pl.when(pl.col("repeat_count") > 0).then(pl.col("repeat_amount") / pl.col("repeat_count")).alias("repeat_value_mean"),
        )
    )


def _bg_log_likelihood(theta: np.ndarray, x: np.ndarray, t_x: np.ndarray, big_t: np.ndarray) -> np.ndarray:
    from scipy.special import betaln, gammaln

    r, alpha, a, b = np.exp(theta)
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
    alive = -(r + x) * np.log(alpha + big_t)
    with np.errstate(divide="ignore"):
        gone = np.where(x > 0, np.log(a) - np.log(np.where(x > 0, b + x - 1, 1.0)) - (r + x) * np.log(alpha + t_x), -np.inf)
    return common + np.logaddexp(alive, gone)


def _pareto_log_terms(theta: np.ndarray, x: np.ndarray, t_x: np.ndarray, big_t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the logs of the likelihood's two parts, alive at T and gone between t_x and T, without their common factor.

    Each hypergeometric function is first turned (Euler) into 2F1(1, B; C; z) with B < C, which cannot overflow for any x.
    """
    from scipy.special import hyp2f1

    r, alpha, s, beta = np.exp(theta)
    alive = -(r + x) * np.log(alpha + big_t) - s * np.log(beta + big_t)

    def log_part(t: np.ndarray) -> np.ndarray:
        if alpha >= beta:
            series = hyp2f1(1.0, r + x, r + s + x + 1, (alpha - beta) / (alpha + t))
            return np.log(series) - (r + x) * np.log(alpha + t) - s * np.log(beta + t)
        series = hyp2f1(1.0, s + 1, r + s + x + 1, (beta - alpha) / (beta + t))
        return np.log(series) - (r + x - 1) * np.log(alpha + t) - (s + 1) * np.log(beta + t)

    early, late = log_part(t_x), log_part(big_t)
    with np.errstate(divide="ignore"):
        gone = np.log(s) - np.log(r + s + x) + early + np.log(-np.expm1(np.minimum(late - early, 0.0)))
    return alive, gone


def _pareto_log_likelihood(theta: np.ndarray, x: np.ndarray, t_x: np.ndarray, big_t: np.ndarray) -> np.ndarray:
    from scipy.special import gammaln

    r, alpha, s, beta = np.exp(theta)
    alive, gone = _pareto_log_terms(theta, x, t_x, big_t)
    return gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + np.logaddexp(alive, gone)


def _fit(
    model: Literal["bg_nbd", "pareto_nbd"],
    likelihood: Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    summary: pl.DataFrame,
    minimum_repeat_members: int,
) -> BtydFit:
    # Equal members are counted once: faster, and the sums no longer depend on the order of the rows.
    counted = (
        summary.filter(pl.col("observed_days") > 0)
        .group_by("repeat_count", "last_repeat_days", "observed_days")
        .agg(pl.len().cast(pl.Int64).alias("members"))
        .sort("repeat_count", "last_repeat_days", "observed_days")
    )
    members = counted["members"].to_numpy()
    repeaters = int(counted.filter(pl.col("repeat_count") > 0)["members"].sum())
    if repeaters < minimum_repeat_members:
        reason = Reason(Why.FEW_REPEATERS, repeaters=repeaters, minimum_repeat_members=minimum_repeat_members)
        return BtydFit(model, (), None, int(members.sum()), repeaters, "not measured", reason)
    unit = float(counted["observed_days"].to_numpy().max()) / 10  # any time unit gives the same fit once the longest history is ten
    x = counted["repeat_count"].to_numpy().astype(np.float64)
    t_x, big_t = counted["last_repeat_days"].to_numpy() / unit, counted["observed_days"].to_numpy() / unit

    def objective(theta: np.ndarray) -> float:
        value = -float((members * likelihood(theta, x, t_x, big_t)).sum()) / float(members.sum())
        return value if np.isfinite(value) else 1e10

    best = lowest(objective, [np.zeros(4), np.array([-1.0, 0.0, 0.0, 1.0])])
    if best is None:
        return BtydFit(model, (), None, int(members.sum()), repeaters, "not measured", Reason(Why.NO_MAXIMUM))
    log_parameters, lowest_value = best
    parameters = np.exp(log_parameters)
    reason = Reason(Why.LOOSELY_KNOWN) if np.max(np.abs(log_parameters)) > EDGE else None
    parameters[1] *= unit
    if model == "pareto_nbd":
        parameters[3] *= unit
    # In data units: the density of each purchase time carries one factor 1 / unit.
    log_likelihood = -lowest_value * members.sum() - float((members * x).sum()) * np.log(unit)
    return BtydFit(model, tuple(parameters.tolist()), float(log_likelihood), int(members.sum()), repeaters, "measured", reason)


def fit_bg_nbd(summary: pl.DataFrame, *, minimum_repeat_members: int = 100) -> BtydFit:
    """Return the BG/NBD fit by maximum likelihood: members buy as a Poisson process of a gamma rate and may stop after any purchase.

    In: `repeat_count`, `last_repeat_days`, `observed_days` of `btyd_summary`; any time unit will do, so weeks may stand in those
    columns. Members with nothing observed after their first day are left out.

    Source: Fader, Hardie and Lee, Marketing Science 24 (2005), 275-284.
    """
    return _fit("bg_nbd", _bg_log_likelihood, summary, minimum_repeat_members)


def fit_pareto_nbd(summary: pl.DataFrame, *, minimum_repeat_members: int = 100) -> BtydFit:
    """Return the Pareto/NBD fit by maximum likelihood: as BG/NBD, but members may stop at any moment.

    In: as `fit_bg_nbd`. Source: Schmittlein, Morrison and Colombo, Management Science 33 (1987), 1-24; Fader and Hardie (2005), note on
    deriving the Pareto/NBD model.
    """
    return _fit("pareto_nbd", _pareto_log_likelihood, summary, minimum_repeat_members)


def _arrays(summary: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    names = ("repeat_count", "last_repeat_days", "observed_days")
    x, t_x, big_t = (summary[name].cast(pl.Float64).to_numpy() for name in names)
    return x, t_x, big_t


def _alive(fit: BtydFit, x: np.ndarray, t_x: np.ndarray, big_t: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    if fit.model == "bg_nbd":
        r, alpha, a, b = fit.parameters
        odds_gone = np.log(a) - np.log(np.where(x > 0, b + x - 1, 1.0)) + (r + x) * (np.log(alpha + big_t) - np.log(alpha + t_x))
        return np.where(x > 0, expit(-odds_gone), 1.0)
    alive, gone = _pareto_log_terms(np.log(fit.parameters), x, t_x, big_t)
    return expit(alive - gone)


def p_alive(fit: BtydFit, summary: pl.DataFrame) -> pl.Series:
    """Return the probability (0..1) that a member still buys here; null where only one purchase was seen.

    After one purchase BG/NBD says 1.0 of everybody, whatever happened since: that is the model's shape, not evidence.
    """
    x, t_x, big_t = _arrays(summary)
    return pl.Series("p_alive", _alive(fit, x, t_x, big_t)).zip_with(summary["repeat_count"] > 0, pl.Series([None], dtype=pl.Float64))


def expected_purchases(fit: BtydFit, summary: pl.DataFrame, *, horizon_days: float) -> np.ndarray:
    """Return the expected number of shopping days in the next `horizon_days` (same time unit as the fit) per row of `summary`.

    Source: Fader, Hardie and Lee (2005), eq. 10, its hypergeometric function turned (Pfaff) so that nothing overflows for frequent buyers.
    """
    from scipy.special import exprel, hyp2f1

    x, t_x, big_t = _arrays(summary)
    alive = _alive(fit, x, t_x, big_t)
    if fit.model == "pareto_nbd":
        r, alpha, s, beta = fit.parameters
        # (1 - exp(-(s-1) L)) / (s-1) written as L * exprel(-(s-1) L): right at s = 1 too, where the usual form divides by zero.
        log_ratio = np.log1p(horizon_days / (beta + big_t))
        return (r + x) * (beta + big_t) / (alpha + big_t) * log_ratio * exprel(-(s - 1) * log_ratio) * alive
    r, alpha, a, b = fit.parameters
    reach = horizon_days / (alpha + big_t)
    if abs(a - 1) < 1e-3:
        return alive * _purchases_while_alive(r + x, a, b + x, reach)
    expected = (a + b + x - 1) / (a - 1) * (1 - hyp2f1(r + x, a - 1, a + b + x - 1, -reach))
    odd = ~np.isfinite(expected) | (expected < 0) | (expected > (r + x) * reach)
    if odd.any():
        expected[odd] = _purchases_while_alive((r + x)[odd], a, (b + x)[odd], reach[odd])
    return alive * expected


def _purchases_while_alive(shape: np.ndarray, a: float, b: np.ndarray, reach: np.ndarray, *, nodes: int = 60) -> np.ndarray:
    """Return E[(1 - (1 + p reach)^-shape) / p] over p ~ Beta(a, b): the same expectation by quadrature, for where 2F1 fails."""
    from scipy.special import betaln, roots_jacobi

    points, weights = roots_jacobi(nodes, 0.0, a - 1)  # weight p^(a-1) on 0..1, the factor (1-p)^(b-1) stays in the integrand
    p = (points + 1) / 2
    log_density = (b[:, None] - 1) * np.log1p(-p)[None, :] - betaln(a, b)[:, None] - a * np.log(2)
    inner = -np.expm1(-shape[:, None] * np.log1p(p[None, :] * reach[:, None])) / p[None, :]
    return (weights[None, :] * np.exp(log_density) * inner).sum(axis=1)


def p_buys(fit: BtydFit, summary: pl.DataFrame, *, horizon_days: float) -> np.ndarray:
    """Return the probability (0..1) of at least one shopping day in the next `horizon_days` per row of `summary`; BG/NBD only.

    P(alive) times the chance that a member who is alive and whose rate is Gamma(r + x, alpha + T) comes at all.
    """
    x, t_x, big_t = _arrays(summary)
    r, alpha = fit.parameters[:2]
    return _alive(fit, x, t_x, big_t) * -np.expm1(-(r + x) * np.log1p(horizon_days / (alpha + big_t)))
