"""How a campaign went: days not seen, arms that mixed, neighbours in the same weeks, stores that fell silent, rows that could not be
used."""

from __future__ import annotations

from functools import reduce

import polars as pl

from toolkit.language import tr, value
from toolkit.review.measures.case import Case
from toolkit.review.measures.sentences import together
from toolkit.review.measures.silent_stores import silence_notes, silent_stores
from toolkit.review.measures.verdicts import Check
from toolkit.wording import capital, listing


def conduct_checks(case: Case) -> list[Check]:
    """Return the checks of how the campaign was run and recorded."""
    return [*_days(case), _rows(case), *_redeemed(case), _reached(case), _neighbours(case), _silent(case)]


def _days(case: Case) -> list[Check]:
    name, campaign, seen, checks = value("Days seen"), case.campaign, case.seen, list[Check]()
    if case.is_running:
        sentence = case.say(
            "It is still running: {days} of {planned_days} days are seen, up to {end}; figures are of those days.",
            days=seen.days, end=seen.end,
        )  # fmt: skip
        advice = tr("Review it again after its end; to stop early because of a good day is to be fooled by chance.")
        checks.append(Check(name, "REVIEW", sentence, advice))
    if campaign.starts_on < seen.start:
        sentence = case.say(
            "It started on {starts_on}, before the receipts do ({start}): {days:day} of it and everything before are not known.",
            starts_on=campaign.starts_on, start=seen.start, days=(seen.start - campaign.starts_on).days,
        )  # fmt: skip
        verdict = "REVIEW" if case.is_randomised else "FAIL"
        checks.append(Check(name, verdict, sentence, tr("Import earlier receipts."), forbids=not case.is_randomised))
    if not checks:
        checks.append(Check(name, "PASS", case.say("All {planned_days} days are seen, {seen}.")))
    days = case.after.days if case.after else 0
    if days < case.view.settings.review.after_days:
        sentence = case.say(
            "[{days}|None] of the {review.after_days} days after the end are seen: what was only pulled forward does not show yet.",
            days=days,
        )
        checks.append(Check(value("Weeks after"), "REVIEW" if days else "NOT MEASURED", sentence, tr("Review it again when they are in.")))
    return checks


def _rows(case: Case) -> Check:
    name, counts = value("Rows"), case.counts
    one = {name: count == 1 and case.view.least <= 1 for name, count in counts.items()}
    parts = [
        case.say("{n:member} [one?is|are] in both arms and left out", n=counts["two_arms"], one=one["two_arms"]),
        case.say(
            "{n:contact} of ids with neither a card nor a receipt before the start [one?is|are] left out",
            n=counts["unknown"], one=counts["unknown"] == 1,
        ),
        case.say(
            "{n:member} [one?was|were] contacted only after the end, and count as treated",
            n=counts["late_contact"], one=one["late_contact"],
        ),
    ]  # fmt: skip
    parts = [part for part, count in zip(parts, ("two_arms", "unknown", "late_contact"), strict=True) if counts[count]]
    gone = sum(count for arm, count in case.campaign.forgotten.items() if arm != "left_out")
    forgotten = (
        case.say(" {n:few} members were forgotten since the launch, as they asked, and are compared in no arm.", n=gone) if gone else ""
    )
    many_gone = gone / max(case.campaign.members.height, 1) > 0.01
    if not parts and not many_gone:
        sentence = case.say("Every contact could be used: {n:few} treated in scope.", n=case.treated_count)
        return Check(name, "PASS", sentence + forgotten)
    if not parts:
        advice = tr("Who asks to be forgotten may differ from the others: look at the arms' numbers before and after.")
        return Check(name, "REVIEW", forgotten.strip(), advice)
    is_much = (counts["two_arms"] + counts["unknown"]) / max(case.campaign.members.height, 1) > 0.01
    advice = tr("Mend the contacts table at its source and import it again.") if is_much else ""
    return Check(name, "REVIEW", capital(case.say("{parts}.", parts=listing(parts))) + forgotten, advice)


