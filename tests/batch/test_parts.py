"""The parts that need no kernel: names of folders, records, pages, the index of many stores."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

from toolkit.batch.html import Heading, chart_json, notebook_title, notice_page, report_page, script_json
from toolkit.batch.index import index_page
from toolkit.batch.naming import folder_name
from toolkit.batch.parameters import declared_parameters
from toolkit.batch.record import SUFFIX, Record, read_record, read_records, write_record
from toolkit.batch.whole_set import write_printed, write_workbook
from toolkit.charts.theme import config
from toolkit.errors import DataError

IDS = [
    "", "1", "01", "A", "a", "a b", "a/b", "..", ".", "con", "CON", "nul", "a" * 300, "上海", "北京", "🛒", "<b>", '"', "'",
    "a\nb", "a-0a70c2ac04",
    "-x", "Ä", "A\u0308", "%2e%2e", "\ud800", "_chain", "chain", " 1", "1 ", "x.html",
]  # fmt: skip


def test_folders_are_safe_and_unique_without_case() -> None:
    names = [folder_name(store_id) for store_id in IDS]
    assert len({name.lower() for name in names}) == len(IDS)
    for name in names:
        assert re.fullmatch(r"_chain|[a-z0-9][a-z0-9_-]{0,60}", name), name
        assert name not in {"con", "nul"}


def test_plain_ids_keep_their_name() -> None:
    assert [folder_name(store_id) for store_id in ("367", "north_2", "0012")] == ["367", "north_2", "0012"]


def test_record_survives_the_disk_and_damage_is_no_record(tmp_path: Path) -> None:
    record = Record('<"店">', "Shop", "portrait", "failed", "why", figures={"a": {"figures": {"sales": 1.5}}}, parameters={"x": [1, "2"]})
    write_record(tmp_path, record)
    path = tmp_path / f"portrait{SUFFIX}"
    assert read_record(path) == record
    for damage in (b"", b"{", b"[]", b'{"format": 99}', b'{"format": 1}', b"\xff\xfe"):
        path.write_bytes(damage)
        assert read_record(path) is None
    assert read_record(tmp_path / "none.json") is None


@pytest.mark.parametrize("text", ["</script>", "<!--<script>", "\u2028", "&lt;"])
def test_json_cannot_leave_its_script(text: str) -> None:
    assert not set("<>&\u2028") & set(script_json({"a": text}))


def test_a_page_holds_the_theme_once() -> None:
    assert "config" not in chart_json({"mark": "bar", "config": config()})
    assert "config" in chart_json({"mark": "bar", "config": {"mine": 1}})


def test_parameters_as_people_write_them(tmp_path: Path) -> None:
    cell = 'store_id: str = ""  # the store; empty = the chain\n'
    cell += 'settings: dict = {\n    "a": 1,\n}  # more == less\nplain = 5\nurl: str = "a=b#c"'
    path = tmp_path / "x.ipynb"
    path.write_text(
        json.dumps({"cells": [{"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": cell.splitlines(True)}]}), "utf-8"
    )
    assert {name: (p.type_name, p.default, p.help) for name, p in declared_parameters(path).items()} == {
        "store_id": ("str", "", "the store; empty = the chain"),
        "settings": ("dict", {"a": 1}, "more == less"),
        "plain": ("", 5, ""),
        "url": ("str", "a=b#c", ""),
    }
    path.write_text(path.read_text("utf-8").replace("plain = 5", "%magic"), "utf-8")
    with pytest.raises(DataError, match="line 5 is no Python"):
        declared_parameters(path)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.found.append((tag, dict(attrs)))


def tags(page: str) -> list[tuple[str, dict]]:
    parser = Tags()
    parser.feed(page)
    return parser.found


def notebook(*outputs: dict, source: str = "# A <title>\n\nWords.") -> dict:
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    cell = new_code_cell("secret_code()")
    cell.outputs = [new_output(**output) for output in outputs]
    return new_notebook(cells=[new_markdown_cell(source), cell])


def test_report_hides_code_and_escapes_text() -> None:
    page = report_page(
        notebook(
            {"output_type": "stream", "name": "stdout", "text": "<i>\x1b[31mred</i>"},
            {"output_type": "stream", "name": "stderr", "text": "/home/me/x.py: Warning"},
            {"output_type": "display_data", "data": {"text/plain": "<u>"}},
            {"output_type": "display_data", "data": {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "Slider"}},
        ),
        Heading('<"t">', "<store>", "<id>", as_of="2026-01-31"),
        script_url="../../assets/v.js",
    )
    assert "secret_code" not in page
    assert "Warning" not in page
    assert "&lt;i&gt;red&lt;/i&gt;" in page
    assert "&lt;u&gt;" in page
    assert "interactive control" in page
    assert not [tag for tag, _ in tags(page) if tag in ("i", "u", "store", "id", "title2")]
    assert "assets/v.js" not in page  # no chart, no library


def test_only_our_scripts_may_run() -> None:
    chart = {"application/vnd.vegalite.v5+json": {"mark": "bar", "description": '"</script><b>'}, "text/plain": "x"}
    page = report_page(notebook({"output_type": "display_data", "data": chart}), Heading("t", "s", "1"), script_url="../../assets/v.js")
    policy = next(a["content"] for tag, a in tags(page) if tag == "meta" and a.get("http-equiv"))
    nonce = re.search(r"script-src 'nonce-([0-9a-f]+)'", policy)
    assert nonce
    assert "unsafe-eval" not in policy
    scripts = [attributes for tag, attributes in tags(page) if tag == "script" and attributes.get("type") != "application/json"]
    assert [attributes["nonce"] for attributes in scripts] == [nonce.group(1)] * 2
    assert not [1 for tag, _ in tags(page) if tag == "b"]
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)


def test_two_notebooks_share_no_state() -> None:
    styled = {"output_type": "display_data", "data": {"text/html": "<style>.a{}</style><p>x</p>"}}
    pages = [report_page(notebook(styled, styled), Heading("t", "s", "1"), script_url=None) for _ in range(2)]
    assert pages[0] == pages[1]
    assert pages[0].count("<style>.a{}</style>") == 1
    assert pages[0].count("<p>x</p>") == 2


def test_title_of_a_notebook() -> None:
    assert notebook_title(notebook(), "x") == "A <title>"
    assert notebook_title({"cells": [], "metadata": {}}, "member_portrait") == "Member portrait"


def test_notice_escapes() -> None:
    page = notice_page(Heading("t", "<s>", "1"), kind="failed", sentence="<b>", details="\x1b[0;31m<x>\x1b[0m")
    assert "&lt;b&gt;" in page
    assert "&lt;x&gt;" in page
    assert "\x1b" not in page


def answer(sales: float | None, **more: float) -> dict:
    figures = {"sales": sales, "member_count": 5, **more} if sales is not None else {}
    return {"portrait.overview": {"headline": "h", "figures": figures, "spark": [1, 2], "currency": "USD"}}


def test_index_ranks_by_sales_and_ties_by_id() -> None:
    records = [
        Record("b", "Store b", "portrait", "ok", figures=answer(10.0)),
        Record("a", "Store a", "portrait", "ok", figures=answer(10.0)),
        Record("c", "Store c", "portrait", "ok", figures=answer(99.0)),
        Record("d", "Store d", "portrait", "too_small", "Too few."),
        Record("", "The chain", "portrait", "ok", figures=answer(119.0)),
    ]
    for order in itertools.islice(itertools.permutations(records), 0, None, 17):
        page = index_page(order, title="T")
        names = re.findall(r"<strong[^>]*>([^<]+)</strong>", page)
        assert names == ["The chain", "Store c", "Store a", "Store b", "Store d"]
    assert "$119.00" in page
    assert 'data-value="1"' in page


def test_index_of_many_stores_is_small_and_quick(tmp_path: Path) -> None:
    for number in range(457):
        folder = tmp_path / "stores" / folder_name(str(number))
        folder.mkdir(parents=True)
        write_record(folder, Record(str(number), f"Store {number}", "portrait", "ok", figures=answer(float(number), order_count=3)))
    page = index_page(read_records(tmp_path), title="T")
    assert page.count("<tr") == 458
    assert len(page) < 1_500_000


def store_record(store_id: str, **figures: float) -> Record:
    told = {
        "headline": "h",
        "figures": figures,
        "spark": [],
        "currency": "EUR",
        "period": ["2024-01-01", "2024-03-31"],
        "tasks": ["=do it"],
    }
    return Record(store_id, f"Store {store_id}", "store", "ok", figures={"store_page": told}, page=f"stores/{store_id}/store.html")


STORES = [
    store_record("1", sales=100.0, sales_change=0.1, target_rate=0.9, repeat_rate=0.5, repeat_rate_low=0.4, repeat_rate_high=0.6),
    store_record("2", sales=200.0, sales_change=-0.2, repeat_rate=0.3, repeat_rate_change=-1.5),
]


def test_change_target_interval_and_period_stand_in_the_index() -> None:
    page = index_page(STORES, title="T")
    heads = re.findall(r"<th[ >].*?</th>", page, re.DOTALL)
    assert [re.sub("<small>.*?</small>|<[^>]*>", "", head) for head in heads][2:] == [
        "Sales",
        "Change",
        "Of target",
        "Bought again",
        "Change",
        "Reports",
    ]
    second, first = page[page.index("<tbody>") :].split("</tr>")[:2]
    assert all(text in first for text in ("+10.0%", "90.0%", "40.0% – 60.0%", 'data-value="0.9"', 'data-value="0.1"'))
    assert all(text in second for text in ("-20.0%", "-1.5 points", 'data-value=""'))
    assert "figures from 2024-01-01 to 2024-03-31" in page


def test_a_workbook_holds_the_index_and_what_there_is_to_do_and_runs_nothing(tmp_path: Path) -> None:
    for record in STORES:
        folder = tmp_path / "stores" / record.store_id
        folder.mkdir(parents=True)
        write_record(folder, record)
    with zipfile.ZipFile(write_workbook(tmp_path)) as book:
        names = re.findall(r'<sheet name="(.*?)"', book.read("xl/workbook.xml").decode())
        words = book.read("xl/sharedStrings.xml").decode()
        numbers = re.findall(r"<v>(.*?)</v>", book.read("xl/worksheets/sheet1.xml").decode())
        assert not any("<f>" in book.read(name).decode() for name in book.namelist() if "worksheets/sheet" in name)
    assert names == ["Stores", "To do", "store_page"]
    assert "'=do it" in words
    assert {"100", "0.1", "0.9", "200", "-0.2"} <= set(numbers)


def test_a_pdf_needs_a_browser_and_pages_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.batch.whole_set.shutil.which", lambda name: "/bin/false")
    with pytest.raises(DataError, match="has a page to print"):
        write_printed(tmp_path)
    monkeypatch.setattr("toolkit.batch.whole_set.shutil.which", lambda name: None)
    with pytest.raises(DataError, match="none of them is installed"):
        write_printed(tmp_path)


def test_index_of_nothing() -> None:
    assert "0 stores" in index_page([], title="T")


@pytest.mark.parametrize("first", ["toolkit.batch.warm_engine", "papermill"])
def test_the_engine_can_be_imported_before_and_after_papermill(first: str) -> None:
    """papermill loads our entry point while it is being imported; whoever comes first must not find half a module."""
    code = f"import {first}; from toolkit.batch import warm_engine; warm_engine.register(); import papermill.engines as e; "
    code += "assert e.papermill_engines.get_engine('toolkit-warm') is warm_engine.WarmEngine"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
