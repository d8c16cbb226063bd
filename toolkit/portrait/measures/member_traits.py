"""What the portrait knows of a member, as columns that an audience's expression can name."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from toolkit.portrait.measures.favourites import HABITS
from toolkit.portrait.rfm import rfm_scores
from toolkit.portrait.traits import lists_of, traits_of
from toolkit.scope.view import View

_FAMILIES = ("lifecycle", "value", "sensitivity", "lifetime_value", "habits")
_LISTS = ("tastes", "personas")
_SCORES = ("segment", "r_score", "f_score", "m_score")


def trait_columns(view: View) -> tuple[str, ...]:
    """Return the names of the traits: those of `tk.portrait.traits`, and the RFM segment with its scores."""
    settings = view.settings.lifetime_value
    return (
        *_SCORES,
        "stage", "recency_days",
        "spending_power", "order_value_level", "price_tier_level", "spend_per_month", "order_value", "price_tier_index",
        "promo_dependence", "coupon_affinity", "promo_level", "coupon_level", "discount_share", "coupon_days_28d", "shopping_days",
        "purchase_probability", f"expected_spend_{settings.spend_days}d", f"expected_spend_{settings.year_days}d", "value_decile",
        *[f"favourite_{habit}" for habit in HABITS],
        *_LISTS,
    )  # fmt: skip


def member_traits(view: View, names: Sequence[str]) -> pl.DataFrame:
    """Return the traits `names` of every member of the chain: `member_code` and a column each, money in currency units."""
    chain = view.chain
    made = chain.population.select("member_code", "member_id")
    others = set(names) - set(_SCORES)
    if others & set(_LISTS):  # persona rules are a file that may change at any time: not kept
        made = made.join(lists_of(chain, chain.population), on="member_code", how="left", maintain_order="left")
    if others - set(_LISTS):
        traits = chain.chainwide("member_traits", lambda whole: traits_of(whole, whole.population).drop(_LISTS), *_FAMILIES)
        made = made.join(traits.drop("member_id"), on="member_code", how="left", maintain_order="left")
    if set(names) & set(_SCORES):
        scores = rfm_scores(chain).select("member_id", *_SCORES)
        made = made.join(scores, on="member_id", how="left", maintain_order="left")
    return made.select("member_code", *names)
