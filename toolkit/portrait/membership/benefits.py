"""Benefits: who uses which, what they cost, and what was given and never used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.language import tr, value
from toolkit.portrait.measures.figure_sums import tiers
from toolkit.portrait.membership.granted import unused_grants
from toolkit.portrait.membership.tables import known_rows, needed, strangers_note
from toolkit.registry import question
from toolkit.scope.hiding import too_few, unmeasured
from toolkit.scope.sales import member_sales, ratio
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

ALL, NO_TIER = value("all benefits"), value("no tier stated")
BENEFITS = c.table(
    "one row per benefit, tier or month, dearest first (months in their order)",
    c.text("group"),
    c.members("member_count", "Members who used any"),
    c.share(
        "member_share", "Share of members", "of those in the row's tier, or in scope, who ordered in the window", null="nobody ordered"
    ),
    c.count("use_count", "Times used", "in the window"),
    c.money("cost", "Cost", "of uses whose cost is stated", null="no cost is stated"),
    c.share("cost_known_share", "Uses with a known cost"),
    c.money("cost_per_member", "Cost per member", "who used any", null="no cost is stated"),
    c.share("share_of_sales", "Cost of sales", "over sales to the row's members in the window", null="no cost, or nothing was sold"),
    c.members(
        "granted_count", "Members given it", "in the window, or before and still usable", null="not told of a tier or month, or not known"
    ),
    c.count("unused_count", "Given and not used", "grants without a use since", null="not known", hidden_by="granted_count"),
    c.share("unused_share", "Of those given", null="nothing was given, or not known", hidden_by="granted_count"),
    c.count("lapsed_count", "Of them lapsed", "can be used no more", null="not known", hidden_by="granted_count"),
)


@question(
    "portrait",
    "Which benefits are used, and what do they cost?",
    words=(
        "benefits used by members and their cost",
        "cost of benefits as a share of sales, by tier",
        "benefits that were granted and never used",
        "会员权益 使用率 权益成本 未使用权益 生日礼",
    ),
    tables=BENEFITS,
    figures=(
        c.members("benefit_members", "Members who used any"),
        c.money("benefit_cost", "Cost"),
        c.share("benefit_cost_share", "Cost as a share of sales"),
        c.share("unused_share", "Given and not used"),
    ),
)
def benefits(view: View, *, by: Literal["benefit", "tier", "month"] = "benefit") -> Finding:
    """Return what benefits were used in the window and what they cost: one row per benefit, tier or month; and what was given and not used.

    A use belongs to the oldest grant of the same member and benefit that was not used yet; uses without a grant use none. Cost is what the
    table states, never a guess. Sales are those to members in scope.

    Parameters
    ----------
    by
        `benefit`, `tier` (held on as_of) or `month`.

    Raises
    ------
    DataError
        By tier, and no tier is stated.

    Example
    -------
    >>> tk.portrait.benefits(ws, by="tier").table                       # doctest: +SKIP
    """
    rows = known_rows(view, "benefits")
    if rows is None or rows.is_empty():
        headline = view.say("{where}, what benefits cost is not measured: no use of a benefit is known.")
        return unmeasured(BENEFITS, headline, view.say("Needed: {table}.", table=needed("benefits")), ask_next=[("portrait.tiers", {})])
    used = rows.filter(pl.col("day").is_between(view.period.start, view.period.end)).with_columns(pl.col("member_id").cast(pl.String))
    few = too_few(view, BENEFITS, used["member_id"].n_unique(), tr("members used a benefit"), window=view.period)
    if few is not None:
        return few
    if "cost" not in used.columns:
        used = used.with_columns(pl.lit(None, pl.Int64).alias("cost"))
    buyers = member_sales(view).join(view.population.select("member_code", "member_id"), on="member_code")
    grants = unused_grants(view, rows)
    whole = _summed(view, used.with_columns(group=pl.lit(ALL)), buyers.with_columns(group=pl.lit(ALL)))
    if by == "tier":
        held = tiers(view).join(view.population.select("member_code", "member_id"), on="member_code").select(
            "member_id", pl.col("tier").fill_null(NO_TIER).alias("group")
        )  # fmt: skip
        stated = pl.col("group").fill_null(NO_TIER)
        frame = _summed(view, used.join(held, on="member_id", how="left").with_columns(stated), buyers.join(held, on="member_id"))
    elif by == "month":
        month = pl.col("day").dt.strftime("%Y-%m").alias("group")
        frame = _summed(view, used.with_columns(month), None)
    else:
        frame = _summed(view, used.with_columns(pl.col("benefit").cast(pl.String).alias("group")), None)
        total, people = int(buyers["sales"].sum()), buyers.filter(pl.col("orders") > 0).height
        frame = frame.with_columns(
            (pl.col("cost") * view.minor_units / total if total > 0 else pl.lit(None, pl.Float64)).alias("share_of_sales"),
            (pl.col("buyer_users") / people if people else pl.lit(None, pl.Float64)).alias("member_share"),
        )
        frame = pl.concat([frame, whole], how="diagonal")
        if grants is not None:
            frame = frame.join(_granted(grants), on="group", how="full", coalesce=True).with_columns(
                pl.col("member_count", "use_count").fill_null(0)
            )
    order, down = (["group"], False) if by == "month" else (["cost", "use_count", "group"], [True, True, False])
    table = BENEFITS.of(frame.sort(order, descending=down, nulls_last=True).drop("buyer_users"), view)
    figures = BENEFITS.of(whole.drop("buyer_users"), view).row()
    unused = None if grants is None else _unused_share(grants)
    return Finding(
        headline=view.say(
            "{where}, {users:member} used a benefit {window:in}[share?, {share:share} of those who ordered][cost?; they cost "
            "{cost:money}[of_sales?, "
            "{of_sales:share} of sales to members]][grants?; {unused:share} of what was given was not used].",
            users=figures["member_count"], window=view.period, share=figures["member_share"], cost=figures["cost"],
            of_sales=figures["share_of_sales"], grants=unused is not None, unused=unused,
        ),
        table=table,
        chart=lambda: _chart(view, table, by),
        notes=[*_notes(view, figures, grants), *strangers_note(view, rows, "benefits")],
        ask_next=[
            ("portrait.benefits", {"by": "tier" if by != "tier" else "benefit"}),
            ("portrait.contribution", {"by": "tier", "measure": "margin"}),
            ("portrait.paid_membership", {}),
        ],
        figures={
            "benefit_members": figures["member_count"],
            "benefit_cost": figures["cost"],
            "benefit_cost_share": figures["share_of_sales"],
            "unused_share": unused,
        },
    )  # fmt: skip


def _summed(view: View, used: pl.DataFrame, buyers: pl.DataFrame | None) -> pl.DataFrame:
    """Uses by `group`; `buyers` (member_id, orders, sales, group): members of the groups who ordered, all the same where it is None."""
    who = pl.col("member_id")
    ids = view.orders.filter("is_order", pl.col("ordered_at").dt.date().is_between(view.period.start, view.period.end))
    came = (
        ids.select("member_code").drop_nulls().unique().collect().join(view.population.select("member_code", "member_id"), on="member_code")
    )
    known = pl.col("cost").is_not_null()
    sums = used.with_columns(who.is_in(came["member_id"].implode()).alias("came")).group_by("group").agg(
        who.n_unique().cast(pl.Int64).alias("member_count"), who.filter("came").n_unique().alias("buyer_users"),
        pl.len().cast(pl.Int64).alias("use_count"), pl.when(known.any()).then(view.major(pl.col("cost").sum())).alias("cost"),
        known.mean().alias("cost_known_share"),
    )  # fmt: skip
    sums = sums.with_columns((pl.col("cost") / pl.col("member_count")).alias("cost_per_member"))
    if buyers is None:
        return sums
    bought = buyers.group_by("group").agg((pl.col("orders") > 0).sum().alias("buyers"), pl.col("sales").sum())
    joined = sums.join(bought, on="group", how="left")
    return joined.with_columns(
        pl.when(pl.col("buyers") > 0).then(pl.col("buyer_users") / pl.col("buyers")).alias("member_share"),
        pl.when(pl.col("sales") > 0).then(pl.col("cost") * view.minor_units / pl.col("sales")).alias("share_of_sales"),
    ).drop("buyers", "sales")


def _granted(grants: pl.DataFrame) -> pl.DataFrame:
    unused = ~pl.col("is_used")
    counts = (
        pl.col("member_id").n_unique().cast(pl.Int64).alias("granted_count"), unused.sum().cast(pl.Int64).alias("unused_count"),
        unused.mean().alias("unused_share"), (unused & pl.col("is_over")).sum().cast(pl.Int64).alias("lapsed_count"),
    )  # fmt: skip
    each = grants.group_by(pl.col("benefit").alias("group")).agg(*counts)
    return pl.concat([each, grants.group_by(pl.lit(ALL).alias("group")).agg(*counts)])


def _unused_share(grants: pl.DataFrame) -> float | None:
    return ratio(int((~grants["is_used"]).sum()), grants.height)


def _notes(view: View, whole: c.Row, grants: pl.DataFrame | None) -> list[str | Note]:
    notes: list[str | Note] = []
    if whole["cost"] is None:
        notes.append(Note(tr("Cost: the table `benefits` has no `cost`."), "NOT MEASURED"))
    elif (whole["cost_known_share"] or 0) < 1:
        text = view.say(
            "The cost of {known:share} of the uses is stated: the rest is in no cost, which is too low.", known=whole["cost_known_share"]
        )
        notes.append(Note(text, "REVIEW"))
    if grants is None:
        text = view.say("What was given and not used: needed {table}.", table=needed("benefit_grants"))
        notes.append(Note(text, "NOT MEASURED"))
    elif grants.height:
        notes.append(
            tr("A use takes the oldest grant of the same member and benefit that is left; what is given under another name stays unused.")
        )
    notes.append(tr("Cost is what was spent on benefits, not what they bring: who uses them buys more anyway."))
    return notes


def _chart(view: View, table: AnswerTable, by: str) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    drawn = table.frame.filter(pl.col("group") != ALL).head(20)
    subtitle = view.say("{place}, {period}")
    if table.frame["cost"].count() == 0:
        return ranked_bars(
            drawn, label="group", value="use_count", n="member_count", ranked=by != "month", value_title=tr("Times used"),
            title=tr("How often benefits are used"), subtitle=subtitle,
        )  # fmt: skip
    return ranked_bars(
        drawn, label="group", value="cost", n="member_count", kind="money", ranked=by != "month", value_title=tr("Cost"),
        title=tr("What benefits cost"), subtitle=subtitle,
    )  # fmt: skip
