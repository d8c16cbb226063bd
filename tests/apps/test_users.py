"""Pages for people whom a proxy names: the kernel is theirs, and runs no code of theirs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from toolkit.apps.serving import users
from toolkit.apps.serving.handlers import kind_of
from toolkit.audit import NOBODY, PAGE_USERS_VARIABLE, user


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(PAGE_USERS_VARIABLE, str(tmp_path))
    return tmp_path


def test_a_kernel_is_whose_page_opened_first(named: Path) -> None:
    assert users.asks_for_names()
    assert users.bind("abc", "anna@shop.example")
    assert users.bind("abc", "anna@shop.example"), "the same person, another tab"
    assert not users.bind("abc", "bo")
    assert users.bind("../../abc2", "bo")
    assert (named / "abc2").exists(), "no way out of the folder"


def test_the_kernel_knows_who_sits_before_it(named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_USER", "the account of the server")
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher", "-f", "/run/kernel-abc.json"])
    assert user() == (NOBODY, "page"), "a page that was worked out ahead is nobody's"
    users.bind("abc", "anna@shop.example")
    assert user() == ("anna@shop.example", "page")


def test_a_hub_names_whose_server_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", "cleo")
    assert user() == ("cleo", "hub")


def test_messages_are_told_apart_by_their_kind() -> None:
    header = json.dumps({"msg_type": "execute_request"}).encode()
    offsets = [8 * 4, 8 * 4 + 5, 8 * 4 + 5 + len(header)]
    binary = (3).to_bytes(8, "little") + b"".join(one.to_bytes(8, "little") for one in offsets) + b"shell" + header
    assert kind_of(binary) == "execute_request"
    assert kind_of(json.dumps({"header": {"msg_type": "comm_msg"}})) == "comm_msg"
    for broken in (b"", b"\xff" * 30, "", "[]", '{"header": null}'):
        assert kind_of(broken) == ""
