"""A small shop with one of everything that lies in a workspace, and what it says: the ground on which faults are tried."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from pathlib import Path

import polars as pl

import toolkit as tk
from toolkit.audience import members_then
from toolkit.errors import ToolkitError
from toolkit.ledger.global_control import set_global_control
from toolkit.personal.retention import retain
from toolkit.registry import find_question
from toolkit.scope.minimum import lower_minimum
from toolkit.workspace import Workspace

MEMBERS = 120
PLAN = {
    "campaign_id": "spring",
    "starts_on": "2024-01-08",
    "ends_on": "2024-02-04",
    "audience": "order_count >= 2",
    "offers": {"ten off": "full_reduction 60/10"},
    "offer_of": "ten off",
    "touchpoints": "app",
    "control_share": 0.4,
}
CALLS = (
    ("portrait.overview", {}),
    ("portrait.rfm", {"audience": "regulars"}),
    ("portrait.stores", {}),
    ("targeting.due_again", {}),
    ("targeting.cross_shop", {}),
    ("targeting.decision_tree", {}),
    ("differentiation.matrix", {}),
    ("review.effect", {"campaign_id": "C008"}),
    ("review.process", {"campaign_id": "spring"}),
    ("differentiation.plan", {"campaign": "summer"}),
)
SENTENCE = "sales of corner"
FEW_CALLS = CALLS[:4]


def make_receipts(folder: Path, *, members: int = MEMBERS) -> Path:
    """Write the receipts of a shop of a year; some of its lines have no order and are set aside. No order has a member's number for its own."""
    tk.simulated_shop(folder, members=members, years=1, seed=3)
    for table in ("lines", "members", "contacts", "redemptions", "events"):
        for path in (folder / table).glob("*.parquet"):
            frame = pl.read_parquet(path)
            frame.with_columns(
                pl.col(name).str.replace("^", "K") for name in ("member_id", "referred_by") if name in frame.columns
            ).write_parquet(path)
    (path,) = (folder / "lines").glob("*.parquet")
    lines = pl.read_parquet(path)
    broken = pl.when(pl.int_range(pl.len()) % 997 == 0).then(None).otherwise(pl.col("order_id"))
    lines.with_columns(broken.alias("order_id")).write_parquet(path)
    return folder


def make_shop(receipts: Path, workspace: Path, *, calls: tuple = CALLS) -> Path:
    """Import the receipts and make one of everything: settings, an audience in two versions, a plan, a campaign, lessons, a scorecard."""
    tk.import_receipts(receipts, workspace, accept_defaults=True)
    ws = tk.open(str(workspace))
    _write_documents(ws)
    for _ in range(2):
        tk.save_audience(ws, tk.Audience("regulars", where="order_count >= 3"), replace_it=True)
    tk.save_scorecard(ws)
    tk.save_plan(ws, PLAN)
    tk.save_plan(ws, {**PLAN, "campaign_id": "summer", "starts_on": "2024-05-06", "ends_on": "2024-06-02"})
    tk.launch(ws, "spring")
    tk.write_lessons(ws, "C008")
    told(workspace, calls)
    return workspace


def _write_documents(ws: Workspace) -> None:
    """Write every kind of text that a person may edit, as by hand: the toolkit knows it from the first question on."""
    documents = ws.document_file("settings.toml").parent
    parts = Path(tk.__file__).parent
    shutil.copyfile(parts / "portrait" / "segment_maps" / "ten.toml", documents / "ours.toml")
    shutil.copyfile(parts / "differentiation" / "planning" / "playbook.toml", documents / "playbook.toml")
    (documents / "synonyms.toml").write_text('[names]\ncorner = "001"\n', "utf-8")
    (documents / "roles.toml").write_text('everybody = "owner"\n[people]\nbo = "marketer"\n', "utf-8")
    (documents / "settings.toml").write_text('[scope]\nminimum_members = 12\n[rfm]\nsegment_map = "ours.toml"\n', "utf-8")
    set_global_control(ws, 0.05, since=date(2023, 6, 1))
    lower_minimum(ws, 5, reason="a small shop, agreed with its people")
    retain(ws.path, "60m")


def told(workspace: Path, calls: tuple = CALLS) -> dict[str, str]:
    """Return what each question answers, as text; a sentence that says why there is none begins with `!`. Anything else is raised."""
    said = {}
    for name, given in calls:
        try:
            answer = find_question(name)(workspace, **given)
            said[name] = re.sub(r"\s+", " ", json.dumps(json.loads(answer.to_json()), sort_keys=True))
        except ToolkitError as error:
            said[name] = f"! {error}"
    looks = {
        "audience": lambda: members_then(workspace, "regulars", 1),
        "lessons": lambda: _lessons(workspace),
        "ask": lambda: tk.ask(str(workspace), SENTENCE),
    }
    for name, look in looks.items():
        try:
            said[name] = str(look())
        except ToolkitError as error:
            said[name] = f"! {error}"
    return said


def _lessons(workspace: Path) -> str:
    from toolkit.ledger.lessons import read_lessons

    return read_lessons(tk.open(str(workspace))).write_json()


def named_in(folder: Path, member_id: str) -> list[Path]:
    """Return the files below a folder that hold the bytes of an id: as they are, and in the columns of Parquet and Arrow files."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        frame = None
        if content.startswith(b"PAR1"):
            frame = pl.read_parquet(path)
        elif content.startswith(b"ARROW1"):
            frame = pl.read_ipc(path)
        texts = [] if frame is None else [frame[name].cast(pl.String).unique().to_list() for name in frame.columns if _is_text(frame[name])]
        if member_id in path.name or member_id.encode() in content or any(member_id in str(one) for column in texts for one in column):
            found.append(path.relative_to(folder))
    return found


def _is_text(values: pl.Series) -> bool:
    return values.dtype in (pl.String, pl.Categorical, pl.Enum)


def forget_what_was_read() -> None:
    """Empty what this process keeps in memory, so that everything is read from disk again."""
    from toolkit import integrity, readers, workspace
    from toolkit.ledger import campaigns, folder
    from toolkit.mart import baskets, derived
    from toolkit.scope import view

    for kept in (readers._answered, integrity._seen, integrity._seals, workspace._manifests, derived._memory, view._views):
        kept.clear()
    for cached in (
        view._population,
        view._stores_of,
        campaigns._table_rows_of,
        campaigns._ledger_row_of,
        folder._hashes,
        baskets._read_part,
    ):
        cached.cache_clear()
