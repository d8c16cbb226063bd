"""Units per order: how many counted goods an order holds, against the period before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr, value, word
from toolkit.portrait.measures.scorecard import chosen_map, current_scorecard
from toolkit.portrait.measures.scores import chain_scores
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.period import Period
from toolkit.scope.sales import not_goods_notes, within
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

By = Literal["total", "segment", "store", "hour"]
MOST_STORES = 50
_CHART_ROWS = 20
MEMBERS, NON_MEMBERS, ALL = value("members"), value("non-members"), value("all orders")
UP, DOWN, NO_CLEAR_CHANGE = value("up"), value("down"), value("no clear change")
_Z = 1.959964
UNITS = c.table(
    "one row per group",
    c.text("group", "Group"),
    c.count("order_count", "Orders"),
    c.interval(c.number("units_per_order", "Units per order")),
    c.count("orders_before", "Orders before", null="the receipts do not reach back"),
    c.number("units_per_order_before", "Units per order before", null="the receipts do not reach back"),
    c.share("units_change", "Change of units", "relative"),
    c.text("verdict", "Verdict", "up, down or unchanged as far as can be told, at 95%"),
)
_SUMS = c.table(
    "one row per group: sums of the orders of a window",
    c.text("group"),
    c.count("order_count"),
    c.count("units"),
    c.number("squares", meaning="sum of units squared"),
    c.members("person_count", meaning="different members; an order without a member counts as a person"),
    few="drop",
)


@question(
    "targeting",
    "How many goods does an order hold?",
    words=(
        "units per order, units per transaction, UPT, items per basket",
        "attach as units per order against the period before",
        "basket size by segment, store or hour",
        "do orders get larger or smaller",
        "客单件数 连带率 件单",
    ),
    tables=UNITS,
    figures=(c.number("units_per_order", "Units per order"),),
)
def units_per_order(view: View, *, by: By = "total") -> Finding:
    """Return units per order in the window and in the window of the same length before: one row per group.

    Units are those of counted goods alone: what is sold by weight or volume has no number. Orders without counted goods count with no
    units; returns within an order are subtracted, orders of returns alone are not orders.

    Parameters
    ----------
    by
        `total`: members and non-members. `segment`: members by segment of the scorecard's map. `store`: the stores of the scope. `hour`:
        the hour of the order.

    Notes
    -----
    The interval is that of a mean of orders (normal). Segments are the members' own, as of the last day. Source: DEFINITIONS.md section 2.

    Example
    -------
    >>> tk.targeting.units_per_order(ws, by="hour").table               # doctest: +SKIP
    """
    before = view.period.before()
    reaches = before.start >= view.first_day
    groups, order, notes = _groups(view, by)
    every = _sums(view, view.period, groups, by)
    now = _SUMS.of(every, view)
    earlier = _SUMS.of(_sums(view, before, groups, by), view) if reaches else _SUMS.empty()
    table = _table(now.frame, earlier.frame, order)
    if not table.height or not table["units_per_order"].max():
        return _nothing(view, table.height > 0, int(every["order_count"].head(1).sum()))
    if not reaches:
        unknown = view.say(
            "The period before ({before}) is not measured: the receipts start on {first_day}.", before=before, first_day=view.first_day
        )
        notes.append(Note(unknown, "NOT MEASURED"))
    if now.few_rows:
        notes.append(
            view.say("Not shown: {few:group} with orders of fewer than {least} people (setting scope.minimum_members).", few=now.few_rows)
        )
    if by != "hour" and table.height > MOST_STORES + 2:
        notes.append(view.say("The {most} stores with most orders are shown, of {stores}.", most=MOST_STORES, stores=table.height - 1))
        table = table.head(MOST_STORES + 1)
    shown = UNITS.of(table, view)
    return Finding(
        headline=_headline(view, shown, by, before),
        table=shown,
        chart=lambda: _chart(view, shown.frame, by),
        notes=notes,
        ask_next=[
            *[("targeting.units_per_order", {"by": other}) for other in ("segment", "hour", "store") if other != by][:2],
            ("targeting.bought_together", {}),
        ],
        figures={"units_per_order": shown.row()["units_per_order"]},
    )


def _groups(view: View, by: By) -> tuple[pl.DataFrame | None, list[str] | None, list[str | Note]]:
    """What orders are joined with to get their `group`, the reading order of groups, and notes on how they were made."""
    unitless = view.mart.products.filter(~pl.col("counted")).height
    notes: list[str | Note] = [*(word(note) for note in view.mart.notes), *not_goods_notes(view)]
    if unitless:
        notes.append(view.say("{n:product} sold by weight or volume have no units and add none.", n=unitless))
    if by == "store":
        return view.stores.select("store_code", pl.col("store_id").alias("group")), None, notes
    if by == "segment":
        card, card_notes = current_scorecard(view)
        names, map_notes = chosen_map(view, card, None)
        segments = names.apply(chain_scores(view, card.ruler)).select(
            pl.col("member_code").cast(pl.UInt32), pl.col("segment").cast(pl.String).alias("group")
        )
        return segments, [*names.names, NON_MEMBERS], [*card_notes, *map_notes, *notes]
    return None, [f"{hour:02d}:00" for hour in range(24)] if by == "hour" else [MEMBERS, NON_MEMBERS], notes


def _sums(view: View, period: Period, groups: pl.DataFrame | None, by: By) -> pl.DataFrame:
    """Sums of the orders of a window by group, and for all (`_SUMS`); without orders no rows."""
    orders = (
        view.orders.filter(within(period) & pl.col("is_order")).select("member_code", "store_code", "ordered_at", "units_milli").collect()
    )
    member = pl.col("member_code").is_not_null()
    if groups is not None:
        orders = orders.join(groups, on="store_code" if by == "store" else "member_code", how="left")
        if by == "segment":
            orders = orders.with_columns(pl.when(~member).then(pl.lit(NON_MEMBERS)).otherwise("group").alias("group"))
    elif by == "hour":
        orders = orders.with_columns(pl.col("ordered_at").dt.strftime("%H:00").alias("group"))
    else:
        orders = orders.with_columns(pl.when(member).then(pl.lit(MEMBERS)).otherwise(pl.lit(NON_MEMBERS)).alias("group"))
    units = pl.col("units_milli")
    sums = [
        pl.len().alias("order_count"),
        units.sum().alias("units"),
        (units.cast(pl.Float64) ** 2).sum().alias("squares"),
        (pl.col("member_code").drop_nulls().n_unique() + pl.col("member_code").null_count()).alias("person_count"),
    ]
    whole = orders.select(pl.lit(ALL).alias("group"), *sums).filter(pl.col("order_count") > 0)
    return pl.concat([whole, orders.drop_nulls("group").group_by("group").agg(sums).select(whole.columns)])


def _table(now: pl.DataFrame, before: pl.DataFrame, order: list[str] | None) -> pl.DataFrame:
    def means(frame: pl.DataFrame, ending: str) -> pl.DataFrame:
        mean = pl.col("units") / pl.col("order_count")
        variance = (pl.col("squares") / pl.col("order_count") - mean**2).clip(0) / (pl.col("order_count") - 1).clip(1)
        return frame.select(
            "group",
            pl.col("order_count").alias("order_count" if not ending else "orders_before"),
            (mean / 1000).alias(f"units_per_order{ending}"),
            (variance.sqrt() / 1000).alias(f"error{ending}"),
        )

    joined = means(now, "").join(means(before, "_before"), on="group", how="left", maintain_order="left")
    gap = pl.col("units_per_order") - pl.col("units_per_order_before")
    half = _Z * (pl.col("error") ** 2 + pl.col("error_before") ** 2).sqrt()
    table = joined.select(
        pl.all().exclude("error", "error_before"),
        (pl.col("units_per_order") - _Z * pl.col("error")).clip(0).alias("units_per_order_low"),
        (pl.col("units_per_order") + _Z * pl.col("error")).alias("units_per_order_high"),
        pl.when(pl.col("units_per_order_before") > 0).then(gap / pl.col("units_per_order_before")).alias("units_change"),
        pl.when(gap > half)
        .then(pl.lit(UP))
        .when(gap < -half)
        .then(pl.lit(DOWN))
        .when(gap.is_not_null())
        .then(pl.lit(NO_CLEAR_CHANGE))
        .alias("verdict"),
    )
    if order is None:
        rest = table.filter(pl.col("group") != ALL).sort("order_count", "group", descending=[True, False])
        return pl.concat([table.filter(pl.col("group") == ALL), rest])
    return pl.DataFrame({"group": [ALL, *order]}).join(table, on="group", how="inner", maintain_order="left")


def _headline(view: View, shown: AnswerTable, by: By, before: Period) -> str:
    whole, *groups = shown.rows()
    rows = [row for row in groups if row["order_count"] >= 2]
    most = max(rows, key=lambda row: row["units_per_order_low"], default=whole)
    fewest = min(rows, key=lambda row: row["units_per_order_high"], default=whole)
    return view.say(
        "{where}, an order holds {units_per_order:.2f} units {window:in} (n = {order_count:order})[, [is_unclear?with no clear change|"
        "{units_change:change}] from {units_per_order_before:.2f} in the {days} days before][are_apart?; most {most} ({most_units:.2f}, n "
        "= {most_orders:,}), fewest {fewest} ({fewest_units:.2f}, n = {fewest_orders:,})][are_two?; members {members:.2f}, non-members "
        "{non_members:.2f}].",
        whole, window=view.period, days=before.days, is_unclear=whole["verdict"] == NO_CLEAR_CHANGE,
        are_apart=by != "total" and most["units_per_order_low"] > fewest["units_per_order_high"],
        most=_group_name(view, most["group"], by), most_units=most["units_per_order"], most_orders=most["order_count"],
        fewest=_group_name(view, fewest["group"], by), fewest_units=fewest["units_per_order"], fewest_orders=fewest["order_count"],
        are_two=by == "total" and len(rows) == 2, members=rows[0]["units_per_order"] if rows else None,
        non_members=rows[-1]["units_per_order"] if rows else None,
    )  # fmt: skip


def _group_name(view: View, group: str, by: By) -> str:
    """A group as a sentence speaks of it."""
    if by == "store":
        return view.say("store {store_id}", store_id=group)
    return view.say("at {hour}", hour=group) if by == "hour" else word(group)


def _nothing(view: View, is_enough: bool, orders: int) -> Finding:
    headline = view.say(
        "{where}, [is_enough?no counted goods were sold: what is sold by weight or volume has no units|[orders?too few people ordered|"
        "nobody ordered]] {window:in}: units per order are not measured (n = {orders:order}).",
        is_enough=is_enough,
        orders=orders,
        window=view.period,
    )
    return unmeasured(UNITS, headline, tr("Say in the `counted` column of the products table what is counted, or choose a longer period."))


def _chart(view: View, table: pl.DataFrame, by: By) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    return ranges(
        table.slice(1, _CHART_ROWS + 4) if by != "total" and table.height > 1 else table,
        label="group",
        value="units_per_order",
        low="units_per_order_low",
        high="units_per_order_high",
        n="order_count",
        reference=table["units_per_order"][0],
        reference_title=word(ALL),
        title=tr("Units per order"),
        subtitle=view.say("{place}, {period}; n = orders"),
        value_title=tr("Units per order"),
    )
