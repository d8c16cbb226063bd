"""The ladder shop, made once."""

from __future__ import annotations

import pytest

from tests.portrait.ladder import ladder_lines, shop_of
from toolkit.workspace import Workspace


@pytest.fixture(scope="session")
def ladder(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return shop_of(tmp_path_factory.mktemp("ladder"), ladder_lines())
