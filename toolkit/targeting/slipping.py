"""Slipping: members whose next purchase has become unlikely, measured against their own past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable, Table
from toolkit.errors import require_rows
from toolkit.language import tr, value
from toolkit.portrait.measures.prospects import prospect_models
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.interruptions import cut_off
from toolkit.scope.phrases import not_measured
from toolkit.scope.view import View
from toolkit.targeting.measures.member_list import member_table
from toolkit.targeting.measures.rhythm import slipping_members
from toolkit.wording import listing

if TYPE_CHECKING:
    import altair as alt

SURE = (value("very sure"), value("fairly sure"), value("not so sure"))
_SURE_AT = (0.2, 0.35)
"""Shares of the own past rate at which a member counts as very and as fairly sure to be slipping."""


def _members_table(spend_days: int) -> Table:
    """The table's declaration: a column is named after the horizon (lifetime_value.spend_days)."""
    return member_table(
        c.text("how_sure", "How sure", "very sure: at most .2 of the past rate; fairly sure: .35; else not so sure"),
        c.share("purchase_probability", "Probability of a purchase", "within 28 days (lifetime_value.purchase_days)"),
        c.share("past_rate", "Past rate", "share of their own past windows with a purchase"),
        c.count("windows_bought", "Windows with a purchase"),
        c.count("windows", "Windows"),
        c.days("recency_days", "Days since last order", dtype=pl.Int64),
        c.money("spend_before", "Spend before", "a quarter (lifetime_value.spend_days) at the pace of the past"),
        c.money(f"expected_spend_{spend_days}d", f"Expected spend, {spend_days} days", "named after the horizon"),
        c.money("at_stake_spend", "Spend at stake", "the difference of the two, not below 0"),
    )


BY_CERTAINTY = c.table("one row per degree of certainty", c.text("how_sure"), c.members(), c.money("at_stake_spend"))


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
    tables=_members_table(91),
    figures=(
        c.members("members_in_all", "Members in all"),
        c.share("slipping_member_share", "Share of slipping members"),
        c.money("slipping_spend", "At stake with the slipping"),
    ),
)
def slipping(view: View, *, top: int = 100) -> Finding:
    """Return the members who are slipping away: one row per member, those with most money at stake first.

    A member slips when their own usual pause is over and the probability of a purchase in the next 28 days (lifetime_value.purchase_days)
    is at most half (setting activity.slipping_share) of their own past rate: the share of the four-week windows of the year before in which
    they bought, less where all come less (after a high season, or in a shop on its way down). The surest are listed, so many that at most
    activity.slipping_doubt of them are expected to be still around. Who bought in fewer than a quarter of the windows had no habit; who has
    not been seen for half a year (activity.gone_days) is gone and not listed. Probability and past are the member's own across the chain.

    Parameters
    ----------
    top
        Rows of the table at most; 0 = all. An audience of all of them: `audience="losing_touch"`.

    Raises
    ------
    BadValue
        `top` is below 0.

    Notes
    -----
    Days since the last order over the own gap, by itself, is not used: as a churn score it was the worst tried (AUC .68 on the Complete
    Journey). Source: DEFINITIONS.md sections 2, activity, and 5.

    Example
    -------
    >>> tk.targeting.slipping(ws, store_id="367").table                 # doctest: +SKIP
    """
    require_rows("targeting.slipping", top)
    members = view.members.join(slipping_members(view), on="member_code", how="left", maintain_order="left")
    measured = members.filter(pl.col("is_slipping").is_not_null())
    table = _members_table(view.settings.lifetime_value.spend_days)
    if measured.is_empty():
        return _unmeasured(view, table, members.height)
    slips = _slips(view, measured.filter("is_slipping"))
    by_certainty = _by_certainty(view, slips)
    known = measured.filter(pl.col("past_rate") > 0).height
    is_few = 0 < slips.height < view.least
    return Finding(
        headline=_headline(view, slips, measured.height, int(measured["is_doubtful"].sum())),
        table=table.of(slips.head(top) if top else slips, view),
        chart=(lambda: _chart(view, by_certainty.frame)) if slips.height else None,
        notes=_notes(view, members.height, measured, slips, by_certainty, top),
        ask_next=[("portrait.overview", {"audience": "losing_touch"})] * bool(slips.height)
        + [("targeting.activity", {}), ("portrait.lifecycle", {})],
        figures={
            "members_in_all": slips.height,
            "slipping_member_share": None if is_few else slips.height / known if known else 0.0,
            "slipping_spend": None if is_few else float(slips["at_stake_spend"].sum() or 0),
        },
    )


def _slips(view: View, members: pl.DataFrame) -> pl.DataFrame:
    """Those who slip with the columns of the table, most at stake first."""
    sure = (
        pl.when(pl.col("rate_ratio") <= _SURE_AT[0]).then(pl.lit(SURE[0]))
        .when(pl.col("rate_ratio") <= _SURE_AT[1]).then(pl.lit(SURE[1]))
        .otherwise(pl.lit(SURE[2]))
    )  # fmt: skip
    reachable = pl.col("contactable").fill_null(False) if view.has_column("members", "contactable") else pl.lit(None, pl.Boolean)
    return members.select(
        "member_id",
        "purchase_probability",
        "past_rate",
        "recency_days",
        sure.alias("how_sure"),
        pl.col("window_bought_count").alias("windows_bought"),
        pl.col("window_count").alias("windows"),
        view.major("spend_before").alias("spend_before"),
        view.major("expected_spend").alias(f"expected_spend_{view.settings.lifetime_value.spend_days}d"),
        view.major((pl.col("spend_before") - pl.col("expected_spend").fill_null(0)).clip(0, None)).alias("at_stake_spend"),
        reachable.alias("reachable"),
    ).sort("at_stake_spend", "member_id", descending=[True, False])


