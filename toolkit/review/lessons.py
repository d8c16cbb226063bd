"""Lessons: what all reviewed campaigns teach together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr, value, word
from toolkit.ledger.campaigns import known_campaigns
from toolkit.ledger.lessons import read_lessons
from toolkit.models.partial_pooling import pool, pool_by_campaign, pooled_interval
from toolkit.registry import question
from toolkit.review.measures.learnt import unlearnt
from toolkit.review.measures.outcome import OUTCOMES
from toolkit.scope.view import View
from toolkit.wording import listing

if TYPE_CHECKING:
    import altair as alt

By = Literal["method", "segment", "category"]
Outcome = Literal["amount", "margin", "orders"]
_KEYS = ["method", "segment", "category", "randomised"]
POOLED = c.table(
    "one row per method, part and kind (randomised or not)",
    c.text("method"),
    c.text("segment", null="all members"),
    c.text("category", null="all goods"),
    c.flag("randomised", meaning="no: it was not, or nobody says"),
    c.count("campaign_count", "Campaigns"),
    c.members(meaning="both arms, summed over campaigns"),
    c.share("effect_share", "Measured effect", "extra of what was expected without, pooled"),
    c.share("effect_share_low", "at least (95%)"),
    c.share("effect_share_high", "at most (95%)"),
    c.share(
        "next_share_low", "Next one from", "where the effect of a further such campaign is to be expected", null="below three campaigns"
    ),
    c.share("next_share_high", "to"),
    c.share("shrunk_share", "Among its like", "pulled to what its method does elsewhere, as far as its own error demands"),
    c.text("reading", "How to read it"),
    c.text("campaigns", "Which campaigns"),
)


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
    tables=POOLED,
    figures=(c.count("lessons"), c.count("campaigns_learnt", "Campaigns learnt from")),
)
def lessons(view: View, *, by: By = "segment", outcome: Outcome = "amount") -> Finding:
    """Return the lessons known on the day, pooled over campaigns: one row per method, part and kind (randomised or not).

    Parameters
    ----------
    by
        `method`: all members together. `segment`: each segment of the matrix, beside all members. `category`: goods.
    outcome
        `amount` (sales), `margin` or `orders`. By category only sales are kept.

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
    shown = POOLED.of(pooled_lessons(usable, false_share=view.settings.review.false_share), view)
    missing = unlearnt(view, known_campaigns(view.workspace, up_to=view.as_of), known)
    return Finding(
        headline=_headline(view, shown, known, missing, chosen),
        table=shown,
        chart=(lambda: _chart(view, shown.frame, by, chosen)) if shown.height else None,
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
        whole = pool(estimates.tolist(), errors.tolist())
        if whole is None:
            continue
        low, high = pooled_interval(whole)
        rows.append(
            dict(zip(_KEYS, key, strict=True)) | {
                "campaign_count": whole.count,
                "member_count": int(part["treated_count"].sum()) + int(part["control_count"].sum()),
                "effect_share": whole.mean, "effect_share_low": low, "effect_share_high": high,
                "next_share_low": whole.next_low, "next_share_high": whole.next_high, "error": whole.standard_error,
                "campaigns": ", ".join(str(name) for name in names),
            }
        )  # fmt: skip
    schema = {name: dtype for name, dtype in POOLED.schema.items() if name not in ("shrunk_share", "reading")}
    table = pl.DataFrame(rows, schema={**schema, "error": pl.Float64})
    shrunk = _shrunk(table)
    return (
        shrunk.with_columns(_readings(shrunk, false_share))
        .select(POOLED.schema.names())
        .sort("randomised", "method", "segment", "category", descending=[True, False, False, False], nulls_last=False)
    )


def _shrunk(table: pl.DataFrame) -> pl.DataFrame:
    """Add what each part is worth when the other parts of its method and kind are listened to: parts pulled to their mean."""
    if table.is_empty():
        return table.with_columns(pl.lit(None, pl.Float64).alias("shrunk_share"))
    whole = pl.col("segment").is_null() & pl.col("category").is_null()
    tables = [table.filter(whole).with_columns(pl.col("effect_share").alias("shrunk_share"))]
    for part in table.filter(~whole).partition_by("method", "randomised", maintain_order=True):
        mean = pool(part["effect_share"].to_list(), part["error"].to_list())
        tables.append(part.with_columns(pl.Series("shrunk_share", mean.shrunk if mean else [], dtype=pl.Float64)))
    return pl.concat(tables)


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
        clear = value("works") if low > 0 else value("costs more than it brings") if high < 0 else ""
        words.append(value("not randomised: no proof") if not random else clear if clear and ok else value("not told apart from nothing"))
    return pl.Series("reading", words, dtype=pl.String)


def _headline(view: View, shown: AnswerTable, known: pl.DataFrame, missing: list[str], outcome: str) -> str:
    if known.is_empty():
        return view.say(
            "No campaign has been learnt from by {as_of}[; {count:campaign} could be reviewed ({few})].",
            count=len(missing),
            few=few_of(missing),
        )
    count = known["campaign_id"].n_unique()
    proven = shown.frame.filter(pl.col("randomised"), pl.col("category").is_null(), pl.col("effect_share").is_not_null())
    whole = proven.filter(pl.col("segment").is_null())
    ranked = (whole if whole.height else proven).sort("effect_share_low", "method", descending=[True, False])
    if ranked.is_empty():
        return view.say(
            "From {count:campaign} nothing is proven: none was randomised, or its checks forbid to learn from it. Hold out a random part "
            "next time.",
            count=count,
        )
    best = shown.cut(ranked).row()
    return view.say(
        "Of {count:campaign} [sure?the surest lesson: {method}[ for '{segment:word}'] brought {effect_share:+.1%} of {title:word}|none "
        "shows a method that surely brings {title:word}; the nearest is {method}[ for '{segment:word}']] (95% interval "
        "{effect_share_low:+.1%} to {effect_share_high:+.1%}; {campaign_count:randomised campaign}, n = {member_count} members).",
        best, count=count, sure=best["effect_share_low"] > 0, method=_method(best["method"]), title=OUTCOMES[outcome].title,
    )  # fmt: skip


def _method(name: str) -> str:
    """A method in a sentence: `full_reduction` is 'full reduction'."""
    return word(name.replace("_", " "))


def _notes(view: View, known: pl.DataFrame, usable: pl.DataFrame, missing: list[str], by: str, outcome: str) -> list[str | Note]:
    notes: list[str | Note] = []
    failed = known.filter(pl.col("verdict") == "FAIL")["campaign_id"].unique().sort().to_list()
    if failed:
        notes.append(Note(view.say("Left out, since their checks forbid a claim: {few}.", few=few_of(failed)), "REVIEW"))
    loose = usable.filter(~pl.col("randomised").fill_null(False))["campaign_id"].unique().sort().to_list()
    if loose:
        text = view.say("Not randomised, so no proof: {few}. They stand in rows of their own and never decide a plan.", few=few_of(loose))
        notes.append(Note(text, "REVIEW"))
    if missing:
        notes.append(
            view.say(
                "Not yet learnt from: {few}. Who keeps the workspace writes down what a campaign taught: `toolkit campaign lessons "
                "WORKSPACE ID`.",
                few=few_of(missing),
            )
        )
    if by == "category" and outcome != "amount":
        notes.append(tr("By category only sales are kept."))
    if usable.height and int(usable.group_by(_KEYS).agg(pl.col("campaign_id").n_unique())["campaign_id"].min() or 0) < 3:  # type: ignore[arg-type]
        text = tr("Rows of fewer than three campaigns cannot say how far campaigns differ: their intervals take them for alike.")
        notes.append(Note(text, "REVIEW"))
    notes.append(
        tr("Effects are shares of what was expected without the campaign, in its own weeks; what was pulled forward is not taken off.")
    )
    return notes


def few_of(names: list[str]) -> str:
    """Return names in a sentence, the first of them where they are many."""
    return listing(names) if len(names) <= 6 else tr("{names} and {more} more", names=tr(", ").join(names[:5]), more=len(names) - 5)


def _chart(view: View, table: pl.DataFrame, by: str, outcome: str) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    first = table.head(25)
    labels = [_label(view, row, by) for row in first.iter_rows(named=True)]
    return ranges(
        first.with_columns(pl.Series("label", labels, dtype=pl.String)), label="label", value="effect_share", low="effect_share_low",
        high="effect_share_high", n="member_count", kind="share1", reference=0.0,
        title=view.say("What campaigns brought: {title:word}", title=OUTCOMES[outcome].title),
        subtitle=view.say(
            "share of what was expected without, pooled over campaigns known by {as_of}[many?; the first {first} of {rows:row}]",
            many=table.height > first.height, first=first.height, rows=table.height,
        ),
        value_title=tr("Extra, share of expected"),
    )  # fmt: skip


def _label(view: View, row: dict[str, Any], by: str) -> str:
    """What a row of the picture is of: 'full reduction (not randomised): all members'."""
    parts = {
        "method": tr("all members"),
        "segment": word(row["segment"] or "") or tr("all members"),
        "category": row["category"] or tr("all goods"),
    }
    return view.say(
        "{method}[randomised?| (not randomised)]: {part}", randomised=row["randomised"], method=_method(row["method"]), part=parts[by]
    )
