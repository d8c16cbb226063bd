"""Segments: named groups of members by recency, frequency and (in some maps) money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.language import later, tr, value, word
from toolkit.portrait.measures.scorecard import chosen_map, current_scorecard
from toolkit.portrait.measures.scores import scope_scores
from toolkit.portrait.measures.segment_maps import NO_ORDERS, SegmentMap
from toolkit.registry import question
from toolkit.scope.phrases import where
from toolkit.scope.sales import ratio
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt


@question(
    "portrait",
    "Which segments do our members fall into?",
    words=(
        "champions, loyal, at risk, hibernating",
        "who are our champions and who is at risk",
        "rfm segments, eight-way segment map",
        "会员分群 重要价值客户 重要挽留客户",
    ),
)
def segments(view: View, *, segment_map: str | None = None) -> Finding:
    """Return the segments of members: one row per segment of the map, best first, empty ones included.

    Each member is in exactly one segment, theirs across the chain; in a store, the members who ordered there, and the store's sales.

    Parameters
    ----------
    segment_map
        `ten` (named segments over recency and frequency), `eight` (the classic high/low map of recency, frequency and money with its
        Chinese names), or the path of a TOML map of one's own; empty = the map of the scorecard.

    Returns
    -------
    Answer
        Table columns: `segment`; `in_english` (only where the map has English names); `meaning`; `member_count`, `member_share` (0..1 of
        the members in scope); `orders` and `sales` (currency units) of the window, `sales_share` (0..1 of member sales, null without
        any); `order_value` (currency units, sales of orders per order; null without orders); `recency_days_median` (days from the last
        order to as_of). A last row `no orders` holds members with returns alone, if there are any.

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
    members = names.apply(scope_scores(view, card.r_edges))
    table = _table(view, members, names)
    return Finding(
        headline=_headline(view, table),
        table=table,
        chart=lambda: _chart(view, table, names),
        notes=[*card_notes, *map_notes, *_notes(view, members)],
        ask_next=[
            ("portrait.movement", {} if segment_map is None else {"segment_map": segment_map}),
            ("portrait.segments", {"segment_map": "ten" if names.title.startswith("Eight") else "eight"}),
            ("portrait.contribution", {"by": "heavy"}),
        ],
        figures={f"share_of_{row['segment']}": row["member_share"] for row in table.iter_rows(named=True)},
    )


def _table(view: View, members: pl.DataFrame, names: SegmentMap) -> pl.DataFrame:
    order = [*names.names, NO_ORDERS]
    described = pl.DataFrame(
        {
            "segment": order,
            "in_english": [*[segment.english for segment in names.segments], ""],
            "meaning": [*[segment.meaning for segment in names.segments], value("has returned goods but never ordered")],
        }
    )
    total = int(members["sales"].sum())
    held = members.group_by(pl.col("segment").cast(pl.String).fill_null(NO_ORDERS)).agg(
        pl.len().cast(pl.Int64).alias("member_count"),
        (pl.len() / max(members.height, 1)).alias("member_share"),
        pl.col("orders").sum(),
        view.major(pl.col("sales").sum()).alias("sales"),
        (pl.col("sales").sum() / total if total > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
        (view.major(pl.col("order_sales").sum()) / pl.col("orders").sum()).alias("order_value"),
        pl.col("recency_days").median().alias("recency_days_median"),
    )
    table = (
        described.join(held, on="segment", how="left", maintain_order="left")
        .with_columns(
            pl.col("member_count", "orders").fill_null(0),
            pl.col("member_share", "sales").fill_null(0.0),
            pl.when(pl.lit(total > 0)).then(pl.col("sales_share").fill_null(0.0)).alias("sales_share"),
            pl.when(pl.col("orders") > 0).then("order_value").alias("order_value"),
        )
        .filter((pl.col("segment") != NO_ORDERS) | (pl.col("member_count") > 0))
    )
    return table if any(segment.english for segment in names.segments) else table.drop("in_english")


def _headline(view: View, table: pl.DataFrame) -> str:
    scored = table.filter(pl.col("segment") != NO_ORDERS)
    count = int(table["member_count"].sum())
    if not scored["member_count"].sum():
        return tr(
            "{where} none of {members} has an order up to {as_of}: there are no segments to speak of.",
            where=where(view),
            members=wording.some(count, "member"),
            as_of=view.as_of,
        )
    rows = scored.sort("sales", "member_count", descending=True, maintain_order=True).to_dicts()
    top = rows[0]
    largest = max(scored.to_dicts(), key=lambda row: row["member_count"])
    brings = (
        tr(" and brings {sales_share} of member sales", sales_share=wording.share(top["sales_share"]))
        if top["sales_share"] is not None
        else ""
    )
    size = tr(
        "{member_count:,} of {members} ({member_share})",
        member_count=top["member_count"],
        members=wording.some(count, "member"),
        member_share=wording.share(top["member_share"]),
    )
    said = tr("{where}, the segment {named} holds {size}{brings}", where=where(view), named=_named(top), size=size, brings=brings)
    if largest["segment"] != top["segment"]:
        brought = (
            tr(", with {sales_share} of sales", sales_share=wording.share(largest["sales_share"]))
            if largest["sales_share"] is not None
            else ""
        )
        size = tr(
            "{member_count:,} members, {member_share}",
            member_count=largest["member_count"],
            member_share=wording.share(largest["member_share"]),
        )
        said += tr("; the largest group is {named} ({size}{brought})", named=_named(largest), size=size, brought=brought)
    slipping = scored.filter(pl.col("segment").is_in(["at risk", "can't lose"]))
    lost = int(slipping["member_count"].sum())
    if slipping.height == 2 and lost:
        said += tr(
            "; {lost:,} ({lost_share}) used to come often and have stopped (at risk or can't lose)",
            lost=lost,
            lost_share=wording.share(ratio(lost, count)),
        )
    return tr("{words}.", words=said)


def _named(row: dict) -> str:
    named, meant = tr("'{segment}'", segment=word(row["segment"])), word(row.get("in_english") or "")
    return f"{named} ({meant})" if meant not in ("", row["segment"]) else named


def _notes(view: View, members: pl.DataFrame) -> list[str | Note]:
    said = tr("Segments are the members' own, across the chain; sales and orders are those of {period}", period=view.period)
    notes: list[str | Note] = [
        said + (tr(" in {place}.", place=view.place) if view.scope.is_place and view.scope.audience is None else tr("."))
    ]
    if int(members["sales"].sum()) <= 0:
        notes.append(Note(tr("Shares of sales are not measured: members bought nothing in {period}.", period=view.period), "NOT MEASURED"))
    scored = members.filter(pl.col("segment").is_not_null())
    if scored.height and scored["segment"].n_unique() == 1:
        notes.append(tr("All {members:,} members are in one segment: their scores do not tell them apart.", members=scored.height))
    return notes


def _chart(view: View, table: pl.DataFrame, names: SegmentMap) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    label = {segment.name: segment.label for segment in names.segments}
    known = {} if table["sales_share"].null_count() else {"sales_share": later("share of sales")}
    return measured_bars(
        table.with_columns(pl.col("segment").replace(label)),
        label="segment",
        measures={"member_share": later("share of members"), **known},
        title=tr("Segments: how many members, how much of the sales"),
        subtitle=tr("{place} as of {as_of}; sales of {period}", place=view.place, as_of=view.as_of, period=view.period),
    )
