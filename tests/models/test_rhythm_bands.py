"""Members are parted by rhythm where they differ in it, and only there; who comes by another clock is measured by it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from toolkit.models.repurchase import gaps, propose_lifecycle_limits
from toolkit.models.rhythm_bands import RecencyRuler, Rhythms, band_of, find_rhythms, limits_by_band, propose_ruler, usual_gaps

AS_OF = date(2024, 12, 31)


def days_of(rhythms: dict[int, list[float]], *, seed: int = 3, days: int = 730) -> pl.DataFrame:
    """Shopping days of members who pause for gamma(shape 4) days about their mean; `rhythms`: first member code -> means."""
    rng = np.random.default_rng(seed)
    rows = []
    for first, means in rhythms.items():
        for number, mean in enumerate(means):
            day = rng.uniform(0, mean)
            while day < days:
                rows.append((first + number, AS_OF - timedelta(days=days - 1 - int(day))))
                day += 1 + rng.gamma(4, mean / 4)
    return pl.DataFrame(rows, schema=["member_code", "day"], orient="row")


def pauses(days: pl.DataFrame) -> pl.DataFrame:
    return gaps(days, as_of=AS_OF)


def test_members_of_one_rhythm_are_one_band_whatever_chance_adds() -> None:
    alike = pauses(days_of({0: [30.0] * 300}))
    assert find_rhythms(alike).cuts == ()
    assert propose_ruler(alike).rhythms is None
    assert len(propose_ruler(alike).edges) == 1


def test_two_clocks_are_two_bands_and_each_is_measured_by_its_own() -> None:
    mixed = pauses(days_of({0: [14.0] * 150, 1000: [120.0] * 150}))
    ruler = propose_ruler(mixed)
    (cut,) = ruler.cuts
    assert 20 < cut < 90
    weekly, seldom = ruler.edges
    assert weekly[-1] < 60 < seldom[0]
    assert ruler.rhythms
    usual = usual_gaps(mixed, ruler.rhythms).with_columns(band_of(ruler.cuts).alias("band"))
    right = (usual["band"] == (usual["member_code"] >= 1000).cast(pl.Int8)).mean()
    assert right > 0.97  # type: ignore[operator]
    # Taken together, the seldom ones set the edges for all.
    assert propose_ruler(mixed.filter(pl.col("member_code") < 1000)).edges[0][-1] < 60


def test_who_stopped_keeps_the_rhythm_they_had() -> None:
    days = days_of({0: [14.0] * 150, 1000: [120.0] * 150})
    gone = days.filter((pl.col("member_code") >= 20) | (pl.col("day") < AS_OF - timedelta(days=150)))
    ruler = propose_ruler(pauses(gone))
    assert ruler.rhythms
    usual = usual_gaps(pauses(gone), ruler.rhythms)
    assert usual.filter(pl.col("member_code") < 20)["usual_gap_days"].max() < ruler.cuts[0]  # type: ignore[operator]
    recency = usual.with_columns(pl.lit(150, pl.Int64).alias("recency_days"))
    scores = recency.with_columns(ruler.score(pl.col("recency_days")).alias("r"))
    assert set(scores.filter(pl.col("member_code") < 20)["r"]) == {1}
    assert scores.filter(pl.col("member_code") >= 1000).select((pl.col("r") >= 3).mean()).item() > 0.97


def test_a_band_too_thin_to_be_measured_goes_with_its_neighbour() -> None:
    rhythms, bands = limits_by_band(pauses(days_of({0: [14.0] * 300, 1000: [150.0] * 16})), propose_lifecycle_limits)
    assert len(bands) == len(rhythms.cuts) + 1
    assert all(band.days for band in bands)
    few = pauses(days_of({0: [14.0] * 2}, days=90))
    assert [band.status for band in limits_by_band(few, propose_lifecycle_limits)[1]] == ["not measured"]


@pytest.mark.parametrize("rows", [[], [(1, 5, False)], [(1, 5, True)], [(1, 5, True), (1, 5, True), (2, 5, True), (2, 5, True)]])
def test_shops_of_which_hardly_anything_is_known(rows: list[tuple[int, int, bool]]) -> None:
    few = pl.DataFrame(rows, schema={"member_code": pl.UInt32, "gap_days": pl.Int64, "is_closed": pl.Boolean}, orient="row")
    found = find_rhythms(few)
    assert found.cuts == ()
    assert usual_gaps(few, found).height == few["member_code"].n_unique()


def test_the_order_of_rows_and_the_numbers_of_members_change_nothing() -> None:
    days = days_of({0: [14.0] * 80, 1000: [60.0] * 80, 2000: [200.0] * 80})
    found = find_rhythms(pauses(days))
    assert len(found.cuts) >= 1
    again = find_rhythms(pauses(days.with_columns(5000 - pl.col("member_code")).sample(fraction=1, shuffle=True, seed=1)))
    assert again.cuts == found.cuts
    assert again.own_weight == pytest.approx(found.own_weight)


def test_a_ruler_without_bands_needs_no_usual_pause() -> None:
    frame = pl.DataFrame({"recency_days": [0, 8, 90, None]})
    assert frame.select(RecencyRuler(((7, 14, 28, 56),)).score(pl.col("recency_days"))).to_series().to_list() == [5, 4, 1, None]
    two = RecencyRuler(((7, 14, 28, 56), (70, 140, 280, 560)), Rhythms(20.0, 1.0, (30,)))
    parted = frame.with_columns(pl.Series("usual_gap_days", [5.0, 5.0, 50.0, 50.0]))
    assert parted.select(two.score(pl.col("recency_days"))).to_series().to_list() == [5, 4, 4, None]
