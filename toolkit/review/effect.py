"""Effect: what a campaign changed per treated member, as assigned; and beside it what the usual methods would have said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.language import tr, value, word
from toolkit.models.lin import Effect
from toolkit.registry import question
from toolkit.review.measures.estimators import estimator_effects
from toolkit.review.measures.headline import effect_headline, opening
from toolkit.review.measures.outcome import OUTCOMES, Name
from toolkit.review.measures.parts import MOST_PARTS, By, effects_by, passed
from toolkit.review.measures.study import Study, study
from toolkit.review.measures.verdicts import worst_first
from toolkit.review.model_reasons import reason_text
from toolkit.scope.view import View
from toolkit.wording import some

if TYPE_CHECKING:
    import altair as alt


@question(
    "review",
    "What did the campaign change?",
    words=(
        "effect of a campaign on sales, margin, orders, order value",
        "did the campaign work, lift, uplift, incremental sales",
        "effect by segment, offer, touchpoint, store or category",
        "活动效果 增量 提升",
    ),
)
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

    Returns
    -------
    Answer
        Table columns: the name of `by`; `effect`, `effect_low`, `effect_high` (95% interval), `expected` (without the campaign), in the
        outcome's unit per treated member (columns end in `_amount` for money, `_share` for shares); `lift_share` (effect / expected),
        `p_value`, `treated_count`, `control_count`, `reading`. Null: not measured; `reading` says why.

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
    found = study(view, campaign_id, outcome)
    if by == "estimator":
        rows = estimator_effects(found)
        readings = [reading for _, _, reading in rows]
        effects = [(name, one) for name, one, _ in rows]
    else:
        effects = list(effects_by(found.case, by, outcome)) if found.case.too_few is None else []
        readings = _readings(found, [one for _, one in effects])
    table = effect_table(by, effects, readings, outcome if by != "outcome" else None)
    shown = found.claim.may_be_shown
    return Finding(
        headline=effect_headline(found.case, found.effect, found.claim, outcome),
        table=table,
        chart=(lambda: _chart(found, table, by)) if by != "outcome" and table["lift_share"].count() else None,
        notes=[*worst_first(found.checks), *_notes(found, by, table)],
        ask_next=[
            ("review.checks", {"campaign_id": found.case.campaign.campaign_id}),
            ("review.money", {"campaign_id": found.case.campaign.campaign_id}),
            *[("review.effect", {"campaign_id": found.case.campaign.campaign_id, "by": "segment"})] * (by == "estimator"),
        ],
        figures=effect_figures(found) if shown else {"treated_count": found.case.treated_count, "control_count": found.case.control_count},
    )


def effect_figures(found: Study) -> dict[str, float]:
    """Return the figures of an effect that may be shown."""
    one = found.effect
    named = {"effect": one.estimate, "effect_low": one.low, "effect_high": one.high, "expected": one.base, "lift_share": one.share}
    counts = {"treated_count": float(found.case.treated_count), "control_count": float(found.case.control_count)}
    return {**{name: value for name, value in named.items() if value is not None}, **counts}


def effect_table(by: str, effects: list[tuple[str, Effect]], readings: list[str], outcome: str | None) -> pl.DataFrame:
    """Return effects as a table, one row each; `outcome` None = of several outcomes, so figures have no unit of their own."""
    kind = OUTCOMES[outcome].kind if outcome else "number"
    unit = {"money": "_amount", "share": "_share"}.get(kind, "")
    columns = {
        by: [name for name, _ in effects],
        f"effect{unit}": [one.estimate for _, one in effects],
        f"effect_low{unit}": [one.low for _, one in effects],
        f"effect_high{unit}": [one.high for _, one in effects],
        f"expected{unit}": [one.base for _, one in effects],
        "lift_share": [one.share for _, one in effects],
        "p_value": [one.p_value for _, one in effects],
        "treated_count": [one.treated_count for _, one in effects],
        "control_count": [one.control_count for _, one in effects],
        "reading": readings,
    }
    kinds = {by: pl.String, "treated_count": pl.Int64, "control_count": pl.Int64, "reading": pl.String}
    return pl.DataFrame(columns, schema={name: kinds.get(name, pl.Float64) for name in columns})


def _readings(found: Study, effects: list[Effect]) -> list[str]:
    """What each part says: told apart from zero or not; without a claim on the whole, a description."""
    told = passed(effects, found.case.view.settings.review.false_share)
    said = []
    for one, clear in zip(effects, told, strict=True):
        if one.estimate is None:
            said.append(tr("not measured: {reason}", reason=reason_text(one.reason)))
        elif not found.claim.may_be_shown:
            said.append(value("description, no claim"))
        elif not found.case.is_randomised:
            said.append(value("description: not randomised"))
        else:
            said.append((value("more") if one.estimate > 0 else value("less")) if clear else value("not told apart from zero"))
    return said


def _notes(found: Study, by: str, table: pl.DataFrame) -> list[str | Note]:
    case, notes = found.case, list[str | Note]()
    notes.append(
        tr(
            "As assigned: all treated count, whether they redeemed or not. An interval is for the mean of the treated; "
            "it says nothing of one member."
        )
    )
    if by not in ("estimator", "outcome") and table.height:
        unmeasured = table.filter(pl.col("lift_share").is_null() & pl.col("p_value").is_null()).height
        notes.append(
            tr(
                "{parts} looked at; so many at once would show something by chance alone, so a part is called different only "
                "after Benjamini-Hochberg at {false_share:g}.",
                parts=some(table.height, "part"),
                false_share=case.view.settings.review.false_share,
            )
        )
        if unmeasured:
            least = case.view.settings.review.least_arm
            notes.append(
                tr(
                    "{parts} with an arm below {least} members (setting review.least_arm): not measured.",
                    parts=some(unmeasured, "part"),
                    least=least,
                )
            )
        if table.height == MOST_PARTS:
            notes.append(tr("The {most_parts} largest parts are listed.", most_parts=MOST_PARTS))
    if by != "estimator" and table.is_empty() and found.case.too_few is None:
        notes.append(Note(tr("The campaign does not say which member belongs to which {by}.", by=word(by)), "NOT MEASURED"))
    if by == "touchpoint":
        notes.append(Note(tr("Chance did not decide who got which touchpoint: parts differ by who can be reached how, too."), "REVIEW"))
    if found.outcome == "margin" and found.costs.basis == "assumed":
        notes.append(
            Note(
                tr("No unit costs: margin is taken as {share:.0%} of sales (setting offers.margin_share).", share=found.costs.share),
                "REVIEW",
            )
        )
    if found.outcome == "margin" and found.costs.basis == "measured" and found.costs.known_share < 0.995:
        notes.append(
            tr(
                "Unit costs are known for {known_share:.0%} of sales; the rest is taken to keep as much.",
                known_share=found.costs.known_share,
            )
        )
    if found.outcome == "margin" and found.costs.basis == "not known":
        notes.append(
            Note(
                tr("No product has a unit_cost. State them in the products table, or assume a share: setting offers.margin_share."),
                "NOT MEASURED",
            )
        )
    return notes


def _chart(found: Study, table: pl.DataFrame, by: str) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    effect_name, low, high = (
        next(name for name in table.columns if name.startswith(start)) for start in ("effect", "effect_low", "effect_high")
    )
    kind = {"money": "money", "share": "share"}.get(OUTCOMES[found.outcome].kind, "decimal")
    return ranges(
        table, label=by, value=effect_name, low=low, high=high, n="treated_count", kind=kind, reference=0.0,  # type: ignore[arg-type]
        title=tr("{opening}{name}: {title} per treated member", opening=opening(found.case), name=found.case.name,
                 title=word(OUTCOMES[found.outcome].title)),
        subtitle=tr("{days}, 95% intervals; {place}", days=found.case.seen, place=found.case.view.place),
        value_title=tr("Change, {currency}", currency=found.case.view.currency) if kind == "money" else tr("Change"),
    )  # fmt: skip
