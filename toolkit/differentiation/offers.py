"""Offers side by side: every method on the same members, with the best per budget."""

from __future__ import annotations

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.differentiation.measures.addressed import addressable, contact_notes, length_note
from toolkit.differentiation.measures.amounts import read_budget
from toolkit.differentiation.measures.past import Past, accounting_notes, contact_cost, contacts_unpriced
from toolkit.differentiation.measures.replays import REPLAYED, proposed_offers, read_offers, replay_offer
from toolkit.differentiation.methods.method import (
    MONEY_OF_MEMBERS,
    Ranking,
    answered,
    money_bars,
    nothing_to_replay,
    ranked,
    reckoned,
)
from toolkit.language import later, tr
from toolkit.registry import question
from toolkit.scope.view import View

OFFERS = Ranking(
    table=c.table(
        "one row per offer, largest net first",
        c.text("offer"),
        c.text("method"),
        c.members("contact_count", "Contacts", "members who are told; needs for a service"),
        c.members("free_rider_count", "Get it anyway", "baskets; members for coupons and discounts; needs for a service"),
        c.members("within_reach_count", "Within reach", "baskets; members for coupons, discounts and a member day; needs for a service"),
        c.money("cost_per_contact_amount", "Cost per contact", "all costs over the contacts"),
        *MONEY_OF_MEMBERS,
    ),
    figures=lambda view: [
        pl.col("offer", "method", "contact_count", "free_rider_count", "within_reach_count"),
        view.major(pl.col("cost") / pl.when(pl.col("contact_count") > 0).then(pl.col("contact_count"))).alias("cost_per_contact_amount"),
    ],
    keys=("offer",),
    headline=later(
        "{where}, of {n:offer} to {member_count:member}, '{offer}' does best[budget? within the budget]: it costs {cost_amount}[leaves? "
        "and leaves {net_amount} net, if {response_share} of those within reach respond.][loses? and loses {loss:money}: to pay for itself "
        "[rise_pays?sales must rise by {break_even_share}|no rise of sales is enough]. Doing nothing is better on these "
        "figures.][no_margin? for {extra_sales} of extra sales; what that leaves is not known without a margin.][unpriced? Contacts are "
        "counted as nothing: their cost is not known.]"
    ),
    too_dear=later("{where}, none of {n:offer} fits a budget of {budget:money}: the cheapest, {offer}, costs {cost_amount}."),
    called=later("'{offer}'"),
    label="{offer}",
)


@question(
    "differentiation",
    "Which kind of offer suits these members best for our budget?",
    words=(
        "coupon or discount or full reduction or member day or service, side by side",
        "compare offers and methods for an audience",
        "best offer for a budget",
        "哪种优惠 优惠对比 预算",
        "which promotion is best, which offer works best",
    ),
    tables=OFFERS.table,
    figures=(c.money("best_net_amount", "Best offer, net"),),
)
def offers(view: View, *, compare: str | list[str] = "", budget: float | None = None) -> Finding:
    """Return offers of all methods replayed on the same members and days: one row per offer, largest net first.

    Only members who may be contacted, and were not contacted too often lately (settings offers.most_contacts, offers.rest_days), take part;
    telling each of them costs one contact. What counts as free rider and as within reach is the method's own: see
    differentiation.full_reduction, coupon, discount, member_day, service, nth_piece, bundle, gift, extra_points, welcome_gift and
    referral_reward; what one of them needs and the shop does not hand over is said by name. Sales must rise by a share of all sales to
    these members.
    Doing nothing costs and brings nothing.

    Parameters
    ----------
    compare
        Offers as a plan writes them, in a list or with commas: "full_reduction 60/10, coupon 5 from 30, discount 10% on COFFEE,
        member_day wed 10%, service a reminder, nth_piece 2 50% on TEA, bundle 10% on TEA; MILK, gift 12 from 200, extra_points 2x,
        welcome_gift 10 from 50, referral_reward 20"; empty = one of each method, proposed from the members' own past.
    budget
        Most that it may cost over a window like the period, in currency units; empty = no limit.

    Raises
    ------
    BadValue
        A text that is no offer, one twice, a budget of nothing.
    UnknownName
        An offer on a category that there is not.

    Example
    -------
    >>> tk.differentiation.offers(ws, budget=5000).headline      # doctest: +SKIP
    """
    spend, given = read_budget(budget, "differentiation.offers"), read_offers(compare)
    members, left_out = addressable(view)
    past = Past(view, members.with_columns(pl.lit("all").alias("group")))
    if past.baskets.is_empty():
        return nothing_to_replay(past, OFFERS.table, tr("offer"))
    wanted = given or proposed_offers(past, REPLAYED)
    replayed = [replay_offer(past, offer, least_buyers=view.least) for offer in wanted]
    cells = pl.concat([frame for frame in replayed if frame.height] or replayed)
    if cells.is_empty():
        return nothing_to_replay(past, OFFERS.table, tr("offer"), tr("purchase that these offers speak of"))
    cells = ranked(reckoned(past, cells), OFFERS.keys)
    assumed = view.say(
        "Assumed, not measured: {offers.response_share:.0%} of what is within reach responds to an offer of 10%, in proportion at other "
        "depths (setting offers.response_share); {offers.moved_share:.0%} of the baskets near a member day move there "
        "(offers.moved_share). A campaign with a control group measures it."
    )
    silent = [
        view.say(
            "'{offer:word}' has [is_discount?fewer than {least} buyers of its goods among them: its figures are not shown|nobody it speaks "
            "of].",
            offer=offer.text, is_discount=offer.method in ("discount", "nth_piece"),
        )
        for offer in wanted
        if offer.text not in set(cells["offer"]) and REPLAYED[offer.method].needs(past, offer) is None
    ]  # fmt: skip
    asked = [(offer.method, offer) for offer in given] or [(name, None) for name in REPLAYED]
    lacking = [
        Note(view.say("{method:word}: needed {table}.", method=name.replace("_", " "), table=need), "NOT MEASURED")
        for name, offer in asked
        if (need := REPLAYED[name].needs(past, offer)) is not None
    ]
    return answered(
        OFFERS, past, cells, spend,
        notes=[*accounting_notes(past, assumed), contact_cost(view)[1], *contact_notes(view, left_out), length_note(view)],
        more_notes=[*silent, *lacking],
        chart=lambda table, best: money_bars(
            OFFERS, past, table, n="contact_count", most=20, title=view.say("Offers side by side: {place}"),
            subtitle=later("{what}, {period}; n = contacts"),
        ),
        ask_next=[("differentiation.allocate", {"budget": budget or max(1.0, round(float(cells["cost"].max()) / view.minor_units))})],  # type: ignore[arg-type]
        figure="best_net_amount", unpriced=contacts_unpriced(view),
    )  # fmt: skip
