"""A day's tasks for guides: whom each should call or speak to, for which one reason, with what to say; a tenth held out by chance."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.errors import BadValue
from toolkit.language import later, tr, value
from toolkit.ledger.global_control import read_global_control
from toolkit.ledger.history import busy, contacted
from toolkit.models.assignment import uniform
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.view import View
from toolkit.targeting.measures.due_list import due_list
from toolkit.targeting.measures.rhythm import slipping_members

SLIPPING, DUE, ONCE = value("slipping away"), value("due again"), value("came once, not since")
_SAY = {
    SLIPPING: later("Ask how they liked what they bought last, and tell what is new."),
    DUE: later("Remind them of what they usually buy about now, and keep it ready."),
    ONCE: later("Thank them for the first purchase, and show one thing that goes with it."),
}
"""What to say, by reason; the reasons in the order in which one goes before the other."""
WINDOW_DAYS = 14
"""Days of a list: within them nobody on it gets another task, and after them it is judged."""
_NEW_DAYS = 28
TASKS = c.table(
    "one row per member with a reason; held out are those whom nobody speaks to, so that calls have a measured effect",
    c.text("store_id", "Store"),
    c.text("guide_id", "Guide"),
    c.text("member_id", "Member"),
    c.text("reason", "Reason"),
    c.text("todo", "To say or show", null="held out: nobody speaks to them"),
    c.text("goods", "Goods", null="the reason is no good"),
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
    ),
)
def guide_tasks(view: View, *, per_day: int = 10, held_share: float = 0.1, seed: int = 0) -> Finding:
    """Return the tasks of each guide for the day after the last one seen: at most `per_day` each, one reason and one thing to say.

    A guide's book are the members whose `guide_id` (column of the members table) is theirs. Reasons, the first that holds: slipping away,
    due again, came once within four weeks and not since. Nobody is on the list who may not be contacted or of whom it is not known, who is
    in the global control or in a campaign that runs, or who was contacted `offers.most_contacts` times within `offers.rest_days`.

    Parameters
    ----------
    per_day
        Tasks of a guide, at most: each guide has the same number of places.
    held_share
        Share held out by chance, by member: the same members every day, as long as `seed` stays.
    seed
        Another seed holds out others.

    Raises
    ------
    BadValue
        `per_day` is below 1, or `held_share` is not between 0 and .5.

    Notes
    -----
    Held out is whose digest of id and seed is below the share (`models.uniform`): who is on a list and who is not is chance alone, before
    reasons are looked at. Places go to those with most spend before; those held out take none.

    Example
    -------
    >>> tk.targeting.guide_tasks(ws, per_day=5).table                  # doctest: +SKIP
    """
    if per_day < 1:
        raise BadValue(tr("targeting.guide_tasks: per_day is {per_day}; 1 or more was needed.", per_day=per_day))
    if not 0 <= held_share <= 0.5:
        raise BadValue(tr("targeting.guide_tasks: held_share is {held_share}; 0 to 0.5 was needed.", held_share=held_share))
    needed = [name for name in ("guide_id", "contactable") if name not in view.population.columns]
    if needed:
        headline = view.say("{where}, there are no tasks for guides: the members table has no `{column}` column.", column=needed[0])
        advice = tr("Import it: `guide_id` says whose member each is, `contactable` who may be spoken to.")
        return unmeasured(TASKS, headline, advice, ask_next=[("targeting.slipping", {})])
    tasks, left = day_tasks(view, per_day, held_share, seed)
    held = int(tasks["is_held"].sum())
    guides = tasks.filter(~pl.col("is_held"))["guide_id"].n_unique()
    shown = tasks.with_columns(
        todo=pl.when(~pl.col("is_held")).then(
            pl.col("reason").replace_strict({name: tr(text) for name, text in _SAY.items()}, default=None)
        ),
        spend_before=view.major("spend_before"),
    )
    return Finding(
        headline=view.say(
            "{where}, {tasks:,} tasks for {guides} guides on {day}; {held:few} with a reason are held out by chance.",
            tasks=tasks.height - held, guides=guides, day=view.as_of + timedelta(days=1), held=held,
        ),
        table=TASKS.of(shown.select(TASKS.schema.names()), view),
        notes=[
            Note(tr("Who is held out gets no call, so that what calls change can be measured: leave them alone."), "REVIEW"),
            view.say(
                "Not on the list: {left:few} with a reason who may not be contacted, are in a campaign or a control, or were contacted "
                "{most} times within {rest} days.",
                left=left, most=view.settings.offers.most_contacts, rest=view.settings.offers.rest_days,
            ),
            *_bookless(view),
        ],
        ask_next=[("targeting.slipping", {}), ("targeting.due_again", {})],
        figures={"task_count": float(tasks.height - held), "held_count": float(held), "guide_count": float(guides)},
    )  # fmt: skip


def day_tasks(view: View, per_day: int, held_share: float, seed: int) -> tuple[pl.DataFrame, int]:
    """Return the tasks of a day (`store_id`, `guide_id`, `member_id`, `reason`, `goods`, `is_held`, `spend_before` in minor units), and how
    many members with a reason are left alone."""
    people = view.members.drop_nulls("guide_id")
    reasons = people.join(_reasons(view), on="member_code")
    first, last = view.as_of + timedelta(days=1), view.as_of + timedelta(days=WINDOW_DAYS)
    rest = contacted(view.workspace, view.as_of - timedelta(days=view.settings.offers.rest_days - 1), view.as_of, as_of=view.as_of)
    weary = rest.filter(pl.col("contact_count") >= view.settings.offers.most_contacts)["member_id"]
    taken = busy(view.workspace, first, last, as_of=view.as_of)["member_id"]
    may = (
        pl.col("contactable").fill_null(False)
        & ~pl.col("member_id").is_in(weary.implode())
        & ~pl.col("member_id").is_in(taken.unique().implode())
    )
    free = reasons.filter(may)
    free = free.filter(~read_global_control(view.workspace).holds(free["member_id"]))
    held = pl.Series("is_held", uniform(free["member_id"], f"guide tasks:{seed}") < held_share, dtype=pl.Boolean)
    ranked = free.with_columns(held).sort("spend_before", "member_id", descending=[True, False], nulls_last=True)
    place = pl.col("member_id").cum_count().over("guide_id", "is_held")
    # Who is held out counts as if there were places for them too: as many of a guide as the share of the places.
    tasks = ranked.filter(
        place <= pl.when("is_held").then(max(round(per_day * held_share / max(1 - held_share, 0.5)), 1)).otherwise(per_day)
    )
    stores = view.stores.select(pl.col("store_code").alias("home_store_code"), "store_id")
    placed = tasks.join(stores, on="home_store_code", how="left").sort(
        "store_id", "guide_id", "is_held", nulls_last=True, maintain_order=True
    )
    return placed.select("store_id", "guide_id", "member_id", "reason", "goods", "is_held", "spend_before"), reasons.height - free.height


def _reasons(view: View) -> pl.DataFrame:
    """One reason a member of the chain: `member_code`, `reason`, `goods`, `spend_before` (minor units)."""
    judged = slipping_members(view).select("member_code", "is_slipping", "spend_before")
    names = view.categories.select("category_code", pl.col("category").alias("goods"))
    window = pl.lit(view.as_of).is_between(pl.col("due_from"), pl.col("due_to"))
    due = due_list(view).filter(window).sort("purchase_probability", "category_code", descending=[True, False])
    due = due.unique("member_code", keep="first", maintain_order=True).join(names, on="category_code", how="left")
    once = (pl.col("order_count") == 1) & (pl.col("first_ordered_on") > view.as_of - timedelta(days=_NEW_DAYS))
    rows = (
        view.population.select("member_code", "order_count", "first_ordered_on")
        .join(judged, on="member_code", how="left")
        .join(due.select("member_code", "goods", is_due=pl.lit(True)), on="member_code", how="left")
        .with_columns(
            reason=pl.when(pl.col("is_slipping").fill_null(False)).then(pl.lit(SLIPPING))
            .when(pl.col("is_due").fill_null(False)).then(pl.lit(DUE)).when(once).then(pl.lit(ONCE))
        )
    )  # fmt: skip
    of_goods = pl.when(pl.col("reason") == DUE).then("goods").alias("goods")
    return rows.drop_nulls("reason").select("member_code", "reason", of_goods, "spend_before")


def _bookless(view: View) -> list[str | Note]:
    """What is said of members who are nobody's."""
    count = view.members["guide_id"].null_count()
    return [Note(view.say("{count:member} in scope are in no guide's book.", count=count), "REVIEW")] if count else []
