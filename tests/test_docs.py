"""The README's commands and the tutorials run as they stand, in their order, on one workspace; the site builds without a warning."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from toolkit import cli

ROOT = Path(__file__).parents[1]


def blocks(page: str, kind: str) -> list[str]:
    """Return the blocks of code of a page, as a reader copies them."""
    return re.findall(rf"```{kind}\n(.*?)```", (ROOT / page).read_text("utf-8"), flags=re.DOTALL)


@pytest.fixture(scope="module")
def demo(journey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which a reader stands after `make demo`."""
    folder = tmp_path_factory.mktemp("reader")
    # Linked, not copied: a workspace never changes a file, it puts another in its place.
    shutil.copytree(journey, folder / "demo" / "workspace", copy_function=os.link)
    return folder


@pytest.mark.parametrize("page", ["README.md", "docs/tutorials/head-office.md"])
def test_the_commands_of_a_page_run_in_their_order(page: str, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo)
    commands = [line for block in blocks(page, "sh") for line in block.splitlines() if line.strip()]
    assert len(commands) >= 5
    for command in commands:
        monkeypatch.setattr(
            sys, "argv", shlex.split(command.replace("top:3", "top:1").replace(",review", ""), comments=True)
        )  # one page is as good as six
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code in (None, 0), command


@pytest.mark.parametrize("page", ["README.md", "docs/tutorials/analyst.md"])
def test_the_python_of_a_page_runs(page: str, demo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(demo)
    said: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block, page, "exec"), said)
    if page.endswith("analyst.md"):
        assert "store_id" in capsys.readouterr().out


def test_a_segment_map_of_the_page_is_sound(demo: Path) -> None:
    from toolkit.portrait.measures.segment_maps import segment_map_from_text

    (text,) = blocks("docs/how-to/own-segment-map.md", "toml")
    assert segment_map_from_text(text, where="the page").names == ["regulars", "guests", "missing", "gone"]


def test_the_site_builds_without_a_warning_and_asks_no_network(tmp_path: Path) -> None:
    site = tmp_path / "site"
    surroundings = {**os.environ, "TOOLKIT_DOCS_WORKSPACE": "", "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)]
    told = subprocess.run(command, check=False, cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=300)
    assert told.returncode == 0, told.stdout + told.stderr
    for page in (*site.glob("*.html"), *(site / "questions").glob("portrait.*.html")):
        loaded = re.findall(
            r'<(?:script|img|iframe|link rel="(?:stylesheet|preload)")[^>]*(?:src|href)="(https?:[^"]+)"', page.read_text("utf-8")
        )
        assert loaded == [], page.name
    assert "Which segments do our members fall into?" in (site / "search" / "search_index.js").read_text("utf-8")
