"""Splits of members by a column, nested: values as groups, small groups together, each node as an expression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from toolkit import wording
from toolkit.errors import BadValue, UnknownName, unknown_name
from toolkit.language import later, tr, value, word
from toolkit.models.ranks import quantile_band
from toolkit.portrait.measures.levels import LEVELS
from toolkit.scope.member_columns import member_column
from toolkit.scope.traits import trait_columns
from toolkit.scope.view import View
from toolkit.scope.where import sort_of

OTHERS, UNKNOWN = value("others"), value("not known")
MOST_LEVELS = 4
_SHORT = {"channel": "top_channel", "category": "top_category", "store": "home_store_id", "value": "amount_365d"}
_WEIGHTS = (value("light"), value("medium"), value("heavy"))


def read_splits(view: View, names: Sequence[str]) -> dict[str, str]:
    """Return the column behind each name, in order.

    Raises
    ------
    UnknownName, BadValue
        A name that is no column, one twice, none or more than MOST_LEVELS.
    """
    if not names or len(names) > MOST_LEVELS or len(set(names)) < len(names):
        raise BadValue(
            tr(
                "targeting.drill: by is '{names}'; one to {most_levels} different names were needed, such as value, stage.",
                names=tr(", ").join(names),
                most_levels=MOST_LEVELS,
            )
        )
    known = [*view.readable.columns, *trait_columns(view)]
    columns, faults = {}, []
    for name in names:
        column = _SHORT.get(name, name)
        if column == "home_store_id" and column not in known:
            column = "usual_store_id"
        if column not in known:
            faults.append(str(unknown_name(later("split"), name, [*known, *_SHORT], where="targeting.drill")))
        columns[name] = column
    if faults:
        raise UnknownName("\n".join(faults))
    return columns


@dataclass(frozen=True)
class Split:
    """A column as groups: `codes` gives each member's group; `wheres` and `labels` say what a group is."""

    label: str
    codes: pl.Series  # text, null = not known
    column: str
    wheres: dict[str, str] | None  # of bands; None where a group is a value of the column
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, view: View, name: str, column: str, frame: pl.DataFrame) -> Split:
        """Return the split of the members in `frame` by `column`.

        Raises
        ------
        BadValue
            Ids, dates and lists have no groups.
        """
        values, sort = frame[column], sort_of(frame.schema[column])
        label = word(name) if name in _SHORT else member_column(column).heading.lower()
        if column == "member_id" or sort in ("date", "list", "other"):
            raise BadValue(
                tr(
                    "targeting.drill: members cannot be split by '{name}' ({sort}); a text, a number or a yes/no column was needed.",
                    name=name,
                    sort=word(sort),
                )
            )
        if sort == "number":
            return cls._banded(view, name, column, values, label)
        if sort == "flag":
            words = {True: value("yes"), False: value("no")}
            codes = values.replace_strict(words, return_dtype=pl.String)
            return cls(label, codes, column, {"yes": column, "no": f"NOT {column}"})
        return cls(label, values.cast(pl.String), column, None)

    @classmethod
    def _banded(cls, view: View, name: str, column: str, values: pl.Series, label: str) -> Split:
        settings = view.settings.value
        heavy = name == "value"
        shares = (1 - settings.heavy_share - settings.medium_share, settings.medium_share, settings.heavy_share) if heavy else (1 / 3,) * 3
        names = _WEIGHTS if heavy else LEVELS
        band = quantile_band(column, shares=shares, labels=names, largest_first=False)
        numbered = values.to_frame(column).with_columns(values.cast(pl.Float64).alias(column))
        codes = numbered.select(band.cast(pl.String).alias("code"))["code"]
        lows = dict(numbered.with_columns(codes).drop_nulls().group_by("code").agg(pl.col(column).min()).iter_rows())
        edges = [(code, lows[code]) for code in names if code in lows]
        wheres, groups = {}, []
        for place, (code, low) in enumerate(edges):
            high = edges[place + 1][1] if place + 1 < len(edges) else None
            parts = [f"{column} >= {_number(low)}"] * (place > 0) + [f"{column} < {_number(high)}"] * (high is not None)
            wheres[code] = " AND ".join(parts) or f"{column} IS NOT NULL"
            if place:
                groups.append(view.say("{group:word} from {low:,.10g}", group=code, low=low))
            elif high is None:
                groups.append(view.say("{group:word} all", group=code))
            else:
                groups.append(view.say("{group:word} below {high:,.10g}", group=code, high=high))
        of = tr("spend of the last 365 days") if heavy else member_column(column).heading
        note = view.say(
            "{label} is cut by {of} of the members in scope: {groups}.", label=label.capitalize(), of=of, groups=tr(", ").join(groups)
        )
        return cls(label, codes, column, wheres, (note,))

    def shown(self, code: str | None) -> str:
        """Return a group as the reader sees it."""
        return word(UNKNOWN) if code is None else wording.value_of(self.column, code)

    def where(self, code: str | None) -> str:
        """Return the expression of one group."""
        if code is None:
            return f"{_quoted(self.column)} IS NULL"
        return self.wheres[code] if self.wheres else f"{_quoted(self.column)} = {_text(code)}"

    def rest(self, shown: Sequence[str | None], codes: Sequence[str | None]) -> str:
        """Return the expression of the groups `codes` that are not `shown`."""
        left = [code for code in codes if code not in shown]
        if len(left) <= 5 or self.wheres:
            return " OR ".join(self.where(code) for code in left)
        column = _quoted(self.column)
        known = [code for code in shown if code is not None]
        listed = f"{column} NOT IN ({', '.join(_text(code) for code in known)})" if known else f"{column} IS NOT NULL"
        return f"({listed} OR {column} IS NULL)" if None in left else listed


