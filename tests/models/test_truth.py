"""The bars of DEFINITIONS.md section 1 hold, on the quick run of the benchmark."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_no_bar_fails(capsys, monkeypatch):
    path = Path(__file__).parents[2] / "benchmarks" / "truth.py"
    spec = importlib.util.spec_from_file_location("truth", path)
    truth = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "truth", truth)  # its dataclasses look their module up
    spec.loader.exec_module(truth)
    code = truth.main(["--quick"])
    printed = capsys.readouterr().out
    assert "  FAIL" not in printed, printed
    assert code == 0
