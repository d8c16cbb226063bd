"""Planning a campaign: what a person fills in, the plan that this makes, what the offer would have cost, and the launch. No widgets."""

from __future__ import annotations

import base64
import io
import re
import tempfile
import zipfile
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import traitlets

from toolkit.answer import Answer
from toolkit.apps.pages.address import LONGEST
from toolkit.apps.pages.debounce import Soon
from toolkit.apps.pages.offer_text import STARTS, method_of
from toolkit.apps.pages.state import Shop, fresh, read_shop
from toolkit.apps.pages.typed import number_of, plain_number
from toolkit.audience import saved_names
from toolkit.differentiation.planning import launching
from toolkit.differentiation.planning.playbook import playbook_of
from toolkit.errors import BadValue, ToolkitError
from toolkit.language import later, tr
from toolkit.ledger.definition import Definition
from toolkit.ledger.offer import Offer
from toolkit.registry import find_question
from toolkit.roles import refusal
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

DAYS = 28
"""Days of a campaign unless others are chosen: four weeks even out weekdays and pay days."""
NOT_YET = later(
    "Say what it is called, whom it is for and what it offers: the plan appears here, with what it costs and what stands in its way."
)


@dataclass(frozen=True)
class Form:
    """A campaign as a person fills it in: text as typed, nothing is checked here. '' = not said.

    `purpose`: what the goods are for, as `differentiation.goods_for` takes it.
    `budget`: most that the offer may cost over such weeks, in currency units.
    `control_percent`: of each segment, how many in a hundred get nothing, so that the campaign can be judged.
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

    @property
    def method(self) -> str:
        """The method of the offer as far as its first word says it; '' = none."""
        return method_of(self.offer)


def blank(shop: Shop) -> Form:
    """Return the form as the page opens: the four weeks after the receipts."""
    start = shop.last_day + timedelta(days=1)
    return Form(starts_on=start.isoformat(), ends_on=(start + timedelta(days=DAYS - 1)).isoformat())


def campaign_id_of(name: str) -> str:
    """Return the id of a campaign by its name.

    >>> campaign_id_of("Autumn, again: 10% off!"), campaign_id_of("秋季")
    ('autumn-again-10-off', '秋季')
    """
    return re.sub(r"[^\w]+", "-", name.strip().lower()).strip("-_")[:60] or "new-campaign"


def definition_of(form: Form) -> Definition:
    """Return the campaign of a form.

    Raises
    ------
    BadValue
        A number, a day or the offer cannot be read.
    """
    offer = Offer.parse(form.offer, name=form.name.strip() or form.offer.strip())
    goal = number_of(form.goal_percent, tr("the lift to reach"), percent=True)
    return Definition(
        campaign_id=campaign_id_of(form.name),
        name=form.name.strip(),
        purpose=form.purpose,
        audience=form.audience or None,
        starts_on=form.starts_on,  # type: ignore[arg-type] - read by the definition, which says what is wrong with it
        ends_on=form.ends_on,  # type: ignore[arg-type]
        offers=(offer,),
        offer_of={"*": offer.name},
        touchpoints={"*": form.touchpoint.strip()} if form.touchpoint.strip() else {},
        cost_per_contact=number_of(form.cost_per_contact, tr("cost of one contact")),
        cost_fixed=number_of(form.cost_fixed, tr("fixed costs")),
        goals={} if goal is None else {"lift": goal / 100},
        control_share=form.control_percent / 100,
    )


def plan_of(shop: Shop, form: Form) -> Answer | str:
    """Return the plan that a form makes, or the sentence that says why there is none."""
    try:
        return find_question("differentiation.plan")(Workspace(shop.path), campaign=definition_of(form))
    except ToolkitError as error:
        return str(error)


def replay_of(shop: Shop, form: Form) -> Answer | str | None:
    """Return what an offer of this method would have cost on the audience's own baskets; None for a method without a replay."""
    if not form.method:
        return None
    try:
        budget = number_of(form.budget, tr("the most that it may cost"))
        limit = {} if budget is None else {"budget": budget}
        return find_question(f"differentiation.{form.method}")(Workspace(shop.path), **_audience_of(form), **limit)
    except ToolkitError as error:
        return str(error)


def budgets(shop: Shop) -> list[float]:
    """Return round amounts to choose a budget from, from a thousandth of the members' sales of 91 days to a half; [] without sales."""
    sales = float(shop.members["amount_91d"].sum() or 0) if "amount_91d" in shop.members.columns else 0.0
    round_ones = (step * 10.0**power for power in range(9) for step in (1, 2, 5))
    return [amount for amount in round_ones if sales / 1000 <= amount <= sales / 2]


