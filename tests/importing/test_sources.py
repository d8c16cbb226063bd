"""Adding and replacing: a store day is replaced within its source, what is replaced is told before, what would be lost or doubled is asked."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest

from tests.importing.strangers import COLUMNS, HEADER
from tests.importing.test_import import live_lines
from toolkit.errors import ImportRefused, MappingError
from toolkit.importing import check_receipts, import_receipts, overlap, respread
from toolkit.language import speaking
from toolkit.workspace import Workspace, write_manifest

SECTION = f"\n{COLUMNS}"


def export(folder: Path, rows: Iterable[str], *, name: str = "till", top: str = "", lines: str = "", more: str = "") -> Path:
    """Write NAME.csv and NAME.toml; return the mapping's path."""
    (folder / f"{name}.csv").write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")
    path = folder / f"{name}.toml"
    text = f'name = "{name}"\ncurrency = "EUR"\n{top}\n[lines]\nfiles = "{name}.csv"\nnot_a_member = [""]\n{lines}\n{SECTION}{more}'
    path.write_text(text, "utf-8")
    return path


def orders(
    prefix: str, count: int, *, day: int = 3, hour: int = 9, store: str = "s1", first: int = 0, amount: float = 2.5, date_only: bool = False
) -> list[str]:
    """Return one line an order, a minute apart; every third has no member; totals differ from order to order."""
    return [
        f"{prefix}{number},{'' if number % 3 == 0 else f'm{number % 17}'},{store},milk,2026-05-{day:02d}"
        + ("" if date_only else f" {hour + number // 60:02d}:{number % 60:02d}:07")
        + f",1,{amount + number:.2f}"
        for number in range(first, first + count)
    ]


def held(workspace: Path) -> list[str]:
    return sorted(live_lines(workspace)["order_id"])


def ids(rows: Iterable[str]) -> list[str]:
    return sorted(row.split(",")[0] for row in rows)


def by_source(workspace: Path) -> dict[str, int]:
    return {source: lines for source, (_, _, lines) in Workspace(workspace).sources().items()}


# -- two sources -----------------------------------------------------------------------------------------------------------------------


def test_till_and_app_of_the_same_days_are_both_kept(tmp_path: Path) -> None:
    till, app = orders("T", 40), orders("A", 12, hour=14, amount=7.25)
    told: list[str] = []
    import_receipts(export(tmp_path, till), tmp_path / "ws", announce=told.append)
    assert told == []
    report = import_receipts(export(tmp_path, app, name="app"), tmp_path / "ws", announce=told.append)
    assert held(tmp_path / "ws") == ids(till + app)
    assert by_source(tmp_path / "ws") == {"app": 12, "till": 40}
    assert told == ["1 store day (2026-05-03) also holds 40 orders of source till, which stay."]
    assert told[0] in report.records[0].notes
    assert report.records[0].rows_replaced == 0
    for name, count in (("till", 40), ("app", 12)):  # each again: its own lines are replaced
        assert import_receipts(tmp_path / f"{name}.toml", tmp_path / "ws").records[0].rows_replaced == count
    assert held(tmp_path / "ws") == ids(till + app)


@pytest.mark.parametrize("date_only", [False, True])
def test_counters_that_start_anew_in_each_source_are_different_orders(tmp_path: Path, date_only: bool) -> None:
    till = orders("", 40, date_only=date_only)
    app = [row.replace(",m", ",n") for row in orders("", 40, hour=14, amount=100.25, date_only=date_only)]
    import_receipts(export(tmp_path, till), tmp_path / "ws")
    import_receipts(export(tmp_path, app, name="app"), tmp_path / "ws")
    assert held(tmp_path / "ws") == ids(till + app)
    with pytest.raises(ImportRefused, match=r"Of the 40 orders of store s1 on 2026-05-03 .* source till, 0 are in the new files"):
        import_receipts(export(tmp_path, app), tmp_path / "ws")


