"""Expected spend over the next quarter and year, learned from what followed the shop's own earlier snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from toolkit.models.btyd import BtydFit, btyd_summary, expected_purchases, fit_bg_nbd
from toolkit.models.calibration import spearman
from toolkit.models.gamma_gamma import GammaGammaFit, expected_value, fit_gamma_gamma
from toolkit.models.glm import Regression, fit_regression
from toolkit.models.reasons import Reason, Why
from toolkit.models.snapshots import SPEND_FEATURES, matrix, snapshot, training_rows


@dataclass(frozen=True, slots=True)
class SpendModel:
    """How expected spend over `horizon_days` was learned.

    `status`: `measured` (whole horizons were seen), `projected` (only `learned_days` of it were seen; `stretch` takes them to the
    horizon under the assumption in `reason`), `modelled` (BG/NBD x Gamma-Gamma), `not measured`. `held_out_spearman` and
    `held_out_total` (promised over received; 1 = right) judge the same method on the latest complete window; null where none is complete.
    """

    status: str
    reason: Reason | None
    as_of: date
    horizon_days: int
    learned_days: int
    stretch: float
    snapshot_count: int
    member_count: int
    held_out_spearman: float | None
    held_out_total: float | None
    fitted: Regression | tuple[BtydFit, GammaGammaFit] | None


def _regression(rows: pl.DataFrame, most_rows: int) -> Regression:
    columns = [*SPEND_FEATURES, "spent"]
    ordered = rows.select(columns).sort(columns)
    thin = ordered.gather_every(-(-ordered.height // most_rows)) if ordered.height > most_rows else ordered
    return fit_regression(matrix(thin, SPEND_FEATURES), thin["spent"].clip(0, None).to_numpy(), family="poisson")


def _judged(days: pl.DataFrame, as_of: date, horizon_days: int, history_days: int, most_rows: int) -> tuple[float | None, float | None]:
    """Return rank correlation and total promised over received, for the window that ends on `as_of`, learned from before it."""
    on = as_of - timedelta(days=horizon_days)
    earlier = training_rows(days, as_of=on, horizon_days=horizon_days, history_days=history_days, most_snapshots=4)
    latest = training_rows(days, as_of=as_of, horizon_days=horizon_days, history_days=history_days, most_snapshots=1)
    received = int(latest["spent"].sum())
    if earlier.is_empty() or received <= 0 or earlier["spent"].sum() <= 0:
        return None, None
    promised = _regression(earlier, most_rows).predict(matrix(latest, SPEND_FEATURES))
    ranks = spearman(promised, latest["spent"].to_numpy())
    # Sorted first: the sum is then the same for any order of the members.
    return ranks, float(np.sort(promised).sum() / received)


def _stretch(days: pl.DataFrame, on: date, learned_days: int, horizon_days: int, rate_days: int) -> float:
    """Return what the whole horizon holds over what `learned_days` hold, if the last `rate_days` of those simply go on."""
    known = days.filter(pl.col("day") <= on).select("member_code").unique()
    later = days.filter((pl.col("day") > on) & (pl.col("day") <= on + timedelta(days=learned_days))).join(
        known, on="member_code", how="semi"
    )
    total = int(later["amount"].sum())
    last = int(later.filter(pl.col("day") > on + timedelta(days=learned_days - rate_days))["amount"].sum())
    return 1 + (horizon_days - learned_days) * (last / rate_days) / total if total > 0 else 1.0


def fit_future_spend(
    days: pl.DataFrame,
    *,
    as_of: date,
    horizon_days: int = 91,
    history_days: int = 91,
    most_snapshots: int = 4,
    shortest_learned_days: int = 182,
    minimum_buyers: int = 200,
    most_rows: int = 500_000,
    stands: Sequence[date] = (),
) -> SpendModel:
    """Return a model of what members spend in the `horizon_days` after `as_of`, learned from nothing after `as_of`.

    In: the frame of `shopping_days`. A Poisson regression with a log link on seven features of spend and rhythm, over up to
    `most_snapshots` earlier snapshots whose window is complete: its promises add up to what those windows brought.

    Where no window of the whole horizon is complete (a year, from a year of receipts), the longest complete window of at least
    `shortest_learned_days` is learned and stretched to the horizon at the daily rate of its last 91 days: an assumption, said in
    `reason`, and blind to the season that was not seen. With less history than that: `not measured`.

    `stands` names the snapshots to learn from instead of the latest ones: the same weeks of a year ago, in a seasonal shop. It is not
    judged here then.
    """

    def refused(reason: Reason, member_count: int = 0) -> SpendModel:
        return SpendModel("not measured", reason, as_of, horizon_days, 0, 1.0, 0, member_count, None, None, None)

    first = days.filter(pl.col("day") <= as_of)["day"].min()
    if not isinstance(first, date):
        return refused(Reason(Why.NO_DAY))
    seen_days = (as_of - first).days + 1
    learned_days = min(horizon_days, seen_days - history_days)
    if learned_days < min(horizon_days, shortest_learned_days):
        needed = min(horizon_days, shortest_learned_days) + history_days
        return refused(Reason(Why.SHORT_RECEIPTS, seen_days=seen_days, needed=needed, horizon_days=horizon_days))
    rows = training_rows(
        days, as_of=as_of, horizon_days=learned_days, history_days=history_days, most_snapshots=most_snapshots, stands=stands
    )
    buyers, members = int((rows["spent"] > 0).sum()), rows["member_code"].n_unique()
    if buyers < minimum_buyers:
        return refused(Reason(Why.FEW_BUYERS, buyers=buyers, minimum_buyers=minimum_buyers), members)
    fitted = _regression(rows, most_rows)
    if not fitted.converged:
        return refused(Reason(Why.SPEND_NOT_CONVERGED), members)
    status, reason, stretch = "measured", Reason(Why.SAME_WEEKS) if stands else None, 1.0
    if learned_days < horizon_days:
        rate_days = min(91, learned_days)
        stretch = _stretch(days, as_of - timedelta(days=learned_days), learned_days, horizon_days, rate_days)
        status = "projected"
        unseen_days = horizon_days - learned_days
        reason = Reason(Why.PROJECTED, seen_days=seen_days, learned_days=learned_days, horizon_days=unseen_days, rate_days=rate_days)
    ranks, total = (None, None) if stands else _judged(days, as_of, learned_days, history_days, most_rows)
    snapshots = rows["snapshot_on"].n_unique()
    return SpendModel(status, reason, as_of, horizon_days, learned_days, stretch, snapshots, members, ranks, total, fitted)


def fit_btyd_spend(
    days: pl.DataFrame, *, as_of: date, horizon_days: int = 91, minimum_repeat_members: int = 100, often: BtydFit | None = None
) -> SpendModel:
    """Return the sparse shop's model of spend: expected shopping days by BG/NBD times expected value by Gamma-Gamma.

    `often`: a BG/NBD fit of the same days at the same `as_of`, if there is one already.
    """
    summary = btyd_summary(days, as_of=as_of)
    often = often or fit_bg_nbd(summary, minimum_repeat_members=minimum_repeat_members)
    value = fit_gamma_gamma(summary, minimum_members=minimum_repeat_members)
    faults = [fit.reason for fit in (often, value) if fit.status != "measured"]
    if faults:
        fault = faults[0] if len(faults) == 1 else Reason(Why.BOTH_FAILED, often=faults[0], value=faults[1])
        return SpendModel("not measured", fault, as_of, horizon_days, 0, 1.0, 0, summary.height, None, None, None)
    reason = Reason(Why.MODELLED)
    if value.correlation is not None and abs(value.correlation) > 0.3:
        reason = Reason(Why.MODELLED_CORRELATED, correlation=value.correlation)
    return SpendModel("modelled", reason, as_of, horizon_days, horizon_days, 1.0, 0, summary.height, None, None, (often, value))


def predict_future_spend(model: SpendModel, days: pl.DataFrame, *, as_of: date, rhythm: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return `member_code` and `expected_spend` (minor units, whole, null where `not measured`), one row per member, sorted.

    `rhythm`: the frame of `snapshot` at `as_of`, where there is one already.
    """
    if isinstance(model.fitted, tuple):
        rhythm = btyd_summary(days, as_of=as_of)
        often, value = model.fitted
        expected = expected_purchases(often, rhythm, horizon_days=model.horizon_days) * expected_value(value, rhythm)
        return rhythm.select("member_code", pl.Series("expected_spend", np.rint(expected).astype(np.int64)))
    rhythm = snapshot(days, as_of=as_of) if rhythm is None else rhythm
    if model.fitted is None:
        return rhythm.select("member_code", pl.lit(None, dtype=pl.Int64).alias("expected_spend"))
    expected = model.fitted.predict(matrix(rhythm, SPEND_FEATURES)) * model.stretch if rhythm.height else np.zeros(0)
    return rhythm.select("member_code", pl.Series("expected_spend", np.rint(expected).astype(np.int64)))
