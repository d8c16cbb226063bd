"""Members who were forgotten and whom an export brings again: their lines stay sales of a non-member, their other rows stay out."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from toolkit.atomic import write_atomically
from toolkit.forgotten import Forgotten, Names, read_forgotten, sealed_order
from toolkit.importing.identities import People
from toolkit.language import tr, trn
from toolkit.sources.convert import Typed
from toolkit.sources.spellings import MEMBER_IDS
from toolkit.workspace import ImportRecord, Workspace

NOBODY = Names(())


@dataclass(frozen=True)
class ForgottenMembers:
    """Who of an import was forgotten.

    `ids` are theirs as members, `names` every spelling under which the files name them: nothing that is written down may hold one.
    """

    forgotten: Forgotten
    ids: tuple[str, ...] = ()
    names: Names = NOBODY

    def with_those_of(self, typed: Typed, aliases: pl.DataFrame) -> ForgottenMembers:
        """Return the same with those whom a converted table names, before its ids are put in one name."""
        if not len(self.forgotten):
            return self
        columns = [name for name in MEMBER_IDS if name in typed.frame.collect_schema()]
        stays = aliases.select(spelled="id", stays="member_id")
        found, spelled = set(self.ids), set(self.names.ids)
        for column in columns:
            written = [name for name in ("member_written",) if name in typed.frame.collect_schema() and column == "member_id"]
            came = typed.every_row.select(
                pl.col(column).cast(pl.String).alias("spelled"), *(pl.col(one).cast(pl.String) for one in written)
            )
            who = came.unique().collect(engine="streaming").join(stays, on="spelled", how="left")
            gone = pl.concat([self.forgotten.among(who["spelled"]), self.forgotten.among(who["stays"])]).unique()
            theirs = who.filter(pl.col("spelled").is_in(gone.implode()) | pl.col("stays").is_in(gone.implode()))
            found |= set(theirs["stays"].drop_nulls()) | set(theirs["spelled"].drop_nulls())
            spelled |= found | {one.strip() for name in written for one in theirs[name].drop_nulls()}
        return replace(self, ids=tuple(sorted(found)), names=Names(tuple(sorted(spelled - {""}))))

    def known_aliases(self, aliases: pl.DataFrame) -> pl.DataFrame:
        """Return the aliases that may be kept: none of theirs."""
        if not len(self.forgotten):
            return aliases
        gone = pl.concat([self.forgotten.among(aliases["id"]), self.forgotten.among(aliases["member_id"])]).unique().implode()
        return aliases.filter(~pl.col("id").is_in(gone) & ~pl.col("member_id").is_in(gone))

    def out_of_rows(self, kept: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
        """Return a small table without their rows, and how many these are by reason; where another row names them it is null."""
        if not self.ids:
            return kept, {}
        before = kept.height
        if "member_id" in kept.columns:
            kept = kept.filter(~pl.col("member_id").cast(pl.String).is_in(list(self.ids)))
        for column in ("referred_by", "referrer_id"):
            if column in kept.columns:
                kept = kept.with_columns(pl.when(~pl.col(column).cast(pl.String).is_in(list(self.ids))).then(column).alias(column))
        return kept, {tr("of members who were forgotten"): before - kept.height} if kept.height < before else {}

    def out_of_lines(self, typed: Typed) -> Typed:
        """Return the lines with nobody as the member where it was one of them, and orders named after them under another name."""
        if not self.ids:
            return typed
        is_theirs = pl.col("member_id").cast(pl.String).is_in(list(self.ids)).fill_null(False)
        nobody = pl.when(~is_theirs).then("member_id").alias("member_id")
        frames = {"frame": typed.frame, "every_row": typed.every_row}
        seals = self._seals(typed.frame.filter(is_theirs).select(pl.col("order_id").cast(pl.String)).unique())
        if not seals:
            return replace(typed, **{name: frame.with_columns(nobody) for name, frame in frames.items()})
        text = pl.col("order_id").cast(pl.String)
        sealed = pl.when(is_theirs).then(text.replace(seals)).otherwise(text).alias("order_id")
        changed = {name: frame.with_columns(sealed, nobody) for name, frame in frames.items()}
        return replace(typed, id_dtypes={**typed.id_dtypes, "order_id": pl.String()}, **changed)

    def out_of_record(self, ws: Workspace, record: ImportRecord) -> ImportRecord:
        """Return an import record that names none of them, after their rows have left its list of rows set aside (not yet committed)."""
        if not self.names.ids:
            return record
        if record.rejected_path:
            path = ws.path / record.rejected_path
            text, rows = set_aside_without(path.read_text("utf-8-sig"), self.names)
            if rows:
                write_atomically(path, "\ufeff" + text, private=True)
        return record_without(record, self.names)

    @property
    def note(self) -> tuple[str, ...]:
        """A sentence on those whom the lines bring again; none where there are none."""
        if not self.ids:
            return ()
        return (
            trn(
                "{count:,} id of the files is of a member who was forgotten: sales stay as a non-member's.",
                "{count:,} ids of the files are of members who were forgotten: their sales stay as non-members'.",
                len(self.ids), count=len(self.ids),
            ),
        )  # fmt: skip

    def _seals(self, orders: pl.LazyFrame) -> Mapping[str, str]:
        texts: Iterable[str] = orders.collect(engine="streaming").to_series().drop_nulls()
        return {one: sealed_order(self.forgotten.key, one) for one in texts if self.names.inside(one)}


def forgotten_of(ws: Workspace, aliases: pl.DataFrame, people: People | None) -> ForgottenMembers:
    """Return the forgotten of a workspace, with every id that aliases or an identity table of this import tie to them."""
    forgotten = read_forgotten(ws)
    if not len(forgotten):
        return ForgottenMembers(forgotten)
    gone = pl.concat([forgotten.among(aliases["id"]), forgotten.among(aliases["member_id"])]).unique()
    tied = aliases.filter(pl.col("id").is_in(gone.implode()) | pl.col("member_id").is_in(gone.implode()))
    ids = {*tied["id"], *tied["member_id"]}
    if people is not None:
        ids |= set(forgotten.among(people.ids)) | set(forgotten.among(people.member_ids))
    return ForgottenMembers(forgotten, tuple(sorted(ids)), Names(tuple(sorted(ids))))


def record_without(record: ImportRecord, names: Names) -> ImportRecord:
    """Return an import record whose notes and examples name none of the ids."""
    examples = {names.out_of(reason): (names.out_of(cell), row) for reason, (cell, row) in record.examples.items()}
    return record.model_copy(update={"examples": examples, "notes": names.out_of(record.notes), "reasons": names.out_of(record.reasons)})


def set_aside_without(text: str, names: Names) -> tuple[str, int]:
    """Return a list of rows set aside without those that name one of the ids, and how many these are."""
    head, *rows = list(csv.reader(io.StringIO(text, newline="")))
    raw = head.index("raw")
    kept = [row for row in rows if not _row_names(row[raw], names)]
    if len(kept) == len(rows):
        return text, 0
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([head, *kept])
    return out.getvalue(), len(rows) - len(kept)


def _row_names(raw: str, names: Names) -> bool:
    """Say whether the raw cells of a row (JSON) name one of the ids; of a line that could not be cut into cells any part may be one."""
    try:
        cells = [str(value) for value in json.loads(raw).values()]
    except (ValueError, AttributeError):
        cells = [raw]
    return any(names.inside(cell) or any(part.strip("'\" ") in names.ids for part in re.split(r"[,;|\t]", cell)) for cell in cells)
