"""Offers in Chinese: sentences change, data do not, and what is launched is the same whoever launches it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from polars.testing import assert_frame_equal

import toolkit as tk
from tests.differentiation.club import spring
from toolkit import differentiation, wording
from toolkit.differentiation.measures.cells import segment_where, segments
from toolkit.language import speaking, word
from toolkit.ledger.campaigns import open_campaign
from toolkit.ledger.offer import EXAMPLES, Offer
from toolkit.workspace import Workspace

PROSE = {"matrix": ("goods",), "industry_profile": ("goods",)}
"""Columns of the shop's names elsewhere, where our own words stand: the kinds of goods of the playbook, and the whole shop."""
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("industry_profile", {}),
    ("matrix", {}),
    ("matrix", {"lifecycle": True}),
    ("full_reduction", {}),
    ("full_reduction", {"budget": 1.0}),
    ("coupon", {}),
    ("discount", {}),
    ("member_day", {}),
    ("member_day", {"weekday": "wed", "every_weeks": 2}),
    ("service", {}),
    ("service", {"touch": "after_sale"}),
    ("offers", {}),
    ("allocate", {"budget": 500.0}),
    ("goods_for", {}),
    ("goods_for", {"purpose": "launch", "level": "product"}),
    ("next_best", {}),
    ("holdout", {}),
    ("global_control", {"try_share": 0.02}),
    ("plan", {"campaign": spring()}),
]
SHOP = re.compile(r"spring|ten off|tea|[a-z]+_[a-z_]+|[a-z]+\.[a-z_]+|[A-Z]{3,}")
"""What stays as it is in a Chinese headline: settings, and the club's own words."""


@pytest.mark.parametrize(("name", "given"), ASKED, ids=[f"{name} {' '.join(map(str, given))}" for name, given in ASKED])
def test_sentences_change_and_data_do_not(club: Workspace, name: str, given: dict[str, Any]) -> None:
    ask = getattr(differentiation, name)
    english = ask(club, **given)
    with speaking("zh"):
        chinese = ask(club, **given)
        assert re.findall("[A-Za-z]{3,}", SHOP.sub("", chinese.headline)) == [], chinese.headline
        labels = [wording.heading(column) for column in chinese.columns]
        notes = [SHOP.sub("", re.sub(r"`\w+`|'.*?'|\w+=\w+", "", note.text)) for note in chinese.notes]
    assert [label for label in labels if re.fullmatch("[A-Za-z ]{2,}", label)] == []
    assert [note for note in notes if re.search("[a-z]{3,} [a-z]{2,}", note)] == []
    data = [column for column in english.table.columns if column not in PROSE.get(name, ())]
    assert_frame_equal(english.table.select(data), chinese.table.select(data))
    assert english.figures == chinese.figures


def test_what_is_launched_is_the_same_in_every_language(copy_of_club: Callable[..., Workspace]) -> None:
    launched = []
    for code in ("en", "zh"):
        ws = copy_of_club()
        with speaking(code):
            tk.save_plan(ws, tk.propose_plan(ws, "proposal"))
            launched.append(tk.launch(ws, "proposal"))
    english, chinese = launched
    assert english.definition == chinese.definition
    assert_frame_equal(english.members, chinese.members)
    assert_frame_equal(english.left_out, chinese.left_out)
    assert english.folder is not None
    with speaking("zh"):
        again = open_campaign(Workspace(english.folder.parents[1]), "proposal")
    assert again.notes == chinese.notes != english.notes
    assert len(again.notes) == len(english.notes) > 0


def test_segments_and_offers_are_data() -> None:
    with speaking("zh"):
        assert segment_where(segments()[0]) == "promo_level = 'low' AND spending_power = 'low'"
        assert [Offer.parse(text).text for text in EXAMPLES.values()] == list(EXAMPLES.values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sensitivity high, power not measured", "价格敏感度高、消费能力未测量"),
        ("coupon 5 from 30", "满30减5优惠券"),
        ("coupon 2.5", "立减2.5优惠券"),
        ("full_reduction 60/10", "每单满60减10"),
        ("discount 12.5% on COFFEE; TEA | Hot drinks", "COFFEE; TEA降价12.5%（Hot drinks）"),
        ("member_day wed 10%", "周三会员日降价10%"),
        ("service a reminder when goods are due again", "服务：商品该复购时的提醒"),
        ("playbook: a last try", "打法手册：最后一试"),
        (
            "sensitivity low, power mid, established; measured in C001, randomised, n = 185, margin; a coupon, since they use coupons often",
            "价格敏感度低、消费能力中、稳定；活动 C001 实测，随机分组，n = 185，毛利；因常用券，改用优惠券",
        ),
        ("bought on 216 days, 4.5 times as often as others, last 45 days ago", "有 216 天买过，是其他人的 4.5 倍，上次在 45 天前"),
        ("save ten", "save ten"),
    ],
)
def test_a_text_of_the_tables_is_said_with_its_figures(text: str, said: str) -> None:
    assert word(text) == text
    with speaking("zh"):
        assert word(text) == said
