"""How members of a case buy before and after a campaign: on discount, with coupons, at full price."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import polars as pl

from toolkit.language import value
from toolkit.mart.windows import window_sums
from toolkit.models.lin import Effect, lin_effect, not_measured
from toolkit.portrait.price_sensitivity import COUPON, PROMO, Trait, kappas
from toolkit.review.measures.case import Case, too_few_of
from toolkit.review.measures.estimate import regression_options
from toolkit.review.measures.neighbours import overlapping_campaigns, reached_by
from toolkit.scope.period import Period

_MONTH = 28
PROMO_DEPENDENCE, COUPON_AFFINITY = value("promo dependence"), value("coupon affinity")
QUIET = value("promo dependence, on days without other campaigns")


@dataclass(frozen=True)
class Habit:
    """One habit of both arms: means before and after (of the members judged), and the effect. `unit` says in what."""

    name: str
    unit: str
    before: tuple[float | None, float | None]
    after: tuple[float | None, float | None]
    effect: Effect


def windows_of(case: Case) -> tuple[Period, Period] | None:
    """Return the days before and after that are compared; None where too few days after the end are seen, or none before the start."""
    settings, campaign, view = case.view.settings.review, case.campaign, case.view
    after = Period(campaign.ends_on + timedelta(days=1), min(campaign.ends_on + timedelta(days=settings.habits_days), view.as_of))
    first = max(campaign.starts_on - timedelta(days=2 * settings.habits_days), view.first_day)
    before = Period(first, campaign.starts_on - timedelta(days=1))
    return (before, after) if min(after.days, before.days) >= settings.habits_least_days else None


def spending(case: Case, period: Period, skipped: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return how each member of the case bought in a window, across the chain: one row per member in the case's order, 0 without a receipt.

    Days of `skipped` campaigns (`starts_on`, `ends_on`) are left out, for everybody.

    Columns: `days` (with an order), `coupon_days` (of them, with a coupon), `amount`, `promo_amount` (minor units).
    """
    view = case.view
    codes = case.members.select(pl.col("member_code").drop_nulls())
    days = window_sums(view.workspace, view.mart, period.start, period.end, by=("member", "day"), members=codes)
    for first, last in [] if skipped is None else skipped.select("starts_on", "ends_on").iter_rows():
        days = days.filter(~pl.col("day").is_between(first, last))
    bought = pl.col("orders") > 0
    sums = days.group_by("member_code").agg(
        bought.sum().cast(pl.Int64).alias("days"),
        (bought & (pl.col("coupon_amount") > 0)).sum().cast(pl.Int64).alias("coupon_days"),
        pl.col("amount", "promo_amount").sum(),
    )
    return (
        case.members.select("member_code").join(sums, on="member_code", how="left", maintain_order="left").fill_null(0).drop("member_code")
    )


def habits_of(case: Case, before: Period, after: Period, others: pl.DataFrame) -> list[Habit]:
    """Return the habits that the receipts can tell, promo dependence first.

    Shares are of the members who bought in both windows; each weighs `days / (days + kappa)` by the shopping days after, as portrait
    shrinks the same share, so that who came once hardly counts. Effects are Lin's, with the share before among the covariates: the same as
    on the change, sharper. Money and days per 28 days are of all members as assigned. Where `others` (campaigns) ran in the days after,
    promo dependence has a second row, of the days between them: who bought more is chosen for the next offer, and buys on discount then.
    """
    view = case.view
    then, now = spending(case, before), spending(case, after)
    known = [trait for trait in (PROMO, COUPON) if view.has_column("lines", trait.source)]
    habits = [_share(case, trait, then, now) for trait in known]
    if PROMO in known and others.height:
        habits.insert(1, replace(_share(case, PROMO, then, spending(case, after, others)), name=QUIET))
    each = [(frame, _MONTH / period.days) for frame, period in ((then, before), (now, after))]
    currency = f"{view.currency} per member and {_MONTH} days"
    if PROMO in known:
        full = [((frame["amount"] - frame["promo_amount"]).to_numpy() * scale / view.minor_units) for frame, scale in each]
        promo = [frame["promo_amount"].to_numpy() * scale / view.minor_units for frame, scale in each]
        habits.append(_amount(case, value("spend at full price"), currency, *full))
        habits.append(_amount(case, value("spend on discount"), currency, *promo))
    if COUPON in known:
        days = [frame["coupon_days"].to_numpy() * scale for frame, scale in each]
        habits.append(_amount(case, value("shopping days with a coupon"), f"days per member and {_MONTH} days", *days))
    return habits


