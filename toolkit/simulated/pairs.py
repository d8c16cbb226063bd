"""Goods that are bought together because it was planted so.

Model. `pair_count` pairs of products and as many pairs of categories, all different. Each bought line of the first good ("trigger") adds,
with probability `added_share`, one line of the second good to the same order (of the second category: a product by popularity). With p =
the expected share of orders with the second good without planting, added_share = (pair_lift - 1) * p, which raises P(second | first) to
about pair_lift * p. Members' tastes and basket sizes make other goods go together too; what was really reached, over all orders, is
counted in truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.simulated.assortment import BASE_SHARES, CATEGORY_NAMES, DURABLE, NICHES, WISHES, category_number
from toolkit.simulated.catalogue import LEVELS, Catalogue
from toolkit.simulated.settings import ShopSettings


@dataclass(frozen=True)
class Pairs:
    """Planted pairs as arrays; product pairs come first."""

    is_product: np.ndarray
    first: np.ndarray  # product or category number
    second: np.ndarray
    added_share: np.ndarray
    by_product: np.ndarray  # per product: pair it triggers, -1 = none (product pairs)
    by_category: np.ndarray  # per category: the same for category pairs
    sides: np.ndarray  # per product: one bit for each side of each pair it stands on (2 * pair, 2 * pair + 1)

    @property
    def count(self) -> int:
        """Number of pairs."""
        return self.first.size


def shop_pairs(settings: ShopSettings, catalogue: Catalogue, rng: np.random.Generator) -> Pairs:
    """Return the planted pairs: goods that enough orders hold to be seen, no good in two pairs."""
    kept_out = {category_number(name) for names in (*NICHES.values(), WISHES) for name in names} | set(DURABLE.tolist())
    usable = np.array([number for number in range(catalogue.categories) if number not in kept_out])
    size = settings.lines_per_order * 1.1
    category_share = 1 - np.exp(-size * BASE_SHARES)
    # Category pairs among middling categories: in a common one, doubling would need more lines than baskets have.
    middling = usable[np.argsort(-BASE_SHARES[usable])][8 : 8 + 2 * settings.pair_count]
    categories = rng.permutation(middling)[: len(middling) // 2 * 2].reshape(-1, 2)
    product_share = 1 - np.exp(-size * BASE_SHARES[catalogue.category] * catalogue.popularity)
    sold = np.flatnonzero(np.isin(catalogue.category, usable) & (catalogue.launch_day < 0))
    popular = sold[np.argsort(-product_share[sold], kind="stable")][: 2 * settings.pair_count]
    # First half with second half, shuffled: two goods of one category would be substitutes, so neighbours are never paired.
    products = _across_categories(popular, catalogue, rng)
    first = np.concatenate([products[:, 0], categories[:, 0]]).astype(np.int64)
    second = np.concatenate([products[:, 1], categories[:, 1]]).astype(np.int64)
    is_product = np.arange(first.size) < len(products)
    share = np.where(is_product, product_share[second], category_share[np.minimum(second, catalogue.categories - 1)])
    return _indexed(is_product, first, second, (settings.pair_lift - 1) * share, catalogue)


def planted_lines(
    pairs: Pairs, catalogue: Catalogue, product: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (row of the triggering line, added product, pair) for the lines that planted pairs add."""
    rows, added, which = [], [], []
    for trigger in (pairs.by_product[product], pairs.by_category[catalogue.category[product]]):
        row = np.flatnonzero(trigger >= 0)
        pair = trigger[row]
        hit = rng.random(row.size) < pairs.added_share[pair]
        row, pair = row[hit], pair[hit]
        second = pairs.second[pair]
        category = np.minimum(second, catalogue.categories - 1)
        slot = rng.integers(0, catalogue.picks.shape[1], row.size)
        by_popularity = catalogue.picks[LEVELS // 2 * catalogue.categories + category, slot]
        rows.append(row)
        added.append(np.where(pairs.is_product[pair], second, by_popularity))
        which.append(pair)
    return np.concatenate(rows), np.concatenate(added).astype(np.int64), np.concatenate(which)


def count_sides(pairs: Pairs, order: np.ndarray, product: np.ndarray) -> np.ndarray:
    """Return pairs x (orders with the first, with the second, with both); `order` must be sorted."""
    if order.size == 0 or pairs.count == 0:
        return np.zeros((pairs.count, 3), np.int64)
    starts = np.flatnonzero(np.diff(order, prepend=-1))
    held = np.bitwise_or.reduceat(pairs.sides[product], starts)
    first = np.array([(held >> np.uint64(2 * pair)) & np.uint64(1) for pair in range(pairs.count)], dtype=bool)
    second = np.array([(held >> np.uint64(2 * pair + 1)) & np.uint64(1) for pair in range(pairs.count)], dtype=bool)
    return np.stack([first.sum(axis=1), second.sum(axis=1), (first & second).sum(axis=1)], axis=1)


def pair_names(pairs: Pairs, catalogue: Catalogue, side: np.ndarray) -> list[str]:
    """Return product ids or category names of one side of the pairs."""
    return [catalogue.ids[int(s)] if p else CATEGORY_NAMES[int(s)] for s, p in zip(side, pairs.is_product, strict=True)]


def _across_categories(popular: np.ndarray, catalogue: Catalogue, rng: np.random.Generator) -> np.ndarray:
    half = popular.size // 2
    by_category = popular[np.lexsort((rng.random(popular.size), catalogue.category[popular]))]
    pairs = np.stack([by_category[:half], by_category[half : 2 * half]], axis=1)
    pairs = pairs[catalogue.category[pairs[:, 0]] != catalogue.category[pairs[:, 1]]]
    return np.where(rng.random(len(pairs))[:, None] < 0.5, pairs, pairs[:, ::-1])


def _indexed(is_product: np.ndarray, first: np.ndarray, second: np.ndarray, added_share: np.ndarray, catalogue: Catalogue) -> Pairs:
    by_product = np.full(catalogue.category.size, -1)
    by_category = np.full(catalogue.categories, -1)
    sides = np.zeros(catalogue.category.size, np.uint64)
    for pair, (a, b, product) in enumerate(zip(first, second, is_product, strict=True)):
        (by_product if product else by_category)[a] = pair
        for place, good in enumerate((a, b)):
            rows = good if product else catalogue.category == good
            sides[rows] |= np.uint64(1 << (2 * pair + place))
    return Pairs(is_product, first, second, added_share, by_product, by_category, sides)
