"""A workspace for analysts: the same figures, with a keyed hash for every member's id and every order's.

Who has the key can turn an id into its pseudonym and so, trying all ids, pseudonyms into ids: the law calls such data personal still. The
key lies in neither workspace.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import tomli_w

from toolkit.atomic import private_file
from toolkit.audience.saved import FOLDER, replace_members, sealed_versions
from toolkit.audit import record
from toolkit.errors import BadValue, unknown_name
from toolkit.forgotten import FORGOTTEN, keyed
from toolkit.importing.lines import write_partition
from toolkit.integrity import seals_of
from toolkit.language import tr
from toolkit.ledger.folder import FILES, campaign_folder, file_hashes, launched_ids, read_launched
from toolkit.personal.stored_tables import OF_GOODS
from toolkit.roles import require_role
from toolkit.schemas import optional_columns, required_columns
from toolkit.scope.where import read_where, text_values_replaced
from toolkit.sources.spellings import MEMBER_IDS
from toolkit.workspace import ALIASES, LineFile, Workspace, opened, write_manifest

SHORTEST_KEY = 16
LENGTH = 16
"""Hex digits of a pseudonym: of ten million members the chance that two share one is 1 in 400,000."""


def read_key(given: str, *, outside: Sequence[Path]) -> str:
    """Return the key that `env:NAME` or `file:PATH` holds.

    Raises
    ------
    BadValue
        It is neither, is not there, is too short, or lies in one of the workspaces.
    """
    kind, sign, name = given.partition(":")
    if not sign or kind not in ("env", "file") or not name:
        raise BadValue(tr("The key is given as env:NAME (a variable that holds it) or file:PATH (a file that does)."))
    if kind == "env":
        key = os.environ.get(name, "")
    else:
        path = Path(name)
        if any(path.resolve().is_relative_to(folder.resolve()) for folder in outside):
            raise BadValue(tr("{path} lies in a workspace: whoever has the one would have the other. Keep the key elsewhere.", path=path))
        key = path.read_text("utf-8").strip() if path.is_file() else ""
    if len(key) < SHORTEST_KEY:
        raise BadValue(tr("{given} holds no key of {shortest} characters or more.", given=given, shortest=SHORTEST_KEY))
    return key


def pseudonym(key: str, member_id: str) -> str:
    """Return what a member is called in workspaces made with a key."""
    return f"p{keyed(key, ['member:' + member_id])[0][:LENGTH]}"


def pseudonymise(workspace: Workspace | str | Path, out: str | Path, *, key: str, keep: Sequence[str] = ()) -> Workspace:
    """Write a workspace in which no member's id stands, nor what the shop added to their cards, and return it.

    Figures are the same, but for those that draw by the member's id (a global control, new arms) or break a tie by it. Saved audiences,
    drafts and campaigns come along; guides' lists, reports, rows set aside and waiting files do not. Guides are hashed as members are.

    Parameters
    ----------
    out
        A folder that is not there yet.
    key
        `env:NAME` or `file:PATH`, outside both workspaces.
    keep
        Attributes of the members table that come along; the contract's columns always do. Names, phones and addresses identify.

    Raises
    ------
    BadValue
        There is no such key, it lies in a workspace, or `out` is there already.
    UnknownName
        The members table has no such attribute.
    """
    ws, folder = opened(workspace), Path(out)
    require_role(ws, "owner", tr("making a workspace for analysts"))
    secret = read_key(key, outside=[ws.path, folder])
    if folder.exists():
        raise BadValue(tr("{folder} is there already. Give a new folder.", folder=folder))
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True, mode=0o700)
        _Copy(ws, part, secret, keep).write()
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    record(ws.path, "pseudonymised", out=str(folder.resolve()), kept=list(keep))
    record(folder, "made for analysts", source=ws.path.name, data_version=ws.manifest.data_version)
    return Workspace(folder)


class _Copy:
    """One run: the workspace, the new folder, and the pseudonym of every id met so far."""

    def __init__(self, ws: Workspace, out: Path, secret: str, keep: Sequence[str]) -> None:
        self.ws, self.out, self.secret, self.keep = ws, out, secret, keep
        ids = ws.codes("member")["id"].drop_nulls()
        self.known = dict(zip(ids, (pseudonym(secret, one) for one in ids), strict=True))

    def write(self) -> None:
        manifest = self.ws.manifest
        tables = {name: path for name in manifest.tables if (path := self._table(name)) is not None}
        files = tuple(self._lines(number, file) for number, file in enumerate(manifest.line_files))
        codes = {name: self._codes(name) for name in manifest.codes if name not in (ALIASES, FORGOTTEN)}
        imports = [one.model_copy(update={"rejected_path": None, "examples": {}, "notes": ()}) for one in manifest.imports]
        clean = manifest.model_copy(update={"line_files": files, "codes": codes, "tables": tables, "imports": tuple(imports)})
        lists = self._documents()
        for campaign_id in launched_ids(self.ws):
            self._campaign(campaign_id)
        write_manifest(self.out, clean.model_copy(update={"files": seals_of(self.out, clean.live())}))
        for path, text in lists.items():
            replace_members(Workspace(self.out), path, text)

    def _ids(self, column: pl.Series) -> pl.Series:
        """A column of members' ids as pseudonyms."""
        texts = column.cast(pl.String)
        for one in texts.unique().drop_nulls().to_list():
            if one not in self.known:
                self.known[one] = pseudonym(self.secret, one)
        return texts.replace(self.known).alias(column.name)

    def _orders(self, column: pl.Series) -> pl.Series:
        """A column of order ids as hashes: the till knows whose an order was."""
        texts = column.cast(pl.String).unique().drop_nulls().to_list()
        hashes = (f"o{code[:LENGTH]}" for code in keyed(self.secret, (f"order:{one}" for one in texts)))
        return column.cast(pl.String).replace(dict(zip(texts, hashes, strict=True))).alias(column.name)

    def _guides(self, column: pl.Series) -> pl.Series:
        """A column of guides' ids as hashes: they are people too."""
        texts = column.cast(pl.String).unique().drop_nulls().to_list()
        hashes = (f"g{code[:LENGTH]}" for code in keyed(self.secret, (f"guide:{one}" for one in texts)))
        return column.cast(pl.String).replace(dict(zip(texts, hashes, strict=True))).alias(column.name)

    def _place(self, path: str) -> Path:
        place = self.out / path
        place.parent.mkdir(parents=True, exist_ok=True)
        return private_file(place)

    def _lines(self, number: int, file: LineFile) -> LineFile:
        rows, ids = (pl.read_parquet(path) for path in self.ws.data_files([file.path, file.ids_path]))
        folder = f"lines/{self.ws.manifest.data_version:06d}/{number:05d}"
        (self.out / folder).mkdir(parents=True)
        served = [self._guides(ids["guide_id"])] if "guide_id" in ids.columns else []
        own = ids.with_columns(self._orders(ids["order_id"]), *served)
        return write_partition(_Folder(self.out), folder, file.partition, rows, own, source=file.source)  # type: ignore[arg-type]

    def _codes(self, name: str) -> str:
        frame, path = self.ws.codes(name), f"codes/{self.ws.manifest.data_version:06d}/{name}.parquet"
        (frame.with_columns(self._ids(frame["id"])) if name == "member" else frame).write_parquet(self._place(path))
        return path

    def _table(self, name: str) -> str | None:
        frame = table.collect() if (table := self.ws.table(name)) is not None else None
        if frame is None:
            return None
        if name not in OF_GOODS:
            frame = frame.with_columns(self._ids(frame[column]) for column in MEMBER_IDS if column in frame.columns)
        if name == "members":
            contract = [*required_columns("members"), *optional_columns("members"), "import_source"]
            for one in self.keep:
                if one not in frame.columns:
                    raise unknown_name("attribute", one, [n for n in frame.columns if n not in contract], where=tr("The members table"))
            frame = frame.select(column for column in frame.columns if column in (*contract, *self.keep))
        if "guide_id" in frame.columns:
            frame = frame.with_columns(self._guides(frame["guide_id"]))
        if name == "guides":
            frame = frame.drop("name", strict=False)
        if name == "redemptions" and "order_id" in frame.columns:
            frame = frame.with_columns(self._orders(frame["order_id"]))
        path = f"tables/{self.ws.manifest.data_version:06d}/{name}.parquet"
        frame.write_parquet(self._place(path))
        return path

    def _documents(self) -> dict[Path, str]:
        """Settings and scorecards as they are; audiences and drafts with pseudonyms for the ids that they name. Gives the lists to come."""
        folder = self.ws.path / "documents"
        for path in sorted(folder.rglob("*.toml")) if folder.is_dir() else ():
            relative = path.relative_to(self.ws.path)
            values = self.ws.document(relative.relative_to("documents").with_suffix("").as_posix())
            told = self._rules(values)
            told = sealed_versions(told) if path.parent.name == FOLDER else told
            self._place(relative.as_posix()).write_text(tomli_w.dumps(told), "utf-8")
        lists = {}
        for path in sorted((folder / "audiences").glob("*.members.csv")):
            listed = pl.read_csv(path, schema_overrides={"member_id": pl.String})
            place = self._place(path.relative_to(self.ws.path).as_posix())
            lists[place] = listed.select(self._ids(listed["member_id"])).sort("member_id").write_csv()
        return lists

    def _campaign(self, campaign_id: str) -> None:
        before, launched = campaign_folder(self.ws, campaign_id), read_launched(self.ws, campaign_id)
        after = self.out / before.relative_to(self.ws.path)
        after.mkdir(parents=True)
        for name in FILES[1:]:
            frame = pl.read_parquet(before / name)
            frame.with_columns(self._ids(frame["member_id"])).write_parquet(private_file(after / name))
        launched = {**launched, "definition": self._rules(launched["definition"]), "notes": [], "notes_in": {}}
        private_file(after / "definition.json").write_text(json.dumps(launched, indent=1, ensure_ascii=False), "utf-8")
        gone = json.loads((before / "hashes.json").read_text("utf-8")).get("forgotten", {})
        (after / "hashes.json").write_text(json.dumps({**file_hashes(after), "forgotten": gone}, indent=1), "utf-8")
        for lesson in sorted((before / "review").glob("*.parquet")):
            shutil.copyfile(lesson, self._place(lesson.relative_to(self.ws.path).as_posix()))

    def _rules(self, values: Any) -> Any:
        """A document with pseudonyms where a rule or a list names members; where a call chose them, its text may name them: it goes."""
        if not isinstance(values, dict):
            return values
        ways: dict[str, Callable[[Any], Any]] = {
            "where": self._rule,
            "audience": self._audience,
            "chosen_by": lambda _: "a list of members",
            "members_sha256": lambda _: [],  # of the list with the ids of the shop
        }
        return {
            name: ways[name](one) if name in ways else [self._rules(part) for part in one] if isinstance(one, list) else self._rules(one)
            for name, one in values.items()
        }

    def _audience(self, given: Any) -> Any:
        if isinstance(given, str):
            return self._rule(given)
        return [pseudonym(self.secret, one) for one in given] if given else given

    def _rule(self, text: str) -> str:
        try:
            where = read_where(text)
        except BadValue:
            return text  # the name of a saved audience
        values = {token.text[1:-1].replace("''", "'") for token in where.tokens if token.kind == "text"}
        return text_values_replaced(where, {one: pseudonym(self.secret, one) for one in values}, MEMBER_IDS)


class _Folder:
    """A place where lines are written before there is a workspace."""

    def __init__(self, path: Path) -> None:
        self.path = path
