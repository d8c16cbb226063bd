"""What an answer says to its reader, and what of it is English: our own words, not the shop's, nor codes that are typed as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from toolkit import wording
from toolkit.answer import Answer
from toolkit.batch.figures import figure_label
from toolkit.language.labels import DATA

_CODE = re.compile(
    r"`[^`]*`|tk\.[a-z_.]+\(.*\)|\b[a-z]+_[a-z0-9_]+(?: *(?:=|<|>|IS|IN).*)?|\b[a-z]+\.[a-z_]+|\b[a-z]+=\S+|#[0-9a-f]{6}|（设置[^）]*）"
)
"""Commands, calls, columns and conditions on them, settings, colours: typed and read as they stand in every language."""
_NAMES = re.compile(r"\bLin\b|k-means|Gamma-Gamma|Spearman|Benjamini-Hochberg|Shapley|Cinelli|Hazlett|Gini|\brho\b|\bsettings\b")
_UNSEEN = str.maketrans("", "", "\u200b\u2063")
_PROSE = ("title", "text", "subtitle", "description")


def shop_words(folder: Path) -> list[str]:
    """Return every text of a shop's own tables and ids that could be read as English, the longest first."""
    found: set[str] = set()
    for path in [*folder.glob("codes/*/*.parquet"), *folder.glob("tables/*/*.parquet")]:
        table = pl.read_parquet(path)
        for name in table.columns:
            if table.schema[name] == pl.String and name not in ("arm", "method"):
                found |= set(table[name].drop_nulls().unique())
    return sorted({word for word in found if re.search("[A-Za-z]{2}", word)}, key=len, reverse=True)


def english(text: str, shop: list[str]) -> list[str]:
    """Return the English words of a text of ours."""
    left = _NAMES.sub("", _CODE.sub("", text.translate(_UNSEEN)))
    for word in shop:
        left = left.replace(word, "")
    return re.findall("[A-Za-z]*[a-z]{2,}", left)


def said(answer: Answer) -> Iterator[tuple[str, str]]:
    """Yield (where it stands, text) of all that a reader sees of an answer: sentences, heads, cells, and every text of the chart."""
    yield "question", answer.question
    yield "headline", answer.headline
    yield "scope", answer.scope
    yield from (("note", str(note)) for note in answer.notes)
    yield from ((f"column {column.name}", wording.heading(column)) for column in answer.columns)
    yield from ((f"figure {name}", figure_label(name)) for name in answer.figures)
    for name, kind in answer.kinds.items():
        if answer.table.schema[name] == pl.String and name not in DATA and name != "who":  # who: a condition, as it is typed
            for text in answer.table[name].drop_nulls().unique().sort().head(200):
                yield f"cell of {name}", wording.cell(text, kind, answer.currency, name)
    if answer.chart is not None:
        yield from (("chart", text) for text in _drawn(answer.chart.to_dict(validate=False)))


def _drawn(node: Any) -> Iterator[str]:
    """Titles of axes, legends, lines of tooltips, and the texts among the data of a picture."""
    if isinstance(node, list):
        for inner in node:
            yield from _drawn(inner)
    elif isinstance(node, dict):
        for key, inner in node.items():
            if isinstance(inner, str) and key in _PROSE:
                yield inner
            elif key == "values" and isinstance(inner, list):
                yield from (text for row in inner if isinstance(row, dict) for text in row.values() if isinstance(text, str))
            else:
                yield from _drawn(inner)
