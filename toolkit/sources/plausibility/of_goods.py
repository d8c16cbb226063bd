"""Lines that are no goods: shipping, fees, gift cards, deposits, bags, by the words in a product's id, name or category."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from toolkit.language import later
from toolkit.sources.columns.matching import quoted
from toolkit.sources.columns.vocabulary import LIKELY, SURE, score, words_for
from toolkit.sources.plausibility.names import are_no_goods
from toolkit.sources.plausibility.question import Question, by_value, listed
from toolkit.sources.plausibility.seen import Seen
from toolkit.sources.question_kinds import QuestionKind
from toolkit.sources.specs import TableMapping

SHORT_CODE, MOSTLY = r"^[A-Za-z]{1,4}\d?$", 0.9  # beside codes of three and more digits
OF_LINES = later(
    "The column '{column}' names lines that look like no goods ({cells}: shipping, fees, gift cards, deposits, bags): they would count "
    "among favourites, pairs and units. Say which they are: {write}, or leave them out altogether: {drop}"
)
OF_PRODUCTS = later(
    "The column '{column}' names products that look like no goods ({cells}: shipping, fees, gift cards, deposits, bags): they would count "
    "among favourites, pairs and units. Say which they are: {write}"
)


def columns_of_goods(spec: TableMapping, names: Sequence[str]) -> list[str]:
    """Return the columns that say what a line or a product is: what the mapping reads so, and names and categories as they are called."""
    mapped = [raw for key in ("product_id", "name", "category") if key in spec.columns for raw in spec.columns[key].raw_columns]
    named = [name for name in names if max(score(name, words_for("products", key)) for key in ("name", "category")) >= SURE]
    parts = [name for name in names if name not in named and score(name, words_for("products", "name")) >= LIKELY]
    return list(dict.fromkeys([*(name for name in mapped if name in names), *named, *parts[:1]]))


def lines_of_no_goods(seen: Seen) -> Iterator[Question]:
    """Doubt lines whose product is a service, a payment or a bag."""
    if seen.is_goods_said:
        return
    filtered = (*seen.spec.drop, *seen.spec.keep)
    columns = {name: seen.values(name) for name in columns_of_goods(seen.spec, seen.sample.columns) if name not in filtered}
    of_lines = list(no_goods("lines", columns, seen.column("product_id")))
    yield from of_lines or no_goods("products", seen.products, None)


def no_goods(table: str, columns: dict[str, pl.Series], product: str | None) -> Iterator[Question]:
    """Ask about the column that names most of what is no goods."""
    matches = {name: values.filter(are_no_goods(values)).to_list() for name, values in columns.items()}
    name = max(matches, key=lambda name: len(matches[name]), default="")
    if not matches.get(name):
        return
    found, every = matches[name], columns[name]
    if name == product and every.str.contains(r"\d{3}").mean() > MOSTLY:  # type: ignore[operator]
        found = [*found, *(code for code in every.filter(every.str.contains(SHORT_CODE)) if code not in found)]
    cells = tuple(found[:2]) if len(found) > 1 else (found[0], *every.filter(every != found[0]).head(1))
    condition = f"{{ column = {quoted(name)}, equals = {listed(found)} }}"
    write = f"[{table}.columns] is_goods = {{ false_if = [{condition}] }}"
    places = {"drop": f"[{table}.drop] {by_value(name, found)}"}
    yield Question(QuestionKind.NO_GOODS, name, cells, OF_LINES if table == "lines" else OF_PRODUCTS, write, places)
