"""The widgets of the review: pick a campaign, the verdict first, then what it rests on; save it as a page or a workbook."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from toolkit.answer import Answer
from toolkit.apps.pages import panels
from toolkit.apps.pages.error_boundary import Guard
from toolkit.apps.pages.fields import button, flex, folded, html, on_our_page
from toolkit.apps.pages.kept import app_address
from toolkit.apps.pages.reviewing import NO_CAMPAIGN, SECTIONS, Reviewing
from toolkit.apps.pages.shown import Shown
from toolkit.conversation.menu import SECTION_WORDS
from toolkit.language import tr


class ReviewingView:
    """The page's part for reading a review."""

    def __init__(self, reviewing: Reviewing) -> None:
        self.reviewing, self.showing = reviewing, False
        self.said = html("tk-said")
        self.guard = Guard(lambda text: setattr(self.said, "value", panels.sentence(text)))
        self.busy, self.told = html("tk-busy"), html("tk-told")
        self.campaign = widgets.Dropdown(description=tr("Campaign"))
        self.campaign.add_class("tk-field")
        self.campaign.add_class("tk-audience")
        chosen = self.guard(lambda change: reviewing.choose(change["new"]))
        self.campaign.observe(lambda change: None if self.showing or not change["new"] else chosen(change), "value")
        refresh = button(tr("Read the list again"), "tk-quiet", self.guard(lambda _button: self.opened()))
        page = button(tr("Save as a page (HTML)"), "tk-quiet", self.guard(lambda _button: self._file(reviewing.html_file())))
        book = button(tr("Save the tables (Excel)"), "tk-quiet", self.guard(lambda _button: self._file(reviewing.xlsx_file())))
        top = widgets.Box([self.campaign, refresh, page, book], layout=flex("row wrap"))
        top.add_class("tk-scope-fields")
        self.places: dict[str, Shown] = {name: Shown() for name in SECTIONS}
        parts: list[Any] = [self.busy, self.said, self.told]
        for name in SECTIONS:
            section = widgets.VBox(list(self.places[name].parts))
            section.add_class("tk-section")
            section.add_class(f"tk-section-{name}")
            parts.append(section)
        self.parts: dict[str, Any] = dict(zip(SECTIONS, parts[3:], strict=True))
        self.learnt, self.ways_on = html("tk-told"), html("tk-ways-on")
        near = Guard(lambda text: setattr(self.learnt, "value", panels.sentence(text)))  # said where the button is
        keep = button(tr("Keep the lessons of this campaign"), "tk-act", near(lambda _button: self._keep(of_all=False)))
        keep_all = button(tr("Keep the lessons of all campaigns"), "tk-quiet", near(lambda _button: self._keep(of_all=True)))
        keeps = widgets.Box([keep, keep_all, self.ways_on], layout=flex("row wrap"))
        keeps.add_class("tk-moves")
        self.after = widgets.VBox([html("tk-ask-words", f"<h2>{tr('What comes of it')}</h2>"), keeps, self.learnt])
        self.lead = parts[:3]
        main = self.main = widgets.VBox([*parts, self.after], layout=flex("column", "1 1 32rem"))
        main.add_class("tk-main")
        self.ways = html("tk-ways")
        menu = widgets.VBox([self.ways], layout=flex("column", "0 1 14rem"))
        menu.add_class("tk-menu")
        folded(menu, tr("Parts of this review"))
        body = widgets.Box([menu, main], layout=flex("row wrap"))
        body.add_class("tk-body")
        choice = widgets.VBox([top])
        choice.add_class("tk-scope")
        folded(choice, tr("Choose a campaign, save the review"))
        self.box = widgets.VBox([choice, body])
        self.box.add_class("tk-asking")
        reviewing.observe(self.guard(self._show), "sections")
        reviewing.observe(self._show_busy, "busy")
        self._list()
        self._show()

    def _list(self) -> None:
        self.showing = True
        try:
            self.campaign.options = [(one.words, one.campaign_id) for one in self.reviewing.campaigns]
            if self.reviewing.campaigns:
                self.campaign.value = self.reviewing.campaign_id or self.reviewing.campaigns[0].campaign_id
            else:
                self.said.value = panels.sentence(tr(NO_CAMPAIGN))
        finally:
            self.showing = False

    def _show(self, _change: Any = None) -> None:
        self.told.value = ""
        order = self.reviewing.order
        shown = (*self.lead, *(self.parts[name] for name in order), self.after)
        if tuple(self.main.children) != shown:
            self.main.children = shown
        self.after.layout.display = "" if self.reviewing.campaign_id and not self.reviewing.is_running else "none"
        next_plan = (tr("Use in the next plan"), app_address("differentiation", after=self.reviewing.campaign_id))
        self.ways_on.value = panels.ways_on([next_plan]) if on_our_page() else ""
        above = set[str]()  # sections are answered from the top down
        for name in order:
            place = self.places[name]
            section = self.reviewing.sections.get(name)
            place.show(section, above=above)
            above = above | {note.text for note in section.notes} if isinstance(section, Answer) else above
        self.ways.value = panels.ways([(name, tr(SECTION_WORDS[name]), name in self.reviewing.sections) for name in order])
        self._list()

    def _show_busy(self, change: Any) -> None:
        self.busy.value = panels.sentence(tr("Reading the receipts of the campaign …"), kind="wait") if change["new"] else ""

    def opened(self) -> None:
        """Called when the part comes before a person: campaigns may be new, and only the verdict was worked out."""
        self.reviewing.renew()
        self._list()

    def _keep(self, *, of_all: bool) -> None:
        self.learnt.value = panels.sentence(self.reviewing.keep_lessons(of_all=of_all), kind="done")

    def _file(self, made: tuple[str, str]) -> None:
        name, content = made
        self.told.value = panels.file_link(name, content, tr("Save {name}", name=name))
