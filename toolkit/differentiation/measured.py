"""What campaigns have measured about a method in a cell: lessons, pooled, and whether their interval supports it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from scipy.stats import norm

from toolkit.ledger.lessons import read_lessons
from toolkit.mart.view import View

MEASURED = pl.Schema(
    {
        "segment": pl.String,
        "method": pl.String,
        "randomised": pl.Boolean,  # null = not said: counts as not randomised
        "outcome": pl.String,  # margin where a lesson has it, else amount
        "campaigns": pl.String,
        "campaign_count": pl.Int64,
        "member_count": pl.Int64,  # treated and control
        "effect_share": pl.Float64,  # of what was expected without
        "effect_share_low": pl.Float64,
        "effect_share_high": pl.Float64,
        "supports": pl.Boolean,  # interval above zero
        "refutes": pl.Boolean,  # interval below zero
    }
)
_FAILED = "FAIL"


def lessons_known(view: View) -> pl.DataFrame:
    """Return the lessons known on the view's day (schema LESSONS of the ledger): none that was learnt after it."""
    return read_lessons(view.workspace, before=view.as_of)


def measured_methods(lessons: pl.DataFrame, segments: Sequence[str], *, confidence: float = 0.95) -> pl.DataFrame:
    """Return what each method was measured to do in each segment: one row per segment, method and kind (randomised or not) with a lesson.

    In: lessons (columns of the ledger's LESSONS), the segments wanted. A lesson of the segment itself goes before one of all members; with
    both, the latter is left out. Lessons about one category, and those whose verdict is FAIL, say nothing of a method and are left out;
    margin goes before amount. Out: schema MEASURED, sorted. Campaigns are pooled by random effects on their effect as a share of what was
    expected without, so that windows of different lengths compare.

    Source: DerSimonian and Laird, Controlled Clinical Trials 7 (1986), 177-188.
    """
    usable = lessons.filter(
        pl.col("category").is_null()
        & pl.col("outcome").is_in(["margin", "amount"])
        & (pl.col("verdict").fill_null("") != _FAILED)
        & pl.col("effect_share").is_finite()
        & (pl.col("effect_share_se") > 0)
    ).with_columns(pl.col("randomised").fill_null(False).alias("is_random"))
    # A campaign that speaks of a method as a whole is not counted again for each of its offers.
    whole = pl.col("offer").is_null()
    usable = usable.filter(whole == whole.any().over("campaign_id", "method", "segment", "outcome"))
    if usable.is_empty() or not len(segments):
        return pl.DataFrame(schema=MEASURED)
    cells = pl.DataFrame({"cell": pl.Series(list(segments), dtype=pl.String)})
    own = cells.join(usable, left_on="cell", right_on="segment").with_columns(pl.lit(True).alias("is_own"))
    general = usable.filter(pl.col("segment").is_null()).drop("segment")
    both = pl.concat([own, cells.join(general, how="cross").with_columns(pl.lit(False).alias("is_own"))], how="diagonal_relaxed")
    kind = ["cell", "method", "is_random"]
    best = both.filter(pl.col("is_own") == pl.col("is_own").any().over(kind))
    best = best.filter((pl.col("outcome") == "margin") == (pl.col("outcome") == "margin").any().over(kind))
    pooled = _pooled(best.sort(*kind, "campaign_id"), [*kind, "outcome"])
    reach = float(norm.ppf(0.5 + confidence / 2))
    low, high = pl.col("effect") - reach * pl.col("error"), pl.col("effect") + reach * pl.col("error")
    return (
        pooled.with_columns(low.alias("low"), high.alias("high"))
        .select(
            pl.col("cell").alias("segment"),
            "method",
            pl.col("is_random").alias("randomised"),
            "outcome",
            "campaigns",
            "campaign_count",
            "member_count",
            pl.col("effect").alias("effect_share"),
            pl.col("low").alias("effect_share_low"),
            pl.col("high").alias("effect_share_high"),
            (pl.col("low") > 0).alias("supports"),
            (pl.col("high") < 0).alias("refutes"),
        )
        .cast(MEASURED)
        .sort("segment", "randomised", "effect_share_low", "method", descending=[False, True, True, False])
    )


def _pooled(lessons: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Random effects: precision weights, with what campaigns differ by beyond their errors added to each variance."""
    weight, effect = pl.col("weight"), pl.col("effect_share")
    weighed = lessons.with_columns((1 / pl.col("effect_share_se") ** 2).alias("weight"))
    fixed = weighed.with_columns(((weight * effect).sum().over(keys) / weight.sum().over(keys)).alias("centre"))
    total, squares = weight.sum().over(keys), (weight**2).sum().over(keys)
    excess = (weight * (effect - pl.col("centre")) ** 2).sum().over(keys) - (pl.len().over(keys) - 1)
    spread = total - squares / total
    between = pl.when((spread > 1e-12) & (excess > 0)).then(excess / spread).otherwise(0.0)
    mixed = fixed.with_columns((1 / (pl.col("effect_share_se") ** 2 + between)).alias("weight"))
    return mixed.group_by(keys, maintain_order=True).agg(
        ((weight * effect).sum() / weight.sum()).alias("effect"),
        (1 / weight.sum()).sqrt().alias("error"),
        pl.col("campaign_id").unique(maintain_order=True).str.join(", ").alias("campaigns"),
        pl.col("campaign_id").n_unique().cast(pl.Int64).alias("campaign_count"),
        (pl.col("treated_count") + pl.col("control_count")).sum().cast(pl.Int64).alias("member_count"),
    )


def best_method(measured: pl.DataFrame) -> pl.DataFrame:
    """Return the method that outranks the playbook in each segment: rows of `measured_methods`, at most one per segment.

    Randomised lessons that support their method alone; of several methods the one with the highest lower limit.
    """
    return measured.filter("randomised", "supports").group_by("segment", maintain_order=True).first().match_to_schema(MEASURED)
