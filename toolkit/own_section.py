"""What the questions of a shop's own say in a notebook or a report: a section that is there only where there are such questions."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import escape

from toolkit import own_questions
from toolkit.answer import Answer
from toolkit.charts import offline
from toolkit.errors import ToolkitError
from toolkit.language import tr
from toolkit.registry import SCOPE_PARAMETERS, Question, own_of_step
from toolkit.rendering import body_html, display_answer
from toolkit.workspace import Workspace


@dataclass(frozen=True)
class OwnAnswers:
    """The answers of a step's own questions, in order, a sentence where there is none; and what was `refused`. Shows nothing if empty."""

    answers: tuple[Answer | str, ...]
    refused: tuple[str, ...]

    def _ipython_display_(self) -> None:
        from IPython.display import display

        if self.answers or self.refused:
            title = tr("Questions of your own")
            display({"text/markdown": f"## {title}", "text/plain": title}, raw=True)
        for answer in (*self.answers, *self.refused):
            if isinstance(answer, Answer):
                display_answer(answer)
            else:
                display({"text/html": f"<p>{escape(answer)}</p>", "text/plain": answer}, raw=True)


def own_answers(workspace: Workspace | str | Path, step: str, **given: Any) -> OwnAnswers:
    """Answer all questions of a shop's own in a step that need no more than is given: the scope, and parameters such as `campaign_id`.

    A parameter that a question does not have is left out for it. One that cannot be answered says so in its place.

    Example
    -------
    >>> tk.own_answers(ws, "portrait", store_id="367")                 # doctest: +SKIP
    """
    answers = []
    for item in own_of_step(step):
        known = {name: value for name, value in given.items() if name in SCOPE_PARAMETERS or (name in item.parameters and value != "")}
        if all(one.default is not inspect.Parameter.empty or one.name in known for one in item.parameters.values()):
            answers.append(_answer(item, workspace, known))
    return OwnAnswers(tuple(answers), tuple(own_questions.refused))


def _answer(item: Question, workspace: Workspace | str | Path, given: dict[str, Any]) -> Answer | str:
    try:
        answer = item(workspace, **given)
        body_html(answer)  # its table is written and its chart is drawn here, where a fault of it is a sentence
        if answer.chart is not None:
            offline.chart_spec(answer.chart)
    except ToolkitError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - other people's code: the report goes on
        return tr("{question} gave an answer that cannot be shown: {fault}", question=item.name, fault=own_questions.told(error))
    return answer
