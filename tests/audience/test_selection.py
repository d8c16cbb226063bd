"""`audience=`: members in whatever a person has them in, and one sentence for anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

import toolkit as tk
from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit import portrait
from toolkit.audience import Audience, as_audience, read_selection, save_audience
from toolkit.errors import BadValue, ToolkitError
from toolkit.registry import all_questions
from toolkit.workspace import Workspace

FEW = {"scope": {"minimum_members": 1}}
TWO = ["anna", "emil"]


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    ws = make_workspace(tmp_path_factory.mktemp("shop") / "ws", tiny_lines(), {"products": tiny_products()})
    save_audience(ws, Audience("two", member_ids=tuple(TWO)))
    return ws


class Arrow:
    """A table or column of some other library: nothing but the stream of Arrow."""

    def __init__(self, given: Any) -> None:
        self.given = given

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.given.__arrow_c_stream__(requested_schema)


RECEIPTS = pl.DataFrame({"sales": [1, 2, 3, 4], "member_id": ["anna", "emil", "anna", None]})


def _pandas(frame: pl.DataFrame, kind: str) -> Any:
    pandas = pytest.importorskip("pandas")
    return getattr(pandas, kind)(frame.to_dict(as_series=False) if kind == "DataFrame" else frame["member_id"].to_list())


@pytest.mark.parametrize(
    "given",
    [
        lambda: TWO,
        lambda: tuple(TWO),
        lambda: set(TWO),
        lambda: iter(TWO),
        lambda: np.array(TWO),
        lambda: RECEIPTS,
        RECEIPTS.lazy,
        lambda: RECEIPTS["member_id"],
        lambda: RECEIPTS["member_id"].cast(pl.Categorical),
        lambda: Arrow(RECEIPTS),
        lambda: Arrow(RECEIPTS["member_id"]),
        lambda: _pandas(RECEIPTS, "DataFrame"),
        lambda: _pandas(RECEIPTS, "Series"),
        lambda: "two",
        lambda: "order_count > 1",
        lambda: Audience("x", member_ids=tuple(TWO)),
    ],
)
def test_members_are_taken_from_what_a_person_has(ws: Workspace, given: Callable[[], Any]) -> None:
    answer = portrait.overview(ws, audience=given(), settings=FEW)
    assert answer.figures["member_count"] == 2
    assert tk.portrait.traits(ws, audience=given())["member_id"].to_list() == TWO
    assert sorted(tk.load_audience(ws, "two").members(tk.audience.view_of(ws))) == TWO
    repeated = eval(answer.call, {"tk": tk, "ws": ws})
    assert repeated.table.equals(answer.table), "the call that an answer shows can be made again"


def test_whole_numbers_are_ids_as_the_shop_writes_them() -> None:
    for given in ([1024, 7], pl.Series([1024, 7, None]), pl.DataFrame({"member_id": [1024, 7, 7]}), np.array([1024, 7])):
        assert read_selection(given) == ["1024", "7"]
    assert read_selection([]) == read_selection(pl.DataFrame({"member_id": [None, None]})) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (RECEIPTS.rename({"member_id": "member"}), "a table of sales, member without `member_id`"),
        (Arrow(RECEIPTS.drop("member_id")), "a table of sales without `member_id`"),
        (pl.DataFrame(), "a table of no columns without `member_id`"),
        (7, "audience is int, but a saved audience's name"),
        (3.5, "audience is float"),
        ({"member_id": TWO}, "audience is dict"),
        (b"anna", "audience is bytes"),
        (object(), "audience is object"),
        ([1.0, 2.0], r"has 1\.0 \(float\) among its member ids"),
        (pl.Series([True, False]), r"has True \(bool\) among its member ids"),
        ([["anna"]], r"has \['anna'\] \(list\)"),
    ],
)
def test_anything_else_is_one_sentence(ws: Workspace, given: Any, said: str) -> None:
    for ask in (portrait.overview, tk.portrait.traits, tk.propose_plan):
        with pytest.raises(BadValue, match=said) as caught:
            ask(ws, audience=given)
        assert str(caught.value).endswith(".")
        assert "\n" not in str(caught.value)
    with pytest.raises(BadValue, match=said):
        as_audience(ws, given)


def test_nobody_is_answered_in_words_by_every_question(ws: Workspace) -> None:
    for question in all_questions():
        for nobody in ([], pl.DataFrame({"member_id": ["zoe"]}), "member_id IS NULL"):
            own = {name: 1 for name, parameter in question.parameters.items() if parameter.default is parameter.empty}
            try:
                said = question(ws, audience=nobody, settings=FEW, **own).headline
            except ToolkitError as error:
                said = str(error)
            assert said.strip().endswith((".", ")")), (question.name, said)
