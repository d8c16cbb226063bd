"""Movement: who went from which segment to which between two dates, under one ruler."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable, Row
from toolkit.errors import BadValue
from toolkit.language import tr, value
from toolkit.portrait.measures.scorecard import Scorecard, chosen_map, current_scorecard
from toolkit.portrait.measures.scores import chain_scores
from toolkit.portrait.measures.segment_maps import NO_ORDERS, SegmentMap
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.period import Period
from toolkit.scope.sales import member_sales
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

DEFAULT_DAYS = 28
"""Days between the two dates unless stated: four whole weeks, so that weekdays fall on weekdays."""
NOT_YET = value("not yet here")
"""Where members are counted at the earlier date who had not ordered by then."""

FLOWS = c.table(
    "one row per pair of segments that occurs, largest flow first",
    c.text("segment_before", "Segment before"),
    c.text("segment"),
    c.text("direction", meaning="up, down, same, sideways, first-time"),
    c.members(),
    c.share("flow_share", "Share of segment before", "of the members who were in segment_before"),
    c.money(
        "sales_before", "Sales before", "of these members, in the scope, up to the earlier date", null="the receipts do not reach back"
    ),
    c.money("sales", "Sales", "of these members, in the scope, in as many days up to as_of"),
    c.share("sales_change", "Change of sales", null="sales_before is null or not above 0"),
)
_DIRECTIONS = ("same", "up", "down", "sideways", "first-time")
_ALL_MOVES = c.table(
    "all moves in one row",
    c.members("same"),
    c.share("same_share"),
    *(c.members(name) for name in ("up", "down", "sideways", "first_time", "known")),
)


@question(
    "portrait",
    "Who moved from one segment to another?",
    words=(
        "segment migration between two dates",
        "which members moved up or down since last month",
        "how many champions did we lose",
        "会员流转 分群迁移",
    ),
    tables=FLOWS,
    figures=(c.members("moved_up", "Moved up"), c.members("moved_down", "Moved down"), c.share("stayed_share", "Share that stayed")),
)
def movement(view: View, *, since: date | None = None, segment_map: str | None = None) -> Finding:
    """Return the flow between segments from an earlier date to as_of: one row per pair of segments that occurs.

    Both dates are scored with one ruler: the same recency edges and the same map; orders and spend are ranked among the members of each
    date. The members are those in scope at as_of; who had not ordered by the earlier date is `not yet here` then.

    Parameters
    ----------
    since
        The earlier date; empty = 28 days before as_of.
    segment_map
        'ten', 'eight' or the path of a TOML map; empty = the scorecard's map.

    Raises
    ------
    BadValue
        The earlier date is not before as_of, or before the first receipt.

    Notes
    -----
    Up and down follow the `level` of the segments in the map. Some members move by chance alone: a flow is not the effect of anything.
    Source: DEFINITIONS.md section 1, RFM.

    Example
    -------
    >>> tk.portrait.movement(ws, since="2024-10-01")                   # doctest: +SKIP
    """
    earlier = _earlier(view, since)
    if earlier is None:
        return unmeasured(
            FLOWS,
            view.say(
                "{where}, movement between segments is not measured: the receipts start on {first_day}, less than {days} days before "
                "{as_of}.",
                first_day=view.first_day,
                days=DEFAULT_DAYS,
            ),
            tr("Ask again when more weeks are imported, or give a later first date with `since`."),
            ask_next=[("portrait.segments", {})],
        )
    card, card_notes = current_scorecard(view)
    names, map_notes = chosen_map(view, card, segment_map)
    then = replace(view.chain.at(earlier), settings=view.settings)
    members = _members(view, then, card, names)
    days = (view.as_of - earlier).days
    flows = _flows(view, members, names, reaches=_reach(earlier, days) >= view.first_day)
    shown, moves = FLOWS.of(flows, view), _moves(view, flows)
    return Finding(
        headline=_headline(view, earlier, days, shown, moves),
        table=shown,
        chart=lambda: _chart(view, earlier, shown, names),
        notes=[*card_notes, *map_notes, *_notes(view, earlier, days, moves)],
        ask_next=[
            ("portrait.segments", {}),
            ("portrait.movement", {"since": max(view.first_day, view.as_of - timedelta(days=91))}),
            ("portrait.lifecycle", {}),
        ],
        figures={"moved_up": moves["up"], "moved_down": moves["down"], "stayed_share": moves["same_share"]},
    )


def _earlier(view: View, since: date | None) -> date | None:
    """Return the earlier date; None where none was stated and the receipts do not reach back far enough."""
    if since is None and view.as_of - timedelta(days=DEFAULT_DAYS) < view.first_day:
        return None
    earlier = since or view.as_of - timedelta(days=DEFAULT_DAYS)
    if earlier >= view.as_of:
        raise BadValue(view.say("since is {earlier}, but it must be before as_of {as_of}. Choose an earlier day.", earlier=earlier))
    if earlier < view.first_day:
        raise BadValue(
            view.say(
                "since is {earlier}, but the receipts start on {first_day}: nobody can be scored before. Choose a day from {first_day} to "
                "{as_of}.",
                earlier=earlier, first_day=view.first_day, as_of=view.as_of - timedelta(days=1),
            )
        )  # fmt: skip
    return earlier


def _reach(earlier: date, days: int) -> date:
    """First day of the window of sales up to the earlier date."""
    return earlier - timedelta(days=days - 1)


def _members(view: View, then: View, card: Scorecard, names: SegmentMap) -> pl.DataFrame:
    """One row per member in scope: segment_before, segment, sales_before and sales (minor units) of two windows of equal length."""
    days = (view.as_of - then.as_of).days
    now_window = Period(then.as_of + timedelta(days=1), view.as_of)
    then_window = Period(_reach(then.as_of, days), then.as_of)
    now = names.apply(chain_scores(view, card.ruler)).select("member_code", pl.col("segment").cast(pl.String))
    before = names.apply(chain_scores(then, card.ruler)).select("member_code", pl.col("segment").cast(pl.String).alias("segment_before"))
    bought, bought_before = (member_sales(view, window).select("member_code", "sales") for window in (now_window, then_window))
    return (
        view.members.select("member_code")
        .join(now, on="member_code", how="left")
        .join(before, on="member_code", how="left")
        .join(bought, on="member_code", how="left")
        .join(bought_before.rename({"sales": "sales_before"}), on="member_code", how="left")
        .with_columns(
            pl.col("segment").fill_null(NO_ORDERS),
            pl.col("segment_before").fill_null(NOT_YET),
            pl.col("sales", "sales_before").fill_null(0),
        )
        .filter((pl.col("segment") != NO_ORDERS) | (pl.col("segment_before") != NOT_YET))
    )


def _flows(view: View, members: pl.DataFrame, names: SegmentMap, *, reaches: bool) -> pl.DataFrame:
    """The flows; sales before are null where the receipts do not reach back to the first day of their window."""
    levels = pl.DataFrame({"segment": list(names.levels), "level": list(names.levels.values())})
    before, now = pl.col("level_before"), pl.col("level")
    direction = (
        pl.when(pl.col("segment_before") == NOT_YET)
        .then(pl.lit(value("first-time")))
        .when(pl.col("segment") == pl.col("segment_before"))
        .then(pl.lit(value("same")))
        .when(now > before)
        .then(pl.lit(value("up")))
        .when((now < before) | now.is_null())
        .then(pl.lit(value("down")))
        .otherwise(pl.lit(value("sideways")))
    )
    return (
        members.group_by("segment_before", "segment")
        .agg(pl.len().cast(pl.Int64).alias("member_count"), pl.col("sales_before", "sales").sum())
        .join(levels, on="segment", how="left")
        .join(levels.rename({"segment": "segment_before", "level": "level_before"}), on="segment_before", how="left")
        .with_columns((pl.col("member_count") / pl.col("member_count").sum().over("segment_before")).alias("flow_share"))
        .sort("member_count", "segment_before", "segment", descending=[True, False, False])
        .select(
            *("segment_before", "segment", "member_count", "flow_share"),
            direction.alias("direction"),
            (view.major("sales_before") if reaches else pl.lit(None, pl.Float64)).alias("sales_before"),
            view.major("sales").alias("sales"),
            pl.when(pl.lit(reaches) & (pl.col("sales_before") > 0))
            .then(pl.col("sales") / pl.col("sales_before") - 1)
            .alias("sales_change"),
        )
    )


def _moves(view: View, flows: pl.DataFrame) -> Row:
    counts = flows.select(
        pl.col("member_count").filter(pl.col("direction") == name).sum().alias(name.replace("-", "_")) for name in _DIRECTIONS
    )
    known = counts.with_columns(pl.sum_horizontal("same", "up", "down", "sideways").alias("known"))
    same_share = pl.when(pl.col("known") > 0).then(pl.col("same") / pl.col("known")).alias("same_share")
    return _ALL_MOVES.of(known.with_columns(same_share), view).row()


def _headline(view: View, earlier: date, days: int, shown: AnswerTable, moves: Row) -> str:
    if moves["known"] == 0:
        return view.say("{where} no member had ordered by {earlier}: there is no movement to speak of.", earlier=earlier)
    rise, fall = shown.find(direction="up"), shown.find(direction="down")
    return view.say(
        "{where}, {same} of {known:member}[ ({same_share})] stayed in their segment in the {days} days from {earlier} to {as_of}; {up} "
        "moved up and {down} down[; the largest rise: {rise} from '{rise_from:word}' to '{rise_to:word}'][; the largest fall: {fall} "
        "from '{fall_from:word}' to '{fall_to:word}'].",
        moves, earlier=earlier, days=days,
        rise=rise and rise["member_count"], rise_from=rise and rise["segment_before"], rise_to=rise and rise["segment"],
        fall=fall and fall["member_count"], fall_from=fall and fall["segment_before"], fall_to=fall and fall["segment"],
    )  # fmt: skip


def _notes(view: View, earlier: date, days: int, moves: Row) -> list[str | Note]:
    notes: list[str | Note] = [
        view.say(
            "Sales are those of the {days} days up to {earlier} and of the {days} days up to {as_of}[is_place?, in {place}].",
            days=days, earlier=earlier, is_place=view.scope.is_place and view.scope.audience is None,
        )
    ]  # fmt: skip
    if moves["first_time"] != 0:
        text = view.say(
            "{first_time:member} first ordered after {earlier} ('{not_yet:word}' then).", moves, earlier=earlier, not_yet=NOT_YET
        )
        notes.append(text)
    if moves["sideways"] != 0:
        notes.append(view.say("{sideways:member} changed to a segment of the same level: neither up nor down.", moves))
    if _reach(earlier, days) < view.first_day:
        text = view.say(
            "Sales before are not measured: the receipts start on {first_day}, after {reach}. Choose a later `since`.",
            first_day=view.first_day,
            reach=_reach(earlier, days),
        )
        notes.append(Note(text, "NOT MEASURED"))
    notes.append(tr("Some members change segment by chance from one month to the next; a flow is not the effect of a campaign."))
    return notes


def _chart(view: View, earlier: date, shown: AnswerTable, names: SegmentMap) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.heatmap import heatmap

    label = {segment.name: segment.english or segment.name for segment in names.segments}
    frame = shown.frame.drop_nulls("member_count").with_columns(pl.col("segment", "segment_before").replace(label))
    seen_before, seen = set(frame["segment_before"].to_list()), set(frame["segment"].to_list())
    order = [*label.values(), NO_ORDERS, NOT_YET]
    return heatmap(
        frame, column="segment", row="segment_before", value="flow_share", n="member_count", kind="share",
        title=tr("Where the members of each segment are now"),
        subtitle=view.say("{place}, {earlier} (rows) to {as_of} (columns); share of the row", earlier=earlier),
        column_title=view.say("Segment on {as_of}"), row_title=view.say("Segment on {earlier}", earlier=earlier),
        value_title=tr("Share of the row"),
        column_order=[name for name in order if name in seen], row_order=[name for name in order if name in seen_before],
    )  # fmt: skip
