"""Checks: whether what is said of a campaign may be believed, one verdict after another."""

from __future__ import annotations

from toolkit import wording
from toolkit.answer import Finding
from toolkit.language import tr, word
from toolkit.registry import question
from toolkit.review.measures.outcome import OUTCOMES, Name
from toolkit.review.measures.sentences import after
from toolkit.review.measures.study import Study, study
from toolkit.review.measures.verdicts import check_table
from toolkit.scope.phrases import where
from toolkit.scope.view import View


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
)
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

    Returns
    -------
    Answer
        Table columns: `check`, `verdict`, `finding` (a sentence), `what_to_do`, `forbids_a_claim`.

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
    found = study(view, campaign_id, outcome)
    table = check_table(found.checks)
    return Finding(
        headline=_headline(found),
        table=table,
        notes=[tr("Why no more is said: {reason}", reason=reason) for reason in found.claim.reasons[:3]],
        ask_next=[(f"review.{name}", {"campaign_id": found.case.campaign.campaign_id}) for name in ("effect", "money")],
        figures={
            "treated_count": found.case.treated_count,
            "control_count": found.case.control_count,
            **{f"{verdict.replace(' ', '_').lower()}_count": table.filter(verdict=verdict).height for verdict in _VERDICTS},
            "forbidding_count": table.filter("forbids_a_claim").height,
        },
    )


_VERDICTS = ("PASS", "REVIEW", "FAIL", "NOT MEASURED")


def _headline(found: Study) -> str:
    counts = {verdict: sum(check.verdict == verdict for check in found.checks) for verdict in _VERDICTS}
    tally = wording.listing([tr("{count} {verdict}", count=count, verdict=word(verdict)) for verdict, count in counts.items() if count])
    title = word(OUTCOMES[found.outcome].title)
    allowed = {
        "proven": tr("its effect on {title} may be stated as proven", title=title),
        "likely": tr("its effect on {title} may be called likely, not proven", title=title),
        "not shown": tr("the comparison is sound, and shows no effect on {title}", title=title),
        "cannot be told": tr("its effect on {title} may not be claimed", title=title),
        "not measured": tr("its effect on {title} is not measured", title=title),
    }[found.claim.word]
    said = tr(
        "{where}, of {checks} checks of {name} {tally}: {allowed} ({arms}).",
        where=where(found.case.view),
        checks=len(found.checks),
        name=found.case.name,
        tally=tally,
        allowed=allowed,
        arms=found.case.arms,
    )
    return after(found.case.opening, said)
