"""A campaign as a person fills it in, the campaign that this makes, and a kept one as a form again. No widgets."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from toolkit.apps.pages.address import LONGEST
from toolkit.apps.pages.offer_text import STARTS, method_of
from toolkit.apps.pages.typed import number_of
from toolkit.language import tr
from toolkit.ledger.definition import EVERYBODY_ELSE, Definition
from toolkit.ledger.offer import Offer, plain

DAYS = 28
"""Days of a campaign unless others are chosen: four weeks even out weekdays and pay days."""
_MADE = {
    "name": ("campaign_id", "name"), "purpose": ("purpose",), "audience": ("audience",), "offer": ("offers", "offer_of"),
    "starts_on": ("starts_on",), "ends_on": ("ends_on",), "touchpoint": ("touchpoints",), "cost_per_contact": ("cost_per_contact",),
    "cost_fixed": ("cost_fixed",), "goal_percent": ("goals",), "control_percent": ("control_share",),
}  # fmt: skip
"""Field of the form -> what it decides of the campaign."""


@dataclass(frozen=True)
class Form:
    """A campaign as a person fills it in: text as typed, nothing is checked here. '' = not said, or as in the draft that it began with.

    `purpose`: what the goods are for, as `differentiation.goods_for` takes it.
    `budget`: most that the offer may cost over such weeks, in currency units.
    `control_percent`: of each segment, how many in a hundred get nothing, so that the campaign can be judged.
    `plan`, `after`: the kept draft that it began with, or the campaign whose lessons it began with.
    `campaign`: the id under which it was launched; then nothing of it changes.
    """

    name: str = ""
    audience: str = ""
    purpose: str = ""
    offer: str = STARTS["full_reduction"]
    starts_on: str = ""
    ends_on: str = ""
    touchpoint: str = ""
    cost_per_contact: str = ""
    cost_fixed: str = ""
    budget: str = ""
    goal_percent: str = ""
    control_percent: int = 20
    plan: str = ""
    after: str = ""
    campaign: str = ""

    @property
    def method(self) -> str:
        """The method of the offer as far as its first word says it; '' = none."""
        return method_of(self.offer)


def blank(last_day: date) -> Form:
    """Return the form as the page opens: the four weeks after the receipts."""
    start = last_day + timedelta(days=1)
    return Form(starts_on=start.isoformat(), ends_on=(start + timedelta(days=DAYS - 1)).isoformat())


def campaign_id_of(name: str) -> str:
    """Return the id of a campaign by its name.

    >>> campaign_id_of("Autumn, again: 10% off!"), campaign_id_of("秋季")
    ('autumn-again-10-off', '秋季')
    """
    return re.sub(r"[^\w]+", "-", name.strip().lower()).strip("-_")[:60] or "new-campaign"


def form_of_definition(kept: Definition) -> Form:
    """Return a kept campaign as a form; what a form has no field for (several offers, other goals) stays ''."""
    one = kept.offers[0] if len(kept.offers) == 1 and kept.offer_of == {EVERYBODY_ELSE: kept.offers[0].name} else None
    return Form(
        name=kept.name or kept.campaign_id,
        audience=kept.audience if isinstance(kept.audience, str) else "",
        purpose=kept.purpose,
        offer=one.text if one else "",
        starts_on=kept.starts_on.isoformat(),
        ends_on=kept.ends_on.isoformat(),
        touchpoint=kept.touchpoints.get(EVERYBODY_ELSE, "") if len(kept.touchpoints) == 1 else "",
        cost_per_contact=_typed(kept.cost_per_contact),
        cost_fixed=_typed(kept.cost_fixed),
        goal_percent=_typed(100 * kept.goals["lift"]) if [*kept.goals] == ["lift"] else "",
        control_percent=round(100 * kept.control_share),
    )


def definition_of(form: Form, kept: Definition | None = None) -> Definition:
    """Return the campaign of a form; of one that began with a kept campaign, that campaign with what was changed.

    Raises
    ------
    BadValue
        A number, a day or the offer cannot be read.
    """
    start = form_of_definition(kept) if kept is not None else None
    offer = Offer.parse(form.offer, name=form.name.strip() or form.offer.strip()) if start is None or form.offer != start.offer else None
    goal = number_of(form.goal_percent, tr("the lift to reach"), percent=True)
    said: dict[str, Any] = {
        "campaign_id": campaign_id_of(form.name),
        "name": form.name.strip(),
        "purpose": form.purpose,
        "audience": form.audience or None,
        "starts_on": form.starts_on,  # read by the definition, which says what is wrong with it
        "ends_on": form.ends_on,
        "offers": (offer,),
        "offer_of": {EVERYBODY_ELSE: offer.name if offer else ""},
        "touchpoints": {EVERYBODY_ELSE: form.touchpoint.strip()} if form.touchpoint.strip() else {},
        "cost_per_contact": number_of(form.cost_per_contact, tr("cost of one contact")),
        "cost_fixed": number_of(form.cost_fixed, tr("fixed costs")),
        "goals": {} if goal is None else {"lift": goal / 100},
        "control_share": form.control_percent / 100,
    }
    if kept is None or start is None:
        return Definition(**said)
    changed = {part for name, parts in _MADE.items() if getattr(form, name) != getattr(start, name) for part in parts}
    return Definition(**{**{name: getattr(kept, name) for name in Definition.model_fields}, **{part: said[part] for part in changed}})


def query_of(form: Form, start: Form) -> str:
    """Return what differs from the form that it began with, as a query; of a launched campaign only which it is."""
    if form.campaign:
        return urlencode({"campaign": form.campaign})
    began = {name: getattr(form, name) for name in ("plan", "after") if getattr(form, name)}
    query = urlencode(began | {name: value for name, value in vars(form).items() if value != getattr(start, name)})
    return query if len(query) <= LONGEST else ""


def form_of(query: str, start: Form) -> Form:
    """Return the form that a query stands for."""
    given = dict(parse_qsl(query.lstrip("?")[:LONGEST], keep_blank_values=True))
    known = {name: value for name, value in given.items() if name in vars(start) and name != "control_percent"}
    percent = given.get("control_percent", "")
    held = {"control_percent": min(max(int(percent), 0), 90)} if percent.isdecimal() else {}
    return replace(start, **known, **held)  # type: ignore[arg-type]


def _typed(amount: float | None) -> str:
    return "" if amount is None else plain(amount)
