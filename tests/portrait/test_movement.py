"""portrait.movement: the flow over ten days of the ladder, by eye."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.portrait.ladder import FEW, lines_of, shop_of
from tests.portrait.pictures import axis_titles, spec_of
from tests.shop import AS_OF
from toolkit.errors import BadValue
from toolkit.portrait import movement, segments
from toolkit.workspace import Workspace

TEN_DAYS_AGO = AS_OF - timedelta(days=10)


def test_the_flow_by_eye(ladder: Workspace) -> None:
    answer = movement(ladder, since=TEN_DAYS_AGO, settings=FEW)
    assert answer.table.columns == [
        *("segment_before", "segment", "direction", "member_count", "flow_share", "sales_before", "sales", "sales_change")
    ]
    rows = {row[:2]: row[2:] for row in answer.table.rows()}
    # m0 first came after the earlier day; m1 and m2 stay, m3 goes from (5, 4) to (4, 4), m4 from (4, 4) to (4, 3), m5 from (4, 3) to (3, 3)
    assert rows == {
        ("hibernating", "hibernating"): ("same", 3, 1.0, 0.0, 0.0, None),
        ("champions", "champions"): ("same", 2, pytest.approx(2 / 3), 90.0, 0.0, -1.0),
        ("about to sleep", "about to sleep"): ("same", 1, 1.0, 0.0, 0.0, None),
        ("champions", "loyal"): ("down", 1, pytest.approx(1 / 3), 0.0, 0.0, None),
        ("loyal", "potential loyalists"): ("down", 1, 1.0, 0.0, 0.0, None),
        ("not yet here", "champions"): ("first-time", 1, 1.0, 0.0, 100.0, None),
        ("potential loyalists", "need attention"): ("down", 1, 1.0, 0.0, 0.0, None),
    }
    assert answer.headline == (
        "Across the chain, 6 of 9 members (66.7%) stayed in their segment in the 10 days from 2024-06-20 to 2024-06-30; 0 moved up "
        "and 3 down; the largest fall: 1 from 'champions' to 'loyal'."
    )
    assert answer.figures == {"moved_up": 0.0, "moved_down": 3.0, "stayed_share": pytest.approx(2 / 3)}


def test_the_flow_ends_in_the_segments_of_today(ladder: Workspace) -> None:
    flow = movement(ladder, since="2024-05-01", settings=FEW).table.group_by("segment").agg(pl.col("member_count").sum())
    today = segments(ladder, settings=FEW).table
    counts = {name: count for name, count in today.select("segment", "member_count").iter_rows() if count and name != "no orders"}
    assert dict(flow.iter_rows()) == counts


def test_sales_before_that_the_receipts_do_not_reach_are_not_measured(ladder: Workspace) -> None:
    answer = movement(ladder, since="2023-08-01", settings=FEW)
    assert answer.table["sales_before"].null_count() == answer.table.height
    assert any(note.verdict == "NOT MEASURED" and "Sales before" in note.text for note in answer.notes)


@pytest.mark.parametrize(("since", "said"), [("2024-06-30", "must be before as_of"), ("2020-01-01", "the receipts start on 2023-05-27")])
def test_a_day_that_cannot_be(ladder: Workspace, since: str, said: str) -> None:
    with pytest.raises(BadValue, match=said):
        movement(ladder, since=since, settings=FEW)


def test_a_young_shop_is_not_measured(tmp_path: Path) -> None:
    answer = movement(shop_of(tmp_path, lines_of([(f"m{who}", who, "s1", 1, 5) for who in range(12)])))
    assert "is not measured" in answer.headline
    assert answer.table.is_empty()
    assert answer.notes[0].verdict == "NOT MEASURED"


def test_chart_and_scope(ladder: Workspace) -> None:
    answer = movement(ladder, since=TEN_DAYS_AGO, store_id="s2", settings=FEW)
    assert answer.headline.startswith("In store s2, 3 of 5 members")
    assert {"Segment on 2024-06-20", "Segment on 2024-06-30"} <= axis_titles(spec_of(answer))
