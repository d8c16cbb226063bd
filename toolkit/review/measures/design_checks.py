"""How a campaign was set up: who decided the arms, whether they were alike before, and whether there is anybody to compare with."""

from __future__ import annotations

import numpy as np

from toolkit.language import tr, value
from toolkit.models.balance import standardised_differences
from toolkit.models.randomisation_checks import arms_differ, sample_ratio_p
from toolkit.review.measures.case import Case
from toolkit.review.measures.model_reasons import reason_text
from toolkit.review.measures.past import PAST_NAMES
from toolkit.review.measures.verdicts import Check
from toolkit.wording import listing


def design_checks(case: Case) -> list[Check]:
    """Return the checks of how the arms came about and how alike they were before the start."""
    checks = [_assignment(case), _size(case), _history(case)]
    if case.too_few is not None:
        return checks
    return [*checks, _ratio(case), *(alike_checks(case) if case.history_days > 0 else [])]


def alike_checks(case: Case) -> list[Check]:
    """Return the checks of how alike the arms were before the start."""
    return [_balance(case), _overlap(case), _regression_to_the_mean(case)]


def _assignment(case: Case) -> Check:
    name, forbids = value("Assignment"), False
    if case.is_randomised:
        sentence = case.say(
            "Chance alone decided who was treated and who was held out, [ledger?launched from the ledger|as the campaigns table says "
            "(randomised)].",
            ledger=case.campaign.source == "ledger",
        )
        return Check(name, "PASS", sentence)
    advice = tr("Hold out a random part next time (differentiation plans it): one campaign then tells what ten of these cannot.")
    if case.control == "own" and case.campaign.randomised is None:
        sentence = tr("NOT RANDOMISED as far as is known: the campaigns table does not say whether chance decided who was held out.")
        advice = tr("State it in campaigns.randomised if chance did.")
    elif case.traces:
        surest = case.traces[0]
        sentence = case.say(
            "NOT RANDOMISED: the campaigns table says that chance decided, but the arms can be told from {features} (p = {p_value:.1g}"
            "[; of the {count} members of group {group} {part:share} were treated, of all {whole:share}]). Chance does not do that, so the "
            "campaign is judged as one whose members were picked.",
            features=listing([trace.name for trace in case.traces]), p_value=max(surest.p_value, 1e-12), group=surest.group,
            part=surest.treated_share, count=surest.count if surest.count >= case.view.least else None,
            whole=case.treated_count / case.members.height,
        )  # fmt: skip
        advice = tr("Find out how the arms were made. If chance decided within each store at another share, review the stores one by one.")
    elif case.control == "own":
        sentence = tr(
            "NOT RANDOMISED: there is a control, but chance did not decide who is in it; it may differ in ways that no receipt shows."
        )
    elif case.control == "others":
        sentence = case.say(
            "NOT RANDOMISED: nobody was held out. The treated are compared with {others:member} to whom the campaign did not speak; why "
            "they were not chosen may be the very reason why they buy differently.",
            others=case.control_count,
        )
    else:
        sentence, forbids = tr("NOT RANDOMISED: there is nobody to compare the treated with."), True
    return Check(name, "FAIL", sentence, advice, forbids)


def _size(case: Case) -> Check:
    if case.too_few is not None:
        sentence = case.say("No effect is measured: {too_few}.", too_few=case.too_few)
        return Check(value("Size"), "FAIL", sentence, tr("Treat it as unknown."), forbids=True)
    sentence = case.say("{treated:few} treated, {control:few} to compare with.", treated=case.treated_count, control=case.control_count)
    return Check(value("Size"), "PASS", sentence)


def _history(case: Case) -> Check:
    days = case.history_days
    if days >= case.view.settings.review.history_days:
        return Check(
            value("History"), "PASS", case.say("{days} days of receipts before the start tell what members did before.", days=days)
        )
    sentence = case.say(
        "Only {days:day} of receipts before the start are known (setting review.history_days: {review.history_days}). [random?The estimate "
        "is sound but wider than it need be.|Members cannot be compared by their past, and nothing else makes them alike.]",
        days=days, random=case.is_randomised,
    )  # fmt: skip
    verdict = "REVIEW" if case.is_randomised else "FAIL"
    return Check(value("History"), verdict, sentence, tr("Import earlier receipts."), forbids=not case.is_randomised)


def _ratio(case: Case) -> Check:
    name, definition = value("Sample ratio"), case.campaign.definition
    if case.control != "own":
        return Check(name, "NOT MEASURED", tr("There is no control of its own whose size could be checked."))
    if definition is None:
        sentence = tr("The tables do not say what share was to be held out, so the sizes of the arms cannot be checked.")
        return Check(name, "NOT MEASURED", sentence, tr("Launch campaigns from the ledger: it keeps the plan."))
    control, everybody = case.control_count, case.members.height
    p_value = sample_ratio_p(case.treated_count, control, definition.control_share)
    failed = p_value < case.view.settings.review.sample_ratio_p
    sentence = case.say(
        "{control:few} of {everybody} members ({part:share}) were held out; {planned:share} was planned (p = {p_value:.2g}).[failed? "
        "Members got lost on the way, and not by chance.]",
        control=control, everybody=everybody, part=control / everybody, planned=definition.control_share, p_value=p_value, failed=failed,
    )  # fmt: skip
    advice = tr("Find out who is missing from an arm before you believe any figure.")
    return Check(name, "FAIL", sentence, advice, forbids=True) if failed else Check(name, "PASS", sentence)


