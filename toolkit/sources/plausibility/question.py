"""A question that the values of receipts leave open, and how a mapping answers it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from toolkit.language import tr
from toolkit.sources.columns.matching import quoted
from toolkit.sources.question_kinds import QuestionKind
from toolkit.sources.specs import Answers

MOST_LISTED = 40


@dataclass(frozen=True)
class Question:
    """What the values of a column leave open: what is doubted, two of its cells, and what to write."""

    kind: QuestionKind
    column: str
    cells: tuple[str, ...]
    doubt: str  # a message of the catalogue, with places for column, cells, places and `write`
    write: str = ""  # the line of the mapping that says what it is instead
    places: dict[str, str] = field(default_factory=dict, hash=False)  # what else stands in the doubt, such as another column

    @property
    def key(self) -> str:
        """How a mapping names the question."""
        return f"{self.kind}:{self.column}"

    @property
    def line(self) -> str:
        """The line of `[answers]` that says: it is right as it is."""
        return answer_line([self])

    @property
    def sentence(self) -> str:
        """The doubt in the reader's language, with the line that says what it is instead."""
        return tr(self.doubt, column=self.column, cells=tr(", ").join(map(repr, self.cells)), write=self.write, **self.places)

    def __str__(self) -> str:
        return tr(
            "{doubt}; where it is right as it is, write under [answers] in the mapping: {line}",
            doubt=self.sentence.rstrip(".。"),
            line=self.line,
        )


def answer_line(questions: Iterable[Question]) -> str:
    """Return the line of `[answers]` that says of all these questions: it is right as it is."""
    return f"ignore = [{', '.join(quoted(question.key) for question in questions)}]"


def is_answered(question: Question, answers: Answers) -> bool:
    """Return whether the mapping says that it is right as it is: of this column, or of all of the kind."""
    return question.key in answers.ignore or question.kind in answers.ignore


def listed(values: Iterable[str]) -> str:
    """Return texts as a TOML list, the first few of many.

    >>> listed(["POST", "D"])
    '["POST", "D"]'
    """
    return f"[{', '.join(map(quoted, list(values)[:MOST_LISTED]))}]"


def by_value(column: str, values: Sequence[str]) -> str:
    """Return the line of [lines.keep] or [lines.drop] that names values of a column.

    >>> by_value("Status", ["void"])
    '"Status" = ["void"]'
    """
    return f"{quoted(column)} = {listed(values)}"


def other_column(kind: QuestionKind, contract: str, name: str) -> str:
    """Return the lines that read another column, and that answer what would be asked of it in turn.

    >>> other_column(QuestionKind.TIME, "ordered_at", "paid at")
    '[lines.columns] ordered_at = "paid at", [answers] ignore = ["time:paid at"]'
    """
    return f"[lines.columns] {contract} = {quoted(name)}, [answers] ignore = [{quoted(f'{kind}:{name}')}]"
