"""What one visitor may take of the server, which scripts a page may run, and what the logs hold: no member, no sentence, no token."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from traitlets.config import PyFileConfigLoader

from toolkit.apps.pages.access_log import ACCESS_VARIABLE, WithoutSecrets, tell_asked
from toolkit.apps.pages.error_boundary import LOG_VARIABLE, log_fault
from toolkit.apps.serving.limits import Pages, connection_limits, signed, upload_seconds, with_nonce
from toolkit.apps.serving.server import AppServer

DASHBOARDS = Path(__file__).parents[2] / "dashboards"
KERNELS = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(5)]


def test_pages_are_limited_by_address_and_in_all() -> None:
    pages = Pages(most=4, each=3)
    for kernel in KERNELS[:2]:
        assert pages.refusal("10.0.0.1", KERNELS) == ""
        assert pages.opened(f'{{"kernelId": "{kernel}"}}', "10.0.0.1") == kernel
    assert pages.opened("<p>no kernel yet</p>", "10.0.0.1") == ""
    with pages.opening("10.0.0.1"):  # a third is being made
        assert "3 pages are open from your address" in pages.refusal("10.0.0.1", KERNELS)
        assert pages.refusal("10.0.0.2", KERNELS) == ""
        pages.opened(f'{{"kernelId": "{KERNELS[2]}"}}', "10.0.0.2")
        assert "4 pages are open" in pages.refusal("10.0.0.2", KERNELS)
    assert pages.refusal("10.0.0.1", KERNELS) == ""
    pages.opened(f'{{"kernelId": "{KERNELS[3]}"}}', "10.0.0.2")
    assert "4 pages are open" in pages.refusal("10.0.0.3", KERNELS)
    assert pages.refusal("10.0.0.3", KERNELS[1:]) == ""  # one of the kernels has ended


def test_pages_have_a_limit_where_nobody_states_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= Pages().each < Pages().most <= 100
    monkeypatch.setenv("TOOLKIT_APP_PAGES", "7")
    monkeypatch.setenv("TOOLKIT_APP_PAGES_EACH", "many")
    assert (Pages().most, Pages().each) == (7, 3)


def test_a_page_runs_its_own_scripts_and_no_others() -> None:
    settings = PyFileConfigLoader("voila.py", path=str(DASHBOARDS)).load_config()
    policy = settings.Voila.tornado_settings["headers"]["Content-Security-Policy"]
    (scripts,) = (part.split() for part in policy.split("; ") if part.startswith("script-src"))
    assert scripts == ["script-src", "'self'"]
    nonce, own = with_nonce(policy)
    assert f"script-src 'self' 'nonce-{nonce}';" in own
    assert with_nonce(policy)[0] != nonce
    assert signed('<script>a()</script><script type="application/json">', nonce).count(f'nonce="{nonce}"') == 2
    assert settings.IdentityProvider.cookie_options["samesite"] == "Lax"
    assert settings.Voila.tornado_settings["xsrf_cookie_kwargs"]["samesite"] == "Strict"


def test_a_request_that_is_sent_in_part_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict = {}

    class Application:
        def __init__(self) -> None:
            self.settings: dict = {}

        def listen(self, port: int, address: str, **limits: object) -> None:
            given.update(limits)

    server = AppServer()
    server.app = Application()
    server.open_browser = False
    monkeypatch.setattr("voila.app.Voila.listen", lambda self: self.app.listen(1, "127.0.0.1"))
    server.listen()
    assert given == connection_limits()
    assert 0 < given["idle_connection_timeout"] <= 60
    assert 0 < given["body_timeout"] <= 60
    assert given["max_body_size"] <= 10 * 1024**2
    assert upload_seconds(4 * 1024**3) > 3600  # a large file may take its time


def test_the_log_of_questions_names_no_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "logs" / "access.log"
    monkeypatch.setenv(ACCESS_VARIABLE, str(path))
    monkeypatch.setattr("sys.argv", ["ipykernel_launcher", "-f", f"/run/kernel-{KERNELS[3]}.json"])
    tell_asked("portrait.member_card", {"member_id": "m-4711", "audience": "member_id = 'm-4711'", "store_id": "s1\x1b[2J", "period": None})
    line = path.read_text("utf-8")
    assert "4711" not in line
    told = json.loads(line)
    assert (told["did"], told["question"], told["page"]) == ("asked", "portrait.member_card", KERNELS[3][:8])
    assert told["store_id"] == "s1\ufffd[2J"
    assert told["also"] == ["audience", "member_id"]
    assert path.stat().st_mode & 0o077 == 0


def test_a_fault_is_logged_without_its_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv(LOG_VARIABLE, str(tmp_path / "app.log"))
    try:
        try:
            {}["anna@shop.example"]
        except KeyError as error:
            raise ValueError("member m4711 has no orders") from error
    except ValueError as error:
        reference = log_fault(error)
    text = (tmp_path / "app.log").read_text("utf-8") + capfd.readouterr().err
    assert reference in text
    assert "ValueError: member … has no orders" in text
    assert "test_limits.py" in text
    for secret in ("4711", "KeyError: 'anna"):
        assert secret not in text


def test_no_token_reaches_a_terminal() -> None:
    record = logging.LogRecord("tornado", logging.ERROR, "", 0, "500 GET %s (%s)", ("/voila?token=abc123&x=1", "127.0.0.1"), None)
    assert WithoutSecrets().filter(record)
    assert record.getMessage() == "500 GET /voila?token=...&x=1 (127.0.0.1)"
