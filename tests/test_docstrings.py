"""The examples in the docstrings of all modules run, and what they show is true.

`ws` and "demo/workspace" are a small simulated shop with every table of the contract, in the names that the examples use. An example that
shows no output is only run: its call must work.
"""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
import re
import shutil
from contextlib import suppress
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import toolkit as tk
from toolkit.extras import MissingExtra, absence_told
from toolkit.registry import Question
from toolkit.scope.traits import with_traits
from toolkit.scope.view import open_view

FOLDER = Path(tk.__path__[0])
MODULES = sorted(
    ".".join(("toolkit", *path.relative_to(FOLDER).with_suffix("").parts)).removesuffix(".__init__")
    for path in FOLDER.rglob("*.py")
    if ">>>" in path.read_text("utf-8")
)
"""Those with examples: hundreds have none, and a test of nothing costs its time too."""

MINUTES = {"toolkit.importing.run.import_receipts", "toolkit.batch.selection.report_set"}
"""A year of real receipts, and ten reports: what these examples call is run by tests of its own."""

NEEDS_SHOP = re.compile(r"\bws\b|\(view\b|demo/workspace")

NAMES = {
    "001": "367",
    "North": "north",
    "00000012": "0012",
    **{category: category.upper() for category in ("Bread", "Coffee", "Milk")},
    "Yoghurt": "YOGURT",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two years of 400 members, its mart and the members' traits made; read only."""
    folder = tmp_path_factory.mktemp("examples")
    made = tk.simulated_shop(folder / "shop", members=400, years=2, seed=0)
    for file in (folder / "shop").rglob("*.parquet"):
        pl.read_parquet(file).with_columns(pl.col(pl.String).replace(NAMES)).write_parquet(file)
    tk.import_receipts(str(made.mapping), str(folder / "workspace"))
    with_traits(open_view(tk.open(str(folder / "workspace"))))
    return folder / "workspace"


class Shown(doctest.OutputChecker):
    """Compare what is shown; an example that shows nothing may give anything."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return not want or super().check_output(want, got, optionflags)


def examples(module: str) -> list[doctest.DocTest]:
    """Return the examples of a module, those of its questions too, which doctest takes for values."""
    imported = importlib.import_module(module)
    finder = doctest.DocTestFinder(exclude_empty=True)
    questions = [value for value in vars(imported).values() if isinstance(value, Question) and value.__module__ == module]
    found = finder.find(imported, module)
    for question in questions:
        found += finder.find(question.function, f"{module}.{question.function.__name__}", imported, vars(imported))
    return [test for test in found if test.examples and test.name not in MINUTES]


def test_every_module_can_be_imported() -> None:
    # Importing `preload` changes the process: it takes the debugger away, and freezes what is in memory.
    for module in pkgutil.walk_packages(tk.__path__, "toolkit."):
        if module.name != "toolkit.apps.serving.preload":
            with suppress(MissingExtra), absence_told():  # of an extra that is not installed here
                importlib.import_module(module.name)


@pytest.mark.parametrize("module", MODULES)
def test_examples(module: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[str] = []
    for test in examples(module):
        if NEEDS_SHOP.search(test.docstring or ""):
            folder = tmp_path / test.name
            # Linked, not copied: a workspace never changes a file, it puts another in its place.
            shutil.copytree(request.getfixturevalue("shop"), folder / "demo" / "workspace", copy_function=os.link)
            monkeypatch.chdir(folder)
            ws = tk.open("demo/workspace")
            test.globs |= {"ws": ws, "tk": tk, "pl": pl, "date": date, "view": open_view(ws)}
        for example in test.examples:
            example.options.pop(doctest.SKIP, None)  # the shop of this test has what they need
        doctest.DocTestRunner(Shown(), optionflags=doctest.ELLIPSIS).run(test, out=failures.append)
    assert not failures, "".join(failures)
