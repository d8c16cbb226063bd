from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from toolkit.errors import DataError
from toolkit.expressions import BASIS_POINTS
from toolkit.models.shrinkage import estimate_kappa, shrink


def statistics(shares: np.ndarray, member: np.ndarray, odd: np.ndarray) -> pl.DataFrame:
    """The five columns of a trait from the day shares (0..1)."""
    days = pl.DataFrame({"member_code": member, "bp": np.rint(shares * BASIS_POINTS).astype(np.int64), "odd": odd})
    sides = {"odd": pl.col("odd"), "even": ~pl.col("odd")}
    return (
        days.group_by("member_code")
        .agg(
            *[side.sum().cast(pl.Int64).alias(f"promo_days_{name}") for name, side in sides.items()],
            *[pl.col("bp").filter(side).sum().alias(f"promo_bp_{name}") for name, side in sides.items()],
            (pl.col("bp") ** 2).sum().alias("promo_bp_sq"),
        )
        .sort("member_code")
    )


@pytest.fixture(scope="module")
def members() -> pl.DataFrame:
    """True kappa 6: day shares Beta around a member's own mean."""
    rng = np.random.default_rng(8)
    count = 4000
    mean = rng.beta(2, 3, size=count)
    member = np.repeat(np.arange(count), rng.integers(1, 40, size=count))
    shares = (rng.random(member.size) < mean[member]).astype(float)
    return statistics(shares, member, rng.random(member.size) < 0.5)


def test_kappa_of_a_known_shop(members):
    # Beta(2, 3) means and yes/no days: within / between = a + b = 5.
    kappa = estimate_kappa(members, trait="promo")
    assert kappa.status == "measured"
    assert kappa.value == pytest.approx(5.0, rel=0.08)


def test_kappa_is_the_same_bits_in_any_order(members, shuffle):
    assert estimate_kappa(members, trait="promo") == estimate_kappa(shuffle(members), trait="promo")


def test_shrunk_share_by_hand(members):
    share = shrink(members, trait="promo", kappa=5.0)
    raw = (members["promo_bp_odd"] + members["promo_bp_even"]) / (members["promo_days_odd"] + members["promo_days_even"]) / BASIS_POINTS
    assert share["promo_raw"].to_list() == pytest.approx(raw.to_list())
    row = share.row(0, named=True)
    assert row["promo_weight"] == pytest.approx(row["promo_days"] / (row["promo_days"] + 5))
    assert row["promo_share"] == pytest.approx(row["promo_weight"] * row["promo_raw"] + (1 - row["promo_weight"]) * row["promo_expected"])
    assert share["promo_expected"].n_unique() == 1


def test_shrunk_shares_are_the_same_bits_in_any_order(members, shuffle):
    keyed = pl.concat([members.select("member_code"), shrink(members, trait="promo", kappa=5.0, by_days=True)], how="horizontal")
    mixed = shuffle(members)
    again = pl.concat([mixed.select("member_code"), shrink(mixed, trait="promo", kappa=5.0, by_days=True)], how="horizontal")
    assert keyed.equals(again.sort("member_code"))


def test_expected_by_days_follows_the_members_with_as_many_days():
    rng = np.random.default_rng(2)
    member = np.repeat(np.arange(600), np.where(np.arange(600) < 300, 2, 40))
    shares = np.where(member < 300, 0.1, 0.5) + rng.normal(0, 0.01, member.size)
    stats = statistics(shares, member, rng.random(member.size) < 0.5)
    expected = shrink(stats, trait="promo", kappa=5.0, by_days=True)["promo_expected"]
    assert expected[0] == pytest.approx(0.1, abs=0.02)
    assert expected[-1] == pytest.approx(0.5, abs=0.02)


def test_own_raw_share_is_taken_and_a_member_without_a_day_gets_the_expected(members):
    some = pl.concat([members.head(200), members.head(1).with_columns(pl.all().exclude("member_code").fill_null(0) * 0)])
    some = some.with_columns(pl.lit(0.3).alias("spend_share"))
    share = shrink(some, trait="promo", kappa=5.0, raw="spend_share")
    assert share["promo_raw"][0] == 0.3
    last = share.row(-1, named=True)
    assert (last["promo_raw"], last["promo_weight"], last["promo_days"]) == (None, 0.0, 0)
    assert last["promo_share"] == pytest.approx(0.3)


def test_all_alike_is_not_measured():
    stats = statistics(np.full(4000, 0.5), np.repeat(np.arange(400), 10), np.tile([True, False], 2000))
    kappa = estimate_kappa(stats, trait="promo")
    assert (kappa.value, kappa.status) == (None, "not measured")
    assert kappa.reason


def test_too_few_members_is_not_measured(members):
    kappa = estimate_kappa(members.head(50), trait="promo")
    assert kappa.status == "not measured"
    assert kappa.reason.figures["minimum_members"] == 100


def test_empty_in_empty_out(members):
    assert shrink(members.clear(), trait="promo", kappa=5.0).height == 0
    assert estimate_kappa(members.clear(), trait="promo").status == "not measured"


def test_missing_statistics_are_all_named():
    with pytest.raises(DataError, match=r"coupon_days_odd.*coupon_bp_sq"):
        estimate_kappa(pl.DataFrame({"member_code": [1]}), trait="coupon")
