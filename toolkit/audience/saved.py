"""Saved audiences: a TOML text with every version, and beside it the members of each version, one id a line. A version never changes."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from filelock import FileLock

from toolkit.atomic import write_atomically
from toolkit.audience.audience import Audience
from toolkit.audience.selection import AudienceLike, read_selection
from toolkit.audit import record
from toolkit.columns import rounded
from toolkit.disk import told_in_words
from toolkit.errors import BadValue, NameTaken, UnknownName, WorkspaceError, checked_text, nearest, unknown_name
from toolkit.importing.aliases import in_one_name
from toolkit.language import tr
from toolkit.roles import require_role, role_of
from toolkit.scope.minimum import shop_settings
from toolkit.scope.traits import trait_columns
from toolkit.scope.view import View, open_view
from toolkit.workspace import Workspace, opened

FOLDER, _SEAL, _LISTED = "audiences", "sha256", "members_sha256"
LONGEST_NAME = 80


@told_in_words
def save_audience(
    workspace: Workspace | str | Path, audience: Audience, *, as_of: date | str | None = None, replace_it: bool = False
) -> Audience:
    """Save an audience as it stands on a day and return it with its version; the members of that day are kept beside the text.

    Raises
    ------
    BadValue
        The name cannot be one (empty, too long, a column), or is taken and `replace_it` is not given: then a new version is added, and the
        earlier ones stay.
    UnknownName, DataError
        As for a question.
    """
    ws = opened(workspace)
    require_role(ws, "marketer", tr("saving an audience"))
    day = as_of if as_of is not None else audience.as_of if audience.member_ids is not None else None
    view = open_view(ws, as_of=day)
    _check_name(audience.name, view)
    members = view.population.filter(audience.inside(view))["member_id"].to_list()
    with FileLock(ws.document_file(f"{FOLDER}/.lock")):
        name = _document(audience.name)
        document = _read(ws, name) or {"name": audience.name, "versions": []}
        versions = document["versions"]
        if versions and not replace_it:
            raise NameTaken(
                tr(
                    "An audience '{name}' is saved already (version {versions}: {defined}). Choose another name, or say replace: "
                    "a new version is added and the earlier ones stay.",
                    name=document["name"],
                    versions=len(versions),
                    defined=_defined(versions[-1]),
                )
            )
        version = len(versions) + 1
        rule = {"where": audience.where} if audience.where is not None else {"chosen_by": audience.call or "a list of members"}
        facts = {"as_of": str(view.as_of), "data_version": ws.manifest.data_version, "member_count": len(members)}
        changed = view.settings.changed()
        frame = pl.DataFrame({"member_id": members}, schema={"member_id": pl.String})
        listed, text = ws.document_file(f"{name}-v{version}.members.csv"), frame.write_csv()
        write_atomically(listed, text, private=True)
        facts[_LISTED] = [_digest(text.encode())]
        added = {"version": version, **rule, **facts, **({"settings": changed} if changed else {})}
        ws.write_document(name, sealed_versions({**document, "versions": [*versions, added]}, last=1))
    record(ws.path, "saved", audience=audience.name, version=version, members=len(members), files=[listed])
    return replace(audience, version=version, as_of=view.as_of)


def load_audience(workspace: Workspace | str | Path, name: str, version: int | None = None) -> Audience:
    """Return a saved audience, its latest version unless stated; a list comes with its members, an expression is asked anew.

    Raises
    ------
    UnknownName
        There is no such audience or version.
    """
    ws = opened(workspace)
    document = _read(ws, _document(name))
    if not document:
        raise unknown_name("audience", name, saved_names(ws), where=tr("The shop"))
    saved = next((one for one in document["versions"] if one["version"] == (version or len(document["versions"]))), None)
    if saved is None:
        raise UnknownName(
            tr(
                "Audience '{name}' has versions 1 to {versions}, but version {version} was asked for.",
                name=name,
                versions=len(document["versions"]),
                version=version,
            )
        )
    rule: dict[str, Any] = {"where": saved.get("where")}
    if rule["where"] is None:
        rule = {"member_ids": tuple(members_then(ws, name, saved["version"])), "call": saved.get("chosen_by", "")}
    return Audience(document["name"], **rule, version=saved["version"], as_of=date.fromisoformat(saved["as_of"]))


def saved_names(workspace: Workspace | str | Path) -> list[str]:
    """Return the names of the saved audiences, sorted."""
    ws = opened(workspace)
    return sorted(_read(ws, name)["name"] for name in ws.documents(FOLDER))


def saved_audiences(workspace: Workspace | str | Path) -> pl.DataFrame:
    """Return one row per saved audience, sorted by name: `name`, `version`, `as_of` (Date), `member_count` of that day, `defined_by`.

    For who may see figures alone (`roles`), members are rounded to the minimum that figures may speak of.
    """
    ws = opened(workspace)
    to, rows = shop_settings(ws).scope.minimum_members if role_of(ws) == "viewer" else 1, []
    for name in ws.documents(FOLDER):
        document = _read(ws, name)
        last = document["versions"][-1]
        rows.append(
            (document["name"], last["version"], date.fromisoformat(last["as_of"]), rounded(last["member_count"], to), _defined(last))
        )
    schema = {"name": pl.String, "version": pl.Int64, "as_of": pl.Date, "member_count": pl.Int64, "defined_by": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("name")


def members_then(workspace: Workspace | str | Path, name: str, version: int) -> list[str]:
    """Return the members that a version had on the day it was saved, sorted, by the ids that they have today."""
    ws = opened(workspace)
    path = ws.document_file(f"{_document(name)}-v{version}.members.csv")
    if not path.exists():
        raise WorkspaceError(
            tr(
                "The members of audience '{name}', version {version}, are lost: their file is not there. Save it anew.",
                name=name,
                version=version,
            )
        )
    saved = next((one for one in _read(ws, _document(name)).get("versions", ()) if one["version"] == version), {})
    listed = path.read_bytes()
    if _digest(listed) not in saved.get(_LISTED, [_digest(listed)]):
        raise WorkspaceError(
            tr(
                "{file} is not what was written: it is damaged, or another program changed it. Restore a backup (`toolkit restore`), or "
                "save the audience '{name}' anew.",
                file=path,
                name=name,
            )
        )
    members = pl.scan_csv(listed, schema_overrides={"member_id": pl.String})
    aliases = ws.aliases()
    if aliases.height:  # an identity table may have tied them to others since
        members = in_one_name(members, aliases).unique().sort("member_id")
    return members.collect()["member_id"].to_list()


def replace_members(ws: Workspace, path: Path, text: str) -> None:
    """Write the list of a version anew, as when somebody is forgotten; its document knows both contents while that is done."""
    document_name, _, version = path.name.removesuffix(".members.csv").rpartition("-v")
    document = ws.document(f"{FOLDER}/{document_name}")
    for one in document.get("versions", ()):
        if str(one["version"]) == version and _LISTED in one:
            one[_LISTED] = [*one[_LISTED][-1:], _digest(text.encode())]
            ws.write_document(f"{FOLDER}/{document_name}", document)
    write_atomically(path, text, private=True)


def sealed_versions(document: dict[str, Any], *, last: int = 0) -> dict[str, Any]:
    """Return the document of an audience with the digest of each version, or of so many at its end: a version never changes."""
    versions = document["versions"]
    sealed = [{**one, _SEAL: _seal_of(document["name"], one)} for one in versions[-last:]]
    return {**document, "versions": [*versions[: len(versions) - len(sealed)], *sealed]}


def _read(ws: Workspace, name: str) -> dict[str, Any]:
    """The document of an audience, once each version of it is found to be what was saved; empty where there is none."""
    document = ws.document(name)
    try:
        if document and all(one.get(_SEAL, seal := _seal_of(document["name"], one)) == seal for one in document["versions"]):
            return document
        if not document:
            return {}
    except (KeyError, TypeError, AttributeError):
        pass
    raise WorkspaceError(
        tr(
            "{file} is not what was written: it is damaged, or another program changed it. Restore a backup (`toolkit restore`), or "
            "save the audience '{name}' anew.",
            file=ws.document_file(f"{name}.toml"),
            name=name.partition("/")[2],
        )
    )


def _seal_of(name: str, version: dict[str, Any]) -> str:
    """The digest of what a version says; that of its list, which loses who is forgotten, is a matter of its own."""
    said = {key: value for key, value in version.items() if key not in (_SEAL, _LISTED)}
    return _digest(json.dumps([name, said], sort_keys=True, default=str).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def as_audience(workspace: Workspace | str | Path, given: AudienceLike) -> Audience:
    """Return what `audience=` means: an audience as it is, a saved one by its name, or else an expression or a list of members.

    Raises
    ------
    UnknownName
        A single word that is neither a saved audience nor a column.
    BadValue
        Nothing that `audience=` takes (`read_selection`).
    """
    chosen = read_selection(given)
    if isinstance(chosen, Audience):
        return chosen
    if not isinstance(chosen, str):
        return Audience("a list of members", member_ids=tuple(chosen))
    ws = opened(workspace)
    if len(chosen) <= LONGEST_NAME and ws.document(_document(chosen)):
        return load_audience(ws, chosen)
    _refuse_unknown_word(ws, chosen)
    return Audience(tr("members where {given}", given=chosen if len(chosen) <= 100 else chosen[:90] + " ..."), where=chosen)


def members_of_scope(workspace: Workspace, given: AudienceLike | None) -> dict[str, Any]:
    """Return the parameters of `open_view` that an `audience=` means; nothing where none is given."""
    if given is None:
        return {}
    audience = as_audience(workspace, given)
    named = isinstance(given, Audience) or audience.version > 0
    members = audience.where if audience.where is not None else audience.member_ids
    return {"audience": members, "called": tr("audience '{name}'", name=audience.name) if named else ""}


def view_of(workspace: View | Workspace | str | Path, **scope: Any) -> View:
    """Return the view that a scope means, as for a question: `audience` may be a saved name; None and empty text are not given.

    A view that is already open is returned as it is, and takes no scope.

    Raises
    ------
    UnknownName, BadValue, DataError
        As for a question.
    """
    known = ("store_id", "region", "audience", "as_of", "period", "settings")
    wrong = [name for name in scope if name not in known]
    if wrong:
        raise UnknownName("\n".join(str(unknown_name("parameter", name, known, where="A scope")) for name in wrong))
    given = {name: value for name, value in scope.items() if value is not None and not (isinstance(value, str) and value == "")}
    if isinstance(workspace, View):
        if given:
            raise BadValue(
                tr("An open view has its scope already, but {given} came too. Give the workspace instead.", given=", ".join(given))
            )
        return workspace
    ws = opened(workspace)
    return open_view(ws, **{**given, **members_of_scope(ws, given.get("audience"))})


def _refuse_unknown_word(ws: Workspace, text: str) -> None:
    """Words that are no columns but look like a saved audience are a slip in its name."""
    if not re.fullmatch(r"[\w\- ]+", text) or not (near := nearest(text, saved_names(ws))):
        return
    view = open_view(ws)
    known = {*view.readable.columns, *trait_columns(view), "not", "and", "or", "is", "null", "true", "false"}
    if not all(word in known or word.lower() in known for word in text.split()):
        raise UnknownName(tr("There is no saved audience '{text}'; did you mean '{near}'?", text=text, near=near[0]))


def _check_name(name: str, view: View) -> None:
    if not name.strip() or name != name.strip() or len(name) > LONGEST_NAME or not re.fullmatch(r"\w[\w\- .,+&]*", name):
        raise BadValue(
            tr(
                "'{name}' cannot be the name of an audience: up to {longest_name} letters, digits, spaces, - _ . , + & are "
                "needed, the first a letter or digit.",
                name=name,
                longest_name=LONGEST_NAME,
            )
        )
    if name in view.readable.columns or name in trait_columns(view):
        raise BadValue(
            tr("'{name}' is a column of the members table; an audience of that name could not be told from it. Choose another.", name=name)
        )


def _document(name: str) -> str:
    """The document of an audience: its own name where that is a safe file name, else one made of it and a digest."""
    checked_text(name, tr("the name of an audience"))
    if re.fullmatch(r"[a-z0-9][a-z0-9_\-]{0,60}", name):
        return f"{FOLDER}/{name}"
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    return f"{FOLDER}/{plain or 'audience'}.{hashlib.sha256(name.encode()).hexdigest()[:10]}"


def _defined(version: dict[str, Any]) -> str:
    return str(version["where"] if "where" in version else version.get("chosen_by", "a list of members"))
