"""Gain and loss: kinds of members by eye, parts that add up to the cent, and small cells put together."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.portrait.ladder import lines_of
from tests.portrait.pictures import spec_of
from tests.shop import make_workspace, random_lines, random_products, tiny_products
from toolkit.errors import BadValue
from toolkit.scope.view import open_view
from toolkit.targeting import gain_loss
from toolkit.targeting.measures.period_sales import PARTS
from toolkit.workspace import Workspace

FEW = {"scope": {"minimum_members": 1}}
PARTS_SALES = [*[f"{part}_sales" for part in PARTS], "few_sales"]


@pytest.fixture(scope="module")
def hand(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Period: the last 10 days; before: days 10 to 19. s1 sells milk, and so does s2."""
    orders = [
        ("first-time", 2, "s1", 1, 7.0),
        ("back", 100, "s1", 1, 1.0), ("back", 3, "s1", 1, 5.0),
        ("lost", 12, "s1", 1, 4.0), ("lost", 40, "s1", 1, 4.0),
        ("more", 15, "s1", 1, 3.0), ("more", 5, "s1", 1, 3.5),
        ("less", 15, "s1", 1, 3.0), ("less", 5, "s1", -1, -1.0),
        ("same", 15, "s1", 1, 3.0), ("same", 5, "s1", 1, 3.0),
        ("moves", 15, "s1", 1, 6.0), ("moves", 5, "s2", 1, 8.0),
        (None, 15, "s1", 1, 2.0), (None, 5, "s2", 1, 9.0),
        ("away", 200, "s2", 1, 9.0),
        ("same", 0, "s1", 1, 0.0),
    ]  # fmt: skip
    path: Path = tmp_path_factory.mktemp("hand") / "ws"
    return make_workspace(path, lines_of(orders), {"products": tiny_products()})


def test_kinds_by_eye(hand: Workspace) -> None:
    answer = gain_loss(hand, period="10d", settings=FEW)
    rows = {row["group"]: (row["member_count"], row["sales_before"], row["sales"], row["change_sales"]) for row in answer.table.to_dicts()}
    assert rows == {
        "first-time": (1, 0.0, 7.0, 7.0),
        "back": (1, 0.0, 5.0, 5.0),
        "lost": (2, 7.0, -1.0, -8.0),  # the member called less had a refund alone: no order
        "more": (2, 9.0, 11.5, 2.5),
        "same": (1, 3.0, 3.0, 0.0),
        "non-members": (None, 2.0, 9.0, 7.0),
    }
    assert "sales from 2024-06-21 to 2024-06-30 are €34.50, up €13.50 on 2024-06-11 to 2024-06-20" in answer.headline
    assert spec_of(answer)


def test_who_moves_has_switched(hand: Workspace) -> None:
    rows = {row["store_id"]: row for row in gain_loss(hand, by="store", period="10d", settings=FEW).table.to_dicts()}
    assert rows["s1"]["switched_out_sales"] == -6.0
    assert rows["s2"]["switched_in_sales"] == 8.0
    assert (rows["s1"]["first_time_sales"], rows["s1"]["lost_sales"], rows["s1"]["back_sales"]) == (7.0, -8.0, 5.0)
    here = {row["group"]: row["member_count"] for row in gain_loss(hand, store_id="s2", period="10d", settings=FEW).table.to_dicts()}
    assert here == {"back": 1, "non-members": None}  # known to the chain: not new


@pytest.mark.parametrize("by", ["members", "category", "store"])
@pytest.mark.parametrize("scope", [{}, {"store_id": "s1"}, {"audience": "order_count > 20"}])
@pytest.mark.parametrize("least", [1, 10])
def test_parts_add_up_to_the_cent(shuffled: Workspace, by: str, scope: dict, least: int) -> None:
    few = {"scope": {"minimum_members": min(least, 3) if scope else least}}
    answer = gain_loss(shuffled, by=by, period="120d", settings=few, **scope)
    view = open_view(shuffled, period="120d", settings=few, **scope)

    def total(period) -> int:
        return int(view.orders.filter(period.holds()).select(pl.col("amount").sum()).collect().item())

    change = total(view.period) - total(view.period.before())
    cents = (answer.table.select(pl.all().exclude("group", "meaning", "category", "store_id")) * 100).fill_null(0)
    assert round(cents["change_sales"].sum()) == change
    if by != "members":
        parts = cents.select(pl.sum_horizontal(PARTS_SALES).round().alias("parts"), pl.col("change_sales").round())
        assert parts["parts"].to_list() == parts["change_sales"].to_list()
        if not scope:
            assert answer.table["member_count"].min() >= least


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    path: Path = tmp_path_factory.mktemp("random") / "ws"
    return make_workspace(path, random_lines(4, lines=6000, members=60), {"products": random_products()}, files=2)


def test_partitions_and_row_order_do_not_matter(shuffled: Workspace, tmp_path: Path) -> None:
    lines = random_lines(4, lines=6000, members=60)
    other = make_workspace(tmp_path / "ws", lines.sample(fraction=1, shuffle=True, seed=2), {"products": random_products()}, partitions=5)
    for by in ("members", "category", "store"):
        assert gain_loss(shuffled, by=by, period="120d").table.equals(gain_loss(other, by=by, period="120d").table)


def test_parts_of_few_members_are_together(shuffled: Workspace) -> None:
    answer = gain_loss(shuffled, by="category", period="120d", settings={"scope": {"minimum_members": 8}})
    assert any("fewer than 8 members" in str(note) for note in answer.notes)


def test_periods(hand: Workspace) -> None:
    year = gain_loss(hand, period="10d", against="year", settings=FEW)
    assert "are not measured: the receipts start on" in year.headline
    assert year.notes[0].verdict == "NOT MEASURED"
    other = gain_loss(hand, period="10d", against="2024-06-01..2024-06-20", settings=FEW)
    assert any(note.verdict == "REVIEW" and "differ in length" in note.text for note in other.notes)
    for against, said in (("2024-06-15..2024-06-25", "must end before"), ("last month", "'year', or a period")):
        with pytest.raises(BadValue, match=said):
            gain_loss(hand, period="10d", against=against, settings=FEW)
