"""The scorecard: the ruler of recency and the segment map, saved so that next month is measured with the same ones.

The ruler is proposed from the shop's own gaps between shopping days. `save_scorecard` keeps it in the workspace's documents; refreshing it
is the user's decision, and what it changes is reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from toolkit import wording
from toolkit.answer import Note
from toolkit.errors import WorkspaceError, fault_words
from toolkit.language import LANGUAGES, current, in_every_language, later, tr
from toolkit.models.repurchase import DayLimits, gaps, propose_r_edges
from toolkit.models.rhythm_bands import LATE, Rhythms, limits_by_band
from toolkit.portrait.measures.levels import UNKNOWN
from toolkit.portrait.measures.model_reasons import reason_text
from toolkit.portrait.measures.scores import EVEN_CUTS, Ruler, chain_scores
from toolkit.portrait.measures.segment_maps import NO_ORDERS, SegmentMap, read_segment_map
from toolkit.portrait.measures.shopping_days import member_days
from toolkit.roles import require_role
from toolkit.scope.phrases import spoken
from toolkit.scope.view import View, open_view
from toolkit.settings import Settings
from toolkit.workspace import Workspace, opened

FALLBACK_EDGES = (30, 90, 180, 365)
"""R edges in days where the shop has too few gaps to propose its own: a month, a quarter, half a year, a year."""

Edge = Annotated[int, Field(ge=0, le=36500, strict=True)]
Edges = tuple[Edge, Edge, Edge, Edge]
Cut = Annotated[float, Field(gt=0, lt=1)]
Cuts = tuple[Cut, Cut, Cut, Cut]


class Scorecard(BaseModel):
    """The ruler of recency and the segment map.

    Attributes
    ----------
    as_of
        Last day of the receipts it was proposed from.
    r_edges
        Days: R is 5 up to the first edge, 4 up to the second, ..., 1 beyond the last; of all members taken together.
    gap_cuts, band_edges
        Where members differ in how long they usually stay away: the days that part them into bands (a band holds usual pauses up to its
        cut, the last one those beyond), and the edges of each band, which then are in force instead of `r_edges`. Empty = one rhythm.
    shop_gap_days, own_weight
        What a member's usual pause is shrunk to, and how many own pauses weigh as much (`models.rhythm_bands`); 0 with one rhythm.
    fm_cuts, late_after_gaps
        Shares of members at which F and M are cut; own mean pauses after which R is 3 at most (0, of cards saved before this was known:
        not looked at, nor with fallback edges).
    edges_from
        `proposed` (the shop's own gaps), `widened` (own gaps, edges moved apart), `provisional` (own gaps, short history), `fallback` (too
        few gaps) or `given` (typed by a person).
    reason
        Why the edges are not simply the proposed ones, as the saver read it.
    reasons
        The same in every language, for whoever reads the saved one.
    segment_map
        'ten', 'eight', or the path of a TOML map.
    map_fingerprint
        Changes when a name or a cell of the map changes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    as_of: date
    r_edges: Edges
    gap_cuts: tuple[Edge, ...] = ()
    band_edges: tuple[Edges, ...] = ()
    shop_gap_days: float = 0
    own_weight: float = 0
    fm_cuts: Cuts = EVEN_CUTS
    late_after_gaps: Annotated[float, Field(ge=0)] = 0
    edges_from: Literal["proposed", "widened", "provisional", "fallback", "given"] = "given"
    reason: str = ""
    reasons: dict[str, str] = {}
    segment_map: str = "ten"
    map_fingerprint: str = ""

    @field_validator("r_edges", "gap_cuts", "fm_cuts")
    @classmethod
    def _ascending(cls, edges: tuple[float, ...]) -> tuple[float, ...]:
        if list(edges) != sorted(set(edges)):
            raise ValueError(tr("the edges must ascend"))
        return edges

    @field_validator("band_edges")
    @classmethod
    def _each_ascending(cls, bands: tuple[Edges, ...]) -> tuple[Edges, ...]:
        for edges in bands:
            cls._ascending(edges)
        return bands

    @model_validator(mode="after")
    def _edges_of_each_band(self) -> Scorecard:
        if len(self.band_edges) != (len(self.gap_cuts) + 1 if self.gap_cuts else 0) or (self.gap_cuts and self.shop_gap_days <= 0):
            raise ValueError(tr("gap_cuts part one band more than there are cuts: band_edges must have edges for each, and shop_gap_days"))
        return self

    @property
    def ruler(self) -> Ruler:
        """What scores members."""
        rhythms = Rhythms(self.shop_gap_days, self.own_weight, self.gap_cuts) if self.gap_cuts else None
        return Ruler(self.band_edges if rhythms else (self.r_edges,), rhythms, self.late_after_gaps, self.fm_cuts)

    @property
    def why(self) -> str:
        """The reason in the reader's language."""
        return self.reasons.get(current(), self.reason)

    @property
    def edges_text(self) -> str:
        """The edges in words."""
        each = [tr("{edges} days", edges=wording.listing([str(edge) for edge in edges])) for edges in self.ruler.edges]
        if not self.gap_cuts:
            return each[0]
        bands = [
            tr("{edges} for members who usually come again within {days} days", edges=edges, days=cut)
            for edges, cut in zip(each, self.gap_cuts, strict=False)
        ]
        return wording.clauses([*bands, tr("{edges} for all others", edges=each[-1])])

    @property
    def ranges(self) -> dict[int, str]:
        """Days of each R score, best first; of several bands, the one with the shortest usual pause first."""
        each = [
            {5: _days(0, a), 4: _days(a + 1, b), 3: _days(b + 1, c), 2: _days(c + 1, d), 1: tr("over {days} days", days=d)}
            for a, b, c, d in self.ruler.edges
        ]
        return {score: " / ".join(band[score] for band in each) for score in each[0]}


