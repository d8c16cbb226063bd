"""The typed door: what an editor and a type checker see is what the registry knows, and a step lists its questions only."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import toolkit as tk
from toolkit import stubs
from toolkit.own_questions import is_own
from toolkit.registry import STEPS, all_questions

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
needs_pyright = pytest.mark.skipif(not shutil.which("pyright", path=BIN), reason="pyright is not installed: no types were checked")


def names(step: str) -> list[str]:
    return sorted(item.name.partition(".")[2] for item in all_questions() if item.step == step and not is_own(item.function))


@pytest.mark.parametrize("step", STEPS)
def test_the_stubs_say_what_the_registry_knows(step: str) -> None:
    assert stubs.stub_file(step).read_text("utf-8") == stubs.stub(step), "run: make stubs"


@pytest.mark.parametrize("step", STEPS)
def test_a_step_lists_its_questions_only(step: str) -> None:
    assert dir(import_module(f"toolkit.{step}")) == names(step)
    shell = InteractiveShell.instance()
    shell.user_ns["tk"] = tk
    for with_jedi in (True, False):
        shell.Completer.use_jedi = with_jedi
        with provisionalcompleter():
            listed = [one.text.lstrip(".") for one in shell.Completer.completions(f"tk.{step}.", len(f"tk.{step}."))]
        assert sorted(listed) == names(step)


@pytest.mark.parametrize("name", ["rfm_scores", "traits", "save_scorecard"])
def test_what_is_no_question_is_in_the_package_itself(name: str) -> None:
    assert name in dir(tk)
    assert getattr(tk, name) is getattr(tk.portrait, name)
    assert name not in dir(tk.portrait)


def test_every_name_of_the_package_is_there() -> None:
    assert dir(tk) == sorted(tk.__all__)
    assert {"review", *STEPS} <= set(tk.__all__)
    assert not [name for name in tk.__all__ if not hasattr(tk, name)]
    assert (Path(tk.__file__).parent / "py.typed").exists()


LINES = (
    # (line, rule that flags it; "" = nothing does)
    ('tk.portrait.rfm(ws, shwo="grid")', "reportCallIssue"),
    ('tk.portrait.rfm(ws, show="grd")', "reportArgumentType"),
    ("tk.portrait.rfm(ws, stroe_id='367')", "reportCallIssue"),
    ("tk.portrait.rmf(ws)", "reportAttributeAccessIssue"),
    ("tk.potrait.rfm(ws)", "reportAttributeAccessIssue"),
    ("tk.review.verdit(ws)", "reportAttributeAccessIssue"),
    ("tk.portrait.member(ws)", "reportCallIssue"),
    ("tk.portrait.overview(ws, audience=3)", "reportArgumentType"),
    ("tk.portrait.rfm(ws).heading", "reportAttributeAccessIssue"),
    ('tk.portrait.rfm(ws, show="grid", store_id="367", as_of="2017-10-31", period="28d").headline', ""),
    ('tk.portrait.rfm("demo/workspace", settings={"scope": {"minimum_members": 1}}).table.head()', ""),
    ('tk.portrait.movement(ws, since="2017-10-31")', ""),
    ('tk.portrait.overview(ws, audience=pl.DataFrame({"member_id": ["1"]}))', ""),
    ('tk.portrait.overview(ws, audience=pl.Series(["1"]))', ""),
    ('tk.portrait.overview(ws, audience=["1", "2"])', ""),
    ('tk.portrait.overview(ws, audience=tk.load_audience(ws, "regulars"))', ""),
    ('tk.review.verdict(ws, campaign_id="18").notes', ""),
    ('tk.differentiation.plan(ws, campaign=tk.propose_plan(ws, "x"))', ""),
    ("tk.rfm_scores(ws).height + tk.portrait.traits(ws).height", ""),
    ('tk.own_answers(ws, "review", campaign_id="18").answers', ""),
    ("tk.question('portrait', 'Who?')", ""),
)


@needs_pyright
def test_a_type_checker_flags_wrong_names_and_no_right_ones(tmp_path: Path) -> None:
    file = tmp_path / "asked.py"
    head = "import polars as pl\n\nimport toolkit as tk\n\nws = tk.open('demo/workspace')\nanswer: tk.Answer = tk.targeting.slipping(ws)\n"
    file.write_text(head + "".join(f"print({line})\n" for line, _ in LINES), "utf-8")
    command = [BIN / "pyright", "--pythonpath", sys.executable, "--outputjson", file]
    done = subprocess.run(command, env=ENVIRONMENT, cwd=tmp_path, capture_output=True, text=True, check=False)
    first = head.count("\n")
    flagged = {one["range"]["start"]["line"] - first: one["rule"] for one in json.loads(done.stdout)["generalDiagnostics"]}
    assert [(line, flagged.get(number, "")) for number, (line, _) in enumerate(LINES)] == list(LINES)
    assert set(flagged) <= set(range(len(LINES)))


@needs_pyright
def test_an_editor_completes_parameters_and_shows_what_they_mean(tmp_path: Path) -> None:
    text = "import toolkit as tk\nws = tk.open('x')\ntk.portrait.rfm(ws, )\ntk.review.\n"
    inside = {"textDocument": {"uri": (tmp_path / "a.py").as_uri()}, "position": {"line": 2, "character": 20}}
    (tmp_path / "a.py").write_text(text, "utf-8")
    editor = _editor(tmp_path, text)
    ask = next(editor)
    completed = [item["label"] for item in ask("textDocument/completion", inside)["items"]]
    assert {"show=", "segment_map=", "store_id=", "audience=", "settings="} <= set(completed)
    signature = ask("textDocument/signatureHelp", inside)["signatures"][0]
    assert "show: Literal['grid', 'scores'] = 'grid'" in signature["label"]
    assert signature["label"].endswith("-> Answer")
    assert "Names the cells: 'ten', 'eight' or the path of a TOML map" in " ".join(signature["documentation"]["value"].split())
    after_step = {**inside, "position": {"line": 3, "character": 10}}
    listed = [item["label"] for item in ask("textDocument/completion", after_step)["items"]]
    assert sorted(name for name in listed if not name.startswith("_")) == names("review")
    editor.close()


def _editor(folder: Path, text: str) -> Iterator[Callable[[str, dict[str, Any]], Any]]:
    """Open a file as an editor does, by the language server protocol; gives the function that asks."""
    command = [BIN / "pyright-langserver", "--stdio"]
    with subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin
        assert server.stdout

        def send(**message: Any) -> None:
            data = json.dumps({"jsonrpc": "2.0", **message}).encode()
            server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
            server.stdin.flush()

        def ask(method: str, params: dict[str, Any]) -> Any:
            send(id=method, method=method, params=params)
            while True:
                length = 0
                while line := server.stdout.readline().strip():
                    length = int(line.split(b":")[1]) if line.lower().startswith(b"content-length") else length
                message = json.loads(server.stdout.read(length))
                if "method" in message and "id" in message:  # it asks us: which Python?
                    wanted = message["params"].get("items", [])
                    send(id=message["id"], result=[{"pythonPath": sys.executable} for _ in wanted])
                elif message.get("id") == method:
                    return message["result"]

        told = {"workspace": {"configuration": True}, "textDocument": {"signatureHelp": {}}}
        where = {"rootUri": folder.as_uri(), "workspaceFolders": [{"uri": folder.as_uri(), "name": "x"}]}
        ask("initialize", {"processId": os.getpid(), "capabilities": told, **where})
        send(method="initialized", params={})
        document = {"uri": (folder / "a.py").as_uri(), "languageId": "python", "version": 1, "text": text}
        send(method="textDocument/didOpen", params={"textDocument": document})
        try:
            yield ask
        finally:
            server.kill()
