"""Service: a touch instead of a price: after the sale, or when goods are due again, with a trade-in where wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.differentiation.measures.amounts import read_amounts, read_budget
from toolkit.differentiation.measures.past import Past, contact_cost, margin_note
from toolkit.differentiation.methods.discount import read_categories
from toolkit.differentiation.methods.method import BEST_NET, MONEY, Method, answered, money_bars, ranked, reckoned
from toolkit.expressions import divide_half_up
from toolkit.language import later, tr, value
from toolkit.models.replay import REPLAY, response
from toolkit.models.replay_goods import replay_service
from toolkit.models.replay_thresholds import chances
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.phrases import not_measured
from toolkit.scope.view import View
from toolkit.targeting.measures.due_list import STATED, due_list, due_rhythms


def replayed_due(past: Past, trade_in: int, wanted: list[int] | None = None) -> pl.DataFrame:
    """Return a touch at due time as `reckon` takes it: one row per group of `past` and category, with `price` (minor units)."""
    view, by = past.view, past.by
    prices = usual_prices(view)
    contacted = past.members.filter("is_contacted").select("member_code", *by)
    due = due_list(view).join(contacted, on="member_code", maintain_order="left").join(prices, on="category_code", maintain_order="left")
    due = due.filter(pl.lit(True) if wanted is None else pl.col("category_code").is_in(wanted))
    chance = chances(pl.col("purchase_probability")).alias("chance_micro")
    counted = replay_service(due.select("member_code", *by, "category_code", "price", chance), trade_in=trade_in, by=by)
    reminded = view.settings.offers.response_share
    responding = (reminded + response(reminded, pl.lit(trade_in) / pl.col("price"))).clip(0, 1)
    priced = counted.join(prices, on="category_code", how="left", maintain_order="left")
    return past.with_category_margin(priced).with_columns(responding.alias("response_share"))


def _after_sale(past: Past, wanted: list[int] | None) -> pl.DataFrame:
    """Buyers of goods with a stated life in the window: contacts and their sales, nothing within reach."""
    stated = due_rhythms(past.view).filter(pl.col("basis") == STATED)["good_code"].to_list()
    chosen = pl.col("category_code").is_in([code for code in stated if wanted is None or code in wanted])
    bought = past.categories.filter(chosen & (pl.col("orders") > 0)).join(past.members.filter("is_contacted"), on="member_code", how="semi")
    counted = bought.group_by("category_code").agg(
        pl.col("amount").clip(0, None).sum().alias("base_amount"), pl.len().cast(pl.Int64).alias("contact_count")
    )
    zero = pl.lit(0, pl.Int64)
    empty = [zero.alias(name) for name in REPLAY if name not in counted.columns]
    counted = counted.with_columns(*empty, zero.alias("need_count"), pl.lit(None, pl.Float64).alias("expected_buyers"))
    priced = counted.join(usual_prices(past.view), on="category_code", how="left").sort("category_code")
    return past.with_category_margin(priced).with_columns(pl.lit(0.0).alias("response_share"))


def usual_prices(view: View) -> pl.DataFrame:
    """Return the usual price of one unit of each category of counted goods, minor units: `category_code`, `price`."""
    units = pl.col("priced_units_milli")
    price = divide_half_up(1000 * pl.col("priced_amount"), pl.when(units > 0).then(units))
    return view.categories.select("category_code", price.alias("price")).filter(pl.col("price") > 0)


SERVICE = Method(
    table=c.table(
        "one row per category that can be served, largest net first",
        c.text("category"),
        c.members("contact_count", "Contacts", "one per member and category, of those who may be contacted"),
        c.count("expected_buyers", "Expected buyers", "buy here anyway", null="not expected: after the sale", dtype=pl.Float64),
        c.members("within_reach_count", "Within reach", "the others"),
        c.money("unit_value", "Price of one", "usual price"),
        c.share("margin_share", "Margin", "of the category", null="not known"),
        *MONEY,
    ),
    figures=lambda view: [
        pl.col("category", "contact_count", "expected_buyers", "within_reach_count", "margin_share"),
        view.major("price").alias("unit_value"),
    ],
    keys=("category",),
    headline=later(
        "{where}, of {n:category|categories} that members are due for, a touch does best for {category}: of {needs:need}, some "
        "{expected_buyers:,.0f} will be met here anyway, {within_reach_count} are within reach; it costs {cost_amount}[leaves? and leaves "
        "{net_amount} net, if {response_share} of those buy for being reminded.][loses? and loses {loss:money}: to pay for itself "
        "[rise_pays?sales must rise by {break_even_share}|no rise of sales is enough]. Doing nothing is better on these figures.]"
        "[no_margin? for {extra_sales} of extra sales; what that leaves is not known without a margin.]"
    ),
    too_dear=later(
        "{where}, none of a touch for any of {n:category|categories} fits a budget of {budget:money}: the cheapest, {category}, costs "
        "{cost_amount}."
    ),
    called=later("a touch for {category}"),
    label="{category}",
    replay=lambda past, offer: replayed_due(past, 0, read_categories(past.view, ";".join(offer.categories))),
    proposed=lambda past: past.with_category(replayed_due(past, 0)),
    text=lambda view, cell: "service " + value("a reminder when goods are due again"),
    own_contacts=True,
)
AFTER_SALE = replace(
    SERVICE,
    headline=later(
        "{where}, of {n:category|categories} an after-sale touch is cheapest for {category}: {contact_count:buyer}, {cost_amount}; "
        "by how much sales [rise_pays?to them must rise, is {break_even_share}|must rise cannot be said without a margin]."
    ),
)


@question(
    "differentiation",
    "Would a service touch pay: after the sale, or when goods are due again?",
    words=(
        "after-sale call or message, care without a discount",
        "trade-in offer at the time of replacement",
        "cost per contact against members due again",
        "售后 服务 以旧换新 关怀",
    ),
    tables=SERVICE.table,
    figures=BEST_NET,
)
def service(
    view: View,
    *,
    touch: Literal["due", "after_sale"] = "due",
    trade_in: float = 0.0,
    category: str = "",
    budget: float | None = None,
) -> Finding:
    """Return a service touch by category: one row per category that can be served, largest net first.

    `due`: members whose goods are due again or soon (targeting.due_again). Those who will buy here anyway, by their probability, are free
    riders; the others are within reach, at the category's usual unit price. `after_sale`: buyers of the period of goods with a stated
    service life get a touch; what that brings is not measured, so only its cost and break-even are given. A touch has no price effect: its
    cost is that of the contacts, and of the trade-in. Sales are measured against what is bought anyway.

    Parameters
    ----------
    touch
        `due` or `after_sale`.
    trade_in
        Currency units off the new one for the old one (only `due`); 0 = none.
    category
        Names, several behind semicolons; empty = each category by itself.
    budget
        Most that it may cost, in currency units; empty = no limit.

    Raises
    ------
    BadValue
        A trade-in below zero, a budget of nothing.
    UnknownName
        There is no such category.

    Example
    -------
    >>> tk.differentiation.service(ws, trade_in=20).headline      # doctest: +SKIP
    """
    spend, past = read_budget(budget, "differentiation.service"), Past(view)
    off = (read_amounts(trade_in, "trade_in", view, zero=True) or [0])[0]
    wanted = read_categories(view, category)
    is_due = touch == "due"
    replayed = replayed_due(past, off, wanted) if is_due else _after_sale(past, wanted)
    replayed = replayed.filter(pl.col("contact_count") >= view.least)
    if replayed.is_empty():
        return _nobody_to_serve(past, is_due)
    assumed = (
        Note(
            view.say(
                "Assumed, not measured: of the needs that would not be met here, {offers.response_share:.0%} are, for being reminded "
                "(setting offers.response_share)[off?, more with the trade-in, in proportion to its share of the price]. A campaign with a "
                "control group measures it.",
                off=off,
            ),
            "REVIEW",
        )
        if is_due
        else Note(tr("What an after-sale touch brings is not measured: run it with a control group."), "NOT MEASURED")
    )
    accounting = view.say(
        "This is accounting, not a forecast: what contacts cost, and what members are expected to buy anyway. A touch takes nothing off "
        "the price, so nobody gets for nothing what they would have paid for[off?, but for the trade-in].",
        off=off,
    )
    return answered(
        SERVICE if is_due else AFTER_SALE,
        past,
        ranked(past.with_category(reckoned(past, replayed)), SERVICE.keys),
        spend, notes=[accounting, assumed, margin_note(view, past.margin), contact_cost(view)[1]],
        more=lambda cell: {"needs": cell["need_count"]},
        chart=lambda table, best: money_bars(
            SERVICE, past, table, n="contact_count", most=15, of_net=is_due, subtitle=later("{what}; n = contacts"),
            title=view.say("Touch when due: {place}") if is_due else view.say("Touch after the sale: {place}"),
        ),
        ask_next=[("targeting.due_again", {}), ("differentiation.offers", {})], money_notes=is_due,
    )  # fmt: skip


def _nobody_to_serve(past: Past, is_due: bool) -> Finding:
    view = past.view
    finding = unmeasured(
        SERVICE.table,
        view.say(
            "{where}, too few of {n:member} who may be contacted are [is_due?due for anything|a buyer of goods with a stated service "
            "life]: there is nothing to serve.",
            n=past.members.height, is_due=is_due,
        ),
        view.say(
            "Service: too few members who may be contacted are [is_due?due for anything|a buyer of goods with a stated service life] "
            "(scope.minimum_members).",
            is_due=is_due,
        ),
        ask_next=[("targeting.due_again", {})],
    )  # fmt: skip
    if view.has_column("products", "service_life_days"):
        return finding
    return replace(
        finding, notes=[*finding.notes, not_measured(view, "products", "service_life_days", tr("due dates from stated service lives"))]
    )
