"""What befell a basket that may have lost its member: one flag a basket and cause, or why it cannot be told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from toolkit.language import tr, value
from toolkit.scope.interruptions import interruptions
from toolkit.scope.view import View
from toolkit.targeting.measures.last_baskets import Window, end_of

GOODS, RETURNS, FEEDBACK, SERVICES, STOCK, PRICES = "goods", "returns", "feedback", "services", "stock", "prices"
STORE, DEALS, ASKED, OFFER = "store", "deals", "asked", "offer"
WORDS = {
    GOODS: value("goods that lose people"),
    RETURNS: value("goods brought back"),
    FEEDBACK: value("bad rating"),
    SERVICES: value("case left unsolved"),
    STOCK: value("favourite out of stock"),
    PRICES: value("dearer than usual"),
    STORE: value("store closed"),
    DEALS: value("used to discounts"),
    ASKED: value("nobody asked"),
    OFFER: value("no offer that fits"),
}
"""Causes, and what they are called."""
AFTER_DAYS = 14
"""What comes within so many days of a basket, and before the next one, is of this basket."""


def touches(view: View, window: Window, baskets: pl.DataFrame) -> tuple[dict[str, np.ndarray], dict[str, str], np.ndarray]:
    """Return which baskets each cause touches, why others are not measured (a sentence each), and `base` of `models.leaving.why_left`.

    What comes after a basket (a return, a rating, a case) is only seen where the next order is not there yet: of like baskets, those with
    no order within as many days are the ones to compare with, and `base` says by how much more often they are the last.
    """
    touched: dict[str, np.ndarray] = {}
    missing: dict[str, str] = {}
    delays = np.zeros(baskets.height)
    for cause, events in ((RETURNS, _returns), (FEEDBACK, _ratings), (SERVICES, _cases)):
        found = events(view)
        if isinstance(found, str):
            missing[cause] = found
            continue
        flags, delay = _after(baskets, found)
        touched[cause] = flags
        delays = np.maximum(delays, delay)
    rest: tuple[tuple[str, Callable[[View, Window, pl.DataFrame], np.ndarray | str]], ...] = (
        (STOCK, _empty_shelves), (PRICES, _dearer), (STORE, _closed), (DEALS, _discounts))  # fmt: skip
    for cause, flags_of in rest:
        flags_or_why = flags_of(view, window, baskets)
        if isinstance(flags_or_why, str):
            missing[cause] = flags_or_why
        else:
            touched[cause] = flags_or_why
    return touched, missing, _base(baskets, delays)


def _returns(view: View) -> pl.DataFrame | str:
    """Receipts that only bring goods back."""
    back = view.chain.orders.filter(~pl.col("is_order"), pl.col("member_code").is_not_null(), pl.col("amount") < 0)
    found = back.select("member_code", pl.col("ordered_at").dt.date().alias("at"), pl.lit(True).alias("is_bad")).unique().collect()
    return found if found.height else tr("receipts of returns (lines with a negative quantity)")


def _ratings(view: View) -> pl.DataFrame | str:
    table = view.workspace.table("feedback")
    if table is None:
        return tr("the table feedback (member_id, given_at, rating)")
    return _events(view, table, "given_at", pl.col("rating") <= view.settings.leaving.low_rating)


def _cases(view: View) -> pl.DataFrame | str:
    table = view.workspace.table("services")
    if table is None:
        return tr("the table services (member_id, occurred_at, kind, solved)")
    if "solved" not in table.collect_schema().names():
        return tr("the column solved of the table services")
    return _events(view, table, "occurred_at", ~pl.col("solved"))


def _events(view: View, table: pl.LazyFrame, at: str, is_bad: pl.Expr) -> pl.DataFrame:
    """Per member and day whether something bad happened; only days with an event."""
    return (
        table.filter(pl.col(at) < end_of(view.as_of))
        .join(view.population.lazy().select("member_id", "member_code"), on="member_id")
        .group_by("member_code", pl.col(at).dt.date().alias("at"))
        .agg(is_bad.fill_null(False).any().alias("is_bad"))
        .collect()
    )


def _after(baskets: pl.DataFrame, events: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Which baskets something bad came after, and for all events the days until it (0 = none, or on the day)."""
    rows = baskets.select("member_code", pl.col("day").alias("at"), "day", "next_days").with_row_index("row")
    placed = events.sort("at").join_asof(rows.sort("at"), on="at", by="member_code", strategy="backward", check_sortedness=False)
    delay = (pl.col("at") - pl.col("day")).dt.total_days()
    near = placed.drop_nulls("row").with_columns(delay.alias("delay")).filter(pl.col("delay") <= AFTER_DAYS)
    near = near.filter(pl.col("next_days").is_null() | (pl.col("delay") <= pl.col("next_days")))
    flags, delays = np.zeros(baskets.height, bool), np.zeros(baskets.height)
    flags[near.filter("is_bad")["row"].to_numpy()] = True
    np.maximum.at(delays, near["row"].to_numpy(), near["delay"].to_numpy())
    return flags, delays


