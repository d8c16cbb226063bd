"""Everything that is kept beside a mart, made before a person asks for it.

The first answer of some questions rests on a model or on traits of all members that are made once for each state of the receipts and
then kept on disk (`View.chainwide`): a quarter of a minute on ten million lines. A process of its own asks every question once, and
yields to all others.
"""

from __future__ import annotations

import os
from inspect import Parameter
from pathlib import Path

from toolkit.apps.guard import log_fault
from toolkit.errors import ToolkitError
from toolkit.ledger.campaigns import known_campaigns
from toolkit.registry import Question, all_questions, find_question
from toolkit.workspace import Workspace

_NICE = 15


def make_ahead(path: Path) -> None:
    """Ask every question that needs no more than the workspace, and the verdict on each campaign.

    What one of them cannot answer, it says to the person who asks it.
    """
    os.nice(_NICE)
    for question in all_questions():
        if all(parameter.default is not Parameter.empty for parameter in question.parameters.values()):
            _ask(question, path)
    verdict = find_question("review.verdict")
    for campaign_id in known_campaigns(Workspace(path))["campaign_id"].reverse():  # the latest first, as the review lists them
        _ask(verdict, path, campaign=campaign_id)


def _ask(question: Question, path: Path, **given: str) -> None:
    try:
        question(Workspace(path), **given)
    except ToolkitError:
        return
    except Exception as error:  # noqa: BLE001 - the questions after it are still to be asked
        log_fault(error)
