"""Kernels forked from a process that has everything imported: one opens at once, and all of them share the memory of what they import.

A kernel started afresh imports for seconds and keeps 200 MB for itself. Here a server process (Python's own `forkserver`) imports
`toolkit.apps.serving.preload` once; each kernel is a fork of it, told what to do by the same command line, environment and connection
file that Jupyter gives to any kernel. Only where a fork is sound: Linux.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

NAME = "toolkit-forked"
"""The provisioner, as a kernel's specification names it."""
PROCESS = "toolkit-kernel"
"""What a forked kernel is called in a list of processes."""
_PRELOAD = "toolkit.apps.serving.preload"
THREADS = {
    "POLARS_MAX_THREADS": str(min(4, os.cpu_count() or 1)),
    "OPENBLAS_NUM_THREADS": "1",  # its threads wait for each other by spinning: on a busy machine four times the time, for small matrices
    "OMP_NUM_THREADS": "1",
}
"""Threads of one page, unless the environment says otherwise: many pages share the processors."""


def can_fork() -> bool:
    """Say whether kernels can be forked on this machine."""
    return sys.platform == "linux"


def offer() -> None:
    """Make the provisioner known to Jupyter in this process."""
    KernelProvisionerFactory.provisioners[NAME] = EntryPoint(NAME, f"{__name__}:ForkedProvisioner", KernelProvisionerFactory.GROUP_NAME)


@cache
def warm_up() -> None:
    """Start the process that kernels are forked from, where there is one: early, since importing everything takes it seconds."""
    for variable, count in THREADS.items():
        os.environ.setdefault(variable, count)
    if can_fork():
        get_context("forkserver").set_forkserver_preload([_PRELOAD])
        threading.Thread(target=_first_fork, daemon=True).start()


def beside(work: Callable[..., None], *given: Any) -> None:
    """Do work in a forked process of its own; nobody waits for it, and it ends with this one."""
    threading.Thread(target=_watched(work, *given).start, daemon=True).start()


class ForkedProvisioner(LocalProvisioner):
    """Jupyter's provisioner of kernels on this machine, but for the start: a fork instead of a new interpreter."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel that does what `cmd` (`python -m ipykernel_launcher ...`) says."""
        folder = str(kwargs.get("cwd") or os.getcwd())
        told = (cmd[cmd.index("ipykernel_launcher") + 1 :], dict(kwargs.get("env") or os.environ), folder)
        forked = _watched(_run, *told)
        # The first fork waits until everything is imported; the pages' server must not.
        await asyncio.get_running_loop().run_in_executor(None, forked.start)
        self.process: Any = _Started(forked)
        self.pid = self.pgid = forked.pid  # it leads a group of its own
        self.cwd = folder
        return self.connection_info


class _Started:
    """A forked kernel with the methods of `subprocess.Popen` that Jupyter calls."""

    stdin = stdout = stderr = None

    def __init__(self, forked: BaseProcess) -> None:
        self.forked, self.pid = forked, forked.pid

    def poll(self) -> int | None:
        return self.forked.exitcode

    def wait(self) -> int | None:
        self.forked.join()
        return self.forked.exitcode

    def send_signal(self, number: int) -> None:
        if self.pid is not None and self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(arguments: list[str], environment: dict[str, str], folder: str) -> None:
    """Be a kernel (in the forked process)."""
    from ipykernel.kernelapp import IPKernelApp
    from ipywidgets import register_comm_target

    os.setsid()  # Ctrl-C in the server's terminal is the server's
    Path("/proc/self/comm").write_text(PROCESS, "ascii")
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["ipykernel_launcher", *arguments]
    # A kernel without a parent takes itself for one started by hand, and tells the terminal how to connect to it.
    kernel = IPKernelApp.instance(parent_handle=os.getppid())
    kernel.initialize(arguments)
    register_comm_target()  # ipywidgets does it on import, but where it was imported there was no kernel
    kernel.start()


def _watched(work: Callable[..., None], *given: Any) -> BaseProcess:
    """Return a forked process, not yet started, that does work as long as there is a server."""
    return get_context("forkserver").Process(target=_while_served, args=(work, given), daemon=True)


def _while_served(work: Callable[..., None], given: tuple[Any, ...]) -> None:
    threading.Thread(target=_end_with_server, daemon=True).start()
    work(*given)


def _end_with_server() -> None:
    """End this process when the server is gone, however it went."""
    server = parent_process()
    if server is not None:
        server.join()
        os._exit(1)


def _nothing() -> None:
    """What the first fork does: by then everything is imported."""


def _first_fork() -> None:
    first = get_context("forkserver").Process(target=_nothing, daemon=True)
    first.start()
    first.join()
