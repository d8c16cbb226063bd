"""The revenue tree: what changed the sales of each category: how many members, how often, how much at a time, at what price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding
from toolkit.columns import AnswerTable
from toolkit.language import later, tr, value
from toolkit.mart.windows import window_sums
from toolkit.models.shapley import shapley_parts, whole_parts
from toolkit.registry import question
from toolkit.scope.hiding import too_few, unmeasured
from toolkit.scope.period import Period
from toolkit.scope.phrases import without_categories
from toolkit.scope.view import View
from toolkit.targeting.measures.compared import season_alike, season_notes

if TYPE_CHECKING:
    import altair as alt

_NAME = "targeting.revenue_tree"
ALL = value("all categories")
_PARTS = {"members_sales": later("how many members buy"), "frequency_sales": later("how often they buy"),
          "units_sales": later("units at a time"), "price_sales": later("price of a unit")}  # fmt: skip
_SUMS = ("members", "orders", "units", "amount")
_CHART_ROWS = 10
TREE = c.table(
    "one row for all categories, then one per category, largest change first; the parts of a row add up to its change",
    c.text("category"),
    c.members(meaning="who bought it in either period"),
    c.money("sales_before", "Sales before", "returns subtracted"),
    c.money("sales", "Sales", "returns subtracted"),
    c.money("change_sales", "Change of sales"),
    c.money("members_sales", "By how many members", "a part of the change"),
    c.money("frequency_sales", "By how often", "orders with it per member"),
    c.money("units_sales", "By units at a time", "units per order; 0 where units are not counted, which is then in the price"),
    c.money("price_sales", "By the price", "per unit, of offers, returns, dearer and cheaper goods"),
    c.money("non_member_sales", "By non-members"),
    c.index("members_index", "Members, times before", null="none in a period"),
    c.index("frequency_index", "Orders each, times before", null="none in a period"),
    c.index("units_index", "Units, times before", null="none in a period, or not counted"),
    c.index("price_index", "Price, times before", null="none in a period"),
    few="drop",
)


@question(
    "targeting",
    "Did sales change by members, frequency, units or price?",
    words=(
        "revenue tree, sales decomposition by category",
        "was it fewer members, fewer visits, smaller baskets or lower prices",
        "price and volume effect of the change of sales",
        "销售拆解 人数 频次 件数 价格",
    ),
    tables=TREE,
    figures=(c.money("goods_change_sales", "Change of sales of goods"), c.money("price_sales", "By the price")),
)
def revenue_tree(view: View, *, against: str | None = None) -> Finding:
    """Return what changed the sales of each category between two periods: members x orders each x units per order x price of a unit.

    The parts add up exactly to the change. The periods are of like seasons (52 weeks apart) where the receipts reach back so far, else the
    period is held against the one just before. Of all categories, the parts are the sums of those of the categories.

    Parameters
    ----------
    against
        The period to compare with, 'FIRST..LAST', or 'year'; empty = as above.

    Raises
    ------
    BadValue
        `against` is no period, or does not lie before this one.

    Notes
    -----
    Each factor has its change times the others, half of them changed already, averaged over all orders (Shapley;
    `models.shapley_parts`). The price is what was paid per unit: a category that sells dearer goods has a higher one.

    Example
    -------
    >>> tk.targeting.revenue_tree(ws, against="year").table             # doctest: +SKIP
    """
    before = season_alike(view, against, _NAME)
    if before.start < view.first_day:
        return unmeasured(
            TREE,
            view.say("{where}, what changed sales is not measured: the receipts start on {first_day}, but the period to compare with is "
                     "{before}.", first_day=view.first_day, before=before),
            tr("Choose a shorter period or a later as_of."),
        )  # fmt: skip
    sides = [_side(view, period) for period in (before, view.period)]
    members = pl.concat(side.select("member_code") for side in sides).drop_nulls().n_unique()
    few = too_few(view, TREE, members, tr("members ordered"), window=view.period)
    if few is not None:
        return few
    table = TREE.of(_rows(view, sides, members), view)
    whole = table.row()
    return Finding(
        headline=_headline(view, table, before),
        table=table,
        chart=lambda: _chart(view, table.frame, before),
        notes=[
            *season_notes(view, before),
            tr(
                "The parts add up exactly to the change. Units are those of counted goods; the price is what was paid per unit, so that "
                "offers, returns and a move to dearer or cheaper goods are in it."
            ),
            *without_categories(view),
        ],
        ask_next=[("targeting.gain_loss", {"by": "category"}), ("targeting.switching", {})],
        figures={"goods_change_sales": whole["change_sales"], "price_sales": whole["price_sales"]},
    )  # fmt: skip


def _side(view: View, period: Period) -> pl.DataFrame:
    """Per member (null = non-members) and category of a period: `orders`, `amount`, `units`."""
    sums = window_sums(view.workspace, view.mart, period.start, period.end, by=("member", "store", "category"))
    if view.scope.is_place:
        here = view.stores.filter(
            pl.col("store_id" if view.scope.store_id is not None else "region") == (view.scope.store_id or view.scope.region)
        )
        sums = sums.join(here.select("store_code"), on="store_code", how="semi")
    if view.scope.audience is not None:
        sums = sums.join(view.members.select("member_code"), on="member_code", how="semi")
    named = sums.join(view.categories.select("category_code", "category"), on="category_code")
    return named.group_by("member_code", "category").agg(pl.col("orders", "amount").sum(), pl.col("order_units_milli").sum().alias("units"))


def _rows(view: View, sides: list[pl.DataFrame], members: int) -> pl.DataFrame:
    """The rows of `TREE`, the sum of all first."""
    is_member = pl.col("member_code").is_not_null()
    sums = []
    for side, name in zip(sides, ("before", "now"), strict=True):
        sums.append(side.group_by("category").agg(
            (is_member & (pl.col("orders") > 0)).sum().alias(f"members_{name}"),
            *[pl.col(what).filter(is_member).sum().alias(f"{what}_{name}") for what in ("orders", "units", "amount")],
            pl.col("amount").filter(~is_member).sum().alias(f"others_{name}"),
        ))  # fmt: skip
    either = (
        pl.concat(sides).filter(is_member).group_by("category").agg(pl.col("member_code").n_unique().cast(pl.Int64).alias("member_count"))
    )
    table = sums[0].join(sums[1], on="category", how="full", coalesce=True).join(either, on="category", how="left").fill_null(0)
    factors = []
    for name in ("before", "now"):
        people, orders, units, amount = (
            table[f"{what}_{name}"].to_numpy().astype(float) for what in ("members", "orders", "units", "amount")
        )
        factors.append(np.column_stack([people, _over(orders, people), _over(units, orders), _over(amount, units), _over(amount, orders)]))
    first, second = factors
    counted = (first[:, 2] > 0) & (second[:, 2] > 0) | ((first[:, 0] == 0) | (second[:, 0] == 0))
    for one in factors:  # where units are not counted, the price is that of all that is bought at a time
        one[:, 3] = np.where(counted, one[:, 3], one[:, 4])
        one[:, 2] = np.where(counted, one[:, 2], 1.0)
    first, second = (np.where(np.isnan(one), other, one)[:, :4] for one, other in (factors, factors[::-1]))
    first, second = np.nan_to_num(first), np.nan_to_num(second)
    change = (table["amount_now"] - table["amount_before"]).to_numpy()
    parts = shapley_parts(first, second)
    parts[:, 3] += change - parts.sum(axis=1)  # refunds of who did not buy
    whole = whole_parts(parts, change)
    with np.errstate(divide="ignore", invalid="ignore"):
        index = np.where((first > 0) & (second > 0), second / first, np.nan)
    index[:, 2] = np.where(counted, index[:, 2], np.nan)
    index[(table["members_before"] == 0).to_numpy() | (table["members_now"] == 0).to_numpy()] = np.nan
    names = ("members", "frequency", "units", "price")
    frame = table.select(
        "category", "member_count", (pl.col("amount_before") + pl.col("others_before")).alias("sales_before"),
        (pl.col("amount_now") + pl.col("others_now")).alias("sales"),
        (pl.col("others_now") - pl.col("others_before")).alias("non_member_sales"),
    ).with_columns(
        (pl.col("sales") - pl.col("sales_before")).alias("change_sales"),
        *[pl.Series(f"{name}_sales", whole[:, place]) for place, name in enumerate(names)],
        *[pl.Series(f"{name}_index", index[:, place]).fill_nan(None) for place, name in enumerate(names)],
    )  # fmt: skip
    money = [name for name in frame.columns if "sales" in name]
    total = frame.select(pl.lit(ALL).alias("category"), pl.lit(members, pl.Int64).alias("member_count"), pl.col(*money).sum())
    ranked = frame.sort(pl.col("change_sales").abs(), "category", descending=[True, False])
    return pl.concat([total, ranked], how="diagonal_relaxed").with_columns(view.major(name).alias(name) for name in money)


def _over(top: np.ndarray, under: np.ndarray) -> np.ndarray:
    return np.divide(top, under, out=np.full(len(top), np.nan), where=under > 0)


def _headline(view: View, table: AnswerTable, before: Period) -> str:
    whole = table.row()
    parts = sorted(_PARTS, key=lambda name: abs(whole[name]), reverse=True)
    most = table.row(1) if table.height > 1 else None
    return view.say(
        "{where}, sales of goods changed by {change_sales} ({sales_before} from {before}, {sales} from {period}): {first:money} by "
        "{first_name}, {second:money} by {second_name}[most?; {most} changed most, {most_change:money}].",
        whole, before=before, first=whole[parts[0]], first_name=tr(_PARTS[parts[0]]),
        second=whole[parts[1]], second_name=tr(_PARTS[parts[1]]),
        most=most["category"] if most else None, most_change=most["change_sales"] if most else None,
    )  # fmt: skip


def _chart(view: View, table: pl.DataFrame, before: Period) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import grouped_bars

    shown = table.head(_CHART_ROWS + 1).tail(-1) if table.height > 1 else table
    parts = [
        shown.select("category", pl.lit(tr(words)).alias("part"), pl.col(name).alias("amount"), "member_count")
        for name, words in _PARTS.items()
    ]
    long = pl.concat(parts)
    return grouped_bars(
        long, label="category", group="part", value="amount", n="member_count", kind="money",
        title=view.say("What changed sales, by category"), subtitle=view.say("{place}, {period} against {before}", before=before),
        value_title=view.say("Part of the change, {currency}"),
    )  # fmt: skip
