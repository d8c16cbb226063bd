"""Builds a mart on disk: batch by batch, in a folder that gets its name only when it is whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import reduce
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from filelock import FileLock

from toolkit.atomic import private_folder, synced, written_beside
from toolkit.disk import FAULTS, NotWritten, cannot_write, not_written, spare_of, with_spare
from toolkit.engine import Spread, engine_of
from toolkit.errors import BadValue, WorkspaceError
from toolkit.integrity import seal_folder
from toolkit.language import tr
from toolkit.mart.batches import MOST_LINES, Batch, plan_batches, read_slices
from toolkit.mart.carried import carry
from toolkit.mart.catalogue import Catalogue, catalogue_of, without_fractions
from toolkit.mart.folder import FORMAT, Mart, find_mart, mart_path, nearest_before
from toolkit.mart.prices import category_table, expected_amounts, usual_prices
from toolkit.mart.products import product_table
from toolkit.mart.pruning import BUILDING, prune, sweep, take_over
from toolkit.mart.runs import Columns
from toolkit.mart.settled import add, note_origin, product_sums_after, settled_day
from toolkit.mart.tables import lines_at_once, tables_of_slices
from toolkit.mart.totals import Totals, add_totals
from toolkit.schemas import MEMBER_CATEGORY, MEMBER_FEATURES, ORDERS
from toolkit.workspace import Workspace


@dataclass(frozen=True)
class _Sums:
    """What stays in memory of the parts that are written."""

    category_sums: Columns
    product_sums: Columns
    totals: Totals
    member_count: int
    unseen: int  # lines after as_of
    days: tuple[date, ...]  # first and last day seen; empty without lines
    settled_sums: Columns = field(default_factory=dict)  # of products up to the settled day; of a part none


def ensure_mart(ws: Workspace, as_of: date) -> Mart:
    """Return the mart of a workspace as of a day, building it first where there is none.

    Raises
    ------
    BadValue
        `as_of` is no date.
    WorkspaceError
        The disk is full or cannot be written, or the lines were replaced while they were read.
    """
    return load_mart(ws, as_of) or build_mart(ws, as_of)


def load_mart(ws: Workspace, as_of: date) -> Mart | None:
    """Return the mart of the workspace's present lines as of a day, or None where it has not been built."""
    places = (ws.mart_folder, spare_of(ws.mart_folder))
    return next((mart for place in places if place and (mart := find_mart(place, _checked(as_of), ws.manifest.data_version))), None)


def build_mart(ws: Workspace, as_of: date, *, most_lines: int = MOST_LINES, workers: int = 1) -> Mart:
    """Build the mart as of a day, unless another process has just done so, and return it.

    Where there is a mart of earlier receipts or an earlier day, it is carried forward (`toolkit.mart.carried`): the same mart for less.
    Marts of earlier receipts are removed beyond a budget of disk, the oldest first (`toolkit.mart.pruning`).

    Parameters
    ----------
    ws
        The workspace; its lines stay as they are.
    as_of
        The last day seen, itself included.
    most_lines
        Lines of which the tables are in memory at once, per worker. The result does not depend on it.
    workers
        Partitions at work at once. Two take about two thirds of the time, a tenth more processor time and half as much memory again.

    Raises
    ------
    BadValue, WorkspaceError
        As `ensure_mart`.
    """
    as_of = _checked(as_of)
    with _in_words(ws):
        return with_spare(ws.mart_folder, lambda folder: _build_in(folder, ws, as_of, most_lines, workers))


def _build_in(folder: Path, ws: Workspace, as_of: date, most_lines: int, workers: int) -> Mart:
    folder.mkdir(exist_ok=True)
    with FileLock(folder / ".lock"):
        sweep(folder)
        if mart := find_mart(folder, as_of, ws.manifest.data_version):
            return mart
        building = folder / f"{BUILDING}{os.getpid()}"
        try:
            private_folder(building)
            _write(ws, as_of, building, most_lines, workers)
            seal_folder(building, taken_over_from=ws.mart_folder.glob("*-*-*-*"))
            finished = mart_path(folder, as_of, ws.manifest.data_version)
            shutil.rmtree(finished, ignore_errors=True)  # one of another layout, or damaged
            building.rename(finished)
            synced(folder)
            take_over(finished)
            prune(ws, finished)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return Mart(finished, as_of)


