"""Carries a mart forward: what one night changed is worked out from the lines, everything else is taken over as it stands.

A night touches every partition, but few members. So the members are found whose receipts changed (new ones, receipts that went, receipts
that another member has now); their lines are read and make their rows, as in a build from nothing. All other rows of orders and member x
category are those of the mart before, and of its members only those are made again, from their orders, who have an order on a day that
entered or left a window (28, 56, 91, 182, 365 days). Sums of the whole shop are what they were, less what went, plus what came: integers,
so the mart is the same to the last bit as one that is built from nothing (tests/mart/test_carried.py).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from toolkit.expressions import day_number
from toolkit.mart.batches import in_time_order
from toolkit.mart.catalogue import Catalogue
from toolkit.mart.folder import MADE_OF, Mart
from toolkit.mart.lines import NONE
from toolkit.mart.members import WINDOWS, members_of
from toolkit.mart.prices import category_sums
from toolkit.mart.runs import Columns, as_array
from toolkit.mart.settled import add, kept_sums, product_sums_after, settled_day, stamp
from toolkit.mart.tables import tables_of
from toolkit.mart.totals import COUNTS, Totals, totals_of
from toolkit.schemas import MEMBER_CATEGORY, MEMBER_FEATURES, ORDERS, STORED_LINES
from toolkit.workspace import Workspace

MOST_CHANGED = 0.35
"""Where the receipts of a larger share of the members changed, a build from nothing costs less."""
_ORDER = ("order_code", "member_code", "ordered_at")


@dataclass(frozen=True)
class Carried:
    """The sums of a mart whose parts were written by `carry`."""

    category_sums: Columns
    product_sums: Columns
    settled_sums: Columns  # of the products, up to the settled day
    totals: Totals
    member_count: int
    days: tuple[date, ...]  # first and last day seen; empty without lines


@dataclass(frozen=True)
class _Changes:
    """Receipts (`order_code`, `member_code`, `ordered_at`) that the mart before did not have and those that it has no longer."""

    came: pl.DataFrame
    went: pl.DataFrame

    @property
    def members(self) -> pl.Series:
        """Codes of the members whose receipts changed, sorted."""
        return pl.concat([self.came["member_code"], self.went["member_code"]]).drop_nulls().unique().sort()


def carry(ws: Workspace, base: Mart, as_of: date, folder: Path, catalogue: Catalogue) -> Carried | None:
    """Write the parts of the mart as of a day into `folder` from those of an earlier one; None where that would not be cheaper.

    Parameters
    ----------
    ws
        The workspace.
    base
        A mart of the same workspace, of these lines or earlier ones, not of a later day.
    as_of
        The last day seen.
    folder
        Where `orders`, `member_category` and `drafts` (members without their expected amount) are to be written; the folders are there.
    catalogue
        What the products are now.
    """
    origin = json.loads((base.path / MADE_OF).read_text("utf-8"))
    recoded = _recoded_categories(base, catalogue)
    if recoded is None:
        return None
    changes = _changes(ws, base, as_of, origin["files"])
    members = changes.members
    if len(members) > MOST_CHANGED * max(base.totals["member_count"], 1):
        return None
    anew = _tables(ws, changes, members, catalogue, as_of)
    parts = _write_parts(base, as_of, folder, catalogue, anew, changes, recoded)
    settled, sums = date.fromisoformat(origin["settled"]), kept_sums(base.path, len(catalogue.counted))
    moments = pl.concat([changes.came["ordered_at"], changes.went["ordered_at"]])
    if len(moments) and moments.dt.date().min() <= settled:  # type: ignore[operator]
        settled, sums = date.min, {name: np.zeros_like(values) for name, values in sums.items()}
    since, latest = product_sums_after(ws, (settled, settled_day(as_of)), as_of, catalogue)
    product_sums = add(sums, since, 1)
    before = base.all_categories
    size = catalogue.categories.height
    categories = {name: np.zeros(size, dtype=np.int64) for name in category_sums(anew.member_category.head(0), size)}
    for name, values in categories.items():
        values[recoded] = before[name].to_numpy()
    categories = add(add(categories, category_sums(parts.pairs_left, size), -1), category_sums(anew.member_category, size), 1)
    left, came = totals_of(parts.orders_left), totals_of(anew.orders)
    totals = {
        who: {name: base.totals[who][name] - left[who][name] + came[who][name] for name in COUNTS} for who in ("member", "non_member")
    }
    return Carried(categories, product_sums, add(product_sums, latest, -1), totals, parts.member_count, parts.days)


def link(source: Path, target: Path) -> None:
    """Give a file that never changes another name, or copy it where the disk knows no second names."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _recoded_categories(base: Mart, catalogue: Catalogue) -> np.ndarray | None:
    """Return today's code of each category of the mart before; None where a product that was sold is another than it was."""
    today = dict(catalogue.categories.select("category", "category_code").iter_rows())
    before = base.all_categories["category"].to_list()
    if any(name not in today for name in before):
        return None
    recoded = np.array([today[name] for name in before], dtype=np.int64)
    sold = base.all_products
    codes = sold["product_code"].to_numpy()
    goods = np.ones(len(catalogue.counted), dtype=bool) if catalogue.goods is None else catalogue.goods
    same = (
        (recoded[sold["category_code"].to_numpy()] == catalogue.category_of_product[codes])
        & (sold["counted"].to_numpy() == catalogue.counted[codes])
        & (sold["is_goods"].to_numpy() == goods[codes])
    )
    return recoded if same.all() else None