def holdout_of(shop: Shop, form: Form, members: float) -> str:
    """Return what the holdout shows and costs for the `members` of the form's plan, as a sentence; '' where it cannot be said (the plan
    then says why).
    """
    try:
        definition = definition_of(form)
        held = {"control_share": definition.control_share, "days": definition.days, "members": members}
        goal = {"lift": definition.goals["lift"]} if "lift" in definition.goals else {}
        asked = {**_audience_of(form), **held, **goal, "shares": (), "lengths": ()}
        return find_question("differentiation.holdout")(Workspace(shop.path), **asked).headline
    except ToolkitError:
        return ""


def goods_of(shop: Shop, form: Form) -> str:
    """Return which goods suit the audience and the purpose, as a sentence; '' without a purpose."""
    if not form.purpose:
        return ""
    try:
        return find_question("differentiation.goods_for")(Workspace(shop.path), purpose=form.purpose, **_audience_of(form)).headline
    except ToolkitError as error:
        return str(error)


def query_of(form: Form, start: Form) -> str:
    """Return what differs from the blank form, as a query."""
    query = urlencode({name: value for name, value in vars(form).items() if value != getattr(start, name)})
    return query if len(query) <= LONGEST else ""


def form_of(query: str, start: Form) -> Form:
    """Return the form that a query stands for."""
    given = dict(parse_qsl(query.lstrip("?")[:LONGEST], keep_blank_values=True))
    known = {name: value for name, value in given.items() if name in vars(start) and name != "control_percent"}
    percent = given.get("control_percent", "")
    held = {"control_percent": min(max(int(percent), 0), 90)} if percent.isdecimal() else {}
    return replace(start, **known, **held)  # type: ignore[arg-type]


