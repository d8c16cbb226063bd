"""What was planted in a small simulated shop comes back: due dates, wishes, carts, niches. The full measure is benchmarks/truth_targeting.py."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def truth() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "truth_targeting.py"
    spec = importlib.util.spec_from_file_location("truth_targeting", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_due_dates(truth: ModuleType, tmp_path: Path) -> None:
    found = truth.due_recovered(tmp_path, members=1000, seed=4)
    print(found)
    assert found["promised"] == pytest.approx(found["bought"], rel=0.3)
    assert found["window_cover"] == pytest.approx(0.7, abs=0.15)
    assert found["calibration_error"] <= 0.1
    assert found["wait_error"] <= 0.15


@pytest.mark.slow
def test_wishes(truth: ModuleType, tmp_path: Path) -> None:
    found = truth.looks_recovered(tmp_path, members=1000, seed=4)
    print(found)
    assert found["recall"] >= 0.8
    assert found["precision"] >= 0.7


def test_carts_left_behind(truth: ModuleType, tmp_path: Path) -> None:
    found = truth.carts_recovered(tmp_path, members=400, seed=4)
    print(found)
    assert found["left"] > 100
    assert found["shown"] == pytest.approx(found["planted"], abs=0.1)
    assert found["planted_tier_0"] < found["planted_tier_2"]
    assert found["recall"] >= 0.9
    assert found["precision"] >= 0.85
    assert found["bought_since"] == 0


@pytest.mark.slow
def test_niches(truth: ModuleType, tmp_path: Path) -> None:
    found = truth.niches_recovered(tmp_path, members=1500, seed=4, taste_spread=0.3, niche_share=0.3)
    print(found)
    assert found["found"] >= 6
    assert found["recall"] >= 0.5
    assert found["precision"] >= 0.8
