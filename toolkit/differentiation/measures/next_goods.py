"""The next goods for each member: what they are most likely to buy that they have not just bought, and one thing that is new to them."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from toolkit.differentiation.measures.tastes import NEVER, Tastes, attach_indices, shop_goods, tastes_of
from toolkit.models.affinity import best_columns
from toolkit.scope.view import View
from toolkit.targeting.measures.due_list import due_list
from toolkit.targeting.measures.goods import labels_of

SLOTS = 2
"""Goods for each member, besides the one that is new to them."""
NEW = "new"
NEXT_GOODS = pl.Schema(
    {
        "member_code": pl.UInt32,
        "slot": pl.String,  # "1", "2": likeliest goods; "new": never bought, goes with their own
        "category_code": pl.UInt32,
        "purchase_probability": pl.Float64,  # buys it within playbook.ahead_days
        "day_count": pl.Int64,  # shopping days with it
        "elapsed_days": pl.Int64,  # null = never bought
        "affinity_index": pl.Float64,
        "wait_days": pl.Float64,
        "is_due": pl.Boolean,
        "product": pl.String,  # last taken; null = none
        "partner_code": pl.UInt32,  # own category that it goes with
        "attach_index": pl.Float64,
    }
)
_CODED = pl.Schema({**NEXT_GOODS, "product": pl.Int64()})  # the product still as a code
_FAMILIES = ("playbook", "sequences", "scope", "goods")
_PARTNERS = 3  # own categories, most days first, to which new goods are attached


def next_goods(view: View) -> pl.DataFrame:
    """Return the next goods of every member of the chain who bought something with a category: schema NEXT_GOODS, sorted.

    Left out: goods bought within playbook.recent_days, or within playbook.recent_wait_share of their usual wait. The rest is ranked by the
    probability of a purchase in the next playbook.ahead_days: the member's own days with the category shrunk to the shop's taste, at the
    member's pace; goods on the list of `due_again` take that list's probability where it is higher. The new one was never bought: of the
    goods that pass the test of `bought_together` with one of the member's own, the one with the highest probability times attach.
    """
    return view.chainwide("next_goods", _next_goods, *_FAMILIES)


def _next_goods(view: View) -> pl.DataFrame:
    goods, attach = shop_goods(view), attach_indices(view)
    due = due_list(view).select("member_code", "category_code", "due_from", pl.col("purchase_probability").alias("due_probability"))
    due = due.filter(pl.col("due_from") <= view.as_of + timedelta(days=view.settings.sequences.due_within_days))
    parts = [_of_batch(view, batch, due, attach) for batch in tastes_of(view, goods)]
    coded = pl.concat(parts) if parts else pl.DataFrame(schema=_CODED)
    names = labels_of(view, "product", coded["product"].drop_nulls().unique().to_list())
    product = pl.col("product").cast(pl.Int64).replace_strict(names, default=None, return_dtype=pl.String)
    return coded.with_columns(product).sort("member_code", "slot")


def _of_batch(view: View, tastes: Tastes, due: pl.DataFrame, attach_of: np.ndarray) -> pl.DataFrame:
    settings, codes = view.settings.playbook, tastes.members["member_code"].to_numpy()
    chance = tastes.probability(settings.ahead_days)
    mine = due.filter(pl.col("member_code").is_between(codes[0], codes[-1]) & pl.col("member_code").is_in(codes.tolist()))
    at = np.searchsorted(codes, mine["member_code"].to_numpy()), mine["category_code"].to_numpy()
    is_due = np.zeros(chance.shape, dtype=bool)
    is_due[at] = True
    chance[at] = np.maximum(chance[at], mine["due_probability"].to_numpy())
    closed = tastes.too_recent(settings.recent_days, settings.recent_wait_share) | ~tastes.goods.is_offered
    scores = np.where(closed, -np.inf, chance)
    best, _ = best_columns(scores, SLOTS)
    attach, partner = _attached(tastes, attach_of, settings.own_least_days)
    never = tastes.elapsed >= NEVER
    fresh, _ = best_columns(np.where(never & ~closed & (attach > 0), chance * attach, -np.inf), 1)
    slots = [(str(slot + 1), best[:, slot]) for slot in range(SLOTS)] + [(NEW, fresh[:, 0])]
    return pl.concat([_rows(tastes, slot, column, chance, is_due, attach, partner) for slot, column in slots])


def _attached(tastes: Tastes, attach_of: np.ndarray, least_days: int) -> tuple[np.ndarray, np.ndarray]:
    """How strongly each category goes with the member's own, at best, and with which (members x categories; 0 and -1 = with none)."""
    own, _ = best_columns(np.where(tastes.days >= least_days, tastes.days, -np.inf), _PARTNERS)
    attach, partner = np.zeros(tastes.days.shape), np.full(tastes.days.shape, -1)
    for place in range(_PARTNERS):
        with_it = np.where((own[:, place] >= 0)[:, None], attach_of[own[:, place]], 0)
        better = with_it > attach
        attach = np.where(better, with_it, attach)
        partner = np.where(better, own[:, place][:, None], partner)
    return attach, partner


def _rows(
    tastes: Tastes, slot: str, column: np.ndarray, chance: np.ndarray, is_due: np.ndarray, attach: np.ndarray, partner: np.ndarray
) -> pl.DataFrame:
    chosen = np.flatnonzero(column >= 0)
    at = chosen, column[chosen]
    elapsed, wait, product, own = tastes.elapsed[at], tastes.wait[at], tastes.product[at], partner[at]
    rows = pl.DataFrame(
        {
            "member_code": tastes.members["member_code"].to_numpy()[chosen],
            "slot": [slot] * len(chosen),
            "category_code": at[1],
            "purchase_probability": chance[at],
            "day_count": tastes.days[at].astype(np.int64),
            "elapsed_days": elapsed,
            "affinity_index": tastes.index[at],
            "wait_days": wait,
            "is_due": is_due[at],
            "product": product,
            "partner_code": own,
            "attach_index": attach[at],
        }
    )
    return rows.with_columns(
        pl.when(pl.col("elapsed_days") < NEVER).then("elapsed_days"),
        pl.col("wait_days").fill_nan(None),
        *[pl.when(pl.col(name) >= 0).then(name) for name in ("product", "partner_code")],
    ).cast(_CODED)
