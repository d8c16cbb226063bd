"""P(buys in the next 28 days): the model learned from the shop's own earlier snapshots, and the rule that picks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import polars as pl

from toolkit.models.btyd import BtydFit, btyd_summary, fit_bg_nbd, p_buys
from toolkit.models.calibration import Calibration, prediction_quality, shifted
from toolkit.models.glm import Regression, fit_regression
from toolkit.models.reasons import Reason, Why
from toolkit.models.snapshots import RHYTHM_FEATURES, matrix, snapshot, training_rows
from toolkit.models.trees import Trees, trees_of

Method = Literal["logistic", "boosting", "btyd", "not measured"]


@dataclass(frozen=True, slots=True)
class PurchaseModel:
    """The chosen model and why; `held_out` is how well the same method foretold the last complete window (null where none is complete).

    `as_of` is the last day learned from; `snapshot_count` and `row_count` are what was learned from (members for `btyd`).
    """

    method: Method
    reason: Reason
    as_of: date
    horizon_days: int
    snapshot_count: int
    row_count: int
    held_out: Calibration | None
    fitted: Regression | Trees | BtydFit | None
    shift: float = 0.0  # added to each logit: the level of the season ahead


_JUDGED_WINDOWS, _LEARNED_WINDOWS = 4, 2
"""Latest windows on which BG/NBD is judged against the logistic model, and the fewest earlier ones that this is learned from."""


def _thinned(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    """Return every k-th row of the sorted rows: the same ones whatever the order, names or partitions of the members."""
    ordered = rows.select(*RHYTHM_FEATURES, "bought").sort(*RHYTHM_FEATURES, "bought")
    return ordered.gather_every(-(-ordered.height // most)) if ordered.height > most else ordered


def _boosted(rows: pl.DataFrame, seed: int) -> Trees:
    """Return small boosted trees; imported here because scikit-learn takes longer to load than to fit."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    # One thread: the sums inside the trees are otherwise split by the number of cores, and would differ with it.
    with threadpool_limits(1):
        trees = HistGradientBoostingClassifier(
            # A bool is right here; the stub knows only the default, "auto".
            max_iter=100,
            learning_rate=0.05,
            max_leaf_nodes=8,
            min_samples_leaf=50,
            early_stopping=False,  # type: ignore[arg-type]
            random_state=seed,
        )
        return trees_of(trees.fit(matrix(rows, RHYTHM_FEATURES), rows["bought"].to_numpy()))


def _probability(fitted: Regression | Trees, rows: pl.DataFrame) -> np.ndarray:
    return fitted.predict(matrix(rows, RHYTHM_FEATURES))


