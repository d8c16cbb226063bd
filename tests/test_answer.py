"""An answer is what it says: equal, hashed, pickled and sent to another process by its content."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit import portrait, targeting
from toolkit.answer import Answer, Finding, Note
from toolkit.charts import offline
from toolkit.errors import BadValue, DataError
from toolkit.scope.minimum import lower_minimum
from toolkit.workspace import Workspace

FEW = {"scope": {"minimum_members": 1}}


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("shop") / "ws", tiny_lines(), {"products": tiny_products()})


@pytest.fixture(scope="module")
def answer(ws: Workspace) -> Answer:
    return portrait.rfm(ws, settings=FEW)


def test_equal_answers_are_equal_and_one_in_a_set(ws: Workspace, answer: Answer) -> None:
    again = portrait.rfm(ws, settings=FEW)
    assert again is not answer
    assert again == answer
    assert {again, answer} == {answer}
    assert {answer: "known"}[again] == "known"
    for other in (portrait.rfm(ws, settings=FEW, store_id="s1"), portrait.rfm(ws, settings=FEW, show="scores"), "an answer", None):
        assert answer != other


@pytest.mark.parametrize(
    "change",
    [
        lambda found: replace(found, headline="Another."),
        lambda found: replace(found, table=found.table.cut(found.frame.head(3))),
        lambda found: replace(found, table=found.table.cut(found.frame.with_columns(pl.col("member_count").cast(pl.Float64)))),
        lambda found: replace(found, table=found.frame.rename({"sales": "spend"})),
        lambda found: replace(found, notes=[*found.notes, "One more."]),
        lambda found: replace(found, figures={**found.figures, "members": 1.0}),
        lambda found: replace(found, spark=[1.0, 2.0]),
        lambda found: replace(found, ask_next=()),
    ],
)
def test_any_difference_tells_two_apart(answer: Answer, change: Callable[[Finding], Finding]) -> None:
    assert answer != replace(answer, finding=change(answer.finding))


def test_what_is_not_a_number_equals_itself_and_the_kind_of_sequence_does_not_matter() -> None:
    def found(notes: Any) -> Finding:
        return Finding("x", pl.DataFrame({"share": [float("nan"), None, 0.5]}), figures={"share": float("nan")}, notes=notes)

    assert found(["a", Note("b", "FAIL")]) == found(("a", Note("b", "FAIL")))
    assert hash(found(["a"])) == hash(found(("a",)))
    assert found(["a"]) != found(["a", "b"])


@pytest.mark.parametrize("ask", [portrait.rfm, portrait.habits, portrait.overview, portrait.contribution, targeting.cohorts])
def test_a_pickled_answer_says_and_draws_the_same(ws: Workspace, ask: Callable[..., Answer]) -> None:
    answer = ask(ws, settings=FEW)
    sent = pickle.loads(pickle.dumps(answer))
    assert sent == answer
    assert hash(sent) == hash(answer)
    assert sent.to_json() == answer.to_json()
    assert (sent.chart is None) == (answer.chart is None)
    if answer.chart is not None:
        assert offline.mime_bundle(sent.chart) == offline.mime_bundle(answer.chart)
        assert type(sent.chart).__name__ == type(answer.chart).__name__
    assert pickle.loads(pickle.dumps(sent)) == copy.deepcopy(answer) == answer


def test_questions_and_answers_cross_to_another_process(ws: Workspace, answer: Answer) -> None:
    lower_minimum(ws, 1, reason="a shop of five members, typed by hand")  # the other process has the floor of any shop
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:  # a fork would share our memory, and prove nothing
        assert pool.submit(_ask, portrait.rfm, ws.path).result() == answer


def _ask(question: Callable[..., Answer], path: Path) -> Answer:
    return question(path, settings=FEW)


def test_pictures_of_any_class_are_kept() -> None:
    import altair as alt

    bars = alt.Chart(pl.DataFrame({"x": ["a"], "n": [1]})).mark_bar().encode(x="x", y="n")
    for chart in (bars, bars | bars, bars + bars, bars.facet("x")):
        sent = pickle.loads(pickle.dumps(Finding("x", pl.DataFrame(), chart=lambda chart=chart: chart)))
        assert offline.chart_spec(sent.chart())["config"] == offline.chart_spec(chart)["config"]
        kinds = {"hconcat", "facet", "layer", "encoding"}
        assert kinds & set(sent.chart().to_dict()) == kinds & set(chart.to_dict())


def test_what_to_ask_next_can_be_called(ws: Workspace, answer: Answer) -> None:
    assert [repr(one) for one in answer.next] == list(answer.ask_next)
    following = pickle.loads(pickle.dumps(answer)).next[0]()
    assert following.call.startswith(answer.ask_next[0].removesuffix(")"))
    assert following.settings["scope"] == FEW["scope"]
    with pytest.raises(BadValue, match="does not know its workspace"):
        replace(answer, again=None).next[0]()


def test_the_table_as_pandas_has_it(answer: Answer) -> None:
    pandas = pytest.importorskip("pandas")
    frame = answer.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["sales"].tolist() == pytest.approx(answer.table["sales"].to_list())


@pytest.mark.parametrize(
    ("ending", "opening"),
    [("html", b"<!doctype html>"), ("PNG", b"\x89PNG"), ("xlsx", b"PK"), ("csv", "\ufeff".encode()), ("json", b"{")],
)
def test_an_answer_is_saved_as_its_ending_says(answer: Answer, tmp_path: Path, ending: str, opening: bytes) -> None:
    path = answer.save(str(tmp_path / f"answer.{ending}"))
    assert path.read_bytes().startswith(opening)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_what_cannot_be_saved_is_said(answer: Answer, tmp_path: Path) -> None:
    with pytest.raises(BadValue, match=r"\.html, \.png, \.xlsx, \.csv and \.json"):
        answer.save(tmp_path / "answer.docx")
    with pytest.raises(BadValue, match="no chart"):
        replace(answer, finding=replace(answer.finding, chart=None)).save(tmp_path / "answer.png")
    with pytest.raises(DataError, match="cannot be written"):
        answer.save(tmp_path / "nowhere" / "answer.json")
