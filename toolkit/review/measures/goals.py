"""Whether the goals a campaign was launched with were reached, as far as that may be said."""

from __future__ import annotations

from toolkit import wording
from toolkit.answer import Note
from toolkit.language import tr
from toolkit.models.lin import Effect
from toolkit.review.measures.account import Account
from toolkit.review.measures.headline import claim_of
from toolkit.review.measures.study import Study
from toolkit.review.model_reasons import reason_text


def goal_notes(found: Study, account: Account) -> list[Note]:
    """Return a verdict for each goal of the ledger: PASS = surely reached, FAIL = surely missed, REVIEW = the interval holds the goal."""
    case = found.case
    goals = case.campaign.goals
    said = []
    for goal, wanted in goals.items():
        if goal == "redemption_share":
            said.append(_redeemed(found, wanted))
            continue
        one = {
            "extra_amount": account.sales,
            "extra_margin": account.margin,
            "net": account.net,
            "extra_orders": account.orders,
            "lift": _lift(account.sales),
        }[goal]
        name, text = _words(found, goal)
        if one.estimate is None or one.low is None or one.high is None:
            said.append(
                Note(
                    tr("Goal of {name} {wanted}: {reason}.", name=name, wanted=text(wanted), reason=reason_text(one.reason)), "NOT MEASURED"
                )
            )
        elif not claim_of(case, account.sales, found.checks).may_be_shown:
            said.append(
                Note(tr("Goal of {name} {wanted}: whether it was reached cannot be told.", name=name, wanted=text(wanted)), "NOT MEASURED")
            )
        else:
            verdict = "PASS" if one.low >= wanted else "FAIL" if one.high < wanted else "REVIEW"
            words = {"PASS": tr("reached"), "FAIL": tr("missed"), "REVIEW": tr("reached or missed, the interval holds it")}[verdict]
            said.append(
                Note(
                    tr(
                        "Goal of {name} {wanted}: {words} ({estimate}, {low} to {high}).",
                        name=name,
                        wanted=text(wanted),
                        words=words,
                        estimate=text(one.estimate),
                        low=text(one.low),
                        high=text(one.high),
                    ),
                    verdict,
                )
            )
    return said


def _redeemed(found: Study, wanted: float) -> Note:
    if not found.case.redemptions.has_table:
        return Note(
            tr("Goal of {wanted} of the treated redeeming: the shop hands over no redemptions.", wanted=wording.share(wanted)),
            "NOT MEASURED",
        )
    treated = found.case.members.filter("treated")
    part = treated.filter(treated["redemption_count"] > 0).height / max(treated.height, 1)
    words = tr("reached") if part >= wanted else tr("missed") if not found.case.is_running else tr("not reached yet")
    verdict = "PASS" if part >= wanted else "FAIL" if not found.case.is_running else "REVIEW"
    return Note(
        tr(
            "Goal of {wanted} of the treated redeeming: {words} ({part}).",
            wanted=wording.share(wanted),
            words=words,
            part=wording.share(part),
        ),
        verdict,
    )


def _lift(sales: Effect) -> Effect:
    """The effect as a share of what was expected, its interval by the same factor."""
    return sales.times(1 / sales.base) if sales.measured and sales.base and sales.base > 0 else sales


def _words(found: Study, goal: str):
    currency = found.case.view.currency
    return {
        "extra_amount": (tr("extra sales of"), lambda value: wording.money(value, currency)),
        "extra_margin": (tr("extra margin of"), lambda value: wording.money(value, currency)),
        "net": (tr("a net of"), lambda value: wording.money(value, currency)),
        "extra_orders": (tr("extra orders of"), lambda value: f"{value:,.0f}"),
        "lift": (tr("a lift of"), wording.share),
    }[goal]
