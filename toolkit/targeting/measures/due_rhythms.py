"""The rhythm of each good that has one: how long until it is bought again, and how well that was foretold in the shop's own past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from toolkit.language import value
from toolkit.mart.rhythms import MICRO, RHYTHM_FROM
from toolkit.mart.sequences import Sequences, sequences_of
from toolkit.models.due import (
    LEAST_RETURNED,
    POOL_UNIT,
    GapCurve,
    Regularity,
    gap_curve,
    in_life,
    own_place,
    regularity,
    shortest_window,
    to_own_time,
    to_shop_time,
)
from toolkit.portrait.measures.tastes import NO_CATEGORY
from toolkit.scope.view import View

By = Literal["category", "product"]
STATED, OWN_GAPS = value("stated service life"), value("the shop's gaps")
POOL_FROM = 0.25
"""Goods with a life shorter than this part of another's say little about it: their wait for the next visit is a large part of the gap."""
RHYTHM = pl.Schema(
    {
        "good_code": pl.UInt32,  # of a category or a product
        "basis": pl.String,
        "is_pooled": pl.Boolean,  # too few gaps of its own: from all goods with a stated life, in parts of that life
        "trial_count": pl.Int64,  # forecasts of the past that the window is fitted to; null = with a stated life, 0 = none
        "tested_share": pl.Float64,  # in the window that one half of the members gives, of the other half's purchases after a forecast
        "tested_count": pl.Int64,  # closed gaps of the halves so tested
        "life_days": pl.Float64,  # stated (median of its products); null where none is
        "again_days": pl.Int64,  # half of those who buy again have by then
        "closed_gap_days": pl.Float64,  # naive median of closed gaps
        "again_share": pl.Float64,  # buy again here within the days watched
        "gap_count": pl.Int64,  # closed gaps
        "watched_days": pl.Int64,  # the last day at which enough gaps were still watched; beyond it the curve is carried on
        "window_from_days": pl.Int64,
        "window_to_days": pl.Int64,
        "survival": pl.List(pl.Float64),
        "log_mean": pl.Float64,
        "between": pl.Float64,
        "within": pl.Float64,
    }
)
_SCHEMA_OF_LIVES = {"product_code": pl.UInt32, "category_code": pl.UInt32, "product_life": pl.Float64}


class _Counts:
    """Gaps by good and length, closed ones and open ones as far as they were watched: `good_code`, `is_later`, `gap_days`, `gap_count`."""

    def __init__(self, closed: pl.DataFrame, still_open: pl.DataFrame) -> None:
        self._frames = [
            {int(key[0]): part for key, part in frame.partition_by("good_code", as_dict=True).items()} for frame in (closed, still_open)
        ]
        self._none = closed.clear()

    def of(self, codes: list[int], life_of: dict[int, float] | None = None, *, later: bool = False) -> GapCurve:
        """The curve of some goods together: in days, or in hundredths of each one's life; `later`: after a third purchase only."""
        return gap_curve(*(self._part(frames, codes, life_of, later) for frames in self._frames))

    def _part(self, frames: dict[int, pl.DataFrame], codes: list[int], life_of: dict[int, float] | None, later: bool) -> pl.DataFrame:
        columns = ["good_code", "is_later", "gap_days", "gap_count"]
        rows = pl.concat([frames.get(code, self._none).select(columns) for code in codes]).filter(pl.col("is_later") | pl.lit(not later))
        if life_of is None:
            return rows
        life = pl.col("good_code").replace_strict(life_of, default=None, return_dtype=pl.Float64)
        return rows.with_columns((pl.col("gap_days") * POOL_UNIT / life).round().cast(pl.Int64).alias("gap_days"))


@dataclass(frozen=True)
class _Draft:
    """A good with a rhythm, before its window is fitted to how forecasts of the past came true."""

    code: int
    life: float | None
    curve: GapCurve
    pooled: bool
    own: Regularity


