"""What the rows that were set aside look like: one cell for each reason, and the question whether so many are to be."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import polars as pl

from toolkit.language import later, tr, word
from toolkit.sources.contract_columns import label
from toolkit.sources.currencies import NO_RATE, NO_RATE_YET
from toolkit.sources.mapping import Mapping
from toolkit.sources.plausibility import Question, answer_line, is_answered
from toolkit.sources.question_kinds import QuestionKind
from toolkit.sources.records.delimited import BROKEN
from toolkit.sources.specs import Answers, TableMapping
from toolkit.workspace import ImportRecord

LONGEST_CELL = 60
MANY_SET_ASIDE, FEWEST_SET_ASIDE = 0.05, 20
"""Lines that cannot be read are asked about where they are this share of those that count, and this many."""
_NOTHING_KEPT = later("Every row of [{column}] is set aside ({cells}): nothing of it would come in. {write}")
_MANY_SET_ASIDE = later(
    "{share} of the rows of [{column}] cannot be read and would be set aside ({cells}): is the mapping right for them? They are listed in "
    "a file where the import goes on."
)
WHOLE_LINE = frozenset(BROKEN.values())


def unread_cells(rows: pl.DataFrame, spec: TableMapping) -> dict[str, tuple[str, int]]:
    """Return for each reason that a cell or a line is the cause of, that of its first row, and that row's number.

    Parameters
    ----------
    rows
        What was set aside: source_row, fault, raw (the row's mapped cells as JSON), in the order of the files.
    """
    examples = {}
    for row, fault, raw in rows.unique("fault", keep="first", maintain_order=True).select("source_row", "fault", "raw").iter_rows():
        cells = json.loads(raw) if raw else {}
        shown = [cells.get("line")] if fault in WHOLE_LINE else [cells.get(name) for name in _columns_of(fault, spec)]
        text = " ".join(str(cell) for cell in shown if cell is not None)
        if text.strip():
            examples[fault] = text[:LONGEST_CELL], row
    return examples


def _columns_of(fault: str, spec: TableMapping) -> tuple[str, ...]:
    """Return the columns of the file that the contract column of a reason is made from; the reason begins or ends with its label."""
    if fault in (NO_RATE, NO_RATE_YET):
        return spec.also_read
    names = [name for name in spec.columns if fault.startswith((f"{label(name)} ", f"{label(name)}:")) or fault.endswith(f" {label(name)}")]
    return spec.columns[max(names, key=lambda name: len(label(name)))].raw_columns if names and not fault.startswith("no ") else ()


def nothing_kept(record: ImportRecord, words: Sequence[str]) -> Question:
    """Return the question whether a table shall come in of which no row can be kept."""
    return Question(QuestionKind.NO_ROW_KEPT, record.table, tuple(reasons_of(record)), _NOTHING_KEPT, " ".join(words))


def refusal(mapping: Mapping, questions: Iterable[Question]) -> str:
    """Return the questions that stand open and how all of them are answered."""
    opening = tr("The values of '{name}' leave questions open; nothing was imported.", name=mapping.name)
    answer = tr(
        "Mend the mapping or the files; or answer in the mapping that all is right as it is:\n[answers]\n{line}\n"
        "Or go on without an answer: --accept-defaults.",
        line=answer_line(questions),
    )
    return "\n".join([opening, *(f"- {question}" for question in questions), answer])


def many_set_aside(record: ImportRecord, found_across: int, answers: Answers) -> Question | None:
    """Return the question whether so many lines are to be set aside for what stands in them; `found_across` were set aside for others."""
    unread, wanted = record.rows_rejected - found_across, record.rows_in - sum(record.left_out.values())
    if unread < max(FEWEST_SET_ASIDE, MANY_SET_ASIDE * wanted):
        return None
    places = {"share": f"{unread / wanted:.0%}"}
    question = Question(QuestionKind.SET_ASIDE, record.table, tuple(reasons_of(record)), _MANY_SET_ASIDE, "", places)
    return None if is_answered(question, answers) else question


def reasons_of(record: ImportRecord) -> list[str]:
    """Return how many rows were set aside for which reason, each with an example where a cell or a line is the reason."""
    lines = []
    for reason, rows in record.reasons.items():
        cell, row = record.examples.get(reason, ("", 0))
        if cell:
            lines.append(
                tr("{rows:,} x {reason}, such as {cell} in row {row}", rows=rows, reason=word(tr(reason)), cell=repr(cell), row=row)
            )
        else:
            lines.append(f"{rows:,} x {word(tr(reason))}")
    return lines
