"""An answer as widgets: headline, chart, table and notes, the file of its table; or the sentence that says why there is none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from toolkit.answer import Answer
from toolkit.apps.pages import panels
from toolkit.apps.pages.controls import in_words
from toolkit.apps.pages.fields import html, on_our_page
from toolkit.apps.pages.plain_words import plain_answer


class Shown:
    """The place of one answer. `pick` is the class of a field into which a click on the chart is written; `picks`: see `panels.details`."""

    def __init__(self, *, pick: str = "", picks: Mapping[str, str] | None = None) -> None:
        self.pick, self.picks = pick, picks
        self.stop, self.head = html("tk-stop-place"), html("tk-head")
        self.chart: Any = html("tk-chart-place") if on_our_page() else widgets.Output()
        self.details, self.download = html("tk-details"), html("tk-download-place")
        self.parts = (self.stop, self.head, self.chart, self.details, self.download)
        self._shown: Answer | str | None = None

    def show(self, result: Answer | str | None, *, above: Collection[str] = ()) -> None:
        """Show an answer, a sentence, or nothing; what is shown already stays, since a chart takes a while to be written down.

        `above`: notes that stand further up on the page.
        """
        if result is self._shown:
            return
        self._shown = result
        answer = _in_words(result) if isinstance(result, Answer) else None
        self.stop.value = panels.sentence(result) if isinstance(result, str) else ""
        self.head.value = panels.headline(answer) if answer else ""
        if isinstance(self.chart, widgets.Output):
            self.chart.outputs = panels.chart_outputs(answer) if answer else ()
        else:
            self.chart.value = panels.chart(answer, pick=self.pick) if answer else ""
        above = {in_words(text, answer.name) for text in above} if answer else ()
        self.details.value = panels.details(answer, self.picks, above=above) if answer else ""
        self.download.value = panels.download(answer) if answer else ""


def _in_words(answer: Answer) -> Answer:
    """Return an answer whose headline and notes call parameters what the page calls them."""
    notes = [replace(note, text=in_words(note.text, answer.name)) for note in answer.notes]
    shown = replace(answer, finding=replace(answer.finding, headline=in_words(answer.headline, answer.name), notes=notes))
    return plain_answer(shown) if on_our_page() else shown
