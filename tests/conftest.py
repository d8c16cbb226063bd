"""Fixtures for the whole suite: the Complete Journey, imported once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.chromium import CHROMIUM, FLAGS
from tests.servers import mariadb_server, postgres_server

# Hundreds of processes are started here. Where Python may write no bytecode, each would compile all that it imports: two thirds of a start.
# So it is kept outside the tree. (pytest-xdist's workers read this too: it is set before they start.)
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path.home() / ".cache" / "retail-member-toolkit" / "bytecode"))

# The clock decides no test: on a machine that does other things a millisecond becomes half a second.
settings.register_profile("suite", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(autouse=True, scope="session")
def small_groups() -> Iterator[None]:
    """Shops of the tests have a handful of members: their figures may speak of one. tests/scope/test_minimum.py holds the real floor."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("toolkit.scope.minimum.FLOOR", 1)
        yield


@pytest.fixture(scope="session")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of a workspace with the Complete Journey; read only."""
    from toolkit.importing import import_receipts

    path = tmp_path_factory.mktemp("journey") / "workspace"
    report = import_receipts("complete-journey", path)
    assert report.rejected == 0
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A running Chromium; the tests that use it skip where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: nothing was opened in a browser")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a PostgreSQL server of the tests' own."""
    pytest.importorskip("adbc_driver_postgresql")
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb() -> Iterator[tuple[str, Path]]:
    """Address of a MariaDB server of the tests' own, and its socket."""
    pytest.importorskip("arrow_odbc")
    with mariadb_server() as server:
        yield server
