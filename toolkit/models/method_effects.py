"""Effect of each method in each segment from what campaigns measured: pooled over campaigns, and shrunk by empirical Bayes."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.models.partial_pooling import paule_mandel, pool, pool_by_campaign

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
_CELL = ["segment", "method"]


def offer_effects(lessons: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the effect of each pair of segment and method as a share of the base: one row per pair (schema EFFECTS), in their order.

    In: `pairs` (`segment`, `method`); `lessons` with `campaign_id`, `segment` (null = all members), `method`, `effect_share`,
    `effect_share_se` (above 0) and `is_random`, as measured, not shrunk; none of them: no row. Where any lesson was randomised, the others
    are not listened to.

    Campaigns that measured a pair are pooled by random effects; what pairs differ by beyond their errors (variance of Paule and Mandel)
    says how far each is pulled to the mean of its method, and that to the mean of all methods as far as they are alike: effects of small
    groups are mostly noise, and the best of many is best by luck.
    A pair that was never tested gets the mean of its method, a method that was never tested that of all, with the spread between pairs in
    its error; nobody gets a raw response rate.

    Source: `models.partial_pooling`; Efron and Morris, JASA 70 (1975).
    """
    if lessons.is_empty():
        return pl.DataFrame(schema=EFFECTS)
    pooled = _over_campaigns(lessons)
    tau = paule_mandel(pooled["effect"].to_numpy(), pooled["variance"].to_numpy())
    overall = _mean(pooled, tau)
    of_method = _shrunk({str(key[0]): _mean(part, tau) for key, part in pooled.partition_by("method", as_dict=True).items()})
    tested = {(row["segment"], row["method"]): row for row in pooled.iter_rows(named=True)}
    rows = [_pair(segment, method, tested, of_method.get(method, overall), tau) for segment, method in pairs.select(_CELL).iter_rows()]
    return pl.DataFrame(rows, schema=EFFECTS, orient="row")


def _over_campaigns(lessons: pl.DataFrame) -> pl.DataFrame:
    """One row per pair with a lesson: `effect`, `variance`, `is_random`. A campaign that tells its segments does not count as a whole."""
    own = lessons.filter(~(pl.col("segment").is_null() & pl.col("segment").is_not_null().any().over("campaign_id", "method")))
    own = own.filter(pl.col("is_random") == pl.col("is_random").any())
    rows = []
    for (segment, method), part in own.sort(*_CELL, "campaign_id", nulls_last=False).group_by(_CELL, maintain_order=True):
        estimates, errors, _ = pool_by_campaign(*(part[name].to_list() for name in ("effect_share", "effect_share_se", "campaign_id")))
        found = pool(estimates.tolist(), errors.tolist())
        if found is not None:
            rows.append((segment, method, found.mean, found.standard_error**2, bool(part["is_random"].all())))
    names = {"segment": pl.String, "method": pl.String, "effect": pl.Float64, "variance": pl.Float64, "is_random": pl.Boolean}
    return pl.DataFrame(rows, schema=names, orient="row")


def _pair(segment: str, method: str, tested: dict, mean: tuple[float, float, bool], tau: float) -> tuple:
    centre, variance, is_random = mean
    row = tested.get((segment, method))
    if row is None:
        return segment, method, centre, float(np.sqrt(variance + tau)), OVERALL, is_random
    own = tau / (tau + row["variance"])
    error = own * row["variance"] + (1 - own) ** 2 * variance
    return segment, method, own * row["effect"] + (1 - own) * centre, float(np.sqrt(error)), MEASURED, row["is_random"]


def _shrunk(of_method: dict[str, tuple[float, float, bool]]) -> dict[str, tuple[float, float, bool]]:
    """Pull the means of the methods to their common mean: methods that do not differ are not told apart by luck."""
    found = pool([mean for mean, _, _ in of_method.values()], [variance**0.5 for _, variance, _ in of_method.values()])
    if found is None:
        return of_method
    pulled = zip(of_method.items(), found.shrunk, found.shrunk_errors, strict=True)
    return {name: (mean, error**2, is_random) for (name, (_, _, is_random)), mean, error in pulled}


def _mean(part: pl.DataFrame, tau: float) -> tuple[float, float, bool]:
    weight = 1 / (part["variance"].to_numpy() + tau)
    return float((weight * part["effect"].to_numpy()).sum() / weight.sum()), float(1 / weight.sum()), bool(part["is_random"].all())
