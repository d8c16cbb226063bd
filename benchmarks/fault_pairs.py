"""Two processes at once: each sees one whole state, and what both wrote is there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.fault_kills import BEGIN, _states
from benchmarks.fault_shop import FEW_CALLS, told
from toolkit.audience import members_then
from toolkit.workspace import Workspace

ASKS = """
import json
from benchmarks.fault_shop import FEW_CALLS, told
for _ in range(12):
    print(json.dumps(told(Path(ws), FEW_CALLS)), flush=True)
"""
IMPORTS = 'tk.import_receipts(folder.parent / "more", ws, accept_defaults=True, allow_shrinking=True)\n'
OPENS = """
import json
from benchmarks.fault_shop import told
held = open_view(tk.open(ws))
orders = held.orders.collect().height
sys.stdin.readline()
assert held.orders.collect().height == orders
assert held.population.height and held.workspace.table("products").collect().height
print("whole", flush=True)
"""
SAVES = 'tk.save_audience(ws, tk.Audience("regulars", where="order_count >= 2"), replace_it=True)\n'
BUILDS = "from toolkit.mart import ensure_mart\nopened = tk.open(ws)\nprint(ensure_mart(opened, opened.last_day).path)\n"
REPORTS = 'tk.report_set(ws, stores="top:2", notebooks=["portrait"], out=folder / "reports")\n'


def _start(code: str, folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", BEGIN + code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def _faults(processes: Sequence[subprocess.Popen[str]]) -> list[str]:
    """Wait for all, and return the last words of those that failed."""
    said = [(process.communicate()[1], process.returncode) for process in processes]
    return [errors.strip().splitlines()[-1] for errors, code in said if code]


def _copy(folder: Path, name: str) -> Path:
    copy = folder / "pair"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder / name, copy)
    return copy


def promises(folder: Path) -> Iterator[tuple[str, int, list[str]]]:
    """Yield the rows of the table."""
    import json

    copy = _copy(folder, "before")
    known = [told(folder / name / "ws", FEW_CALLS) for name in ("before", "after")]
    states = [
        {key: text.replace(str(folder / name), str(copy)) for key, text in one.items()}
        for name, one in zip(("before", "after"), known, strict=True)
    ]
    asking, importing = _start(ASKS, copy), _start(IMPORTS, copy)
    answers = [json.loads(line) for line in asking.communicate()[0].splitlines()]
    lost = _faults([importing])
    for answer in answers:
        for name, text in answer.items():
            if _plain(text) not in [_plain(state[name]) for state in states]:
                lost.append(f"{name}: of neither state: {text[:200]}")
    yield (
        "asked during an import: each answer is of one state",
        len(answers) * len(known[0]),
        [*lost, *(["no answers"] if not answers else [])],
    )

    copy = _copy(folder, "before")
    holding = _start(OPENS, copy)
    lost = _faults([_start(IMPORTS + BUILDS, copy)])
    out, errors = holding.communicate("\n")
    yield "a notebook left open while another imports and builds", 1, lost + ([] if "whole" in out else [errors.strip().splitlines()[-1]])

    copy = _copy(folder, "before")
    lost = _faults([_start(IMPORTS, copy), _start(IMPORTS, copy)])
    lost = [one for one in lost if "written by another process" not in one]
    yield "two imports at once: one state, a refusal in words", 2, lost + [one for one in [_states(copy, "after")] if one]

    copy = _copy(folder, "before")
    shutil.rmtree(copy / "ws" / "mart")
    lost = _faults([_start(BUILDS, copy) for _ in range(2)])
    yield "two builds of one mart", 2, lost + [one for one in [_states(copy, "before")] if one]

    copy = _copy(folder, "before")
    before = len(Workspace(copy / "ws").document("audiences/regulars")["versions"])
    lost = _faults([_start(SAVES, copy) for _ in range(10)])
    ws = Workspace(copy / "ws")
    versions = [one["version"] for one in ws.document("audiences/regulars")["versions"]]
    lost += [] if versions == list(range(1, before + 11)) else [f"versions {versions}"]
    lost += [f"version {one} has nobody" for one in versions if not members_then(ws, "regulars", one)]
    yield "ten saves of one audience at once", 10, lost

    copy = _copy(folder, "before")
    lost = _faults([_start(REPORTS, copy), _start(IMPORTS, copy)])
    from toolkit.batch.record import read_records

    made = read_records(copy / "reports")
    yield "an import during a batch of reports", len(made), lost + [f"{one.label}: {one.error}" for one in made if one.status == "failed"]


def _plain(text: str) -> str:
    """An answer without the note that receipts came in."""
    import re

    return re.sub(r'(, )?\{"text": "New receipts have come in[^}]*\}', "", text)