def saved_scorecard(workspace: Workspace) -> Scorecard | None:
    """Return the saved scorecard, or None. Raises WorkspaceError when the document was edited into something that cannot be read."""
    found = workspace.document("scorecard")
    if not found:
        return None
    try:
        return Scorecard.model_validate(found)
    except ValidationError as error:
        path = workspace.path / "documents" / "scorecard.toml"
        faults = [
            tr(
                "{path}: {place}: {fault}, but {given!r} came.",
                path=path,
                place=".".join(map(str, fault["loc"])),
                fault=fault_words(fault),
                given=fault["input"],
            )
            for fault in error.errors()
        ]
        raise WorkspaceError("\n".join([*faults, tr("Mend it, or make a new one with `toolkit scorecard --refresh`.")])) from None


def proposed_scorecard(view: View) -> Scorecard:
    """Return the scorecard that the receipts up to the view's `as_of` propose; nothing later is seen, nothing is saved."""
    found = view.chainwide(spoken("r-edges"), edges_frame, "rfm").row(0, named=True)
    chosen = view.settings.rfm.segment_map
    measured = found["status"] != UNKNOWN
    return Scorecard(
        as_of=view.as_of,
        r_edges=tuple(found["edges"]) if measured else FALLBACK_EDGES,
        gap_cuts=tuple(found["gap_cuts"]),
        band_edges=tuple(map(tuple, found["band_edges"])),
        shop_gap_days=found["shop_gap_days"],
        own_weight=found["own_weight"],
        fm_cuts=view.settings.rfm.fm_cuts,
        late_after_gaps=view.settings.rfm.late_after_gaps if measured else 0,  # spans of the calendar know no pauses
        edges_from=found["status"] if measured else "fallback",
        reason=found["reason"],
        segment_map=chosen,
        map_fingerprint=segment_map_of(view, chosen).fingerprint,
    )


def current_scorecard(view: View) -> tuple[Scorecard, list[str | Note]]:
    """Return the scorecard in force as of the view's date, and the notes that a reader of its scores needs.

    The saved one is in force from its own `as_of` on. For an earlier question a ruler is proposed from what was known then, so that
    nothing after `as_of` is ever seen.
    """
    saved = saved_scorecard(view.workspace)
    if saved is not None and saved.as_of <= view.as_of:
        return saved, [
            tr(
                "R counts days since the last order with the saved ruler of {as_of}: {edges}.",
                as_of=saved.as_of,
                edges=saved.edges_text,
            ),
            *_more_rules(saved),
            *_doubt(saved),
        ]
    card = proposed_scorecard(view)
    if saved is not None:
        why = tr(
            "the saved scorecard is of {saved_on}, after this question's {as_of}, so it was not used",
            saved_on=saved.as_of,
            as_of=view.as_of,
        )
    else:
        why = tr(
            "no scorecard is saved; `toolkit scorecard WORKSPACE --refresh` saves one, so that next month is scored with the same ruler"
        )
    source = (
        tr("a stated fallback")
        if card.edges_from == "fallback"
        else tr("proposed from the gaps between shopping days up to {as_of}", as_of=card.as_of)
    )
    words = tr("R counts days since the last order with edges at {edges}, {source} ({why}).", edges=card.edges_text, source=source, why=why)
    return card, [words, *_more_rules(card), *_doubt(card)]


