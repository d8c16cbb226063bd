"""Halo and cannibalisation: what a campaign moved in each category, promoted or not."""

from __future__ import annotations

import polars as pl

from toolkit.language import tr, value
from toolkit.models.lin import Effect
from toolkit.registry import question_text
from toolkit.review.measures.case import Case
from toolkit.review.measures.parts import effects_by, passed
from toolkit.review.measures.study import Study
from toolkit.review.model_reasons import reason_text


def not_claimed() -> str:
    """Return why a figure that was measured is left out of a table."""
    return tr("may not be claimed; see '{question}'", question=question_text("review.checks"))


def promoted_categories(case: Case) -> set[str]:
    """Return the categories that a ledger campaign promotes: those of its offers and of its goods; empty where it names none."""
    definition = case.campaign.definition
    named = {category for offer in case.campaign.offers for category in offer.categories}
    return named | set(definition.goods if definition else ()) & set(case.view.categories["category"].to_list())


def category_effects(found: Study) -> pl.DataFrame:
    """Return extra sales by category, all treated members together: one row per category, most sales first; see `review.money`."""
    case = found.case
    measured = case.too_few is None
    sales = list(effects_by(case, "category", "amount")) if measured else []
    margins = dict(effects_by(case, "category", "margin")) if measured and found.costs.basis != "not known" else {}
    told = passed([one for _, one in sales], case.view.settings.review.false_share)
    promoted = promoted_categories(case)
    rows = [_row(found, name, one, margins.get(name), clear, name in promoted) for (name, one), clear in zip(sales, told, strict=True)]
    schema = {
        "category": pl.String, "extra_sales": pl.Float64, "extra_low_sales": pl.Float64, "extra_high_sales": pl.Float64,
        "extra_margin_amount": pl.Float64, "expected_sales": pl.Float64, "reading": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _row(found: Study, name: str, one: Effect, margin: Effect | None, clear: bool, is_promoted: bool) -> tuple[object, ...]:
    kind = value("promoted") if is_promoted else value("halo") if (one.estimate or 0) > 0 else value("cannibalised")
    if not one.measured:
        return name, None, None, None, None, None, tr("not measured: {reason}", reason=reason_text(one.reason))
    if not found.claim.may_be_shown or not found.case.is_randomised:
        return name, None, None, None, None, None, not_claimed()
    total = one.times(one.treated_count)
    kept = margin.estimate * margin.treated_count if margin and margin.estimate is not None else None
    unclear = value("promoted, not told apart from zero") if is_promoted else value("not told apart from zero")
    reading = kind if clear else unclear
    return name, total.estimate, total.low, total.high, kept, total.base, reading
