"""Contribution: which members carry the sales, by decile, weight, order count, attach, loyalty, and members against non-members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.language import later, tr, trn, word
from toolkit.portrait.measures.bands import NO_UNITS, grouped
from toolkit.portrait.measures.non_members import members_and_others
from toolkit.registry import question
from toolkit.scope.phrases import where
from toolkit.scope.sales import days_of, member_sales, per_order, ratio, too_few
from toolkit.scope.view import View
from toolkit.wording import share, some

if TYPE_CHECKING:
    import altair as alt

By = Literal["decile", "heavy", "orders", "attach", "loyal", "members"]
_SCHEMA = {"group": pl.String, "member_count": pl.Int64, "member_share": pl.Float64, "orders": pl.Int64, "sales": pl.Float64}
_TITLES: dict[str, str] = {
    "decile": later("Sales by tenth of members, best first"),
    "heavy": later("Heavy, medium and light buyers"),
    "orders": later("Members and sales by number of orders"),
    "attach": later("Members and sales by units per order"),
    "loyal": later("Loyal members against the others"),
}


@question(
    "portrait",
    "Which members carry the sales?",
    words=(
        "share of sales by decile of members",
        "heavy, medium and light buyers",
        "contribution of members and non-members",
        "loyal members against ordinary members",
        "sales by number of orders or units per order",
        "会员贡献 头部会员 会员与非会员",
    ),
)
def contribution(view: View, *, by: By = "decile") -> Finding:
    """Return what each group of members brings in the window: one row per group, groups of equal members never split.

    Members counted are those with an order in the window in the scope; a note says how many others there are.

    Parameters
    ----------
    by
        `decile`: tenths of members by sales, best first. `heavy`: heavy, medium and light buyers, the top 20, next 30 and last 50% of
        members (settings value.heavy_share, value.medium_share). `orders`: number of orders in the window, in doubling bands. `attach`:
        units per order (counted goods), in doubling bands. `loyal`: members in the segments champions and loyal (R 3 to 5, F 4 or 5)
        against all others. `members`: members against non-members.

    Returns
    -------
    Answer
        Table columns: `group`; `member_count`, `member_share` (0..1; not in `members`: receipts without a member have no number of people);
        `orders`, `order_share`; `sales` (currency units, returns subtracted), `sales_share` (0..1; null where nothing was sold);
        `sales_per_member` (currency units), `order_value` (currency units, sales of orders per order), `units_per_order` (counted goods);
        null in empty groups. `decile` and `heavy` add `sales_from`, `sales_to` (currency units): the group's lowest and highest member.

    Notes
    -----
    Bands by rank use the mean rank of equal members, so a group may hold more or less than its nominal share. Source: DEFINITIONS.md
    section 1, value and contribution.

    Example
    -------
    >>> tk.portrait.contribution(ws, by="heavy").table                  # doctest: +SKIP
    """
    if by == "members":
        return members_and_others(view)
    found = member_sales(view)
    buyers = found.filter(pl.col("orders") > 0)
    if few := too_few(view, buyers.height, where(view), _SCHEMA):
        return few
    members, notes = grouped(view, buyers, by)
    table = _table(view, members, by)
    return Finding(
        headline=_headline(view, table, by),
        table=table,
        chart=lambda: _chart(view, table, by),
        notes=[*notes, *_notes(view, found, buyers, by)],
        ask_next=[
            *[("portrait.contribution", {"by": other}) for other in ("heavy", "loyal", "members") if other != by][:2],
            ("portrait.pareto", {}),
        ],
        figures=_figures(table, by),
    )


def _table(view: View, members: pl.DataFrame, by: By) -> pl.DataFrame:
    total, orders = int(members["sales"].sum()), int(members["orders"].sum())
    names = members["group"].dtype.categories.to_list()  # type: ignore[attr-defined]
    held = members.group_by(pl.col("group").cast(pl.String)).agg(
        pl.len().cast(pl.Int64).alias("member_count"),
        *[pl.col(column).sum() for column in ("orders", "sales", "order_sales", "units_milli")],
        pl.col("sales").min().alias("sales_from"),
        pl.col("sales").max().alias("sales_to"),
    )
    rows = pl.DataFrame({"group": names}).join(held, on="group", how="left", maintain_order="left")
    rows = rows.with_columns(pl.col("member_count", "orders", "sales", "order_sales", "units_milli").fill_null(0))
    table = rows.select(
        "group",
        "member_count",
        (pl.col("member_count") / members.height).alias("member_share"),
        "orders",
        (pl.col("orders") / orders).alias("order_share"),
        view.major("sales").alias("sales"),
        (pl.col("sales") / total if total > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
        pl.when(pl.col("member_count") > 0).then(view.major("sales") / pl.col("member_count")).alias("sales_per_member"),
        *per_order(view),
        view.major("sales_from").alias("sales_from"),
        view.major("sales_to").alias("sales_to"),
    )
    if by in ("decile", "heavy"):
        return table
    filled = table.drop("sales_from", "sales_to")
    if by == "loyal":
        return filled
    known = filled.filter((pl.col("group") != NO_UNITS) & (pl.col("member_count") > 0))["group"]
    if known.is_empty():
        return filled.filter(pl.col("member_count") > 0)
    last = names.index(known[-1])
    return filled.with_row_index().filter((pl.col("index") <= last) | (pl.col("member_count") > 0)).drop("index")


def _headline(view: View, table: pl.DataFrame, by: By) -> str:
    buyers = tr("{members} who ordered {days_of}", members=some(int(table["member_count"].sum()), "member"), days_of=days_of(view))
    rows = [row for row in table.iter_rows(named=True) if row["member_count"]]
    if rows[0]["sales_share"] is None:
        return tr(
            "{where}, the {buyers} brought no sales in all (returns outweigh them): shares are not measured.",
            where=where(view),
            buyers=buyers,
        )
    if by == "decile":
        first, last = rows[0], rows[-1]
        return tr(
            "{where}, the best {best:,} of {buyers} ({best_share}) bring {best_sales} of their sales, {best_each} "
            "each; the last {last:,} ({last_share}) bring {last_sales}, {last_each} each.",
            where=where(view),
            best=first["member_count"],
            buyers=buyers,
            best_share=share(first["member_share"]),
            best_sales=share(first["sales_share"]),
            best_each=_each(view, first),
            last=last["member_count"],
            last_share=share(last["member_share"]),
            last_sales=share(last["sales_share"]),
            last_each=_each(view, last),
        )
    if by == "heavy":
        said = [
            trn(
                "{count:,} {weight} buyer ({member_share}) brings {sales_share}",
                "{count:,} {weight} buyers ({member_share}) bring {sales_share}",
                row["member_count"],
                count=row["member_count"],
                weight=word(row["group"]),
                member_share=share(row["member_share"]),
                sales_share=share(row["sales_share"]),
            )
            for row in rows
        ]
        return tr("{where}, of {buyers}, {said} of their sales.", where=where(view), buyers=buyers, said=wording.listing(said))
    if by == "loyal":
        return _loyal_headline(view, table, buyers)
    top = max(rows, key=lambda row: row["sales"])
    return tr(
        "{where}, members with {group}{per_order} bring most: {member_count:,} of {buyers} ({member_share}) bring "
        "{sales_share} of their sales.",
        where=where(view),
        group=word(top["group"]),
        per_order=tr(" per order") if by == "attach" and top["group"] != NO_UNITS else "",
        member_count=top["member_count"],
        buyers=buyers,
        member_share=share(top["member_share"]),
        sales_share=share(top["sales_share"]),
    )


def _loyal_headline(view: View, table: pl.DataFrame, buyers: str) -> str:
    loyal, ordinary = table.to_dicts()
    if not loyal["member_count"]:
        return tr("{where}, none of {buyers} is loyal (R 3 to 5 and F 4 or 5).", where=where(view), buyers=buyers)
    times = ratio(loyal["sales_per_member"], ordinary["sales_per_member"])
    said = tr(", {times:,.1f} times an ordinary member ({each})", times=times, each=_each(view, ordinary)) if times is not None else ""
    return tr(
        "{where}, {member_count:,} of {buyers} ({member_share}) are loyal: they bring {sales_share} of the sales and "
        "spend {each} each{said}.",
        where=where(view),
        member_count=loyal["member_count"],
        buyers=buyers,
        member_share=share(loyal["member_share"]),
        sales_share=share(loyal["sales_share"]),
        each=_each(view, loyal),
        said=said,
    )


def _each(view: View, row: dict[str, Any]) -> str:
    return wording.money(row["sales_per_member"], view.currency)


def _notes(view: View, found: pl.DataFrame, buyers: pl.DataFrame, by: By) -> list[str | Note]:
    notes: list[str | Note] = []
    away = view.members.height - view.members.join(buyers, on="member_code", how="semi").height
    if away:
        notes.append(
            tr(
                "Not counted: {other_members} in scope without an order {days_of}.",
                other_members=some(away, "other member"),
                days_of=days_of(view),
            )
        )
    returned = found.filter(pl.col("orders") == 0)
    if returned.height:
        amount = view.money(int(returned["sales"].sum()))
        notes.append(
            tr(
                "{members} only returned goods ({amount}) in the window: not in the table.",
                members=some(returned.height, "member"),
                amount=amount,
            )
        )
    negative = buyers.filter(pl.col("sales") < 0).height
    if negative:
        notes.append(
            tr("{members} returned more than they bought in the window: their sales are below zero.", members=some(negative, "member"))
        )
    if by in ("decile", "heavy"):
        notes.append(tr("Members with equal sales stay in one group, so groups may differ a little in size."))
    return notes


def _figures(table: pl.DataFrame, by: By) -> dict[str, float]:
    first = table.row(0, named=True)
    if first["sales_share"] is None:
        return {}
    if by == "loyal":
        times = ratio(first["sales_per_member"], table["sales_per_member"][1])
        return {"loyal_sales_share": first["sales_share"], **({} if times is None else {"loyal_spend_ratio": times})}
    return {f"top_{by}_sales_share": first["sales_share"]} if by in ("decile", "heavy") else {}


def _chart(view: View, table: pl.DataFrame, by: By) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars, ranked_bars

    subtitle = tr("{place}, {period}", place=view.place, period=view.period)
    if by == "decile":
        return ranked_bars(
            table,
            label="group",
            value="sales_share",
            n="member_count",
            kind="share1",
            ranked=False,
            title=tr(_TITLES[by]),
            subtitle=subtitle,
            value_title=tr("Share of member sales"),
        )
    measures = {"member_share": tr("share of members"), "sales_share": tr("share of sales")}
    return measured_bars(table, label="group", measures=measures, title=tr(_TITLES[by]), subtitle=subtitle)
