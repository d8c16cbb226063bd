"""Life-time value: who is likely to buy again, and what is to be expected of them in money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.columns import AnswerTable, Table
from toolkit.language import later, tr
from toolkit.portrait.measures.levels import UNKNOWN
from toolkit.portrait.measures.prospects import DECILES, known_since, panel_notes, prospect_models, prospects
from toolkit.portrait.measures.stages import lifecycle_stages
from toolkit.portrait.measures.takings import takings
from toolkit.portrait.rfm import rfm_scores
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.interruptions import anew_since, new_ids_on
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

LEAST_AUC = 0.6
"""Under this the order of the members is little better than chance (0.5), and the figure says FAIL."""
MOST_CALIBRATION_ERROR = 0.03
SLOPE_WITHIN = (0.85, 1.15)
TOTAL_WITHIN = 0.07
HELD_WITHIN = (0.85, 1.15)
"""What was promised over what came, at the same season of a year before, for a forecast that passes."""
"""Bars of DEFINITIONS.md section 1: within them a held-out forecast is a PASS."""

By = Literal["decile", "segment", "stage"]
_BANDS: dict[By, str] = {"decile": "value_decile", "segment": "segment", "stage": "stage"}
_TITLES: dict[By, str] = {
    "decile": later("Expected spend by decile: {place}"),
    "segment": later("Expected spend by segment: {place}"),
    "stage": later("Expected spend by stage: {place}"),
}
_HORIZONS = {91: "Expected spend, 91 days", 365: "Expected spend, 365 days"}


_RECKONED = later("The weeks [ahead?before|after] {feast:word}, {feast_on}, are compared with those [ahead?before|after] {feast_then}.")
_MOVED = later(
    "The highest weeks of a year ago lay around {feast:word}, {feast_then}; it is on {feast_on} now, so the same weeks are not like the "
    "coming ones. If the shop keeps it, name it in the setting calendar.holidays: the weeks around it are then compared."
)


def _horizon(days: int) -> str:
    return f"expected_spend_{days}d"


def _groups(by: By, spend_days: int = 91, year_days: int = 365) -> Table:
    rows = {"decile": "one row per decile of expected spend", "segment": "one row per RFM segment", "stage": "one row per lifecycle stage"}
    return c.table(
        rows[by],
        c.text(by),
        c.members(),
        c.share("member_share", "Share of members"),
        c.share("purchase_probability", "Probability of a purchase", "mean"),
        c.count("expected_buyers", "Expected buyers", "sum of the probabilities", dtype=pl.Float64),
        c.money(_horizon(spend_days), _HORIZONS.get(spend_days, ""), "sum; named after the horizon"),
        c.money(_horizon(year_days), _HORIZONS.get(year_days, ""), "sum; named after the horizon"),
        c.share("expected_spend_share", "Expected spend share", "of the first of these"),
        c.money("spend_per_member", "Spend per member", "the first of these, over the members"),
        c.money("sales", "Sales", "of the period in the scope"),
    )


BY_DECILE, BY_SEGMENT, BY_STAGE = _groups("decile"), _groups("segment"), _groups("stage")


@question(
    "portrait",
    "What are our members worth in the coming months?",
    words=(
        "life-time value, CLV, expected spend next quarter and next year",
        "who is likely to buy in the next 28 days, purchase probability",
        "forecast sales from members, future value",
        "生命周期价值 预测 复购概率",
    ),
    tables=(BY_DECILE, BY_SEGMENT, BY_STAGE),
    figures=(
        c.count("expected_buyers", "Expected buyers"),
        c.money("expected_spend", "Expected spend"),
        c.money("expected_spend_year", "Expected spend, 365 days"),
    ),
)
def lifetime_value(view: View, *, by: By = "decile") -> Finding:
    """Return what is expected of the members: one row per decile of expected spend, RFM segment or lifecycle stage.

    The probability of a purchase in the next 28 days and the spend of the next 91 and 365 days (settings lifetime_value.*) are learned from
    what followed the shop's own earlier snapshots; a sparse shop gets BG/NBD and Gamma-Gamma. They are the members' own, across the chain:
    a store's members may spend elsewhere. The notes say how the same method did on the last complete window, which it had not seen.

    Parameters
    ----------
    by
        `decile` (decile 1 = the tenth of the chain's members with the highest expected spend), `segment` (RFM) or `stage` (lifecycle).

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
        return _unmeasured(view, by, members, models)
    shown = _table(view, members, by)
    buyers, spend, year = (
        float(members[name].sum()) if members[name].count() else None
        for name in ("purchase_probability", "expected_spend", "expected_spend_year")
    )
    return Finding(
        headline=view.say(
            "{where}, [has_buyers?{buyers:,.0f} of {all:member} should buy in the next {lifetime_value.purchase_days} days][is_list?, ]"
            "[is_pair? and ][has_spend?{spend:minor} can be expected of them in {lifetime_value.spend_days} days][has_year? and "
            "{year:minor} in {lifetime_value.year_days}][; {group:word} ({member_count:member}) holds {expected_spend_share} of the "
            "{lifetime_value.spend_days} days' spend].[one_season? One season was seen: whether the coming weeks are like the last ones "
            "cannot be told.][moved? {moved:word} moves, from {moved_then} to {moved_on}: whether the coming weeks are like those of a "
            "year ago cannot be told.]",
            shown.row(), **_moved(models), all=members.height, buyers=buyers, spend=spend, year=year, group=shown.frame[by][0],
            has_buyers=buyers is not None, has_spend=spend is not None, has_year=year is not None,
            one_season="one season" in (models["purchase"]["season"], models["year"]["season"]),
            is_list=None not in (buyers, spend, year), is_pair=None not in (buyers, spend) and year is None,
        ),
        table=shown,
        chart=(lambda: _chart(view, shown, by)) if spend is not None else None,
        notes=_notes(view, members, models),
        ask_next=[("portrait.lifetime_value", {"by": "segment" if by != "segment" else "stage"}), ("portrait.lifecycle", {})],
        figures={
            "expected_buyers": buyers,
            "expected_spend": None if spend is None else spend / view.minor_units,
            "expected_spend_year": None if year is None else year / view.minor_units,
        },
    )  # fmt: skip


def _members(view: View, by: By) -> pl.DataFrame:
    members = takings(view).join(prospects(view), on="member_code", how="left", maintain_order="left")
    if by == "segment":
        named = rfm_scores(view).select("member_id", "segment").join(view.members.select("member_id", "member_code"), on="member_id")
        members = members.join(named.drop("member_id"), on="member_code", how="left", maintain_order="left")
    if by == "stage":
        members = members.join(lifecycle_stages(view).select("member_code", "stage"), on="member_code", how="left", maintain_order="left")
    return members.with_columns(pl.col(_BANDS[by]).fill_null(UNKNOWN).alias(by))


def _table(view: View, members: pl.DataFrame, by: By) -> AnswerTable:
    settings = view.settings.lifetime_value
    total = int(members["expected_spend"].sum() or 0)
    spend, year, probabilities = (
        pl.when(pl.col(name).count() > 0).then(pl.col(name).sum())
        for name in ("expected_spend", "expected_spend_year", "purchase_probability")
    )
    frame = members.group_by(by).agg(
        pl.len().alias("member_count"),
        (pl.len() / members.height).alias("member_share"),
        pl.col("purchase_probability").mean(),
        probabilities.alias("expected_buyers"),
        view.major(spend).alias(_horizon(settings.spend_days)),
        view.major(year).alias(_horizon(settings.year_days)),
        (spend / total if total > 0 else pl.lit(None, pl.Float64)).alias("expected_spend_share"),
        view.major(pl.col("expected_spend").mean()).alias("spend_per_member"),
        view.major(pl.col("sales").sum()).alias("sales"),
    )
    if by == "decile":
        frame = frame.sort(pl.col(by).replace_strict(list(DECILES), range(10), default=10))
    else:
        frame = frame.sort(pl.col("expected_spend_share"), by, descending=[True, False], nulls_last=True)
    return _groups(by, settings.spend_days, settings.year_days).of(frame, view)


def _notes(view: View, members: pl.DataFrame, models: dict[str, dict[str, Any]]) -> list[str | Note]:
    settings = view.settings.lifetime_value
    notes: list[str | Note] = [
        _purchase_note(view, models["purchase"]),
        _spend_note(view, models["spend"], settings.spend_days),
        _spend_note(view, models["year"], settings.year_days),
        *_feast_notes(view, models),
        *panel_notes(view, models["purchase"]),
        tr(
            "Expectations are the members' own across the chain; sales are those of the scope in the period. They assume "
            "that the shop goes on as it did: unseen campaigns and prices are not in them, and a season only where the same weeks of a "
            "year ago are in the receipts. One member's figure is rough; plan with sums over many."
        ),
    ]
    silent = members.height - members["purchase_probability"].count()
    if silent and models["purchase"]["method"] != UNKNOWN:
        notes.append(
            Note(
                view.say(
                    "{silent:member} have no order yet (returns alone), none since the receipts began anew, or their store, channel or "
                    "source fell silent or their id was replaced: nothing is expected of them here.",
                    silent=silent,
                ),
                "NOT MEASURED",
            )
        )
    return notes


def _purchase_note(view: View, model: dict[str, Any]) -> Note:
    if model["method"] == UNKNOWN:
        return Note(view.say("P(buys in {lifetime_value.purchase_days} days): {reason}.", model), "NOT MEASURED")
    is_judged = model["auc"] is not None
    is_sound = (
        is_judged and model["calibration_error"] <= MOST_CALIBRATION_ERROR and SLOPE_WITHIN[0] <= (model["slope"] or 0) <= SLOPE_WITHIN[1]
    )
    is_chance = is_judged and model["auc"] < LEAST_AUC
    text = view.say(
        "P(buys in {lifetime_value.purchase_days} days) by {learned}[ from {snapshot_count:earlier snapshot}] ({row_count} "
        "rows)[is_judged?. On the last complete window, not seen in learning (n = {held_out_count} members): AUC {auc:.2f}, "
        "calibration error {calibration_error:share}, slope {slope:.2f}; the least likely tenth stayed away {lift:.1f} times as often "
        "as all.|; it could not be judged on a window it had not seen.][is_chance? That is little better than chance: do not choose "
        "members by it.][is_rough? Use the order of members rather than the probabilities.] {season}",
        model, is_judged=is_judged, is_chance=is_chance, is_rough=is_judged and not is_chance and not is_sound, season=_season(view, model),
        learned={"logistic": tr("logistic regression"), "boosting": tr("boosted trees"), "btyd": "BG/NBD"}[model["method"]],
    )  # fmt: skip
    return Note(text, "FAIL" if is_chance else "PASS" if is_sound and _held(model) else "REVIEW")


def _held(model: dict[str, Any]) -> bool:
    """Whether the same way was right at the same season of a year before."""
    return model["season"] != "moved" and model["season_held"] is not None and HELD_WITHIN[0] <= model["season_held"] <= HELD_WITHIN[1]


def _moved(models: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the holiday that moved and that the shop does not say it keeps, with its dates; nulls without one."""
    model = next((one for one in models.values() if one["season"] == "moved"), {})
    return {"moved": model.get("feast"), "moved_on": model.get("feast_on"), "moved_then": model.get("feast_then")}


def _season(view: View, model: dict[str, Any]) -> str:
    if model["season"] is None:
        return view.say("A year holds every season.")
    status, held = model["season"], model["season_held"]
    return view.say(
        "[one_season?One season was seen, so whether the coming weeks are like the last ones cannot be told.][seasonal?The same weeks of a "
        "year ago were unlike those before them, so the level is learned from them.][flat?The same weeks of a year ago show no season.]"
        "[held? Asked at this season a year before, it promised {season_held:.2f} times what came.][unheld? At this season a year before "
        "too little was known to promise anything in the same way.]",
        model, one_season=status == "one season", seasonal=status == "seasonal", flat=status == "none",
        held=held is not None, unheld=held is None and status != "one season",
    )  # fmt: skip


def _feast_notes(view: View, models: dict[str, dict[str, Any]]) -> list[str | Note]:
    """Return the holidays that the weeks of a year ago were chosen by, each once, and the one that moved unreckoned."""
    told: dict[Any, str | Note] = {}
    for model in models.values():
        if model["feast"] is None:
            continue
        text = view.say(_MOVED if model["season"] == "moved" else _RECKONED, model, ahead=model["feast_on"] > view.as_of)
        told.setdefault(model["feast_on"], Note(text, "REVIEW") if model["season"] == "moved" else text)
    return list(told.values())


def _spend_note(view: View, model: dict[str, Any], days: int) -> Note:
    if model["method"] == UNKNOWN:
        return Note(view.say("Expected spend in {days} days: {reason}.", model, days=days), "NOT MEASURED")
    if model["total_ratio"] is None:
        text = view.say("Expected spend in {days} days[: {reason}]. It could not be judged on a window it had not seen.", model, days=days)
        return Note(text, "REVIEW")
    off = model["total_ratio"] - 1
    text = view.say(
        "Expected spend in {days} days[: {reason}]. On the last complete window of {learned_days} days the total came out {off:change} on "
        "what was received[, rank correlation {spearman:.2f}] (n = {row_count} members).[other_season? That window was of another season: "
        "it does not say on which side the coming one errs.] {season}",
        model, days=days, off=off, season=_season(view, model), other_season=model["season"] not in (None, "none"),
    )  # fmt: skip
    is_sound = abs(off) <= TOTAL_WITHIN and model["method"] == "measured"
    return Note(text, "PASS" if is_sound and (model["season"] is None or _held(model)) else "REVIEW")


def _unmeasured(view: View, by: By, members: pl.DataFrame, models: dict[str, dict[str, Any]]) -> Finding:
    since = known_since(view)
    seen = (view.as_of - since).days + 1
    reason = models["purchase"]["reason"]
    if seen < view.settings.lifetime_value.minimum_history_days:
        reason = view.say(
            "{seen:day} of receipts up to {as_of}[new_ids? since members were given new ids on {since}][anew? since they began anew on "
            "{since}, after a long time without any]; {lifetime_value.minimum_history_days:d} are needed",
            seen=seen, since=since, new_ids=since == new_ids_on(view), anew=since == anew_since(view),
        )  # fmt: skip
    return unmeasured(
        _groups(by),
        view.say("{where}, life-time value is not measured: {reason} (n = {all:member}).", reason=reason, all=members.height),
        view.say("Life-time value: {reason}.", reason=reason),
        ask_next=[("portrait.overview", {})],
    )


def _chart(view: View, shown: AnswerTable, by: By) -> alt.Chart | alt.LayerChart:
    days = view.settings.lifetime_value.spend_days
    return ranked_bars(
        shown.frame.filter(pl.col(by) != UNKNOWN), label=by, value=_horizon(days), n="member_count", kind="money", ranked=False,
        value_title=view.say("Expected spend in {days} days, {currency}", days=days),
        title=view.say(_TITLES[by]),
        subtitle=view.say("next {days} days from {as_of}, across the chain", days=days),
    )  # fmt: skip
