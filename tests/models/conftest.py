from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

START = date(2023, 1, 1)


def simulate_days(*, members: int, days: int, seed: int, gap_days: float = 8.0, stop_after_days: float = 900.0) -> pl.DataFrame:
    """Members with gamma-distributed rates, exponential stopping and gamma spend: one row per member x shopping day."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(1.5, 1 / (1.5 * gap_days), size=members)
    joins = rng.integers(0, max(days // 3, 1), size=members)
    stops = joins + rng.exponential(stop_after_days, size=members)
    worth = rng.gamma(4.0, 900.0, size=members)
    grid = np.arange(days)
    alive = (grid[None, :] >= joins[:, None]) & (grid[None, :] < np.minimum(stops, days)[:, None])
    comes = alive & (rng.random((members, days)) < -np.expm1(-rate)[:, None])
    comes[np.arange(members), joins] = True
    member, day = np.nonzero(comes)
    amount = np.rint(rng.gamma(3.0, worth[member] / 3.0)).astype(np.int64) + 1
    return pl.DataFrame(
        {
            "member_code": member.astype(np.int64),
            "day": pl.Series(day).cast(pl.Int64),
            "order_count": np.ones(day.size, dtype=np.int64),
            "amount": amount,
        }
    ).with_columns((pl.lit(START) + pl.duration(days=pl.col("day"))).alias("day").cast(pl.Date))


@pytest.fixture(scope="session")
def simulate() -> Callable[..., pl.DataFrame]:
    return simulate_days


@pytest.fixture(scope="session")
def frequent_shop() -> pl.DataFrame:
    return simulate_days(members=1500, days=420, seed=11)


@pytest.fixture(scope="session")
def sparse_shop() -> pl.DataFrame:
    return simulate_days(members=3000, days=420, seed=12, gap_days=250.0, stop_after_days=400.0)


@pytest.fixture(scope="session")
def cdnow() -> pl.DataFrame:
    counts = pl.read_csv(Path(__file__).parents[1] / "data" / "cdnow_rfm_counts.csv")
    return counts.select(pl.exclude("members").repeat_by("members")).explode(pl.all())


@pytest.fixture(scope="session")
def shuffle() -> Callable[[pl.DataFrame], pl.DataFrame]:
    """The same rows in another order."""
    return lambda frame: frame.sample(fraction=1, shuffle=True, seed=3)
