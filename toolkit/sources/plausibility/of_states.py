"""Rows that may not count: currencies beside each other, cancelled orders, training receipts, purchases of the shop's own people."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from toolkit.language import later
from toolkit.sources.plausibility.names import are_no_goods, is_called, is_kind_of_line, is_named, is_value, is_word
from toolkit.sources.plausibility.question import Question, by_value, listed
from toolkit.sources.plausibility.seen import NEARLY_ALL, Seen, as_numbers
from toolkit.sources.question_kinds import QuestionKind

NOTHING = r"(?i)^(0+([.,]0*)?|-|n|no|false|f|nein|non|否|无|無|いいえ)$"
YES = r"(?i)^(1|y|yes|true|t|x|ja|j|oui|o|si|sí|s|是|有|はい)$"
CODE = r"^[\p{L}\d+-]{1,2}$"
MOST_STATES = 30
MOST_NAMED = 5
MOST_CODES = 4
CODE_LENGTH = 3
CENT = 0.011

OF_CANCELLED = later(
    "The column '{column}' looks like a state of orders or lines ({cells}) and is not used: what was cancelled, refunded or voided "
    "is counted as sold. Say which rows count, such as {write}"
)
OF_TRAINING = later(
    "The column '{column}' seems to mark receipts of a training or a test ({cells}) and is not used: they are counted as sold. "
    "Where they are no sales, write {write}"
)
OF_STAFF = later(
    "The column '{column}' seems to mark purchases of the shop's own people ({cells}) and is not used: they are counted like any other. "
    "Where they are not to count, write {write}"
)


def states(seen: Seen) -> Iterator[Question]:
    """Ask about columns that no table reads and that set rows apart."""
    for name in dict.fromkeys([*seen.unused, *(name for name in seen.counts if name not in seen.used)]):
        yield from _currency(seen, name) or _flag(seen, name) or _state(seen, name)


def _tells_lines_apart(name: str, values: pl.Series) -> bool:
    """Return whether a few values are words of cancelling or of payments, or codes in a column that is called type or the like."""
    are_codes = values.len() <= MOST_CODES and bool(values.str.contains(CODE).all()) and not values.str.contains(NOTHING).all()
    return bool((is_value(values, "cancelled") | is_word(values, "no_line")).any()) or (is_kind_of_line(name) and are_codes)


def _is_money_back(seen: Seen, name: str, happened: pl.Series) -> bool:
    """Return whether a column holds what was given back of an amount: sums of money, none above it."""
    if happened.len() <= MOST_NAMED or as_numbers(happened).is_null().any():
        return False
    rows = pl.DataFrame({"back": seen.number(name).abs(), "amount": seen.amounts("amount").abs()}).drop_nulls().filter(pl.col("back") > 0)
    return rows.height > 0 and bool((rows["back"] <= rows["amount"] + CENT).mean() >= NEARLY_ALL)  # type: ignore[operator]


def _currency(seen: Seen, name: str) -> list[Question]:
    """Doubt amounts of several currencies."""
    codes = seen.cells(name).drop_nulls().str.to_uppercase().unique().sort()
    is_currency = is_called(name, "currency") and as_numbers(codes).is_null().any()
    is_one_code = is_currency and codes.len() == 1 and len(codes[0]) == CODE_LENGTH and _are_currencies(codes)
    if is_one_code and seen.currency not in ("", codes[0]):
        doubt = later(
            "The column '{column}' names a currency ({cells}), and it is not the mapping's {own}. Where the amounts are in it, write at "
            "the top of the mapping: {write}"
        )
        return [Question(QuestionKind.CURRENCY, name, (codes[0],), doubt, f'currency = "{codes[0]}"', {"own": seen.currency})]
    if codes.len() < 2 or not (is_currency or (codes.len() <= MOST_STATES and _are_currencies(codes))):
        return []
    doubt = later(
        "The column '{column}' names several currencies ({cells}), but all amounts are added up as one. Import each by itself: {write}; or "
        'convert them: write the section [currency_rates] with column = "{column}" and, for each of the others, what one unit of it is '
        "worth in the currency of the mapping, such as rates = {{ USD = 0.92 }}."
    )
    most = seen.cells(name).drop_nulls().sort().first() if name in seen.counts else seen.sample[name].drop_nulls().mode().sort().first()
    write = f"[lines.keep] {by_value(name, [str(most)])}"
    return [Question(QuestionKind.CURRENCY, name, tuple(codes.head(2)), doubt, write)]


def _are_currencies(codes: pl.Series) -> bool:
    from babel.numbers import is_currency

    return bool(is_value(codes, "currency").all()) or (bool(codes.str.contains("^[A-Z]{3}$").all()) and all(map(is_currency, codes)))


def _flag(seen: Seen, name: str) -> list[Question]:
    """Doubt training receipts and staff purchases: a column of yes and no with such a name, or of a few words of which one says it."""
    values = seen.values(name)
    if not 0 < values.len() <= MOST_STATES:
        return []
    for kind, key, doubt in ((QuestionKind.TRAINING, "training", OF_TRAINING), (QuestionKind.STAFF, "staff", OF_STAFF)):
        marked = values.filter(values.str.contains(YES)) if is_named(name, key) else values.head(0)
        others = values.filter(~values.str.contains(YES))
        if not others.str.contains(NOTHING).all():
            marked = marked.head(0)
        marked = marked if marked.len() else values.filter(is_value(values, key))
        if kind == QuestionKind.TRAINING and marked.is_empty() and is_word(values, "live").any():
            marked = values.filter(values.str.to_lowercase() == "test")
        if marked.len() and marked.len() < values.len() + seen.cells(name).has_nulls():
            rest = [*values.filter(~values.is_in(marked.to_list())), ""]
            return [Question(kind, name, (marked[0], rest[0]), doubt, f"[lines.drop] {by_value(name, marked.to_list())}")]
    return []


def _state(seen: Seen, name: str) -> list[Question]:
    """Doubt rows that are of different states and all counted."""
    if is_called(name, "of_people"):
        return []
    cells, values = seen.cells(name), seen.values(name)
    nothing = values.filter(values.str.contains(NOTHING))
    if is_called(name, "happened"):
        happened = values.filter(~values.str.contains(NOTHING))
        examples = [*happened.head(2), *nothing.head(1)]
        if happened.is_empty() or (len(examples) < 2 and not cells.has_nulls()):
            return []
        if (money := seen.column("amount")) and _is_money_back(seen, name, happened):
            write = f"[lines.columns] amount = {{ add = {listed([money])}, subtract = {listed([name])} }}"
        elif happened.len() <= MOST_NAMED and nothing.len() + cells.has_nulls():
            write = f"[lines.drop] {by_value(name, happened.to_list())}"
        else:
            write = f"[lines.keep] {by_value(name, ['', *nothing])}"
    elif is_named(name, "fulfilled") and nothing.len() and values.len() > nothing.len() and values.len() <= MOST_NAMED:
        examples = [nothing[0], *values.filter(~values.is_in(nothing.to_list())).head(1)]
        write = f"[lines.drop] {by_value(name, nothing.to_list())}"
    elif 2 <= values.len() <= MOST_STATES and (is_called(name, "state") or _tells_lines_apart(name, values)):
        examples = values.to_list()
        bad = values.filter(is_value(values, "cancelled") | is_word(values, "no_line") | are_no_goods(values))
        write = f"[lines.drop] {by_value(name, bad.to_list())}" if bad.len() else f"[lines.keep] {by_value(name, examples)}"
    else:
        return []
    return [Question(QuestionKind.STATE, name, tuple([*examples, ""][:2]), OF_CANCELLED, write)]
