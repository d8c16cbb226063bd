"""Planning a campaign: what a person fills in, the plan that this makes, what the offer would have cost, and the launch. No widgets."""

from __future__ import annotations

import base64
import io
import re
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import traitlets

from toolkit.answer import Answer
from toolkit.apps.pages.debounce import Soon
from toolkit.apps.pages.form import Form, blank, definition_of, form_of, form_of_definition, query_of
from toolkit.apps.pages.offer_text import STARTS
from toolkit.apps.pages.state import Shop, fresh, read_shop
from toolkit.apps.pages.typed import number_of, plain_number
from toolkit.audience import saved_names
from toolkit.differentiation.planning import launching
from toolkit.differentiation.planning.playbook import playbook_of
from toolkit.differentiation.planning.proposal import next_plan
from toolkit.errors import BadValue, NameTaken, ToolkitError
from toolkit.language import later, tr, word
from toolkit.ledger.definition import Definition, plan_names, read_plan
from toolkit.ledger.folder import launched_ids
from toolkit.registry import find_question
from toolkit.roles import refusal
from toolkit.scope.view import open_view
from toolkit.wording import listing
from toolkit.workspace import Workspace

NOT_YET = later(
    "Say what it is called, whom it is for and what it offers: the plan appears here, with what it costs and what stands in its way."
)


def plan_of(shop: Shop, form: Form, kept: Definition | None = None) -> Answer | str:
    """Return the plan that a form makes (of a `kept` campaign, with what was changed), or the sentence that says why there is none."""
    try:
        return find_question("differentiation.plan")(Workspace(shop.path), campaign=definition_of(form, kept))
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


def holdout_of(shop: Shop, form: Form, members: float, kept: Definition | None = None) -> str:
    """Return what the holdout shows and costs for the `members` of the form's plan, as a sentence; '' where it cannot be said (the plan
    then says why).
    """
    try:
        definition = definition_of(form, kept)
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


