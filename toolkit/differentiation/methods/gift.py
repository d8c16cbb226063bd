"""Gift with purchase: a thing with every basket from an amount on, at what it costs the shop."""

from __future__ import annotations

import polars as pl

from toolkit.answer import Finding
from toolkit.differentiation.measures.amounts import proposed_thresholds, read_amounts, read_budget, round_amount, tenths_off
from toolkit.differentiation.measures.past import Past, reach_bp
from toolkit.differentiation.methods.method import BEST_NET
from toolkit.differentiation.methods.side_by_side import no_replay, offers_method, offers_table, past_of, tell_offers, with_response
from toolkit.errors import unknown_name
from toolkit.language import tr
from toolkit.ledger.offer import Offer, plain
from toolkit.models.replay_members import replay_gift
from toolkit.models.replay_thresholds import replay_full_reduction
from toolkit.registry import question
from toolkit.scope.view import View


def unit_cost(view: View, product: str) -> int | None:
    """Return what one piece of a product costs the shop, in minor units, by its id or name; None where the shop does not say.

    Raises
    ------
    UnknownName
        There is no such product.
    """
    table = view.workspace.table("products")
    known = table.collect() if table is not None else pl.DataFrame({"product_id": pl.Series([], dtype=pl.String)})
    wanted = product.casefold()
    for column in ("product_id", "name"):
        if column in known.columns:
            rows = known.filter(pl.col(column).str.to_lowercase() == wanted)
            if rows.height:
                return None if "unit_cost" not in rows.columns or rows["unit_cost"][0] is None else int(rows["unit_cost"][0])
    raise unknown_name("product", product, known["product_id"].to_list(), where=tr("The products table"))


def replayed_gift(past: Past, threshold: int, cost: int) -> pl.DataFrame:
    """Return a gift as `reckon` takes it: one row per group of `past`."""
    counted = replay_gift(replay_full_reduction(past.baskets, [threshold], [0], reach_bp=reach_bp(past.view), by=past.by), cost)
    return with_response(past, past.with_margin(counted), pl.lit(cost / threshold)).with_columns(
        pl.lit(threshold, pl.Int64).alias("threshold"), pl.lit(cost, pl.Int64).alias("gift_cost")
    )


def _replay(past: Past, offer: Offer) -> pl.DataFrame:
    cost = unit_cost(past.view, offer.gift) if offer.gift else past.minor(offer.value)
    return no_replay(past) if cost is None else replayed_gift(past, past.minor(offer.threshold), cost)


def _proposed(past: Past) -> pl.DataFrame:
    pairs = tenths_off(past.baskets["amount"], past.view.settings.offers.grid_thresholds)
    return pl.concat([replayed_gift(past, *pair) for pair in pairs]) if pairs else no_replay(past)


def _needs(past: Past, offer: Offer | None) -> str | None:
    if offer is None or not offer.gift or unit_cost(past.view, offer.gift) is not None:
        return None
    return tr("the unit cost of {gift} (column `unit_cost` of the table `products`)", gift=offer.gift)


GIFT = offers_method(
    offers_table("baskets at or above the amount", "baskets that lack little of it"),
    replay=_replay,
    proposed=_proposed,
    text=lambda view, cell: f"gift {plain(cell['gift_cost'] / view.minor_units)} from {plain(cell['threshold'] / view.minor_units)}",
    keys=("threshold", "gift_cost"),
    needs=_needs,
)


@question(
    "differentiation",
    "What would a gift with purchase cost us, and from which basket on?",
    words=(
        "gift with purchase, free gift from an amount on, who gets the gift anyway",
        "spend 200 and get a present",
        "满赠 满额赠 赠品 买赠 礼品",
    ),
    tables=GIFT.table,
    figures=BEST_NET,
)
def gift(
    view: View,
    *,
    threshold: str | float | list[float] = "",
    value: str | float | list[float] = "",
    product: str = "",
    budget: float | None = None,
) -> Finding:
    """Return a gift with every basket from an amount on: one row per amount and gift, largest net first.

    Accounting: baskets at or above the amount get it anyway. Within reach are baskets that lack at most setting offers.reach_share of it;
    setting offers.response_share says what part of them tops up to just the amount, at the gift's cost over the amount. A gift costs what
    it costs the shop, not what its price is: the unit cost of a product, or an amount that is stated. One gift a basket.

    Parameters
    ----------
    threshold
        From which basket on, in currency units, one or several; empty = proposed from the members' own baskets.
    value
        What one gift costs the shop, in currency units, one or several; empty = a tenth of the amount.
    product
        The gift itself, by its id or name: its unit cost is taken (what is missing is said).
    budget
        Most that it may cost over a window like the period, in currency units; empty = no limit.

    Raises
    ------
    BadValue
        An amount that is none, a gift that costs as much as the basket, a budget of nothing.
    UnknownName
        There is no such product.

    Example
    -------
    >>> tk.differentiation.gift(ws, threshold=200, value=12).headline      # doctest: +SKIP
    """
    spend, limits = read_budget(budget, "differentiation.gift"), read_amounts(threshold, "threshold", view)
    costs = read_amounts(value, "value", view)
    past, left_out = past_of(view)
    limits = limits or ([] if past.baskets.is_empty() else proposed_thresholds(past.baskets["amount"], 6))
    named = product.strip()
    if named:
        unit_cost(view, named)
    texts = [
        f"gift {f'of {named}' if named else plain(cost / view.minor_units)} from {plain(limit / view.minor_units)}"
        for limit in limits
        for cost in (costs if costs and not named else [round_amount(limit / 10)])
    ]
    rules = tr(
        "A gift costs what it costs the shop, not its price on the shelf; one gift a basket. Returns on a later receipt do not bring it "
        "back."
    )
    return tell_offers(
        past, left_out, GIFT, [Offer.parse(text) for text in texts], spend, called=tr("gift with purchase"), notes=[rules],
        ask_next=[("differentiation.full_reduction", {})],
    )  # fmt: skip
