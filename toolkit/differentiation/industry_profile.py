"""Industry profile: where the shop and its categories stand in how often and how dear one buys, and what such goods stress."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.differentiation.methods.method import in_currency
from toolkit.language import tr, value, word
from toolkit.mart.catalogue import NO_CATEGORY
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import scoped_parts, window_of

if TYPE_CHECKING:
    import altair as alt

WHOLE = value("whole shop")
YEAR_DAYS = 365
_LEAST_DAYS = 182
GROUPS = {
    ("high", "high"): value("often and dear, like beauty"),
    ("high", "low"): value("often and cheap, like coffee and snacks"),
    ("low", "high"): value("seldom and dear, like appliances"),
    ("low", "low"): value("seldom and cheap"),
}
"""Names by (frequency, ticket)."""
STRESSES = {
    GROUPS["high", "high"]: value("sharing and service: advice, trials, members who tell others; a relation more than a price"),
    GROUPS["high", "low"]: value("reach and habit: be near and on the phone at the right hour, small rewards for coming again"),
    GROUPS["low", "high"]: value("care after the sale: delivery, use, repair, trade-in when the next one is due"),
    GROUPS["low", "low"]: value("being found when needed: beside the goods that people come for, as one more in the basket"),
}
PROFILE = c.table(
    "one row for the whole shop, then one per category, largest sales first",
    c.text("goods", meaning="'whole shop' or a category"),
    c.text("group", meaning="often or seldom, dear or cheap"),
    c.members("buyer_count", "Buyers", "members"),
    c.count("order_count", "Orders", "with it"),
    c.number("orders_per_year", "Purchases a buyer and year"),
    c.money("ticket_value", "Ticket", "of it per order with it; the shop: order value"),
    c.money("sales", "Sales"),
    c.share("sales_share", "Share of sales", "of member sales in the table's categories", null="the whole shop, or no sales"),
    c.text("stresses", "Lives on", "what such goods live on"),
)


@question(
    "differentiation",
    "Are we a business of frequent or rare, of dear or cheap purchases?",
    words=(
        "industry profile, purchase frequency and ticket by category",
        "which categories are like beauty, coffee or appliances",
        "what should each category stress: sharing, habit or care after the sale",
        "行业特征 高频 低频 高客单 低客单",
    ),
    tables=PROFILE,
    figures=(
        c.number("orders_per_year", "Purchases a buyer and year"),
        c.money("ticket_value", "Ticket"),
        c.share("frequent_sales_share", "Sales of frequent purchases"),
    ),
)
def industry_profile(view: View) -> Finding:
    """Return the whole shop and each category by purchase frequency and ticket: one row each, the shop first, then largest sales.

    Frequency is purchases a buyer and year, ticket is what one purchase of the category costs; both of members, in the scope, over the past
    year (goods.window_days) unless a period is given. Cuts: playbook.frequency_cut, and playbook.ticket_cut in currency units (None =
    playbook.ticket_times what the middle purchase costs). The shop itself is placed by how often its members order, and is dear where most
    of its sales come from dear categories, unless playbook.order_value_cut says from where on an order is dear.

    Notes
    -----
    The four groups are a reading of two figures, not a law of the trade. Source: DEFINITIONS.md section 3.

    Example
    -------
    >>> tk.differentiation.industry_profile(ws, settings={"playbook": {"ticket_cut": 50}}).table          # doctest: +SKIP
    """
    period = window_of(view)
    everything = _sums(view, period)
    sums = everything.filter((pl.col("buyer_count") >= view.least) & (pl.col("order_count") > 0)).with_columns(
        (pl.col("order_count") / pl.col("buyer_count") * (YEAR_DAYS / period.days)).alias("orders_per_year"),
        view.major(pl.col("amount") / pl.col("order_count")).alias("ticket_value"),
    )
    shop, goods = sums.filter(pl.col("goods") == WHOLE), sums.filter(pl.col("goods") != WHOLE)
    if period.days < _LEAST_DAYS or goods.is_empty() or shop.is_empty():
        return _unmeasured(view, period)
    frequency_cut = view.settings.playbook.frequency_cut
    ticket_cut = view.settings.playbook.ticket_cut or view.settings.playbook.ticket_times * _middle_ticket(goods)
    placed = _rows(view, goods.with_columns(_group(frequency_cut, ticket_cut).alias("group")))
    table = PROFILE.of(pl.concat([_shop_row(view, shop, placed, frequency_cut), placed]), view)
    whole = table.row()
    return Finding(
        headline=_headline(view, table, period),
        table=table,
        chart=lambda: _chart(view, table, frequency_cut, ticket_cut, period),
        notes=_notes(view, frequency_cut, ticket_cut, everything.height - sums.height, period),
        ask_next=[("differentiation.matrix", {}), ("targeting.due_again", {"show": "category"}), ("portrait.quadrants", {})],
        figures={
            "orders_per_year": whole["orders_per_year"],
            "ticket_value": whole["ticket_value"],
            "frequent_sales_share": float(placed.filter(pl.col("group").str.starts_with("often"))["sales_share"].sum()),
        },
    )


def _sums(view: View, period: Period) -> pl.DataFrame:
    """Members' orders, buyers and money per category (`goods` its name), and of the whole shop."""

    def make(of: View) -> pl.DataFrame:
        parts = [_of_part(part.orders, part.goods) for part in scoped_parts(of, period)]
        sums = pl.concat(parts).group_by("category_code").agg(pl.col("buyer_count", "order_count", "amount").sum())
        names = of.categories.select("category_code", pl.col("category").alias("goods"))
        named = sums.join(names, on="category_code", how="left").with_columns(
            pl.when(pl.col("category_code").is_null()).then(pl.lit(WHOLE)).otherwise("goods").alias("goods")
        )
        return named.filter(pl.col("goods") != NO_CATEGORY).sort("amount", "goods", descending=[True, False])

    return view.chainwide(f"industry-{period.start}-{period.end}", make) if view.scope.is_chain else make(view)