def _base(baskets: pl.DataFrame, delays: np.ndarray) -> np.ndarray:
    """One over the share of like baskets (by the member's pace) with no order within as many days."""
    base = np.ones(baskets.height)
    pace = ((pl.col("mean_gap_days").rank("average") / pl.col("mean_gap_days").count()) * 10).ceil().fill_null(0)
    band = baskets.select(pace.alias("band"))["band"].to_numpy()
    until = baskets["next_days"].fill_null(10**6).to_numpy()
    for one in np.unique(band):
        of_band = np.sort(until[band == one])
        rows = np.flatnonzero((band == one) & (delays > 0))
        open_share = 1 - np.searchsorted(of_band, delays[rows], side="left") / len(of_band)
        base[rows] = 1 / np.maximum(open_share, 0.02)
    return base


def _empty_shelves(view: View, _window: Window, baskets: pl.DataFrame) -> np.ndarray | str:
    """Whether the good that the member buys most was not there: counted as none within the days before, in the basket's store."""
    table, most = view.workspace.table("stock"), view.settings.leaving.stock_days
    if table is None:
        return tr("the table stock (store_id, product_id, counted_on, on_hand)")
    counted = table.filter(pl.col("counted_on") <= view.as_of).collect().sort("counted_on")
    pauses = counted.select(pl.col("counted_on").diff().over("store_id", "product_id").dt.total_days().alias("days"))["days"].median()
    if pauses is None or float(pauses) > most:  # type: ignore[arg-type]
        return view.say("the table stock with a count every {most} days", most=most)
    from toolkit.targeting.measures.favourite_goods import favourite_goods

    favourites = favourite_goods(view)
    stores, products = (view.workspace.codes(name).rename({"code": f"{name}_code", "id": f"{name}_id"}) for name in ("store", "product"))
    none = counted.join(stores, on="store_id").join(products, on="product_id").select(
        "store_code", "product_code", pl.col("counted_on").alias("day"), "counted_on", "on_hand"
    )  # fmt: skip
    rows = baskets.select("member_code", "day", "store_code").with_row_index("row").join(favourites, on="member_code")
    rows = rows.filter(pl.col("day") > pl.col("known_on")).sort("day")
    seen = rows.join_asof(
        none, on="day", by=["store_code", "product_code"], strategy="backward", tolerance=f"{most}d", check_sortedness=False
    )
    flags = np.zeros(baskets.height, bool)
    flags[seen.filter(pl.col("on_hand") <= 0)["row"].to_numpy()] = True
    return flags


def _dearer(view: View, window: Window, baskets: pl.DataFrame) -> np.ndarray | str:
    """Whether the goods that the member knew cost more than what they had paid for them so far, all together."""
    rows = baskets.select("member_code", "day").with_row_index("row")
    shelf = pl.col("amount") + pl.col("discount_amount")
    parts = []
    for files in view.workspace.line_partitions():  # each holds whole members: memory is bounded by one
        bought = (
            pl.scan_parquet(files)
            .filter(pl.col("member_code").is_not_null(), pl.col("quantity_milli") > 0, pl.col("amount") > 0)
            .filter(pl.col("ordered_at") < end_of(window.end))
            .group_by("member_code", "product_code", pl.col("ordered_at").dt.date().alias("day"))
            .agg(shelf.sum().alias("paid"), pl.col("quantity_milli").sum().alias("units"))
            .sort("member_code", "product_code", "day")
        )
        mine = ("member_code", "product_code")
        price = pl.col("paid") / pl.col("units")
        usual = (price.cum_sum().over(mine) - price) / pl.int_range(pl.len()).over(mine)
        known = bought.with_columns((usual * pl.col("units")).alias("usual")).filter(pl.col("usual") > 0)
        sums = known.group_by("member_code", "day").agg(pl.col("paid", "usual").sum())
        parts.append(sums.join(rows.lazy(), on=["member_code", "day"]).select("row", "paid", "usual").collect())
    flags = np.zeros(baskets.height, bool)
    dear = pl.concat(parts).filter(pl.col("paid") >= (1 + view.settings.leaving.price_rise) * pl.col("usual")) if parts else pl.DataFrame()
    if dear.height:
        flags[dear["row"].to_numpy()] = True
    return flags


def _closed(view: View, window: Window, baskets: pl.DataFrame) -> np.ndarray:
    """Whether the basket's store fell silent within the days in which the member would have come again."""
    flags = np.zeros(baskets.height, bool)
    for row in interruptions(view).filter(pl.col("kind") == "store").iter_rows(named=True):
        until = (pl.lit(row["since"]) - pl.col("day")).dt.total_days()
        flags |= baskets.select((pl.col("store_code") == row["code"]) & (until <= window.lost_days)).to_series().to_numpy()
    return flags


def _discounts(view: View, _window: Window, baskets: pl.DataFrame) -> np.ndarray | str:
    if not view.has_column("lines", "discount_amount"):
        return tr("the column discount_amount of the table lines")
    return (baskets["promo_share"] >= view.settings.leaving.deal_share).fill_null(False).to_numpy()