ARM_WORDS = (("treated", later("members addressed")), ("control", later("held out, get nothing")))


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
        self.start = blank(self.shop.last_day)
        self.kept: Definition | None = None
        self.budgets = budgets(self.shop)
        self._past: list[Form] = []
        self._worked_out: tuple[Form | None, tuple[str, ...], tuple[str, ...]] = (None, (), ())
        self.soon = Soon()
        self.form = self.start
        self.plan, self.replay = NOT_YET, None

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
        """Whether nothing stands in the way of a launch: a plan of this form, not blocked, not launched, and theirs to launch."""
        if self.busy or self.form.campaign or self.not_yours:
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
        self.shop, self.start, self.budgets = shop, blank(shop.last_day), budgets(shop)
        if untouched:
            self.form = self.start
        elif not self.form.campaign:
            self._worked_out = (None, (), ())
            self._work_out()

    def change(self, **fields: Any) -> None:
        """Change parts of the form and work the plan out again; a purpose brings the method that the playbook has for it."""
        method = playbook_of(open_view(Workspace(self.shop.path))).method_for(fields["purpose"]) if fields.get("purpose") else None
        self._move(replace(self.form, campaign="", **({"offer": STARTS[method]} if method else {}), **fields))

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

    def query(self) -> str:
        """Return the form as the query of an address: what differs from how it began, or which launched campaign it is."""
        return query_of(self.form, self.start if self.kept is None else self._began(self.kept, self.form))

    def go_to(self, query: str) -> None:
        """Go to the form of an address; a draft that was launched meanwhile is the campaign that it became.

        Raises
        ------
        UnknownName, WorkspaceError
            The draft or the campaign of the address is not there.
        """
        given = dict(parse_qsl(query.lstrip("?")))
        ws = Workspace(self.shop.path)
        launched = given.get("campaign") or given.get("plan", "")
        if given.get("campaign") or launched in launched_ids(ws):
            made = launching.campaign(ws, launched)
            if made.definition is None:
                raise BadValue(tr("Campaign '{campaign_id}' was not launched here: its review tells of it.", campaign_id=launched))
            self.kept, self.plan, self.replay, self.holdout, self.goods = made.definition, NOT_YET, None, "", ""
            self.form = replace(form_of_definition(made.definition), campaign=made.campaign_id)
            return
        plan, after = given.get("plan", ""), given.get("after", "")
        self.kept = read_plan(ws, plan) if plan else next_plan(ws, after) if after else None
        start = self.start if self.kept is None else self._began(self.kept, replace(self.start, plan=plan, after=after))
        self._move(form_of(query, start))

    @staticmethod
    def _began(kept: Definition, form: Form) -> Form:
        return replace(form_of_definition(kept), plan=form.plan, after=form.after)

    def keep(self, *, replace_it: bool = False) -> str:
        """Keep the form as a draft, by the id that its name makes, and return the sentence that says so.

        Raises
        ------
        NameTaken
            Another draft of that name is kept (then `replace_it` takes its place).
        BadValue
            It is no campaign, or was launched already.
        """
        ws, draft = Workspace(self.shop.path), definition_of(self.form, self.kept)
        if draft.campaign_id in plan_names(ws) and draft.campaign_id != self.form.plan and not replace_it:
            raise NameTaken(
                tr("A draft '{campaign_id}' is kept already. Give yours another name, or let it take the other's place.",
                   campaign_id=draft.campaign_id)
            )  # fmt: skip
        self.kept = launching.save_plan(ws, draft, replace_it=True)
        self.form = replace(self._began(self.kept, self.form), plan=draft.campaign_id, after="", budget=self.form.budget)
        return tr("Kept as the draft '{campaign_id}': it stands among the campaigns, and its address opens it again.",
                  campaign_id=draft.campaign_id)  # fmt: skip

    @property
    def consequences(self) -> str:
        """What a launch does, in sentences for the person who confirms it."""
        self.soon.settle()
        if not isinstance(self.plan, Answer) or not self.can_launch:
            return ""
        definition = definition_of(self.form, self.kept)
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
            Something stands in the way, the id is taken, or the plan is no longer the one that was shown: receipts or the audience
            changed meanwhile.
        """
        self.soon.settle()
        shown, now = self.plan, plan_of(self.shop, self.form, self.kept)
        if isinstance(shown, Answer) and isinstance(now, Answer) and not shown.table.equals(now.table):
            self.plan = now
            raise BadValue(tr("The shop changed since this plan was shown; it was worked out anew. Read it, and launch again."))
        made = launching.launch(Workspace(self.shop.path), definition_of(self.form, self.kept))
        self.form = replace(self.form, campaign=made.campaign_id)
        return self.told

    @property
    def told(self) -> str:
        """What was launched, in a sentence; '' where nothing was."""
        if not self.form.campaign:
            return ""
        made = launching.campaign(Workspace(self.shop.path), self.form.campaign)
        return tr(
            "Launched: '{campaign_id}' with {members:,} members, {held_out:,} held out.",
            campaign_id=made.campaign_id,
            members=made.count("treated"),
            held_out=made.count("control"),
        )

    @property
    def frozen(self) -> list[tuple[str, str]]:
        """What was launched, as (figure, what it is)."""
        made = launching.campaign(Workspace(self.shop.path), self.form.campaign)
        offers = [word(offer.text) if offer.name in ("", offer.text) else word(offer.name) for offer in made.offers]
        days = tr("{starts_on} to {ends_on}", starts_on=made.starts_on, ends_on=made.ends_on)
        arms = [(f"{made.count(arm):,}", tr(words)) for arm, words in ARM_WORDS]
        return [(made.name or made.campaign_id, tr("Campaign")), (days, tr("When")), *arms, (listing(offers), tr("What they get"))]

    def contact_files(self, *, per_store: bool = False) -> tuple[str, str, str]:
        """Return the contact lists of the launched campaign in one ZIP: its name, content in base64, and who is not on them.

        Raises
        ------
        BadValue
            Nothing was launched here yet.
        DataError
            The shop does not say who may be contacted, or nobody may.
        """
        if not self.form.campaign:
            raise BadValue(tr("Launch the campaign first; then its contact lists can be saved."))
        with tempfile.TemporaryDirectory(prefix="toolkit-contacts-") as folder:
            made = launching.contact_lists(Workspace(self.shop.path), self.form.campaign, folder, per_store=per_store)
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                for file in sorted(Path(folder).iterdir()):
                    archive.write(file, file.name)
        return f"{self.form.campaign}-contacts.zip", base64.b64encode(packed.getvalue()).decode("ascii"), made.sentence

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
            if form.campaign:
                return
            if form == self.start:
                self.plan, self.holdout, self.goods, self.replay, self._worked_out = NOT_YET, "", "", None, (None, (), ())
                return
            if plan != self._worked_out[0]:
                self.plan = plan_of(self.shop, form, self.kept)
                members = self.plan.figures["member_count"] if isinstance(self.plan, Answer) else 0
                self.holdout = holdout_of(self.shop, form, members, self.kept) if isinstance(self.plan, Answer) else ""
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
