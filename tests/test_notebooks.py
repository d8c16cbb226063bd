"""The shipped notebooks run in a fresh kernel on real receipts; what a reset of warm kernels could hide shows here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from toolkit.errors import UnknownName, WorkspaceError
from toolkit.shipped import copy_notebooks, find_notebook

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_start_here_says_what_it_is_committed_with(journey: Path, tmp_path: Path) -> None:
    prepared = tmp_path / "start_here.ipynb"
    command = [
        sys.executable,
        "-m",
        "papermill",
        "--prepare-only",
        str(find_notebook("start_here")),
        str(prepared),
        "-p",
        "workspace",
        str(journey),
    ]
    subprocess.run(command, check=True, capture_output=True)
    kept = [cell for cell in nbformat.read(prepared, 4).cells if "keep_output" in cell.metadata.get("tags", [])]
    assert kept, "a cell whose number is checked"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(prepared)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.slow
def test_a_wrong_number_in_a_notebook_fails(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell("# NBVAL_CHECK_OUTPUT\n1 + 1", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "3"}, execution_count=1)]
    notebook.cells = [cell]
    nbformat.write(notebook, tmp_path / "x.ipynb")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(tmp_path / "x.ipynb")],
        capture_output=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1


@pytest.mark.slow
def test_the_portrait_runs_in_a_fresh_kernel_and_shows_every_question(journey: Path, tmp_path: Path) -> None:
    import papermill

    from toolkit.batch.figures import headline_figures

    out = tmp_path / "portrait.ipynb"
    parameters = {"workspace": str(journey), "store_id": "367"}
    papermill.execute_notebook(find_notebook("portrait"), out, parameters=parameters, progress_bar=False, log_output=False)
    told = headline_figures(nbformat.read(out, 4))
    assert len(told) == 24
    assert told["portrait.overview"]["figures"]["member_count"] == 205
    assert all("store 367" in answer["headline"].casefold() for answer in told.values())


def test_notebooks_are_copied_and_never_overwritten(tmp_path: Path) -> None:
    copied = copy_notebooks(tmp_path / "mine")
    assert [path.name for path in copied] == [
        "differentiation.ipynb",
        "portrait.ipynb",
        "review.ipynb",
        "start_here.ipynb",
        "store.ipynb",
        "targeting.ipynb",
    ]
    with pytest.raises(WorkspaceError, match="nothing was copied"):
        copy_notebooks(tmp_path / "mine")
    with pytest.raises(UnknownName, match="did you mean 'portrait'"):
        find_notebook("potrait")
