"""Who may be due for what: the rhythm of each category that has one, and each member's place in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from toolkit.mart.sequences import MICRO, RHYTHM_FROM, Sequences, sequences_of
from toolkit.mart.view import View
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
from toolkit.portrait.tastes import NO_CATEGORY

STATED, OWN_GAPS = "stated service life", "the shop's gaps"
POOL_FROM = 0.25
"""Goods with a life shorter than this part of another's say little about it: their wait for the next visit is a large part of the gap."""
RHYTHM = pl.Schema(
    {
        "category_code": pl.UInt32,
        "basis": pl.String,
        "is_pooled": pl.Boolean,  # too few gaps of its own: from all goods with a stated life, in parts of that life
        "life_days": pl.Float64,  # stated (median of its products); null where none is
        "again_days": pl.Int64,  # half of those who buy again have by then
        "closed_gap_days": pl.Float64,  # naive median of closed gaps
        "again_share": pl.Float64,  # buy again here within the days watched
        "gap_count": pl.Int64,  # closed gaps
        "window_from_days": pl.Int64,
        "window_to_days": pl.Int64,
        "survival": pl.List(pl.Float64),
        "log_mean": pl.Float64,
        "between": pl.Float64,
        "within": pl.Float64,
    }
)
LIST = pl.Schema(
    {
        "member_code": pl.UInt32,
        "category_code": pl.UInt32,
        "product_code": pl.UInt32,
        "last_bought_on": pl.Date,
        "due_from": pl.Date,
        "due_to": pl.Date,
        "purchase_probability": pl.Float64,  # buys it here within sequences.due_within_days
        "own_gap_count": pl.Int64,
    }
)
_SCHEMA_OF_LIVES = {"product_code": pl.UInt32, "category_code": pl.UInt32, "product_life": pl.Float64}


@dataclass(frozen=True)
class _Counts:
    """Gaps by category and length: closed ones, and open ones as far as they were watched."""

    closed: pl.DataFrame
    still_open: pl.DataFrame

    def of(self, codes: list[int], life_of: dict[int, float] | None = None, *, later: bool = False) -> GapCurve:
        """The curve of some categories together: in days, or in hundredths of each one's life; `later`: after a third purchase only."""
        return gap_curve(*(self._part(frame, codes, life_of, later) for frame in (self.closed, self.still_open)))

    def _part(self, frame: pl.DataFrame, codes: list[int], life_of: dict[int, float] | None, later: bool) -> pl.DataFrame:
        rows = frame.filter(pl.col("category_code").is_in(codes) & (pl.col("is_later") | pl.lit(not later)))
        if life_of is None:
            return rows
        life = pl.col("category_code").replace_strict(life_of, default=None, return_dtype=pl.Float64)
        return rows.with_columns((pl.col("gap_days") * POOL_UNIT / life).round().cast(pl.Int64).alias("gap_days"))


def due_rhythms(view: View) -> pl.DataFrame:
    """Return the rhythm of each category of the chain that has one (schema RHYTHM), sorted by category_code.

    A category has one with a stated service life, or where a member's gaps are more regular than chance (sequences.due_most_spread) and
    at least sequences.due_least_gap_days long; both need sequences.due_minimum_gaps closed gaps, of its own or of goods with a
    stated life.
    """
    return view.chainwide("due_rhythms", _due_rhythms, "sequences", "scope")


def due_list(view: View) -> pl.DataFrame:
    """Return who may be due, of the chain (schema LIST), sorted by member and category.

    Members who ordered within scope.active_days; goods whose window opens before the end of the next sequences.due_within_days, or has
    closed without a purchase. Without a stated life only goods that the member bought three times or more (two purchases are no rhythm),
    and not more often than every sequences.due_least_gap_days.
    """
    return view.chainwide("due_list", _due_list, "sequences", "scope")


def _due_rhythms(view: View) -> pl.DataFrame:
    found = sequences_of(view.workspace, view.mart)
    lives = _lives(view)
    life_of = dict(lives.group_by("category_code").agg(pl.col("product_life").median()).sort("category_code").iter_rows())
    closed = found.gaps
    often = closed.group_by("category_code").agg(pl.col("gap_count").sum())
    often = often.filter(pl.col("gap_count") >= view.settings.sequences.due_minimum_gaps)
    unnamed = view.categories.filter(pl.col("category") == NO_CATEGORY)["category_code"].to_list()
    wanted = sorted(({*often["category_code"], *life_of}) - set(unnamed))
    counts = _Counts(closed, _still_open(view, found, wanted))
    regular = _regularities(found, wanted)
    rows = [row for code in wanted if (row := _rhythm(view, code, counts, life_of, regular.get(code))) is not None]
    return pl.DataFrame(rows, schema=RHYTHM, orient="row")


