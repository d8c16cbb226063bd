"""Whether a segment map tells members apart, and which other cut of R, F and M would where it does not."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from toolkit.answer import Note
from toolkit.language import tr
from toolkit.portrait.measures.scorecard import Scorecard, proposed_scorecard
from toolkit.portrait.measures.scores import chain_scores
from toolkit.portrait.measures.segment_maps import SegmentMap
from toolkit.scope.view import View

AT_RISK = "at risk"
_LEAST = 100
"""Of fewer scored members a share of 30% is chance as much as cut."""
_FM_CUTS = ((0.2, 0.4, 0.6, 0.8), (0.35, 0.5, 0.66, 0.88), (0.3, 0.5, 0.7, 0.88), (0.25, 0.45, 0.65, 0.87), (0.4, 0.6, 0.75, 0.88))
_R_QUANTILES = ((0.7, 0.85, 0.93, 0.97), (0.6, 0.8, 0.9, 0.96))
"""Cuts that are tried: the ranks first, since other edges of recency are crossed by more members from day to day."""


@dataclass(frozen=True)
class Spread:
    """How members lie on a map: the largest segment, its share (0..1), members `at risk` (null: the map has no such segment)."""

    largest: str
    largest_share: float
    at_risk: int | None
    member_count: int

    def is_useful(self, most: float) -> bool:
        """Whether no segment is too large and somebody is at risk."""
        return self.largest_share <= most and self.at_risk != 0


@dataclass(frozen=True)
class Cut:
    """A cut that was tried: how members lie with it, where F and M are cut, which quantiles R (None: as now), and its lines of settings."""

    spread: Spread
    fm_cuts: tuple[float, ...]
    r_edge_quantiles: tuple[float, ...] | None
    line: str


def spread_notes(view: View, card: Scorecard, names: SegmentMap) -> list[Note]:
    """Return the note on a map that puts too many of the chain's members into one segment, or nobody at risk, with a cut that does better.

    Of a store or an audience nothing is said: the ruler is the chain's.
    """
    if not view.scope.is_chain:
        return []
    found = _spread(view, card, names)
    most = view.settings.rfm.crowded_share
    if found.member_count < _LEAST or found.is_useful(most):
        return []
    told = view.say(
        "[crowded?'{largest:word}' holds {share:share} of {members:member}, more than {rfm.crowded_share:share} (setting "
        "rfm.crowded_share): so large a group tells little apart.][risk? Nobody is '{at_risk:word}'.]",
        crowded=found.largest_share > most, largest=found.largest, share=found.largest_share, members=found.member_count,
        risk=found.at_risk == 0, at_risk=AT_RISK,
    ).strip()  # fmt: skip
    better = better_cut(view, card, names)
    best = better.spread
    if not best.is_useful(most):
        other = view.say(
            "None of {tried} other cuts mends it: the best leaves {share:share} in '{largest:word}'. Choose another map (segment_map).",
            tried=len(_FM_CUTS) * (1 + len(_R_QUANTILES)) - 1, share=best.largest_share, largest=best.largest,
        )  # fmt: skip
    else:
        other = view.say(
            "With {line} under {section} in the workspace's settings.toml the largest is '{largest:word}' with {share:share}[risk?, and "
            "{n:few} are '{at_risk:word}']; `toolkit scorecard WORKSPACE --refresh` keeps it, and every month is scored with it.",
            line=better.line, section="`[rfm]`", largest=best.largest, share=best.largest_share,
            risk=best.at_risk is not None, n=best.at_risk or 0, at_risk=AT_RISK,
        )  # fmt: skip
    return [Note(told, "REVIEW"), Note(other)]


def _spread(view: View, card: Scorecard, names: SegmentMap) -> Spread:
    return spread_of(names, names.apply(chain_scores(view, card.ruler))["segment"])


def spread_of(names: SegmentMap, segments: pl.Series) -> Spread:
    """Return how members lie on a map; null: not scored."""
    held = segments.drop_nulls()
    counts = dict(held.cast(pl.String).value_counts().iter_rows())
    largest = max(names.names, key=lambda name: counts.get(name, 0))
    at_risk = counts.get(AT_RISK, 0) if AT_RISK in names.names else None
    return Spread(largest, counts.get(largest, 0) / max(held.len(), 1), at_risk, held.len())


def better_cut(view: View, card: Scorecard, names: SegmentMap) -> Cut:
    """Return the first useful cut, else the one with the smallest largest segment."""
    name = "better-cuts-" + hashlib.sha256(f"{card.ruler!r}{names.fingerprint}".encode()).hexdigest()[:12]
    row = view.chainwide(name, lambda chain: _searched(chain, card, names), "rfm").row(0, named=True)
    spread = Spread(row["largest"], row["largest_share"], row["at_risk"], row["member_count"])
    quantiles = row["r_edge_quantiles"]
    return Cut(spread, tuple(row["fm_cuts"]), None if quantiles is None else tuple(quantiles), row["line"])


def _searched(chain: View, card: Scorecard, names: SegmentMap) -> pl.DataFrame:
    most = chain.settings.rfm.crowded_share
    tried: list[Cut] = []
    for quantiles in (None, *_R_QUANTILES):
        ruled = card if quantiles is None else _with_quantiles(chain, quantiles)
        for cuts in _FM_CUTS:
            if quantiles is None and cuts == card.fm_cuts:
                continue
            lines = [_line("fm_cuts", cuts)] if cuts != _FM_CUTS[0] or card.fm_cuts != _FM_CUTS[0] else []
            lines += [_line("r_edge_quantiles", quantiles)] if quantiles else []
            tried.append(Cut(_spread(chain, ruled.model_copy(update={"fm_cuts": cuts}), names), cuts, quantiles, tr(", ").join(lines)))
        useful = [found for found in tried if found.spread.is_useful(most)]
        if useful:
            break
    else:
        useful = tried
    best = min(useful, key=lambda found: (found.spread.at_risk == 0, found.spread.largest_share))
    cuts = {"fm_cuts": list(best.fm_cuts), "r_edge_quantiles": None if best.r_edge_quantiles is None else list(best.r_edge_quantiles)}
    schema = {"at_risk": pl.Int64, "r_edge_quantiles": pl.List(pl.Float64)}
    return pl.DataFrame([{**vars(best.spread), **cuts, "line": best.line}], schema_overrides=schema)


def _with_quantiles(chain: View, quantiles: Sequence[float]) -> Scorecard:
    settings = chain.settings
    rfm = settings.rfm.model_copy(update={"r_edge_quantiles": tuple(quantiles)})
    return proposed_scorecard(replace(chain, settings=settings.model_copy(update={"rfm": rfm})))


def _line(name: str, values: Sequence[float]) -> str:
    return f"`{name} = [{', '.join(f'{value:g}' for value in values)}]`"
