"""Checks: whether what is said of a campaign may be believed, one verdict after another."""

from __future__ import annotations

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding
from toolkit.language import tr
from toolkit.registry import question
from toolkit.review.measures.case import ARMS
from toolkit.review.measures.outcome import OUTCOMES, Name
from toolkit.review.measures.study import Study, study
from toolkit.review.measures.verdicts import worst_of
from toolkit.scope.view import View
from toolkit.wording import listing

CHECKS = c.table(
    "one row per check, what forbids a claim first",
    c.text("check"),
    c.text("verdict"),
    c.text("finding", "What was found", "a sentence"),
    c.text("what_to_do"),
    c.flag("forbids_a_claim"),
)
_FIGURES = {"PASS": "pass_count", "REVIEW": "review_count", "FAIL": "fail_count", "NOT MEASURED": "not_measured_count"}


@question(
    "review",
    "May we believe what the review says of the campaign?",
    words=(
        "checks of a campaign: randomised, sample ratio, balance, overlap",
        "was the control group sound, contamination, regression to the mean",
        "can we trust the result of the campaign",
        "对照组 是否随机 检验",
        "结果可信吗",
    ),
    tables=CHECKS,
    figures=(
        *ARMS, c.count("pass_count", "Checks passed"), c.count("review_count", "Checks to review"), c.count("fail_count", "Checks failed"),
        c.count("not_measured_count", "Checks not measured"), c.count("forbidding_count", "Checks that forbid a claim"),
    ),
)  # fmt: skip
def checks(view: View, *, campaign_id: str | int = "", outcome: Name = "amount") -> Finding:
    """Return what was checked before anything is claimed: one row per check, what forbids a claim first.

    PASS: looked at and in order. REVIEW: read the sentence before you use the figure. FAIL: the comparison is not what it seems. NOT
    MEASURED: nobody looked, which is no pass. Agreement of several estimators and a quiet placebo window are not among the checks: they
    do not tell sound from unsound.

    Parameters
    ----------
    campaign_id
        As in the ledger or the campaigns table; empty = the last one that ended.
    outcome
        The outcome whose spread is judged (heavy tails, power).

    Raises
    ------
    UnknownName
        There is no such campaign.
    DataError
        There are no campaigns, or this one has not begun.

    Notes
    -----
    Source: DEFINITIONS.md section 4, warnings.

    Example
    -------
    >>> tk.review.checks(ws, campaign_id="C004").table                  # doctest: +SKIP
    """
    measured = study(view, campaign_id, outcome)
    case, ranked = measured.case, worst_of(measured.checks)
    rows = [(check.name, check.verdict, check.finding, check.advice or tr("Nothing."), check.forbids) for check in ranked]
    return Finding(
        headline=_headline(measured),
        table=CHECKS.of(pl.DataFrame(rows, schema=CHECKS.schema, orient="row"), view),
        notes=[view.say("Why no more is said: {reason}", reason=reason) for reason in measured.claim.reasons[:3]],
        ask_next=[(f"review.{name}", {"campaign_id": case.campaign.campaign_id}) for name in ("effect", "money")],
        figures={
            "treated_count": case.treated_count,
            "control_count": case.control_count,
            **{name: _tally(measured)[verdict] for verdict, name in _FIGURES.items()},
            "forbidding_count": sum(check.forbids for check in ranked),
        },
    )


def _tally(measured: Study) -> dict[str, int]:
    return {verdict: sum(check.verdict == verdict for check in measured.checks) for verdict in _FIGURES}


def _headline(measured: Study) -> str:
    case = measured.case
    counts = [case.say("{count} {verdict:word}", count=count, verdict=verdict) for verdict, count in _tally(measured).items() if count]
    return case.say(
        "{where}, of {checks} checks of {name} {counts}: [proven?its effect on {title:word} may be stated as proven][likely?its effect on "
        "{title:word} may be called [very?very ]likely, not proven][possible?its effect on {title:word} is possible, no "
        "more][not_shown?the comparison is sound, and shows no effect on {title:word}]"
        "[cannot_be_told?its effect on {title:word} may not be claimed][not_measured?its effect on {title:word} is not measured] ({arms}).",
        measured.claim.parts, checks=len(measured.checks), counts=listing(counts), title=OUTCOMES[measured.outcome].title,
    )  # fmt: skip