def test_a_renamed_mapping_does_not_double_the_shop(tmp_path: Path) -> None:
    rows = orders("T", 40)
    import_receipts(export(tmp_path, rows), tmp_path / "ws")
    with pytest.raises(ImportRefused) as caught:
        import_receipts(export(tmp_path, rows[:30], name="register"), tmp_path / "ws")
    assert str(caught.value) == (
        "Of the 30 orders that register.toml brings as source register for the same store days (2026-05-03), 30 are already there "
        "from source till: the same receipts would be counted twice. Are they the same? Then write in register.toml: "
        'source = "till", and they replace what is there. Are they others? Then write under [answers]: ignore = ["same_receipts:till"].\n'
        "Nothing was changed."
    )
    assert held(tmp_path / "ws") == ids(rows)
    import_receipts(export(tmp_path, rows, name="register", top='source = "till"'), tmp_path / "ws")
    assert held(tmp_path / "ws") == ids(rows)
    others = export(tmp_path, rows, name="register", more='\n[answers]\nignore = ["same_receipts:till"]\n')
    import_receipts(others, tmp_path / "ws")
    assert held(tmp_path / "ws") == sorted(ids(rows) * 2)


def test_the_same_receipts_under_other_order_ids_are_found_by_what_they_hold(tmp_path: Path) -> None:
    rows = orders("T", 40)
    import_receipts(export(tmp_path, rows), tmp_path / "ws")
    with pytest.raises(ImportRefused, match=r"40 are already there from source till"):
        import_receipts(export(tmp_path, [f"web-{row}" for row in rows], name="register"), tmp_path / "ws")
    import_receipts(export(tmp_path, [f"2026-{row}" for row in rows]), tmp_path / "ws")  # the till's own ids in another form: replaced
    assert held(tmp_path / "ws") == ids(f"2026-{row}" for row in rows)


@pytest.mark.parametrize(("shared", "refused"), [(2, False), (3, True)])
def test_a_tenth_of_the_orders_under_another_source_is_asked_about(tmp_path: Path, shared: int, refused: bool) -> None:
    till = orders("T", 40)
    app = till[:shared] + orders("A", 25 - shared, hour=15, amount=300.25)
    import_receipts(export(tmp_path, till), tmp_path / "ws")
    mapping = export(tmp_path, app, name="app")
    if refused:
        with pytest.raises(ImportRefused, match=r"Of the 25 orders .*, 3 are already there from source till"):
            import_receipts(mapping, tmp_path / "ws")
    else:
        notes = import_receipts(mapping, tmp_path / "ws").records[0].notes
        assert any("2 of the new orders look like orders of that source" in note for note in notes)


# -- one source ------------------------------------------------------------------------------------------------------------------------


def test_morning_and_evening_of_one_till_are_asked_about(tmp_path: Path) -> None:
    morning, evening = orders("T", 30), orders("T", 30, first=30, hour=15)
    import_receipts(export(tmp_path, morning), tmp_path / "ws")
    before = (tmp_path / "ws" / "manifest.json").read_bytes()
    with pytest.raises(ImportRefused) as caught:
        import_receipts(export(tmp_path, evening), tmp_path / "ws")
    assert str(caught.value) == (
        "Of the 30 orders of store s1 on 2026-05-03 that are there from source till, 0 are in the new files (less than half on 1 of 1 "
        'store days). Are these further receipts? Then give them a source of their own in till.toml: source = "app". Do the files bring only new '
        'and changed orders? Then write under [lines]: replaces = "orders". Do they replace what is there? Then import with --replace '
        "(allow_shrinking=True).\nNothing was changed."
    )
    assert (tmp_path / "ws" / "manifest.json").read_bytes() == before
    import_receipts(export(tmp_path, evening, top='source = "evening"'), tmp_path / "ws")
    assert held(tmp_path / "ws") == ids(morning + evening)
    import_receipts(export(tmp_path, evening), tmp_path / "two", allow_shrinking=True)
    import_receipts(export(tmp_path, morning), tmp_path / "two", allow_shrinking=True)
    assert held(tmp_path / "two") == ids(morning)


def test_a_few_orders_of_one_day_among_many_days_ask_nothing(tmp_path: Path) -> None:
    many = orders("T", 60) + orders("V", 4, store="village")
    corrected = orders("T", 60) + orders("W", 4, store="village", hour=15)
    import_receipts(export(tmp_path, many), tmp_path / "ws")
    told: list[str] = []
    import_receipts(export(tmp_path, corrected), tmp_path / "ws", announce=told.append)
    assert told == [
        "This import replaces 2 store days of source till (2026-05-03): 64 lines by 64. "
        "Of 64 orders that were there and looked at, 4 are not in the new files."
    ]
    five = orders("T", 60) + orders("X", 5, store="village")
    import_receipts(export(tmp_path, five), tmp_path / "ws")
    with pytest.raises(ImportRefused, match="Of the 5 orders of store village"):
        import_receipts(export(tmp_path, corrected), tmp_path / "ws")


