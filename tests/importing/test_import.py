"""Receipts in: every row is kept or set aside with its reason, all or nothing, and the same days again replace the old ones."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from toolkit.errors import DataError, ImportRefused, MappingError, WorkspaceError
from toolkit.importing import check_receipts, dictionaries, import_receipts, respread
from toolkit.importing import lines as line_steps
from toolkit.workspace import Workspace

HEAD = "line_id,member_id,order_id,store_id,product_id,ordered_at,quantity,amount,discount_amount\n"
GOOD = """l1,0012,r1,s1,milk,2026-01-05 09:00:00,2,2.00,0
l2,0012,r1,s1,bread,2026-01-05 09:00:00,1,3.50,0.50
l3,,r2,s1,milk,2026-01-05 10:00:00,1,1.00,0
l4,客户 🙂,r3,s2,"<script>alert(""x"")</script>",2026-01-06 11:00:00,1,4.00,0
l5, 12,r4,s2,milk,2026-01-06 12:00:00,-1,-1.00,0
"""
MAPPING = """name = "till"
currency = "EUR"
[lines]
files = "receipts/*.csv"
not_a_member = [""]
[lines.columns]
line_id = "line_id"
member_id = "member_id"
order_id = "order_id"
store_id = "store_id"
product_id = "product_id"
ordered_at = "ordered_at"
quantity = "quantity"
amount = "amount"
discount_amount = "discount_amount"
"""


def shop(folder: Path, rows: str = GOOD, *, mapping: str = MAPPING, name: str = "a.csv", more: dict[str, str] | None = None) -> Path:
    """Write receipts and a mapping; return the mapping's path."""
    (folder / "receipts").mkdir(parents=True, exist_ok=True)
    (folder / "receipts" / name).write_text(HEAD + rows, "utf-8")
    for file, text in (more or {}).items():
        (folder / file).write_text(text, "utf-8")
    (folder / "mapping.toml").write_text(mapping, "utf-8")
    return folder / "mapping.toml"


def live_lines(path: Path) -> pl.DataFrame:
    """Return all live lines with the shop's own ids, sorted."""
    ws = Workspace(path)
    files = [file for partition in ws.line_partitions() for file in partition]
    frame = pl.concat([pl.read_parquet(file) for file in files])
    for name in ("member", "store", "product"):
        frame = frame.join(ws.codes(name).rename({"code": f"{name}_code", "id": name}), on=f"{name}_code", how="left")
    frame = frame.join(ws.order_ids().collect(), on="order_code", how="left")
    return frame.select("member", "order_id", "store", "product", "ordered_at", "quantity_milli", "amount", "discount_amount").sort(
        pl.all()
    )


