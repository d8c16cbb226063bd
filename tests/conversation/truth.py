"""Sentences with what they should come to: read, compared, counted; half of them held apart (by the digits of a hash)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolkit.conversation import Dialogue, Understood, interpret
from toolkit.workspace import Workspace

FOLDER = Path(__file__).parent
_CALL = re.compile(r"([\w.]+)(?:\((.*)\))?$")


@dataclass(frozen=True)
class Case:
    """One sentence: its language, what is right (one of several), and whether it is of the half held apart."""

    language: str
    text: str
    expected: tuple[str, ...]

    @property
    def is_apart(self) -> bool:
        """Whether it is looked at only at the end."""
        return zlib.crc32(self.text.encode()) % 2 == 1

    @property
    def is_refusal(self) -> bool:
        """Whether nothing should be answered, and a reason given."""
        return self.expected[0] == "REFUSE"


def cases() -> list[Case]:
    """Return every sentence of sentences.tsv."""
    rows = [line.split("\t") for line in (FOLDER / "sentences.tsv").read_text("utf-8").splitlines() if line]
    return [Case(language, text, tuple(expected.split(" | "))) for language, text, expected in rows]


def dialogues() -> list[list[tuple[str, tuple[str, ...]]]]:
    """Return every dialogue of dialogues.tsv: its turns with what is right."""
    rows = [line.split("\t") for line in (FOLDER / "dialogues.tsv").read_text("utf-8").splitlines() if line]
    return [[(row[at], tuple(row[at + 1].split(" | "))) for at in range(0, len(row), 2)] for row in rows]


def shown(understood: Understood) -> str:
    """Return an outcome as the truth writes it."""
    calls = [f"{c.name}({','.join(f'{name}={value}' for name, value in sorted(c.parameters.items()))})" for c in understood.calls]
    if understood.kind == "answer":
        return " & ".join(calls)
    return f"{understood.kind.upper()} {'; '.join(calls)}"


def _normal(call: str) -> str:
    found = _CALL.match(call.strip())
    assert found, call
    name, inside = found.groups()
    parts = sorted(re.split(r",(?=\w+=)", inside)) if inside else []
    # of a figure, sales and the whole are what is taken where nothing is said
    return f"{name}({','.join(part for part in parts if part not in ('metric=sales', 'by=total'))})"


def _calls(text: str) -> list[str]:
    return sorted(_normal(part) for part in text.split(" & "))


def is_right(understood: Understood, expected: tuple[str, ...]) -> bool:
    """Say whether an outcome is one of those that are right: the question and all its parameters."""
    for one in expected:
        if one in ("REFUSE", "NEAREST"):
            if understood.kind == one.lower():
                return True
        elif one.startswith("CLARIFY "):
            if understood.kind == "clarify" and {call.name for call in understood.calls} == {one.removeprefix("CLARIFY ")}:
                return True
        elif understood.kind == "answer" and _calls(shown(understood)) == _calls(one):
            return True
    return False


def is_silently_wrong(understood: Understood, expected: tuple[str, ...]) -> bool:
    """Say whether something else was answered than was asked."""
    return understood.kind == "answer" and not is_right(understood, expected)


def turns(ws: Workspace, dialogue: list[tuple[str, tuple[str, ...]]]) -> Iterator[tuple[str, Understood, bool]]:
    """Yield each turn of a dialogue with its outcome, and whether it is right."""
    before: Dialogue | None = None
    for text, expected in dialogue:
        understood = interpret(ws, text, before)
        before = understood.dialogue
        yield text, understood, is_right(understood, expected)
