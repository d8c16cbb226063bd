"""The ladder, the village and a shop of receipts alone, made once."""

from __future__ import annotations

import pytest

from tests.portrait.ladder import ladder_lines, shop_of
from tests.portrait.village import village_lines, village_products
from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit.workspace import Workspace


@pytest.fixture(scope="session")
def ladder(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return shop_of(tmp_path_factory.mktemp("ladder"), ladder_lines())


@pytest.fixture(scope="session")
def village(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("village") / "ws", village_lines(), {"products": village_products()})


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("bare") / "ws", tiny_lines(), {"products": tiny_products()})
