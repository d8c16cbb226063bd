"""What a viewer may learn by asking of one audience after another.

Groups that are each large enough may differ by one person: whoever sees the figures of all knows that person's. So of a viewer every
audience is kept on record. One that would give the figures of fewer members than figures may speak of, taken together with what was asked
of before and with all members of the place, is refused (`models.singles_out`). Audiences that are told by ids are not a viewer's at all:
to name ids is to single out. A refusal says something too (that there is somebody), so after so many an owner has to look.

This does not meet one audience on two days, a store against the chain, or two viewers who talk to each other; those are seen in the
record, by a person (`toolkit audit`). Roles of marketers and owners see members anyway.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from filelock import FileLock

from toolkit.atomic import write_atomically
from toolkit.audience.audience import Audience
from toolkit.audience.saved import as_audience, load_audience, saved_names
from toolkit.audience.selection import AudienceLike
from toolkit.audit import record, user
from toolkit.errors import NotAllowed
from toolkit.language import tr
from toolkit.models.differencing import singles_out
from toolkit.roles import role_of
from toolkit.scope.view import Scope, View, chosen_members, require_members
from toolkit.scope.where import read_where
from toolkit.sources.spellings import MEMBER_IDS
from toolkit.workspace import Workspace

FOLDER = "asked"
_SAVED = "saved: "
MOST_COMPARED = 100
"""Audiences of a viewer in a place, the latest, that a new one is compared with: each costs some milliseconds."""
MOST_ASKED = 500
"""Distinct audiences a viewer may ask of; an owner who has looked at the record removes the file to let them go on."""
MOST_REFUSED = 20
"""Audiences that may be refused to a viewer before an owner has to look at the record: a refusal tells that there is somebody."""


def is_viewer(view: View) -> bool:
    """Say whether who asks may see figures alone."""
    return role_of(view.workspace) == "viewer"


def admit(view: View, given: AudienceLike | None) -> None:
    """Let a viewer ask of an audience in the place of a view, and keep it on record; others are not asked.

    Raises
    ------
    NotAllowed
        It is told by ids; it would give away fewer members than figures may speak of; or too many were asked of, or refused.
    TooFewMembers
        It has fewer members itself, or none: which, is not said.
    """
    if given is None or not is_viewer(view):
        return
    audience = as_audience(view.workspace, given)
    if not audience.version and (audience.where is None or set(read_where(audience.where).names) & set(MEMBER_IDS)):
        raise NotAllowed(
            tr("An audience that names members by their ids needs the role of a marketer; describe it by what its members do.")
        )
    chosen = audience.where if audience.where is not None else audience.member_ids or ()
    require_members(
        view if view.scope.audience else replace(view, scope=replace(view.scope, audience=chosen, label=_named(audience)), _known={})
    )
    text = audience.where if audience.where is not None else f"{_SAVED}{audience.version} {audience.name}"
    path = _register(view.workspace)
    with FileLock(path.with_suffix(".lock")):
        asked = {"who": user()[0], "audiences": [], "refused": 0, **(json.loads(path.read_text("utf-8")) if path.exists() else {})}
        known: list[dict[str, str]] = asked["audiences"]
        place = json.dumps([view.scope.store_id, view.scope.region])
        if any(one["where"] == text and one["place"] == place for one in known):
            return
        if len(known) >= MOST_ASKED:
            raise NotAllowed(tr("You have asked of {most} different audiences; an owner must look at the record first.", most=MOST_ASKED))
        if asked["refused"] >= MOST_REFUSED:
            raise NotAllowed(
                tr("{refused} audiences were refused to you; an owner must look at the record first.", refused=asked["refused"])
            )
        before = [_meant(view.workspace, one["where"]) for one in known if one["place"] == place][-MOST_COMPARED:]
        is_refused = _gives_away(view, before, chosen)
        if is_refused:
            asked["refused"] += 1
        else:
            known.append({"where": text, "place": place})
        write_atomically(path, json.dumps(asked, ensure_ascii=False, indent=1), private=True)
    told = hashlib.sha256(text.encode()).hexdigest()[:16]
    if not is_refused:
        record(view.workspace.path, "asked of an audience", audience=told, distinct=len(known))
    else:
        record(view.workspace.path, "was refused an audience", audience=told, refused=asked["refused"])
        raise NotAllowed(
            tr(
                "Together with what you asked of before, or with all members, the figures of this audience would tell those of fewer than "
                "{least} members. Ask of a group that differs more.",
                least=view.least,
            )
        )


def _named(audience: Audience) -> str:
    return tr("audience '{name}'", name=audience.name)


def _gives_away(view: View, before: list[str | tuple[str, ...]], chosen: str | tuple[str, ...]) -> bool:
    """Whether an audience, with those before it, comes down to a few members of the place."""
    place = replace(view, scope=Scope(view.scope.store_id, view.scope.region), _known={})
    here = view.population["member_code"].is_in(place.members["member_code"].implode())
    asked = [chosen_members(one, place).filter(here).to_numpy() for one in (*before, chosen)]
    return singles_out(np.array(asked[:-1], dtype=bool), asked[-1], view.least)


def _meant(ws: Workspace, kept: str) -> str | tuple[str, ...]:
    """What a line of the record chooses: an expression, or a saved list, whose members are not written down a second time."""
    if not kept.startswith(_SAVED):
        return kept
    version, _, name = kept.removeprefix(_SAVED).partition(" ")
    if not version.isdigit() or name not in saved_names(ws):
        return ()
    return load_audience(ws, name, int(version)).member_ids or ()


def _register(ws: Workspace) -> Path:
    folder = ws.path / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{hashlib.sha256(user()[0].encode()).hexdigest()[:16]}.json"
