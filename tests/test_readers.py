"""Readers and writers at once: what is read stays until it is let go of, and no question mixes two states."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import toolkit as tk
from benchmarks.fault_shop import forget_what_was_read
from tests.shop import AS_OF, make_workspace, replace_table, tiny_lines, tiny_products
from toolkit import readers
from toolkit.errors import StateMoved
from toolkit.mart import ensure_mart
from toolkit.readers import FOLDER, leased_states
from toolkit.scope.view import close_views, open_view
from toolkit.workspace import Workspace

OTHER_PROCESS = """
import sys
from pathlib import Path
from datetime import date
from tests.shop import replace_table, tiny_products
from toolkit.mart import ensure_mart
ws = replace_table(Path(sys.argv[1]), "products", tiny_products().head(3))
ensure_mart(ws, date(2024, 6, 30))
"""


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    ws.write_document("settings", {"scope": {"minimum_members": 1}})
    yield ws
    close_views()


def elsewhere(ws: Workspace) -> None:
    """Let another process bring in another products table and build the mart of it."""
    subprocess.run([sys.executable, "-c", OTHER_PROCESS, str(ws.path)], check=True, env={**os.environ, "POLARS_MAX_THREADS": "1"})


def test_what_a_view_reads_stays_while_another_process_imports_and_builds(ws: Workspace) -> None:
    view = open_view(ws)
    orders, members = view.orders.collect(), view.population
    products = ws.path / view.workspace.manifest.tables["products"]
    elsewhere(ws)
    forget_what_was_read()
    assert products.exists()
    assert view.orders.collect().equals(orders)
    assert view.population.equals(members)
    assert view.workspace.table("products").collect().height == tiny_products().height  # type: ignore[union-attr]
    assert sorted(leased_states(ws.path)) == [1]
    del view
    close_views()
    gc.collect()
    assert not leased_states(ws.path)
    replace_table(ws.path, "products", tiny_products())
    assert not products.exists()
    assert not list((ws.path / FOLDER).glob("*.manifest"))


def test_a_question_of_an_open_workspace_moves_to_the_new_state_and_says_so(ws: Workspace) -> None:
    before = tk.portrait.overview(ws)
    assert not [note for note in before.notes if "have come in" in str(note)]
    elsewhere(ws)
    after = tk.portrait.overview(ws)
    assert [str(note) for note in after.notes if "New receipts have come in" in str(note)]
    assert ws.manifest.data_version == 2
    assert not [note for note in tk.portrait.overview(ws).notes if "have come in" in str(note)]


def test_an_older_reader_sweeps_no_mart_of_a_newer_state(ws: Workspace) -> None:
    old = ws.snapshot()
    ensure_mart(old, AS_OF)
    elsewhere(ws)
    ensure_mart(old, date(2024, 6, 1))
    assert (ws.path / "mart" / "2024-06-30-2" / "mart.json").exists()
    assert (ws.path / "mart" / "2024-06-30-1" / "mart.json").exists()


def test_a_reader_that_cannot_hold_its_state_is_told_that_it_moved(ws: Workspace) -> None:
    stale = Workspace(ws.path)
    elsewhere(ws)
    with pytest.raises(StateMoved, match=r"New receipts have come into .* Ask again"):
        stale.table("products")


def test_leases_run_out_and_those_of_processes_that_are_gone_do_not_count(ws: Workspace) -> None:
    held = ws.snapshot()
    (lease,) = (ws.path / FOLDER).glob("*.lease")
    values = json.loads(lease.read_text("utf-8"))
    assert leased_states(ws.path) == {held.manifest.data_version}
    other = ws.path / FOLDER / "other.lease"
    for change, counts in (({}, True), ({"until": 0}, False), ({"host": "elsewhere"}, True), ({"began": "1"}, False)):
        other.write_text(json.dumps({**values, "states": [7], **change}), "utf-8")
        assert (7 in leased_states(ws.path)) is counts, change
        assert other.exists() is counts
    other.write_text("{", "utf-8")
    assert leased_states(ws.path) == {held.manifest.data_version}


def test_a_place_that_cannot_be_written_is_read_without_a_lease(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(readers, "written_beside", refuse)
    assert ws.snapshot().codes("member").height == 5
    assert not leased_states(ws.path)


def test_a_state_that_changes_while_it_is_taken_is_the_new_one(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    import toolkit.workspace as module

    class Slow(readers.Lease):
        def __init__(self, workspace: Path, state: int) -> None:
            if state == 1:
                replace_table(workspace, "products", tiny_products().head(2))
            super().__init__(workspace, state)

    monkeypatch.setattr(module, "Lease", Slow)
    held = ws.snapshot()
    assert held.manifest.data_version == 2
    assert held.table("products").collect().height == 2  # type: ignore[union-attr]
    assert leased_states(ws.path) == {2}
    assert isinstance(held.order_ids(), pl.LazyFrame)
