"""What models say of themselves is data; the portrait and the review have a sentence for each, with the figures that come."""

from __future__ import annotations

import ast
import pickle
import string
from pathlib import Path

import pytest

import toolkit.models
from toolkit.language import speaking
from toolkit.models.reasons import Reason, Why
from toolkit.portrait.measures import model_reasons as of_portrait
from toolkit.review.measures import model_reasons as of_review


def given() -> dict[str, set[str]]:
    """The figures that each reason is given in the source of the models."""
    found: dict[str, set[str]] = {}
    for path in Path(toolkit.models.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reason":
                names = {keyword.arg for keyword in node.keywords if keyword.arg}
                for place in ast.walk(node.args[0]):
                    if isinstance(place, ast.Attribute):
                        found.setdefault(place.attr, set()).update(names)
    return found


def places(*messages: str) -> set[str]:
    return {name for message in messages for _, name, _, _ in string.Formatter().parse(message) if name}


def test_each_reason_has_one_sentence_with_the_figures_that_come() -> None:
    messages = of_portrait._MESSAGES | {why: (text,) for why, text in of_review._MESSAGES.items()}
    assert not set(of_portrait._MESSAGES) & set(of_review._MESSAGES)
    assert set(messages) == set(Why)
    figures = given()
    # `why` stands for two reasons without figures, `**figures` for those of FEW_OUTCOMES
    figures |= {"MEMBERS_ALIKE": set(), "DAYS_ALIKE": set(), "FEW_OUTCOMES": {"bought", "rows", "horizon_days", "minimum_outcomes"}}
    assert {why.name: places(*texts) for why, texts in messages.items()} == {why.name: figures[why.name] for why in Why}


@pytest.mark.parametrize(
    ("reason", "english", "chinese"),
    [
        (
            Reason(
                Why.TOO_CLOSE_AND_SHORT,
                reason=Reason(Why.TOO_CLOSE, found=[1, 2]),
                short=Reason(Why.SHORT_HISTORY, seen_days=51, history_days=91),
            ),
            "the shop's own limits [1, 2] lie too close together; a member's score would change from one day to the next; "
            "from only 51 days of receipts, in which longer gaps cannot show; propose again after 91 days",
            "51",
        ),
        (
            Reason(Why.MODELLED_CORRELATED, correlation=0.456),
            "expected shopping days (BG/NBD) times expected value of one (Gamma-Gamma); number and value of purchases are correlated "
            "(0.46), which the model takes as none",
            "0.46",
        ),
        (
            Reason(Why.BOTH_FAILED, often=Reason(Why.NO_MEAN), value=Reason(Why.NO_MAXIMUM_OF_VALUE)),
            "purchase values are spread so widely that the shop's mean is undefined (q <= 1); "
            "the likelihood has no maximum at finite parameters",
            "; ",
        ),
    ],
)
def test_reasons_made_of_others_are_said_whole(reason: Reason, english: str, chinese: str) -> None:
    assert of_portrait.reason_text(reason) == english
    with speaking("zh"):
        said = of_portrait.reason_text(reason)
    assert chinese in said
    assert english not in said
    assert of_portrait.reason_text(None) == ""


def test_a_review_keeps_its_own_words() -> None:
    assert of_review.reason_text("its own words") == "its own words"
    assert of_review.reason_text(None) == ""
    reason = Reason(Why.FEW_IN_ARM, members=3, name="treated", least_arm=20)
    assert of_review.reason_text(reason) == "3 members in the treated arm; at least 20 are needed"
    with speaking("zh"):
        assert "treated" not in of_review.reason_text(reason)


def test_a_reason_is_a_value() -> None:
    reason = Reason(Why.SPARSE, share=0.05, horizon_days=28)
    assert pickle.loads(pickle.dumps(reason)) == reason == Reason(Why.SPARSE, horizon_days=28, share=0.05)
    assert len({reason, Reason(Why.SPARSE, share=0.05, horizon_days=28), Reason(Why.SPARSE, share=0.06, horizon_days=28)}) == 2
    assert str(reason) == "too few members buy within the horizon (share=0.05, horizon_days=28)"
