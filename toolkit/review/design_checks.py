"""How a campaign was set up: who decided the arms, whether they were alike before, and whether there is anybody to compare with."""

from __future__ import annotations

import re

import numpy as np

from toolkit.models.balance import standardised_differences
from toolkit.models.randomisation_checks import sample_ratio_p
from toolkit.review.case import Case
from toolkit.review.verdicts import Check
from toolkit.wording import share, some

NOT_RANDOMISED = "NOT RANDOMISED"


def design_checks(case: Case) -> list[Check]:
    """Return the checks of how the arms came about and how alike they were before the start."""
    found = [_assignment(case), _size(case), _history(case)]
    if case.too_few is not None:
        return found
    found.append(_ratio(case))
    if case.history_days > 0:
        found += alike_checks(case)
    return found


def alike_checks(case: Case) -> list[Check]:
    """Return the checks of how alike the arms were before the start."""
    return [_balance(case), *_overlap(case), _regression_to_the_mean(case)]


def _assignment(case: Case) -> Check:
    told = {"ledger": "launched from the ledger", "tables": "as the campaigns table says (randomised)"}[case.campaign.source]
    if case.is_randomised:
        return Check("Assignment", "PASS", f"Chance alone decided who was treated and who was held out, {told}.")
    advice = "Hold out a random part next time (differentiation plans it): one campaign then tells what ten of these cannot."
    if case.control == "own" and case.campaign.randomised is None:
        sentence = "NOT RANDOMISED as far as is known: the campaigns table does not say whether chance decided who was held out."
        return Check("Assignment", "FAIL", sentence, "State it in campaigns.randomised if chance did.", forbids=False)
    if case.control == "own":
        sentence = (
            f"{NOT_RANDOMISED}: there is a control, but chance did not decide who is in it; it may differ in ways that no receipt shows."
        )
        return Check("Assignment", "FAIL", sentence, advice)
    if case.control == "others":
        sentence = (
            f"{NOT_RANDOMISED}: nobody was held out. The treated are compared with {some(case.control_count, 'member')} to whom the "
            f"campaign "
            "did not speak; why they were not chosen may be the very reason why they buy differently."
        )
        return Check("Assignment", "FAIL", sentence, advice)
    return Check("Assignment", "FAIL", f"{NOT_RANDOMISED}: there is nobody to compare the treated with.", advice, forbids=True)


def _size(case: Case) -> Check:
    sentence = f"{case.treated_count:,} treated, {case.control_count:,} to compare with."
    if case.too_few is not None:
        return Check("Size", "FAIL", f"No effect is measured: {case.too_few}.", "Treat it as unknown.", forbids=True)
    return Check("Size", "PASS", sentence)


def _history(case: Case) -> Check:
    days, needed = case.history_days, case.view.settings.review.history_days
    if days >= needed:
        return Check("History", "PASS", f"{days:,} days of receipts before the start tell what members did before.")
    sentence = f"Only {some(days, 'day')} of receipts before the start are known (setting review.history_days: {needed})."
    if case.is_randomised:
        return Check("History", "REVIEW", f"{sentence} The estimate is sound but wider than it need be.", "Import earlier receipts.")
    sentence = f"{sentence} Members cannot be compared by their past, and nothing else makes them alike."
    return Check("History", "FAIL", sentence, "Import earlier receipts.", forbids=True)


def _ratio(case: Case) -> Check:
    definition = case.campaign.definition
    if case.control != "own":
        return Check("Sample ratio", "NOT MEASURED", "There is no control of its own whose size could be checked.")
    if definition is None:
        sentence = "The tables do not say what share was to be held out, so the sizes of the arms cannot be checked."
        return Check("Sample ratio", "NOT MEASURED", sentence, "Launch campaigns from the ledger: it keeps the plan.")
    control, everybody = case.control_count, case.members.height
    p_value = sample_ratio_p(case.treated_count, control, definition.control_share)
    sentence = (
        f"{control:,} of {everybody:,} members ({share(control / everybody)}) were held out; {share(definition.control_share)} was planned "
        f"(p = {p_value:.2g})."
    )
    if p_value >= case.view.settings.review.sample_ratio_p:
        return Check("Sample ratio", "PASS", sentence)
    advice = "Find out who is missing from an arm before you believe any figure."
    return Check("Sample ratio", "FAIL", f"{sentence} Members got lost on the way, and not by chance.", advice, forbids=True)


def _balance(case: Case) -> Check:
    limits = case.view.settings.review
    past = case.past
    treated = case.members["treated"].to_numpy()
    table = standardised_differences(past.values, treated, past.names).drop_nulls("standardised_difference")
    if table.is_empty():
        return Check("Balance", "NOT MEASURED", "Nobody bought anything before the start: the arms have no past to compare.")
    gaps = table.with_columns(table["standardised_difference"].abs().alias("gap")).sort("gap", descending=True).row(0, named=True)
    far = f"{_said(gaps['covariate'])}, {gaps['gap']:.2f} standard deviations apart"
    if case.is_randomised:
        p_value = arms_differ(past.values, treated)
        if p_value < limits.balance_p:
            sentence = f"Before the start the arms differ more than chance allows (p = {p_value:.1g}; most in {far}): not drawn at random."
            return Check(
                "Balance", "FAIL", sentence, "Find out how members came into the arms; until then nothing is claimed.", forbids=True
            )
        return Check("Balance", "PASS", f"Before the start the arms were alike, as far as chance goes (p = {p_value:.2f}; most in {far}).")
    if gaps["gap"] <= limits.balance_limit:
        sentence = (
            f"Before the start the two groups were alike in what receipts show (most in {far}). What receipts do not show may differ."
        )
        return Check("Balance", "PASS", sentence)
    sentence = f"Before the start the two groups differed: {far}. The regression corrects for what receipts show, and for nothing else."
    return Check("Balance", "REVIEW", sentence)


