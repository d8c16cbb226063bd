"""What speaks against launching a plan: FAIL = it cannot be launched, REVIEW = it can, but somebody should look."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from toolkit.answer import Note, Verdict
from toolkit.differentiation.measures.cells import segments
from toolkit.differentiation.measures.measured import best_method, lessons_known, measured_methods, said
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
from toolkit.wording import listing, share, some

_LESSONS_SHOWN = 4


def blockers(draft: Draft) -> list[Note]:
    """Return what speaks against launching, worst first: each a sentence with what to do."""
    found = [*_definition(draft), *_dates(draft), *_people(draft), *_cells(draft), *_power(draft), *_money(draft), *_lessons(draft)]
    order = {"FAIL": 0, "REVIEW": 1, "NOT MEASURED": 2, "PASS": 3, None: 4}
    return sorted(found, key=lambda note: order[note.verdict])


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
                near = nearest(segment, known)
                guess = (
                    tr("; did you mean '{near}'?", near=near[0])
                    if near
                    else tr("; segments are such as '{known}', and '*' is everybody else.", known=known[0])
                )
                yield Note(
                    tr("{field} speaks of segment '{segment}', which does not exist{guess}", field=field, segment=segment, guess=guess),
                    "FAIL",
                )
    categories = view.categories["category"].drop_nulls().to_list()
    for offer in definition.offers:
        for category in offer.categories:
            if category not in categories:
                near = nearest(category, categories)
                guess = (
                    tr("; did you mean '{near}'?", near=near[0])
                    if near
                    else tr("; the shop has {categories}.", categories=some(len(categories), "category", "categories"))
                )
                yield Note(
                    tr(
                        "Offer '{name}' is for '{category}', which is no category of the shop{guess}",
                        name=offer.name,
                        category=category,
                        guess=guess,
                    ),
                    "FAIL",
                )
    products = set(view.workspace.codes("product")["id"]) if set(definition.goods) - set(categories) else set()
    for good in definition.goods:
        if good not in categories and good not in products:
            near = nearest(good, categories)
            guess = tr("; did you mean '{near}'?", near=near[0]) if near else tr(".")
            yield Note(tr("Good '{good}' is neither a category nor a product of the shop{guess}", good=good, guess=guess), "REVIEW")
    if not definition.goals and not definition.faults:
        goals = tr(", ").join(word(goal) for goal in GOALS)
        yield Note(
            tr("No goal is set, so nothing says when it worked: say the lift to reach, or another goal ({goals}).", goals=goals), "REVIEW"
        )


def _dates(draft: Draft) -> Iterator[Note]:
    definition, view = draft.definition, draft.view
    last, settings = view.workspace.last_day, view.settings.campaigns
    if definition.starts_on <= view.as_of:
        yield Note(
            tr(
                "It starts on {starts_on}, but its members are chosen as of {as_of}: the arms must be fixed before it "
                "starts. Start later, or (to rehearse on the past) choose an earlier as_of.",
                starts_on=definition.starts_on,
                as_of=view.as_of,
            ),
            "FAIL",
        )
    elif (definition.starts_on - view.as_of).days > settings.stale_days:
        yield Note(
            tr(
                "It starts {days} after the last receipts it is planned from ({as_of}): members will have changed. Import "
                "newer receipts and plan again nearer the day.",
                days=some((definition.starts_on - view.as_of).days, "day"),
                as_of=view.as_of,
            ),
            "REVIEW",
        )
    if last is not None and view.as_of < last:
        yield Note(
            tr("Planned as of {as_of}, though receipts go on to {last}: a rehearsal on the past.", as_of=view.as_of, last=last), "REVIEW"
        )
    if 0 < definition.days < 7:
        yield Note(tr("It lasts {days}: less than a week shows one part of the week only.", days=some(definition.days, "day")), "REVIEW")


def _people(draft: Draft) -> Iterator[Note]:
    enrolment, view = draft.enrolment, draft.view
    audience, settings = enrolment.everybody.height, view.settings
    if not audience:
        yield Note(tr("The audience selects nobody in {place} as of {as_of}.", place=view.place, as_of=view.as_of), "FAIL")
        return
    left = {reason: enrolment.left_out_count(reason) for reason in (GLOBAL, NOT_CONTACTABLE, UNKNOWN, RESTING, BUSY_NOW, NOTHING)}
    if not view.has_column("members", "contactable"):
        yield Note(
            tr(
                "Who may be contacted is not known: the members table has no `contactable` column. Lists can be exported for "
                "analysis only, until the column is imported."
            ),
            "REVIEW",
        )
    elif left[NOT_CONTACTABLE] + left[UNKNOWN] + left[GLOBAL] == audience:
        yield Note(
            tr("Nobody of {members} may be contacted, so there is nobody to launch it for.", members=some(audience, "member")), "FAIL"
        )
    damaged = known_campaigns(view.workspace).filter(~pl.col("intact"))["campaign_id"].to_list()
    if damaged:
        named = listing([tr("'{name}'", name=name) for name in damaged])
        yield Note(
            tr("Changed after launch, so that who is in it is not known: {named}. Overlap with it is not checked.", named=named), "REVIEW"
        )
    if left[BUSY_NOW]:
        yield _overlap(draft, left[BUSY_NOW], audience)
    if left[RESTING]:
        yield Note(
            tr(
                "{members} of {audience:,} were contacted by {most_contacts} campaigns or more within {rest_days} days "
                "before it (settings offers.most_contacts, offers.rest_days) and are left in peace.",
                members=some(left[RESTING], "member"),
                audience=audience,
                most_contacts=settings.offers.most_contacts,
                rest_days=settings.offers.rest_days,
            ),
            "REVIEW",
        )
    arms = {arm: draft.count(arm) for arm in ("treated", "control")}
    if "assignment" in draft.said:
        yield Note(draft.said["assignment"], "FAIL")
    elif draft.assignment is not None and min(arms.values()) < settings.campaigns.least_arm:
        yield Note(
            tr(
                "Of {members}, {treated:,} would be treated and {control:,} held out: at least {least_arm} in each arm were "
                "needed to judge it (setting campaigns.least_arm). The audience is smaller than its holdout needs: widen it, "
                "or change control_share.",
                members=some(audience, "member"),
                treated=arms["treated"],
                control=arms["control"],
                least_arm=settings.campaigns.least_arm,
            ),
            "FAIL",
        )


def _overlap(draft: Draft, count: int, audience: int) -> Note:
    others = draft.enrolment.in_other_campaigns.group_by("campaign_id").agg(
        pl.col("member_id").n_unique().alias("n"), pl.col("ends_on").first()
    )
    rows = others.sort(["n", "campaign_id"], descending=[True, False])
    named = listing(
        [
            tr("'{campaign_id}' until {ends_on} ({n:,})", campaign_id=row["campaign_id"], ends_on=row["ends_on"], n=row["n"])
            for row in rows.head(3).iter_rows(named=True)
        ]
    )
    more = tr(" and {others} more", others=rows.height - 3) if rows.height > 3 else ""
    said = tr(
        "{members} of {audience:,} are in another campaign at the time: {named}{more}",
        members=some(count, "member"),
        audience=audience,
        named=named,
        more=more,
    )
    if count / audience > draft.view.settings.campaigns.most_busy_share:
        return Note(tr("{said}. Too many overlap: choose other dates, or an audience without them.", said=said), "FAIL")
    return Note(tr("{said}. They are left out of this one, so that neither spoils the other's test.", said=said), "REVIEW")


def _cells(draft: Draft) -> Iterator[Note]:
    definition, settings = draft.definition, draft.view.settings.campaigns
    if draft.assignment is None:
        return
    found = draft.cells.with_columns(n=pl.col("treated_count") + pl.col("control_count"))
    there = set(found["segment"])
    empty = [name for name, offer in definition.offer_of.items() if name in segments() and offer != NOTHING and name not in there]
    if empty:
        others = [tr("{others} more", others=len(empty) - 3)] * (len(empty) > 3)
        named = listing([tr("'{name}'", name=word(segment)) for segment in empty[:3]] + others)
        yield Note(tr("An offer for segments that nobody in the audience is in (empty cells): {named}.", named=named), "REVIEW")
    unused = [name for name in definition.offer_names if name not in set(found["offer"])]
    if unused:
        named = listing([tr("'{name}'", name=word(name)) for name in unused])
        yield Note(tr("Reaching nobody: {named}. Give it to a segment of the audience in offer_of, or take it out.", named=named), "REVIEW")
    small = found.filter(pl.col("n") < settings.least_cell)
    if small.height:
        rows = small.head(4).iter_rows(named=True)
        named = listing([tr("'{segment}' ({n})", segment=word(row["segment"]), n=row["n"]) for row in rows])
        yield Note(
            tr(
                "Too few to learn from by themselves (under {least_cell}): {named}. They count in the whole.",
                least_cell=settings.least_cell,
                named=named,
            ),
            "REVIEW",
        )
    worst = draft.assignment.balance.sort(pl.col("standardised_difference").abs(), descending=True, nulls_last=True).row(0, named=True)
    if draft.assignment.balanced:
        yield Note(
            tr(
                "The arms are alike: no score differs by more than {largest_difference:.2f} standard deviations (draw "
                "{draws:,} of at most {most_draws:,}).",
                largest_difference=draft.assignment.largest_difference,
                draws=draft.assignment.draws,
                most_draws=settings.most_draws,
            ),
            "PASS",
        )
    else:
        yield Note(
            tr(
                "The arms differ by {difference:.2f} standard deviations on {score} in the best of {draws:,} "
                "draws: too few members for all scores at once. The review adjusts for it; more members are surer.",
                difference=abs(worst["standardised_difference"]),
                score=worst["score"],
                draws=draft.assignment.draws,
            ),
            "REVIEW",
        )


def _power(draft: Draft) -> Iterator[Note]:
    settings, goal = draft.view.settings.campaigns, draft.definition.goals.get("lift")
    if "visible" in draft.said:
        yield Note(tr("What its holdout can see is not measured. {visible}", visible=draft.said["visible"]), "NOT MEASURED")
    least = draft.smallest_lift
    if least is None:
        if draft.visible is not None and draft.assignment is not None:
            yield Note(
                tr(
                    "Underpowered: it shows no lift, however large. {no_lift} Hold out more, run longer or widen the audience.",
                    no_lift=tr(NO_LIFT),
                ),
                "REVIEW",
            )
        return
    wanted = goal if goal else settings.plausible_lift
    of_what = (
        tr("its goal of {goal}", goal=share(goal))
        if goal
        else tr(
            "{plausible_lift}, the most that is plausible (setting campaigns.plausible_lift)", plausible_lift=share(settings.plausible_lift)
        )
    )
    chance = draft.chance_to_see(wanted) or 0.0
    if least > wanted:
        yield Note(
            tr(
                "Underpowered: the smallest lift it can show is {least}, more than {wanted}; that would be missed {missed} "
                "of the time. Hold out more, run longer or widen the audience.",
                least=share(least),
                wanted=of_what,
                missed=share(1 - chance, 0),
            ),
            "REVIEW",
        )
    else:
        yield Note(
            tr(
                "A lift of {wanted} would be seen with chance {chance}; the smallest visible one is {least}.",
                wanted=share(wanted),
                chance=share(chance, 0),
                least=share(least),
            ),
            "PASS",
        )
    if draft.visible is not None and draft.visible.fixed_list:
        yield Note(
            tr(
                "The audience is a list of ids: its past may be no guide to its spend, and what the holdout can see is less sure. "
                "Save the rule as an expression."
            ),
            "REVIEW",
        )


def _money(draft: Draft) -> Iterator[Note]:
    note = margin_note(draft.view, draft.margin)
    if isinstance(note, Note) and draft.margin.basis == "not known":
        yield Note(f"{note.text}", "REVIEW")
    else:
        yield note if isinstance(note, Note) else Note(note)
    cost = draft.cost_per_contact[1]
    yield cost if isinstance(cost, Note) else Note(cost)
    if draft.offer_cost is not None:
        yield Note(
            tr(
                "What the offers give away, {offers}, is replayed on the treated members' baskets of {period} at the assumed "
                "response (setting offers.response_share): accounting, not a forecast.",
                offers=draft.view.money(draft.costs["offers"]),
                period=draft.view.period,
            ),
            "REVIEW",
        )
    if draft.definition.cost_fixed is None:
        yield Note(tr("No fixed cost is stated (cost_fixed) and none is counted."))
    lift, goal = draft.break_even_lift, draft.definition.goals.get("lift")
    if lift is not None and goal is not None and lift > goal:
        yield Note(
            tr("Even at its goal of {goal} it would not pay: its costs need a lift of {lift}.", goal=share(goal), lift=share(lift)),
            "REVIEW",
        )


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
        yield Note(tr("No lesson is known by {as_of}: no reviewed campaign says what its offers bring.", as_of=view.as_of))
        return
    planned = pl.DataFrame({"segment": list(given), "method": list(given.values())})
    own = measured.join(planned, on=["segment", "method"], how="semi", maintain_order="left")
    proven = own.filter("randomised")
    better = best_method(measured).join(planned, on=["segment", "method"], how="anti", maintain_order="left")
    yield from _told(tr("Measured to work"), proven.filter("supports"), None)
    yield from _told(tr("Measured to bring less than doing nothing"), proven.filter("refutes"), "REVIEW")
    yield from _told(tr("Measured to work where the plan gives another method"), better, "REVIEW")
    unsure = own.filter(~pl.col("randomised") | ~(pl.col("supports") | pl.col("refutes")))
    yield from _told(tr("Measured, and no more than a guess"), unsure, None)


def _told(what: str, rows: pl.DataFrame, verdict: Verdict | None) -> Iterator[Note]:
    if rows.height:
        left = rows.height - _LESSONS_SHOWN
        more = tr("; and {left} more under '{question}'", left=left, question=question_text("review.lessons")) if left > 0 else ""
        lessons = tr("; ").join(said(row) for row in rows.head(_LESSONS_SHOWN).iter_rows(named=True))
        yield Note(tr("{what}: {lessons}{more}.", what=what, lessons=lessons, more=more), verdict)