def _of_part(orders: pl.DataFrame, goods: pl.DataFrame) -> pl.DataFrame:
    members = orders.lazy().filter(pl.col("member_code").is_not_null()).select("order", "member_code")
    held = goods.lazy().group_by("order", "category_code").agg(pl.col("amount").sum(), pl.col("is_bought").any()).join(members, on="order")
    whole = held.group_by("order", "member_code").agg(pl.col("amount").sum(), pl.col("is_bought").any())
    sums = [
        pl.col("member_code").filter("is_bought").n_unique().cast(pl.Int64).alias("buyer_count"),
        pl.col("is_bought").sum().cast(pl.Int64).alias("order_count"),
        pl.col("amount").sum(),
    ]
    shop = whole.select(pl.lit(None, pl.UInt32).alias("category_code"), *sums)
    return pl.concat([held.group_by("category_code").agg(sums), shop]).collect()


def _middle_ticket(goods: pl.DataFrame) -> float:
    """What the middle purchase of a category costs, in currency units: half of all purchases are of categories with a lower ticket."""
    ranked = goods.sort("ticket_value", "goods")
    reached = ranked["order_count"].cum_sum() * 2 >= ranked["order_count"].sum()
    return max(float(ranked.filter(reached)["ticket_value"][0]), 0.0)


def _group(frequency_cut: float, ticket_cut: float) -> pl.Expr:
    often, dear = pl.col("orders_per_year") >= frequency_cut, pl.col("ticket_value") >= ticket_cut
    high = pl.when(dear).then(pl.lit(GROUPS["high", "high"])).otherwise(pl.lit(GROUPS["high", "low"]))
    low = pl.when(dear).then(pl.lit(GROUPS["low", "high"])).otherwise(pl.lit(GROUPS["low", "low"]))
    return pl.when(often).then(high).otherwise(low)


def _rows(view: View, rows: pl.DataFrame) -> pl.DataFrame:
    whole = int(rows["amount"].sum())
    return rows.select(
        "goods",
        "group",
        "buyer_count",
        "order_count",
        "orders_per_year",
        "ticket_value",
        view.major("amount").alias("sales"),
        (pl.col("amount") / whole if whole > 0 else pl.lit(None, pl.Float64)).alias("sales_share"),
        pl.col("group").replace_strict(STRESSES, default=None, return_dtype=pl.String).alias("stresses"),
    )


