"""What to look into while a campaign runs: goals that are missed, stores that give out nothing, members not reached."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from toolkit.answer import Note
from toolkit.language import tr
from toolkit.registry import question_text
from toolkit.review.measures.case import Case
from toolkit.review.measures.progress import arm_sums, redemptions_of
from toolkit.review.measures.store_months import month_period, targets_of
from toolkit.scope.period import Period
from toolkit.scope.view import View
from toolkit.wording import capital, share

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
    stores = buyers.join(redeemers, on="store_id", how="left").with_columns(pl.col("redeemer_count").fill_null(0)).sort("store_id")
    redeemed = pl.min_horizontal("redeemer_count", "buyer_count")
    elsewhere = pl.col("buyer_count").sum() - pl.col("buyer_count")
    rate = pl.when(elsewhere > 0).then((redeemed.sum() - redeemed) / elsewhere).otherwise(0.0)
    stores = stores.with_columns((rate * pl.col("buyer_count")).alias("expected_redeemers"), rate.alias("rate"))
    tail = binom.cdf(stores["redeemer_count"].to_numpy(), stores["buyer_count"].to_numpy(), stores["rate"].to_numpy())
    return stores.with_columns((pl.Series("chance", tail, dtype=pl.Float64) * stores.height).clip(0, 1)).drop("rate")


def store_alarms(case: Case) -> list[Note]:
    """Return a sentence for each store that gives out no coupon, or hardly any, while others do."""
    hardly = (pl.col("redeemer_count") * 3 < pl.col("expected_redeemers")) & (pl.col("chance") < _ALARM_CHANCE)
    stores = store_redeemers(case).filter(hardly, pl.col("buyer_count") >= case.view.least).sort("chance", "store_id")
    notes = []
    for row in stores.head(5).iter_rows(named=True):
        redeemers = row["redeemer_count"]
        notes.append(
            case.say(
                "Store {store_id} [none?gives out none][few?has fewer than {least} redeemers][many?has only {redeemer_count:redeemer}]: of "
                "{buyer_count:treated buyer} there, some {expected_redeemers:,.0f} would have redeemed as elsewhere (by chance less than "
                "once in {odds:,.0f}). Ask whether its tills take the offer.",
                row, odds=1 / row["chance"] if row["chance"] > 1e-9 else 1e9, none=redeemers == 0, few=0 < redeemers < case.view.least,
                many=redeemers >= case.view.least,
            )
        )  # fmt: skip
    if stores.height > 5:
        notes.append(case.say("{more:more store} give out hardly any either: see by='store'.", more=stores.height - 5))
    return [Note(note, "REVIEW") for note in notes]


def reach_alarm(case: Case) -> list[Note]:
    """Return what is known of who was contacted so far."""
    treated = case.members.filter("treated")
    if treated["contacted_at"].null_count() == treated.height:
        return [Note(tr("When members were contacted is not known: the contacts table has no contacted_at for them."), "NOT MEASURED")]
    missing = treated.height - treated.filter(pl.col("contacted_at").dt.date() <= case.seen.end).height
    if missing == 0:
        text = case.say("All {treated:treated member} were contacted by {end}.", treated=treated.height, end=case.seen.end)
        return [Note(text, "PASS")]
    text = case.say(
        "{missing:few} of {treated:treated member}[many? ({part:share})] were not contacted by {end}. They still count as treated; send "
        "what is missing, or find out why.",
        missing=missing, treated=treated.height, many=missing >= case.view.least, part=missing / treated.height, end=case.seen.end,
    )  # fmt: skip
    return [Note(capital(text), "REVIEW")]


def goal_notes(case: Case, days: pl.DataFrame) -> list[Note]:
    """Return how far each goal of the launch is reached, days counted alike; goals in money after costs are review.money's."""
    notes, passed = [], case.seen.days / case.planned_days
    sums = days.select(pl.exclude("day").sum()).row(0, named=True)
    lead = sums["amount"] - sums["control_amount"]
    for goal, aim in case.campaign.goals.items():
        if goal == "redemption_share":
            redeemers = redemptions_of(case).filter("treated")["member_id"].n_unique()
            reached = redeemers / max(case.treated_count, 1)
            what = tr("the share of treated members who redeemed")
            notes.append(_goal(case, what, share(reached), share(aim * passed), reached - aim * passed))
        elif case.control == "none":
            notes.append(Note(case.say("Goal '{goal:word}': without a control nothing says what was extra.", goal=goal), "NOT MEASURED"))
        elif goal in ("lift", "extra_amount"):
            wanted = aim * sums["control_amount"] if goal == "lift" else aim * case.view.minor_units * passed
            what = tr("sales beyond those of the control, as they stand,")
            notes.append(_goal(case, what, case.view.money(lead), case.view.money(wanted), lead - wanted))
        elif goal == "extra_orders":
            reached = sums["order_count"] - sums["control_order_count"]
            what = tr("orders beyond those of the control, as they stand,")
            notes.append(_goal(case, what, f"{reached:,.0f}", f"{aim * passed:,.0f}", reached - aim * passed))
        else:
            asked = question_text("review.money")
            notes.append(Note(case.say("Goal '{goal:word}' is judged under '{question}', with its interval.", goal=goal, question=asked)))
    return notes


def _goal(case: Case, what: str, reached: str, wanted: str, ahead: float) -> Note:
    sentence = case.say(
        "[ahead?On target|Behind target]: {what} are {reached}, {wanted} were to be reached [running?by {end}|at the end].[ahead?| Chance "
        "moves this figure: '{question}' says how far.]",
        what=what, reached=reached, wanted=wanted, ahead=ahead >= 0, running=case.is_running, end=case.seen.end,
        question=question_text("review.effect"),
    )  # fmt: skip
    return Note(sentence, "PASS" if ahead >= 0 else "REVIEW")


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
    sentence = view.say(
        "All sales of {stores:store} in these days, members of the campaign or not, are {sold:minor}, {gap:minor} [behind?behind|ahead of] "
        "the {wanted:minor} of the stores' monthly targets ({part:share}). '{question}' says where it comes from.",
        stores=len(stores), sold=sold, gap=abs(gap), behind=gap < 0, wanted=wanted, part=sold / wanted,
        question=question_text("review.sales_targets"),
    )  # fmt: skip
    return [Note(sentence, "REVIEW" if gap < 0 else "PASS")]
