"""The columns of the members table and the traits of members, declared: what each is called and how it is formatted.

What an audience's expression speaks of (`View.readable` and `scope.traits`). A column that the shop's own members table adds is text under
its own name.
"""

from __future__ import annotations

from toolkit import columns as c
from toolkit.columns import Column

_TABLE = (
    c.text("member_id", "Member"),
    c.day("first_ordered_on", "First ordered on"),
    c.day("last_ordered_on", "Last ordered on"),
    c.count("order_count", "Orders"),
    c.count("return_order_count", "Returns"),
    c.count("day_count", "Shopping days"),
    c.count("active_month_count", "Months with an order (number)"),
    c.count("line_count", "Lines on receipts"),
    c.money("amount", "Amount"),
    c.money("discount_amount", "Discounts received"),
    c.money("promo_amount", "Spend on discounted goods"),
    c.count("coupon_day_count", "Days with a coupon"),
    c.money("repeat_amount", "Spend after the first day"),
    c.money("amount_28d", "Spend in 28 days"),
    c.money("amount_91d", "Spend in 91 days"),
    c.money("amount_prev_91d", "Spend in the 91 days before"),
    c.money("amount_365d", "Spend in 365 days"),
    c.count("order_count_28d", "Orders in 28 days"),
    c.count("order_count_91d", "Orders in 91 days"),
    c.count("order_count_prev_91d", "Orders in the 91 days before"),
    c.count("order_count_365d", "Orders in 365 days"),
    c.count("day_count_28d", "Shopping days in 28 days"),
    c.count("day_count_56d", "Shopping days in 56 days"),
    c.count("day_count_91d", "Shopping days in 91 days"),
    c.days("gap_days_mean", "Days between purchases (mean)"),
    c.days("gap_days_std", "Days between purchases (spread)"),
    c.days("last_gap_days", "Days before the last purchase"),
    c.count("store_count", "Store count"),
    c.count("home_store_order_count", "Orders in the usual store"),
    c.count("top_channel_order_count", "Orders in the usual channel"),
    c.count("top_weekday", "Usual weekday (1 = Monday)"),
    c.count("top_weekday_order_count", "Orders on the usual weekday"),
    c.count("top_hour_band", "Usual hours (0 = 0 to 4, 5 = 20 to 24)"),
    c.count("top_hour_band_order_count", "Orders in the usual hours"),
    c.count("category_count", "Categories"),
    c.money("top_category_amount", "Spend on the top category"),
    c.money("priced_amount", "Spend on goods sold by the piece"),
    c.money("expected_amount", "Spend at usual prices"),
    c.number("units", "Units"),
    c.text("home_store_id", "Home store"),
    c.text("usual_store_id", "Usual store"),
    c.text("top_channel", "Usual channel"),
    c.text("top_category", "Top category"),
)
_STATED = (c.text("tier"), c.day("joined_on", "Joined on"), c.flag("contactable"), c.text("referred_by", "Referred by"))
_TRAITS = (
    c.text("segment"),
    c.score("r_score", "R"),
    c.score("f_score", "F"),
    c.score("m_score", "M"),
    c.text("stage"),
    c.days("recency_days", "Days since last order"),
    c.text("spending_power", "Spending power"),
    c.text("order_value_level", "Order value level"),
    c.text("price_tier_level", "Price tier level"),
    c.money("spend_per_month", "Spend per month"),
    c.money("order_value", "Order value"),
    c.index("price_tier_index", "Price tier index"),
    c.share("promo_dependence", "Promo dependence"),
    c.share("coupon_affinity", "Coupon affinity"),
    c.share("discount_share", "Saved by discounts"),
    c.number("coupon_days_28d", "Coupon days in 28 days"),
    c.text("promo_level", "Promo level"),
    c.text("coupon_level", "Coupon level"),
    c.count("shopping_days", "Shopping days"),
    c.share("purchase_probability", "Probability of a purchase"),
    c.money("expected_spend_91d", "Expected spend, 91 days"),
    c.money("expected_spend_365d", "Expected spend, 365 days"),
    c.text("value_decile", "Value decile"),
    c.text("favourite_channel", "Favourite channel"),
    c.text("favourite_weekday", "Favourite weekday"),
    c.text("favourite_hour", "Favourite hour"),
    c.text("favourite_store", "Favourite store"),
    c.text("favourite_category", "Favourite category"),
    c.text("tastes"),
    c.text("personas"),
    c.text("activity"),
    c.share("past_rate", "Past rate"),
    c.flag("losing_touch", "Losing touch"),
    c.text("loyalty_level", "Loyalty level"),
    c.score("loyalty_score", "Loyalty score"),
    c.number("regularity", "Regularity (k)"),
    c.index("breadth_index", "Breadth (1 = usual)"),
    c.share("months_active_share", "Months with an order"),
    c.text("tier_by_behaviour", "Tier by behaviour"),
    c.text("against_card", "Against card"),
)
RENAMED = {("stage", "slipping"): "lapsing", ("stage", "active"): "established", ("segment", "new"): "recent"}
"""(column, word of old) -> the word since: one word has one meaning on all pages (docs/DEFINITIONS.md, words)."""
MEMBER_COLUMNS = {column.name: column for column in (*_TABLE, *_STATED, *_TRAITS)}


def member_column(name: str) -> Column:
    """Return a column of the members table or a trait.

    >>> member_column("expected_amount").label, member_column("shoe_size").label
    ('Spend at usual prices', 'Shoe size')
    """
    return MEMBER_COLUMNS.get(name) or c.text(name)
