"""A check of a case: what was looked at, what was found, what to do, and whether it forbids to claim an effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolkit.answer import Note, Verdict
from toolkit.language import tr
from toolkit.models.lin import Effect
from toolkit.models.sensitivity import Yardstick
from toolkit.registry import question_text
from toolkit.review.measures.sentences import together

_SURE = 0.8
"""What a hidden reason must undo is the effect less what chance may have added: four in five truths lie beyond that. The 95% interval must
be clear of zero besides, so this is no guard against chance alone; at .9 a tenth fewer of the simulated campaigns to win back members that
brought 80% were called likely, and hardly fewer that brought nothing."""


@dataclass(frozen=True)
class Hidden:
    """What hidden reasons are held against: the strongest single measured one, what it is called, and the effect it was measured beside.

    What of that effect is not seen among the members alike, in the plain regression, is extrapolated, and does not count (`kept`: the
    share that is seen). An effect on another outcome is as far from zero as it is in standard errors.
    """

    yardstick: Yardstick
    name: str
    effect: Effect

    @property
    def kept(self) -> float:
        """Share (0..1) of the effect that is seen among the members alike."""
        return min(max(self.yardstick.estimate / self.effect.estimate, 0.0), 1.0) if self.effect.estimate else 0.0

    def times(self, effect: Effect) -> float:
        """Return how many times as strong as the strongest measured a hidden reason must be to undo an effect; 0 = it is not clear of
        zero as it is."""
        return self.yardstick.times(self._distance(effect))

    def share(self, effect: Effect) -> float:
        """Return which share of what is left of both who was chosen and what they did it must tell (the robustness value)."""
        return self.yardstick.share(self._distance(effect))

    def _distance(self, effect: Effect) -> float:
        from scipy.special import stdtrit

        if not is_clear(effect) or not effect.standard_error or effect.estimate is None:
            return 0.0
        errors = self.kept * abs(effect.estimate) / effect.standard_error - float(stdtrit(min(effect.freedom or 1e9, 1e9), _SURE))
        return errors * (self.effect.standard_error or 0.0)


def is_clear(effect: Effect) -> bool:
    """Return whether the interval of an effect is clear of zero."""
    return effect.low is not None and effect.high is not None and not effect.low <= 0 <= effect.high


@dataclass(frozen=True)
class Check:
    """One verdict. `forbids`: with this found, no effect of the campaign is claimed anywhere. `hidden`: what hidden reasons are held
    against, where chance did not decide."""

    name: str
    verdict: Verdict
    finding: str
    advice: str = ""
    forbids: bool = False
    hidden: Hidden | None = None

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