class Planner(traitlets.HasTraits):
    """A form, its plan and its replay; observers are told when one changes."""

    form: Form = traitlets.Instance(Form)  # type: ignore[assignment]
    plan: Answer | str = traitlets.Any()  # type: ignore[assignment]
    replay: Answer | str | None = traitlets.Any()  # type: ignore[assignment]
    holdout: str = traitlets.Unicode("")  # type: ignore[assignment]
    goods: str = traitlets.Unicode("")  # type: ignore[assignment]
    busy: bool = traitlets.Bool(False)  # type: ignore[assignment]

    def __init__(self, shop: Shop | str | Path) -> None:
        super().__init__()
        self.shop = shop if isinstance(shop, Shop) else read_shop(shop)
        self.start = blank(self.shop)
        self.budgets = budgets(self.shop)
        self._past: list[Form] = []
        self._worked_out: tuple[Form | None, tuple[str, ...], tuple[str, ...]] = (None, (), ())
        self.soon = Soon()
        self.form = self.start
        self.plan, self.replay = NOT_YET, None
        self.launched = ""

    @property
    def currency(self) -> str:
        """ISO code."""
        return Workspace(self.shop.path).manifest.currency

    @property
    def audiences(self) -> list[str]:
        """Names of the saved audiences."""
        return saved_names(Workspace(self.shop.path))

    @property
    def can_go_back(self) -> bool:
        """Whether there is an earlier form."""
        return bool(self._past)

    @property
    def not_yours(self) -> str:
        """Why who sits before the page may not launch; "" where they may."""
        return refusal(Workspace(self.shop.path), "owner", tr("launching a campaign"))

    @property
    def can_launch(self) -> bool:
        """Whether nothing stands in the way of a launch; what was launched here is not launched twice."""
        if self.not_yours or (self.launched and self.launched == campaign_id_of(self.form.name)):
            return False
        return isinstance(self.plan, Answer) and not any(note.verdict == "FAIL" for note in self.plan.notes)

    def read_ahead(self) -> None:
        """Read what every plan rests on while the person fills in the first words; the first plan is shown in half the time."""
        if self.form == self.start:
            self.soon(lambda: (plan_of(self.shop, self.start), replay_of(self.shop, self.start)))

    def renew(self) -> None:
        """Read the shop again if receipts came in since; a plan that stands is worked out again."""
        shop = fresh(self.shop)
        if shop is self.shop:
            return
        untouched = self.form == self.start
        self.shop, self.start, self.budgets = shop, blank(shop), budgets(shop)
        if untouched:
            self.form = self.start
        else:
            self._worked_out = (None, (), ())
            self._work_out()

    def change(self, **fields: Any) -> None:
        """Change parts of the form and work the plan out again; a purpose brings the method that the playbook has for it."""
        method = playbook_of(open_view(Workspace(self.shop.path))).method_for(fields["purpose"]) if fields.get("purpose") else None
        self._move(replace(self.form, **({"offer": STARTS[method]} if method else {}), **fields))

    def take_cell(self, row: dict[str, Any]) -> None:
        """Take the offer of a cell of the grid that a person clicked; other marks say nothing."""
        threshold, reduction = (_amount(row, name) for name in ("threshold_amount", "reduction_amount"))
        if threshold is not None and reduction is not None:
            self.change(offer=f"full_reduction {threshold:g}/{reduction:g}")

    def back(self) -> None:
        """Return to the form before."""
        if self._past:
            self._move(self._past.pop(), remember=False)

    def reset(self) -> None:
        """Return to the blank form; that, too, can be taken back."""
        self._move(self.start)

    def go_to(self, query: str) -> None:
        """Go to the form of an address."""
        self._move(form_of(query, self.start))

    @property
    def consequences(self) -> str:
        """What a launch does, in sentences for the person who confirms it."""
        self.soon.settle()
        if not isinstance(self.plan, Answer):
            return ""
        definition = definition_of(self.form)
        return tr(
            "Launching '{campaign_id}' freezes {treated:,} members who get “{offer}” and {control:,} who get nothing, so "
            "that it can be judged.\nIt runs from {starts_on} to {ends_on}.\nNothing of it can be changed or taken back "
            "afterwards.",
            campaign_id=definition.campaign_id,
            treated=self.plan.figures.get("treated_count", 0),
            offer=self.form.offer,
            control=self.plan.figures.get("control_count", 0),
            starts_on=definition.starts_on,
            ends_on=definition.ends_on,
        )

    def launch(self) -> str:
        """Freeze the campaign in the ledger and return the sentence that says so.

        Raises
        ------
        BadValue
            Something stands in the way, or the id is taken.
        """
        self.soon.settle()
        made = launching.launch(Workspace(self.shop.path), definition_of(self.form))
        self.launched = made.campaign_id
        return tr(
            "Launched: '{campaign_id}' with {members:,} members, {held_out:,} held out.",
            campaign_id=made.campaign_id,
            members=made.count("treated"),
            held_out=made.count("control"),
        )

    def contact_files(self, *, per_store: bool = False) -> tuple[str, str, str]:
        """Return the contact lists of the launched campaign in one ZIP: its name, content in base64, and who is not on them.

        Raises
        ------
        BadValue
            Nothing was launched here yet.
        DataError
            The shop does not say who may be contacted, or nobody may.
        """
        if not self.launched:
            raise BadValue(tr("Launch the campaign first; then its contact lists can be saved."))
        with tempfile.TemporaryDirectory(prefix="toolkit-contacts-") as folder:
            made = launching.contact_lists(Workspace(self.shop.path), self.launched, folder, per_store=per_store)
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                for file in sorted(Path(folder).iterdir()):
                    archive.write(file, file.name)
        return f"{self.launched}-contacts.zip", base64.b64encode(packed.getvalue()).decode("ascii"), made.sentence

    def _move(self, form: Form, *, remember: bool = True) -> None:
        if form == self.form:
            return
        if remember:
            self._past.append(self.form)
        self.renew()
        self.form = form
        self.busy = True
        self.soon(self._work_out)

    def _work_out(self) -> None:
        """Work out what the form changed since it was last worked out."""
        self.busy = True
        form = self.form
        # What each of them rests on.
        plan, replay, goods = replace(form, budget="", purpose=""), (form.method, form.audience, form.budget), (form.purpose, form.audience)
        try:
            if form == self.start:
                self.plan, self.holdout, self.goods, self.replay, self._worked_out = NOT_YET, "", "", None, (None, (), ())
                return
            if plan != self._worked_out[0]:
                self.plan = plan_of(self.shop, form)
                self.holdout = holdout_of(self.shop, form, self.plan.figures["member_count"]) if isinstance(self.plan, Answer) else ""
            if replay != self._worked_out[1]:
                self.replay = replay_of(self.shop, form)
            if goods != self._worked_out[2]:
                self.goods = goods_of(self.shop, form)
            self._worked_out = plan, replay, goods
        finally:
            self.busy = False


def _audience_of(form: Form) -> dict[str, Any]:
    """The audience as questions take it; nothing = everybody."""
    return {"audience": form.audience} if form.audience else {}


def _amount(row: dict[str, Any], name: str) -> float | None:
    """A figure of a clicked row; charts show columns under their role, as text where they are an axis."""
    value = row.get(name, row.get({"threshold_amount": "column", "reduction_amount": "row"}[name]))
    figures = re.search(r"\d[\d,.]*", str(value))  # whatever currency stands around it: $8.00, US$8.00
    plain = plain_number(figures.group()) if figures else None
    return None if plain is None else float(plain)
