"""docs/models.md: its examples are true, and it speaks of every topic; the names of the package are loaded late, by topic."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from toolkit import models

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
STUB = Path(models.__file__).with_name("__init__.pyi")


def test_the_examples_of_the_page_are_true() -> None:
    text = PAGE.read_text("utf-8")
    examples = "\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.S | re.M))
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    assert runner.run(doctest.DocTestParser().get_doctest(examples, {}, PAGE.name, str(PAGE), 0)).failed == 0
    named = set(re.findall(r"models\.(\w+)", examples))
    assert named <= set(models.__all__)


def test_the_page_has_every_topic_of_the_package() -> None:
    topics = [line.removeprefix("# ") for line in re.findall(r"^# .+", STUB.read_text("utf-8").split("\n\n", 1)[1], re.M)]
    assert re.findall(r"^## (.+)", PAGE.read_text("utf-8"), re.M) == topics


def test_every_name_is_there_and_none_is_a_module() -> None:
    assert len(models.__all__) > 100
    assert not [name for name in models.__all__ if isinstance(getattr(models, name), ModuleType)]


def test_importing_the_package_loads_nothing() -> None:
    code = "import sys, toolkit.models; assert not {'polars', 'numpy', 'scipy', 'sklearn'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_model_runs_without_language_or_workspace() -> None:
    """`toolkit.errors` speaks the reader's language; nothing else of the house is loaded."""
    code = (
        "import sys\nfrom toolkit import models\nfor name in models.__all__: getattr(models, name)\n"
        "ours = {name.split('.')[1] for name in sys.modules if name.startswith('toolkit.')}\n"
        "assert ours <= {'models', 'errors', 'expressions', 'language'}, ours"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
