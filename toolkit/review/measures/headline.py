"""What may be said of an effect: the claim that the estimate and the checks allow, and its sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from toolkit import wording
from toolkit.language import tr, word
from toolkit.models.lin import Effect
from toolkit.review.measures.case import Case
from toolkit.review.measures.model_reasons import reason_text
from toolkit.review.measures.outcome import OUTCOMES
from toolkit.review.measures.sentences import first_of
from toolkit.review.measures.verdicts import Check

Word = Literal["proven", "not shown", "likely", "cannot be told", "not measured"]
"""proven: randomised, the interval is clear of zero and no check forbids it; not shown: randomised, and zero lies in the interval; likely:
not randomised, yet clear of hidden reasons of the size that the setting review.claim_share allows for, and of one some
times as strong as all that was measured (review.hidden_times); cannot be told: a check forbids it,
or without randomisation it is too small; not measured: there is no estimate."""


@dataclass(frozen=True)
class Claim:
    """What may be said: `word`, the `sign` of the effect (0 where none is claimed), and why no more is said."""

    word: Word
    sign: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def is_made(self) -> bool:
        """Whether an effect is claimed at all."""
        return self.sign != 0

    @property
    def may_be_shown(self) -> bool:
        """Whether the estimate may stand in a headline or a figure: with random assignment also one that shows nothing."""
        return self.word in ("proven", "likely", "not shown")

    @property
    def parts(self) -> Mapping[str, bool | str]:
        """What decides the optional parts of a sentence: its word, `gain`, `loss`, and the first sentence of the first `reason`."""
        reason = first_of(self.reasons[0].removeprefix(tr("NOT RANDOMISED: "))) if self.reasons else ""
        words = {name.replace(" ", "_"): self.word == name for name in get_args(Word)}
        return {**words, "gain": self.sign > 0, "loss": self.sign < 0, "reason": reason}


def claim_of(case: Case, effect: Effect, checks: Sequence[Check]) -> Claim:
    """Return what may be claimed of an effect.

    Source: DEFINITIONS.md section 4, warnings: without randomisation a claim needs the lower limit above 10% of base; hidden reasons:
    `toolkit.models.sensitivity`.
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
    limit = case.view.settings.review.claim_share
    nearest = effect.low if sign > 0 else -effect.high
    missing = tr("nobody was held out") if case.control == "others" else tr("chance did not decide who was held out")
    if sign and effect.base > 0 and nearest > limit * effect.base:
        hidden = max((check.hidden_errors for check in checks), default=0.0)
        if nearest > hidden * (effect.standard_error or 0.0):
            return Claim("likely", sign)
        reason = tr(
            "{missing}, and a hidden reason of the strength that review.hidden_times allows for would undo what was found.", missing=missing
        )
        return Claim("cannot be told", reasons=(reason,))
    reason = tr(
        "{missing}, and what was found is not surely above {limit} of what was expected without the campaign; hidden "
        "reasons for being chosen are worth as much (setting review.claim_share).",
        missing=missing,
        limit=wording.share(limit, 0),
    )
    return Claim("cannot be told", reasons=(reason,))


def effect_headline(case: Case, effect: Effect, claim: Claim, outcome: str) -> str:
    """Return the sentence a store manager reads: what the campaign changed, with its n, or why that cannot be told."""
    title = word(OUTCOMES[outcome].title)
    if not claim.may_be_shown or effect.estimate is None or effect.low is None or effect.high is None:
        return case.say(
            "[{opening}|NO CLAIM: ]what {name} changed in {title} [not_measured?is not measured|cannot be told][ {so_far}] ({arms}): "
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
            "{where}, {name} [likely?probably ]moved {title} by {amount}[ {so_far}] (95% interval {low} to {high}[, {lift:change} on what "
            "was expected without it]; {arms}).",
            claim.parts, title=title, amount=signed(case, effect.estimate, outcome), low=low, high=high, lift=effect.share,
        )  # fmt: skip
    return case.say(
        "{where}, {name} [likely?probably ][gain?brought|cost] {amount} of {title} per treated member[ {so_far}] (95% interval {low} to "
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
