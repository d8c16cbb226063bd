"""An answer on each surface: in JupyterLab, as a page of its own, as text in a shell. The words and figures are the same everywhere."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from markupsafe import escape

from toolkit import language, wording
from toolkit.answer import ANSWER_MIME, Answer
from toolkit.atomic import written_beside
from toolkit.charts import offline
from toolkit.columns import Column
from toolkit.errors import BadValue, DataError, shorten
from toolkit.language import json_text, plain, script_json, tr, trn
from toolkit.saving import csv_text, file_stem, workbook
from toolkit.shipped import colours, shipped_folder
from toolkit.sources.spellings import MEMBER_IDS

if TYPE_CHECKING:
    from jinja2 import Environment

ROWS_SHOWN = 60
"""Rows of a table that a page or a notebook shows; the whole table is in `answer.table` and in the JSON."""
ROWS_HELD = 20_000
"""Rows that a page with a script holds: it pages through them, sorts and saves them."""
ROWS_UNFOLDED = 12
"""A longer table beside a chart is folded: the picture says it, the rows are a click away."""
ROWS_IN_SHELL = 40
LONG_TEXT = 28
"""Characters from which a column of text holds sentences rather than names."""


_KEPT = re.compile(r"(\d{4}-\d{2}-\d{2}|\bn = \d[\d,]*|(?<![\w-])\(?-[^\w\s-]{0,3}\d[\d,.]*\d%?)")
"""A day, a figure with its sign, a number of members: a line may end before or after it, not within."""
_NUMERIC = frozenset({"count", "number", "money", "share", "days", "score", "index"})


@cache
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader  # a shell shows no page, and it takes as long to load as polars

    environment = Environment(autoescape=True, loader=FileSystemLoader(Path(__file__).parent / "templates"))
    environment.globals.update(colours=colours, kept=kept, shorten=shorten, tr=tr, word=language.word)
    return environment


def _render(name: str, **values: Any) -> str:
    return _templates().get_template(f"answer_{name}.html.j2").render(language=language.current(), **values)


@cache
def _style() -> str:
    return (Path(__file__).parent / "templates" / "answer.css").read_text("utf-8")


def kept(text: str) -> str:
    """Return text as HTML whose lines do not end within a day or a figure with a sign.

    >>> kept("net -€3,785 (-€5,303 to 2)")
    'net <span class="tk-kept">-€3,785</span> <span class="tk-kept">(-€5,303</span> to 2)'
    """
    pieces = _KEPT.split(plain(text))  # every second one is a match
    return "".join(f'<span class="tk-kept">{escape(piece)}</span>' if place % 2 else escape(piece) for place, piece in enumerate(pieces))


def head_html(answer: Answer) -> str:
    """Return question and headline as HTML; everything that came from data is escaped."""
    return _render("head", a=answer, style=_style())


def body_html(answer: Answer, picks: Mapping[str, str] | None = None, *, above: Collection[str] = ()) -> str:
    """Return table, notes and what to ask next as HTML.

    `picks`: columns whose cells are buttons, and what a press does in words; the page that has such a column hears them. `above`: notes
    that stand further up on the page; here it is only said that they do.
    """
    picks = picks or {}
    columns = [
        {"name": c.name, "label": wording.heading(c), "css": _column_css(answer, c.name), "pick": picks.get(c.name, "")}
        for c in answer.columns
    ]
    rows = [
        [(wording.column_text(row[c.name], c, answer.currency), row[c.name], worth(row[c.name])) for c in answer.columns]
        for row in answer.table.head(ROWS_SHOWN).iter_rows(named=True)
    ]
    left = answer.table.height - len(rows)
    more = tr("{left:,} more rows are in the answer's table.", left=left) if left > 0 else ""
    notes = [note for note in answer.notes if note.text not in above]
    known = len(answer.notes) - len(notes)
    repeated = (
        trn("{count} more note on this stands above.", "{count} more notes on this stand above.", known, count=known) if known else ""
    )
    folded = answer.finding.chart is not None and answer.table.height > ROWS_UNFOLDED
    return _render(
        "body", a=answer, columns=columns, rows=rows, more=more, folded=folded, notes=notes, told=repeated,
        rest=_rest(answer) if left > 0 else "", cut=answer.table.height > ROWS_HELD,
        words=_words_of_tables(answer.table.height), file=file_stem(answer),
    )  # fmt: skip


def worth(value: Any) -> float | int | None:
    """Return what a figure's cell is sorted by and saved as; None for what is no figure, or not known."""
    return int(value) if isinstance(value, bool) else value if isinstance(value, (int, float)) and math.isfinite(value) else None


