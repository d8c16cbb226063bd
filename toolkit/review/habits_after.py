"""Habits after: did the offer teach people to wait for offers?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable, Row
from toolkit.language import tr, word
from toolkit.registry import question
from toolkit.review.measures.case import ARMS, Case
from toolkit.review.measures.habits import (
    COUPON_AFFINITY,
    PROMO_DEPENDENCE,
    QUIET,
    Habit,
    bought_after,
    habits_of,
    later_campaigns,
    windows_of,
)
from toolkit.review.measures.headline import Claim, claim_of
from toolkit.review.measures.parts import passed
from toolkit.review.measures.study import study
from toolkit.review.measures.verdicts import worst_first
from toolkit.scope.hiding import unmeasured
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.wording import capital, listing

if TYPE_CHECKING:
    import altair as alt

HABITS = c.table(
    "one row per habit; where other campaigns followed, promo dependence is also told of the days between them",
    c.text("habit"),
    c.text("unit"),
    c.number("treated_before", "Treated, before", "mean in that unit"),
    c.number("treated_after", "Treated, after"),
    c.number("control_before", "Compared with, before", hidden_by="control_count"),
    c.number("control_after", "Compared with, after", hidden_by="control_count"),
    c.interval(c.number("effect", meaning="less what they would show without the campaign", null="not measured or not to be claimed")),
    ARMS,
    c.text("reading", "How to read it"),
)


@question(
    "review",
    "Did the offer teach people to wait for offers?",
    words=(
        "promo dependence before and after a campaign",
        "do treated members buy more on discount or with coupons afterwards",
        "habit of waiting for discounts after the campaign",
        "促销依赖 等优惠 活动后习惯",
        "did customers get used to discounts, spoiled by offers",
    ),
    tables=HABITS,
    figures=(
        c.share("promo_dependence_after", "Promo dependence afterwards"),
        c.share("coupon_affinity_after", "Coupon affinity afterwards"),
    ),
)
def habits_after(view: View, *, campaign_id: str | int = "") -> Finding:
    """Return how members bought in the quarter after a campaign, treated beside control: one row per habit.

    Parameters
    ----------
    campaign_id
        The campaign; empty = the last one that ended.

    Raises
    ------
    UnknownName
        There is no such campaign.
    DataError
        There are no campaigns, or this one has not begun.

    Notes
    -----
    Lin's regression (DEFINITIONS.md section 4) of the habit after on the arm, with the habit before and the member's past: the same as on
    the change. Shares weigh members by days / (days + kappa) (DEFINITIONS.md section 1), since a share of one shopping day says little.

    Example
    -------
    >>> tk.review.habits_after(ws, campaign_id="C001").table            # doctest: +SKIP
    """
    measured = study(view, campaign_id)
    case, windows = measured.case, windows_of(measured.case)
    if windows is None or case.too_few_to_show:
        return _unmeasured(case, case.too_few_to_show or _no_window(case))
    before, after = windows
    others, rates = later_campaigns(case, after)
    habits = habits_of(case, before, after, others)
    if not habits:
        return _unmeasured(case, tr("the lines have neither a discount_amount nor a coupon_amount column"))
    claims = _claims(case, habits, [claim_of(case, habit.effect, measured.checks) for habit in habits])
    shown = _table(case, habits, claims)
    first, shares = shown.row(), shown.frame.filter(pl.col("unit").str.starts_with("%"), pl.col("effect").is_not_null())
    level = first["treated_after"]
    return Finding(
        headline=_headline(case, first, claims[0], after),
        table=shown,
        chart=(lambda: _chart(case, shares, after)) if shares.height else None,
        notes=[*_notes(case, before, after, habits, others, rates), *worst_first(measured.checks)],
        ask_next=[(f"review.{name}", {"campaign_id": case.campaign.campaign_id}) for name in ("effect", "migration")]
        + [("portrait.price_sensitivity", {})],
        figures={f"{first['habit']}_after".replace(" ", "_"): None if level is None else level / 100},
    )


def _claims(case: Case, habits: list[Habit], claims: list[Claim]) -> list[Claim]:
    """Narrow the claims: where other campaigns followed, promo dependence counts only if it changed on the days between them too, and the
    rest not at all; and of several differences those are claimed that Benjamini-Hochberg lets pass."""
    clear = passed([habit.effect for habit in habits], case.view.settings.review.false_share)
    claimed = [
        claim if ok or not claim.is_made or not place else Claim("not shown")
        for place, (claim, ok) in enumerate(zip(claims, clear, strict=True))
    ]
    if not any(habit.name == QUIET for habit in habits):
        return claimed
    quiet = habits[1].effect
    both = quiet.low is not None and quiet.high is not None and (quiet.low > 0 if claimed[0].sign > 0 else quiet.high < 0)
    why = tr(
        "On days without other campaigns the difference is not told apart from zero: the offers of those campaigns explain it as well."
    )
    mixed = Claim("cannot be told", reasons=(why,))
    return [mixed if claim.is_made and not (both and place < 2) and place != 1 else claim for place, claim in enumerate(claimed)]


def _no_window(case: Case) -> str:
    """Why there are no days before and after to compare, as the end of a sentence."""
    needed = case.view.settings.review.habits_least_days
    if case.is_running:
        return case.say("it runs until {ends_on}, and habits show in the weeks after", ends_on=case.campaign.ends_on)
    days = (case.view.as_of - case.campaign.ends_on).days
    if days < needed:
        return case.say("{days:day} after its end [one?is|are] seen, {review.habits_least_days} are needed", days=days, one=days == 1)
    return case.say(
        "the receipts start on {first_day}: fewer than {review.habits_least_days} days before its start are known",
        first_day=case.view.first_day,
    )


def _table(case: Case, habits: list[Habit], claims: list[Claim]) -> AnswerTable:
    rows = []
    for habit, claim in zip(habits, claims, strict=True):
        effect, is_told = habit.effect, claim.may_be_shown
        figures = (effect.estimate, effect.low, effect.high) if is_told else (None, None, None)
        means = habit.before[0], habit.after[0], habit.before[1], habit.after[1]
        rows.append((habit.name, habit.unit, *means, *figures, effect.treated_count, effect.control_count, claim.word))
    return HABITS.of(pl.DataFrame(rows, schema=HABITS.schema, orient="row"), case.view)


def _headline(case: Case, habit: Row, claim: Claim, after: Period) -> str:
    n = case.say("n = {treated_count} treated, {control_count} compared with, who bought before and after", habit)
    is_told = claim.may_be_shown and habit["effect"] is not None
    span = case.say("{effect:+.1f} points, 95% interval {effect_low:+.1f} to {effect_high:+.1f}", habit) if is_told else ""
    sentence = case.say(
        "{opening}in the {days} days after {name} the treated bought [known?{treated_after:.1f}% of [coupon?shopping days with a "
        "coupon|spend on discount]|an unknown share [coupon?with a coupon|on discount]][known_before? ({treated_before:.1f}% "
        "before)][told?[not_shown?: no sign that it taught them to wait for offers ({span} against what they would have, zero included; "
        "{n}).|: it [likely?[very?very ]probably ][gain?taught them to wait for offers|made them buy less on offer], {span} against what "
        "they would "
        "have ({n}).]|; whether the campaign changed that [not_measured?is not measured|cannot be told] ({n}): {reason}]",
        {**claim.parts, **habit}, days=after.days, n=n, span=span, told=is_told, known=habit["treated_after"] is not None,
        known_before=habit["treated_before"] is not None, coupon=habit["habit"] == COUPON_AFFINITY,
    )  # fmt: skip
    return capital(sentence)


def _notes(
    case: Case, before: Period, after: Period, habits: list[Habit], others: pl.DataFrame, rates: tuple[float, float]
) -> list[str | Note]:
    limits, notes = case.view.settings.review, list[str | Note]()
    notes.append(case.say("Before: {before}; after: {after}. Habits are the members' own, across the chain.", before=before, after=after))
    known = {habit.name for habit in habits}
    for name, column in ((PROMO_DEPENDENCE, "discount_amount"), (COUPON_AFFINITY, "coupon_amount")):
        if name not in known:
            text = case.say("{habit}: the lines have no `{column}` column.", habit=capital(word(name)), column=column)
            notes.append(Note(text, "NOT MEASURED"))
    if after.days < limits.habits_days:
        text = case.say(
            "{days} of {review.habits_days} days after the end are seen: habits may still settle. Ask again later.", days=after.days
        )
        notes.append(Note(text, "REVIEW"))
    if case.control == "none":
        notes.append(Note(tr("Without a control a change from before to after may be the season's, or everybody's."), "NOT MEASURED"))
        return notes
    came = bought_after(case, after)
    if came.estimate is not None and came.low is not None and came.high is not None:
        if came.low > 0 or came.high < 0:
            text = case.say(
                "{points:.1f} points more of the treated bought afterwards than would have: shares after are partly of other people. Read "
                "the spend at full price, which is of all members.",
                points=100 * came.estimate,
            )
            notes.append(Note(text, "REVIEW"))
        else:
            notes.append(
                tr("As many treated bought afterwards as would have without it, as far as chance tells: shares compare like with like.")
            )
    if others.height:
        text = case.say(
            "Campaigns of the weeks after ({names}) treated {treated:share} of the treated and {control:share} of those compared with: "
            "their offers are in these habits too.",
            names=listing(others["campaign_id"].to_list()[:6]), treated=rates[0], control=rates[1],
        )  # fmt: skip
        notes.append(Note(text, "REVIEW" if abs(rates[0] - rates[1]) > limits.overlap_difference else None))
    notes.append(
        tr(
            "Promo dependence is the answer, the rest stand beside it; of several differences those count that "
            "Benjamini-Hochberg lets pass."
        )
    )
    return notes


def _unmeasured(case: Case, why: str) -> Finding:
    headline = capital(case.say("{opening}{name}: habits afterwards are not measured: {why} ({arms}).", why=why))
    return unmeasured(HABITS, headline, case.say("Habits afterwards: {why}.", why=why), ask_next=[("portrait.price_sensitivity", {})])


def _chart(case: Case, shares: pl.DataFrame, after: Period) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    return ranges(
        shares, label="habit", value="effect", low="effect_low", high="effect_high", n="treated_count", kind="points", reference=0.0,
        title=case.say("Habits after {name}"), subtitle=case.say("treated less what they would show without it, {after}", after=after),
        value_title=tr("Percentage points"),
    )  # fmt: skip
