"""A batch on good and broken notebooks: every outcome recorded, nothing half-written, nothing leaks from one report to the next."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_client.channels import HBChannel
from jupyter_client.client import KernelClient

from tests.batch.conftest import NOTEBOOKS, QUICK, STORES
from toolkit.batch import BatchResult, run_reports
from toolkit.batch.index import write_index
from toolkit.batch.record import SUFFIX, Record, read_records
from toolkit.errors import BadValue, DataError, ToolkitError, UnknownName

ROOT = Path(__file__).parents[2]
FINE = NOTEBOOKS / "fine.ipynb"


def by_name(result: BatchResult) -> dict[str, Record]:
    return {record.notebook: record for record in result.records}


def test_every_store_has_page_notebook_record(good: BatchResult) -> None:
    out = good.index.parent
    assert (good.ok, good.failed, good.too_small, good.skipped) == (10, 0, 0, 0)
    assert [record.store_id for record in good.records[::2]] == [store["store_id"] for store in STORES]
    for record in good.records:
        page, executed = out / record.page, out / record.executed
        assert page.parent == executed.parent
        assert page.parent.parent == out / "stores"
        nbformat.validate(nbformat.read(executed, as_version=4))
    assert len(read_records(out)) == 10
    assert not [path for path in out.rglob("*") if path.name.endswith(".part")]
    assert len(list((out / "assets").iterdir())) == 1


def test_figures_come_from_the_notebook(good: BatchResult) -> None:
    figures = good.records[0].figures["portrait.overview"]
    assert figures["figures"] == {"sales": 1000.0, "member_count": 30}  # the NaN is left out
    assert figures["spark"] == [1, 2, None, 4]
    assert figures["headline"] == "Store  sells."
    assert figures["currency"] == "USD"


def test_text_ids_arrive_as_text(good: BatchResult) -> None:
    executed = good.index.parent / next(record.executed for record in good.records if record.store_id == "0012")
    assert 'store_id = "0012"' in json.loads(executed.read_text("utf-8"))["cells"][2]["source"]


def test_nothing_leaks_from_one_report_to_the_next(good: BatchResult) -> None:
    for record in good.records:
        if record.notebook == "leaks":
            page = (good.index.parent / record.page).read_text("utf-8")
            assert "LEAK [] None None False" in page


def test_equal_runs_write_equal_notebooks(good: BatchResult) -> None:
    text = (good.index.parent / good.records[0].executed).read_text("utf-8")
    assert "start_time" not in text
    assert "completed" not in text


def test_each_failure_is_recorded_and_the_rest_goes_on(broken: BatchResult) -> None:
    records = by_name(broken)
    assert {name: record.status for name, record in records.items()} == {
        "raises": "failed", "dies": "failed", "hangs": "failed", "prints_html": "ok", "too_small": "too_small", "fine": "ok",
    }  # fmt: skip
    assert records["raises"].error == "ValueError: no such <b>thing</b> (cell 4)"
    assert "kernel died" in records["dies"].error
    assert "longer than 3 seconds" in records["hangs"].error
    assert records["too_small"].error == "Store has 3 members with orders; at least 10 are needed."
    assert (broken.failed, broken.too_small, broken.ok) == (3, 1, 2)


def test_a_batch_leaves_no_kernel_and_nobody_who_talks_to_one(good: BatchResult, broken: BatchResult) -> None:
    """A client that outlives its kernel goes on asking its port, which may be another program's by then."""
    assert not [thread for thread in threading.enumerate() if isinstance(thread, HBChannel)]
    clients = [thing for thing in gc.get_objects() if issubclass(type(thing), KernelClient)]
    assert not [client for client in clients if client.channels_running]
    assert not [child for child in psutil.Process().children(recursive=True) if any("ipykernel" in word for word in child.cmdline())]


def test_pages_of_failures_say_so_and_escape(broken: BatchResult) -> None:
    out, records = broken.index.parent, by_name(broken)
    page = (out / records["raises"].page).read_text("utf-8")
    assert "This report could not be made" in page
    assert "no such &lt;b&gt;thing&lt;/b&gt;" in page
    assert records["raises"].executed.endswith("raises.failed.ipynb")
    small = (out / records["too_small"].page).read_text("utf-8")
    assert "Too few members to speak of" in small
    assert "at least 10 are needed" in small
    printed = (out / records["prints_html"].page).read_text("utf-8")
    assert "&lt;script&gt;document.title" in printed


