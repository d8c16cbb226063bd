"""Process: a campaign day by day, against its control and its targets, with what to look into."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable, Table
from toolkit.language import tr, value
from toolkit.ledger.campaigns import known_campaigns
from toolkit.registry import question, question_text
from toolkit.review.measures.alarms import goal_notes, reach_alarm, shop_target, store_alarms, store_redeemers
from toolkit.review.measures.case import Case, open_case
from toolkit.review.measures.conduct_checks import conduct_checks
from toolkit.review.measures.design_checks import design_checks
from toolkit.review.measures.progress import arm_sums, each_day, redemptions_of
from toolkit.review.measures.study import latest_campaign
from toolkit.review.measures.verdicts import worst_first
from toolkit.scope.hiding import unmeasured
from toolkit.scope.view import View
from toolkit.wording import capital

if TYPE_CHECKING:
    import altair as alt

By = Literal["day", "store", "touchpoint"]

_OF_TREATED = (
    c.members("buyer_count", "Buyers", "of the treated, by arm as assigned"),
    c.count("order_count", "Orders"),
    c.money("order_value"),
)
_SCALED = "of those compared with, scaled to as many members as were treated"
DAYS = c.table(
    "one row per day seen, or per week or month where most days have too few buyers",
    c.day("day"),
    *_OF_TREATED,
    c.number("units_per_order"),
    c.money("sales"),
    c.count("redemption_count", "Redemptions"),
    c.count("control_buyer_count", "Buyers, control (scaled)", _SCALED, null="too few to show", dtype=pl.Float64),
    c.count("control_order_count", "Orders, control (scaled)", _SCALED, dtype=pl.Float64),
    c.money("control_sales", "Sales, control (scaled)", _SCALED),
    c.money("sales_so_far", meaning="from the start"),
    c.money("control_sales_so_far", "Control so far (scaled)"),
    c.money("lead_sales", "Treated less control", "from the start"),
    c.count("redemptions_so_far"),
)
STORES = c.table(
    "one row per store where the treated bought",
    c.text("store_id", "Store"),
    *_OF_TREATED,
    c.money("sales"),
    c.money("control_sales", "Sales, control (scaled)", _SCALED),
    c.members("redeemer_count", "Members who redeemed"),
    c.number("expected_redeemers", "Expected as elsewhere", "at the share of the other stores"),
    few="drop",
)
TOUCHPOINTS = c.table(
    "one row per touchpoint, and one for the control",
    c.text("touchpoint"),
    c.members(),
    c.members("contacted_count", "Contacted"),
    c.share("buyer_share", "Share who bought"),
    c.money("sales_per_member"),
    c.share("redeemer_share", "Share who redeemed"),
    few="drop",
)
_TABLES: dict[str, Table] = {"day": DAYS, "store": STORES, "touchpoint": TOUCHPOINTS}
_ARM = ("order_count", "amount", "units_milli", "amount_so_far")
_ROWS = c.table(
    "one row per day or block of days: both arms",
    c.day("day"),
    c.members("buyer_count"),
    *[c.number(name) for name in _ARM],
    c.count("redemption_count"),
    c.count("redemptions_so_far"),
    c.members("control_members"),
    *[c.number(f"control_{name}", hidden_by="control_members") for name in ("buyer_count", *_ARM)],
)
"""What the table by day and the chart are made of: the counts of the control are scaled, so those of its members decide what is hidden."""


@question(
    "review",
    "How is the campaign running, day by day?",
    words=(
        "progress of a running campaign: customers, orders, sales, redemptions",
        "are we on target with the campaign, which store gives out no coupon",
        "campaign monitoring, daily tracking against control",
        "活动过程 活动进度 核销 客流",
        "how is the running campaign doing today",
    ),
    tables=(DAYS, STORES, TOUCHPOINTS),
    figures=(c.members("treated_members", "Members treated"), c.count("redemptions"), c.money("sales_per_member")),
)
def process(view: View, *, campaign_id: str | int = "", by: By = "day") -> Finding:
    """Return a campaign as it runs (or ran): one row per day seen, store or touchpoint, beside its control and with alarms.

    Counts as they stand: members as assigned, no correction. What the campaign changed is review.effect's question.

    Parameters
    ----------
    campaign_id
        The campaign; empty = the one that started last by as_of.
    by
        `day`, `store` (where it was bought) or `touchpoint` (by which the treated were addressed).

    Raises
    ------
    UnknownName
        There is no such campaign; the nearest is named.
    DataError
        It has not begun by as_of, or ended before the receipts start; or there are no campaigns.

    Example
    -------
    >>> tk.review.process(ws, campaign_id="C001", as_of="2023-04-20").table       # doctest: +SKIP
    """
    case = open_case(view, str(campaign_id) or latest_campaign(view, known_campaigns(view.workspace)))
    if case.too_few_to_show:
        headline = capital(case.say("{name}: nothing is shown, {why}.", why=case.too_few_to_show))
        return unmeasured(_TABLES[by], headline, tr("Too few members: ask for the whole chain."))
    days = each_day(case)
    rows = _rows(case, days)
    shown = {"day": lambda: _by_day(case, rows), "store": lambda: _by_store(case), "touchpoint": lambda: _by_touchpoint(case)}[by]()
    named = {"campaign_id": case.campaign.campaign_id}
    return Finding(
        headline=_headline(case, days),
        table=shown,
        chart=lambda: _chart(case, rows.frame),
        notes=_notes(case, days, by),
        ask_next=[("review.effect", named), *[("review.process", {**named, "by": other}) for other in _TABLES if other != by]],
        figures={
            "treated_members": case.treated_count,
            "redemptions": int(days["redemption_count"].sum()),
            "sales_per_member": float(days["amount"].sum()) / view.minor_units / case.treated_count,
        },
        spark=rows.frame["amount"].drop_nulls().to_list(),
    )


def compared(case: Case) -> bool:
    """Say whether there are enough members to set beside the treated."""
    return case.control_count >= case.view.least


def block_days(days: pl.DataFrame, least: int) -> int:
    """Return how many days a row of the table holds, so that most rows are of enough buyers to speak of: 1, 7, 28, or all."""
    for length in (1, 7, 28):
        blocks = days.group_by(pl.int_range(pl.len()) // length).agg(pl.col("buyer_count").sum())
        if float(blocks["buyer_count"].median() or 0) >= least:  # type: ignore[arg-type]
            return length
    return days.height


def _rows(case: Case, days: pl.DataFrame) -> AnswerTable:
    """Both arms by day, or by as many days as have enough buyers; money in minor units, the control scaled."""
    length = block_days(days, case.view.least)
    blocks = days.group_by((pl.int_range(pl.len()) // length).alias("block"), maintain_order=True)
    sums = blocks.agg(pl.col("day").first(), pl.exclude("day").sum()).drop("block")
    members = (pl.col("control_buyer_count") * case.control_count / case.treated_count).round().cast(pl.Int64)
    return _ROWS.of(
        sums.with_columns(
            pl.col("amount").cum_sum().alias("amount_so_far"),
            pl.col("control_amount").cum_sum().alias("control_amount_so_far"),
            pl.col("redemption_count").cum_sum().alias("redemptions_so_far"),
            members.alias("control_members"),
        ),
        case.view,
    )


def _by_day(case: Case, rows: AnswerTable) -> AnswerTable:
    view, is_compared = case.view, pl.lit(compared(case))
    orders = pl.when(pl.col("order_count") > 0).then("order_count")
    frame = rows.frame.select(
        "day",
        "buyer_count",
        "order_count",
        (view.major("amount") / orders).alias("order_value"),
        (pl.col("units_milli") / 1000 / orders).alias("units_per_order"),
        view.major("amount").alias("sales"),
        "redemption_count",
        view.major("amount_so_far").alias("sales_so_far"),
        "redemptions_so_far",
        *[
            pl.when(is_compared).then(figure).alias(name)
            for name, figure in (
                ("control_buyer_count", pl.col("control_buyer_count")),
                ("control_order_count", pl.col("control_order_count")),
                ("control_sales", view.major("control_amount")),
                ("control_sales_so_far", view.major("control_amount_so_far")),
                ("lead_sales", view.major(pl.col("amount_so_far") - pl.col("control_amount_so_far"))),
            )
        ],
    )
    return replace(DAYS.of(frame, view), few_rows=rows.few_rows)


def _by_store(case: Case) -> AnswerTable:
    view, sums = case.view, arm_sums(case, "store_id")
    scale = case.treated_count / case.control_count if compared(case) else None
    few = pl.col("control_buyers").is_between(1, view.least - 1)  # of the control; the table counts the treated
    control = sums.filter(~pl.col("treated")).select(
        "store_id", pl.col("buyer_count").alias("control_buyers"), pl.col("amount").alias("beside")
    )
    redeemers = store_redeemers(case).select("store_id", "redeemer_count", "expected_redeemers")
    joined = sums.filter("treated").join(control, on="store_id", how="left").join(redeemers, on="store_id", how="left")
    frame = joined.select(
        "store_id", "buyer_count", "order_count",
        pl.when(pl.col("order_count") > 0).then(view.major("amount") / pl.col("order_count")).alias("order_value"),
        view.major("amount").alias("sales"),
        pl.when(~few.fill_null(False)).then(view.major(pl.col("beside").fill_null(0)) * pl.lit(scale, pl.Float64)).alias("control_sales"),
        pl.col("redeemer_count").fill_null(0), "expected_redeemers",
    )  # fmt: skip
    return STORES.of(frame.sort("sales", "store_id", descending=[True, False]), view)


def _by_touchpoint(case: Case) -> AnswerTable:
    view, spent = case.view, arm_sums(case, "member_id").select("member_id", "order_count", "amount")
    named = pl.when("treated").then(pl.col("touchpoint").fill_null(value("not stated"))).otherwise(pl.lit(value("(control)")))
    redeemed = redemptions_of(case).select("member_id", pl.lit(True).alias("has_redeemed")).unique()
    members = (
        case.members.join(spent, on="member_id", how="left")
        .join(redeemed, on="member_id", how="left")
        .with_columns(named.alias("touchpoint"), pl.col("order_count", "amount").fill_null(0), pl.col("has_redeemed").fill_null(False))
    )
    rows = members.group_by("touchpoint", "treated").agg(
        pl.len().alias("member_count"),
        (pl.col("contacted_at").dt.date() <= case.seen.end).sum().alias("contacted_count"),
        (pl.col("order_count") > 0).mean().alias("buyer_share"),
        (view.major(pl.col("amount").sum()) / pl.len()).alias("sales_per_member"),
        pl.col("has_redeemed").mean().alias("redeemer_share"),
    )
    return TOUCHPOINTS.of(rows.sort("treated", "member_count", "touchpoint", descending=[True, True, False]).drop("treated"), view)


def _headline(case: Case, days: pl.DataFrame) -> str:
    sums, is_compared = days.select(pl.exclude("day").sum()).row(0, named=True), compared(case)
    redeemers = redemptions_of(case).filter("treated")["member_id"].n_unique()
    sentence = case.say(
        "{opening}{name} [running?on day {days} of {planned_days}|after {days:day}]: {treated:treated member} made {orders:order}, "
        "{each:minor} each[own?; those held out {control_each:minor} each][others?; members not contacted {control_each:minor} "
        "each][known?; {redeemers:few}[many? ({part:share})] redeemed] ({arms}). What it changed is another question: '{question}'",
        running=case.is_running, days=case.seen.days, treated=case.treated_count, orders=sums["order_count"],
        each=sums["amount"] / case.treated_count, own=is_compared and case.control == "own",
        others=is_compared and case.control == "others", control_each=sums["control_amount"] / case.treated_count,
        known=case.redemptions.has_table, redeemers=redeemers,
        many=not 0 < redeemers < case.view.least, part=redeemers / case.treated_count, question=question_text("review.effect"),
    )  # fmt: skip
    return capital(sentence)


def _notes(case: Case, days: pl.DataFrame, by: str) -> list[str | Note]:
    notes: list[str | Note] = [*goal_notes(case, days), *shop_target(case.view, case.seen)]
    if case.redemptions.has_table:
        notes += store_alarms(case)
    else:
        notes.append(Note(tr("Redemptions: the shop has no redemptions table."), "NOT MEASURED"))
    notes += reach_alarm(case)
    notes += worst_first([*design_checks(case), *conduct_checks(case)])
    if case.control == "none":
        notes.append(
            Note(tr("There is nobody to compare with: the figures say what was sold, not what the campaign added."), "NOT MEASURED")
        )
    elif not compared(case):
        notes.append(Note(case.say("Fewer than {least} members to compare with: too few to show."), "NOT MEASURED"))
    if not case.is_randomised:
        notes.append(tr("Chance did not decide who was treated: a difference between the arms may have been there before."))
    notes.append(tr("Counts as they stand, by arm as assigned; the control is scaled to as many members. A lead is not yet an effect."))
    if by == "day" and (length := block_days(days, case.view.least)) > 1:
        notes.append(
            case.say(
                "Rows are of {length} days each, from the day named on: single days have too few buyers. Customers are counted per day.",
                length=length,
            )
        )
    return notes


_PANELS = (
    (value("Customers"), "buyer_count", None),
    (value("Orders"), "order_count", None),
    (value("Order value"), "amount", "order_count"),
    (value("Units per order"), "units_milli", "order_count"),
    (value("Sales so far"), "amount_so_far", None),
    (value("Redemptions so far"), "redemptions_so_far", None),
)


def _chart(case: Case, rows: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.multiples import multiples

    units = {"amount": case.view.minor_units, "amount_so_far": case.view.minor_units, "units_milli": 1000}
    drawn = rows.with_columns(pl.col(f"{arm}{name}") / unit for name, unit in units.items() for arm in ("", "control_"))
    beside = {"own": tr("held out"), "others": tr("not contacted"), "none": ""}[case.control]
    series = [("", value("treated")), *([("control_", case.say("{beside}, scaled", beside=beside))] if compared(case) else [])]
    lines = []
    for panel, top, bottom in _PANELS:
        for arm, name in series:
            if arm and top == "redemptions_so_far":
                continue
            figure = pl.col(f"{arm}{top}").cast(pl.Float64)
            if bottom:
                figure = pl.when(pl.col(f"{arm}{bottom}") > 0).then(figure / pl.col(f"{arm}{bottom}"))
            lines.append(drawn.select(pl.lit(panel).alias("panel"), "day", pl.lit(name).alias("series"), figure.alias("value")))
    return multiples(
        pl.concat(lines), panel="panel", x="day", value="value", series="series", columns=3, same_scale=False,
        title=case.say("{name}, day by day: {place}"), kind="money2", value_title="", x_title="",
        subtitle=case.say("{seen}, {treated:treated member}; money in {currency}", treated=case.treated_count),
    )  # fmt: skip