@pytest.mark.parametrize(
    "corrected",
    [
        [*orders("T", 40), *orders("L", 10, hour=20)],  # late orders
        orders("T", 21, first=19),  # nearly half of them cancelled
        orders("T", 40, amount=5.75),  # other prices
        orders("T", 40, hour=15),  # another time zone
        orders("T", 40, date_only=True),  # days instead of times
    ],
)
def test_a_usual_export_again_passes(tmp_path: Path, corrected: list[str]) -> None:
    import_receipts(export(tmp_path, orders("T", 40)), tmp_path / "ws")
    assert import_receipts(export(tmp_path, corrected), tmp_path / "ws").records[0].rows_replaced == 40
    assert held(tmp_path / "ws") == ids(corrected)


def test_orders_that_the_mapping_now_leaves_out_come_again(tmp_path: Path) -> None:
    rows = orders("T", 10) + orders("T", 10, day=4, first=10)
    import_receipts(export(tmp_path, rows), tmp_path / "ws")
    dropped = ", ".join(f'"T{number}"' for number in range(2, 10))
    import_receipts(export(tmp_path, rows, more=f"[lines.drop]\norder = [{dropped}]\n"), tmp_path / "ws")
    assert held(tmp_path / "ws") == ids(rows[:2] + rows[10:])


def test_the_orders_after_midnight_are_not_lost_by_the_next_night(tmp_path: Path) -> None:
    """A shop that closes at one: the export of an evening ends with orders of the next calendar day."""
    first = orders("E", 30, day=3, hour=18) + orders("N", 3, day=4, hour=0)
    second = orders("F", 30, day=4, hour=18) + orders("O", 3, day=5, hour=0)
    import_receipts(export(tmp_path, first), tmp_path / "ws")
    with pytest.raises(ImportRefused, match=r"Of the 3 orders of store s1 on 2026-05-04 that are there from source till, 0 are in"):
        import_receipts(export(tmp_path, second), tmp_path / "ws")
    told: list[str] = []
    for night in (second, first, second):
        import_receipts(export(tmp_path, night, lines='replaces = "orders"'), tmp_path / "ws", announce=told.append)
        assert held(tmp_path / "ws") == ids(first + second)
    assert told == [
        f"This import replaces 33 orders of source till (2026-05-0{day} to 2026-05-0{day + 1}), 33 lines; other orders of these days stay."
        for day in (3, 4)
    ]


def test_files_of_changed_orders_replace_these_orders_alone(tmp_path: Path) -> None:
    rows = orders("T", 40)
    import_receipts(export(tmp_path, rows), tmp_path / "ws")
    changed = [*orders("T", 2, amount=100), *orders("U", 1, hour=20)]
    mapping = export(tmp_path, [*changed, *rows[5:7]], lines='replaces = "orders"', more='[lines.drop]\norder = ["T5", "T6"]\n')
    report = import_receipts(mapping, tmp_path / "ws")
    assert report.records[0].rows_replaced == 4
    assert held(tmp_path / "ws") == ids(changed + rows[2:5] + rows[7:])
    assert sorted(live_lines(tmp_path / "ws").filter(pl.col("order_id").is_in(["T0", "T1"]))["amount"]) == [10000, 10100]


def test_replaces_is_for_lines_and_takes_two_words(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="replaces"):
        import_receipts(export(tmp_path, orders("T", 1), lines='replaces = "weeks"'), tmp_path / "ws")
    stores = '[stores]\nfiles = "till.csv"\nreplaces = "orders"\ncolumns = {store_id = "store"}\n'
    with pytest.raises(MappingError, match=r".lines. takes .days. or .orders., .members. takes"):
        import_receipts(export(tmp_path, orders("T", 1), more=stores), tmp_path / "ws")


# -- told before, and without doing it -------------------------------------------------------------------------------------------------


