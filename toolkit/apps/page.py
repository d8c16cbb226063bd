"""The page of an app: title and way back, its parts behind tabs, and the view in the address."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import ipywidgets as widgets

from toolkit.apps import address, builder, panels, planner
from toolkit.apps.builder import Builder
from toolkit.apps.builder_view import BuilderView
from toolkit.apps.choice import START, Choice
from toolkit.apps.fields import button, flex, html
from toolkit.apps.guard import Guard
from toolkit.apps.planner import Planner
from toolkit.apps.planner_view import PlannerView
from toolkit.apps.reviewing import Reviewing
from toolkit.apps.reviewing_view import ReviewingView
from toolkit.apps.shown import PAGE_VARIABLE
from toolkit.apps.state import State
from toolkit.apps.view import WORKSPACE_VARIABLE, AskView
from toolkit.language import tr

_TAB = "tab"


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


class Page:
    """Title, tabs where there is more than one part, and the address."""

    def __init__(self, title: str, state: State, tabs: Sequence[Tab], guard: Guard) -> None:
        self.tabs, self.shown, self.moves = {tab.key: tab for tab in tabs}, tabs[0].key, -1
        self.first = tabs[0].key
        self.told, self.went = html("tk-address-told"), widgets.Text(continuous_update=False)
        self.went.add_class("tk-address-went")
        self.went.observe(guard(self._go), "value")
        self.buttons = {tab.key: button(tab.words, "tk-tab", guard(lambda _button, key=tab.key: self.enter(key))) for tab in tabs}
        row = widgets.Box(list(self.buttons.values()), layout=flex("row wrap"))
        row.add_class("tk-tabs")
        self.title, self.state, self.heading = title, state, html("tk-title", _title(title, _receipts(state)))
        self.page = widgets.VBox([self.heading, self.told, self.went, *([row] if len(tabs) > 1 else []), *(tab.view.box for tab in tabs)])
        self.page.add_class("tk-page")
        for tab in tabs:
            tab.observed.observe(guard(lambda _change: self._tell()), tab.trait)
        self.open(self.first)
        if not os.environ.get(PAGE_VARIABLE):  # nothing tells us when a notebook is looked at
            self.tabs[self.first].opened()

    def enter(self, key: str) -> None:
        """Show one part to a person: what it opens with is worked out now."""
        self.open(key)
        self.tabs[key].opened()
        self.heading.value = _title(self.title, _receipts(self.state))

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
        self.moves += 1  # the first is how the page opened: nothing to write into the address
        query = self.tabs[self.shown].query()
        if self.shown != self.first:
            query = urlencode([(_TAB, self.shown), *parse_qsl(query, keep_blank_values=True)])
        self.told.value = panels.address(query, self.moves)

    def _go(self, change: Any) -> None:
        _number, _, query = str(change["new"]).partition("|")  # the number makes the same address twice two changes
        key = dict(parse_qsl(query)).get(_TAB, self.first)
        key = key if key in self.tabs else self.first
        self.tabs[key].go(query)
        self.enter(key)


def open_state(workspace: str | Path = "", *, question: str = START, asked: bool = True) -> State:
    """Return the state on a workspace (the one given, or that of `toolkit app`, or the demo) that opens with a question.

    `asked=False` leaves the question until a person looks at it.
    """
    return State(workspace or os.environ.get(WORKSPACE_VARIABLE, "") or "../demo/workspace", Choice(question=question), asked=asked)


def ask_page(state: State, title: str, steps: tuple[str, ...] = ("portrait",)) -> Page:
    """Return the page that asks the questions of some steps."""
    view = AskView(state, steps)
    return Page(title, state, [_ask_tab(view, "ask", "Ask")], view.guard)


def targeting_page(state: State, title: str) -> Page:
    """Return the page of targeting: build an audience, or ask; the members of an answer can be taken over into an audience."""
    made = Builder(state.shop)
    building = BuilderView(made)
    tab = Tab(
        "build", tr('Build an audience'), building,
        query=lambda: builder.query_of(made.draft), go=made.go_to, observed=made, trait="draft", opened=made.renew,
    )  # fmt: skip
    asking = AskView(state, ("targeting",), take=lambda call: (made.start_from(call), page.enter("build"))[1])
    page = Page(title, state, [tab, _ask_tab(asking, "ask", tr("Ask about members and goods"))], building.guard)
    return page


def differentiation_page(state: State, title: str) -> Page:
    """Return the page of differentiation: plan a campaign and launch it, or ask."""
    made = Planner(state.shop)
    planning = PlannerView(made)
    tab = Tab(
        "plan", tr('Plan a campaign'), planning,
        query=lambda: planner.query_of(made.form, made.start), go=made.go_to, observed=made, trait="form", opened=planning.opened,
    )  # fmt: skip
    asking = AskView(state, ("differentiation",))
    return Page(title, state, [tab, _ask_tab(asking, "ask", tr("Ask about offers and goods"))], planning.guard)


def review_page(state: State, title: str) -> Page:
    """Return the page of the review: one campaign from verdict to lesson, or ask."""
    read = Reviewing(state.shop)
    reading = ReviewingView(read)
    tab = Tab(
        "read", tr("Read a campaign"), reading, query=read.query, go=read.go_to, observed=read, trait="campaign_id", opened=reading.opened
    )
    asking = AskView(state, ("review",))
    return Page(title, state, [tab, _ask_tab(asking, "ask", tr("Ask about campaigns and targets"))], reading.guard)


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
        "{height:,} members, receipts from {first_day} to {last_day}",
        height=shop.members.height,
        first_day=shop.first_day,
        last_day=shop.last_day,
    )


def _title(title: str, told: str) -> str:
    # Only our own page has the other steps beside it; in JupyterLab the link would lead nowhere.
    way = '<nav class="tk-way" aria-label="Steps"><a href="../../">All four steps</a></nav>' if os.environ.get(PAGE_VARIABLE) else ""
    return f"{way}<h1>{escape(title)}</h1><p>{escape(told)}</p>"
