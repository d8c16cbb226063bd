"""How a campaign went: days not seen, arms that mixed, neighbours in the same weeks, stores that fell silent, rows that could not be
used."""

from __future__ import annotations

from toolkit.review.case import Case
from toolkit.review.silent_stores import silence_notes, silent_stores
from toolkit.review.verdicts import Check
from toolkit.wording import listing, share, some


def conduct_checks(case: Case) -> list[Check]:
    """Return the checks of how the campaign was run and recorded."""
    return [*_days(case), _rows(case), *_redeemed(case), _reached(case), _neighbours(case), *_silent(case)]


def _days(case: Case) -> list[Check]:
    campaign, seen, found = case.campaign, case.seen, list[Check]()
    if case.is_running:
        found.append(
            Check(
                "Days seen",
                "REVIEW",
                f"It is still running: {seen.days} of {case.planned_days} days are seen, up to {seen.end}; figures are of those days.",
                "Review it again after its end; to stop early because of a good day is to be fooled by chance.",
            )
        )
    if campaign.starts_on < seen.start:
        missed = (seen.start - campaign.starts_on).days
        found.append(
            Check(
                "Days seen",
                "FAIL" if not case.is_randomised else "REVIEW",
                f"It started on {campaign.starts_on}, before the receipts do ({seen.start}): {some(missed, 'day')} of it and everything "
                f"before "
                "are not known.",
                "Import earlier receipts.",
                forbids=not case.is_randomised,
            )
        )
    if not found:
        found.append(Check("Days seen", "PASS", f"All {case.planned_days} days are seen, {seen}."))
    if case.after is None or case.after.days < case.view.settings.review.after_days:
        days = case.after.days if case.after else 0
        found.append(
            Check(
                "Weeks after",
                "NOT MEASURED" if days == 0 else "REVIEW",
                f"{'None' if days == 0 else days} of the {case.view.settings.review.after_days} days after the end are seen: what was only "
                "pulled forward does not show yet.",
                "Review it again when they are in.",
            )
        )
    return found


def _rows(case: Case) -> Check:
    counts, said = case.counts, list[str]()
    if counts["two_arms"]:
        said.append(f"{some(counts['two_arms'], 'member is', 'members are')} in both arms and left out")
    if counts["unknown"]:
        said.append(
            f"{some(counts['unknown'], 'contact')} of ids with neither a card nor a receipt before the start "
            f"{'is' if counts['unknown'] == 1 else 'are'} left out"
        )
    if counts["late_contact"]:
        said.append(f"{some(counts['late_contact'], 'member was', 'members were')} contacted only after the end, and count as treated")
    if not said:
        return Check("Rows", "PASS", f"Every contact could be used: {case.treated_count:,} treated in scope.")
    share_lost = (counts["two_arms"] + counts["unknown"]) / max(case.campaign.members.height, 1)
    return Check(
        "Rows",
        "REVIEW",
        f"{listing(said)[0].upper()}{listing(said)[1:]}.",
        "Mend the contacts table at its source and import it again." if share_lost > 0.01 else "",
    )


def _redeemed(case: Case) -> list[Check]:
    if not case.redemptions.has_table:
        advice = "Import a redemptions table to see who redeemed, and at what cost."
        return [Check("Redemptions", "NOT MEASURED", "The shop hands over no redemptions.", advice)]
    limits, members = case.view.settings.review, case.members
    treated = members.filter("treated")
    if 0 < treated.height < case.view.settings.scope.minimum_members:
        sentence = f"Too few treated members ({treated.height}) to speak of what they redeemed (setting scope.minimum_members)."
        return [Check("Redemptions", "NOT MEASURED", sentence)]
    redeemers = treated.filter(treated["redemption_count"] > 0).height
    part = redeemers / max(treated.height, 1)
    found = []
    if treated.height and part >= limits.redeemed_most:
        found.append(
            Check(
                "Redemptions",
                "REVIEW" if case.is_randomised else "FAIL",
                f"{redeemers:,} of {treated.height:,} treated members redeemed ({share(part)}): they were probably put on the list "
                f"because they "
                "redeemed, and not chosen before. Redeemers are those who buy anyway.",
                "Compare everybody who was offered it: import the contacts as they were sent.",
                forbids=not case.is_randomised,
            )
        )
    else:
        found.append(Check("Redemptions", "PASS", f"{redeemers:,} of {treated.height:,} treated members redeemed ({share(part)})."))
    if case.control == "own":
        control = members.filter(~members["treated"])
        mixed = control.filter(control["redemption_count"] > 0).height
        found.append(_mixed("Control redeemed", "redeemed although held out", mixed, control.height, limits.contaminated_share))
    uninvited = case.counts["redeemed_uninvited"]
    if uninvited:
        sentence = f"{some(uninvited, 'member')} redeemed without being in the campaign: the offer leaked."
        found.append(Check("Leaks", "REVIEW", sentence, "Find out how they came by it; some of the control may have, too."))
    return found


