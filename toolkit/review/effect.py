"""Effect: what a campaign changed per treated member, as assigned; and beside it what the usual methods would have said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable, Table
from toolkit.language import tr, value
from toolkit.models.lin import Effect
from toolkit.registry import question
from toolkit.review.measures.case import ARMS
from toolkit.review.measures.estimators import estimator_effects
from toolkit.review.measures.headline import Claim, claim_of, effect_headline, grade_note
from toolkit.review.measures.model_reasons import reason_text
from toolkit.review.measures.outcome import OUTCOMES, Name
from toolkit.review.measures.parts import MOST_PARTS, By, effects_by, passed
from toolkit.review.measures.study import Study, study
from toolkit.review.measures.verdicts import worst_first
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt


def effects_table(by: str, kind: c.Kind) -> Table:
    """Return the declaration for effects told by `by`: figures of money or a share say so in their names, those of several kinds do not."""
    figure, ending = {"money": (c.money, "_amount"), "share": (c.share, "_share")}.get(kind, (c.number, ""))
    return c.table(
        "one row per estimator, or per part of the campaign (the first column is then called as `by`)",
        c.text(by),
        c.interval(
            figure(f"effect{ending}", "Effect", "per treated member, in the outcome's unit: `_share` for shares, no ending for numbers",
                   null="not measured; `reading` says why"),
            low=f"effect_low{ending}", high=f"effect_high{ending}",
        ),
        figure(f"expected{ending}", "Expected without", "per treated member, without the campaign"),
        c.share("lift_share", "Lift", "effect / expected"),
        c.number("p_value", "p"),
        c.text(
            "grade",
            meaning="what may be said: proven or not shown where chance decided, else very likely, likely, possible, cannot be told",
            null="a cross-check, or not measured",
        ),
        c.number(
            "hidden_times", "Hidden reason needed",
            "how many times as strong as the strongest measured reason a hidden one must be to undo it; at most 100",
            null="chance decided, it is not clear of zero, or a check forbids a claim",
        ),
        ARMS,
        c.text("reading", "How to read it"),
    )  # fmt: skip


@question(
    "review",
    "What did the campaign change?",
    words=(
        "effect of a campaign on sales, margin, orders, order value",
        "did the campaign work, lift, uplift, incremental sales",
        "effect by segment, offer, touchpoint, store or category",
        "活动效果 增量 提升",
    ),
    tables=(effects_table("estimator", "money"), effects_table("outcome", "number")),
    figures=(
        c.number("effect"), c.number("effect_low", "from"), c.number("effect_high", "to"), c.number("expected", "Expected without"),
        c.share("lift_share", "Lift"), *ARMS,
    ),
)  # fmt: skip
def effect(view: View, *, campaign_id: str | int = "", outcome: Name = "amount", by: By = "estimator") -> Finding:
    """Return what a campaign changed per treated member: one row per estimator, or per part of the campaign.

    Members are compared as assigned, never by who redeemed. What counts is Lin's regression with HC3 errors on what members did before;
    entropy balancing is its cross-check; the simple difference, before and after and difference in differences are shown as what they are.
    A claim that the checks forbid (`review.checks`) is not made: the table then describes, and says so.

    Parameters
    ----------
    campaign_id
        As in the ledger or the campaigns table; empty = the last one that ended.
    outcome
        amount (sales), margin, orders, order_value, units, units_per_order or active (share of members who bought), over the days seen.
    by
        estimator, or parts: segment, offer, method, touchpoint, store, category; or outcome (all of them at once).

    Raises
    ------
    UnknownName
        There is no such campaign.
    DataError
        There are no campaigns, or this one has not begun.

    Notes
    -----
    Lin, Annals of Applied Statistics 7 (2013); Hainmueller, Political Analysis 20 (2012); parts are called different after Benjamini and
    Hochberg (setting review.false_share). Source: DEFINITIONS.md section 4.

    Example
    -------
    >>> tk.review.effect(ws, campaign_id="C001", by="segment").headline                # doctest: +SKIP
    """
    measured = study(view, campaign_id, outcome)
    case = measured.case
    if by == "estimator":
        rows = estimator_effects(measured)
        claims: list[Claim | None] = [measured.claim, *[None] * (len(rows) - 1)]
    else:
        effects = list(effects_by(case, by, outcome)) if case.too_few is None else []
        readings = _readings(measured, [one for _, one in effects])
        rows = [(name, one, reading) for (name, one), reading in zip(effects, readings, strict=True)]
        # Parts are told from each other by Benjamini-Hochberg, which grades do not know; the outcomes are each a campaign of its own.
        claims = [claim_of(case, one, measured.checks) if by == "outcome" else None for _, one in effects]
    shown = _table(view, by, rows, claims, "number" if by == "outcome" else OUTCOMES[outcome].kind)
    has_chart = by != "outcome" and shown.frame["lift_share"].count()
    named = {"campaign_id": case.campaign.campaign_id}
    return Finding(
        headline=effect_headline(case, measured.effect, measured.claim, outcome),
        table=shown,
        chart=(lambda: _chart(measured, shown, by)) if has_chart else None,
        notes=[*grade_note(case, measured.claim, measured.checks, outcome), *worst_first(measured.checks), *_notes(measured, by, shown)],
        ask_next=[
            ("review.checks", named),
            ("review.money", named),
            *[("review.effect", {**named, "by": "segment"})] * (by == "estimator"),
        ],
        figures=effect_figures(measured)
        if measured.claim.may_be_shown
        else {"treated_count": case.treated_count, "control_count": case.control_count},
    )


def effect_figures(measured: Study) -> dict[str, float | None]:
    """Return the figures of an effect that may be shown; a lift only where one is claimed, for it stands without its interval on a card."""
    one, case = measured.effect, measured.case
    figures = {"effect": one.estimate, "effect_low": one.low, "effect_high": one.high, "expected": one.base}
    figures["lift_share"] = one.share if measured.claim.is_made else None
    return {**figures, "treated_count": float(case.treated_count), "control_count": float(case.control_count)}


def _table(view: View, by: str, effects: list[tuple[str, Effect, str]], claims: Sequence[Claim | None], kind: c.Kind) -> AnswerTable:
    declared = effects_table(by, kind)
    rows = [
        (
            name, one.estimate, one.low, one.high, one.base, one.share, one.p_value, claim and claim.word, claim and claim.times,
            one.treated_count, one.control_count, reading,
        )
        for (name, one, reading), claim in zip(effects, claims, strict=True)
    ]  # fmt: skip
    return declared.of(pl.DataFrame(rows, schema=declared.schema, orient="row"), view)


def _readings(measured: Study, effects: list[Effect]) -> list[str]:
    """What each part says: told apart from zero or not; without a claim on the whole, a description."""
    view = measured.case.view
    readings = []
    for one, clear in zip(effects, passed(effects, view.settings.review.false_share), strict=True):
        if one.estimate is None:
            readings.append(view.say("not measured: {reason}", reason=reason_text(one.reason)))
        elif not measured.claim.may_be_shown:
            readings.append(value("description, no claim"))
        elif not measured.case.is_randomised:
            readings.append(value("description: not randomised"))
        else:
            readings.append((value("more") if one.estimate > 0 else value("less")) if clear else value("not told apart from zero"))
    return readings


def _notes(measured: Study, by: str, shown: AnswerTable) -> list[str | Note]:
    view, costs = measured.case.view, measured.costs
    notes: list[str | Note] = [
        tr(
            "As assigned: all treated count, whether they redeemed or not. An interval is for the mean of the treated; "
            "it says nothing of one member."
        )
    ]
    if by not in ("estimator", "outcome") and shown.height:
        notes.append(
            view.say(
                "{parts:part} looked at; so many at once would show something by chance alone, so a part is called different only after "
                "Benjamini-Hochberg at {review.false_share:g}.",
                parts=shown.height,
            )
        )
        small = shown.frame.filter(pl.col("lift_share").is_null() & pl.col("p_value").is_null()).height
        if small:
            notes.append(
                view.say("{parts:part} with an arm below {review.least_arm} members (setting review.least_arm): not measured.", parts=small)
            )
        if shown.height == MOST_PARTS:
            notes.append(view.say("The {most_parts} largest parts are listed.", most_parts=MOST_PARTS))
    if by != "estimator" and not shown.height and measured.case.too_few is None:
        notes.append(Note(view.say("The campaign does not say which member belongs to which {by:word}.", by=by), "NOT MEASURED"))
    if by == "touchpoint":
        notes.append(Note(tr("Chance did not decide who got which touchpoint: parts differ by who can be reached how, too."), "REVIEW"))
    if measured.outcome != "margin":
        return notes
    if costs.basis == "assumed":
        text = view.say("No unit costs: margin is taken as {kept:.0%} of sales (setting offers.margin_share).", kept=costs.share)
        notes.append(Note(text, "REVIEW"))
    elif costs.basis == "not known":
        text = tr("No product has a unit_cost. State them in the products table, or assume a share: setting offers.margin_share.")
        notes.append(Note(text, "NOT MEASURED"))
    elif costs.known_share < 0.995:
        notes.append(view.say("Unit costs are known for {known:.0%} of sales; the rest is taken to keep as much.", known=costs.known_share))
    return notes


def _chart(measured: Study, shown: AnswerTable, by: str) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    case = measured.case
    _, effect_column, low, high, *_ = shown.declared.columns
    is_money = effect_column.kind == "money"
    return ranges(
        shown.frame, label=by, value=effect_column.name, low=low.name, high=high.name, n="treated_count", reference=0.0,
        kind="money" if is_money else "share" if effect_column.kind == "share" else "decimal",
        title=case.say("{opening}{name}: {title:word} per treated member", title=OUTCOMES[measured.outcome].title),
        subtitle=case.say("{seen}, 95% intervals; {place}"),
        value_title=case.say("Change, {currency}") if is_money else tr("Change"),
    )  # fmt: skip
