"""Joiners: who joined where and how, whether they came to order, and when what it cost to win them is paid back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr
from toolkit.models.shares import wilson
from toolkit.portrait.membership.joining import NOT_STATED, Joiners, joiners_of, margin_share, spend_by_month
from toolkit.portrait.membership.tables import needed
from toolkit.registry import question
from toolkit.scope.hiding import too_few, unmeasured
from toolkit.scope.phrases import not_measured
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

By = Literal["store", "channel", "campaign", "referrer", "month"]
_COLUMN = {"channel": "joined_channel", "campaign": "joined_campaign", "referrer": "referred_by"}
JOINERS = c.table(
    "one row per store, channel, campaign, way or month of joining, most joiners first (months in their order)",
    c.text("group"),
    c.members("member_count", "Joined"),
    c.members("followed_count", "Followed to the first order", "joined membership.first_order_days or more before the last day seen"),
    *c.interval(
        c.share("first_share", "First order in time", "of those followed; within membership.first_order_days", hidden_by="followed_count")
    ),
    c.members("second_followed_count", "Followed to the second order", "joined membership.second_order_days or more before the last day"),
    c.share("second_share", "Second order in time", "of those followed: a second shopping day", hidden_by="second_followed_count"),
    c.money("cost", "Cost of winning them", "of the table acquisition, by days that lie in the window", null="no cost is stated"),
    c.money("cost_per_member", "Cost per joiner", null="no cost is stated"),
    c.number("payback_months", "Paid back after (months)", "mean margin reaches the cost", null="not within the months followed"),
    c.number("payback_months_low", "Paid back from", "its 95% interval"),
    c.number("payback_months_high", "Paid back to", "its 95% interval", null="not within the months followed"),
)  # fmt: skip


@question(
    "portrait",
    "Who joins, and do they come to order?",
    words=(
        "joiners by store, channel, campaign or referrer",
        "first order within 30 days of joining, second order of new members",
        "what does it cost to win a member, payback month of acquisition cost",
        "新会员 来源 渠道 首单转化 获客成本 回本",
    ),
    tables=JOINERS,
    figures=(
        c.members("joined_members", "Joined"),
        c.share("first_order_share", "First order in time"),
        c.share("second_order_share", "Second order in time"),
    ),
)
def joiners(view: View, *, by: By = "channel") -> Finding:
    """Return who joined in a year (or in the period asked for): one row per way, with first and second orders, cost and payback.

    Who joined too late to be followed to the end of a horizon is not in its share (complete follow-up, no guess), and is counted. Paid back
    in the first month of 30 days in which the mean margin of the joiners followed so long reaches the cost of a joiner; its interval is the
    months in which the ends of the mean's 95% interval do.

    Parameters
    ----------
    by
        `store`: home store, else the store of the first order. `channel`, `campaign`: members.joined_channel and joined_campaign.
        `referrer`: brought by a member or not. `month`: of joining.

    Example
    -------
    >>> tk.portrait.joiners(ws, by="store").table                       # doctest: +SKIP
    """
    held = joiners_of(view, by)
    if held is None:
        headline = view.say("{where}, who joined is not measured: the day of joining is not known.")
        return unmeasured(JOINERS, headline, not_measured(view, "members", "joined_on", tr("who joined, and when")).text)
    few = too_few(view, JOINERS, held.members.height, tr("members joined"))
    if few is not None:
        return few
    share, is_measured = margin_share(view)
    table = JOINERS.of(_rows(view, held, by, share), view)
    whole = _counts(view, held.members.with_columns(pl.lit("").alias("group"))).row(0, named=True)
    return Finding(
        headline=view.say(
            "{where}, {joined:member} joined from {start} to {end}[followed?; of {followed:few} followed {first_days} days, {first:share} "
            "ordered in them][second?, and {second:share} of those followed {second_days} days came a second time].",
            joined=held.members.height, start=held.start, end=held.end, followed=whole["followed_count"], first=whole["first_share"],
            first_days=view.settings.membership.first_order_days, second=whole["second_share"],
            second_days=view.settings.membership.second_order_days,
        ),
        table=table,
        chart=lambda: _chart(view, table),
        notes=_notes(view, held, by, share, is_measured, table),
        ask_next=[
            ("portrait.joiners", {"by": "store" if by != "store" else "channel"}),
            ("portrait.card_share", {}),
            ("portrait.referrals", {}),
        ],
        figures={
            "joined_members": float(held.members.height),
            "first_order_share": whole["first_share"],
            "second_order_share": whole["second_share"],
        },
    )  # fmt: skip


def _counts(view: View, members: pl.DataFrame) -> pl.DataFrame:
    """Per group: joined, followed, and the shares who ordered once and twice in time."""
    rules = view.settings.membership
    parts = []
    for name, on, days in (("first", "first_on", rules.first_order_days), ("second", "second_on", rules.second_order_days)):
        followed = pl.col("joined_on") + timedelta(days=days) <= view.as_of
        in_time = ((pl.col(on) - pl.col("joined_on")).dt.total_days() <= days).fill_null(False)
        parts += [followed.sum().alias(f"{name}_n"), (followed & in_time).sum().alias(f"{name}_hits")]
    sums = members.group_by("group").agg(pl.len().cast(pl.Int64).alias("member_count"), *parts)
    low, high = wilson(pl.col("first_hits"), pl.col("first_n"))
    return sums.select(
        "group",
        "member_count",
        pl.col("first_n").alias("followed_count"),
        pl.when(pl.col("first_n") > 0).then(pl.col("first_hits") / pl.col("first_n")).alias("first_share"),
        low.alias("first_share_low"),
        high.alias("first_share_high"),
        pl.col("second_n").alias("second_followed_count"),
        pl.when(pl.col("second_n") > 0).then(pl.col("second_hits") / pl.col("second_n")).alias("second_share"),
    )


def _rows(view: View, held: Joiners, by: By, share: float | None) -> pl.DataFrame:
    rows = _counts(view, held.members).join(_costs(view, held, by), on="group", how="left")
    each = (pl.col("cost_minor") / pl.col("member_count")).alias("each_minor")
    rows = rows.with_columns(each)
    paid = _paid_back(view, held, rows, 1.0 if share is None else share)
    order = ["group"] if by == "month" else ["member_count", "group"]
    rows = rows.join(paid, on="group", how="left").sort(order, descending=[False] if by == "month" else [True, False])
    return rows.with_columns(view.major("cost_minor").alias("cost"), view.major("each_minor").alias("cost_per_member")).drop(
        "cost_minor", "each_minor"
    )


def _costs(view: View, held: Joiners, by: By) -> pl.DataFrame:
    """What winning the members of each group cost in the window, in minor units; no row where none is stated."""
    none = pl.DataFrame(schema={"group": pl.String, "cost_minor": pl.Float64})
    table = view.workspace.table("acquisition")
    if table is None or by not in ("channel", "campaign") or not view.scope.is_chain:
        return none
    inside = (pl.min_horizontal("ends_on", pl.lit(held.end)) - pl.max_horizontal("starts_on", pl.lit(held.start))).dt.total_days() + 1
    days = (pl.col("ends_on") - pl.col("starts_on")).dt.total_days() + 1
    spent = table.filter(pl.col("kind") == by).with_columns((pl.col("cost") * inside.clip(0, None) / days).alias("part"))
    return spent.group_by(pl.col("won_by").cast(pl.String).alias("group")).agg(pl.col("part").sum().alias("cost_minor")).collect()


def _paid_back(view: View, held: Joiners, rows: pl.DataFrame, share: float) -> pl.DataFrame:
    """The months after which the mean margin of a joiner reaches the cost, and the ends of its interval."""
    costs = dict(rows.select("group", "each_minor").drop_nulls().iter_rows())
    schema = {"group": pl.String, "payback_months": pl.Float64, "payback_months_low": pl.Float64, "payback_months_high": pl.Float64}
    if not costs:
        return pl.DataFrame(schema=schema)
    spent = spend_by_month(view, held.members.filter(pl.col("group").is_in(list(costs))), view.settings.membership.payback_months)
    sums = (
        spent.group_by("group", "month")
        .agg(pl.len().alias("n"), pl.col("spend").mean(), pl.col("spend").std().alias("spread"))
        .sort("month")
    )
    sums = sums.filter(pl.col("n") >= max(view.least, 2))
    told = []
    for group, cost in costs.items():
        one = sums.filter(pl.col("group") == group)
        reach = 1.96 * pl.col("spread") / pl.col("n").sqrt()
        firsts = [
            one.filter(mean * share >= cost)["month"].min() for mean in (pl.col("spend"), pl.col("spend") + reach, pl.col("spend") - reach)
        ]
        told.append((group, *(None if month is None else float(month) for month in firsts)))  # type: ignore[arg-type]
    return pl.DataFrame(told, schema=schema, orient="row")


def _notes(view: View, held: Joiners, by: By, share: float | None, is_measured: bool, table: AnswerTable) -> list[str | Note]:
    rules = view.settings.membership
    late = held.members.filter(pl.col("joined_on") + timedelta(days=rules.first_order_days) > view.as_of).height
    notes: list[str | Note] = [
        view.say(
            "[late?{late:member} joined less than {days} days before {as_of}: they are counted as joined and are in no share yet. ]"
            "Who comes in time is told of those alone who were followed to the end.",
            late=late, days=rules.first_order_days,
        )
    ]  # fmt: skip
    if by in _COLUMN and not view.has_column("members", _COLUMN[by]) and not (table.frame["group"] != NOT_STATED).any():
        notes.append(not_measured(view, "members", _COLUMN[by], tr("the way of joining")))
    if held.undated:
        notes.append(
            view.say(
                "{undated:member} of the members table [one?has|have] no day of joining: not counted.",
                undated=held.undated,
                one=held.undated == 1,
            )
        )
    has_costs = table.frame["cost"].count() > 0
    if not has_costs:
        text = view.say(
            "Cost and payback: [is_way?needed {table}, of the whole chain|costs are stated by channel or campaign].",
            is_way=by in ("channel", "campaign"), table=needed("acquisition"),
        )  # fmt: skip
        return [*notes, Note(text, "NOT MEASURED")]
    if share is None:
        text = tr("Payback is in sales, not in margin: no unit cost is known, and the setting offers.margin_share is not given.")
        notes.append(Note(text, "REVIEW"))
    else:
        notes.append(
            view.say(
                "Payback is in margin: {share:share} of sales ([measured?by the unit costs of goods|as stated in offers.margin_share]).",
                share=share,
                measured=is_measured,
            )
        )
    notes.append(tr("The mean of a month is of those who were followed so long; who joined in better months may weigh more in late ones."))
    return notes


def _chart(view: View, table: AnswerTable) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.ranges import ranges

    return ranges(
        table.frame.filter(pl.col("first_share").is_not_null()).head(20), label="group", value="first_share", low="first_share_low",
        high="first_share_high", n="followed_count", kind="share", value_title=tr("Share of joiners"),
        title=view.say("Joiners who ordered within {membership.first_order_days} days"), subtitle=view.say("{place}, with 95% intervals"),
    )  # fmt: skip