def _write(ws: Workspace, as_of: date, folder: Path, most_lines: int, workers: int) -> None:
    for table in ("orders", "member_category", "members", "drafts"):
        (folder / table).mkdir()
    with engine_of(ws, workers=workers) as spread:
        catalogue, notes = _catalogue(ws, as_of, spread)
        _keep_freed_memory()
        sums = _carried_sums(ws, as_of, folder, catalogue) or _sums_of_lines(ws, as_of, folder, catalogue, most_lines, spread)
        note_origin(ws, folder, settled_day(as_of), sums.settled_sums)
        categories = category_table(sums.category_sums, catalogue.categories)
        for _ in spread(_finish_members, sorted((folder / "drafts").glob("part-*.arrow")), usual_prices(categories)):
            pass
    shutil.rmtree(folder / "drafts")
    categories.write_parquet(folder / "categories.parquet")
    products = product_table(sums.product_sums, catalogue)
    products.write_parquet(folder / "products.parquet")
    facts = _facts(sums, notes) | {"format": FORMAT, "as_of": as_of.isoformat(), "data_version": ws.manifest.data_version}
    others = products.filter(~pl.col("is_goods"))
    facts["not_goods"] = {"product_count": others.height, **{name: int(others[name].sum()) for name in ("line_count", "amount")}}
    (folder / "mart.json").write_text(json.dumps(facts, indent=1, sort_keys=True), "utf-8")


def _carried_sums(ws: Workspace, as_of: date, folder: Path, catalogue: Catalogue) -> _Sums | None:
    """Write the parts by carrying the nearest mart before forward; None where there is none, or too much is another."""
    base = nearest_before(ws.mart_folder, as_of)
    if base is None or (carried := carry(ws, base, as_of, folder, catalogue)) is None:
        return None
    unseen = ws.line_count - sum(total["line_count"] for total in carried.totals.values())
    return _Sums(**vars(carried), unseen=unseen)


def _finish_members(draft: Path, prices: pl.DataFrame) -> None:
    """Give the members of a part what a purchase of theirs would cost at usual prices, which are known once all parts are written."""
    pairs = draft.parent.parent / "member_category" / draft.name
    bought = pl.scan_ipc(pairs).select("member_code", "category_code", "priced_units_milli").collect()
    with written_beside(draft.parent.parent / "members" / draft.name, durable=False) as part:
        pl.read_ipc(draft).with_columns(expected_amounts(bought, prices)).write_ipc(part)


def _sums_of_lines(ws: Workspace, as_of: date, folder: Path, catalogue: Catalogue, most_lines: int, spread: Spread) -> _Sums:
    """Write the parts from all lines, batch by batch."""
    batches = plan_batches(ws.line_partitions(), most_lines=most_lines) or [()]
    sums = reduce(_together, spread(_write_batch, list(enumerate(batches)), folder, catalogue, as_of, most_lines))
    (since,) = product_sums_after(ws, (settled_day(as_of),), as_of, catalogue, spread)
    return replace(sums, settled_sums=add(sums.product_sums, since, -1))


def _write_batch(numbered: tuple[int, Batch], folder: Path, catalogue: Catalogue, as_of: date, most_lines: int) -> _Sums:
    """Write the parts of a batch, each of about `most_lines` lines, and return their sums."""
    number, batch = numbered
    slices = read_slices(batch, as_of, lines_at_once(catalogue))
    sums: _Sums | None = None
    part = 0
    while (first := next(slices, None)) is not None or sums is None:
        later: list[int] = []
        some = _up_to_most(chain([first] if first else [], slices), most_lines, later)
        tables = tables_of_slices(some, catalogue, as_of)
        name = f"part-{number:05d}-{part:03d}.arrow"
        for table, frame, schema in (
            ("orders", tables.orders, ORDERS),
            ("member_category", tables.member_category, MEMBER_CATEGORY),
            ("drafts", tables.members, MEMBER_FEATURES),
        ):
            with written_beside(folder / table / name, durable=False) as beside:  # a worker given up for dead may still be writing it
                frame.match_to_schema(schema).write_ipc(beside)
        days = tables.orders.select(pl.col("ordered_at").min().dt.date(), last=pl.col("ordered_at").max().dt.date()).row(0)
        seen = tuple(day for day in days if day)
        written = _Sums(tables.category_sums, tables.product_sums, tables.totals, tables.members.height, sum(later), seen)
        sums = written if sums is None else _together(sums, written)
        part += 1
    return sums


