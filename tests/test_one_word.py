"""One word, one count: no two questions of one scope show different numbers of members under the same word."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

import polars as pl
import pytest

import toolkit as tk
from benchmarks.strange_shops import imported, strange_shop
from toolkit import wording
from toolkit.answer import ANSWER_MIME, Answer
from toolkit.apps.pages.builder import Builder, Standing
from toolkit.apps.pages.form import blank
from toolkit.apps.pages.planner import plan_of
from toolkit.apps.pages.state import State, read_shop
from toolkit.apps.serving import home, wall, work
from toolkit.audience import as_audience, save_audience
from toolkit.batch.figures import headline_figures
from toolkit.batch.index import index_page
from toolkit.batch.record import Record
from toolkit.batch.store_page import store_page
from toolkit.errors import BadValue, ToolkitError
from toolkit.importing import import_receipts
from toolkit.portrait.figures import FIGURES, Metric
from toolkit.registry import all_questions
from toolkit.scope.member_columns import RENAMED
from toolkit.simulated import simulated_shop
from toolkit.workspace import Workspace

WORDS = {
    "new": ("new",),
    "active": ("active",),
    "established": ("established",),
    "returned": ("returned",),
    "lapsing": ("lapsing",),
    "lapsed": ("lapsed",),
    "slipping": ("slipping",),
    "at risk": ("at risk",),
    "first-time": ("first-time",),
    "entrants": ("entrant", "entrants"),
    "lost": ("lost",),
    "recent": ("recent",),
    "leaving": ("leaving",),
}
"""The words of docs/DEFINITIONS.md, and how they stand in tables, headings and sentences."""
WORD_OF = {form: word for word, forms in WORDS.items() for form in forms}
FORMS = "|".join(map(re.escape, WORD_OF))
SAID = re.compile(
    rf"(?<![\d.,/$-])(\d[\d,]*)(?: of [\d,]+)?(?: members?)?(?: of [\d,]+)?(?: \([^)]*\))?(?: with a past to judge by)?"
    rf"(?: (?:is|are))?(?: called)? ({FORMS})\b"
)
"""'2,326 of 2,469 members (94.2%) are active', '289 are lapsing', '248 entrants'."""


def sentences(answer: Answer) -> Iterator[tuple[str, int]]:
    for text in (answer.headline, *map(str, answer.notes)):
        for count, form in SAID.findall(text):
            yield WORD_OF[form], int(count.replace(",", ""))


def cells(answer: Answer) -> Iterator[tuple[str, int]]:
    """Rows that stand for a word (stage, group, segment), and columns and figures whose heading is one."""
    columns = {column.name: column for column in answer.columns}
    table = answer.table
    if "member_count" in table.columns:
        for name in (name for name in table.columns if table.schema[name] == pl.String):
            if table[name].n_unique() == table.height:  # a row a word, not a pair of them
                rows = table.filter(pl.col(name).is_in(list(WORD_OF))).select(name, "member_count").drop_nulls()
                yield from ((WORD_OF[form], count) for form, count in rows.iter_rows())
    for name, column in columns.items():  # the first row is this window, this scope
        word = heading(column.label)
        if column.counts_members and word and table.height and table[name][0] is not None:
            yield word, int(table[name][0])
    declared = next(question for question in all_questions() if question.name == answer.name).figures
    for name, held in answer.figures.items():
        word = heading(declared[name].label) if name in declared else None
        if word and held is not None and declared[name].counts_members:
            yield word, round(held)


def heading(label: str) -> str | None:
    """The word that a heading is of: 'Active members' -> active."""
    return WORD_OF.get(re.sub(r"^(number of )|( members)$", "", label.lower()))


def answers_of(ws: Workspace) -> Iterator[Answer]:
    """Every question that can be asked without saying anything more."""
    for question in all_questions():
        needed = [name for name, given in question.parameters.items() if given.default is given.empty]
        with suppress(ToolkitError):
            if not needed:
                yield question(ws)


def counted(answers: list[Answer]) -> dict[str, dict[int, set[str]]]:
    """What each word counts, and which questions say so."""
    found: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for answer in answers:
        for word, count in (*sentences(answer), *cells(answer)):
            found[word][count].add(answer.name)
    return found


OF_ANOTHER_TIME = {"review.wall"}
"""Questions that are of a day as a whole: their page says so in its first line."""
OF_THE_ANSWER = {"Members in all", "Pairs", "Pairs tested", "Groups", "Members treated", "Best net of the method", "from", "to"}
"""Headings of counts of an answer's own rows, of its own campaign or method, and the ends of an interval."""


def figures_by_heading(answers: list[Answer]) -> dict[str, dict[float | None, set[str]]]:
    """What each heading of a figure shows, and which questions say so."""
    declared = {question.name: question.figures for question in all_questions()}
    found: dict[str, dict[float | None, set[str]]] = defaultdict(lambda: defaultdict(set))
    for answer in answers:
        for name, value in answer.figures.items():
            if answer.name in OF_ANOTHER_TIME or name not in declared[answer.name]:
                continue
            heading = declared[answer.name][name].label
            if heading not in OF_THE_ANSWER and value is not None:
                found[heading][round(value, 4)].add(f"{answer.name}.{name}")
    return found


