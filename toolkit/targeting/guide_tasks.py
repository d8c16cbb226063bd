"""A day's tasks for guides: whom each should call or speak to, for which one reason, with what to say; a tenth held out by chance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.portrait.membership.standing import shown as amount_shown
from toolkit.portrait.membership.standing import tier_rules
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.view import View
from toolkit.targeting.measures.books import Books, books, in_place
from toolkit.targeting.measures.events import has_events
from toolkit.targeting.measures.task_places import Day, lists_of
from toolkit.targeting.measures.task_reasons import BIRTHDAY_COLUMNS, SAY, stock_now
from toolkit.wording import listing

TASKS = c.table(
    "one row per member with a reason; held out are those whom nobody speaks to, so that calls have a measured effect",
    c.text("store_id", "Store"),
    c.text("guide_id", "Guide"),
    c.text("member_id", "Member"),
    c.text("reason", "Reason"),
    c.text("todo", "To say or show", null="held out: nobody speaks to them"),
    c.text("goods", "Goods", null="the reason is no good"),
    c.text("product", "To show", "sells best of these goods, or the member's favourite; in stock where stock is told", null="none known"),
    c.text("guide_before", "In whose book", "who has left: shared out to a colleague", null="the guide's own member, or nobody's"),
    c.flag("is_held", "Held out"),
    c.money("spend_before", "Spend before", "a quarter at the pace of the past", null="not measured", hidden_by=None),
)


@question(
    "targeting",
    "Whom should each guide speak to today, and about what?",
    words=(
        "tasks of the guides, daily call list of shop assistants",
        "whom should my clerks call today",
        "one to one list per guide",
        "导购 任务 今日 回访 名单 一对一",
    ),
    tables=TASKS,
    figures=(
        c.count("task_count", "Tasks"),
        c.count("held_count", "Held out"),
        c.count("guide_count", "Guides"),
        c.number("most_to_fewest", "Tasks of the guide with most to fewest", "1 = as many each"),
    ),
)
def guide_tasks(view: View, *, per_day: int = 10, held_share: float = 0.1, seed: int = 0) -> Finding:
    """Return the tasks of each guide for the day after the last one seen: at most `per_day` each, one reason and one thing to say.

    A guide's book are the members whose `guide_id` (column of the members table) is theirs; members of nobody, and of guides who left, are
    shared out to the guides of the store who have fewest. Reasons, the first that holds: brought goods back, birthday, slipping away,
    looked and not bought, near a tier, due again, came once within four weeks and not since. Nobody is on a list who may not be contacted
    or of whom it is not known, who is in the global control or in a campaign that runs, was contacted `offers.most_contacts` times within
    `offers.rest_days`, or was on a list (or held out of one) in the last two weeks.

    Lists that were frozen (`toolkit guides`, `tk.give_out_tasks`) are shown as they were frozen.

    Parameters
    ----------
    per_day
        Tasks of a guide, at most: each guide has the same number of places.
    held_share
        Share held out by chance, drawn anew for each day.
    seed
        Another seed holds out others.

    Raises
    ------
    BadValue
        `per_day` is below 1, or `held_share` is not between 0 and .5.

    Notes
    -----
    Down each guide's members, most spend first, a digest of member, day and seed says who is held out (`models.uniform`), until the places
    are taken: who is on a list and who is passed over differ by chance alone. `review.guide_calls` measures what the calls changed.

    Example
    -------
    >>> tk.targeting.guide_tasks(ws, per_day=5).table                  # doctest: +SKIP
    """
    check_wishes("targeting.guide_tasks", per_day, held_share)
    needed = [name for name in ("guide_id", "contactable") if name not in view.population.columns]
    found = books(view)
    if needed or found is None:
        headline = view.say("{where}, there are no tasks for guides: the members table has no `{column}` column.", column=needed[0])
        advice = tr("Import it: `guide_id` says whose member each is, `contactable` who may be spoken to.")
        return unmeasured(TASKS, headline, advice, ask_next=[("targeting.slipping", {})])
    day = view.as_of + timedelta(days=1)
    lists = lists_of(view, found, day, per_day=per_day, held_share=held_share, seed=seed)
    tasks = in_scope(view, lists.tasks)
    held = tasks.filter(pl.col("arm") == "control").height
    each = tasks.filter(pl.col("arm") == "treated").group_by("guide_id").len()["len"]
    ratio = int(each.max()) / int(each.min()) if each.len() else None  # type: ignore[arg-type]
    shown = tasks.with_columns(
        is_held=pl.col("arm") == "control", todo=pl.Series(to_say(view, tasks), dtype=pl.String), spend_before=view.major("spend_before")
    )
    return Finding(
        headline=view.say(
            "{where}, {tasks:,} tasks for [one?a guide|{guides} guides] on {day}[frozen?, as they were given out]; {held:few} with a "
            "reason are held out by chance.",
            tasks=tasks.height - held, guides=each.len(), one=each.len() == 1, day=day, frozen=lists.frozen, held=held,
        ),
        table=TASKS.of(shown.select(TASKS.schema.names()), view),
        notes=_notes(view, found, lists, tasks, int((each < per_day).sum())),
        ask_next=[("targeting.guides", {}), ("review.guide_calls", {}), ("targeting.slipping", {})],
        figures={
            "task_count": float(tasks.height - held), "held_count": float(held), "guide_count": float(each.len()),
            **({"most_to_fewest": ratio} if ratio is not None else {}),
        },
    )  # fmt: skip


def check_wishes(called: str, per_day: int, held_share: float) -> None:
    """Raise `BadValue` where nobody could be on a list, or too many would be held out."""
    if per_day < 1:
        raise BadValue(tr("{called}: per_day is {per_day}; 1 or more was needed.", called=called, per_day=per_day))
    if not 0 <= held_share <= 0.5:
        raise BadValue(tr("{called}: held_share is {held_share}; 0 to 0.5 was needed.", called=called, held_share=held_share))


def in_scope(view: View, tasks: pl.DataFrame) -> pl.DataFrame:
    """Return the tasks of a store's or region's guides, or with an audience's members."""
    if view.scope.audience is not None:
        return tasks.join(view.members.select("member_id"), on="member_id", how="semi", maintain_order="left")
    return in_place(view, tasks)


