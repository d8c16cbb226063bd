from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from toolkit.models.past_covariates import PAST_SUMS, RECENCY_CAP_DAYS, past_columns


def member(**values: float | None) -> dict[str, float | None]:
    return dict.fromkeys(PAST_SUMS, 0.0) | values


def test_by_hand():
    sums = pl.DataFrame(
        [
            member(spend_1_28d=30.0, spend_29_56d=20.0, spend_57_91d=10.0, spend_92_182d=5.0, days_91d=4.0, recency_days=3.0),
            member(spend_57_91d=10.0, spend_92_182d=5.0, spend_183_364d=7.0, days_91d=1.0, recency_days=60.0),
            member(recency_days=None),
            member(spend_1_28d=-4.0, recency_days=20.0),
        ],
        schema=PAST_SUMS,
    )
    found = past_columns(sums)
    assert found["spend_91d"].to_list() == [60.0, 10.0, 0.0, -4.0]
    assert found["log_spend_28d"].to_list() == [np.log1p(30.0), 0.0, 0.0, 0.0]
    assert found["recency_days"].to_list() == [3.0, 60.0, RECENCY_CAP_DAYS, 20.0]
    assert found["spend_91d_recent"].to_list() == [60.0, 0.0, 0.0, 0.0]
    assert found["spend_91d_quiet"].to_list() == [0.0, 10.0, 0.0, 0.0]
    assert found["spend_92_182d_quiet"].to_list() == [0.0, 5.0, 0.0, 0.0]
    assert found["spend_183_364d_quiet"].to_list() == [0.0, 7.0, 0.0, 0.0]


def test_one_who_came_weekly_and_fell_silent_is_gone_a_rare_guest_is_not():
    """26 days in half a year are a gap of a week: after six weeks of silence presence is exp(-6). Two days a half-year: exp(-6 / 13)."""
    sums = pl.DataFrame([member(days_182d=days, spend_92_182d=10.0, spend_183_364d=6.0, recency_days=42.0) for days in (26.0, 2.0)])
    found = past_columns(sums)
    assert found["presence"].to_list() == pytest.approx([np.exp(-6), np.exp(-6 / 13)])
    assert found["spend_182d_present"].to_list() == pytest.approx([10 * np.exp(-6), 10 * np.exp(-6 / 13)])
    assert found["spend_364d_present"][0] == pytest.approx(16 * np.exp(-6))
    assert found["spend_364d_half_present"][0] == pytest.approx(16 * np.exp(-3))
    assert found["log_recency_days"].to_list() == pytest.approx([np.log(42)] * 2)


def test_nulls_are_zeros_and_empty_stays_empty():
    nothing = pl.DataFrame({name: [None] for name in PAST_SUMS}, schema=PAST_SUMS)
    assert past_columns(nothing).null_count().sum_horizontal().item() == 0
    assert past_columns(nothing.clear()).height == 0
    assert past_columns(nothing).columns == past_columns(nothing.clear()).columns