def test_good_rows_are_kept_as_the_shop_writes_them(tmp_path: Path) -> None:
    report = import_receipts(shop(tmp_path), tmp_path / "ws")
    assert str(report).startswith("lines: 5 rows in = 5 kept + 0 set aside (2026-01-05 to 2026-01-06)")
    lines = live_lines(tmp_path / "ws")
    assert lines["member"].to_list() == [None, " 12", "0012", "0012", "客户 🙂"]
    assert lines.filter(product="bread").select("quantity_milli", "amount", "discount_amount").row(0) == (1000, 350, 50)
    assert '<script>alert("x")</script>' in lines["product"].to_list()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("l9,0012,r9,s1,milk,,1,1.00,0", "no time"),
        ("l9,0012,r9,s1,milk,2026-02-30 09:00:00,1,1.00,0", "time cannot be read"),
        ("l9,0012,r9,s1,milk,2026-01-07 09:00:00,1,free,0", "amount"),
        ("l9,0012,r9,s1,milk,2026-01-07 09:00:00,one,1.00,0", "quantity"),
        ("l9,0012,r9,s1,milk,2026-01-07 09:00:00,1,1.00,-0.5", "negative discount"),
        ("l9,0012,,s1,milk,2026-01-07 09:00:00,1,1.00,0", "no order id"),
        ("l9,0012,r9,,milk,2026-01-07 09:00:00,1,1.00,0", "no store id"),
        ("l9,0012,r9,s1,,2026-01-07 09:00:00,1,1.00,0", "no product id"),
        ("l1,0012,r9,s1,milk,2026-01-07 09:00:00,1,1.00,0", "duplicate line id"),
        ("l9,0099,r9,s1,milk,2026-01-07 09:00:00,1,1.00,0\nl8,0098,r9,s1,milk,2026-01-07 09:00:00,1,1.00,0", "two members"),
        ("l9,0099,r9,s1,milk,2026-01-07 09:00:00,1,1.00,0\nl8,,r9,s1,milk,2026-01-07 09:00:00,1,1.00,0", "with and without a member"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason(tmp_path: Path, row: str, reason: str) -> None:
    bad = row.count("\n") + 1
    report = import_receipts(shop(tmp_path, GOOD + row + "\n"), tmp_path / "ws")
    record = report.records[0]
    assert (record.rows_in, record.rows_kept, record.rows_rejected) == (5 + bad, 5, bad)
    assert any(reason in found for found in record.reasons), record.reasons
    aside = pl.read_csv(tmp_path / "ws" / str(record.rejected_path), infer_schema=False)
    assert aside.columns[:4] == ["table", "source_file", "source_row", "fault"]
    assert aside["source_row"].to_list() == [str(7 + number) for number in range(bad)]
    assert live_lines(tmp_path / "ws").height == 5


def test_the_same_receipt_number_in_two_stores_is_two_orders(tmp_path: Path) -> None:
    rows = "l1,a,r1,s1,milk,2026-01-05 09:00:00,1,1,0\nl2,b,r1,s2,milk,2026-01-05 09:30:00,1,1,0\n"
    report = import_receipts(shop(tmp_path, rows), tmp_path / "ws")
    assert report.rejected == 0
    assert Workspace(tmp_path / "ws").order_ids().collect().height == 2


def test_an_order_with_several_times_gets_the_earliest(tmp_path: Path) -> None:
    rows = (
        "l1,a,r1,s1,milk,2026-01-05 23:59:00,1,1,0\nl2,a,r1,s1,milk,2026-01-06 00:01:00,1,1,0\nl3,a,r2,s1,milk,2026-01-06 00:00:00,1,1,0\n"
    )
    import_receipts(shop(tmp_path, rows), tmp_path / "ws")
    lines = live_lines(tmp_path / "ws").sort("order_id", "ordered_at")
    assert [str(when) for when in lines["ordered_at"]] == ["2026-01-05 23:59:00", "2026-01-05 23:59:00", "2026-01-06 00:00:00"]


def test_the_same_days_again_replace_them_and_other_days_stay(tmp_path: Path) -> None:
    import_receipts(shop(tmp_path), tmp_path / "ws")
    before = live_lines(tmp_path / "ws")
    again = import_receipts(tmp_path / "mapping.toml", tmp_path / "ws")
    assert again.records[0].rows_replaced == 5
    assert live_lines(tmp_path / "ws").equals(before)
    corrected = "l4,x,r3,s2,milk,2026-01-06 11:00:00,1,9.00,0\nl7,y,r7,s1,milk,2026-01-07 11:00:00,1,1.00,0\n"
    report = import_receipts(shop(tmp_path, corrected), tmp_path / "ws")
    assert report.records[0].rows_replaced == 2  # store s2 on 6 January
    lines = live_lines(tmp_path / "ws")
    assert lines.filter(store="s2")["amount"].to_list() == [900]
    assert lines.filter(store="s1").height == 4


def test_a_stray_line_does_not_wipe_out_a_day(tmp_path: Path) -> None:
    many = "".join(f"m{number},a,r{number},s1,milk,2026-01-05 09:00:00,1,1,0\n" for number in range(30))
    import_receipts(shop(tmp_path, many), tmp_path / "ws")
    stray = shop(tmp_path, "z,a,z,s1,milk,2026-01-05 12:00:00,1,1,0\n")
    with pytest.raises(ImportRefused, match="30 lines would become 1"):
        import_receipts(stray, tmp_path / "ws")
    assert live_lines(tmp_path / "ws").height == 30
    import_receipts(stray, tmp_path / "ws", allow_shrinking=True)
    assert live_lines(tmp_path / "ws").height == 1


@pytest.mark.parametrize(
    ("before", "now", "refused"),
    [(30, 15, False), (30, 14, True), (20, 9, True), (19, 1, False)],  # half of a day may go, and any part of a small day
)
def test_more_than_half_of_a_day_is_not_replaced_by_less(tmp_path: Path, before: int, now: int, refused: bool) -> None:
    def day(count: int) -> str:
        return "".join(f"m{number},a,r{number},s1,milk,2026-01-05 09:00:00,1,1,0\n" for number in range(count))

    import_receipts(shop(tmp_path, day(before)), tmp_path / "ws")
    fewer = shop(tmp_path, day(now))
    if refused:
        with pytest.raises(ImportRefused, match=f"{before} lines would become {now}"):
            import_receipts(fewer, tmp_path / "ws")
    else:
        import_receipts(fewer, tmp_path / "ws")
    assert live_lines(tmp_path / "ws").height == (before if refused else now)


def test_any_row_order_and_number_of_partitions_keeps_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pl.DataFrame({"number": range(400)}).with_columns((pl.col("number") * 7919 % 37).alias("member"))
    rows = [
        f"l{n},m{m},r{n // 2}-{m},s{m % 3},p{n % 11},2026-01-{1 + n % 28:02d} 09:00:00,{1 + n % 3},{n}.5,0" for n, m in frame.iter_rows()
    ]
    import_receipts(shop(tmp_path / "one", "\n".join(rows) + "\n"), tmp_path / "one" / "ws")
    monkeypatch.setattr(line_steps, "ROWS_PER_PARTITION", 60)
    import_receipts(shop(tmp_path / "two", "\n".join(reversed(rows)) + "\n"), tmp_path / "two" / "ws")
    assert Workspace(tmp_path / "two" / "ws").manifest.partitions == 7
    one, two = live_lines(tmp_path / "one" / "ws"), live_lines(tmp_path / "two" / "ws")
    assert one.height == 400
    assert one.equals(two)
    for partition in Workspace(tmp_path / "two" / "ws").line_partitions():
        for file in partition:
            lines = pl.read_parquet(file)
            assert lines.equals(lines.sort("member_code", "ordered_at", "order_code"))
            runs = lines.select(pl.col("order_code").rle().struct.field("value"))
            assert runs["value"].is_unique().all(), "the lines of an order are neighbours"


def test_a_growing_shop_is_spread_over_more_partitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_steps, "ROWS_PER_PARTITION", 5)

    def day(number: int, count: int) -> str:
        return "".join(
            f"{number}-{n},{f'm{n % 5}' if n % 4 else ''},r{number}-{n},s1,p,2026-01-{number:02d} 09:00:00,1,1,0\n" for n in range(count)
        )

    everything = []
    for number, count in ((1, 6), (2, 5), (3, 40)):
        everything.append(day(number, count))
        import_receipts(shop(tmp_path, everything[-1]), tmp_path / "ws")
    grown = live_lines(tmp_path / "ws")
    ws = Workspace(tmp_path / "ws")
    assert (ws.manifest.partitions, grown.height) == (11, 51)
    for number, files in enumerate(ws.line_partitions()):
        held = (
            pl.concat([pl.read_parquet(file) for file in files])
            if files
            else pl.DataFrame({"member_code": []}, schema={"member_code": pl.UInt32})
        )
        assert (held["member_code"].drop_nulls() % 11 == number).all(), "a member's lines are together"
    import_receipts(shop(tmp_path / "once", "".join(everything)), tmp_path / "once" / "ws")
    assert live_lines(tmp_path / "once" / "ws").equals(grown)


