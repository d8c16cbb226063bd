"""Agenda: what there is to do next, for whom, and what is at stake; what the loop has learnt, turned into the next step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.errors import require_rows
from toolkit.language import later, tr, value
from toolkit.ledger.campaigns import known_campaigns
from toolkit.ledger.definition import plan_names
from toolkit.ledger.global_control import read_global_control
from toolkit.ledger.lessons import read_lessons
from toolkit.portrait.measures.prospects import prospect_models
from toolkit.portrait.measures.stages import STAGES, lifecycle_stages
from toolkit.registry import question
from toolkit.review.measures.learnt import unlearnt
from toolkit.scope.view import View
from toolkit.targeting.measures.goods import labels_of
from toolkit.targeting.measures.leaving import why_left_of
from toolkit.targeting.measures.rhythm import STATES, slipping_members
from toolkit.targeting.measures.touched import GOODS, WORDS

if TYPE_CHECKING:
    import altair as alt

TASKS = c.table(
    "one row per thing to do: those with money at stake first, the most first",
    c.text("task", "What"),
    c.members(),
    c.money("spend_before", "Spend before", "of a quarter at the pace of their past", null="no money is measured"),
    c.money("at_stake_spend", "Spend at stake", "what of it is not expected to come", null="no money is measured"),
    c.text("todo", "To do"),
    c.text("who", "Who, for an audience", null="no audience: nothing is addressed"),
    c.text("question", "Where it goes on"),
    c.text("subject", "Campaign", null="none"),
)
SLIPPING, AWAY, LESS = value("slipping away"), value("not seen for long"), value("coming less often")
LESSON, DRAFT, CONTROL = value("lesson to read"), value("draft to launch"), value("nobody held out")
_OTHERS = " AND (losing_touch IS NULL OR NOT losing_touch)"
_GROUPS = (
    (
        SLIPPING, "losing_touch",
        later("{member_count:member} [one?is|are] slipping away, and {at_stake_spend:money} with them: win them back now."),
    ),
    (
        AWAY, "stage = 'lapsing'" + _OTHERS,
        later("{member_count:member} [one?has|have] been away for unusually long; {at_stake_spend:money} is not expected: remind them."),
    ),
    (
        LESS, "activity = 'less than usual' AND stage IN ('new', 'established', 'returned')" + _OTHERS,
        later("{member_count:member} [one?comes|come] less often than before; {at_stake_spend:money} goes missing: give them a reason."),
    ),
)  # fmt: skip
"""Groups of members that do not overlap, each as an audience says it."""
GROUP_PLACES = {task: place for place, (task, *_) in enumerate(_GROUPS)}


@question(
    "review",
    "What should we do next, and for whom?",
    words=(
        "to do list, what to do this week, next steps",
        "what needs attention, what is urgent, priorities",
        "where is money at stake",
        "今天做什么 本周做什么 下一步 待办 优先事项",
    ),
    tables=TASKS,
    figures=(c.count("tasks", "Things to do"), c.money("at_stake_spend", "Spend at stake")),
)
def agenda(view: View, *, top: int = 5) -> Finding:
    """Return what there is to do: one row per thing, those with money at stake first and the most first, then what the loop waits for.

    Members stand in one row at most: slipping away (`targeting.slipping`); else lapsing (`portrait.lifecycle`); else coming less often
    (`targeting.activity`). What is at stake is their spend of a quarter at the pace of their past less what is expected of them, all of a
    group together (member by member, chance alone would add up to much); of who slips away as `targeting.slipping` counts it. It is a
    forecast of what goes missing if nothing is done, not what an offer would win back. Groups too small to
    be shown are no row. What the loop waits for: campaigns that ended and taught nothing yet, drafts that are not launched, goods that lose
    people (`targeting.losing_goods`), and that nobody is held out of all campaigns, so that the programme cannot be judged (of the chain
    alone).

    Parameters
    ----------
    top
        Rows at most; 0 = all.

    Raises
    ------
    BadValue
        `top` is below 0.

    Notes
    -----
    Source: DEFINITIONS.md.

    Example
    -------
    >>> tk.review.agenda(ws).table                                     # doctest: +SKIP
    """
    require_rows("review.agenda", top)
    groups = _groups(view)
    rows = [*_addressed(view, groups), *(_waiting(view) if view.scope.is_chain else ())]
    shown = TASKS.of(pl.DataFrame(rows[: top or None], schema=TASKS.schema), view)
    at_stake = float(groups["at_stake_spend"].sum()) if groups.height else None
    return Finding(
        headline=_headline(view, shown.frame, groups),
        table=shown,
        chart=(lambda: _chart(view, shown.frame)) if shown.frame["at_stake_spend"].count() else None,
        notes=_notes(view, groups, left=len(rows) - shown.height),
        ask_next=[(row["question"], {"audience": row["who"]} if row["who"] else {}) for row in shown.frame.head(3).iter_rows(named=True)],
        figures={"tasks": shown.height, "at_stake_spend": at_stake},
    )


def members_at_stake(view: View) -> pl.DataFrame:
    """Return who is addressed and what is at stake with them: one row per member of a group in scope.

    Columns: `member_code`, `place` of their group (0 slipping away, 1 away for long, 2 coming less often: _GROUPS),
    `spend_before` and `stake` (minor units; what of it is not expected).
    """
    judged = slipping_members(view).select("member_code", "is_slipping", "activity", "spend_before", "expected_spend")
    stages = lifecycle_stages(view).select("member_code", "stage")
    members = view.members.select("member_code").join(judged, on="member_code").join(stages, on="member_code", how="left")
    slips, stage = pl.col("is_slipping").fill_null(False), pl.col("stage").fill_null("")
    place = (
        pl.when(slips).then(0)
        .when(stage == "lapsing").then(1)
        .when((pl.col("activity") == STATES[0]) & stage.is_in(STAGES[:3])).then(2)
    )  # fmt: skip
    missing = pl.col("spend_before") - pl.col("expected_spend")
    return (
        members.with_columns(place.alias("place"), pl.when(slips).then(missing.clip(0, None)).otherwise(missing).alias("stake"))
        .drop_nulls("place")
        .select("member_code", "place", "spend_before", "stake")
    )


def _groups(view: View) -> pl.DataFrame:
    """The groups that may be shown, most money at stake first: `place` in _GROUPS, `member_count`, `spend_before`, `at_stake_spend`."""
    return (
        members_at_stake(view)
        .group_by("place")
        .agg(
            pl.len().cast(pl.Int64).alias("member_count"),
            view.major(pl.col("spend_before").sort().sum()).alias("spend_before"),
            view.major(pl.col("stake").sort().sum()).alias("at_stake_spend"),
        )
        .filter(pl.col("member_count") >= view.least, pl.col("at_stake_spend") > 0)
        .sort("at_stake_spend", "place", descending=[True, False])
    )


def _addressed(view: View, groups: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for row in groups.iter_rows(named=True):
        task, who, said = _GROUPS[row.pop("place")]
        yield row | {
            "task": task, "who": who, "todo": view.say(said, row, one=row["member_count"] == 1),
            "question": "differentiation.offers", "subject": None,
        }  # fmt: skip


def _waiting(view: View) -> Iterator[dict[str, Any]]:
    """What the loop waits for; no money is measured."""
    known = known_campaigns(view.workspace)
    missing = unlearnt(view, known, read_lessons(view.workspace, before=view.as_of))
    nothing = {"member_count": None, "spend_before": None, "at_stake_spend": None, "who": None, "subject": None}
    drafts = [name for name in plan_names(view.workspace) if name not in set(known["campaign_id"])]
    if drafts:
        todo = view.say(
            "{drafts:draft} [one?waits|wait] to be launched: {first}.", drafts=len(drafts), one=len(drafts) == 1, first=drafts[0]
        )
        yield nothing | {"task": DRAFT, "todo": todo, "question": "differentiation.plan", "subject": drafts[0]}
    if missing:
        todo = view.say(
            "{missing:campaign} ended and taught nothing yet: read what [one?it|they] changed, the latest first ({last}).",
            missing=len(missing), one=len(missing) == 1, last=missing[-1],
        )  # fmt: skip
        yield nothing | {"task": LESSON, "todo": todo, "question": "review.verdict", "subject": missing[-1]}
    losing = why_left_of(view)
    if losing and losing.goods.height:
        worst = losing.goods.sort(pl.col("lost_count") - pl.col("expected"), "product_code", descending=[True, False])["product_code"][0]
        todo = view.say(
            "{goods:good} [one?loses|lose] people who buy [one?it|them], most of all {worst}: look at what is wrong.",
            goods=losing.goods.height, one=losing.goods.height == 1, worst=labels_of(view, "product", [worst])[worst],
        )  # fmt: skip
        yield nothing | {"task": WORDS[GOODS], "todo": todo, "question": "targeting.losing_goods"}
    if known.height and read_global_control(view.workspace).share == 0:
        todo = tr("Nobody is held out of all campaigns: what the programme as a whole is worth cannot be said. Draw a control.")
        yield nothing | {"task": CONTROL, "todo": todo, "question": "differentiation.global_control"}


def _headline(view: View, shown: pl.DataFrame, groups: pl.DataFrame) -> str:
    if shown.is_empty():
        return view.say("{where}, nothing waits to be done as of {as_of}: no group of members has money at stake that could be told.")
    return view.say(
        "{where}, {count:,} [one?thing waits|things wait] to be done[stake?; {stake:money} of the next "
        "{lifetime_value.spend_days} days is at stake with {members:member}]. First: {first}",
        count=shown.height, one=shown.height == 1, stake=float(groups["at_stake_spend"].sum()) if groups.height else None,
        members=int(groups["member_count"].sum()), first=shown["todo"][0],
    )  # fmt: skip


def _notes(view: View, groups: pl.DataFrame, *, left: int) -> list[str | Note]:
    notes: list[str | Note] = []
    model = prospect_models(view).row(by_predicate=pl.col("figure") == "spend", named=True)
    if groups.is_empty():
        notes.append(
            Note(tr("Spend at stake: no group of members is large enough, or nothing can be expected of them yet."), "NOT MEASURED")
        )
    elif model["season"] == "one season":
        text = view.say("One season was seen: whether less is expected because members leave or because the season ends cannot be told.")
        notes.append(Note(text, "REVIEW"))
    elif model["total_ratio"] is None:
        notes.append(Note(tr("What is expected of members could not be judged on a quarter it had not seen."), "REVIEW"))
    else:
        notes.append(view.say(
            "How sure: of a quarter not seen in learning, the same forecast promised {ratio:.0%} of what then came, all members together.",
            ratio=model["total_ratio"],
        ))  # fmt: skip
    notes.append(tr("At stake is what goes missing if nothing is done; what an offer brings of it is not known before one was tried."))
    if left > 0:
        notes.append(view.say("{left:,} more [one?thing waits|things wait]; top=0 lists all.", left=left, one=left == 1))
    return notes


def _chart(view: View, shown: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    return ranked_bars(
        shown.drop_nulls("at_stake_spend"), label="task", value="at_stake_spend", n="member_count", kind="money", ranked=False,
        title=view.say("Spend at stake: {place}"), subtitle=view.say("next {lifetime_value.spend_days} days from {as_of}"),
        value_title=view.say("At stake, {currency}"),
    )  # fmt: skip
