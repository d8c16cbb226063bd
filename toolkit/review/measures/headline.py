"""What may be said of an effect: the claim that the estimate and the checks allow, and its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from toolkit import wording
from toolkit.language import later, tr, word
from toolkit.models.lin import Effect
from toolkit.review.measures.case import Case
from toolkit.review.measures.outcome import OUTCOMES
from toolkit.review.measures.sentences import after, first_of
from toolkit.review.measures.verdicts import Check
from toolkit.review.model_reasons import reason_text
from toolkit.scope.phrases import where

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
    title, counts = word(OUTCOMES[outcome].title), arms(case)
    if not claim.may_be_shown or effect.estimate is None or effect.low is None or effect.high is None:
        return tr(
            "{opening}what {name} changed in {title} {untold}{so_far} ({counts}): {first_reason}",
            opening=opening(case) or tr("NO CLAIM: "),
            name=case.name,
            title=title,
            untold=untold(claim),
            so_far=so_far(case),
            counts=counts,
            first_reason=first_reason(claim),
        )
    low, high = signed(case, effect.low, outcome), signed(case, effect.high, outcome)
    if claim.word == "not shown":
        return tr(
            "{place}, {name} shows no effect on {title}{so_far}: per treated member it lies between {low} and "
            "{high}, zero included; {counts}.",
            place=where(case.view),
            name=case.name,
            title=title,
            so_far=so_far(case),
            low=low,
            high=high,
            counts=counts,
        )
    is_proven, is_moved = claim.word == "proven", outcome in ("order_value", "units_per_order", "active")
    said = tr(
        _MOVED[is_proven] if is_moved else _BROUGHT[is_proven, claim.sign > 0],
        place=where(case.view),
        name=case.name,
        amount=signed(case, effect.estimate, outcome) if is_moved else _amount(case, abs(effect.estimate), outcome),
        title=title,
        so_far=so_far(case),
    )
    of_base = tr(", {share} on what was expected without it", share=wording.change(effect.share)) if effect.share is not None else ""
    span = tr("95% interval {low} to {high}", low=low, high=high)
    return after(opening(case), tr("{said} ({span}{of_base}; {counts}).", said=said, span=span, of_base=of_base, counts=counts))


_BROUGHT = {
    (True, True): later("{place}, {name} brought {amount} of {title} per treated member{so_far}"),
    (True, False): later("{place}, {name} cost {amount} of {title} per treated member{so_far}"),
    (False, True): later("{place}, {name} probably brought {amount} of {title} per treated member{so_far}"),
    (False, False): later("{place}, {name} probably cost {amount} of {title} per treated member{so_far}"),
}
"""What an effect brought or cost, by whether it is proven and whether it is a gain."""
_MOVED = {
    True: later("{place}, {name} moved {title} by {amount}{so_far}"),
    False: later("{place}, {name} probably moved {title} by {amount}{so_far}"),
}


def opening(case: Case) -> str:
    """Return the first words of any sentence on a campaign that chance did not decide."""
    if case.is_randomised:
        return ""
    unknown = case.control == "own" and case.campaign.randomised is None
    return tr("NOT RANDOMISED as far as is known: ") if unknown else tr("NOT RANDOMISED: ")


def arms(case: Case) -> str:
    """Return the n of both arms: `n = 959 treated, 979 held out at random`."""
    said = _HELD_OUT[case.campaign.randomised] if case.control == "own" else _ARMS[case.control]
    return tr(said, treated=case.treated_count, control=case.control_count)


_HELD_OUT = {
    True: later("n = {treated:,} treated, {control:,} held out at random"),
    False: later("n = {treated:,} treated, {control:,} held out, not at random"),
    None: later("n = {treated:,} treated, {control:,} held out, whether at random is not known"),
}
_ARMS = {
    "others": later("n = {treated:,} treated, {control:,} not contacted"),
    "none": later("n = {treated:,} treated, {control:,} to compare with"),
}


def untold(claim: Claim) -> str:
    """Return the verb of a sentence on an effect that may not be shown."""
    return tr("is not measured") if claim.word == "not measured" else tr("cannot be told")


def first_reason(claim: Claim) -> str:
    """Return the first reason why no more is said, its first sentence."""
    if not claim.reasons:
        return ""
    return first_of(claim.reasons[0].removeprefix(tr("NOT RANDOMISED: ")))


def signed(case: Case, value: float, outcome: str) -> str:
    """Return a figure of an outcome with its sign."""
    text = _amount(case, abs(value), outcome)
    return f"-{text}" if value < 0 else f"+{text}"


def _amount(case: Case, value: float, outcome: str) -> str:
    kind = OUTCOMES[outcome].kind
    if kind == "money":
        return wording.money(value, case.view.currency)
    return tr("{points:.1f} percentage points", points=100 * value) if kind == "share" else f"{value:,.2f}"


def so_far(case: Case) -> str:
    """Return which day a running campaign has come to, for the inside of a sentence; nothing where it is over."""
    return tr(" so far (day {days} of {planned_days})", days=case.seen.days, planned_days=case.planned_days) if case.is_running else ""
