"""Who was forgotten, as keyed hashes: enough to know them when an export brings them again, and not to say who they were.

The key lies beside the hashes (both in the manifest's data files), so whoever holds the workspace can try whether an id they know of was
forgotten; without the id nothing is told.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import polars as pl

from toolkit.workspace import Workspace

FORGOTTEN = "forgotten"
"""What the manifest calls the list, beside the dictionaries."""
SCHEMA = pl.Schema({"key": pl.String, "hash": pl.String})
GONE = "(forgotten)"
"""What stands where a forgotten id stood in a text."""
SHORT_NUMBER = 5
"""Digits up to which an id that is a number is taken for one in a text."""


def keyed(key: str, ids: Iterable[str]) -> list[str]:
    """Return the HMAC-SHA256 of each id under a key, as hex."""
    secret = key.encode()
    return [hmac.new(secret, one.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest() for one in ids]


def sealed_order(key: str, order_id: str) -> str:
    """Return what an order that is named after its member is called instead: the same for the same order, and nothing without the key."""
    return f"forgotten-{keyed(key, [order_id])[0][:20]}"


@dataclass(frozen=True)
class Forgotten:
    """The hashes of everybody who was forgotten in a workspace, by the key they were made with."""

    frame: pl.DataFrame

    def __len__(self) -> int:
        return self.frame.height

    @property
    def key(self) -> str:
        """The key of the workspace; empty where nobody was forgotten."""
        return self.frame["key"][0] if self.frame.height else ""

    def among(self, ids: pl.Series) -> pl.Series:
        """Return those of some ids that were forgotten, each once."""
        known = ids.drop_nulls().cast(pl.String).unique()
        if self.frame.is_empty() or known.is_empty():
            return known.clear()
        hashes = set(self.frame["hash"].to_list())
        return known.filter(pl.Series([one in hashes for one in keyed(self.key, known.to_list())])).sort()

    def with_ids(self, ids: Sequence[str]) -> Forgotten:
        """Return the list with these ids in it."""
        key = self.key or secrets.token_hex(32)
        hashes = keyed(key, ids)
        added = pl.DataFrame({"key": [key] * len(hashes), "hash": hashes}, schema=SCHEMA)
        return Forgotten(pl.concat([self.frame, added]).unique(maintain_order=True))


def read_forgotten(ws: Workspace) -> Forgotten:
    """Return the list of a workspace; empty where nobody was forgotten."""
    path = ws.manifest.codes.get(FORGOTTEN)
    return Forgotten(pl.DataFrame(schema=SCHEMA) if path is None else pl.read_parquet(ws.path / path))


@dataclass(frozen=True)
class Names:
    r"""Ids to be found in texts, where they stand alone: `M1` in "M1, x" and not in "M10"; regex signs mean nothing.

    An end that is a Latin letter or a digit needs another sign beside it; 会员M1的 names M1. A number of few digits is also a count, a
    store, a year: it is found only in quotes or as a whole cell of a page. `others` are ids of members who stay and in which one of the ids
    stands alone: M1-2 does not name M1.

    >>> Names(("M1", "a.c*", "7"), ("M1-2",)).out_of("M1 M10 M1-2 a.c* abc 会员M1的 7 '7' <td>7</td>")
    "(forgotten) M10 M1-2 (forgotten) abc 会员(forgotten)的 7 '(forgotten)' <td>(forgotten)</td>"
    """

    ids: tuple[str, ...]
    others: tuple[str, ...] = ()

    @classmethod
    def of(cls, ids: Iterable[str], known: Iterable[str]) -> Names:
        """Return ids to be found, told apart from those of all `known` members that hold one of them."""
        wanted = cls(tuple(sorted(set(ids))))
        mine = set(wanted.ids)
        return cls(wanted.ids, tuple(one for one in known if one not in mine and wanted.inside(one)))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(_bounded(one) for one in sorted({*self.ids, *self.others}, key=len, reverse=True)) or r"(?!)")

    def inside(self, text: str) -> bool:
        """Say whether a text names one of the ids."""
        return text in self.ids or (
            any(one in text for one in self.ids) and any(found.group() in self.ids for found in self._pattern.finditer(text))
        )

    def out_of(self, value: Any) -> Any:
        """Return a text, or what TOML and JSON hold, with "(forgotten)" for each of the ids."""
        if isinstance(value, str):
            if not self.inside(value):
                return value
            return (
                GONE if value in self.ids else self._pattern.sub(lambda found: GONE if found.group() in self.ids else found.group(), value)
            )
        if isinstance(value, list | tuple):
            return type(value)(self.out_of(one) for one in value)
        if isinstance(value, dict):
            return {self.out_of(key): self.out_of(one) for key, one in value.items()}
        return value

    def in_prose(self) -> Names:
        """Return the ids without short numbers: for cells and texts in which a number is mostly something else."""
        return Names(tuple(one for one in self.ids if not is_plain_number(one)), self.others)

    def spelled(self) -> Names:
        """Return the same ids also as pages, JSON and addresses spell them: for files that are searched and not changed."""
        ways = (html.escape, lambda one: html.escape(one, quote=False), lambda one: json.dumps(one)[1:-1], quote)
        return Names(*(tuple(sorted({*texts, *(way(one) for one in texts for way in ways)})) for texts in (self.ids, self.others)))


def is_plain_number(one: str) -> bool:
    """Say whether an id is a number so short that texts are full of it."""
    return one.isascii() and one.isdigit() and len(one) <= SHORT_NUMBER


def _bounded(one: str) -> str:
    if is_plain_number(one):
        return rf"(?<=['\"`>]){one}(?=['\"`<])"
    before, behind = ("(?<![A-Za-z0-9_])" if _is_latin(one[0]) else "", "(?![A-Za-z0-9_])" if _is_latin(one[-1]) else "")
    return before + re.escape(one) + behind


def _is_latin(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()
