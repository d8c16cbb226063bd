"""Arms: reproducible whatever the order, by stratum, alike on every score, and honest for inference."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import BadValue, DataError
from toolkit.models.assignment import SMALL, assign, control_counts, uniform
from toolkit.models.lin import lin_effect

SCORES = ["spend", "orders", "recency", "r_score", "coupon"]


def crowd(members: int, seed: int = 0, segments: int = 9) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "member_id": [f"m{number}" for number in range(members)],
            "segment": [f"s{number}" for number in rng.integers(0, segments, members)],
            "spend": rng.lognormal(3, 1.2, members),
            "orders": rng.poisson(5, members),
            "recency": rng.exponential(20, members),
            "r_score": rng.integers(1, 6, members),
            "coupon": [None if rng.random() < 0.1 else float(rng.random()) for _ in range(members)],
        }
    )


def arms(members: pl.DataFrame, **changes):
    return assign(members, **{"control_share": 0.2, "seed": 1, "salt": "spring", "strata": ["segment"], "scores": SCORES, **changes})


def test_same_members_same_arms_in_any_order() -> None:
    members = crowd(400)
    first = arms(members)
    assert first.arms.equals(arms(members.sample(fraction=1, shuffle=True, seed=2)).arms)
    assert first.arms["member_id"].is_sorted()
    for changes in ({"seed": 2}, {"salt": "summer"}):
        other = arms(members, **changes).arms
        both = int(((other["arm"] == "control") & (first.arms["arm"] == "control")).sum())
        assert both < 40  # of 80: another campaign holds out others


@pytest.mark.parametrize("members", [300, 1_000, 5_000])
def test_alike_on_every_score(members: int) -> None:
    made = arms(crowd(members, seed=members))
    assert made.balanced
    assert made.largest_difference <= 0.1


def test_the_difference_is_the_classical_one() -> None:
    members = pl.DataFrame({"member_id": list("abcdefgh"), "x": [1.0, 2, 3, 4, None, 6, 7, 8]})
    made = assign(members, control_share=0.5, seed=0, scores=["x"], tolerance=10)
    control = members.join(made.arms, on="member_id").filter(pl.col("arm") == "control")["x"].drop_nulls()
    treated = members.join(made.arms, on="member_id").filter(pl.col("arm") == "treated")["x"].drop_nulls()
    spread = ((control.var() + treated.var()) / 2) ** 0.5  # type: ignore[operator]
    row = made.balance.row(0, named=True)
    assert row["standardised_difference"] == pytest.approx((treated.mean() - control.mean()) / spread)  # type: ignore[operator]
    assert (row["treated_mean"], row["control_mean"]) == (pytest.approx(treated.mean()), pytest.approx(control.mean()))


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.sampled_from([0.05, 0.1, 0.2, 0.5, 0.8]))
@settings(max_examples=60)
def test_each_stratum_has_its_share(sizes: list[int], share: float) -> None:
    ids = [f"{stratum:02d}-{number}" for stratum, size in enumerate(sizes) for number in range(size)]
    members = pl.DataFrame({"member_id": ids, "segment": [one[:2] for one in ids]})
    if len(ids) < 4:
        with pytest.raises(DataError, match="too few for a holdout"):
            assign(members, control_share=share, seed=0, strata=["segment"])
        return
    found = assign(members, control_share=share, seed=0, strata=["segment"]).arms
    counts = found.group_by("stratum").agg(pl.len().alias("n"), (pl.col("arm") == "control").sum().alias("control"))
    for _, size, control in counts.iter_rows():
        assert 2 <= control <= size - 2
        assert abs(control - share * size) < 1 or control in (2, size - 2)
    if len(ids) * min(share, 1 - share) >= 2:
        assert abs(int((found["arm"] == "control").sum()) - share * len(ids)) <= 1 + sum(size < 40 for size in sizes)


def test_small_segments_are_drawn_together() -> None:
    members = pl.DataFrame({"member_id": [f"m{n:02d}" for n in range(60)], "segment": ["big"] * 40 + ["a"] * 6 + ["b"] * 6 + ["c"] * 8})
    made = assign(members, control_share=0.2, seed=0, strata=["segment"]).arms
    assert sorted(made["stratum"].unique()) == ["big", SMALL]
    assert int((made["arm"] == "control").sum()) == 12
    one = assign(members.filter(pl.col("segment").is_in(["big", "a"])), control_share=0.2, seed=0, strata=["segment"]).arms
    assert one["stratum"].unique().to_list() == ["big"]


def test_counts_are_the_share_by_largest_remainder() -> None:
    strata = pl.Series(["a"] * 12 + ["b"] * 13 + ["c"] * 25)
    assert control_counts(strata, 0.3, 1) == {"a": 4, "b": 4, "c": 7}  # 3.6, 3.9, 7.5: 15 in all
    assert control_counts(pl.Series(["a"] * 4), 0.01, 2) == {"a": 2}


def test_what_cannot_be_drawn_is_said() -> None:
    members = crowd(50)
    with pytest.raises(BadValue, match="control_share is 0; a share between"):
        arms(members, control_share=0)
    with pytest.raises(DataError, match="3 members are too few for a holdout"):
        arms(members.head(3))
    with pytest.raises(DataError, match="twice"):
        arms(pl.concat([members, members.head(1)]))
    with pytest.raises(DataError, match="'spend' has values that are not finite"):
        arms(members.with_columns(spend=pl.lit(float("nan"))))
    few = arms(crowd(30), most_draws=20)
    assert (few.balanced, few.draws) == (False, 20)
    flat = assign(members.with_columns(flat=pl.lit(1)), control_share=0.5, seed=0, scores=["flat"])
    assert (flat.balance["standardised_difference"].to_list(), flat.balanced) == ([None], True)


def test_a_digest_is_as_good_as_chance() -> None:
    drawn = uniform(pl.Series([str(number) for number in range(20_000)]), "salt")
    assert abs(drawn.mean() - 0.5) < 0.01
    assert abs(drawn.std() - 1 / 12**0.5) < 0.005
    assert abs(np.corrcoef(drawn[1:], drawn[:-1])[0, 1]) < 0.02


def test_nobody_is_favoured_and_intervals_stay_honest() -> None:
    """Nothing is planted: over many seeds the effect is nil on average and is claimed about as often as the test allows."""
    members, seeds = crowd(600, seed=3), 120
    rng = np.random.default_rng(4)
    ordered = members.sort("member_id")
    outcome = ordered["spend"].to_numpy() * rng.lognormal(0, 0.5, 600)
    table = ordered.select("spend", "orders", "r_score").to_numpy().astype(float)
    held, estimates, false = np.zeros(600), [], 0
    for seed in range(seeds):
        control = (arms(members, seed=seed, scores=["spend", "orders", "r_score"]).arms["arm"] == "control").to_numpy()
        held += control
        effect = lin_effect(outcome, ~control, table)
        estimates.append(effect.estimate)
        false += effect.p_value < 0.05  # type: ignore[operator]
    assert abs(float(np.mean(estimates))) < 0.02 * outcome.mean() + 3 * float(np.std(estimates)) / seeds**0.5
    assert false <= 0.1 * seeds
    assert abs(held.mean() / seeds - 0.2) < 0.005
    assert held.max() / seeds < 0.4  # over five standard deviations above 0.2
