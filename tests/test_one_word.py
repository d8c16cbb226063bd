"""One word, one count: no two questions of one scope show different numbers of members under the same word."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import toolkit as tk
from benchmarks.strange_shops import imported, strange_shop
from toolkit.answer import Answer
from toolkit.errors import BadValue, ToolkitError
from toolkit.importing import import_receipts
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


def counted(ws: Workspace) -> dict[str, dict[int, set[str]]]:
    """What each word counts, and which questions say so."""
    found: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for question in all_questions():
        needed = [name for name, given in question.parameters.items() if given.default is given.empty]
        if needed:
            continue
        try:
            answer = question(ws)
        except ToolkitError:
            continue
        for word, count in (*sentences(answer), *cells(answer)):
            found[word][count].add(question.name)
    return found


def demo_like(folder: Path) -> Workspace:
    simulated_shop(folder / "shop", members=150, years=1.3, stores=3, products=200)
    import_receipts(folder / "shop" / "mapping.toml", folder / "ws")
    return tk.open(str(folder / "ws"))


def strange(name: str) -> Callable[[Path], Workspace]:
    return lambda folder: imported(strange_shop(name, members=500), folder, as_of=date(2024, 3, 31), first_day=date(2022, 6, 1))


@pytest.mark.parametrize("shop", [demo_like, strange("steady"), strange("mixed")], ids=["demo-like", "steady", "mixed"])
def test_a_word_counts_the_same_members_on_every_page(shop: Callable[[Path], Workspace], tmp_path: Path) -> None:
    found = counted(shop(tmp_path))
    assert {word: dict(counts) for word, counts in found.items() if len(counts) > 1} == {}
    assert {"active", "established", "lapsing", "slipping"} <= set(found)  # the words are found at all


def test_a_word_of_old_is_refused_and_told(tmp_path: Path) -> None:
    ws = strange("steady")(tmp_path)
    for (column, old), new in RENAMED.items():
        with pytest.raises(BadValue, match=f"'{old}' is called '{new}' now"):
            tk.portrait.overview(ws, audience=f"{column} = '{old}' OR order_count > 1")
