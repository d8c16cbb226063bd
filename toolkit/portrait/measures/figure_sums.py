"""The sums that figures are made of: by window and group, each from where it is kept.

Orders give money, orders and who bought; the members' shopping days give who is a member and who is active at the end of a window; lines
give what goods were sold at which cost. Where several groups hold one member (stores, channels, categories) each counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import polars as pl

from toolkit.errors import DataError
from toolkit.language import tr, value
from toolkit.mart.baskets import read_baskets
from toolkit.mart.catalogue import NOT_GOODS
from toolkit.mart.windows import window_sums
from toolkit.portrait.figures import Figure
from toolkit.portrait.measures.scorecard import chosen_map, current_scorecard
from toolkit.portrait.measures.scores import chain_scores
from toolkit.portrait.measures.segment_maps import NO_ORDERS
from toolkit.portrait.measures.stages import STAGES, lifecycle_stages
from toolkit.portrait.membership.standing import held_on
from toolkit.scope.period import Period
from toolkit.scope.view import View

Of = Literal["store", "region", "channel", "category", "tier", "segment"]
NONE_STATED, NON_MEMBERS = value("(none stated)"), value("(non-members)")
_CODES: dict[Of, str] = {
    "store": "store_code", "region": "store_code", "channel": "channel_code", "category": "category_code",
    "tier": "member_code", "segment": "member_code",
}  # fmt: skip
_KEYS = ["window", "group"]


@dataclass(frozen=True)
class Groups:
    """What rows are parted by: the column of codes they are joined on, and `names` (that code, `group`)."""

    of: Of
    names: pl.DataFrame

    @property
    def code(self) -> str:
        """The column of codes."""
        return _CODES[self.of]

    def on(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return the rows with their `group`: what has no name, and the receipts of non-members, have a name of ours."""
        group = pl.col("group").fill_null(NOT_GOODS if self.of == "category" else NONE_STATED)
        if self.code == "member_code":
            group = pl.when(pl.col("member_code").is_null()).then(pl.lit(NON_MEMBERS)).otherwise(group)
        return rows.join(self.names.lazy(), on=self.code, how="left").with_columns(group=group)


def groups_of(view: View, of: Of) -> Groups:
    """Return the groups of a scope.

    Raises
    ------
    DataError
        The shop's tables do not hold what would part them.
    """
    code = _CODES[of]
    if of in ("store", "region"):
        column = "store_id" if of == "store" else "region"
        if view.stores[column].null_count() == view.stores.height:
            raise DataError(tr("Nothing can be told by region: the stores table has no `region` column. Import one, or ask by store."))
        return Groups(of, view.stores.select(code, pl.col(column).alias("group")))
    if of == "channel":
        names = view.workspace.codes("channel").select(pl.col("code").alias(code), pl.col("id").alias("group"))
        if names.is_empty():
            raise DataError(tr("Nothing can be told by channel: the receipts do not say through which channel they came."))
        return Groups(of, names)
    if of == "category":
        return Groups(of, view.categories.select(code, pl.col("category").alias("group")))
    if of == "tier":
        return Groups(of, tiers(view).rename({"tier": "group"}))
    card, _ = current_scorecard(view)
    names, _ = chosen_map(view, card, None)
    segment = pl.col("segment").cast(pl.String).fill_null(NO_ORDERS).alias("group")
    return Groups(of, names.apply(chain_scores(view, card.ruler)).select(pl.col(code).cast(pl.UInt32), segment))


def sums_of(view: View, figures: Sequence[Figure], windows: Sequence[Period], groups: Groups | None) -> pl.DataFrame:
    """Return the sums that figures are made of: one row per window and group that has any.

    Columns: `window` (place in `windows`), `group` ("" without groups), and the sums: those of orders always, others where a figure needs
    them. Money is in minor units.
    """
    calendar = _calendar(windows)
    made = (
        _of_category(view, windows, calendar, groups) if groups and groups.of == "category" else _of_orders(view, windows, calendar, groups)
    )
    sources = {figure.source for figure in figures}
    if "days" in sources:
        made = _beside(made, _of_days(view, windows, groups))
    if "stages" in sources:
        made = _beside(made, _of_stages(view, windows, groups))
    if "lines" in sources and "costed_amount" not in made.columns:
        made = _beside(made, _of_lines(view, windows, calendar, groups))
    if "goods" in sources:
        made = _beside(made, _of_goods(view, calendar, groups))
    return made.sort(_KEYS)


