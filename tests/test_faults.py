"""What is promised of a workspace, in a small form; `make faults` tries it at length."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.fault_disk import not_synced, trace
from toolkit.workspace import Workspace

MAPPING = """name = "till"
currency = "EUR"
[lines]
files = "lines.csv"
columns = { order_id = "order", member_id = "member", store_id = "store", product_id = "sku", ordered_at = "time", quantity = "qty", amount = "amount" }
"""


@pytest.fixture
def receipts(tmp_path: Path) -> Path:
    rows = [f"o{n},m{n % 7},s1,milk,2024-01-{n % 28 + 1:02d} 10:{n % 60:02d}:00,1,2.50" for n in range(300)]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "lines.csv").write_text("order,member,store,sku,time,qty,amount\n" + "\n".join(rows) + "\n", "utf-8")
    (tmp_path / "in" / "mapping.toml").write_text(MAPPING, "utf-8")
    return tmp_path / "in"


@pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed: nobody looked in which order an import reaches the disk"
)
def test_data_are_on_the_disk_before_the_manifest_names_them(receipts: Path, tmp_path: Path) -> None:
    trace(receipts, tmp_path / "ws", tmp_path / "calls.log")
    tried, missing = not_synced(tmp_path / "calls.log", tmp_path / "ws")
    assert tried >= 10
    assert missing == []
    part = Workspace(tmp_path / "ws").manifest.line_files[0].path
    calls = (tmp_path / "calls.log").read_text("utf-8")
    (tmp_path / "less.log").write_text("\n".join(line for line in calls.splitlines() if part not in line), "utf-8")
    assert any(part in name for name in not_synced(tmp_path / "less.log", tmp_path / "ws")[1]), "a file that is not synced would be seen"
