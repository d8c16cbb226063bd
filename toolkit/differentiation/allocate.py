"""Allocate: which segment gets which offer under a budget, with how sure a gain is and what the next unit of budget would bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from pydantic import NonNegativeInt

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.differentiation.measures.addressed import addressable, contact_notes, length_note
from toolkit.differentiation.measures.amounts import read_budget
from toolkit.differentiation.measures.cells import member_cells
from toolkit.differentiation.measures.expected import ASSUMED, Expected, expected_pairs
from toolkit.differentiation.measures.past import Past, accounting_notes, contact_cost, contacts_unpriced
from toolkit.differentiation.measures.replays import proposed_offers, read_offers
from toolkit.differentiation.methods.method import in_currency, nothing_to_replay
from toolkit.errors import BadValue
from toolkit.language import tr, word
from toolkit.ledger.offer import DO_NOTHING
from toolkit.models.allocation import Allocation, allocate_offers, gain_curve, shadow_price
from toolkit.models.method_effects import MEASURED, OVERALL
from toolkit.registry import question, question_text
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

ALLOCATION = c.table(
    "one row per segment, largest net first",
    c.text("segment"),
    c.members(meaning="who may be addressed"),
    c.text("offer", meaning="'do nothing' is one"),
    c.text("basis", meaning="measured; overall mean: never tested here; assumption; 'not randomised' where a lesson was not"),
    c.members("contact_count", "Contacts", "needs for a service"),
    c.money("cost_amount", "Cost"),
    c.money("net_amount", "Net", "margin less costs; sales less costs where no margin is known"),
    c.money("net_low_amount", "Net, low (90%)"),
    c.money("net_high_amount", "Net, high (90%)"),
    c.share("gain_probability", "Chance of a gain", "that the net is above 0", null="nothing is offered"),
)
_STEP = 0.05  # of the budget: the step up and down by which the next unit is tried out


@question(
    "differentiation",
    "Which offer should each segment get under our budget?",
    words=(
        "allocate a budget over segments and offers",
        "share out the marketing budget, what does the next unit bring",
        "optimise who gets which offer",
        "预算分配 最优 优惠 人群",
    ),
    tables=ALLOCATION,
    figures=(
        c.money("expected_net_amount", "Expected net"),
        c.money("cost_amount", "Cost"),
        c.share("gain_probability", "Chance of a gain"),
        c.number("shadow_price", "Gain of one more unit of budget"),
    ),
)
def allocate(
    view: View, *, budget: float, candidates: str | list[str] = "", most_contacts: int | None = None, seed: NonNegativeInt = 0
) -> Finding:
    """Return one offer or nothing for each segment, so that the expected net within the budget is largest: one row per segment.

    Segments are the cells of differentiation.matrix, their members those who may be contacted and were not contacted too often lately
    (settings offers.most_contacts, offers.rest_days). What an offer brings in a segment comes from lessons known by as_of, pooled and
    shrunk: a pair that was never tested gets the mean of its method, never a response rate. Without any lesson it comes from the replay
    under setting offers.response_share, and says so. Solved exactly over segments, so its time does not grow with the members.

    Parameters
    ----------
    budget
        Most that reductions and contacts may cost over a window like the period, in currency units.
    candidates
        Offers as differentiation.offers takes them; empty = one of each method, proposed from the members' own past.
    most_contacts
        Contacts in all, at most; empty = no limit.
    seed
        Of the draws from which the chance of a gain is counted.

    Raises
    ------
    BadValue
        A budget of nothing, a text that is no offer, no contacts allowed.

    Notes
    -----
    Mixed-integer linear programme, solved by HiGHS (scipy); effects by empirical Bayes, see models.method_effects.

    Example
    -------
    >>> tk.differentiation.allocate(ws, budget=5000).table      # doctest: +SKIP
    """
    spend, given = read_budget(budget, "differentiation.allocate") or 0.0, read_offers(candidates)
    if most_contacts is not None and most_contacts < 1:
        raise BadValue(
            view.say(
                "most_contacts is {most_contacts}; with no contact there is nothing to share out. Give 1 or more, or leave it out.",
                most_contacts=str(most_contacts),
            )
        )
    members, left_out = addressable(view)
    cells = member_cells(view).select("member_code", "segment")
    past = Past(view, members.join(cells, on="member_code", maintain_order="left"))
    if past.baskets.is_empty():
        return nothing_to_replay(past, ALLOCATION, tr("allocation"))
    pairs = expected_pairs(past, given or proposed_offers(past))
    limit = spend * view.minor_units
    contacts = {"contacts": pairs.contacts, "most_contacts": most_contacts}
    best = allocate_offers(pairs.net, pairs.cost, limit, **contacts)
    draws = pairs.draws(best, seed)
    return Finding(
        headline=_headline(view, pairs, best, draws, spend),
        table=_table(view, pairs, best, seed),
        chart=lambda: _chart(view, pairs, best, spend),
        notes=_notes(view, past, pairs, best, left_out, limit),
        ask_next=[("differentiation.offers", {"budget": spend}), ("differentiation.matrix", {})],
        figures={
            "expected_net_amount": best.gain / view.minor_units,
            "cost_amount": best.cost / view.minor_units,
            "gain_probability": float((draws > 0).mean()),
            "shadow_price": shadow_price(pairs.net, pairs.cost, limit),
        },
    )


def _table(view: View, pairs: Expected, best: Allocation, seed: int) -> AnswerTable:
    rows = []
    for place, segment in enumerate(pairs.segments):
        chosen = best.choice[place]
        row = {"segment": segment, "member_count": pairs.members[place], "offer": DO_NOTHING, "basis": None, "contact_count": 0}
        figures = dict.fromkeys(("cost_amount", "net_amount", "net_low_amount", "net_high_amount"), 0.0)
        chance = None
        if chosen >= 0:
            alone = Allocation(tuple(chosen if other == place else -1 for other in range(len(pairs.segments))), 0.0, 0.0)
            drawn = pairs.draws(alone, seed)
            low, high = np.quantile(drawn, [0.05, 0.95])
            row |= {
                "offer": pairs.offers[chosen].text,
                "basis": pairs.basis[place][chosen],
                "contact_count": int(pairs.contacts[place, chosen]),
            }
            values = (pairs.cost[place, chosen], pairs.net[place, chosen], low, high)
            figures = {name: float(value) / view.minor_units for name, value in zip(figures, values, strict=True)}
            chance = float((drawn > 0).mean())
        rows.append(row | figures | {"gain_probability": chance})
    frame = pl.DataFrame(rows, schema=ALLOCATION.schema)
    return ALLOCATION.of(frame.sort("net_amount", "segment", descending=[True, False]), view)


def _headline(view: View, pairs: Expected, best: Allocation, draws: np.ndarray, budget: float) -> str:
    if not best.pairs:
        likely = float(np.nanmax(pairs.net)) if np.isfinite(pairs.net).any() else None
        return view.say(
            "{where}, doing nothing is best under a budget of {budget:money}: of {offers:offer} in {segments:segment} none that fits it is "
            "expected to pay[is_known?: the best of them would bring {likely}].",
            budget=budget, offers=len(pairs.offers), segments=len(pairs.segments), is_known=likely is not None, likely=view.money(likely),
        )  # fmt: skip
    low, high = np.quantile(draws, [0.05, 0.95])
    return view.say(
        "{where}, under a budget of {budget:money} {chosen} of {segments:segment} ({reached:member}) get an offer: cost {cost:minor}"
        "[unpriced? (contacts, whose cost is not known, count as nothing)], expected [margin_known?net|extra sales less cost] {gain:minor} "
        "(90%: {low:minor} to {high:minor}), chance [margin_known?of a gain|that sales cover the cost] {chance:.0%}.",
        budget=budget, chosen=len(best.pairs), segments=len(pairs.segments),
        reached=sum(pairs.members[segment] for segment, _ in best.pairs), cost=best.cost, unpriced=contacts_unpriced(view),
        margin_known=pairs.margin_known, gain=best.gain, low=float(low), high=float(high), chance=float((draws > 0).mean()),
    )  # fmt: skip


def _notes(view: View, past: Past, pairs: Expected, best: Allocation, left_out: dict[str, int], limit: float) -> list[str | Note]:
    used = {pairs.basis[segment][offer] for segment, offer in best.pairs} or {ASSUMED}
    notes: list[str | Note] = []
    if ASSUMED in used:
        assumed = view.say(
            "Assumed, not measured: no lesson is known, so {offers.response_share:.0%} of what is within reach responds to an offer of "
            "10%, in proportion at other depths (setting offers.response_share), give or take {offers.assumption_spread:.0%} of it for all "
            "offers alike (setting offers.assumption_spread). A campaign with a control group measures it."
        )
        notes += accounting_notes(past, assumed)
    else:
        notes.append(
            view.say(
                "Effects come from {lessons:lesson} of {campaigns:campaign}, as shares of what members spend without; whatever its "
                "figures, a method has one effect.",
                lessons=pairs.lesson_count, campaigns=pairs.campaign_count,
            )
        )  # fmt: skip
        if any(OVERALL in basis for basis in used):
            untested = view.say(
                "'{overall:word}': never tested in this segment, so the mean of the method (of all, for a method never tried) stands in, "
                "with the spread between segments in its interval. Test it with a control group.",
                overall=OVERALL,
            )
            notes.append(Note(untested, "REVIEW"))
        if pairs.loose_count:
            notes.append(
                view.say(
                    "{lessons:lesson} not randomised and left out, since others were; '{question}' shows them.",
                    lessons=pairs.loose_count, question=question_text("review.lessons"),
                )
            )  # fmt: skip
        if any("not randomised" in basis for basis in used):
            notes.append(Note(tr("Some of the lessons were not randomised: take what rests on them as an assumption."), "REVIEW"))
        costs = tr("Assumed, not measured: costs are those of the replay on past baskets. A campaign with a control group measures it.")
        notes += [note for note in accounting_notes(past, costs) if isinstance(note, Note)]
    notes += [contact_cost(view)[1], *contact_notes(view, left_out), length_note(view), _budget_note(view, pairs, best, limit)]
    if pairs.small:
        notes.append(view.say("{small:segment} with fewer than {least} such members are left out.", small=pairs.small))
    if pairs.few_buyers:
        notes.append(
            view.say(
                "{pairs:pair} of a segment and a discount whose goods fewer than {least} of its members buy are left out.",
                pairs=pairs.few_buyers,
            )
        )
    notes.append(
        view.say(
            "'{nothing:word}' is an offer too: it costs and brings nothing. One offer a member, the same for all of a segment.",
            nothing=DO_NOTHING,
        )
    )
    measured = sorted({basis for row in pairs.basis for basis in row if basis.startswith(MEASURED)})
    if measured:
        named = tr(", ").join(word(basis) for basis in measured)
        notes.append(view.say("Measured pairs are pulled to the mean of their method ({measured}).", measured=named))
    return notes


def _budget_note(view: View, pairs: Expected, best: Allocation, limit: float) -> str:
    """What the next unit of budget would bring: by the relaxation, and tried out a step up and a step down."""
    price = shadow_price(pairs.net, pairs.cost, limit)
    less, more = (allocate_offers(pairs.net, pairs.cost, limit * factor).gain for factor in (1 - _STEP, 1 + _STEP))
    return view.say(
        "[limits?The next {unit:money} of budget would bring some {price:money} if part of a segment could get an offer; in whole segments "
        "{step:minor} more would bring {won:minor}, {step:minor} less would cost {lost:minor}.|The budget is not what limits: the next "
        "{unit:money} would bring nothing ({step:minor} more would bring {won:minor}, {step:minor} less would cost {lost:minor}).]",
        limits=price > 1e-9, unit=1.0, price=price, step=limit * _STEP, won=more - best.gain, lost=best.gain - less,
    )  # fmt: skip


def _chart(view: View, pairs: Expected, best: Allocation, budget: float) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.curve import curve

    free = allocate_offers(pairs.net, pairs.cost, np.inf)
    top = max(free.cost, budget * view.minor_units) * 1.05
    budgets = np.unique([*np.linspace(0, top, view.settings.offers.curve_points + 1)[1:], budget * view.minor_units])
    gains = [0.0, *[allocation.gain for allocation in gain_curve(pairs.net, pairs.cost, budgets)]]
    frame = pl.DataFrame({"budget": [0.0, *budgets], "net": gains}).select(pl.all() / view.minor_units)
    what = tr("Expected net") if pairs.margin_known else tr("Extra sales less cost")
    return curve(
        frame, x="budget", y="net", x_title=in_currency(tr("Budget"), view), y_title=in_currency(what, view), kind="money", at=budget,
        at_title=tr("this budget"), title=view.say("What a budget brings: {place}"),
        subtitle=view.say("best allocation over {segments:segment} and {offers:offer} at each budget", segments=len(pairs.segments),
                          offers=len(pairs.offers)),
    )  # fmt: skip
