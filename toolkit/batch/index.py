"""The index page of a set of reports, made from the records on disk: stores ranked, headline figures, links, failures in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from toolkit.atomic import write_atomically
from toolkit.batch.figures import MOST_FIGURES, RANKED_BY, change_text, figure_label, interval_text, leading
from toolkit.batch.html import figure_text, page
from toolkit.batch.record import Record, read_records
from toolkit.brand import Brand
from toolkit.charts import sparkline
from toolkit.language import later, tr

_STATES = {"ok": later("report"), "too_small": later("too few members"), "failed": later("failed")}


def write_index(out: Path, *, title: str = later("Member reports"), brand: Brand | None = None) -> Path:
    """Write `index.html` from the records in `out` and return its path; it can be made again at any time."""
    target = out / "index.html"
    write_atomically(target, index_page(read_records(out), title=tr(title), brand=brand))
    return target


def index_page(records: Iterable[Record], *, title: str, brand: Brand | None = None) -> str:
    """Return the index page of the records: one row per store, best sales first; stores without figures last, by id."""
    stores: dict[str, list[Record]] = {}
    for record in records:
        stores.setdefault(record.store_id, []).append(record)
    columns = columns_of(stores.values())
    rows = [_row(group, columns) for group in stores.values()]
    # The empty id is the whole chain: it stands first, has no rank, and is no measure for the bars of its stores.
    rows.sort(key=lambda row: (row["store_id"] != "", row["rank_value"] is None, -(row["rank_value"] or 0), row["store_id"]))
    ranked = [row for row in rows if row["store_id"] and row["rank_value"] is not None]
    most = max((row["rank_value"] for row in ranked), default=0) or 1
    for place, row in enumerate(ranked, start=1):
        row["place"] = place
        row["bar"] = Markup(sparkline.meter(max(0.0, row["rank_value"]) / most, width=90, height=6))
    trouble = [record for group in stores.values() for record in group if record.status != "ok"]
    return page(
        "index.html.j2",
        brand=brand,
        title=title,
        store_count=sum(1 for store_id in stores if store_id),
        as_of=_same(record.as_of for group in stores.values() for record in group if record.as_of),
        columns=columns,
        named={column.key: column.label for column in columns},
        period=_same("/".join(answer["period"]) for group in stores.values() if (answer := _leading(group)) and answer.get("period")),
        pictures=any(row["picture"] for row in rows),
        rows=rows,
        tiles=_tiles(stores, columns, rows),
        failed=[record for record in trouble if record.status == "failed"],
        too_small=[record for record in trouble if record.status == "too_small"],
    )


@dataclass(frozen=True)
class Column:
    """A column of the index: a figure, or what stands beside it (its change, its interval, its target)."""

    label: str
    key: str
    of: str = ""
    """The figure that a change or a target is of; "" for a figure itself."""
    has_interval: bool = False


def columns_of(groups: Iterable[list[Record]]) -> list[Column]:
    """Return the columns: the figures that stand for most stores, at most six, each with its change and target where stores have them."""
    told = [answer for group in groups if (answer := _leading(group))]
    wanted = Counter(tuple(answer["figures"]) for answer in told)
    known = {key for answer in told for key in answer["all"]}
    columns = []
    for key in list(wanted.most_common(1)[0][0])[:MOST_FIGURES] if wanted else []:
        columns.append(Column(figure_label(key), key, has_interval=f"{key}_low" in known))
        if f"{key}_change" in known:
            columns.append(Column(tr("Change"), f"{key}_change", of=key))
        if key == RANKED_BY and "target_rate" in known:
            columns.append(Column(tr("Of target"), "target_rate", of=key))
    return columns


def figures_of(group: Iterable[Record]) -> Mapping[str, Any]:
    """Return the figures of a store and what stands beside them, by key."""
    answer = _leading(group)
    return answer["all"] if answer else {}


def _leading(group: Iterable[Record]) -> Mapping[str, Any] | None:
    answers = [answer for record in group for answer in record.figures.values()]
    led = leading(answers)
    # What stands beside a figure is its own answer's: elsewhere the same name may be against another period.
    own = next((answer["figures"] for answer in answers if led and RANKED_BY in answer["figures"]), {})
    return {**led, "all": {**own, **led["figures"]}} if led else None


def _cell(column: Column, figures: Mapping[str, Any], currency: str) -> dict[str, Any]:
    value = figures.get(column.key)
    if column.key.endswith("_change"):
        return {"sort": value, "text": change_text(column.of, value), "small": ""}
    text = figure_text(column.key, value, currency) if value is not None else "–"
    return {"sort": value, "text": text, "small": interval_text(column.key, figures)}


def _row(group: list[Record], columns: Sequence[Column]) -> dict[str, Any]:
    answer = _leading(group)
    figures, currency = (answer["all"], answer.get("currency", "")) if answer else ({}, "")
    first = group[0]
    spark = sparkline.spark_line(answer.get("spark") or [], label=tr("course of the period")) if answer else ""
    return {
        "store_id": first.store_id,
        "small": "" if first.store_id in first.label else first.store_id,
        "place": "",
        "bar": "",
        "label": first.label,
        "rank_value": figures.get(columns[0].key) if columns else None,
        "headline": answer["headline"] if answer else "",
        "page": next((record.page for record in group if record.status == "ok"), ""),
        "period": " – ".join(answer.get("period") or []) if answer else "",
        "cells": [_cell(column, figures, currency) for column in columns],
        "picture": Markup(spark),
        "links": [
            {"url": record.page, "text": record.title or record.notebook, "status": record.status, "said": tr(_STATES[record.status])}
            for record in group
        ],
        "worst": "failed"
        if any(record.status == "failed" for record in group)
        else "too_small"
        if any(r.status == "too_small" for r in group)
        else "ok",
    }


def _tiles(stores: Mapping[str, list[Record]], columns: Sequence[Column], rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    states = Counter(row["worst"] for row in rows if row["store_id"])
    tiles = [{"label": tr("Stores"), "value": f"{sum(states.values()):,}"}, {"label": tr("With a report"), "value": f"{states['ok']:,}"}]
    currencies = {answer.get("currency", "") for group in stores.values() if (answer := _leading(group))}
    if columns and columns[0].key == RANKED_BY and len(currencies) == 1:
        chain = [row["rank_value"] for row in rows if not row["store_id"] and row["rank_value"] is not None]
        total = chain[0] if chain else sum(row["rank_value"] for row in rows if row["rank_value"] is not None)
        label = f"{figure_label(RANKED_BY)}{tr(', ')}{tr('the chain') if chain else tr('these stores')}"
        tiles.append({"label": label, "value": figure_text(RANKED_BY, float(total), currencies.pop())})
    tiles += [
        {"label": label, "value": f"{states[state]:,}"} for state, label in (("too_small", tr("Too few members")), ("failed", tr("Failed")))
    ]
    return tiles


def _same(values: Iterable[str]) -> str:
    distinct = sorted(set(values))
    return distinct[0] if len(distinct) == 1 else ""
