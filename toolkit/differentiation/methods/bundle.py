"""Bundle: one piece of each of some goods together, for a price or with a depth off, replayed receipt by receipt."""

from __future__ import annotations

from itertools import combinations

import polars as pl

from toolkit.answer import Finding
from toolkit.differentiation.measures.amounts import read_amounts, read_budget, read_share
from toolkit.differentiation.measures.past import BASIS_POINTS, Past, basis_points
from toolkit.differentiation.methods.discount import read_categories
from toolkit.differentiation.methods.method import BEST_NET
from toolkit.differentiation.methods.nth_piece import sold_in_pieces
from toolkit.differentiation.methods.service import usual_prices
from toolkit.differentiation.methods.side_by_side import (
    depth_of,
    no_replay,
    offers_method,
    offers_table,
    past_of,
    tell_offers,
    with_response,
)
from toolkit.language import tr
from toolkit.ledger.offer import Offer, plain
from toolkit.models.replay_pieces import replay_bundle
from toolkit.registry import question
from toolkit.scope.view import View

LARGEST = 6
"""Categories of which every pair is tried where no goods are named: fifteen pairs."""


def replayed_bundle(past: Past, chosen: list[int], price: int | None, depth_bp: int) -> pl.DataFrame:
    """Return a set of goods as `reckon` takes it: one row per group of `past` with one of them."""
    counted = replay_bundle(past.pieces, usual_prices(past.view), chosen, price=price, depth_bp=depth_bp, by=past.by)
    whole = pl.col("set_amount")
    depth = depth_of(depth_bp) if price is None else (whole - price).clip(0, None) / pl.when(whole > 0).then(whole)
    return with_response(past, past.with_margin(counted), depth)


def _replay(past: Past, offer: Offer) -> pl.DataFrame:
    chosen = read_categories(past.view, ";".join(offer.categories)) or []
    return replayed_bundle(past, chosen, None if offer.value is None else past.minor(offer.value), basis_points(offer.depth))


def _proposed(past: Past) -> pl.DataFrame:
    codes = dict(past.view.categories.select("category", "category_code").iter_rows())
    pairs = combinations(sold_in_pieces(past, past.view.least)[:LARGEST], 2)
    rows = [
        replayed_bundle(past, [codes[name] for name in pair], None, BASIS_POINTS // 10).with_columns(pl.lit("; ".join(pair)).alias("goods"))
        for pair in pairs
    ]
    return pl.concat(rows) if rows else no_replay(past)


BUNDLE = offers_method(
    offers_table("receipts with a full set", "receipts that lack one good of the set"),
    replay=_replay,
    proposed=_proposed,
    text=lambda view, cell: f"bundle 10% on {cell['goods']}",
    keys=("goods",),
)


@question(
    "differentiation",
    "What would a bundle of goods cost us, and which goods go into one?",
    words=(
        "bundle price for goods bought together, meal deal, set of goods",
        "who buys the whole set anyway, who lacks one good of it",
        "套餐 组合价 搭配销售 捆绑",
    ),
    tables=BUNDLE.table,
    figures=BEST_NET,
)
def bundle(
    view: View,
    *,
    goods: str | list[str] = "",
    price: str | float | list[float] = "",
    depth: float = 0.1,
    top: int = 30,
    budget: float | None = None,
) -> Finding:
    """Return bundles of one piece of each of some categories, for a price or with a share off: one row per offer, largest net first.

    Accounting: a receipt that holds a piece of each anyway is a free rider, for as many sets as it holds. Within reach are receipts that
    hold all goods of the set but one; setting offers.response_share says what part of them buys one piece of it at the usual price, at the
    depth that the set takes off. Pieces cost the mean price that the receipt paid for the category.

    Parameters
    ----------
    goods
        Two categories or more, in a list or behind semicolons: one bundle; one = with each of the largest categories sold in pieces; empty
        = each pair of these.
    price
        What a set costs, in currency units, one or several; empty = `depth` off instead.
    depth
        Share off the set, 0..1, where no price is given.
    top
        Rows at most; 0 = all.
    budget
        Most that it may cost over a window like the period, in currency units; empty = no limit.

    Raises
    ------
    BadValue
        A category twice, a price that is none, a depth that is no share, a budget of nothing.
    UnknownName
        There is no such category.

    Example
    -------
    >>> tk.differentiation.bundle(ws, goods="COFFEE; MILK", price=5).headline      # doctest: +SKIP
    """
    spend, prices = read_budget(budget, "differentiation.bundle"), read_amounts(price, "price", view)
    depth_bp = read_share(depth, "depth", most=0.9)
    named = [name.strip() for name in (goods.split(";") if isinstance(goods, str) else goods) if name.strip()]
    read_categories(view, ";".join(named))
    past, left_out = past_of(view)
    sets = ["; ".join(pair) for pair in _sets(named, sold_in_pieces(past, view.least)[:LARGEST])]
    worth = [plain(one / view.minor_units) for one in prices] or [f"{plain(depth_bp / 100)}%"]
    offers = [Offer.parse(f"bundle {one} on {names}") for names in sets for one in worth]
    rules = tr(
        "A set is one piece of each category, at the mean price the receipt paid for it, rounded once a category; a price above what the "
        "pieces cost takes nothing off. What the same receipt takes back is taken off first."
    )
    return tell_offers(
        past, left_out, BUNDLE, offers, spend, called=tr("bundle"), notes=[rules], ask_next=[("targeting.bought_together", {})], top=top,
    )  # fmt: skip


def _sets(named: list[str], largest: list[str]) -> list[tuple[str, ...]]:
    """The goods of each bundle: those named, one that is named with each of the largest, or every pair of these."""
    if len(named) > 1:
        return [tuple(named)]
    if named:
        return [(named[0], other) for other in largest if other.casefold() != named[0].casefold()]
    return list(combinations(largest, 2))
