"""The examples in the docstrings of the models are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import toolkit.models


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(toolkit.models.__path__)])
def test_examples(name):
    assert doctest.testmod(importlib.import_module(f"toolkit.models.{name}")).failed == 0
