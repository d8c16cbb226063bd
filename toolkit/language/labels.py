"""The words that stand in the columns of answers: which are ours, to be translated where they are shown, and which are the shop's own.

Data stay English; `wording` translates where they are shown. Headings stand with the columns (`toolkit.columns`).
"""

from __future__ import annotations

DATA = frozenset(
    {"member_id", "store_id", "store_name", "region", "campaign_id", "product_id", "product_name", "category", "goods", "goes_with"}
    | {"department", "known_for", "in_english", "product"}
    | {"good", "pair", "substitute", "niche", "brand", "tier", "tier_by_behaviour"}
    | {"channel", "top_channel", "top_category", "home_store_id", "usual_store_id"}
)
"""Columns whose text is the shop's own: never translated, not even where it reads like a word of ours."""

OURS = frozenset({"(no category)", "(none stated)", "(non-members)"})
"""What we write into a column of the shop's own words where the shop has none; the brackets tell them apart."""

_DOUBLED = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_PORTRAIT = (
    *("who", "when", "where", "what for", "what next", "last orders"),
    *("channel", "weekday", "hour", "store", "category"),
    *(f"decile {number}" for number in range(1, 11)),
    *(f"group {number}" for number in range(1, 5)),
    *("1 order", "2 orders", *(f"{low + 1} to {2 * low} orders" for low in _DOUBLED[1:-1]), f"over {_DOUBLED[-1]} orders"),
    *("up to 1 unit", *(f"over {low} to {2 * low} units" for low in _DOUBLED[:-1]), f"over {_DOUBLED[-1]} units"),
)
_LEVELS = ("low", "mid", "high", "sensitivity {sensitivity}, power {power}", "{sensitivity} / {power}")
"""Levels of a member, and the segments of campaigns that two of them make."""
_OFFERS = (
    *("coupon", "full_reduction", "full reduction", "discount", "member_day", "member day", "service"),
    *("nth_piece", "nth piece", "bundle", "gift", "extra_points", "extra points", "welcome_gift", "welcome gift"),
    *("referral_reward", "referral reward", "nth_piece {nth} {depth}%", "nth_piece {nth} {depth}% on {goods}"),
    *("bundle {value} on {goods}", "bundle {depth}% on {goods}", "gift {value} from {threshold}", "gift of {product} from {threshold}"),
    *("extra_points {times}x", "welcome_gift {value}", "welcome_gift {value} from {threshold}"),
    *("referral_reward {value}", "referral_reward {value}/{newcomer}"),
    *("coupon {value}", "coupon {value} from {threshold}", "coupon {value} on {goods}", "coupon {value} from {threshold} on {goods}"),
    *("full_reduction {threshold}/{value}", "full_reduction {threshold}/{value} on {goods}"),
    *("discount {depth}%", "discount {depth}% on {goods}", "member_day {weekday} {depth}%", "member_day {weekday} {depth}% on {goods}"),
    *("service {message}", "service on {goods} | {message}", "{offer} | {message}"),
    *("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
    *("{value} off from {minimum}", "spend {threshold} save {reduction}", "{share}% held out", "small segments together"),
)
"""Methods, and what the text of an offer says (`ledger.offer.Offer.text`, and the rows of one method)."""
_GOODS = (
    *("win_back", "trade_up", "add_one_more", "clear_stock", "launch"),
    *("affinity", "margin", "attach", "stock", "novelty", "price"),
)
"""Purposes of goods, and what speaks for a good."""
_LESSONS = (
    *("treated", "control", "ledger", "tables", "amount", "orders"),
    *("measured", "overall mean", "measured, not randomised", "overall mean, not randomised"),
)
"""Arms, where a campaign is told of, what a lesson is about, and what an expected effect rests on."""
_REASONS = (
    "playbook: {rule}",
    "measured in {campaigns}, randomised, n = {n}, {outcome}",
    "As in {campaigns}, where it was measured to work: {method}.",
    "no advice in the playbook",
    "stage not measured",
    "sensitivity {sensitivity}, power {power}, {stage}; {basis}",
    "sensitivity {sensitivity}, power {power}, {stage}; {basis}; a coupon, since they use coupons often",
    "sensitivity {sensitivity}, power {power}, {stage}; {basis}; a discount, since they hardly use coupons",
    "due again: usually needed again after about {wait} days, last {elapsed} days ago",
    "bought on {days} days, {times} times as often as others, last {elapsed} days ago",
    "bought once, {elapsed} days ago",
    "never bought; goes with {goods}, which they buy: in one basket at least {times} times as often as by chance",
    "never bought, but many members buy it",
)
"""Why an offer or a good is named for somebody."""
_SPLITS = (
    *("department", "product", "name", "brand", "value"),
    *("text", "number", "flag", "date", "list", "other"),
)
"""What goods and members are told apart by, and the sorts of columns."""
_REVIEW = (
    *("PASS", "REVIEW", "FAIL", "NOT MEASURED"),
    *("proven", "very likely", "likely", "possible", "not shown", "cannot be told"),
    *("method", "touchpoint", "offer"),
    *("net", "lift", "extra_amount", "extra_margin", "extra_orders", "redemption_share"),
    *("{currency} per member and {days} days", "days per member and {days} days", "{count} and more"),
)
"""Verdicts of checks, what may be said of an effect, parts and goals of a campaign, units of habits, and numbers of contacts."""
_MART = (
    "The products table does not say whether products are counted for {unstated} of {products}; {fractions} of these were sold in "
    "fractions and are left out of units and unit prices. State it in the column `counted`.",
)

_NAMES = (
    "parameter", "store", "region", "audience", "campaign", "category", "column", "question", "segment", "segment map", "offer", "plan",
    "niche", "key", "format", "notebook", "app", "split",
)  # fmt: skip
"""What has a name that can be mistyped."""

VALUES: tuple[str, ...] = (
    *sorted(OURS),
    *_NAMES,
    *_MART,
    *_PORTRAIT,
    *_SPLITS,
    *_LEVELS,
    *_OFFERS,
    *_GOODS,
    *_LESSONS,
    *_REASONS,
    *_REVIEW,
)
"""Words of tables that are written nowhere as `language.value`."""
