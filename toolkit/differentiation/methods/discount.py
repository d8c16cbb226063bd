"""Discount: a depth off whole categories, replayed on what the members bought: free riders and the break-even lift by category."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.differentiation.measures.amounts import read_budget, read_share
from toolkit.differentiation.measures.past import BASIS_POINTS, Past, accounting_notes
from toolkit.differentiation.measures.reckoning import (
    MONEY,
    best_of,
    in_currency,
    money_columns,
    money_notes,
    nobody,
    outcome,
    reckoned,
    too_dear,
)
from toolkit.errors import unknown_name
from toolkit.language import tr, trn
from toolkit.models.replay import response
from toolkit.models.replay_goods import replay_discount
from toolkit.registry import question
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.wording import listing, share, some

if TYPE_CHECKING:
    import altair as alt

DISCOUNTS = pl.Schema(
    {
        "category": pl.String,
        "sales": pl.Float64,
        "free_rider_count": pl.Int64,
        "within_reach_count": pl.Int64,
        "margin_share": pl.Float64,
        **MONEY,
    }
)


@question(
    "differentiation",
    "What would a discount on a category cost us, and how much more must it sell?",
    words=(
        "discount depth by category, break even lift",
        "price off on a category: who buys it anyway",
        "how deep a markdown can we afford",
        "折扣 打折 品类 盈亏平衡",
    ),
)
def discount(view: View, *, depth: float = 0.1, category: str = "", top: int = 30, budget: float | None = None) -> Finding:
    """Return a discount on each category, counted on what the members bought in the period: one row per category, largest net first.

    Accounting: buyers of the period are free riders, all their spend gets cheaper. Within reach are members who come, and have bought the
    category before, but not in the period; setting offers.response_share says what part of them would spend what a buyer did.

    Parameters
    ----------
    depth
        Share taken off, 0..1: 0.1 = 10%.
    category
        Names, several behind semicolons; empty = each category by itself.
    top
        Rows at most; 0 = all. Categories with fewer buyers than scope.minimum_members are left out.
    budget
        Most that it may cost over a window like this, in currency units; empty = no limit.

    Returns
    -------
    Answer
        Table columns: `category`; `sales` of the members in it; `free_rider_count` (buyers), `within_reach_count` (members),
        `margin_share` (of the category; null = not known); and the money columns of `differentiation.full_reduction`, where
        `break_even_share` is that of the category: at this depth its sales must rise by depth / (margin - depth) to keep its margin (null
        where the depth takes all of it: no rise is enough).

    Raises
    ------
    BadValue
        A depth that is no share, a budget of nothing.
    UnknownName
        There is no such category.

    Example
    -------
    >>> tk.differentiation.discount(ws, depth=0.15, category="COFFEE").headline      # doctest: +SKIP
    """
    spend, past = read_budget(budget, "differentiation.discount"), Past(view)
    depth_bp = read_share(depth, "depth", most=0.9)
    wanted = read_categories(view, category)
    replayed = replayed_discount(past, depth_bp, wanted)
    bought = replayed.height
    replayed = replayed.filter(pl.col("free_rider_count") >= view.settings.scope.minimum_members)
    if replayed.is_empty():
        need = tr("purchase by {minimum_members} members of one category", minimum_members=view.settings.scope.minimum_members)
        return nobody(view, past, tr("discount"), DISCOUNTS, need=need if bought else tr("purchase of such goods"))
    cells = reckoned(past, replayed).join(view.categories.select("category_code", "category"), on="category_code", how="left")
    cells = cells.with_columns(of_category(depth_bp)).sort("worth", "cost", "category", descending=[True, False, False], nulls_last=True)
    best = best_of(view, cells, spend, "category")
    return Finding(
        headline=_headline(view, cells, best, spend, depth),
        table=_table(view, cells.head(top) if top > 0 else cells),
        chart=lambda: _chart(view, past, cells, depth),
        notes=_notes(view, past, cells, best, depth, bought - replayed.height),
        ask_next=[("differentiation.offers", {}), ("differentiation.member_day", {})],
        figures={"best_net_amount": best["net"] / view.minor_units} if best and best["net"] is not None else {},
    )


def read_categories(view: View, text: str) -> list[int] | None:
    """Return the codes of the categories named, None where none is named.

    Raises
    ------
    UnknownName
        There is no such category; the nearest is named.
    """
    names = [name.strip() for name in text.split(";") if name.strip()]
    known = dict(view.categories.select("category", "category_code").iter_rows())
    folded = {str(name).casefold(): code for name, code in known.items()}
    for name in names:
        if name.casefold() not in folded:
            raise unknown_name("category", name, known, where=tr("The products table"))
    return [folded[name.casefold()] for name in names] or None


def replayed_discount(past: Past, depth_bp: int, wanted: list[int] | None = None) -> pl.DataFrame:
    """Return a discount as `reckon` takes it: one row per group of `past` and category (`category_code`), by default all that were sold."""
    view, by = past.view, past.by
    chosen = pl.lit(True) if wanted is None else pl.col("category_code").is_in(wanted)
    bought = past.categories.filter(chosen & (pl.col("orders") > 0) & (pl.col("amount") > 0)).select(
        "member_code", *by, "category_code", "amount"
    )
    coming = past.baskets.select("member_code", *by).unique()
    ever = view.member_category.filter(chosen & (pl.col("order_count") > 0)).select("member_code", "category_code").collect()
    knew = ever.join(coming, on="member_code")
    replayed = replay_discount(bought, knew, depth_bp=depth_bp, by=by)
    depth = response(view.settings.offers.response_share, pl.lit(depth_bp / BASIS_POINTS))
    return past.with_category_margin(replayed).with_columns(depth.alias("response_share"))


def of_category(depth_bp: int) -> pl.Expr:
    """Return by which share a category's sales must rise to keep its margin at a depth: depth / (margin - depth); null where none does."""
    depth = depth_bp / BASIS_POINTS
    left = pl.col("margin_share") - depth
    return (depth / pl.when(left > 0).then(left)).alias("break_even_lift")


