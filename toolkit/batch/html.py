"""An executed notebook as an HTML page: no network, charts drawn by one shared local script, code hidden, good on paper.

nbconvert turns the cells into the body; the page around it is ours. A page may run only the scripts that we put there: its content
security policy forbids everything else, inline handlers and any request to anywhere included, whatever a cell may print.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from jinja2 import DictLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from nbconvert.exporters import TemplateExporter
from nbconvert.filters.ansi import strip_ansi
from traitlets import List, default

from toolkit import language, wording
from toolkit.batch.figures import MOST_FIGURES, answer_of, figure_column, figure_label, headline_figures, leading, told_answers
from toolkit.brand import Brand
from toolkit.charts import offline, sparkline
from toolkit.charts.theme import config
from toolkit.language import script_json, tr
from toolkit.rendering import tables_script
from toolkit.shipped import colours

TEMPLATES = Path(__file__).with_name("templates")
HIDDEN_TAG = "not-in-report"
_STYLE_BLOCK = re.compile(r"<style>.*?</style>", re.DOTALL)


@dataclass(frozen=True)
class Heading:
    """What stands at the top of a page."""

    title: str
    store: str
    store_id: str
    as_of: str = ""
    index_url: str = ""
    beside: tuple[tuple[str, str], ...] = ()
    """The pages of the same store: (title, address)."""
    brand: Brand | None = None


class ReportExporter(TemplateExporter):
    """nbconvert exporter that gives the body of a report: outputs and text, no code, no prompts."""

    extra_loaders = List([DictLoader({"report_body.html.j2": (TEMPLATES / "report_body.html.j2").read_text("utf-8")})])

    @default("template_file")
    def _template_file_default(self) -> str:
        return "report_body.html.j2"

    @default("template_name")
    def _template_name_default(self) -> str:
        return "base"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(self, nb: Any, resources: Any = None, **_options: Any) -> tuple[str, Any]:
        """Render a notebook that `_for_reading` prepared: nbconvert's own preprocessing copies and validates it several times."""
        resources = self._init_resources(resources)
        resources["global_content_filter"] = {
            "include_code": True,
            "include_markdown": True,
            "include_raw": False,
            "include_unknown": False,
        }
        return self.template.render(nb=nb, resources=resources, tr=tr), resources

    def default_filters(self):  # noqa: D102 - nbconvert's own interface
        yield from super().default_filters()
        yield "chart_json", chart_json
        yield "told", answer_of
        yield "without_ansi", strip_ansi


def chart_json(spec: Mapping[str, Any]) -> str:
    """Return a chart's specification as JSON that can stand inside a `<script>`; the theme is left out, for the page holds it once."""
    slim = {key: value for key, value in spec.items() if not (key == "config" and value == config())}
    return script_json(slim)


def report_page(notebook: Mapping[str, Any], heading: Heading, *, script_url: str | None) -> str:
    """Return the page of an executed notebook.

    `script_url` is where the shared chart script is, relative to the page; None puts the script into the page (one file to mail).
    """
    reading, contents = _for_reading(notebook)
    body, _ = _exporter().from_notebook_node(reading)
    charts = 'class="chart"' in body
    return page(
        "store.html.j2" if _is_sheet(notebook) else "report.html.j2",
        heading=heading,
        body=Markup(body),
        contents=contents,
        tiles=[] if _is_sheet(notebook) else _tiles(notebook),
        theme=Markup(script_json(config())),
        script_url=script_url if charts else None,
        script=Markup(offline.bundle()) if charts and script_url is None else "",
        charts=charts,
        tables=Markup(tables_script()) if 'class="tk-table"' in body else "",
    )


def notice_page(heading: Heading, *, kind: str, sentence: str, details: str = "") -> str:
    """Return a page that says why there is no report: `too_small` or `failed`."""
    return page("notice.html.j2", heading=heading, kind=kind, sentence=sentence, details=strip_ansi(details))


def page(template: str, **values: Any) -> str:
    """Render one of our templates, everything escaped, with the style sheet and a policy that allows its own scripts only."""
    seed = json.dumps([template, values], default=str, sort_keys=True).encode("utf-8", "backslashreplace")
    nonce = hashlib.sha256(b"toolkit" + seed).hexdigest()[:24]
    brand = values.pop("brand", None) or getattr(values.get("heading"), "brand", None) or Brand()
    style = Markup(colours() + (TEMPLATES / "page.css").read_text("utf-8") + brand.style)
    shown = {"style": style, "brand": Markup(brand.head), "language": language.current()}
    text = environment().get_template(template).render(**values, **shown, nonce=nonce)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@functools.cache
