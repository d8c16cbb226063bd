"""From the public to a member who comes again: reached, follows, registered, first order, second order."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr, value
from toolkit.models.shares import wilson
from toolkit.portrait.membership.tables import known_rows, needed
from toolkit.registry import question
from toolkit.scope.hiding import too_few, unmeasured
from toolkit.scope.telling import few
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

REACHED, FOLLOWS, REGISTERED = value("reached"), value("follows"), value("registered")
FIRST, SECOND = value("first order"), value("second order")
STEPS = (REACHED, FOLLOWS, REGISTERED, FIRST, SECOND)
EVERYWHERE = value("all sources")
FUNNEL = c.table(
    "one row per step, of all sources and then of each",
    c.text("source", "Source", "where they were reached, as the shop calls it"),
    c.text("step"),
    c.members("person_count", "People", "who took the step or a later one"),
    *c.interval(c.share("step_share", "Of the step before", null="the first step, or nobody before")),
    c.share("whole_share", "Of all reached", null="nobody was reached"),
    c.days("days_median", "Days after the step before", "half took it within so many", null="no day of the step before"),
)


@question(
    "portrait",
    "How do people become members, from first hearing of us to the second order?",
    words=(
        "funnel from reached to follower to registered to first and second order",
        "public to private traffic, conversion of followers into members",
        "how many followers register and order",
        "公域到私域 粉丝转会员 关注 注册 首单 复购 漏斗",
    ),
    tables=FUNNEL,
    figures=(
        c.members("reached_people", "People reached"),
        c.share("registered_share", "Registered, of those reached"),
        c.share("first_order_share", "Ordered, of those registered"),
    ),
)
def funnel_to_member(view: View) -> Finding:
    """Return how many people took each step, of all and by where they were reached: one row per source and step.

    People reached in a year (or in the period asked for) are followed to the last day seen. A step that was not written down but lies
    before one that was counts as taken. Who was reached lately had little time: the note says how many.

    Example
    -------
    >>> tk.portrait.funnel_to_member(ws).table                          # doctest: +SKIP
    """
    steps = known_rows(view, "relations", of_scope=False)
    if steps is None or steps.is_empty():
        headline = view.say("{where}, how people become members is not measured: nobody wrote down whom we reach.")
        return unmeasured(FUNNEL, headline, view.say("Needed: {table}.", table=needed("relations")), ask_next=[("portrait.joiners", {})])
    if not view.scope.is_chain:
        headline = view.say("{where}, how people become members is not measured: who is reached belongs to no store and no audience.")
        return unmeasured(FUNNEL, headline, tr("Ask for the chain."), ask_next=[("portrait.funnel_to_member", {})])
    people, implied = _people(view, steps)
    small = too_few(view, FUNNEL, people.height, tr("people were reached"))
    if small is not None:
        return small
    table = FUNNEL.of(_rows(view, people), view)
    counts = {row["step"]: row for row in table.rows() if row["source"] == EVERYWHERE}
    registered, first = counts[REGISTERED], counts[FIRST]
    return Finding(
        headline=view.say(
            "{where}, of {reached} people reached {follows} follow us, {registered} registered ({share:share}), {first} ordered and "
            "{second} came a second time.",
            reached=counts[REACHED]["person_count"], follows=few(view, counts[FOLLOWS]["person_count"]),
            registered=few(view, registered["person_count"]), share=registered["whole_share"], first=few(view, first["person_count"]),
            second=few(view, counts[SECOND]["person_count"]),
        ),
        table=table,
        chart=lambda: _chart(view, table),
        notes=_notes(view, people, implied),
        ask_next=[("portrait.joiners", {}), ("targeting.journey", {})],
        figures={
            "reached_people": float(people.height),
            "registered_share": registered["whole_share"],
            "first_order_share": first["step_share"],
        },
    )  # fmt: skip


def _people(view: View, steps: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """One row a person: source and the day of each step (null = not taken, or not written down), with `last`, the furthest step."""
    source = pl.col("source") if "source" in steps.columns else pl.lit(None, pl.String)
    member = pl.col("member_id").cast(pl.String) if "member_id" in steps.columns else pl.lit(None, pl.String)
    days = [pl.col("day").filter(pl.col("step") == name).min().alias(name) for name in (REACHED, FOLLOWS, REGISTERED)]
    people = steps.sort("day").group_by("person_id", maintain_order=True).agg(
        *days, source.drop_nulls().first().fill_null("").alias("source"), member.drop_nulls().last().alias("member_id")
    )  # fmt: skip
    start = view.as_of - timedelta(days=view.settings.membership.joiners_days - 1) if view.period.is_default else view.period.start
    began = pl.min_horizontal(REACHED, FOLLOWS, REGISTERED)
    people = people.filter(began.is_between(start, view.period.end))
    orders = view.orders.filter("is_order", pl.col("member_code").is_not_null()).select(
        "member_code", pl.col("ordered_at").dt.date().alias("on")
    )
    ids = view.population.select("member_code", "member_id").join(people.select("member_id", REGISTERED), on="member_id")
    bought = orders.unique().collect().join(ids, on="member_code").filter((pl.col("on") >= pl.col(REGISTERED)).fill_null(True)).sort("on")
    shopped = bought.group_by("member_id").agg(pl.col("on").first().alias(FIRST), pl.col("on").get(1, null_on_oob=True).alias(SECOND))
    people = people.join(shopped, on="member_id", how="left")
    taken = [pl.col(name).is_not_null() for name in STEPS]
    last = pl.max_horizontal([pl.when(flag).then(place) for place, flag in enumerate(taken)]).alias("last")
    people = people.with_columns(last)
    implied = people.select(pl.any_horizontal([~flag & (pl.col("last") > place) for place, flag in enumerate(taken)]).sum()).item()
    return people, int(implied)


def _rows(view: View, people: pl.DataFrame) -> pl.DataFrame:
    sources = (
        people.filter(pl.col("source") != "").group_by("source").len().sort("len", "source", descending=[True, False])["source"].to_list()
    )
    parts = []
    for source in (None, *sources[:12]):
        inside = people if source is None else people.filter(pl.col("source") == source)
        counts = [inside.filter(pl.col("last") >= place).height for place in range(len(STEPS))]
        waits = [None] + [
            inside.select((pl.col(name) - pl.col(before)).dt.total_days().median()).item() for before, name in pairwise(STEPS)
        ]
        frame = pl.DataFrame({"step": STEPS, "person_count": counts, "days_median": waits}, schema_overrides={"days_median": pl.Float64})
        before = pl.col("person_count").shift(1)
        low, high = wilson(pl.col("person_count"), before)
        parts.append(
            frame.with_columns(
                pl.lit(EVERYWHERE if source is None else source).alias("source"),
                pl.when(before > 0).then(pl.col("person_count") / before).alias("step_share"),
                low.alias("step_share_low"),
                high.alias("step_share_high"),
                pl.when(pl.col("person_count").first() > 0)
                .then(pl.col("person_count") / pl.col("person_count").first())
                .alias("whole_share"),
            )
        )
    return pl.concat(parts)


def _notes(view: View, people: pl.DataFrame, implied: int) -> list[str | Note]:
    late_days = view.settings.membership.first_order_days
    began = pl.min_horizontal(REACHED, FOLLOWS, REGISTERED)
    late = people.filter(began + timedelta(days=late_days) > view.as_of).height
    notes: list[str | Note] = []
    if late:
        notes.append(
            view.say(
                "{late:few} people were first reached in the last {days} days: they had little time for the steps.",
                late=late,
                days=late_days,
            )
        )
    if implied:
        notes.append(
            view.say(
                "Of {implied:few} people a step is not written down that lies before a later one: it counts as taken.", implied=implied
            )
        )
    unnamed = people.filter(pl.col("last") >= 2, pl.col("member_id").is_null()).height
    if unnamed:
        text = view.say("{unnamed:few} people registered without a member_id: whether they ordered is not known.", unnamed=unnamed)
        notes.append(Note(text, "REVIEW"))
    notes.append(tr("Who was reached by whom is what the shop wrote down; that reaching somebody brings them is not shown by it."))
    return notes


def _chart(view: View, table: AnswerTable) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    return ranked_bars(
        table.frame.filter(pl.col("source") == EVERYWHERE), label="step", value="whole_share", n="person_count", kind="share1",
        ranked=False, value_title=tr("Share of people reached"), title=tr("From reached to the second order"), subtitle=view.place,
    )  # fmt: skip
