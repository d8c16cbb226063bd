"""A plan worked out: who is in which arm with which offer, what it costs, what it must bring, and what its holdout can see."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from toolkit.answer import Note
from toolkit.differentiation.measures.cells import by_level
from toolkit.differentiation.measures.offer_cost import expected_offer_cost
from toolkit.differentiation.measures.past import Past, contact_cost
from toolkit.differentiation.measures.visible import Visible, measure_spread
from toolkit.differentiation.planning.enrolment import BALANCED, Enrolment, enrol
from toolkit.errors import DataError
from toolkit.ledger.definition import Definition
from toolkit.mart.margins import Margin
from toolkit.models.assignment import LEAST_PER_ARM, Assignment, assign
from toolkit.models.power import chance_to_see, smallest_lift
from toolkit.scope.view import View


@dataclass(frozen=True)
class Draft:
    """A campaign as it would be launched today. `assignment` and `visible` are None where they cannot be made; `reasons` tells why."""

    enrolment: Enrolment
    assignment: Assignment | None
    visible: Visible | None
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def view(self) -> View:
        """The campaign's scope on the day its arms are fixed."""
        return self.enrolment.view

    @property
    def definition(self) -> Definition:
        """What was asked for."""
        return self.enrolment.definition

    @cached_property
    def members(self) -> pl.DataFrame:
        """One row per member in an arm, sorted by member_id: what launch freezes. Empty where no arms could be drawn."""
        members = self.enrolment.members
        if self.assignment is None:
            return members.clear().with_columns(arm=pl.lit(None, pl.String))
        arms = self.assignment.arms.select("member_id", "arm")
        return members.join(arms, on="member_id", how="left", maintain_order="left")

    def count(self, arm: str) -> int:
        """Members in an arm."""
        return self._counts.get(arm, 0)

    @cached_property
    def _counts(self) -> dict[str, int]:
        return dict(self.members.group_by("arm").len().iter_rows())

    @cached_property
    def cells(self) -> pl.DataFrame:
        """One row per segment x offer that takes part: `segment`, `offer`, `treated_count`, `control_count`; by level."""
        arms = [(pl.col("arm") == arm).sum().cast(pl.Int64).alias(f"{arm}_count") for arm in ("treated", "control")]
        return by_level(self.members.group_by("segment", "offer").agg(arms), "offer")

    # -- money, in minor units -----------------------------------------------------------------------------------------------------

    @cached_property
    def margin(self) -> Margin:
        """The margin of what the audience bought in the period."""
        return Past(self.view).margin

    @property
    def cost_per_contact(self) -> tuple[float, str | Note]:
        """What a contact costs and where that is from, in the language of the moment."""
        stated = self.definition.cost_per_contact
        if stated is None:
            return contact_cost(self.view)
        return stated * self.view.minor_units, self.view.say("A contact costs {cost:money}, as the plan says.", cost=stated)

    @cached_property
    def offer_cost(self) -> pl.DataFrame | None:
        """Expected cost of the offers by segment x offer, None where no replay can say."""
        if self.definition.days <= 0 or self.members.is_empty():  # it ends before it starts: there is nothing to reckon
            return None
        return expected_offer_cost(self.view, self.definition, self.members)

    @cached_property
    def costs(self) -> dict[str, float | None]:
        """Expected cost by kind: contacts, fixed, offers (None = not known), and all that is known together."""
        contacts = self.count("treated") * self.cost_per_contact[0]
        fixed = (self.definition.cost_fixed or 0) * self.view.minor_units
        offers = None if self.offer_cost is None else float(self.offer_cost["cost"].sum())
        return {"contacts": contacts, "fixed": fixed, "offers": offers, "total": contacts + fixed + (offers or 0)}

    @cached_property
    def base_sales(self) -> float | None:
        """What the treated would spend in the window anyway."""
        return None if self.visible is None else float(self.visible.spent[self.definition.days].mean()) * self.count("treated")

    @cached_property
    def break_even_lift(self) -> float | None:
        """The lift whose margin pays all costs; None where margin, base or the cost of the offers are not known."""
        margin = (self.base_sales or 0) * (self.margin.share or 0)
        return None if margin <= 0 or self.costs["offers"] is None else float(self.costs["total"] or 0) / margin

    # -- what it can see -----------------------------------------------------------------------------------------------------------

    @cached_property
    def control_share(self) -> float:
        """Share held out in fact, after rounding."""
        return self.count("control") / self.members.height if self.members.height else 0.0

    @cached_property
    def smallest_lift(self) -> float | None:
        """The smallest lift that the whole campaign shows with the chance campaigns.power."""
        if self.visible is None or not 0 < self.control_share < 1:
            return None
        spread = self.visible.spread(self.definition.days, self.definition.control_share)
        return smallest_lift(self.members.height, spread.unexplained, self.control_share, power=self.view.settings.campaigns.power)

    def chance_to_see(self, lift: float) -> float | None:
        """The chance that the whole campaign shows a lift."""
        if self.visible is None or not 0 < self.control_share < 1:
            return None
        spread = self.visible.spread(self.definition.days, self.definition.control_share)
        return chance_to_see(lift, self.members.height, spread.unexplained, self.control_share)

    def smallest_lift_of(self, segment: str) -> float | None:
        """The smallest lift that one segment shows by itself; None where its spread was not measured or an arm is too small."""
        rows = self.cells.filter(pl.col("segment") == segment)
        treated, control = int(rows["treated_count"].sum()), int(rows["control_count"].sum())
        if self.visible is None or min(treated, control) < 2:
            return None
        share = control / (treated + control)
        spread = self.visible.spread_of_segment(segment, share)
        if spread is None:
            return None
        return smallest_lift(treated + control, spread.unexplained, share, power=self.view.settings.campaigns.power)


def work_out(view: View, definition: Definition) -> Draft:
    """Return a plan worked out in the view of its scope; what cannot be worked out is left None, with the reason in `reasons`."""
    enrolment, settings = enrol(view, definition), view.settings.campaigns
    reasons: dict[str, str] = {}
    assignment, visible = None, None
    members = enrolment.members.height
    if members < 2 * LEAST_PER_ARM and 0 < definition.control_share < 1:
        reasons["assignment"] = view.say(
            "{members} members are too few for a holdout: each arm needs {least_per_arm} at least. Widen the audience, or "
            "address them all without claiming an effect.",
            members=members,
            least_per_arm=LEAST_PER_ARM,
        )
    elif 0 < definition.control_share < 1:
        try:
            assignment = assign(
                enrolment.members,
                control_share=definition.control_share,
                seed=definition.seed,
                salt=definition.campaign_id,
                strata=["segment"],
                scores=BALANCED,
                tolerance=settings.balance_tolerance,
                most_draws=settings.most_draws,
            )
        except DataError as error:
            reasons["assignment"] = str(error)
    if definition.days > 0:
        try:
            visible = measure_spread(view, [definition.days])
        except DataError as error:
            reasons["visible"] = str(error)
    return Draft(enrolment, assignment, visible, reasons)
