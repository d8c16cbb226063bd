"""One member in several spellings: folded where the mapping says so, in every table alike, and counted."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import toolkit as tk
from tests.importing.strangers import write_shop
from tests.importing.test_import import live_lines
from toolkit.errors import DataError, MappingError
from toolkit.importing import check_receipts, import_receipts
from toolkit.sources.spellings import folded
from toolkit.workspace import Workspace

FOLD = 'fold_ids = ["case", "blanks", "decimal"]\n'
ASKED = 'fold_ids = ["case", "blanks", "decimal"]'


def people(count: int = 12) -> list[str]:
    spelled = [lambda n: f"ann{n}@shop.example", lambda n: f"Ann{n}@Shop.example", lambda n: f" ann{n}@shop.example"]
    return [
        f"A{n:02d}{k},{spell(n)},S1,P1,2025-0{k + 1}-{n + 1:02d} 10:00:00,1,10" for n in range(count) for k, spell in enumerate(spelled)
    ]


def folding(mapping: Path, line: str = FOLD) -> Path:
    mapping.write_text(line + mapping.read_text("utf-8"), "utf-8")
    return mapping


def test_without_an_answer_it_asks_and_offers_the_line(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        import_receipts(write_shop(tmp_path, people()), tmp_path / "ws")
    assert ASKED in str(caught.value)


def test_with_the_line_there_are_twelve_members_who_all_came_again(tmp_path: Path) -> None:
    report = import_receipts(folding(write_shop(tmp_path, people())), tmp_path / "ws")
    assert live_lines(tmp_path / "ws")["member"].n_unique() == 12
    assert "fold_ids: 36 spellings of member ids in [lines] were folded into 12 ids; members have the folded spelling." in str(report)
    assert not report.questions
    row = tk.portrait.overview(tmp_path / "ws").table.row(0, named=True)
    assert (row["member_count"], row["buyer_count"], row["repeat_rate"]) == (12, 12, 1.0)


def phones() -> list[str]:
    """Six people by phone; the till writes the number as it is, the shop's app with the dialling code."""
    spelled = [lambda n: f"1380013800{n}", lambda n: f"+86 138-0013-800{n}", lambda n: f"861380013800{n}"]
    return [f"A{n}{k},{spell(n)},S1,P1,2025-0{k + 1}-{n + 1:02d} 10:00:00,1,10" for n in range(6) for k, spell in enumerate(spelled)]


def test_a_dialling_code_before_a_phone_is_asked_about_and_folded(tmp_path: Path) -> None:
    mapping = write_shop(tmp_path, phones())
    with pytest.raises(DataError, match="with and without 86 before them") as caught:
        import_receipts(mapping, tmp_path / "ws")
    line = 'fold_ids = ["blanks", "marks", "+86"]'
    assert line in str(caught.value)
    report = import_receipts(folding(mapping, line + "\n"), tmp_path / "ws")
    assert not report.questions
    assert sorted(live_lines(tmp_path / "ws")["member"].unique()) == [f"1380013800{n}" for n in range(6)]


def test_numbers_that_begin_with_86_are_no_dialling_code(tmp_path: Path) -> None:
    rows = [f"A{n},{number},S1,P1,2025-01-{n + 1:02d} 10:00:00,1,10" for n, number in enumerate(["8613", "13", "86138001380", "138001380"])]
    assert not check_receipts(write_shop(tmp_path, rows)).questions


def test_only_what_is_said_is_folded(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="differ by capitals, blanks"):
        import_receipts(folding(write_shop(tmp_path, people()), 'fold_ids = ["case"]\n'), tmp_path / "ws")


@pytest.mark.parametrize(
    ("text", "words", "left"),
    [
        ("ＡＢ１２", ["blanks"], "AB12"),
        ("138 0000\u30001234\u00a0", ["blanks"], "13800001234"),
        ("\ufeffA\u200b1", ["blanks"], "A1"),
        (" 0012.00 ", ["decimal"], " 0012 "),
        ("12,0", ["decimal"], "12"),
        ("v1.0", ["decimal"], "v1.0"),
        ("12.50", ["decimal"], "12.50"),
        ("ÉCOLE", ["case"], "école"),
        ("  ", ["blanks"], None),
    ],
)
def test_what_each_word_folds(text: str, words: list[str], left: str | None) -> None:
    assert pl.DataFrame({"id": [text]}).select(folded(pl.col("id"), words)).item() == left