def _shop_row(view: View, shop: pl.DataFrame, placed: pl.DataFrame, frequency_cut: float) -> pl.DataFrame:
    cut = view.settings.playbook.order_value_cut
    if cut is None:
        dear = placed.filter(pl.col("group").is_in([GROUPS["high", "high"], GROUPS["low", "high"]]))["sales"].sum()
        cut = 0.0 if dear * 2 > placed["sales"].sum() else float("inf")
    named = shop.with_columns(_group(frequency_cut, cut).alias("group"))
    return _rows(view, named).with_columns(pl.lit(None, pl.Float64).alias("sales_share"), pl.lit(word(WHOLE)).alias("goods"))


def _headline(view: View, table: AnswerTable, period: Period) -> str:
    shares = table.frame.slice(1).group_by("group").agg(pl.col("sales_share").sum(), pl.len().alias("categories"))
    best = shares.sort("sales_share", "group", descending=[True, False]).row(0, named=True)
    return view.say(
        "{where}, {window:in}, {buyer_count} members buy {orders_per_year:.1f} times a year for {ticket_value}; [is_known?{share:share} of "
        "the sales come|most come] from {categories} of {all_categories:category|categories} bought {bought:word}. The shop stands as "
        "{group}: it lives on {stresses}.",
        table.row(), window=period, is_known=best["sales_share"] is not None, share=best["sales_share"],
        categories=best["categories"], all_categories=table.height - 1, bought=best["group"],
    )  # fmt: skip


def _notes(view: View, frequency_cut: float, ticket_cut: float, few: int, period: Period) -> list[str | Note]:
    settings = view.settings.playbook
    notes: list[str | Note] = [
        view.say(
            "Cuts: often from {frequency_cut:g} purchases a buyer and year (playbook.frequency_cut), dear from {ticket_cut:money} a "
            "purchase ([is_stated?stated|not stated: {playbook.ticket_times:g} times the middle purchase; set playbook.ticket_cut to "
            "compare with other shops]).",
            frequency_cut=frequency_cut, ticket_cut=ticket_cut, is_stated=bool(settings.ticket_cut),
        ),
        tr(
            "The shop is dear where most of its sales come from dear categories; playbook.order_value_cut would place it by its order "
            "value."
        )
        if settings.order_value_cut is None
        else view.say("The shop is placed by its own order value, dear from {playbook.order_value_cut:money} (stated)."),
        tr(
            "Members alone: who buys how often is not known of others. Frequency counts buyers of the window, so that rare goods stand at "
            "one purchase or more."
        ),
    ]  # fmt: skip
    if period.days < YEAR_DAYS * 0.9:
        brought = view.say(
            "{days} days are brought to a year; seasons are not evened out, and rare goods look too frequent.", days=period.days
        )
        notes.append(Note(brought, "REVIEW"))
    if few:
        notes.append(
            view.say("Not shown: {few:category|categories} bought by fewer than {least} members (scope.minimum_members).", few=few)
        )
    return notes


def _unmeasured(view: View, period: Period) -> Finding:
    return unmeasured(
        PROFILE,
        view.say(
            "{where}, the industry profile is not measured: half a year of receipts and a category bought by {least} members or more are "
            "needed ({window:in}).",
            window=period,
        ),
        tr("Choose a longer period or a larger scope; a products table with categories is needed."),
    )


def _chart(view: View, table: AnswerTable, frequency_cut: float, ticket_cut: float, period: Period) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.quadrants import Corner, quadrants

    corners: dict[Corner, str] = {
        "high-high": word(GROUPS["high", "high"]),
        "high-low": word(GROUPS["high", "low"]),
        "low-high": word(GROUPS["low", "high"]),
        "low-low": word(GROUPS["low", "low"]),
    }
    return quadrants(
        table.frame.slice(1).filter(pl.col("ticket_value") > 0), x="orders_per_year", y="ticket_value", size="buyer_count", label="goods",
        x_kind="decimal", x_title=tr("Purchases a buyer and year"), y_title=in_currency(tr("Ticket"), view),
        x_cut=frequency_cut, y_cut=ticket_cut, corners=corners, logarithmic=True, title=tr("How often, and how dear"),
        subtitle=view.say("{place}, {period}; each dot is a category", period=period),
    )  # fmt: skip
