"""What a viewer may learn by asking of one audience after another.

Two groups that are each large enough may differ by one person: whoever sees the figures of both knows that person's. So of a viewer every
audience is kept on record, and one that differs by fewer members than figures may speak of from one that they asked of before is refused.
Audiences that are told by ids are not a viewer's at all: to name ids is to single out.

This meets pairs. It does not meet three audiences that are added and taken away, two days of one audience, or two viewers who talk to each
other; those are seen in the record, by a person (`toolkit audit`). Roles of marketers and owners see members anyway.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from filelock import FileLock

from toolkit.atomic import write_atomically
from toolkit.audience.audience import Audience
from toolkit.audience.saved import load_audience, saved_names
from toolkit.audit import record, user
from toolkit.errors import NotAllowed
from toolkit.language import tr
from toolkit.roles import role_of
from toolkit.scope.view import View, chosen_members
from toolkit.scope.where import read_where
from toolkit.sources.spellings import MEMBER_IDS
from toolkit.workspace import Workspace

FOLDER = "asked"
_SAVED = "saved: "
MOST_COMPARED = 100
"""Audiences of a viewer, the latest, that a new one is compared with: each costs some milliseconds."""
MOST_ASKED = 500
"""Distinct audiences a viewer may ask of; an owner who has looked at the record removes the file to let them go on."""


def admit(view: View, audience: object) -> None:
    """Let a viewer ask of an audience, and keep it on record; others are not asked.

    Raises
    ------
    NotAllowed
        It is told by ids; it differs by too few members from one asked before; or too many were asked of.
    """
    chosen = view.scope.audience
    if chosen is None or role_of(view.workspace) != "viewer":
        return
    saved, version = _saved(view.workspace, audience)
    if not saved and (not isinstance(chosen, str) or set(read_where(chosen).names) & set(MEMBER_IDS)):
        raise NotAllowed(
            tr("An audience that names members by their ids needs the role of a marketer; describe it by what its members do.")
        )
    text = chosen if isinstance(chosen, str) else f"{_SAVED}{version} {saved}"
    path = _register(view.workspace)
    with FileLock(path.with_suffix(".lock")):
        asked = json.loads(path.read_text("utf-8")) if path.exists() else {"who": user()[0], "audiences": []}
        known: list[dict[str, str]] = asked["audiences"]
        place = json.dumps([view.scope.store_id, view.scope.region])
        if any(one["where"] == text and one["place"] == place for one in known):
            return
        if len(known) >= MOST_ASKED:
            raise NotAllowed(tr("You have asked of {most} different audiences; an owner must look at the record first.", most=MOST_ASKED))
        mine = _codes(view, chosen)
        for earlier in known[-MOST_COMPARED:]:
            if earlier["place"] != place:
                continue
            differ = mine.symmetric_difference(_codes(view, _meant(view.workspace, earlier["where"])))
            if 0 < len(differ) < view.least:
                raise NotAllowed(
                    tr(
                        "This audience differs by fewer than {least} members from one that you asked of before: their figures could be "
                        "told from the two. Ask of a group that differs more.",
                        least=view.least,
                    )
                )
        known.append({"where": text, "place": place})
        write_atomically(path, json.dumps(asked, ensure_ascii=False, indent=1), private=True)
    record(view.workspace.path, "asked of an audience", audience=hashlib.sha256(text.encode()).hexdigest()[:16], distinct=len(known))


def _codes(view: View, chosen: str | tuple[str, ...]) -> set[int]:
    return set(view.population.filter(chosen_members(chosen, view))["member_code"])


def _saved(ws: Workspace, audience: object) -> tuple[str, int]:
    """The name and the version of a saved audience: a list that was saved anew is another one; an empty name for any other."""
    if isinstance(audience, Audience):
        return (audience.name, audience.version) if audience.version else ("", 0)
    return (audience, load_audience(ws, audience).version) if isinstance(audience, str) and audience in saved_names(ws) else ("", 0)


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
