"""RFM: how recently, how often and for how much members buy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import columns as c
from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.audience import view_of
from toolkit.audience.handing_out import handed_out
from toolkit.columns import AnswerTable
from toolkit.language import later, tr
from toolkit.models.ranks import empty_scores
from toolkit.portrait.measures.scorecard import Scorecard, chosen_map, current_scorecard
from toolkit.portrait.measures.scores import scope_scores
from toolkit.portrait.measures.segment_cuts import spread_notes
from toolkit.portrait.measures.segment_maps import NO_ORDERS, SegmentMap
from toolkit.registry import question
from toolkit.scope.sales import ratio
from toolkit.scope.view import View
from toolkit.workspace import Workspace

if TYPE_CHECKING:
    import altair as alt

_SCORES = {"R": "r_score", "F": "f_score", "M": "m_score"}
_MEASURES = {"R": "recency_days", "F": "order_count", "M": "amount"}
_FIVE = pl.DataFrame({"score": pl.Series([5, 4, 3, 2, 1], dtype=pl.Int8)})
_FIGURES = {"F": later("number of orders"), "M": later("spend")}

_HELD = (
    c.members(),
    c.share("member_share", "Share of members", "of scored members"),
    c.count("orders", "Orders", "of the window"),
    c.money("sales", "Sales", "of the window"),
    c.share("sales_share", "Share of sales", "of member sales", null="members bought nothing"),
)
"""What a group of scored members holds; members without an order are in no group, a note counts them."""
GRID = c.table(
    "one row per R x F cell, all 25",
    c.score("r_score", "R", "1..5"),
    c.score("f_score", "F", "1..5"),
    c.text("segment", null="the map looks at M too"),
    *_HELD,
)
SCORES = c.table(
    "one row per score 1..5 of R, F and M",
    c.text("measure", meaning="R, F or M"),
    c.score("score"),
    c.text("range", meaning="the values in words", null="no member has the score, or too few", hidden_by="member_count"),
    *_HELD,
)
_ENDS = c.table("the best, and those who have stayed away", c.text("group"), *_HELD)


@question(
    "portrait",
    "How recently, how often and for how much do our members buy?",
    words=("rfm scores", "recency frequency monetary", "who are our best customers", "RFM 打分 最近一次 消费频率 消费金额"),
    tables=(GRID, SCORES),
    figures=(c.members("scored_members", "Members scored"), c.share("best_share", "Share of the best members")),
)
def rfm(view: View, *, show: Literal["grid", "scores"] = "grid", segment_map: str | None = None) -> Finding:
    """Return how members spread over recency (R) and frequency (F), or over each of the scores R, F and M.

    A member's scores are theirs across the chain: R by fixed edges in days (the scorecard; where members differ in how long they usually
    stay away, each band of them has its own), F (orders) and M (spend) of all history by rank among the chain's members, five best, equal
    members equal scores. Sales are those of the window in the scope.

    Parameters
    ----------
    show
        `grid`: one row per R x F cell, all 25, empty ones too. `scores`: one row per score 1..5 of R, F and M.
    segment_map
        Names the cells: 'ten', 'eight' or the path of a TOML map; empty = the scorecard's map.

    Notes
    -----
    F and M: one more than the cuts (setting rfm.fm_cuts) that `(mean_rank - 0.5) / n` lies above. Source: DEFINITIONS.md
    section 1; Hughes, Strategic Database Marketing (1994).

    Example
    -------
    >>> tk.portrait.rfm(ws, show="scores").table                       # doctest: +SKIP
    >>> tk.portrait.rfm_scores(ws)                                     # doctest: +SKIP
    """
    card, card_notes = current_scorecard(view)
    names, map_notes = chosen_map(view, card, segment_map)
    members = scope_scores(view, card.ruler)
    scored = members.filter(pl.col("r_score").is_not_null())
    shown = GRID.of(_grid(view, scored, names), view) if show == "grid" else SCORES.of(_scores(view, scored, card), view)
    best, gone = _ENDS.of(_ends(view, scored), view).rows()
    empty = view.say("{where} no member has an order up to {as_of}: there is nothing to score.")
    return Finding(
        headline=empty if scored.is_empty() else view.say(
            "{where}, {member_count} of {scored:member}[told? ({member_share})] came within [banded?their usual time|the last {days:day}] "
            "and are among the most frequent (R 5, F 4 or 5)[sold?; they bring {sales_share} of member sales]. [left?{gone:,} "
            "({gone_share:share})|Fewer than {least}] have stayed away for [banded?longer than nearly all of their rhythm who ever came "
            "back|over {away_days} days] (R 1).",
            best, scored=scored.height, told=best["member_share"] is not None, sold=best["sales_share"] is not None,
            left=gone["member_count"] is not None, gone=gone["member_count"], gone_share=gone["member_share"],
            banded=bool(card.gap_cuts), days=card.r_edges[0], away_days=card.r_edges[3],
        ),
        table=shown,
        chart=lambda: _grid_chart(view, shown.frame) if show == "grid" else _score_chart(view, shown),
        notes=[*card_notes, *map_notes, *spread_notes(view, card, names), *_notes(view, members, scored)],
        ask_next=[
            ("portrait.segments", {} if segment_map is None else {"segment_map": segment_map}),
            ("portrait.rfm", {"show": "scores" if show == "grid" else "grid"}),
            ("portrait.movement", {}),
        ],
        figures={"scored_members": float(scored.height) or None, "best_share": ratio(best["member_count"], scored.height)},
    )  # fmt: skip


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

    Raises
    ------
    NotAllowed
        Who asks may see figures alone (documents/roles.toml).

    Example
    -------
    >>> tk.portrait.rfm_scores(ws, store_id="367").filter(pl.col("segment") == "champions")     # doctest: +SKIP
    """
    view = view_of(workspace, **scope)
    card, _ = current_scorecard(view)
    names, _ = chosen_map(view, card, segment_map)
    scores = names.apply(scope_scores(view, card.ruler)).select(
        "member_id",
        "recency_days",
        "order_count",
        view.major("amount").alias("amount"),
        *_SCORES.values(),
        pl.col("segment").cast(pl.String).fill_null(NO_ORDERS),
        "orders",
        view.major("sales").alias("sales"),
    )
    return scores if isinstance(workspace, View) else handed_out(view.workspace, scores, tr("scores of members"))


