"""What a sentence comes to: calls of questions, and the four outcomes of a reading. Plain frozen values, nothing is computed here."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from toolkit import language
from toolkit.answer import Answer
from toolkit.errors import ToolkitError
from toolkit.registry import call_text, find_question
from toolkit.workspace import Workspace

Given = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Call:
    """One question with its parameters; `given` holds (name, value) pairs, lists as tuples."""

    name: str
    given: Given = ()

    @classmethod
    def of(cls, name: str, given: Mapping[str, Any]) -> Call:
        """Return the call of a question with these parameters; those that are None or empty are left out."""
        kept = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items() if value not in (None, "", [], ())}
        return cls(name, tuple(kept.items()))

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters as the question takes them."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in self.given}

    @property
    def text(self) -> str:
        """The call as a notebook's cell runs it: `tk.portrait.stores(ws, by='region')`."""
        return call_text(self.name, self.parameters)

    def code(self) -> str:
        """Return the call as a notebook's cell runs it."""
        return self.text

    @property
    def words(self) -> str:
        """The question and its parameters in the reader's words; `interpret` reads them back to this call."""
        from toolkit.conversation.wording import in_words

        return in_words(self)

    def changed(self, **parameters: Any) -> Call:
        """Return the call with some parameters changed; None takes one away."""
        return Call.of(self.name, {**self.parameters, **parameters})

    def answer(self, workspace: Workspace | str | Path, **more: Any) -> Answer:
        """Ask the question."""
        return find_question(self.name)(workspace, **{**self.parameters, **more})


@dataclass(frozen=True)
class Chip:
    """One part of what was understood, to be changed or taken away: the parameter ('' = the question itself), its label and its value."""

    parameter: str
    label: str
    value: str
    shown: str
    said: str = ""  # the words of the sentence that it was read from


@dataclass(frozen=True)
class Step:
    """Something that only a person does: what, in words, and the line of code that does it once they have decided."""

    kind: Literal["save_audience", "delete", "launch", "export", "change"]
    words: str
    code: str = ""
    name: str = ""
    call: Call | None = None


@dataclass(frozen=True)
class Dialogue:
    """What has been said so far: the last call or calls, the things they named, the language. Kept in an address or a notebook."""

    calls: tuple[Call, ...] = ()
    language: str = "en"
    asked: str = ""

    @property
    def last(self) -> Call | None:
        """The call that a follow-up changes."""
        return self.calls[-1] if self.calls else None

    def packed(self) -> str:
        """Return it as text for an address."""
        held = [[call.name, call.parameters] for call in self.calls]
        return base64.urlsafe_b64encode(json.dumps([held, self.language, self.asked], ensure_ascii=False).encode()).decode().rstrip("=")

    @classmethod
    def unpacked(cls, text: str) -> Dialogue:
        """Return the dialogue that an address holds; an empty one where it holds none."""
        try:
            held, spoken, asked = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            return cls(tuple(Call.of(find_question(name).name, given) for name, given in held), str(spoken), str(asked))
        except (ValueError, TypeError, ToolkitError):  # an address may hold anything
            return cls()


@dataclass(frozen=True, kw_only=True)
class Understood:
    """A sentence as it was understood. One of four: `ToAnswer`, `Clarify`, `Nearest`, `Refuse`.

    Attributes
    ----------
    text
        The sentence.
    said
        What is told to the person, one line: what was understood, which is meant, what comes near, or why not.
    calls
        ToAnswer: the call to make, or two to be shown side by side. Clarify: two to four complete choices. Nearest: up to three questions
        that come near. Refuse: what could be asked instead; may be none.
    chips
        The parts of the first call, each from the words it was read from.
    unused
        Words of the sentence that were not used.
    coverage
        Share of the content words that were used.
    dialogue
        What the next sentence is read with.
    step
        Refuse: what a person would do themselves.
    """

    kind: ClassVar[Literal["answer", "clarify", "nearest", "refuse"]]
    text: str
    said: str = ""
    calls: tuple[Call, ...] = ()
    chips: tuple[Chip, ...] = ()
    unused: tuple[str, ...] = ()
    coverage: float = 0.0
    dialogue: Dialogue = field(default_factory=Dialogue)
    step: Step | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "outcome": self.kind,
            "said": self.said,
            "calls": [{"name": c.name, "parameters": c.parameters, "call": c.text, "words": c.words} for c in self.calls],
            "understood": [{"parameter": c.parameter, "label": c.label, "value": c.value, "words": c.said} for c in self.chips],
            "unused": list(self.unused),
            "coverage": round(self.coverage, 2),
            "dialogue": self.dialogue.packed(),
            "step": {"kind": self.step.kind, "words": self.step.words, "code": self.step.code} if self.step else None,
        }


class ToAnswer(Understood):
    """Understood: one call, or two side by side."""

    kind = "answer"


class Clarify(Understood):
    """Several things may be meant: two to four complete calls to choose from."""

    kind = "clarify"


class Nearest(Understood):
    """Not understood: up to three questions that come near; nothing is computed."""

    kind = "nearest"


class Refuse(Understood):
    """Understood, and not to be answered: what would be needed, or where a person does it."""

    kind = "refuse"


def continued(dialogue: Dialogue, text: str, *calls: Call) -> Dialogue:
    """Return the dialogue after a sentence that came to these calls."""
    return replace(dialogue, calls=calls or dialogue.calls, asked=text, language=language.current())
