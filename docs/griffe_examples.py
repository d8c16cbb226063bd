"""Reads our docstrings' section "Example" as numpydoc's "Examples", so that it is shown as code."""

from __future__ import annotations

from typing import Any

import griffe


class Examples(griffe.Extension):
    """Renames the section before it is parsed."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rename the heading and its rule; members are reached one by one."""
        if obj.docstring:
            obj.docstring.value = obj.docstring.value.replace("\nExample\n-------\n", "\nExamples\n--------\n")
