"""The official client, in a process of its own and over HTTP: what an agent may see and do, and what it may not."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="the package of the protocol is not installed")
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

import toolkit as tk
from toolkit.agents import agent_server

ROOT = Path(__file__).parents[2]


def talk(server: Any, said: Callable[[Any], Awaitable[Any]]) -> Any:
    """Connect, say something, and return what came of it."""

    async def connected() -> Any:
        async with Client(server) as client:
            return await said(client)

    return asyncio.run(connected())


async def called(client: Any, tool: str, /, **given: Any) -> Any:
    """Return the JSON that a tool gives; its error as text."""
    result = await client.call_tool(tool, given)
    texts = [part.text for part in result.content]
    return f"ERROR {texts[0]}" if result.is_error else (json.loads(texts[0]) if len(texts) == 1 else [json.loads(text) for text in texts])


def test_an_agent_in_a_process_of_its_own_asks_answers_and_is_checked(shop: Path) -> None:
    async def said(client: Any) -> None:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert {"list_questions", "describe_question", "answer", "interpret", "list_entities", "figure", "check_text"} <= names
        assert not {"launch_campaign", "export_audience", "export_contacts"} & names
        understood = await called(client, "interpret", text="which members carry the sales?")
        assert understood["outcome"] == "answer"
        call = understood["calls"][0]
        answer = await called(client, "answer", name=call["name"], parameters=call["parameters"])
        assert answer["headline"]
        assert answer["headline"] == getattr(tk.portrait, call["name"].partition(".")[2])(str(shop)).headline
        assert (await called(client, "check_text", text=answer["headline"]))["all_found"]
        assert (await called(client, "check_text", text="987,654 members"))["not_found"] == ["987,654"]
        assert "contract" in (await client.read_resource("toolkit://contract")).contents[0].text.casefold()
        assert "holdout" in (await client.read_resource("toolkit://definitions")).contents[0].text.casefold()
        assert {one.name for one in (await client.list_prompts()).prompts} == {
            "weekly_member_meeting",
            "plan_a_campaign",
            "why_is_repurchase_low",
        }

    command = StdioServerParameters(
        command=sys.executable, args=["-m", "toolkit.cli", "mcp", str(shop)], env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=str(ROOT)
    )
    talk(command, said)


def test_members_and_small_groups_stay_inside(shop: Path) -> None:
    async def said(client: Any) -> None:
        slipping = await called(client, "answer", name="targeting.core_members", parameters={"members": "core"})
        assert slipping["table"] == []
        assert slipping["rows_in_all"] > 0
        assert "--members" in slipping["notes"][-1]["text"]
        for refused in (
            await called(client, "answer", name="portrait.member", parameters={"member_id": "00000012"}),
            await called(client, "answer", name="portrait.overview", parameters={"settings": {"scope": {"minimum_members": 1}}}),
            await called(client, "list_entities", kind="member"),
            await called(client, "answer", name="portrait.overveiw"),
        ):
            assert str(refused).startswith("ERROR"), refused

    talk(agent_server(shop), said)

    async def with_leave(client: Any) -> None:
        core = await called(client, "answer", name="targeting.core_members", parameters={"members": "core"})
        assert len(core["table"]) > 0

    talk(agent_server(shop, members=True), with_leave)


def test_an_agent_names_and_drafts_and_a_person_launches(shop: Path, tmp_path: Path) -> None:
    async def said(client: Any) -> None:
        saved = await called(client, "save_audience", name="regulars", where="order_count >= 3")
        assert saved["saved"] == "regulars"
        assert str(await called(client, "save_audience", name="regulars", where="order_count >= 9")).startswith("ERROR")
        plan = await called(client, "draft_campaign", campaign_id="spring", audience="regulars")
        assert plan["name"] == "differentiation.plan"
        assert str(await called(client, "launch_campaign", campaign_id="spring")).startswith("ERROR")

    talk(agent_server(shop), said)
    assert not (shop / "campaigns" / "spring").exists()

    async def with_leave(client: Any) -> None:
        for folder in ("../outside", "/tmp", ".", ""):
            assert str(await called(client, "export_audience", name="regulars", folder=folder)).startswith("ERROR")
        told = await called(client, "export_audience", name="regulars", folder="spring")
        assert all(Path(file).is_relative_to(shop.resolve() / "exports") for file in told["files"])

    talk(agent_server(shop, allow_writes=True), with_leave)


def test_over_http_only_with_the_token(shop: Path) -> None:
    import httpx2

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "toolkit.cli", "mcp", str(shop), "--http", "--port", str(port), "--token", "let-me-in"]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    url = f"http://127.0.0.1:{port}/mcp"
    try:
        for _ in range(600):
            try:
                assert httpx2.post(url, json={}).status_code == 401
                break
            except httpx2.TransportError:
                time.sleep(0.1)
        assert httpx2.post(url, json={}, headers={"Authorization": "Bearer wrong"}).status_code == 401

        async def said() -> None:
            http = httpx2.AsyncClient(headers={"Authorization": "Bearer let-me-in"}, timeout=60)
            async with http, Client(streamable_http_client(url, http_client=http)) as client:
                assert (await called(client, "answer", name="portrait.overview"))["figures"]["sales"] > 0

        asyncio.run(said())
    finally:
        process.terminate()
        process.wait(20)
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()
