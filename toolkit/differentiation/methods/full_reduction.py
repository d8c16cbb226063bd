"""Full reduction: spend X, save Y, replayed for a grid of X and Y on the audience's own baskets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding
from toolkit.charts.heatmap import heatmap
from toolkit.columns import AnswerTable, Row
from toolkit.differentiation.measures.amounts import proposed_reductions, proposed_thresholds, read_amounts, read_budget, tenths_off
from toolkit.differentiation.measures.past import Past, accounting_notes, reach_bp
from toolkit.differentiation.methods.method import BEST_NET, MONEY, Method, answered, in_currency, nothing_to_replay, reckoned
from toolkit.errors import BadValue
from toolkit.language import later, tr
from toolkit.ledger.offer import plain
from toolkit.models.replay import response
from toolkit.models.replay_thresholds import replay_full_reduction
from toolkit.registry import question
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt


def replayed_grid(past: Past, thresholds: list[int], reductions: list[int], *, repeated: bool = False) -> pl.DataFrame:
    """Return the grid as `reckon` takes it: one row per group of `past`, threshold and reduction (minor units)."""
    counted = replay_full_reduction(past.baskets, thresholds, reductions, reach_bp=reach_bp(past.view), repeated=repeated, by=past.by)
    depth = response(past.view.settings.offers.response_share, pl.col("reduction") / pl.col("threshold"))
    return past.with_margin(counted).with_columns(depth.alias("response_share"))


def _proposed(past: Past) -> pl.DataFrame:
    pairs = tenths_off(past.baskets["amount"], past.view.settings.offers.grid_thresholds)
    return pl.concat([replayed_grid(past, [limit], [saving]) for limit, saving in pairs]) if pairs else pl.DataFrame()


def _figures(view: View) -> Sequence[pl.Expr]:
    of_all = [(pl.col(f"{name}_count") / pl.col("basket_count")).alias(f"{name}_share") for name in ("free_rider", "within_reach")]
    return [
        view.major("threshold").alias("threshold_amount"),
        view.major("reduction").alias("reduction_amount"),
        pl.col("free_rider_count", "within_reach_count"),
        *of_all,
        (pl.col("cost") / pl.col("base_amount")).alias("cost_share"),
    ]


FULL_REDUCTION = Method(
    table=c.table(
        "one row per X and Y",
        c.money("threshold_amount", "Spend", "X"),
        c.money("reduction_amount", "Save", "Y"),
        c.count("free_rider_count", "Get it anyway", "baskets at or above X"),
        c.share("free_rider_share", "Share that gets it anyway", "of all baskets"),
        c.count("within_reach_count", "Within reach", "baskets that lack little of X"),
        c.share("within_reach_share", "Share within reach", "of all baskets"),
        c.share("cost_share", "Cost of sales", "of the sales of all baskets"),
        *MONEY,
    ),
    figures=_figures,
    keys=("threshold", "reduction"),
    headline=later(
        "{where}, the best of {n:full reduction}[budget? within the budget] is spend {threshold_amount} save {reduction_amount}: of "
        "{baskets:basket}, {free_rider_count} are above already and get it for nothing, {within_reach_count} are within reach; it costs "
        "{cost_amount}[leaves? and leaves {net_amount} net, if {response_share} of those within reach top up.][loses? and loses "
        "{loss:money}: to pay for itself [rise_pays?sales must rise by {break_even_share}|no rise of sales is enough]. Doing nothing is "
        "better on these figures.][no_margin? for {extra_sales} of extra sales; what that leaves is not known without a margin.]"
    ),
    too_dear=later(
        "{where}, none of {n:full reduction} fits a budget of {budget:money}: the cheapest, spend {threshold_amount} save "
        "{reduction_amount}, costs {cost_amount}."
    ),
    called=later("spend {threshold_amount} save {reduction_amount}"),
    label="spend {threshold_amount} save {reduction_amount}",
    replay=lambda past, offer: replayed_grid(past, [past.minor(offer.threshold)], [past.minor(offer.value)]),
    proposed=_proposed,
    text=lambda view, cell: f"full_reduction {plain(cell['threshold'] / view.minor_units)}/{plain(cell['reduction'] / view.minor_units)}",
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
    tables=FULL_REDUCTION.table,
    figures=BEST_NET,
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
        return nothing_to_replay(past, FULL_REDUCTION.table, tr("full reduction"))
    limits = limits or proposed_thresholds(past.baskets["amount"], view.settings.offers.grid_thresholds)
    savings = savings or proposed_reductions(limits, view.settings.offers.grid_reductions)
    if min(savings) >= max(limits):
        raise BadValue(
            view.say(
                "reductions: the smallest, {smallest:minor}, is not below the largest threshold, {largest:minor}: it would give the whole "
                "basket away. Give a reduction below its threshold.",
                smallest=min(savings), largest=max(limits),
            )
        )  # fmt: skip
    cells = reckoned(past, replayed_grid(past, limits, savings, repeated=repeat == "every"))
    assumed = view.say(
        "Assumed, not measured: where the reduction is 10% of the threshold, {offers.response_share:.0%} of the baskets within reach top "
        "up to just it, in proportion at other depths (setting offers.response_share); a basket is within reach when it lacks at most "
        "{offers.reach_share:.0%} of the threshold (setting offers.reach_share). A campaign with a control group measures it."
    )
    more_notes = [
        tr("One reduction a basket.")
        if repeat == "once"
        else tr("One reduction for every full threshold; baskets just below the next are in reach."),
        tr("Basket: what was paid on one receipt after its own discounts. Returns on a later receipt do not lower it."),
    ]
    if dropped := len(limits) * len(savings) - cells.height:
        more_notes.append(view.say("Left out: {dropped:cell} whose reduction is not below the threshold.", dropped=dropped))
    return answered(
        FULL_REDUCTION, past, cells, spend, notes=accounting_notes(past, assumed), more_notes=more_notes,
        chart=lambda table, best: _chart(past, table, best), ask_next=[("differentiation.offers", {}), ("differentiation.coupon", {})],
    )  # fmt: skip


def _chart(past: Past, table: AnswerTable, best: Row | None) -> alt.Chart | alt.LayerChart:
    view, known = past.view, past.margin.share is not None
    what = tr("Expected net") if known else tr("Cost")
    axes = ("threshold_amount", "reduction_amount")
    named = {amount: view.money(amount * view.minor_units) for axis in axes for amount in table.frame[axis]}
    order = [[named[amount] for amount in sorted(table.frame[axis].unique())] for axis in axes]
    drawn = table.frame.sort(axes).select(
        pl.col(axes).replace_strict(named, return_dtype=pl.String), pl.col("net_amount" if known else "cost_amount"), "within_reach_count"
    )
    return heatmap(
        drawn, column=axes[0], row=axes[1], value=drawn.columns[2], n="within_reach_count", kind="money",
        column_order=order[0], row_order=order[1][::-1], column_title=tr("Spend"), row_title=tr("Save"),
        value_title=in_currency(what, view), title=view.say("Spend X, save Y: {place}"),
        subtitle=view.say(
            "{what} on {n:basket}, {period}[best?; best: spend {threshold_amount} save {reduction_amount}]",
            best or {"threshold_amount": 0, "reduction_amount": 0}, what=what, n=past.baskets.height, best=best is not None,
        ),
    )  # fmt: skip
