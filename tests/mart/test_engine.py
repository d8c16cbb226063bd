"""Many machines: a scheduler and two workers in processes of their own, one killed in the middle; and what is refused in a sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.mart import dying
from tests.shop import make_workspace, random_lines, random_products
from toolkit import engine
from toolkit.engine import EngineError, engine_of, executor_of
from toolkit.errors import BadValue
from toolkit.mart import build
from toolkit.mart.baskets import ensure_baskets
from toolkit.mart.folder import Mart
from toolkit.mart.sequences import sequences_of
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    from dask import config
    from distributed import LocalCluster

    # Forked from a process that has imported Dask and does nothing: each new worker would import it for a second.
    cheap = {"distributed.worker.multiprocessing-method": "forkserver", "distributed.admin.log-length": 0}
    given = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None, "host": "127.0.0.1"}
    with config.set(cheap), LocalCluster(**given, silence_logs=50) as started:
        yield started


def shop(folder: Path) -> Workspace:
    return make_workspace(folder, random_lines(5, lines=3_000, days=200), {"products": random_products()}, partitions=4)


def use(ws: Workspace, scheduler: str) -> Workspace:
    ws.write_document("settings", {"machines": {"engine": "dask", "scheduler": scheduler}})
    return Workspace(ws.path)


def everything(ws: Workspace, mart: Mart) -> dict[str, bytes]:
    ensure_baskets(ws, mart)
    sequences_of(ws, mart)
    return {path.relative_to(mart.path).as_posix(): path.read_bytes() for path in mart.path.rglob("*.arrow")} | {
        name: (mart.path / name).read_bytes() for name in ("mart.json", "categories.parquet", "products.parquet", "settled.parquet")
    }


def test_a_killed_worker_costs_its_part_and_nothing_else(tmp_path: Path, cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    ws = shop(tmp_path / "local")
    assert ws.last_day is not None
    as_of = ws.last_day - timedelta(days=1)
    local = everything(ws, build.build_mart(ws, as_of, most_lines=400))
    assert len([name for name in local if name.startswith("orders/")]) > 2
    far = use(shop(tmp_path / "far"), cluster.scheduler_address)
    monkeypatch.setattr(build, "_write_batch", dying.write_batch)
    spread = everything(far, build.build_mart(far, as_of, most_lines=400))
    assert (far.mart_folder / "killed").exists()
    assert spread.keys() == local.keys()
    assert [name for name in local if spread[name] != local[name]] == []


def test_what_is_refused_before_anything_is_done(tmp_path: Path, cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    ws = shop(tmp_path / "ws")
    with executor_of(ws) as pool:
        assert pool is None
    with pytest.raises(BadValue, match="needs the address"), engine_of(use(ws, "")):
        pass
    nobody = use(ws, "tcp://127.0.0.1:9")
    with monkeypatch.context() as patch:
        patch.setattr(engine, "SECONDS", 0.5)  # nobody is there, however long one waits
        with pytest.raises(EngineError, match=r"There is no Dask scheduler at tcp://127\.0\.0\.1:9"), engine_of(nobody):
            pass
    far = use(ws, cluster.scheduler_address)
    with executor_of(far) as pool:
        assert pool is not None
        assert pool.submit(os.getpid).result() != os.getpid()
    with monkeypatch.context() as patch:
        patch.setattr(engine, "versions", lambda: {"toolkit": "0.0.1", "polars": pl.__version__})
        with pytest.raises(EngineError, match=r"Worker tcp://.* has toolkit .* and not 0\.0\.1: install the same there"), engine_of(far):
            pass
    monkeypatch.setattr(engine, "_worker_told", _read_only)
    with pytest.raises(EngineError, match=r"cannot write .* \(Read-only file system\): mount the workspace there"), engine_of(far):
        pass


def _read_only(_token: str) -> dict[str, object]:
    return {"versions": engine.versions(), "fault": "Read-only file system"}
