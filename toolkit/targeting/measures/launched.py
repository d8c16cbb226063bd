"""A new product's first weeks: when it began, who tried it, and what its triers and others bought of its category."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from toolkit.mart.baskets import read_baskets
from toolkit.models.new_product import Source, source_of_volume
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.targeting.measures.category_spend import OTHERS
from toolkit.targeting.measures.goods import labels_of, scoped_parts

WEEKS, BEFORE_DAYS, LEAST_DAYS, FOLLOWED_DAYS = 13, 91, 28, 14
"""Weeks that are looked at; days that must be known before the launch, and after it; days that a purchase is followed at least."""
MOST_GOODS, _MEMBERS_AT_ONCE = 10, 5000


@dataclass(frozen=True)
class Launch:
    """A new product in a scope: `days` holds one row per member, day and product of its category (`member_code` null = no member) from 13
    weeks before the `window` on: `day`, `product_code`, `amount` (minor units), `is_bought`."""

    code: int
    category_code: int
    window: Period
    days: pl.DataFrame

    @property
    def first_days(self) -> pl.DataFrame:
        """The day on which each member tried it: `member_code`, `tried_on`."""
        own = self.days.filter(pl.col("product_code") == self.code, "is_bought", pl.col("member_code").is_not_null())
        return own.filter(pl.col("day").is_between(self.window.start, self.window.end)).group_by("member_code").agg(
            pl.col("day").min().alias("tried_on")
        ).sort("member_code")  # fmt: skip


def newest(view: View) -> int | None:
    """Return the product that most members bought of those whose whole first 13 weeks are seen, and 13 weeks before them; None: no such."""
    parts = []
    for part in read_baskets(view.workspace, view.mart):
        orders = part.orders.lazy().with_row_index("order").select("order", "member_code", pl.col("ordered_at").dt.date().alias("day"))
        bought = part.goods.lazy().filter("is_bought").join(orders, on="order")
        parts.append(bought.group_by("product_code").agg(pl.col("day").min(), pl.col("member_code").n_unique().alias("members")))
    first = pl.concat(pl.collect_all(parts, engine="streaming")).group_by("product_code").agg(pl.col("day").min(), pl.col("members").sum())
    whole = pl.col("day").is_between(
        max(view.first_day + timedelta(days=BEFORE_DAYS), view.as_of - timedelta(days=364)), view.as_of - timedelta(days=7 * WEEKS - 1)
    )
    found = first.filter(whole).sort(["members", "product_code"], descending=[True, False])
    return int(found["product_code"][0]) if found.height else None


def launch_of(view: View, code: int) -> Launch | date | None:
    """Return a product's launch in the scope; the day of its first sale where that is too near an end of the receipts; None: never sold."""
    category = int(view.mart.products.filter(pl.col("product_code") == code)["category_code"][0])
    began = []
    for part in scoped_parts(view, Period(view.first_day, view.as_of)):
        bought = part.goods.filter("is_bought", pl.col("product_code") == code).select("order")
        began.append(bought.join(part.orders.select("order", pl.col("ordered_at").dt.date().alias("day")), on="order")["day"].min())
    known = [day for day in began if day is not None]
    if not known:
        return None
    start = min(known)
    window = Period(start, min(start + timedelta(days=7 * WEEKS - 1), view.as_of))
    if (start - view.first_day).days < BEFORE_DAYS or window.days < LEAST_DAYS:
        return start
    frames = []
    for part in scoped_parts(view, Period(start - timedelta(days=BEFORE_DAYS), view.as_of)):
        orders = part.orders.select("order", "member_code", pl.col("ordered_at").dt.date().alias("day"))
        inside = part.goods.filter(pl.col("category_code") == category).select("order", "product_code", "amount", "is_bought")
        frames.append(inside.join(orders, on="order").drop("order"))
    days = pl.concat(frames).group_by("member_code", "day", "product_code").agg(pl.col("amount").sum(), pl.col("is_bought").any())
    return Launch(code, category, window, days.sort("member_code", "day", "product_code", nulls_last=True))


def volume_source(view: View, launch: Launch) -> tuple[Source, list[str]] | None:
    """Return what the product's volume was taken from, and the names of the goods; None where it cannot be told (`models.new_product`)."""
    days = launch.days.filter(pl.col("member_code").is_not_null())
    is_own = pl.col("product_code") == launch.code
    sold = (
        days.filter(~is_own).group_by("product_code").agg(pl.col("amount").sum()).sort("amount", "product_code", descending=[True, False])
    )
    top = sold["product_code"].head(MOST_GOODS).to_list()
    named = labels_of(view, "product", top)
    names = [*[named[code] for code in top], OTHERS]
    place = {code: number for number, code in enumerate(top)}
    start = launch.window.start - timedelta(days=BEFORE_DAYS)
    rows = days.filter(pl.col("day") <= launch.window.end).select(
        "member_code",
        (pl.col("day") - start).dt.total_days().alias("at"),
        pl.when(is_own)
        .then(-1)
        .otherwise(pl.col("product_code").replace_strict(place, default=len(top), return_dtype=pl.Int64))
        .alias("good"),
        "amount",
        "is_bought",
    )
    length = BEFORE_DAYS + launch.window.days
    pieces = [_followed(part, length, len(names)) for part in _by_members(rows)]
    person, tried, past, days_after, product, goods = (np.concatenate(column) for column in zip(*pieces, strict=True))
    weeks = (length - days_after).astype(int) // 7
    dummies = (weeks[:, None] == np.unique(weeks)[1:]).astype(float)
    found = source_of_volume(person, tried, np.column_stack([past, dummies]), days_after, product, goods)
    return (found, names) if found else None


def _by_members(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows in pieces of whole members: days by goods of all of them at once would not fit."""
    piece = pl.col("member_code").rank("dense").cast(pl.Int64) // _MEMBERS_AT_ONCE
    return rows.with_columns(piece.alias("piece")).partition_by("piece", include_key=False, maintain_order=True)


def _followed(rows: pl.DataFrame, length: int, count: int) -> tuple[np.ndarray, ...]:
    """The rows of `source_of_volume` of some members: person, tried, past (without the week), days, product, goods."""
    codes, who = np.unique(rows["member_code"].to_numpy(), return_inverse=True)
    at, good, bought = rows["at"].to_numpy() + 1, rows["good"].to_numpy(), rows["is_bought"].to_numpy()
    spent = np.zeros((len(codes), length + 1, count + 1))  # day by day from the day before the first; the product comes last
    np.add.at(spent, (who, at, good), rows["amount"].to_numpy())
    came = np.zeros((len(codes), length + 1))
    came[who[bought], at[bought]] = 1
    sums, visits = spent.cumsum(1), came.cumsum(1)
    tried = np.full(len(codes), length + 1)
    own = bought & (good == -1)
    np.minimum.at(tried, who[own], at[own])
    person, day = np.nonzero(came[:, : length + 1 - FOLLOWED_DAYS])
    inside = (day > BEFORE_DAYS) & (day <= tried[person])
    person, day = person[inside], day[inside]
    before = (visits[person, day - 1] - visits[person, day - 1 - BEFORE_DAYS])[:, None]
    spent_before = sums[person, day - 1] - sums[person, day - 1 - BEFORE_DAYS]
    after = sums[person, length] - sums[person, day]
    # The root of visits beside them: who comes twice as often does not spend twice as much on the same good.
    past = np.column_stack([spent_before[:, :count], before, np.sqrt(before), before == 0])
    return codes[person], day == tried[person], past, (length - day).astype(float), after[:, count], after[:, :count]