def _balance(case: Case) -> Check:
    name, limits, past = value("Balance"), case.view.settings.review, case.past
    treated = case.members["treated"].to_numpy()
    table = standardised_differences(past.values, treated, past.names).drop_nulls("standardised_difference")
    if table.is_empty():
        return Check(name, "NOT MEASURED", tr("Nobody bought anything before the start: the arms have no past to compare."))
    widest = table.with_columns(table["standardised_difference"].abs().alias("gap")).sort("gap", descending=True).row(0, named=True)
    gap = {"habit": tr(PAST_NAMES[widest["covariate"]]), "gap": widest["gap"]}
    if case.is_randomised:
        p_value = arms_differ(past.values, treated)
        if p_value < limits.balance_p:
            sentence = case.say(
                "Before the start the arms differ more than chance allows (p = {p_value:.1g}; most in {habit}, {gap:.2f} standard "
                "deviations apart): not drawn at random.",
                gap, p_value=p_value,
            )  # fmt: skip
            advice = tr("Find out how members came into the arms; until then nothing is claimed.")
            return Check(name, "FAIL", sentence, advice, forbids=True)
        sentence = case.say(
            "Before the start the arms were alike, as far as chance goes (p = {p_value:.2f}; most in {habit}, {gap:.2f} standard "
            "deviations apart).",
            gap, p_value=p_value,
        )  # fmt: skip
        return Check(name, "PASS", sentence)
    if widest["gap"] <= limits.balance_limit:
        sentence = case.say(
            "Before the start the two groups were alike in what receipts show (most in {habit}, {gap:.2f} standard deviations apart). What "
            "receipts do not show may differ.",
            gap,
        )
        return Check(name, "PASS", sentence)
    sentence = case.say(
        "Before the start the two groups differed: {habit}, {gap:.2f} standard deviations apart. The regression corrects for what receipts "
        "show, and for nothing else.",
        gap,
    )
    return Check(name, "REVIEW", sentence)


def _overlap(case: Case) -> Check:
    name, limits, shared = value("Overlap"), case.view.settings.review, case.overlap
    if shared.beyond_share is None or shared.effective_controls is None:
        sentence = case.say("Whether controls like the treated exist is not measured: {reason}.", reason=reason_text(shared.reason))
        return Check(name, "NOT MEASURED", sentence)
    alone = case.nobody_alike is not None
    few = shared.effective_controls < limits.effective_share * case.treated_count
    passes = not alone and (case.is_randomised or (shared.beyond_share <= limits.overlap_limit and not few))
    sentence = case.say(
        "{beyond:share} of the treated are unlike nearly every member they are compared with (1% by chance); {control:few} of these carry "
        "as much as {effective:,.0f} who are like the treated.[alone? What they would have done without it cannot be told.][partly? "
        "Part of the answer is extrapolated.]",
        beyond=shared.beyond_share, control=case.control_count, effective=shared.effective_controls, alone=alone,
        partly=not alone and not passes,
    )  # fmt: skip
    if alone:
        advice = tr("Next time hold out a random part of those who fit the rule: nothing in these receipts can stand in for them.")
        return Check(name, "FAIL", sentence, advice, forbids=True)
    if passes:
        return Check(name, "PASS", sentence)
    failed = shared.beyond_share > limits.overlap_fail
    advice = tr("Ask of an audience in which both groups are found, or hold out a random part next time.")
    return Check(name, "FAIL" if failed else "REVIEW", sentence, advice)


def _regression_to_the_mean(case: Case) -> Check:
    name, past, treated = value("Regression to the mean"), case.past, case.members["treated"].to_numpy()
    if case.is_randomised:
        return Check(name, "PASS", tr("Both arms were chosen alike, so both fall back or recover alike."))
    known = min(case.history_days, 182) - 91
    if known < 28:
        sentence = tr("Too few days before the start are known to tell whether members were chosen at a high or a low point.")
        return Check(name, "NOT MEASURED", sentence)
    last, before = past.column("spend_28d"), past.column("spend_92_182d") / known * 28
    paces = [float(last[arm].sum() / before[arm].sum()) if before[arm].sum() > 0 else np.nan for arm in (treated, ~treated)]
    if not np.isfinite(paces).all():
        return Check(name, "NOT MEASURED", tr("Too little was bought half a year before to know the usual pace of members."))
    passes = min(paces) > 0 and abs(np.log(paces[0] / paces[1])) <= np.log(1.1)
    sentence = case.say(
        "In the four weeks before the start the treated spent {treated:.2f} times their own pace of three to six months before, those "
        "compared with {control:.2f} times.[high? They were chosen at a high point, and spend will fall back by itself, which hides a "
        "gain, in every before-and-after comparison.][low? They were chosen at a low point, and spend will recover by itself, which looks "
        "like a gain, in every before-and-after comparison.]",
        treated=paces[0], control=paces[1], high=not passes and paces[0] > paces[1], low=not passes and paces[0] <= paces[1],
    )  # fmt: skip
    return Check(name, "PASS" if passes else "REVIEW", sentence)
