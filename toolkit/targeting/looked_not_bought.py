"""Looked, did not buy: by category, what price they looked at against what they pay, why perhaps, and whom to call back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.charts.bars import stacked_bars
from toolkit.language import tr, value
from toolkit.mart.sequences import sequences_of
from toolkit.registry import question
from toolkit.scope.view import View
from toolkit.targeting.measures.events import CART, LOOKS, events_in, has_events, no_events, window_key

if TYPE_CHECKING:
    import altair as alt

PRICE, RANGE, UNKNOWN = value("price"), value("range"), value("not known")
MOST_ROWS = 200
_OF_CASES = {"hidden_by": "not_bought_count"}
_UNPRICED = "no priced good was looked at, or the member bought no counted goods"
CATEGORIES = c.table(
    "one row per category that members want",
    c.text("category", "Category"),
    c.members("looker_count", "Members who looked", **_OF_CASES),
    c.members("not_bought_count", "Have not bought", "looked often enough, long enough ago, and have not bought since"),
    c.share("not_bought_share", "Share not bought"),
    c.members("price_count", "Reason: price", "by likely reason"),
    c.members("range_count", "Reason: range"),
    c.members("unknown_count", "Reason not known"),
    c.index("looked_price_index", "Price looked at", "median over the members who count; 1 = the category's usual price", **_OF_CASES),
    c.index("paid_price_index", "Price paid", "median over the members who count", **_OF_CASES),
    few="drop",
)
MEMBERS = c.table(
    "one row per member and category to call back",
    c.text("member_id", "Member"),
    c.text("category", "Category"),
    c.count("look_day_count", "Days with a look"),
    c.count("look_count", "Looks"),
    c.day("last_looked_on", "Last looked on"),
    c.day("last_bought_on", "Last bought on", null="never"),
    c.index("looked_price_index", "Price looked at", "1 = the category's usual price", null=_UNPRICED),
    c.index("paid_price_index", "Price paid", null=_UNPRICED),
    c.text("reason", "Reason"),
    c.flag("contactable", "Contactable", null="the shop does not say who may be contacted"),
)


@question(
    "targeting",
    "What do members look at and not buy, and whom should we call back?",
    words=(
        "looked but did not buy, browsed, viewed, abandoned",
        "price or range: why do they not buy what they look at",
        "interest without a purchase, wish list",
        "浏览未购买 加购未买 召回",
        "浏览了但没有买",
    ),
    tables=(CATEGORIES, MEMBERS),
    figures=(c.members("looker_count", "Members who looked"), c.members("call_back_count", "Members to call back")),
)
def looked_not_bought(view: View, *, show: Literal["category", "member"] = "category") -> Finding:
    """Return what members looked at in the window (views, searches, favourites, carts) and have not bought since: one row per category, or
    the members to call back.

    A member counts who looked at a category on at least sequences.look_least_days days after their last purchase of it (or never bought
    it), the first time at least sequences.look_before_days days before as_of. The likely reason compares prices: `price` where the goods
    looked at are dearer, against the category's usual price, than what the member pays against it (factor sequences.look_dearer); `range`
    where they are not, so that the price should not be what holds them. Purchases are the members' own, in all stores.

    Parameters
    ----------
    show
        `category`, or `member` (at most 200 rows; most days with a look first, then the latest look).

    Notes
    -----
    Purchases elsewhere are not seen. A reason is a reading of prices, not what the member said: ask when you call.

    Example
    -------
    >>> tk.targeting.looked_not_bought(ws, show="member").table        # doctest: +SKIP
    """
    if not has_events(view):
        return no_events(view, tr("looks without a purchase"), MEMBERS if show == "member" else CATEGORIES)
    all_looks = looks(view).join(view.members.select("member_code"), on="member_code", how="semi", maintain_order="left")
    wanting = all_looks.filter("is_wanting")
    shown = MEMBERS.of(_members(view, wanting), view) if show == "member" else CATEGORIES.of(_categories(view, all_looks), view)
    looker_count, wanting_count = all_looks["member_code"].n_unique(), wanting["member_code"].n_unique()
    return Finding(
        headline=_headline(view, looker_count, wanting_count, wanting["reason"]),
        table=shown,
        chart=(lambda: _chart(view, shown.frame)) if show == "category" and shown.height else None,
        notes=_notes(view, wanting, show),
        ask_next=[("targeting.looked_not_bought", {"show": "member" if show == "category" else "category"}), ("targeting.journey", {})],
        figures={"looker_count": float(looker_count), "call_back_count": float(wanting_count)},
    )


def looks(view: View) -> pl.DataFrame:
    """Return who looked at what in the window: one row per member of the chain and category, sorted.

    Columns: `member_code`, `category_code`, `last_bought_on`, `look_count`, `look_day_count`, `last_looked_on` (of looks after that day),
    `looked_price_index`, `paid_price_index`, `is_wanting` (looked often enough and long enough ago without a purchase), `reason`.
    """
    return view.chainwide(f"looks-{window_key(view)}", lambda chain: _make_looks(chain, view), "sequences")


def _make_looks(view: View, asked: View) -> pl.DataFrame:
    settings = view.settings.sequences
    bought = sequences_of(view.workspace, view.mart).rhythms.select("member_code", "category_code", "last_day")
    day = pl.col("occurred_at").dt.date()
    since = pl.col("last_day").is_null() | (day > pl.col("last_day"))
    looks = (
        events_in(asked)
        .filter(pl.col("kind").is_in([*LOOKS, CART]) & pl.col("category_code").is_not_null())
        .join(bought, on=["member_code", "category_code"], how="left")
        .join(_price_indices(view).lazy(), on="product_code", how="left")
        .group_by("member_code", "category_code")
        .agg(
            pl.col("last_day").first().alias("last_bought_on"),
            since.sum().cast(pl.Int64).alias("look_count"),
            day.filter(since).n_unique().cast(pl.Int64).alias("look_day_count"),
            day.filter(since).min().alias("first_looked_on"),
            day.filter(since).max().alias("last_looked_on"),
            pl.col("price_bp").filter(since).sum(),
            pl.col("price_bp").filter(since).count().cast(pl.Int64).alias("priced_count"),
        )
        .collect(engine="streaming")
    )
    paid = pl.when(pl.col("expected_amount") > 0).then(pl.col("priced_amount") / pl.col("expected_amount")).alias("paid_price_index")
    looked = pl.when(pl.col("priced_count") > 0).then(pl.col("price_bp") / (10_000 * pl.col("priced_count"))).alias("looked_price_index")
    wanting = (pl.col("look_day_count") >= settings.look_least_days) & (
        pl.col("first_looked_on") <= view.as_of - timedelta(days=settings.look_before_days)
    )
    dearer = pl.col("looked_price_index") > settings.look_dearer * pl.col("paid_price_index")
    return (
        looks.join(view.population.select("member_code", paid), on="member_code", how="left")
        .with_columns(looked, wanting.fill_null(False).alias("is_wanting"))
        .with_columns(pl.when(dearer).then(pl.lit(PRICE)).when(~dearer).then(pl.lit(RANGE)).otherwise(pl.lit(UNKNOWN)).alias("reason"))
        .drop("price_bp", "priced_count", "first_looked_on")
        .sort("member_code", "category_code")
    )


def _price_indices(view: View) -> pl.DataFrame:
    """`product_code`, `price_bp`: a product's unit price over its category's usual one, in ten-thousandths, so that sums are exact."""
    usual = view.categories.select("category_code", "priced_amount", "priced_units_milli").filter(pl.col("priced_units_milli") > 0)
    sold = view.mart.products.filter(pl.col("counted") & (pl.col("units_milli") > 0) & (pl.col("amount") > 0)).join(
        usual, on="category_code"
    )
    index = pl.col("amount") / pl.col("units_milli") / (pl.col("priced_amount") / pl.col("priced_units_milli"))
    return sold.filter(pl.col("priced_amount") > 0).select("product_code", (index * 10_000).round().cast(pl.Int64).alias("price_bp"))


def _categories(view: View, looks: pl.DataFrame) -> pl.DataFrame:
    wanting = pl.col("is_wanting")
    counts = [
        (wanting & (pl.col("reason") == reason)).sum().alias(f"{name}_count")
        for reason, name in ((PRICE, "price"), (RANGE, "range"), (UNKNOWN, "unknown"))
    ]
    return (
        looks.group_by("category_code")
        .agg(
            pl.len().alias("looker_count"),
            wanting.sum().alias("not_bought_count"),
            *counts,
            *[pl.col(name).filter(wanting).median() for name in ("looked_price_index", "paid_price_index")],
        )
        .filter(pl.col("not_bought_count") > 0)
        .join(view.categories.select("category_code", "category"), on="category_code")
        .with_columns((pl.col("not_bought_count") / pl.col("looker_count")).alias("not_bought_share"))
        .sort("not_bought_count", "category", descending=[True, False])
        .drop("category_code")
    )


def _members(view: View, wanting: pl.DataFrame) -> pl.DataFrame:
    known = [name for name in ("contactable",) if name in view.members.columns]
    listed = wanting.join(view.members.select("member_code", "member_id", *known), on="member_code").join(
        view.categories.select("category_code", "category"), on="category_code"
    )
    return (
        listed.sort("look_day_count", "last_looked_on", "member_id", "category", descending=[True, True, False, False])
        .head(MOST_ROWS)
        .select(
            "member_id", "category", "look_day_count", "look_count", "last_looked_on", "last_bought_on", "looked_price_index",
            "paid_price_index", "reason", *known,
        )
    )  # fmt: skip


def _headline(view: View, looker_count: int, wanting_count: int, reasons: pl.Series) -> str:
    if not looker_count:
        return view.say("{where}, none of {all:member} looked at any goods from {period}.", all=view.members.height)
    return view.say(
        "{where}, {wanting:few} of {lookers:member} who looked at goods from {period} came back to a category on "
        "{sequences.look_least_days} days or more and have not bought it since[is_enough?; in {price_share:share} of {cases:case} the "
        "price is the likely reason].",
        wanting=wanting_count, lookers=looker_count, is_enough=wanting_count >= view.least, price_share=(reasons == PRICE).mean(),
        cases=len(reasons),
    )  # fmt: skip


def _notes(view: View, wanting: pl.DataFrame, show: str) -> list[str | Note]:
    notes: list[str | Note] = [
        tr("A reason is a reading of prices, not what the member said. Purchases elsewhere are not seen: some have bought it there."),
        view.say(
            "`price`: the goods looked at are at least {sequences.look_dearer:g} times as dear, against the usual price of their category, "
            "as what the member buys is against its own."
        ),
    ]
    unknown = int((wanting["reason"] == UNKNOWN).sum())
    if unknown:
        searched = view.say("Reason of {n:case}: only searches, or goods with no unit price, were looked at.", n=unknown)
        notes.append(Note(searched, "NOT MEASURED"))
    if show == "member" and wanting.height > MOST_ROWS:
        notes.append(view.say("The first {most} of {cases} cases are shown.", most=MOST_ROWS, cases=wanting.height))
    if show == "member" and "contactable" in view.members.columns:
        notes.append(tr("Call only members who are contactable; where the shop does not know, the answer is no."))
    return notes


def _chart(view: View, table: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    parts = (("price_count", PRICE), ("range_count", RANGE), ("unknown_count", UNKNOWN))
    top = table.head(12)
    frame = pl.concat([top.select("category", pl.lit(name).alias("reason"), pl.col(column).alias("members")) for column, name in parts])
    return stacked_bars(
        frame,
        label="category",
        part="reason",
        value="members",
        kind="count",
        part_title=tr("Likely reason"),
        value_title=tr("Members"),
        title=view.say("Looked, did not buy: {place}"),
        subtitle=view.say("Looks from {period}, no purchase since"),
    )