def _mixed(name: str, what: str, mixed: int, control: int, limit: float) -> Check:
    part = mixed / max(control, 1)
    sentence = f"{mixed:,} of {control:,} control members {what} ({share(part)})."
    if part <= limit:
        return Check(name, "PASS", sentence)
    return Check(
        name, "REVIEW", f"{sentence} The effect is diluted: the true one is larger.", "Keep the control out of the send-out next time."
    )


def _reached(case: Case) -> Check:
    if case.control != "own":
        return Check("Control contacted", "NOT MEASURED", "There is no control of its own that could have been contacted.")
    control = case.members.filter(~case.members["treated"])
    if not case.members["contacted_at"].count():
        sentence = "The contacts table does not say when members were contacted."
        return Check("Control contacted", "NOT MEASURED", sentence, "Hand over contacts.contacted_at.")
    limit = case.view.settings.review.contaminated_share
    return _mixed("Control contacted", "were contacted although held out", control["contacted_at"].count(), control.height, limit)


def _neighbours(case: Case) -> Check:
    if case.neighbours.is_empty():
        return Check("Other campaigns", "PASS", "No other campaign ran on these days.")
    treated = case.members["treated"]
    if case.too_few is not None:
        sentence = f"{some(case.neighbours.height, 'other campaign')} ran on some of these days."
        return Check("Other campaigns", "REVIEW", sentence, "Draw campaigns of the same weeks apart.")
    shares = [float(case.members.filter(arm)["elsewhere"].mean() or 0) for arm in (treated, ~treated)]  # type: ignore[arg-type]
    named = listing([row["campaign_id"] for row in case.neighbours.head(6).iter_rows(named=True)])
    more = f" and {case.neighbours.height - 6} more" if case.neighbours.height > 6 else ""
    sentence = (
        f"{some(case.neighbours.height, 'other campaign')} ran on some of these days ({named}{more}); they treated {share(shares[0])} "
        f"of the "
        f"treated and {share(shares[1])} of those compared with."
    )
    if abs(shares[0] - shares[1]) <= case.view.settings.review.overlap_difference:
        return Check("Other campaigns", "PASS", f"{sentence} Both arms alike, so they do not mix in.")
    advice = "Read the effect without members of other campaigns beside it (review.effect), and draw campaigns of the same weeks apart."
    return Check("Other campaigns", "REVIEW", f"{sentence} Their effects mix into this one.", advice)


def _silent(case: Case) -> list[Check]:
    silent = silent_stores(case.view, case.seen.start, case.seen.end)
    if silent.is_empty():
        return [Check("Stores", "PASS", "No store fell silent during the campaign.")]
    arms = [case.members.filter(case.members["treated"] == arm) for arm in (True, False)]
    hit = [arm.filter(arm["home_store"].is_in(silent["store_id"].implode())).height / max(arm.height, 1) for arm in arms]
    told = " ".join(silence_notes(silent.sort("expected_orders", descending=True).head(2), case.seen.end))
    more = f" {some(silent.height - 2, 'more store')} fell silent." if silent.height > 2 else ""
    sentence = f"{told}{more} They were the usual stores of {share(hit[0])} of the treated and {share(hit[1])} of those compared with."
    if abs(hit[0] - hit[1]) <= case.view.settings.review.overlap_difference:
        return [Check("Stores", "PASS", f"{sentence} Both arms alike, so it does not part them.")]
    return [Check("Stores", "REVIEW", sentence, "Ask again for an audience without the members of these stores.")]
