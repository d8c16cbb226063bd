"""portrait.segments: both built-in maps and a shop's own, on the ladder."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.portrait.ladder import FEW, lines_of, shop_of
from tests.portrait.pictures import axis_titles, spec_of
from toolkit.errors import BadValue
from toolkit.portrait import rfm_scores, segments
from toolkit.workspace import Workspace


def test_the_ten_segments_by_eye(ladder: Workspace) -> None:
    answer = segments(ladder, settings=FEW)
    assert answer.table.columns == [
        *("segment", "meaning", "member_count", "member_share", "orders", "sales", "sales_share", "order_value", "recency_days_median")
    ]
    counts = dict(answer.table.select("segment", "member_count").iter_rows())
    assert list(counts.items()) == [
        *(("champions", 3), ("loyal", 1), ("potential loyalists", 1), ("recent", 0), ("promising", 0), ("need attention", 1)),
        *(("about to sleep", 1), ("can't lose", 0), ("at risk", 0), ("hibernating", 3), ("no orders", 1)),
    ]
    champions = answer.table.row(0, named=True)
    assert (champions["orders"], champions["sales"], champions["order_value"], champions["recency_days_median"]) == (27, 270.0, 10.0, 10.0)
    assert champions["sales_share"] == pytest.approx(270 / 345)
    assert answer.headline.startswith(
        "Across the chain, the segment 'champions' holds 3 of 11 members (27.3%) and brings 78.3% of member sales"
    )
    assert answer.table["sales"].sum() == 345.0


def test_the_table_is_the_sum_of_the_members(ladder: Workspace) -> None:
    members = rfm_scores(ladder, settings=FEW).group_by("segment").agg(pl.len(), pl.col("sales").sum())
    table = segments(ladder, settings=FEW).table.filter(pl.col("member_count") > 0)
    assert sorted(members.rows()) == sorted(table.select("segment", pl.col("member_count").cast(pl.UInt32), "sales").rows())


def test_the_eight_segments_with_chinese_names(ladder: Workspace) -> None:
    answer = segments(ladder, segment_map="eight", settings=FEW)
    counts = {row["segment"]: (row["in_english"], row["member_count"]) for row in answer.table.iter_rows(named=True)}
    assert counts["重要价值客户"] == ("important, valued", 4)
    assert counts["一般发展客户"] == ("general, to develop", 1)
    assert counts["一般挽留客户"] == ("general, to win back", 5)
    assert "'重要价值客户' (important, valued) holds 4 of 11" in answer.headline


def test_sales_of_a_store_are_the_stores(ladder: Workspace) -> None:
    answer = segments(ladder, store_id="s1", settings=FEW)
    champions = answer.table.row(0, named=True)
    assert (champions["member_count"], champions["sales"]) == (2, 180.0)
    assert answer.table.filter(segment="no orders")["sales"].to_list() == [-5.0]
    assert "In store s1" in answer.headline


def test_a_shops_own_map(ladder: Workspace) -> None:
    folder = ladder.path / "documents"
    folder.mkdir(exist_ok=True)
    (folder / "mine.toml").write_text(
        'title = "Two"\n[[segments]]\nname = "here"\ncells = [{ r = [3, 5] }]\n[[segments]]\nname = "gone"\ncells = [{ r = [1, 2] }]\n'
    )
    table = segments(ladder, segment_map="mine.toml", settings=FEW).table
    assert table.select("segment", "member_count").rows() == [("here", 7), ("gone", 3), ("no orders", 1)]
    (folder / "gap.toml").write_text('[[segments]]\nname = "here"\ncells = [{ r = [2, 5] }]\n')
    with pytest.raises(BadValue, match="cell R=1 is in no segment"):
        segments(ladder, segment_map="gap.toml", settings=FEW)


def test_chart(ladder: Workspace) -> None:
    spec = spec_of(segments(ladder, settings=FEW))
    assert spec["title"]["text"] == "Segments: how many members, how much of the sales"
    assert "Share" in axis_titles(spec)


def test_one_segment_for_all_is_said_and_no_sales_are_not_measured(tmp_path: Path) -> None:
    bought = [(f"m{who}", 4, "s1", 1, 1) for who in range(12)]  # and given back: goods given away would be no orders
    ws = shop_of(tmp_path, lines_of([*bought, *[(f"m{who}", 3, "s1", -1, -1) for who in range(12)]]))
    answer = segments(ws)
    notes = " ".join(str(note) for note in answer.notes)
    assert "All 12 members are in one segment" in notes
    assert "NOT MEASURED: Shares of sales are not measured" in notes
    assert answer.table["sales_share"].null_count() == 10
    assert spec_of(answer)


def test_members_with_returns_alone(tmp_path: Path) -> None:
    ws = shop_of(tmp_path, lines_of([(f"m{who}", 4, "s1", -1, -2) for who in range(12)]))
    answer = segments(ws)
    assert "none of 12 members has an order" in answer.headline
    assert answer.table.row(-1, named=True)["member_count"] == 12
