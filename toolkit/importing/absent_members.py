"""Members whom a later members table of the same source no longer has: nobody may contact them, or they are off the table."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from toolkit.errors import ImportRefused
from toolkit.importing.tables import SOURCE
from toolkit.language import tr, trn
from toolkit.sources.mapping import Mapping
from toolkit.workspace import Workspace

ONLY_CHANGED, WHOLE = "members", "all"
"""`replaces` of [members]: the files bring new and changed members alone; who is not in them is off the table."""
MOST_ABSENT, FEWEST_ABSENT = 0.5, 20
"""A table that lacks more than this share of the contactable members of its source, and this many, may be one of changes: asked."""


@dataclass(frozen=True)
class Absent:
    """The members of a source whom its new table does not have, and what becomes of them."""

    ids: pl.Series
    contactable: int
    asked: int  # contactable members of the source before
    replaces: str

    def laid_on(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return the whole table with its consequences for the absent."""
        is_absent = pl.col("member_id").is_in(self.ids.implode())
        if self.replaces == WHOLE:
            return table.filter(~is_absent)
        if "contactable" not in table.columns:
            return table
        return table.with_columns(pl.when(is_absent).then(False).otherwise(pl.col("contactable")).alias("contactable"))

    @property
    def notes(self) -> tuple[str, ...]:
        """What became of them, for the record of the import."""
        if not self.ids.len():
            return ()
        if self.replaces == WHOLE:
            return (tr("{count:,} members are not in the new table and are off it.", count=self.ids.len()),)
        if not self.contactable:
            return ()
        return (
            trn(
                "{count:,} member is not in the new table and may no longer be contacted.",
                "{count:,} members are not in the new table and may no longer be contacted.",
                self.contactable, count=self.contactable,
            ),
        )  # fmt: skip


def absent_members(ws: Workspace, mapping: Mapping, new: pl.DataFrame, *, allow_shrinking: bool) -> Absent:
    """Return whom the new members table of a source no longer has.

    Raises
    ------
    ImportRefused
        It lacks more than half of those who may be contacted, and the mapping does not say what the files are.
    """
    stated = mapping.tables["members"].replaces
    none = Absent(pl.Series(dtype=pl.String), 0, 0, stated)
    before = ws.table("members")
    if before is None or stated == ONLY_CHANGED:
        return none
    old = before.collect()
    own = pl.col(SOURCE).fill_null(mapping.source_name) == mapping.source_name if SOURCE in old.columns else pl.lit(True)
    old = old.filter(own)
    gone = old.join(new.select(pl.col("member_id").cast(pl.String)), on="member_id", how="anti")
    asked, lost = (int(frame["contactable"].sum()) if "contactable" in frame.columns else 0 for frame in (old, gone))
    if stated != WHOLE and not allow_shrinking and lost >= FEWEST_ABSENT and lost > MOST_ABSENT * asked:
        raise ImportRefused(
            tr(
                "The new members table lacks {lost:,} of the {asked:,} members who may be contacted; they could no longer be. Does it "
                'bring only new and changed members? Then write under [members]: replaces = "members". Are the others members no more? '
                'Then: replaces = "all", or import once with --replace. Nothing was changed.',
                lost=lost,
                asked=asked,
            )
        )
    return Absent(gone["member_id"], lost, asked, stated)