def test_index_lists_everything(broken: BatchResult, good: BatchResult) -> None:
    text = broken.index.read_text("utf-8")
    assert "3 reports were not made" in text
    assert "longer than 3 seconds" in text
    assert "at least 10 are needed" in text
    ranked = good.index.read_text("utf-8")
    assert ranked.index("The chain") < ranked.index("Corner ../A") < ranked.index("Store 12")
    assert "<script>alert" not in ranked
    again = write_index(good.index.parent)  # from the files on disk alone
    assert again.read_text("utf-8").count("<tr") == ranked.count("<tr") == 6


def test_resume_makes_only_what_is_missing(broken: BatchResult, workspace: Path) -> None:
    out, names = broken.index.parent, ("raises", "too_small", "fine")
    before = (out / by_name(broken)["fine"].page).stat().st_mtime_ns

    def again(**more: object) -> BatchResult:
        notebooks = [NOTEBOOKS / f"{name}.ipynb" for name in names]
        given = {
            "stores": STORES[1:2],
            "notebooks": notebooks,
            "out": out,
            "limits": QUICK,
            "resume": True,
            "progress": False,
            "workers": 1,
        }
        return run_reports(workspace, **(given | more))  # type: ignore[arg-type]

    result = again()
    assert (result.skipped, result.ok, result.too_small, result.failed) == (2, 1, 1, 1)
    assert (out / by_name(result)["fine"].page).stat().st_mtime_ns == before
    assert again(notebooks=[FINE], parameters={"most": 6}).skipped == 0
    assert again(notebooks=[FINE], parameters={"most": 6}, fingerprint="other data").skipped == 0
    assert again(notebooks=[FINE], parameters={"most": 6}, fingerprint="other data").skipped == 1
    assert again(notebooks=[FINE], parameters={"most": 6}, fingerprint="other data", single_file=True).skipped == 0


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"parameters": {"as_off": "2026-01-31"}}, UnknownName, "no parameter 'as_off'; did you mean 'as_of'"),
        ({"parameters": {"most": "many"}}, BadValue, "'most' needs int, but 'many' came"),
        ({"parameters": {"store_id": "1"}}, BadValue, "set by the batch itself"),
        ({"stores": []}, BadValue, "at least one store"),
        ({"stores": STORES[1:2] * 2}, BadValue, "these came again: 12"),
        ({"notebooks": [FINE, FINE]}, BadValue, "different file names"),
        ({"notebooks": [NOTEBOOKS.parent / "conftest.py"]}, DataError, "a Jupyter notebook was needed"),
        ({"notebooks": [NOTEBOOKS / "missing.ipynb"]}, DataError, "missing.ipynb"),
    ],
)
def test_refused_before_anything_runs(given: dict, error: type[ToolkitError], said: str, workspace: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(error, match=said):
        run_reports(workspace, **({"stores": STORES, "notebooks": [FINE], "out": out, "progress": False} | given))
    assert not out.exists()


@pytest.mark.slow
def test_a_pool_of_processes_and_values_as_text(workspace: Path, tmp_path: Path) -> None:
    given = {"as_of": date(2026, 1, 30), "most": "7", "share": 1, "loud": "yes"}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        result = run_reports(
            workspace, stores=STORES[1:2], notebooks=[FINE], out=tmp_path, parameters=given, executor=pool, single_file=True, progress=False
        )
    record = result.records[0]
    assert record.status == "ok", record.error
    assert {key: record.parameters[key] for key in given} == {"as_of": "2026-01-30", "most": 7, "share": 1.0, "loud": True}
    page = (tmp_path / record.page).read_text("utf-8")
    assert "window.vegaEmbed" in page
    assert not (tmp_path / "assets").exists()


KILLED = """
import sys
from pathlib import Path
from toolkit.batch import run_reports
stores = [{"store_id": str(number), "label": str(number)} for number in range(5)]
notebook, out = Path(sys.argv[2]), Path(sys.argv[3])
result = run_reports(sys.argv[1], stores=stores, notebooks=[notebook], out=out, workers=2, resume=True, progress=False)
print(result.ok, result.skipped)
"""


@pytest.mark.slow
def test_killed_in_the_middle_and_resumed(workspace: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(workspace), str(NOTEBOOKS / "waits.ipynb"), str(tmp_path)]
    run = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    waited = time.monotonic() + 60
    while len(list(tmp_path.glob(f"stores/*/*{SUFFIX}"))) < 2 and time.monotonic() < waited:
        time.sleep(0.05)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    finished = read_records(tmp_path)
    assert 2 <= len(finished) < 5
    for record in finished:
        assert (tmp_path / record.page).read_text("utf-8").rstrip().endswith("</html>")
        nbformat.read(tmp_path / record.executed, as_version=4)
    for page in tmp_path.glob("stores/*/[!.]*"):  # also what has no record yet is whole or not there
        assert page.stat().st_size > 0
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert second.stdout.split() == ["5", str(len(finished))]
    assert not list(tmp_path.rglob("*.part"))