def _changes(ws: Workspace, base: Mart, as_of: date, known: Sequence[list[Any]]) -> _Changes:
    """Find the receipts that came and went: by file first, since a file never changes, then by receipt."""
    stamps = {tuple(one) for one in known}
    live = {tuple(stamp(ws, file)): file for file in ws.manifest.line_files}
    files = [file for one, file in live.items() if one not in stamps or file.last_day > base.as_of]
    before = base.orders.select(_ORDER)
    nothing = pl.DataFrame(schema={name: ORDERS[name] for name in _ORDER})
    came = went = nothing
    fresh = nothing.lazy()
    if files:
        lines = pl.scan_parquet(ws.data_files([file.path for file in files]))
        fresh = lines.filter(pl.col("ordered_at") <= datetime.combine(as_of, time.max)).select(_ORDER).unique()
        fresh = fresh.collect(engine="streaming").cast(dict(nothing.schema)).lazy()  # type: ignore[arg-type]
        came = fresh.join(before, on=["order_code", "member_code"], how="anti", nulls_equal=True).collect(engine="streaming")
    if stamps - set(live):
        codes = ws.order_ids().select("order_code")
        moved = before.join(fresh, on="order_code").filter(pl.col("member_code").ne_missing(pl.col("member_code_right"))).select(_ORDER)
        gone = before.join(codes, on="order_code", how="anti")
        went = pl.concat([gone, moved]).collect(engine="streaming")
    return _Changes(came, went)


@dataclass(frozen=True)
class _Anew:
    """The rows of members whose receipts changed, and receipts of non-members that came."""

    orders: pl.DataFrame
    member_category: pl.DataFrame
    members: pl.DataFrame


def _tables(ws: Workspace, changes: _Changes, members: pl.Series, catalogue: Catalogue, as_of: date) -> _Anew:
    """Make the rows from all lines of these members and the receipts of non-members that came, a partition at a time."""
    nobody = changes.came.filter(pl.col("member_code").is_null())["order_code"]
    wanted = pl.col("member_code").is_in(members.implode())
    if len(nobody):
        wanted |= pl.col("member_code").is_null() & pl.col("order_code").is_in(nobody.implode())
    frames: list[tuple[pl.DataFrame, ...]] = [(ORDERS.to_frame(), MEMBER_CATEGORY.to_frame(), MEMBER_FEATURES.to_frame())]
    for files in ws.line_partitions() if len(members) or len(nobody) else []:
        rows = pl.scan_parquet(files).select(STORED_LINES.names()).filter(wanted, pl.col("ordered_at") <= datetime.combine(as_of, time.max))
        lines = rows.collect()
        if lines.height:
            tables = tables_of(in_time_order(lines), catalogue, as_of)
            frames.append((tables.orders, tables.member_category, tables.members))
    schemas = (ORDERS, MEMBER_CATEGORY, MEMBER_FEATURES)
    return _Anew(
        *(pl.concat([one.match_to_schema(schema) for one in each]) for schema, each in zip(schemas, zip(*frames, strict=True), strict=True))
    )


@dataclass(frozen=True)
class _Parts:
    """What was written, and the rows of the mart before that are in it no longer."""

    orders_left: pl.DataFrame
    pairs_left: pl.DataFrame  # category codes as they are now
    member_count: int
    days: tuple[date, ...]


