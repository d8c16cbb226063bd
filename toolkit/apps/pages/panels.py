"""The pieces of an app's page as HTML: headline, chart, table, download, sentences. Everything that comes from data is escaped."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import Any

from toolkit import rendering, wording
from toolkit.answer import Answer
from toolkit.apps.pages.fields import on_our_page
from toolkit.apps.pages.plain_words import plain_words
from toolkit.charts import offline
from toolkit.language import tr
from toolkit.saving import csv_text, file_name
from toolkit.scope.member_columns import member_column

_PARTS = frozenset({"facet", "row", "column", "concat", "hconcat", "vconcat", "repeat"})
"""Of a specification or its encoding: a chart of several panels, each with its own width."""
_BESIDE = 220
"""Pixels beside the plotting area of a chart of full width, for axis, labels and legend."""
_FIGURES_BESIDE = 230
"""Pixels for figures that stand at the right of the plotting area, one line a row."""
_LONGEST_LINE = 1_000
"""Characters of a line that a person is told; what came is said back in it, and may be a whole page."""


def headline(answer: Answer) -> str:
    """Return question and headline."""
    return rendering.head_html(answer)


def details(answer: Answer, picks: Mapping[str, str] | None = None, *, above: Collection[str] = ()) -> str:
    """Return table and notes; `picks`: columns whose cells can be pressed, and what that does; `above`: notes that need no repeating."""
    return rendering.body_html(answer, picks, above=above)


def chart(answer: Answer, *, pick: str = "") -> str:
    """Return the place of an answer's chart; '' where it has none. `pick`: see `chart_place`."""
    return "" if answer.chart is None else chart_place(answer.chart, answer.question, pick=pick)


