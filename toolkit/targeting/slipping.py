"""Slipping: members whose next purchase has become unlikely, measured against their own past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.errors import BadValue
from toolkit.language import tr, trn, value, word
from toolkit.portrait.measures.prospects import prospect_models
from toolkit.registry import question
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.targeting.measures.rhythm import slipping_members
from toolkit.wording import share, some

if TYPE_CHECKING:
    import altair as alt

SURE = (value("very sure"), value("fairly sure"), value("not so sure"))
_SURE_AT = (0.2, 0.35)
"""Shares of the own past rate at which a member counts as very and as fairly sure to be slipping."""


@question(
    "targeting",
    "Who is slipping away, how sure are we, and what were they worth?",
    words=(
        "which members are about to be lost, at risk of leaving, churn",
        "who has stopped coming although they used to buy regularly",
        "members to win back before they are gone",
        "who is falling out of their habit",
        "流失预警 即将流失 谁在流失",
        "who is about to leave us",
    ),
)
def slipping(view: View, *, top: int = 100) -> Finding:
    """Return the members who are slipping away: one row per member, those with most money at stake first.

    A member slips when the probability of a purchase in the next 28 days (lifetime_value.purchase_days) is at most half (setting
    activity.slipping_share) of their own past rate: the share of the four-week windows of the year before in which they bought. Who bought
    in fewer than a quarter of them had no habit; who has not been seen for half a year (activity.gone_days) is gone and not listed.
    Probability and past are the member's own across the chain.

    Parameters
    ----------
    top
        Rows of the table at most; 0 = all. An audience of all of them: `audience="losing_touch"`.

    Returns
    -------
    Answer
        Table columns: `member_id`; `how_sure` (very sure: at most .2 of the past rate; fairly sure: .35; else not so sure);
        `purchase_probability` (0..1, within 28 days), `past_rate` (0..1), `windows_bought` of `windows`; `recency_days`; `spend_before`
        (currency units a quarter at the pace of the past), `expected_spend_91d` (currency units; named after the horizon),
        `at_stake_spend` (their difference, not below 0); `reachable` (null where the shop does not say who may be contacted).

    Raises
    ------
    BadValue
        `top` is below 0.

    Notes
    -----
    Days since the last order over the own gap, by itself, is not used: as a churn score it was the worst tried (AUC .68 on the Complete
    Journey). Source: DEFINITIONS.md section 2, activity.

    Example
    -------
    >>> tk.targeting.slipping(ws, store_id="367").table                 # doctest: +SKIP
    """
    if top < 0:
        raise BadValue(tr("targeting.slipping: top is {top}; a number of rows was needed, or 0 for all.", top=top))
    members = view.members.join(slipping_members(view), on="member_code", how="left", maintain_order="left")
    measured = members.filter(pl.col("is_slipping").is_not_null())
    if measured.is_empty():
        return _unmeasured(view, members)
    table = _table(view, measured.filter("is_slipping"))
    known = measured.filter(pl.col("past_rate") > 0)
    return Finding(
        headline=_headline(view, table, measured),
        table=table.head(top) if top else table,
        chart=(lambda: _chart(view, table)) if table.height else None,
        notes=_notes(view, members, measured, table, top),
        ask_next=[("portrait.overview", {"audience": "losing_touch"})] * bool(table.height)
        + [("targeting.activity", {}), ("portrait.lifecycle", {})],
        figures={
            "members_in_all": table.height,
            "slipping_member_share": table.height / known.height if known.height else 0.0,
            "at_stake_spend": float(table["at_stake_spend"].sum() or 0),
        },
    )


def _table(view: View, members: pl.DataFrame) -> pl.DataFrame:
    short = f"expected_spend_{view.settings.lifetime_value.spend_days}d"
    sure = (
        pl.when(pl.col("rate_ratio") <= _SURE_AT[0]).then(pl.lit(SURE[0]))
        .when(pl.col("rate_ratio") <= _SURE_AT[1]).then(pl.lit(SURE[1]))
        .otherwise(pl.lit(SURE[2]))
    )  # fmt: skip
    reachable = pl.col("contactable").fill_null(False) if view.has_column("members", "contactable") else pl.lit(None, pl.Boolean)
    return members.select(
        "member_id",
        sure.alias("how_sure"),
        "purchase_probability",
        "past_rate",
        pl.col("window_bought_count").alias("windows_bought"),
        pl.col("window_count").alias("windows"),
        "recency_days",
        view.major("spend_before").alias("spend_before"),
        view.major("expected_spend").alias(short),
        view.major((pl.col("spend_before") - pl.col("expected_spend").fill_null(0)).clip(0, None)).alias("at_stake_spend"),
        reachable.alias("reachable"),
    ).sort("at_stake_spend", "member_id", descending=[True, False])


def _headline(view: View, table: pl.DataFrame, measured: pl.DataFrame) -> str:
    days, quarter = view.settings.lifetime_value.purchase_days, view.settings.lifetime_value.spend_days
    if table.is_empty():
        return tr(
            "{where}, none of {members} with a past to judge by is slipping away.",
            where=where(view),
            members=some(measured.height, "member"),
        )
    usual, likely = float(table["past_rate"].sum()), float(table["purchase_probability"].sum())
    at_stake = wording.money(float(table["at_stake_spend"].sum()), view.currency)
    return trn(
        "{where}, {members} of {judged:,} with a past to judge by is slipping away: in {days} days some "
        "{usual:,.0f} of them used to buy, now {likely:,.0f} are likely to; {at_stake} in {quarter} days is at stake.",
        "{where}, {members} of {judged:,} with a past to judge by are slipping away: in {days} days some "
        "{usual:,.0f} of them used to buy, now {likely:,.0f} are likely to; {at_stake} in {quarter} days is at stake.",
        table.height,
        where=where(view),
        members=some(table.height, "member"),
        judged=measured.height,
        days=days,
        usual=usual,
        likely=likely,
        at_stake=at_stake,
        quarter=quarter,
    )


def _notes(view: View, members: pl.DataFrame, measured: pl.DataFrame, table: pl.DataFrame, top: int) -> list[str | Note]:
    settings, notes = view.settings.activity, list[str | Note]()
    days = view.settings.lifetime_value.purchase_days
    if table.height:
        counts = dict(table.group_by("how_sure").len().iter_rows())
        said = wording.listing([tr("{members:,} {how_sure}", members=counts[name], how_sure=word(name)) for name in SURE if name in counts])
        notes.append(
            tr("How sure: {said}. Probabilities are not certainties: some of these members will come back by themselves.", said=said)
        )
    model = {row["figure"]: row for row in prospect_models(view).iter_rows(named=True)}["purchase"]
    if model["auc"] is not None:
        notes.append(
            tr(
                "P(buys in {days} days) on the last complete window, not seen in learning (n = {members:,} members): AUC {auc:.2f}, "
                "calibration error {error}.",
                days=days,
                members=model["held_out_count"],
                auc=model["auc"],
                error=share(model["calibration_error"]),
            )
        )
    else:
        notes.append(Note(tr("P(buys in {days} days) could not be judged on a window it had not seen.", days=days), "REVIEW"))
    if top and table.height > top:
        notes.append(
            tr(
                'The table lists {top:,} of {members:,} members; top=0 lists all, and audience="losing_touch" addresses all.',
                top=top,
                members=table.height,
            )
        )
    gone = measured.filter(pl.col("recency_days") > settings.gone_days).height
    short = members.height - measured.height
    notes.append(
        tr(
            "Not judged: {not_judged} with fewer than {minimum_windows} whole windows of {days} days since their first "
            "order. Not listed: {gone} not seen for more than {gone_days} days: gone.",
            not_judged=some(short, "member"),
            minimum_windows=settings.minimum_windows,
            days=days,
            gone=some(gone, "member"),
            gone_days=settings.gone_days,
        )
    )
    if view.has_column("members", "contactable"):
        notes.append(
            tr("{members} of {listed:,} may be contacted.", members=some(int(table["reachable"].sum()), "member"), listed=table.height)
        )
    else:
        notes.append(
            Note(view.missing("members", "contactable", tr("who may be contacted")).removeprefix(tr("Not measured: ")), "NOT MEASURED")
        )
    notes.append(
        tr("Spend at the pace of the past counts the windows before the latest one; seasons and price changes are in it as they were.")
    )
    return notes


def _unmeasured(view: View, members: pl.DataFrame) -> Finding:
    settings = view.settings.activity
    reason = tr(
        "none of {members} has {minimum_windows} whole windows of {purchase_days} days behind them and a purchase probability",
        members=some(members.height, "member"),
        minimum_windows=settings.minimum_windows,
        purchase_days=view.settings.lifetime_value.purchase_days,
    )
    return Finding(
        headline=tr("{where}, slipping is not measured: {reason}.", where=where(view), reason=reason),
        table=_table(view, members.clear()),
        notes=[Note(tr("Slipping: {reason}.", reason=reason), "NOT MEASURED")],
        ask_next=[("portrait.lifecycle", {})],
    )


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    groups = table.group_by("how_sure").agg(pl.len().cast(pl.Int64).alias("member_count"), pl.col("at_stake_spend").sum())
    order = {name: place for place, name in enumerate(SURE)}
    return ranked_bars(
        groups.sort(pl.col("how_sure").replace_strict(order)),
        label="how_sure",
        value="at_stake_spend",
        n="member_count",
        kind="money",
        ranked=False,
        title=tr("Spend at stake with members who slip away: {place}", place=view.place),
        subtitle=tr(
            "next {spend_days} days from {as_of}, by how sure we are", spend_days=view.settings.lifetime_value.spend_days, as_of=view.as_of
        ),
        value_title=tr("At stake, {currency}", currency=view.currency),
    )
