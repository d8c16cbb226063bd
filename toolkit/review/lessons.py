"""Lessons: what all reviewed campaigns teach together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from toolkit.answer import Finding, Note
from toolkit.language import later, tr, value, word
from toolkit.ledger.campaigns import known_campaigns
from toolkit.ledger.lessons import read_lessons
from toolkit.models.partial_pooling import pool, pool_by_campaign, pooled_interval
from toolkit.registry import question
from toolkit.review.measures.learnt import unlearnt
from toolkit.review.measures.outcome import OUTCOMES
from toolkit.scope.view import View
from toolkit.wording import listing, share, some

if TYPE_CHECKING:
    import altair as alt

By = Literal["method", "segment", "category"]
Outcome = Literal["amount", "margin", "orders"]
_KEYS = ["method", "segment", "category", "randomised"]
_SCHEMA = {
    "method": pl.String, "segment": pl.String, "category": pl.String, "randomised": pl.Boolean, "campaign_count": pl.Int64,
    "member_count": pl.Int64, "effect_share": pl.Float64, "effect_share_low": pl.Float64, "effect_share_high": pl.Float64,
    "next_share_low": pl.Float64, "next_share_high": pl.Float64, "shrunk_share": pl.Float64, "reading": pl.String, "campaigns": pl.String,
}  # fmt: skip


@question(
    "review",
    "What have our campaigns taught us so far?",
    words=(
        "lessons of all campaigns pooled, which method works for whom",
        "what works: coupon, discount, full reduction, member day, by segment",
        "effect of methods over all campaigns with uncertainty",
        "经验总结 哪种活动有效",
        "what did we learn, lessons learned",
    ),
    minimum=False,
)
def lessons(view: View, *, by: By = "segment", outcome: Outcome = "amount") -> Finding:
    """Return the lessons known on the day, pooled over campaigns: one row per method, part and kind (randomised or not).

    Parameters
    ----------
    by
        `method`: all members together. `segment`: each segment of the matrix, beside all members. `category`: goods.
    outcome
        `amount` (sales), `margin` or `orders`. By category only sales are kept.

    Returns
    -------
    Answer
        Table columns: `method`; `segment` (null = all members); `category` (null = all goods); `randomised` (False = it was not, or
        nobody says); `campaign_count`, `member_count` (both arms, summed over campaigns); `effect_share` (extra of what was expected
        without, pooled) with its 95% interval `effect_share_low`, `effect_share_high`; `next_share_low`, `next_share_high` (where the
        effect of a further such campaign is to be expected; null below three campaigns); `shrunk_share` (pulled to what its method does
        elsewhere, as far as its own error demands); `reading`; `campaigns`.

    Notes
    -----
    Random effects over campaigns (`models.partial_pooling`), on effects as a share of the base, so that windows of different lengths
    compare. Parts are told apart from nothing only as far as Benjamini-Hochberg lets them. Campaigns whose checks forbid a claim are left
    out and named. Nothing learnt after as_of is seen.

    Example
    -------
    >>> tk.review.lessons(ws, by="method").table                        # doctest: +SKIP
    """
    known = read_lessons(view.workspace, before=view.as_of)
    chosen = "amount" if by == "category" else outcome
    usable = usable_lessons(known, chosen, by)
    table = pooled_lessons(usable, false_share=view.settings.review.false_share)
    missing = unlearnt(view, known_campaigns(view.workspace, up_to=view.as_of), known)
    return Finding(
        headline=_headline(view, table, known, missing, chosen),
        table=table,
        chart=(lambda: _chart(view, table, by, chosen)) if table.height else None,
        notes=_notes(view, known, usable, missing, by, outcome),
        ask_next=[("review.lessons", {"by": other}) for other in ("method", "segment", "category") if other != by]
        + ([("review.verdict", {"campaign_id": missing[0]})] if missing else []),
        figures={"lessons": known.height, "campaigns_learnt": known["campaign_id"].n_unique()},
    )


def usable_lessons(known: pl.DataFrame, outcome: str, by: str) -> pl.DataFrame:
    """Return the lessons to pool: of the outcome and kind, not forbidden by their checks, with an effect as a share of a base.

    Where a campaign has several offers of one method in a part, each is a lesson of its own; they are put together per campaign later.
    """
    part = {
        "method": pl.col("segment").is_null() & pl.col("category").is_null(),
        "segment": pl.col("category").is_null(),
        "category": pl.col("segment").is_null(),
    }[by]
    return known.filter(
        part,
        pl.col("outcome") == outcome,
        pl.col("verdict") != "FAIL",
        pl.col("effect_share").is_finite(),
        pl.col("effect_share_se") > 0,
    )


def pooled_lessons(usable: pl.DataFrame, *, false_share: float = 0.05) -> pl.DataFrame:
    """Return lessons pooled over campaigns: one row per method, segment, category and kind, randomised first, all members first."""
    rows = []
    usable = usable.with_columns(pl.col("randomised").fill_null(False))
    for key, part in usable.sort(*_KEYS, "campaign_id", nulls_last=False).partition_by(_KEYS, as_dict=True, maintain_order=True).items():
        estimates, errors, names = pool_by_campaign(
            part["effect_share"].to_list(), part["effect_share_se"].to_list(), part["campaign_id"].to_list()
        )
        found = pool(estimates.tolist(), errors.tolist())
        if found is None:
            continue
        low, high = pooled_interval(found)
        rows.append(
            dict(zip(_KEYS, key, strict=True)) | {
                "campaign_count": found.count,
                "member_count": int(part["treated_count"].sum()) + int(part["control_count"].sum()),
                "effect_share": found.mean, "effect_share_low": low, "effect_share_high": high,
                "next_share_low": found.next_low, "next_share_high": found.next_high, "error": found.standard_error,
                "campaigns": ", ".join(str(name) for name in names),
            }
        )  # fmt: skip
    table = pl.DataFrame(
        rows, schema={**{name: dtype for name, dtype in _SCHEMA.items() if name not in ("shrunk_share", "reading")}, "error": pl.Float64}
    )
    shrunk = _shrunk(table)
    return (
        shrunk.with_columns(_readings(shrunk, false_share))
        .select(_SCHEMA.keys())
        .sort("randomised", "method", "segment", "category", descending=[True, False, False, False], nulls_last=False)
    )


def _shrunk(table: pl.DataFrame) -> pl.DataFrame:
    """Add what each part is worth when the other parts of its method and kind are listened to: parts pulled to their mean."""
    if table.is_empty():
        return table.with_columns(pl.lit(None, pl.Float64).alias("shrunk_share"))
    whole = pl.col("segment").is_null() & pl.col("category").is_null()
    made = [table.filter(whole).with_columns(pl.col("effect_share").alias("shrunk_share"))]
    for part in table.filter(~whole).partition_by("method", "randomised", maintain_order=True):
        found = pool(part["effect_share"].to_list(), part["error"].to_list())
        made.append(part.with_columns(pl.Series("shrunk_share", found.shrunk if found else [], dtype=pl.Float64)))
    return pl.concat(made)


def _readings(table: pl.DataFrame, false_share: float) -> pl.Series:
    """Say in words what each row tells; of the many parts those that Benjamini-Hochberg lets pass."""
    from scipy.stats import false_discovery_control, norm

    chance = 2 * norm.sf((table["effect_share"].abs() / table["error"]).to_numpy())
    parts = (table["segment"].is_not_null() | table["category"].is_not_null()).to_numpy()
    passes = np.ones(table.height, dtype=bool)
    for kind in (True, False):
        judged = parts & (table["randomised"] == kind).to_numpy()
        if judged.any():
            passes[judged] = false_discovery_control(chance[judged]) <= false_share
    words = []
    for (low, high, random), ok in zip(
        table.select("effect_share_low", "effect_share_high", "randomised").iter_rows(), passes, strict=True
    ):
        told = value("works") if low > 0 else value("costs more than it brings") if high < 0 else ""
        words.append(value("not randomised: no proof") if not random else told if told and ok else value("not told apart from nothing"))
    return pl.Series("reading", words, dtype=pl.String)


def _headline(view: View, table: pl.DataFrame, known: pl.DataFrame, missing: list[str], outcome: str) -> str:
    if known.is_empty():
        waiting = (
            tr("; {campaigns} could be reviewed ({few})", campaigns=some(len(missing), "campaign"), few=few_of(missing)) if missing else ""
        )
        return tr("No campaign has been learnt from by {as_of}{waiting}.", as_of=view.as_of, waiting=waiting)
    count = some(known["campaign_id"].n_unique(), "campaign")
    proven = table.filter(pl.col("randomised"), pl.col("category").is_null())
    whole = proven.filter(pl.col("segment").is_null())
    told = whole if whole.height else proven
    if told.is_empty():
        return tr(
            "From {count} nothing is proven: none was randomised, or its checks forbid to learn from it. Hold out a random part next time.",
            count=count,
        )
    best = told.sort("effect_share_low", "method", descending=[True, False]).row(0, named=True)
    said = (
        later("Of {count} the surest lesson: {method}{whom} brought {brought} of {title} ({span}; {where_from}).")
        if best["effect_share_low"] > 0
        else later("Of {count} none shows a method that surely brings {title}; the nearest is {method}{whom} ({span}; {where_from}).")
    )
    return tr(
        said,
        count=count,
        method=_method(best["method"]),
        whom=tr(" for '{segment}'", segment=word(best["segment"])) if best["segment"] else "",
        brought=_signed(best["effect_share"]),
        title=word(OUTCOMES[outcome].title),
        span=tr("95% interval {low} to {high}", low=_signed(best["effect_share_low"]), high=_signed(best["effect_share_high"])),
        where_from=tr(
            "{campaigns}, n = {members:,} members",
            campaigns=some(best["campaign_count"], "randomised campaign"),
            members=best["member_count"],
        ),
    )


def _method(name: str) -> str:
    """A method in a sentence: `full_reduction` is 'full reduction'."""
    return word(name.replace("_", " "))


def _signed(value: float) -> str:
    return f"{'+' if value >= 0 else ''}{share(value)}"


def _notes(view: View, known: pl.DataFrame, usable: pl.DataFrame, missing: list[str], by: str, outcome: str) -> list[str | Note]:
    notes: list[str | Note] = []
    failed = known.filter(pl.col("verdict") == "FAIL")["campaign_id"].unique().sort().to_list()
    if failed:
        notes.append(Note(tr("Left out, since their checks forbid a claim: {few}.", few=few_of(failed)), "REVIEW"))
    loose = usable.filter(~pl.col("randomised").fill_null(False))["campaign_id"].unique().sort().to_list()
    if loose:
        notes.append(
            Note(
                tr("Not randomised, so no proof: {few}. They stand in rows of their own and never decide a plan.", few=few_of(loose)),
                "REVIEW",
            )
        )
    if missing:
        notes.append(
            tr(
                "Not yet learnt from: {few}. Who keeps the workspace writes down what a campaign taught: "
                "`toolkit campaign lessons WORKSPACE ID`.",
                few=few_of(missing),
            )
        )
    if by == "category" and outcome != "amount":
        notes.append(tr("By category only sales are kept."))
    if usable.height and int(usable.group_by(_KEYS).agg(pl.col("campaign_id").n_unique())["campaign_id"].min() or 0) < 3:  # type: ignore[arg-type]
        said = tr("Rows of fewer than three campaigns cannot say how far campaigns differ: their intervals take them for alike.")
        notes.append(Note(said, "REVIEW"))
    notes.append(
        tr("Effects are shares of what was expected without the campaign, in its own weeks; what was pulled forward is not taken off.")
    )
    return notes


def few_of(names: list[str]) -> str:
    """Return names in a sentence, the first of them where they are many."""
    return listing(names) if len(names) <= 6 else tr("{names} and {more} more", names=tr(", ").join(names[:5]), more=len(names) - 5)


def _chart(view: View, table: pl.DataFrame, by: str, outcome: str) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    shown = table.head(25)
    shown = shown.with_columns(pl.Series("label", [_label(row, by) for row in shown.iter_rows(named=True)], dtype=pl.String))
    return ranges(
        shown, label="label", value="effect_share", low="effect_share_low", high="effect_share_high", n="member_count", kind="share1",
        reference=0.0, title=tr("What campaigns brought: {title}", title=word(OUTCOMES[outcome].title)),
        subtitle=tr("share of what was expected without, pooled over campaigns known by {as_of}", as_of=view.as_of)
        + (tr("; the first {shown} of {rows}", shown=shown.height, rows=some(table.height, "row")) if table.height > shown.height else ""),
        value_title=tr("Extra, share of expected"),
    )  # fmt: skip


def _label(row: dict[str, Any], by: str) -> str:
    """What a row of the picture is of: 'full reduction (not randomised): all members'."""
    parts = {
        "method": tr("all members"),
        "segment": word(row["segment"] or "") or tr("all members"),
        "category": row["category"] or tr("all goods"),
    }
    said = later("{method}: {part}") if row["randomised"] else later("{method} (not randomised): {part}")
    return tr(said, method=_method(row["method"]), part=parts[by])
