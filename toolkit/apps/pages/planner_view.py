"""The widgets of the campaign planner, linked to its state: what, for whom, when; beside it the plan, its blockers and its cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from toolkit import wording
from toolkit.answer import Answer
from toolkit.apps.pages import panels
from toolkit.apps.pages.error_boundary import Guard
from toolkit.apps.pages.fields import button, flex, fold_html, folded, html, show_value, text_of
from toolkit.apps.pages.kept import ways_after
from toolkit.apps.pages.offer_text import STARTS, figures_of, with_figure
from toolkit.apps.pages.planner import NOT_YET, Planner
from toolkit.apps.pages.shown import Shown
from toolkit.audience.conditions import sentence
from toolkit.audience.words import where_in_words
from toolkit.conversation.menu import DAY_WORDS, METHOD_WORDS, OFFER_FIELDS, PLAN_FIELDS, PURPOSE_WORDS
from toolkit.errors import BadValue, NameTaken
from toolkit.language import tr
from toolkit.ledger.offer import METHODS
from toolkit.scope.where import read_where
from toolkit.wording import capital


class PlannerView:
    """The page's part for planning a campaign."""

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self.said = html("tk-said")
        self.guard = Guard(lambda text: setattr(self.said, "value", panels.sentence(text)))
        self.busy = html("tk-busy")
        self.form = FormFields(self)
        self.plan, self.replay = Shown(), Shown(pick="tk-picked")
        self.picked = widgets.Text(continuous_update=False)
        self.picked.add_class("tk-picked")
        self.picked.observe(self.guard(self._picked), "value")
        self.launching = Launching(self)
        past = html("tk-ask-words", f"<h2>{tr('What such offers would have cost on their own baskets')}</h2>")
        self.hint, self.held, self.goods = html("tk-hint"), html("tk-aside-place"), html("tk-aside-place")
        parts = [
            self.busy,
            self.said,
            self.hint,
            *self.plan.parts,
            self.goods,
            self.held,
            self.launching.box,
            past,
            *self.replay.parts,
            self.picked,
        ]
        main = widgets.VBox(parts, layout=flex("column", "1 1 32rem"))
        main.add_class("tk-main")
        self.past = past
        self.box = widgets.Box([self.form.box, main], layout=flex("row wrap"))
        self.box.add_class("tk-build")
        for name, show in self._shows.items():
            planner.observe(self.guard(lambda _change, show=show: show()), name)
        planner.observe(self._show_busy, "busy")
        self._show()

    def opened(self) -> None:
        """Called when the part comes before a person: receipts, audiences and campaigns may be new."""
        self.planner.renew()
        self._show()
        if self.planner.form != self.planner.start:  # came with an address: the plan is what is read first
            self.form.fold.value = fold_html(tr("Change the plan"), opened=False)
        self.planner.read_ahead()

    @property
    def _shows(self) -> dict[str, Callable[[], None]]:
        """What shows each part of the state."""
        return {
            "form": self._show_form,
            "plan": self._show_plan,
            "replay": self._show_replay,
            "holdout": self._show_holdout,
            "goods": self._show_goods,
        }

    def _show(self) -> None:
        for show in self._shows.values():
            show()

    def _show_form(self) -> None:
        self.form.show()
        self.form.box.layout.display = "none" if self.planner.form.campaign else ""  # what was launched is not filled in any more
        self._show_plan()

    def _show_plan(self) -> None:
        not_yet = self.planner.plan == NOT_YET and not self.planner.form.campaign
        self.hint.value = panels.sentence(tr(NOT_YET), kind="wait") if not_yet else ""
        self.plan.show(None if self.planner.plan == NOT_YET else self.planner.plan)
        self.launching.show()

    def _show_replay(self) -> None:
        self.replay.show(self.planner.replay)
        self.past.layout.display = "" if self.planner.replay else "none"

    def _show_holdout(self) -> None:
        self.held.value = panels.aside(tr("What the holdout costs and shows"), self.planner.holdout) if self.planner.holdout else ""

    def _show_goods(self) -> None:
        self.goods.value = panels.aside(tr("Goods for this purpose"), self.planner.goods) if self.planner.goods else ""

    def _show_busy(self, change: Any) -> None:
        self.busy.value = panels.sentence(tr("Working the plan out …"), kind="wait") if change["new"] else ""
        self.launching.show()  # what stands there is no longer, or again, the plan of the form

    def _picked(self, change: Any) -> None:
        try:
            row = json.loads(str(change["new"]).partition("|")[2])
        except ValueError:
            raise BadValue(tr("The cell could not be read. Click it again, or type the offer.")) from None
        self.planner.take_cell(row if isinstance(row, dict) else {})


