"""A night: one at a time, every step in the log, what broke off goes on, exit codes for a scheduler."""

from __future__ import annotations

import errno
import json
from datetime import date

import polars as pl
import pytest
from filelock import FileLock

from tests.shop import random_lines
from tests.test_cli import run
from toolkit import nightly
from toolkit.language import speaking
from toolkit.mart import build, load_mart
from toolkit.workspace import Workspace

MAPPING = """
currency = "EUR"
[lines]
files = "*.parquet"
[lines.columns]
member_id = "member_id"
order_id = "order_id"
store_id = "store_id"
product_id = "product_id"
ordered_at = "ordered_at"
quantity = "quantity"
amount = "amount"
"""
LINES = random_lines(1, lines=1_500, days=90)


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "mapping.toml").write_text(MAPPING, "utf-8")
    day(tmp_path, date(2024, 1, 1), date(2024, 6, 20))
    return tmp_path


def day(shop, first: date, last: date) -> None:
    LINES.filter(pl.col("ordered_at").dt.date().is_between(first, last)).write_parquet(shop / f"{first}.parquet")


def night(shop, *words: str):
    return run("nightly", str(shop / "mapping.toml"), str(shop / "ws"), "--accept-defaults", "--ahead", "none", *words)


def logged(shop) -> list[tuple[str, str]]:
    lines = (shop / "ws" / "nightly" / "log.jsonl").read_text("utf-8").splitlines()
    return [(line["step"], line["status"]) for line in map(json.loads, lines)]


def test_a_night_then_nothing_new_then_a_day(shop):
    assert night(shop).returncode == nightly.DONE
    assert logged(shop) == [("import", "started"), ("import", "done"), ("mart", "started"), ("mart", "done"), ("night", "done")]
    version = Workspace(shop / "ws").manifest.data_version
    done = night(shop)
    assert "There is nothing new" in done.stdout
    assert Workspace(shop / "ws").manifest.data_version == version
    day(shop, date(2024, 6, 21), date(2024, 6, 21))
    assert night(shop).returncode == nightly.DONE
    ws = Workspace(shop / "ws")
    assert load_mart(ws, date(2024, 6, 21)) is not None
    assert ws.line_count == LINES.filter(pl.col("ordered_at").dt.date() <= date(2024, 6, 21)).height


def test_two_nights_at_once(shop):
    night(shop)
    with FileLock(shop / "ws" / "nightly" / ".lock"):
        done = night(shop)
    assert done.returncode == nightly.RUNNING
    assert "Another night is at work in" in done.stderr
    with FileLock(shop / "ws" / "nightly" / ".lock"), speaking("zh"), pytest.raises(nightly.NightRunning, match="另一个夜间任务"):
        nightly.run_night(shop / "mapping.toml", shop / "ws")


def test_what_broke_off_goes_on(shop, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(build, "_write", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
        done = night(shop)
    assert done.returncode == nightly.FAILED
    assert "No space left" in done.stderr
    assert logged(shop)[-1] == ("mart", "failed")
    done = night(shop)
    assert "stopped at: mart" in done.stdout
    assert "There is nothing new" in done.stdout  # the import was finished
    assert done.returncode == nightly.DONE
    assert ("mart", "resumed") in logged(shop)
    assert "stopped at" not in night(shop).stdout


def test_what_is_refused_is_logged_and_changes_nothing(shop):
    night(shop)
    LINES.filter(pl.col("ordered_at").dt.date() == date(2024, 6, 20)).head(1).write_parquet(shop / "2024-01-01.parquet")
    done = night(shop)
    assert done.returncode == nightly.FAILED
    assert "an export that broke off?" in done.stderr
    assert logged(shop)[-1] == ("import", "failed")


def test_a_workspace_that_cannot_be_written(shop, monkeypatch):
    def acquire(*_args, **_given):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(nightly.FileLock, "acquire", acquire)
    done = night(shop)
    assert done.returncode == nightly.FAILED
    assert "cannot be written (Read-only file system), and a night writes there" in done.stderr


def test_a_night_with_reports_that_fail_needs_a_look(shop, monkeypatch):
    from toolkit import batch
    from toolkit.batch.record import BatchResult

    made = []

    def report_set(ws, **given):
        made.append(given)
        return BatchResult(records=(), skipped=0, index=shop / "index.html", seconds=0)

    monkeypatch.setattr(batch, "report_set", report_set, raising=False)
    monkeypatch.setattr(BatchResult, "failed", property(lambda _: 1))
    assert night(shop, "--reports", str(shop / "pages"), "--stores", "all").returncode == nightly.LOOK
    assert (made[0]["stores"], made[0]["resume"], made[0]["out"]) == ("all", True, shop / "pages")


def test_results_are_written_back_once_for_the_same_receipts(shop, monkeypatch):
    (shop / "mapping.toml").write_text(MAPPING.replace("[lines]", '[[results]]\nresult = "members"\nto = "out/scores.parquet"\n'
                                       'columns = ["order_count"]\n[[results]]\nresult = "members"\nto = "env:NO_CRM"\ntable = "t"\n[lines]', 1), "utf-8")  # fmt: skip
    (shop / "out").mkdir()
    done = night(shop)
    assert done.returncode == nightly.LOOK
    assert "NO_CRM" in done.stdout  # said, and the other one stands
    assert [one for one in logged(shop) if one[0] == "results 1"] == [("results 1", "started"), ("results 1", "done")]
    assert ("results 2", "failed") in logged(shop)
    scores = pl.read_parquet(shop / "out" / "scores.parquet")
    assert scores.columns == ["member_id", "order_count", "as_of"]
    assert scores.height > 0
    monkeypatch.setenv("NO_CRM", f"sqlite:{shop / 'crm.db'}")
    done = night(shop)
    assert "stopped at: results 2" in done.stdout
    assert done.returncode == nightly.DONE
    before = (shop / "out" / "scores.parquet").stat().st_mtime_ns
    assert night(shop).returncode == nightly.DONE
    assert (shop / "out" / "scores.parquet").stat().st_mtime_ns == before
    day(shop, date(2024, 6, 21), date(2024, 6, 21))
    assert night(shop).returncode == nightly.DONE
    assert (shop / "out" / "scores.parquet").stat().st_mtime_ns > before


def test_what_a_mapping_may_not_say_of_results(shop):
    bad = '[[results]]\nresult = "audience"\nto = "postgresql://u:secret@h/d"\n[[results]]\nresult = "members"\nto = "a.parquet"\nmode = "create"\n'
    (shop / "mapping.toml").write_text(MAPPING.replace("[lines]", bad + "[lines]", 1), "utf-8")
    done = night(shop)
    assert done.returncode == nightly.FAILED
    assert "carries a password" in done.stderr
    assert "secret" not in done.stderr
    assert "mode: " in done.stderr
    assert "create" in done.stderr
