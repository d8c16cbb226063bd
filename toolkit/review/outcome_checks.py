"""What the outcome itself allows: whether anybody bought, whether a few large spenders decide, and how small an effect could be seen."""

from __future__ import annotations

import numpy as np

from toolkit.models.lin import Effect
from toolkit.models.randomisation_checks import members_needed, permutation_p
from toolkit.review.case import Case
from toolkit.review.outcome import OUTCOMES
from toolkit.review.verdicts import Check
from toolkit.wording import share


def outcome_checks(case: Case, values: np.ndarray, effect: Effect, outcome: str) -> list[Check]:
    """Return the checks of an outcome: `values` one per member of the case, `effect` what was measured with them."""
    treated = case.members["treated"].to_numpy()
    if not treated.any() or treated.all():
        return []
    empty = [name for name, arm in (("treated", treated), ("control", ~treated)) if not np.any(values[arm])]
    if empty:
        sentence = f"Nobody of the {' and of the '.join(empty)} arm bought anything in these days."
        advice = "See whether their receipts were imported, and whether contacts and receipts write member ids the same way."
        return [Check("Sales in both arms", "FAIL", sentence, advice, forbids=True)]
    found = [Check("Sales in both arms", "PASS", f"{share(np.mean(values[treated] != 0))} of the treated and "
                   f"{share(np.mean(values[~treated] != 0))} of those compared with bought in these days.")]  # fmt: skip
    if not effect.measured:
        return found
    return [*found, _tails(case, values, treated, effect), _power(case, effect, outcome)]


def _tails(case: Case, values: np.ndarray, treated: np.ndarray, effect: Effect) -> Check:
    limits = case.view.settings.review
    counts = {"treated": int(treated.sum()), "control": int((~treated).sum())}
    needed = {name: members_needed(values[arm], factor=limits.tail_factor) for name, arm in (("treated", treated), ("control", ~treated))}
    short = [name for name in counts if counts[name] < needed[name]]
    if not short:
        return Check("Heavy tails", "PASS", "Both arms are large enough for how unevenly members spend.")
    arm = max(short, key=lambda name: needed[name] / counts[name])
    sentence = f"A few large spenders weigh heavily: the {arm} arm has {counts[arm]:,} members and would need {needed[arm]:,.0f}."
    if not case.is_randomised:
        advice = "Leave this to a campaign with more members."
        return Check("Heavy tails", "REVIEW", f"{sentence} Without random assignment no exact test stands in for the interval.", advice)
    seed = case.campaign.starts_on.toordinal()
    p_value = permutation_p(values, treated, case.past.values, permutations=limits.permutations, seed=seed)
    if p_value is None:
        return Check("Heavy tails", "REVIEW", f"{sentence} No re-assignment tells more.")
    agreed = (p_value < 0.05) == (effect.p_value is not None and effect.p_value < 0.05)
    sentence = f"{sentence} Re-assigning the members at random {limits.permutations:,} times gives p = {p_value:.3f}."
    if agreed:
        return Check("Heavy tails", "PASS", f"{sentence} That says the same as the interval.")
    return Check("Heavy tails", "REVIEW", f"{sentence} The interval says otherwise, and this counts.", forbids=p_value >= 0.05)


def _power(case: Case, effect: Effect, outcome: str) -> Check:
    if effect.standard_error is None or effect.base is None or effect.base <= 0:
        return Check("Power", "NOT MEASURED", "There is no base to say how small an effect could be seen.")
    seen = 2.8 * effect.standard_error / effect.base
    sentence = f"An effect on {OUTCOMES[outcome].title} of {share(seen)} of what was expected would have been seen four times in five."
    clear = effect.low is not None and effect.high is not None and not effect.low <= 0 <= effect.high
    if seen <= case.view.settings.review.seen_share or clear:
        return Check("Power", "PASS", sentence)
    advice = "A campaign that finds nothing has not shown that there is nothing: plan the next with more members (differentiation.holdout)."
    return Check("Power", "REVIEW", f"{sentence} Smaller ones are likely to be missed.", advice)
