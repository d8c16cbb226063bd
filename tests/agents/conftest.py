"""The shop of the agents: simulated, with every table."""

from __future__ import annotations

from pathlib import Path

import pytest

import toolkit as tk


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of a workspace that the tests may write audiences and drafts into."""
    folder = tmp_path_factory.mktemp("agents")
    made = tk.simulated_shop(folder / "shop", members=400, years=2, seed=0)
    tk.import_receipts(str(made.mapping), str(folder / "workspace"))
    return folder / "workspace"
