"""portrait.scoreboard: the figures of the other pages, windows that end a week apart, and what the receipts are too short for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.portrait.ladder import FEW
from tests.shop import make_workspace, random_lines, random_products
from toolkit.portrait import figure, scoreboard
from toolkit.portrait.scoreboard import SHOWN, STEPS
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("random") / "ws", random_lines(5, lines=6_000), {"products": random_products()})


def test_every_row_is_what_the_figure_says_of_its_days(shop: Workspace) -> None:
    board = scoreboard(shop, period="28d", settings=FEW).table
    assert board.height == STEPS
    assert board["ends_on"].to_list() == [board["ends_on"][0] - timedelta(days=7 * back) for back in range(STEPS)]
    for row in (board.row(0, named=True), board.row(5, named=True)):
        asked = {"as_of": str(row["ends_on"]), "period": f"{row['starts_on']}..{row['ends_on']}", "settings": FEW}
        assert {name: figure(shop, metric=name, **asked).table[name][0] for name in SHOWN} == pytest.approx(
            {name: row[name] for name in SHOWN}
        )


def test_changes_are_against_a_year_earlier_where_the_receipts_hold_it(shop: Workspace) -> None:
    long = scoreboard(shop, period="28d", settings=FEW)
    if long.table["starts_on"][0] - timedelta(days=364) < shop.first_day:  # type: ignore[operator]
        pytest.fail("the shop of this test holds a year and a month")
    assert "the same days a year earlier" in str(long.notes[0])
    start, end = (long.table[name][0] - timedelta(days=364) for name in ("starts_on", "ends_on"))
    was = figure(shop, metric="member_sales", as_of=str(end), period=f"{start}..{end}", settings=FEW).table["member_sales"][0]
    assert long.figures["member_sales_change"] == pytest.approx(long.table["member_sales"][0] / was - 1)
    rate = figure(shop, metric="repeat_rate", as_of=str(end), period=f"{start}..{end}", settings=FEW).table["repeat_rate"][0]
    assert long.figures["repeat_rate_change"] == pytest.approx(100 * (long.table["repeat_rate"][0] - rate))


def test_short_receipts_are_compared_with_the_days_before_and_say_so(tmp_path: Path) -> None:
    lines = random_lines(5, lines=6_000)
    last = lines["ordered_at"].max()
    ws = make_workspace(tmp_path / "ws", lines.filter(pl.col("ordered_at") > last - timedelta(days=100)), {"products": random_products()})
    short = scoreboard(ws, period="28d", settings=FEW)
    assert "the days just before" in str(short.notes[0])
    assert "hold no year to compare with" in str(short.notes[0])
    assert short.figures.get("first_time_members_change") is None  # everybody away before the receipts start would count
    assert short.table["member_sales"].null_count() == (short.table["starts_on"] < ws.first_day).sum() > 0
    none = scoreboard(ws, period="91d", settings=FEW)
    assert none.figures.get("member_sales_change") is None
    assert "not measured: the receipts start on" in str(none.notes[0])
