"""What each offer does in each segment, from one campaign whose offers were drawn at random: measured, then shrunk."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl

from toolkit.errors import DataError
from toolkit.models.lin import lin_effect

SEGMENT_EFFECTS = pl.Schema(
    {
        "segment": pl.String,
        "offer": pl.String,
        "effect": pl.Float64,  # per treated member, unit of the outcome, shrunk; untested pairs: the mean of the offer, or of all
        "standard_error": pl.Float64,
        "raw_effect": pl.Float64,  # as measured in the pair alone; null where it was not
        "raw_standard_error": pl.Float64,
        "base": pl.Float64,  # expected without; null where not measured
        "weight": pl.Float64,  # 0..1: how much of the raw effect is kept
        "treated_count": pl.Int64,
        "control_count": pl.Int64,
        "reason": pl.String,  # why a pair was not measured; empty where it was
    }
)
"""One row per segment x offer."""


_STEPS = 7
"""Standard deviations tried for each part, from none to that of the raw effects."""


def segment_effects(
    outcome: np.ndarray,
    segment: np.ndarray,
    offer: np.ndarray,
    covariates: np.ndarray | None = None,
    *,
    nothing: str = "do nothing",
    offers: tuple[str, ...] = (),
    least_arm: int = 20,
) -> pl.DataFrame:
    """Return the effect of each offer in each segment: one row per pair (SEGMENT_EFFECTS), sorted by segment and offer.

    In: one element (row) per member: `outcome`, `segment` and `offer` (texts; `nothing` = the control, drawn within segments as the offers
    were), `covariates` known before. `offers` names offers to speak of beyond those tried.

    Each pair is measured by Lin's regression against the control of its segment. Raw effects of small groups are mostly noise, and the
    best of many is best by luck: promised in full, it disappoints. They are therefore pulled towards what their offer does elsewhere and
    what their segment does with other offers: effect = overall + offer + segment + pair, each part normal with a variance told by the raw
    effects and their errors, which go together within a segment through its control (best linear prediction). A pair that was not tried, or
    too small to measure, gets overall + offer + segment.

    The variances are not taken as known: predictions are averaged over 7 x 7 x 7 standard deviations, from none to that of the raw effects,
    as likely as the raw effects make them (flat prior). One best guess is often exactly zero, and then no pair differs from another.

    Raises `DataError` where nobody got `nothing`, or nobody anything else.

    Source: DEFINITIONS.md section 3; Robinson, Statistical Science 6 (1991), for the prediction; Gelman, Bayesian
    Analysis 1 (2006), for flat priors of standard deviations.
    """
    names, tried = np.unique(segment).tolist(), [str(name) for name in np.unique(offer) if name != nothing]
    if nothing not in offer or not tried:
        raise DataError(
            f"segment effects: members with an offer and members with '{nothing}' are both needed; found {np.unique(offer).tolist()}."
        )
    wanted = sorted({*tried, *offers} - {nothing})
    values = np.asarray(outcome, dtype=np.float64)
    rows = []
    for one in names:
        for two in wanted:
            inside = (segment == one) & ((offer == two) | (offer == nothing))
            table = None if covariates is None else covariates[inside]
            found = lin_effect(values[inside], offer[inside] == two, table, least_arm=least_arm)
            measured = (found.estimate, found.standard_error, found.base, found.base_standard_error)
            rows.append((one, two, *measured, found.treated_count, found.control_count, found.reason))
    figures = ("raw_effect", "raw_standard_error", "base", "base_se")
    columns = ("segment", "offer", *figures, "treated_count", "control_count", "reason")
    raw = pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None).cast(dict.fromkeys(figures, pl.Float64))  # type: ignore[arg-type]
    if raw["raw_effect"].null_count() == raw.height:
        shrunk = raw.with_columns(*[pl.lit(None, pl.Float64).alias(name) for name in ("effect", "standard_error", "weight")])
    else:
        shrunk = _shrunk(raw)
    return shrunk.select(SEGMENT_EFFECTS.names()).cast(SEGMENT_EFFECTS)  # type: ignore[arg-type]


def _shrunk(raw: pl.DataFrame) -> pl.DataFrame:
    """Return the raw effects with `effect`, `standard_error` and `weight`.

    Shares of the base are shrunk, not money: an offer moves those who spend much by more money, and would seem to differ between segments.
    """
    usual = raw.select("segment", "base", pl.col("control_count").alias("n")).filter(pl.col("base") > 0)
    overall = float((usual["base"] * usual["n"]).sum() / max(int(usual["n"].sum()), 1)) or 1.0
    of_segment = usual.group_by("segment").agg(pl.col("base").mean().alias("unit"))
    unit = raw.join(of_segment, on="segment", how="left", maintain_order="left")["unit"].fill_null(overall).to_numpy()
    known = raw["raw_effect"].is_not_null().to_numpy()
    effect = raw["raw_effect"].to_numpy()[known] / unit[known]
    errors = _errors(raw.filter(pl.Series(known))) / np.outer(unit[known], unit[known])
    segment, offer = (raw[name].rank("dense").to_numpy() for name in ("segment", "offer"))
    alike = [offer[:, None] == offer, segment[:, None] == segment, np.eye(len(known), dtype=bool)]
    # A part without two pairs that differ in it cannot be told from the mean.
    several = [len(np.unique(offer[known])) > 1, len(np.unique(segment[known])) > 1, known.sum() > 2]
    top = float(effect.std())
    grids = [np.linspace(0, top, _STEPS) if part and top > 0 else np.zeros(1) for part in several]
    priors = (np.asarray(sum(sd**2 * part for sd, part in zip(each, alike, strict=True))) for each in product(*grids))
    predictions = [_predicted(effect, errors, known, prior) for prior in priors]
    support = np.array([found[0] for found in predictions])
    chance = np.exp(support - support.max())
    chance /= chance.sum()
    means, variances, kept = (np.array([found[part] for found in predictions]) for part in (1, 2, 3))
    mean = chance @ means
    variance = chance @ (variances + (means - mean) ** 2)
    return raw.with_columns(
        pl.Series("effect", mean * unit),
        pl.Series("standard_error", np.sqrt(variance) * unit),
        pl.Series("weight", chance @ kept),
    )


def _predicted(
    effect: np.ndarray, errors: np.ndarray, known: np.ndarray, prior: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Return, with the variances of the parts given: log likelihood (the mean integrated out), and for each pair prediction, its variance,
    and the share of its own raw effect in it."""
    total = prior[np.ix_(known, known)] + errors
    inverse = np.linalg.inv(total)
    ones = np.ones(len(effect))
    precision = float(ones @ inverse @ ones)
    centre = float(ones @ inverse @ effect) / precision
    away = effect - centre
    likelihood = -0.5 * (np.linalg.slogdet(total)[1] + np.log(precision) + away @ inverse @ away)
    carry = prior[:, known] @ inverse
    variance = np.diag(prior) - np.einsum("ij,ij->i", carry, prior[:, known]) + (1 - carry @ ones) ** 2 / precision
    kept = np.zeros(len(known))
    kept[known] = np.diag(carry[known])
    return float(likelihood), centre + carry @ away, np.maximum(variance, 0.0), kept


def _errors(raw: pl.DataFrame) -> np.ndarray:
    """Return the covariance of the raw effects' errors: within a segment they share the control."""
    own, base = raw["raw_standard_error"].to_numpy(), raw["base_se"].to_numpy()
    segment = raw["segment"].to_numpy()
    shared = np.where(segment[:, None] == segment, np.minimum(np.outer(base, base), 0.95 * np.outer(own, own)), 0.0)
    return np.where(np.eye(len(own), dtype=bool), own**2, shared)