def _redeemed(case: Case) -> list[Check]:
    name, limits = value("Redemptions"), case.view.settings.review
    if not case.redemptions.has_table:
        advice = tr("Import a redemptions table to see who redeemed, and at what cost.")
        return [Check(name, "NOT MEASURED", tr("The shop hands over no redemptions."), advice)]
    treated, redeemers = case.treated_count, _redeemers(case, treated=True)
    if 0 < treated < case.view.least:
        sentence = case.say("Too few treated members ({n:few}) to speak of what they redeemed (setting scope.minimum_members).", n=treated)
        return [Check(name, "NOT MEASURED", sentence)]
    part = redeemers / max(treated, 1)
    of_list = treated > 0 and part >= limits.redeemed_most
    sentence = case.say(
        "{redeemers:few} of {treated} treated members redeemed ({part:share})[of_list?: they were probably put on the list because they "
        "redeemed, and not chosen before. Redeemers are those who buy anyway.|.]",
        redeemers=redeemers, treated=treated, part=part, of_list=of_list,
    )  # fmt: skip
    if of_list:
        verdict, advice = (
            "REVIEW" if case.is_randomised else "FAIL",
            tr("Compare everybody who was offered it: import the contacts as they were sent."),
        )
        checks = [Check(name, verdict, sentence, advice, forbids=not case.is_randomised)]
    else:
        checks = [Check(name, "PASS", sentence)]
    if case.control == "own":
        checks.append(_mixed(case, value("Control redeemed"), tr("redeemed although held out"), _redeemers(case, treated=False)))
    if uninvited := case.counts["redeemed_uninvited"]:
        sentence = capital(case.say("{n:member} redeemed without being in the campaign: the offer leaked.", n=uninvited))
        advice = tr("Find out how they came by it; some of the control may have, too.")
        checks.append(Check(value("Leaks"), "REVIEW", sentence, advice))
    return checks


def _redeemers(case: Case, *, treated: bool) -> int:
    return case.members.filter((case.members["treated"] == treated) & (case.members["redemption_count"] > 0)).height


def _mixed(case: Case, name: str, what: str, mixed: int) -> Check:
    part = mixed / max(case.control_count, 1)
    passes = part <= case.view.settings.review.contaminated_share
    sentence = case.say(
        "{mixed:few} of {control:few} control members {what} ({part:share}).[fails? The effect is diluted: the true one is larger.]",
        mixed=mixed, control=case.control_count, what=what, part=part, fails=not passes,
    )  # fmt: skip
    return (
        Check(name, "PASS", sentence) if passes else Check(name, "REVIEW", sentence, tr("Keep the control out of the send-out next time."))
    )


def _reached(case: Case) -> Check:
    name, control = value("Control contacted"), case.members.filter(~case.members["treated"])
    if case.control != "own":
        return Check(name, "NOT MEASURED", tr("There is no control of its own that could have been contacted."))
    if not case.members["contacted_at"].count():
        sentence = tr("The contacts table does not say when members were contacted.")
        return Check(name, "NOT MEASURED", sentence, tr("Hand over contacts.contacted_at."))
    return _mixed(case, name, tr("were contacted although held out"), control["contacted_at"].count())


def _neighbours(case: Case) -> Check:
    name, count = value("Other campaigns"), case.neighbours.height
    if not count:
        return Check(name, "PASS", tr("No other campaign ran on these days."))
    if case.too_few is not None:
        sentence = case.say("{n:other campaign} ran on some of these days.", n=count)
        return Check(name, "REVIEW", sentence, tr("Draw campaigns of the same weeks apart."))
    treated, control = _shares(case, case.members["elsewhere"])
    alike = abs(treated - control) <= case.view.settings.review.overlap_difference
    sentence = case.say(
        "{n:other campaign} ran on some of these days ({named}[ and {more} more]); they treated {treated:share} of the treated and "
        "{control:share} of those compared with. [alike?Both arms alike, so they do not mix in.|Their effects mix into this one.]",
        n=count, named=listing(case.neighbours["campaign_id"].head(6).to_list()), more=max(count - 6, 0), treated=treated, control=control,
        alike=alike,
    )  # fmt: skip
    advice = tr("Read the effect without members of other campaigns beside it, and draw campaigns of the same weeks apart.")
    return Check(name, "PASS", sentence) if alike else Check(name, "REVIEW", sentence, advice)


def _silent(case: Case) -> Check:
    name, silent = value("Stores"), silent_stores(case.view, case.seen.start, case.seen.end)
    if silent.is_empty():
        return Check(name, "PASS", tr("No store fell silent during the campaign."))
    treated, control = _shares(case, case.members["home_store"].is_in(silent["store_id"].implode()))
    alike = abs(treated - control) <= case.view.settings.review.overlap_difference
    sentence = case.say(
        "{silences}[ {more:more store} fell silent.] They were the usual stores of {treated:share} of the treated and {control:share} of "
        "those compared with.[alike? Both arms alike, so it does not part them.]",
        silences=reduce(together, silence_notes(case.view, silent.sort("expected_orders", descending=True).head(2), case.seen.end)),
        more=max(silent.height - 2, 0), treated=treated, control=control, alike=alike,
    )  # fmt: skip
    advice = tr("Ask again for an audience without the members of these stores.")
    return Check(name, "PASS", sentence) if alike else Check(name, "REVIEW", sentence, advice)


def _shares(case: Case, has: pl.Series) -> tuple[float, float]:
    """Return the share of the treated and of those compared with for whom it holds."""
    treated = case.members["treated"]
    return float(has.fill_null(False).filter(treated).mean() or 0), float(has.fill_null(False).filter(~treated).mean() or 0)  # type: ignore[arg-type]
