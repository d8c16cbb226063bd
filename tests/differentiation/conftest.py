"""The club shop, made once a module."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.differentiation.club import make_club
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with the club; a test that launches or writes makes its own."""
    return make_club(Path(tmp_path_factory.mktemp("club")) / "ws")
