"""The widgets of an app and their links to the state: no rules here. Looks are in the Voila template (`app.css`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from toolkit.answer import Answer
from toolkit.apps.pages import panels
from toolkit.apps.pages.controls import Control, controls_of
from toolkit.apps.pages.error_boundary import Guard
from toolkit.apps.pages.fields import button, flex, folded, html, on_our_page, show_value, text_of
from toolkit.apps.pages.kept import way_to_rules, ways_of_members
from toolkit.apps.pages.shown import Shown
from toolkit.apps.pages.state import NARROWED, Shop, State
from toolkit.audience import saved_names
from toolkit.conversation.calls import Call
from toolkit.conversation.menu import AUDIENCE_EXAMPLES, SCOPE_WORDS, next_label, period_choices, question_menu
from toolkit.conversation.next_questions import MOST_NEXT, next_calls
from toolkit.language import tr
from toolkit.registry import find_question
from toolkit.workspace import Workspace

WORKSPACE_VARIABLE = "TOOLKIT_WORKSPACE"


class AskView:
    """Asking: scope on top, questions at the side, the answer in the middle. `take` is told the call of an answer that lists members."""

    def __init__(self, state: State, steps: tuple[str, ...], take: Callable[[str], None] | None = None) -> None:
        self.state, self.take = state, take
        self.said = html("tk-said")
        self.guard = Guard(lambda text: setattr(self.said, "value", panels.sentence(text)))
        self.busy = html("tk-busy")
        self.answer = AnswerPanel(self)
        self.own = widgets.Box(layout=flex("row wrap"))
        self._add(self.own, "tk-own")
        self.scope = ScopeBar(self)
        self.menu = QuestionMenu(self, steps)
        main = self._add(widgets.VBox([self.own, self.busy, self.said, self.answer.box], layout=flex("column", "1 1 32rem")), "tk-main")
        body = self._add(widgets.Box([self.menu.box, main], layout=flex("row wrap")), "tk-body")
        self.box = self._add(widgets.VBox([self.scope.box, body]), "tk-asking")
        self._asked: str | None = None
        state.observe(self.guard(self._show_choice), "choice")
        state.observe(self.guard(self._show_result), ["result", "beside"])
        state.observe(self._show_busy, "busy")
        state.observe(self.guard(self._show_shop), "shop")
        self._show_choice()
        self._show_result()

    def opened(self) -> None:
        """Called when the part comes before a person: its question is answered now, unless it was; saved audiences may be new."""
        self.state.ask_first()
        self.scope.show()

    def _show_choice(self, _change: Any = None) -> None:
        choice = self.state.choice
        self.menu.mark(choice.question)
        self.scope.show()
        if choice.question != self._asked:
            self._asked = choice.question
            self.own.children = [self._own_widget(control) for control in controls_of(find_question(choice.question))]
        for control, widget in zip(controls_of(find_question(choice.question)), self.own.children, strict=True):
            show_value(widget, control.kind, str(choice.own.get(control.name, "")))

    def _show_shop(self, _change: Any = None) -> None:
        self.scope.read(self.state.shop)
        self._asked = None  # days of a control end with the receipts
        self._show_choice()

    def _show_result(self, _change: Any = None) -> None:
        self.answer.show(self.state.result)
        self.answer.show_beside(self.state.beside)

    def _show_busy(self, change: Any) -> None:
        self.busy.value = panels.sentence(tr("Working it out …"), kind="wait") if change["new"] else ""

    def _own_widget(self, control: Control) -> widgets.DOMWidget:
        def changed(change: Any) -> None:
            value = text_of(change["new"])
            default = control.choices[0][1] if control.choices else ""
            own = {name: kept for name, kept in self.state.choice.own.items() if name != control.name}
            self.state.change(own=own if value == default else {**own, control.name: value})

        if control.kind == "choice":
            widget = widgets.Dropdown(options=list(control.choices), description=control.label)
        elif control.kind == "day":
            shop = self.state.shop
            widget = widgets.DatePicker(description=control.label, min=shop.first_day, max=shop.last_day)
        else:
            widget = widgets.Text(description=control.label, continuous_update=False)
        widget.tooltip = control.help
        self._add(widget, "tk-field")
        widget.observe(self.guard(changed), "value")
        return widget

    @staticmethod
    def _add(widget: Any, css: str) -> Any:
        widget.add_class(css)
        return widget


class ScopeBar:
    """Whose figures, and when: store, region, date, period, audience; back and reset."""

    def __init__(self, view: AskView) -> None:
        self.state, shop = view.state, view.state.shop
        self.labels: dict[str, str] = {}
        self.fields: dict[str, Any] = {
            "store_id": widgets.Combobox(description=tr(SCOPE_WORDS["store_id"]), placeholder=tr("All stores"), continuous_update=False),
            "as_of": widgets.DatePicker(description=tr(SCOPE_WORDS["as_of"])),
            "period": widgets.Dropdown(options=period_choices(shop.period_days), description=tr(SCOPE_WORDS["period"])),
            "audience": self._members(tr(SCOPE_WORDS["audience"]), tr("everybody")),
            "against": self._members(tr("Beside members with"), tr("nobody: no comparison")),
        }
        if shop.regions:
            self.fields["region"] = widgets.Dropdown(description=tr(SCOPE_WORDS["region"]))
        self.shown: dict[str, str] = {}  # what stands in a field when nothing was chosen
        self.read(shop)
        self.kinds = {"as_of": "day", "period": "choice", "region": "choice"}
        for name, widget in self.fields.items():
            widget.add_class("tk-field")
            widget.add_class(f"tk-{name}")
            widget.observe(view.guard(self._changed(name)), "value")
        self.back = button(tr("Back"), "tk-quiet", view.guard(lambda _button: self.state.back()))
        reset = button(tr("Reset"), "tk-quiet", view.guard(lambda _button: self._reset()))
        examples = [button(tr(words), "tk-chip", view.guard(self._example(where))) for words, where in AUDIENCE_EXAMPLES]
        order = [name for name in ("store_id", "region", "as_of", "period", "audience", "against") if name in self.fields]
        top = widgets.Box([*(self.fields[name] for name in order), self.back, reset], layout=flex("row wrap"))
        top.add_class("tk-scope-fields")
        words = html("tk-words", panels.audience_words(shop.members.columns))
        chips = widgets.Box([html("tk-chips-label", tr("For example:")), *examples, words], layout=flex("row wrap"))
        chips.add_class("tk-chips")
        self.box = widgets.VBox([top, chips])
        self.box.add_class("tk-scope")
        folded(self.box, tr("Whose figures, and when"))

    def _members(self, words: str, nothing: str) -> widgets.Combobox:
        return widgets.Combobox(description=words, placeholder=nothing, continuous_update=False, ensure_option=False)

    def read(self, shop: Shop) -> None:
        """Take stores, regions and days from a shop."""
        self.reading = True
        try:
            self.labels = {store: " ".join(label.split()) for store, label in shop.stores.items()}
            self.fields["store_id"].options = list(self.labels.values())
            self.fields["as_of"].min, self.fields["as_of"].max = shop.first_day, shop.last_day
            if "region" in self.fields:
                self.fields["region"].options = [(tr("All regions"), ""), *((region, region) for region in shop.regions)]
            self.shown["as_of"] = shop.last_day.isoformat()
        finally:
            self.reading = False

    def show(self) -> None:
        """Show the choice in the fields; an audience that was kept meanwhile can be chosen."""
        saved = tuple(saved_names(Workspace(self.state.shop.path)))
        for name in ("audience", "against"):
            self.fields[name].options = saved
        for name, widget in self.fields.items():
            value = getattr(self.state.choice, name) or self.shown.get(name, "")
            show_value(widget, self.kinds.get(name, "text"), self.labels.get(value, value) if name == "store_id" else value)
        self.back.disabled = not self.state.can_go_back

    def _changed(self, name: str) -> Any:
        def changed(change: Any) -> None:
            if self.reading:  # filled by us: no choice of the person's
                return
            value = text_of(change["new"])
            if name == "store_id":
                value = next((store for store, label in self.labels.items() if label == value), value)
            self.state.change(**{name: "" if value == self.shown.get(name) else value})

        return changed

    def _example(self, where: str) -> Any:
        return lambda _button: self.state.change(audience=where)

    def _reset(self) -> None:
        self.state.reset()
        self.show()  # a field may hold something that never became a choice


class QuestionMenu:
    """The questions by family, in plain words."""

    def __init__(self, view: AskView, steps: tuple[str, ...]) -> None:
        self.buttons: dict[str, widgets.Button] = {}
        parts: list[Any] = []
        for family, questions in question_menu(steps):
            parts.append(html("tk-family", f"<h2>{family}</h2>"))
            for question in questions:
                ask = view.guard(lambda _button, name=question.name: view.state.ask(name))
                self.buttons[question.name] = button(tr(question.text), "tk-question-button", ask)
                parts.append(self.buttons[question.name])
        self.box = widgets.VBox(parts, layout=flex("column", "0 1 17rem"))
        self.box.add_class("tk-menu")
        folded(self.box, tr("Other questions"))

    def mark(self, name: str) -> None:
        """Mark the question that is answered."""
        for other, pressed in self.buttons.items():
            (pressed.add_class if other == name else pressed.remove_class)("tk-chosen")


class AnswerPanel:
    """Headline, chart, table, notes, what to ask next; or the sentence that says why there is none."""

    def __init__(self, view: AskView) -> None:
        self.state = view.state
        picks = {**dict.fromkeys(NARROWED, tr("Show only these")), "member_id": tr("Show this member")}
        self.shown, self.beside = Shown(pick="tk-picked", picks=picks), Shown()
        self.picked = widgets.Text(continuous_update=False)
        self.picked.add_class("tk-picked")
        self.picked.observe(view.guard(self._picked), "value")
        self.stop, self.head, self.chart, self.details, self.download = self.shown.parts
        self.next = [button("", "tk-next-button", view.guard(self._ask_next(place))) for place in range(MOST_NEXT)]
        self.nexts = widgets.Box([html("tk-next-label", f"<h2>{tr('Ask next')}</h2>"), *self.next], layout=flex("row wrap"))
        self.nexts.add_class("tk-nexts")
        self.take = button(tr("Make an audience of these members"), "tk-act", view.guard(lambda _button: self._take()))
        self.taken, self.call = view.take, ""
        self.first, self.second = widgets.VBox(list(self.shown.parts)), widgets.VBox(list(self.beside.parts))
        both = widgets.Box([self.first, self.second], layout=flex("row wrap"))
        both.add_class("tk-both")
        self.ways = html("tk-ways-on")
        self.box = widgets.VBox([both, self.picked, self.take, self.ways, self.nexts])
        self.box.add_class("tk-panel")
        self.offered: tuple[Call, ...] = ()

    def show(self, result: Answer | str | None) -> None:
        """Show an answer, a sentence, or nothing yet."""
        answer = result if isinstance(result, Answer) else None
        self.shown.show(result)
        self.call = answer.call if answer and "member_id" in answer.table.columns and answer.table.height else ""
        self.take.layout.display = "" if self.call and self.taken else "none"
        choice, listed = self.state.choice, "" if self.taken else self.call
        ways = (
            ways_of_members(Workspace(self.state.shop.path), choice.audience, choice.store_id, listed) if answer and on_our_page() else ()
        )
        self.ways.value = panels.ways_on((*ways, *(way_to_rules(answer.name) if answer and on_our_page() else ())))
        self.offered = next_calls(_proposed(answer), Workspace(self.state.shop.path), self.state.asked) if answer else ()
        self.nexts.layout.display = "flex" if self.offered else "none"
        for place, offer in enumerate(self.next):
            offer.layout.display = "" if place < len(self.offered) else "none"
            if place < len(self.offered):
                call = self.offered[place]
                offer.description = next_label(find_question(call.name), call.parameters)

    def show_beside(self, result: Answer | str | None) -> None:
        """Show the answer for the second audience beside the first; None = nothing is compared."""
        self.beside.show(result)
        self.second.layout.display = "none" if result is None else ""

    def _picked(self, change: Any) -> None:
        try:
            row = json.loads(str(change["new"]).partition("|")[2])
        except ValueError:
            return  # a mark without a row of data
        self.state.narrow(row if isinstance(row, dict) else {})

    def _take(self) -> None:
        if self.taken:
            self.taken(self.call)

    def _ask_next(self, place: int) -> Any:
        return lambda _button: self.state.ask(self.offered[place].name, self.offered[place].parameters)


def _proposed(answer: Answer) -> list[Call]:
    return [Call.of(name, own) for name, own in answer.finding.ask_next]
