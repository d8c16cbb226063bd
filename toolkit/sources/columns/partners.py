"""Which files belong together as receipt lines: items and the orders they belong to, items and the goods that have the price.

A join is proposed where the columns of one file are not yet lines, and those of another with a key that stands once in each of its rows
make them lines. A key is a column of the same name, or two that the vocabulary knows as the same id, or a plain `id` in a file that is
named after the other's column, or, where no name tells, one whose values all stand in the other. The samples must have values in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from toolkit.sources.columns.contents import Contents
from toolkit.sources.columns.matching import BARE, match_columns
from toolkit.sources.columns.vocabulary import SURE, plain, score, words_for
from toolkit.sources.records.source_file import SAMPLE_RECORDS
from toolkit.sources.specs import joined_name

NEEDED = ("member_id", "order_id", "product_id", "ordered_at", "money")
OF_LINES = ("product_id", "quantity", "unit_price", "amount")
MONEY = ("amount", "discount_amount", "coupon_amount")
KEYS = ("order_id", "product_id", "member_id", "store_id")
FEWEST_VALUES = 5
"""Values that are needed to tell a key by its values alone."""
MOST_COLUMNS, MOST_PAIRS = 500, 1_000
"""No partners are looked for in wider files; values are held against each other in this many pairs of columns at most."""
SHARED_VALUES = 0.5
"""Share of the values of a key that the other sample must hold, where both samples are whole files."""


@dataclass(frozen=True)
class Partner:
    """Files to join: theirs, and column -> column of the key."""

    group: Sequence[Contents]
    on: dict[str, str]
    name: str
    is_guess: bool  # the key is told by its values alone


@dataclass(frozen=True)
class JoinedLines:
    """Files that are lines once others are joined to them."""

    group: Sequence[Contents]
    contents: Contents  # of the first of them, with the columns of the partners
    everything: Contents  # the same with the columns of `of_orders`
    partners: tuple[Partner, ...]
    of_orders: dict[str, str]  # amount, discount or coupon -> a column that holds it for the whole order


def joined_lines(groups: Sequence[Sequence[Contents]]) -> JoinedLines | None:
    """Return the files that are lines once others are joined to them, or None where no join brings what is needed."""
    groups = [group for group in groups if len(group[0].names) <= MOST_COLUMNS]
    candidates = [joined for group in groups if (joined := _with_partners(group, groups)) is not None]
    alone = max(groups, key=lambda group: len(_has(group[0])), default=None)
    best = max(candidates, key=lambda joined: (len(_has(joined.contents)), len(_has(joined.group[0]))), default=None)
    if best is None or alone is None:
        return None
    gain = len(_has(best.contents)) - len(_has(alone[0]))
    # An invoice could be a line, but its own lines are there: several of them to an invoice.
    is_finer = any(partner.group is alone and not _is_once(best.group[0], list(partner.on)) for partner in best.partners)
    return best if gain > 0 or (gain == 0 and is_finer) else None


def _has(contents: Contents) -> set[str]:
    """Return which of the needed columns the contents have."""
    columns = set(match_columns("lines", contents))
    return {name for name in NEEDED if name in columns or (name == "money" and columns & {"amount", "unit_price"})}


def _with_partners(group: Sequence[Contents], groups: Sequence[Sequence[Contents]]) -> JoinedLines | None:
    contents = group[0]
    if not set(OF_LINES) & set(match_columns("lines", contents)):
        return None
    everything, partners = contents, list[Partner]()
    of_orders: dict[str, str] = {}
    rest = [other for other in groups if other is not group]
    while len(_has(contents)) < len(NEEDED):
        steps = [(other, step) for other in rest if (step := _step(contents, other)) is not None]
        if not steps:
            break
        other, (partner, contents, values, columns) = max(steps, key=lambda item: (len(_has(item[1][1])), not item[1][0].is_guess))
        everything = _joined(everything, other[0], partner.on, columns)
        partners.append(partner)
        of_orders = values | of_orders
        rest.remove(other)
    return JoinedLines(group, contents, everything, tuple(partners), of_orders) if partners else None


def _step(contents: Contents, other: Sequence[Contents]) -> tuple[Partner, Contents, dict[str, str], dict[str, str]] | None:
    """Return a partner, the contents with its columns of lines, the values of whole orders in it, and all its columns by their names.

    None where it brings nothing that is needed.
    """
    found = _key(contents, other[0])
    if found is None:
        return None
    on, is_guess = found
    name = joined_name(other[0].file.path, other[0].file.sheet)
    taken = set(contents.names)
    columns = {column: f"{name}.{column}" if column in taken else column for column in other[0].names if column not in on.values()}
    of_orders, sums = {}, []
    if set(on) & {match_columns("lines", contents).get("order_id"), *_named(contents, "order_id")}:
        own = match_columns("lines", other[0])
        of_orders = {contract: columns[own[contract]] for contract in MONEY if own.get(contract) in columns}
        sums = [column for column in columns if _is_sum(other[0], column)]
    wanted = {column: shown for column, shown in columns.items() if column not in sums}
    joined = _joined(contents, other[0], on, wanted)
    if _has(joined) <= _has(contents) and not (of_orders.get("amount") and "money" not in _has(contents)):
        return None
    return Partner(other, on, name, is_guess), joined, of_orders, columns


def _named(contents: Contents, key: str) -> list[str]:
    return [name for name in contents.names if score(contents.own_name(name), words_for("lines", key)) >= SURE]


def _is_sum(contents: Contents, column: str) -> bool:
    """Return whether a column of orders is money or a number of pieces: of the whole order, never of a line."""
    is_key = any(score(column, words_for("lines", key)) >= SURE for key in KEYS)
    words = (*MONEY, "quantity")
    return not is_key and contents.is_number(column) and any(score(column, words_for("lines", word)) for word in words)


def _key(contents: Contents, other: Contents) -> tuple[dict[str, str], bool] | None:
    """Return the columns by which rows find their partner, and whether their values alone tell it."""
    measures = ("quantity", "unit_price", "ordered_at", *MONEY)
    own = [name for name in contents.names if all(score(contents.own_name(name), words_for("lines", word)) < SURE for word in measures)]
    plainly = {plain(column): column for column in other.names}
    same = {name: plainly[plain(contents.own_name(name))] for name in own if plain(contents.own_name(name)) in plainly}
    pairs = [*same.items()]
    pairs += [(name, column) for key in KEYS for name in _named(contents, key) for column in _named(other, key)]
    stem = plain(joined_name(other.file.path, other.file.sheet)).removesuffix("s")
    pairs += [
        (name, column)
        for column in other.names
        if plain(column) in BARE
        for name in own
        if plain(contents.own_name(name)) == f"{stem}{plain(column)}"
    ]
    for name, column in dict.fromkeys(pairs):
        if _is_once(other, [column]) and _meet(contents, other, name, column):
            return {name: column}, False
    if len(same) > 1 and _is_once(other, list(same.values())) and all(_meet(contents, other, *pair) for pair in same.items()):
        return same, False
    if len(own) * len(other.names) > MOST_PAIRS:
        return None
    for name in own:
        values = contents.texts(name).unique()
        for column in other.names if values.len() >= FEWEST_VALUES and values.str.contains(r"\D|\d{4,}").all() else ():
            if _is_once(other, [column]) and values.is_in(other.texts(column).implode()).all():
                return {name: column}, True
    return None


def _is_once(contents: Contents, columns: list[str]) -> bool:
    rows = contents.sample.select(columns)
    return not rows.is_duplicated().any() and all(contents.texts(column).len() == rows.height for column in columns)


def _meet(contents: Contents, other: Contents, name: str, column: str) -> bool:
    """Return whether enough values of a column stand in that of the other sample."""
    values = contents.texts(name).unique()
    shared = int(values.is_in(other.texts(column).implode()).sum())
    is_whole = max(contents.sample.height, other.sample.height) < SAMPLE_RECORDS
    return shared > 0 and (not is_whole or shared >= SHARED_VALUES * values.len())


def _joined(contents: Contents, other: Contents, on: dict[str, str], columns: dict[str, str]) -> Contents:
    """Return the contents with columns of the other, by the rows of the samples that have a partner."""
    theirs = other.sample.select(
        *(pl.col(column).str.strip_chars().alias(f"__{name}") for name, column in on.items()),
        *(pl.col(column).alias(shown) for column, shown in columns.items()),
    )
    keyed = contents.sample.with_columns(pl.col(name).str.strip_chars().alias(f"__{name}") for name in on)
    keys = [f"__{name}" for name in on]
    sample = keyed.join(theirs, on=keys, how="inner", maintain_order="left").drop(keys)
    schema = contents.file.schema | {shown: other.file.schema[column] for column, shown in columns.items()}
    return Contents(replace(contents.file, schema=schema), sample)
