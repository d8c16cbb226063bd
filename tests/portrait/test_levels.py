"""Levels against the shop's own members, and the bins of a distribution."""

from __future__ import annotations

import polars as pl
import pytest

from toolkit.errors import BadValue
from toolkit.portrait.measures.levels import bins, in_order, level


def levels(values: list[float | None]) -> list[str | None]:
    return pl.DataFrame({"value": values}, schema={"value": pl.Float64}).select(level("value", 1 / 3, 2 / 3)).to_series().to_list()


def test_thirds_and_ties() -> None:
    assert levels([1, 2, 3]) == ["low", "mid", "high"]
    assert levels([5, 5, 5, 5]) == ["mid"] * 4
    assert levels([0, 0, 0, 0, 9]) == ["mid", "mid", "mid", "mid", "high"]
    assert levels([2, None, 1]) == ["high", None, "low"]


def test_crossed_cuts_are_refused() -> None:
    with pytest.raises(BadValue, match="Swap them"):
        level("value", 0.7, 0.3)


def test_null_is_not_measured_and_last() -> None:
    frame = pl.DataFrame({"level": ["high", None, "low", "mid"]})
    assert in_order(frame, "level")["level"].to_list() == ["low", "mid", "high", "not measured"]


@pytest.mark.parametrize("values", [[0.0], [3.0, 3.0], [1, 2, 3, 1000], [-5, 0, 5], [0.001, 0.002]])
def test_every_value_is_in_one_bin(values: list[float]) -> None:
    counted = bins(pl.Series(values, dtype=pl.Float64))
    assert counted["member_count"].sum() == len(values)
    assert (counted["high"] > counted["low"]).all()
    assert counted["high"].to_list()[:-1] == pytest.approx(counted["low"].to_list()[1:])
    assert counted["low"][0] <= min(values)


def test_no_values_no_bins() -> None:
    assert bins(pl.Series([None], dtype=pl.Float64)).is_empty()
