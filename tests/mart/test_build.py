"""The mart on disk: whole or not there, built once, ending in sentences."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from datetime import date, datetime

import polars as pl
import pytest

from tests.shop import AS_OF, make_workspace, random_lines, random_products, tiny_lines, tiny_products
from toolkit.errors import BadValue, WorkspaceError
from toolkit.mart import build, build_mart, ensure_mart, load_mart
from toolkit.workspace import Workspace


@pytest.fixture
def ws(tmp_path):
    return make_workspace(tmp_path / "shop", tiny_lines(), {"products": tiny_products()})


def folders(ws) -> list[str]:
    return sorted(item.name for item in ws.mart_folder.iterdir() if item.is_dir())


def test_built_once_then_found(ws):
    assert load_mart(ws, AS_OF) is None
    mart = ensure_mart(ws, AS_OF)
    made = mart.path.stat().st_mtime_ns
    assert ensure_mart(ws, AS_OF).path.stat().st_mtime_ns == made
    assert build_mart(ws, AS_OF).path.stat().st_mtime_ns == made
    assert folders(ws) == ["2024-06-30-1"]


def test_new_receipts_make_a_new_mart_and_remove_the_old(ws):
    ensure_mart(ws, AS_OF)
    with ws.writing():
        ws.commit()
    assert load_mart(ws, AS_OF) is None
    ensure_mart(ws, AS_OF)
    assert folders(ws) == ["2024-06-30-2"]


def test_a_mart_of_another_layout_is_built_anew(ws, monkeypatch):
    ensure_mart(ws, AS_OF)
    monkeypatch.setattr("toolkit.mart.folder.FORMAT", 99)
    monkeypatch.setattr("toolkit.mart.build.FORMAT", 99)
    assert load_mart(ws, AS_OF) is None
    assert ensure_mart(ws, AS_OF).totals["format"] == 99


def test_empty_workspace(tmp_path):
    ws = Workspace.create(tmp_path / "empty", currency="EUR", minor_digits=2)
    mart = ensure_mart(ws, AS_OF)
    assert [frame.collect().height for frame in (mart.orders, mart.member_category, mart.members)] == [0, 0, 0]
    assert (mart.products.height, mart.totals["line_count"], mart.totals["first_day"]) == (0, 0, None)


def test_as_of_before_the_first_line_sees_nothing(ws):
    mart = ensure_mart(ws, date(2023, 12, 31))
    assert (mart.members.collect().height, mart.totals["line_count"], mart.totals["unseen_line_count"]) == (0, 0, 18)


def test_the_last_day_there_can_be(ws):
    assert ensure_mart(ws, date.max).totals["line_count"] == 18


@pytest.mark.parametrize("as_of", [datetime(2024, 6, 30), "2024-06-30", None])
def test_as_of_must_be_a_date(ws, as_of):
    with pytest.raises(BadValue, match="as_of needs a date"):
        ensure_mart(ws, as_of)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), pl.exceptions.ComputeError("No space left on device")])
def test_a_full_disk_ends_in_a_sentence_and_leaves_nothing(ws, monkeypatch, error):
    def write_ipc(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(pl.DataFrame, "write_ipc", write_ipc)
    with pytest.raises(WorkspaceError, match=r"No space left.*Free some space"):
        ensure_mart(ws, AS_OF)
    assert folders(ws) == []
    monkeypatch.undo()
    assert ensure_mart(ws, AS_OF).members.collect().height == 5


def test_receipts_replaced_meanwhile_end_in_a_sentence(ws, monkeypatch):
    def swept(partitions, plan=build.plan_batches, **given):
        batches = plan(partitions, **given)
        for path in partitions[0]:
            path.unlink()
        return batches

    monkeypatch.setattr(build, "plan_batches", swept)
    with pytest.raises(WorkspaceError, match="replaced while the mart was being built"):
        ensure_mart(ws, AS_OF)
    assert folders(ws) == []
    monkeypatch.undo()
    with pytest.raises(WorkspaceError, match="is not there"):
        ensure_mart(ws, AS_OF)


_KILLED = """
import os, signal, sys
from datetime import date
import toolkit.mart.build as build
from toolkit.workspace import Workspace
build.seal_folder = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
build.build_mart(Workspace(sys.argv[1]), date(2024, 6, 30))
"""


def test_a_killed_build_leaves_nothing_that_is_read(ws):
    done = subprocess.run([sys.executable, "-c", _KILLED, str(ws.path)], env={**os.environ, "POLARS_MAX_THREADS": "1"}, check=False)
    assert done.returncode == -signal.SIGKILL
    assert [name for name in folders(ws) if name.startswith(".building-")]
    assert load_mart(ws, AS_OF) is None
    assert ensure_mart(ws, AS_OF).members.collect().height == 5
    assert folders(ws) == ["2024-06-30-1"]


def test_the_search_for_fractions_streams(tmp_path):
    # In polars some operations quietly pull a whole table into memory; the physical plan says so.
    ws = make_workspace(tmp_path / "shop", random_lines(1), {"products": random_products().drop("counted")})
    files = [path for partition in ws.line_partitions() for path in partition]
    plans = [
        query.show_graph(plan_stage="physical", engine="streaming", raw_output=True)
        for query in (
            build.products_in_fractions(files, AS_OF),
            pl.scan_parquet(files).group_by("store_code").agg(pl.col("amount").median()),
        )
    ]
    falls_back = 'fillcolor="0.0 0.3 1.0"'  # the colour of such a node, as the plan's legend says
    assert [falls_back in plan for plan in plans] == [False, True]
    mart = ensure_mart(ws, AS_OF)
    assert "12 of 12" in mart.notes[0]
    assert "1 of these were sold in fractions" in mart.notes[0]
