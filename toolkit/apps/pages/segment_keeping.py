"""Segment maps and cut points kept, or put back: text, settings and a saved scorecard together."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from toolkit.apps.pages.rule_documents import DONE, require_unchanged, set_values, stand_of
from toolkit.apps.pages.segment_form import SegmentForm, cuts_of, form_from, map_of, written
from toolkit.audit import record
from toolkit.edits import FOLDER, write_document
from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.portrait.measures.scorecard import current_scorecard, saved_scorecard
from toolkit.portrait.measures.segment_cuts import better_cut
from toolkit.portrait.measures.segment_maps import BUILT_IN, SegmentMap, read_segment_map, segment_map_from_text
from toolkit.portrait.measures.segment_trial import Cuts, cuts_in_force, keep_in_scorecard, segment_trial
from toolkit.roles import require_role
from toolkit.scope.minimum import shop_settings
from toolkit.scope.view import View, open_view
from toolkit.settings import Settings
from toolkit.workspace import Workspace

PART, OWN = "segments", "segment_map.toml"


def keep(ws: Workspace, given: Mapping[str, str]) -> str:
    """Keep map and cut points, and return what was done.

    Raises
    ------
    BadValue
        Something in it cannot be: all faults at once. Nothing is kept.
    NotAllowed
        Who is at work is no marketer; no owner, where a scorecard is saved.
    """
    view = open_view(ws)
    shown = given.get("map", map_in_force(ws))
    names, cuts = read_segment_map(map_name(ws, shown), folder=ws.path / FOLDER), cuts_in_force(view)
    form, faults = form_from(given, names, cuts), list[str]()
    tried, wanted = cuts, names
    for read in (lambda: cuts_of(form), lambda: map_of(form, names)):
        try:
            found = read()
        except BadValue as error:
            faults += str(error).splitlines()
            continue
        if isinstance(found, Cuts):
            tried = found
        else:
            wanted = found
    if faults:
        raise BadValue("\n".join(faults))
    return _keep(ws, view, _kept_map(ws, shown, form, names, wanted), tried, given.get("stand", ""))


def keep_better(ws: Workspace, given: Mapping[str, str]) -> str:
    """Keep the cut that parts members better; the map stays. Raises as `keep`."""
    view = open_view(ws)
    in_force = map_in_force(ws)
    cut = better_cut(view, current_scorecard(view)[0], read_segment_map(map_name(ws, in_force), folder=ws.path / FOLDER))
    now = cuts_in_force(view)
    tried = Cuts(cut.r_edge_quantiles or now.r_edge_quantiles, cut.fm_cuts, now.late_after_gaps)
    return _keep(ws, view, (map_name(ws, in_force), ""), tried, given.get("stand", ""))


def put_back(ws: Workspace) -> str:
    """Let map and cut points be as delivered; the shop's own map stays as a file. Raises as `keep`."""
    view, usual = open_view(ws), Settings().rfm
    return _keep(ws, view, ("ten", ""), Cuts(usual.r_edge_quantiles, usual.fm_cuts, usual.late_after_gaps), stand(ws))


def map_in_force(ws: Workspace) -> str:
    """Return the key of the map in force: `ten`, `eight` or `own`."""
    name = _chosen(ws)
    return name if name in BUILT_IN else "own"


def stand(ws: Workspace) -> str:
    """Return what tells map and cut points in force from any others."""
    name, rfm = _chosen(ws), shop_settings(ws).rfm
    path = _path(ws, name)
    content = path.read_bytes() if name not in BUILT_IN and path.is_file() else b""
    return stand_of(content + repr((name, rfm)).encode())


def _chosen(ws: Workspace) -> str:
    """The map in force by its name, as `chosen_map` decides."""
    named, usual = shop_settings(ws).rfm.segment_map, Settings().rfm.segment_map
    saved = saved_scorecard(ws) if named == usual else None
    return saved.segment_map if saved is not None else named


def map_name(ws: Workspace, key: str) -> str:
    """Return the name of a map by its key."""
    return _chosen(ws) if key == "own" else key


def _path(ws: Workspace, name: str) -> Path:
    return Path(name) if Path(name).is_absolute() else ws.path / FOLDER / name


def _kept_map(ws: Workspace, shown: str, form: SegmentForm, names: SegmentMap, wanted: SegmentMap) -> tuple[str, str]:
    """The name of the map to be in force, and the text to be written for it ("" = none)."""
    for key in BUILT_IN:
        if wanted.segments == read_segment_map(key).segments:
            return key, ""
    name = map_name(ws, shown)
    if shown == "own" and wanted == names:
        return name, ""
    if shown == "own":
        text = _path(ws, name).read_bytes().decode("utf-8-sig")
    else:
        text = files("toolkit.portrait").joinpath("segment_maps").joinpath(f"{shown}.toml").read_text("utf-8")
    inside = shown == "own" and _path(ws, name).resolve().is_relative_to((ws.path / FOLDER).resolve())
    return (name if inside else OWN), written(text, form, wanted)


def _keep(ws: Workspace, view: View, chosen: tuple[str, str], cuts: Cuts, was: str) -> str:
    require_role(ws, "marketer", tr("changing rules"))
    require_unchanged(was, stand(ws))
    name, text = chosen
    saved, before, usual = saved_scorecard(ws), cuts_in_force(view), Settings().rfm
    if saved is not None:
        require_role(ws, "owner", tr("changing the saved scorecard"))
    if text:
        segment_map_from_text(text, where=name)
    values = {
        "r_edge_quantiles": cuts.r_edge_quantiles, "fm_cuts": cuts.fm_cuts, "late_after_gaps": cuts.late_after_gaps,
    }  # fmt: skip
    own = {key: None if value == getattr(usual, key) else value for key, value in values.items()}
    if text:
        ws.document_file(name)
        write_document(ws.path / FOLDER, name, text)
    set_values(ws, "rfm", {"segment_map": None if name == usual.segment_map else name, **own})
    is_recency = (cuts.r_edge_quantiles, cuts.late_after_gaps) != (before.r_edge_quantiles, before.late_after_gaps)
    now = open_view(ws)
    report = keep_in_scorecard(now, saved, is_recency=is_recency) if saved is not None else None
    record(ws.path, DONE, rules=PART, map=name, **{key: value for key, value in values.items() if value != getattr(before, key)})
    trial = segment_trial(open_view(ws), read_segment_map(name, folder=ws.path / FOLDER), cuts)
    told = now.say(
        "Kept: the largest segment is “{largest:word}” with {share:share} of {n:member}.",
        largest=trial.spread.largest, share=trial.spread.largest_share, n=trial.scored,
    )  # fmt: skip
    if report is None:
        return told
    return told + " " + now.say("The saved scorecard follows: {n:few} of them changed segment.", n=report.moved_count)