def fit_next_purchase(
    days: pl.DataFrame,
    *,
    as_of: date,
    horizon_days: int = 28,
    history_days: int = 91,
    most_snapshots: int = 6,
    minimum_outcomes: int = 200,
    sparse_below: float = 0.10,
    try_boosting: bool = True,
    boosting_gain: float = 0.01,
    most_rows: int = 500_000,
    minimum_repeat_members: int = 100,
    seed: int = 0,
    stands: Sequence[date] = (),
) -> PurchaseModel:
    """Return the model of P(buys within `horizon_days` after `as_of`), learned from nothing after `as_of`.

    In: the frame of `shopping_days`. The rule, in order:

    1. *logistic* on `RHYTHM_FEATURES`, when there are two earlier snapshots with `history_days` of receipts before them and their outcome
       window complete, at least `minimum_outcomes` members who bought and as many who did not, and at least `sparse_below` of the
       members bought within the latest window;
    2. *boosting* in its place, when on the latest complete window, held out from both, its log loss is smaller by `boosting_gain` and its
       calibration is sound or no worse (error, and how far the slope lies below 1: too sure); otherwise the model that can be read is kept;
    3. *btyd* (BG/NBD) when the shop is sparse or young and `minimum_repeat_members` members came back; where its total over the latest
       four windows was off by more than chance (two standard errors) and that of the logistic model, each time learned from the windows
       before, is nearer by one, the sparse shop gets that: durable goods come back by the clock, which BG/NBD does not know;
    4. `not measured` otherwise.

    `stands` names the snapshots to learn from instead of the latest ones: the same weeks of a year ago, in a seasonal shop. Their windows
    lie over each other, so nothing is held out of them, and the logistic model is taken.
    """
    rows = training_rows(
        days, as_of=as_of, horizon_days=horizon_days, history_days=history_days, most_snapshots=most_snapshots, stands=stands
    )
    in_season, stands = bool(stands), rows["snapshot_on"].unique().sort(descending=True).to_list()
    bought = int(rows["bought"].sum())
    refused = None
    if len(stands) < 2:
        refused = Reason(Why.FEW_SNAPSHOTS, snapshots=len(stands), history_days=history_days, horizon_days=horizon_days)
    elif min(bought, rows.height - bought) < minimum_outcomes:
        figures = {"bought": bought, "rows": rows.height, "horizon_days": horizon_days, "minimum_outcomes": minimum_outcomes}
        refused = Reason(Why.FEW_OUTCOMES, **figures)
    elif (share := float(rows.filter(pl.col("snapshot_on") == stands[0])["bought"].mean())) < sparse_below:  # type: ignore[arg-type]
        refused = Reason(Why.SPARSE, share=share, horizon_days=horizon_days)
    if refused:
        fallen = _fall_back(days, as_of, horizon_days, minimum_repeat_members, refused)
        if refused.why is not Why.SPARSE or in_season:
            return fallen
        learned = _better_than_btyd(days, rows, horizon_days, minimum_repeat_members, most_rows)
        if learned is None:
            return fallen
        fitted = _logistic(_thinned(rows, most_rows))
        return PurchaseModel("logistic", Reason(Why.SPARSE_LEARNED), as_of, horizon_days, len(stands), rows.height, learned, fitted)
    if in_season:
        learn = _thinned(rows, most_rows)
        fitted, method, reason, held_out = _logistic(learn), "logistic", Reason(Why.SAME_WEEKS), None
    else:
        learn, fitted, method, reason, held_out = _of_latest(rows, stands[0], try_boosting, boosting_gain, seed, most_rows)
    if isinstance(fitted, Regression) and not fitted.converged:
        return _fall_back(days, as_of, horizon_days, minimum_repeat_members, Reason(Why.PURCHASE_NOT_CONVERGED))
    return PurchaseModel(method, reason, as_of, horizon_days, len(stands), learn.height, held_out, fitted)


def _better_than_btyd(
    days: pl.DataFrame, rows: pl.DataFrame, horizon_days: int, minimum_repeat_members: int, most_rows: int
) -> Calibration | None:
    """Return how the logistic model did on the latest window where its total over the latest ones beats BG/NBD's; None where not."""
    stands = rows["snapshot_on"].unique().sort(descending=True).to_list()
    came, by_btyd, learned, latest = 0, 0.0, 0.0, None
    for on in stands[: max(0, min(_JUDGED_WINDOWS, len(stands) - _LEARNED_WINDOWS))]:
        last, earlier = rows.filter(pl.col("snapshot_on") == on), rows.filter(pl.col("snapshot_on") < on)
        summary = btyd_summary(days, as_of=on)
        fit = fit_bg_nbd(summary, minimum_repeat_members=minimum_repeat_members)
        probability = _probability(_logistic(_thinned(earlier, most_rows)), last)
        came += int(last["bought"].sum())
        learned += float(np.sort(probability).sum())
        by_btyd += float(np.sort(p_buys(fit, summary, horizon_days=horizon_days)).sum()) if fit.parameters else float("nan")
        latest = latest or prediction_quality(last["bought"].to_numpy(), probability)
    if latest is None or not came:
        return None
    off, off_learned, by_chance = abs(by_btyd / came - 1), abs(learned / came - 1), came**-0.5
    return None if off <= 2 * by_chance or off <= off_learned + by_chance else latest


