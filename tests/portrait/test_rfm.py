"""portrait.rfm: the grid and the score table on the ladder, and its edge cases."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.portrait.ladder import FEW, ladder_lines, lines_of, shop_of
from tests.portrait.pictures import axis_titles, spec_of
from toolkit.errors import BadValue, TooFewMembers
from toolkit.portrait import rfm, rfm_scores, save_scorecard
from toolkit.portrait.measures.segment_maps import NO_ORDERS, read_segment_map
from toolkit.workspace import Workspace


def test_the_grid_has_all_25_cells(ladder: Workspace) -> None:
    answer = rfm(ladder, settings=FEW)
    assert answer.table.columns == ["r_score", "f_score", "segment", "member_count", "member_share", "orders", "sales", "sales_share"]
    assert answer.table.height == 25
    assert answer.table["member_count"].sum() == 10  # r has no order and is in no cell
    assert answer.table["member_share"].sum() == pytest.approx(1)
    assert answer.table.row(0) == (5, 5, "champions", 2, 0.2, 19, 190.0, 190 / 350)
    assert answer.table.filter(member_count=0)["sales"].sum() == 0
    assert answer.headline == (
        "Across the chain, 3 of 10 members (30.0%) came within the last 30 days and are among the most frequent (R 5, F 4 or 5); "
        "they bring 77.1% of member sales. 1 (10.0%) have stayed away for over 365 days (R 1)."
    )
    assert answer.figures == {"scored_members": 10.0, "best_share": 0.3}
    assert any("1 member with returns alone and no order is not scored" in str(note) for note in answer.notes)


def test_the_score_table_gives_every_score_its_range(ladder: Workspace) -> None:
    table = rfm(ladder, show="scores", settings=FEW).table
    assert table.columns == ["measure", "score", "range", "member_count", "member_share", "orders", "sales", "sales_share"]
    assert table.height == 15
    ranges = {(measure, score): said for measure, score, said in table.select("measure", "score", "range").iter_rows()}
    assert ranges["R", 5] == "0 to 30 days"
    assert ranges["R", 1] == "over 365 days"
    assert ranges["F", 5] == "9 to 10 orders"
    assert ranges["M", 1] == "€10.00 to €20.00"
    assert table.group_by("measure").agg(pl.col("member_count").sum())["member_count"].to_list() == [10, 10, 10]


def test_the_fallback_ruler_is_stated(ladder: Workspace) -> None:
    notes = [str(note) for note in rfm(ladder, settings=FEW).notes]
    assert notes[0].startswith("R counts days since the last order with edges at 30, 90, 180 and 365 days, a stated fallback")
    assert notes[1].startswith("NOT MEASURED: The shop's own edges are not measured: only ")


def test_a_map_with_money_leaves_the_grid_unnamed(ladder: Workspace) -> None:
    assert rfm(ladder, segment_map="eight", settings=FEW).table["segment"].null_count() == 25


def test_the_map_that_is_asked_for_names_the_members(ladder: Workspace, tmp_path: Path) -> None:
    eight_set = {"settings": FEW | {"rfm": {"segment_map": "eight"}}}
    ten, eight = rfm_scores(ladder, settings=FEW), rfm_scores(ladder, segment_map="eight", settings=FEW)
    for scores, name in ((ten, "ten"), (eight, "eight")):
        assert set(scores["segment"]) - {NO_ORDERS} <= {segment.name for segment in read_segment_map(name).segments}
    assert not ten["segment"].equals(eight["segment"])
    assert rfm_scores(ladder, **eight_set).equals(eight)  # the setting
    assert rfm_scores(ladder, segment_map="ten", **eight_set).equals(ten)  # what is asked goes before the setting
    ruled = shop_of(tmp_path, ladder_lines())
    save_scorecard(ruled)  # its map is 'ten'
    assert rfm_scores(ruled, settings=FEW).equals(ten)
    assert rfm_scores(ruled, **eight_set).equals(eight)
    assert rfm(ladder, **eight_set).table["segment"].null_count() == 25  # a map that looks at M too names no cell of R and F
    assert rfm(ladder, segment_map="ten", **eight_set).table["segment"].null_count() == 0


@pytest.mark.parametrize(("show", "axes"), [("grid", {"Recency score (right = came lately)"}), ("scores", {"Share of members"})])
def test_charts(ladder: Workspace, show: str, axes: set[str]) -> None:
    answer = rfm(ladder, show=show, settings=FEW)
    assert axes <= axis_titles(spec_of(answer))


def test_all_members_equal_is_said(tmp_path: Path) -> None:
    ws = shop_of(tmp_path, lines_of([(f"m{who}", 4, "s1", 1, 10) for who in range(12)]))
    notes = " ".join(str(note) for note in rfm(ws).notes)
    assert "All 12 members have the same number of orders, so they share one F score." in notes
    assert "No member has F 1, F 2, F 4 and F 5" in notes


def test_members_with_returns_alone_leave_nothing_to_score(tmp_path: Path) -> None:
    ws = shop_of(tmp_path, lines_of([(f"m{who}", 4, "s1", -1, -10) for who in range(12)]))
    answer = rfm(ws)
    assert answer.headline == "Across the chain no member has an order up to 2024-06-26: there is nothing to score."
    assert answer.table["member_count"].sum() == 0
    assert answer.table["sales_share"].null_count() == 25
    assert spec_of(answer)


def test_no_sales_in_the_window_leave_shares_not_measured(ladder: Workspace) -> None:
    answer = rfm(ladder, period="2023-06-01..2023-06-02", settings=FEW)
    assert answer.table["sales_share"].null_count() == 25
    assert any(note.verdict == "NOT MEASURED" and "Shares of sales" in note.text for note in answer.notes)


def test_one_member_is_too_few(ladder: Workspace) -> None:
    with pytest.raises(TooFewMembers):
        rfm(ladder, audience=["m0"])


def test_an_unknown_show_is_a_sentence(ladder: Workspace) -> None:
    with pytest.raises(BadValue, match=r"portrait.rfm: show is 'pie'"):
        rfm(ladder, show="pie")
