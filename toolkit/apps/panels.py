"""The pieces of an app's page as HTML: headline, chart, table, download, sentences. Everything that comes from data is escaped."""

from __future__ import annotations

import base64
import json
from html import escape

from toolkit import rendering
from toolkit.answer import Answer
from toolkit.apps.download import csv_text, file_name
from toolkit.charts import offline


def headline(answer: Answer) -> str:
    """Return question and headline."""
    return rendering.head_html(answer)


def details(answer: Answer) -> str:
    """Return table and notes."""
    return rendering.body_html(answer)


def chart(answer: Answer) -> str:
    """Return the place of the chart with its specification; the page's one script (`app.js`) draws it."""
    if answer.chart is None:
        return ""
    spec = offline.chart_spec(answer.chart)
    told = escape(str(spec.get("description") or answer.question))
    return f'<div class="tk-chart" role="img" aria-label="{told}" data-spec="{escape(json.dumps(spec, default=str))}"></div>'


def download(answer: Answer) -> str:
    """Return the link that saves the table; the file is in the link, so that nothing is written on the server."""
    if answer.table.is_empty():
        return ""
    data = base64.b64encode(csv_text(answer.table).encode("utf-8", "replace")).decode("ascii")
    name = escape(file_name(answer))
    rows = f"{answer.table.height:,} row{'' if answer.table.height == 1 else 's'}"
    return f'<a class="tk-download" download="{name}" href="data:text/csv;charset=utf-8;base64,{data}">Save the table as CSV ({rows})</a>'


def sentence(text: str, *, kind: str = "stop") -> str:
    """Return sentences to the person, one paragraph each; `stop` is read out at once by a screen reader."""
    if not text:
        return ""
    role = "alert" if kind == "stop" else "status"
    return f'<div class="tk-sentence tk-{kind}" role="{role}">' + "".join(f"<p>{escape(line)}</p>" for line in text.splitlines()) + "</div>"
