"""The kernels of the server: their ports, an idle clock that starts when a person takes the page, and an end when its tab is closed.

A page worked out ahead may have waited for an hour. Jupyter would count that hour, and end the kernel in the seconds between the request
for the page and the first word of its browser. A tab that is closed says so, but its last word can be lost (a browser that is killed, or
that closes many tabs at once): the kernel would wait out its idle time.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server._tz import utcnow
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from traitlets import Int

from toolkit.apps.pages.view import WORKSPACE_VARIABLE
from toolkit.importing import arrivals
from toolkit.kernel_ports import choose_ports


class Kernels(AsyncMappingKernelManager):
    """Jupyter's kernels; named in `dashboards/voila.py`."""

    left_timeout = Int(60, config=True, help="Seconds that a kernel waits for its browser to come back once every connection is closed.")

    def pre_start_kernel(self, kernel_name: str | None, kwargs: Any) -> tuple[Any, str, str]:
        """Make the manager of a kernel; its page would stay empty if another program took one of its ports while it starts."""
        manager, kernel_name, kernel_id = super().pre_start_kernel(kernel_name, kwargs)
        choose_ports(manager)
        return manager, kernel_name, kernel_id

    async def shutdown_all(self, now: bool = True) -> None:
        """End all kernels when the server ends, at once: one that was asked to, in the middle of a page, would complain to the terminal.

        One that is only starting, or that its page ends in this moment, cannot be ended here; Jupyter would take that for a fault of the
        server, and leave the others alone.
        """
        await asyncio.gather(*(self._async_shutdown_kernel(one, now=now) for one in self.list_kernel_ids()), return_exceptions=True)

    def remove_kernel(self, kernel_id: str) -> None:
        """Forget a kernel that has ended; what its page had uploaded is removed once the process is gone."""
        super().remove_kernel(kernel_id)
        if workspace := os.environ.get(WORKSPACE_VARIABLE):
            with suppress(RuntimeError):  # no loop: the server itself ends, and removes them all
                asyncio.get_running_loop().call_later(2, arrivals.sweep, Path(workspace))

    def notify_connect(self, kernel_id: str) -> None:
        """Somebody listens."""
        super().notify_connect(kernel_id)
        if kernel_id in self._kernels:
            self._kernels[kernel_id].left_at = None

    def notify_disconnect(self, kernel_id: str) -> None:
        """Somebody no longer listens: the last of them leaves the kernel alone."""
        super().notify_disconnect(kernel_id)
        if kernel_id in self._kernels and not self._kernel_connections.get(kernel_id):
            self._kernels[kernel_id].left_at = time.monotonic()

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel that was left; one seen here for the first time was taken just now (Voila asks for no page of its pool)."""
        kernel = self._kernels[kernel_id]
        if not hasattr(kernel, "taken_at"):
            kernel.taken_at = kernel.last_activity = utcnow()
            return
        left_at = getattr(kernel, "left_at", None)
        if left_at is not None and time.monotonic() - left_at > self.left_timeout and kernel.execution_state != "busy":
            await ensure_async(self.shutdown_kernel(kernel_id))
            return
        await super().cull_kernel_if_idle(kernel_id)
