"""targeting.due_again: a hand-made shop of filters by eye, goods without a rhythm, and dates of the simulated shop."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.portrait.pictures import spec_of
from tests.shop import AS_OF, make_workspace
from toolkit.audience import Audience
from toolkit.errors import BadValue, UnknownName
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
    assert (row["basis"], row["product"]) == ("stated service life", "Filter 3 (filter)")
    assert "m01" not in answer.table["member_id"], "three days after the purchase nobody is due"
    assert answer.table["purchase_probability"].is_sorted(descending=True)
    assert "m24" not in answer.table["member_id"], "72 days: longer than enough gaps were watched, nothing is known"
    by_category = due_again(ws, show="good")
    assert by_category.table.row(0, named=True)["again_days_median"] == pytest.approx(60, abs=3)
    assert by_category.table["expected_buyers"].sum() == pytest.approx(answer.figures["expected_needs"])
    assert spec_of(by_category)["title"]["text"] == "Due again: the chain"
    assert due_again(ws, store_id="s0").figures["due_member_count"] <= answer.figures["due_member_count"]


def test_a_rhythm_of_its_own_needs_no_stated_life(tmp_path: Path) -> None:
    answer = due_again(filters(tmp_path, life=None))
    assert set(answer.table["category"]) == {"filters"}, "milk comes at random times"
    assert set(answer.table["basis"]) == {"the shop's gaps"}
    assert any("no `service_life_days` column" in str(note) for note in answer.notes)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """90 members buy a red or a blue ink each of its own rhythm (40 and 80 days), some change colour; glue at random times; milk daily."""
    rng = np.random.default_rng(3)
    rows = []
    for who in range(90):
        member, red = f"m{who:02d}", who % 2 == 0
        ago = who % 30 if red else 7 * who % 75
        while ago < 700:
            rows.append((member, ago, "red" if red else "blue"))
            ago += int(rng.normal(40 if red else 80, 4))
        rows += [(member, int(day), "glue") for day in np.cumsum(rng.exponential(60, 12).astype(int) + 1) if day < 700]
        rows.append((member, 0, "milk"))
    rows += [("m04", 2, "blue"), ("m90", 300, "red"), ("m90", 340, "red"), ("m90", 380, "red"), ("m90", 0, "milk")]
    noon = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 12)
    lines = pl.DataFrame(
        [
            {"member_id": who, "order_id": f"o{number}", "store_id": "s1", "product_id": product,
             "ordered_at": noon - timedelta(days=ago), "quantity": 1.0, "amount": 3.0, "discount_amount": 0.0, "coupon_amount": 0.0}
            for number, (who, ago, product) in enumerate(rows)
        ]
    ).with_columns(pl.lit(None, pl.String).alias("channel"), pl.col("ordered_at").cast(pl.Datetime("us")))  # fmt: skip
    products = pl.DataFrame({"product_id": ["red", "blue", "glue", "milk"], "category": ["ink", "ink", "glue", "dairy"]})
    return make_workspace(tmp_path_factory.mktemp("shelf") / "ws", lines, {"products": products})


def test_by_product(shelf: Workspace) -> None:
    goods = due_again(shelf, show="good", by="product").table
    assert dict(goods.select("product", "again_days_median").iter_rows()) == {
        "red": pytest.approx(40, abs=2),
        "blue": pytest.approx(80, abs=3),
    }
    answer = due_again(shelf, by="product", top=0)
    assert set(answer.table["level"]) == {"product"}
    assert "m04" not in answer.table["member_id"], "bought the other colour two days ago"
    m28 = answer.table.filter(member_id="m28").row(0, named=True)
    assert (m28["product"], m28["last_bought_on"]) == ("red", AS_OF - timedelta(days=28))
    assert m28["due_from"] <= AS_OF + timedelta(days=12) <= m28["due_to"]
    by_category = due_again(shelf, top=0).table
    assert set(by_category["level"]) == {"category"}
    assert set(by_category["category"]) == {"ink"}, "glue comes at random, milk daily"


def test_needs_open_too_long_are_counted(shelf: Workspace) -> None:
    answer = due_again(shelf, by="product")
    assert "m90" not in answer.table["member_id"], "300 days open: longer than any gap was watched"
    assert answer.figures["dropped_count"] >= 1
    assert any(f"Not listed: {answer.figures['dropped_count']:.0f} need" in str(note) for note in answer.notes)


def test_windows_are_tested_on_members_who_did_not_make_them(shelf: Workspace) -> None:
    said = [str(note) for note in due_again(shelf, by="product").notes]
    held = next(note for note in said if "had no part in the fit" in note)
    assert "where 70% are meant (2 goods" in held or "where 70% are meant (1 good;" in held


def test_one_good_and_an_audience(shelf: Workspace) -> None:
    answer = due_again(shelf, good="Ink", top=0)
    assert "are due, soon due or overdue for ink; about" in answer.headline
    assert Audience.from_answer("ink", answer).member_ids == tuple(sorted(answer.table["member_id"]))
    with pytest.raises(BadValue, match="lists 5 of"):
        Audience.from_answer("ink", due_again(shelf, good="ink", top=5))
    red = due_again(shelf, good="red", by="product", top=0)
    assert set(red.table["product"]) == {"red"}
    assert "none of 91 members is due for glue" in due_again(shelf, good="glue").headline
    with pytest.raises(BadValue, match="Ask with by='product'"):
        due_again(shelf, good="red")
    with pytest.raises(UnknownName, match="did you mean 'ink'"):
        due_again(shelf, good="inks")
    with pytest.raises(BadValue, match="top is -3"):
        due_again(shelf, top=-3)


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
    assert (answer.table["last_bought_on"] <= as_of).all()
