"""One person under several ids is one member: ties counted here by an independent union-find over the rows of the identity table."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import toolkit as tk
from tests.importing.strangers import write_shop
from tests.importing.test_import import live_lines
from toolkit.errors import DataError, MappingError
from toolkit.importing import check_receipts, import_receipts
from toolkit.importing import lines as line_steps
from toolkit.importing.ties import tied_groups
from toolkit.language import speaking
from toolkit.workspace import Workspace

SECTION = '[identities]\nfiles = "crm.csv"\nids = ["member_no", "phone", "openid", "card"]\nmember_id = "member_no"\n'
NO_NUMBER = '[identities]\nfiles = "crm.csv"\nids = ["phone", "openid", "card"]\n'
CRM = """member_no,phone,openid,card
M1,13811112222,o1,
M2,13833334444,,C2
M2,13833335555,,C3
M3,13800000000,o3,0
M4,13800000000,null,C4
M5,13899998888,o5,
M6,13899998888,,C6
,13877776666,o9,
M7,,,
"""


def receipts(ids: list[str], first: int = 0) -> list[str]:
    return [f"R{first + n},{id},S1,P1,2025-01-{(first + n) % 28 + 1:02d} 10:00:00,1,10" for n, id in enumerate(ids)]


def shop(folder: Path, ids: list[str], crm: str = CRM, section: str = SECTION, more: str = "", files: dict[str, str] | None = None) -> Path:
    return write_shop(folder, receipts(ids), files={"crm.csv": crm, **(files or {})}, more=section + more)


def members_of_orders(path: Path) -> dict[str, str | None]:
    return dict(live_lines(path).select("order_id", "member").iter_rows())


def notes_of(report, table: str) -> str:
    return "\n".join(note for record in report.records if record.table == table for note in record.notes)


class Union:
    """Textbook union-find over a dict, the smaller text on top."""

    def __init__(self) -> None:
        self.above: dict[str, str] = {}

    def top(self, item: str) -> str:
        while self.above.setdefault(item, item) != item:
            item = self.above[item]
        return item

    def tie(self, one: str, other: str) -> None:
        first, second = sorted((self.top(one), self.top(other)))
        self.above[second] = first


def test_receipts_of_any_id_are_the_members(tmp_path: Path) -> None:
    ids = ["M1", "13811112222", "o1", "C3", "13833334444", "M3", "o3", "M5", "o5", "C6", "13877776666", "o9", "M7", "stranger"]
    expected = ["M1", "M1", "M1", "M2", "M2", "M3", "M3", "M5", "M5", "M6", "13877776666", "13877776666", "M7", "stranger"]
    report = import_receipts(shop(tmp_path, ids), tmp_path / "ws")
    assert [members_of_orders(tmp_path / "ws")[f"R{n}"] for n in range(len(ids))] == expected
    assert sorted(Workspace(tmp_path / "ws").codes("member")["id"]) == sorted(set(expected))
    told = notes_of(report, "identities")
    assert "[identities] 20 ids are 9 people." in told
    assert "'M2' (13833334444, 13833335555, C2, C3, M2)" in told
    assert "1 rows name one id only and tie nothing" in told
    assert "hold no id but a placeholder, such as '13800000000', '0', 'null'" in told
    assert f"{len(set(ids))} member ids in [lines] are {len(set(expected))} members; 13 of the ids are in the identity table." in str(
        report
    )
    with speaking("zh"):
        assert "个编号" in str(check_receipts(tmp_path / "mapping.toml"))


def test_a_shared_phone_is_a_conflict_unless_the_mapping_says_otherwise(tmp_path: Path) -> None:
    ids = ["M5", "M6", "13899998888", "o5"]
    report = import_receipts(shop(tmp_path, ids), tmp_path / "ws")
    assert members_of_orders(tmp_path / "ws") == {"R0": "M5", "R1": "M6", "R2": "13899998888", "R3": "M5"}
    assert "Conflicts: 1. Ids that stand beside several member numbers: 1 ('13899998888' beside 'M5' and 'M6')." in notes_of(
        report, "identities"
    )
    import_receipts(shop(tmp_path, ids, section=SECTION + "merge_members = true\n"), tmp_path / "other")
    assert set(members_of_orders(tmp_path / "other").values()) == {"M5"}


def test_a_chain_of_ids_between_two_numbers_is_a_conflict_too(tmp_path: Path) -> None:
    crm = "member_no,phone,openid,card\nM1,111222333,,\n,111222333,ox,\n,,ox,C9\nM2,,,C9\n"
    report = import_receipts(shop(tmp_path, ["M1", "111222333", "ox", "C9", "M2"], crm), tmp_path / "ws")
    assert members_of_orders(tmp_path / "ws") == {"R0": "M1", "R1": "M1", "R2": "ox", "R3": "M2", "R4": "M2"}
    assert "Several member numbers are tied by a chain of ids" in notes_of(report, "identities")


def test_a_number_in_anothers_column_stays_its_own_member(tmp_path: Path) -> None:
    crm = "member_no,phone,openid,card\nM1,,,M2\nM2,1381,,\n"
    report = import_receipts(shop(tmp_path, ["M1", "M2", "1381"], crm), tmp_path / "ws")
    assert members_of_orders(tmp_path / "ws") == {"R0": "M1", "R1": "M2", "R2": "M2"}
    assert "1 ids stand in several columns, such as 'M2' in 'card', 'member_no'" in notes_of(report, "identities")


def test_an_order_of_two_ids_of_one_person_is_one_order(tmp_path: Path) -> None:
    rows = ["R1,M1,S1,P1,2025-01-01 10:00:00,1,10", "R1,o1,S1,P2,2025-01-01 10:00:00,1,5", "R2,13811112222,S1,P1,2025-01-05 10:00:00,1,7"]
    record = import_receipts(write_shop(tmp_path, rows, files={"crm.csv": CRM}, more=SECTION), tmp_path / "ws").records[0]
    assert (record.rows_kept, record.rows_rejected) == (3, 0)
    assert set(live_lines(tmp_path / "ws")["member"]) == {"M1"}


@pytest.mark.parametrize("with_numbers", [False, True])
def test_ties_are_those_of_an_independent_union_find(tmp_path: Path, *, with_numbers: bool) -> None:
    draw = random.Random(13 + with_numbers)
    people = [[f"{kind}{n}-{k}" for kind in "pox" for k in range(draw.randint(1, 2))] for n in range(300)]
    rows = []
    for n, ids in enumerate(people):
        for _ in range(draw.randint(1, 4)):
            cells = {kind: draw.choice([*[id for id in ids if id[0] == kind], ""]) for kind in "pox"}
            rows.append((f"N{n}" if with_numbers else "", cells["p"], cells["o"], cells["x"]))
    draw.shuffle(rows)
    crm = "member_no,phone,openid,card\n" + "".join(",".join(row) + "\n" for row in rows)
    union = Union()
    for row in rows:
        filled = [cell for cell in row if cell]
        for cell in filled:
            union.tie(filled[0], cell)
    groups: dict[str, list[str]] = defaultdict(list)
    for id in union.above:
        groups[union.top(id)].append(id)
    stays = {id: next((one for one in ids if one[0] == "N"), min(ids)) for ids in groups.values() for id in ids}
    seen = sorted(stays)
    import_receipts(shop(tmp_path, seen, crm, section=SECTION if with_numbers else NO_NUMBER), tmp_path / "ws")
    assert members_of_orders(tmp_path / "ws") == {f"R{n}": stays[id] for n, id in enumerate(seen)}


def test_groups_of_long_chains_stars_and_rings() -> None:
    draw = np.random.default_rng(3)
    for count in (1, 2, 50, 3_000):
        one, other = draw.integers(0, count, (2, count // 2 + 1))
        chain = draw.permutation(count)
        for first, second in ((one, other), (chain[:-1], chain[1:]), (np.zeros(count, dtype=int), chain), (chain, np.roll(chain, 1))):
            union = Union()
            for left, right in zip(first.tolist(), second.tolist(), strict=True):
                union.tie(f"{left:05d}", f"{right:05d}")
            assert tied_groups(first, second, count).tolist() == [int(union.top(f"{n:05d}")) for n in range(count)]


def test_a_town_is_refused_with_the_id_that_ties_it(tmp_path: Path) -> None:
    crm = "phone,openid,card\n" + "".join(f"13912345678,o{n},C{n}\n" for n in range(30))
    mapping = shop(tmp_path, ["o1", "C2"], crm, section=NO_NUMBER)
    with pytest.raises(DataError) as caught:
        import_receipts(mapping, tmp_path / "ws")
    assert "[identities]: 61 ids would be one person through '13912345678' in the column 'phone', which stands beside 60 others" in str(
        caught.value
    )
    assert 'write not_an_id = ["13912345678"] under [identities]' in str(caught.value)
    assert not (tmp_path / "ws").exists()
    import_receipts(shop(tmp_path, ["o1", "C1", "C2"], crm, section=NO_NUMBER + 'not_an_id = ["13912345678"]\n'), tmp_path / "ws")
    assert members_of_orders(tmp_path / "ws") == {"R0": "C1", "R1": "C1", "R2": "C2"}
    import_receipts(shop(tmp_path, ["o1", "C2"], crm, section=NO_NUMBER + "largest_person = 61\n"), tmp_path / "town")
    assert set(members_of_orders(tmp_path / "town").values()) == {"13912345678"}


def test_a_phone_of_everybody_ties_nobody_where_members_have_numbers(tmp_path: Path) -> None:
    crm = "member_no,phone,openid,card\n" + "".join(f"M{n},13912345678,o{n},\n" for n in range(30))
    import_receipts(shop(tmp_path, ["o1", "M2", "13912345678"], crm), tmp_path / "ws")
    assert members_of_orders(tmp_path / "ws") == {"R0": "M1", "R1": "M2", "R2": "13912345678"}


def test_numbers_that_a_spreadsheet_cut_tie_nobody(tmp_path: Path) -> None:
    crm = "member_no,phone,openid,card\n" + "".join(f",1.38111E+10,o{n},\n" for n in range(3)) + "M1,1.38111e+10,o9,\n"
    report = import_receipts(shop(tmp_path, ["o0", "o1", "o9", "1.4E+10"], crm), tmp_path / "ws")
    assert members_of_orders(tmp_path / "ws") == {"R0": "o0", "R1": "o1", "R2": "M1"}
    assert "4 cells hold no id but a placeholder, such as '1.38111E+10'" in notes_of(report, "identities")


def test_every_table_that_names_a_member_names_the_one_who_stays(tmp_path: Path) -> None:
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
[events]
files = "events.csv"
columns = { member_id = "no", occurred_at = "at", kind = "kind" }
"""
    files = {
        "members.csv": "no,tier,by\no1,blue,C2\nM1,gold,\nC2,silver,o1\n",
        "campaigns.csv": "c,a,b\nX,2025-01-01,2025-02-01\n",
        "contacts.csv": "c,no,arm\nX,o1,treated\nX,C3,control\n",
        "events.csv": "no,at,kind\n13811112222,2025-01-02 10:00:00,view\nM1,2025-01-03 10:00:00,view\n",
    }
    report = import_receipts(shop(tmp_path, ["M1", "C2"], more=more, files=files), tmp_path / "ws")
    ws = Workspace(tmp_path / "ws")
    tables = {name: frame.collect() for name in ("members", "contacts", "events") if (frame := ws.table(name)) is not None}
    assert tables["members"].select("member_id", "tier", "referred_by").rows() == [("M1", "gold", None), ("M2", "silver", "M1")]
    assert tables["contacts"].select("member_id", "arm").rows() == [("M1", "treated"), ("M2", "control")]
    assert tables["events"]["member_id"].to_list() == ["M1", "M1"]
    record = next(record for record in report.records if record.table == "members")
    assert (record.rows_in, record.rows_kept, record.reasons) == (3, 2, {"the same member again, under another id": 1})


