"""Guides and their books: who is in whose, where each guide works, who has left, and what was served."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from toolkit.scope.view import View

_LEAST_SERVED = 20
"""Orders that a guide served at least before silence says that they have left."""


@dataclass(frozen=True)
class Books:
    """`members`: one row a member of the chain, `member_code`, `member_id`, `guide_id` (null = nobody's), `home_store_id`;
    `guides`: one row a guide, `guide_id`, `name`, `store_id` (null = not known), `left_on` (null = still there), `is_inferred` (that they
    left is read from their silence), `served_count` (null = lines name no guides)."""

    members: pl.DataFrame
    guides: pl.DataFrame

    @property
    def gone(self) -> pl.DataFrame:
        """Guides who have left."""
        return self.guides.filter(pl.col("left_on").is_not_null())

    @property
    def here(self) -> pl.DataFrame:
        """Guides who are there."""
        return self.guides.filter(pl.col("left_on").is_null())


def books(view: View) -> Books | None:
    """Return whose members are whose, as of the view's day; None where the members table has no `guide_id`.

    A guide's store is that of the table `guides`, else the home store of most of their members, else where they served most. Who has left
    is said by `guides.left_on`; of a guide who is not in that table, by their silence: at least 20 orders served before and none for
    membership.guide_silent_days, while colleagues served.
    """
    if "guide_id" not in view.population.columns:
        return None
    return view.chain.remembered(("books",), lambda: _books(view.chain))


def in_place(view: View, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows (`store_id`) of the store or region in scope; all of them where neither is."""
    if not view.scope.is_place:
        return rows
    place = pl.col("region") == view.scope.region if view.scope.store_id is None else pl.col("store_id") == view.scope.store_id
    return rows.filter(pl.col("store_id").is_in(view.stores.filter(place)["store_id"].implode()))


def _books(view: View) -> Books:
    stores = view.stores.select(pl.col("store_code").alias("home_store_code"), pl.col("store_id").alias("home_store_id"))
    blank = pl.col("guide_id").cast(pl.String).str.strip_chars()
    members = (
        view.population.select("member_code", "member_id", "home_store_code", guide_id=pl.when(blank != "").then(blank))
        .join(stores, on="home_store_code", how="left", maintain_order="left")
        .drop("home_store_code")
    )
    by_book = _most(members.drop_nulls(["guide_id", "home_store_id"]), "home_store_id")
    served = view.chainwide("guides_served", _served)
    counted = served.group_by("guide_id").agg(pl.col("len").sum().alias("served_count"), pl.col("last_on").max().alias("last_served_on"))
    guides = pl.concat([members.select("guide_id").drop_nulls(), counted.select("guide_id")]).unique()
    guides = guides.join(counted, on="guide_id", how="left")
    at = _most(served.drop_nulls("store_id"), "store_id", "len")
    guides = guides.join(by_book, on="guide_id", how="left").join(at.rename({"store_id": "served_at"}), on="guide_id", how="left")
    guides = guides.join(_stated(view), on="guide_id", how="full", coalesce=True)
    limit = view.as_of - timedelta(days=view.settings.membership.guide_silent_days)
    others = guides["last_served_on"].max()
    silent = (
        ~pl.col("is_stated").fill_null(False)
        & (pl.col("served_count") >= _LEAST_SERVED)
        & (pl.col("last_served_on") <= limit)
        & pl.lit(others is not None and others > limit)  # type: ignore[operator]
    ).fill_null(False)
    left = pl.when(pl.col("stated_left_on") <= view.as_of).then("stated_left_on").when(silent).then("last_served_on").alias("left_on")
    store = pl.coalesce("stated_store_id", "home_store_id", "served_at").alias("store_id")
    shown = guides.select("guide_id", "name", store, left, silent.alias("is_inferred"), "served_count")
    return Books(members, shown.sort("store_id", "guide_id", nulls_last=True))


def _served(view: View) -> pl.DataFrame:
    """How many receipts name a guide, by store, and the day of the last."""
    served = served_orders(view)
    if served is None:
        return pl.DataFrame(schema={"guide_id": pl.String, "store_id": pl.String, "len": pl.Int64, "last_on": pl.Date})
    counted = served.group_by("guide_id", "store_id").agg(pl.len().cast(pl.Int64).alias("len"), pl.col("day").max().alias("last_on"))
    return counted.sort("guide_id", "store_id").collect(engine="streaming")


def _stated(view: View) -> pl.DataFrame:
    """What the table `guides` says."""
    schema = {"guide_id": pl.String, "name": pl.String, "stated_store_id": pl.String, "stated_left_on": pl.Date, "is_stated": pl.Boolean}
    table = view.workspace.table("guides")
    if table is None:
        return pl.DataFrame(schema=schema)
    frame = table.collect()
    for name, kind in (("name", pl.String), ("store_id", pl.String), ("left_on", pl.Date)):
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, kind).alias(name))
    text = pl.col("guide_id").cast(pl.String).str.strip_chars()
    rows = frame.select(text, "name", stated_store_id="store_id", stated_left_on="left_on", is_stated=pl.lit(True))
    return rows.cast(schema).unique("guide_id", keep="first", maintain_order=True)  # type: ignore[arg-type]


def served_orders(view: View) -> pl.LazyFrame | None:
    """Return the receipts that name a guide (None where none do): `guide_id`, `store_id`, `day`, `member_code`, `is_order`, `amount`."""
    if not view.workspace.has_column("lines", "guide_id"):
        return None
    stores = view.stores.select("store_code", "store_id").lazy()
    named = view.workspace.order_guides().with_columns(pl.col("guide_id").str.strip_chars()).filter(pl.col("guide_id") != "")
    orders = view.orders.select("order_code", "store_code", "member_code", "is_order", "amount", day=pl.col("ordered_at").dt.date())
    return orders.join(named, on="order_code").join(stores, on="store_code", how="left").drop("order_code", "store_code")


def _most(frame: pl.DataFrame, column: str, weight: str = "") -> pl.DataFrame:
    """The most frequent value of a column by guide; of equally frequent ones the one that sorts first."""
    counted = frame.group_by("guide_id", column).agg(pl.col(weight).sum().alias("n") if weight else pl.len().alias("n"))
    best = counted.sort("guide_id", "n", column, descending=[False, True, False]).unique("guide_id", keep="first", maintain_order=True)
    return best.drop("n")
