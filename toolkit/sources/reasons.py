"""Why a row is set aside, in words that the catalogue knows: data hold the English ones, `word` translates them where they are shown."""

from __future__ import annotations

from toolkit.language import value

NOT_A_NUMBER = value("{column} is not a number")
NOT_WHOLE = value("{column} is not a whole number")
TOO_LARGE = value("{column} is too large")
TOO_SMALL = value("{column} is too small")
CUT = value("{column} was cut by a spreadsheet")
UNREAD = value("{column} cannot be read")
NO_DATE = value("{column} is not a date")
NO_TIME = value("{column} is not a time")
SKIPPED = value("{column} does not exist: clocks went forward")
IS_IMPOSSIBLE = value("{column} is impossible")
NEITHER = value("{column} is neither yes nor no")
NOT_A_WORD = value("{column} is not one of the contract's values")
WHOLE = (
    value("no order id"), value("no store id"), value("no product id"), value("no member id"), value("no time"), value("no quantity"),
    value("no amount"), value("negative discount"), value("negative coupon"), value("negative unit cost"), value("impossible time"),
    value("duplicate line id"), value("order belongs to two members"), value("order has lines with and without a member"),
)  # fmt: skip
"""Reasons whose columns stand in them: "no {column}" would read like many a word."""
COLUMNS = (
    value("order id"), value("member id"), value("store id"), value("product id"), value("line id"), value("time"), value("quantity"),
    value("unit cost"), value("campaign id"), value("starts on"), value("ends on"), value("contact time"), value("arm"),
    value("contactable"), value("randomised"), value("is goods"),
)  # fmt: skip
"""What contract columns are called in a reason."""
