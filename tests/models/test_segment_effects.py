from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from toolkit.errors import DataError
from toolkit.models.segment_effects import SEGMENT_EFFECTS, segment_effects


def campaign(seed: int, *, a_cell: int = 60, spread: float = 0.1) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Six segments x three offers and a control, gamma spend about 100 x the segment's level; effects planted as shares."""
    rng = np.random.default_rng(seed)
    segment, offer = (cell.ravel() for cell in np.meshgrid(np.arange(6), np.arange(4)))
    segment, offer = np.repeat(segment, a_cell), np.repeat(offer, a_cell)
    level = 100 * np.exp(rng.normal(0, 0.4, 6))
    usual = level[segment] * rng.gamma(4, 0.25, segment.size)
    share = np.column_stack([np.zeros(6), 0.1 + rng.normal(0, spread, (6, 3))])
    outcome = usual * rng.gamma(8, 1 / 8, segment.size) * (1 + share[segment, offer])
    names = np.array(["do nothing", "a", "b", "c"])
    return outcome, np.array([f"s{number}" for number in range(6)])[segment], names[offer], usual[:, None], share[:, 1:] * level[:, None]


def test_one_row_a_pair_by_name():
    outcome, segment, offer, past, _ = campaign(1)
    found = segment_effects(outcome, segment, offer, past, offers=("z",))
    assert found.schema == SEGMENT_EFFECTS
    assert found.select("segment", "offer").rows() == [(f"s{number}", name) for number in range(6) for name in ("a", "b", "c", "z")]
    assert found["weight"].is_between(0, 1).all()


def test_what_was_not_tried_gets_what_is_usual_and_says_so():
    outcome, segment, offer, past, _ = campaign(2)
    kept = ~((segment == "s3") & (offer == "b"))
    found = segment_effects(outcome[kept], segment[kept], offer[kept], past[kept], offers=("z",))
    row = found.row(by_predicate=(pl.col("segment") == "s3") & (pl.col("offer") == "b"), named=True)
    assert (row["raw_effect"], row["weight"]) == (None, 0.0)
    assert "0 members in the treated arm" in row["reason"]
    others = found.filter((pl.col("segment") == "s3") & pl.col("raw_effect").is_not_null())
    assert others["effect"].min() * 0.5 < row["effect"] < others["effect"].max() * 1.5
    assert row["standard_error"] > others["standard_error"].max()


def test_without_noise_nothing_is_shrunk():
    outcome, segment, offer, past, truth = campaign(3, a_cell=4_000)
    found = segment_effects(outcome, segment, offer, past)
    assert found["weight"].min() > 0.75
    assert found["effect"].to_numpy() == pytest.approx(truth.ravel(), abs=6)


def test_where_nothing_differs_all_get_the_mean():
    outcome, segment, offer, past, _ = campaign(4, spread=0.0)
    found = segment_effects(outcome, segment, offer, past)
    share = found["effect"] / found["base"]
    raw = found["raw_effect"] / found["base"]
    assert share.std() < 0.6 * raw.std()


def test_it_promises_what_it_keeps_and_the_raw_best_does_not():
    """Over 16 campaigns: promised over true of the offer chosen per segment, and what the choice gains of the best possible."""
    totals = np.zeros((2, 3))
    for seed in range(16):
        outcome, segment, offer, past, truth = campaign(seed)
        found = segment_effects(outcome, segment, offer, past)
        for row, name in enumerate(("effect", "raw_effect")):
            promised = found[name].to_numpy().reshape(6, 3)
            choice = promised.argmax(axis=1)
            taken = promised.max(axis=1) > 0
            totals[row] += (promised.max(axis=1) @ taken, truth[np.arange(6), choice] @ taken, np.maximum(truth.max(axis=1), 0).sum())
    shrunk, raw = totals
    assert 0.85 <= shrunk[0] / shrunk[1] <= 1.15
    assert raw[0] / raw[1] > 1.15
    assert shrunk[1] >= 0.97 * raw[1]


def test_nobody_to_compare_with():
    with pytest.raises(DataError, match="members with an offer and members with 'do nothing' are both needed"):
        segment_effects(np.ones(4), np.array(list("aabb")), np.array(["x"] * 4))


def test_nothing_measured_says_why_everywhere():
    found = segment_effects(np.arange(8.0), np.array(list("aaaabbbb")), np.array(["x", "do nothing"] * 4))
    assert found["effect"].null_count() == 2
    assert found["reason"].str.contains("2 members in the treated arm").all()
