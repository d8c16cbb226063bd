"""Units per order: how many counted goods an order holds, against the period before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.language import tr, value, word
from toolkit.portrait.measures.scorecard import chosen_map, current_scorecard
from toolkit.portrait.measures.scores import chain_scores
from toolkit.registry import question
from toolkit.scope.period import Period
from toolkit.scope.phrases import where
from toolkit.scope.sales import days_of, within
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

By = Literal["total", "segment", "store", "hour"]
MOST_STORES = 50
_CHART_ROWS = 20
MEMBERS, NON_MEMBERS, ALL = value("members"), value("non-members"), value("all orders")
UP, DOWN, NO_CLEAR_CHANGE = value("up"), value("down"), value("no clear change")
_Z = 1.959964


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

    Returns
    -------
    Answer
        Table columns: `group`; `order_count`, `units_per_order` with its 95% interval `units_per_order_low`, `units_per_order_high`;
        `orders_before`, `units_per_order_before` (null where the receipts do not reach back); `units_change` (relative) and `verdict` (up,
        down or unchanged as far as can be told, at 95%).

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
    now = _sums(view, view.period, groups, by)
    earlier = _sums(view, before, groups, by) if reaches else now.clear()
    least = view.settings.scope.minimum_members
    hidden = now.filter(pl.col("people") < least).height
    table = _table(now.filter(pl.col("people") >= least), earlier.filter(pl.col("people") >= least), order)
    if not table.height or not table["units_per_order"].max():
        return _nothing(view, table, int(now["order_count"].sum()))
    if not reaches:
        notes.append(
            Note(
                tr(
                    "The period before ({before}) is not measured: the receipts start on {first_day}.",
                    before=before,
                    first_day=view.first_day,
                ),
                "NOT MEASURED",
            )
        )
    if hidden:
        notes.append(
            tr(
                "Not shown: {groups} with orders of fewer than {least} people (setting scope.minimum_members).",
                groups=wording.some(hidden, "group"),
                least=least,
            )
        )
    if by != "hour" and table.height > MOST_STORES + 2:
        notes.append(tr("The {shown} stores with most orders are shown, of {stores:,}.", shown=MOST_STORES, stores=table.height - 1))
        table = table.head(MOST_STORES + 1)
    return Finding(
        headline=_headline(view, table, by, before),
        table=table,
        chart=lambda: _chart(view, table, by),
        notes=notes,
        ask_next=[
            *[("targeting.units_per_order", {"by": other}) for other in ("segment", "hour", "store") if other != by][:2],
            ("targeting.bought_together", {}),
        ],
        figures={"units_per_order": table["units_per_order"][0]},
    )


def _groups(view: View, by: By) -> tuple[pl.DataFrame | None, list[str] | None, list[str | Note]]:
    """What orders are joined with to get their `group`, the reading order of groups, and notes on how they were made."""
    unmeasured = view.mart.products.filter(~pl.col("counted")).height
    notes: list[str | Note] = [word(note) for note in view.mart.notes]
    if unmeasured:
        notes.append(tr("{products} sold by weight or volume have no units and add none.", products=wording.some(unmeasured, "product")))
    if by == "store":
        return view.stores.select("store_code", pl.col("store_id").alias("group")), None, notes
    if by == "segment":
        card, card_notes = current_scorecard(view)
        names, map_notes = chosen_map(view, card, None)
        segments = names.apply(chain_scores(view, card.r_edges)).select(
            pl.col("member_code").cast(pl.UInt32), pl.col("segment").cast(pl.String).alias("group")
        )
        return segments, [*names.names, NON_MEMBERS], [*card_notes, *map_notes, *notes]
    return None, [f"{hour:02d}:00" for hour in range(24)] if by == "hour" else [MEMBERS, NON_MEMBERS], notes


def _sums(view: View, period: Period, groups: pl.DataFrame | None, by: By) -> pl.DataFrame:
    """Sums of the orders of a window by group, and for all: order_count, units, units squared, and different people."""
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
        pl.len().cast(pl.Int64).alias("order_count"),
        units.sum().alias("units"),
        (units.cast(pl.Float64) ** 2).sum().alias("squares"),
        # An order without a member counts as a person.
        (pl.col("member_code").drop_nulls().n_unique() + pl.col("member_code").null_count()).cast(pl.Int64).alias("people"),
    ]
    whole = orders.select(pl.lit(ALL).alias("group"), *sums)
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
        "group",
        "order_count",
        "units_per_order",
        (pl.col("units_per_order") - _Z * pl.col("error")).clip(0).alias("units_per_order_low"),
        (pl.col("units_per_order") + _Z * pl.col("error")).alias("units_per_order_high"),
        "orders_before",
        "units_per_order_before",
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


def _headline(view: View, table: pl.DataFrame, by: By, before: Period) -> str:
    whole = table.row(0, named=True)
    said = tr(
        "{where}, an order holds {units:.2f} units {days_of} (n = {orders})",
        where=where(view),
        units=whole["units_per_order"],
        days_of=days_of(view),
        orders=wording.some(whole["order_count"], "order"),
    )
    if whole["units_change"] is not None:
        said += tr(
            ", {change} from {units_before:.2f} in the {days} days before",
            change=_change(whole),
            units_before=whole["units_per_order_before"],
            days=before.days,
        )
    rows = [row for row in table.to_dicts()[1:] if row["order_count"] >= 2]
    if by != "total" and len(rows) > 1:
        most, least = max(rows, key=lambda row: row["units_per_order_low"]), min(rows, key=lambda row: row["units_per_order_high"])
        if most["units_per_order_low"] > least["units_per_order_high"]:
            said += tr(
                "; most {most} ({most_units:.2f}, n = {most_orders:,}), fewest {least} ({least_units:.2f}, n = {least_orders:,})",
                most=_group_name(most["group"], by),
                most_units=most["units_per_order"],
                most_orders=most["order_count"],
                least=_group_name(least["group"], by),
                least_units=least["units_per_order"],
                least_orders=least["order_count"],
            )
    elif len(rows) == 2:
        said += tr(
            "; members {members:.2f}, non-members {non_members:.2f}",
            members=rows[0]["units_per_order"],
            non_members=rows[1]["units_per_order"],
        )
    return tr("{said}.", said=said)


def _group_name(group: str, by: By) -> str:
    """A group as a sentence speaks of it."""
    if by == "store":
        return tr("store {store_id}", store_id=group)
    return tr("at {hour}", hour=group) if by == "hour" else word(group)


def _change(row: dict) -> str:
    return tr("with no clear change") if row["verdict"] == NO_CLEAR_CHANGE else wording.change(row["units_change"])


def _nothing(view: View, table: pl.DataFrame, orders: int) -> Finding:
    if orders:
        why = (
            tr("no counted goods were sold: what is sold by weight or volume has no units")
            if table.height
            else tr("too few people ordered")
        )
    else:
        why = tr("nobody ordered")
    return Finding(
        headline=tr(
            "{where}, {why} {days_of}: units per order are not measured (n = {orders}).",
            where=where(view),
            why=why,
            days_of=days_of(view),
            orders=wording.some(orders, "order"),
        ),
        table=table.clear(),
        notes=[Note(tr("Say in the `counted` column of the products table what is counted, or choose a longer period."), "NOT MEASURED")],
    )


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
        subtitle=tr("{place}, {period}; n = orders", place=view.place, period=view.period),
        value_title=tr("Units per order"),
    )
