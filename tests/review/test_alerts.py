"""Alerts: a figure that left its band is told and written; one that did not is not."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.shop import AS_OF, make_workspace, random_lines
from toolkit.errors import BadValue
from toolkit.models.own_band import own_band
from toolkit.review.alerts import alerts, write_alerts

WEEK = np.tile([5, 5, 5, 5, 8, 12, 2.0], 60) * np.random.default_rng(3).normal(1, 0.1, 420)


def test_a_fall_is_out_and_a_usual_week_is_not():
    inside, fallen = own_band(WEEK), own_band(np.concatenate([WEEK[:-10], WEEK[-10:] * 0.6]))
    assert inside is not None
    assert fallen is not None
    assert (inside.is_out, fallen.is_out) == (False, True)
    assert fallen.came < fallen.low < fallen.usual
    assert own_band(WEEK[:150]) is None


def test_what_has_stopped_is_told_and_written(tmp_path: Path) -> None:
    lines = random_lines(2, lines=9_000, members=80, days=400).filter(pl.col("quantity") > 0)
    fallen = lines.filter((pl.col("ordered_at").dt.date() <= AS_OF - timedelta(days=14)) | (pl.col("order_id").str.ends_with("0")))
    ws = make_workspace(tmp_path / "ws", fallen)
    answer = alerts(ws)
    assert answer.figures["alert_count"] >= 2
    assert "orders of the last 14 days came to" in answer.headline
    path, count = write_alerts(ws, tmp_path / "alerts.jsonl")
    written = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert len(written) == count == answer.figures["alert_count"]
    assert {row["reading"] for row in written} == {"below its band"}
    assert pl.read_csv(write_alerts(ws, tmp_path / "alerts.csv")[0]).height == count
    with pytest.raises(BadValue, match="jsonl"):
        write_alerts(ws, tmp_path / "alerts.doc")
