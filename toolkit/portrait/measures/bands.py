"""Groups of members by what they bought in a window: tenths, weight, number of orders, attach, loyalty. Equal members stay together."""

from __future__ import annotations

from typing import Literal

import polars as pl

from toolkit.answer import Note
from toolkit.errors import BadValue
from toolkit.language import tr, value
from toolkit.models.ranks import quantile_band
from toolkit.portrait.measures.figure_sums import tiers
from toolkit.portrait.measures.scorecard import current_scorecard
from toolkit.portrait.measures.scores import chain_scores
from toolkit.portrait.measures.segment_maps import read_segment_map
from toolkit.scope.view import View

By = Literal["decile", "heavy", "orders", "attach", "loyal", "tier"]
Grouped = tuple[pl.DataFrame, list[str | Note]]
LAST_DOUBLING = 256
"""Upper end of the last doubling band that is closed; the bands are only for display."""
LOYAL_SEGMENTS = ("champions", "loyal")
NO_UNITS = value("no counted goods")
NO_TIER = value("no tier stated")


def grouped(view: View, buyers: pl.DataFrame, by: By) -> Grouped:
    """Return the members who bought with their `group` (an Enum in reading order), and the notes on how they were grouped.

    `buyers` has the columns of `sales.member_sales`.
    """
    make = {"decile": _tenths, "heavy": _weights, "orders": _order_counts, "attach": _attach, "loyal": _loyalty, "tier": _tiers}[by]
    return make(view, buyers)


def doubling_band(number: pl.Expr, unit: str) -> pl.Expr:
    """Return the band of a number in words: up to 1, over 1 to 2, over 2 to 4, ..., over 256; whole numbers read `1`, `2`, `3 to 4`.

    >>> pl.DataFrame({"n": [1, 3, 300]}).select(doubling_band(pl.col("n"), "orders")).to_series().to_list()
    ['1 order', '3 to 4 orders', 'over 256 orders']
    """
    band = pl.lit(f"over {LAST_DOUBLING} {unit}")
    for name, high in reversed(_bands(unit)):
        band = pl.when(number <= high).then(pl.lit(name)).otherwise(band)
    return band


def _bands(unit: str) -> list[tuple[str, int]]:
    """Name and upper end of each doubling band; the names are among `language.labels.VALUES`."""
    whole = unit == "orders"
    names = [(f"{'' if whole else 'up to '}1 {unit.removesuffix('s')}", 1)]
    low = 1
    while low < LAST_DOUBLING:
        high = 2 * low
        least = f"over {low} to " if not whole else "" if low + 1 == high else f"{low + 1} to "
        names.append((f"{least}{high} {unit}", high))
        low = high
    return names


def _tenths(view: View, buyers: pl.DataFrame) -> Grouped:
    labels = [value("1 (best tenth)"), *[str(place) for place in range(2, 10)], value("10 (last tenth)")]
    band = quantile_band("sales", shares=(0.1,) * 10, labels=labels)
    return buyers.with_columns(band.alias("group")), _equal(buyers)


def _weights(view: View, buyers: pl.DataFrame) -> Grouped:
    heavy, medium = view.settings.value.heavy_share, view.settings.value.medium_share
    if heavy + medium > 1:
        raise BadValue(
            tr(
                "settings value.heavy_share and value.medium_share add up to {together:g}, but at most 1 can be shared out.",
                together=heavy + medium,
            )
        )
    shares = (heavy, medium, 1 - heavy - medium)
    band = quantile_band("sales", shares=shares, labels=(value("heavy"), value("medium"), value("light")))
    words = tr(
        "Heavy are the top {heavy:.0%} of members by sales, medium the next {medium:.0%}, light the last {light:.0%}.",
        heavy=heavy,
        medium=medium,
        light=shares[2],
    )
    return buyers.with_columns(band.alias("group")), [words, *_equal(buyers)]


def _order_counts(view: View, buyers: pl.DataFrame) -> Grouped:
    names = [*[name for name, _ in _bands("orders")], f"over {LAST_DOUBLING} orders"]
    return buyers.with_columns(doubling_band(pl.col("orders"), "orders").cast(pl.Enum(names)).alias("group")), []


def _attach(view: View, buyers: pl.DataFrame) -> Grouped:
    names = [*[name for name, _ in _bands("units")], f"over {LAST_DOUBLING} units", NO_UNITS]
    band = pl.when(pl.col("units_milli") > 0).then(doubling_band(pl.col("units_milli") / 1000 / pl.col("orders"), "units"))
    words = tr("Units are counted goods; what is sold by weight or volume does not count.")
    return buyers.with_columns(band.otherwise(pl.lit(NO_UNITS)).cast(pl.Enum(names)).alias("group")), [words]


def _loyalty(view: View, buyers: pl.DataFrame) -> Grouped:
    card, notes = current_scorecard(view)
    segments = read_segment_map("ten").apply(chain_scores(view, card.ruler)).select("member_code", "segment")
    loyal = pl.col("segment").cast(pl.String).is_in(LOYAL_SEGMENTS)
    group = pl.when(loyal).then(pl.lit("loyal")).otherwise(pl.lit(value("ordinary"))).cast(pl.Enum(["loyal", "ordinary"]))
    words = tr("Loyal are the segments champions and loyal of the ten-segment map (R 3 to 5, F 4 or 5), ordinary all others.")
    return buyers.join(segments, on="member_code", how="left").with_columns(group.alias("group")), [words, *notes]


def _tiers(view: View, buyers: pl.DataFrame) -> Grouped:
    held = buyers.join(tiers(view), on="member_code", how="left", maintain_order="left")
    sums = held.drop_nulls("tier").group_by("tier").agg(pl.col("sales").sum()).sort("sales", "tier", descending=[True, False])
    named = [*sums["tier"], *([NO_TIER] if held["tier"].null_count() else [])]
    words = view.say(
        "Tiers are those that members held on {as_of} by the table `[tiers?tiers|members]`, most sales first.",
        tiers=view.workspace.table("tiers") is not None,
    )
    notes: list[str | Note] = [words]
    if without := held["tier"].null_count():
        notes.append(Note(view.say("{without:member} who ordered have no stated tier.", without=without), "REVIEW"))
    return held.with_columns(pl.col("tier").fill_null(NO_TIER).cast(pl.Enum(named)).alias("group")).drop("tier"), notes


def _equal(buyers: pl.DataFrame) -> list[str | Note]:
    if buyers["sales"].n_unique() == 1 and buyers.height > 1:
        return [tr("All {members:,} members have the same sales: they stay together in one group.", members=buyers.height)]
    return []
