"""Verdict: the one page on a campaign - what may be said, what it was worth, why, and what to do next time."""

from __future__ import annotations

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.language import later, tr
from toolkit.models.lin import Effect
from toolkit.registry import question
from toolkit.review.effect import effect_figures
from toolkit.review.measures.account import Account, account_of
from toolkit.review.measures.goals import goal_notes
from toolkit.review.measures.headline import first_reason, untold
from toolkit.review.measures.sentences import after
from toolkit.review.measures.study import Study, study
from toolkit.review.measures.verdicts import worst_first
from toolkit.review.money import account_chart, account_table, may_be_shown, money_figures, spent_words, study_of_money
from toolkit.scope.phrases import where
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
)
def verdict(view: View, *, campaign_id: str | int = "") -> Finding:
    """Return the verdict on a campaign in plain words, the money under it, the reasons in the notes: one row per line of the account.

    Parameters
    ----------
    campaign_id
        As in the ledger or the campaigns table; empty = the last one that ended.

    Returns
    -------
    Answer
        Table columns: `item`, `amount`, `amount_low`, `amount_high` (currency units, all treated in scope together, 95% interval; null =
        not known or not to be claimed), `reading`.

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
    found = study_of_money(sold)
    account = account_of(found)
    shown = may_be_shown(found, account.margin, account.sales)
    named = {"campaign_id": sold.case.campaign.campaign_id}
    return Finding(
        headline=verdict_headline(sold, found, account),
        table=account_table(found, account).filter(pl.col("item").is_in(_LINES)),
        chart=(lambda: account_chart(found, account)) if shown and account.sales.measured else None,
        notes=[_next_time(sold, account, shown), *goal_notes(found, account), *worst_first(sold.checks), *_unknown(account)],
        ask_next=[(f"review.{name}", named) for name in ("checks", "effect", "money")],
        figures={**money_figures(found, account), **(_lift(sold) if shown and sold.claim.may_be_shown else {})},
    )


def _lift(sold: Study) -> dict[str, float]:
    return {name: value for name, value in effect_figures(sold).items() if name in ("lift_share", "effect")}


def verdict_headline(sold: Study, found: Study, account: Account) -> str:
    """Return the verdict in plain words: proven, likely, no effect shown, cannot be told, not measured; then the money."""
    case, currency = sold.case, sold.case.view.currency
    told = {
        "start": after(case.opening, where(case.view)),
        "name": case.name,
        "so_far": f" {case.so_far}" if case.so_far else "",
        "arms": case.arms,
    }
    spent = spent_words(found, account)
    paid_is_told = may_be_shown(found, account.margin, account.sales)
    if not (paid_is_told or (case.is_randomised and sold.claim.is_made)) or account.sales.estimate is None:
        return tr("{start}, whether {name} paid {untold}{so_far}; {spent}; {arms}.", **told, untold=untold(sold.claim), spent=spent)
    moved = tr(
        _MOVED.get((sold.claim.word, sold.claim.sign > 0), "{sales}"),
        sales=tr("{amount} of extra sales ({span})", amount=_money(account.sales.estimate, currency), span=_span(account.sales, currency)),
        low=_money(account.sales.low, currency),
        high=_money(account.sales.high, currency),
    )
    if not paid_is_told:
        return tr(
            "{start}, {name} {moved}{so_far}; whether it paid cannot be told: {first_reason} {arms}.",
            **told,
            moved=moved,
            first_reason=first_reason(found.claim),
        )
    if account.net.estimate is None:
        return tr(
            "{start}, {name} {moved}{so_far}; what stays of it is not measured, since {reason}; {spent}; {arms}.",
            **told,
            moved=moved,
            reason=account.net.reason,
            spent=spent,
        )
    paid = _paid(account, currency)
    if sold.claim.is_made and (account.sales_after.high or 0.0) < 0:
        paid += tr(
            ", but part of it was only pulled forward: net with the weeks after {amount}",
            amount=_money(account.net_all.estimate, currency),
        )
    return tr("{start}, {name} {moved}{so_far}, and {paid}; {arms}.", **told, moved=moved, paid=paid)


_MOVED = {
    ("proven", True): later("worked: {sales}"),
    ("proven", False): later("did harm: {sales}"),
    ("likely", True): later("probably worked: {sales}"),
    ("likely", False): later("probably did harm: {sales}"),
    ("not shown", False): later("shows no effect on sales (they lie between {low} and {high})"),
}
"""What it did to sales, by the word of the claim and whether it is a gain."""


def _paid(account: Account, currency: str) -> str:
    net = account.net
    before = tr(" before {missing} (not stated)", missing=wording.listing(account.missing)) if account.missing else ""
    figures = tr("net {amount}{before} ({span})", amount=_money(net.estimate, currency), before=before, span=_span(net, currency))
    if (net.low or 0) > 0:
        return tr("it paid: {figures}", figures=figures)
    if (net.high or 0) < 0:
        return tr("it lost money: {figures}", figures=figures)
    return tr("whether it paid is open: {figures}", figures=figures)


def _span(one: Effect, currency: str) -> str:
    return tr("{low} to {high}", low=_money(one.low, currency), high=_money(one.high, currency))


def _money(value: float | None, currency: str) -> str:
    return wording.money(value, currency)


def _next_time(sold: Study, account: Account, shown: bool) -> Note:
    """What follows for the next campaign, in one sentence."""
    if not shown:
        return Note(tr("Next time: hold out a random part of the members, else this stays a matter of opinion."), "REVIEW")
    net = account.net
    if net.low is not None and net.low > 0:
        return Note(tr("Next time: repeat it, keep a control, and look at the effect by segment for where it earns most."), "PASS")
    if net.high is not None and net.high < 0:
        return Note(tr("Next time: do not repeat it like this; give a smaller offer, or only to those whom it moved."), "FAIL")
    if sold.claim.word == "not shown":
        return Note(tr("Next time: more members or a stronger offer; this one was too small to show, or did nothing."), "REVIEW")
    return Note(tr("Next time: repeat it with more members in the control before it becomes a habit."), "REVIEW")


def _unknown(account: Account) -> list[Note]:
    missing = (
        [Note(tr("Not stated: {missing}; the net is before them.", missing=wording.listing(account.missing)), "NOT MEASURED")]
        if account.missing
        else []
    )
    if account.margin_costs.basis == "not known":
        sentence = tr(
            "Margin: no product has a unit_cost. State them in the products table, or assume a share: setting offers.margin_share."
        )
        missing.append(Note(sentence, "NOT MEASURED"))
    if account.margin_costs.basis == "assumed":
        sentence = tr("Margin is assumed to be {share:.0%} of sales (setting offers.margin_share).", share=account.margin_costs.share or 0)
        missing.append(Note(sentence, "REVIEW"))
    return missing
