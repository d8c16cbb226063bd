from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from toolkit.errors import DataError
from toolkit.models.snapshots import labelled_snapshot, shopping_days, snapshot, training_rows

ORDERS = pl.DataFrame(
    {
        "member_code": [1, 1, 1, 2, None, 2],
        "ordered_at": [
            datetime(2024, 1, 1, 9),
            datetime(2024, 1, 1, 23, 59),
            datetime(2024, 1, 31, 0, 0),
            datetime(2024, 1, 20, 12),
            datetime(2024, 1, 20, 12),
            datetime(2024, 1, 25, 12),
        ],
        "is_order": [True, True, True, True, True, False],
        "amount": [100, 50, 70, 30, 999, -30],
    }
)
AS_OF = date(2024, 2, 10)


def test_shopping_days_of_a_hand_made_shop():
    assert shopping_days(ORDERS).rows() == [
        (1, date(2024, 1, 1), 2, 150),
        (1, date(2024, 1, 31), 1, 70),
        (2, date(2024, 1, 20), 1, 30),
    ]


def test_snapshot_by_hand():
    first, second = snapshot(shopping_days(ORDERS), as_of=AS_OF).to_dicts()
    assert (first["recency_days"], first["day_count"], first["age_days"], first["own_gap_days"]) == (10, 2, 40, 30.0)
    assert (first["days_28"], first["days_56"], first["amount_28"], first["amount_91"]) == (1, 2, 70, 220)
    # One day only: the shop's median gap, for the member's own recency is shorter.
    assert (second["recency_days"], second["own_gap_days"]) == (21, 30.0)


def test_nothing_after_as_of_is_seen():
    days = shopping_days(ORDERS)
    cut = date(2024, 1, 25)
    assert snapshot(days, as_of=cut).equals(snapshot(days.filter(pl.col("day") <= cut), as_of=cut))


def test_what_followed():
    row = labelled_snapshot(shopping_days(ORDERS), as_of=date(2024, 1, 21), horizon_days=28)
    assert row.select("member_code", "bought", "spent").rows() == [(1, True, 70), (2, False, 0)]
    day_too_far = labelled_snapshot(shopping_days(ORDERS), as_of=date(2024, 1, 2), horizon_days=28)
    assert day_too_far.select("member_code", "bought").rows() == [(1, False)]


def test_outcome_windows_end_on_as_of(frequent_shop):
    as_of = date(2023, 12, 31)
    rows = training_rows(frequent_shop, as_of=as_of, horizon_days=28)
    assert rows["snapshot_on"].max() == date(2023, 12, 3)
    assert rows["snapshot_on"].n_unique() == 6
    assert rows.equals(training_rows(frequent_shop.filter(pl.col("day") <= as_of), as_of=as_of, horizon_days=28))


def test_too_short_a_history_gives_no_rows(frequent_shop):
    assert training_rows(frequent_shop, as_of=date(2023, 3, 1), horizon_days=28).is_empty()
    assert training_rows(frequent_shop.clear(), as_of=date(2023, 3, 1), horizon_days=28).is_empty()


def test_half_filled_spans_are_scaled_up(frequent_shop):
    young = snapshot(frequent_shop, as_of=date(2023, 4, 1))
    assert young.filter(pl.col("amount_182") > 0).select((pl.col("log_amount_182") > pl.col("amount_182").log1p() + 0.6).all()).item()


def test_missing_columns_are_named():
    with pytest.raises(DataError, match=r"is_order.*ordered_at"):
        shopping_days(pl.DataFrame({"member_code": [1], "amount": [1]}))
