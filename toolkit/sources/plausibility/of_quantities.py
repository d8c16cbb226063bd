"""A quantity that is always 1 beside a column that counts."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from toolkit.language import later
from toolkit.sources.columns.matching import quoted
from toolkit.sources.columns.vocabulary import LIKELY, score, words_for
from toolkit.sources.plausibility.question import Question
from toolkit.sources.plausibility.seen import FEWEST_ROWS, NEARLY_ALL, Seen
from toolkit.sources.question_kinds import QuestionKind

FEWEST_LINES = 30
LARGEST_COUNT = 1000
CENT = 0.011


def constant_quantity(seen: Seen) -> Iterator[Question]:
    """Doubt a quantity of 1 on every line where another column holds whole numbers above 1 and counts by its name or by its values."""
    quantity = seen.amounts("quantity").drop_nulls()
    if quantity.len() < FEWEST_LINES or quantity.abs().n_unique() > 1:
        return
    for other in seen.unused:
        if not seen.is_number(other) or not _counts(seen, other):
            continue
        named = seen.column("quantity") or other
        above = seen.number(other).sort().drop_nulls()
        doubt = later(
            "The quantity is 1 on every line ('{column}'), while '{other}' holds counts ({cells}): is that how many were sold? Where it "
            "is, write {write}"
        )
        cells = ("1", f"{above.last():g}")
        yield Question(QuestionKind.QUANTITY, named, cells, doubt, f"[lines.columns] quantity = {quoted(other)}", {"other": other})
        return


def _counts(seen: Seen, name: str) -> bool:
    numbers = seen.number(name)
    counts = numbers.drop_nulls().abs()
    if counts.is_empty() or not (counts == counts.round()).all() or counts.n_unique() < 2 or float(counts.max()) > LARGEST_COUNT:  # type: ignore[arg-type]
        return False
    if score(name, words_for("lines", "quantity")) >= LIKELY:
        return True
    amount = seen.amounts("amount")
    for price in seen.prices:
        rows = pl.DataFrame([numbers.alias("count"), seen.number(price).alias("price"), amount.alias("amount")]).drop_nulls()
        many = rows.filter((pl.col("count").abs() > 1) & (pl.col("price") > 0))
        fits = ((many["count"] * many["price"] - many["amount"]).abs() <= CENT).mean()
        if many.height >= FEWEST_ROWS and fits >= NEARLY_ALL:  # type: ignore[operator]
            return True
    return False
