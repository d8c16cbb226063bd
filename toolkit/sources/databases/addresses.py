"""Where a table stands: its address, from the environment, a keyring or the mapping itself; and how secrets stay out of sight."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from toolkit.errors import DataError
from toolkit.language import tr

ENVIRONMENT, KEYRING = "env:", "keyring:"
FILE_KINDS = ("sqlite", "duckdb", "delta", "iceberg")
"""Kinds whose address is a place on disk (of the last two also in object storage)."""
OBJECT_STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "azure", "parquet")
"""Beginnings of addresses that are Parquet files themselves: no table, no query."""
WITH_TABLE = ("postgresql", "postgres", "sqlite", "duckdb", "mysql", "mariadb", "mssql", "sqlserver", "odbc")
HIDDEN = "***"
_SECRET_NAMES = r"(?:\w*(?:password|passwd|secret|token|account_?key|access_?key|api_?key)\w*|pwd|sig|signature)"
_NAMED_SECRET = re.compile(rf"(?i)(\b{_SECRET_NAMES}\s*=\s*)(\{{[^}}]*\}}?|'[^']*'?|\"[^\"]*\"?|[^;&\s'\"]*)")
# A name of bounded length: without a bound, a text of letters alone would be tried from each of them to its end.
_USER_SECRET = re.compile(r"([a-zA-Z][\w+.-]{0,30}://[^\s'\"/:@]*:)([^\s'\"]*)(@)")


@dataclass(frozen=True)
class SourceTable:
    """A table or a query of a database as a mapping names it: nothing secret is in it."""

    url: str
    table: str | None = None
    query: str | None = None
    since: tuple[str, date] | None = None  # a column of times, and the day from which rows are asked for

    @property
    def title(self) -> str:
        """What a person calls it; queries of one database are told apart by their text."""
        if self.table is not None:
            return self.table
        return f"query {hashlib.sha256(self.query.encode()).hexdigest()[:6]}" if self.query else self.url.rstrip("/").rsplit("/", 1)[-1]

    @property
    def path(self) -> Path:
        """Its name where files have a path."""
        return Path(without_secrets(self.url)) / self.title.replace("/", "_")

    def __str__(self) -> str:
        return self.path.as_posix()


def kind_of(url: str) -> str:
    """Return the beginning of an address in small letters: `postgresql`, `sqlite`, `odbc`, `s3`, ..."""
    return url.partition(":")[0].strip().lower()


def has_secret(url: str) -> bool:
    """Return whether an address carries a password, a key or a token.

    >>> has_secret("postgresql://shop:pw@db/till"), has_secret("postgresql://shop@db/till"), has_secret("odbc:DSN=shop;PWD=x")
    (True, False, True)
    """
    return without_secrets(url) != url


def without_secrets(text: str, url: str = "") -> str:
    """Return a text as it may be shown: passwords, keys and tokens are `***`, those of an address wherever they stand.

    >>> without_secrets('FATAL: "geheim" is wrong for postgresql://shop:geheim@db/till?sslmode=require', "postgresql://shop:geheim@db/till")
    'FATAL: "***" is wrong for postgresql://shop:***@db/till?sslmode=require'
    """
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = _USER_SECRET.sub(rf"\g<1>{HIDDEN}\g<3>", text)
    return _NAMED_SECRET.sub(lambda found: f"{found[1]}{HIDDEN}" if found[2] else found[0], text)


def _secrets(url: str) -> set[str]:
    found = {match[2] for match in _USER_SECRET.finditer(url)} | {match[2].strip("{}'\"") for match in _NAMED_SECRET.finditer(url)}
    with suppress(ValueError):  # no address that is one
        found.add(urlsplit(url).password or "")
    found |= {unquote(secret) for secret in found}
    return {secret for secret in found if len(secret) > 2 and secret != HIDDEN}


def address(given: str) -> str:
    """Return the address that a mapping names: itself, or what the environment or the keyring holds under the name. It may be secret.

    Raises: `DataError` where there is none.
    """
    if given.startswith(ENVIRONMENT):
        name = given.removeprefix(ENVIRONMENT).strip()
        if found := os.environ.get(name, "").strip():
            return found
        example = "postgresql://USER:PASSWORD@HOST/DATABASE"
        raise DataError(
            tr(
                "The address of the database is read from the environment variable {name}, which is not set: "
                "export {name}='{example}', then run the command again.",
                name=name,
                example=example,
            )
        )
    return _of_keyring(given) if given.startswith(KEYRING) else given


def _of_keyring(given: str) -> str:
    from toolkit.extras import require

    require("databases")
    import keyring
    from keyring.errors import KeyringError

    service, _, user = given.removeprefix(KEYRING).partition("/")
    try:
        found = keyring.get_password(service, user)
    except KeyringError as error:
        raise DataError(tr("The keyring cannot be read for {name}: {fault}.", name=given, fault=str(error).rstrip("."))) from None
    if not found:
        raise DataError(
            tr(
                "The keyring holds no address under {name}: keep it there with `python -m keyring set {service} {user}`.",
                name=given, service=service, user=user,
            )
        )  # fmt: skip
    return found


def placed(given: Any, folder: Path | str) -> Any:
    """Return a section of a mapping in which addresses of files on disk start at the mapping's folder."""
    if isinstance(given, list):
        return [placed(one, folder) for one in given]
    if not isinstance(given, dict):
        return given
    moved = {key: placed(value, folder) if isinstance(value, dict | list) else value for key, value in given.items()}
    if isinstance(url := given.get("url"), str) and kind_of(url) in FILE_KINDS and "://" not in url:
        kind, _, place = url.partition(":")
        moved["url"] = f"{kind}:{os.path.join(folder, place)}"
    return moved


def place_of(url: str) -> str:
    """Return the place that the address of a file on disk names: `sqlite:shop.db`, `sqlite:///shop.db`, `delta:s3://bucket/table`."""
    place = url.partition(":")[2]
    if place.startswith("//"):
        absolute = place[2:]
        return absolute if not absolute.startswith("/") or os.path.exists(absolute) else absolute.lstrip("/")
    return place