def _table(view: View, cells: pl.DataFrame) -> pl.DataFrame:
    return cells.select(
        "category",
        view.major("base_amount").alias("sales"),
        "free_rider_count",
        "within_reach_count",
        "margin_share",
        *money_columns(view),
    ).match_to_schema(DISCOUNTS)


def _headline(view: View, cells: pl.DataFrame, best: dict[str, Any] | None, budget: float | None, depth: float) -> str:
    what = tr("a discount of {depth} on any of {categories}", depth=share(depth), categories=some(cells.height, "category", "categories"))
    if best is None:
        return too_dear(view, cells, budget or 0, what, str(cells.sort("cost", "category")["category"][0]))
    return trn(
        "{where}, of {what}, {category} does best: {buyers} take {sales} of it anyway, {members} knows it and did not buy; {outcome}",
        "{where}, of {what}, {category} does best: {buyers} take {sales} of it anyway, {members} know it and did not buy; {outcome}",
        best["within_reach_count"],
        where=where(view),
        what=what,
        category=best["category"],
        buyers=some(best["free_rider_count"], "buyer"),
        sales=view.money(best["base_amount"]),
        members=some(best["within_reach_count"], "member"),
        outcome=outcome(view, best, tr("those buy it"), what=tr("its sales")),
    )


def _notes(view: View, past: Past, cells: pl.DataFrame, best: dict[str, Any] | None, depth: float, few: int) -> list[str | Note]:
    settings = view.settings.offers
    notes = accounting_notes(
        past,
        tr(
            "at a discount of 10%, {response_share} of the members who know a category and did not buy it spend what its "
            "buyers do, in proportion at other depths (setting offers.response_share). Buyers are taken to buy no more "
            "than they did.",
            response_share=share(settings.response_share, 0),
        ),
    )
    called = tr("{depth} off {category}", depth=share(depth), category=best["category"]) if best else ""
    notes += money_notes(past, cells, best, called, pl.col("category").fill_null("(none)"))
    lost = cells.filter(pl.col("break_even_lift").is_null() & pl.col("margin_share").is_not_null())
    if lost.height:
        names = listing([str(name) for name in lost.sort("base_amount", descending=True)["category"].head(3)])
        said = tr(
            "No rise of sales pays a discount of {depth} on {categories} whose margin is no larger ({names}{more}).",
            depth=share(depth),
            categories=some(lost.height, "category", "categories"),
            names=names,
            more=tr(", ...") if lost.height > 3 else "",
        )
        notes.append(Note(said, "REVIEW"))
    if few:
        notes.append(
            tr(
                "Left out: {categories} with fewer than {minimum_members} buyers.",
                categories=some(few, "category", "categories"),
                minimum_members=view.settings.scope.minimum_members,
            )
        )
    return notes


def _chart(view: View, past: Past, cells: pl.DataFrame, depth: float) -> alt.Chart | alt.LayerChart:
    known = past.margin.share is not None
    drawn = cells.head(15).select("category", view.major("net" if known else "cost").alias("value"), "free_rider_count")
    what = tr("Expected net") if known else tr("Cost")
    return ranked_bars(
        drawn, label="category", value="value", n="free_rider_count", kind="money", ranked=False, value_title=in_currency(what, view),
        title=tr("{depth} off a category: {place}", depth=share(depth), place=view.place),
        subtitle=tr("{what}, {period}; n = members who bought it anyway", what=what, period=view.period),
    )  # fmt: skip
