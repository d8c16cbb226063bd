"""What an amount is: of a unit or of the line, before or after the discount, with tax or without, this column or that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from toolkit.language import later
from toolkit.sources.columns.matching import quoted
from toolkit.sources.columns.vocabulary import SURE, score, words_for
from toolkit.sources.plausibility.names import is_called
from toolkit.sources.plausibility.of_discounts import is_rate_of
from toolkit.sources.plausibility.question import Question, listed, other_column
from toolkit.sources.plausibility.seen import FEWEST_ROWS, NEARLY_ALL, WRITTEN, Seen
from toolkit.sources.question_kinds import QuestionKind

CENT = 0.011
FEWEST_AMOUNTS = 30
TAX_RATES = (
    0.03, 0.04, 0.05, 0.055, 0.06, 0.07, 0.077, 0.08, 0.081, 0.09, 0.1, 0.11, 0.12, 0.13, 0.135, 0.14, 0.15, 0.16, 0.17, 0.18, 0.19, 0.2,
    0.21, 0.22, 0.23, 0.24, 0.25, 0.255, 0.27,
)  # fmt: skip
MOST_RATES = 3
OTHER_SHARE = 0.02
CENTS = 100
MOST_DISAGREE, SUMS_APART = 0.5, 0.1
MOSTLY = 0.5


def amounts(seen: Seen) -> Iterator[Question]:
    """Ask what the column of the amount holds; at most one question, the surest first."""
    if question := _discount_beside_product(seen):
        yield question
        return
    name = seen.column("amount")
    if name is None or name not in seen.sample.columns:
        return
    for ask in (_of_another_sign, _of_a_unit, _before_discount, _in_cents, _with_tax, _tax_beside, _another_amount, _disagrees):
        if question := ask(seen, name):
            yield question
            return


def _discount_beside_product(seen: Seen) -> Question | None:
    """Doubt an amount of price x quantity from which the discount that is given beside it is not taken off."""
    spec, given = seen.spec.columns.get("amount"), seen.spec.columns.get("discount_amount")
    discount = given and (seen.column("discount_amount") or given.per_order)
    if spec is None or not spec.model_fields_set <= {"multiply", *WRITTEN} or len(spec.multiply) < 2 or discount not in seen.sample.columns:
        return None
    names = [factor for factor in spec.multiply if isinstance(factor, str)]
    off = seen.number(str(discount)).abs()
    rows = pl.DataFrame({"off": seen.sample[str(discount)], "amount": seen.amounts("amount").round(seen.minor_digits).cast(pl.String)})
    rows = rows.filter((off > CENT).fill_null(False)).drop_nulls()
    if is_called(names[0], "settled_price") or rows.height < FEWEST_ROWS or is_rate_of(seen, str(discount)):
        return None
    column = ", ".join(names)
    doubt = later(
        "The amount is worked out as '{column}' multiplied, and the column '{discount}' gives a discount beside it ({cells}): is it taken "
        "off the price already? Where it is not, write {write}"
    )
    taken_off = "less_per_order" if given and given.per_order else "subtract"
    write = f"[lines.columns] amount = {{ multiply = {listed(names)}, {taken_off} = {listed([str(discount)])} }}"
    return Question(QuestionKind.AMOUNT, column, (rows["off"][0], rows["amount"][0]), doubt, write, {"discount": str(discount)})


def _pair(seen: Seen, **series: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({key: values.alias(key) for key, values in series.items()}).drop_nulls()


def _of_another_sign(seen: Seen, name: str) -> Question | None:
    """Doubt money without a sign where a quantity below nothing says that goods came back, and sales that are below nothing."""
    rows = pl.DataFrame({"quantity": seen.amounts("quantity"), "amount": seen.amounts("amount")}).drop_nulls()
    back = rows.filter((pl.col("quantity") < 0) & (pl.col("amount") > 0))
    below = rows.filter((pl.col("quantity") > 0) & (pl.col("amount") < 0))
    column = seen.column("quantity")
    if column and back.height >= FEWEST_ROWS and back.height >= MOSTLY * rows.filter(pl.col("quantity") < 0).height:
        cells = tuple(f"{row['quantity']:g} x: {row['amount']:.{seen.minor_digits}f}" for row in back.head(2).iter_rows(named=True))
        doubt = later(
            "Where '{other}' is below 0, the column '{column}' is not ({cells}): what came back is counted as sold. Where it is to be "
            "taken off, write {write}"
        )
        write = f"[lines.columns] amount = {{ column = {quoted(name)}, sign_of = {quoted(column)} }}"
        return Question(QuestionKind.AMOUNT, name, cells, doubt, write, {"other": column})
    if below.height >= FEWEST_ROWS and below.height >= MOSTLY * rows.height:
        cells = tuple(f"{amount:.{seen.minor_digits}f}" for amount in below["amount"].head(2))
        doubt = later(
            "Most money of the column '{column}' is below 0 ({cells}), as books write sales: they would be taken off. Where they are "
            "sales, write {write}"
        )
        return Question(QuestionKind.AMOUNT, name, cells, doubt, f"[lines.columns] amount = {{ column = {quoted(name)}, sign = -1 }}")
    return None


def _of_a_unit(seen: Seen, name: str) -> Question | None:
    """Doubt an amount that does not grow with the quantity."""
    quantity, amount = seen.amounts("quantity"), seen.amounts("amount")
    product = seen.text("product_id")
    rows = _pair(seen, product=product, quantity=quantity, amount=amount).filter((pl.col("amount") > 0) & (pl.col("quantity") > 0))
    several = rows.group_by("product").agg(pl.col("quantity", "amount").n_unique()).filter(pl.col("quantity") > 1)
    column = seen.column("quantity")
    if several.height < FEWEST_ROWS or column is None or not (several["amount"] == 1).mean() >= NEARLY_ALL:  # type: ignore[operator]
        return None
    first = (
        rows.join(several.filter(pl.col("amount") == 1).sort("product").head(1).select("product"), on="product")
        .unique("quantity")
        .sort("quantity")
    )
    doubt = later(
        "The column '{column}' is read as the money of a line, but a product costs the same whatever the quantity in '{other}' ({cells}): "
        "it looks like the price of one. Where it is, write {write}"
    )
    cells = tuple(f"{row['quantity']:g} x: {row['amount']:.{seen.minor_digits}f}" for row in first.head(2).iter_rows(named=True))
    write = f"[lines.columns] amount = {{ multiply = {listed([name, column])} }}"
    return Question(QuestionKind.AMOUNT, name, cells, doubt, write, {"other": column})


def _before_discount(seen: Seen, name: str) -> Question | None:
    """Doubt an amount that is price x quantity although a discount stands beside it, or from which a column has it taken off."""
    discount = seen.column("discount_amount")
    if discount is None or discount not in seen.sample.columns or seen.column("quantity") is None or is_rate_of(seen, discount):
        return None
    rows = _pair(seen, amount=seen.amounts("amount"), quantity=seen.amounts("quantity"), discount=seen.amounts("discount_amount"))
    if rows.filter(pl.col("discount") > 0).height < FEWEST_ROWS:
        return None
    amount, quantity, off = seen.amounts("amount"), seen.amounts("quantity"), seen.amounts("discount_amount")
    is_off = (off > CENT).fill_null(False)
    prices = [price for price in seen.prices if not is_called(price, "settled_price")]
    others = [column for column in seen.unused if column not in seen.prices and seen.is_number(column)]
    for other in (*prices, *others):
        is_price = other in seen.prices
        expected = seen.number(other) * quantity if is_price else seen.number(other) + off
        agrees = ((expected - amount).abs() <= CENT).filter(is_off).drop_nulls()
        if agrees.len() < FEWEST_ROWS or not agrees.mean() >= NEARLY_ALL:  # type: ignore[operator]
            continue
        shown = pl.DataFrame([seen.sample[name].alias("amount"), seen.sample[discount].alias("discount")]).filter(is_off)
        doubt = later(
            "The column '{column}' is read as what was paid, but where '{discount}' gives a discount it still is what '{other}' says of "
            "the line without it ({cells}): it looks like the money before the discount. Where it is, write {write}"
        )
        write = f"[lines.columns] amount = {{ add = {listed([name])}, subtract = {listed([discount])} }}"
        return Question(QuestionKind.AMOUNT, name, tuple(shown.row(0)), doubt, write, {"other": other, "discount": discount})
    return None


def _with_tax(seen: Seen, name: str) -> Question | None:
    """Doubt which of two amounts is meant where one is the other with tax, row by row; or price x quantity is."""
    amount = seen.amounts("amount")
    column = seen.column("quantity")
    off = seen.amounts("discount_amount").fill_null(0)
    candidates = {
        other: (seen.number(other), other_column(QuestionKind.TAX, "amount", other))
        for other in seen.unused
        if other not in seen.prices and seen.is_number(other)
    }
    if column and column in seen.sample.columns:
        quantity = seen.amounts("quantity")
        candidates |= {
            price: (seen.number(price) * quantity - off, f"[lines.columns] amount = {{ multiply = {listed([price, column])} }}")
            for price in seen.prices
            if price not in (seen.spec.columns["amount"].raw_columns)
        }
    for other, (numbers, instead) in candidates.items():
        if not is_taxed(amount, numbers):
            continue
        cells = next(zip(seen.sample[name].to_list(), seen.sample[other].to_list(), strict=True), ("", ""))
        doubt = later(
            "The columns '{column}' and '{other}' differ by a tax, line for line ({cells}). '{column}' is read as the amount; where the "
            "other is meant, write {write}"
        )
        return Question(QuestionKind.TAX, name, tuple(map(str, cells)), doubt, instead, {"other": other})
    return None


def _tax_beside(seen: Seen, name: str) -> Question | None:
    """Doubt an amount beside a column of tax that it does not hold, or of which the rows do not tell whether it does."""
    amount = seen.amounts("amount")
    for other in seen.unused:
        if not is_called(other, "tax") or is_called(other, "no_tax") or not seen.is_number(other):
            continue
        rows = pl.DataFrame({"amount": amount.abs(), "tax": seen.number(other).abs()}).with_row_index().drop_nulls()
        rows = rows.filter((pl.col("tax") > CENT) & (pl.col("amount") > 0))
        if rows.height < FEWEST_AMOUNTS or rows["tax"].n_unique() < FEWEST_ROWS:
            continue
        within, on_top = (_explained(rows, shares) for shares in ([rate / (1 + rate) for rate in TAX_RATES], TAX_RATES))
        if within >= NEARLY_ALL and within >= on_top:  # small amounts fit many a rate: the better reading counts
            continue
        row = int(rows["index"][0])
        doubt = later(
            "The column '{other}' holds a tax ({cells}) and '{column}' is read as the amount: does it hold the tax? Where it does not and "
            "is to, write {write}"
        )
        write = f"[lines.columns] amount = {{ add = {listed([name, other])} }}"
        cells = (str(seen.sample[name][row]), str(seen.sample[other][row]))
        return Question(QuestionKind.TAX, name, cells, doubt, write, {"other": other})
    return None


def _explained(rows: pl.DataFrame, shares: Sequence[float]) -> float:
    """Return the share of rows in which the tax is one of the few best shares of the amount."""
    fits = rows.select(((pl.col("tax") - pl.col("amount") * share).abs() <= CENT).alias(str(share)) for share in shares)
    best = sorted(fits.columns, key=lambda share: -int(fits[share].sum()))[:MOST_RATES]
    return float(fits.select(pl.any_horizontal(best).mean()).item())


def is_taxed(first: pl.Series, second: pl.Series) -> bool:
    """Return whether one of two amounts is the other with tax: a few usual rates explain (nearly) every row, to a cent.

    >>> net = pl.Series([10.0 + number * 1.37 for number in range(40)])
    >>> is_taxed((net * 1.19).round(2), net), is_taxed(net * 2, net)
    (True, False)
    """
    rows = pl.DataFrame({"first": first.abs(), "second": second.abs()}).drop_nulls().filter((pl.col("first") > 1) & (pl.col("second") > 1))
    if rows.height < FEWEST_AMOUNTS or rows["first"].n_unique() < FEWEST_ROWS:
        return False
    if not (rows["first"] >= rows["second"]).mean() >= NEARLY_ALL:  # type: ignore[operator]
        rows = rows.select(first="second", second="first")
    differ = (pl.col("first") - pl.col("second")).abs() > CENT
    rates = [((pl.col("first") - pl.col("second") * (1 + rate)).abs() <= 2 * CENT).alias(str(rate)) for rate in TAX_RATES]
    fits = rows.filter(differ).select(rates)
    if fits.height < NEARLY_ALL * rows.height * 0.5 or fits.height < FEWEST_AMOUNTS:
        return False
    best = sorted(fits.columns, key=lambda rate: -int(fits[rate].sum()))[:MOST_RATES]
    return bool(fits.select(pl.any_horizontal(best)).to_series().mean() >= NEARLY_ALL)  # type: ignore[operator]


def _another_amount(seen: Seen, name: str) -> Question | None:
    """Doubt which of two columns is the amount, where both could be by their names; some names settle it (`settled_amount`)."""
    if is_called(name, "settled_amount"):
        return None
    words, amount = words_for("lines", "amount"), seen.amounts("amount")
    for other in seen.unused:
        if score(other, words) < SURE or is_called(other, "no_amount") or not seen.is_number(other):
            continue
        differs = ((seen.number(other) - amount).abs() > CENT).drop_nulls()
        if not differs.len() or not differs.mean() >= OTHER_SHARE:  # type: ignore[operator]
            continue
        unlike = ((seen.number(other) - amount).abs() > CENT).fill_null(False)
        first = pl.DataFrame([seen.sample[name].alias("name"), seen.sample[other].alias("other")]).filter(unlike).row(0)
        doubt = later(
            "Both '{column}' and '{other}' could be the money of a line, and they differ ({cells}). '{column}' is read; where the other is "
            "meant, write {write}"
        )
        return Question(QuestionKind.AMOUNT, name, first, doubt, other_column(QuestionKind.AMOUNT, "amount", other), {"other": other})
    return None


def _expected(seen: Seen) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield each price that the amount is not made of, with what it, the quantity and the discount come to (expected) beside the amount."""
    discount = seen.column("discount_amount")
    if seen.column("quantity") is None or (discount in seen.sample.columns and is_rate_of(seen, str(discount))):
        return
    off = seen.amounts("discount_amount").fill_null(0)
    for price in seen.prices:
        rows = pl.DataFrame({"amount": seen.amounts("amount"), "expected": seen.number(price) * seen.amounts("quantity") - off})
        rows = rows.with_columns(seen.sample[price].alias("price")).drop_nulls().filter((pl.col("amount") > 0) & (pl.col("expected") > 0))
        if rows.height >= FEWEST_AMOUNTS and rows["amount"].n_unique() >= FEWEST_ROWS:
            yield price, rows


