"""Money: what a campaign earned after everything it cost, as far as its effect may be claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.language import later, tr, value
from toolkit.models.lin import Effect
from toolkit.registry import question
from toolkit.review.measures.account import Account, account_of
from toolkit.review.measures.goals import goal_notes
from toolkit.review.measures.halo import category_effects, not_claimed
from toolkit.review.measures.headline import claim_of, first_reason, untold
from toolkit.review.measures.sentences import after
from toolkit.review.measures.study import Study, study
from toolkit.review.measures.verdicts import worst_first
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.wording import capital

if TYPE_CHECKING:
    import altair as alt


@question(
    "review",
    "What was the campaign worth?",
    words=(
        "net value, ROI, profit of a campaign after its costs",
        "cost per extra order and per reactivated member",
        "did the campaign only pull purchases forward, cannibalise other goods",
        "was the goal reached",
        "活动投入产出 ROI 净收益",
        "return on investment of the campaign",
        "活动值不值",
    ),
)
def money(view: View, *, campaign_id: str | int = "", by: Literal["total", "category"] = "total") -> Finding:
    """Return what a campaign earned: extra margin less offer, contacts and fixed costs = net, one row per line of the account.

    Sales are what the shop received, so a reduction redeemed at the till is off them already; it is shown, and not taken off twice (setting
    review.redeemed_on_receipt). Costs that the shop does not state are named, never taken as zero in silence. Where the checks forbid to
    claim an effect, its lines are empty: only what was spent is known.

    Parameters
    ----------
    campaign_id
        As in the ledger or the campaigns table; empty = the last one that ended.
    by
        total: the account. category: extra sales and margin by category, which shows halo and cannibalisation.

    Returns
    -------
    Answer
        Table columns (total): `item`, `amount`, `amount_low`, `amount_high` (currency units; all treated members in scope together; 95%
        interval; null = not known or not to be claimed), `reading`. By category: `category`, `extra_sales`, `extra_low_sales`,
        `extra_high_sales`, `extra_margin_amount`, `expected_sales`, `reading` (promoted, halo, cannibalised, not told apart from zero).

    Raises
    ------
    UnknownName
        There is no such campaign.
    DataError
        There are no campaigns, or this one has not begun.

    Notes
    -----
    Source: DEFINITIONS.md section 4, money.

    Example
    -------
    >>> tk.review.money(ws, campaign_id="C001").headline                # doctest: +SKIP
    """
    sold = study(view, campaign_id)
    found = study_of_money(sold)
    account = account_of(found)
    table = account_table(found, account) if by == "total" else category_effects(found)
    return Finding(
        headline=_headline(found, account),
        table=table,
        chart=(lambda: account_chart(found, account)) if by == "total" and may_be_shown(found, account.net) else None,
        notes=[*worst_first(found.checks), *_notes(found, account), *goal_notes(found, account)],
        ask_next=[
            ("review.effect", {"campaign_id": found.case.campaign.campaign_id}),
            *[("review.money", {"campaign_id": found.case.campaign.campaign_id, "by": "category"})] * (by == "total"),
        ],
        figures=money_figures(found, account),
    )


def money_figures(found: Study, account: Account) -> dict[str, float]:
    """Return the figures of an account that may be shown."""
    stated = any(cost is not None for cost in (account.contacts, account.fixed, account.offer))
    figures = {"treated_count": float(found.case.treated_count), **({"cost_amount": account.total_cost} if stated else {})}
    for name, one in (("extra_sales", account.sales), ("extra_margin_amount", account.margin), ("net_amount", account.net)):
        if one.estimate is not None and one.low is not None and one.high is not None and may_be_shown(found, account.margin, account.sales):
            figures |= {name: one.estimate, f"{name}_low": one.low, f"{name}_high": one.high}
    return figures


def study_of_money(sold: Study) -> Study:
    """Return the study on margin where margins are known, else the one on sales."""
    return study(sold.case.view, sold.case.campaign.campaign_id, "margin") if sold.costs.basis != "not known" else sold


def may_be_shown(found: Study, *effects: Effect) -> bool:
    """Say whether these effects may be spoken of; one without figures has nothing to say."""
    return all(claim_of(found.case, one, found.checks).may_be_shown for one in effects if one.measured) and found.claim.may_be_shown


def account_table(found: Study, account: Account) -> pl.DataFrame:
    """Return the account as a table: one row per line; what may not be claimed is empty and says so."""
    case = found.case
    rows: list[tuple[str, float | None, float | None, float | None, str]] = []

    def effect(item: str, one: Effect, reading: str = "") -> None:
        if one.measured and may_be_shown(found, one):
            rows.append((item, one.estimate, one.low, one.high, reading))
        else:
            why = not_claimed() if one.measured else tr("not measured: {reason}", reason=one.reason)
            rows.append((item, None, None, None, why))

    def cost(item: str, spent: float | None, reading: str = "") -> None:
        told = reading if spent is not None else tr("not stated: the net is before this cost")
        rows.append((item, 0.0 - spent if spent is not None else None, None, None, told))

    effect(value("Extra sales"), account.sales, tr("what the shop received more, reductions off"))
    margin = {
        "measured": tr("from unit costs"),
        "assumed": tr("{share:.0%} of sales assumed", share=account.margin_costs.share or 0),
        "not known": "",
    }
    effect(value("Extra margin"), account.margin, margin[account.margin_costs.basis])
    redeemed = tr("by members in scope; off the sales already, not taken off again") if account.offer_is_off else tr("paid out besides")
    cost(value("Value redeemed"), account.offer, redeemed)
    cost(value("Contacts"), account.contacts, tr("{treated_count:,} treated", treated_count=case.treated_count))
    cost(value("Fixed costs"), account.fixed, "" if case.view.scope.is_chain else tr("this scope's part, by treated members"))
    effect(
        value("Net"),
        account.net,
        tr("before {missing} (not stated)", missing=wording.listing(account.missing)) if account.missing else tr("after all costs"),
    )
    days = case.after.days if case.after else 0
    effect(
        value("Sales of the weeks after"),
        account.sales_after,
        tr("{days} days after the end; below zero = pulled forward", days=days),
    )
    effect(value("Margin of the weeks after"), account.margin_after, tr("{days} days after the end", days=days))
    effect(value("Net with the weeks after"), account.net_all, tr("what stays"))
    _ratios(found, account, rows)
    schema = {"item": pl.String, "amount": pl.Float64, "amount_low": pl.Float64, "amount_high": pl.Float64, "reading": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _ratios(found: Study, account: Account, rows: list[tuple[str, float | None, float | None, float | None, str]]) -> None:
    """Add what an extra order and a reactivated member cost, where there surely were some."""
    quiet = found.case.view.settings.review.quiet_days
    items = (
        (value("Cost of an extra order"), account.orders, tr("extra orders")),
        (value("Cost of a reactivated member"), account.revived, tr("members won back (no order for {quiet} days before)", quiet=quiet)),
    )
    for item, one, what in items:
        low, high = one.low or 0.0, one.high or 0.0
        if one.estimate is None:
            rows.append((item, None, None, None, tr("not measured: {reason}", reason=one.reason)))
        elif low <= 0 or not may_be_shown(found, one):
            rows.append((item, None, None, None, tr("no {what} are shown for certain", what=what)))
        else:
            cost = account.total_cost
            rows.append(
                (
                    item,
                    cost / one.estimate,
                    cost / high,
                    cost / low,
                    tr("{estimate:,.0f} {what} ({low:,.0f} to {high:,.0f})", estimate=one.estimate, what=what, low=low, high=high),
                )
            )


def _headline(found: Study, account: Account) -> str:
    case = found.case
    spent = capital(spent_words(found, account))
    if not may_be_shown(found, account.margin, account.sales):
        return tr(
            "{opening}what {name} earned {untold} ({arms}): {reason} {spent}.",
            opening=case.opening or tr("NO CLAIM: "),
            name=case.name,
            untold=untold(found.claim),
            arms=case.arms,
            reason=first_reason(found.claim),
            spent=spent,
        )
    start, sales, net = after(case.opening, where(case.view)), account.sales, account.net
    if net.low is None or net.high is None or net.estimate is None:
        return tr(
            "{start}, {name} brought {extra}; what stays of it is not measured: {reason}. {spent}; {arms}.",
            start=start,
            name=case.name,
            extra=tr("{amount} of extra sales ({span})", amount=_cash(found, sales.estimate), span=_span(found, sales)),
            reason=net.reason,
            spent=spent,
            arms=case.arms,
        )
    said = tr(
        _OPEN if net.low <= 0 <= net.high else _EARNED[found.claim.word != "likely", net.low > 0],
        amount=_cash(found, abs(net.estimate)),
        before=tr(" before {missing} (not stated)", missing=wording.listing(account.missing)) if account.missing else "",
        span=_span(found, net),
        low=_cash(found, net.low),
        high=_cash(found, net.high),
    )
    return tr(
        "{start}, {name} {said}: {margin} of extra margin less {costs} of costs that are not off the sales already; {arms}.",
        start=start,
        name=case.name,
        said=said,
        margin=_cash(found, account.margin.estimate),
        costs=_cash(found, account.spent),
        arms=case.arms,
    )


_EARNED = {
    (True, True): later("earned {amount} net{before} (95% interval {span})"),
    (True, False): later("lost {amount} net{before} (95% interval {span})"),
    (False, True): later("probably earned {amount} net{before} (95% interval {span})"),
    (False, False): later("probably lost {amount} net{before} (95% interval {span})"),
}
"""What was earned, by whether it is proven and whether it is a gain."""
_OPEN = later("may have earned or lost: net{before} lies between {low} and {high}")


def spent_words(found: Study, account: Account) -> str:
    """Return what was spent, as far as the shop states it."""
    if not account.total_cost and account.missing:
        return tr("what was spent is not stated")
    known = tr(" as far as is known ({missing} not stated)", missing=wording.listing(account.missing)) if account.missing else ""
    return tr("{amount} was spent{known}", amount=_cash(found, account.total_cost), known=known)


def _cash(found: Study, value: float | None) -> str:
    return wording.money(value, found.case.view.currency)


def _span(found: Study, one: Effect) -> str:
    return tr("{low} to {high}", low=_cash(found, one.low), high=_cash(found, one.high))


def _notes(found: Study, account: Account) -> list[str | Note]:
    case, notes = found.case, list[str | Note]()
    if account.missing:
        notes.append(
            Note(
                tr(
                    "Not stated: {missing}. The net is before them; state them in the campaigns table.",
                    missing=wording.listing(account.missing),
                ),
                "NOT MEASURED",
            )
        )
    basis, kept = account.margin_costs.basis, account.margin_costs.share
    if basis == "not known":
        sentence = tr(
            "Margin: no product has a unit_cost. State them in the products table, or assume a share: setting offers.margin_share."
        )
        notes.append(Note(sentence, "NOT MEASURED"))
    elif basis == "assumed":
        notes.append(
            Note(
                tr(
                    "Margin is assumed to be {kept:.0%} of sales (setting offers.margin_share): no product has a unit_cost.", kept=kept or 0
                ),
                "REVIEW",
            )
        )
    elif account.margin_costs.known_share < 0.995:
        notes.append(
            tr(
                "Unit costs are known for {known_share:.0%} of sales; the rest is taken to keep as much ({kept:.0%}).",
                known_share=account.margin_costs.known_share,
                kept=kept or 0,
            )
        )
    if not may_be_shown(found, account.margin, account.sales) and kept and case.treated_count and account.spent:
        each = account.spent / case.treated_count
        notes.append(
            tr(
                "To pay for itself it had to bring {margin} of margin per treated member: {sales} of extra sales at {kept:.0%}.",
                margin=_cash(found, each),
                sales=_cash(found, each / kept),
                kept=kept,
            )
        )
    later_sales = account.sales_after
    is_seen = later_sales.measured and may_be_shown(found, later_sales) and case.after is not None
    if is_seen and later_sales.high is not None and later_sales.low is not None and case.after:
        if later_sales.high < 0:
            fewer = tr("{low} to {high}", low=_cash(found, -later_sales.high), high=_cash(found, -later_sales.low))
            sentence = tr(
                "Part of it was only pulled forward: in the {days} days after, the treated bought for {fewer} less.",
                days=case.after.days,
                fewer=fewer,
            )
            notes.append(Note(sentence, "REVIEW"))
        else:
            notes.append(
                tr(
                    "In the {days} days after the end no loss is shown (sales {span}).",
                    days=case.after.days,
                    span=_span(found, later_sales),
                )
            )
    if account.net.measured and may_be_shown(found, account.margin) and account.total_cost > 0:
        low, high = ((value or 0.0) / account.total_cost for value in (account.net.low, account.net.high))
        notes.append(
            tr(
                "Return on what was spent: {estimate:.2f} ({low:.2f} to {high:.2f}) net for each unit of money.",
                estimate=(account.net.estimate or 0) / account.total_cost,
                low=low,
                high=high,
            )
        )
    return notes


def account_chart(found: Study, account: Account) -> alt.Chart | alt.LayerChart:
    """Return extra sales, extra margin and net with their intervals."""
    from toolkit.charts.ranges import ranges

    lines = [
        ("Extra sales", account.sales),
        ("Extra margin", account.margin),
        ("Net", account.net),
        ("Net with the weeks after", account.net_all),
    ]
    frame = pl.DataFrame(
        [(name, one.estimate, one.low, one.high) for name, one in lines if one.measured],
        schema=["item", "amount", "low", "high"],
        orient="row",
    )
    return ranges(
        frame, label="item", value="amount", low="low", high="high", kind="money", reference=0.0, reference_title=later("nothing:"),
        title=tr("{opening}{name}: what it was worth", opening=found.case.opening, name=found.case.name),
        subtitle=tr("{days}, 95% intervals; {place}", days=found.case.seen, place=found.case.view.place),
        value_title=tr("All treated together, {currency}", currency=found.case.view.currency),
    )  # fmt: skip
