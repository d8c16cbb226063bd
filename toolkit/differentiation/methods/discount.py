"""Discount: a depth off whole categories, replayed on what the members bought: free riders and the break-even lift by category."""

from __future__ import annotations

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.differentiation.measures.amounts import DEPTH_BP, read_budget, read_share
from toolkit.differentiation.measures.past import BASIS_POINTS, Past, accounting_notes, basis_points
from toolkit.differentiation.methods.method import BEST_NET, MONEY, Method, answered, money_bars, nothing_to_replay, ranked, reckoned
from toolkit.errors import unknown_name
from toolkit.language import later, tr
from toolkit.ledger.offer import Offer
from toolkit.models.replay import response
from toolkit.models.replay_goods import replay_discount
from toolkit.registry import question
from toolkit.scope.view import View
from toolkit.wording import listing


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


def _of_category(depth_bp: int) -> pl.Expr:
    """By which share a category's sales must rise to keep its margin at a depth: depth / (margin - depth); null where none does."""
    depth = depth_bp / BASIS_POINTS
    left = pl.col("margin_share") - depth
    return (depth / pl.when(left > 0).then(left)).alias("break_even_lift")


def _replay(past: Past, offer: Offer) -> pl.DataFrame:
    return replayed_discount(past, basis_points(offer.depth), read_categories(past.view, ";".join(offer.categories)))


def _proposed(past: Past) -> pl.DataFrame:
    """A tenth off each category that an offer can name and that enough members buy."""
    goods = replayed_discount(past, DEPTH_BP).filter(pl.col("free_rider_count") >= past.view.least)
    return past.with_category(goods).filter(pl.col("category").is_not_null() & ~pl.col("category").str.contains(r"[;|\n]"))


DISCOUNT = Method(
    table=c.table(
        "one row per category, largest net first",
        c.text("category"),
        c.money("sales", "Sales", "to the members in it"),
        c.members("free_rider_count", "Get it anyway", "buyers of the period"),
        c.members("within_reach_count", "Within reach", "members who come and know the category, but did not buy it in the period"),
        c.share("margin_share", "Margin", "of the category", null="not known"),
        *MONEY,
    ),
    figures=lambda view: [
        pl.col("category", "free_rider_count", "within_reach_count", "margin_share"),
        view.major("base_amount").alias("sales"),
    ],
    keys=("category",),
    headline=later(
        "{where}, of a discount of {depth:share} on any of {n:category|categories}, {category} does best: {free_rider_count:buyer} take "
        "{sales} of it anyway, {within_reach_count:member} [is_one?knows|know] it and did not buy; it costs {cost_amount}[leaves? and "
        "leaves {net_amount} net, if {response_share} of those buy it.][loses? and loses {loss:money}: to pay for itself [rise_pays?its "
        "sales must rise by {break_even_share}|no rise of its sales is enough]. Doing nothing is better on these figures.][no_margin? for "
        "{extra_sales} of extra sales; what that leaves is not known without a margin.]"
    ),
    too_dear=later(
        "{where}, none of a discount of {depth:share} on any of {n:category|categories} fits a budget of {budget:money}: the cheapest, "
        "{category}, costs {cost_amount}."
    ),
    called=later("{depth:share} off {category}"),
    label="{category}",
    replay=_replay,
    proposed=_proposed,
    text=lambda view, cell: f"discount 10% on {cell['category']}",
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
    tables=DISCOUNT.table,
    figures=BEST_NET,
)
def discount(view: View, *, depth: float = 0.1, category: str = "", top: int = 30, budget: float | None = None) -> Finding:
    """Return a discount on each category, counted on what the members bought in the period: one row per category, largest net first.

    Accounting: buyers of the period are free riders, all their spend gets cheaper. Within reach are members who come, and have bought the
    category before, but not in the period; setting offers.response_share says what part of them would spend what a buyer did. To keep its
    margin, a category's sales must rise by depth / (margin - depth): null where the depth takes all of it and no rise is enough.

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
    bought = replayed_discount(past, depth_bp, read_categories(view, category))
    replayed = bought.filter(pl.col("free_rider_count") >= view.least)
    if replayed.is_empty():
        need = view.say("purchase by {least} members of one category") if bought.height else tr("purchase of such goods")
        return nothing_to_replay(past, DISCOUNT.table, tr("discount"), need)
    cells = ranked(past.with_category(reckoned(past, replayed)).with_columns(_of_category(depth_bp)), DISCOUNT.keys)
    assumed = view.say(
        "Assumed, not measured: at a discount of 10%, {offers.response_share:.0%} of the members who know a category and did not buy it "
        "spend what its buyers do, in proportion at other depths (setting offers.response_share). Buyers are taken to buy no more than "
        "they did. A campaign with a control group measures it."
    )
    more_notes = list[str | Note]()
    lost = cells.filter(pl.col("break_even_lift").is_null() & pl.col("margin_share").is_not_null())
    if lost.height:
        unpaid = view.say(
            "No rise of sales pays a discount of {depth:share} on {n:category|categories} whose margin is no larger "
            "({names}[is_cut?, ...]).",
            depth=depth, n=lost.height, is_cut=lost.height > 3,
            names=listing([str(name) for name in lost.sort("base_amount", descending=True)["category"].head(3)]),
        )  # fmt: skip
        more_notes.append(Note(unpaid, "REVIEW"))
    if few := bought.height - replayed.height:
        more_notes.append(view.say("Left out: {few:category|categories} with fewer than {least} buyers.", few=few))
    return answered(
        DISCOUNT, past, cells, spend, notes=accounting_notes(past, assumed), more_notes=more_notes,
        more=lambda cell: {"is_one": view.least <= cell["within_reach_count"] == 1},
        chart=lambda table, best: money_bars(
            DISCOUNT, past, table, n="free_rider_count", most=15, title=view.say("{depth:share} off a category: {place}", depth=depth),
            subtitle=later("{what}, {period}; n = members who bought it anyway"),
        ),
        ask_next=[("differentiation.offers", {}), ("differentiation.member_day", {})], top=top, depth=depth,
    )  # fmt: skip