def _rhythm(view: View, code: int, counts: _Counts, life_of: dict[int, float], own: Regularity | None) -> tuple | None:
    """One row of RHYTHM, None where the category has no rhythm."""
    settings = view.settings.sequences
    life = life_of.get(code)
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
    start, end = shortest_window(curve, settings.due_window_share)
    if life is None and (curve.middle < settings.due_least_gap_days or own is None or own.within > settings.due_most_spread**2):
        return None
    if pooled or own is None:
        own = Regularity(float(np.log(max(curve.middle, 1))), 0.0, 1.0)
    return (
        code, STATED if life is not None else OWN_GAPS, pooled, life, curve.middle, curve.closed_median, curve.returned_share,
        counts.of([code], later=life is None).closed_count, start, end, curve.survival.tolist(), own.mean, own.between, own.within,
    )  # fmt: skip


def _is_known(view: View, curve: GapCurve) -> bool:
    return curve.closed_count >= view.settings.sequences.due_minimum_gaps and curve.returned_share >= LEAST_RETURNED


def _still_open(view: View, found: Sequences, wanted: list[int]) -> pl.DataFrame:
    """Open gaps by category, whether after a third purchase, and the days they were watched.

    A gap is watched while the member counts as active, since only active members are listed: up to as_of, or scope.active_days after the
    last order of whoever stayed away.
    """
    until = pl.min_horizontal(pl.lit(view.as_of), pl.col("last_ordered_on") + pl.duration(days=view.settings.scope.active_days))
    seen = view.population.lazy().select("member_code", until.alias("watched_until"))
    watched = (pl.col("watched_until") - pl.col("last_day")).dt.total_days().clip(0, None).alias("gap_days")
    return (
        found.rhythms.filter(pl.col("category_code").is_in(wanted))
        .join(seen, on="member_code")
        .group_by("category_code", (pl.col("day_count") >= RHYTHM_FROM).alias("is_later"), watched)
        .agg(pl.len().cast(pl.Int64).alias("gap_count"))
        .collect(engine="streaming")
    )


def _regularities(found: Sequences, wanted: list[int]) -> dict[int, Regularity]:
    count, total = pl.col("day_count").cast(pl.Int64) - 1, pl.col("gap_log_micro") / MICRO
    sums = (
        found.rhythms.filter(pl.col("category_code").is_in(wanted), pl.col("day_count") > 1)
        .group_by("category_code")
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
        row["category_code"]: regularity(
            row["members"],
            row["gaps"],
            row["gap_log_micro"] / MICRO,
            row["gap_log_sq_micro"] / MICRO,
            row["member_squares"] / MICRO,
            float(row["count_squares"]),
        )
        for row in sums.iter_rows(named=True)
    }


def _due_list(view: View) -> pl.DataFrame:
    rhythms = due_rhythms(view)
    active = view.population.filter(pl.col("last_ordered_on") > view.as_of - timedelta(days=view.settings.scope.active_days))
    stated = rhythms.filter(pl.col("basis") == STATED)["category_code"].to_list()
    rows = (
        sequences_of(view.workspace, view.mart)
        .rhythms.filter(pl.col("category_code").is_in(rhythms["category_code"].to_list()))
        .filter(pl.col("category_code").is_in(stated) | (pl.col("day_count") >= RHYTHM_FROM))
        .join(active.lazy().select("member_code"), on="member_code", how="semi")
        .join(_lives(view).lazy().select("product_code", "product_life"), on="product_code", how="left")
        .collect(engine="streaming")
    )
    by_category = rows.partition_by("category_code", as_dict=True)
    parts = [_members_of(view, good, by_category[(good["category_code"],)]) for good in rhythms.iter_rows(named=True)
             if (good["category_code"],) in by_category]  # fmt: skip
    return (pl.concat(parts) if parts else pl.DataFrame(schema=LIST)).match_to_schema(LIST).sort("member_code", "category_code")


def _members_of(view: View, good: dict, rows: pl.DataFrame) -> pl.DataFrame:
    """The members of one category, with their window and probability."""
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
            pl.Series("known", (now < curve.horizon) & reminded, dtype=pl.Boolean),
            pl.Series("begins", begins),
            pl.Series("ends", ends),
        )
        .with_columns((day + pl.duration(days="begins")).alias("due_from"), (day + pl.duration(days="ends")).alias("due_to"))
        .filter("known", pl.col("due_from") <= view.as_of + timedelta(days=settings.due_within_days))
        .select(
            "member_code",
            "category_code",
            "product_code",
            day.alias("last_bought_on"),
            "due_from",
            "due_to",
            "purchase_probability",
            (pl.col("day_count").cast(pl.Int64) - 1).alias("own_gap_count"),
        )
    )


def _lives(view: View) -> pl.DataFrame:
    """`product_code`, `category_code`, `product_life` of goods with a stated service life that were sold."""
    table = view.workspace.table("products")
    if table is None or not view.has_column("products", "service_life_days"):
        return pl.DataFrame(schema=_SCHEMA_OF_LIVES)
    stated = table.select("product_id", pl.col("service_life_days").cast(pl.Float64).alias("product_life")).drop_nulls().collect()
    codes = view.workspace.codes("product").rename({"code": "product_code", "id": "product_id"})
    named = stated.join(codes, on="product_id").join(view.mart.products.select("product_code", "category_code"), on="product_code")
    return named.select("product_code", "category_code", "product_life").sort("product_code")
