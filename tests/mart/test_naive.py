"""The mart against the naive one, and against itself under every change that must not matter."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.mart import oracle, readable
from tests.shop import AS_OF, make_workspace, random_lines, random_products, tiny_lines, tiny_products
from toolkit.mart import build_mart

TABLES = (readable.members, readable.orders, readable.member_category, readable.products)


def tables(
    path: Path, lines: pl.DataFrame, as_of: date = AS_OF, *, most_lines: int = 1_000_000, products=None, **layout
) -> list[pl.DataFrame]:
    ws = make_workspace(path, lines, {"products": random_products() if products is None else products}, **layout)
    mart = build_mart(ws, as_of, most_lines=most_lines)
    return [table(ws, mart) for table in TABLES]


def assert_same(left: list[pl.DataFrame], right: list[pl.DataFrame]) -> None:
    for one, other in zip(left, right, strict=True):
        assert_frame_equal(one, other, check_exact=True)


WEIGHED_APART = random_products().with_columns(category=pl.when("counted").then("category").otherwise(pl.lit("by weight")))
"""Products of which each category is counted as a whole, or not at all."""


WITH_FEES = random_products().with_columns(is_goods=pl.Series([None, False, None, False, *[True] * 7, False]))
"""Products of which three are no goods: one without a category, one counted, one by weight."""


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("as_of", [AS_OF, AS_OF - timedelta(days=100)])
@pytest.mark.parametrize("products", [random_products(), WEIGHED_APART, WITH_FEES], ids=["mixed categories", "weighed apart", "fees"])
def test_equals_the_naive_mart(tmp_path, seed, as_of, products):
    lines = random_lines(seed)
    members, orders, pairs, _ = tables(tmp_path, lines, as_of, products=products)
    plain = readable.readable_lines(lines, products)
    expected = oracle.naive_members(plain, as_of)
    # The naive mean and deviation are floats of another order of operations; all other columns are equal to the last bit.
    floats = ["gap_days_mean", "gap_days_std"]
    same = [name for name in members.columns if name not in floats]
    assert_frame_equal(members.select(same), expected.select(same), check_dtypes=False, check_exact=True)
    assert_frame_equal(members.select(floats), expected.select(floats), abs_tol=1e-9)
    columns = [name for name in orders.columns if name != "gap_days"]
    assert_frame_equal(
        orders.select(columns), oracle.naive_orders(plain, as_of).sort("order_id").select(columns), check_dtypes=False, check_exact=True
    )
    assert_frame_equal(pairs, oracle.naive_member_category(plain, as_of).select(pairs.columns), check_dtypes=False, check_exact=True)


def test_row_order_does_not_matter(tmp_path):
    lines = random_lines(11)
    # Shuffled lines get other codes for members, stores, products and channels.
    shuffled = lines.sample(fraction=1, shuffle=True, seed=5)
    assert_same(tables(tmp_path / "a", lines), tables(tmp_path / "b", shuffled))


@pytest.mark.parametrize("layout", [{"partitions": 1}, {"partitions": 13}, {"files": 4}, {"partitions": 3, "files": 3}])
@pytest.mark.parametrize("most_lines", [1_000_000, 150, 1])
def test_partitions_files_and_batches_do_not_matter(tmp_path, layout, most_lines):
    lines = random_lines(12)
    assert_same(tables(tmp_path / "a", lines), tables(tmp_path / "b", lines, most_lines=most_lines, **layout))


@pytest.mark.parametrize("back", [0, 1, 90, 399, 500])
def test_nothing_after_as_of_is_seen(tmp_path, back):
    lines = random_lines(13)
    as_of = AS_OF - timedelta(days=back)
    past = lines.filter(pl.col("ordered_at").dt.date() <= as_of)
    assert_same(tables(tmp_path / "a", lines, as_of), tables(tmp_path / "b", past, as_of))


def test_products_of_which_nobody_said_are_settled_by_the_past_alone(tmp_path):
    lines, unstated = random_lines(14), random_products().drop("counted")
    as_of = AS_OF - timedelta(days=200)
    past = lines.filter(pl.col("ordered_at").dt.date() <= as_of)
    assert_same(tables(tmp_path / "a", lines, as_of, products=unstated), tables(tmp_path / "b", past, as_of, products=unstated))


_SCRIPT = """
import sys
from datetime import date
from toolkit.mart import build_mart
from toolkit.workspace import Workspace
mart = build_mart(Workspace(sys.argv[1]), date(2024, 6, 30), most_lines=300)
mart.members.collect().write_ipc(sys.argv[2])
"""


def test_thread_count_does_not_matter(tmp_path):
    make_workspace(tmp_path / "a", random_lines(15), {"products": random_products()})
    make_workspace(tmp_path / "b", random_lines(15), {"products": random_products()})
    for name, threads in (("a", "1"), ("b", "2")):
        command = [sys.executable, "-c", _SCRIPT, str(tmp_path / name), str(tmp_path / f"{name}.arrow")]
        subprocess.run(command, env={**os.environ, "POLARS_MAX_THREADS": threads}, check=True)
    assert (tmp_path / "a.arrow").read_bytes() == (tmp_path / "b.arrow").read_bytes()


def test_tiny_shop_equals_the_naive_mart(tmp_path):
    members = tables(tmp_path, tiny_lines(), products=tiny_products())[0]
    expected = oracle.naive_members(readable.readable_lines(tiny_lines(), tiny_products()), AS_OF)
    same = [name for name in members.columns if not name.startswith("gap_days")]
    assert_frame_equal(members.select(same), expected.select(same), check_dtypes=False, check_exact=True)
