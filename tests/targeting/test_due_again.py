"""targeting.due_again: a hand-made shop of filters by eye, goods without a rhythm, and dates of the simulated shop."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.portrait.pictures import spec_of
from tests.shop import AS_OF, make_workspace
from toolkit.targeting.due_again import due_again
from toolkit.workspace import Workspace


def filters(path: Path, *, life: int | None = 60, seed: int = 1) -> Workspace:
    """60 members buy milk about weekly and a filter every 60 days (sd 5); member k's last filter was bought 3k days ago."""
    rng = np.random.default_rng(seed)
    rows = []
    for who in range(60):
        ago = 3 * (who % 25)
        while ago < 500:
            rows.append((f"m{who:02d}", ago, "filter"))
            ago += int(rng.normal(60, 5))
        rows += [(f"m{who:02d}", int(day), "milk") for day in np.cumsum(rng.exponential(7, 70).astype(int)) if day < 500]
        rows.append((f"m{who:02d}", 0, "milk"))
    noon = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 12)
    lines = pl.DataFrame(
        [
            {"member_id": who, "order_id": f"o{number}", "store_id": f"s{number % 2}", "product_id": product,
             "ordered_at": noon - timedelta(days=ago), "quantity": 1.0, "amount": 3.0, "discount_amount": 0.0, "coupon_amount": 0.0}
            for number, (who, ago, product) in enumerate(rows)
        ]
    ).with_columns(pl.lit(None, pl.String).alias("channel"), pl.col("ordered_at").cast(pl.Datetime("us")))  # fmt: skip
    products = pl.DataFrame({"product_id": ["filter", "milk"], "category": ["filters", "dairy"], "name": ["Filter 3", "Milk"]})
    if life is not None:
        products = products.with_columns(pl.Series("service_life_days", [life, None], dtype=pl.Int64))
    return make_workspace(path / "ws", lines, {"products": products})


def test_windows_of_a_filter(tmp_path: Path) -> None:
    ws = filters(tmp_path)
    answer = due_again(ws)
    assert set(answer.table["category"]) == {"filters"}
    row = answer.table.filter(member_id="m18").row(0, named=True)  # bought 54 days ago
    assert row["last_bought_on"] == AS_OF - timedelta(days=54)
    assert row["due_from"] < AS_OF + timedelta(days=6) <= row["due_to"] + timedelta(days=2)
    assert (row["due_to"] - row["due_from"]).days < 25
    assert row["purchase_probability"] > 0.9
    assert (row["basis"], row["product"]) == ("stated service life", "Filter 3")
    assert "m01" not in answer.table["member_id"], "three days after the purchase nobody is due"
    assert answer.table["purchase_probability"].is_sorted(descending=True)
    assert "m24" not in answer.table["member_id"], "72 days: longer than enough gaps were watched, nothing is known"
    by_category = due_again(ws, show="category")
    assert by_category.table.row(0, named=True)["again_days_median"] == pytest.approx(60, abs=3)
    assert by_category.table["expected_buyers"].sum() == pytest.approx(answer.figures["expected_buyers"])
    assert spec_of(by_category)["title"]["text"] == "Due again: the chain"
    assert due_again(ws, store_id="s0").figures["due_member_count"] <= answer.figures["due_member_count"]


def test_a_rhythm_of_its_own_needs_no_stated_life(tmp_path: Path) -> None:
    answer = due_again(filters(tmp_path, life=None))
    assert set(answer.table["category"]) == {"filters"}, "milk comes at random times"
    assert set(answer.table["basis"]) == {"the shop's gaps"}
    assert any("no `service_life_days` column" in str(note) for note in answer.notes)


def test_no_rhythm_at_all(tmp_path: Path) -> None:
    answer = due_again(filters(tmp_path, life=None), settings={"sequences": {"due_minimum_gaps": 100_000}})
    assert "not measured" in answer.headline
    assert answer.notes[0].verdict == "NOT MEASURED"
    assert answer.table.is_empty()
    assert answer.chart is None


def test_nothing_after_as_of(tmp_path: Path) -> None:
    ws = filters(tmp_path)
    as_of = date(2024, 5, 1)
    answer = due_again(ws, as_of=as_of)
    assert answer.table["last_bought_on"].max() <= as_of
