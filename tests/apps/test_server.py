"""What is settled before a page is opened: what `toolkit app` refuses, and what Voila may hand out."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_server.base.websocket import WebSocketMixin
from tornado.websocket import WebSocketClosedError
from traitlets.config import PyFileConfigLoader

from toolkit.apps.serving.server import _without_closed_tabs, _write_run_files
from toolkit.workspace import Workspace

DASHBOARDS = Path(__file__).parents[2] / "dashboards"


@pytest.mark.parametrize(
    ("words", "said"),
    [(["nowhere"], "toolkit app nowhere receipts"), (["{workspace}", "portrat"], "There is no app 'portrat'; did you mean 'portrait'?")],
)
def test_what_cannot_be_opened_is_a_sentence(words: list[str], said: str, workspace: Workspace, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "toolkit.cli", "app", "--no-browser", *(word.format(workspace=workspace.path) for word in words)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_voila_hands_out_nothing_and_asks_nobody() -> None:
    config = PyFileConfigLoader("voila.py", path=str(DASHBOARDS)).load_config()
    assert config.VoilaConfiguration.file_allowlist == []
    assert config.VoilaConfiguration.show_tracebacks is False
    assert config.MappingKernelManager.cull_idle_timeout > 0
    policy = config.Voila.tornado_settings["headers"]["Content-Security-Policy"]
    hosts = {word for word in policy.replace(";", " ").split() if "." in word or "://" in word}
    assert hosts == {"ws://127.0.0.1:*", "ws://localhost:*"}
    assert config.Voila.tornado_settings["allow_remote_access"] is False


def test_a_connection_may_miss_a_ping_before_it_is_closed() -> None:
    connection = WebSocketMixin()
    connection.settings = PyFileConfigLoader("voila.py", path=str(DASHBOARDS)).load_config().Voila.tornado_settings
    assert 0 < 2 * connection.ping_interval <= connection.ping_timeout


def test_the_kernel_is_this_python_and_the_chart_library_is_local(tmp_path: Path) -> None:
    _write_run_files(tmp_path)
    spec = json.loads((tmp_path / "kernels" / "python3" / "kernel.json").read_text("utf-8"))
    assert spec["argv"][0] == sys.executable
    (script,) = tmp_path.rglob("vega.js")
    assert "vegaEmbed" in script.read_text("utf-8")


def test_a_closed_tab_is_no_fault_and_every_other_is_told(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(_without_closed_tabs)
    with caplog.at_level(logging.ERROR, "asyncio"):
        loop.call_exception_handler({"message": "Task exception was never retrieved", "exception": WebSocketClosedError()})
        assert not caplog.records
        loop.call_exception_handler({"message": "Task exception was never retrieved", "exception": OSError("no room")})
    loop.close()
    assert [record.message for record in caplog.records] == ["Task exception was never retrieved"]
