"""Who is no longer in the members table may no longer be contacted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import toolkit as tk
from tests.importing.strangers import write_shop
from toolkit.errors import ImportRefused, MappingError
from toolkit.importing import import_receipts
from toolkit.workspace import Workspace

ROWS = [f"R{number},m{number},S1,P1,2025-01-{number + 1:02d} 10:00:00,1,10" for number in range(25)]
EVERYBODY = [f"m{number},yes" for number in range(25)]
CARDS = '[members]\nfiles = "cards.csv"\n{more}[members.columns]\nmember_id = "card"\ncontactable = "may"\n'


def cards(folder: Path, rows: Sequence[str], more: str = "", source: str = "till", **given: bool) -> dict[str, bool | None]:
    receipts = [row.replace("S1", f"S-{source}") for row in ROWS]
    mapping = write_shop(folder, receipts, more=CARDS.format(more=more), files={"cards.csv": "\n".join(["card,may", *rows]) + "\n"})
    mapping.write_text(f'source = "{source}"\n' + mapping.read_text("utf-8"), "utf-8")
    import_receipts(mapping, folder / "ws", accept_defaults=True, **given)  # type: ignore[arg-type]
    table = Workspace(folder / "ws").table("members")
    assert table is not None
    return dict(table.select("member_id", "contactable").collect().iter_rows())


def test_who_is_gone_from_the_table_may_not_be_contacted_from_now_on(tmp_path: Path) -> None:
    cards(tmp_path, EVERYBODY)
    after = cards(tmp_path, EVERYBODY[2:])
    assert len(after) == 25
    assert [member for member, may in after.items() if not may] == ["m0", "m1"]
    ws = Workspace(tmp_path / "ws")
    assert "2 members are not in the new table and may no longer be contacted." in str(ws.manifest.imports[-1].notes)
    assert "import_source" not in tk.members(ws).columns, "not an attribute of the shop's"


def test_the_mapping_says_that_the_table_is_the_whole_truth(tmp_path: Path) -> None:
    cards(tmp_path, EVERYBODY)
    assert len(cards(tmp_path, EVERYBODY[2:], 'replaces = "all"\n')) == 23


def test_the_mapping_says_that_the_files_bring_changes_alone(tmp_path: Path) -> None:
    cards(tmp_path, EVERYBODY)
    after = cards(tmp_path, ["m3,no"], 'replaces = "members"\n')
    assert [member for member, may in after.items() if not may] == ["m3"]


def test_a_table_that_lacks_most_members_is_asked_about(tmp_path: Path) -> None:
    before = cards(tmp_path, EVERYBODY)
    with pytest.raises(ImportRefused, match=r"lacks 24 of the 25 members .* replaces = \"members\""):
        cards(tmp_path, EVERYBODY[24:])
    assert cards(tmp_path, EVERYBODY) == before
    assert sum(map(bool, cards(tmp_path, EVERYBODY[24:], allow_shrinking=True).values())) == 1


def test_another_till_speaks_of_its_own_members(tmp_path: Path) -> None:
    cards(tmp_path, EVERYBODY[:5])
    after = cards(tmp_path, EVERYBODY[5:], source="app", allow_shrinking=True)
    assert all(after.values())


def test_a_word_that_means_nothing_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match='takes "members"'):
        cards(tmp_path, EVERYBODY, 'replaces = "orders"\n')
