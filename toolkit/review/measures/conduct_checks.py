"""How a campaign went: days not seen, arms that mixed, neighbours in the same weeks, stores that fell silent, rows that could not be
used."""

from __future__ import annotations

from functools import reduce

from toolkit import wording
from toolkit.language import later, tr, trn, value
from toolkit.review.measures.case import Case
from toolkit.review.measures.sentences import together
from toolkit.review.measures.silent_stores import silence_notes, silent_stores
from toolkit.review.measures.verdicts import Check
from toolkit.wording import listing, share, some


def conduct_checks(case: Case) -> list[Check]:
    """Return the checks of how the campaign was run and recorded."""
    return [*_days(case), _rows(case), *_redeemed(case), _reached(case), _neighbours(case), *_silent(case)]


def _days(case: Case) -> list[Check]:
    campaign, seen, found = case.campaign, case.seen, list[Check]()
    if case.is_running:
        found.append(
            Check(
                value("Days seen"),
                "REVIEW",
                tr(
                    "It is still running: {days} of {planned_days} days are seen, up to {end}; figures are of those days.",
                    days=seen.days,
                    planned_days=case.planned_days,
                    end=seen.end,
                ),
                tr("Review it again after its end; to stop early because of a good day is to be fooled by chance."),
            )
        )
    if campaign.starts_on < seen.start:
        missed = (seen.start - campaign.starts_on).days
        found.append(
            Check(
                value("Days seen"),
                "FAIL" if not case.is_randomised else "REVIEW",
                tr(
                    "It started on {starts_on}, before the receipts do ({start}): {days} of it and everything before are not known.",
                    starts_on=campaign.starts_on,
                    start=seen.start,
                    days=some(missed, "day"),
                ),
                tr("Import earlier receipts."),
                forbids=not case.is_randomised,
            )
        )
    if not found:
        found.append(
            Check(value("Days seen"), "PASS", tr("All {planned_days} days are seen, {seen}.", planned_days=case.planned_days, seen=seen))
        )
    if case.after is None or case.after.days < case.view.settings.review.after_days:
        days = case.after.days if case.after else 0
        found.append(
            Check(
                value("Weeks after"),
                "NOT MEASURED" if days == 0 else "REVIEW",
                tr(
                    later("{seen} of the {after_days} days after the end are seen: what was only pulled forward does not show yet.")
                    if days
                    else later("None of the {after_days} days after the end are seen: what was only pulled forward does not show yet."),
                    seen=days,
                    after_days=case.view.settings.review.after_days,
                ),
                tr("Review it again when they are in."),
            )
        )
    return found


def _rows(case: Case) -> Check:
    counts, said = case.counts, list[str]()
    if counts["two_arms"]:
        said.append(
            trn(
                "{count:,} member is in both arms and left out",
                "{count:,} members are in both arms and left out",
                counts["two_arms"],
                count=counts["two_arms"],
            )
        )
    if counts["unknown"]:
        said.append(
            trn(
                "{count:,} contact of ids with neither a card nor a receipt before the start is left out",
                "{count:,} contacts of ids with neither a card nor a receipt before the start are left out",
                counts["unknown"],
                count=counts["unknown"],
            )
        )
    if counts["late_contact"]:
        said.append(
            trn(
                "{count:,} member was contacted only after the end, and count as treated",
                "{count:,} members were contacted only after the end, and count as treated",
                counts["late_contact"],
                count=counts["late_contact"],
            )
        )
    if not said:
        return Check(
            value("Rows"), "PASS", tr("Every contact could be used: {treated_count:,} treated in scope.", treated_count=case.treated_count)
        )
    share_lost = (counts["two_arms"] + counts["unknown"]) / max(case.campaign.members.height, 1)
    return Check(
        value("Rows"),
        "REVIEW",
        wording.sentence(listing(said)),
        tr("Mend the contacts table at its source and import it again.") if share_lost > 0.01 else "",
    )


def _redeemed(case: Case) -> list[Check]:
    if not case.redemptions.has_table:
        advice = tr("Import a redemptions table to see who redeemed, and at what cost.")
        return [Check(value("Redemptions"), "NOT MEASURED", tr("The shop hands over no redemptions."), advice)]
    limits, members = case.view.settings.review, case.members
    treated = members.filter("treated")
    if 0 < treated.height < case.view.settings.scope.minimum_members:
        sentence = tr(
            "Too few treated members ({treated}) to speak of what they redeemed (setting scope.minimum_members).", treated=treated.height
        )
        return [Check(value("Redemptions"), "NOT MEASURED", sentence)]
    redeemers = treated.filter(treated["redemption_count"] > 0).height
    part = redeemers / max(treated.height, 1)
    found = []
    if treated.height and part >= limits.redeemed_most:
        found.append(
            Check(
                value("Redemptions"),
                "REVIEW" if case.is_randomised else "FAIL",
                tr(
                    "{redeemers:,} of {treated:,} treated members redeemed ({part}): they were probably put on the list because "
                    "they redeemed, and not chosen before. Redeemers are those who buy anyway.",
                    redeemers=redeemers,
                    treated=treated.height,
                    part=share(part),
                ),
                tr("Compare everybody who was offered it: import the contacts as they were sent."),
                forbids=not case.is_randomised,
            )
        )
    else:
        found.append(
            Check(
                value("Redemptions"),
                "PASS",
                tr(
                    "{redeemers:,} of {treated:,} treated members redeemed ({part}).",
                    redeemers=redeemers,
                    treated=treated.height,
                    part=share(part),
                ),
            )
        )
    if case.control == "own":
        control = members.filter(~members["treated"])
        mixed = control.filter(control["redemption_count"] > 0).height
        found.append(_mixed(value("Control redeemed"), tr("redeemed although held out"), mixed, control.height, limits.contaminated_share))
    uninvited = case.counts["redeemed_uninvited"]
    if uninvited:
        sentence = tr("{members} redeemed without being in the campaign: the offer leaked.", members=some(uninvited, "member"))
        found.append(Check(value("Leaks"), "REVIEW", sentence, tr("Find out how they came by it; some of the control may have, too.")))
    return found