def test_many_small_files_are_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(respread, "MOST_FILES", 3)
    for number in range(1, 7):
        import_receipts(shop(tmp_path, f"l{number},a,r{number},s1,p,2026-01-{number:02d} 09:00:00,1,1,0\n"), tmp_path / "ws")
    assert len(Workspace(tmp_path / "ws").line_partitions()[0]) <= 4
    assert live_lines(tmp_path / "ws").height == 6


def test_tables_are_laid_over_and_their_faults_set_aside(tmp_path: Path) -> None:
    mapping = MAPPING + '[products]\nfiles = "products.csv"\n[products.columns]\nproduct_id = "id"\ncategory = "cat"\nunit_cost = "cost"\n'
    source = shop(tmp_path, mapping=mapping, more={"products.csv": "id,cat,cost\nmilk,dairy,0.60\nmilk,dairy,0.61\n,x,1\nsoap,care,-1\n"})
    report = import_receipts(source, tmp_path / "ws")
    record = next(item for item in report.records if item.table == "products")
    assert (record.rows_in, record.rows_kept, record.rows_rejected) == (4, 1, 3)
    shop(tmp_path, mapping=mapping, more={"products.csv": "id,cat,cost\nbread,bakery,1.5\nmilk,cheese,0.70\n"})
    import_receipts(source, tmp_path / "ws")
    table = Workspace(tmp_path / "ws").table("products")
    assert table is not None
    assert table.collect().select("product_id", "category", "unit_cost").rows() == [("bread", "bakery", 150), ("milk", "cheese", 70)]


