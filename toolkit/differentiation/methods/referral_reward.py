"""Referral reward: something for who brings a new member, replayed on who was brought in the period."""

from __future__ import annotations

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.differentiation.measures.amounts import read_amounts, read_budget, round_amount
from toolkit.differentiation.measures.past import Past
from toolkit.differentiation.methods.method import BEST_NET
from toolkit.differentiation.methods.side_by_side import no_replay, offers_method, offers_table, past_of, tell_offers, with_response
from toolkit.language import tr
from toolkit.ledger.offer import Offer, plain
from toolkit.models.replay_members import replay_referral_reward
from toolkit.portrait.membership.referral_tree import Tree, referral_tree
from toolkit.portrait.membership.tables import needed
from toolkit.registry import question
from toolkit.scope.view import View


def _tree(view: View) -> Tree | None:
    return view.remembered((__name__, "tree"), lambda: referral_tree(view))


def brought(past: Past) -> pl.DataFrame:
    """Return who was brought by members of `past` and ordered first in the window: `amount` (their spend in it) and the referrer's groups.

    Referrals that cannot be (loops, members who refer themselves, referrers whom nobody knows) are left out.
    """
    view, tree = past.view, _tree(past.view)
    empty = past.members.clear().select(*past.by, pl.lit(0, pl.Int64).alias("amount"))
    if tree is None:
        return empty
    codes = view.population.select("member_code", "member_id")
    inside = pl.col("first_ordered_on").is_between(view.period.start, view.period.end)
    fresh = view.population.filter(inside).select("member_id", pl.col("member_code").alias("brought_code"))
    pairs = tree.members.select("member_id", "referrer_id").join(fresh, on="member_id")
    of_past = pairs.join(codes.rename({"member_id": "referrer_id"}), on="referrer_id").join(
        past.members, on="member_code", maintain_order="left"
    )
    if of_past.is_empty():
        return empty
    spent = (
        view.chain.orders.filter(pl.col("is_order"), pl.col("amount") > 0, view.period.holds())
        .join(of_past.lazy().select(pl.col("brought_code").alias("member_code")), on="member_code", how="semi")
        .group_by(pl.col("member_code").alias("brought_code"))
        .agg(pl.col("amount").sum())
        .collect()
    )
    return of_past.join(spent, on="brought_code", how="left", maintain_order="left").select(*past.by, pl.col("amount").fill_null(0))


def replayed_referrals(past: Past, value: int, newcomer: int) -> pl.DataFrame:
    """Return a reward as `reckon` takes it: one row per group of `past` that brought somebody."""
    people = brought(past)
    mean = float(str(people.filter(pl.col("amount") > 0)["amount"].mean() or 0))
    if not mean:
        return no_replay(past)
    counted = replay_referral_reward(people, value=value, newcomer=newcomer, by=past.by)
    return with_response(past, past.with_margin(counted), pl.lit((value + newcomer) / mean)).with_columns(
        pl.lit(value, pl.Int64).alias("value"), pl.lit(newcomer, pl.Int64).alias("newcomer")
    )


def _proposed(past: Past) -> pl.DataFrame:
    mean = float(str(brought(past).filter(pl.col("amount") > 0)["amount"].mean() or 0))
    return replayed_referrals(past, round_amount(mean / 10), 0) if mean else no_replay(past)


def _needs(past: Past, offer: Offer | None) -> str | None:
    if _tree(past.view) is not None:
        return None
    return tr("who brought whom: {table}, or the column `referred_by` of the table `members`", table=needed("referrals"))


def _text(view: View, cell: dict) -> str:
    also = f"/{plain(cell['newcomer'] / view.minor_units)}" if cell["newcomer"] else ""
    return f"referral_reward {plain(cell['value'] / view.minor_units)}{also}"


REFERRAL_REWARD = offers_method(
    offers_table("members brought in the period who ordered", "as many again", of_members=True),
    replay=lambda past, offer: replayed_referrals(past, past.minor(offer.value), past.minor(offer.newcomer)),
    proposed=_proposed,
    text=_text,  # type: ignore[arg-type]
    keys=("value",),
    needs=_needs,
)


@question(
    "differentiation",
    "What would a reward for bringing new members cost us?",
    words=(
        "referral reward, bonus for bringing a friend, member get member",
        "what does it cost to pay for recommendations, refer a friend",
        "老带新 奖励 推荐有礼 邀请有礼 转介绍奖励",
    ),
    tables=REFERRAL_REWARD.table,
    figures=BEST_NET,
)
def referral_reward(view: View, *, value: str | float | list[float] = "", newcomer: float = 0.0, budget: float | None = None) -> Finding:
    """Return a reward for who brings a new member, and one for who is brought: one row per value, largest net first.

    Accounting on who was brought in the period and ordered: these would have been brought anyway, and are paid for. Within reach are as
    many again, who spend what those brought spent in the period: so the share that must respond to pay is by how much more members must
    bring. Only who ordered is paid for. Loops and members who refer themselves count for nothing.

    Parameters
    ----------
    value
        What who brings somebody gets, in currency units, one or several; empty = a twentieth, a tenth and a fifth of what those brought
        spend.
    newcomer
        What who is brought gets, in currency units; 0 = nothing.
    budget
        Most that it may cost over a window like the period, in currency units; empty = no limit.

    Raises
    ------
    BadValue
        An amount that is none, a budget of nothing.

    Example
    -------
    >>> tk.differentiation.referral_reward(ws, value=20, newcomer=10).headline      # doctest: +SKIP
    """
    spend = read_budget(budget, "differentiation.referral_reward")
    values, other = read_amounts(value, "value", view), (read_amounts(newcomer, "newcomer", view, zero=True) or [0])[0]
    past, left_out = past_of(view)
    mean = float(str(brought(past).filter(pl.col("amount") > 0)["amount"].mean() or 0))
    values = values or sorted({round_amount(mean * share) for share in (0.05, 0.1, 0.2)})
    unit = view.minor_units
    offers = [
        Offer(name="referral", method="referral_reward", value=one / unit, newcomer=other / unit if other else None) for one in values
    ]
    notes: list[str | Note] = [
        tr("Within reach are as many again as were brought: the share that must respond to pay is by how much more members must bring.")
    ]
    tree = _tree(view)
    if tree is not None and tree.themselves + tree.in_loops:
        notes.append(
            view.say(
                "Left out: {themselves:member} who refer[is_one?s] themselves, and {loops:member} in loops of referrals.",
                themselves=tree.themselves, is_one=tree.themselves == 1, loops=tree.in_loops,
            )
        )  # fmt: skip
    return tell_offers(
        past, left_out, REFERRAL_REWARD, offers, spend, called=tr("reward for bringing members"), notes=notes,
        ask_next=[("portrait.referrals", {})], of_members=True,
    )  # fmt: skip
