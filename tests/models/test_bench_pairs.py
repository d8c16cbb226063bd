"""benchmarks/pairs.py on a few thousand baskets: who calls pairs where there are none, and what happens to a peer that is not there."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

BENCH = Path(__file__).parents[2] / "benchmarks" / "pairs.py"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("bench_pairs", BENCH)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """4,000 baskets of 2 to 25 of 40 goods, the first ones usual; `planted`: 10 and 11 put together on purpose; `none`: dealt again."""
    rng = np.random.default_rng(4)
    liking = rng.gumbel(size=(4000, 40)) - np.log(np.arange(2, 42))
    sizes = np.minimum(rng.gamma(1.5, 5, 4000).astype(int) + 2, 25)
    held = liking.argsort(axis=1).argsort(axis=1) >= 40 - sizes[:, None]
    held[:, 11] |= held[:, 10] & (rng.random(4000) < 0.5)
    basket, good = np.nonzero(held)
    lines = pl.DataFrame({"basket": basket, "good": good})
    folder = tmp_path_factory.mktemp("lines")
    dealt = lines.with_columns(pl.Series("good", rng.permutation(lines["good"].to_numpy())))
    for name, frame in (("planted", lines), ("none", dealt)):
        frame.write_parquet(folder / f"{name}.parquet")
    return {name: folder / f"{name}.parquet" for name in ("planted", "none")}


def test_only_the_honest_test_is_silent_where_nothing_goes_together(bench, files: dict[str, Path]) -> None:
    ours, usual = bench.ours(files["none"]), bench.fisher(files["none"])
    assert ours["pairs"] == 0
    assert ours["tested"] == usual["tested"] == 40 * 39 // 2
    assert usual["pairs"] > 0.5 * usual["tested"]
    assert 1 <= bench.ours(files["planted"])["pairs"] <= 3


def test_in_a_process_of_its_own(bench, files: dict[str, Path]) -> None:
    found = bench.measure("ours", files["planted"], sys.executable, 1)
    assert found["cpu"] < 2
    assert found["megabytes"] > 10
    if importlib.util.find_spec("mlxtend") is None:
        assert bench.measure("mlxtend fpgrowth", files["planted"], sys.executable, 1) is None
