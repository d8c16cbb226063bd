"""Habits after: did the offer teach people to wait for offers?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.language import later, tr, trn, word
from toolkit.models.lin import Effect
from toolkit.registry import question
from toolkit.review.measures.case import Case
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
from toolkit.review.measures.headline import Claim, claim_of, first_reason, untold
from toolkit.review.measures.parts import passed
from toolkit.review.measures.study import study
from toolkit.review.measures.verdicts import worst_first
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.wording import capital, listing, share, some

if TYPE_CHECKING:
    import altair as alt

_SCHEMA = {
    "habit": pl.String, "unit": pl.String, "treated_before": pl.Float64, "treated_after": pl.Float64, "control_before": pl.Float64,
    "control_after": pl.Float64, "effect": pl.Float64, "effect_low": pl.Float64, "effect_high": pl.Float64, "treated_count": pl.Int64,
    "control_count": pl.Int64, "reading": pl.String,
}  # fmt: skip


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
)
def habits_after(view: View, *, campaign_id: str | int = "") -> Finding:
    """Return how members bought in the quarter after a campaign, treated beside control: one row per habit.

    Parameters
    ----------
    campaign_id
        The campaign; empty = the last one that ended.

    Returns
    -------
    Answer
        Table columns: `habit` (promo dependence, coupon affinity, spend at full price, spend on discount, shopping days with a coupon;
        where other campaigns followed also promo dependence on the days between them, without which no change of it is claimed); `unit`;
        `treated_before`, `treated_after`, `control_before`, `control_after` (means in that unit); `effect`, `effect_low`, `effect_high`
        (treated less what they would show without the campaign, 95% interval; null = not measured or not to be claimed);
        `treated_count`, `control_count` (judged); `reading`.

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
    found = study(view, campaign_id)
    case, least = found.case, view.settings.scope.minimum_members
    windows = windows_of(case)
    why = _why_not(case, windows, least)
    if why or windows is None:
        return _unmeasured(case, why)
    before, after = windows
    others, rates = later_campaigns(case, after)
    habits = habits_of(case, before, after, others)
    if not habits:
        return _unmeasured(case, tr("the lines have neither a discount_amount nor a coupon_amount column"))
    claims = _claims(case, habits, [claim_of(case, habit.effect, found.checks) for habit in habits])
    table = _table(case, habits, claims)
    shares = table.filter(pl.col("unit").str.starts_with("%"), pl.col("effect").is_not_null())
    return Finding(
        headline=_headline(case, habits[0], claims[0], after),
        table=table,
        chart=(lambda: _chart(case, shares, after)) if shares.height else None,
        notes=[*_notes(case, before, after, habits, others, rates), *worst_first(found.checks)],
        ask_next=[(f"review.{name}", {"campaign_id": case.campaign.campaign_id}) for name in ("effect", "migration")]
        + [("portrait.price_sensitivity", {})],
        figures={habits[0].name.replace(" ", "_"): habits[0].after[0] / 100} if habits[0].after[0] is not None else {},
    )


def _claims(case: Case, habits: list[Habit], claims: list[Claim]) -> list[Claim]:
    """Narrow the claims: where other campaigns followed, promo dependence counts only if it changed on the days between them too, and the
    rest not at all; and of several differences those are claimed that Benjamini-Hochberg lets pass."""
    clear = passed([habit.effect for habit in habits], case.view.settings.review.false_share)
    kept = [
        claim if ok or not claim.is_made or not place else Claim("not shown")
        for place, (claim, ok) in enumerate(zip(claims, clear, strict=True))
    ]
    if not any(habit.name == QUIET for habit in habits):
        return kept
    quiet = habits[1].effect
    both = quiet.low is not None and quiet.high is not None and (quiet.low > 0 if kept[0].sign > 0 else quiet.high < 0)
    why = tr(
        "On days without other campaigns the difference is not told apart from zero: the offers of those campaigns explain it as well."
    )
    mixed = Claim("cannot be told", reasons=(why,))
    return [mixed if claim.is_made and not (both and place < 2) and place != 1 else claim for place, claim in enumerate(kept)]


