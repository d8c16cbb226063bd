"""The kinds of questions that the values of receipts raise: what a mapping names them by, and what stands open."""

from __future__ import annotations

from enum import StrEnum


class QuestionKind(StrEnum):
    """One word per kind, as `[answers]` of a mapping writes it; `plausibility/` asks them in this order."""

    CURRENCY = "currency"  # amounts of several currencies
    STATE = "state"  # cancelled, refunded or voided rows that count
    TRAINING = "training"  # receipts of a training or a test
    STAFF = "staff"  # purchases of the shop's own people
    DISCOUNT = "discount"  # a rate or a percentage read as money
    AMOUNT = "amount"  # a unit price, before discount, or another column of money
    TAX = "tax"  # with or without tax
    QUANTITY = "quantity"  # always 1 beside a column that counts
    TIME = "time"  # created, paid or shipped
    NO_GOODS = "no_goods"  # shipping, fees, gift cards, deposits, bags
    WORTH_NOTHING = "worth_nothing"  # orders worth nothing
    ORDER_TOTAL = "order_total"  # the order's total on each of its lines
    REPEATED = "repeated"  # whole orders that stand there several times
    SPELLING = "spelling"  # stores or products that differ by spelling alone
    MEMBER_SPELLING = "member_spelling"  # ids that differ by spelling alone
    FEW_MEMBERS = "few_members"  # levels, stores or orders in the member's column
    MASKED = "masked"  # members' ids of which some signs only are shown
    ONE_CARD = "one_card"  # a till's card for everybody
    SECOND_ID = "second_id"  # another column that names the member
    SAME_RECEIPTS = "same_receipts"  # orders that are there under another source
    CANCELLATIONS = "cancellations"  # orders that mirror earlier ones
    SET_ASIDE = "set_aside"  # many lines that cannot be read
    NO_ROW_KEPT = "no_row_kept"  # a table of which every row is set aside
    TYPE = "type"  # a column of a database that holds another kind of value than at the last import
