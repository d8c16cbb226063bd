import datetime as dt

import polars as pl
import pytest

from toolkit.sources.checks import check_small_table


def checked(table: str, /, **columns: list) -> tuple[pl.DataFrame, list[str]]:
    height = len(next(iter(columns.values())))
    faults = columns.pop("fault", [None] * height)
    frame = pl.DataFrame(columns).with_columns(
        pl.int_range(height, dtype=pl.Int64).alias("source_index"), pl.Series("fault", faults, dtype=pl.String), rounded=pl.lit(False)
    )
    good, rejected = check_small_table(table, frame)
    assert good.height + rejected.height == height
    return good, rejected["fault"].to_list()


def test_good_rows_lose_only_what_the_check_needed() -> None:
    good, faults = checked("stores", store_id=["1", "2"], region=["North", None])
    assert (good.columns, faults) == (["store_id", "region", "source_index"], [])


def test_the_first_of_equal_keys_is_good() -> None:
    good, faults = checked("products", product_id=["A", "A", "B"], category=["x", "y", "z"])
    assert (good["category"].to_list(), faults) == (["x", "z"], ["the same product id again"])


def test_a_fault_of_the_conversion_is_the_reason_and_does_not_take_the_key() -> None:
    good, faults = checked("products", product_id=["A", "A"], category=["x", "y"], fault=["category is odd", None])
    assert (good["category"].to_list(), faults) == (["y"], ["category is odd"])


@pytest.mark.parametrize(
    ("table", "columns", "reason"),
    [
        ("stores", {"store_id": [None]}, "no store id"),
        ("products", {"product_id": ["A"], "category": ["x"], "unit_cost": [-1]}, "negative unit cost"),
        (
            "campaigns",
            {
                "campaign_id": ["C"],
                "starts_on": [dt.date(2017, 1, 2)],
                "ends_on": [dt.date(2017, 1, 1)],
                "name": ["x"],
                "method": ["coupon"],
            },
            "it ends before it starts",
        ),
        ("contacts", {"campaign_id": ["C"], "member_id": ["7"], "arm": ["other"]}, "arm is not one of the contract's values"),
        (
            "sales_targets",
            {"store_id": ["1"], "month": [dt.date(2017, 1, 1)], "target_amount": [-1]},
            "negative target amount",
        ),
    ],
)
def test_rules_of_the_contract_are_sentences(table: str, columns: dict, reason: str) -> None:
    good, faults = checked(table, **columns)
    assert (good.height, faults) == (0, [reason])


def test_an_empty_table_is_good() -> None:
    good, faults = checked("stores", store_id=pl.Series([], dtype=pl.String))
    assert (good.height, faults) == (0, [])


def test_a_member_who_refers_themselves_and_negative_points_are_set_aside_in_words() -> None:
    good, faults = checked("referrals", referrer_id=["a", "b"], member_id=["a", "c"])
    assert (good["member_id"].to_list(), faults) == (["c"], ["a member who refers themselves"])
    at = [dt.datetime(2026, 1, 1)] * 3
    good, faults = checked("points", member_id=["a"] * 3, entered_at=at, kind=["earned", "adjusted", "burnt"], points=[-5, -5, -5])
    assert (good["kind"].to_list(), faults) == (["adjusted", "burnt"], ["negative points earned (what takes them back is kind adjusted)"])
