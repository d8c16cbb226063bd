"""Fixtures for the whole suite: the Complete Journey, imported once."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of a workspace with the Complete Journey; read only."""
    from toolkit.importing import import_receipts

    path = tmp_path_factory.mktemp("journey") / "workspace"
    report = import_receipts("complete-journey", path)
    assert report.rejected == 0
    return path
