"""Work that is killed at a random moment: is the old state there, or the new one, and does the same work end well when it is done again?

Each piece of work runs in a process of its own that says when it begins; some time after that it gets SIGKILL, and so do its children.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import polars as pl

import toolkit as tk
import toolkit.batch
import toolkit.differentiation.planning.launching
import toolkit.importing
import toolkit.nightly
import toolkit.personal.forget
import toolkit.portrait
import toolkit.review
import toolkit.targeting
from benchmarks.fault_shop import FEW_CALLS, forget_what_was_read, named_in, told
from toolkit.audience import members_then
from toolkit.doctor.damage import data_faults, kept_faults
from toolkit.workspace import Workspace

NAMES = """
import sys
from pathlib import Path
import toolkit as tk
import toolkit.audience, toolkit.batch, toolkit.importing, toolkit.portrait, toolkit.review, toolkit.targeting
import toolkit.nightly
from toolkit.differentiation.planning import launching
from toolkit.personal.forget import forget
from toolkit.scope.view import open_view
"""
BEGIN = (
    NAMES
    + """
folder = Path(sys.argv[1])
ws = str(folder / "ws")
print("begin", flush=True)
"""
)
_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["benchmarks.fault_kills"])  # imported once, and nothing is worked out there: so it can be forked


@dataclass(frozen=True)
class Work:
    """Something that writes: its code, what is removed before it, and what must hold after a kill and after it was done again."""

    name: str
    code: str
    ready: Callable[[Path], object] = lambda _: None
    holds: Callable[[Path], str] = lambda _: ""
    ends: Callable[[Path], str] = lambda _: ""


@dataclass
class Kills:
    """What became of the work that was killed."""

    tried: int = 0
    old: int = 0
    lost: list[str] = field(default_factory=list)


def _states(folder: Path, *others: str, between: bool = False, beside: Path | None = None) -> str:
    """Say what is wrong unless every file is what was written and the figures are those of one of the states.

    `between`: work of several steps stands in between; each figure is that of one of the states. `beside`: where the states are.
    """
    ws = folder / "ws"
    forget_what_was_read()
    if faults := data_faults(Workspace(ws)):
        return str(faults[0][1])
    if kept := kept_faults(Workspace(ws)):
        return kept[0]
    figures = told(ws, FEW_CALLS)
    shops = beside or folder.parent
    known = [_told_by(shops / name) for name in others]
    plain = [
        {name: text.replace(str(shops / other), str(folder)) for name, text in one.items()}
        for other, one in zip(others, known, strict=True)
    ]
    neither = [name for name in figures if all(figures[name] != one[name] for one in plain)]
    return "" if figures in plain or (between and not neither) else "figures of neither state: " + ", ".join(neither)


@cache
def _told_by(shop: Path) -> dict[str, str]:
    """What a shop that is not touched says."""
    return told(shop / "ws", FEW_CALLS)


def _first_import(folder: Path) -> str:
    return _states(folder, "bare") if (folder / "ws" / "manifest.json").exists() and Workspace(folder / "ws").line_count else ""


def _campaign(folder: Path) -> str:
    names = tk.campaigns(folder / "ws").filter(pl.col("source") == "ledger")
    return "" if all(names["intact"]) else "a campaign that is not whole"


def _lists(folder: Path) -> str:
    files = list((folder / "lists").glob("[!.]*"))
    return "" if len(files) in (0, _all_lists(folder)) else f"{len(files)} of {_all_lists(folder)} files"


def _all_lists(folder: Path) -> int:
    """Four files for each store whose members are addressed: CSV, XLSX, Parquet, manifest."""
    members = tk.campaign(folder / "ws", "spring").members
    return 4 * members.filter(pl.col("arm") == "treated")["store_id"].n_unique()


def _audience(folder: Path) -> str:
    ws = Workspace(folder / "ws")
    versions = ws.document("audiences/regulars").get("versions", ())
    return "" if all(members_then(ws, "regulars", one["version"]) for one in versions) else "a version without members"


def _reports(folder: Path) -> str:
    from toolkit.batch.record import read_records

    out = folder / "reports"
    broken = [
        one.page for one in read_records(out) if one.status == "ok" and not (out / one.page).read_text("utf-8").rstrip().endswith("</html>")
    ]
    return f"{broken[0]} is not whole" if broken else ""


def _forgotten(folder: Path) -> str:
    """Say which file still names who was forgotten, or what else is not as it is in a shop that forgot them undisturbed."""
    named = named_in(folder / "ws", (folder / "who").read_text("utf-8"))
    if named or list((folder / "ws" / "forgotten").glob(".*.part")):
        return f"still named in {', '.join(map(str, named))}"
    return _states(folder, "forgotten")


def _night(folder: Path) -> str:
    state = json.loads((folder / "ws" / "nightly" / "state.json").read_text("utf-8"))
    return "" if set(state["steps"].values()) == {"done"} else f"the night ended at {state}"


def _all(*checks: Callable[[Path], str]) -> Callable[[Path], str]:
    return lambda folder: next((said for check in checks if (said := check(folder))), "")


def _whole(folder: Path) -> str:
    return _states(folder, "before")


WORKS = (
    Work(
        "import", 'tk.import_receipts(folder.parent / "in", ws, accept_defaults=True)',
        lambda folder: shutil.rmtree(folder / "ws"), _first_import, lambda folder: _states(folder, "bare"),
    ),
    Work(
        "re-import", 'tk.import_receipts(folder.parent / "more", ws, accept_defaults=True, allow_shrinking=True)',
        holds=lambda folder: _states(folder, "before", "after"), ends=lambda folder: _states(folder, "after"),
    ),
    Work("mart", "tk.portrait.overview(ws)", lambda folder: shutil.rmtree(folder / "ws" / "mart"), _whole, _whole),
    Work(
        "traits", "tk.members(ws, traits=True)",
        lambda folder: [shutil.rmtree(path) for path in (folder / "ws" / "mart").glob("*/derived")], _whole, _whole,
    ),
    Work("batch", 'tk.report_set(ws, stores="top:2", notebooks=["portrait"], out=folder / "reports", resume=True)', holds=_all(_reports, _whole), ends=_reports),
    Work(
        "launch", 'launching.launch(ws, "spring") if "spring" not in launching.campaigns(ws)["campaign_id"].to_list() else None',
        lambda folder: shutil.rmtree(folder / "ws" / "campaigns" / "spring"), _all(_campaign, _whole),
        lambda folder: "" if (folder / "ws" / "campaigns" / "spring" / "hashes.json").exists() else "not launched",
    ),
    Work(
        "contacts", 'launching.contact_lists(ws, "spring", folder / "lists", per_store=True, for_contact=False) if not (folder / "lists").exists() else None',
        holds=_lists, ends=lambda folder: _lists(folder) if (folder / "lists").exists() else "no lists",
    ),
    Work("audience", 'tk.save_audience(ws, tk.Audience("regulars", where="order_count >= 4"), replace_it=True)', holds=_audience, ends=_audience),
    Work(
        "forget", 'forget(ws, (folder / "who").read_text("utf-8"))',
        holds=lambda folder: _states(folder, "before", "forgotten", between=True), ends=_forgotten,
    ),
    Work(
        "nightly",
        'plan = toolkit.nightly.Plan(folder / "reports", "top:1", accept_defaults=True, allow_shrinking=True)\n'
        'toolkit.nightly.run_night(folder.parent / "more", ws, plan)',
        holds=_all(_reports, lambda folder: _states(folder, "before", "after")),
        ends=_all(_reports, _night, lambda folder: _states(folder, "after")),
    ),
)  # fmt: skip


def kills(shops: Path, work: Work, *, times: int, seed: int = 0) -> Kills:
    """Kill a piece of work `times` times, each in a copy of the shop of its own, and do it again."""
    rng, result, lasts = random.Random(f"{seed}{work.name}"), Kills(), 0.0
    for number in range(times + 1):
        folder = shops / "killed"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(shops / "before", folder)
        work.ready(folder)
        if number == 0:  # how long it lasts undisturbed
            lasts = _run(work, folder, None)
            continue
        result.tried += 1
        _run(work, folder, rng.uniform(0, lasts))
        try:
            said = work.holds(folder)
            if not said:
                _run(work, folder, None)
                said = work.ends(folder)
        except Exception as error:  # noqa: BLE001 - whatever a check met was lost
            said = f"{type(error).__name__}: {str(error)[:300]}"
        if said:
            result.lost.append(f"{work.name}: {said}")
    return result


def _run(work: Work, folder: Path, after: float | None) -> float:
    """Run a piece of work, to its end or to its kill; return how long it lasted after it began."""
    ours, theirs = _server.Pipe()
    process = _server.Process(target=_worked, args=(work.code, folder, theirs))
    process.start()
    theirs.close()
    ours.recv()
    started = time.perf_counter()
    if after is None:
        said = ours.recv()
        if said:
            raise RuntimeError(said)
    else:
        time.sleep(after)
        with suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(process.pid or 0, signal.SIGKILL)
    lasted = time.perf_counter() - started
    process.join()
    return lasted


def _worked(code: str, folder: Path, pipe: Connection) -> None:
    """Work in a process of its own, the first of its group; say when it begins, and what went wrong."""
    os.setsid()
    names: dict[str, Any] = {"folder": folder, "ws": str(folder / "ws")}
    exec(NAMES, names)
    with open(os.devnull, "w") as nowhere:
        sys.stdout = sys.stderr = nowhere
        pipe.send("begin")
        try:
            exec(code, names)
            pipe.send("")
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            pipe.send(f"{type(error).__name__}: {error}")


def all_kills(shops: Path, *, times: int, only: str = "") -> Iterator[tuple[str, Kills]]:
    """Yield what became of each piece of work."""
    for work in WORKS:
        if only in ("", work.name):
            yield work.name, kills(shops, work, times=times)
