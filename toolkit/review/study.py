"""A case with one outcome measured and checked: what every question on a campaign starts from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from toolkit.errors import DataError
from toolkit.ledger.campaigns import known_campaigns
from toolkit.mart.view import View
from toolkit.models.lin import Effect
from toolkit.review.case import Case, open_case
from toolkit.review.conduct_checks import conduct_checks
from toolkit.review.design_checks import design_checks
from toolkit.review.estimate import measured_effect
from toolkit.review.headline import Claim, claim_of
from toolkit.review.outcome import OUTCOMES, Costs, outcomes
from toolkit.review.outcome_checks import outcome_checks
from toolkit.review.verdicts import Check


@dataclass(frozen=True)
class Study:
    """`frame`: outcomes by member over the days seen; `effect` on `outcome`; its `checks`; and the `claim` they allow."""

    case: Case
    outcome: str
    frame: pl.DataFrame
    costs: Costs
    effect: Effect
    checks: tuple[Check, ...]
    claim: Claim


def study(view: View, campaign_id: str | int, outcome: str = "amount") -> Study:
    """Return a campaign measured and checked; without an id, the one that started last by as_of.

    Raises
    ------
    UnknownName
        There is no such campaign.
    DataError
        There are no campaigns, or nothing of this one is seen.
    """
    known = known_campaigns(view.workspace)
    return _study(view, str(campaign_id) or latest_campaign(view, known), outcome, tuple(known["campaign_id"]))


def latest_campaign(view: View, known: pl.DataFrame) -> str:
    """Return the id of the campaign that started last by the view's day."""
    started = known.filter(pl.col("starts_on") <= view.as_of)
    if started.is_empty():
        raise DataError(
            f"{view.workspace.path} knows no campaign that started by {view.as_of}. Import a campaigns and a contacts table (docs/"
            "data-contract.md), or launch a campaign."
        )
    return str(started.sort("starts_on", "campaign_id")["campaign_id"][-1])


@lru_cache(maxsize=8)
def _study(view: View, campaign_id: str, outcome: str, known: tuple[str, ...]) -> Study:
    """`known`: the campaigns there are, since a new one may be a neighbour."""
    case = _opened(view, campaign_id, known)
    made = outcomes(case, case.seen)
    effect = measured_effect(case, made.frame, outcome)
    checks = list(_case_checks(case))
    top = made.frame[OUTCOMES[outcome].top]
    if case.control != "none" and not top.null_count():
        checks += outcome_checks(case, top.to_numpy(), effect, outcome)
    return Study(case, outcome, made.frame, made.costs, effect, tuple(checks), claim_of(case, effect, checks))


@lru_cache(maxsize=4)
def _opened(view: View, campaign_id: str, known: tuple[str, ...]) -> Case:
    return open_case(view, campaign_id)


def _case_checks(case: Case) -> tuple[Check, ...]:
    return (*design_checks(case), *conduct_checks(case))
