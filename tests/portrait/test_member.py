"""portrait.member: anna's card by eye, ids as the shop writes them, and members with next to nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.portrait.ladder import lines_of, shop_of
from tests.portrait.pictures import spec_of
from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit.errors import UnknownName
from toolkit.portrait import member
from toolkit.rendering import body_html
from toolkit.workspace import Workspace

IDS = ["0012", "12 ", "张伟", "😀", "o'hara", '"q"', "<script>alert(1)</script>", "007"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("tiny") / "ws", tiny_lines(), {"products": tiny_products()})


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return shop_of(tmp_path_factory.mktemp("odd"), lines_of([(name, 3, "s1", 1, 5.0) for name in IDS]))


def facts(answer) -> dict[str, str]:
    return {row["fact"]: row["value"] for row in answer.table.to_dicts()}


def test_anna_by_eye(tiny: Workspace) -> None:
    answer = member(tiny, member_id="anna")
    card = facts(answer)
    assert answer.table["section"].unique(maintain_order=True).to_list() == ["who", "when", "where", "what for", "what next", "last orders"]
    assert card["first order seen"] == "2024-01-01, 181 days ago"
    assert card["sales, all receipts"] == "€16.00"
    assert card["sales, last 365 days"] == "€16.00: rank 2 of 5"  # ben's fuel
    assert card["favourite weekday"] == "none clear"  # three Mondays of four orders, and nobody to compare with
    assert card["bakery"] == "€6.00"
    assert card["2024-01-12 10:30"] == "-€3.00 at store s1, 1 line, return"
    assert card["comes"] == "not measured"  # two pauses are no rhythm
    assert "last ordered 27 days ago and spent €16.00 in 4 orders" in answer.headline
    assert answer.figures["orders"] == 4
    assert answer.figures["sales"] == 16.0


def test_the_rhythm_and_when_due(ladder: Workspace) -> None:
    card = facts(member(ladder, member_id="m2"))
    assert card["comes"] == "every day (median)"
    assert card["expected by own rhythm"] == "2024-06-01, 29 days overdue"
    assert card["segment"].startswith("champions (R 5, F 4")


def test_returns_only(tiny: Workspace) -> None:
    answer = member(tiny, member_id="cleo")
    assert answer.headline == "Member 'cleo' has 1 receipt with returns alone and no order up to 2024-06-30: nothing more is measured."
    assert facts(answer)["segment"] == "no orders"
    assert facts(answer)["spending power"] == "not measured"
    answer.to_json()
    assert spec_of(answer)


@pytest.mark.parametrize("name", IDS)
def test_ids_as_the_shop_writes_them(odd: Workspace, name: str) -> None:
    answer = member(odd, member_id=name)
    assert facts(answer)["member"] == name
    assert f"Member {name!r}" in answer.headline
    assert "<script>alert" not in body_html(answer)
    spec_of(answer)


def test_leading_zeros_are_another_member(odd: Workspace) -> None:
    with pytest.raises(UnknownName, match="no member '12' has a receipt") as caught:
        member(odd, member_id="12")
    assert "'0012'" in str(caught.value)
    with pytest.raises(UnknownName, match="'007'"):
        member(odd, member_id=7)


def test_unknown_ids(tiny: Workspace) -> None:
    with pytest.raises(UnknownName, match="did you mean 'anna'"):
        member(tiny, member_id="ana")
    with pytest.raises(UnknownName, match="as the shop writes them"):
        member(tiny, member_id="")


def test_one_order(ladder: Workspace, tmp_path: Path) -> None:
    card = facts(member(ladder, member_id="m9"))
    assert card["spending power"] == "not measured"  # not in the last 365 days
    assert card["favourite weekday"] == "not measured"
    assert card["lifecycle stage"] == "not measured, last order 400 days ago"


def test_the_village_card(village: Workspace) -> None:
    answer = member(village, member_id="v005")
    assert facts(answer)["baskets read as"] == "has a pet"
    assert "CAT FOOD" in facts(answer)["buys more often than others"]
    assert "likely to buy in the next 28 days" in answer.headline
    assert spec_of(answer)["title"]["text"] == "Spend by four weeks: member v005"
