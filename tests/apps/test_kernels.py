"""A kernel that nobody uses is ended, a page worked out ahead is not; everything of a server that was killed is gone."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from jupyter_server._tz import utcnow
from tornado.web import HTTPError

from tests.apps.conftest import kernels_of
from toolkit.apps.serving.forked import can_fork
from toolkit.apps.serving.kernels import Kernels
from toolkit.workspace import Workspace

APPS = 4
PATIENCE = 180


def until(met: Callable[[], bool], said: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline, said
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("heard", "state", "ended"),
    [
        ("", "idle", False),
        ("+", "idle", False),
        ("+-", "idle", True),
        ("++-", "idle", False),
        ("++--", "idle", True),
        ("+-+", "idle", False),
        ("+-", "busy", False),
    ],
)
def test_a_kernel_ends_when_its_last_connection_is_closed_and_nobody_comes_back(heard: str, state: str, ended: bool) -> None:
    given: Any = SimpleNamespace(taken_at=utcnow(), last_activity=utcnow(), execution_state=state, kernel_name="k", left_at=None)
    given.kernel_spec = SimpleNamespace(metadata={})
    kernels: Any = Kernels(left_timeout=-1, cull_idle_timeout=600)
    gone: list[str] = []
    kernels._kernels["k"], kernels._kernel_connections["k"] = given, 0
    kernels.shutdown_kernel = gone.append
    for one in heard:
        (kernels.notify_connect if one == "+" else kernels.notify_disconnect)("k")
    asyncio.run(kernels.cull_kernel_if_idle("k"))
    assert gone == ["k"] * ended


def test_the_server_ends_the_others_where_one_kernel_cannot_be_ended() -> None:
    """One that is only starting is not known yet, and says so."""
    kernels: Any = Kernels()
    asked: list[str] = []

    async def end(kernel_id: str, now: bool) -> None:
        assert now
        asked.append(kernel_id)
        if kernel_id == "starting":
            raise HTTPError(404)

    kernels._async_shutdown_kernel = end
    kernels._kernels.update(dict.fromkeys(["starting", "second", "third"]))
    asyncio.run(kernels.shutdown_all())
    assert asked == ["starting", "second", "third"]
    kernels._kernels.clear()


@pytest.mark.slow
@pytest.mark.skipif(not can_fork(), reason="kernels are forked on Linux only")
def test_a_page_left_behind_gives_its_kernel_back(workspace: Workspace) -> None:
    command = [sys.executable, "-u", "-m", "toolkit.cli", "app", str(workspace.path), "--no-browser", "--no-token", "--port", "8967"]
    environment = {**os.environ, "TOOLKIT_APP_IDLE": "3"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment) as server:
        try:
            assert server.stdout is not None
            url = next(found.group(0) for line in server.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+/", line)))
            tree = psutil.Process(server.pid)

            def kernels() -> set[int]:
                return kernels_of(server.pid)

            until(lambda: len(kernels()) == APPS, "one page of each app is worked out ahead")
            ahead = kernels()
            with urllib.request.urlopen(f"{url}voila/render/portrait.ipynb", timeout=PATIENCE) as page:  # its browser is never heard of
                (taken,) = set(re.findall(r'"kernelId": ?"([0-9a-f-]{36})"', page.read().decode("utf-8")))
            assert taken
            # On a busy machine the page left behind may be ended before the next one begins: a new one is waited for, not one more.
            until(lambda: bool(kernels() - ahead), "the next page of that app is worked out")
            until(lambda: len(kernels()) == APPS, "the kernel of the page left behind is ended")
            assert len(kernels() & ahead) == APPS - 1, "pages that wait for a person are left alone"
            everything = tree.children(recursive=True)
        finally:
            server.kill()
    _, alive = psutil.wait_procs(everything, timeout=30)
    assert alive == [], "kernels end with their server, however it went"
