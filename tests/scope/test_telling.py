"""Sentences over rows: fields read as their columns do, optional parts, counts of too few members, and both languages."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from toolkit import columns as c
from toolkit.columns import Row
from toolkit.language import speaking
from toolkit.scope.period import Period
from toolkit.scope.telling import fields_of, parsed, say

VIEW: Any = SimpleNamespace(
    currency="EUR",
    least=10,
    rounded_to=1,
    place="store 367",
    as_of=date(2026, 1, 31),
    money=lambda minor: f"€{minor / 100:.2f}",
    settings=SimpleNamespace(goods=SimpleNamespace(core_months_share=0.66)),
)
TABLE = c.table(
    "one row", c.members(), c.share("sales_share"), c.money("sales"), c.members("quiet_count"), c.index("lift"), c.text("stage")
)


def told(message: str, values: dict[str, Any] | None = None, **given: Any) -> str:
    return say(VIEW, message, Row(values, TABLE.by_name) if values is not None else None, given)


@pytest.mark.parametrize(
    ("message", "values", "sentence"),
    [
        (
            "{member_count} bring {sales_share}, {sales}.",
            {"member_count": 1200, "sales_share": 0.4382, "sales": 29.5},
            "1,200 bring 43.8%, €29.50.",
        ),
        ("{member_count:member} came.", {"member_count": 1}, "Fewer than 10 members came."),
        ("{member_count:member} came.", {"member_count": None}, "Fewer than 10 members came."),
        ("{member_count} came.", {"member_count": None}, "Fewer than 10 came."),
        ("{lift} times{sales_share:.0%}", {"lift": 1.234, "sales_share": 0.5}, "1.23 times50%"),
        ("{sales} in all", {"sales": None}, "not measured in all"),
        ("all[; {quiet_count} quiet].", {"quiet_count": None}, "all."),
        ("all[; {quiet_count} quiet].", {"quiet_count": 12}, "all; 12 quiet."),
        ("they carry [{sales_share} of sales|sales]", {"sales_share": None}, "they carry sales"),
    ],
)
def test_fields_read_as_their_columns_do(message: str, values: dict[str, Any], sentence: str) -> None:
    assert told(message, values) == sentence


@pytest.mark.parametrize(
    ("message", "given", "sentence"),
    [
        ("{n:category|categories}", {"n": 2}, "2 categories"),
        ("{n:order}", {"n": 1}, "1 order"),
        ("{n:few} left", {"n": 3}, "fewer than 10 left"),
        ("{n:few} left", {"n": 0}, "0 left"),
        ("{n:member}", {"n": 0}, "0 members"),
        ("{sum:minor} and {lift:change}", {"sum": 250, "lift": -0.01}, "€2.50 and down 1.0%"),
        ("the best[budget? within the budget]", {"budget": 0}, "the best"),
        ("the best[budget? within the budget| of all]", {"budget": None}, "the best of all"),
        ("{goods.core_months_share:.0%} in {place} on {as_of}", {}, "66% in store 367 on 2026-01-31"),
        ("[a [{b} and |]{c}]", {"b": None, "c": "x"}, "a x"),
    ],
)
def test_a_field_may_say_how_it_reads(message: str, given: dict[str, Any], sentence: str) -> None:
    assert told(message, **given) == sentence


def test_a_window_reads_as_it_ends_a_sentence() -> None:
    day = date(2026, 1, 31)
    assert told("who came {window:in}", window=Period(day, day)) == "who came on 2026-01-31"


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(KeyError, match="'sails' is neither given"):
        told("{sails}", {"sales": 1.0})


def test_a_bracket_left_open_is_refused() -> None:
    with pytest.raises(ValueError, match="A bracket is not closed"):
        parsed("all[; {n} left")


def test_conditions_are_fields_of_a_message_too() -> None:
    assert [field.name for field in fields_of(parsed("{a}[b? {c:member}|{d}]"))] == ["a", "b", "c", "d"]


def test_the_translator_may_put_parts_in_another_order() -> None:
    message = "{rows:row} with fewer than {least} members (setting scope.minimum_members): figures are not shown."
    assert told(message, rows=2).startswith("2 rows with fewer than 10 members")
    with speaking("zh"):
        assert "会员不足 10 名" in told(message, rows=2)
