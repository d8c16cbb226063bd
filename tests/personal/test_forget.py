"""A forgotten member leaves no byte behind: looked for here with pyarrow and plain bytes, not with the toolkit's own search."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pyarrow.ipc
import pyarrow.parquet
import pytest

import toolkit as tk
from tests.personal.town import HARD, MEMBERS, PHONE, STEADY, import_town, town
from toolkit.audience import load_audience
from toolkit.audience.saved import members_then
from toolkit.audit import acting, read_audit, record
from toolkit.doctor.backup import back_up, restore
from toolkit.errors import BadValue, UnknownName
from toolkit.importing import check_receipts
from toolkit.ledger.campaigns import known_campaigns, open_campaign
from toolkit.ledger.definition import read_plan
from toolkit.nightly import Plan, run_night
from toolkit.personal.forget import forget
from toolkit.personal.search import _contents
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace


def cells(path: Path) -> set[str]:
    """Every text in a Parquet or Arrow file, dictionaries included."""
    data = path.read_bytes()
    if data.startswith(b"PAR1"):
        table = pyarrow.parquet.read_table(path)
    elif data.startswith(b"ARROW1"):
        table = pyarrow.ipc.open_file(path).read_all()
    else:
        return set()
    texts = set()
    for column in table.columns:
        for chunk in column.chunks:
            values = chunk.dictionary if isinstance(chunk, pyarrow.DictionaryArray) else chunk
            if pyarrow.types.is_string(values.type) or pyarrow.types.is_large_string(values.type) or "string_view" in str(values.type):
                texts |= set(values.to_pylist())
    return texts


def holds(path: Path, member_id: str) -> bool:
    """Whether a file holds the bytes of an id; where the id lies within others' ids, these are taken out first."""
    others = [one for one in (*MEMBERS, *PHONE.values()) if member_id in one and one != member_id]
    texts = [text for text in cells(path) if text]
    texts += [path.read_bytes().decode(encoding, "ignore") for encoding in ("utf-8", "gb18030", "utf-16-le")]
    texts += [path.name, json.dumps(texts[-1])]
    for text in texts:
        for other in sorted(others, key=len, reverse=True):
            text = text.replace(other, "")
        if member_id in text:
            return True
    return False


def files_with(ws: Workspace, member_id: str) -> list[str]:
    files = [path for path in ws.path.rglob("*") if path.is_file()]
    return sorted(path.relative_to(ws.path).as_posix() for path in files if holds(path, member_id))