def due_rhythms(view: View, by: By = "category") -> pl.DataFrame:
    """Return the rhythm of each category (or product) of the chain that has one (schema RHYTHM), sorted by good_code.

    A good has one with a stated service life, or where a member's gaps are more regular than chance (sequences.due_most_spread) and
    at least sequences.due_least_gap_days long; both need sequences.due_minimum_gaps closed gaps, of its own or of goods with a
    stated life.

    Without a stated life the curve is that of forecasts tried on the shop's own past: of each member the first purchase since the middle of
    the receipts is placed by the gaps before it alone, and what followed, open or closed, gives the curve (Kaplan-Meier). Members with long
    gaps have few of them, so that a curve of all gaps would call everybody due too early.
    """
    return view.chainwide(f"due_rhythms-{by}", lambda chain: _due_rhythms(chain, by), "sequences", "scope", "activity")


def rhythm_rows(view: View, by: By) -> pl.LazyFrame:
    """Return the members' rhythms in categories or products, the good as `good_code`."""
    sequences = sequences_of(view.workspace, view.mart)
    return sequences.rhythms.rename({"category_code": "good_code"}) if by == "category" else (
        sequences.product_rhythms.with_columns(pl.col("product_code").alias("good_code"))
    )  # fmt: skip


def _due_rhythms(view: View, by: By) -> pl.DataFrame:
    sequences = sequences_of(view.workspace, view.mart)
    life_of = dict(lives(view).group_by(f"{by}_code").agg(pl.col("product_life").median()).sort(f"{by}_code").iter_rows())
    closed = _closed(view, sequences, by, list(life_of))
    often = closed.group_by("good_code").agg(pl.col("gap_count").sum())
    often = often.filter(pl.col("gap_count") >= view.settings.sequences.due_minimum_gaps)
    unnamed = view.categories.filter(pl.col("category") == NO_CATEGORY)["category_code"].to_list() if by == "category" else []
    wanted = sorted(({*often["good_code"], *life_of}) - set(unnamed))
    regular = _regularities(view, by, wanted)
    counts = _Counts(closed, _still_open(view, by, wanted))
    drafts = [row for code in wanted if (row := _draft(view, code, counts, life_of, regular.get(code))) is not None]
    trials = _trials(view, by, [draft for draft in drafts if draft.life is None])
    rows = [_rhythm(view, draft, counts, trials) for draft in drafts]
    return pl.DataFrame([row for row in rows if row is not None], schema=RHYTHM, orient="row")


def _closed(view: View, sequences: Sequences, by: By, with_life: list[int]) -> pl.DataFrame:
    if by == "category":
        return sequences.gaps.rename({"category_code": "good_code"})
    # A product with a stated life takes part with any number of gaps: it may take the shape of the others.
    few = sequences.product_gaps(1 if with_life else view.settings.sequences.due_minimum_gaps)
    often = few.group_by("product_code").agg(pl.col("gap_count").sum())
    enough = often.filter((pl.col("gap_count") >= view.settings.sequences.due_minimum_gaps) | pl.col("product_code").is_in(with_life))
    return few.join(enough.select("product_code"), on="product_code", how="semi").rename({"product_code": "good_code"})


def _draft(view: View, code: int, counts: _Counts, life_of: dict[int, float], own: Regularity | None) -> _Draft | None:
    """A good with its curve of all gaps, None where it has no rhythm."""
    settings = view.settings.sequences
    life = life_of.get(code)
    if life is None and (own is None or own.within > settings.due_most_spread**2):
        return None
    # Without a stated life only members with a rhythm are listed, so only their gaps count: triers who never came back are others.
    curve, pooled = counts.of([code], later=life is None), False
    if not _is_known(view, curve):
        if life is None:
            return None
        near = {other: days for other, days in life_of.items() if days >= POOL_FROM * life}
        of_lives = counts.of(list(near), near)
        if not _is_known(view, of_lives):
            of_lives = counts.of(list(life_of), life_of)
        if not _is_known(view, of_lives):
            return None
        curve, pooled = in_life(of_lives, life), True
    if pooled or own is None:
        own = Regularity(float(np.log(max(curve.middle, 1))), 0.0, 1.0)
    return _Draft(code, life, curve, pooled, own)


@dataclass(frozen=True)
class _Trials:
    """Waits after the trial purchases on the shop's curve: by good in days, of all members and of each half of them; and of all goods
    together (good 0) in hundredths of the good's usual wait."""

    whole: _Counts
    halves: tuple[_Counts, _Counts]
    pooled: _Counts


