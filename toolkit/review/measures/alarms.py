"""What to look into while a campaign runs: goals that are missed, stores that give out nothing, members not reached."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from toolkit.answer import Note
from toolkit.language import later, tr, word
from toolkit.registry import question_text
from toolkit.review.measures.case import Case
from toolkit.review.measures.progress import arm_sums, redemptions_of
from toolkit.review.measures.store_months import month_period, targets_of
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.wording import share, some

_ALARM_CHANCE = 0.001
"""A store's silence that chance explains less often than this, all stores looked at, is an alarm."""


def store_redeemers(case: Case) -> pl.DataFrame:
    """Return who redeemed where: one row per store where the treated bought, by store_id.

    Columns: `store_id`, `buyer_count` (treated members with an order there), `redeemer_count` (of them, who redeemed there),
    `expected_redeemers` (at the share of all other stores), `chance` (of so few, were the store like the others; times the number of
    stores, at most 1). Members count once, since one member's redemptions are alike. Source: binomial tail, Bonferroni.
    """
    from scipy.stats import binom

    buyers = arm_sums(case, "store_id").filter("treated").select("store_id", "buyer_count").filter(pl.col("buyer_count") > 0)
    given = redemptions_of(case).filter("treated").drop_nulls("store_id")
    redeemers = given.group_by("store_id").agg(pl.col("member_id").n_unique().cast(pl.Int64).alias("redeemer_count"))
    made = buyers.join(redeemers, on="store_id", how="left").with_columns(pl.col("redeemer_count").fill_null(0)).sort("store_id")
    redeemed = pl.min_horizontal("redeemer_count", "buyer_count")
    elsewhere = pl.col("buyer_count").sum() - pl.col("buyer_count")
    rate = pl.when(elsewhere > 0).then((redeemed.sum() - redeemed) / elsewhere).otherwise(0.0)
    made = made.with_columns((rate * pl.col("buyer_count")).alias("expected_redeemers"), rate.alias("rate"))
    tail = binom.cdf(made["redeemer_count"].to_numpy(), made["buyer_count"].to_numpy(), made["rate"].to_numpy())
    return made.with_columns((pl.Series("chance", tail, dtype=pl.Float64) * made.height).clip(0, 1)).drop("rate")


def store_alarms(case: Case) -> list[Note]:
    """Return a sentence for each store that gives out no coupon, or hardly any, while others do."""
    stores = store_redeemers(case)
    few = (pl.col("redeemer_count") * 3 < pl.col("expected_redeemers")) & (pl.col("chance") < _ALARM_CHANCE)
    found = stores.filter(few).sort("chance", "store_id")
    said = []
    for row in found.head(5).iter_rows(named=True):
        given = (
            tr("gives out none")
            if row["redeemer_count"] == 0
            else tr("has only {redeemers}", redeemers=some(row["redeemer_count"], "redeemer"))
        )
        odds = 1 / row["chance"] if row["chance"] > 1e-9 else 1e9
        said.append(
            tr(
                "Store {store_id} {given}: of {treated_buyers} there, some {expected_redeemers:,.0f} would have redeemed as "
                "elsewhere (by chance less than once in {odds:,.0f}). Ask whether its tills take the offer.",
                store_id=row["store_id"],
                given=given,
                treated_buyers=some(row["buyer_count"], "treated buyer"),
                expected_redeemers=row["expected_redeemers"],
                odds=odds,
            )
        )
    if found.height > 5:
        said.append(tr("{more_stores} give out hardly any either: see by='store'.", more_stores=some(found.height - 5, "more store")))
    return [Note(sentence, "REVIEW") for sentence in said]


def reach_alarm(case: Case) -> list[Note]:
    """Return what is known of who was contacted so far."""
    treated = case.members.filter("treated")
    reached = treated.filter(pl.col("contacted_at").dt.date() <= case.seen.end).height
    if treated["contacted_at"].null_count() == treated.height:
        return [Note(tr("When members were contacted is not known: the contacts table has no contacted_at for them."), "NOT MEASURED")]
    missing = treated.height - reached
    if missing == 0:
        return [
            Note(
                tr(
                    "All {treated_members} were contacted by {end}.",
                    treated_members=some(treated.height, "treated member"),
                    end=case.seen.end,
                ),
                "PASS",
            )
        ]
    return [
        Note(
            tr(
                "{missing:,} of {treated_members} ({part}) were not contacted by {end}. They still count as treated; "
                "send what is missing, or find out why.",
                missing=missing,
                treated_members=some(treated.height, "treated member"),
                part=share(missing / treated.height),
                end=case.seen.end,
            ),
            "REVIEW",
        )
    ]


