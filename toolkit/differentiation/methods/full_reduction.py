"""Full reduction: spend X, save Y, replayed for a grid of X and Y on the audience's own baskets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.charts.heatmap import heatmap
from toolkit.differentiation.measures.amounts import proposed_reductions, proposed_thresholds, read_amounts, read_budget
from toolkit.differentiation.measures.past import Past, accounting_notes, reach_bp
from toolkit.differentiation.measures.reckoning import (
    MONEY,
    amount_text,
    best_of,
    in_currency,
    money_columns,
    money_notes,
    nobody,
    outcome,
    reckoned,
    too_dear,
)
from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.models.replay import response
from toolkit.models.replay_thresholds import replay_full_reduction
from toolkit.registry import question
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.wording import share, some

if TYPE_CHECKING:
    import altair as alt

GRID = pl.Schema(
    {
        "threshold_amount": pl.Float64,
        "reduction_amount": pl.Float64,
        "free_rider_count": pl.Int64,
        "free_rider_share": pl.Float64,
        "within_reach_count": pl.Int64,
        "within_reach_share": pl.Float64,
        "cost_share": pl.Float64,
        **MONEY,
    }
)


@question(
    "differentiation",
    "Spend X, save Y: which X and Y would pay for our members?",
    words=(
        "full reduction grid of thresholds and reductions",
        "spend 60 save 10: who gets it anyway, who is within reach",
        "what would a threshold discount cost on past baskets",
        "break even of spend and save",
        "满减 满额减 门槛",
    ),
)
def full_reduction(
    view: View,
    *,
    thresholds: str | float | list[float] = "",
    reductions: str | float | list[float] = "",
    repeat: Literal["once", "every"] = "once",
    budget: float | None = None,
) -> Finding:
    """Return a grid of spend X, save Y, each cell counted on the members' own baskets of the period: one row per X and Y.

    Accounting, not a forecast: who is above X already gets Y for nothing (free riders); a basket that lacks at most setting
    offers.reach_share of X is within reach; setting offers.response_share says what part of those tops up to just X where Y is a tenth of
    X, in proportion at other depths.

    Parameters
    ----------
    thresholds, reductions
        X and Y in currency units, "30, 60, 100" or a list; empty = proposed from the members' own baskets.
    repeat
        `once`: one reduction a basket; `every`: one for every full X (two from 2X on), and baskets just below the next full X are within
        reach too.
    budget
        Most that it may cost over a window like this, in currency units; empty = no limit.

    Returns
    -------
    Answer
        Table columns: `threshold_amount` (X), `reduction_amount` (Y); `free_rider_count`, `within_reach_count` baskets and their shares of
        all (0..1); `cost_share` (cost of the sales of all baskets); `response_share` (of those within reach, assumed to top up);
        `cost_amount` (reductions of free riders and of those who top up), `extra_sales` (the top-ups), `net_amount` (their margin less the
        cost), `break_even_share` (sales must rise by this share for their margin to pay the cost), `break_even_rate` (share of those within
        reach that must top up; null = even all of them would not pay), `at_stake_amount` (margin of the free riders' baskets now);
        currency units, null where no margin is known. `is_best`: no cell that costs as little brings more: the best for some budget.

    Raises
    ------
    BadValue
        An amount that is none or not above 0, no reduction below its threshold, a budget of nothing.

    Notes
    -----
    Source: DEFINITIONS.md section 3, methods.

    Example
    -------
    >>> tk.differentiation.full_reduction(ws, thresholds="30, 60", reductions="5, 10").table      # doctest: +SKIP
    """
    spend, past = read_budget(budget, "differentiation.full_reduction"), Past(view)
    limits, savings = read_amounts(thresholds, "thresholds", view), read_amounts(reductions, "reductions", view)
    if past.baskets.is_empty():
        return nobody(view, past, tr("full reduction"), GRID)
    limits = limits or proposed_thresholds(past.baskets["amount"], view.settings.offers.grid_thresholds)
    savings = savings or proposed_reductions(limits, view.settings.offers.grid_reductions)
    if min(savings) >= max(limits):
        raise BadValue(
            tr(
                "reductions: the smallest, {smallest}, is not below the largest threshold, {largest}: it would give the whole basket "
                "away. Give a reduction below its threshold.",
                smallest=view.money(min(savings)),
                largest=view.money(max(limits)),
            )
        )
    cells = reckoned(past, replayed_grid(past, limits, savings, repeated=repeat == "every"))
    best = best_of(view, cells, spend, "threshold", "reduction")
    dropped = len(limits) * len(savings) - cells.height
    return Finding(
        headline=_headline(view, past, cells, best, spend),
        table=_table(view, cells),
        chart=lambda: _chart(view, past, cells, best),
        notes=_notes(view, past, cells, best, repeat, dropped),
        ask_next=[("differentiation.offers", {}), ("differentiation.coupon", {})],
        figures={"best_net_amount": best["net"] / view.minor_units} if best and best["net"] is not None else {},
    )


def replayed_grid(past: Past, thresholds: list[int], reductions: list[int], *, repeated: bool = False) -> pl.DataFrame:
    """Return the grid as `reckon` takes it: one row per group of `past`, threshold and reduction (minor units)."""
    counted = replay_full_reduction(past.baskets, thresholds, reductions, reach_bp=reach_bp(past.view), repeated=repeated, by=past.by)
    depth = response(past.view.settings.offers.response_share, pl.col("reduction") / pl.col("threshold"))
    return past.with_margin(counted).with_columns(depth.alias("response_share"))


def _table(view: View, cells: pl.DataFrame) -> pl.DataFrame:
    of_all = [(pl.col(f"{name}_count") / pl.col("basket_count")).alias(f"{name}_share") for name in ("free_rider", "within_reach")]
    return cells.select(
        view.major("threshold").alias("threshold_amount"),
        view.major("reduction").alias("reduction_amount"),
        "free_rider_count",
        of_all[0],
        "within_reach_count",
        of_all[1],
        (pl.col("cost") / pl.col("base_amount")).alias("cost_share"),
        *money_columns(view),
    ).match_to_schema(GRID)


def _called(view: View, row: dict[str, Any]) -> str:
    return tr("spend {threshold} save {reduction}", threshold=view.money(row["threshold"]), reduction=view.money(row["reduction"]))


def _headline(view: View, past: Past, cells: pl.DataFrame, best: dict[str, Any] | None, budget: float | None) -> str:
    what = some(cells.height, "full reduction")
    if best is None:
        return too_dear(view, cells, budget or 0, what, _called(view, cells.sort("cost", "threshold", "reduction").row(0, named=True)))
    return tr(
        "{where}, the best of {what}{within_the_budget} is {called}: of {baskets}, {free_riders:,} are above already and get it for "
        "nothing, {within_reach:,} are within reach; {outcome}",
        where=where(view),
        what=what,
        within_the_budget=tr(" within the budget") if budget else "",
        called=_called(view, best),
        baskets=some(past.baskets.height, "basket"),
        free_riders=best["free_rider_count"],
        within_reach=best["within_reach_count"],
        outcome=outcome(view, best, tr("those within reach top up")),
    )


def _notes(view: View, past: Past, cells: pl.DataFrame, best: dict[str, Any] | None, repeat: str, dropped: int) -> list[str | Note]:
    settings = view.settings.offers
    notes = accounting_notes(
        past,
        tr(
            "where the reduction is 10% of the threshold, {response_share} of the baskets within reach top up to just "
            "it, in proportion at other depths (setting offers.response_share); a basket is within reach when it lacks "
            "at most {reach_share} of the threshold (setting offers.reach_share).",
            response_share=share(settings.response_share, 0),
            reach_share=share(settings.reach_share, 0),
        ),
    )
    minor = view.minor_units
    name = pl.format("spend {} save {}", amount_text("threshold", minor), amount_text("reduction", minor)).alias("offer")
    notes += money_notes(past, cells, best, _called(view, best) if best else "", name)
    notes.append(
        tr("One reduction a basket.")
        if repeat == "once"
        else tr("One reduction for every full threshold; baskets just below the next are in reach.")
    )
    notes.append(tr("Basket: what was paid on one receipt after its own discounts. Returns on a later receipt do not lower it."))
    if dropped:
        notes.append(tr("Left out: {cells} whose reduction is not below the threshold.", cells=some(dropped, "cell")))
    return notes


def _chart(view: View, past: Past, cells: pl.DataFrame, best: dict[str, Any] | None) -> alt.Chart | alt.LayerChart:
    known = past.margin.share is not None
    named = {amount: view.money(amount) for amount in {*cells["threshold"], *cells["reduction"]}}
    order = {axis: [named[amount] for amount in sorted(cells[axis].unique())] for axis in ("threshold", "reduction")}
    drawn = cells.sort("threshold", "reduction").select(
        pl.col("threshold", "reduction").replace_strict(named, return_dtype=pl.String),
        view.major("net" if known else "cost").alias("value"),
        "within_reach_count",
    )
    what = tr("Expected net") if known else tr("Cost")
    return heatmap(
        drawn, column="threshold", row="reduction", value="value", n="within_reach_count", kind="money",
        column_order=order["threshold"], row_order=order["reduction"][::-1], column_title=tr("Spend"), row_title=tr("Save"),
        value_title=in_currency(what, view), title=tr("Spend X, save Y: {place}", place=view.place),
        subtitle=tr("{what} on {baskets}, {period}{best}", what=what, baskets=some(past.baskets.height, "basket"), period=view.period,
                    best=tr("; best: {called}", called=_called(view, best)) if best else ""),
    )  # fmt: skip
