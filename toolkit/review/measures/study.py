"""A case with one outcome measured and checked: what every question on a campaign starts from."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from toolkit import language
from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.ledger.campaigns import known_campaigns
from toolkit.models.lin import Effect
from toolkit.review.measures.case import Case, open_case
from toolkit.review.measures.conduct_checks import conduct_checks
from toolkit.review.measures.design_checks import design_checks
from toolkit.review.measures.estimate import measured_effect
from toolkit.review.measures.headline import Claim, claim_of
from toolkit.review.measures.outcome import OUTCOMES, Costs, outcomes
from toolkit.review.measures.outcome_checks import outcome_checks
from toolkit.review.measures.verdicts import Check
from toolkit.scope.view import View


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
    """Return a campaign measured and checked; without an id, the last one that ended by as_of (else the one that runs).

    Raises
    ------
    UnknownName
        There is no such campaign.
    DataError
        There are no campaigns, or nothing of this one is seen.
    """
    known = known_campaigns(view.workspace)
    chosen = str(campaign_id) or latest_campaign(view, known, ended=True)
    there_are = tuple(known["campaign_id"])  # a new one may be a neighbour
    spoken = language.current()  # checks and claims are sentences
    case = view.remembered(("case", chosen, there_are, spoken), lambda: open_case(view, chosen))
    return view.remembered(("study", chosen, there_are, outcome, spoken), lambda: _study(case, outcome))


def latest_campaign(view: View, known: pl.DataFrame, *, ended: bool = False) -> str:
    """Return the id of the campaign that started last by the view's day; with `ended`, of those that are over, where there are any."""
    started = known.filter(pl.col("starts_on") <= view.as_of)
    over = started.filter(pl.col("ends_on") <= view.as_of)
    started = over if ended and over.height else started
    if started.is_empty():
        raise DataError(
            tr(
                "The shop knows no campaign that started by {as_of}. Import a campaigns and a contacts table "
                "(docs/data-contract.md), or launch a campaign.",
                as_of=view.as_of,
            )
        )
    return str(started.sort("starts_on", "campaign_id")["campaign_id"][-1])


def _study(case: Case, outcome: str) -> Study:
    of_members = outcomes(case, case.seen)
    effect = measured_effect(case, of_members.frame, outcome)
    checks = case.view.remembered(
        ("checks", case.campaign.campaign_id, case.neighbours.height, language.current()),
        lambda: [*design_checks(case), *conduct_checks(case)],
    )[:]
    top = of_members.frame[OUTCOMES[outcome].top]
    if case.too_few is None and not top.null_count():
        checks += outcome_checks(case, of_members.frame, effect, outcome)
    return Study(case, outcome, of_members.frame, of_members.costs, effect, tuple(checks), claim_of(case, effect, checks))
