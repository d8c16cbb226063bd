"""Everything that is kept beside a mart, made before a person asks for it.

The first answer of some questions rests on a model or on traits of all members that are made once for each state of the receipts and
then kept on disk (`View.chainwide`): a quarter of a minute on ten million lines. A process of its own asks every question once, and
yields to all others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from inspect import Parameter
from pathlib import Path

from toolkit.apps.pages.error_boundary import log_fault
from toolkit.apps.pages.reviewing import SECTIONS, asked, listed_campaigns
from toolkit.apps.pages.state import read_shop
from toolkit.errors import ToolkitError
from toolkit.registry import Question, all_questions, find_question
from toolkit.workspace import Workspace

_NICE = 15


def make_ahead(path: Path) -> None:
    """Ask all of `to_ask`. What a question cannot answer, it says to the person who asks it."""
    os.nice(_NICE)
    for question, given in to_ask(path):
        try:
            question(Workspace(path), **given)
        except ToolkitError:
            continue
        except Exception as error:  # noqa: BLE001 - the questions after it are still to be asked
            log_fault(error)


def to_ask(path: Path) -> Iterator[tuple[Question, dict[str, str]]]:
    """Give every question that needs no more than the workspace, then all that the review says of the latest campaign, then the verdict on
    each other.

    The other sections of older campaigns wait until they are read: each rests on marts of three days of its own, which take room on the
    disk.
    """
    for question in all_questions():
        if all(parameter.default is not Parameter.empty for parameter in question.parameters.values()):
            yield question, {}
    for place, one in enumerate(listed_campaigns(read_shop(path))):
        for section in SECTIONS if place == 0 else SECTIONS[:1]:
            yield find_question(f"review.{section}"), asked(section, one.campaign_id)
