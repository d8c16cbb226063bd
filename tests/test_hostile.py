"""Hostile and unlucky input: names that act on a terminal or a page, values nobody meant, folders that cannot be written."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

import toolkit as tk
from benchmarks.fuzz import ODD, hostile_shop, run
from toolkit import rendering
from toolkit.charts import offline
from toolkit.errors import BadValue, ToolkitError, WorkspaceError
from toolkit.language import json_text, script_json
from toolkit.workspace import Workspace

STORE_STARTS = "s1"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return tk.open(str(hostile_shop(tmp_path_factory.mktemp("hostile") / "workspace")))


def test_names_reach_no_terminal_and_no_page_raw(shop: Workspace) -> None:
    ids = shop.codes("store")["id"].to_list()
    assert any(set(name) & set(ODD) for name in ids)
    assert any("<!--<script>" in name for name in ids)
    for question in (tk.portrait.stores, tk.portrait.contribution, tk.portrait.habits):
        answer = question(shop)
        page = rendering.page_html(answer)
        for said in (page, rendering.pages_html([answer]), rendering.text(answer), repr(answer), answer.to_json()):
            assert not set(said) & set(ODD)
            assert "<!--<script" not in page
        for text in re.findall(r"<script type=\"application/json\"[^>]*>(.*?)</script>", page, re.DOTALL):
            assert not set(text) & set("<>&\u2028")
            assert json.loads(text) == json.loads(json.dumps(offline.chart_spec(answer.chart), default=str))
    stores = tk.portrait.stores(shop)
    assert {row["store_id"] for row in json.loads(stores.to_json())["table"]} == set(ids)  # a file says them as they are


def test_json_says_the_same_and_shows_nothing_odd() -> None:
    value = {"a": "<!--<script>\u2028\x9b\u202e\U0001f600茶"}
    for text in (json_text(value), script_json(value)):
        assert json.loads(text) == value
        assert not set(text) & set(ODD)
    assert "<" not in script_json(value)


@pytest.mark.parametrize("day", [date.min, date.max, "0001-01-01", "9999-12-31", "0000-00-00", "2200-01-01", "9" * 5000])
def test_days_beyond_any_calendar(shop: Workspace, day: date | str) -> None:
    with pytest.raises(BadValue) as caught:
        tk.portrait.overview(shop, as_of=day)
    assert len(str(caught.value)) < 200
    with pytest.raises(ToolkitError):
        tk.portrait.overview(shop, period=f"{day}..2024-06-30")


def test_a_later_day_is_answered_for_the_last_one(shop: Workspace) -> None:
    assert "The receipts end on 2024-06-30" in tk.portrait.overview(shop, as_of="2199-12-31").headline


def test_a_folder_whose_name_is_a_pattern_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="would be read as a pattern"):
        Workspace.create(tmp_path / "shop [1]", currency="EUR", minor_digits=2)
    assert not (tmp_path / "shop [1]").exists()
    for odd in ("a\0b", "x" * 5000):
        with pytest.raises(WorkspaceError, match="cannot be read") as caught:
            Workspace(odd)
        assert len(str(caught.value)) < 400


def test_a_call_with_a_long_list_is_shown_short(shop: Workspace) -> None:
    answer = tk.portrait.segments(shop, audience=[f"m{number:02d}" for number in range(40)] + ["x" * 30] * 2000)
    assert len(answer.call) > 60_000  # it can be asked again
    assert len(rendering.text(answer)) < 12_000


def test_hostile_values_give_an_answer_or_a_sentence(shop: Workspace) -> None:
    tally, lost = run(shop.path, count=80, seed=3, seconds=300)
    assert not lost
    assert sum(tried for tried, _ in tally.values()) == 80