def _mixed(name: str, what: str, mixed: int, control: int, limit: float) -> Check:
    part = mixed / max(control, 1)
    sentence = tr("{mixed:,} of {control:,} control members {what} ({part}).", mixed=mixed, control=control, what=what, part=share(part))
    if part <= limit:
        return Check(name, "PASS", sentence)
    return Check(
        name,
        "REVIEW",
        tr("{sentence} The effect is diluted: the true one is larger.", sentence=sentence),
        tr("Keep the control out of the send-out next time."),
    )


def _reached(case: Case) -> Check:
    if case.control != "own":
        return Check(value("Control contacted"), "NOT MEASURED", tr("There is no control of its own that could have been contacted."))
    control = case.members.filter(~case.members["treated"])
    if not case.members["contacted_at"].count():
        sentence = tr("The contacts table does not say when members were contacted.")
        return Check(value("Control contacted"), "NOT MEASURED", sentence, tr("Hand over contacts.contacted_at."))
    limit = case.view.settings.review.contaminated_share
    return _mixed(
        value("Control contacted"), tr("were contacted although held out"), control["contacted_at"].count(), control.height, limit
    )


def _neighbours(case: Case) -> Check:
    if case.neighbours.is_empty():
        return Check(value("Other campaigns"), "PASS", tr("No other campaign ran on these days."))
    treated = case.members["treated"]
    if case.too_few is not None:
        sentence = tr("{other_campaigns} ran on some of these days.", other_campaigns=some(case.neighbours.height, "other campaign"))
        return Check(value("Other campaigns"), "REVIEW", sentence, tr("Draw campaigns of the same weeks apart."))
    shares = [float(case.members.filter(arm)["elsewhere"].mean() or 0) for arm in (treated, ~treated)]  # type: ignore[arg-type]
    named = listing([row["campaign_id"] for row in case.neighbours.head(6).iter_rows(named=True)])
    more = tr(" and {count} more", count=case.neighbours.height - 6) if case.neighbours.height > 6 else ""
    sentence = tr(
        "{other_campaigns} ran on some of these days ({named}{more}); they treated {of_treated} of the treated and "
        "{of_control} of those compared with.",
        other_campaigns=some(case.neighbours.height, "other campaign"),
        named=named,
        more=more,
        of_treated=share(shares[0]),
        of_control=share(shares[1]),
    )
    if abs(shares[0] - shares[1]) <= case.view.settings.review.overlap_difference:
        return Check(value("Other campaigns"), "PASS", tr("{sentence} Both arms alike, so they do not mix in.", sentence=sentence))
    advice = tr("Read the effect without members of other campaigns beside it, and draw campaigns of the same weeks apart.")
    return Check(value("Other campaigns"), "REVIEW", tr("{sentence} Their effects mix into this one.", sentence=sentence), advice)


def _silent(case: Case) -> list[Check]:
    silent = silent_stores(case.view, case.seen.start, case.seen.end)
    if silent.is_empty():
        return [Check(value("Stores"), "PASS", tr("No store fell silent during the campaign."))]
    arms = [case.members.filter(case.members["treated"] == arm) for arm in (True, False)]
    hit = [arm.filter(arm["home_store"].is_in(silent["store_id"].implode())).height / max(arm.height, 1) for arm in arms]
    told = reduce(together, silence_notes(silent.sort("expected_orders", descending=True).head(2), case.seen.end))
    if silent.height > 2:
        told = together(told, tr("{more_stores} fell silent.", more_stores=some(silent.height - 2, "more store")))
    sentence = tr(
        "{told} They were the usual stores of {of_treated} of the treated and {of_control} of those compared with.",
        told=told,
        of_treated=share(hit[0]),
        of_control=share(hit[1]),
    )
    if abs(hit[0] - hit[1]) <= case.view.settings.review.overlap_difference:
        return [Check(value("Stores"), "PASS", tr("{sentence} Both arms alike, so it does not part them.", sentence=sentence))]
    return [Check(value("Stores"), "REVIEW", sentence, tr("Ask again for an audience without the members of these stores."))]
