"""The shop of the conversation, once for all its tests."""

from __future__ import annotations

import pytest

from tests.conversation.shop import conversation_shop
from toolkit.workspace import Workspace


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return conversation_shop(tmp_path_factory.mktemp("conversation") / "ws")
