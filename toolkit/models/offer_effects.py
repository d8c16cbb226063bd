"""Effect of each offer in each segment from what campaigns measured: pooled, and shrunk by empirical Bayes."""

from __future__ import annotations

import numpy as np
import polars as pl

MEASURED, OVERALL = "measured", "overall mean"
EFFECTS = pl.Schema(
    {
        "segment": pl.String,
        "method": pl.String,
        "effect_share": pl.Float64,  # of what is expected without
        "effect_share_se": pl.Float64,
        "basis": pl.String,  # measured; overall mean (this pair was never tested)
        "is_random": pl.Boolean,  # all it rests on was randomised
    }
)


def offer_effects(lessons: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the effect of each pair of segment and method as a share of the base: one row per pair (schema EFFECTS), in their order.

    In: `pairs` (`segment`, `method`); `lessons` with `campaign_id`, `segment` (null = all members), `method`, `effect_share`,
    `effect_share_se` (above 0) and `is_random`; none of them: no row.

    Lessons of a pair are pooled by precision; what pairs differ by beyond their errors (tau squared, method of moments) says how far each
    is pulled to the mean of its method. A pair that was never tested gets that mean, a method that was never tested the mean of all, with
    the spread between pairs in its error; nobody gets a raw response rate.

    Source: DerSimonian and Laird, Controlled Clinical Trials 7 (1986); Efron and Morris, JASA 70 (1975).
    """
    if lessons.is_empty():
        return pl.DataFrame(schema=EFFECTS)
    cell = ["segment", "method"]
    own = lessons.filter(~(pl.col("segment").is_null() & pl.col("segment").is_not_null().any().over("campaign_id", "method")))
    weight = 1 / pl.col("effect_share_se") ** 2
    pooled = (
        own.sort(*cell, "campaign_id", nulls_last=False)
        .group_by(cell, maintain_order=True)
        .agg(
            ((weight * pl.col("effect_share")).sum() / weight.sum()).alias("effect"),
            (1 / weight.sum()).alias("variance"),
            pl.col("is_random").all(),
        )
    )
    tau = _between(pooled)
    overall = _mean(pooled, tau)
    of_method = {str(key[0]): _mean(part, tau) for key, part in pooled.partition_by("method", as_dict=True).items()}
    tested = {(row["segment"], row["method"]): row for row in pooled.iter_rows(named=True)}
    rows = [_pair(segment, method, tested, of_method.get(method, overall), tau) for segment, method in pairs.select(cell).iter_rows()]
    return pl.DataFrame(rows, schema=EFFECTS, orient="row")


def _pair(segment: str, method: str, tested: dict, mean: tuple[float, float, bool], tau: float) -> tuple:
    centre, variance, is_random = mean
    row = tested.get((segment, method))
    if row is None:
        return segment, method, centre, float(np.sqrt(variance + tau)), OVERALL, is_random
    own = tau / (tau + row["variance"])
    error = own * row["variance"] + (1 - own) ** 2 * variance
    return segment, method, own * row["effect"] + (1 - own) * centre, float(np.sqrt(error)), MEASURED, row["is_random"]


def _between(pooled: pl.DataFrame) -> float:
    """Variance between pairs beyond their errors; 0 where they do not differ by more, or there is one pair alone."""
    effect, weight = pooled["effect"].to_numpy(), 1 / pooled["variance"].to_numpy()
    spread = weight.sum() - (weight**2).sum() / weight.sum()
    if len(effect) < 2 or spread <= 0:
        return 0.0
    excess = (weight * (effect - (weight * effect).sum() / weight.sum()) ** 2).sum() - (len(effect) - 1)
    return float(max(excess / spread, 0.0))


def _mean(part: pl.DataFrame, tau: float) -> tuple[float, float, bool]:
    weight = 1 / (part["variance"].to_numpy() + tau)
    return float((weight * part["effect"].to_numpy()).sum() / weight.sum()), float(1 / weight.sum()), bool(part["is_random"].all())