def _rest(answer: Answer) -> str:
    """The rows after those that stand on the page, as `tables.js` reads them: a cell is its text, or text and worth, or nothing."""
    rest = answer.table.slice(ROWS_SHOWN, ROWS_HELD - ROWS_SHOWN)
    texts = [[_held(value, column, answer.currency) for value in rest[column.name]] for column in answer.columns]
    return json_text(list(map(list, zip(*texts, strict=True))), separators=(",", ":"))


def _held(value: Any, column: Column, currency: str) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    text, figure = wording.column_text(value, column, currency), worth(value)
    if figure is not None:
        return [text, figure]
    return text if not isinstance(value, str) or value == text else [text, text, value]


@cache
def tables_script() -> str:
    """Return the script that pages, sorts, searches and saves tables, for a page without a server."""
    return (shipped_folder("dashboards") / "share" / "nbconvert" / "templates" / "toolkit" / "static" / "tables.js").read_text("utf-8")


def _words_of_tables(height: int) -> str:
    rows = wording.some(height, "row")
    return json_text(
        {
            "search": tr("Search in the table"),
            "found": tr("{found} of {all} rows"),
            "range": tr("Rows {first} to {last} of {all}"),
            "none": tr("No row is like that."),
            "before": tr("Page before"),
            "next": tr("Next page"),
            "csv": tr("Save the table as CSV ({rows})", rows=rows),
            "xlsx": tr("Save the table for Excel ({rows})", rows=rows),
        }
    )


def _column_css(answer: Answer, name: str) -> str:
    kind = answer.kinds[name]
    if kind in _NUMERIC:
        return "tk-num"
    if kind == "date":
        return "tk-day"
    shown = answer.table[name].head(ROWS_SHOWN)
    return "tk-txt tk-long" if shown.dtype == pl.String and (shown.str.len_chars().max() or 0) > LONG_TEXT else "tk-txt"  # type: ignore[operator]


def page_html(answer: Answer) -> str:
    """Return the answer as one HTML page that needs no network."""
    spec = script_json(offline.chart_spec(answer.chart)) if answer.chart is not None else ""
    bundle = offline.bundle() if spec else ""
    body = body_html(answer)
    return _render(
        "page", a=answer, head=head_html(answer), body=body, spec=spec, bundle=bundle, tables=tables_script(), nonce=_nonce(spec, body)
    )


def pages_html(answers: Sequence[Answer]) -> str:
    """Return several answers as one HTML page that needs no network: each as `page_html` has it, the chart library and each note once."""
    specs = [script_json(offline.chart_spec(a.chart)) if a.chart is not None else "" for a in answers]
    notes_above = [{note.text for before in answers[:place] for note in before.notes} for place in range(len(answers))]
    bodies = [body_html(a, above=above) for a, above in zip(answers, notes_above, strict=True)]
    parts = [{"head": head_html(a), "body": body, "spec": spec} for a, body, spec in zip(answers, bodies, specs, strict=True)]
    return _render(
        "pages", parts=parts, title=answers[0].scope if answers else "", bundle=offline.bundle() if any(specs) else "",
        tables=tables_script(), nonce=_nonce(*specs, *bodies),
    )  # fmt: skip


def _nonce(*contents: str) -> str:
    """What the page's own scripts carry: none that came with a name could know it. The same page has the same one."""
    return hashlib.sha256("".join(("toolkit", *contents)).encode("utf-8", "backslashreplace")).hexdigest()[:24]


