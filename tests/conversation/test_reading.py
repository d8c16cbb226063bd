"""How a sentence is read: names, times, numbers; what is asked back, pointed to, refused; properties that hold for any text."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conversation.shop import conversation_shop
from toolkit.audience import load_audience
from toolkit.conversation import Call, Dialogue, Refuse, ask, confirm, interpret
from toolkit.conversation.grammar import islands
from toolkit.conversation.lexicon import lexicon_of
from toolkit.conversation.phrases import literals
from toolkit.conversation.reader import LEAST_COVERAGE
from toolkit.conversation.vocabulary import data
from toolkit.errors import BadValue, UnknownName
from toolkit.language import speaking
from toolkit.registry import all_questions
from toolkit.workspace import Workspace

DAY = date(2024, 6, 30)
WORDS = sorted({word.strip() for words in data("concepts")["concepts"].values() for word in words.split(",")})
OTHERS = [
    "purple",
    "elephant",
    "walrus",
    "zq",
    "17",
    "store",
    "MILK",
    "Harbour",
    "last month",
    "啤酒",
    "天空",
    "champions",
    "not",
    "5%",
    "谁",
]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("last month", "2024-05-01..2024-05-31"),
        ("上个月", "2024-05-01..2024-05-31"),
        ("last quarter", "2024-01-01..2024-03-31"),
        ("last year", "2023-01-01..2023-12-31"),
        ("the last 13 weeks", "91d"),
        ("最近30天", "30d"),
        ("march", "2024-03-01..2024-03-31"),
        ("november", "2023-11-01..2023-11-30"),
        ("三月份", "2024-03-01..2024-03-31"),
        ("q3", "2023-07-01..2023-09-30"),
        ("第二季度", "2024-04-01..2024-06-30"),
        ("2023-11", "2023-11-01..2023-11-30"),
        ("2023年11月", "2023-11-01..2023-11-30"),
        ("去年双十一", "2023-11-11..2023-11-11"),
        ("from march to may", "2024-03-01..2024-05-31"),
        ("since march", "2024-03-01..2024-06-30"),
        ("this year", "2024-01-01..2024-06-30"),
        ("black friday", "2023-11-24..2023-11-24"),
        ("去年国庆", "2023-10-01..2023-10-07"),
        ("second half of 2023", "2023-07-01..2023-12-31"),
        ("5 march 2024", "2024-03-05..2024-03-05"),
        ("on 24 november", "2023-11-24..2023-11-24"),
        ("november 1 to 15", "2023-11-01..2023-11-15"),
        ("11月1日到15日", "2023-11-01..2023-11-15"),
        ("十二月二十四号", "2023-12-24..2023-12-24"),
        ("十一期间", "2023-10-01..2023-10-07"),
        ("since the first of march", "2024-03-01..2024-06-30"),
        ("since the end of march", "2024-03-31..2024-06-30"),
        ("从三月初到现在", "2024-03-01..2024-06-30"),
        ("from the start of april to the end of may", "2024-04-01..2024-05-31"),
        ("compared with the end of april", "2024-04-30..2024-06-30"),
        ("may to june", "2024-05-01..2024-06-30"),
        ("last weekend", "2024-06-22..2024-06-23"),
        ("上周末", "2024-06-22..2024-06-23"),
    ],
)
def test_times_are_counted_from_the_day_that_is_seen(text: str, days: str) -> None:
    assert [island.value.text(DAY) for island in islands(text, DAY)] == [days]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("10 off 50", "spend_save", (50, 10)),
        ("spend 50 save 10", "spend_save", (50, 10)),
        ("满300减50", "spend_save", (300, 50)),
        ("打八五折", "percent_off", 0.15),
        ("15% off", "percent_off", 0.15),
        ("10元优惠券", "coupon", (10,)),
        ("coupon of 5 from 30", "coupon", (5, 30)),
        ("预算5000元", "budget", 5000),
        ("a budget of 5,000", "budget", 5000),
        ("1万块预算", "budget", 10000),
        ("at least 3 times", "times_least", 3),
        ("on three or more days", "times_least", 3),
        ("满1000元", "least", 1000),
        ("满50可用的10元券", "coupon", (10, 50)),
        ("打88折", "percent_off", 0.12),
        ("save 5 for every 40 spent", "spend_save", (40, 5)),
        ("with 10% held out", "share", 0.1),
        ("至少买过3次", "times_least", 3),
        ("over 500", "over", 500),
        ("超过500元", "over", 500),
        ("top 10", "top", 10),
        ("not bought for 60 days", "away", 60),
        ("三个月没来", "away", 90),
        ("haven't shopped since april", "away", 91),
        ("4月以来没来过", "away", 91),
        ("a $3 coupon off purchases of $25 or more", "coupon", (3, 25)),
        ("5 dollar voucher when they spend 40", "coupon", (5, 40)),
        ("every other week", "every_weeks", 2),
        ("两周一次", "every_weeks", 2),
        ("first 6 months", "first_units", (6, "months")),
        ("over 6 weeks", "lasting", 42),
    ],
)
def test_numbers_have_the_role_that_stands_around_them(text: str, kind: str, value: object) -> None:
    first = islands(text, DAY)[0]
    assert (first.kind, first.value) == (kind, value)


def test_an_id_is_a_store_only_where_it_is_called_one_or_can_be_nothing_else(shop: Workspace) -> None:
    assert interpret(shop, "how is store 12 doing").calls == (Call.of("portrait.overview", {"store_id": "12"}),)
    bare = interpret(shop, "how is 12 doing")  # a store and a campaign
    assert bare.kind == "clarify"
    assert {call.name for call in bare.calls} == {"portrait.overview", "review.verdict"}
    assert interpret(shop, "how is 367 doing").calls == (Call.of("portrait.overview", {"store_id": "367"}),)
    assert interpret(shop, "4067店怎么样").kind == "refuse"
    refused = interpret(shop, "how is store 376 doing")
    assert refused.kind == "refuse"
    assert "367" in refused.said


def test_names_that_sound_alike_are_asked_about(shop: Workspace) -> None:
    found = interpret(shop, "how is harbor doing")
    assert found.kind == "clarify"
    assert {call.parameters.get("store_id") for call in found.calls} == {"367", "12"}


def test_a_product_called_last_month_is_meant_where_it_stands_in_quotes(shop: Workspace) -> None:
    assert interpret(shop, "who bought 'last month'").calls[0].parameters == {"goods": "p11"}
    assert interpret(shop, "who bought milk last month").calls[0].parameters == {"goods": "MILK", "period": "2024-05-01..2024-05-31"}


def test_words_of_the_shop_are_known(shop: Workspace) -> None:
    assert interpret(shop, "what goes with pop").calls[0].parameters == {"goods": "SOFT DRINKS"}
    assert interpret(shop, "footfall by month").calls[0].parameters == {"metric": "orders", "by": "month"}
    both = interpret(shop, "who buys pet food")
    assert both.kind == "clarify"
    assert {call.parameters["goods"] for call in both.calls} == {"DOG FOOD", "CAT FOOD"}


@pytest.mark.parametrize(
    ("text", "kind", "asked"),
    [
        ("which products make new members stay", "answer", "targeting.entry_goods"),  # not how many stay
        ("how many of the members who joined in march are still here", "answer", "targeting.cohorts"),  # not how many joined
        ("what will members spend next quarter", "answer", "portrait.lifetime_value"),  # a forecast, and no time without receipts
        ("sales next month", "refuse", ""),
        ("members over 60", "refuse", ""),  # an age, and no amount
        ("60岁以上的会员", "refuse", ""),  # an age, and no member's number
        ("sales in region Nowhere", "nearest", ""),  # a name that is not known is not passed over
        ("who buys cheese but never unicorns", "nearest", ""),
        ("sales in 2019", "refuse", ""),  # the receipts begin later
        ("sales forecast for may", "refuse", ""),  # of the shop nothing is foretold
        ("what will sales be next christmas", "refuse", ""),
        ("how tall is member 10042", "nearest", ""),  # nothing but the name is known
        ("which members have a card from Zorblax", "nearest", ""),  # a name nobody knows, by its capital
        ("which members use iphones", "refuse", ""),  # no slip of `phone`
        ("how many of our members are lapsing", "answer", "portrait.figure"),
        ("new vs lapsed members, headcount", "answer", "portrait.lifecycle"),  # stages side by side ask for all of them
        ("why is store 367 down", "answer", "portrait.why"),
        ("split members by segment then by store", "answer", "targeting.drill"),  # the question that uses every word
        ("was the effect significant", "clarify", "review.checks"),  # of which campaign
        ("cancel the order of member 10042", "refuse", ""),
        ("the five worst stores", "answer", "portrait.stores"),
        ("sales today", "answer", "portrait.figure"),
        ("what should we do next", "answer", "review.agenda"),
    ],
)
def test_a_word_that_carries_the_sense_is_not_passed_over(shop: Workspace, text: str, kind: str, asked: str) -> None:
    found = interpret(shop, text)
    assert found.kind == kind
    assert not asked or {call.name for call in found.calls} == {asked}


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("a $5 coupon if the basket is over $30, what does it cost", ("differentiation.coupon", {"value": 5, "minimum": 30})),
        ("how have the stages changed compared with the end of april", ("portrait.lifecycle", {"since": "2024-04-30"})),
        ("retention by joining month, first 6 months only", ("targeting.cohorts", {"most_months": 6})),
        ("会员日放在周三行不行，两周一次", ("differentiation.member_day", {"weekday": "wed", "every_weeks": 2})),
        ("啤酒卖得好不好", ("portrait.figure", {"by": "category"})),
        ("到期回购提醒值不值得做", ("differentiation.service", {})),
        ("expected spend of each segment over the next year", ("portrait.lifetime_value", {"by": "segment"})),
        ("how much did store 367 sell in may", ("portrait.figure", {"store_id": "367", "period": "2024-05-01..2024-05-31"})),
        (
            "sales this june against last june",
            ("portrait.figure", {"period": "2024-06-01..2024-06-30", "against": "2023-06-01..2023-06-30"}),
        ),
        ("frist time buyers per month", ("portrait.figure", {"metric": "first_time_members", "by": "month"})),
        ("who hasn't shopped since april", ("portrait.overview", {"audience": "recency_days >= 91"})),
    ],
)
def test_what_is_said_in_other_words_keeps_its_parameters(shop: Workspace, text: str, call: tuple[str, dict[str, object]]) -> None:
    found = interpret(shop, text)
    assert (found.kind, [(one.name, dict(one.parameters)) for one in found.calls]) == ("answer", [call])


def test_a_moment_is_no_time_of_a_figure_and_a_service_no_list_of_members(shop: Workspace) -> None:
    assert interpret(shop, "who buys cheese and durians").kind != "answer"
    for text in ("repeat rate compared with the end of april", "sales in the first 2 weeks of the campaign", "who hasn't shopped lately"):
        assert interpret(shop, text).kind != "answer", text
    assert "I read “frist” as “first”." in interpret(shop, "frist time buyers per month").said


def test_a_length_is_no_number_of_orders(shop: Workspace) -> None:
    assert interpret(shop, "how many members must be held out for 28 days").calls[0].parameters == {"days": 28}


def test_what_was_not_used_is_said(shop: Workspace) -> None:
    found = interpret(shop, "who buys cheap cheese")
    assert found.unused == ("cheap",)
    assert found.calls[0] == Call.of("targeting.buyers", {"goods": "CHEESE"})
    assert "“cheap”" in found.said
    assert "wich" not in interpret(shop, "who is slping away").said
    assert interpret(shop, "segmnts").said.endswith("I read “segmnts” as “segment”.")


@pytest.mark.parametrize(
    "text", ["select * from members", "'; drop table members; --", "import os; os.system('x')", "<script>alert(1)</script>", "{{ 7*7 }}"]
)
def test_code_is_not_run_and_not_answered(shop: Workspace, text: str) -> None:
    assert interpret(shop, text).kind == "refuse"


@pytest.mark.parametrize("text", ["", "   ", "?!", "'", "\x00", "🙂🙂", "مرحبا", "store", "and", "呢", "(" * 50, "5%", "'\"'\"'"])
def test_odd_texts_are_not_answered_with_something_else(shop: Workspace, text: str) -> None:
    found = interpret(shop, text)
    assert found.kind != "answer" or (text, found.calls[0].name) == ("store", "portrait.stores")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([*WORDS, *OTHERS]) | st.text(max_size=8), min_size=1, max_size=9))
def test_word_soup_is_never_answered_under_the_least_coverage(shop: Workspace, words: list[str]) -> None:
    found = interpret(shop, " ".join(words))
    assert found.kind in ("answer", "clarify", "nearest", "refuse")
    if found.kind == "answer":
        assert found.coverage >= LEAST_COVERAGE
        assert 1 <= len(found.calls) <= 2
    if found.kind == "clarify":
        assert 2 <= len(found.calls) <= 4
    if found.kind == "nearest":
        assert len(found.calls) <= 3


def _every_call() -> list[Call]:
    scope = {"store_id": "367", "period": "2024-01-01..2024-03-31", "audience": "segment = 'champions' AND amount > 500"}
    own = [Call.of(item.name, {name: value}) for item in all_questions() for name, values in literals(item).items() for value in values]
    others = [
        Call.of("targeting.buyers", {"goods": ["MILK", "CHEESE"], "without": "WINE", "least_days": 3}),
        Call.of("differentiation.full_reduction", {"thresholds": 50, "reductions": 10}),
        Call.of("differentiation.discount", {"depth": 0.15, "category": "CHEESE"}),
        Call.of("portrait.member", {"member_id": "10042"}),
        Call.of("targeting.path_members", {"first": "COFFEE", "stopped": True}),
    ]
    return [*(Call.of(item.name, given) for item in all_questions() for given in ({}, scope)), *own, *others]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_question_said_in_words_reads_back_to_its_own_call(shop: Workspace, language: str) -> None:
    with speaking(language):
        wrong = [call.words for call in _every_call() if interpret(shop, call.words).calls != (call,)]
    assert not wrong


def test_a_dialogue_goes_through_an_address_and_odd_addresses_are_empty_ones(shop: Workspace) -> None:
    first = interpret(shop, "how is store 367 doing")
    again = Dialogue.unpacked(first.dialogue.packed())
    assert again == first.dialogue
    assert interpret(shop, "and 406?", again).calls == (Call.of("portrait.overview", {"store_id": "406"}),)
    assert Dialogue.unpacked("no dialogue").last is None
    assert interpret(shop, "and 406?").kind != "answer"


def test_members_are_saved_only_once_a_person_has_confirmed(tmp_path: Path) -> None:
    shop = conversation_shop(tmp_path / "ws")
    shown = interpret(shop, "how are the gold members doing")
    asked = interpret(shop, "save them as my gold ones", shown.dialogue)
    assert isinstance(asked, Refuse)
    assert asked.step is not None
    assert not shop.documents("audiences")
    confirm(shop, asked.step)
    assert load_audience(shop, "my gold ones").where == "tier = 'gold'"
    assert interpret(shop, "how are my gold ones doing").calls[0].parameters == {"audience": "my gold ones"}
    deleted = interpret(shop, "delete all members")
    assert deleted.step is not None
    with pytest.raises(BadValue):
        confirm(shop, deleted.step)


def test_a_reply_without_an_answer_says_why(shop: Workspace) -> None:
    reply = ask(shop, "what is the weather")
    assert reply.answers == ()
    with pytest.raises(UnknownName, match="weather"):
        _ = reply.answer
    assert len(ask(shop, "who buys pet food").choices) == 2


def test_a_reading_is_quick_with_many_products_and_with_long_texts(tmp_path: Path) -> None:
    shop = conversation_shop(tmp_path / "ws", products=100_000)
    assert len(lexicon_of(shop).exact.known) > 100_000
    for text in ("what goes with Article 99999 of line 345", "which members carry the sales in the Harbour last month", "啤酒和什么一起买"):
        interpret(shop, text)
        start = time.process_time()
        assert interpret(shop, text).kind == "answer"
        assert time.process_time() - start < 0.05, text
    start = time.process_time()
    assert interpret(shop, "purple elephants dance " * 435).kind == "nearest"  # 10,000 characters
    assert time.process_time() - start < 0.2


def test_a_shop_without_tables_is_read_too(tmp_path: Path) -> None:
    from tests.shop import make_workspace, tiny_lines

    ws = make_workspace(tmp_path / "ws", tiny_lines())
    assert interpret(ws, "which members carry the sales in store s2").calls[0].parameters == {"store_id": "s2"}
    assert interpret(ws, "who bought cheese").kind in ("nearest", "clarify", "refuse")
    assert pl.Series(lexicon_of(ws).ids["store"].keys()).sort().to_list() == ["s1", "s2"]
