"""The first purchases of members who are known to be new: who they are, and what led each of their first shopping days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import polars as pl

from toolkit.answer import Note
from toolkit.language import value
from toolkit.mart.sequences import VISITS, sequences_of
from toolkit.scope.interruptions import interruptions
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import find_good

By = Literal["category", "department", "product"]
_NONE_STATED = value("(none stated)")


@dataclass(frozen=True)
class Entrants:
    """Members whose first order is in the receipts, and how that is known. `members`: member_code, first_day, sorted by member_code;
    `again`: the last day on which receipts began again after a hole, or ids were given anew."""

    members: pl.DataFrame
    left_out: int
    by_joining: bool
    again: date | None = None

    def note(self, view: View) -> Note:
        """Return the note on whose first purchase is really known."""
        return Note(
            view.say(
                "The receipts start on {first_day}: whoever first shows before {early}[again?, or as soon after {again}, when they began "
                "anew or ids did,] may have bought earlier and is left out[by_joining? "
                "unless the members table says that they joined since the receipts start] ({left_out:member} left out; setting "
                "sequences.entry_after_days).",
                first_day=view.first_day,
                early=view.first_day + timedelta(days=view.settings.sequences.entry_after_days),
                again=self.again,
                by_joining=self.by_joining,
                left_out=self.left_out,
            )
        )


def entrants(view: View) -> Entrants:
    """Return the members in scope whose first order can be taken for their first: see `Entrants`.

    Of a store or region, those who ordered there on their first day: whoever came back often is more likely to have been in any store, so
    that all who ever ordered there would seem to stay.
    """
    people = view.members.filter(pl.col("first_ordered_on").is_not_null())
    if view.scope.is_place:
        began = view.orders.filter("is_order", pl.col("member_code").is_not_null()).select("member_code", pl.col("ordered_at").dt.date())
        days = began.unique().collect().rename({"ordered_at": "first_ordered_on"})
        people = people.join(days, on=["member_code", "first_ordered_on"], how="semi", maintain_order="left")
    wait = timedelta(days=view.settings.sequences.entry_after_days)
    late = pl.col("first_ordered_on") >= view.first_day + wait
    # Where receipts are missing, or ids were given anew, who first shows soon after may have bought before, under another id.
    resumed = interruptions(view).filter(pl.col("kind").is_in(["gap", "ids"]) & (pl.col("until").is_not_null() | (pl.col("kind") == "ids")))
    again = sorted(resumed.select(pl.coalesce("until", "since")).to_series().to_list())
    for day in again:
        late &= ~pl.col("first_ordered_on").is_between(day, day + wait, closed="left")
    by_joining = "joined_on" in people.columns and people["joined_on"].count() > 0
    if by_joining:
        # Who joined before the receipts start is old, however late their first order in them.
        late = pl.when(pl.col("joined_on").is_not_null()).then(pl.col("joined_on") >= view.first_day).otherwise(late)
    new = people.filter(late).select("member_code", pl.col("first_ordered_on").alias("first_day")).sort("member_code")
    return Entrants(new, people.height - new.height, by_joining, again[-1] if again else None)


def first_visits(view: View, by: Literal["category", "department"]) -> pl.DataFrame:
    """Return the first three shopping days of the chain's members: one row per member, sorted.

    Columns: `member_code` and, for visit 1 to 3, `day_1`, `lead_1` (the category or department with most money on that day, ties to the
    name that sorts first) and `amount_1` (minor units); null where there was no such day.
    """
    return view.chainwide(f"first_visits-{by}", lambda chain: _first_visits(chain, by))


def _first_visits(view: View, by: Literal["category", "department"]) -> pl.DataFrame:
    names = view.categories.select("category_code", pl.col(by).fill_null(_NONE_STATED).alias("place"))
    days = (
        sequences_of(view.workspace, view.mart)
        .first_days.join(names.lazy(), on="category_code")
        .group_by("member_code", "visit", "day", "place")
        .agg(pl.col("amount").sum())
        .sort("member_code", "visit", "amount", "place", descending=[False, False, True, False])
        .group_by("member_code", "visit", "day", maintain_order=True)
        .agg(pl.col("place").first().alias("lead"), pl.col("amount").sum())
        .collect()
    )
    wide = days.select(pl.col("member_code").unique(maintain_order=True))
    for visit in range(1, VISITS + 1):
        one = days.filter(pl.col("visit") == visit)
        one = one.select("member_code", *[pl.col(name).alias(f"{name}_{visit}") for name in ("day", "lead", "amount")])
        wide = wide.join(one, on="member_code", how="left", maintain_order="left")
    return wide.sort("member_code")


def first_goods(view: View, by: By) -> pl.DataFrame:
    """Return what the chain's members bought on their first shopping day: `member_code`, `good` (name of a category or department; code of
    a product)."""
    if by == "product":
        return view.chainwide("first_products", lambda chain: sequences_of(chain.workspace, chain.mart).first_products.collect()).rename(
            {"product_code": "good"}
        )
    return view.chainwide(f"first_goods-{by}", lambda chain: _first_goods(chain, by))


def _first_goods(view: View, by: By) -> pl.DataFrame:
    names = view.categories.filter(pl.col(by).is_not_null()).select("category_code", pl.col(by).alias("good"))
    first = sequences_of(view.workspace, view.mart).first_days.filter(pl.col("visit") == 1)
    return first.join(names.lazy(), on="category_code").select("member_code", "good").unique().sort("member_code", "good").collect()


def first_good_members(view: View, name: str, caller: str) -> tuple[pl.DataFrame, str]:
    """Return the chain's members whose first shopping day held a good (`member_code`), and the good as the shop calls it.

    `name`: a category, a department, a product_id or the name of one product, in any case.

    Raises
    ------
    UnknownName
        There is none; the nearest is named.
    BadValue
        The name is that of several products.
    """
    departments = {str(word).casefold(): str(word) for word in view.categories["department"].drop_nulls().unique()}
    categories = view.categories["category"].str.to_lowercase()
    wanted = name.strip().casefold()
    if wanted in departments and wanted not in categories:
        level, label, key = "department", departments[wanted], departments[wanted]
    else:
        good = find_good(view, name, caller)
        level, label, key = good.level, good.label, good.label if good.level == "category" else good.code
    return first_goods(view, level).filter(pl.col("good") == key).select("member_code").unique(), label
