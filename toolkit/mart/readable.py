"""The members table as a person reads it: money in the currency, units as units, ids and names instead of codes.

It is what an audience's WHERE expression speaks about, and what `tk.members` gives to an analyst.
"""

from __future__ import annotations

import polars as pl

from toolkit.schemas import MEMBER_FEATURES

MONEY = tuple(name for name in MEMBER_FEATURES.names() if name.split("_")[0] == "amount" or name.endswith("_amount") or "_amount_" in name)
_INSIDE = ("promo_days_", "promo_bp_", "coupon_days_", "coupon_bp_")
"""Sums that only the shrinkage of the price traits needs."""


def readable_members(members: pl.DataFrame, names: dict[str, pl.DataFrame], minor_units: int) -> pl.DataFrame:
    """Return one row per member, in the order given.

    Parameters
    ----------
    members
        Rows of `View.population`.
    names
        For `store`, `channel` and `category`: (code, id).
    minor_units
        Minor units in one unit of the currency.

    Returns
    -------
    DataFrame
        member_id, the features of schemas.MEMBER_FEATURES (money in currency units, `units` instead of `units_milli`; `home_store_id`,
        `top_channel` and `top_category` instead of codes), then the attributes of the members table.
    """
    digits = len(str(minor_units)) - 1  # 374320 / 100 is 3743.2000000000003 in polars, and 3743.2 would not find it
    frame = members.with_columns(
        *((pl.col(name).cast(pl.Float64) / minor_units).round(digits) for name in MONEY),
        (pl.col("units_milli").cast(pl.Float64) / 1000).alias("units"),
    )
    for code, name, kind in (
        ("home_store_code", "home_store_id", "store"),
        ("top_channel_code", "top_channel", "channel"),
        ("top_category_code", "top_category", "category"),
    ):
        shown = name if name not in members.columns else name.replace("home_", "usual_")  # the card may state a home store of its own
        table = names[kind].select(pl.col("code").alias(code), pl.col("id").alias(shown))
        frame = frame.join(table, on=code, how="left", maintain_order="left")
    dropped = [name for name in frame.columns if name.startswith(_INSIDE) or name.endswith("_code") or name == "units_milli"]
    return frame.select("member_id", pl.all().exclude("member_id", *dropped))
