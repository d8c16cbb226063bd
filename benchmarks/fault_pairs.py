"""Two processes at once: each sees one whole state, and what both wrote is there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import polars as pl

import toolkit as tk
from benchmarks.fault_kills import BEGIN, _forgotten, _lists, _states
from benchmarks.fault_shop import FEW_CALLS, told
from toolkit.audience import members_then
from toolkit.doctor.backup import backups, restore
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
HALF = """
tk.import_receipts(folder.parent / sys.argv[2], ws, accept_defaults=True, allow_shrinking=True)
"""
FORGETS = 'forget(ws, (folder / "who").read_text("utf-8"))\n'
BACKS_UP = """
from datetime import datetime
from toolkit.doctor.backup import back_up
for number in range(6):
    print(back_up(folder / "ws", folder / "kept", now=datetime(2024, 5, 1 + number)).path.name, flush=True)
"""
LISTS = 'launching.contact_lists(ws, "spring", folder / "lists", per_store=True, for_contact=False)\n'
LAUNCHES = """
try:
    launching.launch(ws, "summer")
except tk.ToolkitError as error:
    print(error, flush=True)
"""
REPORTS = 'tk.report_set(ws, stores="top:2", notebooks=["portrait"], out=folder / "reports")\n'


def _start(code: str, folder: Path, *given: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", BEGIN + code, str(folder), *given],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
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
    make_halves(folder)
    shutil.rmtree(copy / "ws")
    lost = _faults([_start(HALF, copy, half) for half in HALVES])
    refused = len([one for one in lost if "written by another process" in one])
    lost = [one for one in lost if "written by another process" not in one]
    for half in HALVES if refused else ():
        lost += _faults([_start(HALF, copy, half)])
    yield "two imports of different days: both are there, or one was refused", 2, lost + [one for one in [_same_lines(copy, folder)] if one]

    copy = _copy(folder, "before")
    asking, forgetting = _start(ASKS, copy), _start(FORGETS, copy)
    answers = [json.loads(line) for line in asking.communicate()[0].splitlines()]
    lost = _faults([forgetting])
    lost += [f"{name}: {text[:200]}" for answer in answers for name, text in answer.items() if text.startswith("! ") and "moved" in text]
    lost += [one for one in [_forgotten(copy)] if one]
    yield "asked while somebody is forgotten: nothing names them afterwards", len(answers), lost + ([] if answers else ["no answers"])

    copy = _copy(folder, "before")
    lost = _faults([_start(BACKS_UP, copy), _start(IMPORTS, copy)])
    for made in backups(copy / "kept"):
        back = copy / made.stem
        restore(copy / "kept", back / "ws", backup=made.stem)
        if said := _states(back, "before", "after", beside=folder):
            lost.append(f"{made.stem}: {said}")
    yield "backups during an import: each comes back as one state", len(backups(copy / "kept")), lost

    copy = _copy(folder, "before")
    lost = _faults([_start(LAUNCHES, copy), _start(LAUNCHES, copy)])
    names = tk.campaigns(copy / "ws").filter(pl.col("campaign_id") == "summer")
    yield (
        "two launches of one campaign: it is there once and whole",
        2,
        lost + ([] if names["intact"].to_list() == [True] else [str(names)]),
    )

    copy = _copy(folder, "before")
    lost = _faults([_start(LISTS, copy), _start(IMPORTS, copy)])
    yield "contact lists during an import: the whole set", 1, lost + [one for one in [_lists(copy)] if one]

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


HALVES = ("early", "late")


def make_halves(folder: Path) -> None:
    """Write the receipts as two exports of different days."""
    for half in HALVES:
        if not (folder / half).exists():
            shutil.copytree(folder / "in", folder / half)
            (path,) = (folder / half / "lines").glob("*.parquet")
            lines = pl.read_parquet(path)
            middle = pl.col("ordered_at").dt.date() < date(2023, 7, 1)
            lines.filter(middle if half == "early" else ~middle).write_parquet(path)


def _same_lines(copy: Path, folder: Path) -> str:
    """Say what is wrong unless the halves make the whole."""
    told_of = [
        pl.scan_parquet([ws.path / file.path for file in ws.manifest.line_files]).select(pl.len(), pl.col("amount").sum()).collect().row(0)
        for ws in (Workspace(copy / "ws"), Workspace(folder / "bare" / "ws"))
    ]
    return "" if told_of[0] == told_of[1] else f"lines and their sum: {told_of[0]} for {told_of[1]}"


def _plain(text: str) -> str:
    """An answer without the note that receipts came in."""
    import re

    return re.sub(r'(, )?\{"text": "New receipts have come in[^}]*\}', "", text)
