"""The chain's global control: a share of members who are never contacted by any campaign, whatever it is.

It shows what all campaigns together are worth. Who belongs is told by a digest of the member's id, so that a member who joins tomorrow
belongs or not from the first day, and a larger share holds everybody of the smaller one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from toolkit.audit import record
from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.models.assignment import uniform
from toolkit.roles import require_role
from toolkit.workspace import Workspace

DOCUMENT = "global_control"
"""documents/global_control.toml."""


@dataclass(frozen=True)
class GlobalControl:
    """Which members are never contacted: a `share` of the chain, drawn by `seed`, since a day. A share of 0 is no global control."""

    share: float = 0.0
    seed: int = 0
    since: date | None = None

    def holds(self, member_ids: pl.Series) -> pl.Series:
        """Return, per id, whether the member is in the global control."""
        if not self.share:  # as in most shops: a digest of each id would tell nothing
            return pl.repeat(False, len(member_ids), eager=True)
        return pl.Series(uniform(member_ids, f"global control:{self.seed}") < self.share)


def read_global_control(ws: Workspace) -> GlobalControl:
    """Return the global control of the chain; one of share 0 where none was set.

    Raises
    ------
    BadValue
        The document says something else than a share, a seed and a day.
    """
    document = ws.document(DOCUMENT)
    share, seed, since = document.get("share", 0.0), document.get("seed", 0), document.get("since")
    if not isinstance(share, (int, float)) or not isinstance(seed, int) or not isinstance(since, date | None):
        raise BadValue(
            tr("documents/{document}.toml: share (0 to 0.5), seed (a whole number) and since (a day) were needed.", document=DOCUMENT)
        )
    _check_share(share)
    return GlobalControl(float(share), seed, since)


def set_global_control(ws: Workspace, share: float, *, since: date, seed: int = 0, replace_it: bool = False) -> GlobalControl:
    """Set the global control of the chain and return it; from now on plans and launches leave its members out.

    Raises
    ------
    BadValue
        The share is not between 0 and 0.5; or another one is set already and `replace_it` is not given: members who were never contacted
        would be contacted, and what they showed so far would be lost.
    """
    require_role(ws, "owner", tr("setting the global control"))
    _check_share(share)
    there = read_global_control(ws)
    if there.share and (there.share, there.seed) != (share, seed) and not replace_it:
        raise BadValue(
            tr(
                "A global control of {share:.1%} is set since {since} (seed {seed}). A larger share keeps its members, a "
                "smaller one or another seed gives up some who were never contacted. Say replace to do it.",
                share=there.share,
                since=there.since,
                seed=there.seed,
            )
        )
    control = GlobalControl(share, seed, since)
    record(
        ws.path,
        "set global control",
        share=share,
        seed=seed,
        since=since,
        files=[ws.write_document(DOCUMENT, {"share": share, "seed": seed, "since": since})],
    )
    return control


def _check_share(share: float) -> None:
    if not 0 <= share <= 0.5:
        raise BadValue(
            tr("A global control of {share:g} is not possible: a share from 0 to 0.5 was needed, such as 0.02 for 2%.", share=share)
        )
