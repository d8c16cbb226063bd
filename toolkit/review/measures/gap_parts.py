"""The gap between sales and target: by place, and in parts that add up to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from toolkit import columns as c
from toolkit.columns import AnswerTable, Table
from toolkit.language import later, tr, value
from toolkit.review.measures.store_months import DRIVERS, drivers_of_change, month_words, targets_of
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.targeting.measures.period_sales import PARTS, by_cell, by_member, merged_few

KINDS: dict[str, str] = {
    "first_time": later("first-time members"),
    "back": later("members who came back"),
    "lost": later("members who stayed away"),
    "more": later("members who spent more"),
    "less": later("members who spent less"),
    "switched_in": later("members who came from another store"),
    "switched_out": later("members who went to another store"),
    "no_order": later("members with refunds or receipts without goods alone"),
    "non_member": later("receipts without a member"),
    "few": later("kinds with too few members to show apart"),
}
"""Who moves a store's sales, and how it reads in a sentence."""


def _gap_table(by: str, *parts: c.Column) -> Table:
    return c.table(
        f"one row per scope, region and store: the gap by {by}; gap = asked + parts",
        c.text("level", "Listed by", "chain, region, store"),
        c.text("place"),
        c.members(meaning="who bought there in either month", null="of several stores, or too few"),
        c.money("target_sales", "Target", null="no target"),
        c.money("sales"),
        c.money("gap_sales", "Sales less target", "a store without a target is not in the sums", null="no target"),
        c.money("sales_before", meaning="in the month of comparison", null="no such month"),
        c.money("asked_sales", "Asked for beyond it", "target less month of comparison, as a minus"),
        *parts,
    )


BY_DRIVERS = _gap_table(
    "driver",
    c.money("members_sales", "of the change: members"),
    c.money("frequency_sales", "orders per member"),
    c.money("units_sales", "units per order"),
    c.money("price_sales", "money per unit"),
    c.money("returns_sales", "returns"),
    c.money("non_member_sales", "Sales to non-members"),
)
BY_MEMBERS = _gap_table(
    "kind of member",
    c.money("first_time_sales", "of it: first-time"),
    c.money("back_sales", "back"),
    c.money("lost_sales", "lost"),
    c.money("more_sales", "more"),
    c.money("less_sales", "less"),
    c.money("switched_in_sales", "switched in"),
    c.money("switched_out_sales", "switched out"),
    c.money("no_order_sales", "no order in either"),
    c.money("non_member_sales", "Sales to non-members"),
    c.money("few_sales", "few, together"),
)


@dataclass(frozen=True)
class Gap:
    """A month against its target.

    `stores`: one row per store (those with too few members together), largest shortfall first: `store_id`, `region`, `member_count`,
    `target`, `sales`, `gap`, `sales_before`, `asked` (minus what the target asks for beyond the month of comparison) and the parts, in
    minor units. `whole` is the month, `now` its days seen, `before` the days of comparison (None = the receipts hold none). `why`: why
    there are no targets. `untargeted`: stores that sold without a target, and what (None = too few members to say); `unsold`: stores with a
    target and no receipt. `merged`: rows of `stores` that stand for several with too few members.
    """

    by: str
    whole: Period
    now: Period
    before: Period | None
    stores: pl.DataFrame
    parts: tuple[str, ...]
    has_targets: bool
    why: str
    store_count: int
    untargeted: tuple[str, ...]
    untargeted_sales: int | None
    unsold: tuple[str, ...]
    merged: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def words(self) -> str:
        """The month in a sentence."""
        return month_words(self.whole.start) if self.now.end == self.whole.end else str(self.now)

    @property
    def before_words(self) -> str:
        """The month of comparison in a sentence."""
        if self.before is None:
            return tr("an earlier month")
        return month_words(self.before.start) if self.now.end == self.whole.end else str(self.before)

    @property
    def counted(self) -> pl.DataFrame:
        """The stores that the sums are of: those with a target, or all where there are no targets."""
        return self.stores.filter(pl.col("target").is_not_null()) if self.has_targets else self.stores

    def total(self, column: str) -> int:
        """Sum over the stores counted, minor units."""
        return int(self.counted[column].sum() or 0)

    def largest_overall(self, sign: int) -> tuple[str, int] | None:
        """The largest part of that sign over the stores counted, what the target asked for among them; None where there is none."""
        if self.before is None:
            return None
        sums = {name: self.total(f"{name}_sales") for name in self.parts} | ({"asked": self.total("asked")} if self.has_targets else {})
        name = max(sums, key=lambda part: sums[part] * sign)
        return (name, sums[name]) if sums[name] * sign > 0 else None

    def largest(self, sign: int) -> tuple[str, str, int] | None:
        """The largest part of that sign: store, name of the part, minor units; None where there is none."""
        names = [name for name in self.parts if name != "few"]
        if self.before is None or self.counted.is_empty() or not names:
            return None
        cells = self.counted.unpivot([f"{name}_sales" for name in names], index="store_id").with_columns(pl.col("value") * sign)
        best = cells.drop_nulls("value").sort("value", "store_id", "variable", descending=[True, False, False]).head(1)
        if best.is_empty() or best["value"][0] <= 0:
            return None
        return str(best["store_id"][0]), str(best["variable"][0]).removesuffix("_sales"), int(best["value"][0]) * sign


