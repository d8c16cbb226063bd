"""Which live sources an import replaces on its store days, which it stands beside, and where it must ask."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from toolkit.errors import ImportRefused
from toolkit.importing.overlap import Overlap, beside_note, known_orders, lost_orders, orders_of
from toolkit.importing.replace import HeldDays, Replacement, replacement_told, shrinking
from toolkit.language import tr
from toolkit.sources.mapping import Mapping
from toolkit.workspace import UNNAMED, LineFile, Workspace

SAME_RECEIPTS = "same_receipts"
"""The question whose answer in [answers] says that orders of another source are others: `same_receipts`, or `same_receipts:SOURCE`."""


def replaced_sources(mapping: Mapping, found: Sequence[Overlap]) -> set[str]:
    """Return the sources whose store days the import replaces: its own, and lines without a source name that it brings again."""
    by_order = mapping.tables["lines"].replaces == "orders"
    unnamed = {overlap.source for overlap in found if overlap.source == UNNAMED and (by_order or overlap.comes_again)}
    return {mapping.source_name} | unnamed


def plan_orders(workspace: Workspace, stored: Sequence[LineFile], left_orders: pl.DataFrame, held: HeldDays) -> Replacement:
    """Return what an import replaces that brings only new and changed orders: orders of the same store, day and id."""
    if not held.files:
        return Replacement((), held.days.with_columns(lines_now="lines_before"), 0, pl.Series(dtype=pl.Int64))
    order = ["store_code", "day", "id"]
    new = pl.concat([orders_of(workspace, stored, held.days).select(order), left_orders.select(order)])
    same = orders_of(workspace, held.files, held.days).join(new, on=order, how="semi")
    days = same.group_by("store_code", "day").agg(pl.col("lines").sum().alias("lines_before"), pl.col("lines").sum().alias("lines_now"))
    return Replacement(held.files, days.sort("day", "store_code"), int(same["lines"].sum()), same["order_code"])


def admitted(
    mapping: Mapping, found: Sequence[Overlap], replacement: Replacement, stores: pl.DataFrame, *, allow_shrinking: bool
) -> tuple[list[str], list[str]]:
    """Return what the import replaces and what it stands beside, in sentences.

    Raises
    ------
    ImportRefused
        The import would lose orders of its own source, or bring orders that are there under another one; all reasons at once.
    """
    source, ignored = mapping.source_name, mapping.answers.ignore
    replaced = replaced_sources(mapping, found)
    own = [overlap for overlap in found if overlap.source in replaced]
    others = [overlap for overlap in found if overlap.source not in replaced]
    refusals, twice = [], {}
    if not allow_shrinking and replacement.order_codes is None:
        refusals += [shrinking(replacement, stores), *(lost_orders(overlap, stores, mapping.label, source) for overlap in own)]
    if SAME_RECEIPTS not in ignored:
        unanswered = [overlap for overlap in others if f"{SAME_RECEIPTS}:{overlap.source}" not in ignored]
        twice = {overlap.source: asked for overlap in unanswered if (asked := known_orders(overlap, mapping.label, source))}
        refusals += twice.values()
    if any(refusals):
        raise ImportRefused("\n".join([*filter(None, refusals), tr("Nothing was changed.")]), tuple(twice))
    gone, orders = sum(overlap.gone for overlap in own), sum(overlap.orders for overlap in own)
    told = [replacement_told(replacement, source, gone=gone, orders=orders)]
    if UNNAMED in {overlap.source for overlap in own}:
        told.append(tr("Lines that were imported before sources had names are taken for lines of source {source}.", source=source))
    return [text for text in told if text], [beside_note(overlap) for overlap in others]