def _share(case: Case, trait: Trait, then: pl.DataFrame, now: pl.DataFrame) -> Habit:
    shares = []
    for frame in (then, now):
        if trait is PROMO:
            whole, part = frame["amount"].to_numpy(), frame["promo_amount"].to_numpy()
        else:
            whole, part = frame["days"].to_numpy(), frame["coupon_days"].to_numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            shares.append(np.where((whole > 0) & (frame["days"].to_numpy() > 0), np.clip(part / whole, 0, 1), np.nan))
    judged = np.isfinite(shares[0]) & np.isfinite(shares[1])
    assumed = case.view.settings.sensitivity.kappa_default
    table = kappas(case.view.chain).filter(pl.col("trait") == trait.name)["kappa"]
    kappa = float(table[0]) if len(table) else assumed
    days = now["days"].to_numpy()[judged].astype(float)
    before, after = (100 * share[judged] for share in shares)
    covariates = np.column_stack([before, np.log1p(then["days"].to_numpy()[judged]), case.past.values[judged]])
    weights = days / (days + kappa)
    name, unit = (PROMO_DEPENDENCE, value("% of spend")) if trait is PROMO else (COUPON_AFFINITY, value("% of shopping days"))
    return _habit(case, name, unit, before, after, case.members["treated"].to_numpy()[judged], covariates, weights)


def _amount(case: Case, name: str, unit: str, before: np.ndarray, after: np.ndarray) -> Habit:
    treated = case.members["treated"].to_numpy()
    return _habit(case, name, unit, before, after, treated, np.column_stack([before, case.past.values]), np.ones(len(before)))


def _habit(
    case: Case,
    name: str,
    unit: str,
    before: np.ndarray,
    after: np.ndarray,
    treated: np.ndarray,
    covariates: np.ndarray,
    weights: np.ndarray,
) -> Habit:
    counts = int(treated.sum()), int((~treated).sum())
    means = [tuple(_mean(side[arm], weights[arm]) for arm in (treated, ~treated)) for side in (before, after)]
    too_few = case.too_few or too_few_of(case.view, *counts)
    if too_few is not None:
        effect = not_measured(too_few, *counts)
    else:
        effect = lin_effect(after, treated, covariates, weights=weights, **regression_options(case))
    return Habit(name, unit, means[0], means[1], effect)  # type: ignore[arg-type]


def _mean(values: np.ndarray, weights: np.ndarray) -> float | None:
    return float(np.average(values, weights=weights)) if len(values) and weights.sum() > 0 else None


def bought_after(case: Case, after: Period) -> Effect:
    """Return the effect on whether a member bought after the end at all: where there is one, shares after are of other people."""
    bought = (spending(case, after)["days"].to_numpy() > 0).astype(float)
    counts = case.treated_count, case.control_count
    if case.too_few is not None:
        return not_measured(case.too_few, *counts)
    return lin_effect(bought, case.members["treated"].to_numpy(), case.past.values, **regression_options(case))


def later_campaigns(case: Case, after: Period) -> tuple[pl.DataFrame, tuple[float, float]]:
    """Return the other campaigns with a day in the window, and the share of the treated and of those compared with whom they treated."""
    others = overlapping_campaigns(case.view, case.campaign, after)
    reached = case.members.drop("elsewhere").join(reached_by(case.view, others), on="member_id", how="left", maintain_order="left")
    rates = reached.group_by("treated").agg(pl.col("elsewhere").fill_null(False).mean())
    by_arm = dict(rates.iter_rows())
    return others, (float(by_arm.get(True) or 0), float(by_arm.get(False) or 0))
