"""Habits: when, where and what for the members come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.language import later, tr, value, word
from toolkit.portrait.measures.favourites import HABITS, HOURS, WEEKDAYS, Habit, favourites
from toolkit.portrait.measures.timing import busiest_hour, orders_by_hour, week_chart, when_finding
from toolkit.registry import question
from toolkit.scope.phrases import made_where, not_measured, where
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

OVERVIEW_ROWS = 8
"""Rows of a habit in the table of all habits: as many as weekdays, and one for the rest."""
LONGEST_TABLE = 50
_SCHEMA = {
    "habit": pl.String,
    "favourite": pl.String,
    "member_count": pl.Int64,
    "member_share": pl.Float64,
    "n": pl.Int64,
    "favourite_share": pl.Float64,
    "order_count": pl.Int64,
    "order_share": pl.Float64,
    "sales": pl.Float64,
    "sales_share": pl.Float64,
    "buyer_count": pl.Int64,
    "buyer_share": pl.Float64,
}
_CALLED = {
    "channel": later("channel"),
    "weekday": later("day of the week"),
    "hour": later("time of day"),
    "store": later("store"),
    "category": later("category"),
}


@question(
    "portrait",
    "When, where and what for do our members come?",
    words=(
        "what are the shopping habits",
        "which weekday, which hour, which channel do members prefer",
        "busiest hours and days, when do orders happen",
        "favourite store, favourite category, top categories",
        "购物习惯 渠道 时段",
    ),
)
def habits(view: View, *, by: Literal["when"] | Habit | None = None) -> Finding:
    """Return the members' favourites and when the scope's orders happen: one row per habit and favourite.

    A favourite is a member's most frequent channel, weekday, hours (bands of four) or store over all their orders across the chain, and the
    category they spend most on; a member with fewer orders than the setting habits.minimum_orders has none. Orders and sales are those
    of the members in scope in the period; for categories of all their receipts.

    Parameters
    ----------
    by
        One habit in full: `channel`, `weekday`, `hour`, `store`, `category`; or `when`: orders by weekday and hour. Empty = all habits.

    Returns
    -------
    Answer
        Table columns: `habit`; `favourite`; `member_count` (members whose favourite it is), `member_share` (0..1 of the members measured,
        `n`); `favourite_share` (mean share of a member's own orders, or spend, that it has with those members); `order_count`,
        `order_share`, `sales` (currency units), `sales_share`; by category also `buyer_count` and `buyer_share`, members who bought it at
        all. With `by="when"`: `weekday`, `hour`, `order_count`, `order_share`, `sales`.

    Example
    -------
    >>> tk.portrait.habits(ws, by="weekday").table                     # doctest: +SKIP
    """
    made = orders_by_hour(view)
    if by == "when":
        return when_finding(view, made)
    chosen = favourites(view, view.members)
    wanted = HABITS if by is None else (by,)
    known: list[Habit] = [habit for habit in wanted if habit != "channel" or view.has_column("lines", "channel")]
    tables: dict[Habit, pl.DataFrame] = {habit: _habit_table(view, habit, chosen, made) for habit in known}
    table = _all_table(tables, OVERVIEW_ROWS if by is None else LONGEST_TABLE)
    peak = busiest_hour(made)
    return Finding(
        headline=_headline(view, tables, made) if by is None else _one_headline(view, by, tables.get(by)),
        table=table.drop("buyer_count", "buyer_share") if by != "category" else table,
        chart=(lambda: week_chart(view, made)) if by in (None, "weekday", "hour") else (lambda: _bars(view, by, table)) if tables else None,
        notes=_notes(view, wanted, known, chosen),
        ask_next=[("portrait.habits", {"by": "when"}), ("portrait.habits", {"by": "category"}), ("portrait.personas", {})],
        figures={"peak_order_share": peak["order_share"]} if peak else {},
    )


def _habit_table(view: View, habit: Habit, chosen: pl.DataFrame, made: pl.DataFrame) -> pl.DataFrame:
    name = f"favourite_{habit}"
    measured = int(chosen[name].count())
    liked = (
        chosen.drop_nulls(name)
        .group_by(pl.col(name).alias("favourite"))
        .agg(pl.len().cast(pl.Int64).alias("member_count"), pl.col(f"{name}_share").mean().alias("favourite_share"))
        .with_columns((pl.col("member_count") / max(measured, 1)).alias("member_share"), pl.lit(measured, pl.Int64).alias("n"))
    )
    sold = _category_sums(view) if habit == "category" else _order_sums(view, habit, made)
    table = liked.join(sold, on="favourite", how="full", coalesce=True).with_columns(
        pl.lit(habit).alias("habit"),
        pl.col("member_count", "order_count").fill_null(0),
        pl.col("member_share", "order_share", "sales", "sales_share").fill_null(0.0),
        pl.lit(measured, pl.Int64).alias("n"),
    )
    table = table.select(list(_SCHEMA))
    if habit in ("weekday", "hour"):
        order = list(WEEKDAYS if habit == "weekday" else HOURS)
        return table.sort(pl.col("favourite").replace_strict(order, range(len(order)), default=len(order)))
    return table.sort("member_count", "order_count", "favourite", descending=[True, True, False])


def _order_sums(view: View, habit: Habit, made: pl.DataFrame) -> pl.DataFrame:
    if habit == "weekday":
        key = pl.col("weekday").replace_strict(range(1, 8), WEEKDAYS, return_dtype=pl.String)
    elif habit == "hour":
        key = (pl.col("hour") // 4).replace_strict(range(6), HOURS, return_dtype=pl.String)
    else:
        codes = (
            view.stores.drop_nulls("store_code").select(code="store_code", id="store_id")
            if habit == "store"
            else view.workspace.codes("channel")
        )
        key = pl.col(f"{habit}_code").replace_strict(codes["code"], codes["id"], default=value("not stated"), return_dtype=pl.String)
    summed = made.group_by(key.alias("favourite")).agg(pl.col("order_count", "sales").sum())
    nobody = [pl.lit(None, pl.Int64).alias("buyer_count"), pl.lit(None, pl.Float64).alias("buyer_share")]
    return _with_shares(view, summed, int(made["order_count"].sum())).with_columns(nobody)


def _category_sums(view: View) -> pl.DataFrame:
    """Orders, sales and buyers of each category, over all receipts of the members in scope."""
    bought = pl.col("order_count") > 0
    summed = (
        view.member_category.group_by("category_code")
        .agg(
            pl.col("order_count").cast(pl.Int64).sum(),
            pl.col("amount").sum().alias("sales"),
            bought.cast(pl.Int64).sum().alias("buyer_count"),
        )
        .collect()
        .join(view.categories.select("category_code", pl.col("category").alias("favourite")), on="category_code", how="left")
        .drop("category_code")
    )
    orders = int(view.members["order_count"].cast(pl.Int64).sum())
    return _with_shares(view, summed, orders).with_columns((pl.col("buyer_count") / max(view.members.height, 1)).alias("buyer_share"))


def _with_shares(view: View, summed: pl.DataFrame, orders: int) -> pl.DataFrame:
    sales = int(summed["sales"].sum() or 0)
    return summed.with_columns(
        (pl.col("order_count") / orders if orders else pl.lit(None, pl.Float64)).alias("order_share"),
        (pl.col("sales") / sales if sales > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
        view.major("sales").alias("sales"),
    )


def _all_table(tables: dict[Habit, pl.DataFrame], most: int) -> pl.DataFrame:
    """The habits under each other; of a long one (stores, categories) the first rows and one for the rest."""
    parts = [pl.DataFrame(schema=_SCHEMA)]
    for habit, table in tables.items():
        if table.height <= most:
            parts.append(table)
            continue
        rest = table.slice(most - 1)
        summed = ["member_count", "member_share", "sales", "sales_share"] + (["order_count", "order_share"] if habit != "category" else [])
        others = rest.select(
            pl.lit(habit).alias("habit"),
            pl.lit(tr("{rest:,} others", rest=rest.height)).alias("favourite"),
            pl.col("n").first(),
            pl.col(summed).sum(),
        )
        parts += [table.head(most - 1), others]
    return pl.concat(parts, how="diagonal")


def _headline(view: View, tables: dict[Habit, pl.DataFrame], made: pl.DataFrame) -> str:
    if not made["order_count"].sum():
        opening = tr("{where}, no member ordered in the period", where=where(view))
    else:
        day, hours = (
            tables[habit].sort("order_count", descending=True, maintain_order=True).row(0, named=True) for habit in ("weekday", "hour")
        )
        from_hour, to_hour = hours["favourite"].split("-")
        opening = tr(
            "{where}, {weekday} brings most orders ({day_share} of {orders:,}) and {from_hour} to {to_hour} o'clock most of the day's "
            "({hours_share})",
            where=where(view),
            weekday=word(day["favourite"]),
            day_share=wording.share(day["order_share"]),
            orders=made["order_count"].sum(),
            from_hour=from_hour,
            to_hour=to_hour,
            hours_share=wording.share(hours["order_share"]),
        )
    said = []
    for habit in ("channel", "store", "category"):
        if habit in tables and tables[habit].height and tables[habit]["member_count"][0]:
            first = tables[habit].row(0, named=True)
            said.append(_liking(habit, first["favourite"], wording.share(first["member_share"])))
    if not said:
        return tr("{opening}; favourites are not measured, since no member has enough orders.", opening=opening)
    n = tables["store"]["n"][0]
    return tr(
        "{opening}; of {members} with favourites {said}.", opening=opening, members=wording.some(n, "member"), said=wording.listing(said)
    )


def _most(table: pl.DataFrame) -> dict[str, Any]:
    return table.sort("order_count", descending=True, maintain_order=True).row(0, named=True)


def _liking(habit: str, favourite: str, share: str) -> str:
    return {
        "channel": tr("{share} mostly buy by {favourite}", share=share, favourite=favourite),
        "store": tr("{share} mostly come to store {favourite}", share=share, favourite=favourite),
        "category": tr("{share} spend most on {favourite}", share=share, favourite=favourite),
    }[habit]


def _one_headline(view: View, by: Habit, table: pl.DataFrame | None) -> str:
    called = tr(_CALLED[by])
    if table is None:
        return tr("{where}, {called} habits are not measured: the lines have no `{by}` column.", where=where(view), called=called, by=by)
    liked = table.sort("member_count", descending=True, maintain_order=True)
    if liked.is_empty() or not liked["member_count"][0]:
        return tr(
            "{where}, favourites are not measured: no member has the {minimum_orders} orders they need.",
            where=where(view),
            minimum_orders=view.settings.habits.minimum_orders,
        )
    first = liked.row(0, named=True)
    of = tr("spend") if by == "category" else tr("orders")
    favourite = word(first["favourite"]) if by == "weekday" else first["favourite"]
    named = tr("store {favourite}", favourite=favourite) if by == "store" else favourite
    return tr(
        "{where}, {named} is the favourite {called} of {members} ({member_share} of {n:,}); they give it {favourite_share} of their {of}.",
        where=where(view),
        named=named,
        called=called,
        members=wording.some(first["member_count"], "member"),
        member_share=wording.share(first["member_share"]),
        n=first["n"],
        favourite_share=wording.share(first["favourite_share"]),
        of=of,
    )


def _notes(view: View, wanted: tuple[Habit, ...], known: list[Habit], chosen: pl.DataFrame) -> list[str | Note]:
    least = view.settings.habits.minimum_orders
    notes: list[str | Note] = (
        [not_measured(view, "lines", "channel", tr("channel habits"))] if "channel" not in known and "channel" in wanted else []
    )
    few = int((chosen["order_count"] < least).sum())
    if few:
        who = tr("{members} of {all:,}", members=wording.some(few, "member"), all=chosen.height)
        notes.append(
            Note(
                tr("Favourites of {who}: fewer than {least} orders (setting habits.minimum_orders).", who=who, least=least), "NOT MEASURED"
            )
        )
    notes.append(
        tr(
            "Favourites are the members' own over all their orders across the chain, whatever the scope. Orders and "
            "sales are those {made_where}, {period}, non-members left out.",
            made_where=made_where(view),
            period=view.period,
        )
    )
    if "category" in known:
        notes.append(
            tr(
                "Categories count all receipts of these members across the chain; the favourite is the one they spent most "
                "on. An order counts for every category in it, so the shares of orders add up to more than 100%."
            )
        )
    return notes


def _bars(view: View, by: Habit, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    n = int(table["n"][0] or 0) if table.height else 0
    return ranked_bars(
        table.head(15), label="favourite", value="member_share", n="member_count", kind="share1", ranked=False,
        value_title=tr("Share of members"), title=tr("Favourite {called}: {place}", called=tr(_CALLED[by]), place=view.place),
        subtitle=tr("of {members} with enough orders", members=wording.some(n, "member")),
    )  # fmt: skip
