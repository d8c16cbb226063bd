"""Orders that cannot be what they seem: one amount on all lines, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from toolkit.language import later
from toolkit.sources.columns.rates import per_order
from toolkit.sources.plausibility.of_discounts import is_rate_of, proved_rate
from toolkit.sources.plausibility.question import Question, by_value, listed
from toolkit.sources.plausibility.seen import NEARLY_ALL, ORDER_COLUMNS, Seen
from toolkit.sources.question_kinds import QuestionKind
from toolkit.sources.spellings import FOLDS, folded

FEWEST_ORDERS, FEWEST_DISCOUNTED = 3, 10
NOTHING_SHARE, FEWEST_OF_NOTHING = 0.2, 10
FEWEST_DOUBLED, DOUBLED_SHARE = 20, 0.9
CENT = 0.011
FEWEST_GOODS, FEWEST_REPEATED, REPEATED_SHARE = 2, 10, 0.05
OF_TOTAL = later(
    "All lines of an order carry the same amount ({cells}), order for order: the column '{column}' looks like the order's total, which "
    "would be added up once a line. Name the column of the line's own amount, or have the total shared out: {write}"
)


def order_totals(seen: Seen) -> Iterator[Question]:
    """Doubt an amount, or a discount, that all lines of an order share while orders differ."""
    lines = seen.orders
    if seen.column("amount") is None:
        return
    orders = _of_several(lines, "amount")
    if orders.height < FEWEST_ORDERS and seen.drawn:  # lines of an order lie far apart: whole orders are drawn by their ids
        raw = list(dict.fromkeys(name for key in (*ORDER_COLUMNS, "quantity", "amount", "discount_amount") for name in _raw(seen, key)))
        lines = seen.of(seen.drawn(raw)).orders
        orders = _of_several(lines, "amount")
    for contract, several, fewest in (
        ("amount", orders, FEWEST_ORDERS),
        ("discount_amount", _of_several(lines, "discount_amount"), FEWEST_DISCOUNTED),
    ):
        name, same = seen.column(contract), _one_value(several, fewest)
        if name is None or same is None or (contract == "discount_amount" and _is_of_lines(seen, name, lines)):
            continue
        cells = tuple(f"{money:.{seen.minor_digits}f}" for money in same.head(2))
        quantity = seen.column("quantity")
        is_made = contract == "amount" and seen.prices
        own = f"amount = {{ multiply = {listed([seen.prices[0], *([quantity] if quantity else [])])} }}" if is_made else ""
        write = f"[lines.columns] {own or per_order(contract, name)}"
        yield Question(QuestionKind.ORDER_TOTAL, name, cells, OF_TOTAL, write)
        return


def _is_of_lines(seen: Seen, name: str, lines: pl.DataFrame) -> bool:
    """Return whether a discount is a rate, or what the amounts, or one price of each product, prove to be each line's own."""
    if is_rate_of(seen, name) or proved_rate(seen, name) is False:
        return True
    unit = ((pl.col("amount") + pl.col("discount_amount")) / pl.col("quantity")).round(seen.minor_digits)
    rows = lines.filter((pl.col("quantity") > 0) & (pl.col("amount") > 0))
    goods = rows.group_by("product_id").agg(unit.n_unique().alias("units"), pl.col("discount_amount").n_unique().alias("discounts"))
    several = goods.filter(pl.col("discounts") > 1)
    return several.height >= FEWEST_ORDERS and bool((several["units"] == 1).mean() >= NEARLY_ALL)  # type: ignore[operator]


def _one_value(orders: pl.DataFrame, fewest: int) -> pl.Series | None:
    """Return the values that (nearly) all orders have on each of their lines, where orders differ; else None."""
    same = orders.filter(pl.col("least") == pl.col("most"))
    is_shared = same.height >= max(fewest, NEARLY_ALL * orders.height)
    values = same["least"].unique().sort()
    return values if is_shared and values.len() > 1 else None


def _raw(seen: Seen, contract: str) -> tuple[str, ...]:
    return seen.spec.columns[contract].raw_columns if contract in seen.spec.columns else ()


def _of_several(lines: pl.DataFrame, money: str) -> pl.DataFrame:
    """Return least and most amount (or discount) of a line for each order of several goods that has one."""
    wanted = pl.col("amount") > 0 if money == "amount" else (pl.col(money).max().over("store_id", "order_id") > 0)
    orders = lines.lazy().filter(wanted).group_by("store_id", "order_id")
    several = pl.struct("product_id", "quantity").n_unique() > 1
    if money != "amount":
        several &= pl.col("amount").n_unique() > 1  # a rate of like amounts is one discount
    least_and_most = orders.agg(pl.col(money).min().alias("least"), pl.col(money).max().alias("most"), several.alias("several"))
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


