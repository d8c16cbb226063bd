"""The members' traits in one table: what audiences are built from and a member's card is read from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from toolkit.audience import view_of
from toolkit.audience.handing_out import handed_out
from toolkit.language import tr
from toolkit.portrait.measures.favourites import favourites
from toolkit.portrait.measures.prospects import prospects
from toolkit.portrait.measures.stages import lifecycle_stages
from toolkit.portrait.measures.tastes import personas_of, rules_of, taste_flags
from toolkit.portrait.price_sensitivity import sensitivity_traits
from toolkit.portrait.spending_power import power_traits
from toolkit.scope.view import View
from toolkit.workspace import Workspace


def traits(workspace: View | Workspace | str | Path, **scope: Any) -> pl.DataFrame:
    """Return the traits of every member in scope: one row per member, sorted by member_id; a trait is the member's own, across the chain.

    Columns: `member_id`; `stage`, `recency_days` (see `lifecycle`); `spending_power`, `order_value_level`, `price_tier_level` (low, mid,
    high), `spend_per_month`, `order_value` (currency units), `price_tier_index` (see `spending_power`); `promo_dependence`,
    `coupon_affinity`, `discount_share` (0..1), `coupon_days_28d`, `promo_level`, `coupon_level`, `shopping_days` (what they rest on; see
    `price_sensitivity`);
    `purchase_probability` (0..1), `expected_spend_91d`, `expected_spend_365d` (currency units; named after the horizons of the settings),
    `value_decile` (see `lifetime_value`); `favourite_channel`, `favourite_weekday`, `favourite_hour`, `favourite_store`,
    `favourite_category` (see `habits`); `tastes` and `personas` (lists of categories and of personas, see `personas`; empty = none, null =
    too few shopping days). Null = not measured.

    Parameters
    ----------
    workspace
        A workspace, its path, or a view that is already open.
    **scope
        As for a question: store_id, region, audience (a saved name too), as_of, period, settings.

    Raises
    ------
    UnknownName, BadValue, DataError
        As for a question.
    NotAllowed
        Who asks may see figures alone (documents/roles.toml).

    Example
    -------
    >>> tk.portrait.traits(ws).filter(pl.col("coupon_level") == "high")["member_id"]
    """
    view = view_of(workspace, **scope)
    return handed_out(view.workspace, traits_of(view, view.members).drop("member_code"), tr("traits of members"))


def traits_of(view: View, members: pl.DataFrame) -> pl.DataFrame:
    """Return the traits of some rows of `view.members` or `view.population`: columns of `traits` and `member_code`, in the order they
    came."""
    settings = view.settings.lifetime_value
    powers = power_traits(view).with_columns(view.major("order_value"), view.major("spend_per_month"))
    expected = prospects(view).rename(
        {"expected_spend": f"expected_spend_{settings.spend_days}d", "expected_spend_year": f"expected_spend_{settings.year_days}d"}
    )
    expected = expected.with_columns(view.major(name) for name in expected.columns if name.startswith("expected_spend_"))
    liked = favourites(view, members)
    made = members.select("member_id", "member_code")
    tables = (
        lifecycle_stages(view).drop("first_on"),
        powers.select(
            "member_code", "spending_power", "order_value_level", "price_tier_level", "spend_per_month", "order_value", "price_tier_index"
        ),
        sensitivity_traits(view).drop("promo_raw", "coupon_raw"),
        expected,
        liked.select("member_code", *[name for name in liked.columns if name.startswith("favourite_") and not name.endswith("_share")]),
        lists_of(view, members),
    )
    for table in tables:
        made = made.join(table, on="member_code", how="left", maintain_order="left")
    return made


def lists_of(view: View, members: pl.DataFrame) -> pl.DataFrame:
    """Return tastes (clearest first) and personas of some members as lists: `member_code`, `tastes`, `personas`; null with too few days."""
    chosen = members.select("member_code", enough=pl.col("day_count") >= view.settings.personas.minimum_days)
    tastes = (
        taste_flags(view)
        .join(chosen, on="member_code", how="semi")
        .join(view.categories.select("category_code", "category"), on="category_code")
        .sort("member_code", "index_low", "category", descending=[False, True, False])
        .group_by("member_code", maintain_order=True)
        .agg(pl.col("category").alias("tastes"))
    )
    fits = (
        personas_of(view, rules_of(view))
        .join(chosen, on="member_code", how="semi")
        .group_by("member_code")
        .agg(pl.col("persona").alias("personas"))
    )
    made = chosen.join(tastes, on="member_code", how="left").join(fits, on="member_code", how="left", maintain_order="left")
    none = pl.lit([], pl.List(pl.String))
    return made.select(
        "member_code", *(pl.when("enough").then(pl.col(name).fill_null(none)).alias(name) for name in ("tastes", "personas"))
    )