def display_answer(answer: Answer) -> None:
    """Show the answer in a notebook: headline, chart, table. The figures travel as display metadata, for the index of a batch."""
    from IPython.display import display

    figures_told = {
        "name": answer.name,
        "call": answer.call,
        "headline": answer.headline,
        "figures": {key: value if math.isfinite(value) else None for key, value in answer.figures.items()},
        "spark": list(answer.finding.spark),
        "currency": answer.currency,
    }
    display(
        {"text/html": head_html(answer), "text/plain": f"{answer.question}\n{answer.headline}"},
        raw=True,
        metadata={ANSWER_MIME: figures_told},
    )
    if answer.chart is not None:
        display(offline.mime_bundle(answer.chart), raw=True)
    display({"text/html": body_html(answer), "text/plain": str(answer.table)}, raw=True)


def text(answer: Answer, *, heading: bool = True, width: int = 140) -> str:
    """Return the answer as text for a shell."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=2 * width, no_color=True, highlight=False, record=False, force_terminal=False)

    def say(words: str) -> None:
        console.print(Text(words), width=width)

    with console.capture() as capture:
        if heading:
            say(tr("{question}  ({scope}, as of {as_of})", question=answer.question, scope=answer.scope, as_of=answer.as_of))
            say(answer.headline)
        if answer.table.height:
            grid = Table(box=None, pad_edge=False, header_style="bold")
            rows = [
                [wording.column_text(row[column.name], column, answer.currency) for column in answer.columns]
                for row in answer.table.head(ROWS_IN_SHELL).iter_rows(named=True)
            ]
            for place, column in enumerate(answer.columns):
                # Words may fold, figures and dates may not: their column is as wide as the widest of them.
                least = max(len(row[place]) for row in rows) if column.kind != "text" else None
                justify = "right" if column.kind in _NUMERIC else "left"
                grid.add_column(Text(wording.heading(column)), justify=justify, overflow="fold", min_width=least)
            for row in rows:
                grid.add_row(*(Text(value) for value in row))
            console.print()
            console.print(grid)
            if answer.table.height > ROWS_IN_SHELL:
                console.print(Text(tr("... {left:,} more rows: use --json or --html.", left=answer.table.height - ROWS_IN_SHELL)))
            console.print()
        for note in answer.notes:
            say(f"- {note}")
        if answer.ask_next:
            say(tr("Ask next: ") + "  ".join(shorten(call, 600) for call in answer.ask_next))
    return capture.get().rstrip()


def save(answer: Answer, path: Path) -> None:
    """Write the answer as a file, whole or not at all; what it is, its ending says.

    Raises: `BadValue` where the ending is none of these, or there is no chart to draw; `DataError` where the place cannot be written.
    """
    kinds: dict[str, Callable[[], bytes]] = {
        ".html": lambda: page_html(answer).encode(),
        ".png": lambda: _picture(answer),
        ".xlsx": lambda: workbook([answer]),
        ".csv": lambda: csv_text(answer.table, wording.labels_of(answer.columns)).encode(),
        ".json": lambda: answer.to_json().encode(),
    }
    ending = path.suffix.lower()
    if ending not in kinds:
        raise BadValue(tr("An answer is saved as {kinds}; '{name}' is none of these.", kinds=wording.listing([*kinds]), name=path.name))
    made = kinds[ending]()
    try:
        with written_beside(path, private=names_members(answer)) as part:
            part.write_bytes(made)
    except OSError as error:
        raise DataError(tr("{path} cannot be written: {error}.", path=path, error=error.strerror)) from None


def names_members(answer: Answer) -> bool:
    """Say whether an answer is of single members: such files are their owner's alone."""
    return not {*answer.settings, *(one.name for one in answer.columns)}.isdisjoint(MEMBER_IDS)


def _picture(answer: Answer) -> bytes:
    if answer.chart is None:
        raise BadValue(tr("This answer has no chart: save it as .html, .xlsx or .csv."))
    return offline.png_picture(answer.chart)
