"""The papermill engine `toolkit-warm`: one kernel for many notebooks, brought back to its fresh state between them.

A fresh kernel costs 4-9 seconds of CPU per notebook, most of it imports; a warm one costs its cells. Each thread (or process) that runs
notebooks has one kernel of its own. After a failure, a death, a time-out or enough uses the kernel is replaced.
"""

from __future__ import annotations

import atexit
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync

from toolkit.kernel_ports import choose_ports

ENGINE_NAME = "toolkit-warm"
TOO_FEW = "TooFewMembers"
"""Name of the error by which a notebook says that its store is too small to speak of."""
logger = logging.getLogger("toolkit.batch")
logger.addHandler(logging.NullHandler())  # what went wrong is in the record; a progress bar shall not be torn by log lines
_RESET_SECONDS = 60
# The kernel may start where the package is not installed: it reads this very copy.
_HOME = str(Path(__file__).resolve().parents[2])
_FIND = f"import sys; {_HOME!r} in sys.path or sys.path.append({_HOME!r})"
_WARM_UP = f"{_FIND}; from toolkit.batch import warm_kernel as _w; _w.snapshot(); _w.reset()"
_RESET = "from toolkit.batch import warm_kernel as _w; _w.reset()"


class _Python(AsyncKernelManager):
    """A kernel of this very interpreter: an installed kernel specification of the same name may belong to another environment."""

    @property
    def kernel_spec(self) -> KernelSpec:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.enabled=False"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


class WarmKernel:
    """One kernel and its client, started and warmed up."""

    def __init__(self, start_seconds: float, threads: int | None) -> None:
        self.uses = 0
        self.manager = _Python(kernel_name="python3")
        choose_ports(self.manager)
        self.client: Any = None
        try:
            limit = {"POLARS_MAX_THREADS": str(threads)} if threads else {}
            # What a kernel says outside of its cells goes nowhere: it would tear the progress bar.
            run_sync(self.manager.start_kernel)(
                cwd=os.getcwd(), env={**os.environ, **limit}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            self.client = self.manager.client()
            # Its process tells whether the kernel lives. A heartbeat would go on when the kernel is gone, and whoever is given its port
            # next on this machine would be asked once a second.
            self.client.start_channels(hb=False)
            run_sync(self.client.wait_for_ready)(timeout=start_seconds)
            self._run(_WARM_UP, start_seconds)
        except BaseException:
            self.stop()
            raise

    def is_alive(self) -> bool:
        """Say whether the kernel's process runs."""
        return bool(run_sync(self.manager.is_alive)())

    def reset(self) -> None:
        """Bring the kernel back to its fresh state."""
        self._run(_RESET, _RESET_SECONDS)

    def stop(self) -> None:
        """Kill the kernel and close its sockets; a second call does nothing."""
        if self.client is not None:
            self.client.stop_channels()
            self.client = None
        if self.manager.has_kernel:
            run_sync(self.manager.shutdown_kernel)(now=True)

    def _run(self, code: str, seconds: float) -> None:
        run = run_sync(self.client.execute_interactive)
        reply = run(code, silent=True, store_history=False, timeout=seconds, output_hook=lambda message: None)["content"]
        if reply["status"] != "ok":
            raise RuntimeError(f"The warm kernel could not be prepared: {reply.get('ename')}: {reply.get('evalue')}.")


class _Slot(threading.local):
    kernel: WarmKernel | None = None


_slot = _Slot()
_started: set[WarmKernel] = set()


class WarmEngine:
    """papermill's own engine on a kernel that stays.

    It borrows `papermill.engines.Engine` instead of inheriting from it: papermill loads this class by its entry point while it is itself
    being imported, and would find half a module if that import had begun here.
    """

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **options: Any) -> Any:
        """Run a notebook as papermill asks its engines to."""
        from papermill.engines import Engine

        return Engine.execute_notebook.__func__(cls, nb, kernel_name, **options)  # type: ignore[attr-defined]

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Return the kernel that a notebook names."""
        from papermill.utils import nb_kernel_name

        return nb_kernel_name(nb, name)

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Return the language that a notebook names."""
        from papermill.utils import nb_language

        return nb_language(nb, language)

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: float = 60,
        execution_timeout: float | None = None,
        kernel_uses: int = 60,
        kernel_threads: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Run the notebook on this thread's kernel; anything but a clean end replaces the kernel."""
        from papermill.clientwrap import PapermillNotebookClient
        from papermill.utils import merge_kwargs, remove_args

        kernel = _ready_kernel(start_timeout, kernel_uses, kernel_threads)
        options = merge_kwargs(
            remove_args(["timeout", "startup_timeout", "input_path"], **kwargs),
            timeout=execution_timeout or kwargs.get("timeout"),
            startup_timeout=start_timeout,
            kernel_name=kernel_name,
            log=logger,
            log_output=log_output,
            stdout_file=stdout_file,
            stderr_file=stderr_file,
        )
        client = PapermillNotebookClient(nb_man, km=kernel.manager, **options)
        client.kc = kernel.client
        try:
            client.execute(cleanup_kc=False)
        except BaseException:
            discard_kernel()
            raise
        kernel.uses += 1
        errors = {output["ename"] for cell in nb_man.nb.cells for output in cell.get("outputs", []) if output["output_type"] == "error"}
        if errors - {TOO_FEW}:  # a store that is too small is an answer like another; a chain may have hundreds, at 5 s a kernel
            discard_kernel()
            return
        try:
            kernel.reset()
        except Exception:  # noqa: BLE001 - the report is made; only the next one needs another kernel
            discard_kernel()


def register() -> None:
    """Make the engine known to papermill where the package's entry points are not installed (a checkout, a zip)."""
    from papermill.engines import papermill_engines

    papermill_engines.register(ENGINE_NAME, WarmEngine)


def discard_kernel() -> None:
    """Stop this thread's kernel, if any; the next notebook gets a new one."""
    kernel, _slot.kernel = _slot.kernel, None
    if kernel is not None:
        _started.discard(kernel)
        _stop_quietly(kernel)


def kill_all() -> None:
    """Kill the kernels of all threads of this process, which may still be at work: at its end, and when a batch is broken off."""
    for kernel in list(_started):
        process = getattr(kernel.manager.provisioner, "process", None)
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()


def stop_all() -> None:
    """Kill the kernels of all threads and close their sockets, once no thread runs a notebook: a socket belongs to one thread at a time."""
    kill_all()
    for kernel in list(_started):
        _started.discard(kernel)
        _stop_quietly(kernel)


def _ready_kernel(start_seconds: float, most_uses: int, threads: int | None) -> WarmKernel:
    kernel = _slot.kernel
    if kernel is not None and (kernel.uses >= most_uses or not kernel.is_alive()):
        discard_kernel()
        kernel = None
    if kernel is None:
        kernel = WarmKernel(start_seconds, threads)
        _slot.kernel = kernel
        _started.add(kernel)
    return kernel


def _stop_quietly(kernel: WarmKernel) -> None:
    try:
        kernel.stop()
    except Exception:  # a dead kernel may fail to be killed in any way; its replacement is what counts
        logger.debug("A kernel could not be stopped cleanly.", exc_info=True)


atexit.register(kill_all)
