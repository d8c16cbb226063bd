"""What campaigns have measured about a method in a cell: lessons, pooled, and whether their interval supports it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from toolkit.ledger.lessons import read_lessons
from toolkit.models.partial_pooling import pool, pool_by_campaign, pooled_interval
from toolkit.scope.view import View

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
    margin goes before amount. Out: schema MEASURED, sorted. Campaigns are pooled by random effects (`models.partial_pooling`) on their
    effect as a share of what was expected without, so that windows of different lengths compare.
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
    rows = []
    for (segment, method, is_random, outcome), part in best.sort(*kind, "campaign_id").group_by(*kind, "outcome", maintain_order=True):
        estimates, errors, names = pool_by_campaign(*(part[name].to_list() for name in ("effect_share", "effect_share_se", "campaign_id")))
        pooled = pool(estimates.tolist(), errors.tolist())
        if pooled is None:
            continue
        low, high = pooled_interval(pooled, confidence)
        count = int((part["treated_count"] + part["control_count"]).sum())
        campaigns = ", ".join(str(name) for name in names)
        rows.append((segment, method, is_random, outcome, campaigns, pooled.count, count, pooled.mean, low, high, low > 0, high < 0))
    return pl.DataFrame(rows, schema=MEASURED, orient="row").sort(
        "segment", "randomised", "effect_share_low", "method", descending=[False, True, True, False]
    )


def lesson_sentence(view: View, row: Mapping[str, Any], ending: str = "", *, is_advised: bool = False) -> str:
    """Return a row of `measured_methods` in words: whom, what, how sure, which campaigns; and what follows.

    `ending` is "decides", "loses" (and `is_advised` still), "unsure" or "loose" (not randomised); "" = nothing follows.
    """
    return view.say(
        "{segment:word}: {method:word}, {effect_share:+.1%} {outcome:word} ({effect_share_low:+.1%} to {effect_share_high:+.1%}), campaign "
        "{campaigns}, [randomised?randomised|not randomised], n = {member_count:few}[decides? decides.][loses? loses[is_advised? and is "
        "still advised: choose another method in the playbook].][unsure?: no more than a guess, or another method did better.][loose?: not "
        "randomised, so it does not outrank the playbook.]",
        row, method=row["method"].replace("_", " "), is_advised=is_advised,
        **{name: name == ending for name in ("decides", "loses", "unsure", "loose")},
    )  # fmt: skip


def best_method(measured: pl.DataFrame) -> pl.DataFrame:
    """Return the method that outranks the playbook in each segment: rows of `measured_methods`, at most one per segment.

    Randomised lessons that support their method alone; of several methods the one with the highest lower limit.
    """
    return measured.filter("randomised", "supports").group_by("segment", maintain_order=True).first().match_to_schema(MEASURED)
