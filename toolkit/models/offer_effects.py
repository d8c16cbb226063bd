"""Effect of each method in each segment from what campaigns measured: pooled over campaigns, then shrunk by empirical Bayes."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl

from toolkit.models.partial_pooling import pool, pool_by_campaign

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
_STEPS = 7
"""Standard deviations tried for each part, from none to that of the measured effects."""


def offer_effects(lessons: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the effect of each pair of segment and method as a share of the base: one row per pair (schema EFFECTS), in their order.

    In: `pairs` (`segment`, `method`); `lessons` with `campaign_id`, `segment` (null = all members), `method`, `effect_share`,
    `effect_share_se` (above 0), as measured in the pair alone, and `is_random`; none of them: no row. Where any lesson was randomised the
    others are not listened to.

    Campaigns that measured the same pair are pooled first (`partial_pooling`). Effects of small groups are mostly noise, and the best of
    many is best by luck: promised in full, it disappoints. They are therefore pulled towards what their method does elsewhere and what
    their segment does with other methods: effect = overall + method + segment + pair, each part normal (best linear prediction). A pair
    that was never tested gets overall + method + segment, with what pairs differ by in its error; nobody gets a raw response rate.

    The variances are not taken as known: predictions are averaged over 7 x 7 x 7 standard deviations, from none to that of the measured
    effects, as likely as these make them (flat prior). One best guess is often exactly zero, and then no pair differs from another. Fewer
    than three pairs cannot tell how far pairs differ: the effects' own size is then tried.

    Source: DEFINITIONS.md section 3; Robinson, Statistical Science 6 (1991), for the prediction; Gelman, Bayesian
    Analysis 1 (2006), for flat priors of standard deviations.
    """
    if lessons.is_empty():
        return pl.DataFrame(schema=EFFECTS)
    tested = _tested(lessons)
    wanted = pairs.select(_CELL).unique(maintain_order=True)
    cells = pl.concat([tested.select(_CELL), wanted.join(tested, on=_CELL, how="anti", maintain_order="left")])
    effect, error = _predictions(cells, tested["effect"].to_numpy(), tested["error"].to_numpy())
    known = pl.int_range(pl.len()) < tested.height
    predicted = cells.select(
        *_CELL,
        pl.Series("effect_share", effect),
        pl.Series("effect_share_se", error),
        pl.when(known).then(pl.lit(MEASURED)).otherwise(pl.lit(OVERALL)).alias("basis"),
        pl.lit(bool(tested["is_random"].all())).alias("is_random"),
    )
    return pairs.select(_CELL).join(predicted, on=_CELL, how="left", maintain_order="left").match_to_schema(EFFECTS)


def _tested(lessons: pl.DataFrame) -> pl.DataFrame:
    """One row per pair with a lesson: `effect` and `error` over campaigns, `is_random`. A campaign that tells its segments is not counted
    again as a whole."""
    own = lessons.filter(~(pl.col("segment").is_null() & pl.col("segment").is_not_null().any().over("campaign_id", "method")))
    own = own.filter(pl.col("is_random") == pl.col("is_random").any())
    rows = []
    for (segment, method), part in own.sort(*_CELL, "campaign_id", nulls_last=False).group_by(_CELL, maintain_order=True):
        estimates, errors, _ = pool_by_campaign(*(part[name].to_list() for name in ("effect_share", "effect_share_se", "campaign_id")))
        found = pool(estimates.tolist(), errors.tolist())
        if found is not None:
            rows.append((segment, method, found.mean, found.standard_error, bool(part["is_random"].all())))
    schema = {"segment": pl.String, "method": pl.String, "effect": pl.Float64, "error": pl.Float64, "is_random": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _predictions(cells: pl.DataFrame, effect: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return prediction and its standard error for each cell; the first cells are those with an effect."""
    count = effect.size
    segment, method = (cells[name].rank("dense").fill_null(0).to_numpy() for name in _CELL)
    # All members together have neither a segment's part nor a pair's: over many segments these are nothing on average.
    apart = segment > 0
    alike = [method[:, None] == method, np.outer(apart, apart) & (segment[:, None] == segment), np.diag(apart)]
    top = float(effect.std()) if count > 2 else float(np.sqrt((effect**2).mean()))
    grids = [np.linspace(0, top, _STEPS if top > 0 else 1)] * 3
    priors = (np.asarray(sum(sd**2 * part for sd, part in zip(each, alike, strict=True))) for each in product(*grids))
    found = [_predicted(effect, np.diag(error**2), prior) for prior in priors]
    support = np.array([one[0] for one in found])
    chance = np.exp(support - support.max())
    chance /= chance.sum()
    means, variances = (np.array([one[part] for one in found]) for part in (1, 2))
    mean = chance @ means
    return mean, np.sqrt(chance @ (variances + (means - mean) ** 2))


def _predicted(effect: np.ndarray, errors: np.ndarray, prior: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Return, with the variances of the parts given: log likelihood (the mean integrated out), and for each cell prediction and variance."""
    count = effect.size
    total = prior[:count, :count] + errors
    inverse = np.linalg.inv(total)
    ones = np.ones(count)
    precision = float(ones @ inverse @ ones)
    centre = float(ones @ inverse @ effect) / precision
    away = effect - centre
    likelihood = -0.5 * (np.linalg.slogdet(total)[1] + np.log(precision) + away @ inverse @ away)
    carry = prior[:, :count] @ inverse
    variance = np.diag(prior) - np.einsum("ij,ij->i", carry, prior[:, :count]) + (1 - carry @ ones) ** 2 / precision
    return float(likelihood), centre + carry @ away, np.maximum(variance, 0.0)