def test_a_later_table_moves_the_receipts_that_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_steps, "ROWS_PER_PARTITION", 10)
    more = '[events]\nfiles = "events.csv"\ncolumns = { member_id = "no", occurred_at = "at", kind = "kind" }\n'
    events = {"events.csv": "no,at,kind\no1,2025-01-02 10:00:00,view\n"}
    ids = [f"L{n}" for n in range(40)] + ["o1", "13811112222", "C2", "C3", "o1", ""]
    ws = tmp_path / "ws"
    import_receipts(shop(tmp_path, ids, section="", more=more, files=events), ws)
    before, codes = members_of_orders(ws), Workspace(ws).codes("member")
    later = write_shop(tmp_path, receipts(["M1", "C3"], 100), files={"crm.csv": CRM}, more=SECTION)
    later.write_text(later.read_text("utf-8").replace('store_id = "store"', 'store_id = { value = "S2" }'), "utf-8")
    report = import_receipts(later, ws)
    stays = {"o1": "M1", "13811112222": "M1", "C2": "M2", "C3": "M2"}
    assert members_of_orders(ws) == {order: stays.get(id or "", id) for order, id in before.items()} | {"R100": "M1", "R101": "M2"}
    assert "5 lines that were there before have the member now whose id they name." in notes_of(report, "lines")
    assert Workspace(ws).table("events").collect()["member_id"].to_list() == ["M1"]  # type: ignore[union-attr]
    after = Workspace(ws).codes("member")
    assert after.head(codes.height).equals(codes)  # a code, once given, never changes
    stored = [
        pl.read_parquet(file).with_columns(partition=number)
        for number, files in enumerate(Workspace(ws).line_partitions())
        for file in files
    ]
    assert pl.concat(stored).drop_nulls("member_code").group_by("member_code").agg(pl.col("partition").n_unique())["partition"].max() == 1
    row = tk.portrait.overview(ws, as_of=date(2025, 1, 28)).table.row(0, named=True)
    expected = Counter(id for id in members_of_orders(ws).values() if id)
    assert (row["buyer_count"], row["orders"]) == (len(expected), 48)

    without = write_shop(tmp_path, receipts(["o1", "13877776666"], 200))
    import_receipts(without, ws, allow_shrinking=True)  # the workspace remembers who is who
    assert members_of_orders(ws)["R200"] == "M1"