def _in_cents(seen: Seen, name: str) -> Question | None:
    """Doubt an amount that is a hundred times price x quantity."""
    for price, rows in _expected(seen):
        fits = rows.select((pl.col("amount") - CENTS * pl.col("expected")).abs() <= 0.01 * pl.col("amount")).to_series()
        if not fits.mean() >= MOSTLY:  # type: ignore[operator]
            continue  # discounts that no column tells make the others less
        doubt = later(
            "The column '{column}' is {times} times what '{price}' and the quantity come to, line for line ({cells}): it looks like money "
            "in the smallest unit. Where it is, write {write}"
        )
        write = f'[lines.columns] amount = {{ column = {quoted(name)}, unit = "minor" }}'
        cells = (f"{rows['amount'][0]:g}", f"{rows['expected'][0]:g}")
        return Question(QuestionKind.AMOUNT, name, cells, doubt, write, {"price": price, "times": str(CENTS)})
    return None


def _disagrees(seen: Seen, name: str) -> Question | None:
    """Doubt an amount that most lines and the sum say is another thing than price x quantity less discount; list prices say nothing."""
    if any(score(other, words_for("lines", key)) for other in seen.unused for key in ("discount_amount", "coupon_amount")):
        return None
    for price, rows in _expected(seen):
        apart = (rows["amount"] - rows["expected"]).abs() > 0.01 * rows["expected"]
        sums = float(rows["amount"].sum()), float(rows["expected"].sum())
        if is_called(price, "list_price") or apart.mean() < MOST_DISAGREE or abs(sums[0] - sums[1]) < SUMS_APART * sums[1]:  # type: ignore[operator]
            continue
        first = rows.filter(apart).row(0, named=True)
        doubt = later(
            "The column '{column}' adds up to {sum}, but '{price}' x quantity less discount to {expected}, and most lines disagree "
            "({cells}): what does it hold? Where price x quantity is meant, write {write}"
        )
        write = f"[lines.columns] amount = {{ multiply = {listed([price, str(seen.column('quantity'))])} }}"
        cells = (f"{first['amount']:g}", f"{first['expected']:g}")
        places = {"price": price, "sum": f"{sums[0]:,.0f}", "expected": f"{sums[1]:,.0f}"}
        return Question(QuestionKind.AMOUNT, name, cells, doubt, write, places)
    return None
