"""The registry: names, parameters, scopes and plain words, on a shop of five members."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl
import pytest

from tests.shop import AS_OF, make_workspace, tiny_lines, tiny_products
from toolkit import columns as c
from toolkit import questions_page, registry, rendering
from toolkit.answer import Finding
from toolkit.columns import AnswerTable
from toolkit.conversation import ask
from toolkit.conversation.phrases import phrasebook
from toolkit.conversation.phrases import terms_of as terms_of_words
from toolkit.errors import BadValue, DataError, TooFewMembers, UnknownName
from toolkit.scope.view import View
from toolkit.workspace import Workspace

FEW = {"scope": {"minimum_members": 1}}


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    stores = pl.DataFrame({"store_id": ["s1", "s2", "s9"], "name": ["One", "Two", "Nine"], "region": ["north", "south", None]})
    members = pl.DataFrame({"member_id": ["anna", "ben", "zoe"], "tier": ["gold", "<script>alert(1)</script>", "gold"]})
    path: Path = tmp_path_factory.mktemp("shop") / "ws"
    return make_workspace(path, tiny_lines(), {"products": tiny_products(), "stores": stores, "members": members})


@pytest.fixture
def heads(monkeypatch: pytest.MonkeyPatch) -> registry.Question:
    """A question of the review step that counts members, alone in the registry."""
    registry.all_questions()  # a step that is first imported meanwhile would register in the wrong place
    monkeypatch.setattr(registry, "_registry", {})
    monkeypatch.setattr(registry, "_load_steps", lambda: None)

    @registry.question("review", "How many members are there?", words=("count the heads",))
    def heads(view: View, *, by: Literal["tier", "store"] = "tier", least: int = 0) -> Finding:
        """Count members."""
        frame = view.members.select("member_id", "amount").with_columns(view.major("amount"))
        return Finding(
            f"{view.place} has {frame.height} members.",
            frame,
            notes=["A note."],
            ask_next=[("review.heads", {"by": "store"})],
            figures={"members": frame.height, "bad": float("nan")},
        )

    return heads


def test_an_answer_knows_how_it_was_made(ws: Workspace, heads: registry.Question) -> None:
    answer = heads(ws, store_id="s2", as_of="2024-06-30", least="3", settings=FEW)
    assert answer.headline == "store s2 has 3 members."
    assert answer.call == ("tk.review.heads(ws, store_id='s2', as_of='2024-06-30', settings={'scope': {'minimum_members': 1}}, least=3)")
    assert answer.ask_next == ("tk.review.heads(ws, store_id='s2', as_of='2024-06-30', by='store')",)
    assert answer.as_of == AS_OF
    assert answer.settings["scope"] == {"minimum_members": 1}
    told = json.loads(answer.to_json())
    assert told["figures"] == {"members": 3, "bad": None}
    assert [row["member_id"] for row in told["table"]] == ["anna", "ben", "emil"]
    assert told["question"] == "How many members are there?"


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"stroe_id": "s1"}, UnknownName, "did you mean 'store_id'"),
        ({"store_id": "s3"}, UnknownName, "has no store 's3'"),
        ({"region": "nord"}, UnknownName, "did you mean 'north'"),
        ({"region": "north", "store_id": "s1"}, BadValue, "not both"),
        ({"as_of": "30.06.2024"}, BadValue, "YYYY-MM-DD"),
        ({"as_of": "2023-12-31"}, DataError, "start on 2024-01-01"),
        ({"period": "a month"}, BadValue, "91d"),
        ({"period": "2024-02-01..2024-01-01"}, BadValue, "first day is after its last"),
        ({"period": "2024-06-01..2024-07-05"}, BadValue, "nothing after as_of"),
        ({"audience": "amuont > 3"}, UnknownName, "did you mean 'amount'"),
        ({"audience": "amount + 3"}, BadValue, "a condition"),
        ({"audience": "amount > 'x'"}, BadValue, "cannot be applied"),
        ({"audience": "amount >"}, BadValue, "not a WHERE expression"),
        ({"by": "weight"}, BadValue, "by is 'weight'"),
        ({"least": "many"}, BadValue, "least is 'many'"),
        ({"settings": {"scope": {"minimum_member": 3}}}, BadValue, "did you mean 'minimum_members'"),
        ({}, TooFewMembers, "fewer than the 10"),
        ({"store_id": "s9", "settings": FEW}, TooFewMembers, "0 members"),
    ],
)
def test_wrong_input_is_answered_in_words(ws: Workspace, heads: registry.Question, given: dict, error: type[Exception], said: str) -> None:
    with pytest.raises(error) as caught:
        heads(ws, **given)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("scope", "members"),
    [
        ({}, ["anna", "ben", "cleo", "dora", "emil"]),
        ({"store_id": "s1"}, ["anna", "dora", "emil"]),  # cleo only brought something back
        ({"region": "south"}, ["anna", "ben", "emil"]),
        ({"audience": "tier = 'gold'"}, ["anna"]),
        ({"audience": ["emil", "nobody"]}, ["emil"]),
        ({"audience": "order_count > 1", "store_id": "s2"}, ["anna", "emil"]),
        ({"as_of": date(2024, 3, 1)}, ["anna"]),
    ],
)
def test_scopes_narrow_the_members(ws: Workspace, heads: registry.Question, scope: dict, members: list[str]) -> None:
    assert heads(ws, settings=FEW, **scope).table["member_id"].to_list() == members


def test_plain_words_find_the_question_and_its_scope(ws: Workspace, heads: registry.Question) -> None:
    reply = ask(ws, "count the heads of store s2", settings=FEW)
    assert reply.call.startswith("tk.review.heads(ws, store_id='s2'")
    assert reply.understood.chips[1].parameter == "store_id"
    rain = ask(ws, "will it rain in Vienna tomorrow?", settings=FEW)
    assert rain.understood.kind == "refuse"
    with pytest.raises(UnknownName, match="weather"):
        _ = rain.answer


def test_a_name_that_is_none_is_guessed(heads: registry.Question) -> None:
    assert registry.find_question("heads") is heads
    with pytest.raises(UnknownName, match=r"did you mean 'review\.heads'"):
        registry.find_question("review.haeds")


def test_surfaces_show_the_same_and_escape_what_came_from_data(ws: Workspace, heads: registry.Question) -> None:
    shares = c.table("one row per segment", c.text("segment"), c.share("sales_share"))
    table = AnswerTable(pl.DataFrame({"segment": ["<b>x</b>"], "sales_share": [0.5]}), shares)
    finding = Finding("<script>alert(1)</script> 客户 🙂", table, notes=["a & b"])
    object.__setattr__(heads, "function", lambda view: finding)
    answer = heads(ws, settings=FEW)
    page, shell = rendering.page_html(answer), rendering.text(answer)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 客户 🙂" in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "50.0%" in page
    assert "50.0%" in shell
    assert "<b>x</b>" in shell
    assert "http://" not in re.sub("http://(www.w3|schemas.openxmlformats).org", "", page)


def test_the_page_of_the_questions_is_up_to_date() -> None:
    page = (Path(__file__).parent.parent / "docs" / "questions.md").read_text("utf-8")
    assert page == questions_page.questions_markdown() + "\n", "run: toolkit questions --markdown > docs/questions.md"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("who is about to leave us?", "targeting.slipping"),
        ("what goes well with coffee", "targeting.attach"),
        ("哪些商品经常一起买", "targeting.bought_together"),
        ("谁该复购了", "targeting.due_again"),
        ("小众口味的会员", "targeting.niches"),
        ("most loyal members", "targeting.loyalty"),
        ("should we give coupons", "differentiation.coupon"),
        ("满减怎么设", "differentiation.full_reduction"),
        ("对照组要多大", "differentiation.holdout"),
        ("给每个会员推荐什么", "differentiation.next_best"),
        ("which promotion is best", "differentiation.offers"),
        ("how should I split the budget over segments", "differentiation.allocate"),
        ("did the campaign work", "review.verdict"),
        ("活动值不值", "review.money"),
        ("can I trust these results", "review.checks"),
        ("what did we learn", "review.lessons"),
        ("are we behind target", "review.sales_targets"),
        ("did customers get used to discounts", "review.habits_after"),
        ("who are our best customers", "portrait.rfm"),
    ],
)
def test_plain_words_of_every_step(text: str, name: str) -> None:
    book = phrasebook()
    near = book.ranked(terms_of_words(text, book.vocabulary), text=text)[0]
    assert near.question == name
    assert near.score >= 0.5


def test_help_shows_the_parameters(heads: registry.Question) -> None:
    import inspect

    assert list(inspect.signature(heads).parameters)[:3] == ["workspace", "store_id", "region"]
    assert list(inspect.signature(heads).parameters)[-2:] == ["by", "least"]
    assert heads.__doc__ == "Count members."
