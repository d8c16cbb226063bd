"""The page of an app: title and way back, its parts behind tabs, and the view in the address."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import ipywidgets as widgets

from toolkit import language
from toolkit.apps.pages import address, builder, panels
from toolkit.apps.pages.builder import Builder
from toolkit.apps.pages.builder_view import BuilderView
from toolkit.apps.pages.choice import START, Choice
from toolkit.apps.pages.debounce import Soon
from toolkit.apps.pages.error_boundary import Guard
from toolkit.apps.pages.fields import PAGE_VARIABLE, button, flex, html
from toolkit.apps.pages.planner import Planner
from toolkit.apps.pages.planner_view import PlannerView
from toolkit.apps.pages.reviewing import Reviewing
from toolkit.apps.pages.reviewing_view import ReviewingView
from toolkit.apps.pages.state import State
from toolkit.apps.pages.view import WORKSPACE_VARIABLE, AskView
from toolkit.apps.pages.words_view import WordsBar
from toolkit.language import later, tr

_TAB, _LANGUAGE, _ASK = "tab", "language", "ask"
_WAIT = 0.01
"""Seconds that a choice waits for the next one."""


@dataclass(frozen=True)
class Tab:
    """One part of a page: its words, its view (whose `box` is shown), and what it keeps in the address.

    `query` gives the part's state as a query, `go` takes it back from one; `observed.trait` changes whenever the query does. `opened` is
    called when the part comes before a person: what it shows at first is worked out then, and read afresh if receipts came in.
    """

    key: str
    words: str
    view: Any
    query: Callable[[], str]
    go: Callable[[str], None]
    observed: Any
    trait: str
    opened: Callable[[], None]


Parts = Callable[[Any, "Page"], tuple[Sequence[Tab], Guard]]
"""What makes the parts of a page on a state, and their guard."""


class Page:
    """Title, tabs where there is more than one part, the address, and the choice of a language.

    `parts` makes the tabs; a reader who changes the language gets them made anew, with what was chosen.
    """

    def __init__(self, title: str, state: Any, parts: Parts) -> None:
        self.title, self.parts, self.moves, self.usual, self.telling = title, parts, -1, language.current(), True
        self.answered = "0"  # the last of the addresses that the person went to
        self.page = widgets.VBox()
        self.page.add_class("tk-page")
        self._fill(state)
        if not os.environ.get(PAGE_VARIABLE):  # nothing tells us when a notebook is looked at
            self.tabs[self.first].opened()

    def _told(self) -> str:
        """What stands below the title: what the page speaks of."""
        return _receipts(self.state)

    def _state_anew(self) -> Any:
        """The state that the parts are made anew on, when the reader changes the language."""
        return State(self.state.shop.path, self.state.start, asked=False)

    def _fill(self, state: Any) -> None:
        tabs, guard = self.parts(state, self)
        self.tabs, self.shown, self.state, self.language = {tab.key: tab for tab in tabs}, tabs[0].key, state, language.current()
        self.first = tabs[0].key
        self.told, self.went = html("tk-address-told"), widgets.Text(continuous_update=False)
        self.went.add_class("tk-address-went")
        self.went.observe(guard(self._go), "value")
        self.buttons = {tab.key: button(tab.words, "tk-tab", guard(lambda _button, key=tab.key: self.enter(key))) for tab in tabs}
        row = widgets.Box(list(self.buttons.values()), layout=flex("row wrap"))
        row.add_class("tk-tabs")
        self.heading = html("tk-title", _title(self.title, self._told()))
        languages = widgets.Box([self._language_button(code, name, guard) for code, name in language.LANGUAGES.items()])
        languages.add_class("tk-languages")
        top = widgets.Box([self.heading, languages], layout=flex("row wrap"))
        top.add_class("tk-top")
        words = [WordsBar(state, lambda: self.open(_ASK)).box] if _ASK in self.tabs else []
        self.page.children = [top, self.told, self.went, *words, *([row] if len(tabs) > 1 else []), *(tab.view.box for tab in tabs)]
        for tab in tabs:
            tab.observed.soon = Soon(tab.view.guard, wait=_WAIT)
            tab.observed.observe(guard(lambda _change: self._tell()), tab.trait)
        self.open(self.first)

    def _language_button(self, code: str, name: str, guard: Guard) -> widgets.Button:
        made = button(name, "tk-language", guard(lambda _button: self.speak(code)))
        if code == language.current():
            made.add_class("tk-chosen")
        return made

    def speak(self, code: str) -> None:
        """Go on in another language, where the reader is."""
        chosen, shown = {key: tab.query() for key, tab in self.tabs.items()}, self.shown
        self.telling = False  # the address has no use for the page as it opens
        try:
            if self._made_in(code):
                for key, query in chosen.items():
                    if query:
                        self.tabs[key].go(query)
                self.enter(shown)
        finally:
            self.telling = True
        self._tell()

    def _made_in(self, code: str) -> bool:
        """Make the page anew in a language, as it opens; False where it is in that language already."""
        if language.known(code) == self.language:
            return False
        language.speak(code)
        old = self.page.children
        self._fill(self._state_anew())
        _close(old)
        return True

    def enter(self, key: str) -> None:
        """Show one part to a person: what it opens with is worked out now."""
        self.open(key)
        self.tabs[key].opened()
        self.heading.value = _title(self.title, self._told())

    def open(self, key: str) -> None:
        """Show one part and hide the others."""
        self.shown = key
        for other, tab in self.tabs.items():
            tab.view.box.layout.display = "" if other == key else "none"
            (self.buttons[other].add_class if other == key else self.buttons[other].remove_class)("tk-chosen")
        self._tell()

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.page)

    def _tell(self) -> None:
        if not self.telling:
            return
        self.moves += 1  # the first is how the page opened: nothing to write into the address
        query = parse_qsl(self.tabs[self.shown].query(), keep_blank_values=True)
        if self.shown != self.first:
            query.insert(0, (_TAB, self.shown))
        if self.language != self.usual:
            query.insert(0, (_LANGUAGE, self.language))
        self.told.value = panels.address(urlencode(query), self.moves, self.language, self.answered)

    def _go(self, change: Any) -> None:
        self.answered, _, query = str(change["new"]).partition("|")
        went = dict(parse_qsl(query))
        self.telling = False  # what the page is on its way there is nowhere to go back to
        try:
            with suppress(ValueError):  # a language that we do not have: the page stays in its own
                self._made_in(went.get(_LANGUAGE, self.usual))
            key = went.get(_TAB, self.first)
            key = key if key in self.tabs else self.first
            self.tabs[key].go(query)
            self.enter(key)
        finally:
            self.telling = True
            self._tell()


def _close(boxes: Sequence[widgets.Widget]) -> None:
    """End widgets with all that is in them: the browser keeps none of them."""
    for box in boxes:
        _close(getattr(box, "children", ()))
        box.close()


def open_state(workspace: str | Path = "", *, question: str = START, asked: bool = True) -> State:
    """Return the state on a workspace (the one given, or that of `toolkit app`, or the demo) that opens with a question.

    `asked=False` leaves the question until a person looks at it.
    """
    return State(workspace or os.environ.get(WORKSPACE_VARIABLE, "") or "../demo/workspace", Choice(question=question), asked=asked)


def portrait_page(state: State) -> Page:
    """Return the page of the portrait: ask about the members."""

    def parts(state: State, _page: Page) -> tuple[Sequence[Tab], Guard]:
        view = AskView(state, ("portrait",))
        return [_ask_tab(view, _ASK, tr("Ask"))], view.guard

    return Page(later("Member portrait"), state, parts)


def targeting_page(state: State) -> Page:
    """Return the page of targeting: build an audience, or ask; the members of an answer can be taken over into an audience."""

    def parts(state: State, page: Page) -> tuple[Sequence[Tab], Guard]:
        made = Builder(state.shop)
        building = BuilderView(made)
        tab = Tab(
            "build", tr("Build an audience"), building,
            query=lambda: builder.query_of(made.draft), go=made.go_to, observed=made, trait="draft", opened=made.renew,
        )  # fmt: skip
        asking = AskView(state, ("targeting",), take=lambda call: (made.start_from(call), page.enter("build"))[1])
        return [tab, _ask_tab(asking, _ASK, tr("Ask about members and goods"))], building.guard

    return Page(later("Whom to address, and with which goods"), state, parts)


def differentiation_page(state: State) -> Page:
    """Return the page of differentiation: plan a campaign and launch it, or ask."""

    def parts(state: State, _page: Page) -> tuple[Sequence[Tab], Guard]:
        made = Planner(state.shop)
        planning = PlannerView(made)
        tab = Tab(
            "plan", tr("Plan a campaign"), planning,
            query=made.query, go=made.go_to, observed=made, trait="form", opened=planning.opened,
        )  # fmt: skip
        return [tab, _ask_tab(AskView(state, ("differentiation",)), _ASK, tr("Ask about offers and goods"))], planning.guard

    return Page(later("Which offer, and is it worth it"), state, parts)


def review_page(state: State) -> Page:
    """Return the page of the review: one campaign from verdict to lesson, or ask."""

    def parts(state: State, _page: Page) -> tuple[Sequence[Tab], Guard]:
        read = Reviewing(state.shop)
        reading = ReviewingView(read)
        tab = Tab(
            "read", tr("Read a campaign"), reading,
            query=read.query, go=read.go_to, observed=read, trait="campaign_id", opened=reading.opened,
        )  # fmt: skip
        return [tab, _ask_tab(AskView(state, ("review",)), _ASK, tr("Ask about campaigns and targets"))], reading.guard

    return Page(later("What did it change"), state, parts)


def _ask_tab(view: AskView, key: str, words: str) -> Tab:
    state = view.state
    return Tab(
        key, words, view,
        query=lambda: address.query_of(state.choice, state.start),
        go=lambda query: state.go_to(address.choice_of(query, state.start)),
        observed=state, trait="choice", opened=view.opened,
    )  # fmt: skip


def _receipts(state: State) -> str:
    shop = state.shop
    return tr(
        "{members:,} members, receipts from {first_day} to {last_day}",
        members=shop.members.height,
        first_day=shop.first_day,
        last_day=shop.last_day,
    )


def _title(title: str, told: str) -> str:
    # Only our own page has the other steps beside it; in JupyterLab the link would lead nowhere.
    steps = f'<a href="../../">{escape(tr("All four steps"))}</a> <a href="../../work">{escape(tr("Audiences and campaigns"))}</a>'
    way = f'<nav class="tk-way" aria-label="{escape(tr("Steps"))}">{steps}</nav>' if os.environ.get(PAGE_VARIABLE) else ""
    return f"{way}<h1>{escape(tr(title))}</h1><p>{escape(told)}</p>"
