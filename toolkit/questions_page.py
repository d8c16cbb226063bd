"""The questions as a page: docs/questions.md, and `toolkit questions --markdown` with those of a shop's own."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from toolkit.columns import Column
from toolkit.own_questions import is_own
from toolkit.registry import SCOPE_PARAMETERS, STEPS, Question, all_questions, own_of_step


def questions_markdown() -> str:
    """Return every question as a page: one line a question, with its call and its own parameters."""
    ours = [item for item in all_questions() if not is_own(item.function)]
    own = [item for step in STEPS for item in own_of_step(step)]
    lines = [
        "# The questions",
        "",
        f"{len(ours)} questions in the order of the loop. `ws` is `tk.open(FOLDER)`; on the command line the same call is "
        "`toolkit answer WORKSPACE NAME --set PARAMETER=VALUE`. In capitals: a value of yours. This page is written by "
        "`toolkit questions --markdown`.",
        "",
        "Every question takes the same scope, all of it optional:",
        "",
        *(f"- `{name}`: {means}" for name, (_, means) in SCOPE_PARAMETERS.items()),
    ]
    for step in STEPS:
        lines += _table(step.capitalize(), [item for item in ours if item.step == step])
    lines += _table("Questions of your own", own) if own else []
    lines += [
        "",
        "## What an answer holds",
        "",
        "The table of each answer, the same columns in every scope. Hidden by: the count of members that empties the column where it "
        "is too small to speak of (scope.minimum_members).",
    ]
    return "\n".join([*lines, *(line for item in [*ours, *own] if item.tables for line in _columns(item))])


def _table(heading: str, questions: Sequence[Question]) -> list[str]:
    lines = ["", f"## {heading}", "", "| question | call | its own parameters |", "|---|---|---|"]
    for item in questions:
        own = ", ".join(f"`{_parameter_text(parameter)}`" for parameter in item.parameters.values())
        lines.append(f"| {item.text} | `{item.example()}` | {own or '-'} |")
    return lines


def held_cell(column: Column) -> str:
    """Return what a column holds, and what null means there, as the cell of a page's table."""
    held = "; ".join(part for part in (column.meaning or column.label, f"null: {column.null}" if column.null else "") if part)
    return held.replace("|", "/")


def _columns(item: Question) -> list[str]:
    lines = ["", f"### `{item.name}`"]
    for declared in item.tables:
        lines += [
            "",
            f"{declared.rows[:1].upper()}{declared.rows[1:]}:",
            "",
            "| column | kind | what it holds | hidden by |",
            "|---|---|---|---|",
        ]
        for column in declared.columns:
            hidden = f"`{column.hidden_by}`" if column.hidden_by else ""
            lines.append(f"| `{column.name}` | {column.kind} | {held_cell(column)} | {hidden} |")
    return lines


def _parameter_text(parameter: inspect.Parameter) -> str:
    return parameter.name if parameter.default is parameter.empty else f"{parameter.name}={parameter.default!r}"