def totals(ws: Workspace) -> tuple[int, int]:
    lines = pl.scan_parquet([ws.path / file.path for file in ws.manifest.line_files])
    return lines.select(pl.col("amount").sum(), lines=pl.len()).collect().row(0)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop with everything that can name somebody; copied by each test."""
    folder = tmp_path_factory.mktemp("town")
    ws = town(folder)
    open_view(ws).readable  # noqa: B018 - a mart, as of the last day
    return folder


@pytest.fixture
def ws(shop: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(shop, tmp_path / "shop")
    return Workspace(tmp_path / "shop" / "workspace")


@pytest.mark.parametrize("who", ["Mq7001", "a.c*(1)[x]", "会员甲"])
def test_no_byte_of_a_forgotten_member_is_left(ws: Workspace, who: str) -> None:
    before, others = totals(ws), len(open_view(ws).population)
    assert files_with(ws, who), "the search finds nothing: it proves nothing"
    receipt = forget(ws, who)
    assert receipt.is_clean, receipt.sentences
    ids = [who, *([PHONE[who]] if who in PHONE else [])]
    for one in ids:
        assert files_with(ws, one) == []
        assert receipt.ids_among([one])
    assert not receipt.ids_among(["Mq70010"])
    again = Workspace(ws.path)
    assert totals(again) == before, "sales stay true"
    assert len(open_view(again).population) == others - 1
    for other in set(HARD) - {who}:
        assert files_with(again, other), f"{other} was not asked for"


def test_it_does_not_come_back_with_the_same_export(ws: Workspace) -> None:
    before = totals(ws)
    forget(ws, "Mq7001", "会员甲")
    export = ws.path.parent / "export"
    checked = check_receipts(export / "mapping.toml", ws.path, allow_shrinking=True)
    again = import_town(export, ws.path)
    assert totals(again) == before
    for one in ("Mq7001", "会员甲", PHONE["Mq7001"], PHONE["会员甲"]):
        assert files_with(again, one) == []
    assert {"Mq7001", "会员甲"}.isdisjoint(open_view(again).population["member_id"])
    record = next(one for one in again.manifest.imports[::-1] if one.table == "lines")
    assert record.rows_in == record.rows_kept + record.rows_rejected + record.rows_left_out
    assert record.rows_kept == next(one for one in checked.records if one.table == "lines").rows_kept
    assert again.manifest.imports[-1].import_id != again.manifest.imports[0].import_id
    events = again.table("events")
    assert events is not None
    assert events.select("member_id").collect().height == len(MEMBERS) - 2


def test_a_short_number_is_a_member_only_where_members_stand(ws: Workspace) -> None:
    """12 is a member and a store."""
    receipt = forget(ws, 12)
    assert receipt.is_clean, receipt.sentences
    again = Workspace(ws.path)
    assert "12" in again.codes("store")["id"]
    assert "12" not in again.codes("member")["id"]
    rule = load_audience(again, "by rule").where
    assert rule == "member_id IN ('Mq7001', 'Mq70010', 'Mq7001-2') OR member_id = '(forgotten)' AND home_store_id = '12'"
    assert "12" not in open_campaign(again, "spring").members["member_id"]


def test_audiences_drafts_and_expressions_go_on_without_them(ws: Workspace) -> None:
    forget(ws, "Mq7001")
    again = Workspace(ws.path)
    assert members_then(again, "a list", 1) == sorted(set(HARD) - {"Mq7001"})
    rule = load_audience(again, "by rule")
    assert rule.where is not None
    assert "'(forgotten)', 'Mq70010', 'Mq7001-2'" in rule.where
    assert {"Mq70010", "Mq7001-2"} <= set(rule.members(open_view(again))) <= {"Mq70010", "Mq7001-2", "12"}
    assert read_plan(again, "draft").audience == tuple("(forgotten)" if one == "Mq7001" else one for one in HARD), (
        "an empty list would mean all"
    )


def test_the_ledger_keeps_its_counts_and_reviews_go_on(ws: Workspace) -> None:
    before = known_campaigns(ws).select("treated_count", "control_count", "intact").row(0)
    forget(ws, "Mq7001", "会员甲", "Mq70010")
    again = Workspace(ws.path)
    assert known_campaigns(again).select("treated_count", "control_count", "intact").row(0) == before == (32, 32, True)
    campaign = open_campaign(again, "spring")
    assert (campaign.count("treated"), campaign.count("control"), campaign.left_out.height) == (31, 31, 0)
    assert campaign.forgotten == {"treated": 1, "control": 1, "left_out": 1}
    told = str(tk.review.checks(again, campaign_id="spring").table.to_dicts())
    assert "forgotten since the launch" in told


def test_reports_and_exports_that_name_them_are_removed_and_others_stay(ws: Workspace, tmp_path: Path) -> None:
    tk.export_audience(open_view(ws), load_audience(ws, "a list"), tmp_path / "out", formats=["csv", "xlsx"])
    receipt = forget(ws, "Mq7001")
    assert not (ws.path / "reports/2024-04-29/stores/one.html").exists()
    assert (ws.path / "reports/2024-04-29/stores/other.html").exists()
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".json"]
    assert (receipt.removed["reports"], receipt.removed["exports"]) == (2, 2)


NO_PERSON = (".lock", ".lease", ".verified.json", ".audit-head", "hashes.json", "state.json")


def test_files_that_hold_persons_are_their_owner_s_and_lose_who_is_forgotten(ws: Workspace, tmp_path: Path) -> None:
    """After everything that writes: imports, a mart and tables beside it, lists, exports, saved answers, a night, a backup and its return."""
    shutil.rmtree(ws.path / "reports")  # written by hand
    inside = ws.path / "exports"
    tk.export_audience(open_view(ws), load_audience(ws, "a list"), inside / "lists", formats=["csv", "xlsx", "parquet"])
    tk.portrait.member(ws, member_id="Mq7001").save(inside / "card.html")
    tk.targeting.buyers(ws, goods="米").save(inside / "buyers.xlsx")
    ws.write_document("roles", {"everybody": "owner", "people": {"viewer": "viewer"}})
    with acting("viewer", "page"):
        tk.portrait.overview(ws, audience="order_count > 3")
    run_night(ws.path.parent / "export", ws.path, Plan(ahead="none", accept_defaults=True))
    back_up(ws.path, tmp_path / "kept", now=datetime(2024, 5, 1))
    restore(tmp_path / "kept", tmp_path / "again")
    written = [path for place in (ws.path, tmp_path / "kept", tmp_path / "again") for path in place.rglob("*") if path.is_file()]
    open_files = [path for path in written if path.stat().st_mode & 0o077 and not path.name.endswith(NO_PERSON)]
    assert open_files == []
    dropped = ws.path / "documents" / "audiences" / ".other-v1.members.csv.999999999-1.part"
    dropped.write_text("Mq7001\n", "utf-8")  # a process was killed while it saved a list
    assert forget(ws, "Mq7001", "会员甲").is_clean
    for one in ("Mq7001", "会员甲"):
        assert files_with(Workspace(ws.path), one) == []
    sheets = [path for path in inside.rglob("*.xlsx") if any(b"Mq7001<" in text for text in _contents(path.read_bytes(), 3))]
    assert sheets == []
    kept = [path for path in (tmp_path / "kept").rglob("*") if path.is_file() and holds(path, "Mq7001")]
    assert kept, "a backup holds whoever was there on its day, and the docs say so"


def test_what_only_a_person_may_remove_is_named(ws: Workspace) -> None:
    (ws.path / "inbox").mkdir()
    shutil.copy(ws.path.parent / "export" / "lines.csv", ws.path / "inbox" / "tomorrow.csv")
    receipt = forget(ws, "会员甲")
    assert receipt.left == [str(ws.path / "inbox" / "tomorrow.csv")], "written in gb18030"
    assert not receipt.is_clean
    assert forget(ws, "会员甲", inbox=True).is_clean
    assert not (ws.path / "inbox" / "tomorrow.csv").exists()


def test_nobody_is_forgotten_by_a_slip(ws: Workspace) -> None:
    with pytest.raises(UnknownName, match="Mq70011"):
        forget(ws, "Mq70011", "Mq70010")
    assert not (ws.path / "forgotten").exists()
    with pytest.raises(BadValue, match="No member"):
        forget(ws)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("with_ids", [True, False])
def test_killed_at_any_write_it_goes_on(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_ids: bool) -> None:
    """Every renaming and unlinking is a moment at which the process may end."""
    real_replace, real_unlink = os.replace, Path.unlink
    left = [0]

    def counted(real: Callable) -> Callable:
        def instead(*given: object, **named: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return real(*given, **named)

        return instead

    deaths = 0
    for moment in range(1, 200, 6 if with_ids else 9):
        place = tmp_path / str(moment)
        shutil.copytree(shop, place)
        with monkeypatch.context() as patched:
            left[0] = moment
            patched.setattr(os, "replace", counted(real_replace))
            patched.setattr(Path, "unlink", counted(real_unlink))
            try:
                forget(place / "workspace", "Mq7001")
            except Killed:
                deaths += 1
            else:
                break
            finally:
                left[0] = -1
        ws = Workspace(place / "workspace")
        begun = (ws.path / "forgotten").exists() and list((ws.path / "forgotten").glob("*.json"))
        assert known_campaigns(ws)["intact"].to_list() == [True]
        receipt = forget(ws, "Mq7001") if with_ids or not begun else forget(ws) if any(not json.loads(one.read_text())["finished"] for one in begun) else None  # fmt: skip
        again = Workspace(ws.path)
        assert files_with(again, "Mq7001") == [], f"killed at write {moment}"
        if receipt is not None and begun:
            assert sum(json.loads(one.read_text())["removed"].get("campaigns", 0) for one in (ws.path / "forgotten").glob("*.json")) == 1
        assert open_campaign(again, "spring").forgotten == {"treated": 1}
        shutil.rmtree(place)
    assert deaths > 2


def test_the_audit_says_that_it_was_done_and_not_who(ws: Workspace) -> None:
    record(ws.path, "wrote back", to="crm.scores at env:CRM_DB")
    assert "Members were written to crm.scores at env:CRM_DB" in str(forget(ws, "Mq7001").sentences)
    entry = read_audit(ws.path).entries[-1]
    assert (entry.did, entry.about["members"]) == ("forgot", 1)
    assert read_audit(ws.path).faults == ()
    assert STEADY[0] in open_view(Workspace(ws.path), as_of=date(2024, 4, 1)).population["member_id"]