def segment_map_of(view: View, name: str) -> SegmentMap:
    """Return a map by name or path; relative paths are looked for in the workspace's documents first."""
    return read_segment_map(name, folder=view.workspace.path / "documents")


def chosen_map(view: View, card: Scorecard, asked: str | None) -> tuple[SegmentMap, list[str | Note]]:
    """Return the map to use: the one asked for, else a setting that differs from the default, else the scorecard's; and its notes."""
    setting = view.settings.rfm.segment_map
    name = asked or (setting if setting != Settings().rfm.segment_map else card.segment_map)
    found = segment_map_of(view, name)
    if name == card.segment_map and card.map_fingerprint and found.fingerprint != card.map_fingerprint:
        said = tr(
            "The segment map {name} was changed after the scorecard of {as_of} was saved: segments cannot be compared with earlier ones. "
            "Refresh the scorecard to keep the new map.",
            name=name,
            as_of=card.as_of,
        )
        return found, [Note(said, "REVIEW")]
    return found, []


@dataclass(frozen=True)
class ScorecardReport:
    """What keeping or refreshing the scorecard did.

    `flow` has one row per pair of segments (`segment_before`, `segment`, `member_count`); empty where there was no ruler before.
    """

    card: Scorecard
    before: Scorecard | None
    saved: bool
    member_count: int
    moved_count: int
    flow: pl.DataFrame

    @property
    def sentences(self) -> list[str]:
        """The report in words, for the command line."""
        card = self.card
        source = {
            "proposed": tr("proposed from the gaps between shopping days up to {as_of}", as_of=card.as_of),
            "widened": tr(
                "proposed from the gaps between shopping days up to {as_of} and moved apart: {reason}", as_of=card.as_of, reason=card.why
            ),
            "provisional": tr("provisional: {reason}", reason=card.why),
            "fallback": tr("a fallback, since {reason}", reason=card.why),
            "given": tr("typed in by a person"),
        }[card.edges_from]
        ranges = tr("; ").join(tr("R {score}: {days}", score=score, days=days) for score, days in card.ranges.items())
        said = [
            tr(
                "The ruler of {as_of}: {ranges} ({source}). Segment map: {segment_map}.",
                as_of=card.as_of,
                ranges=ranges,
                source=source,
                segment_map=card.segment_map,
            )
        ]
        if self.before is None:
            kept = tr("It is saved: from now on every month is scored with it.")
            return [
                *said,
                kept if self.saved else tr("It is only proposed: save it with --refresh, so that next month is scored with it too."),
            ]
        if not self.saved:
            return [*said, tr("It is saved, and every month is scored with it. Propose a new one from the receipts with --refresh.")]
        share = wording.share(self.moved_count / self.member_count if self.member_count else None)
        return [
            *said,
            tr(
                "It replaces the ruler of {as_of} (edges {edges}, map {segment_map}).",
                as_of=self.before.as_of,
                edges=self.before.edges_text,
                segment_map=self.before.segment_map,
            ),
            tr(
                "{moved_count:,} of {members} ({share}) change segment by it on {as_of}.",
                moved_count=self.moved_count,
                members=wording.some(self.member_count, "member"),
                share=share,
                as_of=card.as_of,
            ),
        ]


def save_scorecard(
    workspace: Workspace | str | Path,
    *,
    refresh: bool = False,
    as_of: date | str | None = None,
    settings: Settings | dict[str, Any] | None = None,
) -> ScorecardReport:
    """Save the scorecard if none is saved; with `refresh`, replace it by what the receipts up to `as_of` propose and say what changes.

    Raises
    ------
    WorkspaceError
        The saved document cannot be read, or the workspace is being written by another process.

    Example
    -------
    >>> for sentence in tk.portrait.save_scorecard(ws).sentences: print(sentence)
    """
    ws = opened(workspace)
    view = open_view(ws, as_of=as_of, settings=settings)
    before = saved_scorecard(ws)
    if before is not None and not refresh:
        return ScorecardReport(before, before, False, view.population.height, 0, pl.DataFrame())
    require_role(ws, "owner", tr("saving the scorecard"))
    card = proposed_scorecard(view)
    reasons = in_every_language(lambda: proposed_scorecard(view).reason) if card.reason else []
    card = card.model_copy(update={"reasons": dict(zip(LANGUAGES, reasons, strict=False))})
    flow = pl.DataFrame() if before is None else segment_flow(view, before, card)
    ws.write_document("scorecard", card.model_dump())
    moved = 0 if before is None else int(flow.filter(pl.col("segment_before") != pl.col("segment"))["member_count"].sum())
    return ScorecardReport(card, before, True, view.population.height, moved, flow)


