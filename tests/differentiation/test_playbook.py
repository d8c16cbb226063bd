"""Playbooks: the built-in one covers every cell, a faulty one is refused with all its faults."""

from __future__ import annotations

import itertools

import pytest

from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit.differentiation.planning.playbook import BUILT_IN, CHOICES, PURPOSES, playbook_from, playbook_of, read_playbook
from toolkit.errors import BadValue
from toolkit.portrait.measures.levels import LEVELS
from toolkit.portrait.measures.stages import STAGES
from toolkit.scope.view import open_view

RULE = {"method": "coupon", "message": "m", "goods": "g"}


def rule(name: str, **more):
    return {"name": name, **RULE, **more}


def faults(*rules, **more) -> list[str]:
    with pytest.raises(BadValue) as caught:
        playbook_from({"rules": list(rules), **more}, where="my.toml")
    return str(caught.value).splitlines()


def test_the_built_in_playbook_has_advice_for_every_cell_and_stage():
    book = read_playbook()
    for stage, sensitivity, power in itertools.product((None, *STAGES), (*LEVELS, None), (*LEVELS, None)):
        found = book.advice(stage, sensitivity, power)
        assert found is not None
        assert found.method in CHOICES
        assert found.purpose in PURPOSES
    assert book.table().height == 6 * 16
    assert book.table().null_count().select("rule", "method", "message", "goods", "purpose").row(0) == (0, 0, 0, 0, 0)


def test_the_built_in_playbook_keeps_to_its_principles():
    book = read_playbook()
    assert {book.advice(None, "low", power).method for power in ("mid", "high")} == {"service"}
    assert {book.advice(None, level, "low").method for level in LEVELS} == {"coupon"}
    assert {book.advice(None, "high", power).method for power in ("mid", "high")} == {"discount", "member_day"}
    assert all("high-end" in book.advice(None, level, "high").goods for level in LEVELS)
    assert book.advice("lapsed", "low", None).purpose == "win_back"
    assert book.advice("established", "low", "high") == book.advice(None, "low", "high")


def test_a_stage_goes_before_the_rules():
    book = playbook_from({"rules": [rule("all")], "stages": [rule("hello", stage="new", power=["low", "mid"])]}, where="x")
    assert book.advice("new", "high", "low").name == "hello"
    assert book.advice("new", "high", "high").name == "all"
    assert book.advice("new", "high", None) is None  # the stage's rule asks for a power that is not measured
    assert book.table()["rule"].null_count() == 6 * 7 - 2  # who is new, has power low or mid and no sensitivity: that rule asks for none


def test_gaps_and_overlaps_are_named_cell_by_cell():
    said = faults(rule("a", sensitivity="low"), rule("b", sensitivity=["mid", "low"], power="mid"), rule("c", power="high"))
    assert "my.toml: cell sensitivity mid, power low is in no rule. Add it to one." in said
    assert "my.toml: cell sensitivity high, power mid is in no rule. Add it to one." in said
    assert "my.toml: cell sensitivity low, power mid is in 2 rules (a, b). Leave it in one." in said
    assert "my.toml: cell sensitivity low, power high is in 2 rules (a, c). Leave it in one." in said
    assert len(said) == 5


def test_all_faults_at_once():
    said = faults(
        rule("a", method="cupon"),
        rule("b", power="hihg", purpose="win back"),
        {"name": "c", "method": "coupon", "sensitivity": []},
        stages=[rule("d", stage="gone"), rule("e", stage="new"), rule("f", stage="new", power="low")],
        rulez=[],
    )
    text = "\n".join(said)
    assert "'rulez'; did you mean 'rules'?" in text
    assert "rule 1 ('a') has method = 'cupon', which there is not; did you mean 'coupon'?" in text
    assert "rule 2 ('b') has power = 'hihg', which there is not; did you mean 'high'?" in text
    assert "purpose = 'win back', which there is not; did you mean 'win_back'?" in text
    assert "rule 3 ('c') has no 'message'. Add one." in text
    assert "rule 3 ('c') has no 'goods'. Add one." in text
    assert "rule 3 ('c') names no level at all" in text
    assert "stage = 'gone'" in text
    assert "stage new, cell sensitivity low, power low is in 2 rules (e, f)" in text


@pytest.mark.parametrize("raw", [{}, {"rules": "all"}, {"rules": [1]}, {"rules": [rule("a")], "unmeasured": 3}, {"rules": [{"name": 3}]}])
def test_what_is_no_playbook_is_refused_in_words(raw):
    with pytest.raises(BadValue, match=r"my\.toml"):
        playbook_from(raw, where="my.toml")


def test_the_shop_may_write_its_own(tmp_path):
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    assert playbook_of(open_view(ws)).source == str(BUILT_IN)
    own = ws.document_file("playbook.toml")
    own.write_text('title = "ours"\n[[rules]]\nname = "all"\nmethod = "member_day"\nmessage = "m"\ngoods = "g"\n', "utf-8")
    assert playbook_of(open_view(ws)).title == "ours"
    own.rename(own.with_name("june.toml"))
    view = open_view(ws, settings={"playbook": {"playbook": "june.toml"}})
    assert playbook_of(view).title == "ours"
    with pytest.raises(BadValue, match="cannot be read"):
        playbook_of(open_view(ws, settings={"playbook": {"playbook": "july.toml"}}))
    own.with_name("june.toml").write_text("rules = [", "utf-8")
    with pytest.raises(BadValue, match="not valid TOML"):
        playbook_of(view)


def test_the_method_of_a_purpose_is_the_one_it_is_paired_with_most() -> None:
    book = read_playbook()
    assert {purpose: book.method_for(purpose) for purpose in PURPOSES}["win_back"] == "coupon"
    assert book.method_for("nothing of the kind") is None
