from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import mariadb_server, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a PostgreSQL server."""
    pytest.importorskip("adbc_driver_postgresql")
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb() -> Iterator[tuple[str, Path]]:
    """Address of a MariaDB server, and its socket."""
    with mariadb_server() as server:
        yield server