def describe_scorecard(workspace: Workspace, as_of: date | str | None = None) -> str:
    """Return the ruler in force in words: the saved one, or the one that would be saved. Nothing is written."""
    saved = saved_scorecard(workspace)
    card = saved or proposed_scorecard(open_view(workspace, as_of=as_of))
    sentences = ScorecardReport(card, saved, False, 0, 0, pl.DataFrame()).sentences
    return "\n".join(sentences)


def refresh_scorecard(workspace: Workspace, as_of: date | str | None = None) -> str:
    """Save the scorecard that the receipts up to `as_of` propose, and return what changes in words."""
    return "\n".join(save_scorecard(workspace, refresh=True, as_of=as_of).sentences)


def edges_frame(chain: View) -> pl.DataFrame:
    """One row: the proposed edges (days) of all members, their status and reason, and those of each band."""
    settings = chain.settings.rfm

    def propose(pauses: pl.DataFrame) -> DayLimits:
        return propose_r_edges(pauses, shares=settings.r_edge_quantiles, minimum_closed_gaps=settings.r_edge_minimum_gaps)

    pauses = gaps(member_days(chain), as_of=chain.as_of)
    found = propose(pauses)
    rhythms, bands = limits_by_band(pauses, propose)
    row = {
        "edges": list(found.days),
        "status": found.status,
        "reason": reason_text(found.reason),
        "gap_cuts": list(rhythms.cuts),
        "band_edges": [list(band.days) for band in bands] if rhythms.cuts else [],
        "shop_gap_days": rhythms.shop_gap_days if rhythms.cuts else 0.0,
        "own_weight": rhythms.own_weight if rhythms.cuts else 0.0,
    }
    schema = {"edges": pl.List(pl.Int64), "status": pl.String, "reason": pl.String, "gap_cuts": pl.List(pl.Int64)}
    schema |= {"band_edges": pl.List(pl.List(pl.Int64)), "shop_gap_days": pl.Float64, "own_weight": pl.Float64}
    return pl.DataFrame([row], schema=schema)


def segment_flow(view: View, before: Scorecard, after: Scorecard) -> pl.DataFrame:
    """How many members go from which segment to which when the ruler changes: one row per pair that occurs."""
    old, new = (
        segment_map_of(view, card.segment_map)
        .apply(chain_scores(view, card.ruler))
        .select("member_code", pl.col("segment").cast(pl.String).fill_null(NO_ORDERS))
        for card in (before, after)
    )
    return (
        old.rename({"segment": "segment_before"})
        .join(new, on="member_code")
        .group_by("segment_before", "segment")
        .agg(pl.len().cast(pl.Int64).alias("member_count"))
        .sort("member_count", "segment_before", "segment", descending=[True, False, False])
    )


def _more_rules(card: Scorecard) -> list[str | Note]:
    """What scores beside the edges of recency."""
    said = list[str | Note]()
    if card.late_after_gaps:
        rule = later("Who has been away for more than {gaps:g} pauses of their own (mean) has R {late} at most.")
        said.append(tr(rule, gaps=card.late_after_gaps, late=LATE))
    if card.fm_cuts != EVEN_CUTS:
        cuts, best = wording.listing([wording.share(cut) for cut in card.fm_cuts]), wording.share(1 - card.fm_cuts[-1])
        said.append(tr("F and M are cut where {cuts} of members are reached: {best} are the best.", cuts=cuts, best=best))
    return said


def _doubt(card: Scorecard) -> list[str | Note]:
    if card.edges_from == "fallback":
        said = tr(
            "The shop's own edges are not measured: {reason}. Read R as spans of the calendar, not as this shop's rhythm.",
            reason=card.why,
        )
        return [Note(said, "NOT MEASURED")]
    if card.edges_from == "provisional":
        return [Note(tr("The ruler is provisional: {reason}. Refresh it later.", reason=card.why), "REVIEW")]
    return []


def _days(low: int, high: int) -> str:
    return tr("{low} days", low=low) if low == high else tr("{low} to {high} days", low=low, high=high)
