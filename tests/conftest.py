"""Fixtures for the whole suite: the Complete Journey, imported once for all workers."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.chromium import CHROMIUM, FLAGS
from tests.servers import mariadb_server, postgres_server
from tests.shared import made_once

# Hundreds of processes are started here. Where Python may write no bytecode, each would compile all that it imports: two thirds of a start.
# It is written beside the sources, where `make setup` has put most of it. (pytest-xdist's workers read this too: it is set before they start.)
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A parser of addresses' grammar that jsonschema takes if it can, for a second of every worker; see toolkit/cli/shell.py.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] - None: an import of it fails, and jsonschema does without

# The clock decides no test: on a machine that does other things a millisecond becomes half a second.
settings.register_profile("suite", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let each worker of a whole run import its own part of the tests first.

    Every worker imports every file, in the same order; on a fresh checkout all of them would compile each at the same moment. So a part
    is compiled by one, and read by the others. What cannot be imported, or warns, is told when pytest collects it.
    """
    config = session.config
    given: dict[str, Any] = getattr(config, "workerinput", {})
    if not given or config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    files = sorted(Path(__file__).parent.rglob("test_*.py"))
    first = int(given["workerid"].removeprefix("gw")) * len(files) // given["workercount"]
    for file in files[first:] + files[:first]:
        with suppress(Exception, pytest.skip.Exception), warnings.catch_warnings():
            warnings.simplefilter("error")
            import_module(".".join(file.relative_to(config.rootpath).with_suffix("").parts))


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

    def make(path: Path) -> None:
        assert import_receipts("complete-journey", path).rejected == 0

    return made_once(tmp_path_factory, "journey", make)


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
