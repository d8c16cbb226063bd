"""The mart's work on a batch as a worker does it that is killed in the middle of the first one: what a machine that is lost looks like."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from toolkit.mart.build import _write_batch


def write_batch(numbered: Any, folder: Path, *given: Any) -> Any:
    """Work as `_write_batch` does; the first time, the whole process is killed once its files are there."""
    done = _write_batch(numbered, folder, *given)
    marker = folder.parent / "killed"
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return done
