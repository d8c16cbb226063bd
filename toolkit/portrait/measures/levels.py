"""Low, mid and high: a member against the shop's own members, and what each level holds."""

from __future__ import annotations

import polars as pl

from toolkit import columns as c
from toolkit.errors import BadValue
from toolkit.language import tr, value
from toolkit.models.ranks import quantile_band
from toolkit.scope.view import View

LEVELS = (value("low"), value("mid"), value("high"))
UNKNOWN = value("not measured")
_BINS = c.table("one row per bin of a chart", c.number("low", hidden_by=None), c.number("high", hidden_by=None), c.members())
_DRAWN = 0.8
"""Share of the members that must stand in bins which are large enough to show, or the bins are made wider."""


def level(column: str, low_share: float, high_share: float) -> pl.Expr:
    """Return `low`, `mid` or `high` (String) of a column, cut at two quantiles; equal values get equal levels, null stays null.

    Raises
    ------
    BadValue
        `low_share` is above `high_share`.
    """
    if low_share > high_share:
        raise BadValue(
            tr(
                "Levels of {column}: low ends at the quantile {low_share:g}, but high starts below it, at {high_share:g}. Swap them.",
                column=column,
                low_share=low_share,
                high_share=high_share,
            )
        )
    shares = (low_share, high_share - low_share, 1 - high_share)
    return quantile_band(column, shares=shares, labels=LEVELS, largest_first=False).cast(pl.String)


def in_order(frame: pl.DataFrame, *columns: str, order: tuple[str, ...] = (*LEVELS, UNKNOWN)) -> pl.DataFrame:
    """Return the rows by level rather than by the alphabet; null becomes `not measured` and comes last."""
    ranks = [pl.col(name).fill_null(UNKNOWN).replace_strict(list(order), list(range(len(order))), default=len(order)) for name in columns]
    return frame.sort(ranks, maintain_order=True).with_columns(pl.col(name).fill_null(UNKNOWN) for name in columns)


def bins(values: pl.Series, *, most: int = 30, tail: float = 0.98) -> pl.DataFrame:
    """Return counts of values in bins of equal width: `low`, `high`, `member_count`; the last bin holds everything above the `tail`
    quantile.

    Empty without values; one bin where all are equal.
    """
    known = values.drop_nulls().cast(pl.Float64)
    if known.is_empty():
        return pl.DataFrame(schema={"low": pl.Float64, "high": pl.Float64, "member_count": pl.Int64})
    least, top = float(known.min()), float(known.quantile(tail, "higher"))  # type: ignore[arg-type]
    width = _round_width((top - least) / most) if top > least else 1.0
    first = least // width
    count = int(top // width - first) + 1
    place = (known // width - first).cast(pl.Int64).clip(0, count - 1)
    counted = pl.DataFrame({"place": place}).group_by("place").agg(pl.len().cast(pl.Int64).alias("member_count"))
    return (
        pl.DataFrame({"place": range(count)}, schema={"place": pl.Int64})
        .join(counted, on="place", how="left", maintain_order="left")
        .select(
            ((pl.col("place") + first) * width).alias("low"),
            ((pl.col("place") + first + 1) * width).alias("high"),
            pl.col("member_count").fill_null(0),
        )
    )


def shown_bins(view: View, values: pl.Series, *, most: int = 30) -> pl.DataFrame:
    """Return `bins` as a chart may show them: narrow, but wide enough for most members to be in one that is not too small to show."""
    shown = pl.DataFrame()
    for count in (most, most // 2, most // 4, most // 6, 1):
        shown = _BINS.of(bins(values, most=count), view).frame
        if shown["member_count"].sum() >= _DRAWN * values.count():
            break
    return shown


def _round_width(width: float) -> float:
    """Return the next width of 1, 2, 2.5 or 5 times a power of ten: edges that a person can read."""
    power = 10.0 ** (len(f"{int(width)}") - 1) if width >= 1 else 10.0 ** -next(place for place in range(1, 300) if width * 10**place >= 1)
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= width)
