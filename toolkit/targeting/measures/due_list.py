"""Who may be due for what: each member's place in the rhythm of the goods they buy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import polars as pl

from toolkit.mart.rhythms import MICRO, RHYTHM_FROM
from toolkit.models.due import GapCurve, Regularity, own_place, to_own_time, to_shop_time
from toolkit.scope.view import View
from toolkit.targeting.measures.due_rhythms import STATED, By, due_rhythms, lives, rhythm_rows

LIST = pl.Schema(
    {
        "member_code": pl.UInt32,
        "category_code": pl.UInt32,
        "product_code": pl.UInt32,  # by product: the good; by category: the last one bought of it
        "level": pl.String,  # what the rhythm is of: category or product
        "good_code": pl.UInt32,
        "basis": pl.String,
        "last_bought_on": pl.Date,
        "due_from": pl.Date,
        "due_to": pl.Date,
        "purchase_probability": pl.Float64,  # buys it here within sequences.due_within_days
        "own_gap_count": pl.Int64,
    }
)
_PLACED = [*LIST.names(), "is_known"]


def due_list(view: View, by: By = "category") -> pl.DataFrame:
    """Return who may be due, of the chain (schema LIST), sorted by member, category and product.

    Members who ordered within scope.active_days; goods whose window opens before the end of the next sequences.due_within_days, or has
    closed without a purchase. Without a stated life only goods that the member bought three times or more (two purchases are no rhythm),
    and not more often than every sequences.due_least_gap_days.

    By `product`, products with a rhythm of their own stand for themselves, unless the member has bought another product of the category
    since; the categories of the member's other goods follow by category.
    """
    return view.chainwide(f"due_list-{by}", lambda chain: _due_list(chain, by), "sequences", "scope", "activity")


def dropped_needs(view: View, by: By = "category") -> pl.DataFrame:
    """Return how many needs of each member of the chain are open for longer than gaps of the good were watched: `member_code`,
    `dropped_count`. Nothing is known of who still comes back, so they are on no list."""
    return view.chainwide(f"due_dropped-{by}", lambda chain: _dropped(chain, by), "sequences", "scope", "activity")


def _due_list(view: View, by: By) -> pl.DataFrame:
    soon = view.as_of + timedelta(days=view.settings.sequences.due_within_days)
    parts = [part.filter("is_known", pl.col("due_from") <= soon).select(LIST.names()).cast(LIST) for part in _placed(view, by)]  # type: ignore[arg-type]
    return (pl.concat(parts) if parts else pl.DataFrame(schema=LIST)).sort("member_code", "category_code", "product_code")


def _dropped(view: View, by: By) -> pl.DataFrame:
    parts = [part.filter(~pl.col("is_known")).select("member_code") for part in _placed(view, by)]
    rows = pl.concat(parts) if parts else pl.DataFrame(schema={"member_code": pl.UInt32})
    return rows.group_by("member_code").agg(pl.len().cast(pl.Int64).alias("dropped_count")).sort("member_code")


def _placed(view: View, by: By) -> Iterator[pl.DataFrame]:
    """The members of each good, with window and probability: columns _PLACED."""
    categories = _bought(view, "category")
    if by == "product":
        last = rhythm_rows(view, "category").select(
            "member_code", pl.col("good_code").alias("category_code"), pl.col("last_day").alias("since")
        )
        products = _bought(view, "product").join(view.mart.products.select("product_code", "category_code"), on="product_code")
        known = products.join(last.collect(engine="streaming"), on=["member_code", "category_code"], how="left")
        yield from _of_goods(view, "product", known.filter(pl.col("since") == pl.col("last_day")).drop("since"))
        categories = categories.join(products, on=["member_code", "category_code"], how="anti")
    yield from _of_goods(view, "category", categories)


def _bought(view: View, by: By) -> pl.DataFrame:
    """Goods with a rhythm that active members have bought, often enough for one of their own where no life is stated."""
    rhythms = due_rhythms(view, by)
    active = view.population.filter(pl.col("last_ordered_on") > view.as_of - timedelta(days=view.settings.scope.active_days))
    stated = rhythms.filter(pl.col("basis") == STATED)["good_code"].to_list()
    rows = (
        rhythm_rows(view, by)
        .filter(pl.col("good_code").is_in(rhythms["good_code"].to_list()))
        .filter(pl.col("good_code").is_in(stated) | (pl.col("day_count") >= RHYTHM_FROM))
        .join(active.lazy().select("member_code"), on="member_code", how="semi")
        .join(lives(view).lazy().select("product_code", "product_life"), on="product_code", how="left")
        .select("member_code", "good_code", "product_code", "last_day", "day_count", "gap_log_micro", "product_life")
        .collect(engine="streaming")
    )
    return rows.with_columns(pl.col("good_code").alias("category_code")) if by == "category" else rows


def _of_goods(view: View, level: By, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    by_good = rows.partition_by("good_code", as_dict=True)
    for good in due_rhythms(view, level).iter_rows(named=True):
        if (good["good_code"],) in by_good:
            yield _members_of(view, good, by_good[(good["good_code"],)], level)


def _members_of(view: View, good: dict, rows: pl.DataFrame, level: By) -> pl.DataFrame:
    """The members of one good, with their window and probability."""
    settings = view.settings.sequences
    curve = GapCurve(np.array(good["survival"]), good["gap_count"], good["closed_gap_days"])
    mean = good["log_mean"]
    count = rows["day_count"].cast(pl.Float64).to_numpy() - 1
    shift, spread = own_place(count, rows["gap_log_micro"].to_numpy() / MICRO, Regularity(mean, good["between"], good["within"]))
    if good["life_days"] is not None:
        shift = shift + np.log(rows["product_life"].fill_null(good["life_days"]).to_numpy() / good["life_days"])
    elapsed = rows.select((pl.lit(view.as_of) - pl.col("last_day")).dt.total_days()).to_series().to_numpy()
    now = to_shop_time(elapsed, mean, shift, spread)
    later = to_shop_time(elapsed + settings.due_within_days, mean, shift, spread)
    unsold = curve.at(now)
    chance = np.where(unsold > 0, 1 - curve.at(later) / np.maximum(unsold, 1e-12), 0.0)
    begins = np.maximum(1, np.floor(to_own_time(good["window_from_days"], mean, shift, spread))).astype(np.int64)
    ends = np.maximum(begins, np.ceil(to_own_time(good["window_to_days"], mean, shift, spread))).astype(np.int64)
    usual = to_own_time(good["again_days"], mean, shift, spread)
    # Who buys it every week needs no reminder, however long others wait.
    reminded = np.full(usual.shape, True) if good["life_days"] is not None else usual >= settings.due_least_gap_days
    day = pl.col("last_day")
    # Beyond the last day watched nothing is known of who still comes back: such a gap says nothing about the next weeks.
    return (
        rows.with_columns(
            pl.Series("purchase_probability", chance, dtype=pl.Float64),
            pl.Series("is_known", now < good["watched_days"], dtype=pl.Boolean),
            pl.Series("begins", begins),
            pl.Series("ends", ends),
            pl.lit(level).alias("level"),
            pl.lit(good["basis"]).alias("basis"),
            day.alias("last_bought_on"),
            (pl.col("day_count").cast(pl.Int64) - 1).alias("own_gap_count"),
        )
        .filter(pl.Series(reminded, dtype=pl.Boolean))
        .with_columns((day + pl.duration(days="begins")).alias("due_from"), (day + pl.duration(days="ends")).alias("due_to"))
        .select(_PLACED)
    )
