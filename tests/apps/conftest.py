"""The village with a store whose id and name try to break out of a page and out of a spreadsheet."""

from __future__ import annotations

import polars as pl
import pytest

from tests.portrait.village import village_lines, village_products
from tests.shop import make_workspace
from toolkit.apps.state import State
from toolkit.workspace import Workspace

NASTY = "=2<b>'\""
NAME = "=HYPERLINK(\"x\")<script>document.title='broken'</script>"


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    lines = village_lines().with_columns(pl.col("store_id").replace({"s2": NASTY}))
    stores = pl.DataFrame({"store_id": ["s1", NASTY], "name": ["Harbour", NAME], "region": ["north", "south"]})
    return make_workspace(tmp_path_factory.mktemp("apps") / "ws", lines, {"products": village_products(), "stores": stores})


@pytest.fixture
def state(workspace: Workspace) -> State:
    return State(workspace.path)
