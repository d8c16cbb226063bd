"""A model in front: its call is checked as a person's is, and the toolkit's own reading stands where the call does not."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

import toolkit as tk
from toolkit.conversation import Call, Clarify, interpret_with

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "local_model"))
from local_model import LocalModel


class Stub(BaseHTTPRequestHandler):
    """Says what it was told to say."""

    says: ClassVar[Any] = {}
    asked: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        self.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        content = self.says if isinstance(self.says, str) else json.dumps(self.says)
        body = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def model() -> Iterator[LocalModel]:
    server = HTTPServer(("127.0.0.1", 0), Stub)
    Thread(target=server.serve_forever, daemon=True).start()
    yield LocalModel(f"http://127.0.0.1:{server.server_port}/v1", "stub")
    server.shutdown()
    server.server_close()


def test_a_sound_call_is_taken_and_said_to_be_the_models(model: LocalModel, shop: Path) -> None:
    Stub.says = {"name": "portrait.contribution", "parameters": {"by": "orders"}}
    understood = interpret_with(tk.open(str(shop)), "who keeps us alive?", model)
    assert understood.kind == "answer"
    assert understood.calls == (Call.of("portrait.contribution", {"by": "orders"}),)
    assert "model" in understood.said
    sent = json.dumps(Stub.asked[-1])
    assert "portrait.contribution" in sent
    assert "member_count" not in sent  # no figure, no row leaves


def test_two_that_may_be_meant_are_asked_back(model: LocalModel, shop: Path) -> None:
    Stub.says = {"clarify": [{"name": "portrait.stores"}, {"name": "portrait.overview", "parameters": {}}]}
    assert isinstance(interpret_with(tk.open(str(shop)), "how are we", model), Clarify)


@pytest.mark.parametrize(
    "says",
    [
        {"name": "portrait.everything"},
        {"name": "portrait.contribution", "parameters": {"by": "shoe size"}},
        {"name": "portrait.overview", "parameters": {"store_id": "nowhere"}},
        {"name": "portrait.overview", "parameters": {"audience": "1=1; DROP TABLE members"}},
        {"name": "portrait.overview", "parameters": {"settings": {"scope": {"minimum_members": 1}}}},
        {"sql": "select *"},
        "I think you want the overview!",
    ],
)
def test_what_does_not_stand_is_told_and_our_own_reading_stands(model: LocalModel, shop: Path, says: Any) -> None:
    Stub.says = says
    understood = interpret_with(tk.open(str(shop)), "which members carry the sales?", model)
    assert understood.calls[0].name == "portrait.contribution"
    assert "does not stand" in understood.said
