"""Industry profile: where the shop and its categories stand in how often and how dear one buys, and what such goods stress."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.differentiation.methods.method import in_currency
from toolkit.language import tr, value, word
from toolkit.mart.catalogue import NO_CATEGORY
from toolkit.registry import question
from toolkit.scope.period import Period, days_in
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import scoped_parts, window_of
from toolkit.wording import money, share, some

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
_SCHEMA = {
    "goods": pl.String,
    "group": pl.String,
    "buyer_count": pl.Int64,
    "order_count": pl.Int64,
    "orders_per_year": pl.Float64,
    "ticket_value": pl.Float64,
    "sales": pl.Float64,
    "sales_share": pl.Float64,
    "stresses": pl.String,
}


@question(
    "differentiation",
    "Are we a business of frequent or rare, of dear or cheap purchases?",
    words=(
        "industry profile, purchase frequency and ticket by category",
        "which categories are like beauty, coffee or appliances",
        "what should each category stress: sharing, habit or care after the sale",
        "行业特征 高频 低频 高客单 低客单",
    ),
)
def industry_profile(view: View) -> Finding:
    """Return the whole shop and each category by purchase frequency and ticket: one row each, the shop first, then largest sales.

    Frequency is purchases a buyer and year, ticket is what one purchase of the category costs; both of members, in the scope, over the past
    year (goods.window_days) unless a period is given. Cuts: playbook.frequency_cut, and playbook.ticket_cut in currency units (None =
    playbook.ticket_times what the middle purchase costs). The shop itself is placed by how often its members order, and is dear where most
    of its sales come from dear categories, unless playbook.order_value_cut says from where on an order is dear.

    Returns
    -------
    Answer
        Table columns: `goods` ("whole shop" or a category); `group`; `buyer_count` (members); `order_count` (orders with it);
        `orders_per_year` (a buyer and year); `ticket_value` (currency units of it per order with it; the shop: order value); `sales`
        (currency units), `sales_share` (0..1 of member sales in the table's categories); `stresses` (what such goods live on).

    Notes
    -----
    The four groups are a reading of two figures, not a law of the trade. Source: DEFINITIONS.md section 3.

    Example
    -------
    >>> tk.differentiation.industry_profile(ws, settings={"playbook": {"ticket_cut": 50}}).table          # doctest: +SKIP
    """
    period = window_of(view)
    least = view.settings.scope.minimum_members
    everything = _sums(view, period)
    if period.days < _LEAST_DAYS or everything.filter(pl.col("buyer_count") >= least).is_empty():
        return _unmeasured(view, period)
    year = YEAR_DAYS / period.days
    sums = everything.filter((pl.col("buyer_count") >= least) & (pl.col("order_count") > 0)).with_columns(
        (pl.col("order_count") / pl.col("buyer_count") * year).alias("orders_per_year"),
        view.major(pl.col("amount") / pl.col("order_count")).alias("ticket_value"),
    )
    shop, goods = sums.filter(pl.col("goods") == WHOLE), sums.filter(pl.col("goods") != WHOLE)
    if goods.is_empty() or shop.is_empty():
        return _unmeasured(view, period)
    frequency_cut = view.settings.playbook.frequency_cut
    ticket_cut = view.settings.playbook.ticket_cut or view.settings.playbook.ticket_times * _middle_ticket(goods)
    placed = _table(view, goods.with_columns(_group(frequency_cut, ticket_cut).alias("group")))
    table = pl.concat([_shop_row(view, shop, placed, frequency_cut), placed])
    few = everything.height - sums.height
    return Finding(
        headline=_headline(view, table, period),
        table=table,
        chart=lambda: _chart(view, placed, frequency_cut, ticket_cut, period),
        notes=_notes(view, table, frequency_cut, ticket_cut, few, period),
        ask_next=[("differentiation.matrix", {}), ("targeting.due_again", {"show": "category"}), ("portrait.quadrants", {})],
        figures={
            "orders_per_year": float(table["orders_per_year"][0]),
            "order_value": float(table["ticket_value"][0]),
            "frequent_sales_share": float(placed.filter(pl.col("group").str.starts_with("often"))["sales_share"].sum()),
        },
    )


def _sums(view: View, period: Period) -> pl.DataFrame:
    """Members' orders, buyers and money per category (`goods` its name), and of the whole shop."""

    def make(of: View) -> pl.DataFrame:
        parts = [_of_part(part.orders, part.goods) for part in scoped_parts(of, period)]
        made = pl.concat(parts).group_by("category_code").agg(pl.col("buyer_count", "order_count", "amount").sum())
        names = of.categories.select("category_code", pl.col("category").alias("goods"))
        named = made.join(names, on="category_code", how="left").with_columns(
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


def _table(view: View, rows: pl.DataFrame, total: int | None = None) -> pl.DataFrame:
    whole = int(rows["amount"].sum()) if total is None else total
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
    ).match_to_schema(pl.Schema(_SCHEMA))


def _shop_row(view: View, shop: pl.DataFrame, placed: pl.DataFrame, frequency_cut: float) -> pl.DataFrame:
    cut = view.settings.playbook.order_value_cut
    if cut is None:
        dear = placed.filter(pl.col("group").is_in([GROUPS["high", "high"], GROUPS["low", "high"]]))["sales"].sum()
        cut = 0.0 if dear * 2 > placed["sales"].sum() else float("inf")
    named = shop.with_columns(_group(frequency_cut, cut).alias("group"))
    return _table(view, named).with_columns(pl.lit(None, pl.Float64).alias("sales_share"), pl.lit(word(WHOLE)).alias("goods"))


def _headline(view: View, table: pl.DataFrame, period: Period) -> str:
    shop = table.row(0, named=True)
    shares = (
        table.slice(1).group_by("group").agg(pl.col("sales_share").sum(), pl.len()).sort("sales_share", "group", descending=[True, False])
    )
    best = shares.row(0, named=True)
    brings = (
        tr("{sales_share} of the sales come", sales_share=share(best["sales_share"]))
        if best["sales_share"] is not None
        else tr("most come")
    )
    return tr(
        "{where}, {days_in}, {buyer_count:,} members buy {orders_per_year:.1f} times a year for {ticket_value}; "
        "{brings} from {count} of {categories} bought {group}. The shop stands as {shop_group}: it lives on {stresses}.",
        where=where(view),
        days_in=days_in(period),
        buyer_count=shop["buyer_count"],
        orders_per_year=shop["orders_per_year"],
        ticket_value=money(shop["ticket_value"], view.currency),
        brings=brings,
        count=best["len"],
        categories=some(table.height - 1, "category", "categories"),
        group=word(best["group"]),
        shop_group=word(shop["group"]),
        stresses=word(shop["stresses"]),
    )


def _notes(
    view: View, table: pl.DataFrame, frequency_cut: float, ticket_cut: float, few: int, period: Period
) -> list[str | Note]:  # fmt: skip
    settings = view.settings.playbook
    own = tr(
        "not stated: {ticket_times:g} times the middle purchase; set playbook.ticket_cut to compare with other shops",
        ticket_times=settings.ticket_times,
    )
    stated = tr("stated") if settings.ticket_cut else own
    notes: list[str | Note] = [
        tr(
            "Cuts: often from {frequency_cut:g} purchases a buyer and year (playbook.frequency_cut), dear from "
            "{ticket_cut} a purchase ({stated}).",
            frequency_cut=frequency_cut,
            ticket_cut=money(ticket_cut, view.currency),
            stated=stated,
        ),
        tr(
            "The shop is dear where most of its sales come from dear categories; playbook.order_value_cut would place it "
            "by its order value."
        )
        if settings.order_value_cut is None
        else tr(
            "The shop is placed by its own order value, dear from {order_value_cut} (stated).",
            order_value_cut=money(settings.order_value_cut, view.currency),
        ),
        tr(
            "Members alone: who buys how often is not known of others. Frequency counts buyers of the window, so that "
            "rare goods stand at one purchase or more."
        ),
    ]
    if period.days < YEAR_DAYS * 0.9:
        notes.append(
            Note(
                tr("{days} days are brought to a year; seasons are not evened out, and rare goods look too frequent.", days=period.days),
                "REVIEW",
            )
        )
    if few:
        least = view.settings.scope.minimum_members
        notes.append(
            tr(
                "Not shown: {categories} bought by fewer than {least} members (scope.minimum_members).",
                categories=some(few, "category", "categories"),
                least=least,
            )
        )
    return notes


def _unmeasured(view: View, period: Period) -> Finding:
    least = view.settings.scope.minimum_members
    reason = tr(
        "half a year of receipts and a category bought by {least} members or more are needed ({days_in})",
        least=least,
        days_in=days_in(period),
    )
    return Finding(
        headline=tr("{where}, the industry profile is not measured: {reason}.", where=where(view), reason=reason),
        table=pl.DataFrame(schema=_SCHEMA),
        notes=[Note(tr("Choose a longer period or a larger scope; a products table with categories is needed."), "NOT MEASURED")],
    )


def _chart(view: View, goods: pl.DataFrame, frequency_cut: float, ticket_cut: float, period: Period) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.quadrants import Corner, quadrants

    corners: dict[Corner, str] = {
        "high-high": word(GROUPS["high", "high"]),
        "high-low": word(GROUPS["high", "low"]),
        "low-high": word(GROUPS["low", "high"]),
        "low-low": word(GROUPS["low", "low"]),
    }
    return quadrants(
        goods.filter(pl.col("ticket_value") > 0), x="orders_per_year", y="ticket_value", size="buyer_count", label="goods",
        x_kind="decimal", x_title=tr("Purchases a buyer and year"), y_title=in_currency(tr("Ticket"), view),
        x_cut=frequency_cut, y_cut=ticket_cut, corners=corners, logarithmic=True, title=tr("How often, and how dear"),
        subtitle=tr("{place}, {period}; each dot is a category", place=view.place, period=period),
    )  # fmt: skip