def _beside(made: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    joined = made.join(others, on=_KEYS, how="full", coalesce=True)
    return joined.with_columns(pl.all().exclude(_KEYS).fill_null(0))


def _calendar(windows: Sequence[Period]) -> pl.DataFrame:
    """One row per day and window that holds it: `day`, `window`. Windows may overlap."""
    days = pl.DataFrame(
        {"window": range(len(windows)), "first": [one.start for one in windows], "last": [one.end for one in windows]},
        schema={"window": pl.Int64, "first": pl.Date, "last": pl.Date},
    )
    return days.select("window", pl.date_ranges("first", "last").alias("day")).explode("day", empty_as_null=False)


def _grouped(rows: pl.LazyFrame, groups: Groups | None) -> pl.LazyFrame:
    return rows.with_columns(group=pl.lit("")) if groups is None else groups.on(rows)


_MEMBER = pl.col("member_code").is_not_null()


def _of_people(people: pl.LazyFrame) -> pl.DataFrame:
    """The sums of rows that hold what one member (or all non-members) did in a window and group."""
    buys = _MEMBER & (pl.col("orders") > 0)
    sums = pl.col("sales", "orders", "order_sales", "units_milli", "discount_amount")
    return (
        people.group_by(_KEYS)
        .agg(
            sums.sum(),
            pl.col("sales", "orders", "order_sales").filter(_MEMBER).sum().name.prefix("member_"),
            buys.sum().cast(pl.Int64).alias("buyer_count"),
            (buys & (pl.col("orders") >= 2)).sum().cast(pl.Int64).alias("repeat_count"),
            pl.col("visit_count").filter(buys).sum(),
            (buys & pl.col("is_first")).sum().cast(pl.Int64).alias("first_time_count"),
            pl.col("^(returned_amount|costed_amount|costed_margin_milli)$").sum(),
        )
        .collect(engine="streaming")
    )


def _of_orders(view: View, windows: Sequence[Period], calendar: pl.DataFrame, groups: Groups | None) -> pl.DataFrame:
    is_order = pl.col("is_order")
    placed = view.orders.with_columns(day=pl.col("ordered_at").dt.date()).join(calendar.lazy(), on="day")
    starts = pl.DataFrame({"window": range(len(windows)), "start": [one.start for one in windows]}, schema_overrides={"window": pl.Int64})
    people = (
        _grouped(placed, groups)
        .group_by(*_KEYS, "member_code")
        .agg(
            pl.col("amount").sum().alias("sales"),
            is_order.sum().cast(pl.Int64).alias("orders"),
            pl.col("amount").filter(is_order).sum().alias("order_sales"),
            pl.col("units_milli").filter(is_order).sum(),
            pl.col("discount_amount").sum(),
            pl.col("day").filter(is_order).n_unique().cast(pl.Int64).alias("visit_count"),
        )
        .join(view.population.lazy().select("member_code", "first_ordered_on"), on="member_code", how="left")
        .join(starts.lazy(), on="window")
        .with_columns(is_first=(pl.col("first_ordered_on") >= pl.col("start")).fill_null(False))
    )
    return _of_people(people)


def _places(view: View) -> pl.DataFrame:
    """The stores of a scope that is a place."""
    column = "store_id" if view.scope.store_id is not None else "region"
    return view.stores.filter(pl.col(column) == getattr(view.scope, column)).select("store_code")


_LINE_KEYS = {"store_code": "store", "channel_code": "channel", "category_code": "category", "member_code": "member"}
_MANY = 2
"""More windows than that are summed from one reading of all their days."""


def _line_sums(view: View, windows: Sequence[Period], calendar: pl.DataFrame, *by: str) -> pl.LazyFrame:
    """The sums of lines in scope by `window`, `by`, and what else they had to be parted by."""
    keys = (["store"] if view.scope.is_place and "store" not in by else []) + list(by)
    crowd = view.members.select("member_code") if view.scope.audience is not None else None

    def read(first: date, last: date, *more: str) -> pl.DataFrame:
        sums = window_sums(view.workspace, view.mart, first, last, by=[*keys, *more], members=crowd)
        return sums.join(_places(view), on="store_code", how="semi") if view.scope.is_place else sums

    if len(windows) > _MANY:
        days = read(min(one.start for one in windows), max(one.end for one in windows), "day")
        return days.lazy().join(calendar.lazy(), on="day")
    parts = [read(one.start, one.end).with_columns(pl.lit(place, pl.Int64).alias("window")) for place, one in enumerate(windows)]
    return pl.concat(parts).lazy()


_OF_LINES = pl.col("returned_amount", "costed_amount", "costed_margin_milli")


def tiers(view: View) -> pl.DataFrame:
    """Return the membership tier that the shop states of each member of the chain: `member_code`, `tier` (null = none stated).

    Of the table `tiers`, as held on as_of; where the shop has none, of the members table.

    Raises
    ------
    DataError
        There is neither a table of tiers nor a tier in the members table.
    """
    held = held_on(view, view.as_of)
    if held is not None:
        people = view.population.select("member_code", "member_id")
        return people.join(held[0], on="member_id", how="left", maintain_order="left").select("member_code", pl.col("held").alias("tier"))
    if "tier" not in view.population.columns:
        raise DataError(
            tr("Nothing can be told by tier: there is no table `tiers` and no `tier` in the members table. Import one, or ask by segment.")
        )
    return view.population.select("member_code", "tier")


def member_line_sums(view: View, window: Period) -> pl.DataFrame:
    """Return what each member (null = non-members) brought back, and what of their lines in scope has a known cost: see `window_sums`."""
    rows = _line_sums(view, [window], _calendar([window]), "member")
    return rows.group_by("member_code").agg(_OF_LINES.sum()).collect(engine="streaming")


def _of_lines(view: View, windows: Sequence[Period], calendar: pl.DataFrame, groups: Groups | None) -> pl.DataFrame:
    rows = _line_sums(view, windows, calendar, *([_LINE_KEYS[groups.code]] if groups else []))
    return _grouped(rows, groups).group_by(_KEYS).agg(_OF_LINES.sum()).collect(engine="streaming")


def _of_category(view: View, windows: Sequence[Period], calendar: pl.DataFrame, groups: Groups) -> pl.DataFrame:
    rows = _line_sums(view, windows, calendar, "member", "category")
    people = (
        groups.on(rows)
        .group_by(*_KEYS, "member_code")
        .agg(
            pl.col("amount").sum().alias("sales"), pl.col("amount").sum().alias("order_sales"), pl.col("orders", "discount_amount").sum(),
            pl.col("order_units_milli").sum().alias("units_milli"), _OF_LINES.sum(),
        )
        .with_columns(visit_count=pl.lit(0, pl.Int64), is_first=pl.lit(False))
    )  # fmt: skip
    return _of_people(people)


def _of_goods(view: View, calendar: pl.DataFrame, groups: Groups | None) -> pl.DataFrame:
    """How many goods were sold in orders, and how many the chain has ever sold (of a category: of its own)."""
    crowd = view.members.lazy().select("member_code") if view.scope.audience is not None else None
    parts = []
    for part in read_baskets(view.workspace, view.mart):
        orders = part.orders.lazy().with_row_index("order").with_columns(day=pl.col("ordered_at").dt.date()).join(calendar.lazy(), on="day")
        orders = orders if crowd is None else orders.join(crowd, on="member_code", how="semi")
        if view.scope.is_place:
            orders = orders.join(_places(view).lazy(), on="store_code", how="semi")
        rows = part.goods.lazy().filter("is_bought").join(orders, on="order")
        parts.append(_grouped(rows, groups).select(*_KEYS, "product_code").unique().collect(engine="streaming"))
    sold = pl.concat(parts).unique().group_by(_KEYS).agg(pl.len().cast(pl.Int64).alias("goods_sold"))
    goods = view.mart.products.select("product_code", "category_code")
    if groups is None or groups.of != "category":
        return sold.with_columns(goods_known=pl.lit(goods.height, pl.Int64))
    known = groups.on(goods.lazy()).group_by("group").agg(pl.len().cast(pl.Int64).alias("goods_known")).collect()
    return sold.join(known, on="group", how="left")


def _of_days(view: View, windows: Sequence[Period], groups: Groups | None) -> pl.DataFrame:
    """Members up to the end of each window, and those who are active then.

    A shopping day makes its member active until as many days have gone by, or their next one takes over: so each is counted once.
    """
    days = (
        _grouped(view.orders.filter(pl.col("is_order") & _MEMBER), groups)
        .select("group", "member_code", pl.col("ordered_at").dt.date().alias("day"))
        .unique()
        .collect(engine="streaming")
        .sort("group", "member_code", "day")
    )
    of_member = ["group", "member_code"]
    until = pl.col("day") + timedelta(days=view.settings.scope.active_days)
    days = days.with_columns(
        is_first=pl.col("day").shift(1).over(of_member).is_null(), until=pl.min_horizontal(until, pl.col("day").shift(-1).over(of_member))
    )
    parts = []
    for place, window in enumerate(windows):
        seen = pl.col("day") <= window.end
        sums = [
            (pl.col("is_first") & seen).sum().alias("member_count"),
            (seen & (pl.col("until") > window.end)).sum().alias("active_count"),
        ]
        parts.append(
            days.group_by("group").agg(sums).select(pl.lit(place, pl.Int64).alias("window"), "group", pl.exclude("group").cast(pl.Int64))
        )
    return pl.concat(parts)


def _of_stages(view: View, windows: Sequence[Period], groups: Groups | None) -> pl.DataFrame:
    """Members in scope whose stage of life is lapsing or lapsed at the end of each window, by the limits of today."""
    members = view.members.lazy().select("member_code")
    if groups is not None and groups.code != "member_code":
        came = _grouped(view.orders.filter(pl.col("is_order") & _MEMBER), groups).select("member_code", "group").unique()
        members = members.join(came, on="member_code")
    else:
        members = _grouped(members, groups)
    parts = []
    for place, window in enumerate(windows):
        staged = members.join(lifecycle_stages(view, window.end).lazy().select("member_code", "stage"), on="member_code")
        counts = [(pl.col("stage") == stage).sum().cast(pl.Int64).alias(name) for stage, name in zip(STAGES[3:], _STAGED, strict=True)]
        parts.append(staged.group_by("group").agg(counts).select(pl.lit(place, pl.Int64).alias("window"), "group", *_STAGED))
    return pl.concat(parts).collect(engine="streaming")


_STAGED = ("lapsing_count", "lapsed_count")
