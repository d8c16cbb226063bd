"""Verdict: the one page on a campaign - what may be said, what it was worth, why, and what to do next time."""

from __future__ import annotations

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.language import tr
from toolkit.registry import question
from toolkit.review.effect import effect_figures
from toolkit.review.measures.account import Account, account_of
from toolkit.review.measures.goals import goal_notes
from toolkit.review.measures.headline import grade_note
from toolkit.review.measures.study import Study, study
from toolkit.review.measures.verdicts import worst_first
from toolkit.review.money import (
    ACCOUNT,
    MONEY_FIGURES,
    account_chart,
    account_table,
    may_be_shown,
    money_figures,
    study_of_money,
)
from toolkit.scope.view import View

_LINES = ("Extra sales", "Extra margin", "Value redeemed", "Contacts", "Fixed costs", "Net", "Net with the weeks after")


@question(
    "review",
    "Did the campaign pay, and what do we do next time?",
    words=(
        "one page on a campaign for the finance director",
        "summary of the review of a campaign",
        "was the campaign worth it, should we repeat it",
        "活动复盘 结论 总结",
        "did the campaign work, was it a success",
    ),
    tables=ACCOUNT,
    figures=(*MONEY_FIGURES, c.number("effect"), c.share("lift_share", "Lift")),
)
def verdict(view: View, *, campaign_id: str | int = "") -> Finding:
    """Return the verdict on a campaign in plain words, the money under it, the reasons in the notes: one row per line of the account.

    Parameters
    ----------
    campaign_id
        As in the ledger or the campaigns table; empty = the last one that ended.

    Raises
    ------
    UnknownName
        There is no such campaign.
    DataError
        There are no campaigns, or this one has not begun.

    Notes
    -----
    What may be claimed follows `toolkit.review.measures.headline`. Source: DEFINITIONS.md section 4.

    Example
    -------
    >>> tk.review.verdict(ws, campaign_id="C001").headline              # doctest: +SKIP
    """
    sold = study(view, campaign_id)
    measured = study_of_money(sold)
    account = account_of(measured)
    is_told = may_be_shown(measured, account.margin, account.sales)
    lift = effect_figures(sold) if is_told and sold.claim.may_be_shown else {}
    shown = account_table(measured, account, _LINES)
    return Finding(
        headline=_headline(sold, measured, account),
        table=shown,
        chart=(lambda: account_chart(measured.case, shown)) if is_told and account.sales.measured else None,
        notes=[
            *grade_note(sold.case, sold.claim, sold.checks, sold.outcome),
            _next_time(sold, account, is_told),
            *goal_notes(measured, account),
            *worst_first(sold.checks),
            *_unknown(sold, account),
        ],
        ask_next=[(f"review.{name}", {"campaign_id": sold.case.campaign.campaign_id}) for name in ("checks", "effect", "money")],
        figures={**money_figures(measured, account), **{name: figure for name, figure in lift.items() if name in ("effect", "lift_share")}},
    )


def _headline(sold: Study, measured: Study, account: Account) -> str:
    """The verdict in plain words: proven, likely, no effect shown, cannot be told, not measured; then the money."""
    case, net, words = sold.case, account.net, {**sold.claim.parts, **account.words}
    is_told = may_be_shown(measured, account.margin, account.sales)
    if not (is_told or (case.is_randomised and sold.claim.is_made)) or account.sales.estimate is None:
        return case.say(
            "{where}, whether {name} paid [not_measured?is not measured|cannot be told][ {so_far}]; [unstated?what was spent is not stated|"
            "{cost:money} was spent[ as far as is known ({missing} not stated)]]; {arms}.",
            words,
        )
    paid, lost = (net.low or 0) > 0, (net.high or 0) < 0
    pulled_forward = sold.claim.is_made and (account.sales_after.high or 0.0) < 0
    return case.say(
        "{where}, {name} [not_shown?shows no effect on sales (they lie between {sales_low:money} and "
        "{sales_high:money})|[likely?[very?very ]probably ]"
        "[gain?worked: ][loss?did harm: ]{sales:money} of extra sales ({sales_low:money} to {sales_high:money})][ {so_far}][told?"
        "[net_reason?; what stays of it is not measured, since {net_reason}; [unstated?what was spent is not stated|{cost:money} was spent"
        "[ as far as is known ({missing} not stated)]]|, and [paid?it paid|[lost?it lost money|whether it paid is open]]: net {net:money}"
        "[ before {missing} (not stated)] ({net_low:money} to {net_high:money})[pulled_forward?, but part of it was only pulled forward: "
        "net with the weeks after {net_all:money}]];|; whether it paid cannot be told: {why}] {arms}.",
        words, told=is_told, why=measured.claim.parts["reason"], paid=paid, lost=not paid and lost, pulled_forward=pulled_forward,
        net_all=account.net_all.estimate,
    )  # fmt: skip


def _next_time(sold: Study, account: Account, is_told: bool) -> Note:
    """What follows for the next campaign, in one sentence."""
    if not is_told:
        return Note(tr("Next time: hold out a random part of the members, else this stays a matter of opinion."), "REVIEW")
    net = account.net
    if net.low is not None and net.low > 0:
        return Note(tr("Next time: repeat it, keep a control, and look at the effect by segment for where it earns most."), "PASS")
    if net.high is not None and net.high < 0:
        return Note(tr("Next time: do not repeat it like this; give a smaller offer, or only to those whom it moved."), "FAIL")
    if sold.claim.word == "not shown":
        return Note(tr("Next time: more members or a stronger offer; this one was too small to show, or did nothing."), "REVIEW")
    return Note(tr("Next time: repeat it with more members in the control before it becomes a habit."), "REVIEW")


def _unknown(sold: Study, account: Account) -> list[Note]:
    notes = []
    if account.missing:
        notes.append(Note(sold.case.say("Not stated: {missing}; the net is before them.", account.words), "NOT MEASURED"))
    if account.margin_costs.basis == "not known":
        text = tr("Margin: no product has a unit_cost. State them in the products table, or assume a share: setting offers.margin_share.")
        notes.append(Note(text, "NOT MEASURED"))
    if account.margin_costs.basis == "assumed":
        kept = account.margin_costs.share or 0
        notes.append(Note(sold.case.say("Margin is assumed to be {kept:.0%} of sales (setting offers.margin_share).", kept=kept), "REVIEW"))
    return notes
