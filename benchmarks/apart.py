"""Work measured in a process of its own: how every benchmark here starts one, and what it says of it.

CPU seconds are user and system; the peak is the highest resident memory, in MB. `spent` measures what runs in this process, so that start-up
and imports stay out of it; `whole` measures a command from its start to its end.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def apart(script: str | Path, *words: object, threads: int = 2, python: str = sys.executable, also: Mapping[str, str] | None = None) -> Any:
    """Run a script of ours with so many threads and return the JSON of its last line; a failure ends the benchmark with what it wrote.

    `also` is added to its environment; a `PYTHONPATH` in it is another checkout's code.
    """
    told = {"PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": str(threads), "OMP_NUM_THREADS": str(threads), **(also or {})}
    command = [python, str(script), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **told}, cwd=ROOT, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[1:4])} failed ({done.returncode}):\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def spent(work: Callable[[], object]) -> dict[str, float]:
    """Do the work in this process and return the `cpu` that it took and the `peak` of the process so far."""
    before = cpu()
    work()
    return {"cpu": cpu() - before, "peak": peak()}


def cpu() -> float:
    """CPU seconds of this process so far."""
    return sum(os.times()[:2])


def peak() -> float:
    """Highest resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def whole(command: Sequence[str], also: Mapping[str, str] | None = None) -> dict[str, float]:
    """Run a command to its end and return its `cpu` and `peak`, start-up and imports within."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env={**os.environ, **(also or {})}, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)} failed ({process.returncode}):\n{said.read().decode(errors='replace')[-4000:]}")
    return {"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024}
