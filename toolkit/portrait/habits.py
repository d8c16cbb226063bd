"""Habits: when, where and what for the members come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.columns import AnswerTable, Column
from toolkit.language import later, tr, value, word
from toolkit.portrait.measures.favourites import HABITS, HOURS, WEEKDAYS, Habit, favourites, weekdays_of
from toolkit.portrait.measures.timing import WHEN, busiest_hour, orders_by_hour, week_chart, when_finding
from toolkit.registry import question
from toolkit.scope.phrases import made_where, not_measured
from toolkit.scope.view import View
from toolkit.wording import listing

if TYPE_CHECKING:
    import altair as alt

OVERVIEW_ROWS = 8
"""Rows of a habit in the table of all habits: as many as weekdays, and one for the rest."""
LONGEST_TABLE = 50


def _held(orders_hidden_by: str | None) -> Sequence[Column]:
    """The columns; the orders are those of all members in scope, not of those whose favourite it is."""
    return (
        c.text("habit"),
        c.text("favourite"),
        c.members(meaning="whose favourite it is"),
        c.share("member_share", "Share of members", "of those measured"),
        c.members("n", "n", "the members measured"),
        c.share("favourite_share", "Its share of their own", "mean share of a member's own orders, or spend, that it has with them"),
        c.count("order_count", "Orders", hidden_by=orders_hidden_by),
        c.share("order_share", "Share of orders", hidden_by=orders_hidden_by),
        c.money("sales", "Sales", hidden_by=orders_hidden_by),
        c.share("sales_share", "Share of sales", null="nothing was sold", hidden_by=orders_hidden_by),
    )


FAVOURITES = c.table(
    "one row per habit and favourite, the rest of a long habit in one",
    *_held("buyer_count"),
    c.members("buyer_count", "Buyers", "members who bought the category at all", null="another habit"),
    c.share("buyer_share", "Share who bought", hidden_by="buyer_count"),
)
ONE_HABIT = c.table("one row per favourite of one habit other than the category", *_held(None))
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
    tables=(FAVOURITES, ONE_HABIT, WHEN),
    figures=(c.share("peak_order_share", "Orders at the peak"),),
)
def habits(view: View, *, by: Literal["when"] | Habit | None = None) -> Finding:
    """Return the members' favourites and when the scope's orders happen: one row per habit and favourite.

    A favourite is a member's most frequent channel, weekday, hours (bands of four) or store over all their orders across the chain, and the
    category they spend most on, where it is more than chance: of members who choose as all do, at most 5% (habits.most_doubt) get one, and
    of two that are equal neither is. A member with fewer orders than the setting habits.minimum_orders is not measured. Orders and sales
    are those of the members in scope in the period; for categories of all their receipts.

    Parameters
    ----------
    by
        One habit in full: `channel`, `weekday`, `hour`, `store`, `category`; or `when`: orders by weekday and hour. Empty = all habits.

    Example
    -------
    >>> tk.portrait.habits(ws, by="weekday").table                     # doctest: +SKIP
    """
    orders = orders_by_hour(view)
    if by == "when":
        return when_finding(view, orders)
    chosen = favourites(view, view.members)
    wanted = HABITS if by is None else (by,)
    known: list[Habit] = [habit for habit in wanted if habit != "channel" or view.has_column("lines", "channel")]
    table, most = FAVOURITES if by in (None, "category") else ONE_HABIT, OVERVIEW_ROWS if by is None else LONGEST_TABLE
    frames = [_shortened(view, habit, _habit_frame(view, habit, chosen, orders), most) for habit in known]
    shown = table.of(pl.concat(frames, how="diagonal"), view) if frames else table.empty()
    peak = busiest_hour(orders)
    return Finding(
        headline=_headline(view, shown, chosen, orders) if by is None else _one_headline(view, by, shown, chosen),
        table=shown,
        chart=(lambda: week_chart(view, orders))
        if by in (None, "weekday", "hour")
        else (lambda: _bars(view, by, shown.frame, chosen))
        if known
        else None,
        notes=_notes(view, wanted, known, chosen),
        ask_next=[("portrait.habits", {"by": "when"}), ("portrait.habits", {"by": "category"}), ("portrait.personas", {})],
        figures={"peak_order_share": peak["order_share"] if peak else None},
    )


def _habit_frame(view: View, habit: Habit, chosen: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    name = f"favourite_{habit}"
    measured = int(chosen["is_measured"].sum())
    liked = (
        chosen.drop_nulls(name)
        .group_by(pl.col(name).alias("favourite"))
        .agg(pl.len().cast(pl.Int64).alias("member_count"), pl.col(f"{name}_share").mean().alias("favourite_share"))
        .with_columns((pl.col("member_count") / max(measured, 1)).alias("member_share"))
    )
    bought = _category_sums(view) if habit == "category" else _order_sums(view, habit, orders)
    frame = liked.join(bought, on="favourite", how="full", coalesce=True).with_columns(
        pl.lit(habit).alias("habit"),
        pl.col("member_count", "order_count").fill_null(0),
        pl.col("member_share", "order_share", "sales", "sales_share").fill_null(0.0),
        pl.lit(measured, pl.Int64).alias("n"),
    )
    if habit in ("weekday", "hour"):
        order = weekdays_of(view.settings.calendar) if habit == "weekday" else list(HOURS)
        return frame.sort(pl.col("favourite").replace_strict(order, range(len(order)), default=len(order)))
    return frame.sort("member_count", "order_count", "favourite", descending=[True, True, False])


def _order_sums(view: View, habit: Habit, orders: pl.DataFrame) -> pl.DataFrame:
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
    summed = orders.group_by(key.alias("favourite")).agg(pl.col("order_count", "sales").sum())
    return _with_shares(view, summed, int(orders["order_count"].sum()))


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


def _shortened(view: View, habit: Habit, frame: pl.DataFrame, most: int) -> pl.DataFrame:
    """Of a long habit (stores, categories) the first rows and one for the rest; orders of several categories do not add up."""
    if frame.height <= most:
        return frame
    rest = frame.slice(most - 1)
    summed = ["member_count", "member_share", "sales", "sales_share", *(["order_count", "order_share"] if habit != "category" else [])]
    others = rest.select(
        pl.lit(habit).alias("habit"),
        pl.lit(view.say("{rest:,} others", rest=rest.height)).alias("favourite"),
        pl.col("n").first(),
        pl.col(summed).sum(),
    )
    return pl.concat([frame.head(most - 1), others], how="diagonal")


def _most(shown: AnswerTable, habit: str, by: str) -> Mapping[str, Any] | None:
    """The row of a habit that has most of a count; None where it has none that may be shown."""
    rows = shown.frame.filter((pl.col("habit") == habit) & (pl.col(by) > 0))
    if by == "order_count":  # days and hours stand in their own order; favourites by members, with the sum of the rest last
        rows = rows.sort(by, descending=True, maintain_order=True)
    return shown.cut(rows).row() if rows.height else None


def _headline(view: View, shown: AnswerTable, chosen: pl.DataFrame, orders: pl.DataFrame) -> str:
    day, hours = (_most(shown, habit, "order_count") or {} for habit in ("weekday", "hour"))
    from_hour, _, to_hour = hours.get("favourite", "").partition("-")
    channel, store, category = (_most(shown, habit, "member_count") for habit in ("channel", "store", "category"))
    likings = [
        *([view.say("{member_share} mostly buy by {name}", channel, name=channel["favourite"])] if channel else []),
        *([view.say("{member_share} mostly come to store {name}", store, name=store["favourite"])] if store else []),
        *([view.say("{member_share} spend most on {name}", category, name=category["favourite"])] if category else []),
    ]
    measured = chosen["is_measured"].sum()
    return view.say(
        "{where}, [day?{day:word} brings most orders ({day_share:share} of {orders:,}) and {from_hour} to {to_hour} o'clock most of the "
        "day's ({hours_share:share})|no member ordered in the period]; [likings?of {measured:member} with enough orders {likings}|"
        "[measured?no favourite beyond chance is that of {least} members|favourites are not measured, since no member has enough orders]].",
        day=day.get("favourite"), day_share=day.get("order_share"), orders=orders["order_count"].sum(),
        from_hour=from_hour, to_hour=to_hour, hours_share=hours.get("order_share"), likings=listing(likings), measured=measured,
    )  # fmt: skip


def _one_headline(view: View, by: Habit, shown: AnswerTable, chosen: pl.DataFrame) -> str:
    if by == "channel" and not view.has_column("lines", "channel"):
        return view.say("{where}, channel habits are not measured: the lines have no `channel` column.")
    first = _most(shown, by, "member_count")
    if first is None:
        return view.say(
            "{where}, [measured?of {measured:member} with enough orders too few have a favourite {called} beyond chance to speak of|"
            "favourites are not measured: no member has the {habits.minimum_orders} orders they need].",
            measured=chosen["is_measured"].sum(), called=tr(_CALLED[by]),
        )  # fmt: skip
    return view.say(
        "{where}, [is_store?store ]{name} is the favourite {called} of {member_count:member} ({member_share} of {n}); they give it "
        "{favourite_share} of their [is_category?spend|orders].",
        first, name=word(first["favourite"]) if by == "weekday" else first["favourite"], called=tr(_CALLED[by]),
        is_store=by == "store", is_category=by == "category",
    )  # fmt: skip


def _notes(view: View, wanted: Sequence[Habit], known: Sequence[Habit], chosen: pl.DataFrame) -> list[str | Note]:
    notes: list[str | Note] = []
    if "channel" in wanted and "channel" not in known:
        notes.append(not_measured(view, "lines", "channel", tr("channel habits")))
    without = int((chosen["order_count"] < view.settings.habits.minimum_orders).sum())
    if without:
        missing = view.say(
            "Favourites of {without:member} of {all:,}: fewer than {habits.minimum_orders} orders (setting habits.minimum_orders).",
            without=without, all=chosen.height,
        )  # fmt: skip
        notes.append(Note(missing, "NOT MEASURED"))
    measured = chosen.filter("is_measured")
    if measured.height >= view.least:
        none = [view.say("{called} {none} ({share:.0%})", called=tr(_CALLED[habit]), none=none, share=none / measured.height)
                for habit in known if (none := measured[f"favourite_{habit}"].null_count())]  # fmt: skip
        if none:
            without_one = view.say(
                "Of {measured:member} with enough orders these have no favourite, since theirs is no more than chance, or two are equal: "
                "{none}.",
                measured=measured.height, none=listing(none),
            )  # fmt: skip
            notes.append(without_one)
    notes.append(
        view.say(
            "Favourites are the members' own over all their orders across the chain, whatever the scope. Orders and sales are those "
            "{made_where}, {period}, non-members left out.",
            made_where=made_where(view),
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


def _bars(view: View, by: Habit, table: pl.DataFrame, chosen: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    measured = chosen["is_measured"].sum()
    return ranked_bars(
        table.head(15), label="favourite", value="member_share", n="member_count", kind="share1", ranked=False,
        value_title=tr("Share of members"), title=view.say("Favourite {called}: {place}", called=tr(_CALLED[by])),
        subtitle=view.say("of {measured:member} with enough orders", measured=measured),
    )  # fmt: skip
