"""Every figure of a text stands in an answer that was given, or is named."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from toolkit import columns as c
from toolkit.agents.told import Told, figures_in
from toolkit.answer import Answer, Finding

TABLE = c.table("segments", c.text("segment"), c.members(), c.share("share"))


@pytest.fixture
def told() -> Told:
    frame = pl.DataFrame({"segment": ["loyal", "new"], "member_count": [2469, 855], "share": [0.3463, 0.1]})
    finding = Finding("Sales are $1,167,921, down 3.1%.", table=frame, chart=None, figures={"sales": 1167921.4}, notes=["n = 72."])
    answer = Answer("portrait.x", "?", finding, "tk.portrait.x(ws)", "the chain", date(2024, 6, 30), "USD", {}, ())
    memory = Told()
    memory.remember(answer, answer.to_dict())
    return memory


@pytest.mark.parametrize(
    "text",
    [
        "2,469 members, 34.6% of all",
        "35% of all",
        "sales of $1.17m",
        "116.8万",
        "down 3.1%",
        "-3.1%",
        "n = 72",
        "as of 2024-06-30",
        "store s42",
    ],
)
def test_a_figure_that_was_told_is_found_at_its_own_precision(told: Told, text: str) -> None:
    assert [one["figure"] for one in told.check(text) if not one["stands_in"]] == []


@pytest.mark.parametrize("text", ["2,470 members", "34.7% of all", "sales of $1.18m", "117.2万", "twice 73"])
def test_a_figure_that_was_not_told_is_named(told: Told, text: str) -> None:
    assert [one for one in told.check(text) if not one["stands_in"]]


def test_numbers_are_read_as_people_write_them() -> None:
    assert [one.value for one in figures_in("¥1,200.50 and 3万, 12 %, −4.5%")] == pytest.approx([1200.5, 30_000, 0.12, -0.045])
