"""RFM: how recently, how often and for how much members buy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.audience import view_of
from toolkit.language import later, tr, trn
from toolkit.models.ranks import empty_scores
from toolkit.portrait.measures.scorecard import Scorecard, chosen_map, current_scorecard
from toolkit.portrait.measures.scores import scope_scores
from toolkit.portrait.measures.segment_maps import NO_ORDERS, SegmentMap
from toolkit.registry import question
from toolkit.scope.phrases import where
from toolkit.scope.sales import ratio
from toolkit.scope.view import View
from toolkit.workspace import Workspace

if TYPE_CHECKING:
    import altair as alt

_SCORES = {"R": "r_score", "F": "f_score", "M": "m_score"}
_MEASURES = {"R": "recency_days", "F": "order_count", "M": "amount"}
_SAID = {"F": later("number of orders"), "M": later("spend")}


@question(
    "portrait",
    "How recently, how often and for how much do our members buy?",
    words=("rfm scores", "recency frequency monetary", "who are our best customers", "RFM 打分 最近一次 消费频率 消费金额"),
)
def rfm(view: View, *, show: Literal["grid", "scores"] = "grid", segment_map: str | None = None) -> Finding:
    """Return how members spread over recency (R) and frequency (F), or over each of the scores R, F and M.

    A member's scores are theirs across the chain: R by fixed edges in days (the scorecard), F (orders) and M (spend) of all history by rank
    among the chain's members, five best, equal members equal scores. Sales are those of the window in the scope.

    Parameters
    ----------
    show
        `grid`: one row per R x F cell, all 25, empty ones too. `scores`: one row per score 1..5 of R, F and M.
    segment_map
        Names the cells: 'ten', 'eight' or the path of a TOML map; empty = the scorecard's map.

    Returns
    -------
    Answer
        Table of `grid`: `r_score`, `f_score` (1..5), `segment` (only if the map looks at R and F alone), `member_count`, `member_share`
        (0..1 of scored members), `orders` and `sales` (currency units) of the window, `sales_share` (0..1 of member sales; null if none).
        Table of `scores`: `measure` (R, F, M), `score`, `range` (the values in words; null = no member has the score), `member_count`,
        `member_share`, `orders`, `sales`, `sales_share`. Members without an order are not in either; a note counts them.

    Notes
    -----
    F and M: `ceil(5 * (mean_rank - 0.5) / n)`. Source: DEFINITIONS.md section 1; Hughes, Strategic Database Marketing (1994).

    Example
    -------
    >>> tk.portrait.rfm(ws, show="scores").table                       # doctest: +SKIP
    >>> tk.portrait.rfm_scores(ws)                                     # doctest: +SKIP
    """
    card, card_notes = current_scorecard(view)
    names, map_notes = chosen_map(view, card, segment_map)
    members = scope_scores(view, card.r_edges)
    scored = members.filter(pl.col("r_score").is_not_null())
    grid = _grid(view, scored, names)
    scores = _score_table(view, scored, card)
    return Finding(
        headline=_headline(view, scored, card),
        table=grid if show == "grid" else scores,
        chart=lambda: _grid_chart(view, grid, names) if show == "grid" else _score_chart(view, scores),
        notes=[*card_notes, *map_notes, *_notes(view, members, scored)],
        ask_next=[
            ("portrait.segments", {} if segment_map is None else {"segment_map": segment_map}),
            ("portrait.rfm", {"show": "scores" if show == "grid" else "grid"}),
            ("portrait.movement", {}),
        ],
        figures=_figures(scored),
    )


def rfm_scores(workspace: View | Workspace | str | Path, *, segment_map: str | None = None, **scope: Any) -> pl.DataFrame:
    """Return the scores of every member in scope: one row per member, sorted by member_id.

    Columns: `member_id`; `recency_days` (days from the last order to as_of), `order_count` and `amount` (currency units) of all history
    across the chain; `r_score`, `f_score`, `m_score` (1..5, 5 best); `segment` ('no orders' for members with returns alone, whose recency
    and scores are null); `orders` and `sales` (currency units) of the window in the scope.

    Parameters
    ----------
    workspace
        A workspace, its path, or a view that is already open.
    segment_map
        'ten', 'eight' or the path of a TOML map; empty = the scorecard's map.
    **scope
        As for a question: store_id, region, audience (a saved name too), as_of, period, settings.

    Example
    -------
    >>> tk.portrait.rfm_scores(ws, store_id="367").filter(pl.col("segment") == "champions")     # doctest: +SKIP
    """
    view = view_of(workspace, **scope)
    card, _ = current_scorecard(view)
    names, _ = chosen_map(view, card, segment_map)
    return names.apply(scope_scores(view, card.r_edges)).select(
        "member_id",
        "recency_days",
        "order_count",
        view.major("amount").alias("amount"),
        *_SCORES.values(),
        pl.col("segment").cast(pl.String).fill_null(NO_ORDERS),
        "orders",
        view.major("sales").alias("sales"),
    )


def _sums(view: View, scored: pl.DataFrame) -> list[pl.Expr]:
    """Aggregations of a group of scored members: members, orders, sales and their shares."""
    total = int(scored["sales"].sum())
    return [
        pl.len().cast(pl.Int64).alias("member_count"),
        (pl.len() / max(scored.height, 1)).alias("member_share"),
        pl.col("orders").sum(),
        view.major(pl.col("sales").sum()).alias("sales"),
        (pl.col("sales").sum() / total if total > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
    ]


def _filled(frame: pl.DataFrame, scored: pl.DataFrame) -> pl.DataFrame:
    """Empty groups hold nobody and nothing; their share of sales is known only if there were sales."""
    none = 0.0 if int(scored["sales"].sum()) > 0 else None
    counted = frame.with_columns(pl.col("member_count", "orders").fill_null(0), pl.col("member_share", "sales").fill_null(0.0))
    return counted.with_columns(pl.col("sales_share").fill_null(pl.lit(none, pl.Float64)))


def _grid(view: View, scored: pl.DataFrame, names: SegmentMap) -> pl.DataFrame:
    five = pl.Series([5, 4, 3, 2, 1], dtype=pl.Int8)
    cells = pl.DataFrame({"r_score": five}).join(pl.DataFrame({"f_score": five}), how="cross")
    if "m" not in names.axes:
        cells = names.apply(cells).with_columns(pl.col("segment").cast(pl.String))
    held = scored.group_by("r_score", "f_score").agg(_sums(view, scored))
    return _filled(cells.join(held, on=["r_score", "f_score"], how="left", maintain_order="left"), scored)


def _score_table(view: View, scored: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    rows = []
    five = pl.DataFrame({"score": pl.Series([5, 4, 3, 2, 1], dtype=pl.Int8)})
    for measure, column in _SCORES.items():
        value = pl.col(_MEASURES[measure])
        held = scored.group_by(pl.col(column).alias("score")).agg(*_sums(view, scored), value.min().alias("low"), value.max().alias("high"))
        all_scores = five.join(held, on="score", how="left", maintain_order="left")
        ranges = [_range_text(view, measure, row, card) for row in all_scores.select("score", "low", "high").iter_rows(named=True)]
        rows.append(
            all_scores.select(pl.lit(measure).alias("measure"), "score", pl.Series("range", ranges, dtype=pl.String), *held.columns[1:-2])
        )
    return _filled(pl.concat(rows), scored)


def _range_text(view: View, measure: str, row: dict[str, Any], card: Scorecard) -> str | None:
    if measure == "R":
        return card.ranges[row["score"]]
    if row["low"] is None:
        return None
    low, high = (view.money(row[end]) for end in ("low", "high"))
    if measure == "F":
        low, high = f"{row['low']:,}", wording.some(row["high"], "order")
    return high if row["low"] == row["high"] else tr("{low} to {high}", low=low, high=high)


def _headline(view: View, scored: pl.DataFrame, card: Scorecard) -> str:
    if scored.is_empty():
        return tr("{where} no member has an order up to {as_of}: there is nothing to score.", where=where(view), as_of=view.as_of)
    best = scored.filter((pl.col("r_score") == 5) & (pl.col("f_score") >= 4))
    gone = scored.filter(pl.col("r_score") == 1)
    held = ratio(int(best["sales"].sum()), int(scored["sales"].sum()))
    brought = tr("; they bring {held} of member sales", held=wording.share(held)) if held is not None else ""
    return tr(
        "{where}, {best:,} of {members} ({best_share}) came within the last {days} and are among the most frequent "
        "(R 5, F 4 or 5){brought}. {gone:,} ({gone_share}) have stayed away for over {away_days} days (R 1).",
        where=where(view),
        best=best.height,
        members=wording.some(scored.height, "member"),
        best_share=wording.share(best.height / scored.height),
        days=wording.some(card.r_edges[0], "day"),
        brought=brought,
        gone=gone.height,
        gone_share=wording.share(gone.height / scored.height),
        away_days=card.r_edges[3],
    )


def _notes(view: View, members: pl.DataFrame, scored: pl.DataFrame) -> list[str | Note]:
    notes: list[str | Note] = [
        tr(
            "F counts orders and M adds up spend since the receipts begin, ranked among all members of the chain; equal "
            "members share a score."
        )
    ]
    population = view.population.filter(pl.col("last_ordered_on").is_not_null())
    for measure, column in (("F", "order_count"), ("M", "amount")):
        if population.height and population[column].n_unique() == 1:
            notes.append(
                tr(
                    "All {members:,} members have the same {figure}, so they share one {measure} score.",
                    members=population.height,
                    figure=tr(_SAID[measure]),
                    measure=measure,
                )
            )
    if view.scope.is_chain and scored.height:
        for measure in ("F", "M"):
            empty = empty_scores(scored[_SCORES[measure]])
            if empty:
                listed = wording.listing([f"{measure} {score}" for score in empty])
                notes.append(
                    tr(
                        "No member has {listed}: too many have the same {figure}, and equal members are never split.",
                        listed=listed,
                        figure=tr(_SAID[measure]),
                    )
                )
    unscored = members.height - scored.height
    if unscored:
        notes.append(
            trn(
                "{members} with returns alone and no order is not scored.",
                "{members} with returns alone and no order are not scored.",
                unscored,
                members=wording.some(unscored, "member"),
            )
        )
    if scored.height and int(scored["sales"].sum()) <= 0:
        notes.append(Note(tr("Shares of sales are not measured: members bought nothing in {period}.", period=view.period), "NOT MEASURED"))
    return [*notes, tr("Sales and orders are those of {period}.", period=view.period)]


def _figures(scored: pl.DataFrame) -> dict[str, float]:
    if scored.is_empty():
        return {}
    best = scored.filter((pl.col("r_score") == 5) & (pl.col("f_score") >= 4))
    return {"scored_members": float(scored.height), "best_share": best.height / scored.height}


def _grid_chart(view: View, grid: pl.DataFrame, names: SegmentMap) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.heatmap import heatmap

    return heatmap(
        grid,
        column="r_score",
        row="f_score",
        value="member_count",
        name="segment" if "segment" in grid.columns else None,
        title=tr("Members by recency and frequency"),
        subtitle=tr("{place} as of {as_of}; 5 is best", place=view.place, as_of=view.as_of),
        column_title=tr("Recency score (right = came lately)"),
        row_title=tr("Frequency score (top = most orders)"),
        value_title=tr("Members"),
        column_order=[1, 2, 3, 4, 5],
        row_order=[5, 4, 3, 2, 1],
    )


def _score_chart(view: View, scores: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import stacked_bars

    names = [tr("score {score}", score=score) for score in scores["score"]]
    parts = scores.with_columns(pl.Series("part", names, dtype=pl.String))
    return stacked_bars(
        parts,
        label="measure",
        part="part",
        value="member_share",
        n="member_count",
        title=tr("How members spread over the scores"),
        subtitle=tr("{place} as of {as_of}; 5 is best", place=view.place, as_of=view.as_of),
        value_title=tr("Share of members"),
        part_title=tr("Score"),
    )
