"""Orders with a card: how much of the trade the till ties to a member, by store and over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr
from toolkit.models.shares import wilson
from toolkit.portrait.membership.card_by_guide import BY_GUIDE, by_guide, served_rows
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.sales import within
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

_SHARE = (
    c.count("order_count", "Orders", "with goods that were paid for"),
    c.count("card_count", "Orders with a card"),
    *c.interval(c.share("card_share", "Share with a card", "of the orders", null="no orders")),
    c.share("sales_share", "Share of sales", "of orders with a card", null="nothing was sold"),
)
BY_STORE = c.table(
    "one row per store, lowest share first",
    c.text("store_id", "Store"),
    *_SHARE,
    c.share("share_before", "Share before", "in the same days right before", null="no orders then"),
    c.share("share_change", "Change", "in points of share: 0.01 is one point", null="no orders before"),
    c.count(
        "missed_count", "Orders to win", "more with a card, were the share that of the middle store", null="at or above the middle store"
    ),
)
BY_MONTH = c.table("one row per month, oldest first", c.day("month", "Month", "its first day; the last may be part of a month"), *_SHARE)


@question(
    "portrait",
    "How many orders are made with a card?",
    words=(
        "share of orders with a member card by store, enrolment at the till",
        "card share over time, which stores forget to ask for the card",
        "会员卡使用率 会员订单占比 各门店 开卡 刷卡率",
    ),
    minimum=False,
    tables=(BY_STORE, BY_MONTH, BY_GUIDE),
    figures=(c.share("card_order_share", "Share with a card"), c.count("missed_orders", "Orders to win")),
)
def card_share(view: View, *, by: Literal["store", "month", "guide"] = "store") -> Finding:
    """Return the share of orders with a card: one row per store, against the days right before, per month of the receipts, or per guide.

    Parameters
    ----------
    by
        `store`; `month`: all months up to as_of; `guide`: who served (`guide_id` of the lines), against colleagues of the same store.

    Example
    -------
    >>> tk.portrait.card_share(ws, by="month").table                    # doctest: +SKIP
    """
    declared = {"store": BY_STORE, "month": BY_MONTH, "guide": BY_GUIDE}[by]
    if view.scope.audience is not None:
        headline = view.say("{where}, the share of orders with a card is not measured: an audience holds no orders of others.")
        return unmeasured(declared, headline, tr("Ask for the chain, a store or a region."))
    if by == "guide":
        return _of_guides(view)
    now = _counted(view, within(view.period), pl.lit("").alias("group")).row(0, named=True) if by == "store" else None
    rows = _by_store(view) if by == "store" else _by_month(view)
    if rows.is_empty():
        return unmeasured(declared, view.say("{where}, nobody ordered {window:in}.", window=view.period), tr("Choose a longer period."))
    table = declared.of(rows, view)
    last = now or rows.row(-1, named=True)
    missed = int(rows["missed_count"].sum() or 0) if by == "store" else None
    low, high = table.row(0), table.row(-1)
    return Finding(
        headline=view.say(
            "{where}, {share:share} of {orders:order} [window?{window:in}|of {month:%Y-%m}] were made with a card"
            "[differ?: from {low:share} in store {worst} to {high:share} in store {best}][first?, after {first:share} in {began:%Y-%m}].",
            share=last["card_share"], orders=last["order_count"], window=view.period if by == "store" else None,
            month=None if by == "store" else last["month"], differ=by == "store" and table.height > 1,
            low=low["card_share"], worst=low["store_id"] if by == "store" else None, high=high["card_share"],
            best=high["store_id"] if by == "store" else None, first=low["card_share"] if by == "month" and table.height > 1 else None,
            began=low["month"] if by == "month" else None,
        ),
        table=table,
        chart=lambda: _chart(view, table, by),
        notes=_notes(view, missed, last["card_share"]),
        ask_next=[
            ("portrait.card_share", {"by": "month" if by == "store" else "store"}),
            *([("portrait.card_share", {"by": "guide"})] if view.workspace.has_column("lines", "guide_id") else []),
            ("portrait.joiners", {"by": "store"})],
        figures={"card_order_share": last["card_share"]} | ({"missed_orders": float(missed)} if missed is not None else {}),
    )  # fmt: skip


def _of_guides(view: View) -> Finding:
    rows = served_rows(view) if view.workspace.has_column("lines", "guide_id") else None
    if rows is None or rows.is_empty():
        headline = view.say("{where}, who asks for the card is not measured: no receipt of {period} says who served.")
        return unmeasured(BY_GUIDE, headline, tr("Import `guide_id` of the lines: who served, on every line of an order."))
    found = by_guide(rows)
    table = BY_GUIDE.of(found, view)
    missed = int(found["missed_count"].sum() or 0)
    share = float(found["card_count"].sum()) / rows.height
    return Finding(
        headline=view.say(
            "{where}, {share:share} of {orders:order} that name a guide {window:in} were made with a card, with {guides} guides; had those "
            "below colleagues of their store asked as often, {missed:order} more would bear one.",
            share=share, orders=rows.height, window=view.period, guides=found.height, missed=missed,
        ),
        table=table,
        chart=lambda: _guide_chart(view, table),
        notes=[
            tr("Compared is with colleagues of the same store at the same hours; drawn to 1 as far as chance explains the differences."),
            tr("Regulars bring their card without being asked: whoever serves them looks better. Nobody is ranked."),
        ],
        ask_next=[("portrait.card_share", {}), ("targeting.guides", {})],
        figures={"card_order_share": share, "missed_orders": float(missed)},
    )  # fmt: skip


def _guide_chart(view: View, table: AnswerTable) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    return ranked_bars(
        table.frame.head(30), label="guide_id", value="card_share", low="card_share_low", high="card_share_high", n="order_count",
        kind="share", ranked=False, title=tr("Orders with a card"), subtitle=view.say("{place}, {period}"),
        value_title=tr("Share with a card"),
    )  # fmt: skip


def _counted(view: View, which: pl.Expr, group: pl.Expr) -> pl.DataFrame:
    card = pl.col("member_code").is_not_null()
    sums = (
        view.orders.filter("is_order", which)
        .group_by(group)
        .agg(
            pl.len().cast(pl.Int64).alias("order_count"), card.sum().cast(pl.Int64).alias("card_count"), pl.col("amount").sum(),
            pl.col("amount").filter(card).sum().alias("card_amount"),
        )
        .collect()
    )  # fmt: skip
    low, high = wilson(pl.col("card_count"), pl.col("order_count"))
    return sums.with_columns(
        (pl.col("card_count") / pl.col("order_count")).alias("card_share"),
        low.alias("card_share_low"),
        high.alias("card_share_high"),
        pl.when(pl.col("amount") > 0).then(pl.col("card_amount") / pl.col("amount")).alias("sales_share"),
    ).drop("amount", "card_amount")


def _by_store(view: View) -> pl.DataFrame:
    now = _counted(view, within(view.period), pl.col("store_code"))
    before = _counted(view, within(view.period.before()), pl.col("store_code")).select(
        "store_code", pl.col("card_share").alias("share_before")
    )
    middle = now["card_share"].median()
    missed = ((middle - pl.col("card_share")) * pl.col("order_count")).round().cast(pl.Int64)
    rows = now.join(before, on="store_code", how="left").join(view.stores.select("store_code", "store_id"), on="store_code")
    return (
        rows.with_columns(
            (pl.col("card_share") - pl.col("share_before")).alias("share_change"),
            pl.when(missed > 0).then(missed).alias("missed_count"),
        )
        .drop("store_code")
        .sort("card_share", "store_id")
    )


def _by_month(view: View) -> pl.DataFrame:
    month = pl.col("ordered_at").dt.date().dt.truncate("1mo").alias("month")
    return _counted(view, pl.lit(True), month).sort("month")


def _notes(view: View, missed: int | None, share: float | None) -> list[str | Note]:
    notes: list[str | Note] = [
        tr("An order without a card may be a member's who was not asked: it is in no figure of members, and their pauses seem longer.")
    ]
    if missed:
        notes.append(
            view.say(
                "Were the stores below the middle one as good as it, {missed:order} more would bear a card: ask at every till.",
                missed=missed,
            )
        )
    if share == 1.0:
        notes.append(Note(tr("All orders bear a card: perhaps those of non-members were not handed over."), "REVIEW"))
    if not view.workspace.has_column("lines", "guide_id"):
        notes.append(Note(tr("By guide: receipts do not say who stood at the till here."), "NOT MEASURED"))
    return notes


def _chart(view: View, table: AnswerTable, by: str) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars
    from toolkit.charts.lines import lines_over_time

    title = tr("Orders with a card")
    if by == "month":
        return lines_over_time(
            table.frame,
            time="month",
            value="card_share",
            kind="share",
            title=title,
            subtitle=view.place,
            value_title=tr("Share with a card"),
        )
    return ranked_bars(
        table.frame.head(30), label="store_id", value="card_share", low="card_share_low", high="card_share_high", n="order_count",
        kind="share", ranked=False, title=title, subtitle=view.say("{place}, {period}"), value_title=tr("Share with a card"),
    )  # fmt: skip
