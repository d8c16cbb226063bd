"""What is worked out before a person asks: each question is asked with what it takes, and the campaigns are those of the review's list."""

from __future__ import annotations

from toolkit.answer import Answer
from toolkit.apps.pages.reviewing import SECTIONS
from toolkit.apps.serving.prewarm import to_ask
from toolkit.workspace import Workspace


def test_every_section_of_the_latest_campaign_and_the_verdict_on_the_others(floor: Workspace) -> None:
    asked = [(question, given) for question, given in to_ask(floor.path) if question.step == "review" and given]
    assert [(question.name, given["campaign_id"]) for question, given in asked] == [
        *((f"review.{section}", "C1") for section in SECTIONS if section != "lessons"),
        ("review.verdict", "C0"),
    ]
    for question, given in asked:
        assert isinstance(question(floor, **given), Answer), "asked with a name that the question has"


def test_nothing_is_asked_that_needs_a_choice(floor: Workspace) -> None:
    alone = [question.name for question, given in to_ask(floor.path) if not given]
    assert "portrait.overview" in alone
    assert "portrait.member" not in alone
