"""portrait.quadrants: four groups on a shop of eight, by eye."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.portrait.ladder import FEW, lines_of, shop_of
from tests.portrait.pictures import axis_titles, spec_of
from toolkit.portrait import quadrants
from toolkit.workspace import Workspace

SHOP = [  # member, orders, amount of each
    *(("a", 6, 50.0), ("b", 5, 40.0), ("c", 6, 5.0), ("d", 5, 4.0)),
    *(("e", 1, 60.0), ("f", 2, 45.0), ("g", 1, 3.0), ("h", 2, 2.0)),
]


@pytest.fixture
def eight(tmp_path: Path) -> Workspace:
    return shop_of(tmp_path, lines_of([(who, day, "s1", 3, amount) for who, orders, amount in SHOP for day in range(orders)]))


def test_four_groups_by_eye(eight: Workspace) -> None:
    answer = quadrants(eight, settings=FEW)
    assert answer.table.columns == [
        "group",
        "member_count",
        "member_share",
        "orders",
        "sales",
        "sales_share",
        "order_value",
        "units_per_order",
    ]
    assert answer.table.select("group", "member_count", "orders", "sales", "units_per_order").rows() == [
        ("often, large orders", 2, 11, 500.0, 3.0),
        ("often, small orders", 2, 11, 50.0, 3.0),
        ("seldom, large orders", 2, 3, 150.0, 3.0),
        ("seldom, small orders", 2, 3, 7.0, 3.0),
    ]
    assert answer.headline == (
        "Across the chain, 2 of 8 members who ordered from 2024-04-01 to 2024-06-30 (25.0%) come often and buy much "
        "(at least 5 orders of €40.00 on average) and bring 70.7% of the sales; 2 (25.0%) come seldom but fill the basket."
    )
    assert {"Orders in the window", "Average order value, EUR"} <= axis_titles(spec_of(answer))


def test_the_cut_is_a_setting(eight: Workspace) -> None:
    answer = quadrants(eight, settings={**FEW, "value": {"quadrant_cut": 0.75}})
    assert answer.table["member_count"].to_list() == [1, 1, 1, 5]  # often: a, c; large: a, e
    assert "Cut at the 75% quantile of the 8 members of the chain" in str(answer.notes[0])


def test_equal_members_are_never_split(ladder: Workspace) -> None:
    answer = quadrants(ladder, settings=FEW)  # every order is 10.00
    assert answer.table["member_count"].to_list() == [3, 0, 2, 0]
    assert any("have the same order value" in str(note) for note in answer.notes)


def test_a_group_is_the_members_own_in_every_store(ladder: Workspace) -> None:
    answer = quadrants(ladder, store_id="s2", settings=FEW)  # m1 and m3 ordered there in the window
    assert answer.table.select("member_count", "sales").rows() == [(1, 90.0), (0, 0.0), (1, 70.0), (0, 0.0)]


def test_nobody_ordered(ladder: Workspace) -> None:
    answer = quadrants(ladder, period="2023-06-01..2023-06-02", settings=FEW)
    assert answer.table.is_empty()
    assert "no members ordered" in answer.headline
