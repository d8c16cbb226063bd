"""Process: a campaign day by day, against its control and its targets, with what to look into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.language import later, tr, value
from toolkit.ledger.campaigns import known_campaigns
from toolkit.registry import question, question_text
from toolkit.review.measures.alarms import goal_notes, reach_alarm, shop_target, store_alarms, store_redeemers
from toolkit.review.measures.case import Case, open_case
from toolkit.review.measures.conduct_checks import conduct_checks
from toolkit.review.measures.design_checks import design_checks
from toolkit.review.measures.progress import arm_sums, each_day, redemptions_of
from toolkit.review.measures.study import latest_campaign
from toolkit.review.measures.verdicts import worst_first
from toolkit.scope.view import View
from toolkit.wording import capital, share, some

if TYPE_CHECKING:
    import altair as alt

By = Literal["day", "store", "touchpoint"]


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

    Returns
    -------
    Answer
        By day (by week or month where most days have fewer buyers than scope.minimum_members): `day`; of the treated `buyer_count`
        (customer flow), `order_count`, `order_value` (currency units, null where too few bought), `units_per_order`, `sales`,
        `redemption_count`; `control_buyer_count`, `control_order_count`, `control_sales` (those compared with, scaled to as many members
        as were treated); and from the start `sales_so_far`, `control_sales_so_far`, `lead_sales` (their difference),
        `redemptions_so_far`. By store: `store_id`, the same counts, `redeemer_count`, `expected_redeemers` (at the share of the other
        stores). By touchpoint: `touchpoint`, `member_count`, `contacted_count`, `buyer_share`, `sales_per_member`, `redeemer_share`; the
        control has a row of its own.

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
    least = view.settings.scope.minimum_members
    if case.treated_count < least:
        return _too_few(case, least)
    days = each_day(case)
    table = {"day": _by_day, "store": _by_store, "touchpoint": _by_touchpoint}[by](case, days)
    return Finding(
        headline=_headline(case, days),
        table=table,
        chart=lambda: _chart(case, days),
        notes=_notes(case, days, by),
        ask_next=[
            ("review.effect", {"campaign_id": case.campaign.campaign_id}),
            *[
                ("review.process", {"campaign_id": case.campaign.campaign_id, "by": other})
                for other in ("day", "store", "touchpoint")
                if other != by
            ],
        ],
        figures=_figures(case, days),
        spark=days["amount"].cast(pl.Float64).to_list(),
    )


def compared(case: Case) -> bool:
    """Say whether there are enough members to set beside the treated."""
    return case.control_count >= case.view.settings.scope.minimum_members


def block_days(days: pl.DataFrame, least: int) -> int:
    """Return how many days a row of the table holds, so that most rows are of enough buyers to speak of: 1, 7, 28, or all."""
    for length in (1, 7, 28):
        blocks = days.group_by(pl.int_range(pl.len()) // length).agg(pl.col("buyer_count").sum())
        if float(blocks["buyer_count"].median() or 0) >= least:  # type: ignore[arg-type]
            return length
    return days.height


def _by_day(case: Case, days: pl.DataFrame) -> pl.DataFrame:
    view, least = case.view, case.view.settings.scope.minimum_members
    length = block_days(days, least)
    if length > 1:
        sums = [pl.col("day").first(), pl.exclude("day").sum()]
        days = days.group_by((pl.int_range(pl.len()) // length).alias("block"), maintain_order=True).agg(sums).drop("block")
    some_orders = (pl.col("order_count") > 0) & (pl.col("buyer_count") >= least)
    beside = [
        pl.col("control_buyer_count"), pl.col("control_order_count"), view.major("control_amount").alias("control_sales"),
    ]  # fmt: skip
    so_far = [
        view.major(pl.col("control_amount").cum_sum()).alias("control_sales_so_far"),
        view.major((pl.col("amount") - pl.col("control_amount")).cum_sum()).alias("lead_sales"),
    ]
    return days.select(
        "day",
        "buyer_count",
        "order_count",
        pl.when(some_orders).then(view.major("amount") / pl.col("order_count")).alias("order_value"),
        pl.when(some_orders).then(pl.col("units_milli") / 1000 / pl.col("order_count")).alias("units_per_order"),
        view.major("amount").alias("sales"),
        "redemption_count",
        *(beside if compared(case) else []),
        view.major(pl.col("amount").cum_sum()).alias("sales_so_far"),
        *(so_far if compared(case) else []),
        pl.col("redemption_count").cum_sum().alias("redemptions_so_far"),
    )


def _by_store(case: Case, days: pl.DataFrame) -> pl.DataFrame:
    view, least = case.view, case.view.settings.scope.minimum_members
    sums = arm_sums(case, "store_id")
    scale = case.treated_count / case.control_count if compared(case) else None
    control = sums.filter(~pl.col("treated")).select("store_id", (pl.col("amount") * pl.lit(scale, pl.Float64)).alias("control_amount"))
    redeemers = store_redeemers(case).select("store_id", "redeemer_count", "expected_redeemers")
    joined = sums.filter("treated").join(control, on="store_id", how="left").join(redeemers, on="store_id", how="left")
    return (
        joined.filter(pl.col("buyer_count") >= least)
        .select(
            "store_id", "buyer_count", "order_count",
            pl.when(pl.col("order_count") > 0).then(view.major("amount") / pl.col("order_count")).alias("order_value"),
            view.major("amount").alias("sales"), view.major(pl.col("control_amount").fill_null(0)).alias("control_sales"),
            pl.col("redeemer_count").fill_null(0), "expected_redeemers",
        )
        .with_columns(pl.when(pl.lit(compared(case))).then("control_sales").alias("control_sales"))
        .sort("sales", "store_id", descending=[True, False])
    )  # fmt: skip


def _by_touchpoint(case: Case, days: pl.DataFrame) -> pl.DataFrame:
    view, least = case.view, case.view.settings.scope.minimum_members
    spent = arm_sums(case, "member_id").select("member_id", "order_count", "amount")
    told = pl.when("treated").then(pl.col("touchpoint").fill_null(value("not stated"))).otherwise(pl.lit(value("(control)")))
    redeemed = redemptions_of(case).select("member_id", pl.lit(True).alias("has_redeemed")).unique()
    rows = (
        case.members.join(spent, on="member_id", how="left")
        .join(redeemed, on="member_id", how="left")
        .with_columns(told.alias("touchpoint"), pl.col("order_count", "amount").fill_null(0), pl.col("has_redeemed").fill_null(False))
    )
    return (
        rows.group_by("touchpoint", "treated")
        .agg(
            pl.len().cast(pl.Int64).alias("member_count"),
            (pl.col("contacted_at").dt.date() <= case.seen.end).sum().cast(pl.Int64).alias("contacted_count"),
            (pl.col("order_count") > 0).mean().alias("buyer_share"),
            (view.major(pl.col("amount").sum()) / pl.len()).alias("sales_per_member"),
            pl.col("has_redeemed").mean().alias("redeemer_share"),
        )
        .filter(pl.col("member_count") >= least)
        .sort("treated", "member_count", "touchpoint", descending=[True, True, False])
        .drop("treated")
    )


def _headline(case: Case, days: pl.DataFrame) -> str:
    view, sums = case.view, days.select(pl.exclude("day").sum()).row(0, named=True)
    so_far = (
        tr("on day {days} of {planned_days}", days=case.seen.days, planned_days=case.planned_days)
        if case.is_running
        else tr("after {days}", days=some(case.seen.days, "day"))
    )
    said = tr(
        "{opening}{name} {so_far}: {treated_members} made {orders}, {each} each",
        opening=case.opening,
        name=case.name,
        so_far=so_far,
        treated_members=some(case.treated_count, "treated member"),
        orders=some(sums["order_count"], "order"),
        each=view.money(sums["amount"] / case.treated_count),
    )
    if compared(case):
        beside = {"own": later("; those held out {each} each"), "others": later("; members not contacted {each} each")}[case.control]
        said += tr(beside, each=view.money(sums["control_amount"] / case.treated_count))
    if case.redemptions.has_table:
        redeemers = redemptions_of(case).filter("treated")["member_id"].n_unique()
        said += tr("; {redeemers:,} ({part}) redeemed", redeemers=redeemers, part=share(redeemers / case.treated_count))
    return tr(
        "{said} ({arms}). What it changed is another question: '{question}'",
        said=capital(said),
        arms=case.arms,
        question=question_text("review.effect"),
    )


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
        notes.append(
            Note(tr("Only {members} to compare with: too few to show.", members=some(case.control_count, "member")), "NOT MEASURED")
        )
    if not case.is_randomised:
        notes.append(tr("Chance did not decide who was treated: a difference between the arms may have been there before."))
    notes.append(tr("Counts as they stand, by arm as assigned; the control is scaled to as many members. A lead is not yet an effect."))
    least = case.view.settings.scope.minimum_members
    if by == "day" and (length := block_days(days, least)) > 1:
        notes.append(
            tr(
                "Rows are of {length} days each, from the day named on: single days have too few buyers. Customers are counted per day.",
                length=length,
            )
        )
    if by != "day":
        notes.append(tr("Rows with fewer than {least} members (setting scope.minimum_members) are left out.", least=least))
    return notes


def _figures(case: Case, days: pl.DataFrame) -> dict[str, float]:
    found: dict[str, Any] = {"treated_members": case.treated_count, "redemptions": int(days["redemption_count"].sum())}
    found["sales_per_member"] = float(days["amount"].sum()) / case.view.minor_units / case.treated_count
    return found


def _too_few(case: Case, least: int) -> Finding:
    return Finding(
        headline=tr(
            "{name} has {members} in scope, fewer than the {least} that figures may speak of (setting scope.minimum_members): "
            "nothing is shown.",
            name=capital(case.name),
            members=some(case.treated_count, "treated member"),
            least=least,
        ),
        table=pl.DataFrame(schema={"day": pl.Date, "sales": pl.Float64}),
        notes=[Note(tr("Too few members: ask for the whole chain."), "NOT MEASURED")],
    )


_PANELS = (
    (value("Customers"), "buyer_count", None),
    (value("Orders"), "order_count", None),
    (value("Order value"), "amount", "order_count"),
    (value("Units per order"), "units_milli", "order_count"),
    (value("Sales so far"), "amount", "cumulative"),
    (value("Redemptions so far"), "redemption_count", "cumulative"),
)


def _chart(case: Case, days: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.multiples import multiples

    drawn = days.with_columns(
        pl.col("amount", "control_amount") / case.view.minor_units, pl.col("units_milli", "control_units_milli") / 1000
    )
    beside = {"own": tr("held out"), "others": tr("not contacted"), "none": ""}[case.control]
    series = [("", value("treated")), *([("control_", tr("{beside}, scaled", beside=beside))] if compared(case) else [])]
    lines = []
    for panel, top, bottom in _PANELS:
        for prefix, name in series:
            if prefix and top == "redemption_count":
                continue
            figure = pl.col(f"{prefix}{top}").cast(pl.Float64)
            if bottom == "cumulative":
                figure = figure.cum_sum()
            elif bottom:
                figure = pl.when(pl.col(f"{prefix}{bottom}") > 0).then(figure / pl.col(f"{prefix}{bottom}"))
            lines.append(drawn.select(pl.lit(panel).alias("panel"), "day", pl.lit(name).alias("series"), figure.alias("value")))
    return multiples(
        pl.concat(lines), panel="panel", x="day", value="value", series="series", columns=3, same_scale=False,
        title=tr("{name}, day by day: {place}", name=case.name, place=case.view.place), kind="money2", value_title="", x_title="",
        subtitle=tr("{seen}, {treated_members}; money in {currency}", seen=case.seen,
                    treated_members=some(case.treated_count, "treated member"), currency=case.view.currency),
    )  # fmt: skip
