"""Orders that cannot be what they seem: one amount on all lines, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from toolkit.language import later
from toolkit.sources.columns.rates import per_order
from toolkit.sources.plausibility.question import Question, by_value, listed
from toolkit.sources.plausibility.seen import NEARLY_ALL, ORDER_COLUMNS, Seen
from toolkit.sources.question_kinds import QuestionKind

FEWEST_ORDERS = 3
NOTHING_SHARE, FEWEST_OF_NOTHING = 0.2, 10


def order_totals(seen: Seen) -> Iterator[Question]:
    """Doubt an amount that all lines of an order share while orders differ."""
    amount = seen.column("amount")
    if amount is None:
        return
    orders = _of_several(seen.orders)
    if orders.height < FEWEST_ORDERS and seen.drawn:  # lines of an order lie far apart: whole orders are drawn by their ids
        raw = list(dict.fromkeys(name for key in (*ORDER_COLUMNS, "quantity", "amount", "discount_amount") for name in _raw(seen, key)))
        orders = _of_several(seen.of(seen.drawn(raw)).orders)
    same = orders.filter(pl.col("least") == pl.col("most"))
    if same.height < max(FEWEST_ORDERS, NEARLY_ALL * orders.height) or same["least"].n_unique() < 2:
        return
    cells = tuple(f"{money:.{seen.minor_digits}f}" for money in same["least"].unique().sort().head(2))
    doubt = later(
        "All lines of an order carry the same amount ({cells}), order for order: the column '{column}' looks like the order's total, which "
        "would be added up once a line. Name the column of the line's own amount, or have the total shared out: {write}"
    )
    quantity = seen.column("quantity")
    own = f"amount = {{ multiply = {listed([seen.prices[0], *([quantity] if quantity else [])])} }}" if seen.prices else ""
    yield Question(QuestionKind.ORDER_TOTAL, amount, cells, doubt, f"[lines.columns] {own or per_order('amount', amount)}")


def _raw(seen: Seen, contract: str) -> tuple[str, ...]:
    return seen.spec.columns[contract].raw_columns if contract in seen.spec.columns else ()


def _of_several(lines: pl.DataFrame) -> pl.DataFrame:
    """Return least and most amount of a line for each order of several goods."""
    orders = lines.lazy().filter(pl.col("amount") > 0).group_by("store_id", "order_id")
    several = pl.struct("product_id", "quantity").n_unique() > 1
    least_and_most = orders.agg(pl.col("amount").min().alias("least"), pl.col("amount").max().alias("most"), several.alias("several"))
    return least_and_most.filter("several").collect()


def worth_nothing(seen: Seen) -> Iterator[Question]:
    """Doubt orders worth nothing where they are many and no discount explains them."""
    name = seen.column("amount")
    if name is None:
        return
    by_order = seen.orders.lazy().filter(pl.col("amount").is_not_null()).group_by("store_id", "order_id")
    nothing = (pl.col("amount") == 0).all() & (pl.col("discount_amount") == 0).all()
    orders = by_order.agg(nothing.alias("nothing")).collect()
    if int(orders["nothing"].sum()) < max(FEWEST_OF_NOTHING, NOTHING_SHARE * orders.height):
        return
    zeros = seen.sample[name].filter((seen.number(name) == 0).fill_null(False)).unique().sort().to_list()
    others = seen.sample[name].filter((seen.number(name) != 0).fill_null(False)).unique().sort().head(1).to_list()
    doubt = later(
        "In {share} of the orders that were looked at, the column '{column}' holds nothing but zeros ({cells}), and no discount says why: "
        "is there another column of money? Where such orders are no sales, write {write}"
    )
    share = f"{orders['nothing'].mean():.0%}"
    cells = (zeros[0], *others[:1]) if others else (zeros[0], zeros[-1])
    yield Question(QuestionKind.WORTH_NOTHING, name, cells, doubt, f"[lines.drop] {by_value(name, zeros)}", {"share": share})
