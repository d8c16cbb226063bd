"""The receipt of a forgetting: what was taken out, when, by whose order; provable by who has the id, telling nobody else whose it is."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import toolkit
from toolkit.atomic import write_atomically
from toolkit.audit import user
from toolkit.forgotten import keyed
from toolkit.language import later, tr, trn
from toolkit.workspace import Workspace

FOLDER = "forgotten"
_FORMAT = 1
_TOLD = {
    "lines": later("Receipt lines that stay, as sales of non-members: {count:,}."),
    "dropped_lines": later("Receipt lines that are gone, and their sales with them: {count:,}."),
    "rows": later("Rows of members, contacts, redemptions and events that are gone: {count:,}."),
    "rows_set_aside": later("Rows that imports had set aside and that are gone: {count:,}."),
    "audience_lists": later("Lists of saved audiences, written anew without them: {count:,}."),
    "texts": later("Saved texts (audiences, drafts, settings) that named them: {count:,}."),
    "campaigns": later("Launched campaigns that held them: {count:,}. The counts of the arms stay as launched."),
    "reports": later("Reports and other files of the workspace that named them and are removed: {count:,}. Make them again."),
    "exports": later("Exported files that named them and are removed: {count:,}. Export them again."),
}


@dataclass
class Receipt:
    """What lies in forgotten/<day>-<number>.json.

    `hashes`: HMAC-SHA256 of each id under `salt`. `removed` counts what was taken out, by place; `left` names files that only a person may
    remove; `elsewhere` tables of other systems that members were written to; `still` files that name them after all; `finished` is empty
    while it is under way.
    """

    path: Path
    started: str
    asked_by: str
    salt: str
    hashes: list[str]
    members: int
    removed: dict[str, int] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    still: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    searched_files: int = 0
    finished: str = ""
    toolkit: str = toolkit.__version__

    @classmethod
    def begun(cls, ws: Workspace, ids: Iterable[str], members: int) -> Receipt:
        """Write the receipt of a forgetting that begins and return it."""
        now, salt = datetime.now(UTC), secrets.token_hex(16)
        path = ws.path / FOLDER / f"{now.date()}-{secrets.token_hex(4)}.json"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        receipt = cls(path, now.isoformat(timespec="seconds"), user()[0], salt, keyed(salt, ids), members)
        receipt.write()
        return receipt

    @property
    def is_clean(self) -> bool:
        """Whether it is finished and no file is known that names them."""
        return bool(self.finished) and not self.left and not self.still

    @property
    def sentences(self) -> list[str]:
        """What was done."""
        told = [trn("{count:,} member forgotten.", "{count:,} members forgotten.", self.members, count=self.members)]
        told += [tr(_TOLD[place], count=count) for place, count in self.removed.items() if count]
        told += [tr("Left, to be removed by you: {file}", file=file) for file in self.left]
        told += [tr("STILL NAMES THEM: {file}", file=file) for file in self.still]
        told += [tr("Members were written to {target}: forget them there, too.", target=target) for target in self.elsewhere]
        if self.searched_files:
            told.append(tr("{files:,} files were searched afterwards, Parquet and Arrow column by column.", files=self.searched_files))
        else:
            told.append(tr("It had been broken off near its end: give the ids again, and all files are searched for them."))
        return [*told, tr("Receipt: {path}", path=self.path)]

    def ids_among(self, ids: Iterable[str]) -> list[str]:
        """Return those of some ids whose receipt it is."""
        texts, hashes = list(ids), set(self.hashes)
        return [one for one, code in zip(texts, keyed(self.salt, texts), strict=True) if code in hashes]

    def count(self, **found: int) -> None:
        """Note what is about to be taken out; what a run before had noted stays, since it is gone by now."""
        for place, count in found.items():
            self.removed[place] = max(self.removed.get(place, 0), count)
        self.write()

    def write(self) -> None:
        """Write it in one step."""
        values = {name: value for name, value in vars(self).items() if name != "path"}
        write_atomically(self.path, json.dumps({"format": _FORMAT, **values}, indent=1, ensure_ascii=False), private=True)


def receipts_of(ws: Workspace) -> list[Receipt]:
    """Return the receipts of a workspace, the oldest first; those under way have no `finished`."""
    receipts = []
    for path in sorted((ws.path / FOLDER).glob("*.json")):
        values = json.loads(path.read_text("utf-8"))
        values.pop("format")
        receipts.append(Receipt(path, **values))
    return receipts
