"""What a mapping or its receipts leave open, as points with choices: each answer is a line of the mapping."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.importing.taken import MOST_OTHERS
from toolkit.language import later, tr
from toolkit.schemas import CONTRACT, required_columns
from toolkit.sources.columns.matching import quoted
from toolkit.sources.mapping_text import with_lines, with_value
from toolkit.sources.plausibility import Question
from toolkit.sources.question_kinds import QuestionKind

RIGHT, DROP, COLUMN, NOTHING, LINE, LEAVE = "right", "drop", "column", "nothing", "line", "leave"
CHOICE_WORDS = {
    RIGHT: later("It is right as it is"),
    DROP: later("Leave out the rows with these values"),
    COLUMN: later("Another column"),
    NOTHING: later("Leave this column out"),
    LINE: later("Write a line of the mapping"),
    LEAVE: later("Go on without it"),
}
LINE_WORDS = {
    r"\[\w+\.drop\]": later("Leave these rows out: {line}"),
    r"\[\w+\.columns\] is_goods": later("They are no goods, but stay in sales: {line}"),
    "not_a_member": later("They are no members: {line}"),
    "": later("The mapping is to say: {line}"),
}
"""What lines say, by how they begin."""
MOST_VALUES = 30
"""Values of a column from which rows can be chosen."""
OF_ROWS = (
    QuestionKind.CURRENCY,
    QuestionKind.STATE,
    QuestionKind.TRAINING,
    QuestionKind.STAFF,
    QuestionKind.NO_GOODS,
    QuestionKind.WORTH_NOTHING,
)
"""Questions that can be answered by leaving rows out."""
PROVED = ("decimal", "time_format")
"""What a sample may leave open and all rows prove: where they were read, nothing is asked of it."""
TODO = re.compile(r"#\s*TODO\s+(?P<line>[A-Za-z_]+ = .*?)(?:\s{2}#\s*(?P<why>.*))?")
IS_OF_ROWS = re.compile(r"\[lines\.(keep|drop)\] ")
"""A line on rows with certain values of a column: where they can be chosen one by one, it is not offered besides."""
OPEN = re.compile(r'^(\[[\w.]+\] )?#|"\.\.\."')
"""A line that is taken out rather than written, or that a person has to complete."""
OTHER = re.compile(r'or "(?P<other>[^"]+)"')

Values = Callable[[str], dict[str, int]]
"""Gives the different values of a column of the receipts, with their rows; nothing where there are too many to choose from."""


@dataclass(frozen=True)
class Choice:
    """One way to answer: its kind, and what can be chosen or written."""

    kind: str
    values: tuple[tuple[str, int], ...] = ()  # of DROP: value, rows
    columns: tuple[str, ...] = ()  # of COLUMN: what else it could be
    line: str = ""  # of LINE: what can stand there, to begin with

    @property
    def words(self) -> str:
        """What the choice is called; of a line: what it says, and the line."""
        if not self.line:
            return tr(CHOICE_WORDS[self.kind])
        return tr(next(said for start, said in LINE_WORDS.items() if re.match(start, self.line)), line=self.line)


@dataclass(frozen=True)
class OpenPoint:
    """One thing that is open, in a sentence, and the ways to answer."""

    key: str
    sentence: str
    choices: tuple[Choice, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines that it offers."""
        return tuple(choice.line for choice in self.choices if choice.line)


def points_of_questions(given: dict[str, Any], questions: Sequence[Question], names: Sequence[str], values: Values) -> list[OpenPoint]:
    """Return a point for each question that the values raise.

    Parameters
    ----------
    given
        What the mapping's text says.
    names
        The columns of the receipts' files.
    """
    points = []
    for question in questions:
        rows = list(_of_rows(given, question, names, values))
        lines = [question.write, question.places.get("drop", "")]  # what the question itself proposes instead
        lines = [line for line in lines if line and not OPEN.search(line) and not (rows and IS_OF_ROWS.match(line))]
        choices = [Choice(RIGHT), *rows, *(Choice(LINE, line=line) for line in lines), *_of_column(given, question, names)]
        points.append(OpenPoint(question.key, question.sentence, (*choices, Choice(LINE))))
    return points


