"""What may be said of an effect: the claim that the estimate and the checks allow, and its sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from toolkit import wording
from toolkit.answer import Note
from toolkit.language import tr, word
from toolkit.models.lin import Effect
from toolkit.review.measures.case import Case
from toolkit.review.measures.model_reasons import reason_text
from toolkit.review.measures.outcome import OUTCOMES
from toolkit.review.measures.sentences import first_of
from toolkit.review.measures.verdicts import Check, Hidden

Word = Literal["proven", "not shown", "very likely", "likely", "possible", "cannot be told", "not measured"]
"""proven: randomised, the interval is clear of zero and no check forbids it; not shown: randomised, and zero lies in the interval.
Not randomised, four grades by how strong a hidden reason must be to undo it, beside the strongest single measured one: very likely (at
least review.very_likely_times, and nothing extrapolated), likely (review.likely_times), possible (clear of zero, and no more), cannot be
told (zero lies in the interval, or a check forbids it). Not measured: there is no estimate."""


@dataclass(frozen=True)
class Claim:
    """What may be said: `word`, the `sign` of the effect (0 where none is claimed), why no more is said, and how many times as strong as
    the strongest measured reason a hidden one must be to undo it (None where chance decided or that is not measured)."""

    word: Word
    sign: int = 0
    reasons: tuple[str, ...] = ()
    times: float | None = None

    @property
    def is_made(self) -> bool:
        """Whether an effect is claimed at all."""
        return self.sign != 0

    @property
    def may_be_shown(self) -> bool:
        """Whether the estimate may stand in a headline or a figure: with random assignment also one that shows nothing."""
        return self.word in ("proven", "very likely", "likely", "not shown")

    @property
    def parts(self) -> Mapping[str, bool | str]:
        """What decides the optional parts of a sentence: its word (`likely` and `very` where it is very likely), `gain`, `loss`, and the
        first sentence of the first `reason`."""
        reason = first_of(self.reasons[0].removeprefix(tr("NOT RANDOMISED: "))) if self.reasons else ""
        words = {name.replace(" ", "_"): self.word == name for name in get_args(Word)}
        very = words.pop("very_likely")
        return {**words, "likely": words["likely"] or very, "very": very, "gain": self.sign > 0, "loss": self.sign < 0, "reason": reason}


def claim_of(case: Case, effect: Effect, checks: Sequence[Check]) -> Claim:
    """Return what may be claimed of an effect.

    Source: DEFINITIONS.md section 4, claims without chance; hidden reasons: Cinelli and Hazlett, Journal of the Royal Statistical Society
    B 82 (2020).
    """
    forbidding = tuple(check.finding for check in checks if check.forbids)
    if case.nobody_alike is not None:
        return Claim("cannot be told", reasons=(tr("{words}.", words=case.nobody_alike), *forbidding))
    if not effect.measured or effect.low is None or effect.high is None or effect.base is None:
        return Claim("not measured", reasons=forbidding or (tr("No effect is measured: {reason}.", reason=reason_text(effect.reason)),))
    if forbidding:
        return Claim("cannot be told", reasons=forbidding)
    sign = 1 if effect.low > 0 else -1 if effect.high < 0 else 0
    if case.is_randomised:
        return Claim("proven", sign) if sign else Claim("not shown")
    return _graded(case, effect, sign, next((check.hidden for check in checks if check.hidden is not None), None))


def _graded(case: Case, effect: Effect, sign: int, hidden: Hidden | None) -> Claim:
    """The grade of an effect where chance did not decide."""
    limits = case.view.settings.review
    missing = tr("nobody was held out") if case.control == "others" else tr("chance did not decide who was held out")
    if not sign:
        return Claim("cannot be told", reasons=(tr("{missing}, and what was found is not told apart from zero.", missing=missing),))
    if hidden is None:
        reason = tr("{missing}, and how strong a hidden reason would have to be is not measured.", missing=missing)
        return Claim("cannot be told", reasons=(reason,))
    times = hidden.times(effect)
    if times < limits.likely_times:
        reason = case.say(
            "{missing}, and a hidden reason {times:.1f} times as strong as the strongest that is measured ({strongest}) would explain what "
            "was found.",
            missing=missing, times=times, strongest=hidden.name,
        )  # fmt: skip
        return Claim("possible", reasons=(reason,), times=times)
    beyond = case.overlap.beyond_share
    extrapolated = beyond is None or beyond > limits.overlap_fail
    return Claim("likely" if extrapolated or times < limits.very_likely_times else "very likely", sign, times=times)


def grade_note(case: Case, claim: Claim, checks: Sequence[Check], outcome: str) -> list[Note]:
    """Return what a grade means, with what hidden reasons are held against; nothing where chance decided or nothing is graded."""
    hidden = next((check.hidden for check in checks if check.hidden is not None), None)
    if hidden is None or claim.times is None:
        return []
    bias = hidden.yardstick.bias()
    sentence = case.say(
        "[possible?Possible, no more|[very?Very likely|Likely]]: a hidden reason would have to be {times:.1f} times as strong as the "
        "strongest that is measured, {strongest}, to explain what was found[; one as strong would take up to {bias} off]. Grades: "
        "possible = clear of zero; likely = {review.likely_times:g} times; very likely = {review.very_likely_times:g} times, and nothing "
        "extrapolated; proven = only where "
        "chance decided.",
        claim.parts, times=claim.times, strongest=hidden.name, bias=_amount(case, bias, outcome) if np.isfinite(bias) else None,
    )  # fmt: skip
    return [Note(sentence, "REVIEW")]


def effect_headline(case: Case, effect: Effect, claim: Claim, outcome: str) -> str:
    """Return the sentence a store manager reads: what the campaign changed, with its n, or why that cannot be told."""
    title = word(OUTCOMES[outcome].title)
    if not claim.may_be_shown or effect.estimate is None or effect.low is None or effect.high is None:
        return case.say(
            "[{opening}|NO CLAIM: ]what {name} changed in {title} [not_measured?is not measured|[possible?is possible, no more|cannot be "
            "told]][ {so_far}] ({arms}): "
            "{reason}",
            claim.parts, title=title,
        )  # fmt: skip
    low, high = signed(case, effect.low, outcome), signed(case, effect.high, outcome)
    if claim.word == "not shown":
        return case.say(
            "{where}, {name} shows no effect on {title}[ {so_far}]: per treated member it lies between {low} and {high}, zero included; "
            "{arms}.",
            title=title, low=low, high=high,
        )  # fmt: skip
    if outcome in ("order_value", "units_per_order", "active"):
        return case.say(
            "{where}, {name} [likely?[very?very ]probably ]moved {title} by {amount}[ {so_far}] (95% interval {low} to {high}[, "
            "{lift:change} on what "
            "was expected without it]; {arms}).",
            claim.parts, title=title, amount=signed(case, effect.estimate, outcome), low=low, high=high, lift=effect.share,
        )  # fmt: skip
    return case.say(
        "{where}, {name} [likely?[very?very ]probably ][gain?brought|cost] {amount} of {title} per treated member[ {so_far}] (95% "
        "interval {low} to "
        "{high}[, {lift:change} on what was expected without it]; {arms}).",
        claim.parts, title=title, amount=_amount(case, abs(effect.estimate), outcome), low=low, high=high, lift=effect.share,
    )  # fmt: skip


def signed(case: Case, value: float, outcome: str) -> str:
    """Return a figure of an outcome with its sign."""
    text = _amount(case, abs(value), outcome)
    return f"-{text}" if value < 0 else f"+{text}"


def _amount(case: Case, value: float, outcome: str) -> str:
    kind = OUTCOMES[outcome].kind
    if kind == "money":
        return wording.money(value, case.view.currency)
    return case.view.say("{points:.1f} percentage points", points=100 * value) if kind == "share" else f"{value:,.2f}"
