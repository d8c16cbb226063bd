"""Saved audiences and drafts without somebody."""

from __future__ import annotations

import tomllib
from pathlib import Path

import polars as pl
import tomli_w
from filelock import FileLock

from toolkit import edits
from toolkit.audience.saved import FOLDER, replace_members, sealed_versions
from toolkit.errors import BadValue
from toolkit.forgotten import GONE, Names
from toolkit.scope.where import read_where, text_values_replaced
from toolkit.sources.spellings import MEMBER_IDS
from toolkit.workspace import Workspace


def lists_that_name(ws: Workspace, names: Names) -> list[Path]:
    """Return the lists of saved audiences (one id a line) that somebody is on."""
    lists = sorted((ws.path / "documents" / FOLDER).glob("*.members.csv"))
    return [path for path in lists if _listed(path)["member_id"].is_in(list(names.ids)).any()]


def texts_that_name(ws: Workspace, names: Names) -> list[Path]:
    """Return the TOML texts of documents/ that name somebody: audiences, drafts, settings."""
    return [path for path in sorted((ws.path / "documents").rglob("*.toml")) if _without(path, names) is not None]


def take_out(ws: Workspace, names: Names) -> None:
    """Write the lists and the texts that name somebody anew, without them. The count of a version's members stays: it is of its day."""
    documents = ws.path / edits.FOLDER
    if not documents.is_dir():
        return
    with FileLock(ws.document_file(f"{FOLDER}/.lock")):
        for path in lists_that_name(ws, names):
            listed = _listed(path)
            replace_members(ws, path, listed.filter(~pl.col("member_id").is_in(list(names.ids))).write_csv())
        for path in texts_that_name(ws, names):
            text = _without(path, names)
            if text is not None:
                edits.write_document(documents, path.relative_to(documents).as_posix(), text)


def rule_without(rule: str, names: Names) -> str:
    """Return a WHERE expression, or what `audience=` takes, with "(forgotten)", whom nobody is, for every id of theirs.

    A short number is replaced only where a member's id is compared with it: a store may have the same.
    """
    try:
        where = read_where(rule)
    except BadValue:
        return names.out_of(rule)
    columns = None if names.in_prose().ids == names.ids else MEMBER_IDS
    told = text_values_replaced(where, dict.fromkeys(names.ids, GONE), columns)
    return names.in_prose().out_of(told)


def definition_without(values: dict, names: Names) -> dict:
    """Return a draft or a frozen definition without them; a list of members keeps its length, so that an empty one does not mean all."""
    audience = values.get("audience")
    rest = names.in_prose().out_of({key: value for key, value in values.items() if key != "audience"})
    if isinstance(audience, str):
        audience = rule_without(audience, names)
    elif audience:
        audience = [GONE if one in names.ids else one for one in audience]
    return {key: audience if key == "audience" else rest[key] for key in values} if "audience" in values else rest


def _without(path: Path, names: Names) -> str | None:
    """The TOML text without them; None where it names nobody."""
    before = path.read_text("utf-8", "replace")
    if not any(one in before for one in names.ids):
        return None
    try:
        values = tomllib.loads(before)
    except tomllib.TOMLDecodeError:
        after = names.in_prose().out_of(before)
        return None if after == before else after
    versions = [
        {**version, **{"where": rule_without(version["where"], names)}} if isinstance(version, dict) and "where" in version else version
        for version in values.get("versions", ())
    ]
    changed = definition_without({**values, **({"versions": versions} if versions else {})}, names)
    if changed == values:
        return None
    return tomli_w.dumps(sealed_versions(changed) if path.parent.name == FOLDER and "name" in changed else changed)


def _listed(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, schema_overrides={"member_id": pl.String})
