"""Workspaces that several workers of a run need, made by the first that asks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from toolkit.importing import import_receipts
from toolkit.simulated import simulated_shop


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return the path of a worker's own copy of a workspace that is made once for all workers of a run.

    Linked, not copied: a workspace never changes a file, it puts another in its place. Locks alone are shared through a link, and stay out.
    """
    own = factory.getbasetemp()
    of_all = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with FileLock(of_all / f"{name}.lock"):
        if not (of_all / name).exists():
            unfinished = of_all / f"{name}.part"
            shutil.rmtree(unfinished, ignore_errors=True)
            make(unfinished)
            unfinished.rename(of_all / name)
        copy = factory.mktemp(name) / "workspace"
        shutil.copytree(of_all / name, copy, copy_function=os.link, ignore=shutil.ignore_patterns("*.lock"))
    return copy


def small_shop(factory: pytest.TempPathFactory) -> Path:
    """The path of a shop of 120 members in three stores, simulated with every table of the contract."""

    def make(path: Path) -> None:
        made = simulated_shop(factory.mktemp("simulated") / "shop", members=120, years=1.1, stores=3, products=200)
        import_receipts(made.mapping, path)

    return made_once(factory, "small-shop", make)