class FormFields:
    """The questions down the left."""

    def __init__(self, view: PlannerView) -> None:
        self.planner, self.guard, self.showing = view.planner, view.guard, False
        shop = self.planner.shop
        self.widgets: dict[str, Any] = {
            "name": widgets.Text(continuous_update=False, placeholder=tr("Autumn win-back")),
            "audience": widgets.Dropdown(options=self._audiences()),
            "purpose": widgets.Dropdown(options=[(tr("any"), ""), *((tr(words), name) for name, words in PURPOSE_WORDS.items())]),
            "offer": widgets.Text(continuous_update=False),
            "starts_on": widgets.DatePicker(min=shop.first_day),
            "ends_on": widgets.DatePicker(min=shop.first_day),
            "touchpoint": widgets.Text(continuous_update=False, placeholder=tr("app push")),
            "cost_per_contact": widgets.Text(continuous_update=False, placeholder=tr("not known")),
            "cost_fixed": widgets.Text(continuous_update=False, placeholder=tr("none")),
            "budget": widgets.SelectionSlider(options=[(tr("no limit"), "")], continuous_update=False),
            "goal_percent": widgets.Text(continuous_update=False, placeholder=tr("no goal")),
            "control_percent": widgets.IntSlider(min=0, max=60, step=5, continuous_update=False),
        }
        self.method = widgets.Dropdown(options=self._methods(), description=tr("Kind of offer"))
        self._hear(self.method, lambda value: self.planner.change(offer=STARTS[value]) if value else None)
        self.figures = {method: self._figures(method) for method in METHODS}
        asked = []
        for words, names in PLAN_FIELDS:
            fields = []
            for name, label in names:
                if name == "method":
                    self.method.add_class("tk-wide")
                    fields += [self.method, *(field for method in METHODS for field in self.figures[method].values())]
                    continue
                field = self.widgets[name]
                field.description = tr(label)
                if name in ("name", "audience", "purpose", "offer", "budget"):
                    field.add_class("tk-wide")
                self._hear(field, lambda value, name=name: self.planner.change(**{name: value}))
                fields.append(field if name != "offer" else self._short(field))
            row = widgets.Box(fields, layout=flex("row wrap"))
            row.add_class("tk-pair")
            box = widgets.VBox([html("tk-ask-words", f"<h2>{tr(words)}</h2>"), row])
            box.add_class("tk-ask")
            asked.append(box)
        self.back = button(tr("Back"), "tk-quiet", self.guard(lambda _button: self.planner.back()))
        reset = button(tr("Reset"), "tk-quiet", self.guard(lambda _button: self.planner.reset()))
        moves = widgets.Box([self.back, reset], layout=flex("row wrap"))
        moves.add_class("tk-moves")
        self.box = widgets.VBox([moves, *asked], layout=flex("column", "0 1 24rem"))
        self.box.add_class("tk-asks")
        self.fold = folded(self.box, tr("Change the plan"), opened=True)

    def show(self) -> None:
        """Show the form in the fields."""
        self.showing = True
        try:
            self.widgets["audience"].options = self._audiences()
            self.widgets["budget"].options = self._budgets()
            for name, field in self.widgets.items():
                value = getattr(self.planner.form, name)
                if name == "control_percent":
                    field.value = value
                else:
                    show_value(
                        field,
                        {"audience": "choice", "purpose": "choice", "budget": "choice", "starts_on": "day", "ends_on": "day"}.get(
                            name, "text"
                        ),
                        value,
                    )
            self.method.options = self._methods()
            self.method.value = self.planner.form.method or self.method.options[0][1]
            told = figures_of(self.planner.form.offer)
            for method, fields in self.figures.items():
                for name, field in fields.items():
                    field.layout.display = "" if method == self.planner.form.method else "none"
                    if method == self.planner.form.method:
                        show_value(field, "choice" if name == "weekday" else "text", told.get(name, ""))
            self.back.disabled = not self.planner.can_go_back
        finally:
            self.showing = False

    def _short(self, field: Any) -> Any:
        """The offer in short, for who wants to type it, behind a button."""
        field.layout.display = "none"

        def unfold(_button: Any) -> None:
            field.layout.display = "" if field.layout.display else "none"

        box = widgets.VBox([button(tr("In short, to be typed"), "tk-quiet", self.guard(unfold)), field])
        box.add_class("tk-wide")
        return box

    def _methods(self) -> list[tuple[str, str]]:
        """The kinds of offer; a draft that has several, one for each segment, says so as long as none is chosen instead."""
        several = (
            [(tr("As in the draft: its own for each segment"), "")] if self.planner.kept is not None and not self.planner.form.offer else []
        )
        return [*several, *((tr(METHOD_WORDS[name]), name) for name in METHODS)]

    def _figures(self, method: str) -> dict[str, Any]:
        """The fields of an offer of this method; only those of the chosen one are seen."""
        made: dict[str, Any] = {}
        for name, label, placeholder in OFFER_FIELDS[method]:
            if name == "weekday":
                field = widgets.Dropdown(options=[(tr(words), day) for words, day in DAY_WORDS], description=tr(label))
            elif name == "goods":
                field = widgets.Combobox(
                    options=self._categories(), description=tr(label), placeholder=tr(placeholder), continuous_update=False
                )
            else:
                field = widgets.Text(description=tr(label), placeholder=tr(placeholder), continuous_update=False)
            if name in ("message", "goods"):
                field.add_class("tk-wide")
            self._hear(field, lambda value, name=name: self.planner.change(offer=with_figure(self.planner.form.offer, name, value)))
            made[name] = field
        return made

    def _categories(self) -> list[str]:
        members = self.planner.shop.members
        return sorted(members["top_category"].drop_nulls().unique().to_list()) if "top_category" in members.columns else []

    def _budgets(self) -> list[tuple[str, str]]:
        currency = self.planner.currency
        chosen = [(wording.money(amount, currency), f"{amount:g}") for amount in self.planner.budgets]
        typed = self.planner.form.budget  # from an address: shown as it came
        known = {value for _, value in chosen}
        return [(tr("no limit"), ""), *chosen, *([(typed, typed)] if typed and typed not in known else [])]

    def _audiences(self) -> list[tuple[str, str]]:
        known, chosen = self.planner.audiences, self.planner.form.audience
        gone = [(self._called(chosen), chosen)] if chosen and chosen not in known else []
        return [(tr("All members"), ""), *((name, name) for name in known), *gone]

    @staticmethod
    def _called(chosen: str) -> str:
        """Members that no kept audience names: what the condition says, or the name of one that is gone."""
        try:
            condition = read_where(chosen)
        except BadValue:
            condition = None
        if condition is None or (set(condition.names) == {chosen} and sentence(chosen) == ""):
            return tr("{name} (no longer there)", name=chosen)
        return capital(where_in_words(condition))

    def _hear(self, field: Any, changed: Any) -> None:
        field.add_class("tk-field")
        guarded = self.guard(lambda change: changed(change["new"] if isinstance(change["new"], int) else text_of(change["new"])))
        field.observe(lambda change: None if self.showing else guarded(change), "value")


