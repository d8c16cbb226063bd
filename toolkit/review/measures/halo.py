"""Halo and cannibalisation: what a campaign moved in each category, promoted or not."""

from __future__ import annotations

import polars as pl

from toolkit import columns as c
from toolkit.columns import AnswerTable
from toolkit.language import tr, value
from toolkit.models.lin import Effect
from toolkit.registry import question_text
from toolkit.review.measures.case import Case
from toolkit.review.measures.model_reasons import reason_text
from toolkit.review.measures.parts import effects_by, passed
from toolkit.review.measures.study import Study

CATEGORIES = c.table(
    "one row per category, most sales first",
    c.text("category"),
    c.interval(
        c.money("extra_sales", "Extra sales, assumed", null="not measured or not to be claimed"),
        low="extra_low_sales",
        high="extra_high_sales",
    ),
    c.money("extra_margin_amount", "Extra margin"),
    c.money("expected_sales", "Expected without"),
    c.text("reading", "How to read it", "promoted, halo, cannibalised, not told apart from zero"),
)


def not_claimed() -> str:
    """Return why a figure that was measured is left out of a table."""
    return tr("may not be claimed; see '{question}'", question=question_text("review.checks"))


def promoted_categories(case: Case) -> set[str]:
    """Return the categories that a ledger campaign promotes: those of its offers and of its goods; empty where it names none."""
    definition = case.campaign.definition
    named = {category for offer in case.campaign.offers for category in offer.categories}
    return named | set(definition.goods if definition else ()) & set(case.view.categories["category"].to_list())


def category_effects(measured: Study) -> AnswerTable:
    """Return extra sales by category, all treated members together: one row per category, most sales first; see `review.money`."""
    case = measured.case
    if case.too_few is not None:
        return CATEGORIES.empty()
    sales = list(effects_by(case, "category", "amount"))
    margins = dict(effects_by(case, "category", "margin")) if measured.costs.basis != "not known" else {}
    clear = passed([one for _, one in sales], case.view.settings.review.false_share)
    promoted = promoted_categories(case)
    rows = [
        _row(measured, name, one, margins.get(name), is_clear, name in promoted) for (name, one), is_clear in zip(sales, clear, strict=True)
    ]
    return CATEGORIES.of(pl.DataFrame(rows, schema=CATEGORIES.schema, orient="row"), case.view)


def _row(measured: Study, name: str, one: Effect, margin: Effect | None, is_clear: bool, is_promoted: bool) -> tuple[object, ...]:
    nothing = name, None, None, None, None, None
    if not one.measured:
        return *nothing, measured.case.view.say("not measured: {reason}", reason=reason_text(one.reason))
    if not measured.claim.may_be_shown or not measured.case.is_randomised:
        return *nothing, not_claimed()
    total = one.times(one.treated_count)
    extra_margin = margin.estimate * margin.treated_count if margin and margin.estimate is not None else None
    kind = value("promoted") if is_promoted else value("halo") if (one.estimate or 0) > 0 else value("cannibalised")
    unclear = value("promoted, not told apart from zero") if is_promoted else value("not told apart from zero")
    return name, total.estimate, total.low, total.high, extra_margin, total.base, kind if is_clear else unclear
