"""Who may do what in a workspace: documents/roles.toml, or nobody is told apart.

    everybody = "viewer"              # who is not named below
    [people]
    "anna@shop.example" = "owner"
    bo = "marketer"

A viewer sees figures; a marketer also members by their ids, and saves audiences, plans and lessons, and exports; an owner launches, brings
receipts in, forgets, keeps for analysts and lowers the minimum. Without the file everybody is the owner: a workspace on one person's
machine. Names are those of the audit log (`toolkit.audit.user`). Roles bind who comes through a page, a server or a command; who may
write the folder may write the file.
"""

from __future__ import annotations

from typing import Literal

from toolkit.audit import user
from toolkit.errors import BadValue, NotAllowed
from toolkit.language import later, tr
from toolkit.workspace import Workspace

Role = Literal["viewer", "marketer", "owner"]
ROLES: tuple[Role, ...] = ("viewer", "marketer", "owner")
DOCUMENT = "roles"
_NEEDED = {
    "marketer": later("{who} may see figures of this workspace and no single members ({file}): {what} needs the role of a marketer."),
    "owner": later("{who} is no owner of this workspace ({file}): {what} needs one."),
}


def role_of(ws: Workspace) -> Role:
    """Return the role of who is at work.

    Raises
    ------
    BadValue
        The document names a role that there is not.
    """
    document = ws.document(DOCUMENT)
    if not document:
        return "owner"
    people = document.get("people", {})
    role = people.get(user()[0], document.get("everybody", "viewer")) if isinstance(people, dict) else None
    if role not in ROLES:
        known = ", ".join(ROLES)
        raise BadValue(
            tr("documents/{document}.toml: the roles are {known}, but {given!r} came.", document=DOCUMENT, known=known, given=role)
        )
    return role


def require_role(ws: Workspace, needed: Role, what: str) -> None:
    """Refuse what the role of who is at work does not hold.

    Raises
    ------
    NotAllowed
        It does not; the sentence says which role would.
    """
    if said := refusal(ws, needed, what):
        raise NotAllowed(said)


def refusal(ws: Workspace, needed: Role, what: str) -> str:
    """Return the sentence that refuses what the role of who is at work does not hold; "" where it holds it."""
    if ROLES.index(role_of(ws)) >= ROLES.index(needed):
        return ""
    return tr(_NEEDED[needed], who=user()[0], file=f"documents/{DOCUMENT}.toml", what=what)
