"""The decision tree of a category: which goods members take in place of which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr, value
from toolkit.models.switching import Switching, agreement, count_switches, groups_of
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.period import Period
from toolkit.scope.phrases import not_measured
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import (
    By,
    Good,
    good_names,
    good_or_most_bought,
    no_categories,
    require_category,
    scoped_parts,
    window_of,
)

if TYPE_CHECKING:
    import altair as alt

MOST_GOODS = 20
"""Goods in the tree, the best-selling first: beyond them switches are too few to tell."""
LEAST_SWITCHES = 50
LEAST_AGREEMENT = 0.6
"""Adjusted Rand index of the groups of two halves of the members: the bar of clusters (DEFINITIONS.md section 1)."""
_GOODS_PER_GROUP = 4
_CHART_PAIRS = 15
SUBSTITUTES, AS_CHANCE = value("more often than by chance"), value("as by chance")
_OF_PAIR = {"hidden_by": "switcher_count"}
TREE = c.table(
    "one row per good",
    c.text("goods", "Goods"),
    c.text("group", "Group", "letters", null="the tree is not stable"),
    c.members("buyer_count", "Buyers"),
    c.money("sales", "Sales", "of members"),
    c.text("substitute", "Substitute", "the good that most members switch to or from beyond chance"),
    c.members("switcher_count", "Members who switched"),
    c.count("expected_count", "By chance", dtype=pl.Float64, **_OF_PAIR),
    c.interval(c.index("substitute_index", "Times as by chance", "observed over expected", **_OF_PAIR)),
    c.count("both_count", "With both", "visits with both: substitutes are rarely taken together", **_OF_PAIR),
    c.text("verdict", "Verdict", "at most 5% of those more often than by chance are false, all pairs counted"),
)


@dataclass(frozen=True)
class _Choices:
    """What members took in a category: `goods` (number, label, buyers, sales), and who switched: a member once per pair of goods."""

    goods: pl.DataFrame
    source: np.ndarray
    target: np.ndarray
    half: np.ndarray  # 0 or 1: the half of the members whose switch it is
    members: int
    together: np.ndarray  # good x good: visits with both


@question(
    "targeting",
    "Which goods replace each other?",
    words=(
        "customer decision tree, substitution within a category",
        "which products are substitutes for each other",
        "what do members switch to, brand switching",
        "which products can be delisted without losing the sale",
        "替代品 品类决策树",
    ),
    tables=TREE,
    figures=(c.members("switcher_count", "Members who switched"), c.number("agreement_of_halves", "Agreement of halves")),
)
def decision_tree(view: View, *, category: str = "", by: By = "product") -> Finding:
    """Return the goods of a category by what members switch between from visit to visit: one row per good, in groups of substitutes.

    A switch is a member's visit with one good of the category alone, then the next such visit with another one; a member counts once for a
    pair, however often. Two goods replace each other when more members switch between them than chance makes of all who switch to or from
    each. The tree joins the closest first (average linkage). The window is the past year (goods.window_days), unless a period is given.

    Parameters
    ----------
    category
        The category; empty = the one in most orders.
    by
        `product`; `name` (products of one name together) or `brand`, where the products table has them. The 20 with most buyers are in.

    Raises
    ------
    UnknownName, BadValue
        There is no such category, or it is a product.

    Notes
    -----
    Switching shows what members take in turn, which may be variety or two people in a household; that the sale is kept when a good goes
    shows only when it is out of stock or taken off the shelf in some stores. One half of the members is held against the other: a tree that
    does not come again is `not stable`. Source: `toolkit.models.switching`.

    Example
    -------
    >>> tk.targeting.decision_tree(ws, category="YOGURT").table         # doctest: +SKIP
    """
    none = no_categories(view, category, TREE, tr("what replaces what"))
    if none is not None:
        return none
    good = require_category(good_or_most_bought(view, category, "targeting.decision_tree"), category, "targeting.decision_tree")
    if by != "product" and not view.has_column("products", by):
        return Finding(
            headline=view.say("{where}, goods by {by:word} are not measured: the products table names none.", by=by),
            table=TREE.empty(),
            notes=[not_measured(view, "products", by, view.say("the decision tree by {by:word}", by=by))],
        )
    period = window_of(view)
    choices = _choices(view, period, good, by)
    switcher_count = len(choices.source)
    if choices.goods.height < 3 or switcher_count < LEAST_SWITCHES or choices.members < view.least:
        headline = view.say(
            "{where}, {window:in}, {members:few} members switched between {goods} goods of {label}: too little to tell what replaces what "
            "({switches} switches, between three goods or more, are needed).",
            window=period, members=choices.members, goods=choices.goods.height, label=good.label, switches=LEAST_SWITCHES,
        )  # fmt: skip
        return unmeasured(TREE, headline, tr("Choose a longer period, a larger scope, or `by='name'`."))
    count = choices.goods.height
    all_moves = count_switches(choices.source, choices.target, count)
    one, other = (count_switches(choices.source[choices.half == side], choices.target[choices.half == side], count) for side in (0, 1))
    group_count = max(2, count // _GOODS_PER_GROUP)
    agreed = agreement(one, other, group_count)
    # Few goods fall into the same groups twice by chance: without a pair that is clear there are no groups.
    is_clear = bool(all_moves.more_than_chance(view.settings.goods.false_share).any())
    stable = is_clear and agreed is not None and agreed >= LEAST_AGREEMENT
    groups, _ = groups_of(all_moves, group_count)
    shown = TREE.of(_table(view, choices, all_moves, groups if stable else None), view)
    return Finding(
        headline=_headline(view, period, good, shown, choices, stable),
        table=shown,
        chart=lambda: _chart(view, period, good, shown.frame),
        notes=_notes(view, agreed, stable, is_clear),
        ask_next=[
            ("targeting.decision_tree", {"category": good.label, "by": "name" if by == "product" else "product"}),
            ("targeting.bought_together", {"goods": good.label}),
        ],
        figures={"switcher_count": float(switcher_count), "agreement_of_halves": agreed},
    )


def _choices(view: View, period: Period, good: Good, by: By) -> _Choices:
    frames = []
    for part in scoped_parts(view, period):
        inside = part.goods.filter((pl.col("category_code") == good.code) & pl.col("is_bought"))
        orders = part.orders.select("order", "member_code", "ordered_at").drop_nulls("member_code")
        frames.append(inside.select("order", "product_code", "amount").join(orders, on="order").drop("order"))
    taken = pl.concat(frames)
    taken = taken.join(good_names(view, taken["product_code"].unique(), by), on="product_code", how="inner")
    visits = taken.group_by("member_code", "ordered_at", "goods").agg(pl.col("amount").sum())
    ranked = (
        visits.group_by("goods")
        .agg(pl.col("member_code").n_unique().cast(pl.Int64).alias("buyer_count"), pl.col("amount").sum())
        .filter(pl.col("buyer_count") >= view.least)
        .sort("buyer_count", "goods", descending=[True, False])
        .head(MOST_GOODS)
        .with_row_index("number")
    )
    known = visits.join(ranked.select("goods", "number"), on="goods", how="inner").with_columns(pl.col("number").cast(pl.Int64))
    # A visit with two goods of the category is no choice between them, whatever else it holds outside the tree.
    alone = pl.col("number").len().over("member_code", "ordered_at") == 1
    ids = view.population.select("member_code", pl.int_range(pl.len()).alias("place"))
    single = known.filter(alone).sort("member_code", "ordered_at").join(ids, on="member_code", how="left", maintain_order="left")
    moves = single.with_columns(
        pl.col("number").shift(1).over("member_code").alias("source"), (pl.col("place").cast(pl.Int64) % 2).alias("half")
    ).drop_nulls("source")
    low, high = pl.min_horizontal("source", "number"), pl.max_horizontal("source", "number")
    switched = moves.filter(low != high).select("member_code", "half", low.alias("low"), high.alias("high")).unique()
    return _Choices(
        goods=ranked,
        source=switched["low"].to_numpy(),
        target=switched["high"].to_numpy(),
        half=switched["half"].to_numpy(),
        members=switched["member_code"].n_unique(),
        together=_together(known, ranked.height),
    )


def _together(known: pl.DataFrame, count: int) -> np.ndarray:
    """Visits with both, good by good."""
    visit = ["member_code", "ordered_at"]
    both = known.select(*visit, first="number").join(known.select(*visit, second="number"), on=visit)
    matrix = np.zeros((count, count), dtype=np.int64)
    np.add.at(matrix, (both["first"].to_numpy(), both["second"].to_numpy()), 1)
    return matrix


def _table(view: View, choices: _Choices, moves: Switching, groups: np.ndarray | None) -> pl.DataFrame:
    letters = _letters(groups) if groups is not None else [None] * choices.goods.height
    labels = choices.goods["goods"].to_list()
    extra = np.where(moves.count >= view.least, moves.count - moves.expected, -np.inf)  # the best pair that may be shown
    np.fill_diagonal(extra, -np.inf)
    clear = moves.more_than_chance(view.settings.goods.false_share)
    extra = np.where(clear | ~clear.any(axis=1, keepdims=True), extra, np.minimum(extra, 0))  # a clear one first
    rows = []
    for number, good in enumerate(choices.goods.select("goods", "buyer_count", view.major("amount").alias("sales")).iter_rows(named=True)):
        row = {**good, "group": letters[number]}
        best = int(np.argmax(extra[number]))
        if extra[number, best] > 0:
            count, expected = int(moves.count[number, best]), float(moves.expected[number, best])
            low, high = moves.interval(number, best)
            row |= {
                "substitute": labels[best],
                "switcher_count": count,
                "expected_count": expected,
                "substitute_index": count / expected,
                "substitute_index_low": low,
                "substitute_index_high": high,
                "both_count": int(choices.together[number, best]),
                "verdict": SUBSTITUTES if clear[number, best] else AS_CHANCE,
            }
        rows.append(row)
    return pl.DataFrame(rows, schema=TREE.schema).sort("group", "buyer_count", "goods", descending=[False, True, False])


def _letters(groups: np.ndarray) -> list[str]:
    """Groups as letters, in the order of their best-selling good."""
    order = list(dict.fromkeys(groups.tolist()))
    return [chr(ord("A") + order.index(group)) for group in groups.tolist()]


def _headline(view: View, period: Period, good: Good, shown: AnswerTable, choices: _Choices, stable: bool) -> str:
    words = {"window": period, "members": choices.members, "good_count": choices.goods.height, "label": good.label}
    clear = shown.frame.filter(pl.col("verdict") == SUBSTITUTES).sort(
        pl.col("switcher_count") - pl.col("expected_count"), "goods", descending=[True, False]
    )
    if not clear.height:
        return view.say(
            "{where}, {window:in}, {members:,} members who switched between {good_count} goods of {label} show no substitutes: they switch "
            "between any two goods as by chance.",
            **words,
        )
    return view.say(
        "{where}, {window:in}, the choices of {members:,} members who switched between {good_count} goods of {label} [fall into {groups} "
        "groups of substitutes|make no stable tree]; {goods} and {substitute} replace each other most: {switcher_count} members switched "
        "where chance makes {expected_count:,.0f} ({substitute_index:.1f} times, {substitute_index_low:.1f} to "
        "{substitute_index_high:.1f}).",
        shown.cut(clear).row(), groups=shown.frame["group"].n_unique() if stable else None, **words,
    )  # fmt: skip


def _notes(view: View, agreed: float | None, stable: bool, is_clear: bool) -> list[str | Note]:
    if not is_clear:
        halves = tr("No groups are shown: no two goods are switched between more than by chance.")
    elif stable:
        halves = view.say(
            "The groups of one half of the members come again with the other (adjusted Rand index {agreed:.2f}).", agreed=agreed
        )
    else:
        halves = view.say(
            "Not stable: the two halves of the members fall into other groups (adjusted Rand index {agreed:.2f}, needed {needed}). No "
            "groups are shown, single pairs with their intervals are; try `by='name'`, a longer period or a larger scope.",
            agreed=agreed,
            needed=LEAST_AGREEMENT,
        )
    return [
        Note(halves, "PASS" if stable else "REVIEW"),
        tr(
            "What this cannot show is whether the sale is kept when a good is gone. Members may switch for variety, by "
            "price, or because two people share a card. Before taking a good off the shelf, try it in a few stores and "
            "compare."
        ),
        view.say(
            "Goods of fewer than {least} members, and pairs that fewer switched between, are not shown (setting scope.minimum_members)."
        ),
    ]


def _chart(view: View, period: Period, good: Good, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    pair = pl.concat_str(pl.min_horizontal("goods", "substitute"), pl.lit(" / "), pl.max_horizontal("goods", "substitute"))
    pairs = table.drop_nulls("substitute").with_columns(pair.alias("pair")).unique("pair", maintain_order=True)
    return ranges(
        pairs.sort(pl.col("switcher_count") - pl.col("expected_count"), "pair", descending=[True, False]).head(_CHART_PAIRS),
        label="pair",
        value="substitute_index",
        low="substitute_index_low",
        high="substitute_index_high",
        n="switcher_count",
        reference=1.0,
        reference_title=tr("chance"),
        title=view.say("What replaces what in {label}", label=good.label),
        subtitle=view.say("{place}, {period}; n = members who switched between the two", period=period),
        value_title=tr("Members who switch, over chance"),
    )