def _by_certainty(view: View, slips: pl.DataFrame) -> AnswerTable:
    sums = slips.group_by("how_sure").agg(pl.len().alias("member_count"), pl.col("at_stake_spend").sum())
    order = {name: place for place, name in enumerate(SURE)}
    return BY_CERTAINTY.of(sums.sort(pl.col("how_sure").replace_strict(order, return_dtype=pl.Int64)), view)


def _headline(view: View, slips: pl.DataFrame, judged: int, doubtful: int) -> str:
    models = {row["figure"]: row for row in prospect_models(view).iter_rows(named=True)}
    one_season = models["purchase"]["season"] == "one season"
    if slips.is_empty():
        return view.say(
            "{where}, [doubtful?{doubtful:member} of {judged:few} with a past to judge by look like slipping away, and none of them can be "
            "named: too many are expected to be still around|none of {judged:member} with a past to judge by is slipping away]."
            "[one_season? One season was seen: whether the coming weeks are like the last ones cannot be told.]",
            judged=judged, one_season=one_season, doubtful=doubtful,
        )  # fmt: skip
    return view.say(
        "{where}, {slipping:member} of {judged:few} with a past to judge by [single?is|are] slipping away[is_enough?: in "
        "{lifetime_value.purchase_days} days some {usual:,.0f} of them used to buy, now {likely:,.0f} are likely to; {at_stake:money} in "
        "{lifetime_value.spend_days} days is at stake].[one_season? One season was seen: whether the coming weeks are like the last ones "
        "cannot be told.]",
        slipping=slips.height, judged=judged, is_enough=slips.height >= view.least, single=slips.height == 1 and view.least <= 1,
        one_season=one_season,
        usual=float(slips["past_rate"].sum()), likely=float(slips["purchase_probability"].sum()),
        at_stake=float(slips["at_stake_spend"].sum()),
    )  # fmt: skip


def _notes(
    view: View, member_count: int, measured: pl.DataFrame, slips: pl.DataFrame, by_certainty: AnswerTable, top: int
) -> list[str | Note]:
    notes: list[str | Note] = []
    unseen = cut_off(view).join(view.members.select("member_code"), on="member_code", how="semi").height
    if slips.height:
        degrees = listing([view.say("{member_count} {how_sure}", row) for row in by_certainty.rows()])
        notes.append(
            view.say(
                "How sure: {degrees}. Probabilities are not certainties: some of these members will come back by themselves.",
                degrees=degrees,
            )
        )
    doubtful = int(measured["is_doubtful"].sum())
    if doubtful:
        notes.append(
            view.say(
                "{doubtful:member} more have a probability of at most {activity.slipping_share:.0%} of their past rate and are not listed: "
                "with them, more than {activity.slipping_doubt:.0%} of the list would be expected to be still around.",
                doubtful=doubtful,
            )
        )
    model = {row["figure"]: row for row in prospect_models(view).iter_rows(named=True)}["purchase"]
    if model["auc"] is not None:
        notes.append(
            view.say(
                "P(buys in {lifetime_value.purchase_days} days) on the last complete window, not seen in learning (n = "
                "{held_out_count:,} members): AUC {auc:.2f}, calibration error {calibration_error:share}.",
                model,
            )
        )
    else:
        unjudged = view.say("P(buys in {lifetime_value.purchase_days} days) could not be judged on a window it had not seen.")
        notes.append(Note(unjudged, "REVIEW"))
    if top and slips.height > top:
        notes.append(
            view.say(
                'The table lists {top:,} of {members:,} members; top=0 lists all, and audience="losing_touch" addresses all.',
                top=top,
                members=slips.height,
            )
        )
    notes.append(
        view.say(
            "Not judged: {unjudged:member} with fewer than {activity.minimum_windows} whole windows of {lifetime_value.purchase_days} "
            "days since their first order[unseen?, and {unseen:member} whose store, channel or source fell silent or whose id was "
            "replaced]. Not listed: {gone:member} not seen for more than {activity.gone_days} days: gone.",
            unjudged=member_count - measured.height - unseen,
            unseen=unseen or None,
            gone=measured.filter(pl.col("recency_days") > view.settings.activity.gone_days).height,
        )
    )
    if view.has_column("members", "contactable"):
        reachable = int(slips["reachable"].sum())
        notes.append(view.say("{reachable:member} of {listed:few} may be contacted.", reachable=reachable, listed=slips.height))
    else:
        notes.append(not_measured(view, "members", "contactable", tr("who may be contacted")))
    notes.append(
        tr("Spend at the pace of the past counts the windows before the latest one; seasons and price changes are in it as they were.")
    )
    return notes


def _unmeasured(view: View, table: Table, member_count: int) -> Finding:
    headline = view.say(
        "{where}, slipping is not measured: none of {members:member} has {activity.minimum_windows} whole windows of "
        "{lifetime_value.purchase_days} days behind them and a purchase probability.",
        members=member_count,
    )
    advice = view.say(
        "Slipping: none of {members:member} has {activity.minimum_windows} whole windows of {lifetime_value.purchase_days} days behind "
        "them and a purchase probability.",
        members=member_count,
    )
    return unmeasured(table, headline, advice, ask_next=[("portrait.lifecycle", {})])


def _chart(view: View, by_certainty: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    return ranked_bars(
        by_certainty,
        label="how_sure",
        value="at_stake_spend",
        n="member_count",
        kind="money",
        ranked=False,
        title=view.say("Spend at stake with members who slip away: {place}"),
        subtitle=view.say("next {lifetime_value.spend_days} days from {as_of}, by how sure we are"),
        value_title=view.say("At stake, {currency}"),
    )