def _together(one: _Sums, other: _Sums) -> _Sums:
    """Add up the sums of two parts; those of the first are changed, since a shop may have a million products."""
    for mine, theirs in ((one.category_sums, other.category_sums), (one.product_sums, other.product_sums)):
        for name, values in theirs.items():
            mine[name] += values
    return _Sums(
        one.category_sums,
        one.product_sums,
        add_totals([one.totals, other.totals]),
        one.member_count + other.member_count,
        one.unseen + other.unseen,
        (*one.days, *other.days),
    )


def _up_to_most(slices: Iterable[tuple[pl.DataFrame, int]], most_lines: int, later: list[int]) -> Iterator[pl.DataFrame]:
    """Take slices until they have `most_lines` lines; note in `later` how many lines of each were not seen."""
    taken = 0
    for lines, unseen in slices:
        later.append(unseen)
        taken += lines.height
        yield lines
        if taken >= most_lines:
            return


def _facts(sums: _Sums, notes: list[str]) -> dict[str, Any]:
    """The content of mart.json but for its heading."""
    return {
        **sums.totals,
        "member_count": sums.member_count,
        "line_count": sum(total["line_count"] for total in sums.totals.values()),
        "unseen_line_count": sums.unseen,
        "first_day": min(sums.days).isoformat() if sums.days else None,
        "last_day": max(sums.days).isoformat() if sums.days else None,
        "notes": notes,
    }


def _catalogue(ws: Workspace, as_of: date, spread: Spread) -> tuple[Catalogue, list[str]]:
    """The catalogue with `counted` settled, and the notes on how."""
    table = ws.table("products")
    codes = {name: ws.codes(name) for name in ("product", "store", "channel", "not_goods")}
    known = table.collect() if table is not None else None
    catalogue = catalogue_of(codes["product"], known, codes["store"], codes["channel"], codes["not_goods"]["id"])
    files = [path for partition in ws.line_partitions() for path in partition]
    if not files or not len(catalogue.unstated):
        return catalogue, []
    fractional = pl.concat(spread(_fractional, ws.line_partitions(), as_of)).unique()
    settled = without_fractions(catalogue, fractional.cast(pl.Int64).to_numpy())
    left_out = int(catalogue.counted.sum() - settled.counted.sum())
    note = (
        f"The products table does not say whether products are counted for {len(catalogue.unstated):,} of {len(catalogue.counted):,}; "
        f"{left_out:,} of these were sold in fractions and are left out of units and unit prices. State it in the column `counted`."
    )
    return settled, [note]


def _fractional(partition: Sequence[Path], as_of: date) -> pl.Series:
    found = products_in_fractions(list(partition), as_of).collect(engine="streaming") if partition else pl.DataFrame()
    return found.to_series() if found.width else pl.Series("product_code", [], dtype=pl.UInt32)


def products_in_fractions(files: list[Path], as_of: date) -> pl.LazyFrame:
    """Return the product_code of every product sold in a quantity that is not whole, up to `as_of`; runs in the streaming engine."""
    return (
        pl.scan_parquet(files)
        .filter(pl.col("ordered_at") <= datetime.combine(as_of, time.max), pl.col("quantity_milli") % 1_000 != 0)
        .select(pl.col("product_code").unique())
    )


def _keep_freed_memory() -> None:
    """Make glibc keep up to 64 MB of freed memory instead of handing it back and fetching it anew for every column: a third of the cost.

    That is what it does once a block of nearly 32 MB was freed; the block is never touched. Elsewhere this does nothing.
    """
    np.empty(31 << 20, dtype=np.uint8)


def _checked(as_of: date) -> date:
    if isinstance(as_of, datetime) or not isinstance(as_of, date):
        raise BadValue(tr("as_of needs a date such as date(2024, 6, 30), but {as_of!r} came.", as_of=as_of))
    return as_of


@contextmanager
def _in_words(ws: Workspace) -> Iterator[None]:
    """Turn what the disk may do to a build into a sentence."""
    try:
        yield
    except FAULTS as error:
        if cannot_write(error):
            raise NotWritten(not_written(error, ws.path)) from error
        if isinstance(error, FileNotFoundError):
            raise WorkspaceError(
                tr(
                    "Receipts of {path} were replaced while the mart was being built ({file}). Run the command again.",
                    path=ws.path,
                    file=error.filename or error,
                )
            ) from error
        if isinstance(error, PermissionError):
            raise WorkspaceError(
                tr("{folder} cannot be written ({error}). Give yourself the right to write there.", folder=ws.mart_folder, error=error)
            ) from error
        raise
