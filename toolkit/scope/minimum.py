"""The fewest members that figures may speak of: a matter of the workspace, which a caller may raise and not lower.

An owner may lower it, in writing (`documents/minimum.toml`: to what, who, why, when), and the audit log must have the same statement.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from toolkit.audit import read_audit, record, user
from toolkit.errors import BadValue, WorkspaceError
from toolkit.language import tr
from toolkit.roles import require_role
from toolkit.settings import Settings, read_settings
from toolkit.workspace import Workspace, opened

FLOOR = Settings().scope.minimum_members
"""Where no owner has written another."""
DOCUMENT = "minimum"
DONE = "lowered the minimum"
SHORTEST_REASON = 10


def shop_settings(ws: Workspace) -> Settings:
    """Return the settings of a workspace, with the minimum that holds in it.

    Raises
    ------
    BadValue
        settings.toml lowers the minimum, which only an owner may, with a reason.
    """
    lowered, document = _lowered(ws), ws.document("settings")
    settings = read_settings(document)
    if "minimum_members" not in document.get("scope", {}):
        return settings if lowered is None else _with(settings, lowered)
    _check(settings, FLOOR if lowered is None else lowered)
    return settings


def checked_minimum(ws: Workspace, shop: Settings, chosen: Settings) -> Settings:
    """Return the settings of a call if they do not speak of smaller groups than the workspace does.

    Raises
    ------
    BadValue
        They do.
    """
    if chosen is not shop:
        stated = "minimum_members" in ws.document("settings").get("scope", {})
        lowered = _lowered(ws)
        _check(chosen, shop.scope.minimum_members if stated or lowered is not None else FLOOR)
    return chosen


def lower_minimum(workspace: Workspace | str | Path, least: int, *, reason: str) -> Path:
    """Let figures of a workspace speak of groups of `least` members from now on, and return the written statement.

    Raises
    ------
    NotAllowed
        Who is at work is no owner.
    BadValue
        The number is none, or the reason is missing.
    """
    ws = opened(workspace)
    require_role(ws, "owner", tr("lowering the minimum of members"))
    read_settings({"scope": {"minimum_members": least}})  # its range
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadValue(
            tr("Why the minimum is lowered is needed, in writing: a sentence of {shortest} signs or more.", shortest=SHORTEST_REASON)
        )
    who = user()[0]
    entry = record(ws.path, DONE, least=least, reason=reason.strip())
    return ws.write_document(DOCUMENT, {"least": least, "by": who, "reason": reason.strip(), "on": date.today(), "entry": entry})


def _lowered(ws: Workspace) -> int | None:
    """What an owner lowered it to; None where nobody did."""
    document = ws.document(DOCUMENT)
    if not document:
        return None
    for entry in read_audit(ws.path).entries:
        if entry.hash == document.get("entry") and (entry.did, entry.about.get("least")) == (DONE, document.get("least")):
            return int(document["least"])
    raise WorkspaceError(
        tr(
            "documents/{document}.toml lowers the minimum of members, but the audit log has no such statement. Write it with `toolkit "
            "minimum WORKSPACE NUMBER --reason TEXT`, or remove the file.",
            document=DOCUMENT,
        )
    )


def _with(settings: Settings, least: int) -> Settings:
    return settings.model_copy(update={"scope": settings.scope.model_copy(update={"minimum_members": least})})


def _check(settings: Settings, floor: int) -> None:
    asked = settings.scope.minimum_members
    if asked < floor:
        raise BadValue(
            tr(
                "scope.minimum_members is {asked}, but this workspace speaks of no group of fewer than {floor} members, and who asks may "
                "not lower that. An owner may, with a reason: `toolkit minimum WORKSPACE {asked} --reason TEXT`.",
                asked=asked,
                floor=floor,
            )
        )
