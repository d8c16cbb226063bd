"""Allocate: which segment gets which offer under a budget, with how sure a gain is and what the next unit of budget would bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from pydantic import NonNegativeInt

from toolkit.answer import Finding, Note
from toolkit.differentiation.measures.amounts import read_budget
from toolkit.differentiation.measures.cells import member_cells
from toolkit.differentiation.measures.expected import ASSUMED, Expected, expected_pairs
from toolkit.differentiation.measures.past import Past, accounting_notes, contact_cost, contacts_unpriced
from toolkit.differentiation.measures.reckoning import in_currency, nobody
from toolkit.differentiation.measures.replays import addressable, proposed_offers, read_offers
from toolkit.differentiation.offers import contact_notes, length_note
from toolkit.errors import BadValue
from toolkit.language import tr, word
from toolkit.ledger.offer import DO_NOTHING
from toolkit.models.allocation import Allocation, allocate_offers, gain_curve, shadow_price
from toolkit.models.method_effects import MEASURED, OVERALL
from toolkit.registry import question, question_text
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.wording import money, share, some

if TYPE_CHECKING:
    import altair as alt

ALLOCATION = pl.Schema(
    {
        "segment": pl.String,
        "member_count": pl.Int64,
        "offer": pl.String,
        "basis": pl.String,
        "contact_count": pl.Int64,
        "cost_amount": pl.Float64,
        "net_amount": pl.Float64,
        "net_low_amount": pl.Float64,
        "net_high_amount": pl.Float64,
        "gain_probability": pl.Float64,
    }
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

    Returns
    -------
    Answer
        Table columns: `segment`, `member_count` (addressable), `offer` ("do nothing" is one); `basis` (measured; overall mean: never tested
        here; assumption; "not randomised" where a lesson was not); `contact_count`; `cost_amount`, `net_amount` (margin less costs; sales
        less costs where no margin is known), its 90% interval `net_low_amount` to `net_high_amount`, and `gain_probability` (net above 0).

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
            tr(
                "most_contacts is {most_contacts}; with no contact there is nothing to share out. Give 1 or more, or leave it out.",
                most_contacts=most_contacts,
            )
        )
    members, left_out = addressable(view)
    cells = member_cells(view).select("member_code", "segment")
    past = Past(view, members.join(cells, on="member_code", maintain_order="left"))
    if past.baskets.is_empty():
        return nobody(view, past, tr("allocation"), ALLOCATION)
    pairs = expected_pairs(past, given or proposed_offers(past))
    limit = spend * view.minor_units
    contacts = {"contacts": pairs.contacts, "most_contacts": most_contacts}
    best = allocate_offers(pairs.net, pairs.cost, limit, **contacts)
    draws = pairs.draws(best, seed)
    table = _table(view, pairs, best, seed)
    return Finding(
        headline=_headline(view, pairs, best, draws, spend),
        table=table,
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


def _table(view: View, pairs: Expected, best: Allocation, seed: int) -> pl.DataFrame:
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
    return pl.DataFrame(rows, schema=ALLOCATION).sort("net_amount", "segment", descending=[True, False])


def _headline(view: View, pairs: Expected, best: Allocation, draws: np.ndarray, budget: float) -> str:
    spent = tr("a budget of {budget}", budget=money(budget, view.currency))
    if not best.pairs:
        likely = np.nanmax(pairs.net) if np.isfinite(pairs.net).any() else None
        nearest = "" if likely is None else tr(": the best of them would bring {likely}", likely=view.money(float(likely)))
        return tr(
            "{where}, doing nothing is best under {spent}: of {offers} in {segments} none that fits it is expected to pay{nearest}.",
            where=where(view),
            spent=spent,
            offers=some(len(pairs.offers), "offer"),
            segments=some(len(pairs.segments), "segment"),
            nearest=nearest,
        )
    reached = sum(pairs.members[segment] for segment, _ in best.pairs)
    low, high = (view.money(float(value)) for value in np.quantile(draws, [0.05, 0.95]))
    what = tr("net") if pairs.margin_known else tr("extra sales less cost")
    free = tr(" (contacts, whose cost is not known, count as nothing)") if contacts_unpriced(view) else ""
    return tr(
        "{where}, under {spent} {pairs} of {segments} ({members}) get an offer: cost {cost}{free}, expected {what} "
        "{gain} (90%: {low} to {high}), chance {of_what} {chance}.",
        where=where(view),
        spent=spent,
        pairs=len(best.pairs),
        segments=some(len(pairs.segments), "segment"),
        members=some(reached, "member"),
        cost=view.money(best.cost),
        free=free,
        what=what,
        gain=view.money(best.gain),
        low=low,
        high=high,
        of_what=tr("of a gain") if pairs.margin_known else tr("that sales cover the cost"),
        chance=share(float((draws > 0).mean()), 0),
    )


def _notes(view: View, past: Past, pairs: Expected, best: Allocation, left_out: dict[str, int], limit: float) -> list[str | Note]:
    settings = view.settings.offers
    used = {pairs.basis[segment][offer] for segment, offer in best.pairs} or {ASSUMED}
    notes: list[str | Note] = []
    if ASSUMED in used:
        notes += accounting_notes(
            past,
            tr(
                "no lesson is known, so {response_share} of what is within reach responds to an offer of 10%, in proportion "
                "at other depths (setting offers.response_share), give or take {assumption_spread} of it for all offers "
                "alike (setting offers.assumption_spread).",
                response_share=share(settings.response_share, 0),
                assumption_spread=share(settings.assumption_spread, 0),
            ),
        )
    else:
        said = tr("{lessons} of {campaigns}", lessons=some(pairs.lesson_count, "lesson"), campaigns=some(pairs.campaign_count, "campaign"))
        notes.append(
            tr(
                "Effects come from {said}, as shares of what members spend without; whatever its figures, a method has one effect.",
                said=said,
            )
        )
        if any(OVERALL in basis for basis in used):
            notes.append(
                Note(
                    tr(
                        "'{overall}': never tested in this segment, so the mean of the method (of all, for a method never tried) "
                        "stands in, with the spread between segments in its interval. Test it with a control group.",
                        overall=word(OVERALL),
                    ),
                    "REVIEW",
                )
            )
        if pairs.loose_count:
            notes.append(
                tr(
                    "{lessons} not randomised and left out, since others were; '{question}' shows them.",
                    lessons=some(pairs.loose_count, "lesson"),
                    question=question_text("review.lessons"),
                )
            )
        if any("not randomised" in basis for basis in used):
            notes.append(Note(tr("Some of the lessons were not randomised: take what rests on them as an assumption."), "REVIEW"))
        notes += [note for note in accounting_notes(past, tr("costs are those of the replay on past baskets.")) if isinstance(note, Note)]
    notes += [contact_cost(view)[1], *contact_notes(view, left_out), length_note(view)]
    notes += _budget_notes(view, pairs, best, limit)
    if pairs.small:
        notes.append(
            tr(
                "{segments} with fewer than {minimum_members} such members are left out.",
                segments=some(pairs.small, "segment"),
                minimum_members=view.settings.scope.minimum_members,
            )
        )
    if pairs.few_buyers:
        notes.append(
            tr(
                "{pairs} of a segment and a discount whose goods fewer than {minimum_members} of its members buy are left out.",
                pairs=some(pairs.few_buyers, "pair"),
                minimum_members=view.settings.scope.minimum_members,
            )
        )
    notes.append(
        tr(
            "'{do_nothing}' is an offer too: it costs and brings nothing. One offer a member, the same for all of a segment.",
            do_nothing=word(DO_NOTHING),
        )
    )
    measured = sorted({basis for row in pairs.basis for basis in row if basis.startswith(MEASURED)})
    if measured:
        said = tr(", ").join(word(basis) for basis in measured)
        notes.append(tr("Measured pairs are pulled to the mean of their method ({measured}).", measured=said))
    return notes


def _budget_notes(view: View, pairs: Expected, best: Allocation, limit: float) -> list[str | Note]:
    """What the next unit of budget would bring: by the relaxation, and tried out a step up and a step down."""
    price = shadow_price(pairs.net, pairs.cost, limit)
    less, more = (allocate_offers(pairs.net, pairs.cost, limit * factor).gain for factor in (1 - _STEP, 1 + _STEP))
    step = view.money(limit * _STEP)
    tried = tr(
        "{step} more would bring {won}, {step} less would cost {lost}",
        step=step,
        won=view.money(more - best.gain),
        lost=view.money(best.gain - less),
    )
    unit = money(1.0, view.currency)
    if price <= 1e-9:
        return [tr("The budget is not what limits: the next {unit} would bring nothing ({tried}).", unit=unit, tried=tried)]
    part = tr(
        "The next {unit} of budget would bring some {price} if part of a segment could get an offer",
        unit=unit,
        price=money(price, view.currency),
    )
    return [tr("{part}; in whole segments {tried}.", part=part, tried=tried)]


def _chart(view: View, pairs: Expected, best: Allocation, budget: float) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.curve import curve

    free = allocate_offers(pairs.net, pairs.cost, np.inf)
    top = max(free.cost, budget * view.minor_units) * 1.05
    budgets = np.unique([*np.linspace(0, top, view.settings.offers.curve_points + 1)[1:], budget * view.minor_units])
    gains = [0.0, *[found.gain for found in gain_curve(pairs.net, pairs.cost, budgets)]]
    frame = pl.DataFrame({"budget": [0.0, *budgets], "net": gains}).select(pl.all() / view.minor_units)
    what = tr("Expected net") if pairs.margin_known else tr("Extra sales less cost")
    return curve(
        frame, x="budget", y="net", x_title=in_currency(tr("Budget"), view), y_title=in_currency(what, view), kind="money", at=budget,
        at_title=tr("this budget"), title=tr("What a budget brings: {place}", place=view.place),
        subtitle=tr("best allocation over {segments} and {offers} at each budget", segments=some(len(pairs.segments), "segment"),
                    offers=some(len(pairs.offers), "offer")),
    )  # fmt: skip