def _write_parts(
    base: Mart, as_of: date, folder: Path, catalogue: Catalogue, anew: _Anew, changes: _Changes, recoded: np.ndarray
) -> _Parts:
    """Write each part of the mart before without the rows that changed, the new rows behind them."""
    names = sorted(path.name for path in (base.path / "orders").glob("part-*.arrow"))
    highest = (anew.orders["member_code"].max(), base.members.select(pl.col("member_code").max()).collect().item())
    size = 1 + max(int(code or 0) for code in highest)  # type: ignore[arg-type]
    changed = _Flags(size, changes.members)
    went = changes.went["order_code"]
    place = _places(base, names, size)
    orders_left, pairs_left, days, member_count = [ORDERS.to_frame()], [MEMBER_CATEGORY.to_frame()], [], 0
    same_codes = bool((recoded == np.arange(len(recoded))).all())
    today = pl.Series(recoded, dtype=pl.UInt32)
    for number, name in enumerate(names):
        orders, pairs, members = (pl.read_ipc(base.path / table / name) for table in ("orders", "member_category", "members"))
        if not same_codes:
            pairs = pairs.with_columns(today.gather(pairs["category_code"]).alias("category_code"))
            members = members.with_columns(today.gather(members["top_category_code"]).alias("top_category_code"))
        stays = ~changed.of(orders["member_code"])
        if len(went):
            stays &= ~orders["order_code"].is_in(went.implode()).to_numpy()
        ours = [frame.filter(pl.Series(place(frame) == number)) for frame in (anew.orders, anew.member_category, anew.members)]
        if stays.all() and not ours[0].height:
            link(base.path / "orders" / name, folder / "orders" / name)
        else:
            orders_left.append(orders.filter(pl.Series(~stays)))
            orders = pl.concat([orders.filter(pl.Series(stays)), ours[0]])
            orders.write_ipc(folder / "orders" / name)
        stays = ~changed.of(pairs["member_code"])
        if stays.all() and not ours[1].height and same_codes:
            link(base.path / "member_category" / name, folder / "member_category" / name)
        else:
            pairs_left.append(pairs.filter(pl.Series(~stays)))
            pairs = pl.concat([pairs.filter(pl.Series(stays)), ours[1]])
            pairs.write_ipc(folder / "member_category" / name)
        kept = members.filter(pl.Series(~changed.of(members["member_code"])))
        members = pl.concat([_at_edges(kept, orders, pairs, catalogue, base.as_of, as_of, size), ours[2]])
        members.write_ipc(folder / "drafts" / name)
        member_count += members.height
        days += [
            day
            for day in orders.select(first=pl.col("ordered_at").min().dt.date(), last=pl.col("ordered_at").max().dt.date()).row(0)
            if day
        ]
    return _Parts(pl.concat(orders_left), pl.concat(pairs_left), member_count, tuple(days))


class _Flags:
    """Which member codes are among some, looked up by position: codes are dense."""

    def __init__(self, size: int, codes: pl.Series | np.ndarray) -> None:
        self._flags = np.zeros(size + 1, dtype=bool)  # the last stands for nobody
        self._flags[np.asarray(codes, dtype=np.int64)] = True

    def of(self, codes: pl.Series) -> np.ndarray:
        """Return, per row, whether its member is among them; nobody is not."""
        return self._flags[np.minimum(as_array(codes, null=NONE), len(self._flags) - 1)]


def _places(base: Mart, names: Sequence[str], size: int) -> Callable[[pl.DataFrame], np.ndarray]:
    """Return what gives the number of the part of each row: of a known member the one it is in, else by its code."""
    parts = np.full(size + 1, -1, dtype=np.int64)
    for number, name in enumerate(names):
        parts[pl.scan_ipc(base.path / "members" / name).select("member_code").collect().to_series().to_numpy()] = number
    unknown = np.flatnonzero(parts < 0)
    parts[unknown] = unknown % max(len(names), 1)

    def of(frame: pl.DataFrame) -> np.ndarray:
        codes = as_array(frame["member_code"], null=NONE).astype(np.int64)
        if "order_code" in frame.columns:
            return np.where(codes == NONE, as_array(frame["order_code"]) % max(len(names), 1), parts[np.minimum(codes, size)])
        return parts[codes]

    return of


def _at_edges(
    kept: pl.DataFrame, orders: pl.DataFrame, pairs: pl.DataFrame, catalogue: Catalogue, before: date, as_of: date, size: int
) -> pl.DataFrame:
    """Return members in which those with an order on a day that left a window since the mart before are made again."""
    today, passed = (as_of - date(1970, 1, 1)).days, (as_of - before).days
    if not passed or kept.is_empty():
        return kept
    day = as_array(orders.select(day_number(pl.col("ordered_at"))).to_series())
    at_edge = np.zeros(len(day), dtype=bool)
    for window in WINDOWS:
        at_edge |= (day > today - passed - window) & (day <= today - window)
    codes = orders["member_code"].filter(pl.Series(at_edge)).drop_nulls()
    edge = _Flags(size, codes.to_numpy())
    again = edge.of(kept["member_code"])
    if not again.any():
        return kept
    edge = _Flags(size, kept["member_code"].filter(pl.Series(again)).to_numpy())  # not those whose receipts changed
    of_edge = [frame.filter(pl.Series(edge.of(frame["member_code"]))) for frame in (orders, pairs)]
    made = members_of(of_edge[0], of_edge[1], catalogue, as_of)
    rows = np.arange(kept.height)
    rows[again] = kept.height + np.arange(made.height)
    return pl.concat([kept, made.match_to_schema(MEMBER_FEATURES)])[rows]
