"""Receipts in: from a mapped source to live files of a workspace, all or nothing.

Whoever reads an alias or an id imports a module of this package, and none of those that read files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.importing.run import ImportReport as ImportReport
    from toolkit.importing.run import check_receipts as check_receipts
    from toolkit.importing.run import import_receipts as import_receipts

__all__ = ["ImportReport", "check_receipts", "import_receipts"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from toolkit.importing import run

    return getattr(run, name)