def _rhythm(view: View, draft: _Draft, counts: _Counts, trials: _Trials) -> tuple | None:
    """One row of RHYTHM; None where the good is everyday shopping."""
    settings = view.settings.sequences
    curve, tried, watched = draft.curve, None, draft.curve.horizon
    tested: tuple[float | None, int] = (None, 0)
    if draft.life is None:
        mine = trials.whole.of([draft.code])
        tested = _tested(view, [half.of([draft.code]) for half in trials.halves])
        shape = mine if _is_known(view, mine) else in_life(trials.pooled.of([0]), max(draft.curve.middle, 1))
        tried = mine.closed_count if _is_known(view, mine) else shape.closed_count if _is_known(view, shape) else 0
        curve = shape if tried else draft.curve
        watched, curve = curve.horizon, curve.extended(view.settings.activity.gone_days)
        if curve.middle < settings.due_least_gap_days:
            return None
    start, end = shortest_window(curve, settings.due_window_share)
    count = counts.of([draft.code], later=draft.life is None).closed_count
    return (
        draft.code, STATED if draft.life is not None else OWN_GAPS, draft.pooled, tried, *tested, draft.life, curve.middle,
        draft.curve.closed_median, float(1 - curve.survival[watched]), count, watched, start, end, curve.survival.tolist(), draft.own.mean,
        draft.own.between, draft.own.within,
    )  # fmt: skip


def _tested(view: View, halves: list[GapCurve]) -> tuple[float | None, int]:
    """What share of one half's purchases lies in the window that the other half gives, both ways, and of how many."""
    if not all(_is_known(view, half) for half in halves):
        return None, 0
    longer = [half.extended(view.settings.activity.gone_days) for half in halves]
    shares = []
    for fitted, other in zip(longer, reversed(longer), strict=True):
        start, end = shortest_window(fitted, view.settings.sequences.due_window_share)
        left = other.at(np.array([start - 1, end]))
        shares.append((left[0] - left[1]) / other.returned_share * other.closed_count)
    count = sum(half.closed_count for half in halves)
    return float(sum(shares)) / count, count


def _is_known(view: View, curve: GapCurve) -> bool:
    return curve.closed_count >= view.settings.sequences.due_minimum_gaps and curve.returned_share >= LEAST_RETURNED


def _watched_until(view: View) -> pl.LazyFrame:
    """`member_code`, `is_odd` (every second member by id), `watched_until`: up to as_of, or scope.active_days after the last order of
    whoever stayed away. A gap is watched while the member counts as active, since only active members are listed."""
    until = pl.min_horizontal(pl.lit(view.as_of), pl.col("last_ordered_on") + pl.duration(days=view.settings.scope.active_days))
    return view.population.lazy().select("member_code", (pl.int_range(pl.len()) % 2 == 1).alias("is_odd"), until.alias("watched_until"))


def _still_open(view: View, by: By, wanted: list[int]) -> pl.DataFrame:
    """Open gaps by good, whether after a third purchase, and the days they were watched."""
    watched = (pl.col("watched_until") - pl.col("last_day")).dt.total_days().clip(0, None).alias("gap_days")
    return (
        rhythm_rows(view, by)
        .filter(pl.col("good_code").is_in(wanted))
        .join(_watched_until(view), on="member_code")
        .group_by("good_code", (pl.col("day_count") >= RHYTHM_FROM).alias("is_later"), watched)
        .agg(pl.len().cast(pl.Int64).alias("gap_count"))
        .collect(engine="streaming")
    )


