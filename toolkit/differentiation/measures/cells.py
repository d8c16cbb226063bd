"""The cells of the matrix: each member's price sensitivity, spending power and stage, and the segment they make."""

from __future__ import annotations

import itertools

import polars as pl

from toolkit.errors import unknown_name
from toolkit.portrait.measures.levels import LEVELS, UNKNOWN
from toolkit.portrait.measures.stages import lifecycle_stages
from toolkit.portrait.price_sensitivity import sensitivity_traits
from toolkit.portrait.spending_power import power_traits
from toolkit.scope.view import View


def member_cells(view: View) -> pl.DataFrame:
    """Return the cell of every member of the chain: one row per member, sorted by member_id.

    Columns: `member_code`; `sensitivity` (promo dependence: low, mid, high against the shop's own members; null = not measured), `power`
    (spending power, likewise), `stage` (of the lifecycle; null = not measured or no order), `segment` (see `segment_of`; never null).
    """
    return view.chainwide("member_cells", _member_cells, "sensitivity", "value", "lifecycle")


def _member_cells(view: View) -> pl.DataFrame:
    cells = view.population.select("member_code")
    for table in (
        sensitivity_traits(view).select("member_code", pl.col("promo_level").alias("sensitivity")),
        power_traits(view).select("member_code", pl.col("spending_power").alias("power")),
        lifecycle_stages(view).select("member_code", "stage"),
    ):
        cells = cells.join(table, on="member_code", how="left", maintain_order="left")
    levels = [pl.concat_str(pl.lit(f"{name} "), pl.col(name).fill_null(UNKNOWN)) for name in ("sensitivity", "power")]
    return cells.with_columns(pl.concat_str(*levels, separator=", ").alias("segment"))


def segment_of(sensitivity: str | None, power: str | None) -> str:
    """Return what a cell is called in plans, in the ledger and in lessons; `language.word` says it to the reader.

    >>> segment_of("high", None)
    'sensitivity high, power not measured'
    """
    return f"sensitivity {sensitivity or UNKNOWN}, power {power or UNKNOWN}"


def segments() -> tuple[str, ...]:
    """Return the names of all cells, those with a level not measured last.

    >>> len(segments()), segments()[0]
    (16, 'sensitivity low, power low')
    """
    known = itertools.product(LEVELS, repeat=2)
    unknown = [pair for pair in itertools.product((*LEVELS, None), repeat=2) if None in pair]
    return tuple(segment_of(*pair) for pair in [*known, *unknown])


def by_level(frame: pl.DataFrame, *then: str) -> pl.DataFrame:
    """Return rows sorted by the level of their `segment` (low, mid, high, as `segments` has them; other names last), then by columns."""
    known = segments()
    place = pl.col("segment").replace_strict(known, range(len(known)), default=len(known), return_dtype=pl.UInt8)
    return frame.sort(place, "segment", *then)


def segment_where(segment: str) -> str:
    """Return the audience of a cell as an expression.

    >>> segment_where("sensitivity high, power not measured")
    "promo_level = 'high' AND spending_power IS NULL"

    Raises
    ------
    UnknownName
        There is no such segment.
    """
    if segment not in segments():
        raise unknown_name("segment", segment, segments())
    sensitivity, power = (part.split(" ", 1)[1] for part in segment.split(", "))
    return " AND ".join(
        f"{trait} IS NULL" if level == UNKNOWN else f"{trait} = '{level}'"
        for trait, level in (("promo_level", sensitivity), ("spending_power", power))
    )
