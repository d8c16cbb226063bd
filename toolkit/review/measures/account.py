"""The account of a campaign: extra margin, offer, contacts, fixed costs, net; each line with its interval, or why it is not known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from toolkit.language import tr
from toolkit.models.lin import Effect, not_measured
from toolkit.review.measures.case import Case
from toolkit.review.measures.estimate import measured_effect
from toolkit.review.measures.model_reasons import reason_text
from toolkit.review.measures.outcome import Costs, outcomes
from toolkit.review.measures.study import Study
from toolkit.wording import listing


@dataclass(frozen=True)
class Account:
    """What a campaign cost and brought, for all its treated members in scope, in currency units.

    `sales`, `margin`, `orders`, `revived`: effects times the treated (margin without a figure where costs of goods are not known);
    `sales_after`, `margin_after`: those of the weeks after the end, `margin_all` of campaign and weeks after together (without figures
    while no day after is seen). `offer`: value redeemed by the treated; `contacts`, `fixed` (None: not stated). `missing`: costs that are
    not known, by name. `offer_is_off`: the offer is off the sales already.
    """

    sales: Effect
    margin: Effect
    orders: Effect
    revived: Effect
    sales_after: Effect
    margin_after: Effect
    margin_all: Effect
    margin_costs: Costs
    offer: float | None
    contacts: float | None
    fixed: float | None
    missing: tuple[str, ...]
    offer_is_off: bool = True

    @property
    def words(self) -> dict[str, Any]:
        """What sentences on the account say: figures in currency units, `missing` costs as a list, `unstated` where none is known."""
        figures: dict[str, Any] = {"cost": self.total_cost, "spent": self.spent, "margin": self.margin.estimate}
        for name, one in (("sales", self.sales), ("net", self.net)):
            figures |= {name: one.estimate, f"{name}_low": one.low, f"{name}_high": one.high}
        unstated = bool(self.missing) and not self.total_cost
        return {**figures, "missing": listing(self.missing), "unstated": unstated, "net_reason": reason_text(self.net.reason)}

    @property
    def spent(self) -> float:
        """Costs that are not off the sales already, as far as stated: contacts, fixed, and an offer paid out besides."""
        return (self.contacts or 0.0) + (self.fixed or 0.0) + (0.0 if self.offer_is_off else self.offer or 0.0)

    @property
    def total_cost(self) -> float:
        """Everything the campaign cost, the value redeemed included, as far as stated."""
        return (self.contacts or 0.0) + (self.fixed or 0.0) + (self.offer or 0.0)

    @property
    def net(self) -> Effect:
        """Margin less what was spent, with its interval. A cost is the same whatever the effect: it moves the interval, not its width."""
        return less(self.margin, self.spent)

    @property
    def net_all(self) -> Effect:
        """The net with the weeks after the end."""
        return less(self.margin_all, self.spent)


def account_of(measured: Study) -> Account:
    """Return the account of a study."""
    case = measured.case
    treated = case.treated_count
    after = outcomes(case, case.after) if case.after else None
    none = not_measured(tr("no day after the end is seen"), treated, case.control_count)

    def total(frame: pl.DataFrame, outcome: str, rows: np.ndarray | None = None) -> Effect:
        one = measured_effect(case, frame, outcome, rows=rows)
        return one.times(one.treated_count)

    quiet = case.past.column("recency_days") > case.view.settings.review.quiet_days
    offer, contacts, fixed, missing = costs_of(case)
    return Account(
        sales=total(measured.frame, "amount"),
        margin=total(measured.frame, "margin"),
        orders=total(measured.frame, "orders"),
        revived=total(measured.frame, "active", quiet) if case.too_few is None else not_measured(case.too_few, treated, case.control_count),
        sales_after=total(after.frame, "amount") if after else none,
        margin_after=total(after.frame, "margin") if after else none,
        margin_all=total(_together(measured.frame, after.frame), "margin") if after else none,
        margin_costs=measured.costs,
        offer=offer,
        contacts=contacts,
        fixed=fixed,
        missing=missing,
        offer_is_off=case.view.settings.review.redeemed_on_receipt,
    )


def _together(window: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Outcomes of two windows added up, member by member."""
    return window.with_columns(window[name] + after[name] for name in ("amount", "margin", "orders", "units"))


def costs_of(case: Case) -> tuple[float | None, float | None, float | None, tuple[str, ...]]:
    """Return value redeemed by the treated in scope, cost of contacts, fixed cost (currency units; None = not stated), and what is missing.

    In the scope of a place or an audience the fixed cost is shared out by treated members.
    """
    campaign, units = case.campaign, case.view.minor_units
    treated = case.members.filter(case.members["treated"])
    missing = []
    few = 0 < treated.height < case.view.least
    offer = None if few else float(treated["redeemed_value"].sum()) / units if case.redemptions.has_value else None
    if case.redemptions.has_table and case.redemptions.members.is_empty():
        offer = 0.0
    if offer is None:
        missing.append(tr("value of redemptions"))
    contacts = fixed = None
    if campaign.cost_per_contact is None:
        missing.append(tr("cost per contact"))
    else:
        contacts = campaign.cost_per_contact * treated.height / units
    if campaign.cost_fixed is None:
        missing.append(tr("fixed cost"))
    else:
        everybody = campaign.count("treated")
        fixed = campaign.cost_fixed / units * (1.0 if case.view.scope.is_chain else treated.height / max(everybody, 1))
    return offer, contacts, fixed, tuple(missing)


def less(effect: Effect, cost: float) -> Effect:
    """Return an effect less a cost that is known for certain."""
    if effect.estimate is None or effect.low is None or effect.high is None:
        return effect
    return replace(effect, estimate=effect.estimate - cost, low=effect.low - cost, high=effect.high - cost)