def demo_like(folder: Path) -> Workspace:
    simulated_shop(folder / "shop", members=150, years=1.3, stores=3, products=200)
    import_receipts(folder / "shop" / "mapping.toml", folder / "ws")
    return tk.open(str(folder / "ws"))


def strange(name: str) -> Callable[[Path], Workspace]:
    return lambda folder: imported(strange_shop(name, members=500), folder, as_of=date(2024, 3, 31), first_day=date(2022, 6, 1))


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return strange("steady")(tmp_path_factory.mktemp("steady"))


@pytest.mark.parametrize("shop", [demo_like, strange("mixed")], ids=["demo-like", "mixed"])
def test_a_word_counts_the_same_members_on_every_page(shop: Callable[[Path], Workspace], tmp_path: Path) -> None:
    answers = list(answers_of(shop(tmp_path)))
    words = counted(answers)
    assert {word: dict(counts) for word, counts in words.items() if len(counts) > 1} == {}
    assert {"active", "established", "lapsing", "slipping"} <= set(words)  # the words are found at all
    headings = figures_by_heading(answers)
    assert {heading: dict(values) for heading, values in headings.items() if len(values) > 1} == {}
    assert len(headings["Order value"]) == 1


def test_a_word_of_old_is_refused_and_told(steady: Workspace) -> None:
    for (column, old), new in RENAMED.items():
        with pytest.raises(BadValue, match=f"'{old}' is called '{new}' now"):
            tk.portrait.overview(steady, audience=f"{column} = '{old}' OR order_count > 1")


NAME_OF = {words.casefold(): name for name, figure in FIGURES.items() for words in (figure.words, figure.column.label)}
"""What a page calls a figure -> the figure: its words in a sentence, or its heading."""
KNOWN = ("members", "active_members", "first_time_members", "repeat_rate", "member_sales", "order_value", "sales")


def pages(ws: Workspace) -> Iterator[tuple[str, str, str]]:
    """(page, figure, text) of what stands on the entry page, the sheet, the index, and in the app."""
    yield from (("home", tile.name, tile.value) for tile in home.board(ws).tiles)
    sheet = store_page(ws)
    yield from (("sheet", figure.label, figure.value) for figure in sheet.figures)
    yield "sheet", "members", sheet.under.rpartition("; ")[2].removesuffix(" members")
    output = {"output_type": "display_data", "data": {}, "metadata": {ANSWER_MIME: dict(sheet.told)}}
    told = headline_figures({"cells": [{"cell_type": "code", "outputs": [output]}]})
    index = index_page([Record("", "The chain", "store", "ok", figures=told)], title="All")
    heads = re.findall(r"<th[^>]*><button[^>]*>([^<]*)</button>|<th>([^<]*)</th>", index)
    texts = re.findall(r"<td[^>]*>(.*?)</td>", index, re.DOTALL)
    yield from (("index", head or plain, re.sub(r"<.*", "", text)) for (head, plain), text in zip(heads, texts, strict=True))
    answer = State(ws.path).result
    assert isinstance(answer, Answer)
    row = answer.table.row(0, named=True)
    yield from (("app", c.label, wording.column_text(row[c.name], c, answer.currency)) for c in answer.columns)
    yield from (("app", word, f"{count:,}") for word, count in sentences(answer))
    yield from (("home", word, count) for text in home.things_to_do(ws) for count, word in SAID.findall(text.text))


def test_a_figure_reads_the_same_on_every_page(steady: Workspace) -> None:
    """The entry page, a store's sheet, the index and the app of one workspace, as they are read."""
    read: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for page, words, text in pages(steady):
        if name := NAME_OF.get(words.casefold()):
            read[name][text].add(page)
    assert {name: dict(texts) for name, texts in read.items() if len(texts) > 1} == {}
    assert all(len(set().union(*read[name].values())) > 1 for name in KNOWN)  # each stands on two of them at least


def test_the_wall_shows_the_day_as_the_figure_of_that_day(steady: Workspace) -> None:
    large = {one.words: one.value for one in wall.board_of(steady).large}
    day = f"{steady.last_day}..{steady.last_day}"
    cases: list[tuple[str, Metric]] = [("Sales", "sales"), ("Orders", "orders"), ("Order value", "order_value")]
    for words, metric in cases:
        answer = tk.portrait.figure(steady, metric=metric, period=day)
        assert large[words] == wording.column_text(answer.figures[metric], FIGURES[metric].column, answer.currency)


def test_an_audience_has_one_size_on_every_page(steady: Workspace) -> None:
    save_audience(steady, as_audience(steady, "recency_days <= 28").renamed("come lately"))
    (kept,) = (text for row, text in work.page_of(steady.path, {}, "en").rows if row.state == "audience")
    (listed,) = home.audiences(steady)
    builder = Builder(steady.path)
    builder.go_to(urlencode({"audience": "come lately"}))
    assert isinstance(builder.standing, Standing)
    overview = tk.portrait.overview(steady, audience="come lately")
    plan = plan_of(read_shop(steady.path), replace(blank(builder.shop.last_day), name="Autumn", audience="come lately"))
    assert isinstance(plan, Answer)
    assert {kept, f"{builder.standing.member_count:,}", f"{overview.figures['member_count']:,.0f}"} == {kept}
    assert listed.beside.startswith(f"{kept} members")
    assert f"{plan.figures['member_count']:,}" == kept
    assert plan.figures["treated_count"] + plan.figures["control_count"] == plan.figures["member_count"]
