"""Every question in every scope: the declared columns and types, and no count of members under the minimum on any surface."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import toolkit as tk
from tests.language.test_every_answer import ways
from tests.shared import small_shop
from toolkit.answer import Answer
from toolkit.columns import AnswerTable
from toolkit.errors import ToolkitError
from toolkit.registry import STEPS, all_questions, find_question
from toolkit.workspace import Workspace

LEAST = 10
FEW = r"[1-9]"
SAID = re.compile(rf"(?<![\d.,/-])({FEW}) members?\b(?! or | and )")
"""A sentence that counts members: '7 members'. What it needs ('10 members') has two digits here."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return tk.open(str(small_shop(tmp_path_factory)))


def scopes(ws: Workspace) -> dict[str, dict[str, Any]]:
    last = ws.last_day
    assert last is not None
    ids = tk.members(ws)["member_id"].to_list()
    return {
        "chain": {},
        "store": {"store_id": ws.codes("store").sort("id")["id"][-1]},
        "week": {"period": "7d"},
        "audience": {"audience": ids[: LEAST + 4]},
        "early": {"as_of": str(last - timedelta(days=240))},
    }


def answers(ws: Workspace, step: str) -> Iterator[tuple[str, dict[str, Any], Answer]]:
    """Each question as it stands in all scopes, and in each of its ways in a week, where groups are smallest."""
    for question in (item for item in all_questions() if item.step == step and item.tables):
        for place, given in enumerate(ways(question, ws)):
            for name, scope in scopes(ws).items():
                if place and name != "week":
                    continue
                try:
                    yield f"{question.name} {name} {given}", given, question(ws, **scope, **given)
                except ToolkitError:
                    continue  # a refusal shows nothing


def counts_drawn(spec: Any) -> Iterator[tuple[str, float]]:
    """The values of a chart whose title says that they count members."""
    text = json.dumps(spec)
    fields = {field for field, title in re.findall(r'"field": "(\w+)"[^{}]*"title": "([^"]*)"', text) if title.lower() in ("members", "n")}
    rows = [row for data in _data(spec) for row in data]
    for field in fields:
        yield from ((field, row[field]) for row in rows if isinstance(row.get(field), int | float))


def _data(spec: Any) -> Iterator[list[dict[str, Any]]]:
    if isinstance(spec, dict):
        values = spec.get("values")
        if isinstance(values, list) and values and isinstance(values[0], dict):
            yield values
        for inner in spec.values():
            yield from _data(inner)
    elif isinstance(spec, list):
        for inner in spec:
            yield from _data(inner)


@pytest.mark.parametrize("step", STEPS)
def test_columns_and_minimum(shop: Workspace, step: str) -> None:
    wrong: list[str] = []
    seen: dict[str, pl.Schema] = {}
    for call, given, answer in answers(shop, step):
        shown = answer.finding.table
        assert isinstance(shown, AnswerTable), call
        if shown.frame.schema != shown.declared.schema:
            wrong.append(f"{call}: the table is not as declared")
        key = f"{answer.name} {given} {shown.declared.rows}"
        own = next(table for table in find_question(answer.name).tables if table.rows == shown.declared.rows)
        if len(own.columns) == len(shown.declared.columns) and seen.setdefault(key, shown.frame.schema) != shown.frame.schema:
            wrong.append(f"{call}: other columns than in another scope")
        counts = [column.name for column in shown.declared.columns if column.counts_members]
        wrong += [f"{call}: {name} counts too few" for name in counts if shown.frame[name].is_between(1, LEAST - 1).any()]
        wrong += [f"{call}: figure {name} is not declared" for name in answer.figures
                  if name not in find_question(answer.name).figures and not name.startswith("share_of_")]  # fmt: skip
        texts = [answer.headline, *(note.text for note in answer.notes)]
        wrong += [f"{call}: '{text}'" for text in texts if SAID.search(text)]
        wrong += [f"{call}: figure {name}" for name, value in answer.figures.items()
                  if (known := find_question(answer.name).figures.get(name)) and known.counts_members and 0 < value < LEAST]  # fmt: skip
        if answer.chart is not None:
            wrong += [
                f"{call}: chart shows {field} = {value}" for field, value in counts_drawn(answer.chart.to_dict()) if 0 < value < LEAST
            ]
    assert not wrong, "\n".join(dict.fromkeys(wrong))


def test_every_question_declares_its_tables(tmp_path: Path) -> None:
    assert [question.name for question in all_questions() if not question.tables] == []
