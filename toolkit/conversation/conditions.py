"""Who is meant: the members that a sentence names, as an audience's expression."""

from __future__ import annotations

import re

from toolkit.conversation.pieces import Piece, Taken
from toolkit.registry import Question

CONCEPTS: dict[str, str] = {
    "lapsed": "stage = 'lapsed'",
    "slipping": "losing_touch",
    "returned": "stage = 'returned'",
    "new_member": "stage = 'new'",
    "active_word": "recency_days <= 91",
    "loyalty": "loyalty_level = 'high'",
    "price_sensitive": "promo_level = 'high'",
    "spending_power": "spending_power = 'high'",
}
"""Words of questions that narrow another question to some members: `what should we offer to lapsed members`."""
LIMITS = ("times_least", "orders_least", "orders_under", "over", "least", "under", "away", "amount_between")
_COLUMNS = (
    (r"order value|basket|ticket|per order|per visit|客单|每单|单均", "order_value"),
    (r"orders?|purchases?|times|visits|订单|次|笔", "order_count"),
    (r"per month|a month|monthly|每月|月均", "spend_per_month"),
    (r"categories|品类", "category_count"),
)
_WINDOWS = {28: "_28d", 91: "_91d", 365: "_365d"}


def conditions(taken: Taken, used: set[Piece], question: Question, days: int | None) -> list[str]:
    """Return the conditions on members that a sentence holds; the pieces that they were read from are added to `used`.

    `days`: the length of a window up to the last day that the sentence names; spend and orders are then those of the window, where the
    members table has it.
    """
    found: list[str] = []
    kinds: dict[str, list[str]] = {}
    for piece in taken.entities("segment", "tier", "attribute", "channel"):
        if piece in used or piece.proposal or len(piece.entities) != 1:
            continue
        entity = piece.entities[0]
        kinds.setdefault(entity.where.partition(" = ")[0], []).append(entity.where)
        used.add(piece)
    found += [alike[0] if len(alike) == 1 else "(" + " OR ".join(alike) + ")" for alike in kinds.values()]
    for piece in taken.islands(*LIMITS):
        if piece in used or (piece.name == "times_least" and "least_days" in question.parameters):
            continue
        if said := _limit(taken, piece, days):
            found.append(said)
            used.add(piece)
    return found


def _limit(taken: Taken, piece: Piece, days: int | None) -> str:
    value = piece.value
    if piece.name == "away":
        return f"recency_days >= {value}"
    around = taken.before(piece) + "|" + taken.after(piece)
    if re.search(r"years? old|aged|\bage\b|岁|points?|积分|stores|门店", around):
        return ""
    if re.match(r"\s*(items?|units?|pieces?|products?|things|goods|件|样|种)(?![a-z])", taken.after(piece)):
        return ""  # how many pieces a basket held is no condition on members
    column = next((name for words, name in _COLUMNS if re.search(words, around)), "amount")
    if piece.name in ("times_least", "orders_least", "orders_under"):
        column = "order_count"
    if column in ("amount", "order_count") and days in _WINDOWS:
        column += _WINDOWS[days]
    if piece.name == "amount_between":
        return f"{column} >= {value[0]} AND {column} <= {value[1]}"
    sign = {"over": ">", "under": "<", "orders_under": "<"}.get(piece.name, ">=")
    return f"{column} {sign} {value}"
