"""Sentences of strangers over the demo, by people who had read docs/questions.md and nothing of the reader.

    python -m benchmarks.strangers                      the sets, by language
    python -m benchmarks.strangers --open               with every sentence that went wrong, of those that have been worked with
                                                        (of the sets in APART only the figures, always)
    python -m benchmarks.strangers --apart FILE         another set too, of which only the figures are printed

The truth is tests/conversation/strangers*.tsv and FILE: set, id, language, sentence, what is acceptable (` || ` between alternatives, ` && `
between two calls side by side, each with the parameters that the sentence states). A set counts as unseen only until its failures have been
read; those of SETS have been, so that their figures say how well the reader fits them, and no more. The fourth was measured once, unseen:
58.6% of the English questions right, 71.4% of the Chinese, all refusals, 2.5% silently wrong; only then was it read. The fifth to the ninth
were written by one hand from the list of questions alone (the ninth after the reader was known), the tenth to the twelfth by another, from
the list too; the seventh, the eighth and the twelfth have not been read.
docs/truth.md holds what each was when it was measured once, unread. Leave them and the next one so (`--apart`). Ends with 1 where a set misses
a bar.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conversation.truth import FOLDER
from toolkit.conversation import Call, Understood, interpret
from toolkit.registry import find_question
from toolkit.workspace import Workspace

OUTCOMES = {"CLARIFY", "NEAREST", "REFUSE"}
AS_OF = "2017-12-31"
"""The day from which the truth counts; the last receipts of the source are of the night after."""
BARS = {"en": 90, "zh": 85}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SETS = {
    "the first 240, worked with": "strangers.tsv",
    "the second 120, worked with": "strangers_second.tsv",
    "the third 120, worked with": "strangers_third.tsv",
    "the fourth 120, worked with": "strangers_fourth.tsv",
    "the fifth 120, worked with": "strangers_fifth.tsv",
    "the sixth 123, worked with": "strangers_sixth.tsv",
    "the ninth 123, worked with": "strangers_ninth.tsv",
    "the tenth 120, worked with": "strangers_tenth.tsv",
    "the eleventh 40, worked with": "strangers_eleventh.tsv",
}
APART = {
    "the seventh 120, not read": "strangers_seventh.tsv",
    "the eighth 121, not read": "strangers_eighth.tsv",
    "the twelfth 39, not read": "strangers_twelfth.tsv",
}
"""Sets of which nobody who works on the reader reads a failure."""


def main() -> int:
    """Print how many are right; return 1 where a set misses a bar."""
    demo = Workspace(os.environ.get("ASKING_WORKSPACE", "demo/workspace"))
    missed = 0
    for name, path in SETS.items():
        missed += _printed(name, _read(demo, FOLDER / path), told="--open" in sys.argv)
    for name, path in APART.items():
        missed += _printed(name, _read(demo, FOLDER / path), told=False)
    if "--apart" in sys.argv:
        missed += _printed("kept apart", _read(demo, Path(sys.argv[sys.argv.index("--apart") + 1])), told=False)
    return int(missed > 0)


def _read(demo: Workspace, path: Path) -> list[Read]:
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines() if line]
    return [Read(language, text, told.split(" || "), interpret(demo, text, as_of=AS_OF)) for *_, language, text, told in rows]


def _printed(name: str, found: list[Read], *, told: bool) -> int:
    """Print the figures of a set; return how many bars it misses."""
    missed = 0
    for language, bar in BARS.items():
        asked = [one for one in found if one.language == language and not one.is_refusal]
        right = 100 * sum(one.is_right for one in asked) / len(asked)
        offered = sum(not one.is_right and is_offered(one.understood, one.acceptable) for one in asked)
        print(
            f"{name}, {language}: question and parameters right {right:.1f}% of {len(asked)} (bar {bar}%); "
            f"of the others the right question is offered to {offered}"
        )
        missed += right < bar
    refusals = [one.is_right for one in found if one.is_refusal]
    refused = 100 * sum(refusals) / len(refusals)
    silent = 100 * sum(one.is_silently_wrong for one in found) / len(found)
    print(f"{name}: refusals right {refused:.1f}% of {len(refusals)} (bar 95%); silently wrong {silent:.1f}% of {len(found)} (bar 2%)")
    for one in found if told else ():
        if not one.is_right:
            print(f"   {one.text} => {one.understood.kind} {[call.text for call in one.understood.calls]} | {' || '.join(one.acceptable)}")
    return missed + (refused < 95) + (silent > 2)


@dataclass(frozen=True)
class Read:
    """A sentence, what is acceptable, and how it was understood."""

    language: str
    text: str
    acceptable: list[str]
    understood: Understood

    @property
    def is_refusal(self) -> bool:
        """Whether nothing should be answered."""
        return set(self.acceptable) <= OUTCOMES

    @property
    def is_right(self) -> bool:
        """Whether it is understood as is acceptable; what should not be answered may be refused or pointed to what is near."""
        return is_right(self.understood, [*self.acceptable, "REFUSE", "NEAREST"] if self.is_refusal else self.acceptable)

    @property
    def is_silently_wrong(self) -> bool:
        """Whether another question is answered than was asked."""
        return self.understood.kind == "answer" and not self.is_right and not is_offered(self.understood, self.acceptable)


def is_right(read: Understood, acceptable: list[str]) -> bool:
    """Say whether an outcome is among the acceptable ones: the calls with all parameters that the sentence states."""
    for told in acceptable:
        if told.strip() in OUTCOMES:
            if read.kind.upper() == told.strip():
                return True
            continue
        wanted = [_call(part) for part in told.split(" && ")]
        if (
            read.kind == "answer"
            and len(read.calls) == len(wanted)
            and all(any(_holds(call, *one) for call in read.calls) for one in wanted)
        ):
            return True
    return False


def is_offered(read: Understood, acceptable: list[str]) -> bool:
    """Say whether one of the calls, made or offered, is of an acceptable question."""
    names = {_call(part)[0] for told in acceptable for part in told.split(" && ")}
    return any(call.name in names for call in read.calls)


def _call(text: str) -> tuple[str, dict[str, Any]]:
    name, _, given = text.strip().partition(" ")
    return name, json.loads(given) if given.strip() else {}


def _holds(call: Call, name: str, stated: dict[str, Any]) -> bool:
    if call.name != name:
        return False
    defaults = {key: one.default for key, one in find_question(name).parameters.items() if one.default is not inspect.Parameter.empty}
    held = {**defaults, **call.parameters}
    return all(held.get(key) not in (None, "") if value == "*" else _plain(value) in _plain(held.get(key)) for key, value in stated.items())


def _plain(value: Any) -> str:
    """Values as a person compares them: 50 and "50", a list and its text, the last 91 days by their days."""
    if isinstance(value, (list, tuple)):
        return ",".join(_plain(one) for one in value)
    text = str(value).strip().casefold().replace("2017-10-02..2017-12-31", "91d").replace(", ", ",")
    if text.endswith("day") and text[:3] in WEEKDAYS:
        return text[:3]
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


if __name__ == "__main__":
    sys.exit(main())
