"""What every page of an app needs, imported: the process that kernels are forked from imports this once, and each of them shares it.

Nothing is worked out here: a fork keeps no threads, so none that matter may have been started.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from pkgutil import iter_modules

# Without a debugger, which a page has no use for and each kernel would import for two seconds; and see toolkit/cli/shell.py.
sys.modules.update(dict.fromkeys(("debugpy", "rfc3987_syntax")))  # type: ignore[arg-type] - None: an import fails, and its caller does without

import toolkit.apps.pages.page  # noqa: E402, F401
from toolkit import charts  # noqa: E402
from toolkit.registry import all_questions  # noqa: E402
from toolkit.scope.traits import PROVIDERS  # noqa: E402

SLOW = (
    "altair",
    "ipykernel.debugger",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "pandas",  # of scikit-learn
    "scipy.cluster.hierarchy",
    "scipy.optimize",
    "scipy.stats",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "typer",  # of the command that starts the server
)
"""Packages that the questions import on first use, since a command in the shell may need none of them."""

for name in (*SLOW, *PROVIDERS, *(f"{charts.__name__}.{module.name}" for module in iter_modules(charts.__path__))):
    import_module(name)
all_questions()  # and with them, every analysis
gc.collect()
gc.freeze()  # what stands here stays for good: a collection would write into shared memory, and make it each kernel's own
