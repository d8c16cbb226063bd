"""What pydantic refuses is said in words of ours, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.shop import make_workspace, tiny_lines
from toolkit import portrait, targeting
from toolkit.errors import BadValue, fault_words
from toolkit.language import speaking, tr
from toolkit.ledger.definition import Definition
from toolkit.settings import read_settings


def _draft(**wrong: Any) -> Callable[[], Any]:
    return lambda: Definition(**{"campaign_id": "C1", "starts_on": "2026-01-01", "ends_on": "2026-01-28", **wrong})


def _settings(family: str, **wrong: Any) -> Callable[[], Any]:
    return lambda: read_settings({family: wrong})


@pytest.mark.parametrize(
    ("asked", "english", "chinese"),
    [
        (_settings("scope", minimum_members="abc"), "minimum_members: a whole number was needed, but 'abc' came.", "应为整数"),
        (_settings("scope", minimum_members=-3), "a value of 1 or more was needed, but -3 came.", "应不小于 1"),
        (_settings("scope", minimum_members=2.5), "a whole number was needed, but 2.5 came.", "应为整数"),
        (_settings("offers", margin_share=3), "a value of 1 or less was needed, but 3 came.", "应不大于 1"),
        (_settings("offers", margin_share="x"), "a number was needed, but 'x' came.", "应为数字"),
        (_settings("campaigns", power=float("nan")), "was needed, but nan came.", "应"),
        (_settings("campaigns", power=1), "a value under 1 was needed, but 1 came.", "应小于 1"),
        (_settings("review", redeemed_on_receipt="perhaps"), "yes or no (true or false) was needed", "应为是或否"),
        (_settings("rfm", r_edge_quantiles=[0.5]), "r_edge_quantiles.1: a value was needed", "应有一个值"),
        (_settings("rfm", r_edge_quantiles="x"), "a list was needed, but 'x' came.", "应为列表"),
        (_settings("rfm", segment_map=3), "a text was needed, but 3 came.", "应为文字"),
        (_settings("playbook", weights={"launch": {"affinity": 0, "margin": 0}}), "one weight above 0 is needed", "大于 0 的权重"),
        (_settings("rfm", nonsense=1), "settings.rfm.nonsense does not exist", "没有 settings.rfm.nonsense"),
        (_settings("scpe"), "settings has no family 'scpe'; did you mean 'scope'?", "没有“scpe”"),
        (_draft(goods=5), "goods is 5; a list was needed.", "应为列表"),
        (_draft(offer_of=5), "offer_of is 5; a table of names and values was needed.", "对照表"),
        (_draft(goals={"lift": "x"}), "goals.lift is 'x'; a number was needed.", "应为数字"),
    ],
)
def test_what_a_model_refuses(asked: Callable[[], Any], english: str, chinese: str) -> None:
    with pytest.raises(BadValue, match=re.escape(english)):
        asked()
    with speaking("zh"), pytest.raises(BadValue, match=re.escape(chinese)) as refused:
        asked()
    assert not re.search("[A-Za-z]{2,} [a-z]{2,}", str(refused.value))


def test_what_a_question_refuses(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines())
    with pytest.raises(BadValue, match=r"portrait.rfm: show is 'Grid'; one of 'grid', 'scores' was needed."):
        portrait.rfm(ws, show="Grid")
    with speaking("zh"), pytest.raises(BadValue, match="show 是 'Grid'；应为以下之一：'grid'、'scores'。"):
        portrait.rfm(ws, show="Grid")
    with pytest.raises(BadValue, match=r"top is 'many'; a whole number was needed."):
        targeting.slipping(ws, top="many")


def test_what_has_no_words_of_ours_keeps_those_of_pydantic() -> None:
    assert fault_words({"type": "url_parsing", "msg": "Input should be a valid URL"}) == "input should be a valid URL"


def test_no_message_echoes_without_end_or_moves_the_terminal() -> None:
    said = str(BadValue("store '\x1b[2J\u202e" + "x" * 100_000 + "' is not known.\nTake another."))
    assert len(said) < 1_200
    assert said.endswith("(100,027 characters)\nTake another.")
    assert not set(said) & set("\x1b\u202e")
    assert tr("store {name}", name="A\x1b]0;B\r\u2028") == "store A�]0;B��"