def chart_place(chart: Any, told: str, *, brush: str = "", pick: str = "") -> str:
    """Return the place of a chart with its specification; the page's one script (`app.js`) draws it.

    `brush` and `pick` are the classes of fields into which the script writes the rectangle that a person draws, and the row of the mark
    that they click.
    """
    spec = offline.chart_spec(chart)
    told = escape(str(spec.get("description") or told))
    axis = {"labelSeparation": 8, **spec.get("config", {}).get("axis", {})}  # at any width, labels of an axis keep apart
    spec = {**spec, "config": {**spec.get("config", {}), "axis": axis}}
    width, widest = spec.get("width"), ""
    if isinstance(width, int | float) and not _PARTS & (spec.keys() | spec.get("encoding", {}).keys()):
        # As wide as there is room: on a telephone it shrinks, on a large screen its axes, labels and legend get what they need beside it.
        beside = [_beside(layer, width) for layer in spec.get("layer", ())]
        spec = {**spec, "width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
        widest = f' style="max-width:{width + _BESIDE:.0f}px"'
        if beside != spec.get("layer", []):
            widest = f' style="max-width:{width + _BESIDE + _FIGURES_BESIDE:.0f}px" data-beside="figures"'
            spec = {**spec, "layer": beside}
    heard = f' data-brush="{escape(brush)}"' * bool(brush) + f' data-pick="{escape(pick)}"' * bool(pick)
    shown = escape(json.dumps(spec, default=str))
    return f'<div class="tk-chart" role="img" aria-label="{told}"{widest}{heard} data-spec="{shown}"></div>'


def _beside(layer: dict[str, Any], width: float) -> dict[str, Any]:
    """Return a layer; what stands beyond the right edge of the plotting area stays as far beyond it at any width."""
    across = layer.get("encoding", {}).get("x", {}).get("value")
    if not isinstance(across, int | float) or across <= width:
        return layer
    return {**layer, "encoding": {**layer["encoding"], "x": {"value": {"expr": f"width + {across - width:g}"}}}}


def chart_outputs(answer: Answer) -> tuple[dict[str, Any], ...]:
    """Return the chart as an output that JupyterLab draws itself."""
    if answer.chart is None:
        return ()
    return ({"output_type": "display_data", "data": offline.mime_bundle(answer.chart), "metadata": {}},)


def download(answer: Answer) -> str:
    """Return the link that saves the table; the file is in the link, so that nothing is written on the server.

    On our own page `tables.js` saves what it holds: only a longer table needs the link.
    """
    if answer.table.is_empty() or (on_our_page() and answer.table.height <= rendering.ROWS_HELD):
        return ""
    data = base64.b64encode(csv_text(answer.table, wording.labels_of(answer.columns)).encode("utf-8", "replace")).decode("ascii")
    name = escape(file_name(answer))
    words = tr("Save the table as CSV ({rows})", rows=wording.some(answer.table.height, "row"))
    return f'<a class="tk-download" download="{name}" href="data:text/csv;charset=utf-8;base64,{data}">{escape(words)}</a>'


def lead(text: str) -> str:
    """Return the one sentence of a page part that is no answer to a question."""
    return f'<p class="tk-headline">{rendering.kept(_said(text))}</p>'


def aside(title: str, text: str) -> str:
    """Return one more sentence beside an answer, under its own title."""
    return f'<div class="tk-aside"><h3>{escape(title)}</h3><p>{escape(_said(text))}</p></div>'


def figures(cells: Sequence[tuple[str, str]]) -> str:
    """Return headline figures: (figure, what it is) side by side."""
    rows = "".join(f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" for value, label in cells)
    return f'<dl class="tk-figures">{rows}</dl>'


def grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a small table: the first column text, the others figures."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table class="tk-grid"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def file_link(name: str, content: str, words: str) -> str:
    """Return the link that saves a file; it is in the link (base64), so that nothing is left on the server."""
    return f'<a class="tk-download" download="{escape(name)}" href="data:application/octet-stream;base64,{content}">{escape(words)}</a>'


def notes(lines: Sequence[str]) -> str:
    """Return caveats as a list."""
    return '<ul class="tk-notes">' + "".join(f"<li>{escape(_said(line))}</li>" for line in lines) + "</ul>" if lines else ""


def ways(parts: Sequence[tuple[str, str, bool]]) -> str:
    """Return the ways to the parts of a page: (part, its words, whether it is there yet); the script scrolls to `tk-section-<part>`."""
    rows = "".join(
        f'<li><a href="#{escape(key)}" data-way="{escape(key)}">{escape(words)}</a></li>' if there else f"<li>{escape(words)} …</li>"
        for key, words, there in parts
    )
    return f"<ol>{rows}</ol>"


def ways_on(links: Sequence[tuple[str, str]]) -> str:
    """Return where one goes on, as (words, address)."""
    return "".join(f'<a class="tk-way-on" href="{escape(link)}">{escape(words)}</a>' for words, link in links)


def address(query: str, moves: int, language: str, went: str) -> str:
    """Return what `app.js` keeps in the address of the page, and its language.

    `moves` counts the changes since it opened; `went` is the number of the last address that the page was sent to and has taken in.
    """
    return f'<span data-query="{escape(query)}" data-moves="{moves}" data-language="{language}" data-went="{escape(went)}"></span>'


def audience_words(names: Sequence[str]) -> str:
    """Return the fold that says what can stand in the field of an audience."""
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(member_column(name).heading)}</dd></div>" for name in names)
    told = tr(
        "A condition on each member: a name from this list, a sign (=, >, <, >=, <=) and a value; texts stand in '…'. Join several with "
        "AND, OR. For example: order_count >= 10 AND order_count_28d = 0"
    )
    asked = tr("What can stand here?")
    return f"<details><summary>{escape(asked)}</summary><p>{escape(told, quote=False)}</p><dl>{rows}</dl></details>"


def sentence(text: str, *, kind: str = "stop") -> str:
    """Return sentences to the person, one paragraph each; `stop` is read out at once by a screen reader."""
    if not text:
        return ""
    role = "alert" if kind == "stop" else "status"
    lines = "".join(f"<p>{escape(_said(_shortened(line)))}</p>" for line in text.splitlines())
    return f'<div class="tk-sentence tk-{kind}" role="{role}">{lines}</div>'


def _said(text: str) -> str:
    """A text as the page says it: on our own, names are in words."""
    return plain_words(text) if on_our_page() else text


def _shortened(line: str) -> str:
    """Return a line with its beginning and its end, which says what to do."""
    half = _LONGEST_LINE // 2
    return line if len(line) <= _LONGEST_LINE else f"{line[:half]} … {line[-half:]}"
