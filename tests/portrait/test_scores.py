"""Scores: by eye on the ladder, the bars of stability, and what must never change them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.portrait.ladder import FEW, ladder_lines, lines_of, shop_of
from tests.shop import AS_OF, make_workspace, random_lines, random_products
from toolkit.models.repurchase import gaps
from toolkit.models.rhythm_bands import RecencyRuler, propose_ruler, usual_gaps
from toolkit.portrait import rfm_scores
from toolkit.portrait.measures.scores import score_members
from toolkit.portrait.measures.segment_maps import read_segment_map
from toolkit.workspace import Workspace

SCORES = ["member_id", "r_score", "f_score", "m_score", "segment"]


def test_the_ladder_by_eye(ladder: Workspace) -> None:
    scored = rfm_scores(ladder, settings=FEW)
    assert scored.columns == [
        *("member_id", "recency_days", "order_count", "amount", "r_score", "f_score", "m_score", "segment", "orders", "sales")
    ]
    assert scored.select("member_id", "recency_days", "r_score", "f_score", "m_score", "segment", "orders", "sales").rows() == [
        ("m0", 0, 5, 5, 5, "champions", 10, 100.0),
        ("m1", 10, 5, 5, 5, "champions", 9, 90.0),
        ("m2", 30, 5, 4, 4, "champions", 8, 80.0),
        ("m3", 31, 4, 4, 4, "loyal", 7, 70.0),
        ("m4", 90, 4, 3, 3, "potential loyalists", 1, 10.0),
        ("m5", 91, 3, 3, 3, "need attention", 0, 0.0),
        ("m6", 180, 3, 2, 2, "about to sleep", 0, 0.0),
        ("m7", 200, 2, 2, 2, "hibernating", 0, 0.0),
        ("m8", 365, 2, 1, 1, "hibernating", 0, 0.0),
        ("m9", 400, 1, 1, 1, "hibernating", 0, 0.0),
        ("r", None, None, None, None, "no orders", 0, -5.0),
    ]


def test_a_member_has_one_segment_in_every_scope(ladder: Workspace) -> None:
    chain = dict(rfm_scores(ladder, settings=FEW).select("member_id", "segment").iter_rows())
    store = rfm_scores(ladder, store_id="s2", settings=FEW)
    assert store["member_id"].to_list() == ["m1", "m3", "m5", "m7", "m9"]
    assert all(chain[who] == segment for who, segment in store.select("member_id", "segment").iter_rows())
    assert rfm_scores(ladder, audience="order_count >= 9", settings=FEW)["member_id"].to_list() == ["m0", "m1"]


def test_nothing_after_as_of_is_seen(ladder: Workspace, tmp_path: Path) -> None:
    earlier = AS_OF - timedelta(days=30)
    cut = shop_of(tmp_path, ladder_lines().filter(pl.col("ordered_at") < datetime.combine(earlier + timedelta(days=1), time())))
    assert rfm_scores(ladder, as_of=earlier, settings=FEW).equals(rfm_scores(cut, as_of=earlier, settings=FEW))


@pytest.mark.parametrize("change", ["shuffled", "partitions", "renamed"])
def test_order_partitions_and_names_change_no_score(tmp_path: Path, change: str) -> None:
    lines = random_lines(7)
    tables = {"products": random_products()}
    names = {f"m{number:02d}": f"m{(number * 11 + 5) % 30:02d}" for number in range(30)} if change == "renamed" else {}
    other = lines.sample(fraction=1, shuffle=True, seed=3) if change == "shuffled" else lines
    other = other.with_columns(pl.col("member_id").replace(names))
    one = rfm_scores(make_workspace(tmp_path / "a", lines, tables), settings=FEW)
    two = rfm_scores(make_workspace(tmp_path / "b", other, tables, partitions=5 if change == "partitions" else 2, files=2), settings=FEW)
    assert one.with_columns(pl.col("member_id").replace(names)).sort("member_id").equals(two.sort("member_id"))


def test_equal_members_have_equal_scores_and_empty_scores_stay_empty() -> None:
    members = pl.DataFrame(
        {
            "member_code": range(8),
            "last_ordered_on": [AS_OF] * 8,
            "order_count": [1, 1, 1, 1, 1, 1, 2, 9],
            "amount": [5, 5, -3, 5, 5, 5, 5, 10**15],
        }
    )
    scored = score_members(members, as_of=AS_OF, ruler=RecencyRuler(((7, 14, 28, 56),)))
    assert scored["f_score"].to_list() == [2, 2, 2, 2, 2, 2, 5, 5]  # nobody has F 1, 3 or 4
    assert scored["m_score"].to_list() == [3, 3, 1, 3, 3, 3, 3, 5]
    for score, value in (("f_score", "order_count"), ("m_score", "amount"), ("r_score", "recency_days")):
        assert scored.group_by(value).agg(pl.col(score).n_unique())[score].max() == 1


def test_all_members_equal(tmp_path: Path) -> None:
    ws = shop_of(tmp_path, lines_of([(f"m{who}", 4, "s1", 1, 10) for who in range(12)]))
    assert rfm_scores(ws).select("r_score", "f_score", "m_score").unique().rows() == [(5, 3, 3)]


def regulars(seed: int = 5, members: int = 400, days: int = 400) -> pl.DataFrame:
    """Shopping days of members with their own rhythm (a gap of 3 to 60 days on average), some of whom leave."""
    rng = np.random.default_rng(seed)
    rows = []
    for member in range(members):
        rhythm, leaves = rng.gamma(2.0, 9.0) + 3, days - rng.exponential(900)
        day = rng.uniform(0, rhythm)
        while day < max(leaves, 40) and day < days:
            rows.append((member, AS_OF - timedelta(days=days - int(day)), int(rng.lognormal(3, 0.6) * 100)))
            day += 1 + rng.exponential(rhythm)
    return pl.DataFrame(rows, schema=["member_code", "day", "amount"], orient="row")


def segments_on(orders: pl.DataFrame, day: date, ruler: RecencyRuler) -> pl.DataFrame:
    members = (
        orders.filter(pl.col("day") <= day)
        .group_by("member_code")
        .agg(pl.col("day").max().alias("last_ordered_on"), pl.len().alias("order_count"), pl.col("amount").sum())
    )
    if ruler.rhythms:
        members = members.join(usual_gaps(gaps(orders.select("member_code", "day"), as_of=day), ruler.rhythms), on="member_code")
    return read_segment_map("ten").apply(score_members(members, as_of=day, ruler=ruler)).select("member_code", "segment")


@pytest.mark.parametrize(("shift", "least"), [(1, 0.95), (30, 0.60)])
def test_segments_hold_from_day_to_day_and_from_month_to_month(shift: int, least: float) -> None:
    orders = regulars()
    then = AS_OF - timedelta(days=40)
    ruler = propose_ruler(gaps(orders.select("member_code", "day"), as_of=then))
    both = segments_on(orders, then, ruler).join(segments_on(orders, then + timedelta(days=shift), ruler), on="member_code")
    assert both.height > 300
    assert both.select((pl.col("segment") == pl.col("segment_right")).mean()).item() >= least
