"""Second piece half price, buy two get one: a depth off every n-th piece of one good on a receipt, replayed piece by piece."""

from __future__ import annotations

import polars as pl

from toolkit.answer import Finding
from toolkit.differentiation.measures.amounts import read_budget, read_share
from toolkit.differentiation.measures.past import BASIS_POINTS, Past, basis_points
from toolkit.differentiation.methods.discount import read_categories
from toolkit.differentiation.methods.method import BEST_NET
from toolkit.differentiation.methods.side_by_side import offers_method, offers_table, past_of, tell_offers, with_response
from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.ledger.offer import Offer, plain
from toolkit.models.replay_pieces import replay_nth_piece
from toolkit.registry import question
from toolkit.scope.view import View

NAMED = pl.col("category").is_not_null() & ~pl.col("category").str.contains(r"[;|\n]")
"""A category that an offer can name."""


def replayed_pieces(past: Past, nth: int, depth_bp: int, wanted: list[int] | None = None) -> pl.DataFrame:
    """Return a depth off every `nth` piece as `reckon` takes it: one row per group of `past` and category, by default all."""
    goods = past.pieces if wanted is None else past.pieces.filter(pl.col("category_code").is_in(wanted))
    counted = past.with_category_margin(replay_nth_piece(goods, nth=nth, depth_bp=depth_bp, by=past.by))
    return with_response(past, counted, pl.lit(depth_bp / nth / BASIS_POINTS))


def _replay(past: Past, offer: Offer) -> pl.DataFrame:
    return replayed_pieces(past, offer.nth or 2, basis_points(offer.depth), read_categories(past.view, ";".join(offer.categories)))


def sold_in_pieces(past: Past, least: int) -> list[str]:
    """Return the categories that an offer can name and that so many receipts hold in whole pieces, the largest first."""
    held = past.pieces.group_by("category_code").agg(pl.len().alias("receipts"), pl.col("amount").sum())
    named = past.with_category(held.filter(pl.col("receipts") >= least)).filter(NAMED)
    return named.sort("amount", "category", descending=[True, False])["category"].to_list()


NTH_PIECE = offers_method(
    offers_table("receipts with a full set of a good", "receipts that lack one piece to the next full set"),
    replay=_replay,
    proposed=lambda past: past.with_category(replayed_pieces(past, 2, BASIS_POINTS // 2)).filter(
        NAMED, pl.col("free_rider_count") + pl.col("within_reach_count") >= past.view.least
    ),
    text=lambda view, cell: f"nth_piece 2 50% on {cell['category']}",
    keys=("category",),
)


@question(
    "differentiation",
    "What would the second piece at half price cost us, and on which goods?",
    words=(
        "second piece half price, buy two get one free, who buys two anyway",
        "every third piece free, buy one get one",
        "how many receipts lack one more piece",
        "第二件半价 买二赠一 买一送一 多买优惠",
    ),
    tables=NTH_PIECE.table,
    figures=BEST_NET,
)
def nth_piece(view: View, *, nth: int = 2, depth: float = 0.5, category: str = "", top: int = 30, budget: float | None = None) -> Finding:
    """Return a depth off every n-th piece of one good on a receipt, category by category: one row per offer, largest net first.

    Accounting: a receipt that holds a full set of a good anyway is a free rider, once for each full set. Within reach are receipts that
    lack one piece to the next set; setting offers.response_share says what part of them buys it, at the depth over the pieces of a set
    (half price on the second is a quarter off). Pieces of one good count, at the mean price that the receipt paid for it; what the same
    receipt takes back does not count, what a later receipt takes back does. Goods sold by weight have no pieces.

    Parameters
    ----------
    nth
        Which piece gets cheaper: 2 = every second, 3 = buy two, get one.
    depth
        Share taken off it, 0..1: 0.5 = half price, 1 = free.
    category
        Names, several behind semicolons: one offer on all of them; empty = each category by itself.
    top
        Rows at most; 0 = all.
    budget
        Most that it may cost over a window like the period, in currency units; empty = no limit.

    Raises
    ------
    BadValue
        A piece that is not from 2 to 12, a depth that is no share, a budget of nothing.
    UnknownName
        There is no such category.

    Example
    -------
    >>> tk.differentiation.nth_piece(ws, nth=3, depth=1.0, category="COFFEE").headline      # doctest: +SKIP
    """
    spend = read_budget(budget, "differentiation.nth_piece")
    depth_bp = read_share(depth, "depth")
    if not 2 <= nth <= 12:
        raise BadValue(tr("nth is {nth}; 2 (every second piece) to 12 was needed.", nth=nth))
    read_categories(view, category)
    past, left_out = past_of(view)
    names = [category] if category.strip() else sold_in_pieces(past, view.least)
    offers = [Offer.parse(f"nth_piece {nth} {plain(depth_bp / 100)}% on {name}") for name in names]
    rules = tr(
        "Pieces of one good on one receipt count, at the mean price the receipt paid for it, rounded once; what the same receipt takes "
        "back is taken off first, what a later receipt takes back is not. What is sold by weight has no pieces."
    )
    return tell_offers(
        past, left_out, NTH_PIECE, offers, spend, called=tr("offer on the n-th piece"), notes=[rules],
        ask_next=[("targeting.units_per_order", {})], top=top,
    )  # fmt: skip
