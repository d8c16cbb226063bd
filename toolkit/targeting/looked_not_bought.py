"""Looked, did not buy: by category, what price they looked at against what they pay, why perhaps, and whom to call back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.charts.bars import stacked_bars
from toolkit.language import tr, value
from toolkit.mart.sequences import sequences_of
from toolkit.registry import question
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.targeting.measures.events import CART, LOOKS, events_in, has_events, no_events, window_key

if TYPE_CHECKING:
    import altair as alt

PRICE, RANGE, UNKNOWN = value("price"), value("range"), value("not known")
MOST_ROWS = 200
_SCHEMAS: dict[str, dict[str, type[pl.DataType]]] = {
    "category": {"category": pl.String, "looker_count": pl.Int64, "not_bought_count": pl.Int64, "not_bought_share": pl.Float64},
    "member": {"member_id": pl.String, "category": pl.String, "look_day_count": pl.Int64, "last_looked_on": pl.Date, "reason": pl.String},
}


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

    Returns
    -------
    Answer
        Table columns with `category`: `category`; `looker_count` (members who looked), `not_bought_count` (who count as above),
        `not_bought_share` (0..1); `price_count`, `range_count`, `unknown_count` (by likely reason); `looked_price_index`,
        `paid_price_index` (medians over the members who count; 1 = the category's usual price). With `member`: `member_id`, `category`,
        `look_day_count`, `look_count`, `last_looked_on`, `last_bought_on` (null = never), `looked_price_index`, `paid_price_index`,
        `reason`, and
        `contactable` where the shop says. An index is null where no priced good was looked at, or the member bought no counted goods.

    Notes
    -----
    Purchases elsewhere are not seen. A reason is a reading of prices, not what the member said: ask when you call.

    Example
    -------
    >>> tk.targeting.looked_not_bought(ws, show="member").table        # doctest: +SKIP
    """
    if not has_events(view):
        return no_events(view, tr("looks without a purchase"), _SCHEMAS[show])
    found = looks(view).join(view.members.select("member_code"), on="member_code", how="semi", maintain_order="left")
    wanting = found.filter("is_wanting")
    table = _members(view, wanting) if show == "member" else _categories(view, found)
    n = found["member_code"].n_unique()
    return Finding(
        headline=_headline(view, found, wanting, n),
        table=table,
        chart=(lambda: _chart(view, table)) if show == "category" and table.height else None,
        notes=_notes(view, found, wanting, show),
        ask_next=[("targeting.looked_not_bought", {"show": "member" if show == "category" else "category"}), ("targeting.journey", {})],
        figures={"looker_count": float(n), "call_back_count": float(wanting["member_code"].n_unique())},
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
        (wanting & (pl.col("reason") == reason)).sum().cast(pl.Int64).alias(f"{name}_count")
        for reason, name in ((PRICE, "price"), (RANGE, "range"), (UNKNOWN, "unknown"))
    ]
    return (
        looks.group_by("category_code")
        .agg(
            pl.len().cast(pl.Int64).alias("looker_count"),
            wanting.sum().cast(pl.Int64).alias("not_bought_count"),
            *counts,
            *[pl.col(name).filter(wanting).median() for name in ("looked_price_index", "paid_price_index")],
        )
        .filter(pl.col("not_bought_count") >= view.settings.scope.minimum_members)
        .join(view.categories.select("category_code", "category"), on="category_code")
        .with_columns((pl.col("not_bought_count") / pl.col("looker_count")).alias("not_bought_share"))
        .sort("not_bought_count", "category", descending=[True, False])
        .select(
            "category", "looker_count", "not_bought_count", "not_bought_share", "price_count", "range_count", "unknown_count",
            "looked_price_index", "paid_price_index",
        )
    )  # fmt: skip


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


def _headline(view: View, looks: pl.DataFrame, wanting: pl.DataFrame, n: int) -> str:
    if looks.is_empty():
        return tr(
            "{where}, none of {members} looked at any goods from {period}.",
            where=where(view),
            members=wording.some(view.members.height, "member"),
            period=view.period,
        )
    people = wanting["member_code"].n_unique()
    least = view.settings.sequences.look_least_days
    said = tr(
        "{where}, {people:,} of {members} who looked at goods from {period} came back to a category on {least} days "
        "or more and have not bought it since",
        where=where(view),
        people=people,
        members=wording.some(n, "member"),
        period=view.period,
        least=least,
    )
    if wanting.is_empty():
        return f"{said}."
    price = int((wanting["reason"] == PRICE).sum())
    return tr(
        "{said}; in {price} of {cases} the price is the likely reason.",
        said=said,
        price=wording.share(price / wanting.height),
        cases=wording.some(wanting.height, "case"),
    )


def _notes(view: View, looks: pl.DataFrame, wanting: pl.DataFrame, show: str) -> list[str | Note]:
    settings = view.settings.sequences
    notes: list[str | Note] = [
        tr("A reason is a reading of prices, not what the member said. Purchases elsewhere are not seen: some have bought it there."),
        tr(
            "`price`: the goods looked at are at least {look_dearer:g} times as dear, against the usual price of their "
            "category, as what the member buys is against its own.",
            look_dearer=settings.look_dearer,
        ),
    ]
    unknown = int((wanting["reason"] == UNKNOWN).sum())
    if unknown:
        notes.append(
            Note(
                tr("Reason of {cases}: only searches, or goods with no unit price, were looked at.", cases=wording.some(unknown, "case")),
                "NOT MEASURED",
            )
        )
    if show == "category":
        sizes = looks.filter("is_wanting").group_by("category_code").len()
        small = sizes.filter(pl.col("len") < view.settings.scope.minimum_members).height
        if small:
            notes.append(
                tr(
                    "{categories} with fewer than {minimum_members} members to call back not shown.",
                    categories=wording.some(small, "category", "categories"),
                    minimum_members=view.settings.scope.minimum_members,
                )
            )
    elif wanting.height > MOST_ROWS:
        notes.append(tr("The first {shown} of {cases:,} cases are shown.", shown=MOST_ROWS, cases=wanting.height))
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
        title=tr("Looked, did not buy: {place}", place=view.place),
        subtitle=tr("Looks from {period}, no purchase since", period=view.period),
    )
