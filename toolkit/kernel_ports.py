"""Ports for kernels that nobody else is handed: a kernel opens the very ports that were chosen for it, or it dies before its first word.

Jupyter asks the system for five free ports, gives them back, and a second later the kernel opens them. What the system gave once it gives
again in that second: to another kernel, or to a connection that a browser opens. The ports here are from below the range that systems hand
out by themselves, and (on Linux) held until their kernel has had its time to open them.
"""

from __future__ import annotations

import random
import socket
import sys
import threading
from collections import deque
from typing import Any

_RANGE = range(20_000, 32_768)
"""Free for anybody, and handed out by no system by itself: Linux begins at 32768, macOS and Windows at 49152."""
_NAMES = ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port")
_HELD = 100
"""Ports of the last twenty kernels."""
_held: deque[socket.socket] = deque()
_lock = threading.Lock()
_random = random.SystemRandom()  # a process and its fork must not draw the same


def choose_ports(manager: Any) -> None:
    """Set the ports of a kernel that is about to start; one that has them already (a restart) keeps them.

    Parameters
    ----------
    manager
        The kernel's `jupyter_client.KernelManager`.

    Raises
    ------
    OSError
        There are not five ports left.
    """
    if any(getattr(manager, name) for name in _NAMES):
        return
    manager.cache_ports = False  # else Jupyter's choice replaces ours
    for name in _NAMES:
        setattr(manager, name, _take(manager.ip))


def _take(host: str) -> int:
    for port in _random.sample(_RANGE, len(_RANGE)):
        taken = socket.socket()
        try:
            taken.bind((host, port))
        except OSError:
            taken.close()
            continue
        if sys.platform == "linux":
            # Nobody can bind the port now but who says, as a kernel does, that it may be in use already: it is not, nobody listens on it.
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _hold(taken)
        else:
            taken.close()
        return port
    raise OSError(f"No port from {_RANGE[0]} to {_RANGE[-1]} of {host} is free, and a kernel needs five.")


def _hold(taken: socket.socket) -> None:
    with _lock:
        _held.append(taken)
        if len(_held) > _HELD:
            _held.popleft().close()