def _of_rows(given: dict[str, Any], question: Question, names: Sequence[str], values: Values) -> Iterator[Choice]:
    if question.column not in names or question.column in _specs(given):
        return
    found = tuple(values(question.column).items())
    if question.kind in OF_ROWS and 1 < len(found) <= MOST_VALUES:
        yield Choice(DROP, values=found)


def _of_column(given: dict[str, Any], question: Question, names: Sequence[str]) -> Iterator[Choice]:
    column = made_from(given, question.column)
    if column:
        yield Choice(COLUMN, columns=tuple(name for name in names if name and name != question.column)[:MOST_OTHERS])
        if column not in required_columns("lines"):
            yield Choice(NOTHING)


def made_from(given: dict[str, Any], raw: str) -> str:
    """Return the contract column of the receipts that is read from this column alone."""
    return next(
        (column for column, spec in _specs_of(given).items() if spec == raw or (isinstance(spec, dict) and spec.get("column") == raw)), ""
    )


def _specs_of(given: dict[str, Any]) -> dict[str, Any]:
    return given.get("lines", {}).get("columns", {})


def _specs(given: dict[str, Any]) -> set[str]:
    return {spec for spec in _specs_of(given).values() if isinstance(spec, str)}


def points_of_text(text: str, *, are_read: bool) -> list[OpenPoint]:
    """Return a point for each line of the text that is marked as a TODO and can be taken as it is, or in the other way that it names.

    `are_read`: all rows could be read as they are, which settles some of them.
    """
    points = []
    table = ""
    for line in text.splitlines():
        if header := re.match(r"\[(\w+)", line):
            table = header[1]
        found = TODO.fullmatch(line.strip())
        if found is None or found["line"].split(" = ")[1].startswith(('""', '"..."')) or found["line"].startswith("ignore"):
            continue
        lines = [found["line"]]
        if other := OTHER.match(found["why"] or ""):
            lines.append(f'{found["line"].partition(" = ")[0]} = "{other["other"]}"')
        why = found["why"] or ""
        key = found["line"].split(" = ")[0]
        if are_read and key in PROVED:
            continue
        sentence = tr("[{table}] {key} is not decided: {why}", table=table or "lines", key=key, why=why or found["line"])
        points.append(
            OpenPoint(f"{table or 'lines'}.{key}", sentence, (*(Choice(LINE, line=one) for one in lines), Choice(LEAVE), Choice(LINE)))
        )
    return points


def point_of_source(source: str) -> OpenPoint:
    """Return the point that receipts come again which are there under another source: they replace those, or stand beside them."""
    key = f"{QuestionKind.SAME_RECEIPTS}:{source}"
    same = [f"source = {quoted(source)}"] if source else []
    lines = [*same, f"[answers] ignore = [{quoted(key)}]"]
    sentence = tr("Are they the receipts of source “{source}” once more, or others?", source=source or tr("(unnamed)"))
    return OpenPoint(key, sentence, (*(Choice(LINE, line=line) for line in lines), Choice(LINE)))


def answered(text: str, given: dict[str, Any], point: OpenPoint, kind: str, chosen: str | Sequence[str] = ()) -> str:
    """Return the mapping's text with an answer.

    Parameters
    ----------
    chosen
        Of DROP the values, of COLUMN the column, of LINE the line.
    """
    raw = point.key.partition(":")[2]
    for line in point.lines if kind != LINE else ():
        text = text.replace(f"# TODO {line}", f"# not taken: {line}")
    if kind == RIGHT:
        known = given.get("answers", {}).get("ignore", [])
        return with_value(text, ("answers",), "ignore", [*known, point.key])
    if kind == DROP:
        values = [chosen] if isinstance(chosen, str) else list(chosen)
        known = given.get("lines", {}).get("drop", {}).get(raw, [])
        known = [known] if isinstance(known, str) else known
        return with_value(text, ("lines", "drop"), raw, [*known, *(value for value in values if value not in known)])
    if kind in (COLUMN, NOTHING):
        column = made_from(given, raw)
        return with_value(text, ("lines", "columns"), column, str(chosen) if kind == COLUMN else None)
    table, _, key = point.key.partition(".")
    if kind == LEAVE:
        return re.sub(rf"(?m)^#\s*TODO\s+(?={re.escape(key)} = )", "# not taken: ", text)
    return with_lines(text, str(chosen), table if table in CONTRACT else "lines", are_more=True)