def gap_of(view: View, whole: Period, now: Period, before: Period | None, by: str) -> Gap:
    """Return a month against its target, by store and in parts.

    Stores where too few members bought stand together (see `merged_few`), so that no part tells of a person; those with a target apart from
    those without. Where they are too few even together, their row has no figures and is in no sum.
    """
    targets = None if view.scope.audience is not None else targets_of(view, whole)
    why = tr("targets are of everybody's sales") if view.scope.audience is not None else tr("the shop has no sales_targets table")
    if targets is not None and targets.is_empty():
        targets, why = None, view.say("the sales_targets table says nothing of {month} here", month=month_words(whole.start))
    if targets is not None:
        targets = targets.with_columns((pl.col("target") * now.days // whole.days).alias("target"))
    sold, groups, merged, notes = _split(view, now, before, by, None if targets is None else targets["store_id"].to_list())
    names = tuple(name.removesuffix("_sales") for name in groups.columns if name.endswith("_sales"))
    store = sold if targets is None else sold.join(targets, on="store_id", how="full", coalesce=True)
    store = store if targets is not None else store.with_columns(pl.lit(None, pl.Int64).alias("target"))
    unsold = () if targets is None else tuple(store.filter(pl.col("sales").is_null() & (pl.col("target") > 0))["store_id"].sort().to_list())
    bare = store.filter(pl.col("target").is_null()) if targets is not None else store.clear()
    stores = _grouped(view, store, groups, names, before)
    hidden = stores.filter(pl.col("sales").is_null())["store_id"]
    if hidden.len():
        notes.append(
            view.say(
                "Fewer than {least} members (setting scope.minimum_members) bought there: no figures for {few}, and not in the sums.",
                few=", ".join(hidden.sort()),
            )
        )
    has_targets = targets is not None and stores["target"].is_not_null().any()
    if targets is not None and not has_targets:
        why = tr("too few members bought in the stores that have a target")
    untold = bare["group"].is_in(hidden.to_list()).any()
    return Gap(
        by=by, whole=whole, now=now, before=before, stores=stores, parts=names, has_targets=has_targets, why=why,
        store_count=store.height, untargeted=tuple(bare["store_id"].sort().to_list()),
        untargeted_sales=None if untold else int(bare["sales"].sum() or 0),
        unsold=unsold, merged=tuple(merged), notes=tuple(notes),
    )  # fmt: skip


def _split(
    view: View, now: Period, before: Period | None, by: str, targeted: list[str] | None
) -> tuple[pl.DataFrame, pl.DataFrame, list[str], list[str]]:
    """Sales by store (`store_id`, `group`, `sales_before`, `sales`), parts by group (`group`, `member_count`, `..._sales`), the groups of
    several stores, and notes."""
    if before is None:  # stores stand together as if the time before the first receipt were compared with, and there are no parts
        nothing = Period(view.first_day - timedelta(days=2), view.first_day - timedelta(days=1))
        sold, groups, merged, notes = _split(view, now, nothing, "drivers", targeted)
        return sold, groups.select("group", "member_count"), merged, notes
    cells = by_cell(view, now, before, "store", by_member(view, now, before))
    has_target = pl.col("cell").is_in(targeted or [])
    shown, merged, notes, group = [], list[str](), list[str](), dict[str, str]()
    for chosen, ending in ((cells.filter(has_target), ""), (cells.filter(~has_target), tr(", no target") if targeted is not None else "")):
        if chosen.is_empty():
            continue
        cell_rows, cell_notes = merged_few(view, chosen, "store")
        names = set(chosen["cell"])
        own = pl.col("cell").is_in(list(names))
        cell_rows = cell_rows.with_columns(pl.when(own).then("cell").otherwise(pl.col("cell") + ending).alias("group"))
        label = next((row for row in cell_rows["group"] if row not in names), None)
        group |= {name: name if name in set(cell_rows["group"]) else str(label) for name in names}
        shown.append(cell_rows)
        together = [] if label is None else [label]
        merged += together
        cell_notes = cell_notes if by == "members" else cell_notes[: len(together)]  # the first is of the stores that stand together
        notes += [note for note in cell_notes if note not in notes]
    drivers = drivers_of_change(view, now, before).with_columns(
        pl.col("store_id").replace_strict(group, return_dtype=pl.String).alias("group")
    )
    sold = drivers.select("store_id", "group", "sales_before", "sales")
    kinds = pl.concat(shown).select("group", "member_count", *[f"{name}_sales" for name in PARTS], "few_sales") if shown else None
    if by == "members" and kinds is not None:
        return sold, kinds, merged, notes
    columns = [f"{name}_sales" for name in DRIVERS]
    counts = kinds.select("group", "member_count") if kinds is not None else sold.select("group", pl.lit(0, pl.Int64).alias("member_count"))
    return sold, drivers.group_by("group").agg(pl.col(columns).sum()).join(counts, on="group", how="left"), merged, notes


def _grouped(view: View, store: pl.DataFrame, groups: pl.DataFrame, names: tuple[str, ...], before: Period | None) -> pl.DataFrame:
    """One row per store or group of small stores, with its parts; those with a target and no receipt have parts of 0."""
    columns = [f"{name}_sales" for name in names]
    some_target = pl.when(pl.col("target").is_not_null().any()).then(pl.col("target").sum())
    region = pl.when(pl.col("region").n_unique() == 1).then(pl.col("region").first())
    rows = (
        store.with_columns(pl.col("group").fill_null(pl.col("store_id")), pl.col("sales", "sales_before").fill_null(0))
        .join(view.stores.select("store_id", "region"), on="store_id", how="left")
        .group_by("group")
        .agg(region.alias("region"), pl.col("sales", "sales_before").sum(), some_target.alias("target"))
        .join(groups.with_columns(pl.lit(True).alias("known")), on="group", how="left")
        .with_columns(pl.col("member_count").fill_null(0), *[pl.when("known").then(name).otherwise(0).alias(name) for name in columns])
        .rename({"group": "store_id"})
    )
    count, figures = pl.col("member_count"), ("sales", "sales_before", "target", "member_count", *columns)
    enough = (count == 0) | (count >= view.least)  # receipts without a member tell of nobody
    rows = rows.with_columns(pl.when(enough).then(name).alias(name) for name in figures)
    gap = pl.col("sales") - pl.col("target")
    asked = pl.col("sales_before") - pl.col("target") if before is not None else pl.lit(None, pl.Int64)
    rows = rows.with_columns(gap.alias("gap"), asked.alias("asked"))
    return rows.sort("gap", pl.col("sales") - pl.col("sales_before"), "store_id", nulls_last=True)


def gap_table(view: View, gap: Gap) -> AnswerTable:
    """Return the rows a person reads: the scope, its regions, its stores; money in currency units."""
    scope = pl.lit(value("chain") if view.scope.is_chain else value("scope")).alias("level")
    levels = [_level(gap, gap.counted.select(scope, pl.lit(view.place).alias("place"), pl.all()))]
    if view.scope.is_chain and not gap.merged and gap.counted["region"].drop_nulls().n_unique() > 1:
        regions = gap.counted.drop_nulls("region")
        named = regions.select(pl.lit(value("region")).alias("level"), pl.col("region").alias("place"), pl.all())
        levels.append(_level(gap, named).sort("place"))
    levels.append(_level(gap, gap.stores.select(pl.lit(value("store")).alias("level"), pl.col("store_id").alias("place"), pl.all())))
    shown = ["sales", *(["target", "gap"] if gap.has_targets else [])]
    if gap.before is not None:
        shown += ["sales_before", *(["asked"] if gap.has_targets else []), *[f"{name}_sales" for name in gap.parts]]
    called = {"target": "target_sales", "gap": "gap_sales", "asked": "asked_sales"}
    # Who buys in two stores would count twice in a sum.
    count = pl.when(pl.col("level") == "store").then("member_count").alias("member_count")
    frame = pl.concat(levels).select("level", "place", count, *[view.major(name).alias(called.get(name, name)) for name in shown])
    return (BY_MEMBERS if gap.by == "members" else BY_DRIVERS).of(frame, view)


def _level(gap: Gap, stores: pl.DataFrame) -> pl.DataFrame:
    parts = [f"{name}_sales" for name in gap.parts]
    sums = ["member_count", "target", "sales", "gap", "sales_before", "asked"]
    if stores.is_empty():
        return stores.select("level", "place", *sums, *parts)
    some_of = [pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name) for name in [*sums, *parts]]
    return stores.group_by("level", "place", maintain_order=True).agg(some_of)