def _held(view: View, scored: pl.DataFrame, groups: pl.DataFrame, *keys: str, also: Sequence[pl.Expr] = ()) -> pl.DataFrame:
    """The groups with what each holds; an empty one holds nobody and nothing, its share of sales is known only if there were sales."""
    total = int(scored["sales"].sum())
    sums = scored.group_by(keys).agg(
        pl.len().alias("member_count"),
        (pl.len() / max(scored.height, 1)).alias("member_share"),
        pl.col("orders").sum(),
        view.major(pl.col("sales").sum()).alias("sales"),
        (pl.col("sales").sum() / total if total > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
        *also,
    )
    known = ("member_share", "sales", "sales_share") if total > 0 else ("member_share", "sales")
    joined = groups.join(sums, on=keys, how="left", maintain_order="left")
    return joined.with_columns(pl.col("member_count", "orders").fill_null(0), pl.col(known).fill_null(0.0))


def _grid(view: View, scored: pl.DataFrame, names: SegmentMap) -> pl.DataFrame:
    cells = _FIVE.select(r_score="score").join(_FIVE.select(f_score="score"), how="cross")
    if "m" not in names.axes:
        cells = names.apply(cells).with_columns(pl.col("segment").cast(pl.String))
    return _held(view, scored, cells, "r_score", "f_score")


def _ends(view: View, scored: pl.DataFrame) -> pl.DataFrame:
    best = (pl.col("r_score") == 5) & (pl.col("f_score") >= 4)
    group = pl.when(best).then(pl.lit("best")).when(pl.col("r_score") == 1).then(pl.lit("gone"))
    return _held(view, scored.with_columns(group.alias("group")), pl.DataFrame({"group": ["best", "gone"]}), "group")


def _scores(view: View, scored: pl.DataFrame, card: Scorecard) -> pl.DataFrame:
    parts = []
    for measure, column in _SCORES.items():
        ends = [pl.col(_MEASURES[measure]).min().alias("low"), pl.col(_MEASURES[measure]).max().alias("high")]
        five = _FIVE.with_columns(pl.lit(measure).alias("measure"))
        held = _held(view, scored.with_columns(pl.col(column).alias("score")), five, "score", also=ends)
        ranges = [_range_text(view, row, card) for row in held.iter_rows(named=True)]
        parts.append(held.drop("low", "high").with_columns(pl.Series("range", ranges, dtype=pl.String)))
    return pl.concat(parts)


def _range_text(view: View, row: dict[str, Any], card: Scorecard) -> str | None:
    if row["measure"] == "R":
        return card.ranges[row["score"]]
    if row["low"] is None:
        return None
    low, high = (view.money(row[end]) for end in ("low", "high"))
    if row["measure"] == "F":
        low, high = f"{row['low']:,}", wording.some(row["high"], "order")
    return high if row["low"] == row["high"] else view.say("{low} to {high}", low=low, high=high)


def _notes(view: View, members: pl.DataFrame, scored: pl.DataFrame) -> list[str | Note]:
    notes: list[str | Note] = [
        tr(
            "F counts orders and M adds up spend since the receipts begin, ranked among all members of the chain; equal "
            "members share a score."
        )
    ]
    population = view.population.filter(pl.col("last_ordered_on").is_not_null())
    for measure, figure in _FIGURES.items():
        if population.height and population[_MEASURES[measure]].n_unique() == 1:
            notes.append(
                view.say(
                    "All {members:,} members have the same {figure}, so they share one {measure} score.",
                    members=population.height, figure=tr(figure), measure=measure,
                )
            )  # fmt: skip
    for measure, figure in _FIGURES.items():
        empty = empty_scores(scored[_SCORES[measure]]) if view.scope.is_chain and scored.height else []
        if empty:
            notes.append(
                view.say(
                    "No member has {listed}: too many have the same {figure}, and equal members are never split.",
                    listed=wording.listing([f"{measure} {score}" for score in empty]), figure=tr(figure),
                )
            )  # fmt: skip
    unscored = members.height - scored.height
    if unscored:
        one = unscored == 1 and view.least == 1
        notes.append(view.say("{unscored:member} with returns alone and no order [one?is|are] not scored.", unscored=unscored, one=one))
    if scored.height and int(scored["sales"].sum()) <= 0:
        notes.append(Note(view.say("Shares of sales are not measured: members bought nothing in {period}."), "NOT MEASURED"))
    return [*notes, view.say("Sales and orders are those of {period}.")]


def _grid_chart(view: View, grid: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.heatmap import heatmap

    return heatmap(
        grid, column="r_score", row="f_score", value="member_count", name=None if grid["segment"].null_count() else "segment",
        title=tr("Members by recency and frequency"), subtitle=view.say("{place} as of {as_of}; 5 is best"),
        column_title=tr("Recency score (right = came lately)"), row_title=tr("Frequency score (top = most orders)"),
        value_title=tr("Members"), column_order=[1, 2, 3, 4, 5], row_order=[5, 4, 3, 2, 1],
    )  # fmt: skip


def _score_chart(view: View, scores: AnswerTable) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import stacked_bars

    names = [view.say("score {score}", row) for row in scores.rows()]
    return stacked_bars(
        scores.frame.with_columns(pl.Series("part", names, dtype=pl.String)),
        label="measure", part="part", value="member_share", n="member_count", part_title=tr("Score"),
        title=tr("How members spread over the scores"), subtitle=view.say("{place} as of {as_of}; 5 is best"),
        value_title=tr("Share of members"),
    )  # fmt: skip
