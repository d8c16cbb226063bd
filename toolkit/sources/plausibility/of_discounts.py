"""A discount that is a rate or a percentage and is read as money."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from toolkit.language import later
from toolkit.sources.columns.matching import quoted
from toolkit.sources.columns.rates import discount_of_rate, is_what_is_left
from toolkit.sources.plausibility.names import is_called
from toolkit.sources.plausibility.question import Question
from toolkit.sources.plausibility.seen import FEWEST_ROWS, NEARLY_ALL, Seen
from toolkit.sources.question_kinds import QuestionKind

FEW_DISCOUNTS, MANY_DISCOUNTS = 5, 10
MOST_STEPS = 30
OF_RATE = later(
    "The column '{column}' is read as the money of a discount, but its values ({cells}) look like rates or percents. Where the "
    "amount is what they left, write {write}; where they are not taken off yet, less_rate makes the amount and times_rate the discount."
)
OF_PERCENT = later(
    "The column '{column}' is read as the money of a discount, but its values ({cells}) look like rates or percents. "
    "Where they are, take the line out: {write}"
)
CENT = 0.021
PARTS = (1, 10, 100)  # a rate, tenths (8 折), percent
TINY = 20  # a discount of less than a twentieth of the amounts, line after line


def rates(seen: Seen) -> Iterator[Question]:
    """Doubt a discount that looks like a rate (0.2) or a percentage (20)."""
    for contract in ("discount_amount", "coupon_amount"):
        name = seen.column(contract)
        in_minor = name and (seen.spec.columns[contract].unit or seen.spec.amount_unit) == "minor"
        if name is None or name not in seen.sample.columns or in_minor or not is_rate_of(seen, name):
            continue
        given = seen.sample[name].filter((seen.number(name).abs() > 0).fill_null(False))
        made = _made_of_rate(seen, contract, name)
        write = made or f"# {contract} = {quoted(name)}"
        yield Question(
            QuestionKind.DISCOUNT,
            name,
            tuple(given.unique(maintain_order=True).head(2)),
            OF_RATE if made else OF_PERCENT,
            f"[lines.columns] {write}",
        )


def _made_of_rate(seen: Seen, contract: str, name: str) -> str:
    """Return the line that makes money of a rate or a percentage."""
    amount = seen.spec.columns.get("amount")
    factors = [factor for factor in amount.multiply if isinstance(factor, str)] if amount else []
    left = is_what_is_left(name, seen.number(name).abs(), seen.amounts("amount"))
    return discount_of_rate(contract, name, seen.sample[name], seen.column("amount") or "...", factors, left=left)


def is_rate_of(seen: Seen, name: str) -> bool:
    """Return whether a column of discounts holds rates or percents by its name, its cells or its steps."""
    cells, numbers = seen.sample[name], seen.number(name).abs()
    is_given = (numbers > 0).fill_null(False)
    given = numbers.filter(is_given)
    if given.is_empty():
        return False
    if (proved := proved_rate(seen, name)) is not None:
        return proved
    is_rate = bool(cells.str.contains("%", literal=True).any())
    if "折" in name and given.len() >= NEARLY_ALL * cells.count():  # 8 = eight tenths are left, 10 = nothing is taken off
        is_rate |= float(given.max()) <= 10  # type: ignore[arg-type]
    if is_called(name, "rate") or "%" in name:
        is_rate |= float(given.max()) <= 100  # type: ignore[arg-type]
    steps = given.len() >= MANY_DISCOUNTS and given.n_unique() <= MOST_STEPS
    if given.len() >= FEW_DISCOUNTS and float(given.max()) <= 1 and float(given.min()) < 1:  # type: ignore[arg-type]
        amount = seen.column("amount")
        beside = seen.number(amount).abs().filter(is_given).drop_nulls() if amount else pl.Series([], dtype=pl.Float64)
        is_tiny = beside.len() > 0 and float(beside.median()) >= TINY * float(given.median())  # type: ignore[arg-type]
        is_rate |= is_tiny or (steps and _multiples(given * 20))
    elif steps and float(given.max()) < 100:  # type: ignore[arg-type]
        is_rate |= _multiples(given / 5)
    return is_rate


def proved_rate(seen: Seen, name: str) -> bool | None:
    """Return whether the amounts prove that a discount is a rate (of a price, or of another column of money) or money, or None."""
    amount, quantity, off = seen.amounts("amount"), seen.amounts("quantity"), seen.number(name).abs()
    whole = {price: seen.number(price) * quantity for price in seen.prices}
    whole |= {other: seen.number(other) for other in seen.unused if other not in whole and seen.is_number(other)}
    for before in whole.values():
        rows = pl.DataFrame({"before": before.abs(), "amount": amount.abs(), "off": off}).drop_nulls().filter(pl.col("off") > 0)
        rows = rows.filter((pl.col("before") - pl.col("amount")).abs() > CENT)
        if rows.height < FEWEST_ROWS:
            continue
        left = {
            False: [pl.col("before") - pl.col("off")],
            True: [pl.col("before") * share for part in PARTS for share in (1 - pl.col("off") / part, pl.col("off") / part)],
        }
        for is_rate, forms in left.items():
            for form in forms:
                if float(rows.select(((form - pl.col("amount")).abs() <= CENT).mean()).item()) >= NEARLY_ALL:
                    return is_rate
    return None


def _multiples(parts: pl.Series) -> bool:
    return bool(((parts - parts.round()).abs() < 1e-9).all())