def _said(column: str) -> str:
    """A column of the past in words: `days_182d` is 'shopping days in 182 days'."""
    words = re.sub(r"(\d+)d\b", r"\1 days", column.removeprefix("log_").replace("_", " "))
    return re.sub(r"^days ", "shopping days in ", words).replace(" 92 182 ", " 92 to 182 ").replace(" 29 56 ", " 29 to 56 ")


def arms_differ(past: np.ndarray, treated: np.ndarray) -> float:
    """Return how likely chance alone makes arms differ so much in their past: p of Hotelling's T squared, columns that repeat others left
    out.

    Source: Hotelling, Annals of Mathematical Statistics 2 (1931); as a test of random assignment, Hansen and Bowers, Statistical Science
    23 (2008)."""
    from scipy.stats import f

    spread = past.std(axis=0)
    table = (past - past.mean(axis=0))[:, spread > 1e-9] / spread[spread > 1e-9]
    counts = int(treated.sum()), int((~treated).sum())
    if table.shape[1] == 0 or min(counts) < 3:
        return 1.0
    gap = table[treated].mean(axis=0) - table[~treated].mean(axis=0)
    pooled = sum(
        (count - 1) * np.cov(table[arm], rowvar=False).reshape(table.shape[1], -1)
        for arm, count in ((treated, counts[0]), (~treated, counts[1]))
    )
    freedom = sum(counts) - 2
    values, vectors = np.linalg.eigh(pooled / freedom)
    kept = values > 1e-9 * values.max()
    squared = float((((gap @ vectors[:, kept]) ** 2) / values[kept]).sum() * counts[0] * counts[1] / sum(counts))
    columns = int(kept.sum())
    if freedom - columns + 1 <= 0:
        return 1.0
    return float(f.sf(squared * (freedom - columns + 1) / (freedom * columns), columns, freedom - columns + 1))


def _overlap(case: Case) -> list[Check]:
    limits = case.view.settings.review
    found = case.overlap
    if found.beyond_share is None or found.effective_controls is None:
        return [Check("Overlap", "NOT MEASURED", f"Whether controls like the treated exist is not measured: {found.reason}.")]
    beyond, effective = found.beyond_share, found.effective_controls
    sentence = (
        f"{share(beyond)} of the treated are unlike nearly every member they are compared with (1% by chance); {case.control_count:,} "
        f"of these "
        f"carry as much as {effective:,.0f} who are like the treated."
    )
    if case.nobody_alike is not None:
        advice = "Next time hold out a random part of those who fit the rule: nothing in these receipts can stand in for them."
        return [Check("Overlap", "FAIL", f"{sentence} What they would have done without it cannot be told.", advice, forbids=True)]
    few = effective < limits.effective_share * case.treated_count
    if case.is_randomised or (beyond <= limits.overlap_limit and not few):
        return [Check("Overlap", "PASS", sentence)]
    failed = beyond > limits.overlap_fail
    advice = "Ask of an audience in which both groups are found, or hold out a random part next time."
    return [Check("Overlap", "FAIL" if failed else "REVIEW", f"{sentence} Part of the answer is extrapolated.", advice, forbids=failed)]


def _regression_to_the_mean(case: Case) -> Check:
    past = case.past
    treated = case.members["treated"].to_numpy()
    if case.is_randomised:
        return Check("Regression to the mean", "PASS", "Both arms were chosen alike, so both fall back or recover alike.")
    known = min(case.history_days, 182) - 91
    if known < 28:
        sentence = "Too few days before the start are known to tell whether members were chosen at a high or a low point."
        return Check("Regression to the mean", "NOT MEASURED", sentence)
    last, before = past.column("spend_28d"), past.column("spend_92_182d") / known * 28
    paces = [float(last[arm].sum() / before[arm].sum()) if before[arm].sum() > 0 else np.nan for arm in (treated, ~treated)]
    if not np.isfinite(paces).all():
        return Check(
            "Regression to the mean", "NOT MEASURED", "Too little was bought half a year before to know the usual pace of members."
        )
    sentence = (
        f"In the four weeks before the start the treated spent {paces[0]:.2f} times their own pace of three to six months before, those "
        f"compared "
        f"with {paces[1]:.2f} times."
    )
    if abs(np.log(paces[0] / paces[1])) <= np.log(1.1) if min(paces) > 0 else False:
        return Check("Regression to the mean", "PASS", sentence)
    high = paces[0] > paces[1]
    moved = "fall back by itself, which hides a gain" if high else "recover by itself, which looks like a gain"
    return Check(
        "Regression to the mean",
        "REVIEW",
        f"{sentence} They were chosen at {'a high' if high else 'a low'} point, and spend will {moved}, in every before-and-after "
        f"comparison.",
    )
