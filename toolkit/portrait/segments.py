"""Segments: named groups of members by recency, frequency and (in some maps) money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import later, tr, value, word
from toolkit.portrait.measures.scorecard import chosen_map, current_scorecard
from toolkit.portrait.measures.scores import scope_scores
from toolkit.portrait.measures.segment_cuts import spread_notes
from toolkit.portrait.measures.segment_maps import NO_ORDERS, SegmentMap
from toolkit.registry import question
from toolkit.scope.sales import order_value_notes, ratio
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

_HELD = (
    c.text("meaning"),
    c.members(),
    c.share("member_share", "Share of members", "of the members in scope"),
    c.count("orders", "Orders", "of the window"),
    c.money("sales", "Sales", "of the window"),
    c.share("sales_share", "Share of sales", "of member sales", null="members bought nothing"),
    c.money("order_value", "Order value", "sales of an order", null="no orders"),
    c.days("recency_days_median", "Days since last order (median)", "from the last order to as_of"),
)
SEGMENTS = c.table(
    "one row per segment of the map, best first, empty ones too; a last one `no orders` where members have returns alone",
    c.text("segment"),
    *_HELD,
)
WITH_ENGLISH = c.table("the same, of a map that has English names", c.text("segment"), c.text("in_english", "In English"), *_HELD)


@question(
    "portrait",
    "Which segments do our members fall into?",
    words=(
        "champions, loyal, at risk, hibernating",
        "who are our champions and who is at risk",
        "rfm segments, eight-way segment map",
        "会员分群 重要价值客户 重要挽留客户",
    ),
    tables=(SEGMENTS, WITH_ENGLISH),
)
def segments(view: View, *, segment_map: str | None = None) -> Finding:
    """Return the segments of members: one row per segment of the map, best first, empty ones included.

    Each member is in exactly one segment, theirs across the chain; in a store, the members who ordered there, and the store's sales.

    Parameters
    ----------
    segment_map
        `ten` (named segments over recency and frequency), `eight` (the classic high/low map of recency, frequency and money with its
        Chinese names), or the path of a TOML map of one's own; empty = the map of the scorecard.

    Raises
    ------
    UnknownName, BadValue
        There is no such map; its file has an unknown key, or leaves a cell in no segment or in two.

    Notes
    -----
    Source: DEFINITIONS.md section 1, RFM. The share of each segment moves with the ruler of recency: save it with `toolkit scorecard`.

    Example
    -------
    >>> tk.portrait.segments(ws, segment_map="eight").table             # doctest: +SKIP
    """
    card, card_notes = current_scorecard(view)
    names, map_notes = chosen_map(view, card, segment_map)
    members = names.apply(scope_scores(view, card.ruler))
    frame = _frame(view, members, names)
    shown = WITH_ENGLISH.of(frame, view) if frame["in_english"].count() else SEGMENTS.of(frame.drop("in_english"), view)
    return Finding(
        headline=_headline(view, members, shown),
        table=shown,
        chart=lambda: _chart(view, shown.frame, names),
        notes=[*card_notes, *map_notes, *spread_notes(view, card, names), *_notes(view, members), *order_value_notes(view, shown)],
        ask_next=[
            ("portrait.movement", {} if segment_map is None else {"segment_map": segment_map}),
            ("portrait.segments", {"segment_map": "ten" if names.title.startswith("Eight") else "eight"}),
            ("portrait.contribution", {"by": "heavy"}),
        ],
        figures={f"share_of_{row['segment']}": row["member_share"] for row in shown.rows()},
    )


def _frame(view: View, members: pl.DataFrame, names: SegmentMap) -> pl.DataFrame:
    described = pl.DataFrame(
        {
            "segment": [*names.names, NO_ORDERS],
            "in_english": [*[segment.english or None for segment in names.segments], None],
            "meaning": [*[segment.meaning for segment in names.segments], value("has returned goods but never ordered")],
        },
        schema_overrides={"in_english": pl.String},
    )
    total = int(members["sales"].sum())
    held = members.group_by(pl.col("segment").cast(pl.String).fill_null(NO_ORDERS)).agg(
        pl.len().alias("member_count"),
        (pl.len() / max(members.height, 1)).alias("member_share"),
        pl.col("orders").sum(),
        view.major(pl.col("sales").sum()).alias("sales"),
        (pl.col("sales").sum() / total if total > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
        pl.when(pl.col("orders").sum() > 0).then(view.major(pl.col("order_sales").sum()) / pl.col("orders").sum()).alias("order_value"),
        pl.col("recency_days").median().alias("recency_days_median"),
    )
    known = ("member_share", "sales", "sales_share") if total > 0 else ("member_share", "sales")
    return (
        described.join(held, on="segment", how="left", maintain_order="left")
        .with_columns(pl.col("member_count", "orders").fill_null(0), pl.col(known).fill_null(0.0))
        .filter((pl.col("segment") != NO_ORDERS) | (pl.col("member_count") > 0))
    )


def _headline(view: View, members: pl.DataFrame, shown: AnswerTable) -> str:
    if members["segment"].null_count() == members.height:
        return view.say("{where} none of {all:member} has an order up to {as_of}: there are no segments to speak of.", all=members.height)
    filled = shown.cut(shown.frame.filter(pl.col("segment") != NO_ORDERS, pl.col("member_count") > 0))
    if not filled.height:
        return view.say("{where}, no segment holds {least} of {all:member}: all are too small to speak of.", all=members.height)
    top = filled.cut(filled.frame.sort("sales", "member_count", descending=True, maintain_order=True)).row()
    largest = max(filled.rows(), key=lambda row: row["member_count"])
    slipping = shown.frame.filter(pl.col("segment").is_in(["at risk", "can't lose"]))["member_count"]
    lost = int(slipping.sum()) if slipping.count() == 2 else None
    return view.say(
        "{where}, the segment '{segment}'[ ({meant})] holds {member_count} of {all:member} ({member_share})[sold? and brings {sales_share} "
        "of member sales][another?; the largest group is '{largest:word}'[ ({largest_meant})] ({largest_count:,} members, "
        "{largest_share:share}[sold?, with {largest_sales:share} of sales])][; {lost:,} ({lost_share:share}) used to come often and have "
        "stopped (at risk or can't lose)].",
        top, all=members.height, sold=top["sales_share"] is not None, meant=_meant(top), lost=lost, lost_share=ratio(lost, members.height),
        another=largest["segment"] != top["segment"], largest=largest["segment"], largest_meant=_meant(largest),
        largest_count=largest["member_count"], largest_share=largest["member_share"], largest_sales=largest["sales_share"],
    )  # fmt: skip


def _meant(segment: Mapping[str, Any]) -> str:
    """The English name in the reader's language, where it is not the segment's own."""
    meant = word(segment.get("in_english") or "")
    return meant if meant != segment["segment"] else ""


def _notes(view: View, members: pl.DataFrame) -> list[str | Note]:
    notes: list[str | Note] = [
        view.say(
            "Segments are the members' own, across the chain; sales and orders are those of {period}[local? in {place}].",
            local=view.scope.is_place and view.scope.audience is None,
        )
    ]
    if int(members["sales"].sum()) <= 0:
        notes.append(Note(view.say("Shares of sales are not measured: members bought nothing in {period}."), "NOT MEASURED"))
    scored = members.drop_nulls("segment")
    if scored.height >= view.least and scored["segment"].n_unique() == 1:
        notes.append(view.say("All {scored:,} members are in one segment: their scores do not tell them apart.", scored=scored.height))
    return notes


def _chart(view: View, table: pl.DataFrame, names: SegmentMap) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    labels = {segment.name: segment.label for segment in names.segments}
    sold = {"sales_share": later("share of sales")} if table["sales_share"].count() else {}
    return measured_bars(
        table.with_columns(pl.col("segment").replace(labels)),
        label="segment",
        measures={"member_share": later("share of members"), **sold},
        title=tr("Segments: how many members, how much of the sales"),
        subtitle=view.say("{place} as of {as_of}; sales of {period}"),
    )