def environment() -> Environment:
    """Return the jinja environment of the pages; an undefined name is an error."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.globals.update(tr=tr, some=wording.some)
    env.filters["script_json"] = lambda value: Markup(script_json(value))
    return env


def notebook_title(notebook: Mapping[str, Any], fallback: str) -> str:
    """Return the title of a notebook: its metadata's, or its first heading, or the file's name in words."""
    title = notebook.get("metadata", {}).get("title")
    if title:
        return tr(str(title))
    for cell in notebook.get("cells", []):
        if cell.get("cell_type") == "markdown":
            heading = re.match(r"#\s+(.+)", _text(cell["source"]).strip())
            if heading:
                return tr(heading.group(1).strip())
    return fallback.replace("_", " ").replace("-", " ").strip().capitalize()


def _for_reading(notebook: Mapping[str, Any]) -> tuple[Any, list[dict[str, str]]]:
    """Return the notebook less what readers do not need, and the list of its answers for the contents."""
    reading = cast("dict[str, Any]", copy.copy(notebook))  # a NotebookNode is a dict
    cells, contents, seen_title = [], [], False
    for cell in styled_once(notebook):
        tags = cell.get("metadata", {}).get("tags", [])
        if HIDDEN_TAG in tags or "parameters" in tags or "injected-parameters" in tags:
            continue
        if cell["cell_type"] == "markdown" and not seen_title and _text(cell["source"]).lstrip().startswith("# "):
            cell, seen_title = copy.copy(cell), True
            cell["source"] = re.sub(r"\A\s*#\s+[^\n]*\n?", "", _text(cell["source"]))  # the page has it as its own title
        cells.append(_spoken(cell) if cell["cell_type"] == "markdown" else cell)
    for number, (output, answer) in enumerate(told_answers({"cells": cells}), start=1):
        contents.append({"anchor": f"answer-{number}", "text": _question(output, answer), "call": str(answer.get("call") or "")})
    contents = told_apart(contents)
    if not _is_sheet(notebook):
        _fold(cells, contents)
    reading["cells"] = cells
    return reading, contents


def _is_sheet(notebook: Mapping[str, Any]) -> bool:
    """Whether the notebook is one page by itself, as its metadata say: no contents, nothing folded."""
    return notebook.get("metadata", {}).get("layout") == "sheet"


def _fold(cells: list[Any], contents: Iterable[Mapping[str, str]]) -> None:
    """Mark where an answer begins and ends, so that it is folded behind its question and headline; the first one stands open."""
    questions = iter(contents)
    is_first = True
    for cell in cells:
        last = None
        for output in cell.get("outputs", []):
            answer = answer_of(output)
            if answer is not None:
                output["fold"] = {**next(questions), "headline": str(answer.get("headline") or ""), "open": is_first}
                is_first = False
                if last is not None:
                    last["fold_ends"] = True
            if answer is not None or last is not None:
                last = output
        if last is not None:
            last["fold_ends"] = True


def _spoken(cell: Any) -> Any:
    """A cell of text in the reader's language: its headings and paragraphs are messages of the catalogue."""
    if language.current() == language.SOURCE:
        return cell
    parts = re.split(r"(\n\n+)", _text(cell["source"]).strip())
    heads = [re.match(r"#+\s+", part) for part in parts]
    parts_said = [(head.group() + tr(part[head.end() :])) if head else tr(part) for head, part in zip(heads, parts, strict=True)]
    return {**cell, "source": "".join(parts_said)}


def told_apart(contents: list[dict[str, str]]) -> list[dict[str, str]]:
    """Say beside a question that the page asks again what is different about it: 'What did the campaign change? (by segment)'."""
    first: dict[str, set[tuple[str, str]]] = {}
    titles = []
    for item in contents:
        given = set(re.findall(r"(\w+)=('[^']*'|[\w.]+)", item["call"]))
        known = first.setdefault(item["text"], given)
        difference = ", ".join(f"{key} {value.strip(chr(39))}" for key, value in sorted(given - known))
        titles.append({**item, "text": f"{item['text']} ({difference})" if difference else item["text"]})
    return titles


def styled_once(notebook: Mapping[str, Any]) -> list[Any]:
    """Return copies of a notebook's cells in which each style block stands only in the first output that brings it."""
    seen: set[str] = set()

    def keep_first(match: re.Match[str]) -> str:
        known = match.group() in seen
        seen.add(match.group())
        return "" if known else match.group()

    cells = []
    for cell in notebook["cells"]:
        cell = copy.copy(cell)
        if "outputs" in cell:
            cell["outputs"] = [copy.copy(output) for output in cell["outputs"]]
            for output in cell["outputs"]:
                if "metadata" in output:
                    output["metadata"] = copy.copy(output["metadata"])
                html = _text(output.get("data", {}).get("text/html", ""))
                if "<style>" in html:
                    output["data"] = {**output["data"], "text/html": _STYLE_BLOCK.sub(keep_first, html)}
        cells.append(cell)
    return cells


def _question(output: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    text = answer.get("question") or _text(output.get("data", {}).get("text/plain", "")).split("\n")[0]
    return str(text or answer["name"])


def _tiles(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the headline figures of the page, for the strip at its top."""
    lead = leading(headline_figures(notebook).values())
    if lead is None:
        return []
    tiles: list[dict[str, Any]] = [
        {"label": figure_label(key), "value": figure_text(key, value, lead["currency"])}
        for key, value in list(lead["figures"].items())[:MOST_FIGURES]
    ]
    if lead["spark"]:
        tiles[0]["picture"] = Markup(
            sparkline.spark_line(lead["spark"], label=tr("{label}, course", label=tiles[0]["label"]), width=120, height=28)
        )
    return tiles


def figure_text(key: str, value: float | None, currency: str) -> str:
    """Return a headline figure as it is declared: money, share, count ..."""
    kind = figure_column(key).kind
    if kind == "money" and not currency:
        kind = "number"
    return wording.cell(value, kind, currency)


@functools.cache
def _exporter() -> ReportExporter:
    return ReportExporter()


def _text(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)


def error_sentence(name: str, value: str) -> str:
    """Return an error of a notebook as one plain line: our own errors by their text, others with their type."""
    first = strip_ansi(str(value)).strip().split("\n")[0][:500]
    return first if first and name in _OWN_ERRORS else f"{name}: {first}" if first else name


_OWN_ERRORS = frozenset(
    {
        "ToolkitError",
        "MappingError",
        "DataError",
        "ImportRefused",
        "WorkspaceError",
        "UnknownName",
        "BadValue",
        "TooFewMembers",
        "OwnQuestionFailed",
    }
)
__all__ = [
    "Heading",
    "ReportExporter",
    "error_sentence",
    "escape",
    "figure_text",
    "notebook_title",
    "notice_page",
    "page",
    "report_page",
    "script_json",
]
