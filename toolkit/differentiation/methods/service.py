"""Service: a touch instead of a price: after the sale, or when goods are due again, with a trade-in where wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.differentiation.measures.amounts import read_amounts, read_budget
from toolkit.differentiation.measures.past import Past, contact_cost, margin_note
from toolkit.differentiation.measures.reckoning import MONEY, best_of, in_currency, money_columns, money_notes, outcome, reckoned, too_dear
from toolkit.differentiation.methods.discount import read_categories
from toolkit.expressions import divide_half_up
from toolkit.language import tr
from toolkit.models.replay import REPLAY, response
from toolkit.models.replay_goods import replay_service
from toolkit.models.replay_thresholds import chances
from toolkit.registry import question
from toolkit.scope.phrases import not_measured, where
from toolkit.scope.view import View
from toolkit.targeting.measures.due_list import STATED, due_list, due_rhythms
from toolkit.wording import share, some

if TYPE_CHECKING:
    import altair as alt

SERVICES = pl.Schema(
    {
        "category": pl.String,
        "contact_count": pl.Int64,
        "expected_buyers": pl.Float64,
        "within_reach_count": pl.Int64,
        "unit_value": pl.Float64,
        "margin_share": pl.Float64,
        **MONEY,
    }
)


@question(
    "differentiation",
    "Would a service touch pay: after the sale, or when goods are due again?",
    words=(
        "after-sale call or message, care without a discount",
        "trade-in offer at the time of replacement",
        "cost per contact against members due again",
        "售后 服务 以旧换新 关怀",
    ),
)
def service(
    view: View,
    *,
    touch: Literal["due", "after_sale"] = "due",
    trade_in: float = 0.0,
    category: str = "",
    budget: float | None = None,
) -> Finding:
    """Return a service touch by category: one row per category that can be served, largest net first.

    `due`: members whose goods are due again or soon (targeting.due_again). Those who will buy here anyway, by their probability, are free
    riders; the others are within reach, at the category's usual unit price. `after_sale`: buyers of the period of goods with a stated
    service life get a touch; what that brings is not measured, so only its cost and break-even are given. A touch has no price effect: its
    cost is that of the contacts, and of the trade-in.

    Parameters
    ----------
    touch
        `due` or `after_sale`.
    trade_in
        Currency units off the new one for the old one (only `due`); 0 = none.
    category
        Names, several behind semicolons; empty = each category by itself.
    budget
        Most that it may cost, in currency units; empty = no limit.

    Returns
    -------
    Answer
        Table columns: `category`; `contact_count` (one per member and category, those who may be contacted); `expected_buyers` (buy here
        anyway; `after_sale`: null); `within_reach_count` (the others); `unit_value` (usual price of one); `margin_share`; and the money
        columns of `differentiation.full_reduction`, sales measured against what is bought anyway.

    Raises
    ------
    BadValue
        A trade-in below zero, a budget of nothing.
    UnknownName
        There is no such category.

    Example
    -------
    >>> tk.differentiation.service(ws, trade_in=20).headline      # doctest: +SKIP
    """
    spend, past = read_budget(budget, "differentiation.service"), Past(view)
    off = (read_amounts(trade_in, "trade_in", view, zero=True) or [0])[0]
    wanted = read_categories(view, category)
    replayed = replayed_due(past, off, wanted) if touch == "due" else _after_sale(past, wanted)
    replayed = replayed.filter(pl.col("contact_count") >= view.settings.scope.minimum_members)
    if replayed.is_empty():
        return _unmeasured(view, past, touch)
    names = view.categories.select("category_code", "category")
    cells = reckoned(past, replayed.join(names, on="category_code", how="left", maintain_order="left"))
    cells = cells.sort("worth", "cost", "category", descending=[True, False, False], nulls_last=True)
    best = best_of(view, cells, spend, "category")
    return Finding(
        headline=_headline(view, cells, best, spend, touch),
        table=_table(view, cells, touch),
        chart=lambda: _chart(view, past, cells, touch),
        notes=_notes(view, past, cells, best, touch, off),
        ask_next=[("targeting.due_again", {}), ("differentiation.offers", {})],
        figures={"best_net_amount": best["net"] / view.minor_units} if best and best["net"] is not None else {},
    )


def replayed_due(past: Past, trade_in: int, wanted: list[int] | None = None) -> pl.DataFrame:
    """Return a touch at due time as `reckon` takes it: one row per group of `past` and category, with `price` (minor units)."""
    view, by = past.view, past.by
    prices = _prices(view)
    contacted = past.members.filter("is_contacted").select("member_code", *by)
    due = due_list(view).join(contacted, on="member_code", maintain_order="left").join(prices, on="category_code", maintain_order="left")
    due = due.filter(pl.lit(True) if wanted is None else pl.col("category_code").is_in(wanted))
    chance = chances(pl.col("purchase_probability")).alias("chance_micro")
    counted = replay_service(due.select("member_code", *by, "category_code", "price", chance), trade_in=trade_in, by=by)
    share_ = view.settings.offers.response_share
    both = (share_ + response(share_, pl.lit(trade_in) / pl.col("price"))).clip(0, 1)
    return past.with_category_margin(counted.join(prices, on="category_code", how="left", maintain_order="left")).with_columns(
        both.alias("response_share")
    )


def _after_sale(past: Past, wanted: list[int] | None) -> pl.DataFrame:
    """Buyers of goods with a stated life in the window: contacts and their sales, nothing within reach."""
    stated = due_rhythms(past.view).filter(pl.col("basis") == STATED)["good_code"].to_list()
    chosen = pl.col("category_code").is_in([code for code in stated if wanted is None or code in wanted])
    bought = past.categories.filter(chosen & (pl.col("orders") > 0)).join(past.members.filter("is_contacted"), on="member_code", how="semi")
    counted = bought.group_by("category_code").agg(
        pl.col("amount").clip(0, None).sum().alias("base_amount"), pl.len().cast(pl.Int64).alias("contact_count")
    )
    zero = pl.lit(0, pl.Int64)
    empty = [zero.alias(name) for name in REPLAY if name not in counted.columns]
    counted = counted.with_columns(*empty, zero.alias("need_count"), pl.lit(None, pl.Float64).alias("expected_buyers"))
    priced = counted.join(_prices(past.view), on="category_code", how="left").sort("category_code")
    return past.with_category_margin(priced).with_columns(pl.lit(0.0).alias("response_share"))


def _prices(view: View) -> pl.DataFrame:
    """The usual price of one unit of each category of counted goods, minor units."""
    units = pl.col("priced_units_milli")
    price = divide_half_up(1000 * pl.col("priced_amount"), pl.when(units > 0).then(units))
    return view.categories.select("category_code", price.alias("price")).filter(pl.col("price") > 0)


def _table(view: View, cells: pl.DataFrame, touch: str) -> pl.DataFrame:
    return cells.select(
        "category",
        "contact_count",
        "expected_buyers",
        "within_reach_count",
        view.major("price").alias("unit_value"),
        "margin_share",
        *money_columns(view),
    ).match_to_schema(SERVICES)


def _headline(view: View, cells: pl.DataFrame, best: dict[str, Any] | None, budget: float | None, touch: str) -> str:
    what = some(cells.height, "category", "categories")
    if best is None:
        return too_dear(
            view, cells, budget or 0, tr("a touch for any of {what}", what=what), str(cells.sort("cost", "category")["category"][0])
        )
    if touch == "after_sale":
        rise = best["break_even_lift"]
        needed = (
            tr("by how much sales must rise cannot be said without a margin")
            if rise is None
            else tr("by how much sales to them must rise, is {rise}", rise=share(rise))
        )
        return tr(
            "{where}, of {what} an after-sale touch is cheapest for {category}: {buyers}, {cost}; {needed}.",
            where=where(view),
            what=what,
            category=best["category"],
            buyers=some(best["contact_count"], "buyer"),
            cost=view.money(best["cost"]),
            needed=needed,
        )
    return tr(
        "{where}, of {what} that members are due for, a touch does best for {category}: of {needs}, some {expected:,.0f} will be met here "
        "anyway, {within_reach:,} are within reach; {outcome}",
        where=where(view),
        what=what,
        category=best["category"],
        needs=some(best["need_count"], "need"),
        expected=best["expected_buyers"],
        within_reach=best["within_reach_count"],
        outcome=outcome(view, best, tr("those buy for being reminded")),
    )


def _notes(view: View, past: Past, cells: pl.DataFrame, best: dict[str, Any] | None, touch: str, off: int) -> list[str | Note]:
    share_ = view.settings.offers.response_share
    notes: list[str | Note] = [
        tr(
            "This is accounting, not a forecast: what contacts cost, and what members are expected to buy anyway. A "
            "touch takes nothing off the price, so nobody gets for nothing what they would have paid for{but_for}.",
            but_for=tr(", but for the trade-in") if off else "",
        )
    ]
    if touch == "due":
        notes.append(
            Note(
                tr(
                    "Assumed, not measured: of the needs that would not be met here, {share} are, for being reminded (setting "
                    "offers.response_share){more}. A campaign with a control group measures it.",
                    share=share(share_, 0),
                    more=tr(", more with the trade-in, in proportion to its share of the price") if off else "",
                ),
                "REVIEW",
            )
        )
    else:
        notes.append(Note(tr("What an after-sale touch brings is not measured: run it with a control group."), "NOT MEASURED"))
    notes += [margin_note(view, past.margin), contact_cost(view)[1]]
    called = tr("a touch for {category}", category=best["category"]) if best else ""
    notes += money_notes(past, cells, best, called, pl.col("category")) if touch == "due" else []
    return notes


def _unmeasured(view: View, past: Past, touch: str) -> Finding:
    what = tr("due for anything") if touch == "due" else tr("a buyer of goods with a stated service life")
    notes: list[str | Note] = [
        Note(tr("Service: too few members who may be contacted are {what} (scope.minimum_members).", what=what), "NOT MEASURED")
    ]
    if not view.has_column("products", "service_life_days"):
        notes.append(not_measured(view, "products", "service_life_days", tr("due dates from stated service lives")))
    n = some(past.members.height, "member")
    return Finding(
        headline=tr(
            "{where}, too few of {n} who may be contacted are {what}: there is nothing to serve.", where=where(view), n=n, what=what
        ),
        table=SERVICES.to_frame(),
        notes=notes,
        ask_next=[("targeting.due_again", {})],
    )


def _chart(view: View, past: Past, cells: pl.DataFrame, touch: str) -> alt.Chart | alt.LayerChart:
    known = past.margin.share is not None and touch == "due"
    drawn = cells.head(15).select("category", view.major("net" if known else "cost").alias("value"), "contact_count")
    what = tr("Expected net") if known else tr("Cost")
    title = tr("Touch when due: {place}", place=view.place) if touch == "due" else tr("Touch after the sale: {place}", place=view.place)
    return ranked_bars(
        drawn, label="category", value="value", n="contact_count", kind="money", ranked=False, value_title=in_currency(what, view),
        title=title, subtitle=tr("{what}; n = contacts", what=what),
    )  # fmt: skip