def test_a_first_import_that_is_refused_leaves_nothing_that_was_not_there(tmp_path: Path) -> None:
    unread = "l9,0012,r9,s1,milk,2026-01-07 09:00:00,1,free,0\n"
    with pytest.raises(DataError):
        import_receipts(shop(tmp_path, unread), tmp_path / "new" / "shop" / "ws")
    assert not (tmp_path / "new").exists()
    (tmp_path / "ws" / "inbox").mkdir(parents=True)
    (tmp_path / "ws" / "inbox" / "a.csv").write_text("of a person")
    with pytest.raises(DataError):
        import_receipts(shop(tmp_path, unread), tmp_path / "ws")
    assert [path.relative_to(tmp_path / "ws").as_posix() for path in (tmp_path / "ws").rglob("*")] == ["inbox", "inbox/a.csv"]


def test_many_lines_that_cannot_be_read_are_asked_about(tmp_path: Path) -> None:
    def rows(bad: int) -> str:
        return "".join(
            f"l{n},m{n % 9},r{n},s1,milk,2026-01-07 09:{n % 60:02d}:00,1,{'$1.00' if n < bad else '1.00'},0\n" for n in range(120)
        )

    with pytest.raises(DataError, match=r"25% of the rows of \[lines\] cannot be read .*'\$1.00' in row 2"):
        import_receipts(shop(tmp_path, rows(30)), tmp_path / "ws")
    assert import_receipts(shop(tmp_path, rows(30)), tmp_path / "ws", accept_defaults=True).questions[0].key == "set_aside:lines"
    assert import_receipts(shop(tmp_path, rows(19)), tmp_path / "few").questions == ()


def test_receipts_of_which_nothing_can_be_kept_change_nothing(tmp_path: Path) -> None:
    import_receipts(shop(tmp_path), tmp_path / "ws")
    before = (tmp_path / "ws" / "manifest.json").read_bytes()
    with pytest.raises(DataError, match=r"No line of 'till' could be kept .*no time: 1"):
        import_receipts(shop(tmp_path, "l1,a,r1,s1,milk,,1,1,0\n"), tmp_path / "ws")
    assert (tmp_path / "ws" / "manifest.json").read_bytes() == before
    assert live_lines(tmp_path / "ws").height == 5


def test_a_missing_column_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="amuont"):
        import_receipts(shop(tmp_path, mapping=MAPPING.replace('amount = "amount"', 'amount = "amuont"')), tmp_path / "ws")


def test_a_mapping_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="toolkit map"):
        import_receipts(tmp_path / "nothing.toml", tmp_path / "ws")