def goal_notes(case: Case, days: pl.DataFrame) -> list[Note]:
    """Return how far each goal of the launch is reached, days counted alike; goals in money after costs are review.money's."""
    notes, passed = [], case.seen.days / case.planned_days
    sums = days.select(pl.exclude("day").sum()).row(0, named=True)
    lead = sums["amount"] - sums["control_amount"]
    for goal, aim in case.campaign.goals.items():
        if goal == "redemption_share":
            redeemers = redemptions_of(case).filter("treated")["member_id"].n_unique()
            found = redeemers / max(case.treated_count, 1)
            notes.append(
                _goal(case, tr("the share of treated members who redeemed"), share(found), share(aim * passed), found - aim * passed)
            )
        elif case.control == "none":
            notes.append(Note(tr("Goal '{goal}': without a control nothing says what was extra.", goal=word(goal)), "NOT MEASURED"))
        elif goal in ("lift", "extra_amount"):
            wanted = aim * sums["control_amount"] if goal == "lift" else aim * case.view.minor_units * passed
            told = tr("sales beyond those of the control, as they stand,")
            notes.append(_goal(case, told, case.view.money(lead), case.view.money(wanted), lead - wanted))
        elif goal == "extra_orders":
            found = sums["order_count"] - sums["control_order_count"]
            notes.append(
                _goal(
                    case,
                    tr("orders beyond those of the control, as they stand,"),
                    f"{found:,.0f}",
                    f"{aim * passed:,.0f}",
                    found - aim * passed,
                )
            )
        else:
            money = question_text("review.money")
            notes.append(Note(tr("Goal '{goal}' is judged under '{question}', with its interval.", goal=word(goal), question=money)))
    return notes


def _goal(case: Case, what: str, found: str, wanted: str, ahead: float) -> Note:
    so_far = tr("by {end}", end=case.seen.end) if case.is_running else tr("at the end")
    if ahead >= 0:
        return Note(
            tr(
                "On target: {what} are {found}, {wanted} were to be reached {so_far}.", what=what, found=found, wanted=wanted, so_far=so_far
            ),
            "PASS",
        )
    return Note(
        tr(
            "Behind target: {what} are {found}, {wanted} were to be reached {so_far}. Chance moves this figure: '{question}' says how far.",
            question=question_text("review.effect"),
            what=what,
            found=found,
            wanted=wanted,
            so_far=so_far,
        ),
        "REVIEW",
    )


def shop_target(view: View, days: Period) -> list[Note]:
    """Return the scope's sales of these days against the monthly targets of its stores, each day of a month weighed alike."""
    if view.scope.audience is not None or view.workspace.table("sales_targets") is None:
        return []
    wanted = sold = 0.0
    stores: set[str] = set()
    first = days.start
    while first <= days.end:
        month = month_period(f"{first:%Y-%m}")
        part = Period(first, min(month.end, days.end))
        targets = targets_of(view, month)
        if targets is not None and targets.height:
            wanted += float(targets["target"].sum()) * part.days / month.days
            stores |= set(targets["store_id"])
            here = view.stores.filter(pl.col("store_id").is_in(targets["store_id"].implode())).select("store_code")
            sums = view.orders.filter(part.holds()).join(here.lazy(), on="store_code", how="semi").select(pl.col("amount").sum()).collect()
            sold += float(sums.item() or 0)
        first = month.end + timedelta(days=1)
    if wanted <= 0:
        return []
    gap = sold - wanted
    said = tr(
        _BEHIND if gap < 0 else _AHEAD,
        stores=some(len(stores), "store"),
        sold=view.money(sold),
        gap=view.money(abs(gap)),
        wanted=view.money(wanted),
        part=share(sold / wanted),
        question=question_text("review.sales_targets"),
    )
    return [Note(said, "REVIEW" if gap < 0 else "PASS")]


_BEHIND = later(
    "All sales of {stores} in these days, members of the campaign or not, are {sold}, {gap} behind the "
    "{wanted} of the stores' monthly targets ({part}). '{question}' says where it comes from."
)
_AHEAD = later(
    "All sales of {stores} in these days, members of the campaign or not, are {sold}, {gap} ahead of the "
    "{wanted} of the stores' monthly targets ({part}). '{question}' says where it comes from."
)
