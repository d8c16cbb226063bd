"""Money: what a campaign earned after everything it cost, as far as its effect may be claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import later, tr, value
from toolkit.models.lin import Effect
from toolkit.registry import question
from toolkit.review.measures.account import Account, account_of
from toolkit.review.measures.case import ARMS, Case
from toolkit.review.measures.goals import goal_notes
from toolkit.review.measures.halo import CATEGORIES, category_effects, not_claimed
from toolkit.review.measures.headline import claim_of
from toolkit.review.measures.model_reasons import reason_text
from toolkit.review.measures.study import Study, study
from toolkit.review.measures.verdicts import worst_first
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

ACCOUNT = c.table(
    "one row per line of the account",
    c.text("item"),
    c.interval(c.money("amount", "Amount", "all treated members in scope together", null="not known or not to be claimed")),
    c.text("reading", "How to read it"),
)
MONEY_FIGURES = (
    ARMS[0], c.money("cost_amount", "Cost"),
    *c.interval(c.money("extra_sales", "Extra sales, assumed")), *c.interval(c.money("extra_margin_amount", "Extra margin")),
    *c.interval(c.money("net_amount", "Net")),
)  # fmt: skip


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
    tables=(ACCOUNT, CATEGORIES),
    figures=MONEY_FIGURES,
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
    measured = study_of_money(study(view, campaign_id))
    account, named = account_of(measured), {"campaign_id": measured.case.campaign.campaign_id}
    shown = account_table(measured, account) if by == "total" else category_effects(measured)
    return Finding(
        headline=_headline(measured, account),
        table=shown,
        chart=(lambda: account_chart(measured.case, shown)) if by == "total" and may_be_shown(measured, account.net) else None,
        notes=[*worst_first(measured.checks), *_notes(measured, account), *goal_notes(measured, account)],
        ask_next=[("review.effect", named), *[("review.money", {**named, "by": "category"})] * (by == "total")],
        figures=money_figures(measured, account),
    )


def money_figures(measured: Study, account: Account) -> dict[str, float | None]:
    """Return the figures of an account that may be shown."""
    stated = any(cost is not None for cost in (account.contacts, account.fixed, account.offer))
    figures: dict[str, float | None] = {
        "treated_count": float(measured.case.treated_count),
        "cost_amount": account.total_cost if stated else None,
    }
    if may_be_shown(measured, account.margin, account.sales):
        for name, one in (("extra_sales", account.sales), ("extra_margin_amount", account.margin), ("net_amount", account.net)):
            figures |= {name: one.estimate, f"{name}_low": one.low, f"{name}_high": one.high}
    return figures


def study_of_money(sold: Study) -> Study:
    """Return the study on margin where margins are known, else the one on sales."""
    return study(sold.case.view, sold.case.campaign.campaign_id, "margin") if sold.costs.basis != "not known" else sold


def may_be_shown(measured: Study, *effects: Effect) -> bool:
    """Say whether these effects may be spoken of; one without figures has nothing to say."""
    claims = [claim_of(measured.case, one, measured.checks) for one in effects if one.measured]
    return measured.claim.may_be_shown and all(claim.may_be_shown for claim in claims)


def account_table(measured: Study, account: Account, lines: tuple[str, ...] = ()) -> AnswerTable:
    """Return the account as a table, all of it or only some lines: one row per line; what may not be claimed is empty and says so."""
    view = measured.case.view
    days = measured.case.after.days if measured.case.after else 0
    margin = {
        "measured": tr("from unit costs"),
        "assumed": view.say("{kept:.0%} of sales assumed", kept=account.margin_costs.share or 0),
        "not known": "",
    }
    redeemed = tr("by members in scope; off the sales already, not taken off again") if account.offer_is_off else tr("paid out besides")
    net = view.say("[before {missing} (not stated)|after all costs]", account.words)

    def effect(item: str, one: Effect, reading: str) -> tuple[Any, ...]:
        if one.measured and may_be_shown(measured, one):
            return item, one.estimate, one.low, one.high, reading
        return item, None, None, None, not_claimed() if one.measured else view.say("not measured: {reason}", reason=reason_text(one.reason))

    def cost(item: str, spent: float | None, reading: str) -> tuple[Any, ...]:
        if spent is None:
            return item, None, None, None, tr("not stated: the net is before this cost")
        return item, 0.0 - spent, None, None, reading

    rows = [
        effect(value("Extra sales"), account.sales, tr("what the shop received more, reductions off")),
        effect(value("Extra margin"), account.margin, margin[account.margin_costs.basis]),
        cost(value("Value redeemed"), account.offer, redeemed),
        cost(value("Contacts"), account.contacts, view.say("{treated:few} treated", treated=measured.case.treated_count)),
        cost(value("Fixed costs"), account.fixed, "" if view.scope.is_chain else tr("this scope's part, by treated members")),
        effect(value("Net"), account.net, net),
        effect(
            value("Sales of the weeks after"),
            account.sales_after,
            view.say("{days} days after the end; below zero = pulled forward", days=days),
        ),
        effect(value("Margin of the weeks after"), account.margin_after, view.say("{days} days after the end", days=days)),
        effect(value("Net with the weeks after"), account.net_all, tr("what stays")),
        _cost_of_one(measured, account, value("Cost of an extra order"), account.orders),
        _cost_of_one(measured, account, value("Cost of a reactivated member"), account.revived),
    ]
    rows = [row for row in rows if not lines or row[0] in lines]
    return ACCOUNT.of(pl.DataFrame(rows, schema=ACCOUNT.schema, orient="row"), view)


def _cost_of_one(measured: Study, account: Account, item: str, one: Effect) -> tuple[Any, ...]:
    """What an extra order or a reactivated member cost, where there surely were some."""
    view, low, high, cost = measured.case.view, one.low or 0.0, one.high or 0.0, account.total_cost
    if one.estimate is None:
        return item, None, None, None, view.say("not measured: {reason}", reason=reason_text(one.reason))
    fields = {"orders": one is account.orders, "estimate": one.estimate, "low": low, "high": high}
    if low <= 0 or not may_be_shown(measured, one):
        reading = view.say(
            "no [orders?extra orders|members won back (no order for {review.quiet_days} days before)] are shown for certain", fields
        )
        return item, None, None, None, reading
    reading = view.say(
        "{estimate:,.0f} [orders?extra orders|members won back (no order for {review.quiet_days} days before)] ({low:,.0f} to {high:,.0f})",
        fields,
    )
    return item, cost / one.estimate, cost / high, cost / low, reading


def _headline(measured: Study, account: Account) -> str:
    case, net, words = measured.case, account.net, {**measured.claim.parts, **account.words}
    if not may_be_shown(measured, account.margin, account.sales):
        return case.say(
            "[{opening}|NO CLAIM: ]what {name} earned [not_measured?is not measured|cannot be told] ({arms}): {reason} [unstated?What was "
            "spent is not stated|{cost:money} was spent[ as far as is known ({missing} not stated)]].",
            words,
        )
    if net.low is None or net.high is None or net.estimate is None:
        return case.say(
            "{where}, {name} brought {sales:money} of extra sales ({sales_low:money} to {sales_high:money}); what stays of it is not "
            "measured: {net_reason}. [unstated?What was spent is not stated|{cost:money} was spent[ as far as is known ({missing} not "
            "stated)]]; {arms}.",
            words,
        )
    return case.say(
        "{where}, {name} [open?may have earned or lost: net[ before {missing} (not stated)] lies between {net_low:money} and "
        "{net_high:money}|[likely?[very?very ]probably ][earned?earned|lost] {amount:money} net[ before {missing} (not stated)] (95% "
        "interval "
        "{net_low:money} to {net_high:money})]: {margin:money} of extra margin less {spent:money} of costs that are not off the sales "
        "already; {arms}.",
        words, open=net.low <= 0 <= net.high, earned=net.low > 0, amount=abs(net.estimate),
    )  # fmt: skip


def _notes(measured: Study, account: Account) -> list[str | Note]:
    case, costs, words, notes = measured.case, account.margin_costs, account.words, list[str | Note]()
    if account.missing:
        text = case.say("Not stated: {missing}. The net is before them; state them in the campaigns table.", words)
        notes.append(Note(text, "NOT MEASURED"))
    if costs.basis == "not known":
        text = tr("Margin: no product has a unit_cost. State them in the products table, or assume a share: setting offers.margin_share.")
        notes.append(Note(text, "NOT MEASURED"))
    elif costs.basis == "assumed":
        text = case.say(
            "Margin is assumed to be {kept:.0%} of sales (setting offers.margin_share): no product has a unit_cost.", kept=costs.share or 0
        )
        notes.append(Note(text, "REVIEW"))
    elif costs.known_share < 0.995:
        notes.append(
            case.say(
                "Unit costs are known for {known:.0%} of sales; the rest is taken to keep as much ({kept:.0%}).",
                known=costs.known_share, kept=costs.share or 0,
            )
        )  # fmt: skip
    if not may_be_shown(measured, account.margin, account.sales) and costs.share and case.treated_count and account.spent:
        each = account.spent / case.treated_count
        notes.append(
            case.say(
                "To pay for itself it had to bring {margin:money} of margin per treated member: {sales:money} of extra sales at "
                "{kept:.0%}.",
                margin=each, sales=each / costs.share, kept=costs.share,
            )
        )  # fmt: skip
    after = account.sales_after
    if after.low is not None and after.high is not None and may_be_shown(measured, after) and case.after is not None:
        if after.high < 0:
            text = case.say(
                "Part of it was only pulled forward: in the {days} days after, the treated bought for {low:money} to {high:money} less.",
                days=case.after.days, low=-after.high, high=-after.low,
            )  # fmt: skip
            notes.append(Note(text, "REVIEW"))
        else:
            notes.append(
                case.say(
                    "In the {days} days after the end no loss is shown (sales {low:money} to {high:money}).",
                    days=case.after.days, low=after.low, high=after.high,
                )
            )  # fmt: skip
    if account.net.measured and may_be_shown(measured, account.margin) and account.total_cost > 0:
        estimate, low, high = ((figure or 0.0) / account.total_cost for figure in (account.net.estimate, account.net.low, account.net.high))
        notes.append(
            case.say(
                "Return on what was spent: {estimate:.2f} ({low:.2f} to {high:.2f}) net for each unit of money.",
                estimate=estimate, low=low, high=high,
            )
        )  # fmt: skip
    return notes


def account_chart(case: Case, shown: AnswerTable) -> alt.Chart | alt.LayerChart:
    """Return extra sales, extra margin and net with their intervals, as the account's table shows them."""
    from toolkit.charts.ranges import ranges

    lines = pl.col("item").is_in(["Extra sales", "Extra margin", "Net", "Net with the weeks after"])
    return ranges(
        shown.frame.filter(lines, pl.col("amount").is_not_null()), label="item", value="amount", low="amount_low", high="amount_high",
        kind="money", reference=0.0, reference_title=later("nothing:"), title=case.say("{opening}{name}: what it was worth"),
        subtitle=case.say("{seen}, 95% intervals; {place}"), value_title=case.say("All treated together, {currency}"),
    )  # fmt: skip
