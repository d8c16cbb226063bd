"""The house: imports run downwards, importing has no side effect, notebooks stay thin."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "toolkit"

LAYERS = [  # lowest first; a module imports only from layers above it in this list, or from its own package
    {"language"},
    {"errors", "atomic", "kernel_ports"},
    {"disk"},
    {"integrity", "readers"},
    {"edits", "toml_text"},
    {"columns", "membership_schemas"},
    {"settings", "wording", "schemas", "expressions", "extras"},
    {"models", "sources", "simulated", "charts"},
    {"workspace", "shipped"},
    {"audit", "brand"},
    {"forgotten", "roles", "engine"},
    {"importing", "mart", "content"},
    {"answer"},
    {"scope"},
    {"audience"},
    {"ledger"},
    {"personal"},
    {"doctor"},
    {"own_questions"},
    {"saving"},
    {"rendering", "registry"},
    {"own_section", "questions_page", "stubs"},
    {"portrait"},
    {"targeting"},  # the steps of the loop, in its order: a step may build on the one before
    {"differentiation"},
    {"review"},
    {"results"},
    {"conversation"},
    {"agents"},
    {"apps"},
    {"batch"},
    {"nightly"},
    {"cli"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}

ALLOWED = {"answer": {"rendering"}}  # IPython calls the object itself to display it: the one hook that points upwards, inside the method


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem != "__init__")


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_parts(path: Path) -> set[str]:
    """First component below `toolkit` of everything the module imports, type-checking blocks included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0 and node.module.split(".")[0] == "toolkit":
            below = node.module.split(".")[1:]
            found |= {below[0]} if below else {alias.name for alias in node.names if alias.name in RANK}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("toolkit.")}
    return found


def test_imports_run_downwards() -> None:
    """One test for all modules: it tells each that is wrong, and hundreds of tests cost seconds of their own."""
    wrong: list[str] = []
    for path in modules():
        part = part_of(path)
        if part not in RANK:
            wrong.append(f"toolkit/{part} has no layer: give it one in tests/test_house.py and ARCHITECTURE.md")
            continue
        upward = {name for name in imported_parts(path) if name != part and RANK.get(name, 99) >= RANK[part]} - ALLOWED.get(part, set())
        if upward:
            wrong.append(f"{path.relative_to(ROOT)} imports {sorted(upward)}, which do not lie below toolkit/{part}")
    assert not wrong, "\n".join(wrong)


def test_models_know_frames_and_arrays_alone() -> None:
    """They give data, from which their callers make sentences: no language, no settings, no workspace."""
    parts = {path.name: imported_parts(path) - {"models", "expressions", "errors"} for path in (PACKAGE / "models").glob("*.py")}
    assert {name: other for name, other in parts.items() if other} == {}


def test_a_wrong_import_would_be_seen(tmp_path: Path) -> None:
    module = tmp_path / "x.py"
    module.write_text("from toolkit.batch import run\nfrom toolkit import mart\nimport toolkit.cli\n", "utf-8")
    assert imported_parts(module) == {"batch", "mart", "cli"}


def test_no_catch_all_modules() -> None:
    assert not [path for path in modules() if path.stem in ("utils", "helpers", "common", "misc")]


def test_importing_the_package_is_light_and_changes_nothing() -> None:
    code = (
        "import sys, toolkit, toolkit.cli; "
        "heavy = [name for name in ('altair', 'sklearn', 'scipy', 'pandas', 'papermill', 'IPython') if name in sys.modules]; "
        "import logging; assert not logging.getLogger().handlers; assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.name)
def test_notebooks_are_thin_and_clean(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    parameters = [cell for cell in code if "parameters" in cell.metadata.get("tags", [])]
    assert len(parameters) == 1, "one tagged parameters cell"
    assert all("#" in line for line in parameters[0].source.splitlines()), "each parameter has its help behind a #"
    for cell in code:
        kinds = {type(node) for node in ast.walk(ast.parse(cell.source))}
        assert not kinds & {ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda}, cell.source
        if "keep_output" not in cell.metadata.get("tags", []):
            assert not cell.outputs
            assert cell.execution_count is None


def test_lock_files_have_hashes_and_no_hosts() -> None:
    for name in ("requirements.lock", "requirements-uv.lock", "requirements-bench.lock"):
        text = (ROOT / name).read_text("utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert "index-url" not in text
