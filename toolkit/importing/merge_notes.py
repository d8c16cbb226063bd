"""What the lines of an import became: spellings that were folded, ids that are one member, currencies that were converted."""

from __future__ import annotations

import polars as pl

from toolkit.importing.identities import People
from toolkit.language import tr
from toolkit.sources.convert import Typed
from toolkit.sources.mapping import Mapping
from toolkit.sources.spellings import FOLDS, folded


def merge_notes(mapping: Mapping, typed: Typed, lines: pl.LazyFrame, people: People | None) -> list[str]:
    """Return sentences on the lines that are kept; reads them only where the mapping folds, merges or converts."""
    notes = typed.rates.notes(lines) if typed.rates else []
    if not mapping.fold_ids and people is None:
        return notes
    named = lines.select(pl.col("member_id").cast(pl.String), written="member_written").drop_nulls("member_id").unique()
    ids = named.with_columns(folded(pl.col("written"), mapping.fold_ids).alias("id")).collect(engine="streaming")
    if ids["written"].n_unique() > ids["id"].n_unique():
        notes.append(
            tr(
                "fold_ids: {written:,} spellings of member ids in [lines] were folded into {ids:,} ids; members have the folded spelling.",
                written=ids["written"].n_unique(), ids=ids["id"].n_unique(),
            )
        )  # fmt: skip
    if people is not None:
        notes.append(
            tr(
                "[identities] {ids:,} member ids in [lines] are {members:,} members; {known:,} of the ids are in the identity table.",
                ids=ids["id"].n_unique(), members=ids["member_id"].n_unique(),
                known=ids["id"].unique().is_in(people.ids.implode()).sum(),
            )
        )  # fmt: skip
        notes += _by_spelling(ids["id"].unique(), people)
    return notes


def _by_spelling(ids: pl.Series, people: People) -> list[str]:
    """Return a sentence on ids of the lines that the identity table has in another spelling alone."""
    plain = folded(pl.col("id"), FOLDS).alias("plain")
    strangers = ids.filter(~ids.is_in(people.ids.implode())).to_frame("id").with_columns(plain)
    if strangers.is_empty():
        return []
    known = people.ids.to_frame("id").with_columns(plain).select("plain", there="id")
    twins = strangers.join(known, on="plain").sort("id", "there")
    if twins.is_empty():
        return []
    return [
        tr(
            "[identities] {ids:,} member ids in [lines] are in the identity table in another spelling alone, such as {id} and {there}; "
            "they tie nothing. Where they are one, write at the top of the mapping: fold_ids = [{words}]",
            ids=twins["id"].n_unique(), id=repr(twins["id"][0]), there=repr(twins["there"][0]),
            words=", ".join(f'"{word}"' for word in FOLDS),
        )
    ]  # fmt: skip
