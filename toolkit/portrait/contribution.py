"""Contribution: which members carry the sales, by decile, weight, order count, attach, loyalty, and members against non-members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding
from toolkit.columns import AnswerTable, Row
from toolkit.errors import BadValue
from toolkit.language import later, tr
from toolkit.portrait.measures.bands import NO_UNITS, grouped
from toolkit.portrait.measures.margin_groups import MARGINS, group_margins
from toolkit.portrait.measures.non_members import MEMBERS_AND_OTHERS, ORDER_VALUE, ORDERS, SALES, UNITS_PER_ORDER, members_and_others
from toolkit.portrait.measures.takings import without_order
from toolkit.registry import question
from toolkit.scope.hiding import too_few
from toolkit.scope.sales import member_sales, order_value_notes, per_order, ratio
from toolkit.scope.view import View
from toolkit.wording import listing

if TYPE_CHECKING:
    import altair as alt

By = Literal["decile", "heavy", "orders", "attach", "loyal", "tier", "members"]
Measure = Literal["sales", "margin"]
_TITLES: dict[str, str] = {
    "decile": later("Sales by tenth of members, best first"),
    "heavy": later("Heavy, medium and light buyers"),
    "orders": later("Members and sales by number of orders"),
    "attach": later("Members and sales by units per order"),
    "loyal": later("Loyal members against the others"),
    "tier": later("Members and sales by tier"),
}

_HELD = (
    c.text("group"),
    c.members(),
    c.share("member_share", "Share of members", "of members who ordered in the window"),
    *ORDERS,
    *SALES,
    c.money("sales_per_member", "Sales per member", null="nobody in the group"),
    ORDER_VALUE,
    UNITS_PER_ORDER,
)
GROUPS = c.table("one row per group", *_HELD)
RANKED = c.table(
    "one row per group by rank (`decile`, `heavy`)",
    *_HELD,
    c.money("sales_from", "Sales from", "the group's lowest member", null="nobody in the group"),
    c.money("sales_to", "Sales to", "the group's highest member", null="nobody in the group"),
)


@question(
    "portrait",
    "Which members carry the sales?",
    words=(
        "share of sales by decile of members",
        "heavy, medium and light buyers",
        "contribution of members and non-members",
        "loyal members against ordinary members",
        "sales by number of orders or units per order",
        "sales and margin by membership tier, which members bring the margin",
        "会员贡献 头部会员 会员与非会员 等级 毛利贡献",
    ),
    tables=(RANKED, GROUPS, MARGINS, MEMBERS_AND_OTHERS),
    figures=(
        c.share("top_decile_sales_share", "Sales of the top tenth"),
        c.share("top_heavy_sales_share", "Sales of heavy buyers"),
        c.share("loyal_sales_share", "Sales of loyal members"),
        c.number("loyal_spend_ratio", "Spend of a loyal member (1 = others)"),
        c.share("member_sales_share", "Members' share"),
    ),
)
def contribution(view: View, *, by: By = "decile", measure: Measure = "sales") -> Finding:
    """Return what each group of members brings in the window: one row per group, groups of equal members never split.

    Members counted are those with an order in the window in the scope; a note says how many others there are.

    Parameters
    ----------
    by
        `decile`: tenths of members by sales, best first. `heavy`: heavy, medium and light buyers, the top 20, next 30 and last 50% of
        members (settings value.heavy_share, value.medium_share). `orders`: number of orders in the window, in doubling bands. `attach`:
        units per order (counted goods), in doubling bands. `loyal`: members in the segments champions and loyal (R 3 to 5, F 4 or 5)
        against all others. `tier`: the tier held on as_of by the table `tiers`, else as the members table states it. `members`: members
        against non-members.
    measure
        `sales`, or `margin`: what the same groups leave after the cost of goods, of sales with a known cost; the rest is said and not
        guessed. Members against non-members are told by sales alone.

    Raises
    ------
    DataError
        By tier, where the members table has none.
    BadValue
        Margin of members against non-members.

    Notes
    -----
    Bands by rank use the mean rank of equal members, so a group may hold more or less than its nominal share. Source: DEFINITIONS.md
    section 1, value and contribution.

    Example
    -------
    >>> tk.portrait.contribution(ws, by="heavy").table                  # doctest: +SKIP
    """
    if by == "members":
        if measure == "margin":
            raise BadValue(
                tr("portrait.contribution: by='members' is told by sales alone; for the margin of members ask by another group.")
            )
        return members_and_others(view)
    table = RANKED if by in ("decile", "heavy") else GROUPS
    sums = member_sales(view)
    buyers = sums.filter(pl.col("orders") > 0)
    if few := too_few(view, table, buyers.height, tr("members ordered"), window=view.period):
        return few
    members, notes = grouped(view, buyers, by)
    if measure == "margin":
        return group_margins(view, members, [*notes, *_notes(view, sums, buyers, by)])
    shown = table.of(_frame(view, members, by), view)
    return Finding(
        headline=_headline(view, shown, members, by),
        table=shown,
        chart=lambda: _chart(view, shown.frame, by),
        notes=[*notes, *_notes(view, sums, buyers, by), *order_value_notes(view, shown)],
        ask_next=[
            *[("portrait.contribution", {"by": other}) for other in ("heavy", "loyal", "members") if other != by][:2],
            ("portrait.pareto", {}),
        ],
        figures=_figures(shown, by),
    )


def _frame(view: View, members: pl.DataFrame, by: By) -> pl.DataFrame:
    total, orders = int(members["sales"].sum()), int(members["orders"].sum())
    names = members["group"].dtype.categories.to_list()  # type: ignore[attr-defined]
    held = members.group_by(pl.col("group").cast(pl.String)).agg(
        pl.len().alias("member_count"),
        pl.col("orders", "sales", "order_sales", "units_milli").sum(),
        pl.col("sales").min().alias("sales_from"),
        pl.col("sales").max().alias("sales_to"),
    )
    rows = pl.DataFrame({"group": names}).join(held, on="group", how="left", maintain_order="left")
    rows = rows.with_columns(pl.col("member_count", "orders", "sales", "order_sales", "units_milli").fill_null(0))
    frame = rows.select(
        *("group", "member_count", "orders"),
        (pl.col("member_count") / members.height).alias("member_share"),
        (pl.col("orders") / orders).alias("order_share"),
        view.major("sales").alias("sales"),
        (pl.col("sales") / total if total > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
        pl.when(pl.col("member_count") > 0).then(view.major("sales") / pl.col("member_count")).alias("sales_per_member"),
        *per_order(view),
        *([view.major(name).alias(name) for name in ("sales_from", "sales_to")] if by in ("decile", "heavy") else []),
    )
    if by not in ("orders", "attach"):
        return frame
    is_filled, is_band = pl.col("member_count") > 0, pl.col("group") != NO_UNITS
    bands = frame.filter(is_filled & is_band)["group"]
    last = names.index(bands[-1]) if bands.len() else -1
    return frame.filter(is_filled | (pl.int_range(pl.len()) <= last))


def _headline(view: View, shown: AnswerTable, members: pl.DataFrame, by: By) -> str:
    ordered = {"buyers": members.height, "window": view.period}
    filled = [row for row in shown.rows() if row["member_count"] != 0]  # those too small to show are null
    rows = [row for row in filled if row["member_count"]]
    if members["sales"].sum() <= 0:
        return view.say(
            "{where}, the {buyers:member} who ordered {window:in} brought no sales in all (returns outweigh them): shares are not "
            "measured.",
            **ordered,
        )
    first, last = shown.row(), filled[-1]
    if by == "loyal" and first["member_count"] == 0:
        return view.say("{where}, none of {buyers:member} who ordered {window:in} is loyal (R 3 to 5 and F 4 or 5).", **ordered)
    needed = {"decile": (filled[0], last), "loyal": (first,)}.get(by, ())
    if not rows or any(row["member_count"] is None for row in needed):
        return view.say(
            "{where}, {buyers:member} ordered {window:in}, too few to tell their groups apart: some hold fewer than {least} (setting "
            "scope.minimum_members).",
            **ordered,
        )
    if by == "decile":
        return view.say(
            "{where}, the best {member_count} of {buyers:member} who ordered {window:in} ({member_share}) bring {sales_share} of their "
            "sales, {sales_per_member} each; the last {last:,} ({last_share:share}) bring {last_sales:share}, {last_each:money} each.",
            filled[0], **ordered, last=last["member_count"], last_share=last["member_share"], last_sales=last["sales_share"],
            last_each=last["sales_per_member"],
        )  # fmt: skip
    if by == "heavy":
        weights = [_weight(view, row) for row in rows]
        return view.say(
            "{where}, of {buyers:member} who ordered {window:in}, {weights} of their sales.", **ordered, weights=listing(weights)
        )
    if by == "loyal":
        each = shown.row(-1)["sales_per_member"]
        return view.say(
            "{where}, {member_count} of {buyers:member} who ordered {window:in} ({member_share}) are loyal: they bring {sales_share} of "
            "the sales and spend {sales_per_member} each[, {times:,.1f} times an ordinary member ({each:money})].",
            first, **ordered, times=ratio(first["sales_per_member"], each), each=each,
        )  # fmt: skip
    top = max(rows, key=lambda row: row["sales"])
    if by == "tier":
        return view.say(
            "{where}, the tier {group} brings most: {member_count} of {buyers:member} who ordered {window:in} ({member_share}) bring "
            "{sales_share} of their sales, {sales_per_member} each.",
            top, **ordered,
        )  # fmt: skip
    return view.say(
        "{where}, members with {group}[units? per order] bring most: {member_count} of {buyers:member} who ordered {window:in} "
        "({member_share}) bring {sales_share} of their sales.",
        top, **ordered, units=by == "attach" and top["group"] != NO_UNITS,
    )  # fmt: skip


def _weight(view: View, row: Row) -> str:
    one = row["member_count"] == 1
    return view.say("{member_count} {group} [one?buyer|buyers] ({member_share}) [one?brings|bring] {sales_share}", row, one=one)


def _notes(view: View, sums: pl.DataFrame, buyers: pl.DataFrame, by: By) -> list[str]:
    notes = without_order(view, buyers)
    returned = sums.filter(pl.col("orders") == 0)
    if returned.height:
        amount = int(returned["sales"].sum()) if returned.height >= view.least else None
        notes.append(
            view.say(
                "{returned:member} only returned goods[ ({amount:minor})] in the window: not in the table.",
                returned=returned.height, amount=amount,
            )
        )  # fmt: skip
    negative = buyers.filter(pl.col("sales") < 0).height
    if negative:
        notes.append(
            view.say("{negative:member} returned more than they bought in the window: their sales are below zero.", negative=negative)
        )
    if by in ("decile", "heavy"):
        notes.append(tr("Members with equal sales stay in one group, so groups may differ a little in size."))
    return notes


def _figures(shown: AnswerTable, by: By) -> dict[str, float | None]:
    first = shown.row()
    if by == "loyal" and first["sales_share"] is not None:
        each = shown.row(-1)["sales_per_member"]
        return {"loyal_sales_share": first["sales_share"], "loyal_spend_ratio": ratio(first["sales_per_member"], each)}
    return {f"top_{by}_sales_share": first["sales_share"]} if by in ("decile", "heavy") else {}


def _chart(view: View, table: pl.DataFrame, by: By) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars, ranked_bars

    subtitle = view.say("{place}, {period}")
    if by == "decile":
        return ranked_bars(
            table, label="group", value="sales_share", n="member_count", kind="share1", ranked=False,
            title=tr(_TITLES[by]), subtitle=subtitle, value_title=tr("Share of member sales"),
        )  # fmt: skip
    measures = {"member_share": tr("share of members"), "sales_share": tr("share of sales")}
    return measured_bars(table, label="group", measures=measures, title=tr(_TITLES[by]), subtitle=subtitle)
