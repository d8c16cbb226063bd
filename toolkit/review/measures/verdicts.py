"""A check of a case: what was looked at, what was found, what to do, and whether it forbids to claim an effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolkit.answer import Note, Verdict
from toolkit.language import tr
from toolkit.registry import question_text
from toolkit.review.measures.sentences import together


@dataclass(frozen=True)
class Check:
    """One verdict. `forbids`: with this found, no effect of the campaign is claimed anywhere. `hidden_errors`: how many of its standard
    errors an effect may owe to hidden reasons; one that is no further from zero is not claimed."""

    name: str
    verdict: Verdict
    finding: str
    advice: str = ""
    forbids: bool = False
    hidden_errors: float = 0.0

    @property
    def note(self) -> Note:
        """The check as a note of an answer."""
        return Note(together(self.finding, self.advice), self.verdict)


def worst_of(checks: Sequence[Check]) -> list[Check]:
    """Return checks in the order of what they mean for a claim: what forbids one first."""
    rank = {"FAIL": 0, "REVIEW": 1, "NOT MEASURED": 2, "PASS": 3}
    return sorted(checks, key=lambda check: (not check.forbids, rank[check.verdict]))


def worst_first(checks: Sequence[Check], *, most: int = 6) -> list[Note]:
    """Return the notes of checks with something to say, what forbids a claim first, at most so many and then how many more."""
    notes = [check.note for check in worst_of(checks) if check.forbids or check.verdict in ("FAIL", "REVIEW")]
    if len(notes) <= most:
        return notes
    more = tr("{more} more checks have something to say: '{question}'", more=len(notes) - most, question=question_text("review.checks"))
    return [*notes[:most], Note(more)]