def test_moved_lines_are_in_the_order_of_time(tmp_path: Path) -> None:
    ws = tmp_path / "ws"
    import_receipts(shop(tmp_path, ["o1", "13811112222", "o1", "Z", "13811112222"], section=""), ws)
    mapping = write_shop(tmp_path, receipts(["M3"], 20), files={"crm.csv": CRM}, more=SECTION)
    import_receipts(mapping, ws)
    code = Workspace(ws).codes("member").filter(id="M1")["code"].item()
    files = [pl.read_parquet(file).filter(member_code=code) for files in Workspace(ws).line_partitions() for file in files]
    days = [frame["ordered_at"].dt.day().to_list() for frame in files if frame.height]
    assert days == [[1, 2, 3, 5]]  # the mart pass reads a member's orders as they lie


def test_what_a_later_table_says_of_an_id_replaces_what_was_known(tmp_path: Path) -> None:
    ws = tmp_path / "ws"
    import_receipts(shop(tmp_path, ["13811112222", "o1"]), ws)
    crm = "member_no,phone,openid,card\nM1,13700001111,,\nM8,13811112222,,\n"
    mapping = write_shop(tmp_path, receipts(["13811112222", "13700001111", "o1"], 10), files={"crm.csv": crm}, more=SECTION)
    import_receipts(mapping, ws)
    # A phone that went on to somebody else: what was bought with it before stays with whom it was then.
    assert members_of_orders(ws) == {"R0": "M1", "R1": "M1", "R10": "M8", "R11": "M1", "R12": "M1"}