def _trials(view: View, by: By, drafts: list[_Draft]) -> _Trials:
    """How long members waited after the trial purchases, on the shop's curve as their own gaps before placed them."""
    schema = {"good_code": pl.UInt32, "mean": pl.Float64, "between": pl.Float64, "within": pl.Float64, "usual": pl.Float64}
    of_good = pl.DataFrame(
        [(draft.code, draft.own.mean, draft.own.between, draft.own.within, float(max(draft.curve.middle, 1))) for draft in drafts],
        schema=schema, orient="row",
    )  # fmt: skip
    rows = (
        rhythm_rows(view, by)
        .filter(pl.col("trial_day").is_not_null() & pl.col("good_code").is_in(of_good["good_code"].implode()))
        .join(_watched_until(view), on="member_code")
        .select(
            "good_code",
            "is_odd",
            pl.col("trial_gap_count").cast(pl.Float64),
            (pl.col("trial_gap_log_micro") / MICRO).alias("log_sum"),
            pl.col("trial_next_day").is_null().alias("is_open"),
            (pl.coalesce("trial_next_day", "watched_until") - pl.col("trial_day")).dt.total_days().alias("wait"),
        )
        .collect(engine="streaming")
        .join(of_good, on="good_code")
        .filter(pl.col("wait") > 0)
    )
    count, mean, between, within, usual, wait = (
        rows[name].to_numpy() for name in ("trial_gap_count", "mean", "between", "within", "usual", "wait")
    )
    shift, spread = own_place(count, rows["log_sum"].to_numpy(), Regularity(mean, between, within))
    placed = to_shop_time(wait, mean, shift, spread)
    listed = to_own_time(usual, mean, shift, spread) >= view.settings.sequences.due_least_gap_days
    tried = rows.select(
        "good_code", "is_open", "is_odd", pl.lit(True).alias("is_later"), pl.Series("days", placed), pl.Series("part", placed / usual)
    )
    tried = tried.filter(pl.Series(listed, dtype=pl.Boolean))

    def counts(good: pl.Expr, length: pl.Expr, chosen: pl.Expr = pl.lit(True)) -> _Counts:  # noqa: B008 - an expression never changes
        days = length.ceil().clip(1, None).cast(pl.Int64).alias("gap_days")
        frame = tried.filter(chosen).group_by(good.cast(pl.UInt32).alias("good_code"), "is_later", "is_open", days)
        gaps = frame.agg(pl.len().cast(pl.Int64).alias("gap_count"))
        return _Counts(gaps.filter(~pl.col("is_open")), gaps.filter("is_open"))

    good, length = pl.col("good_code"), pl.col("days")
    halves = (counts(good, length, pl.col("is_odd")), counts(good, length, ~pl.col("is_odd")))
    return _Trials(counts(good, length), halves, counts(pl.lit(0), pl.col("part") * POOL_UNIT))


def _regularities(view: View, by: By, wanted: list[int]) -> dict[int, Regularity]:
    count, total = pl.col("day_count").cast(pl.Int64) - 1, pl.col("gap_log_micro") / MICRO
    sums = (
        rhythm_rows(view, by)
        .filter(pl.col("good_code").is_in(wanted), pl.col("day_count") > 1)
        .group_by("good_code")
        .agg(
            pl.len().cast(pl.Int64).alias("members"),
            count.sum().alias("gaps"),
            pl.col("gap_log_micro").sum(),
            pl.col("gap_log_sq_micro").sum(),
            (total**2 / count * MICRO).round().cast(pl.Int64).sum().alias("member_squares"),
            (count**2).sum().alias("count_squares"),
        )
        .collect(engine="streaming")
    )
    return {
        row["good_code"]: regularity(
            row["members"],
            row["gaps"],
            row["gap_log_micro"] / MICRO,
            row["gap_log_sq_micro"] / MICRO,
            row["member_squares"] / MICRO,
            float(row["count_squares"]),
        )
        for row in sums.iter_rows(named=True)
    }


def lives(view: View) -> pl.DataFrame:
    """Return the goods with a stated service life that were sold: `product_code`, `category_code`, `product_life`, sorted."""
    table = view.workspace.table("products")
    if table is None or not view.has_column("products", "service_life_days"):
        return pl.DataFrame(schema=_SCHEMA_OF_LIVES)
    stated = table.select("product_id", pl.col("service_life_days").cast(pl.Float64).alias("product_life")).drop_nulls().collect()
    codes = view.workspace.codes("product").rename({"code": "product_code", "id": "product_id"})
    named = stated.join(codes, on="product_id").join(view.mart.products.select("product_code", "category_code"), on="product_code")
    return named.select("product_code", "category_code", "product_life").sort("product_code")
