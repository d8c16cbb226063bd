"""Lines that are no goods: shipping, fees, gift cards, deposits, bags, by the words in a product's id, name or category."""

from __future__ import annotations

from collections.abc import Iterator

from toolkit.language import later
from toolkit.sources.columns.vocabulary import LIKELY, SURE, score, words_for
from toolkit.sources.plausibility.names import are_no_goods
from toolkit.sources.plausibility.question import Question, by_value, listed
from toolkit.sources.plausibility.seen import Seen
from toolkit.sources.question_kinds import QuestionKind
from toolkit.sources.specs import TableMapping

SHORT_CODE = r"^[A-Za-z]{1,4}\d?$"


def columns_of_goods(spec: TableMapping, names: list[str]) -> list[str]:
    """Return the columns that say what a line is of: the product's id as mapped, and names and categories as they are called."""
    product = spec.columns["product_id"].raw_columns if "product_id" in spec.columns else ()
    named = [name for name in names if max(score(name, words_for("products", key)) for key in ("name", "category")) >= SURE]
    kinds = [name for name in names if name not in named and score(name, words_for("products", "name")) >= LIKELY]
    return list(dict.fromkeys([*(name for name in product if name in names), *named, *kinds[:1]]))


def lines_of_no_goods(seen: Seen) -> Iterator[Question]:
    """Doubt lines whose product is a service, a payment or a bag; one question of the column that names most of them."""
    if seen.is_goods_said:
        return
    columns = [name for name in columns_of_goods(seen.spec, seen.sample.columns) if name not in (*seen.spec.drop, *seen.spec.keep)]
    matches = {name: values for name in columns if (values := seen.values(name).filter(are_no_goods(seen.values(name))).to_list())}
    if not matches:
        return
    name = max(matches, key=lambda name: len(matches[name]))
    found = matches[name]
    every = seen.values(name)
    if name in (seen.column("product_id"),) and every.str.contains(r"\d{3}").mean() > 0.9:  # type: ignore[operator]
        found = [*found, *(code for code in every.filter(every.str.contains(SHORT_CODE)) if code not in found)]
    doubt = later(
        "The column '{column}' names lines that look like no goods ({cells}: shipping, fees, gift cards, deposits, bags): they would count "
        "among favourites, pairs and units. Say which they are: {write}, or leave them out altogether: {drop}"
    )
    cells = tuple(found[:2]) if len(found) > 1 else (found[0], *every.filter(every != found[0]).head(1))
    condition = f"{{ column = {by_value(name, [])[:-5]}, equals = {listed(found)} }}"
    write = f"[lines.columns] is_goods = {{ false_if = [{condition}] }}"
    yield Question(QuestionKind.NO_GOODS, name, cells, doubt, write, {"drop": f"[lines.drop] {by_value(name, found)}"})
