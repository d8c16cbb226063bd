"""The kernels of the server, with an idle clock that starts when a person takes the page.

A page worked out ahead may have waited for an hour. Jupyter would count that hour, and end the kernel in the seconds between the request
for the page and the first word of its browser.
"""

from __future__ import annotations

from jupyter_server._tz import utcnow
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager


class Kernels(AsyncMappingKernelManager):
    """Jupyter's kernels; named in `dashboards/voila.py`."""

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel that was left idle; one seen here for the first time was taken just now (Voila asks for no page of its pool)."""
        kernel = self._kernels.get(kernel_id)
        if kernel is not None and not hasattr(kernel, "taken_at"):
            kernel.taken_at = kernel.last_activity = utcnow()
            return
        await super().cull_kernel_if_idle(kernel_id)