def to_say(view: View, tasks: pl.DataFrame) -> list[str | None]:
    """Return what to say or show, a sentence a row; null for those held out."""
    rules = tier_rules(view)
    known: dict[tuple[Any, ...], str] = {}
    told = list[str | None]()
    for row in tasks.select("arm", "reason", "goods", "product", "detail").iter_rows(named=True):
        key = (row["reason"], row["goods"], row["product"], row["detail"])
        if row["arm"] == "treated" and key not in known:
            known[key] = _sentence(view, row, rules)
        told.append(known[key] if row["arm"] == "treated" else None)
    return told


def _sentence(view: View, row: Mapping[str, Any], rules: Any) -> str:
    lacking, _, tier = (row["detail"] or "").partition(" ")
    amount = "" if isinstance(rules, str) or not lacking else amount_shown(view, rules, int(lacking))
    return view.say(SAY[row["reason"]], goods=row["goods"], product=row["product"], lacking=amount, tier=tier)


def _notes(view: View, found: Books, lists: Day, tasks: pl.DataFrame, short: int) -> list[str | Note]:
    notes: list[str | Note] = [
        Note(tr("Who is held out gets no call, so that what calls change can be measured: leave them alone."), "REVIEW")
    ]
    if not lists.frozen:
        notes.append(
            view.say(
                "Not on the lists: {left:few} with a reason who may not be contacted, are in a campaign or a control, were contacted "
                "{most} times within {rest} days, or were on a list in the last two weeks.",
                left=lists.left_alone, most=view.settings.offers.most_contacts, rest=view.settings.offers.rest_days,
            )
        )  # fmt: skip
        if short:
            notes.append(
                view.say(
                    "[one?A guide has|{short} guides have] fewer: no more of their members have a reason.", short=short, one=short == 1
                )
            )
    shared = tasks.filter(pl.col("guide_before").is_not_null())
    if shared.height:
        notes.append(
            view.say(
                "{count:few} of guides who have left ({names}) are shared out to colleagues of their store.",
                count=shared.height, names=listing(sorted(shared["guide_before"].unique())[:5]),
            )
        )  # fmt: skip
    if lists.homeless:
        text = view.say("{count:few} with a reason are in a store where no guide is left: nobody has them.", count=lists.homeless)
        notes.append(Note(text, "REVIEW"))
    nobody = found.members.filter(pl.col("guide_id").is_null()).join(view.members, on="member_code", how="semi").height
    if nobody:
        notes.append(Note(view.say("{count:member} in scope are in no guide's book.", count=nobody), "REVIEW"))
    missing = [
        *([] if has_events(view) else [tr("looked, not bought (table `events`)")]),
        *([tr("near a tier (table `tier_rules`)")] if isinstance(tier_rules(view), str) else []),
        *([] if any(name.lower() in BIRTHDAY_COLUMNS for name in view.population.columns) else [tr("birthday (column `birthday`)")]),
        *([] if stock_now(view) is not None else [tr("what is in stock (table `stock`)")]),
    ]
    if missing:
        notes.append(Note(tr("Not known here: {what}.", what=listing(missing)), "NOT MEASURED"))
    return notes
