"""Goods as a person names them, and the baskets of a scope in which they are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from toolkit.answer import Finding, Note
from toolkit.columns import Table
from toolkit.errors import BadValue, UnknownName, nearest
from toolkit.language import tr
from toolkit.mart.baskets import Part, read_baskets
from toolkit.mart.catalogue import NO_CATEGORY
from toolkit.models.pairs import Baskets
from toolkit.scope.hiding import unmeasured
from toolkit.scope.period import Period, days_in, read_period
from toolkit.scope.phrases import where as place_of
from toolkit.scope.sales import within
from toolkit.scope.view import View

Level = Literal["category", "product"]
Unit = Literal["order", "member"]
By = Literal["product", "name", "brand"]


@dataclass(frozen=True)
class Good:
    """A category or a product: its code, and its name in a sentence."""

    level: Level
    code: int
    label: str


@dataclass(frozen=True)
class ScopedBaskets:
    """The baskets of a scope and window at one level: orders, or members with all they bought.

    `members` is the member_code of each basket (-1 = not a member); `left_out` counts orders with more different goods than the setting
    goods.largest_basket.
    """

    baskets: Baskets
    members: np.ndarray
    left_out: int


def window_of(view: View) -> Period:
    """Return the window in which goods that go together are found: the period if one was asked for, else goods.window_days up to as_of.

    It starts with the receipts where they do not reach back as far.
    """
    wanted = read_period(view.settings.goods.window_days, view.as_of, 1) if view.period.is_default else view.period
    return wanted if wanted.end < view.first_day else Period(max(wanted.start, view.first_day), wanted.end)


def opening(view: View, period: Period) -> str:
    """Return the scope and a window as the opening of a sentence."""
    return tr("{where}, {days_in}", where=place_of(view), days_in=days_in(period))


def scoped_parts(view: View, period: Period) -> list[Part]:
    """Return the baskets of the scope in a window: `orders` of each part with their row `order`, and their `goods`."""
    inside = within(period)
    if view.scope.is_place:
        column = "store_id" if view.scope.store_id is not None else "region"
        value = view.scope.store_id if view.scope.store_id is not None else view.scope.region
        inside &= pl.col("store_code").is_in(view.stores.filter(pl.col(column) == value)["store_code"].to_list())
    if view.scope.audience is not None:
        inside &= pl.col("member_code").is_in(view.members["member_code"].implode())
    parts = []
    for part in read_baskets(view.workspace, view.mart):
        orders = part.orders.with_row_index("order")
        chosen = orders.select(inside.fill_null(False)).to_series()
        if chosen.all():
            parts.append(Part(orders, part.goods))
            continue
        inside_orders = orders.filter(chosen)
        parts.append(Part(inside_orders, part.goods[_rows_of(part.goods["order"].to_numpy(), inside_orders["order"].to_numpy())]))
    return parts


def scoped_baskets(view: View, period: Period, level: Level, unit: Unit) -> ScopedBaskets:
    """Return the baskets of the scope in a window; goods are category or product codes, those without a category left out."""
    nameless = _nameless(view)
    pieces: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    before = left_out = 0
    for part in scoped_parts(view, period):
        goods = part.goods.filter("is_bought" if level == "product" else pl.col("is_bought") & (pl.col("category_code") != nameless))
        order = goods["order"].to_numpy().astype(np.int64)
        good = goods[f"{level}_code"].to_numpy().astype(np.int64)
        if level == "category" and len(order):
            first = np.append(True, (order[1:] != order[:-1]) | (good[1:] != good[:-1]))  # sorted by order, then category
            order, good = order[first], good[first]
        member = np.full(int(part.orders["order"].max() or 0) + 1, -1, dtype=np.int64)  # type: ignore[arg-type]
        member[part.orders["order"].to_numpy()] = part.orders["member_code"].cast(pl.Int64).fill_null(-1).to_numpy()
        whole = Baskets(order, good, 0)
        fit = whole.at_most(view.settings.goods.largest_basket)
        left_out += whole.basket_count - fit.basket_count
        pieces.append((fit.basket + before, fit.good, member[fit.basket]))
        before += len(member)
    basket, good, member = (np.concatenate(column) if pieces else np.zeros(0, dtype=np.int64) for column in zip(*pieces, strict=True))
    count = _good_count(view, level)
    if unit == "member":
        known = member >= 0
        basket, good = _distinct(member[known], good[known], count)
        member = basket
    made = Baskets(basket, good, count)
    return ScopedBaskets(made, member[made.starts[:-1]], left_out)


def find_good(view: View, name: str, where: str) -> Good:
    """Return the category or product that a person named: a category, a product_id, or the name of a single product.

    Raises
    ------
    UnknownName
        There is none; the nearest names are given. A category that was renamed is known by its present name alone.
    BadValue
        The name is that of several products.
    """
    wanted = name.strip().casefold()
    categories = view.categories.filter(pl.col("category").str.to_lowercase() == wanted)
    if categories.height:
        code, label = categories.select("category_code", "category").row(0)
        return Good("category", int(code), str(label))
    ids = view.workspace.codes("product")
    known = ids.filter(pl.col("code").is_in(view.mart.products["product_code"].implode()))
    named = _with_names(view, known)
    found = named.filter(
        (pl.col("id") == name.strip()) | (pl.col("label").str.to_lowercase() == wanted) | (pl.col("name").str.to_lowercase() == wanted)
    )
    exact = found.filter(pl.col("id") == name.strip())
    found = exact if exact.height else found
    if found.height == 1:
        return Good("product", int(found["code"][0]), str(found["label"][0]))
    if found.height > 1:
        some = tr(", ").join([*found["id"].sort().head(5), *(["..."] if found.height > 5 else [])])
        raise BadValue(
            tr(
                "{where}: {count:,} products are called '{name}'. Give a product_id: {some}.",
                where=where,
                count=found.height,
                name=name,
                some=some,
            )
        )
    # Of names that differ in case alone the last counts: a category rather than a product.
    near = nearest(name, [*known["id"].head(20_000), *named["name"].drop_nulls().unique(), *view.categories["category"]], most=3)
    guess = tr("; did you mean {near}?", near=tr(" or ").join(repr(one) for one in near)) if near else tr(".")
    raise UnknownName(
        tr(
            "{where}: no category or product is called '{name}'{guess} Categories go by the names of the present "
            "products table: one that was renamed has its new name alone.",
            where=where,
            name=name,
            guess=guess,
        )
    )


def level_of_shop(view: View, level: Level) -> tuple[Level, list[str | Note]]:
    """Return the level at which goods can be compared, and the note where it is not the one asked for.

    Where the shop's goods have fewer than two categories, products stand for them: between categories there would be nothing to tell.
    """
    count = _categories(view).height
    if level != "category" or count > 1:
        return level, []
    told = view.say("The shop's goods have [one?a single category|no categories]: products are compared instead.", one=count == 1)
    return "product", [Note(told, "REVIEW")]


def _categories(view: View) -> pl.DataFrame:
    """The categories that were bought, those with most orders first."""
    bought = view.categories.filter((pl.col("category") != NO_CATEGORY) & (pl.col("order_count") > 0))
    return bought.sort(["order_count", "category"], descending=[True, False])


def no_categories(view: View, category: str, table: Table, what: str) -> Finding | None:
    """Return the finding of a choice between goods of a category where none is named and the shop has none; else None.

    `what` is in the reader's language ("what replaces what").
    """
    if category.strip() or not _categories(view).is_empty():
        return None
    headline = view.say("{where}, {what} is not measured: no good has a category.", what=what)
    return unmeasured(table, headline, tr("Import a products table with a column `category`: goods are held against others of their own."))


def good_or_most_bought(view: View, name: str, where: str, *, product: bool = False) -> Good:
    """Return the good that a person named, as `find_good`; '' = the category in most orders of the chain, so that every report has one.

    With `product`, in a shop with fewer than two categories the product in most orders of the window stands for it.

    Raises
    ------
    UnknownName, BadValue
        As `find_good`; or no category was ever bought.
    """
    if name.strip():
        return find_good(view, name, where)
    known = _categories(view)
    if product and known.height < 2:
        counts = [part.goods.filter("is_bought").group_by("product_code").len() for part in scoped_parts(view.chain, window_of(view))]
        most = pl.concat(counts).group_by("product_code").agg(pl.col("len").sum()).sort(["len", "product_code"], descending=[True, False])
        if most.height:
            code = int(most["product_code"][0])
            return Good("product", code, labels_of(view, "product", [code])[code])
    if known.is_empty():
        raise BadValue(tr("{where}: no good was named and the shop has no categories. Name a product.", where=where))
    code, label = known.select("category_code", "category").row(0)
    return Good("category", int(code), str(label))


def require_category(good: Good, named: str, where: str) -> Good:
    """Return a good that is a category.

    Raises
    ------
    BadValue
        It is a product.
    """
    if good.level != "category":
        raise BadValue(tr("{name}: '{category}' is a product; a category was needed.", name=where, category=named))
    return good


def labels_of(view: View, level: Level, codes: Sequence[int]) -> dict[int, str]:
    """Return the names of some categories or products, by code."""
    wanted = pl.Series(sorted({int(code) for code in codes}), dtype=pl.UInt32)
    if level == "category":
        rows = view.categories.filter(pl.col("category_code").is_in(wanted.implode())).select("category_code", "category")
    else:
        rows = _with_names(view, view.workspace.codes("product").filter(pl.col("code").is_in(wanted.implode()))).select("code", "label")
    return {int(code): str(label) for code, label in rows.iter_rows()}


def good_names(view: View, products: pl.Series, by: By) -> pl.DataFrame:
    """Return the good that each product stands for: `product_code`, `goods` (its label); those without a name or brand are left out."""
    if by == "product":
        names = labels_of(view, "product", products.to_list())
        return pl.DataFrame({"product_code": products, "goods": pl.Series([names[code] for code in products], dtype=pl.String)})
    ids = view.workspace.codes("product").rename({"code": "product_code", "id": "product_id"})
    table = view.workspace.table("products")
    known = table.select("product_id", pl.col(by).alias("goods")).collect() if table is not None else ids.select("product_id", goods=None)
    return ids.filter(pl.col("product_code").is_in(products.implode())).join(known, on="product_id").drop_nulls("goods").drop("product_id")


def _with_names(view: View, products: pl.DataFrame) -> pl.DataFrame:
    """Products (code, id) with `name` (null where the shop states none) and `label`: the name and the id, since names repeat."""
    table = view.workspace.table("products")
    if table is None or "name" not in table.collect_schema().names():
        return products.with_columns(pl.lit(None, pl.String).alias("name"), pl.col("id").alias("label"))
    names = table.select(pl.col("product_id").alias("id"), "name").collect()
    label = pl.when(pl.col("name").is_null()).then("id").otherwise(pl.concat_str("name", pl.lit(" ("), "id", pl.lit(")")))
    return products.join(names, on="id", how="left", maintain_order="left").with_columns(label.alias("label"))


def _good_count(view: View, level: Level) -> int:
    codes = view.categories["category_code"] if level == "category" else view.mart.products["product_code"]
    return int(codes.max() or 0) + 1  # type: ignore[arg-type]


def _nameless(view: View) -> int:
    found = view.categories.filter(pl.col("category") == NO_CATEGORY)["category_code"]
    return int(found[0]) if len(found) else -1


def _rows_of(order: np.ndarray, chosen: np.ndarray) -> pl.Series:
    """Rows of the goods of some orders; `order` ascends. A store has few of a chain's orders: their ranges are found without a pass."""
    starts, ends = np.searchsorted(order, chosen), np.searchsorted(order, chosen, side="right")
    lengths = ends - starts
    return pl.Series(np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum()), dtype=pl.UInt32)


def _distinct(member: np.ndarray, good: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Each member's goods once, sorted by member."""
    keys = member * count + good
    keys.sort()
    keys = keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys
    return keys // count, keys % count
