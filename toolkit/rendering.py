"""An answer on each surface: in JupyterLab, as a page of its own, as text in a shell. The words and figures are the same everywhere."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jinja2 import Environment

from toolkit import wording
from toolkit.answer import ANSWER_MIME, Answer
from toolkit.charts import offline

ROWS_SHOWN = 60
"""Rows of a table that a page or a notebook shows; the whole table is in `answer.table` and in the JSON."""
ROWS_IN_SHELL = 40

STYLE = """
.tk-answer{font-family:system-ui,-apple-system,"Segoe UI","Noto Sans",sans-serif;color:#1f2933;max-width:920px}
.tk-question{font-size:.8rem;letter-spacing:.02em;color:#52606d;margin:0 0 .2rem}
.tk-headline{font-size:1.15rem;line-height:1.45;font-weight:600;margin:0 0 .5rem}
.tk-answer table{border-collapse:collapse;font-size:.85rem;margin:.5rem 0;border:0}
.tk-answer th{font-weight:600;color:#52606d;border-bottom:1px solid #cbd2d9;padding:.3rem .8rem .3rem 0;vertical-align:bottom}
.tk-answer td{border-bottom:1px solid #eef1f4;padding:.25rem .8rem .25rem 0;overflow-wrap:anywhere}
.tk-answer .tk-num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.tk-answer .tk-txt{text-align:left}
.tk-notes{font-size:.85rem;color:#52606d;padding-left:1.1rem;margin:.4rem 0}
.tk-verdict{font-weight:700;color:#1f2933}
.tk-more,.tk-next{font-size:.8rem;color:#52606d;margin:.3rem 0}
.tk-next code{font-size:.78rem;background:#f2f4f7;padding:.1rem .3rem;border-radius:3px}
"""

_HEAD = """<style>{{ style }}</style><div class="tk-answer"><p class="tk-question">{{ a.question }} &middot; {{ a.scope }}, as of {{ a.as_of }}</p>
<p class="tk-headline">{{ a.headline }}</p></div>"""

_BODY = """<div class="tk-answer">{% if rows %}<table><thead><tr>
{%- for c in columns %}<th class="{{ 'tk-num' if c.numeric else 'tk-txt' }}">{{ c.label }}</th>{% endfor %}</tr></thead><tbody>
{%- for row in rows %}<tr>{% for c in columns %}<td class="{{ 'tk-num' if c.numeric else 'tk-txt' }}">{{ row[loop.index0] }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table>{% endif %}
{%- if more %}<p class="tk-more">{{ more }}</p>{% endif %}
{%- if a.notes %}<ul class="tk-notes">{% for note in a.notes %}<li>{% if note.verdict %}<span class="tk-verdict">{{ note.verdict }}</span> {% endif %}{{ note.text }}</li>
{% endfor %}</ul>{% endif %}
{%- if a.ask_next %}<p class="tk-next">Ask next: {% for call in a.ask_next %}<code>{{ call }}</code> {% endfor %}</p>{% endif %}</div>"""

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{{ a.question }}</title><style>body{margin:2rem auto;padding:0 1rem;max-width:960px;background:#fff}#tk-chart{margin:1rem 0}</style></head><body>
{{ head | safe }}{% if spec %}<div id="tk-chart" role="img" aria-label="{{ a.question }}"></div>{% endif %}{{ body | safe }}
<p class="tk-answer tk-next">This answer: <code>{{ a.call }}</code></p>
{% if spec %}<script type="application/json" id="tk-spec">{{ spec | safe }}</script><script>{{ bundle | safe }}</script>
<script>vegaEmbed("#tk-chart",JSON.parse(document.getElementById("tk-spec").textContent),{actions:false});</script>{% endif %}</body></html>"""

_NUMERIC = frozenset({"count", "number", "money", "share", "days", "score", "index"})


@cache
def _template(text: str) -> Any:
    return Environment(autoescape=True).from_string(text)


def head_html(answer: Answer) -> str:
    """Return question and headline as HTML; everything that came from data is escaped."""
    return _template(_HEAD).render(a=answer, style=STYLE)


def body_html(answer: Answer) -> str:
    """Return table, notes and what to ask next as HTML."""
    kinds = answer.kinds
    columns = [{"label": wording.label_of(name), "numeric": kind in _NUMERIC} for name, kind in kinds.items()]
    rows = [
        [wording.cell(row[name], kind, answer.currency) for name, kind in kinds.items()]
        for row in answer.table.head(ROWS_SHOWN).iter_rows(named=True)
    ]
    left = answer.table.height - len(rows)
    more = f"{left:,} more rows are in the answer's table." if left > 0 else ""
    return _template(_BODY).render(a=answer, columns=columns, rows=rows, more=more)


def page_html(answer: Answer) -> str:
    """Return the answer as one HTML page that needs no network."""
    spec = json.dumps(offline.chart_spec(answer.chart)).replace("</", "<\\/") if answer.chart is not None else ""
    return _template(_PAGE).render(
        a=answer, head=head_html(answer), body=body_html(answer), spec=spec, bundle=offline.bundle() if spec else ""
    )


def display_answer(answer: Answer) -> None:
    """Show the answer in a notebook: headline, chart, table. The figures travel as display metadata, for the index of a batch."""
    from IPython.display import display

    told = {
        "name": answer.name,
        "headline": answer.headline,
        "figures": answer.to_dict()["figures"],
        "spark": list(answer.finding.spark),
        "currency": answer.currency,
    }
    display({"text/html": head_html(answer), "text/plain": f"{answer.question}\n{answer.headline}"}, raw=True, metadata={ANSWER_MIME: told})
    if answer.chart is not None:
        display(offline.mime_bundle(answer.chart), raw=True)
    display({"text/html": body_html(answer), "text/plain": text(answer, heading=False)}, raw=True)


def text(answer: Answer, *, heading: bool = True, width: int = 140) -> str:
    """Return the answer as text for a shell."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=width, no_color=True, highlight=False, record=False, force_terminal=False)
    with console.capture() as capture:
        if heading:
            console.print(Text(f"{answer.question}  ({answer.scope}, as of {answer.as_of})"))
            console.print(Text(answer.headline), style="bold")
        if answer.table.height:
            grid = Table(box=None, pad_edge=False, header_style="bold")
            rows = [
                [wording.cell(row[name], kind, answer.currency) for name, kind in answer.kinds.items()]
                for row in answer.table.head(ROWS_IN_SHELL).iter_rows(named=True)
            ]
            for place, (name, kind) in enumerate(answer.kinds.items()):
                # Words may fold, figures and dates may not: their column is as wide as the widest of them.
                least = max(len(row[place]) for row in rows) if kind != "text" else None
                justify = "right" if kind in _NUMERIC else "left"
                grid.add_column(Text(wording.label_of(name)), justify=justify, overflow="fold", min_width=least)
            for row in rows:
                grid.add_row(*(Text(value) for value in row))
            console.print()
            console.print(grid)
            if answer.table.height > ROWS_IN_SHELL:
                console.print(Text(f"... {answer.table.height - ROWS_IN_SHELL:,} more rows: use --json or --html."))
            console.print()
        for note in answer.notes:
            console.print(Text(f"- {note}"))
        if answer.ask_next:
            console.print(Text("Ask next: " + "  ".join(answer.ask_next)))
    return capture.get().rstrip()