def test_every_table_that_names_a_member_is_folded_alike(tmp_path: Path) -> None:
    more = """
[members]
files = "members.csv"
columns = { member_id = "no", tier = "tier", referred_by = "by" }
[campaigns]
files = "campaigns.csv"
columns = { campaign_id = "c", starts_on = "a", ends_on = "b" }
[contacts]
files = "contacts.csv"
columns = { campaign_id = "c", member_id = "no", arm = "arm" }
"""
    files = {
        "members.csv": "no,tier,by\n1001.0,gold,\n１００２,silver, 1001 \n1001,blue,\n",
        "campaigns.csv": "c,a,b\nX,2025-01-01,2025-02-01\n",
        "contacts.csv": "c,no,arm\nX, 1001,treated\nX,1002.0,control\n",
    }
    rows = ["R1,1001,S1,P1,2025-01-01 10:00:00,1,10", "R2,1002,S1,P1,2025-01-02 10:00:00,1,10", "R3, 1001.0,S1,P1,2025-02-02 10:00:00,1,10"]
    report = import_receipts(folding(write_shop(tmp_path, rows, more=more, files=files)), tmp_path / "ws")
    ws = Workspace(tmp_path / "ws")
    assert sorted(ws.codes("member")["id"]) == ["1001", "1002"]
    for name in ("members", "contacts"):
        assert sorted(ws.table(name).collect()["member_id"]) == ["1001", "1002"]  # type: ignore[union-attr]
    assert ws.table("members").collect().filter(member_id="1002")["referred_by"].item() == "1001"  # type: ignore[union-attr]
    assert next(record for record in report.records if record.table == "members").reasons == {"the same member id again": 1}


def test_codes_that_mean_nobody_are_folded_too(tmp_path: Path) -> None:
    rows = [*people(2), "N1, guest,S1,P1,2025-03-05 10:00:00,1,10", "N2,GUEST,S1,P1,2025-03-06 10:00:00,1,10"]
    import_receipts(folding(write_shop(tmp_path, rows, lines='not_a_member = ["Guest"]')), tmp_path / "ws")
    members = live_lines(tmp_path / "ws")["member"]
    assert (members.drop_nulls().n_unique(), members.null_count()) == (2, 2)


def test_an_id_made_of_several_columns_keeps_its_separator(tmp_path: Path) -> None:
    rows = [
        f"R{n},{shop},{card},S1,P1,2025-01-0{n + 1} 10:00:00,1,10"
        for n, (shop, card) in enumerate([("a|b", "C"), ("A|B", "c"), ("a", "b|c")])
    ]
    mapping = write_shop(tmp_path, rows, header="order,shop,card,store,sku,time,qty,amount")
    mapping.write_text(mapping.read_text("utf-8").replace('member_id = "member"', 'member_id = ["shop", "card"]'), "utf-8")
    import_receipts(folding(mapping), tmp_path / "ws")
    assert live_lines(tmp_path / "ws")["member"].n_unique() == 2


@pytest.mark.parametrize(
    ("line", "sentence"), [('fold_ids = ["caps"]\n', "spellings cannot be folded by 'caps'"), ("fold_ids = 3\n", "fold_ids")]
)
def test_a_line_that_cannot_be(tmp_path: Path, line: str, sentence: str) -> None:
    with pytest.raises(MappingError, match=sentence):
        check_receipts(folding(write_shop(tmp_path, people(1)), line))


def test_a_parquet_file_is_folded_as_well(tmp_path: Path) -> None:
    mapping = folding(write_shop(tmp_path, people()))
    pl.read_csv(tmp_path / "lines.csv", infer_schema=False).write_parquet(tmp_path / "lines.parquet")
    mapping.write_text(mapping.read_text("utf-8").replace("lines.csv", "lines.parquet"), "utf-8")
    report = check_receipts(mapping)
    assert "36 spellings of member ids in [lines] were folded into 12 ids" in str(report)
