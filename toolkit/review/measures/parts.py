"""The parts of a case: segment, offer, method, touchpoint, store, category; each with the members or goods it is measured on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

import numpy as np
import polars as pl

from toolkit.differentiation.measures.cells import member_cells, segment_of
from toolkit.models.lin import Effect
from toolkit.review.measures.case import Case
from toolkit.review.measures.estimate import measured_effect
from toolkit.review.measures.outcome import OUTCOMES, category_sums, outcomes, reckoned

By = Literal["estimator", "outcome", "segment", "offer", "method", "touchpoint", "store", "category"]

MOST_PARTS = 30


def effects_by(case: Case, by: str, outcome: str) -> Iterator[tuple[str, Effect]]:
    """Yield the parts of a case with their effects: those with most treated members (categories: most sales) first, at most thirty.

    segment, store: both arms within the part. offer, method: the treated who were to get it against the control of the same segments (the
    ledger keeps what a control does without). touchpoint: the treated reached by it against the whole control, since a control has none.
    category: all members, the outcome of these goods alone. outcome: all members, each outcome.
    """
    if by == "outcome":
        measured = outcomes(case, case.seen)
        yield from ((OUTCOMES[name].title, measured_effect(case, measured.frame, name)) for name in OUTCOMES)
        return
    if by == "category":
        sums = category_sums(case, case.seen)
        ranked = sums.group_by("category").agg(pl.col("amount").sum()).sort("amount", "category", descending=[True, False])
        for name in ranked["category"].head(MOST_PARTS):
            measured = reckoned(case, sums.filter(pl.col("category") == name))
            yield str(name), measured_effect(case, measured.frame, outcome)
        return
    measured = outcomes(case, case.seen)
    labels = labels_of(case, by)
    treated = case.members["treated"]
    counts = labels.filter(treated).drop_nulls().value_counts(name="treated_count")
    whole_control = by == "touchpoint" and not labels.filter(~treated).count()
    for name in counts.sort("treated_count", labels.name, descending=[True, False])[labels.name].head(MOST_PARTS):
        inside = (labels == name).fill_null(False)
        rows = (inside | ~treated) if whole_control else inside
        yield str(name), measured_effect(case, measured.frame, outcome, rows=rows.to_numpy())


def labels_of(case: Case, by: str) -> pl.Series:
    """Return the part each member of the case belongs to; null = none, or not known."""
    if by == "segment":
        return segments_of(case)
    if by == "store":
        return case.members["home_store"]
    if by == "method":
        methods = {offer.name: offer.method for offer in case.campaign.offers}
        only = case.campaign.methods[0] if len(case.campaign.methods) == 1 else None
        return case.members["offer"].replace_strict(methods, default=only, return_dtype=pl.String).alias("method")
    return case.members[by]


def segments_of(case: Case) -> pl.Series:
    """Return each member's segment as it was before the start: frozen at launch, or (campaigns of the tables) read off the receipts then.

    Null: everybody, where the campaign started before the receipts do.
    """
    if case.members["segment"].count() or case.history_days == 0:
        return case.members["segment"]
    before = case.view.chain.at(case.campaign.starts_on - timedelta(days=1))
    cells = member_cells(before).select("member_code", pl.col("segment").alias("cell"))
    members = case.members.join(cells, on="member_code", how="left", maintain_order="left", nulls_equal=False)
    return members["cell"].fill_null(segment_of(None, None)).alias("segment")


def passed(effects: list[Effect], false_share: float) -> list[bool]:
    """Return which effects are told apart from zero when so many were looked at (Benjamini-Hochberg over those measured)."""
    from scipy.stats import false_discovery_control

    measured = [effect.p_value for effect in effects if effect.p_value is not None]
    if not measured:
        return [False] * len(effects)
    adjusted = iter(np.atleast_1d(false_discovery_control(measured)))
    return [bool(next(adjusted) <= false_share) if effect.p_value is not None else False for effect in effects]
