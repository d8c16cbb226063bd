"""What each member of a case did in a window: sales, margin, orders, units, whether they came at all; as numbers ready for an estimate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from toolkit.language import value
from toolkit.mart.windows import window_sums
from toolkit.review.measures.case import Case
from toolkit.scope.period import Period
from toolkit.wording import Kind

Name = Literal["amount", "margin", "orders", "order_value", "units", "units_per_order", "active"]


@dataclass(frozen=True)
class Outcome:
    """An outcome in words: `title` (a word of tables: `language.word`), how its figures are formatted, and what a ratio is divided by."""

    title: str
    kind: Kind
    top: str
    bottom: str | None = None


OUTCOMES: Mapping[str, Outcome] = {
    "amount": Outcome(value("sales"), "money", "amount"),
    "margin": Outcome(value("margin"), "money", "margin"),
    "orders": Outcome(value("orders"), "number", "orders"),
    "order_value": Outcome(value("order value"), "money", "amount", "orders"),
    "units": Outcome(value("units"), "number", "units"),
    "units_per_order": Outcome(value("units per order"), "number", "units", "orders"),
    "active": Outcome(value("share of members who bought"), "share", "active"),
}
"""What an effect can be asked of. A ratio is the arm's total over the arm's orders, not the mean of members' ratios."""


@dataclass(frozen=True)
class Costs:
    """How margins were reckoned: `basis` measured (from unit costs), assumed (a setting) or not known; `known_share` of the sales whose
    cost is known; `share` that the rest is taken to keep."""

    basis: Literal["measured", "assumed", "not known"]
    known_share: float = 0.0
    share: float | None = None


@dataclass(frozen=True)
class Outcomes:
    """What members did: `frame` one row per member of the case in its order (`amount`, `margin`, in currency units, margin null where not
    known; `orders`, `units`, `active` 0 or 1), and how margins were reckoned."""

    frame: pl.DataFrame
    costs: Costs


def outcomes(case: Case, period: Period, *, category: str | None = None) -> Outcomes:
    """Return what each member of the case did in a window, in the case's scope; without a receipt there, zeros."""
    sums = _sums(case, period, by_category=category is not None)
    if category is not None:
        sums = sums.filter(pl.col("category") == category)
    return reckoned(case, sums)


def category_sums(case: Case, period: Period) -> pl.DataFrame:
    """Return the sums of `window_sums` of the case's members in its scope: one row per member x `category` with a line in the window."""
    return _sums(case, period, by_category=True)


def reckoned(case: Case, sums: pl.DataFrame) -> Outcomes:
    """Return sums by member as outcomes of all members of the case. `sums` may hold several rows a member."""
    view = case.view
    parts = ("orders", "amount", "units_milli", "costed_amount", "costed_margin_milli")
    by_member = sums.group_by("member_code").agg(pl.col(*parts).sum())
    members = (
        case.members.select("member_id", "member_code")
        .join(by_member, on="member_code", how="left", maintain_order="left")
        .with_columns(pl.col(*parts).fill_null(0))
    )
    costs = _costs(case, members)
    rest = (pl.col("amount") - pl.col("costed_amount")) * 1_000 * (costs.share or 0.0)
    margin = (pl.col("costed_margin_milli") + rest) / 1_000 if costs.basis != "not known" else pl.lit(None, pl.Float64)
    frame = members.select(
        "member_id",
        view.major("amount").alias("amount"),
        (margin.cast(pl.Float64) / view.minor_units).alias("margin"),
        pl.col("orders").cast(pl.Float64),
        (pl.col("units_milli") / 1_000).alias("units"),
        (pl.col("orders") > 0).cast(pl.Float64).alias("active"),
    )
    return Outcomes(frame, costs)


def _sums(case: Case, period: Period, *, by_category: bool) -> pl.DataFrame:
    view = case.view
    keys = ["member", *(["store"] if view.scope.is_place else []), *(["category"] if by_category else [])]
    codes = case.members.select(pl.col("member_code").drop_nulls())
    sums = window_sums(view.workspace, view.mart, period.start, period.end, by=keys, members=codes)
    if view.scope.is_place:
        column = "store_id" if view.scope.store_id is not None else "region"
        here = view.stores.filter(pl.col(column) == getattr(view.scope, column)).select("store_code")
        sums = sums.join(here, on="store_code", how="semi")
    if by_category:
        sums = sums.join(view.categories.select("category_code", "category"), on="category_code")  # goods alone have one
    return sums


def _costs(case: Case, members: pl.DataFrame) -> Costs:
    """Margins from unit costs where there are some, the rest at the same share; else as the setting assumes; else not known."""
    amount, costed = float(members["amount"].sum()), float(members["costed_amount"].sum())
    if costed > 0:
        margin_share = float(members["costed_margin_milli"].sum()) / 1_000 / costed
        return Costs("measured", costed / amount if amount > 0 else 1.0, margin_share)
    assumed = case.view.settings.offers.margin_share
    return Costs("not known") if assumed is None else Costs("assumed", 0.0, assumed)
