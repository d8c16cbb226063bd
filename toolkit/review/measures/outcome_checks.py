"""What the outcome itself allows: whether anybody bought, whether a few large spenders decide, and how small an effect could be seen."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.language import tr, value
from toolkit.models.lin import Effect
from toolkit.models.randomisation_checks import members_for_skew, permutation_p
from toolkit.models.sensitivity import strongest_reason
from toolkit.review.measures.case import Case
from toolkit.review.measures.outcome import OUTCOMES
from toolkit.review.measures.past import REASONS
from toolkit.review.measures.verdicts import Check, Hidden, is_clear


def outcome_checks(case: Case, frame: pl.DataFrame, effect: Effect, outcome: str) -> list[Check]:
    """Return the checks of an outcome: `frame` of `Outcomes`, rows as in the case, `effect` what was measured with them."""
    name, treated, values = value("Sales in both arms"), case.members["treated"].to_numpy(), frame[OUTCOMES[outcome].top].to_numpy()
    if not treated.any() or treated.all():
        return []
    of_treated, of_control = float(np.mean(values[treated] != 0)), float(np.mean(values[~treated] != 0))
    if not of_treated or not of_control:
        arms = {"treated": not of_treated and of_control > 0, "control": not of_control and of_treated > 0}
        sentence = case.say(
            "Nobody of the [treated?treated][control?control][both?treated and of the control] arm bought anything in these days.",
            arms, both=not any(arms.values()),
        )  # fmt: skip
        advice = tr("See whether their receipts were imported, and whether contacts and receipts write member ids the same way.")
        return [Check(name, "FAIL", sentence, advice, forbids=True)]
    sentence = case.say(
        "{treated:share} of the treated and {control:share} of those compared with bought in these days.",
        treated=of_treated, control=of_control,
    )  # fmt: skip
    checks = [Check(name, "PASS", sentence)]
    if not effect.measured:
        return checks
    hidden = [] if case.is_randomised else [_hidden(case, _each(frame, outcome), treated, effect, outcome)]
    return [*checks, *hidden, _tails(case, values, treated, effect), _power(case, effect, outcome)]


def _each(frame: pl.DataFrame, outcome: str) -> np.ndarray:
    """An outcome as a value per member; of a ratio each member's part in it, linearised."""
    asked = OUTCOMES[outcome]
    top = frame[asked.top].to_numpy()
    if asked.bottom is None:
        return top
    bottom = frame[asked.bottom].to_numpy()
    return (top - top.sum() / bottom.sum() * bottom) / bottom.mean() if bottom.sum() > 0 else top


def _hidden(case: Case, each: np.ndarray, treated: np.ndarray, effect: Effect, outcome: str) -> Check:
    """How strong a hidden reason would have to be to undo the effect, beside the strongest single measured one."""
    name, limits, alike = value("Hidden reasons"), case.view.settings.review, case.overlap.alike
    yardstick = strongest_reason(
        each[alike], treated[alike], case.past.values[alike], reasons=[case.past.names.index(one) for one in REASONS],
        least_choice=limits.hidden_least, least_arm=limits.least_arm,
    )  # fmt: skip
    if yardstick is None or not effect.standard_error:
        sentence = tr("Too few of those compared might as well have been chosen: hidden reasons cannot be held against measured ones.")
        return Check(name, "NOT MEASURED", sentence)
    strongest = tr(REASONS[case.past.names[yardstick.column]])
    hidden = Hidden(yardstick, strongest, effect)
    times, clear = hidden.times(effect), is_clear(effect)
    firm = times >= limits.likely_times
    sentence = case.say(
        "The strongest reason that is measured, {strongest}, tells {of_choice:share} of who was chosen and {of_outcome:share} of "
        "{title:word} among the {members:,} members who might have been chosen or left out (at least {review.hidden_least:share} of the "
        "choice is taken). [clear?To undo what was found a hidden reason would have to be {times:.1f} times as strong: it must tell "
        "{needed:share} of what is left of both (Cinelli and Hazlett 2020). No receipt tells whether there is one.|Nothing is shown that a "
        "hidden reason could undo.]",
        strongest=strongest, of_choice=yardstick.of_choice, of_outcome=yardstick.of_outcome, title=OUTCOMES[outcome].title,
        members=yardstick.members, clear=clear, times=times, needed=hidden.share(effect),
    )  # fmt: skip
    if clear and not firm:
        return Check(name, "FAIL", sentence, tr("Take the figures for a description."), hidden=hidden)
    return Check(name, "REVIEW", sentence, tr("Very likely is the most that may be said.") if clear else "", hidden=hidden)


def _tails(case: Case, values: np.ndarray, treated: np.ndarray, effect: Effect) -> Check:
    name, limits = value("Heavy tails"), case.view.settings.review
    counts = {"treated": int(treated.sum()), "control": int((~treated).sum())}
    needed = {
        arm: members_for_skew(values[chosen], factor=limits.tail_factor) for arm, chosen in (("treated", treated), ("control", ~treated))
    }
    short = [arm for arm in counts if counts[arm] < needed[arm]]
    if not short:
        return Check(name, "PASS", tr("Both arms are large enough for how unevenly members spend."))
    arm = max(short, key=lambda one: needed[one] / counts[one])
    seed = case.campaign.starts_on.toordinal()
    p_value = permutation_p(values, treated, case.past.values, permutations=limits.permutations, seed=seed) if case.is_randomised else None
    agreed = p_value is not None and (p_value < 0.05) == (effect.p_value is not None and effect.p_value < 0.05)
    sentence = case.say(
        "A few large spenders weigh heavily: the {arm:word} arm has {count:few} members and would need {needed:,.0f}. [chosen?Without "
        "random assignment no exact test stands in for the interval.][none?No re-assignment tells more.][tested?Re-assigning the members "
        "at random {review.permutations} times gives p = {p_value:.3f}. [agreed?That says the same as the interval.|The interval says "
        "otherwise, and this counts.]]",
        arm=arm, count=counts[arm], needed=needed[arm], chosen=not case.is_randomised, none=case.is_randomised and p_value is None,
        tested=p_value is not None, p_value=p_value, agreed=agreed,
    )  # fmt: skip
    if agreed:
        return Check(name, "PASS", sentence)
    advice = "" if case.is_randomised else tr("Leave this to a campaign with more members.")
    return Check(name, "REVIEW", sentence, advice, forbids=p_value is not None and p_value >= 0.05)


def _power(case: Case, effect: Effect, outcome: str) -> Check:
    if effect.standard_error is None or effect.base is None or effect.base <= 0:
        return Check(value("Power"), "NOT MEASURED", tr("There is no base to say how small an effect could be seen."))
    smallest = 2.8 * effect.standard_error / effect.base
    passes = smallest <= case.view.settings.review.seen_share or is_clear(effect)
    sentence = case.say(
        "An effect on {title:word} of {smallest:share} of what was expected would have been seen four times in five.[small? Smaller ones "
        "are likely to be missed.]",
        title=OUTCOMES[outcome].title, smallest=smallest, small=not passes,
    )  # fmt: skip
    advice = tr("A campaign that finds nothing has not shown that there is nothing: plan the next with more members.")
    return Check(value("Power"), "PASS", sentence) if passes else Check(value("Power"), "REVIEW", sentence, advice)