def doubled(seen: Seen) -> Iterator[Question]:
    """Doubt orders of which one line is worth what all the others are together: a payment, or the order's total as a line."""
    product = seen.column("product_id")
    if product is None or "amount" not in seen.spec.columns:
        return
    sums = (
        seen.orders.lazy()
        .filter(pl.col("amount").is_not_null())
        .group_by("store_id", "order_id")
        .agg(pl.len(), pl.col("amount").sum().alias("sum"), pl.col("amount", "product_id").sort_by("amount").last())
        .filter((pl.col("len") > 2) & (pl.col("amount") > 0))
        .collect()
    )
    twice = sums.filter((pl.col("sum") - 2 * pl.col("amount")).abs() <= CENT)
    if twice.height < max(FEWEST_DOUBLED, DOUBLED_SHARE * sums.height):
        yield from _totals_and_tenders(seen, product)
        return
    called = twice["product_id"].drop_nulls().unique().sort()
    doubt = later(
        "In {share} of the orders of several lines one line is worth as much as all the others together (in '{column}': {cells}): it looks "
        "like a payment or a total, and everything is counted twice. Where it is no goods, write {write}"
    )
    places = {"share": f"{twice.height / sums.height:.0%}"}
    yield Question(
        QuestionKind.NO_GOODS, product, tuple(called.head(2)), doubt, f"[lines.drop] {by_value(product, called.to_list())}", places
    )


def _totals_and_tenders(seen: Seen, product: str) -> Iterator[Question]:
    """Doubt goods that are, up to their sign, the sum of what stands before them in their order: a total, and then what pays it.

    One after another, since a tender pays the goods, not the goods and their total. Where it is the second line it proves nothing: that a
    good costs as much as the only other one is no wonder.
    """
    lines = seen.orders.select(pl.struct("store_id", "order_id").alias("order"), "product_id", "amount").drop_nulls()
    sums: list[str] = []
    while True:
        is_good = ~pl.col("product_id").is_in(sums)
        worth, number = pl.when(is_good).then("amount").otherwise(0.0), is_good.cast(pl.Int64)
        beside = lines.with_columns(
            before=worth.cum_sum().over("order") - worth, lines_before=number.cum_sum().over("order") - number
        ).filter(is_good)
        is_sum = ((pl.col("amount").abs() - pl.col("before").abs()).abs() <= CENT) & (pl.col("amount") != 0)
        goods = beside.group_by("product_id").agg(
            (pl.col("order").n_unique() == pl.len()).alias("once"),
            (is_sum & (pl.col("lines_before") > 1)).sum().alias("sums"),
            (pl.col("lines_before") > 1).sum().alias("proofs"),
        )
        proved = goods.filter("once", pl.col("sums") >= pl.max_horizontal(FEWEST_DOUBLED, NEARLY_ALL * pl.col("proofs")))
        if proved.is_empty():
            break
        sums.append(proved.sort("sums", "product_id", descending=[True, False])["product_id"][0])
    if sums:
        doubt = later(
            "Lines called {cells} in the column '{column}' come to what stands before them in their order: a total, or what it was paid "
            "with. They would count among the goods, and money twice. Leave them out: {write}"
        )
        cells = tuple([*sums, *lines["product_id"].filter(~lines["product_id"].is_in(sums)).sort().head(1)][:2])
        yield Question(QuestionKind.NO_GOODS, product, cells, doubt, f"[lines.drop] {by_value(product, sums)}")


def repeated(seen: Seen) -> Iterator[Question]:
    """Doubt orders whose every line stands there as often as the others: an export put together twice, or joined to its payments."""
    name = seen.column("order_id")
    if name is None or name not in seen.sample.columns or "line_id" in seen.spec.columns:
        return
    key = ["store_id", "order_id"]
    lines = pl.DataFrame([*(seen.text(contract) for contract in ORDER_COLUMNS), seen.amounts("quantity"), seen.amounts("amount")])
    times = lines.lazy().drop_nulls("order_id").group_by(*key, "member_id", "product_id", "quantity", "amount").len()
    orders = times.group_by(key).agg(pl.len().alias("goods"), pl.col("len").min().alias("least"), pl.col("len").max().alias("most"))
    several = orders.filter(pl.col("goods") >= FEWEST_GOODS).sort(key).collect()
    twice = several.filter((pl.col("least") == pl.col("most")) & (pl.col("least") > 1))
    if twice.height < max(FEWEST_REPEATED, REPEATED_SHARE * several.height):
        return
    cells = tuple(f"{row['order_id']}: {row['least']} x" for row in twice.head(2).iter_rows(named=True))
    doubt = later(
        "In {share} of the orders of several goods every line stands there several times ({cells}, in '{column}'): was an export put "
        "together twice, or the lines joined to payments? They would be added up each time; export every line once."
    )
    yield Question(QuestionKind.REPEATED, name, cells, doubt, "", {"share": f"{twice.height / several.height:.0%}"})


def spellings(seen: Seen) -> Iterator[Question]:
    """Doubt stores, and products where there are several, whose ids are the same but for capitals, blanks or an ending .0."""
    for contract, fewest in (("store_id", 1), ("product_id", FEWEST_ORDERS)):
        name = seen.column(contract)
        if name is None or name not in seen.sample.columns:
            continue
        ids = seen.values(name)
        spelled = ids.to_frame("id").select("id", folded(pl.col("id"), FOLDS[:3]).alias("plainly"))
        twins = spelled.filter(pl.col("plainly").is_duplicated()).sort("plainly", "id")
        if twins["plainly"].n_unique() < fewest:
            continue
        doubt = later(
            "Ids of the column '{column}' differ by capitals, blanks or an ending .0 alone ({cells}), and each spelling counts as a store "
            "or product of its own. Write them alike in the export; {write} under [lines] takes blanks around them off."
        )
        yield Question(QuestionKind.SPELLING, name, tuple(twins["id"].head(2)), doubt, "strip_ids = true")