def test_a_number_that_is_renamed_takes_its_receipts_along(tmp_path: Path) -> None:
    ws = tmp_path / "ws"
    first = "phone,openid,card\n13811112222,o1,\n"
    import_receipts(shop(tmp_path, ["13811112222", "o1"], first, section=NO_NUMBER), ws)
    second = "phone,openid,card\n13811112222,,100\n"
    mapping = write_shop(tmp_path, receipts(["B7"], 10), files={"crm.csv": second}, more=NO_NUMBER)
    import_receipts(mapping, ws)
    members = members_of_orders(ws)
    assert (members["R0"], members["R1"], members["R10"]) == ("100", "100", "B7")


def test_ties_across_spellings(tmp_path: Path) -> None:
    crm = "member_no,phone,openid,card\nm1, 138 1111 2222 ,Oid@X.example,\nM1,,,c-7\n"
    ids = ["M1", "13811112222", "oid@x.example", "C-7", "１３８１１１１２２２２", "13811112222.0"]
    mapping = shop(tmp_path, ids, crm)
    mapping.write_text('fold_ids = ["case", "blanks", "decimal"]\n' + mapping.read_text("utf-8"), "utf-8")
    import_receipts(mapping, tmp_path / "ws")
    assert set(members_of_orders(tmp_path / "ws").values()) == {"m1"}


def test_ids_that_only_differ_by_spelling_from_the_table_are_told(tmp_path: Path) -> None:
    report = import_receipts(shop(tmp_path, ["m1", "O1", "M2"]), tmp_path / "ws")
    assert "2 member ids in [lines] are in the identity table in another spelling alone, such as 'O1' and 'o1'" in notes_of(report, "lines")


