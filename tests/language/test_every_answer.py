"""Every question, in every way it can be asked, answered in Chinese: no word of ours stays English, and every column has a name."""

from __future__ import annotations

import typing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import toolkit as tk
from tests.language.spoken import english, said, shop_words
from toolkit import wording
from toolkit.audience import view_of
from toolkit.errors import ToolkitError
from toolkit.importing import import_receipts
from toolkit.language import speaking
from toolkit.registry import STEPS, Question, all_questions
from toolkit.scope.member_columns import MEMBER_COLUMNS
from toolkit.scope.traits import trait_columns
from toolkit.simulated import simulated_shop
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A small shop with every table of the contract."""
    folder = tmp_path_factory.mktemp("simulated")
    simulated_shop(folder / "shop", members=100, years=1.1, stores=2, products=200)
    import_receipts(folder / "shop" / "mapping.toml", folder / "ws")
    return tk.open(str(folder / "ws"))


def ways(question: Question, ws: Workspace) -> list[dict[str, Any]]:
    """The question as it stands, and with each word that it offers to choose from."""
    view = view_of(ws)
    day = view.as_of + timedelta(days=8)
    draft = {"campaign_id": "C-9", "starts_on": str(day), "ends_on": str(day + timedelta(days=27)), "offers": {"9": "coupon 3"}}
    needed = {"member_id": view.members["member_id"][0], "budget": 500.0, "campaign": {**draft, "offer_of": {"*": "9"}}}
    base = {name: needed[name] for name, parameter in question.parameters.items() if parameter.default is parameter.empty}
    hints = typing.get_type_hints(question.function)
    offered = [(name, text) for name in question.parameters for text in typing.get_args(hints[name]) if isinstance(text, str)]
    return [base, *({**base, name: text} for name, text in offered if text != question.parameters[name].default)]


@pytest.mark.parametrize("step", STEPS)
def test_no_word_of_ours_stays_english(shop: Workspace, step: str) -> None:
    own = shop_words(Path(shop.path))
    left, unnamed, alike = dict[tuple[str, str], str](), set[str](), set[str]()
    with speaking("zh"):
        for question in (item for item in all_questions() if item.step == step):
            for given in ways(question, shop):
                call = f"{question.name} {given}"
                try:
                    answer = question(shop, **given)
                except ToolkitError as error:
                    left |= {("error", word): call for word in english(str(error), own)}
                    continue
                left |= {(place, text): call for place, text in said(answer) if english(text, own)}
                unnamed |= {name for name in answer.figures if name not in question.figures and not name.startswith("share_of_")}
                labels = wording.labels_of(answer.columns)
                alike |= {call} if labels == answer.table.columns else set()
    assert left == {}
    assert unnamed == set()
    assert alike == set()


def test_a_figure_means_the_same_in_every_question() -> None:
    """A batch shows a figure beside those of other questions, by its key alone."""
    kinds: dict[str, set[str]] = {}
    for question in all_questions():
        for name, column in question.figures.items():
            kinds.setdefault(name, set()).add(column.kind)
    assert {name: kinds for name, kinds in kinds.items() if len(kinds) > 1} == {}


def test_every_column_of_the_members_table_has_a_name(shop: Workspace) -> None:
    view = view_of(shop)
    assert {name for name in [*view.readable.columns, *trait_columns(view)] if name not in MEMBER_COLUMNS} == set()
