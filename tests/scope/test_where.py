"""WHERE expressions: what they choose, and what is said about a wrong one, on four members typed by hand."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import BadValue, ToolkitError, UnknownName
from toolkit.scope.where import MOST_STEPS, read_where, text_values

MEMBERS = pl.DataFrame(
    {
        "member_id": ["a", "b", "c", "d"],
        "orders": pl.Series([3, 0, 5, 2], dtype=pl.UInt32),
        "before": pl.Series([4, 0, 1, None], dtype=pl.UInt32),
        "amount": [30.0, -2.0, 0.0, 8.0],
        "stage": ["new", "lapsing", None, "new"],
        "last_on": [date(2024, 1, 5), None, date(2024, 3, 1), date(2024, 2, 1)],
        "contactable": [True, False, None, True],
        "tastes": [["tea"], [], None, ["tea", "jam"]],
        "odd name": [1, 2, 3, 4],
    }
)


def chosen(text: str) -> str:
    return "".join(MEMBERS.filter(read_where(text).apply(MEMBERS))["member_id"])


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("orders > 2", "ac"),
        ("WHERE orders > 2 AND stage = 'new'", "a"),
        ("stage != 'new'", "b"),  # unknown is no
        ("stage IS NULL OR contactable", "acd"),
        ("NOT contactable", "b"),
        ("orders - before < 0", "a"),  # counts do not wrap round below zero
        ("amount / orders > 3", "ad"),  # b: divided by zero is unknown, not infinite
        ("amount / orders < 1000000", "acd"),
        ("10 % orders = 1", "a"),
        ("amount / (orders - 3) > -1000000 ", "bcd"),
        ("amount / -orders <= 0", "acd"),
        ("amount / abs(orders - 2) / orders > 1", "a"),
        ("last_on >= '2024-02-01'", "cd"),
        ("last_on BETWEEN '2024-01-01' AND '2024-02-01'", "ad"),
        ("last_on > DATE '2024-02-01'", "c"),
        ("array_contains(tastes, 'jam')", "d"),
        ("member_id IN ('a', 'd', 'nobody')", "ad"),
        ("member_id NOT IN ('a', 'd')", "bc"),
        ("orders > avg(orders)", "ac"),
        ('"odd name" >= 3', "cd"),
        ("`odd name` >= 3", "cd"),
        ("stage LIKE 'lap%'", "b"),
        ("orders IN (2, 3)", "ad"),
        ("orders > 100", ""),
        ("orders >= 0", "abcd"),
    ],
)
def test_what_an_expression_chooses(text: str, members: str) -> None:
    assert chosen(text) == members


@pytest.mark.parametrize(
    ("text", "said", "under"),
    [
        ("ordres > 2 AND contactable", "no column 'ordres'; did you mean 'orders'?", "ordres"),
        ("orders > 2 AND stgae = 'new'", "did you mean 'stage'", "stgae"),
        ('stage = "new"', "single quotes: 'new'", '"new"'),
        ("stage = 3", "'stage' is text, so 3 needs single quotes", "3"),
        ("orders > '3'", "write 3 without quotes", "'3'"),
        ("orders > 'many'", "'orders' is a number, but 'many' is text", "'many'"),
        ("orders BETWEEN 1 AND 'x'", "'orders' is a number", "'x'"),
        ("'x' < orders", "'orders' is a number", "'x'"),
        ("stage IN ('new', 4)", "'stage' is text, so 4", "4"),
        ("last_on > 20240101", "'last_on' is a date", "20240101"),
        ("last_on > '01.02.2024'", "a day such as '2026-01-31'", "'01.02.2024'"),
        ("contactable = 'true'", "write contactable or NOT contactable", "'true'"),
        ("tastes = 'tea'", "array_contains(tastes, 'tea')", "'tea'"),
        ("(orders > 2", "a bracket that is never closed", "("),
        ("orders > 2)", "a closing bracket without", ")"),
        ("orders >", "nothing after '>'", ">"),
        ("orders > 2 AND", "nothing after 'AND'", "AND"),
        ("orders > 2 3", "no AND, OR or sign between 2 and 3", "3"),
        ("orders > 2 && contactable", "write AND", "&&"),
        ("orders > 2; drop", "one condition was needed", ";"),
        ("stage = 'new", "a quote that is never closed", "'"),
        ("orders > 2 -- or so", "no meaning here", "-"),
        ("amount / 0 > 1", "a division by zero", "0"),
        ("last_on > current_date", "must not depend on today's clock", "current_date"),
        ("orders > (SELECT 1)", "not a query", "SELECT"),
    ],
)
def test_a_fault_is_said_and_shown_under_its_word(text: str, said: str, under: str) -> None:
    with pytest.raises((BadValue, UnknownName)) as caught:
        chosen(text)
    message, shown, marks = str(caught.value).split("\n")[:3]
    assert said in message
    assert shown[2:] == text
    start = len(marks) - len(marks.lstrip())
    assert shown[start : start + marks.count("^")] == under


@pytest.mark.parametrize(
    "text", ["", "  ", "5 > 3", "orders", "orders + 1", "sum(orders) > 3", "nofunction(orders) > 1", "orders > 2 orders"]
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        chosen(text)


def test_all_faults_are_said_together() -> None:
    with pytest.raises(UnknownName) as caught:
        chosen("ordres > 2 AND stgae = 'new'")
    assert str(caught.value).count("did you mean") == 2


def test_ten_thousand_ids() -> None:
    ids = ", ".join(f"'m{number}'" for number in range(10_000))
    assert chosen(f"member_id IN ('a', {ids})") == "a"
    with pytest.raises(BadValue, match="at most 500 are read") as caught:
        chosen(" OR ".join(f"member_id = 'm{number}'" for number in range(10_000)))
    assert len(str(caught.value)) < 600
    assert chosen(" OR ".join(f"orders = {number}" for number in range(MOST_STEPS // 2))) == "abcd"
    wrong = ", ".join(str(number) for number in range(10_000))
    with pytest.raises(BadValue, match=r"and 9,995 more"):
        chosen(f"member_id IN ({wrong})")


def test_texts_an_expression_looks_for() -> None:
    assert text_values(read_where("stage = 'it''s' AND orders > 3 AND stage IN ('x')")) == [("stage", "it's"), ("stage", "x")]


WORDS = [
    "orders",
    "stage",
    "'new'",
    "3",
    "0",
    ">",
    "=",
    "(",
    ")",
    "AND",
    "OR",
    "NOT",
    "/",
    "%",
    "-",
    ",",
    "IN",
    "last_on",
    "'",
    '"',
    "NULL",
    ".",
]
WORDS += ["::", "漢", "contactable", "BETWEEN", "tastes", "<"]


@settings(max_examples=150)
@given(st.lists(st.sampled_from(WORDS), max_size=9))
def test_nothing_but_a_sentence_ever_comes_back(words: list[str]) -> None:
    try:
        found = chosen(" ".join(words))
    except ToolkitError:
        return
    assert set(found) <= set("abcd")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lpad(member_id, 100000000, 'x') = 'a'", "'lpad', which is no function of an audience; known are abs, ceil"),
        ("replace(replace(stage, 'n', 'nnnn'), 'n', 'nnnn') = 'a'", "'replace', which is no function"),
        ("repeat (stage, 1000000000) = 'a'", "'repeat', which"),
        ('"lpad"(stage, 9, stage) = stage', "which is no function"),
        ("generate_series(orders, 100000000000) IS NULL", "'generate_series'"),
        ("CAST(" * 60 + "orders" + " AS INT)" * 60 + " > 1", "CASE or NOT more than 16 deep"),
        ("NOT (" * 60 + "contactable" + ")" * 60, "more than 16 deep"),
        ("- " * 400 + "orders > 1", "more than 16 deep"),
        ("CASE WHEN contactable THEN " * 40 + "1" + " END" * 40 + " = 1", "more than 16 deep"),
        ("CASE " + "WHEN contactable THEN 1 " * 900 + "END = 1", "more than 2,000 words"),
        ("orders::decimal > 1", "'decimal', which is no type of value here; known are bigint"),
        ("CAST(orders AS decimal(99, 2)) > 1", "'decimal', which is no type"),
        ("stage RLIKE '((a{0,100}){0,100}){0,100}'", "patterns are read by LIKE alone"),
        ("stage SIMILAR TO 'a'", "patterns are read by LIKE alone"),
        ("stage LIKE '" + "%a" * 100_000 + "'", "a text of 200,000 characters, but at most 1,000 are read"),
        ("orders > " + "9" * 100_000, "a number over 1,000,000,000,000,000"),
        ("orders > 1e400", "a number over"),
        ("greatest(" + "orders, " * 5_000 + "1) > 1", "more than"),
        ("member_id = '" + "x" * 5_000_000 + "'", "at most 4,000,000 are read"),
        ("stage = '\ud800'", "half of a character"),
        ("stgae\u202e = 'x'", "no meaning here"),
    ],
)
def test_what_would_take_the_machine_is_refused_before_it_starts(text: str, said: str) -> None:
    with pytest.raises(BadValue) as caught:
        chosen(text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 1_500
    assert not any(letter in str(caught.value) for letter in "\u202e\ud800\x1b")


def test_what_a_shop_writes_is_not_refused() -> None:
    ids = ", ".join(f"'m{number}'" for number in range(20_000))
    assert chosen(f"NOT (member_id IN ({ids})) AND orders IN ({', '.join(str(n) for n in range(500))})") == "abcd"
    assert chosen("orders > avg(orders) OVER (PARTITION BY contactable)") == "a"
    assert chosen("LEFT(stage, 1) || UPPER(SUBSTR(stage, 2, 2)) = 'nEW' AND DATE_PART('year', last_on) = 2024") == "ad"
    assert chosen("CASE WHEN orders > 2 AND (orders < 4 OR amount > 0) THEN TRUE ELSE FALSE END") == "a"
    assert chosen("(" * 16 + "orders > 2" + ")" * 16) == "ac"
