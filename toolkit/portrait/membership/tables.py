"""The optional tables of the membership as a question sees them, and what is said where one is missing."""

from __future__ import annotations

import polars as pl

from toolkit.language import tr
from toolkit.membership_schemas import ENTRY_DAYS
from toolkit.schemas import required_columns
from toolkit.scope.view import View
from toolkit.wording import listing

_TIMES = {**ENTRY_DAYS, "tiers": "valid_from", "memberships": "valid_from", "referrals": "referred_at", "relations": "stepped_at"}
UNTIL = pl.col("valid_until")


def needed(table: str) -> str:
    """Return what a missing table is called in a sentence: 'the table `points` (`member_id, ...`)'."""
    return tr("the table `{table}` (`{columns}`)", table=table, columns=", ".join(required_columns(table)))


def known_rows(view: View, name: str, *, of_scope: bool = True) -> pl.DataFrame | None:
    """Return the rows of an optional table up to as_of, None where the shop handed over none; `day` is the date of the row.

    `of_scope`: those of members in scope alone, where a store, region or audience is asked for; members without a receipt are of the chain.
    """
    table = view.workspace.table(name)
    if table is None:
        return None
    frame = table.collect()
    if name in _TIMES and _TIMES[name] in frame.columns:
        frame = frame.with_columns(pl.col(_TIMES[name]).cast(pl.Date).alias("day"))
        frame = frame.filter((pl.col("day") <= view.as_of).fill_null(True))
    if of_scope and not view.scope.is_chain and "member_id" in frame.columns:
        frame = frame.join(view.members.select("member_id"), on="member_id", how="semi", maintain_order="left")
    return frame


def may_contact(view: View) -> pl.DataFrame:
    """Return `member_id` and `reachable` (may be contacted) of members in scope; null where the shop does not say who may be."""
    may = pl.col("contactable").fill_null(False) if view.has_column("members", "contactable") else pl.lit(None, pl.Boolean)
    return view.members.select("member_id", may.alias("reachable"))


def strangers_note(view: View, frame: pl.DataFrame, table: str) -> list[str]:
    """Return the note on ids of a table that are on neither a receipt nor the members table, or none."""
    known = [view.population.select("member_id")]
    cards = view.workspace.table("members")
    if cards is not None:
        known.append(cards.select(pl.col("member_id").cast(pl.String)).collect())
    ids = frame.select(pl.col("member_id").cast(pl.String)).drop_nulls().unique()
    strange = ids.join(pl.concat(known), on="member_id", how="anti").height
    if not strange:
        return []
    return [
        view.say(
            "{strange:member} of the table `{table}` [one?is|are] on no receipt and no members table.",
            strange=strange,
            one=strange == 1,
            table=table,
        )
    ]


def names(words: list[str], most: int = 5) -> str:
    """Return a few names of a list in a sentence."""
    return listing([*words[:most], *(["..."] if len(words) > most else [])])
