"""What speaks against launching a plan: FAIL = it cannot be launched, REVIEW = it can, but somebody should look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from toolkit.answer import Note, Verdict
from toolkit.differentiation.measures.cells import segments
from toolkit.differentiation.measures.measured import best_method, lesson_sentence, lessons_known, measured_methods
from toolkit.differentiation.measures.offer_cost import offers_without_cost
from toolkit.differentiation.measures.past import margin_note
from toolkit.differentiation.measures.visible import NO_LIFT
from toolkit.differentiation.planning.draft import Draft
from toolkit.differentiation.planning.enrolment import BUSY_NOW, GLOBAL, NOT_CONTACTABLE, NOTHING, RESTING, UNKNOWN
from toolkit.errors import BadValue, nearest
from toolkit.language import tr, word
from toolkit.ledger.campaigns import known_campaigns
from toolkit.ledger.definition import EVERYBODY_ELSE, GOALS
from toolkit.ledger.launch import check_free
from toolkit.registry import question_text
from toolkit.scope.view import View
from toolkit.wording import listing

_LESSONS_SHOWN = 4


def blockers(draft: Draft) -> list[Note]:
    """Return what speaks against launching, worst first: each a sentence with what to do."""
    notes = [*_definition(draft), *_dates(draft), *_people(draft), *_cells(draft), *_power(draft), *_money(draft), *_lessons(draft)]
    order = {"FAIL": 0, "REVIEW": 1, "NOT MEASURED": 2, "PASS": 3, None: 4}
    return sorted(notes, key=lambda note: order[note.verdict])


def _definition(draft: Draft) -> Iterator[Note]:
    definition, view = draft.definition, draft.view
    for fault in definition.faults:
        yield Note(fault, "FAIL")
    try:
        check_free(view.workspace, definition.campaign_id)
    except BadValue as error:
        yield Note(str(error), "FAIL")
    known = [*segments(), EVERYBODY_ELSE]
    for field, named in (("offer_of", definition.offer_of), ("touchpoints", definition.touchpoints)):
        for segment in named:
            if segment not in known:
                no_segment = view.say(
                    "{field} speaks of segment '{segment}', which does not exist[near?; did you mean '{near}'?|; segments are such as "
                    "'{example}', and '*' is everybody else.]",
                    field=field, segment=segment, near=_nearest(segment, known), example=known[0],
                )  # fmt: skip
                yield Note(no_segment, "FAIL")
    categories = view.categories["category"].drop_nulls().to_list()
    for offer in definition.offers:
        for category in offer.categories:
            if category not in categories:
                no_category = view.say(
                    "Offer '{name}' is for '{category}', which is no category of the shop[near?; did you mean '{near}'?|; the shop has "
                    "{n:category|categories}.]",
                    name=offer.name, category=category, near=_nearest(category, categories), n=len(categories),
                )  # fmt: skip
                yield Note(no_category, "FAIL")
    products = set(view.workspace.codes("product")["id"]) if set(definition.goods) - set(categories) else set()
    for good in definition.goods:
        if good not in categories and good not in products:
            no_good = view.say(
                "Good '{good}' is neither a category nor a product of the shop[near?; did you mean '{near}'?|.]",
                good=good, near=_nearest(good, categories),
            )  # fmt: skip
            yield Note(no_good, "REVIEW")
    if not definition.goals and not definition.faults:
        no_goal = view.say(
            "No goal is set, so nothing says when it worked: say the lift to reach, or another goal ({goals}).",
            goals=tr(", ").join(word(goal) for goal in GOALS),
        )
        yield Note(no_goal, "REVIEW")


def _nearest(wanted: str, known: Sequence[str]) -> str | None:
    return next(iter(nearest(wanted, known)), None)


def _dates(draft: Draft) -> Iterator[Note]:
    definition, view = draft.definition, draft.view
    last, settings = view.workspace.last_day, view.settings.campaigns
    ahead = (definition.starts_on - view.as_of).days
    if ahead <= 0:
        too_late = view.say(
            "It starts on {starts_on}, but its members are chosen as of {as_of}: the arms must be fixed before it starts. Start later, or "
            "(to rehearse on the past) choose an earlier as_of.",
            starts_on=definition.starts_on,
        )
        yield Note(too_late, "FAIL")
    elif ahead > settings.stale_days:
        stale = view.say(
            "It starts {ahead:day} after the last receipts it is planned from ({as_of}): members will have changed. Import newer receipts "
            "and plan again nearer the day.",
            ahead=ahead,
        )
        yield Note(stale, "REVIEW")
    if last is not None and view.as_of < last:
        yield Note(view.say("Planned as of {as_of}, though receipts go on to {last}: a rehearsal on the past.", last=last), "REVIEW")
    if 0 < definition.days < 7:
        yield Note(view.say("It lasts {days:day}: less than a week shows one part of the week only.", days=definition.days), "REVIEW")


def _people(draft: Draft) -> Iterator[Note]:
    enrolment, view = draft.enrolment, draft.view
    audience = enrolment.everybody.height
    if not audience:
        yield Note(view.say("The audience selects nobody in {place} as of {as_of}."), "FAIL")
        return
    left = {reason: enrolment.left_out_count(reason) for reason in (GLOBAL, NOT_CONTACTABLE, UNKNOWN, RESTING, BUSY_NOW, NOTHING)}
    if not view.has_column("members", "contactable"):
        consent = tr(
            "Who may be contacted is not known: the members table has no `contactable` column. Lists can be exported for analysis only, "
            "until the column is imported."
        )
        yield Note(consent, "REVIEW")
    elif left[NOT_CONTACTABLE] + left[UNKNOWN] + left[GLOBAL] == audience:
        yield Note(view.say("Nobody of {n:member} may be contacted, so there is nobody to launch it for.", n=audience), "FAIL")
    damaged = known_campaigns(view.workspace).filter(~pl.col("intact"))["campaign_id"].to_list()
    if damaged:
        changed = view.say(
            "Changed after launch, so that who is in it is not known: {campaigns}. Overlap with it is not checked.",
            campaigns=_quoted(view, damaged),
        )
        yield Note(changed, "REVIEW")
    if left[BUSY_NOW]:
        yield _overlap(draft, left[BUSY_NOW], audience)
    if left[RESTING]:
        resting = view.say(
            "{n:member} of {audience} were contacted by {offers.most_contacts} campaigns or more within {offers.rest_days} days before it "
            "(settings offers.most_contacts, offers.rest_days) and are left in peace.",
            n=left[RESTING], audience=audience,
        )  # fmt: skip
        yield Note(resting, "REVIEW")
    treated, control = draft.count("treated"), draft.count("control")
    if "assignment" in draft.reasons:
        yield Note(draft.reasons["assignment"], "FAIL")
    elif draft.assignment is not None and min(treated, control) < view.settings.campaigns.least_arm:
        too_few = view.say(
            "Of {n:member}, {treated:few} would be treated and {control:few} held out: at least {campaigns.least_arm} in each arm were "
            "needed to judge it (setting campaigns.least_arm). The audience is smaller than its holdout needs: widen it, or change "
            "control_share.", n=audience, treated=treated, control=control,
        )  # fmt: skip
        yield Note(too_few, "FAIL")


def _quoted(view: View, names: Sequence[str]) -> str:
    return listing([view.say("'{name:word}'", name=name) for name in names])


def _overlap(draft: Draft, count: int, audience: int) -> Note:
    view = draft.view
    others = draft.enrolment.in_other_campaigns.group_by("campaign_id").agg(
        pl.col("member_id").n_unique().alias("n"), pl.col("ends_on").first()
    )
    rows = others.sort(["n", "campaign_id"], descending=[True, False])
    campaigns = [view.say("'{campaign_id}' until {ends_on} ({n:few})", row) for row in rows.head(3).iter_rows(named=True)]
    is_too_many = count / audience > view.settings.campaigns.most_busy_share
    overlap = view.say(
        "{n:member} of {audience} are in another campaign at the time: {campaigns}[others? and {others} more]. [is_too_many?Too many "
        "overlap: choose other dates, or an audience without them.|They are left out of this one, so that neither spoils the other's "
        "test.]",
        n=count, audience=audience, campaigns=listing(campaigns), others=max(rows.height - 3, 0), is_too_many=is_too_many,
    )  # fmt: skip
    return Note(overlap, "FAIL" if is_too_many else "REVIEW")


def _cells(draft: Draft) -> Iterator[Note]:
    definition, view, settings = draft.definition, draft.view, draft.view.settings.campaigns
    if draft.assignment is None:
        return
    cells = draft.cells.with_columns(n=pl.col("treated_count") + pl.col("control_count"))
    there = set(cells["segment"])
    empty = [name for name, offer in definition.offer_of.items() if name in segments() and offer != NOTHING and name not in there]
    if empty:
        named = [view.say("'{name:word}'", name=name) for name in empty[:3]]
        named += [view.say("{others} more", others=len(empty) - 3)] * (len(empty) > 3)
        no_member = view.say("An offer for segments that nobody in the audience is in (empty cells): {cells}.", cells=listing(named))
        yield Note(no_member, "REVIEW")
    unused = [name for name in definition.offer_names if name not in set(cells["offer"])]
    if unused:
        no_segment = view.say(
            "Reaching nobody: {offers}. Give it to a segment of the audience in offer_of, or take it out.", offers=_quoted(view, unused)
        )
        yield Note(no_segment, "REVIEW")
    small = cells.filter(pl.col("n") < settings.least_cell)
    if small.height:
        named = [view.say("'{segment:word}' ({n:few})", row) for row in small.head(4).iter_rows(named=True)]
        too_few = view.say(
            "Too few to learn from by themselves (under {campaigns.least_cell}): {cells}. They count in the whole.", cells=listing(named)
        )
        yield Note(too_few, "REVIEW")
    drawn = draft.assignment
    if drawn.balanced:
        alike = view.say(
            "The arms are alike: no score differs by more than {difference:.2f} standard deviations (draw {draws} of at most "
            "{campaigns.most_draws}).",
            difference=drawn.largest_difference, draws=drawn.draws,
        )  # fmt: skip
        yield Note(alike, "PASS")
    else:
        worst = drawn.balance.sort(pl.col("standardised_difference").abs(), descending=True, nulls_last=True).row(0, named=True)
        unlike = view.say(
            "The arms differ by {difference:.2f} standard deviations on {score} in the best of {draws} draws: too few members for all "
            "scores at once. The review adjusts for it; more members are surer.",
            difference=abs(worst["standardised_difference"]), score=worst["score"], draws=drawn.draws,
        )  # fmt: skip
        yield Note(unlike, "REVIEW")


def _power(draft: Draft) -> Iterator[Note]:
    view, goal, least = draft.view, draft.definition.goals.get("lift"), draft.smallest_lift
    if "visible" in draft.reasons:
        unseen = view.say("What its holdout can see is not measured. {reason}", reason=draft.reasons["visible"])
        yield Note(unseen, "NOT MEASURED")
    if least is None:
        if draft.visible is not None and draft.assignment is not None:
            underpowered = view.say(
                "Underpowered: it shows no lift, however large. {no_lift} Hold out more, run longer or widen the audience.",
                no_lift=tr(NO_LIFT),
            )
            yield Note(underpowered, "REVIEW")
        return
    wanted = goal if goal else view.settings.campaigns.plausible_lift
    chance = draft.chance_to_see(wanted) or 0.0
    if least > wanted:
        underpowered = view.say(
            "Underpowered: the smallest lift it can show is {least:share}, more than [goal?its goal of {goal:share}|"
            "{campaigns.plausible_lift:share}, the most that is plausible (setting campaigns.plausible_lift)]; that would be missed "
            "{missed:.0%} of the time. Hold out more, run longer or widen the audience.",
            least=least, goal=goal, missed=1 - chance,
        )  # fmt: skip
        yield Note(underpowered, "REVIEW")
    else:
        seen = view.say(
            "A lift of {wanted:share} would be seen with chance {chance:.0%}; the smallest visible one is {smallest:share}.",
            wanted=wanted, chance=chance, smallest=least,
        )  # fmt: skip
        yield Note(seen, "PASS")
    if draft.visible is not None and draft.visible.fixed_list:
        fixed_list = tr(
            "The audience is a list of ids: its past may be no guide to its spend, and what the holdout can see is less sure. Save the "
            "rule as an expression."
        )
        yield Note(fixed_list, "REVIEW")


def _money(draft: Draft) -> Iterator[Note]:
    view = draft.view
    margin, contact = margin_note(view, draft.margin), draft.cost_per_contact[1]
    yield replace(margin, verdict="REVIEW") if isinstance(margin, Note) else Note(margin)
    yield contact if isinstance(contact, Note) else Note(contact)
    if draft.offer_cost is not None:
        replayed = view.say(
            "What the offers give away, {cost:minor}, is replayed on the treated members' baskets of {period} at the assumed response "
            "(setting offers.response_share): accounting, not a forecast.",
            cost=draft.costs["offers"],
        )
        yield Note(replayed, "REVIEW")
    yield from (Note(need, "NOT MEASURED") for need in offers_without_cost(view, draft.definition))
    if draft.definition.cost_fixed is None:
        yield Note(tr("No fixed cost is stated (cost_fixed) and none is counted."))
    lift, goal = draft.break_even_lift, draft.definition.goals.get("lift")
    if lift is not None and goal is not None and lift > goal:
        not_worth = view.say(
            "Even at its goal of {goal:share} it would not pay: its costs need a lift of {lift:share}.", goal=goal, lift=lift
        )
        yield Note(not_worth, "REVIEW")


def _lessons(draft: Draft) -> Iterator[Note]:
    """What reviewed campaigns measured of the methods of this plan in its segments, with their source."""
    definition, view = draft.definition, draft.view
    if not draft.cells.height:
        return
    methods = {offer.name: offer.method for offer in definition.offers}
    cells = draft.cells.select("segment", "offer").iter_rows()
    given = {segment: methods[offer] for segment, offer in cells if offer in methods}
    measured = measured_methods(lessons_known(view), sorted(given), confidence=view.settings.playbook.lesson_confidence)
    if measured.is_empty():
        yield Note(view.say("No lesson is known by {as_of}: no reviewed campaign says what its offers bring."))
        return
    planned = pl.DataFrame({"segment": list(given), "method": list(given.values())})
    own = measured.join(planned, on=["segment", "method"], how="semi", maintain_order="left")
    proven = own.filter("randomised")
    better = best_method(measured).join(planned, on=["segment", "method"], how="anti", maintain_order="left")
    yield from _lesson_note(view, tr("Measured to work"), proven.filter("supports"), None)
    yield from _lesson_note(view, tr("Measured to bring less than doing nothing"), proven.filter("refutes"), "REVIEW")
    yield from _lesson_note(view, tr("Measured to work where the plan gives another method"), better, "REVIEW")
    unsure = own.filter(~pl.col("randomised") | ~(pl.col("supports") | pl.col("refutes")))
    yield from _lesson_note(view, tr("Measured, and no more than a guess"), unsure, None)


def _lesson_note(view: View, what: str, rows: pl.DataFrame, verdict: Verdict | None) -> Iterator[Note]:
    if rows.height:
        lessons = tr("; ").join(lesson_sentence(view, row) for row in rows.head(_LESSONS_SHOWN).iter_rows(named=True))
        sentence = view.say(
            "{what}: {lessons}[left?; and {left} more under '{question}'].",
            what=what, lessons=lessons, left=max(rows.height - _LESSONS_SHOWN, 0), question=question_text("review.lessons"),
        )  # fmt: skip
        yield Note(sentence, verdict)
