"""Life-time value: who is likely to buy again, and what is to be expected of them in money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.language import later, tr, word
from toolkit.portrait.measures.levels import UNKNOWN
from toolkit.portrait.measures.prospects import DECILES, prospect_models, prospects
from toolkit.portrait.measures.stages import lifecycle_stages
from toolkit.portrait.measures.takings import takings
from toolkit.portrait.rfm import rfm_scores
from toolkit.registry import question
from toolkit.scope.phrases import where
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

LEAST_AUC = 0.6
"""Under this the order of the members is little better than chance (0.5), and the figure says FAIL."""
MOST_CALIBRATION_ERROR = 0.03
SLOPE_WITHIN = (0.85, 1.15)
TOTAL_WITHIN = 0.07
"""Bars of DEFINITIONS.md section 1: within them a held-out forecast is a PASS."""

_BANDS = {"decile": "value_decile", "segment": "segment", "stage": "stage"}
_TITLES = {
    "decile": later("Expected spend by decile: {place}"),
    "segment": later("Expected spend by segment: {place}"),
    "stage": later("Expected spend by stage: {place}"),
}


@question(
    "portrait",
    "What are our members worth in the coming months?",
    words=(
        "life-time value, CLV, expected spend next quarter and next year",
        "who is likely to buy in the next 28 days, purchase probability",
        "forecast sales from members, future value",
        "生命周期价值 预测 复购概率",
    ),
)
def lifetime_value(view: View, *, by: Literal["decile", "segment", "stage"] = "decile") -> Finding:
    """Return what is expected of the members: one row per decile of expected spend, RFM segment or lifecycle stage.

    The probability of a purchase in the next 28 days and the spend of the next 91 and 365 days (settings lifetime_value.*) are learned from
    what followed the shop's own earlier snapshots; a sparse shop gets BG/NBD and Gamma-Gamma. They are the members' own, across the chain:
    a store's members may spend elsewhere. The notes say how the same method did on the last complete window, which it had not seen.

    Parameters
    ----------
    by
        `decile` (decile 1 = the tenth of the chain's members with the highest expected spend), `segment` (RFM) or `stage` (lifecycle).

    Returns
    -------
    Answer
        Table columns: `decile`, `segment` or `stage`; `member_count`, `member_share` (0..1); `purchase_probability` (mean, 0..1),
        `expected_buyers` (sum of the probabilities); `expected_spend_91d`, `expected_spend_365d` (currency units, sums; named after the
        horizons), `expected_spend_share` of the first; `spend_per_member` (currency units, the first over the members); `sales` of the
        period in the scope.

    Notes
    -----
    Sources: Fader, Hardie and Lee, Marketing Science 24 (2005) for BG/NBD and Gamma-Gamma; DEFINITIONS.md section 1.

    Example
    -------
    >>> tk.portrait.lifetime_value(ws, by="segment").table             # doctest: +SKIP
    """
    models = {row["figure"]: row for row in prospect_models(view).iter_rows(named=True)}
    members = _members(view, by)
    if members["purchase_probability"].count() + members["expected_spend"].count() == 0:
        return _unmeasured(view, members, models)
    table = _table(view, members, by)
    figures = {"expected_buyers": members["purchase_probability"].sum(), "expected_spend": _major(view, members["expected_spend"])}
    figures["expected_spend_year"] = _major(view, members["expected_spend_year"])
    return Finding(
        headline=_headline(view, members, table, by),
        table=table,
        chart=(lambda: _chart(view, table, by)) if members["expected_spend"].count() else None,
        notes=_notes(view, members, models),
        ask_next=[("portrait.lifetime_value", {"by": "segment" if by != "segment" else "stage"}), ("portrait.lifecycle", {})],
        figures={key: float(value) for key, value in figures.items() if value is not None},
    )


def _members(view: View, by: str) -> pl.DataFrame:
    members = takings(view).join(prospects(view), on="member_code", how="left", maintain_order="left")
    if by == "segment":
        named = rfm_scores(view).select("member_id", "segment").join(view.members.select("member_id", "member_code"), on="member_id")
        members = members.join(named.drop("member_id"), on="member_code", how="left", maintain_order="left")
    if by == "stage":
        members = members.join(lifecycle_stages(view).select("member_code", "stage"), on="member_code", how="left", maintain_order="left")
    return members.with_columns(pl.col(_BANDS[by]).fill_null(UNKNOWN).alias(by))


def _major(view: View, minor: pl.Series) -> float | None:
    return None if minor.count() == 0 else float(minor.sum()) / view.minor_units


def _names(view: View) -> tuple[str, str]:
    """Columns of the two horizons, named after them."""
    settings = view.settings.lifetime_value
    return f"expected_spend_{settings.spend_days}d", f"expected_spend_{settings.year_days}d"


def _table(view: View, members: pl.DataFrame, by: str) -> pl.DataFrame:
    short, long = _names(view)
    total = int(members["expected_spend"].sum() or 0)
    known = pl.col("expected_spend").count() > 0
    spend = pl.when(known).then(pl.col("expected_spend").sum())
    table = members.group_by(by).agg(
        pl.len().cast(pl.Int64).alias("member_count"),
        (pl.len() / members.height).alias("member_share"),
        pl.col("purchase_probability").mean(),
        pl.when(pl.col("purchase_probability").count() > 0).then(pl.col("purchase_probability").sum()).alias("expected_buyers"),
        view.major(spend).alias(short),
        view.major(pl.when(pl.col("expected_spend_year").count() > 0).then(pl.col("expected_spend_year").sum())).alias(long),
        (spend / total if total > 0 else pl.lit(None, pl.Float64)).alias("expected_spend_share"),
        view.major(pl.col("expected_spend").mean()).alias("spend_per_member"),
        view.major(pl.col("sales").sum()).alias("sales"),
    )
    if by == "decile":
        return table.sort(pl.col(by).replace_strict(list(DECILES), range(10), default=10))
    return table.sort(pl.col("expected_spend_share"), by, descending=[True, False], nulls_last=True)


def _headline(view: View, members: pl.DataFrame, table: pl.DataFrame, by: str) -> str:
    settings = view.settings.lifetime_value
    buyers, said = members["purchase_probability"].sum(), []
    if members["purchase_probability"].count():
        said.append(
            tr(
                "{buyers:,.0f} of {members} should buy in the next {purchase_days} days",
                buyers=buyers,
                members=wording.some(members.height, "member"),
                purchase_days=settings.purchase_days,
            )
        )
    if members["expected_spend"].count():
        said.append(
            tr(
                "{spend} can be expected of them in {spend_days} days",
                spend=view.money(int(members["expected_spend"].sum())),
                spend_days=settings.spend_days,
            )
        )
    if members["expected_spend_year"].count():
        said.append(tr("{spend} in {year_days}", spend=view.money(int(members["expected_spend_year"].sum())), year_days=settings.year_days))
    text = tr("{where}, {said}", where=where(view), said=wording.listing(said))
    if members["expected_spend"].sum():
        first = table.row(0, named=True)
        text += tr(
            "; {group} ({members}) holds {expected_spend_share} of the {spend_days} days' spend",
            group=word(first[by]),
            members=wording.some(first["member_count"], "member"),
            expected_spend_share=wording.share(first["expected_spend_share"]),
            spend_days=settings.spend_days,
        )
    return tr("{words}.", words=text)


def _notes(view: View, members: pl.DataFrame, models: dict[str, dict[str, Any]]) -> list[str | Note]:
    notes: list[str | Note] = [_purchase_note(view, models["purchase"])]
    notes += [_spend_note(view, models[figure], figure) for figure in ("spend", "year")]
    notes.append(
        tr(
            "Expectations are the members' own across the chain; sales are those of the scope in the period. They assume "
            "that the shop goes on as it did: unseen campaigns, prices and seasons are not in them. One member's figure "
            "is rough; plan with sums over many."
        )
    )
    silent = members.height - members["purchase_probability"].count()
    if silent and models["purchase"]["method"] != UNKNOWN:
        notes.append(Note(tr("{members} have no order yet (returns alone).", members=wording.some(silent, "member")), "NOT MEASURED"))
    return notes


def _purchase_note(view: View, model: dict[str, Any]) -> Note:
    days = view.settings.lifetime_value.purchase_days
    if model["method"] == UNKNOWN:
        return Note(tr("P(buys in {days} days): {reason}.", days=days, reason=model["reason"]), "NOT MEASURED")
    learned = {"logistic": tr("logistic regression"), "boosting": tr("boosted trees"), "btyd": "BG/NBD"}[model["method"]]
    grounds = (
        tr(" from {earlier_snapshots}", earlier_snapshots=wording.some(model["snapshot_count"], "earlier snapshot"))
        if model["snapshot_count"]
        else ""
    )
    opening = tr(
        "P(buys in {days} days) by {learned}{grounds} ({row_count:,} rows)",
        days=days,
        learned=learned,
        grounds=grounds,
        row_count=model["row_count"],
    )
    if model["auc"] is None:
        return Note(tr("{opening}; it could not be judged on a window it had not seen.", opening=opening), "REVIEW")
    sound = model["calibration_error"] <= MOST_CALIBRATION_ERROR and SLOPE_WITHIN[0] <= (model["slope"] or 0) <= SLOPE_WITHIN[1]
    text = tr(
        "{opening}. On the last complete window, not seen in learning (n = {held_out:,} members): AUC {auc:.2f}, calibration error "
        "{error}, slope {slope:.2f}; the least likely tenth stayed away {lift:.1f} times as often as all.",
        opening=opening,
        held_out=model["held_out_count"],
        auc=model["auc"],
        error=wording.share(model["calibration_error"]),
        slope=model["slope"],
        lift=model["lift"],
    )
    if model["auc"] < LEAST_AUC:
        return Note(text + tr(" That is little better than chance: do not choose members by it."), "FAIL")
    return Note(text if sound else text + tr(" Use the order of members rather than the probabilities."), "PASS" if sound else "REVIEW")


def _spend_note(view: View, model: dict[str, Any], figure: str) -> Note:
    settings = view.settings.lifetime_value
    opening = tr("Expected spend in {spend_days} days", spend_days=settings.spend_days if figure == "spend" else settings.year_days)
    if model["method"] == UNKNOWN:
        return Note(tr("{opening}: {reason}.", opening=opening, reason=model["reason"]), "NOT MEASURED")
    if model["reason"]:
        opening = tr("{opening}: {reason}", opening=opening, reason=model["reason"])
    if model["total_ratio"] is None:
        return Note(tr("{opening}. It could not be judged on a window it had not seen.", opening=opening), "REVIEW")
    off = model["total_ratio"] - 1
    window = tr("On the last complete window of {learned_days} days", learned_days=model["learned_days"])
    said = tr(
        "{opening}. {window} the total came out {off} on what was received",
        opening=opening,
        window=window,
        off=wording.change(off),
    )
    ranked = tr(", rank correlation {spearman:.2f}", spearman=model["spearman"]) if model["spearman"] is not None else ""
    sound = abs(off) <= TOTAL_WITHIN and model["method"] == "measured"
    text = tr("{said}{ranked} (n = {members:,} members).", said=said, ranked=ranked, members=model["row_count"])
    return Note(text, "PASS" if sound else "REVIEW")


def _unmeasured(view: View, members: pl.DataFrame, models: dict[str, dict[str, Any]]) -> Finding:
    seen = (view.as_of - view.first_day).days + 1
    reason = tr(
        "{days} of receipts up to {as_of}; {minimum_history_days} are needed",
        days=wording.some(seen, "day"),
        as_of=view.as_of,
        minimum_history_days=view.settings.lifetime_value.minimum_history_days,
    )
    if seen >= view.settings.lifetime_value.minimum_history_days:
        reason = models["purchase"]["reason"]
    return Finding(
        headline=tr(
            "{where}, life-time value is not measured: {reason} (n = {members}).",
            where=where(view),
            reason=reason,
            members=wording.some(members.height, "member"),
        ),
        table=pl.DataFrame(schema={"decile": pl.String, "member_count": pl.Int64, "purchase_probability": pl.Float64}),
        notes=[Note(tr("Life-time value: {reason}.", reason=reason), "NOT MEASURED")],
        ask_next=[("portrait.overview", {})],
    )


def _chart(view: View, table: pl.DataFrame, by: str) -> alt.Chart | alt.LayerChart:
    short, _ = _names(view)
    days = view.settings.lifetime_value.spend_days
    return ranked_bars(
        table.filter(pl.col(by) != UNKNOWN), label=by, value=short, n="member_count", kind="money", ranked=False,
        value_title=tr("Expected spend in {days} days, {currency}", days=days, currency=view.currency),
        title=tr(_TITLES[by], place=view.place),
        subtitle=tr("next {days} days from {as_of}, across the chain", days=days, as_of=view.as_of),
    )  # fmt: skip