def _of_latest(
    rows: pl.DataFrame, stand: date, try_boosting: bool, boosting_gain: float, seed: int, most_rows: int
) -> tuple[pl.DataFrame, Regression | Trees, Method, Reason, Calibration]:
    """Return what was learned from, the model, its method, why, and how it did on the latest window, held out."""
    last, earlier = rows.filter(pl.col("snapshot_on") == stand), rows.filter(pl.col("snapshot_on") < stand)
    learn, learn_earlier = _thinned(rows, most_rows), _thinned(earlier, most_rows)
    method, reason, held_out = _choose(learn_earlier, last, try_boosting, boosting_gain, seed)
    return learn, _boosted(learn, seed) if method == "boosting" else _logistic(learn), method, reason, held_out


def _logistic(rows: pl.DataFrame) -> Regression:
    return fit_regression(matrix(rows, RHYTHM_FEATURES), rows["bought"].to_numpy(), family="logistic")


def _choose(learn: pl.DataFrame, last: pl.DataFrame, try_boosting: bool, gain: float, seed: int) -> tuple[Method, Reason, Calibration]:
    """Return the method, the reason for it, and its quality on the held-out window."""
    seen = last["bought"].to_numpy()
    plain = prediction_quality(seen, _probability(_logistic(learn), last))
    if not try_boosting:
        return "logistic", Reason(Why.BOOSTING_NOT_TRIED), plain
    boosted = prediction_quality(seen, _probability(_boosted(learn, seed), last))
    if plain.log_loss is None or boosted.log_loss is None or plain.slope is None or boosted.slope is None:
        return "logistic", Reason(Why.ONE_OUTCOME), plain
    compared = Reason(Why.LOG_LOSSES, boosted=boosted.log_loss, logistic=plain.log_loss)
    better = boosted.log_loss < plain.log_loss * (1 - gain)
    # Within the bars of DEFINITIONS.md, or no worse. Trees that fit too closely are too sure (slope below 1); too cautious harms nobody.
    honest = (boosted.error or 0) <= max(0.03, plain.error or 0) and 1 - boosted.slope <= max(0.15, abs(plain.slope - 1))
    return ("boosting", compared, boosted) if better and honest else ("logistic", compared, plain)


def _fall_back(days: pl.DataFrame, as_of: date, horizon_days: int, minimum_repeat_members: int, refused: Reason) -> PurchaseModel:
    summary = btyd_summary(days, as_of=as_of)
    fit = fit_bg_nbd(summary, minimum_repeat_members=minimum_repeat_members)
    if fit.status != "measured":
        reason = Reason(Why.NO_FALL_BACK, refused=refused, reason=fit.reason)
        return PurchaseModel("not measured", reason, as_of, horizon_days, 0, summary.height, None, None)
    stands = training_rows(days, as_of=as_of, horizon_days=horizon_days, most_snapshots=1)
    held_out = None
    if stands.height:
        on = stands["snapshot_on"][0]
        before = btyd_summary(days, as_of=on)
        earlier = fit_bg_nbd(before, minimum_repeat_members=minimum_repeat_members)
        if earlier.status == "measured":
            held_out = prediction_quality(stands["bought"].to_numpy(), p_buys(earlier, before, horizon_days=horizon_days))
    return PurchaseModel("btyd", refused, as_of, horizon_days, 0, summary.height, held_out, fit)


def predict_next_purchase(model: PurchaseModel, days: pl.DataFrame, *, as_of: date, rhythm: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return `member_code` and `p_buys` (0..1, null where `not measured`) at the close of `as_of`, one row per member, sorted.

    `rhythm`: the frame of `snapshot` at `as_of`, where there is one already.
    """
    rhythm = snapshot(days, as_of=as_of) if rhythm is None else rhythm
    if model.method == "not measured" or model.fitted is None or rhythm.is_empty():
        return rhythm.select("member_code", pl.lit(None, dtype=pl.Float64).alias("p_buys"))
    if isinstance(model.fitted, BtydFit):
        probability = p_buys(model.fitted, btyd_summary(days, as_of=as_of), horizon_days=model.horizon_days)
    else:
        probability = _probability(model.fitted, rhythm)
    return rhythm.select("member_code", pl.Series("p_buys", shifted(probability, model.shift) if model.shift else probability))