@dataclass(frozen=True)
class Node:
    """A group of members within its parent. Money in minor units; `merged_few` counts groups that were too small to stand alone."""

    level: int
    path: tuple[str, ...]
    where: str
    members: int
    orders: int
    sales: int
    parent_sales: int
    merged_few: int = 0


def nodes_of(frame: pl.DataFrame, splits: Sequence[Split], *, least: int, most: int, within: str = "") -> list[Node]:
    """Return the nodes of nested splits, a parent before its parts.

    `frame` has one row per member with `order_count` and `sales` (minor units), in the order of the splits' codes. No node has fewer than
    `least` members: smaller groups are merged (named where they are up to three, else OTHERS), and with the smallest other group
    while they are still too few. Merged ones are not split further. Each node's expression starts with `within`, that of the scope.
    """
    coded = frame.select("order_count", "sales").with_columns(split.codes.alias(f"split_{place}") for place, split in enumerate(splits))
    cells = coded.group_by(f"split_{place}" for place in range(len(splits))).agg(
        pl.len().cast(pl.Int64).alias("members"), pl.col("order_count").sum().alias("orders"), pl.col("sales").sum()
    )
    return _below(cells, splits, 0, (), within, int(cells["sales"].sum()), least, most)


def _below(
    cells: pl.DataFrame, splits: Sequence[Split], level: int, path: tuple[str, ...], where: str, sales: int, least: int, most: int
) -> list[Node]:
    if level == len(splits):
        return []
    split, column = splits[level], f"split_{level}"
    groups = (
        cells.group_by(column)
        .agg(pl.col("members", "orders", "sales").sum())
        .sort("sales", column, descending=[True, False], nulls_last=True)
    )
    rows = groups.rows(named=True)
    few = sum(row["members"] < least for row in rows)
    alone = [row for row in rows if row["members"] >= least]
    if few or len(alone) > most:
        alone = alone[: most - 1]
    rest = [row for row in rows if row not in alone]
    while rest and alone and sum(row["members"] for row in rest) < least:
        rest.append(alone.pop())
    nodes: list[Node] = []
    for row in alone:
        name = split.shown(row[column])
        mine = _both(where, split.where(row[column]))
        inner = cells.filter(pl.col(column).eq_missing(pl.lit(row[column], pl.String)))
        nodes.append(Node(level + 1, (*path, name), mine, row["members"], row["orders"], row["sales"], sales))
        nodes += _below(inner, splits, level + 1, (*path, name), mine, row["sales"], least, most)
    if rest:
        others = _both(where, split.rest([row[column] for row in alone], [row[column] for row in rows]))
        members, orders, brought = (sum(row[name] for row in rest) for name in ("members", "orders", "sales"))
        called = tr(" or ").join(split.shown(row[column]) for row in rest) if len(rest) <= 3 else word(OTHERS)
        nodes.append(Node(level + 1, (*path, called), others, members, orders, brought, sales, few))
    return nodes


def _both(left: str, right: str) -> str:
    right = f"({right})" if " OR " in right and not (right.startswith("(") and right.endswith(")") and right.count("(") == 1) else right
    return f"{left} AND {right}" if left else right


def _number(value: float | None) -> str:
    """A number that reads back as the same one; whole ones without a point."""
    return str(int(value)) if value is not None and float(value).is_integer() else repr(value)


def _quoted(column: str) -> str:
    return column if column.isidentifier() and column.isascii() else f'"{column}"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
