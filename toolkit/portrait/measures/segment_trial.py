"""A segment map and cut points that nobody has kept yet: how many members lie in each cell and segment. Nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import polars as pl

from toolkit.language import tr
from toolkit.portrait.measures.levels import UNKNOWN
from toolkit.portrait.measures.scorecard import (
    FALLBACK_EDGES,
    Scorecard,
    ScorecardReport,
    current_scorecard,
    edges_frame,
    save_scorecard,
    saved_scorecard,
    segment_flow,
    segment_map_of,
)
from toolkit.portrait.measures.scores import chain_scores, unstored_scores
from toolkit.portrait.measures.segment_cuts import Spread, spread_of
from toolkit.portrait.measures.segment_maps import SegmentMap
from toolkit.roles import require_role
from toolkit.scope.view import View


@dataclass(frozen=True)
class Cuts:
    """Cut points: quantiles of R's edges, shares of members at which F and M are cut, own pauses after which R is 3 at most."""

    r_edge_quantiles: tuple[float, ...]
    fm_cuts: tuple[float, ...]
    late_after_gaps: float


@dataclass(frozen=True)
class Trial:
    """Members by cell (scores of the map's axes) and by segment, of all that are scored; the scorecard that scored them."""

    card: Scorecard
    cells: dict[tuple[int, ...], int]
    segments: dict[str, int]
    scored: int
    spread: Spread


def cuts_in_force(view: View) -> Cuts:
    """Return the cut points that hold: of the saved scorecard where there is one (its quantiles are those of the settings)."""
    card = current_scorecard(view)[0]
    return Cuts(view.settings.rfm.r_edge_quantiles, card.fm_cuts, view.settings.rfm.late_after_gaps)


def segment_trial(view: View, names: SegmentMap, cuts: Cuts) -> Trial:
    """Return how the chain's members would lie on a map with cut points."""
    card = tried_card(view, cuts)
    in_force = current_scorecard(view)[0]
    scores = chain_scores(view, card.ruler) if card.ruler == in_force.ruler else unstored_scores(view.chain, card.ruler)
    placed = names.apply(scores).drop_nulls("r_score")
    columns = [f"{axis}_score" for axis in names.axes]
    cells = {row[:-1]: row[-1] for row in placed.group_by(columns).len().iter_rows()}
    segments = dict(placed["segment"].cast(pl.String).value_counts().iter_rows())
    return Trial(card, cells, segments, placed.height, spread_of(names, placed["segment"]))


def tried_card(view: View, cuts: Cuts) -> Scorecard:
    """Return the scorecard with other cut points: the ruler in force as far as it is not touched."""
    in_force, now = current_scorecard(view)[0], cuts_in_force(view)
    if (cuts.r_edge_quantiles, cuts.late_after_gaps) == (now.r_edge_quantiles, now.late_after_gaps):
        return in_force.model_copy(update={"fm_cuts": cuts.fm_cuts})
    row = _edges(_Key(view.chain, view.settings.rfm.r_edge_minimum_gaps), tuple(cuts.r_edge_quantiles))
    measured = row["status"] != UNKNOWN
    return in_force.model_copy(
        update={
            "r_edges": tuple(row["edges"]) if measured else FALLBACK_EDGES, "gap_cuts": tuple(row["gap_cuts"]),
            "band_edges": tuple(map(tuple, row["band_edges"])), "shop_gap_days": row["shop_gap_days"], "own_weight": row["own_weight"],
            "fm_cuts": cuts.fm_cuts, "late_after_gaps": cuts.late_after_gaps if measured else 0,
            "edges_from": row["status"] if measured else "fallback", "reason": row["reason"], "reasons": {},
        }
    )  # fmt: skip


def keep_in_scorecard(view: View, before: Scorecard, *, is_recency: bool) -> ScorecardReport | None:
    """Let a saved scorecard follow the settings as they are now; None where none is saved. `view` is opened on them.

    Its edges of recency stay unless they were changed (`is_recency`): then they are proposed anew. `before`: the scorecard until now.

    Raises
    ------
    NotAllowed
        Who is at work is no owner.
    """
    ws = view.workspace
    saved = saved_scorecard(ws)
    if saved is None:
        return None
    if is_recency:
        return save_scorecard(ws, refresh=True)
    require_role(ws, "owner", tr("saving the scorecard"))
    chosen = view.settings.rfm.segment_map
    card = saved.model_copy(
        update={
            "fm_cuts": view.settings.rfm.fm_cuts, "segment_map": chosen, "map_fingerprint": segment_map_of(view, chosen).fingerprint,
        }
    )  # fmt: skip
    flow = segment_flow(view, before, card)
    ws.write_document("scorecard", card.model_dump())
    moved = int(flow.filter(pl.col("segment_before") != pl.col("segment"))["member_count"].sum())
    return ScorecardReport(card, before, True, view.population.height, moved, flow)


class _Key:
    """A chain as a key: its mart is the same as long as its folder and day are."""

    def __init__(self, chain: View, minimum: int) -> None:
        self.chain, self.told = chain, (str(chain.mart.path), chain.as_of, minimum)

    def __hash__(self) -> int:
        return hash(self.told)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.told == self.told


@lru_cache(maxsize=8)
def _edges(key: _Key, quantiles: Sequence[float]) -> dict:
    settings = key.chain.settings
    rfm = settings.rfm.model_copy(update={"r_edge_quantiles": tuple(quantiles)})
    return edges_frame(replace(key.chain, settings=settings.model_copy(update={"rfm": rfm}))).row(0, named=True)