def _why_not(case: Case, windows: tuple[Period, Period] | None, least: int) -> str:
    settings, view = case.view.settings.review, case.view
    if case.treated_count < least:
        return tr(
            "{treated_members} in scope, fewer than the {least} that figures may speak of",
            treated_members=some(case.treated_count, "treated member"),
            least=least,
        )
    if windows is not None:
        return ""
    if case.is_running:
        return tr("it runs until {ends_on}, and habits show in the weeks after", ends_on=case.campaign.ends_on)
    seen = (view.as_of - case.campaign.ends_on).days
    if seen < settings.habits_least_days:
        return trn(
            "{seen} day after its end is seen, {needed} are needed",
            "{seen} days after its end are seen, {needed} are needed",
            seen,
            seen=seen,
            needed=settings.habits_least_days,
        )
    return tr(
        "the receipts start on {first_day}: fewer than {needed} days before its start are known",
        first_day=view.first_day,
        needed=settings.habits_least_days,
    )


def _table(case: Case, habits: list[Habit], claims: list[Claim]) -> pl.DataFrame:
    compared = case.control_count >= case.view.settings.scope.minimum_members
    rows = []
    for habit, claim in zip(habits, claims, strict=True):
        shown = claim.may_be_shown and habit.effect.measured
        effect = habit.effect
        rows.append(
            {
                "habit": habit.name, "unit": habit.unit, "treated_before": habit.before[0], "treated_after": habit.after[0],
                "control_before": habit.before[1] if compared else None, "control_after": habit.after[1] if compared else None,
                "effect": effect.estimate if shown else None, "effect_low": effect.low if shown else None,
                "effect_high": effect.high if shown else None, "treated_count": effect.treated_count, "control_count": effect.control_count,
                "reading": claim.word,
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema=_SCHEMA)


def _headline(case: Case, habit: Habit, claim: Claim, after: Period) -> str:
    start = capital(case.opening + _bought(case, habit, after))
    n = tr(
        "n = {treated:,} treated, {control:,} compared with, who bought before and after",
        treated=habit.effect.treated_count,
        control=habit.effect.control_count,
    )
    if not claim.may_be_shown or habit.effect.estimate is None:
        return tr(
            "{start}; whether the campaign changed that {untold} ({n}): {first_reason}",
            start=start,
            untold=untold(claim),
            n=n,
            first_reason=first_reason(claim),
        )
    span = _span(habit.effect)
    if claim.word == "not shown":
        return tr(
            "{start}: no sign that it taught them to wait for offers ({span} against what they would have, zero included; {n}).",
            start=start,
            span=span,
            n=n,
        )
    return tr(_CHANGED[claim.word == "proven", claim.sign > 0], start=start, span=span, n=n)


_CHANGED = {
    (True, True): later("{start}: it taught them to wait for offers, {span} against what they would have ({n})."),
    (True, False): later("{start}: it made them buy less on offer, {span} against what they would have ({n})."),
    (False, True): later("{start}: it probably taught them to wait for offers, {span} against what they would have ({n})."),
    (False, False): later("{start}: it probably made them buy less on offer, {span} against what they would have ({n})."),
}
"""What an offer did to the habit, by whether it is proven and whether the habit grew."""


_BOUGHT = {
    PROMO_DEPENDENCE: (
        later("{days} the treated bought {level:.1f}% of spend on discount"),
        later("{days} the treated bought an unknown share on discount"),
    ),
    COUPON_AFFINITY: (
        later("{days} the treated bought {level:.1f}% of shopping days with a coupon"),
        later("{days} the treated bought an unknown share with a coupon"),
    ),
}
"""How the treated bought in the days after, by the habit; the second where its level is not known."""


def _bought(case: Case, habit: Habit, after: Period) -> str:
    known, unknown = _BOUGHT[habit.name]
    days, level = tr("in the {days} days after {name}", days=after.days, name=case.name), habit.after[0]
    return (tr(unknown, days=days) if level is None else tr(known, days=days, level=level)) + _before(habit)


def _before(habit: Habit) -> str:
    return tr(" ({before:.1f}% before)", before=habit.before[0]) if habit.before[0] is not None else ""


def _span(effect: Effect) -> str:
    return tr("{estimate:+.1f} points, 95% interval {low:+.1f} to {high:+.1f}", estimate=effect.estimate, low=effect.low, high=effect.high)


def _notes(
    case: Case, before: Period, after: Period, habits: list[Habit], others: pl.DataFrame, rates: tuple[float, float]
) -> list[str | Note]:
    view, notes = case.view, list[str | Note]()
    notes.append(tr("Before: {before}; after: {after}. Habits are the members' own, across the chain.", before=before, after=after))
    named = {habit.name for habit in habits}
    for name, column in ((PROMO_DEPENDENCE, "discount_amount"), (COUPON_AFFINITY, "coupon_amount")):
        if name not in named:
            notes.append(
                Note(tr("{habit}: the lines have no `{column}` column.", habit=capital(word(name)), column=column), "NOT MEASURED")
            )
    wanted = view.settings.review.habits_days
    if after.days < wanted:
        notes.append(
            Note(
                tr(
                    "{days} of {wanted} days after the end are seen: habits may still settle. Ask again later.",
                    days=after.days,
                    wanted=wanted,
                ),
                "REVIEW",
            )
        )
    if case.control == "none":
        notes.append(Note(tr("Without a control a change from before to after may be the season's, or everybody's."), "NOT MEASURED"))
        return notes
    came = bought_after(case, after)
    if came.estimate is not None and came.low is not None and came.high is not None:
        clear = came.low > 0 or came.high < 0
        if clear:
            said = tr(
                "{points:.1f} points more of the treated bought afterwards than would have: shares after are partly of other people. "
                "Read the spend at full price, which is of all members.",
                points=100 * came.estimate,
            )
            notes.append(Note(said, "REVIEW"))
        else:
            notes.append(
                tr("As many treated bought afterwards as would have without it, as far as chance tells: shares compare like with like.")
            )
    if others.height:
        names = listing(others["campaign_id"].to_list()[:6])
        differ = abs(rates[0] - rates[1]) > view.settings.review.overlap_difference
        said = tr(
            "Campaigns of the weeks after ({names}) treated {of_treated} of the treated and {of_control} of those compared with: "
            "their offers are in these habits too.",
            names=names,
            of_treated=share(rates[0]),
            of_control=share(rates[1]),
        )
        notes.append(Note(said, "REVIEW" if differ else None))
    notes.append(
        tr(
            "Promo dependence is the answer, the rest stand beside it; of several differences those count that "
            "Benjamini-Hochberg lets pass."
        )
    )
    return notes


def _unmeasured(case: Case, why: str) -> Finding:
    said = tr(
        "{opening}{name}: habits afterwards are not measured: {why} ({arms}).",
        opening=case.opening,
        name=case.name,
        why=why,
        arms=case.arms,
    )
    return Finding(
        headline=capital(said),
        table=pl.DataFrame(schema=_SCHEMA),
        notes=[Note(tr("Habits afterwards: {why}.", why=why), "NOT MEASURED")],
        ask_next=[("portrait.price_sensitivity", {})],
    )


def _chart(case: Case, table: pl.DataFrame, after: Period) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    return ranges(
        table, label="habit", value="effect", low="effect_low", high="effect_high", n="treated_count", kind="points", reference=0.0,
        title=tr('Habits after {name}', name=case.name), subtitle=tr('treated less what they would show without it, {after}', after=after),
        value_title=tr('Percentage points'),
    )  # fmt: skip
