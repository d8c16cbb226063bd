"""What may be said of an effect: the claim that the estimate and the checks allow, and its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from toolkit import wording
from toolkit.language import tr
from toolkit.models.lin import Effect
from toolkit.portrait.phrases import where
from toolkit.review.case import Case
from toolkit.review.outcome import OUTCOMES
from toolkit.review.verdicts import Check

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
        return Claim("cannot be told", reasons=(f"{case.nobody_alike}.", *forbidding))
    if not effect.measured or effect.low is None or effect.high is None or effect.base is None:
        return Claim("not measured", reasons=forbidding or (tr("No effect is measured: {reason}.", reason=effect.reason),))
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
    title, so_far = OUTCOMES[outcome].title, _so_far(case)
    counts = arms(case)
    if not claim.may_be_shown or effect.estimate is None or effect.low is None or effect.high is None:
        untold = tr("is not measured") if claim.word == "not measured" else "cannot be told"
        return tr(
            "{opening}what {name} changed in {title} {untold}{so_far} ({counts}): {first_reason}",
            opening=opening(case) or "NO CLAIM: ",
            name=case.name,
            title=title,
            untold=untold,
            so_far=so_far,
            counts=counts,
            first_reason=first_reason(claim),
        )
    span = tr("95% interval {signed} to {signed_2}", signed=signed(case, effect.low, outcome), signed_2=signed(case, effect.high, outcome))
    place = where(case.view)
    if claim.word == "not shown":
        return tr(
            "{place}, {name} shows no effect on {title}{so_far}: per treated member it lies between {signed} and "
            "{signed_2}, zero included; {counts}.",
            place=place,
            name=case.name,
            title=title,
            so_far=so_far,
            signed=signed(case, effect.low, outcome),
            signed_2=signed(case, effect.high, outcome),
            counts=counts,
        )
    verb = "brought" if claim.sign > 0 else "cost"
    of_base = tr(", {share} on what was expected without it", share=wording.change(effect.share)) if effect.share is not None else ""
    likely = "" if claim.word == "proven" else "probably "
    said = tr(
        "{place}, {name} {likely}{verb} {amount} of {title} per treated member{so_far}",
        place=place,
        name=case.name,
        likely=likely,
        verb=verb,
        amount=_amount(case, abs(effect.estimate), outcome),
        title=title,
        so_far=so_far,
    )
    if outcome in ("order_value", "units_per_order", "active"):
        said = tr(
            "{place}, {name} {likely}moved {title} by {signed}{so_far}",
            place=place,
            name=case.name,
            likely=likely,
            title=title,
            signed=signed(case, effect.estimate, outcome),
            so_far=so_far,
        )
    return f"{opening(case)}{said[0].lower() if opening(case) else said[0]}{said[1:]} ({span}{of_base}; {counts})."


def opening(case: Case) -> str:
    """Return the first words of any sentence on a campaign that chance did not decide."""
    if case.is_randomised:
        return ""
    unknown = case.control == "own" and case.campaign.randomised is None
    return tr("NOT RANDOMISED as far as is known: ") if unknown else tr("NOT RANDOMISED: ")


def arms(case: Case) -> str:
    """Return the n of both arms: `n = 959 treated, 979 held out at random`."""
    chance = {True: tr("at random"), False: tr("not at random"), None: tr("whether at random is not known")}[case.campaign.randomised]
    others = {
        "own": tr("held out{value}{chance}", value=" " if case.campaign.randomised is True else ", ", chance=chance),
        "others": tr("not contacted"),
        "none": tr("to compare with"),
    }
    return f"n = {case.treated_count:,} treated, {case.control_count:,} {others[case.control]}"


def first_reason(claim: Claim) -> str:
    """Return the first reason why no more is said, its first sentence."""
    if not claim.reasons:
        return ""
    text = claim.reasons[0].removeprefix("NOT RANDOMISED: ").removesuffix(".").split(". ")[0]
    return f"{text}."


def signed(case: Case, value: float, outcome: str) -> str:
    """Return a figure of an outcome with its sign."""
    text = _amount(case, abs(value), outcome)
    return f"-{text}" if value < 0 else f"+{text}"


def _amount(case: Case, value: float, outcome: str) -> str:
    kind = OUTCOMES[outcome].kind
    if kind == "money":
        return wording.money(value, case.view.currency)
    return tr("{value:.1f} percentage points", value=100 * value) if kind == "share" else f"{value:,.2f}"


def _so_far(case: Case) -> str:
    return tr(" so far (day {days} of {planned_days})", days=case.seen.days, planned_days=case.planned_days) if case.is_running else ""