def test_what_is_replaced_is_told_before_it_happens(tmp_path: Path) -> None:
    rows = [row for day in range(3, 15) for row in orders(f"D{day}-", 10, day=day)]
    import_receipts(export(tmp_path, rows), tmp_path / "ws")
    states: list[tuple[str, int]] = []

    def announce(sentence: str) -> None:
        states.append((sentence, Workspace(tmp_path / "ws").manifest.data_version))

    import_receipts(export(tmp_path, [*rows, *orders("L", 8, day=5, hour=20)]), tmp_path / "ws", announce=announce)
    assert states == [("This import replaces 12 store days of source till (2026-05-03 to 2026-05-14): 120 lines by 128.", 1)]
    with speaking("zh"):
        import_receipts(tmp_path / "till.toml", tmp_path / "ws", announce=announce)
    assert "本次导入" in states[1][0]


def test_a_check_beside_a_workspace_says_what_would_be_replaced_and_changes_nothing(tmp_path: Path) -> None:
    import_receipts(export(tmp_path, orders("T", 40)), tmp_path / "ws")
    before = {path: path.read_bytes() for path in (tmp_path / "ws").rglob("*") if path.is_file()}
    told: list[str] = []
    report = check_receipts(export(tmp_path, orders("T", 42)), tmp_path / "ws", announce=told.append)
    assert told == ["This import replaces 1 store day of source till (2026-05-03): 40 lines by 42."]
    assert report.records[0].rows_replaced == 40
    with pytest.raises(ImportRefused, match="already there from source till"):
        check_receipts(export(tmp_path, orders("T", 42), name="register"), tmp_path / "ws")
    assert check_receipts(tmp_path / "till.toml", tmp_path / "not-yet").records[0].rows_replaced == 0
    assert {path: path.read_bytes() for path in (tmp_path / "ws").rglob("*") if path.is_file()} == before


def test_refusals_and_notes_are_told_in_chinese(tmp_path: Path) -> None:
    import_receipts(export(tmp_path, orders("T", 40)), tmp_path / "ws")
    with speaking("zh"):
        for mapping in (export(tmp_path, orders("T", 40), name="register"), export(tmp_path, orders("U", 40, hour=15))):
            with pytest.raises(ImportRefused, match="没有任何更改"):
                import_receipts(mapping, tmp_path / "ws")
        notes = import_receipts(export(tmp_path, orders("A", 9, hour=15), name="app"), tmp_path / "ws").records[0].notes
    assert any("40 个订单" in note for note in notes)


# -- lines from before sources had names -----------------------------------------------------------------------------------------------


def unnamed(workspace: Path) -> None:
    """Make the workspace one whose lines have no source name."""
    manifest = Workspace(workspace).manifest
    files = tuple(file.model_copy(update={"source": ""}) for file in manifest.line_files)
    write_manifest(workspace, manifest.model_copy(update={"line_files": files}))


def test_lines_without_a_source_are_replaced_by_the_source_that_brings_them_again(tmp_path: Path) -> None:
    till, app = orders("T", 40), orders("A", 12, hour=15, amount=7.25)
    import_receipts(export(tmp_path, till), tmp_path / "ws")
    unnamed(tmp_path / "ws")
    import_receipts(export(tmp_path, app, name="app"), tmp_path / "ws")
    assert by_source(tmp_path / "ws") == {"": 40, "app": 12}
    told: list[str] = []
    import_receipts(export(tmp_path, till), tmp_path / "ws", announce=told.append)
    assert by_source(tmp_path / "ws") == {"till": 40, "app": 12}
    assert "Lines that were imported before sources had names are taken for lines of source till." in told
    assert held(tmp_path / "ws") == ids(till + app)


# -- the same twice in one mapping -----------------------------------------------------------------------------------------------------


