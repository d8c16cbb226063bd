"""Which campaign is meant where none is named."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from toolkit.errors import DataError
from toolkit.review.measures.study import latest_campaign

KNOWN = pl.DataFrame(
    {
        "campaign_id": ["old", "over", "runs", "to come"],
        "starts_on": [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1), date(2026, 6, 1)],
        "ends_on": [date(2026, 1, 31), date(2026, 2, 20), date(2026, 3, 31), date(2026, 6, 9)],
    }
)


def seen_on(day: date) -> Any:
    return SimpleNamespace(as_of=day, workspace=SimpleNamespace(path="ws"))


@pytest.mark.parametrize(
    ("day", "ended", "meant"),
    [
        (date(2026, 3, 9), False, "runs"),
        (date(2026, 3, 9), True, "over"),
        (date(2026, 1, 9), True, "old"),  # nothing has ended yet: the one that runs
        (date(2026, 4, 1), True, "runs"),
    ],
)
def test_the_latest_one(day: date, ended: bool, meant: str) -> None:
    assert latest_campaign(seen_on(day), KNOWN, ended=ended) == meant


def test_before_the_first_there_is_none() -> None:
    with pytest.raises(DataError, match="knows no campaign that started by 2025-12-31"):
        latest_campaign(seen_on(date(2025, 12, 31)), KNOWN)
