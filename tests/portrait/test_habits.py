"""portrait.habits: the tiny shop's favourites by eye, the busiest hour, and a missing channel."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.portrait.ladder import FEW
from tests.portrait.pictures import axis_titles, spec_of
from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit.portrait import habits
from toolkit.portrait.measures.favourites import HABITS
from toolkit.workspace import Workspace

YEAR = {"period": "182d", "settings": FEW}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    products = {"products": tiny_products()}
    return make_workspace(tmp_path_factory.mktemp("tiny") / "ws", tiny_lines(), products)


def rows_of(answer, habit: str) -> dict[str, dict]:
    return {row["favourite"]: row for row in answer.table.filter(pl.col("habit") == habit).to_dicts()}


def test_only_anna_has_favourites(tiny: Workspace) -> None:
    # Her four orders: two Mondays in January, a Thursday, a Monday in June; twice from 08 to 12; s1 and s2, store and app twice each.
    answer = habits(tiny, **YEAR)
    assert answer.table["habit"].unique(maintain_order=True).to_list() == list(HABITS)
    monday = rows_of(answer, "weekday")["Monday"]
    assert (monday["member_count"], monday["member_share"], monday["n"], monday["favourite_share"]) == (1, 1.0, 1, 0.75)
    assert rows_of(answer, "hour")["08-12"]["favourite_share"] == 0.5
    assert rows_of(answer, "store")["s1"]["member_count"] == 1  # ties go to the id that sorts first
    assert rows_of(answer, "channel")["app"]["member_count"] == 1
    assert rows_of(answer, "channel")["not stated"]["order_count"] == 1
    assert rows_of(answer, "category")["bakery"]["member_count"] == 1
    notes = [str(note) for note in answer.notes]
    assert notes[0] == "NOT MEASURED: Favourites of 4 members of 5: fewer than 3 orders (setting habits.minimum_orders)."


def test_orders_and_sales_of_the_window(tiny: Workspace) -> None:
    answer = habits(tiny, by="weekday", **YEAR)
    assert answer.table["order_count"].sum() == 8  # anna 4, ben 1, dora 1, emil 2; returns alone are no order
    assert answer.table["order_share"].sum() == pytest.approx(1)
    assert answer.table["sales"].sum() == pytest.approx(2 + 3 + 1 + 6 - 3 + 4 + 3 + 120 + 1.5 - 6 + 1.25 + 2 + 4 + 1 - 12)
    assert answer.headline == (
        "Across the chain, Monday is the favourite day of the week of 1 member (100.0% of 1); they give it 75.0% of their orders."
    )


def test_when(tiny: Workspace) -> None:
    answer = habits(tiny, by="when", **YEAR)
    assert answer.table.columns == ["weekday", "hour", "order_count", "order_share", "sales"]
    assert answer.table["order_count"].sum() == 8
    assert answer.headline == "Across the chain, the busiest hour is Saturday from 08 to 09: 25.0% of 8 orders."
    spec = spec_of(answer)
    assert spec["title"]["text"] == "When members order: the chain"
    assert axis_titles(spec) == {"Hour"}


def test_categories_say_who_bought_them(tiny: Workspace) -> None:
    answer = habits(tiny, by="category", **YEAR)
    row = rows_of(answer, "category")["dairy"]
    assert (row["buyer_count"], row["buyer_share"]) == (3, pytest.approx(0.6))  # anna, ben, emil
    assert spec_of(answer)["title"]["text"] == "Favourite category: the chain"


def test_no_channel_column_is_said_by_name(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    with ws.writing():
        ws.commit(line_columns=("discount_amount", "coupon_amount"))
    answer = habits(ws, by="channel", settings=FEW)
    assert answer.headline == "Across the chain, channel habits are not measured: the lines have no `channel` column."
    assert answer.table.is_empty()
    assert answer.chart is None
    assert answer.notes[0].verdict == "NOT MEASURED"
    assert "channel" not in habits(ws, settings=FEW).table["habit"].to_list()


def test_nobody_has_enough_orders(tiny: Workspace) -> None:
    settings = {**FEW, "habits": {"minimum_orders": 50}}
    answer = habits(tiny, by="store", settings=settings, period="182d")
    assert answer.headline == "Across the chain, favourites are not measured: no member has the 50 orders they need."
    assert "favourites are not measured" in habits(tiny, settings=settings).headline


def test_nothing_ordered_in_the_window(tiny: Workspace) -> None:
    answer = habits(tiny, period="2024-02-01..2024-02-10", settings=FEW)
    assert "no member ordered in the period" in answer.headline
    assert habits(tiny, by="when", period="2024-02-01..2024-02-10", settings=FEW).chart is None
    answer.to_json()


def test_a_store_counts_its_own_orders(tiny: Workspace) -> None:
    answer = habits(tiny, store_id="s2", by="store", **YEAR)
    assert rows_of(answer, "store")["s2"]["order_share"] == 1.0
    assert rows_of(answer, "store")["s1"]["order_count"] == 0
    assert rows_of(answer, "store")["s1"]["member_count"] == 1  # anna, who also shops in s2
