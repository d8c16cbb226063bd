"""Sequences of the tiny shop by eye: first shopping days, rhythms and gaps; as_of, partitions and row order."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.shop import AS_OF, make_workspace, random_lines, random_products, tiny_lines, tiny_products
from toolkit.mart.build import ensure_mart
from toolkit.mart.sequences import middle_of, sequences_of
from toolkit.workspace import Workspace


def tables(ws: Workspace, as_of: date = AS_OF) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """First days, rhythms and gaps with ids for codes, sorted."""
    mart = ensure_mart(ws, as_of)
    found = sequences_of(ws, mart)
    members = ws.codes("member").rename({"code": "member_code", "id": "member"})
    products = ws.codes("product").rename({"code": "product_code", "id": "product"})
    names = mart.categories.select("category_code", "category")
    first = found.first_days.collect().join(members, on="member_code").join(names, on="category_code")
    rhythms = found.rhythms.collect().join(members, on="member_code").join(names, on="category_code").join(products, on="product_code")
    gaps = found.gaps.join(names, on="category_code")
    gaps = gaps.group_by("category", "gap_days").agg(pl.col("gap_count").sum())
    return (
        first.select("member", "visit", "day", "category", "amount").sort("member", "visit", "category"),
        rhythms.drop("member_code", "category_code", "product_code").sort("member", "category"),
        gaps.select("category", "gap_days", "gap_count").sort("category", "gap_days"),
    )


def test_the_tiny_shop(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    first, rhythms, gaps = tables(ws)
    assert first.filter(member="anna").rows() == [
        ("anna", 1, date(2024, 1, 1), "bakery", 300),
        ("anna", 1, date(2024, 1, 1), "dairy", 300),
        ("anna", 2, date(2024, 1, 11), "bakery", 600),
        ("anna", 3, date(2024, 6, 3), "care", 400),
        ("anna", 3, date(2024, 6, 3), "dairy", 300),
    ]
    assert "cleo" not in first["member"], "returns alone are no purchase"
    dairy = rhythms.filter(member="anna", category="dairy").row(0, named=True)
    assert (dairy["first_day"], dairy["last_day"], dairy["day_count"], dairy["early_day_count"]) == (
        date(2024, 1, 1),
        date(2024, 6, 3),
        2,
        1,
    )
    assert dairy["product"] == "milk"
    assert gaps.rows() == [("bakery", 10, 1), ("dairy", 154, 1)]


def test_nothing_after_as_of_is_seen(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    first, rhythms, gaps = tables(ws, date(2024, 1, 10))
    assert set(first["member"]) == {"anna"}
    assert gaps.is_empty()
    assert rhythms["last_day"].max() == date(2024, 1, 1)


@pytest.mark.parametrize("seed", [1, 2])
def test_rows_and_partitions_do_not_matter(tmp_path: Path, seed: int) -> None:
    lines = random_lines(seed)
    one = make_workspace(tmp_path / "one", lines, {"products": random_products()}, partitions=1)
    shuffled = lines.sample(fraction=1, shuffle=True, seed=seed)
    many = make_workspace(tmp_path / "many", shuffled, {"products": random_products()}, partitions=5, files=2)
    for left, right in zip(tables(one), tables(many), strict=True):
        assert left.equals(right)


def test_read_once_and_kept(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    mart = ensure_mart(ws, AS_OF)
    made = sequences_of(ws, mart).path.stat().st_mtime_ns
    assert sequences_of(ws, mart).path.stat().st_mtime_ns == made
    assert not list((mart.path / "derived").glob("*.part"))
    assert middle_of(mart) == date(2024, 4, 1)


def test_a_shop_of_passers_by(tmp_path: Path) -> None:
    lines = tiny_lines().filter(pl.col("member_id").is_null())
    first, rhythms, gaps = tables(make_workspace(tmp_path / "ws", lines, {"products": tiny_products()}))
    assert first.is_empty()
    assert rhythms.is_empty()
    assert gaps.is_empty()
