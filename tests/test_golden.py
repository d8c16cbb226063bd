"""Goldens: what benchmarks/golden.py tells of two folders of answers."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "golden.py"
ANSWER = {
    "headline": "12 members.",
    "columns": [{"name": "member_count"}, {"name": "sales"}],
    "table": [{"member_count": 12, "sales": 0.1}, {"member_count": 13, "sales": 0.2}],
    "chart": {"title": "Sales"},
}


@pytest.fixture(scope="module")
def golden() -> Any:
    spec = importlib.util.spec_from_file_location("golden", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def compared(
    golden: Any, tmp_path: Path, after: dict[str, Any], capsys: pytest.CaptureFixture[str], chosen: str = "*/*"
) -> tuple[int, str]:
    for name, answer in (("before", ANSWER), ("after", after)):
        file = tmp_path / name / "shop" / "portrait.rfm" / "chain.en.json"
        file.parent.mkdir(parents=True)
        file.write_text(golden.as_text(answer), "utf-8")
    code = golden.told(tmp_path / "before", tmp_path / "after", [chosen])
    return code, capsys.readouterr().out


def test_the_same_answers_do_not_differ(golden: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compared(golden, tmp_path, ANSWER, capsys) == (0, "0 of 1 answers differ.\n")


def test_a_changed_value_is_found(golden: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [ANSWER["table"][0], {"member_count": 13.0, "sales": 0.2 + 2**-55}]
    code, text = compared(golden, tmp_path, {**ANSWER, "table": rows}, capsys)
    assert code == 1
    assert "table[1].member_count: 13 -> 13.0" in text
    assert "table[1].sales: 0.2 -> 0.20000000000000004" in text


def test_a_missing_column_is_found(golden: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    after = {**ANSWER, "columns": [{"name": "sales"}], "table": [{"sales": 0.1}, {"sales": 0.2}]}
    code, text = compared(golden, tmp_path, after, capsys)
    assert code == 1
    assert "columns: 2 rows -> 1 rows" in text
    assert "table[0].member_count: 12 -> (missing) (and 1 more rows)" in text


def test_another_order_of_columns_is_found(golden: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    after = {**ANSWER, "table": [dict(reversed(row.items())) for row in ANSWER["table"]]}
    code, text = compared(golden, tmp_path, after, capsys)
    assert code == 1
    assert "table[0]: order member_count, sales -> sales, member_count" in text


def test_a_changed_chart_title_is_found(golden: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = compared(golden, tmp_path, {**ANSWER, "chart": {"title": "Orders"}}, capsys)
    assert code == 1
    assert 'chart.title: "Sales" -> "Orders"' in text


def test_an_answer_that_is_not_there_is_found_only_where_it_was_chosen(
    golden: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compared(golden, tmp_path, ANSWER, capsys)
    (tmp_path / "after" / "shop" / "portrait.rfm" / "chain.en.json").unlink()
    assert golden.told(tmp_path / "before", tmp_path / "after", ["shop/portrait.rfm/*"]) == 1
    assert "only before" in capsys.readouterr().out
    (tmp_path / "after" / "shop" / "portrait.rfm" / "chain.en.json").write_text(json.dumps(ANSWER), "utf-8")
    assert golden.told(tmp_path / "before", tmp_path / "after", ["shop/targeting.*"]) == 1  # nothing was compared: no pass


def test_names_that_altair_counts_are_numbered_by_their_place(golden: Any) -> None:
    first = {"params": [{"name": "param_7"}], "filter": "param_7.x && param_12", "data": {"name": "data-" + "0f" * 16}}
    second = {"params": [{"name": "param_1"}], "filter": "param_1.x && param_2", "data": {"name": "data-" + "ab" * 16}}
    assert golden.counted_anew(first) == golden.counted_anew(second)
    assert golden.counted_anew({"a": "param_1", "b": "param_2"}) != golden.counted_anew({"a": "param_1", "b": "param_1"})