def test_check_reports_as_an_import_and_keeps_nothing(tmp_path: Path) -> None:
    report = check_receipts(shop(tmp_path, GOOD + "l9,0012,r9,s1,milk,,1,1.00,0\n"))
    assert report.rejected == 1
    assert sorted(item.name for item in tmp_path.iterdir()) == ["mapping.toml", "receipts"]


def test_a_full_disk_leaves_the_workspace_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_receipts(shop(tmp_path), tmp_path / "ws")
    before = (tmp_path / "ws" / "manifest.json").read_bytes()

    def full(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(line_steps, "write_partition", full)
    with pytest.raises(WorkspaceError, match=r"No space left.*Free some space"):
        import_receipts(tmp_path / "mapping.toml", tmp_path / "ws")
    assert (tmp_path / "ws" / "manifest.json").read_bytes() == before
    assert live_lines(tmp_path / "ws").height == 5
    assert not list((tmp_path / "ws" / "staging").iterdir())


def test_a_process_killed_in_the_middle_leaves_the_old_state(tmp_path: Path) -> None:
    import_receipts(shop(tmp_path), tmp_path / "ws")
    shop(tmp_path, "l1,a,r1,s1,milk,2026-01-05 09:00:00,1,7.00,0\n")
    code = (
        "import sys, time, pathlib\n"
        "from toolkit.importing import lines, run\n"
        "def hang(*a, **k):\n    pathlib.Path(sys.argv[3]).write_text('here'); time.sleep(60)\n"
        "run.plan_replacement = hang\n"  # everything is written, only the manifest is not
        "run.import_receipts(sys.argv[1], sys.argv[2])\n"
    )
    flag = tmp_path / "flag"
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "mapping.toml"), str(tmp_path / "ws"), str(flag)])
    for _ in range(600):
        if flag.exists():
            break
        time.sleep(0.1)
    assert flag.exists()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list((tmp_path / "ws" / "lines").glob("000002/*.parquet")), "the killed import had written lines"
    assert live_lines(tmp_path / "ws").height == 5
    import_receipts(tmp_path / "mapping.toml", tmp_path / "ws", allow_shrinking=True)
    assert live_lines(tmp_path / "ws").filter(pl.col("ordered_at").dt.day() == 5, store="s1")["amount"].to_list() == [700]


@pytest.mark.parametrize("years", [1, 90, 5_000_000])
def test_lines_are_sorted_however_many_bits_their_key_needs(years):
    """Member, second and row in one integer; without the row; three keys: the same order, in which a tie is told by the order's key."""
    random = np.random.default_rng(years)
    member = pl.Series(random.integers(0, 2 if years < 10 else 1 << 31, 3000), dtype=pl.UInt32)
    rows = pl.DataFrame(
        {
            "member_code": member.set(pl.Series(random.random(3000) < 0.2), None),
            "ordered_at": pl.Series(random.integers(0, 40, 3000) * years * 1_000_000_000, dtype=pl.Int64).cast(pl.Datetime("us")),
            "order_key": pl.Series(random.integers(0, 5, 3000), dtype=pl.UInt64),
        }
    )
    order = line_steps.sorted_index(rows)
    assert sorted(order) == list(range(3000))
    assert rows[order].equals(rows.sort("member_code", "ordered_at", "order_key", nulls_last=False))


@pytest.mark.parametrize("far", [7, 10**15])
def test_codes_are_those_of_a_join(far):
    """Ids near each other are looked up by place, others joined; nobody has no code, ids that are no number of the column are not taken."""
    dictionary = dictionaries.extend(pl.DataFrame(schema=dictionaries.SCHEMA), pl.Series(["A7", "0012", "12", "-3", str(far)]))
    lines = pl.LazyFrame({"member_id": [12, None, far, -3, 12]})
    coded = dictionaries.with_codes(lines, dictionary, pl.Int64(), "member_code", "member_id").collect()
    known = dict(dictionary.select("id", "code").iter_rows())
    assert coded.schema["member_code"] == pl.UInt32
    assert sorted(coded.iter_rows(), key=str) == sorted([(one, known.get(str(one))) for one in (12, None, far, -3, 12)], key=str)
