"""Sales of two periods per member and per category or store, and the kinds that split their change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time

import numpy as np
import polars as pl

from toolkit.language import tr, value
from toolkit.mart.baskets import read_baskets
from toolkit.mart.catalogue import NOT_GOODS
from toolkit.scope.period import Period
from toolkit.scope.sales import within
from toolkit.scope.view import View

PARTS = ("first_time", "back", "lost", "more", "less", "switched_in", "switched_out", "no_order", "non_member")
NON_MEMBERS = value("non-members")
NO_ORDER = value("no order")


def by_member(view: View, now: Period, before: Period) -> pl.DataFrame:
    """Return what members spent in the scope in two periods: one row per member with a receipt in either, and one for non-members.

    Columns: `member_code` (null = all non-members), `before`, `now` (minor units), `bought_before`, `bought_now` (an order there: a refund
    alone is none), `kind`: first-time, back, lost, more, less, same, no order (in neither), non-members.
    """
    sums = (
        _sides(view.orders, now, before)
        .group_by("member_code")
        .agg(
            *[pl.col("amount").filter("is_now" if side == "now" else ~pl.col("is_now")).sum().alias(side) for side in ("before", "now")],
            *_bought("is_order"),
        )
        .collect(engine="streaming")
    )
    first = view.population.select("member_code", "first_ordered_on")
    sums = sums.join(first, on="member_code", how="left")
    return sums.with_columns(_kind(now).alias("kind")).drop("first_ordered_on").sort("member_code", nulls_last=True)


def _sides(orders: pl.LazyFrame, now: Period, before: Period) -> pl.LazyFrame:
    start = datetime.combine(now.start, time())
    return orders.filter(within(now) | within(before)).with_columns((pl.col("ordered_at") >= start).alias("is_now"))


def _kind(now: Period) -> pl.Expr:
    change = pl.col("now") - pl.col("before")
    return (
        pl.when(pl.col("member_code").is_null()).then(pl.lit(NON_MEMBERS))
        .when(~pl.col("bought_now") & ~pl.col("bought_before")).then(pl.lit(NO_ORDER))
        .when(~pl.col("bought_now")).then(pl.lit("lost"))
        .when(~pl.col("bought_before") & (pl.col("first_ordered_on") >= now.start).fill_null(True)).then(pl.lit("first-time"))
        .when(~pl.col("bought_before")).then(pl.lit("back"))
        .when(change > 0).then(pl.lit("more"))
        .when(change < 0).then(pl.lit("less"))
        .otherwise(pl.lit("same"))
    )  # fmt: skip


def by_cell(view: View, now: Period, before: Period, by: str, members: pl.DataFrame) -> pl.DataFrame:
    """Return sales of the two periods by category or store: one row each that has any, largest change first.

    In: `members` of `by_member`. Out: `cell` (category, or store_id), `member_count` (who bought there in either period), `before`, `now`
    (minor units), and `first_time_sales`, ..., `non_member_sales`: parts that add up to now - before, with the members of each,
    `first_time_count`, ... Who bought in the scope in both periods, but here only in one, has switched in or out.
    """
    cells = (
        with_parts(view, now, before, by, members)
        .group_by("cell")
        .agg(
            pl.col("member_code").drop_nulls().n_unique().cast(pl.Int64).alias("member_count"),
            pl.col("before", "now").sum(),
            *[pl.col("change").filter(pl.col("part") == name).sum().alias(f"{name}_sales") for name in PARTS],
            *[pl.col("member_code").filter(pl.col("part") == name).n_unique().cast(pl.Int64).alias(f"{name}_count") for name in PARTS],
        )
    )
    return cells.sort((pl.col("now") - pl.col("before")).abs(), "cell", descending=[True, False])


def with_parts(view: View, now: Period, before: Period, by: str, members: pl.DataFrame) -> pl.DataFrame:
    """Return what each member spent in each category or store in the two periods: one row per member (null = non-members) and cell.

    In: `members` of `by_member`. Out: `member_code`, `cell` (category, or store_id), `before`, `now`, `change` (minor units), `part` (of
    PARTS).
    """
    sales = category_sales(view, now, before) if by == "category" else _store_sales(view, now, before)
    sales = sales.join(members.select("member_code", "kind"), on="member_code", how="left", nulls_equal=True)
    stayed = pl.col("kind").is_in(["more", "less", "same"])
    change = pl.col("now") - pl.col("before")
    part = (
        pl.when(pl.col("kind") == NON_MEMBERS).then(pl.lit("non_member"))
        .when(~stayed).then(pl.col("kind").str.replace_all("[ -]", "_"))
        .when(~pl.col("bought_before") & pl.col("bought_now")).then(pl.lit("switched_in"))
        .when(pl.col("bought_before") & ~pl.col("bought_now")).then(pl.lit("switched_out"))
        .when(change >= 0).then(pl.lit("more"))
        .otherwise(pl.lit("less"))
    )  # fmt: skip
    names = (
        view.categories.select(pl.col("category_code").alias("code"), pl.col("category").alias("cell"))
        if by == "category"
        else view.stores.select(pl.col("store_code").alias("code"), pl.col("store_id").alias("cell"))
    )
    parts = sales.with_columns(part.alias("part"), change.alias("change")).join(names, on="code", how="left")
    # Of categories there are those of goods alone: what is left is no goods.
    return parts.select("member_code", pl.col("cell").fill_null(NOT_GOODS), "before", "now", "change", "part")


def _store_sales(view: View, now: Period, before: Period) -> pl.DataFrame:
    orders = _sides(view.orders, now, before).with_columns(pl.col("store_code").alias("code"))
    return _two_sides(orders, "is_order").collect(engine="streaming")


def _two_sides(rows: pl.LazyFrame, bought: str, *keys: str) -> pl.LazyFrame:
    return rows.group_by("member_code", *keys, "code").agg(
        pl.col("amount").filter(~pl.col("is_now")).sum().alias("before"),
        pl.col("amount").filter("is_now").sum().alias("now"),
        *_bought(bought),
    )


def _bought(bought: str) -> tuple[pl.Expr, pl.Expr]:
    """Whether anything was bought in either period: `bought` is the column that says so of a row."""
    return (pl.col(bought) & ~pl.col("is_now")).any().alias("bought_before"), (pl.col(bought) & pl.col("is_now")).any().alias("bought_now")


def category_sales(view: View, now: Period, before: Period) -> pl.DataFrame:
    """Return sales by member and category in scope: filtered from a table of the whole chain that is made once for these periods."""
    name = f"category_sales-{now.start}-{now.end}-{before.start}-{before.end}"
    chain = view.chainwide(name, lambda whole: _chain_category_sales(whole, now, before)).lazy()
    if view.scope.is_place:
        column = "store_id" if view.scope.store_id is not None else "region"
        here = view.stores.filter(pl.col(column) == getattr(view.scope, column)).select("store_code")
        chain = chain.join(here.lazy(), on="store_code", how="semi")
    if view.scope.audience is not None:
        chain = chain.join(view.members.lazy().select("member_code"), on="member_code", how="semi")
    return (
        chain.group_by("member_code", "code")
        .agg(pl.col("before", "now").sum(), pl.col("bought_before", "bought_now").any())
        .collect(engine="streaming")
    )


def _chain_category_sales(view: View, now: Period, before: Period) -> pl.DataFrame:
    parts = []
    for part in read_baskets(view.workspace, view.mart):
        orders = _sides(part.orders.lazy().with_row_index("order"), now, before)
        rows = part.goods.lazy().join(orders, on="order").rename({"category_code": "code"})
        parts.append(_two_sides(rows, "is_bought", "store_code").collect(engine="streaming"))
    keys = ["member_code", "store_code", "code"]
    # Non-members may be in several parts.
    return (
        pl.concat(parts)
        .group_by(keys)
        .agg(pl.col("before", "now").sum(), pl.col("bought_before", "bought_now").any())
        .sort(keys, nulls_last=True)
    )


def merged_few(view: View, cells: pl.DataFrame, by: str) -> tuple[pl.DataFrame, list[str]]:
    """Return the cells with those of too few members put into one last row (with the smallest other while it is still too small), then the
    parts of too few members put into `few_sales`; and the notes that say so."""
    least = view.least
    few = cells.filter(pl.col("member_count") < least).height
    if not few:
        return parts_merged(view, cells)
    ranked = cells.sort("member_count", "cell")
    together = few
    while together < ranked.height and int(ranked["member_count"].head(together).sum()) < least:
        together += 1
    sums = ranked.head(together).select(pl.lit(tr("others ({held})", held=together)).alias("cell"), pl.all().exclude("cell").sum())
    rest = cells.join(ranked.head(together).select("cell"), on="cell", how="anti", maintain_order="left")
    note = view.say(
        "[is_category?{few:category|categories}|{few:store}] with fewer than {least} members (setting scope.minimum_members) stand "
        "together as others; a member may count in several.",
        few=few,
        is_category=by == "category",
    )
    merged, notes = parts_merged(view, pl.concat([rest, sums.select(rest.columns)]))
    return merged, [note, *notes]


def parts_merged(view: View, cells: pl.DataFrame, names: Sequence[str] = PARTS) -> tuple[pl.DataFrame, list[str]]:
    """Put the parts of a row with too few members into `few_sales`, with the smallest other ones while they are still too few.

    In: `{name}_sales` and `{name}_count` for each of `names`; the counts are dropped, hidden parts are null.
    """
    parts = [part for part in names if part != "non_member"]  # receipts without a member tell of nobody
    counts = cells.select(f"{part}_count" for part in parts).to_numpy().astype(float)
    counts[counts == 0] = np.inf
    order = np.argsort(counts, axis=1, kind="stable")
    ranked = np.take_along_axis(counts, order, axis=1)
    before = np.concatenate([np.zeros((len(ranked), 1)), np.cumsum(ranked, axis=1)[:, :-1]], axis=1)
    hides = np.isfinite(ranked) & ((ranked < view.least) | ((ranked[:, :1] < view.least) & (before < view.least)))
    hidden = np.zeros_like(hides)
    np.put_along_axis(hidden, order, hides, axis=1)
    flags = pl.DataFrame({f"{part}_sales": hidden[:, place] for place, part in enumerate(parts)})
    few = pl.sum_horizontal(pl.when(flags[name]).then(pl.col(name)).otherwise(0) for name in flags.columns)
    merged = cells.with_columns(few.alias("few_sales"), *[pl.when(~flags[name]).then(pl.col(name)).alias(name) for name in flags.columns])
    note = view.say("Parts of a row with fewer than {least} members are in 'few' together, so that the row still adds up.")
    return merged.drop(f"{part}_count" for part in names), [note] if hidden.any() else []