class Launching:
    """A draft kept, the launch (a button, what it does before it is done), and after it the contact lists and where it goes on."""

    def __init__(self, view: PlannerView) -> None:
        self.planner = view.planner
        guard = Guard(lambda text: setattr(self.told, "value", panels.sentence(text)))  # said where the button is, not on top of the page
        self.ask = button(tr("Launch …"), "tk-act", guard(lambda _button: self._ask()))
        self.keep = button(tr("Keep as a draft"), "tk-quiet", guard(lambda _button: self._keep(replace_it=False)))
        self.instead = button(tr("Take the other draft's place"), "tk-quiet", guard(lambda _button: self._keep(replace_it=True)))
        self.consequences, self.told, self.ways = html("tk-told"), html("tk-told"), html("tk-ways-on")
        self.yes = button(tr("Yes, freeze and launch it"), "tk-act", guard(lambda _button: self._launch()))
        self.no = button(tr("No, not yet"), "tk-quiet", guard(lambda _button: self._confirming(False)))
        self.lists = button(tr("Save the contact lists (ZIP)"), "tk-quiet", guard(lambda _button: self._lists()))
        self.confirm = widgets.Box([self.yes, self.no], layout=flex("row wrap"))
        self.confirm.add_class("tk-pair")
        first = widgets.Box([self.ask, self.keep, self.instead], layout=flex("row wrap"))
        first.add_class("tk-moves")
        self.box = widgets.VBox([first, self.consequences, self.confirm, self.told, self.lists, self.ways])
        self.box.add_class("tk-launch")
        self.shown = ""  # the campaign whose launch is told
        self.show()

    def show(self) -> None:
        """Offer the launch where nothing stands in its way and nothing is worked out; a changed plan must be confirmed anew."""
        planner = self.planner
        launched, planned = planner.form.campaign, isinstance(planner.plan, Answer)
        self.ask.disabled = not planner.can_launch
        self.ask.layout.display = "" if planned else "none"
        self.keep.layout.display = "" if planned and not launched else "none"
        self.instead.layout.display = "none"
        self.lists.layout.display = "" if launched else "none"
        if launched != self.shown:
            self.shown = launched
            self.told.value = panels.sentence(planner.told, kind="done") + panels.figures(planner.frozen) if launched else ""
            self.ways.value = panels.ways_on(ways_after(launched)) if launched else ""
        if planned and not launched and (refused := planner.not_yours):
            self.told.value = panels.sentence(
                f"{refused} {tr('Keep the draft, or send an owner the address of this page: it holds the whole plan.')}", kind="wait"
            )
        self._confirming(False)

    def _ask(self) -> None:
        said = self.planner.consequences
        self.consequences.value = panels.sentence(said, kind="wait")
        self._confirming(bool(said))

    def _confirming(self, asked: bool) -> None:
        self.confirm.layout.display = "flex" if asked else "none"
        if not asked:
            self.consequences.value = ""

    def _launch(self) -> None:
        self.planner.launch()
        self.show()

    def _keep(self, *, replace_it: bool) -> None:
        try:
            told = self.planner.keep(replace_it=replace_it)
        except NameTaken as error:
            self.instead.layout.display = ""
            self.told.value = panels.sentence(str(error))
            return
        self.show()
        self.told.value = panels.sentence(told, kind="done")

    def _lists(self) -> None:
        name, content, told = self.planner.contact_files()
        self.told.value = panels.sentence(told, kind="done") + panels.file_link(name, content, tr("Save {name}", name=name))