def test_folding_that_comes_later_moves_the_receipts_that_are_there(tmp_path: Path) -> None:
    ws = tmp_path / "ws"
    import_receipts(shop(tmp_path, ["Ann", "BOB", "eve"], section=""), ws)
    mapping = write_shop(tmp_path, receipts(["ann ", "bob"], 10))
    mapping.write_text('fold_ids = ["case", "blanks", "decimal"]\n' + mapping.read_text("utf-8"), "utf-8")
    import_receipts(mapping, ws)
    assert members_of_orders(ws) == {"R0": "ann", "R1": "bob", "R2": "eve", "R10": "ann", "R11": "bob"}


def test_whole_numbers_of_a_parquet_file_find_their_person(tmp_path: Path) -> None:
    mapping = shop(tmp_path, ["1001", "1002", "13811112222"], "member_no,phone,openid,card\n1001,13811112222,,\n")
    pl.read_csv(tmp_path / "lines.csv").with_columns(pl.col("time").str.to_datetime()).write_parquet(tmp_path / "lines.parquet")
    mapping.write_text(mapping.read_text("utf-8").replace("lines.csv", "lines.parquet"), "utf-8")
    import_receipts(mapping, tmp_path / "ws")
    assert members_of_orders(tmp_path / "ws") == {"R0": "1001", "R1": "1002", "R2": "1001"}


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ('[identities]\nfiles = "crm.csv"\nids = ["phone"]\n', "an identity needs two columns of ids at least"),
        ('[identities]\nfiles = "crm.csv"\nids = ["phone", "card"]\nmember_id = "no"\n', "member_id is 'no', which is none of `ids`"),
        ('[identities]\nids = ["phone", "card"]\n', "mapping.toml [identities] needs 'files'."),
        ('[identities]\nfiles = "crm.csv"\n', "mapping.toml [identities] needs 'ids'."),
        ('[identities]\nfiles = "crm.csv"\nids = ["phone", "kard"]\n', "crm.csv has no column 'kard', which mapping.toml [identities] names; did you mean 'card'?"),
        ('[identities]\nfiles = "crm.csv"\nids = ["phone", "card"]\nlargest = 3\n', "[identities] has no key 'largest'; did you mean 'largest_person'?"),
        ('[identities]\nfiles = "crm.csv"\nids = ["phone", "card"]\nlargest_person = 1\n', "largest_person"),
    ],
)  # fmt: skip
def test_a_section_that_cannot_be(tmp_path: Path, section: str, sentence: str) -> None:
    with pytest.raises(MappingError) as caught:
        import_receipts(shop(tmp_path, ["M1"], section=section), tmp_path / "ws")
    assert sentence in str(caught.value)


def test_rows_without_an_id_are_set_aside_and_counted(tmp_path: Path) -> None:
    crm = "name,member_no,phone,openid,card\nAnn,M1,1381,,\nBob,,null,,0\n"
    report = import_receipts(shop(tmp_path, ["M1"], crm), tmp_path / "ws")
    record = next(record for record in report.records if record.table == "identities")
    assert (record.rows_in, record.rows_kept, record.reasons) == (2, 1, {"no id": 1})


def test_an_empty_table_ties_nothing(tmp_path: Path) -> None:
    import_receipts(shop(tmp_path, ["M1"], "member_no,phone,openid,card\n"), tmp_path / "ws")
    assert members_of_orders(tmp_path / "ws") == {"R0": "M1"}


def test_many_rows_take_seconds(tmp_path: Path) -> None:
    number = pl.int_range(0, 300_000, eager=True)
    phone = "1" + (number * 7 % 9_999_991 + 10**9).cast(pl.String)
    crm = pl.DataFrame(
        {
            "member_no": "M" + (number // 2).cast(pl.String),
            "phone": phone,
            "openid": "o" + number.cast(pl.String),
        }
    ).with_columns(card=pl.lit(None, pl.String))
    crm.write_csv(tmp_path / "big.csv")
    mapping = shop(tmp_path, ["o1", "M0", "o2"], section=SECTION.replace("crm.csv", "big.csv"))
    started = time.process_time()
    import_receipts(mapping, tmp_path / "ws")
    assert time.process_time() - started < 15
    assert members_of_orders(tmp_path / "ws") == {"R0": "M0", "R1": "M0", "R2": "M1"}
