"""Whether the goals a campaign was launched with were reached, as far as that may be said."""

from __future__ import annotations

from toolkit.answer import Note
from toolkit.columns import Kind
from toolkit.language import later, tr
from toolkit.models.lin import Effect
from toolkit.review.measures.account import Account
from toolkit.review.measures.headline import claim_of
from toolkit.review.measures.model_reasons import reason_text
from toolkit.review.measures.study import Study
from toolkit.wording import cell

_WORDS: dict[str, tuple[str, Kind]] = {
    "extra_amount": (later("extra sales of"), "money"),
    "extra_margin": (later("extra margin of"), "money"),
    "net": (later("a net of"), "money"),
    "extra_orders": (later("extra orders of"), "count"),
    "lift": (later("a lift of"), "share"),
}


def goal_notes(measured: Study, account: Account) -> list[Note]:
    """Return a verdict for each goal of the ledger: PASS = surely reached, FAIL = surely missed, REVIEW = the interval holds the goal."""
    return [
        _redeemed(measured, wanted) if goal == "redemption_share" else _goal(measured, account, goal, wanted)
        for goal, wanted in measured.case.campaign.goals.items()
    ]


def _goal(measured: Study, account: Account, goal: str, wanted: float) -> Note:
    case = measured.case
    effects = {
        "extra_amount": account.sales,
        "extra_margin": account.margin,
        "net": account.net,
        "extra_orders": account.orders,
        "lift": _lift(account.sales),
    }
    one, (what, kind) = effects[goal], _WORDS[goal]
    words = {"what": tr(what), "wanted": cell(wanted, kind, case.view.currency)}
    if one.estimate is None or one.low is None or one.high is None:
        return Note(case.say("Goal of {what} {wanted}: {reason}.", words, reason=reason_text(one.reason)), "NOT MEASURED")
    if not claim_of(case, account.sales, measured.checks).may_be_shown:
        return Note(case.say("Goal of {what} {wanted}: whether it was reached cannot be told.", words), "NOT MEASURED")
    reached, missed = one.low >= wanted, one.high < wanted
    estimate, low, high = (cell(figure, kind, case.view.currency) for figure in (one.estimate, one.low, one.high))
    sentence = case.say(
        "Goal of {what} {wanted}: [reached?reached|[missed?missed|reached or missed, the interval holds it]] ({estimate}, {low} to "
        "{high}).",
        words, reached=reached, missed=missed, estimate=estimate, low=low, high=high,
    )  # fmt: skip
    return Note(sentence, "PASS" if reached else "FAIL" if missed else "REVIEW")


def _redeemed(measured: Study, wanted: float) -> Note:
    case = measured.case
    if not case.redemptions.has_table:
        sentence = case.say("Goal of {wanted:share} of the treated redeeming: the shop hands over no redemptions.", wanted=wanted)
        return Note(sentence, "NOT MEASURED")
    treated = case.members.filter("treated")
    part = treated.filter(treated["redemption_count"] > 0).height / max(treated.height, 1)
    reached = part >= wanted
    sentence = case.say(
        "Goal of {wanted:share} of the treated redeeming: [reached?reached|[running?not reached yet|missed]] ({part:share}).",
        wanted=wanted, part=part, reached=reached, running=case.is_running,
    )  # fmt: skip
    return Note(sentence, "PASS" if reached else "REVIEW" if case.is_running else "FAIL")


def _lift(sales: Effect) -> Effect:
    """The effect as a share of what was expected, its interval by the same factor."""
    return sales.times(1 / sales.base) if sales.measured and sales.base and sales.base > 0 else sales
