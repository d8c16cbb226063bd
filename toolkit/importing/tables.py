"""The small tables: checked against the contract, then laid over what the workspace has."""

from __future__ import annotations

import polars as pl

from toolkit import schemas
from toolkit.atomic import private_file
from toolkit.importing.aliases import table_in_one_name
from toolkit.language import tr
from toolkit.membership_schemas import ENTRY_DAYS
from toolkit.sources.checks import check_small_table
from toolkit.sources.columns.words import value_map
from toolkit.sources.contract_columns import label
from toolkit.sources.convert import Typed
from toolkit.sources.mapping import Mapping
from toolkit.sources.reasons import NEITHER, NOT_A_WORD
from toolkit.workspace import Workspace

MOST_WORDS = 10
"""How many words of a column a sentence proposes to map."""
EVENT_DAY = {"events": "occurred_at", "redemptions": "redeemed_at", "feedback": "given_at", "services": "occurred_at"} | ENTRY_DAYS
"""Tables without a key: a day that comes again from the same source replaces that day."""
SOURCE = "import_source"
"""The stored column of members and of tables without a key that says where a row comes from; null in rows from before: of any source."""


def split_table(name: str, typed: Typed) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (kept rows, rejected rows as source_index and fault) of a small table."""
    good, rejected = check_small_table(name, typed.frame.collect(engine="streaming"))
    return good.drop("source_index"), rejected


def outside_words(mapping: Mapping, name: str, typed: Typed, rejected: pl.DataFrame) -> list[str]:
    """Return a sentence per column that rows were set aside for: the words it takes, those that came, the line to write."""
    notes = []
    spec = mapping.tables[name]
    for column, source in spec.columns.items():
        closed = schemas.closed_words(name, column)
        reasons = [said.format(column=label(column)) for said in (NOT_A_WORD, NEITHER)]
        rows = rejected.filter(pl.col("fault").cast(pl.String).is_in(reasons))
        if not closed or source.column is None or rows.is_empty():
            continue
        cells = typed.reject(rows)["raw"].str.json_decode(pl.Struct({source.column: pl.String})).struct.field(source.column)
        came = cells.drop_nulls().str.strip_chars().value_counts(sort=True, name="rows").sort("rows", cells.name, descending=[True, False])
        words = came[cells.name].to_list()[:MOST_WORDS]
        notes.append(
            tr(
                "[{table}] {column} takes {first} or {second}, but {rows:,} rows hold other words, such as {examples}; "
                "write in the mapping, under [{table}.values]: {line}",
                table=name, column=column, first=closed[0], second=closed[1], rows=rows.height,
                examples=", ".join(map(repr, words[:2])),
                line=value_map(name, column, words, spec.values.get(column, {}))[0],
            )
        )  # fmt: skip
    return notes


def lay_over(workspace: Workspace, name: str, new: pl.DataFrame, source: str, aliases: pl.DataFrame) -> pl.DataFrame:
    """Return the table as it will be: rows of the new import, and the old ones that it does not speak of; a member has one id in both."""
    before = workspace.table(name)
    if name in EVENT_DAY or name == "members":
        new = new.with_columns(pl.lit(source).alias(SOURCE))
    if before is None:
        return new
    old = table_in_one_name(name, before.collect(), aliases)
    if name in EVENT_DAY:
        day = pl.col(EVENT_DAY[name]).dt.date()
        others = pl.col(SOURCE).fill_null(source) != source if SOURCE in old.columns else pl.lit(False)
        old = old.filter(others | ~day.is_in(new.select(day)[EVENT_DAY[name]].unique().to_list()))
    else:
        keys = schemas.CONTRACT[name].primary_key()
        old = old.join(new.select(keys), on=keys, how="anti", maintain_order="left")
    return pl.concat([old, new], how="diagonal_relaxed")


def write_table(workspace: Workspace, folder: str, name: str, frame: pl.DataFrame) -> str:
    """Write a table for the next commit and return its path within the workspace."""
    path = f"{folder}/{name}.parquet"
    (workspace.path / folder).mkdir(parents=True, exist_ok=True)
    keys = [key for key in schemas.CONTRACT[name].primary_key() if key in frame.columns]
    (frame.sort(keys) if keys else frame).write_parquet(private_file(workspace.path / path))
    return path
