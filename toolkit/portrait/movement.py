"""Movement: who went from which segment to which between two dates, under one ruler."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.errors import BadValue
from toolkit.language import later, tr, value, word
from toolkit.portrait.measures.scorecard import Scorecard, chosen_map, current_scorecard
from toolkit.portrait.measures.scores import chain_scores
from toolkit.portrait.measures.segment_maps import NO_ORDERS, SegmentMap
from toolkit.registry import question
from toolkit.scope.period import Period
from toolkit.scope.phrases import where
from toolkit.scope.sales import member_sales, ratio
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

DEFAULT_DAYS = 28
"""Days between the two dates unless stated: four whole weeks, so that weekdays fall on weekdays."""
NOT_YET = value("not yet here")
"""Where members are counted at the earlier date who had not ordered by then."""


@question(
    "portrait",
    "Who moved from one segment to another?",
    words=(
        "segment migration between two dates",
        "which members moved up or down since last month",
        "how many champions did we lose",
        "会员流转 分群迁移",
    ),
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

    Returns
    -------
    Answer
        Table columns, largest flow first: `segment_before`, `segment`, `direction` (up, down, same, sideways, new); `member_count`;
        `flow_share` (0..1, of the members who were in segment_before); `sales_before`, `sales` (currency units: of these members, in the
        scope, in the days up to the earlier date and in as many days up to as_of; sales_before is null where the receipts do not reach
        back so far); `sales_change` (relative; null where sales_before is null or not above 0).

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
        return _not_measured(view)
    card, card_notes = current_scorecard(view)
    names, map_notes = chosen_map(view, card, segment_map)
    then = replace(view.chain.at(earlier), settings=view.settings)
    members = _members(view, then, card, names)
    days = (view.as_of - earlier).days
    table = _table(view, members, names, reaches=_reach(earlier, days) >= view.first_day)
    return Finding(
        headline=_headline(view, earlier, days, table),
        table=table,
        chart=lambda: _chart(view, earlier, table, names),
        notes=[*card_notes, *map_notes, *_notes(view, earlier, days, table)],
        ask_next=[
            ("portrait.segments", {}),
            ("portrait.movement", {"since": max(view.first_day, view.as_of - timedelta(days=91))}),
            ("portrait.lifecycle", {}),
        ],
        figures=_figures(table),
    )


def _earlier(view: View, since: date | None) -> date | None:
    """Return the earlier date; None where none was stated and the receipts do not reach back far enough."""
    if since is None and view.as_of - timedelta(days=DEFAULT_DAYS) < view.first_day:
        return None
    earlier = since or view.as_of - timedelta(days=DEFAULT_DAYS)
    if earlier >= view.as_of:
        raise BadValue(
            tr("since is {earlier}, but it must be before as_of {as_of}. Choose an earlier day.", earlier=earlier, as_of=view.as_of)
        )
    if earlier < view.first_day:
        raise BadValue(
            tr(
                "since is {earlier}, but the receipts start on {first_day}: nobody can be scored before. Choose a day from "
                "{first_day} to {as_of}.",
                earlier=earlier,
                first_day=view.first_day,
                as_of=view.as_of - timedelta(days=1),
            )
        )
    return earlier


def _reach(earlier: date, days: int) -> date:
    """First day of the window of sales up to the earlier date."""
    return earlier - timedelta(days=days - 1)


def _not_measured(view: View) -> Finding:
    said = tr(
        "the receipts start on {first_day}, less than {default_days} days before {as_of}",
        first_day=view.first_day,
        default_days=DEFAULT_DAYS,
        as_of=view.as_of,
    )
    schema = {"segment_before": pl.String, "segment": pl.String, "direction": pl.String, "member_count": pl.Int64, "flow_share": pl.Float64}
    money = {"sales_before": pl.Float64, "sales": pl.Float64, "sales_change": pl.Float64}
    return Finding(
        headline=tr("{where}, movement between segments is not measured: {said}.", where=where(view), said=said),
        table=pl.DataFrame(schema={**schema, **money}),
        notes=[Note(tr("Ask again when more weeks are imported, or give a later first date with `since`."), "NOT MEASURED")],
        ask_next=[("portrait.segments", {})],
    )


def _members(view: View, then: View, card: Scorecard, names: SegmentMap) -> pl.DataFrame:
    """One row per member in scope: segment_before, segment, sales_before and sales (minor units) of two windows of equal length."""
    days = (view.as_of - then.as_of).days
    now_window = Period(then.as_of + timedelta(days=1), view.as_of)
    then_window = Period(_reach(then.as_of, days), then.as_of)
    now = names.apply(chain_scores(view, card.r_edges)).select("member_code", pl.col("segment").cast(pl.String))
    before = names.apply(chain_scores(then, card.r_edges)).select("member_code", pl.col("segment").cast(pl.String).alias("segment_before"))
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


def _table(view: View, members: pl.DataFrame, names: SegmentMap, *, reaches: bool) -> pl.DataFrame:
    """The flows; sales before are null where the receipts do not reach back to the first day of their window."""
    sales_before = view.major("sales_before") if reaches else pl.lit(None, pl.Float64)
    levels = pl.DataFrame({"segment": list(names.levels), "level": list(names.levels.values())})
    before, now = pl.col("level_before"), pl.col("level")
    direction = (
        pl.when(pl.col("segment_before") == NOT_YET)
        .then(pl.lit(value("new")))
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
            "segment_before",
            "segment",
            direction.alias("direction"),
            "member_count",
            "flow_share",
            sales_before.alias("sales_before"),
            view.major("sales").alias("sales"),
            pl.when(pl.lit(reaches) & (pl.col("sales_before") > 0))
            .then(pl.col("sales") / pl.col("sales_before") - 1)
            .alias("sales_change"),
        )
    )


def _counts(table: pl.DataFrame) -> dict[str, int]:
    found = dict(table.group_by("direction").agg(pl.col("member_count").sum()).iter_rows())
    return {direction: found.get(direction, 0) for direction in ("same", "up", "down", "sideways", "new")}


def _headline(view: View, earlier: date, days: int, table: pl.DataFrame) -> str:
    counts = _counts(table)
    known = sum(counts.values()) - counts["new"]
    if not known:
        return tr("{where} no member had ordered by {earlier}: there is no movement to speak of.", where=where(view), earlier=earlier)
    stayed = tr(
        "{same:,} of {members} ({same_share}) stayed in their segment",
        same=counts["same"],
        members=wording.some(known, "member"),
        same_share=wording.share(counts["same"] / known),
    )
    said = tr(
        "{where}, {stayed} in the {days} days from {earlier} to {as_of}; {up:,} moved up and {down:,} down",
        where=where(view),
        stayed=stayed,
        days=days,
        earlier=earlier,
        as_of=view.as_of,
        up=counts["up"],
        down=counts["down"],
    )
    largest = {
        "up": later("; the largest rise: {member_count:,} from '{segment_before}' to '{segment}'"),
        "down": later("; the largest fall: {member_count:,} from '{segment_before}' to '{segment}'"),
    }
    for direction, message in largest.items():
        rows = table.filter(pl.col("direction") == direction)
        if rows.height:
            row = rows.row(0, named=True)
            said += tr(
                message,
                member_count=row["member_count"],
                segment_before=word(row["segment_before"]),
                segment=word(row["segment"]),
            )
    return tr("{words}.", words=said)


def _notes(view: View, earlier: date, days: int, table: pl.DataFrame) -> list[str | Note]:
    counts = _counts(table)
    notes: list[str | Note] = [
        tr(
            "Sales are those of the {days} days up to {earlier} and of the {days} days up to {as_of}",
            days=days,
            earlier=earlier,
            as_of=view.as_of,
        )
        + (tr(", in {place}.", place=view.place) if view.scope.is_place and view.scope.audience is None else tr("."))
    ]
    if counts["new"]:
        notes.append(
            tr(
                "{members} first ordered after {earlier} ('{not_yet}' then).",
                members=wording.some(counts["new"], "member"),
                earlier=earlier,
                not_yet=word(NOT_YET),
            )
        )
    if counts["sideways"]:
        notes.append(
            tr("{members} changed to a segment of the same level: neither up nor down.", members=wording.some(counts["sideways"], "member"))
        )
    if _reach(earlier, days) < view.first_day:
        said = tr(
            "Sales before are not measured: the receipts start on {first_day}, after {reach}. Choose a later `since`.",
            first_day=view.first_day,
            reach=_reach(earlier, days),
        )
        notes.append(Note(said, "NOT MEASURED"))
    notes.append(tr("Some members change segment by chance from one month to the next; a flow is not the effect of a campaign."))
    return notes


def _figures(table: pl.DataFrame) -> dict[str, float]:
    counts = _counts(table)
    known = sum(counts.values()) - counts["new"]
    same = ratio(counts["same"], known)
    return {"moved_up": float(counts["up"]), "moved_down": float(counts["down"]), **({} if same is None else {"stayed_share": same})}


def _chart(view: View, earlier: date, table: pl.DataFrame, names: SegmentMap) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.heatmap import heatmap

    label = {segment.name: segment.english or segment.name for segment in names.segments}
    frame = table.with_columns(pl.col("segment", "segment_before").replace(label))
    seen_before, seen = set(frame["segment_before"].to_list()), set(frame["segment"].to_list())
    order = [*label.values(), NO_ORDERS, NOT_YET]
    return heatmap(
        frame,
        column="segment",
        row="segment_before",
        value="flow_share",
        n="member_count",
        kind="share",
        title=tr("Where the members of each segment are now"),
        subtitle=tr(
            "{place}, {earlier} (rows) to {as_of} (columns); share of the row", place=view.place, earlier=earlier, as_of=view.as_of
        ),
        column_title=tr("Segment on {as_of}", as_of=view.as_of),
        row_title=tr("Segment on {earlier}", earlier=earlier),
        value_title=tr("Share of the row"),
        column_order=[name for name in order if name in seen],
        row_order=[name for name in order if name in seen_before],
    )
