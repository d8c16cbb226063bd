"""Questions of a shop's own, from outside: found, asked, listed like ours; what is wrong with one is a sentence, and nothing else stops."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import nbformat
import polars as pl
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from typer.testing import CliRunner

import toolkit as tk
from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit import own_questions, questions_page, registry
from toolkit.answer import ANSWER_MIME, Finding
from toolkit.apps.pages.controls import controls_of
from toolkit.apps.pages.state import State
from toolkit.batch import run_reports
from toolkit.cli.shell import app
from toolkit.conversation import interpret
from toolkit.conversation.menu import question_menu
from toolkit.errors import BadValue, OwnQuestionFailed, ToolkitError, UnknownName
from toolkit.scope.minimum import lower_minimum
from toolkit.scope.view import View
from toolkit.shipped import find_notebook
from toolkit.workspace import Workspace

if TYPE_CHECKING:
    from decimal import Decimal

EXAMPLE = Path(__file__).parent.parent / "examples" / "own_question"
FEW = {"scope": {"minimum_members": 1}}


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    path = tmp_path_factory.mktemp("shop") / "ws"
    ws = make_workspace(path, tiny_lines(), {"products": tiny_products()})
    ws.write_document("settings", FEW)
    return ws


@pytest.fixture(autouse=True)
def registry_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is registered here is forgotten afterwards; nothing is installed yet."""
    registry.all_questions()
    monkeypatch.setattr(registry, "_registry", dict(registry._registry))
    monkeypatch.setattr(own_questions, "refused", [])
    monkeypatch.setattr(own_questions, "_loaded", False)
    yield
    for name in ("own_question", "birthdays", "parties", "odd"):
        sys.modules.pop(name, None)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Path]:
    """Install a package as pip leaves it: its module and its entry points on the path."""

    def installed(name: str, source: str, module: str = "") -> Path:
        folder = tmp_path / name
        told = folder / f"{name}-0.1.dist-info"
        told.mkdir(parents=True)
        (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n", "utf-8")
        (told / "entry_points.txt").write_text(f"[{own_questions.GROUP}]\nx = {module or name}\n", "utf-8")
        if source:
            (folder / f"{name}.py").write_text(source, "utf-8")
        monkeypatch.syspath_prepend(folder)
        return folder

    return installed


@pytest.fixture
def market(install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of the documentation, installed."""
    monkeypatch.syspath_prepend(EXAMPLE)
    install("shop_questions", "", module="own_question")


HEAD = """
from __future__ import annotations
import polars as pl
import toolkit as tk
"""
RAISES = (
    HEAD
    + '''
@tk.question("portrait", "How many birthdays are there?")
def birthdays(view: tk.View, *, month: int = 1) -> tk.Finding:
    """Return birthdays."""
    return tk.Finding("x", view.members.select("birthday"))
'''
)


@pytest.mark.usefixtures("market")
def test_an_installed_question_is_wherever_ours_are(ws: Workspace) -> None:
    answer = tk.portrait.market_days(ws)
    assert answer.headline == "In the chain, 3.7% of member sales fall on market days (n = 1 member)."
    assert answer.call == "tk.portrait.market_days(ws)"
    assert "portrait.market_days" in tk.questions()["name"]
    assert "market_days" in dir(tk.portrait)
    assert registry.find_question("market_days").text == "Who comes on market days?"
    assert interpret(ws, "who visits on market day").calls[0].name == "portrait.market_days"
    assert tk.ask(ws, "who comes on market days?").answer.name == "portrait.market_days"
    assert "## Questions of your own" in questions_page.questions_markdown()
    assert "`tk.portrait.market_days(ws)`" in questions_page.questions_markdown()
    assert [control.name for control in controls_of(registry.find_question("market_days"))] == ["day"]
    family, questions = question_menu(["portrait"])[-1]
    assert (family, [item.name for item in questions]) == ("Questions of your own", ["portrait.market_days"])
    state = State(ws.path, asked=False)
    state.ask("portrait.market_days", {"day": "wed"})
    assert getattr(state.result, "name", state.result) == "portrait.market_days"


@pytest.mark.usefixtures("market")
def test_the_shell_lists_and_answers_it(ws: Workspace) -> None:
    listed = CliRunner().invoke(app, ["questions"])
    assert "portrait.market_days" in listed.output
    told = CliRunner().invoke(app, ["answer", str(ws.path), "portrait.market_days", "--set", "day=wed", "--json"])
    assert json.loads(told.stdout)["name"] == "portrait.market_days"


@pytest.mark.usefixtures("market")
def test_a_report_has_a_section_for_them(ws: Workspace, install: Callable[..., Path]) -> None:
    install("birthdays", RAISES)
    install("broken", "import nothing_of_that_name")
    shown = _displayed(tk.own_answers(ws, "portrait", campaign_id="C1"))
    assert shown[0].data["text/markdown"] == "## Questions of your own"
    assert any(output.metadata.get(ANSWER_MIME, {}).get("name") == "portrait.market_days" for output in shown)
    texts = [output.data.get("text/html", "") for output in shown]
    assert any("portrait.birthdays of birthdays could not be answered: ColumnNotFoundError" in text for text in texts)
    assert any("The questions of the package broken could not be taken: ModuleNotFoundError" in text for text in texts)
    assert not _displayed(tk.own_answers(ws, "review"))[1:-1], "no question, and what was refused"


def test_without_any_the_section_is_not_there(ws: Workspace) -> None:
    assert [output.data for output in _displayed(tk.own_answers(ws, "portrait"))] == []


def _displayed(shown: Any) -> list[Any]:
    InteractiveShell.instance()
    with capture_output() as captured:
        shown._ipython_display_()
    return captured.outputs


def test_one_that_raises_is_one_sentence_everywhere(ws: Workspace, install: Callable[..., Path]) -> None:
    install("birthdays", RAISES)
    with pytest.raises(OwnQuestionFailed) as caught:
        tk.portrait.birthdays(ws, month=3)
    said = str(caught.value)
    assert said.startswith("portrait.birthdays of birthdays could not be answered: ColumnNotFoundError: ")
    assert said.endswith("This is a fault of that package, not of what was asked.")
    assert "\n" not in said
    assert isinstance(caught.value.__cause__, pl.exceptions.ColumnNotFoundError)
    done = CliRunner().invoke(app, ["answer", str(ws.path), "portrait.birthdays"])
    assert isinstance(done.exception, ToolkitError), "the shell prints its sentence"
    state = State(ws.path, asked=False)
    state.ask("portrait.birthdays")
    assert isinstance(state.result, str)
    assert "could not be answered" in state.result
    state.ask("portrait.overview")
    assert not isinstance(state.result, str)


@pytest.mark.parametrize(
    ("gives", "said"),
    [
        ("None", "a Finding was needed, but NoneType came"),
        ("tk.Finding('', pl.DataFrame())", "its headline is no sentence"),
        ("tk.Finding('x.', view.orders)", "its table is no polars DataFrame"),
        ("tk.Finding('x.', pl.DataFrame(), notes='A note.')", "its notes are no list of sentences"),
        ("tk.Finding('x.', pl.DataFrame(), figures={'n': 'many'})", "its figures are no numbers by name"),
        ("tk.Finding('x.', pl.DataFrame(), ask_next=['portrait.rfm'])", "ValueError: too many values to unpack"),
        ("tk.Finding('x.', pl.DataFrame(), ask_next=[('portrait.rfn', {})])", "it sends to portrait.rfn, which there is not"),
    ],
)
def test_what_is_no_answer_is_refused(ws: Workspace, install: Callable[..., Path], gives: str, said: str) -> None:
    install("odd", HEAD + f'@tk.question("review", "Odd?")\ndef odd(view: tk.View) -> tk.Finding:\n    """Odd."""\n    return {gives}\n')
    with pytest.raises(OwnQuestionFailed) as caught:
        tk.review.odd(ws)
    assert said in str(caught.value)
    assert "review.odd of odd gave an answer that cannot be shown" in str(caught.value)


def test_a_picture_that_fails_is_a_sentence_too(ws: Workspace) -> None:
    @tk.question("review", "A picture?")
    def picture(view: View) -> Finding:
        """Return a picture."""
        return Finding("x.", pl.DataFrame({"n": [1]}), chart=lambda: 1 / 0)  # type: ignore[return-value]

    with pytest.raises(OwnQuestionFailed, match=r"review\.picture of tests could not be answered: ZeroDivisionError: division by zero\."):
        _ = picture(ws).chart
    assert "division by zero" in str(tk.own_answers(ws, "review").answers[-1])


def _twice(name: str) -> Callable[..., Finding]:
    def made(view: View) -> Finding:
        """Return nothing."""
        return Finding("x.", pl.DataFrame())

    made.__name__ = name
    return made


def _first_is_no_view(workspace: str) -> Finding:
    """Return nothing."""
    raise NotImplementedError(workspace)


def _untold(view: View) -> Finding:
    raise NotImplementedError(view)


def _behind_no_star(view: View, since: int = 3) -> Finding:
    """Return nothing."""
    raise NotImplementedError(view, since)


def _named_as_the_scope(view: View, *, store_id: str = "") -> Finding:
    """Return nothing."""
    raise NotImplementedError(view, store_id)


def _for_checkers_alone(view: View, *, since: Decimal | None = None) -> Finding:
    """Return nothing."""
    raise NotImplementedError(view, since)


def _misspelt(view: tk.Viwe) -> Finding:  # type: ignore[name-defined]
    """Return nothing."""
    raise NotImplementedError(view)


def _of_a_type_without_values(view: View, *, since: ModuleType | None = None) -> Finding:
    """Return nothing."""
    raise NotImplementedError(view, since)


@pytest.mark.parametrize(
    ("step", "name", "function", "said"),
    [
        ("portrit", "mine", None, "portrit.mine of tests: there is no step 'portrit'; a question belongs to one of portrait, targeting,"),
        ("portrait", "rfm", None, "portrait.rfm of tests: toolkit has a question of that name"),
        ("portrait", "rfm_scores", None, "that name is taken"),
        ("portrait", "measures", None, "that name is taken"),
        ("portrait", "_mine", None, "a question cannot be called so"),
        ("portrait", "<lambda>", None, "a question cannot be called so"),
        ("portrait", "mine", _first_is_no_view, "must take the view first"),
        ("portrait", "mine", _untold, "has no docstring"),
        ("portrait", "mine", _behind_no_star, "its parameter `since` needs an annotation and a place behind a `*`"),
        ("portrait", "mine", _named_as_the_scope, "its parameter `store_id` needs"),
        ("portrait", "mine", _for_checkers_alone, "cannot be read when it is asked: NameError: name 'Decimal' is not defined"),
        ("portrait", "mine", _misspelt, "cannot be read when it is asked: AttributeError: module 'toolkit' has no attribute 'Viwe'"),
        ("portrait", "mine", _of_a_type_without_values, "cannot be read when it is asked: PydanticSchemaGenerationError"),
    ],
)
def test_what_could_not_be_asked_is_refused(step: str, name: str, function: Any, said: str) -> None:
    function = function or _twice(name)
    function.__name__ = name
    with pytest.raises(BadValue) as caught:
        tk.question(step, "Mine?")(function)
    assert said in str(caught.value)
    assert all(line.endswith(".") for line in str(caught.value).splitlines())
    assert f"{step}.{name}" not in registry._registry or name == "rfm"


def test_all_faults_are_said_together() -> None:
    with pytest.raises(BadValue) as caught:
        tk.question("step", " ")(_untold)
    assert len(str(caught.value).splitlines()) == 3


def test_a_name_that_another_package_has_is_refused(install: Callable[..., Path], caplog: pytest.LogCaptureFixture) -> None:
    install("birthdays", RAISES)
    install("parties", RAISES)
    assert tk.questions()["name"].to_list().count("portrait.birthdays") == 1
    (said,) = own_questions.refused
    assert said == (
        "The questions of the package parties could not be taken: portrait.birthdays of parties: birthdays has a question of that name; "
        "name the function otherwise."
    )
    assert caplog.messages == [said], "said once, on the standard error"


def test_a_cell_that_is_run_again_replaces_its_question(ws: Workspace) -> None:
    first = tk.question("review", "Mine?")(_twice("mine"))
    again = tk.question("review", "Mine?")(_twice("mine"))
    assert registry.find_question("review.mine") is again is not first
    again.function.__module__ = "__main__"
    registry.forget_gone()  # as between two notebooks on a warm kernel
    with pytest.raises(UnknownName):
        registry.find_question("review.mine")


def test_a_module_or_a_question_is_registered_by_hand(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLE)
    (question,) = tk.register("own_question")
    assert tk.register(sys.modules["own_question"]) == tk.register(question) == [question]
    assert tk.portrait.market_days is question
    with pytest.raises(BadValue, match="The module 'own_questoin' cannot be imported: No module named 'own_questoin'"):
        tk.register("own_questoin")
    for nothing in (sys, _untold, 7):
        with pytest.raises(BadValue, match="holds no question of your own"):
            tk.register(nothing)  # type: ignore[arg-type]
    del sys.modules["own_question"]
    registry.forget_gone()
    with pytest.raises(UnknownName):
        registry.find_question("market_days")


@pytest.mark.usefixtures("market")
def test_a_misspelt_name_is_guessed(ws: Workspace) -> None:
    with pytest.raises(AttributeError, match=r"toolkit\.portrait has no question 'market_day'; did you mean 'market_days'"):
        _ = tk.portrait.market_day
    with pytest.raises(UnknownName, match=r"portrait\.market_days has no parameter 'dya'; did you mean 'day'"):
        tk.portrait.market_days(ws, dya="wed")
    with pytest.raises(BadValue, match=r"portrait\.market_days: day is 'sun'"):
        tk.portrait.market_days(ws, day="sun")


@pytest.mark.slow
def test_every_report_of_a_warm_kernel_has_its_section(
    ws: Workspace, install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lower_minimum(ws, 1, reason="a shop of five members, typed by hand")  # a kernel has the floor of any shop
    path = [EXAMPLE, install("shop_questions", "", module="own_question"), install("birthdays", RAISES), EXAMPLE.parent.parent]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, path)))
    notebook = nbformat.read(find_notebook("portrait"), as_version=4)
    notebook.cells = [cell for cell in notebook.cells if "portrait." not in cell.source]
    nbformat.write(notebook, tmp_path / "own.ipynb")
    stores = [{"store_id": store, "label": f"Store {store}"} for store in ("", "s1", "s2")]
    made = run_reports(ws.path, stores=stores, notebooks=[tmp_path / "own.ipynb"], out=tmp_path / "out", workers=1, progress=False)
    assert (made.ok, made.failed) == (3, 0)
    for record in made.records:
        page = (made.index.parent / record.page).read_text("utf-8")
        assert re.search("<h2[^>]*>Questions of your own", page)
        assert "Who comes on market days?" in page
        assert "portrait.birthdays of birthdays could not be answered: ColumnNotFoundError" in page
        assert "portrait.market_days" in record.figures or "Not told" in page


@pytest.mark.slow
def test_the_tests_of_the_example_pass(install: Callable[..., Path], tmp_path: Path) -> None:
    path = [EXAMPLE, install("shop_questions", "", module="own_question"), Path(tk.__file__).parent.parent]
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--basetemp", tmp_path / "x", EXAMPLE]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(run, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout, done.stdout[-3000:]


def test_the_example_is_as_short_as_it_says_and_stands_in_the_documentation() -> None:
    code = "".join((EXAMPLE / name).read_text("utf-8") for name in ("own_question.py", "test_own_question.py"))
    assert len(code.splitlines()) <= 60
    page = (EXAMPLE.parent.parent / "docs" / "your-own-question.md").read_text("utf-8")
    for file in sorted(EXAMPLE.glob("*.*")):
        assert file.read_text("utf-8").strip() in page, f"docs/your-own-question.md shows another {file.name}"
