"""One batch over good and broken notebooks, shared by the tests: a kernel costs seconds to start."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.batch import BatchResult, Limits, run_reports

NOTEBOOKS = Path(__file__).with_name("notebooks")
NASTY = "../Aß/\"'<script>alert(1)</script>"
STORES = [
    {"store_id": "", "label": "The chain"},
    {"store_id": "12", "label": "Store 12"},
    {"store_id": "0012", "label": "Store 0012"},
    {"store_id": NASTY, "label": f"Corner {NASTY}"},
    {"store_id": "上海店 🛒", "label": "上海店 🛒"},
]
QUICK = Limits(cell_seconds=3)


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "manifest.json").write_text("{}", "utf-8")
    return folder


@pytest.fixture(scope="session")
def good(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> BatchResult:
    """Five stores with nasty names, two notebooks, one warm kernel: the second notebook looks for what the others leave behind."""
    out = tmp_path_factory.mktemp("good")
    notebooks = [NOTEBOOKS / "fine.ipynb", NOTEBOOKS / "leaks.ipynb"]
    return run_reports(
        workspace, stores=STORES, notebooks=notebooks, out=out, parameters={"as_of": "2026-01-31"}, workers=1, progress=False
    )


@pytest.fixture(scope="session")
def broken(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> BatchResult:
    """Each way to fail, and a good notebook after them all, on two workers."""
    out = tmp_path_factory.mktemp("broken")
    names = ("raises", "dies", "hangs", "prints_html", "too_small", "fine")
    notebooks = [NOTEBOOKS / f"{name}.ipynb" for name in names]
    return run_reports(workspace, stores=STORES[1:2], notebooks=notebooks, out=out, workers=2, limits=QUICK, progress=False)
