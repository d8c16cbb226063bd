"""What the outcome itself allows: whether anybody bought, whether a few large spenders decide, and how small an effect could be seen."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.language import later, tr, value, word
from toolkit.models.lin import Effect
from toolkit.models.randomisation_checks import members_for_skew, permutation_p
from toolkit.models.sensitivity import measured_strength, robustness_value
from toolkit.review.measures.case import Case
from toolkit.review.measures.outcome import OUTCOMES
from toolkit.review.measures.verdicts import Check
from toolkit.wording import share


def outcome_checks(case: Case, frame: pl.DataFrame, effect: Effect, outcome: str) -> list[Check]:
    """Return the checks of an outcome: `frame` of `Outcomes`, rows as in the case, `effect` what was measured with them."""
    treated, values = case.members["treated"].to_numpy(), frame[OUTCOMES[outcome].top].to_numpy()
    if not treated.any() or treated.all():
        return []
    bought = bool(np.any(values[treated])), bool(np.any(values[~treated]))
    if not all(bought):
        sentence = tr(_EMPTY[bought])
        advice = tr("See whether their receipts were imported, and whether contacts and receipts write member ids the same way.")
        return [Check(value("Sales in both arms"), "FAIL", sentence, advice, forbids=True)]
    sentence = tr(
        "{of_treated} of the treated and {of_control} of those compared with bought in these days.",
        of_treated=share(np.mean(values[treated] != 0)),
        of_control=share(np.mean(values[~treated] != 0)),
    )
    found = [Check(value("Sales in both arms"), "PASS", sentence)]
    if not effect.measured:
        return found
    hidden = [] if case.is_randomised else [_hidden(case, _each(frame, outcome), treated, effect, outcome)]
    return [*found, *hidden, _tails(case, values, treated, effect), _power(case, effect, outcome)]


_EMPTY = {
    (False, True): later("Nobody of the treated arm bought anything in these days."),
    (True, False): later("Nobody of the control arm bought anything in these days."),
    (False, False): later("Nobody of the treated and of the control arm bought anything in these days."),
}
"""Which arms bought nothing, by whether the treated and the control did."""


def _each(frame: pl.DataFrame, outcome: str) -> np.ndarray:
    """An outcome as a value per member; of a ratio each member's part in it, linearised."""
    asked = OUTCOMES[outcome]
    top = frame[asked.top].to_numpy()
    if asked.bottom is None:
        return top
    bottom = frame[asked.bottom].to_numpy()
    return (top - top.sum() / bottom.sum() * bottom) / bottom.mean() if bottom.sum() > 0 else top


def _hidden(case: Case, each: np.ndarray, treated: np.ndarray, effect: Effect, outcome: str) -> Check:
    """What a hidden reason as strong as the measured ones would do to the effect, and how strong one would have to be to undo it."""
    title, error, times = word(OUTCOMES[outcome].title), effect.standard_error or 0.0, case.view.settings.review.hidden_times
    strength = measured_strength(each, treated, case.past.values, times=times)
    errors = strength.bias / error if error > 0 else np.inf
    needed = robustness_value((effect.estimate or 0.0) / error, effect.freedom or 1e9, alpha=0.05) if error > 0 else 0.0
    sentence = tr(
        "What receipts show of the time before tells {of_choice} of who was chosen and {of_outcome} of {title}; to "
        "undo what was found a hidden reason must tell {needed} of what is left of both (Cinelli and Hazlett 2020).",
        of_choice=share(strength.of_choice),
        of_outcome=share(strength.of_outcome),
        title=title,
        needed=share(needed),
    )
    clear = effect.low is not None and effect.high is not None and not effect.low <= 0 <= effect.high
    if not clear:
        return Check(
            value("Hidden reasons"),
            "REVIEW",
            tr("{sentence} Nothing is shown that it could undo.", sentence=sentence),
            hidden_errors=errors,
        )
    if max(effect.low or 0.0, -(effect.high or 0.0)) <= strength.bias:
        sentence = tr("{sentence} One {times:g} times as strong as all that was measured would do that.", sentence=sentence, times=times)
        return Check(value("Hidden reasons"), "FAIL", sentence, tr("Take the figures for a description."), hidden_errors=errors)
    sentence = tr(
        "{sentence} One {times:g} times as strong as all that was measured would not; a stronger one would, and no "
        "receipt tells whether there is one.",
        sentence=sentence,
        times=times,
    )
    return Check(value("Hidden reasons"), "REVIEW", sentence, tr("Likely is the most that may be said."), hidden_errors=errors)


def _tails(case: Case, values: np.ndarray, treated: np.ndarray, effect: Effect) -> Check:
    limits = case.view.settings.review
    counts = {"treated": int(treated.sum()), "control": int((~treated).sum())}
    needed = {name: members_for_skew(values[arm], factor=limits.tail_factor) for name, arm in (("treated", treated), ("control", ~treated))}
    short = [name for name in counts if counts[name] < needed[name]]
    if not short:
        return Check(value("Heavy tails"), "PASS", tr("Both arms are large enough for how unevenly members spend."))
    arm = max(short, key=lambda name: needed[name] / counts[name])
    sentence = tr(
        "A few large spenders weigh heavily: the {arm} arm has {count:,} members and would need {needed:,.0f}.",
        arm=word(arm),
        count=counts[arm],
        needed=needed[arm],
    )
    if not case.is_randomised:
        advice = tr("Leave this to a campaign with more members.")
        return Check(
            value("Heavy tails"),
            "REVIEW",
            tr("{sentence} Without random assignment no exact test stands in for the interval.", sentence=sentence),
            advice,
        )
    seed = case.campaign.starts_on.toordinal()
    p_value = permutation_p(values, treated, case.past.values, permutations=limits.permutations, seed=seed)
    if p_value is None:
        return Check(value("Heavy tails"), "REVIEW", tr("{sentence} No re-assignment tells more.", sentence=sentence))
    agreed = (p_value < 0.05) == (effect.p_value is not None and effect.p_value < 0.05)
    sentence = tr(
        "{sentence} Re-assigning the members at random {times:,} times gives p = {p_value:.3f}.",
        sentence=sentence,
        times=limits.permutations,
        p_value=p_value,
    )
    if agreed:
        return Check(value("Heavy tails"), "PASS", tr("{sentence} That says the same as the interval.", sentence=sentence))
    return Check(
        value("Heavy tails"),
        "REVIEW",
        tr("{sentence} The interval says otherwise, and this counts.", sentence=sentence),
        forbids=p_value >= 0.05,
    )


def _power(case: Case, effect: Effect, outcome: str) -> Check:
    if effect.standard_error is None or effect.base is None or effect.base <= 0:
        return Check(value("Power"), "NOT MEASURED", tr("There is no base to say how small an effect could be seen."))
    seen = 2.8 * effect.standard_error / effect.base
    sentence = tr(
        "An effect on {title} of {seen} of what was expected would have been seen four times in five.",
        title=word(OUTCOMES[outcome].title),
        seen=share(seen),
    )
    clear = effect.low is not None and effect.high is not None and not effect.low <= 0 <= effect.high
    if seen <= case.view.settings.review.seen_share or clear:
        return Check(value("Power"), "PASS", sentence)
    advice = tr("A campaign that finds nothing has not shown that there is nothing: plan the next with more members.")
    return Check(value("Power"), "REVIEW", tr("{sentence} Smaller ones are likely to be missed.", sentence=sentence), advice)