def test_the_same_content_twice_in_one_mapping_is_kept_once(tmp_path: Path) -> None:
    rows, other = orders("T", 40), orders("U", 40, day=4)
    mapping = export(tmp_path, rows)
    text = (tmp_path / "till.csv").read_text("utf-8")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "copy.csv").write_text(text, "utf-8")
    (tmp_path / "more" / "packed.csv.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(tmp_path / "more" / "packed.zip", "w") as archive:
        archive.writestr("till.csv", text)
    (tmp_path / "more" / "other.csv").write_text("\n".join([HEADER, *other]) + "\n", "utf-8")
    (tmp_path / "more" / "link.csv").symlink_to(tmp_path / "till.csv")
    files = '["till.csv", "./till.csv", "*.csv", "more", "more/packed.zip"]'
    mapping.write_text(mapping.read_text("utf-8").replace('"till.csv"', files), "utf-8")
    record = import_receipts(mapping, tmp_path / "ws").records[0]
    assert (record.rows_in, record.rows_kept, record.rows_rejected) == (200, 80, 120)  # the link and ./till.csv are till.csv: read once
    assert record.reasons == {"the same order in an earlier file": 120}
    assert held(tmp_path / "ws") == ids(rows + other)


def test_files_of_overlapping_periods_bring_their_common_orders_once(tmp_path: Path) -> None:
    may, june = orders("T", 10) + orders("U", 5, day=30), orders("U", 5, day=30) + orders("V", 10, day=31)
    split = ["S1,m1,s1,milk,2026-05-30 20:00:00,1,3.00", "S1,m1,s1,bread,2026-05-30 20:00:00,1,4.00"]
    changed = ["C1,m1,s1,milk,2026-05-30 21:00:00,1,3.00", "C1,m1,s1,milk,2026-05-30 21:00:00,-1,-3.00"]
    mapping = export(tmp_path, [*may, split[0], changed[0]])
    (tmp_path / "till2.csv").write_text("\n".join([HEADER, *june, split[1], changed[0], changed[1]]) + "\n", "utf-8")
    mapping.write_text(mapping.read_text("utf-8").replace('"till.csv"', '"till*.csv"'), "utf-8")
    record = import_receipts(mapping, tmp_path / "ws").records[0]
    assert (record.rows_in, record.rows_kept, record.rows_rejected) == (35, 30, 5)
    assert record.reasons == {"the same order in an earlier file": 5}
    assert held(tmp_path / "ws") == ids([*may, *june[5:], *split, changed[0], *changed])
    (note,) = [note for note in record.notes if "several files" in note]
    assert note.startswith("1 order has lines in several files, some of them the same: order C1 of store s1;")


def test_of_many_lines_the_days_where_exports_meet_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlap, "LOOKED_LINES", 20)
    first = [row for day in range(1, 21) for row in orders(f"D{day}-", 10, day=day)]
    import_receipts(export(tmp_path, first), tmp_path / "ws")
    again = first[10:190] + orders("E1-", 10, day=20, hour=15)
    with pytest.raises(ImportRefused, match=r"Of the 10 orders of store s1 on 2026-05-20 .* 0 are in .* 1 of 3 store days"):
        import_receipts(export(tmp_path, again), tmp_path / "ws")
    told: list[str] = []
    import_receipts(export(tmp_path, first), tmp_path / "ws", announce=told.append)
    assert told == ["This import replaces 20 store days of source till (2026-05-01 to 2026-05-20): 200 lines by 200."]


def test_events_of_two_sources_on_one_day_are_both_kept(tmp_path: Path) -> None:
    def with_events(name: str, times: list[str]) -> Path:
        (tmp_path / f"{name}-events.csv").write_text("who,when,what\n" + "".join(f"m1,{time},view\n" for time in times), "utf-8")
        events = f'[events]\nfiles = "{name}-events.csv"\ncolumns = {{member_id = "who", occurred_at = "when", kind = "what"}}\n'
        return export(tmp_path, orders(name, 5, hour=9 if name == "till" else 15, amount=len(name)), name=name, more=events)

    web, app = ["2026-05-03 10:00:00", "2026-05-03 11:00:00"], ["2026-05-03 10:30:00", "2026-05-04 10:30:00"]
    for name, times in (("till", web), ("web-app", app), ("till", web[:1]), ("web-app", app)):
        import_receipts(with_events(name, times), tmp_path / "ws")
    table = Workspace(tmp_path / "ws").table("events")
    assert table is not None
    assert sorted(map(str, table.collect()["occurred_at"])) == sorted(web[:1] + app)


def test_small_files_of_two_sources_are_put_together_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(respread, "MOST_FILES", 2)
    expected: list[str] = []
    for day in range(3, 9):
        for name, hour in (("till", 9), ("app", 15)):
            rows = orders(f"{name}{day}-", 3, day=day, hour=hour, amount=hour)
            expected += rows
            import_receipts(export(tmp_path, rows, name=name), tmp_path / "ws")
    assert by_source(tmp_path / "ws") == {"till": 18, "app": 18}
    assert len(Workspace(tmp_path / "ws").manifest.line_files) <= 6
    assert held(tmp_path / "ws") == ids(expected)
    assert import_receipts(tmp_path / "app.toml", tmp_path / "ws").records[0].rows_replaced == 3
    assert held(tmp_path / "ws") == ids(expected)
