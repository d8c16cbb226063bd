"""A report set as one file: a workbook of all its figures, and a PDF with a page a store."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from toolkit.atomic import written_beside
from toolkit.batch.figures import STORE_PAGE as NAME
from toolkit.batch.html import Heading, page
from toolkit.batch.index import columns_of, figures_of
from toolkit.batch.record import Record, read_records
from toolkit.errors import DataError
from toolkit.language import tr
from toolkit.saving import Sheet, book_of

WORKBOOK, PRINTED = "stores.xlsx", "stores.pdf"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "microsoft-edge", "msedge")
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--no-pdf-header-footer")
_PAPER = re.compile(r'<main class="paper">(.*?)</main>', re.DOTALL)
_SECONDS = 300


def write_workbook(out: Path) -> Path:
    """Write `stores.xlsx` from the records in `out` and return it: the index, the things to do, then one sheet a question, a row a store.

    Members are not in it: it is figures and sentences of groups.
    """
    target = out / WORKBOOK
    with written_beside(target) as part:
        part.write_bytes(book_of(_sheets(read_records(out))))
    return target


def _sheets(records: list[Record]) -> Iterator[Sheet]:
    stores: dict[str, list[Record]] = {}
    for record in records:
        stores.setdefault(record.store_id, []).append(record)
    columns = columns_of(stores.values())
    labels = [
        f"{column.label}: {next(one.label for one in columns if one.key == column.of)}" if column.of else column.label for column in columns
    ]
    head = [tr("Store"), tr("Name"), tr("As of")]
    day = next((record.as_of for record in records if record.as_of), "")

    def first(group: list[Record]) -> list[str]:
        return [group[0].store_id, group[0].label, next((record.as_of for record in group if record.as_of), "")]

    rows = [[*first(group), *(figures_of(group).get(column.key) for column in columns)] for group in stores.values()]
    yield Sheet(tr("Stores"), tr("Stores, as of {day}", day=day), [*head, *labels], rows)
    tasks = [
        [*first(group), number, task]
        for group in stores.values()
        for record in group
        for number, task in enumerate(record.figures.get(NAME, {}).get("tasks", []), start=1)
    ]
    if tasks:
        yield Sheet(tr("To do"), tr("To do this week"), [*head, tr("No."), tr("To do")], tasks)
    for name in dict.fromkeys(name for record in records for name in record.figures):
        told = [(group, record.figures[name]) for group in stores.values() for record in group if name in record.figures]
        keys = list(dict.fromkeys(key for _, answer in told for key in answer["figures"]))
        rows = [[*first(group), *(answer["figures"].get(key) for key in keys), answer["headline"]] for group, answer in told]
        yield Sheet(name.split(".")[-1], name, [*head, *keys, tr("In words")], rows)


def write_printed(out: Path) -> Path:
    """Write `stores.pdf` from the stores' pages in `out` and return it: one A4 page a store, most sales first, printed by a browser.

    Raises
    ------
    DataError
        No browser is there to print with, none of the stores has a page, or the browser wrote nothing.
    """
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise DataError(
            tr("A PDF is printed by Chromium, Chrome or Edge, and none of them is installed here. Any browser prints single pages.")
        )
    sheets = [sheet for record in _by_sales(read_records(out)) if (sheet := _sheet_of(out / record.page))]
    if not sheets:
        raise DataError(tr("No store of this set has a page to print: make it with the notebook `store` (--notebooks store,portrait)."))
    body = Markup('</main><main class="paper">').join(Markup(sheet) for sheet in sheets)
    target = out / PRINTED
    with tempfile.TemporaryDirectory(prefix="toolkit-print-") as folder:
        whole, made = Path(folder) / "stores.html", Path(folder) / PRINTED
        whole.write_text(page("store.html.j2", heading=Heading(tr("This week"), "", ""), body=body, script_url=None), "utf-8")
        command = [browser, *_FLAGS, f"--user-data-dir={folder}/profile", f"--print-to-pdf={made}", whole.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
            said = (done.stderr.strip().splitlines() or [""])[-1]
        except (OSError, subprocess.TimeoutExpired) as error:
            said = str(error)
        if not made.exists():
            raise DataError(tr("{browser} printed nothing: {said}", browser=browser, said=said[:300]))
        with written_beside(target) as part:
            part.write_bytes(made.read_bytes())
    return target


def _by_sales(records: list[Record]) -> list[Record]:
    def sales(record: Record) -> float:
        told: Mapping[str, Any] = record.figures.get(NAME, {})
        return float(told.get("figures", {}).get("sales", 0.0))

    ours = [record for record in records if NAME in record.figures]
    return sorted(ours, key=lambda record: (record.store_id != "", -sales(record), record.store_id))


def _sheet_of(path: Path) -> str:
    try:
        found = _PAPER.search(path.read_text("utf-8"))
    except OSError:
        return ""
    return found.group(1) if found else ""
