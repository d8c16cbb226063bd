"""New-member gift: something off the first basket of who joins, replayed on who joined in the period."""

from __future__ import annotations

import polars as pl

from toolkit.answer import Finding
from toolkit.differentiation.measures.amounts import read_amounts, read_budget, tenths_off
from toolkit.differentiation.measures.past import Past, reach_bp
from toolkit.differentiation.methods.method import BEST_NET
from toolkit.differentiation.methods.side_by_side import no_replay, offers_method, offers_table, past_of, tell_offers, with_response
from toolkit.errors import BadValue
from toolkit.language import tr
from toolkit.ledger.offer import Offer, plain
from toolkit.models.replay_members import replay_welcome_gift
from toolkit.registry import question
from toolkit.scope.view import View


def joined(past: Past) -> pl.DataFrame:
    """Return who joined in the window (`member_code`, `first_amount` and the groups): their first basket since, null = none.

    Of several baskets on the first day it is the largest. For the chain as one group those who never ordered are there too.
    """
    view = past.view
    inside = pl.col("joined_on").is_between(view.period.start, view.period.end)
    if "joined_on" not in view.population.columns:
        return past.members.clear().with_columns(pl.lit(None, pl.Int64).alias("first_amount"))
    people = past.members.join(view.population.filter(inside).select("member_code", "joined_on"), on="member_code", maintain_order="left")
    since = past.baskets.select("member_code", "day", "amount").join(people.select("member_code", "joined_on"), on="member_code")
    first = since.filter(pl.col("day") >= pl.col("joined_on")).sort("day", "amount", descending=[False, True])
    amounts = first.group_by("member_code", maintain_order=True).agg(pl.col("amount").first().alias("first_amount"))
    rows = people.drop("joined_on").join(amounts, on="member_code", how="left", maintain_order="left")
    silent = never_ordered(view) if view.scope.is_chain and past.by and rows.select(past.by).n_unique() == 1 else 0
    if not silent:
        return rows
    return pl.concat([rows, rows.head(1).with_columns(pl.lit(None, pl.Int64).alias("first_amount")).sample(silent, with_replacement=True)])


def never_ordered(view: View) -> int:
    """Return how many of the members table joined in the window, may be contacted and are on no receipt."""
    table = view.workspace.table("members")
    if table is None:
        return 0
    inside = table.filter(pl.col("joined_on").is_between(view.period.start, view.period.end))
    if view.has_column("members", "contactable"):
        inside = inside.filter(pl.col("contactable").fill_null(False))
    ids = inside.select(pl.col("member_id").cast(pl.String)).collect()
    return ids.join(view.population.select("member_id"), on="member_id", how="anti").height


def replayed_welcome(past: Past, value: int, minimum: int) -> pl.DataFrame:
    """Return a gift to who joins as `reckon` takes it: one row per group of `past` in which somebody joined."""
    people = joined(past)
    if people.is_empty():
        return no_replay(past)
    counted = replay_welcome_gift(people, value=value, minimum=minimum, reach_bp=reach_bp(past.view), by=past.by)
    mean = float(str(people["first_amount"].mean() or 0))
    return with_response(past, past.with_margin(counted), pl.lit(value / max(minimum, mean, 1))).with_columns(
        pl.lit(value, pl.Int64).alias("value"), pl.lit(minimum, pl.Int64).alias("minimum")
    )


def _proposed(past: Past) -> pl.DataFrame:
    first = joined(past)["first_amount"].drop_nulls()
    pairs = tenths_off(first, 4) if first.len() else []
    return pl.concat([replayed_welcome(past, saving, limit) for limit, saving in pairs]) if pairs else no_replay(past)


def _needs(past: Past, offer: Offer | None) -> str | None:
    known = "joined_on" in past.view.population.columns and past.view.population["joined_on"].count() > 0
    return None if known else tr("when members joined (column `joined_on` of the table `members`)")


WELCOME_GIFT = offers_method(
    offers_table(
        "who joined, with a first basket at or above the minimum",
        "who joined and lacks little of it, or has no basket yet",
        of_members=True,
    ),
    replay=lambda past, offer: replayed_welcome(past, past.minor(offer.value), past.minor(offer.threshold)),
    proposed=_proposed,
    text=lambda view, cell: f"welcome_gift {plain(cell['value'] / view.minor_units)} from {plain(cell['minimum'] / view.minor_units)}",
    keys=("minimum", "value"),
    needs=_needs,
    own_contacts=True,
)


@question(
    "differentiation",
    "What would a gift to new members cost us?",
    words=(
        "new member gift, welcome coupon, first order bonus",
        "how many new members would have bought anyway, gift for joining",
        "新人礼 新会员礼 入会礼 首单优惠 开卡礼",
    ),
    tables=WELCOME_GIFT.table,
    figures=BEST_NET,
)
def welcome_gift(
    view: View, *, value: str | float | list[float] = "", minimum: str | float | list[float] = "", budget: float | None = None
) -> Finding:
    """Return something off the first basket of who joins: one row per value and minimum, largest net first.

    Accounting on who joined in the period: a first basket at or above the minimum would have come anyway. Within reach are first baskets
    that lack at most setting offers.reach_share of it, and who joined without a basket since (for the chain those on no receipt at all
    too): they would come with the mean first basket. Whether more people join for it is in no figure.

    Parameters
    ----------
    value, minimum
        What it takes off and from which basket on, in currency units, one or several; a minimum of 0 = none; empty = proposed.
    budget
        Most that it may cost over a window like the period, in currency units; empty = no limit.

    Raises
    ------
    BadValue
        An amount that is none, a value that is not below its minimum, a budget of nothing.

    Example
    -------
    >>> tk.differentiation.welcome_gift(ws, value=10, minimum=50).headline      # doctest: +SKIP
    """
    spend = read_budget(budget, "differentiation.welcome_gift")
    values, minima = read_amounts(value, "value", view), read_amounts(minimum, "minimum", view, zero=True)
    past, left_out = past_of(view)
    first = pl.Series(dtype=pl.Int64) if _needs(past, None) else joined(past)["first_amount"].drop_nulls()
    proposed = tenths_off(first, 4) if first.len() else [(5_000, 500)]
    pairs = [(limit, saving) for limit in minima or [pair[0] for pair in proposed] for saving in values or [round(limit / 10) or 100]]
    if not values and not minima:
        pairs = proposed
    able = [(limit, saving) for limit, saving in pairs if saving < limit or not limit]
    if not able:
        raise BadValue(tr("value: none is below its minimum: the basket would be free. Give a value below the minimum."))
    unit = view.minor_units
    offers = [
        Offer(name="welcome", method="welcome_gift", value=saving / unit, threshold=limit / unit if limit else None)
        for limit, saving in able
    ]
    rules = [tr("Whether more people join because of it is in no figure: compare joiners by campaign (portrait.joiners).")]
    return tell_offers(
        past, left_out, WELCOME_GIFT, offers, spend, called=tr("gift to new members"), notes=rules, ask_next=[("portrait.joiners", {})],
        of_members=True,
    )  # fmt: skip
