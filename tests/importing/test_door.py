"""The door: files in, questions answered one by one, the first figures, and only then an import. Figures are counted here by hand."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import pytest

from toolkit.errors import BadValue, DataError, MappingError
from toolkit.importing import arrivals
from toolkit.importing.door import Door
from toolkit.importing.first_figures import first_figures
from toolkit.importing.named_files import with_files
from toolkit.importing.open_points import COLUMN, DROP, LEAVE, LINE, NOTHING, RIGHT, points_of_questions
from toolkit.language import speaking
from toolkit.sources.mapping import read_mapping
from toolkit.sources.mapping_text import parsed
from toolkit.sources.plausibility import Question
from toolkit.workspace import Workspace

HEADER = "Order,Customer,Shop,Item,Date,Qty,Total,Status,Currency"


def made_rows(orders: int, members: int) -> list[str]:
    """Lines of orders: every fourth of no member, every sixth cancelled, every tenth (those of the 14th) in dollars."""
    return [
        f"R{order},{f'M{order % members}' if order % 4 else ''},S{order % 2},P{(order * 5 + line) % 9},2025-05-{5 + order % 10:02d} "
        f"10:{order % 60:02d}:00,{1 + line},{10 + line}.25,{'cancelled' if order % 6 == 5 else 'paid'},{'USD' if order % 10 == 9 else 'EUR'}"
        for order in range(orders)
        for line in range(1 + order % 3)
    ]


ROWS = made_rows(40, 7)


def write_file(folder: Path, rows: list[str] = ROWS, name: str = "shop.csv", header: str = HEADER) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


def counted(path: Path) -> dict[str, int]:
    rows = [row for row in csv.DictReader(io.StringIO(path.read_text("utf-8"))) if row["Status"] == "paid" and row["Currency"] == "EUR"]
    orders = {(row["Shop"], row["Order"]) for row in rows}
    return {
        "lines": len(rows),
        "orders": len(orders),
        "member_orders": len({(row["Shop"], row["Order"]) for row in rows if row["Customer"]}),
        "members": len({row["Customer"] for row in rows} - {""}),
        "sales": sum(round(float(row["Total"]) * 100) for row in rows),
    }


def point(door: Door, kind: str):
    return next(point for point in door.points if point.key.startswith(kind))


@pytest.fixture
def door(tmp_path: Path) -> Door:
    door = Door(tmp_path / "ws")
    door.choose([write_file(tmp_path / "exports")])
    return door


def test_from_a_file_to_receipts(door: Door, tmp_path: Path) -> None:
    (look,) = door.looks
    assert (look.rows, look.is_exact, look.encoding, look.delimiter, look.columns) == (len(ROWS), True, "utf-8", ",", 9)
    taken = {taken.column: taken for taken in door.columns()}
    assert taken["member_id"].source == "Customer"
    assert taken["amount"].samples == ("10.25", "11.25", "12.25")
    assert "Status" in taken["channel"].others
    assert door.trial is None
    door.look()
    assert [one.key for one in door.points] == ["state:Status", "currency:Currency"]
    assert not door.is_ready
    with pytest.raises(BadValue, match="Not all is decided"):
        door.bring_in()
    drop = next(choice for choice in point(door, "state").choices if choice.kind == DROP)
    states = [row.split(",")[7] for row in ROWS]
    assert dict(drop.values) == {"paid": states.count("paid"), "cancelled": states.count("cancelled")}
    door.answer(point(door, "state"), DROP, ["cancelled"])
    assert door.trial is None, "an answer is tried anew"
    door.look()
    door.answer(point(door, "currency"), DROP, ["USD"])
    steps: list[str] = []
    door.look(lambda step, done, of: steps.append(step))
    assert steps[0] == "Reading the receipts"
    assert steps[-1] == "Writing the receipts"
    assert not (tmp_path / "ws").exists(), "nothing is imported before it is asked for"
    figures = door.trial.figures
    want = counted(door.files[0])
    assert {name: getattr(figures, name) for name in want} == want
    assert str(figures) == (
        f"{want['orders']} orders, {want['member_orders']} of them by {want['members']} members, 2025-05-05 to 2025-05-13, €{want['sales'] / 100:.2f}: "
        "does that look right?"  # the 14th has USD alone
    )
    (tried,) = door.trial.report.records
    assert door.is_ready
    (record,) = door.bring_in().records
    assert record.model_dump(exclude={"import_id"}) == tried.model_dump(exclude={"import_id"}), "an import does what was tried"
    ws = Workspace(tmp_path / "ws")
    assert first_figures(ws) == first_figures(ws, record.import_id) == figures
    path = door.save()
    assert path == tmp_path / "mapping.toml"
    assert read_mapping(path).tables["lines"].drop == {"Status": ("cancelled",), "Currency": ("USD",)}


def test_right_as_it_is_and_back(door: Door) -> None:
    door.look()
    before = door.text
    for kind in ("state", "currency"):
        door.answer(point(door, kind), RIGHT)
        door.look()
    assert 'ignore = ["state:Status", "currency:Currency"]' in door.text
    assert door.is_ready
    door.undo()
    door.undo()
    assert door.text == before
    assert len(door.points) == 2, "what was tried then is known"
    assert not door.can_undo


def test_columns_are_taken_from_others(door: Door) -> None:
    door.take("channel", "Status")
    door.take("channel", "")
    assert "channel" not in door.text
    door.take("product_id", "")
    door.look()
    assert "product_id" in door.faults
    assert door.trial is None
    with pytest.raises(BadValue, match="no column “Itme”"):
        door.take("product_id", "Itme")
    door.take("product_id", "Item")
    door.look()
    assert not door.faults


def test_a_doubted_column_is_exchanged_or_left_out(tmp_path: Path) -> None:
    rows = [f"{row},{'0.2' if number % 2 else '0'}" for number, row in enumerate(ROWS)]
    door = Door(tmp_path / "ws")
    door.choose([write_file(tmp_path, rows, header=f"{HEADER},Rebate")])
    door.write('discount_amount = "Rebate"')
    door.look()
    rate = point(door, "discount")
    assert {choice.kind for choice in rate.choices} == {RIGHT, COLUMN, NOTHING, LINE}
    door.answer(rate, NOTHING)
    assert "Rebate" not in door.text.replace("# not used", "")
    door.undo()
    with pytest.raises(BadValue, match="before you answer"):
        door.answer(rate, LINE, " ")
    door.answer(rate, COLUMN, "Total")
    assert 'discount_amount = "Total"' in door.text


def test_what_the_file_does_not_prove_is_asked(tmp_path: Path) -> None:
    rows = [f"R{number},M{number % 5},S1,P1,0{1 + number % 9}/0{1 + number % 7}/2025,1,10.50" for number in range(30)]
    door = Door(tmp_path / "ws")
    door.choose([write_file(tmp_path, rows, header="Order,Customer,Shop,Item,Date,Qty,Total")])
    door.look()
    assert door.faults
    (asked,) = [one for one in door.points if "time_format" in one.key]
    lines = [choice.line for choice in asked.choices]
    assert sorted(lines) == ["", "", 'time_format = "%d/%m/%Y"', 'time_format = "%m/%d/%Y"']
    door.answer(asked, LINE, 'time_format = "%m/%d/%Y"')
    door.look()
    assert not door.faults
    assert door.trial.figures.last_day.month == 9
    with speaking("zh"):
        assert "订单" in str(door.trial.figures)


def test_nothing_but_the_chosen_files_is_read(door: Door, tmp_path: Path) -> None:
    secret = write_file(tmp_path / "elsewhere", name="secret.csv")
    for name in (str(secret), "../elsewhere/secret.csv", "*.csv", "../elsewhere/*"):
        door.write(f'files = "{name}"')
        door.look()
        assert "is not among the chosen ones" in door.faults
        assert not any("secret" in one for taken in door.columns() for one in taken.samples)
        door.undo()
    door.write('[[lines.join]]\nfiles = "/etc/hostname"')
    door.look()
    assert "is not among the chosen ones" in door.faults


def test_a_mapping_is_opened_again_with_new_files(door: Door, tmp_path: Path) -> None:
    door.write("[answers]\nignore = ['state', 'currency']")
    door.look()
    kept = door.save()
    assert door.save() == kept
    other = Door(tmp_path / "ws")
    other.choose([write_file(tmp_path / "june", ROWS[:30], name="june.csv")])
    assert other.kept == kept
    other.use_kept()
    other.look()
    assert other.is_ready
    assert other.trial.report.records[0].rows_in == 30
    third = Door(tmp_path / "ws")
    third.choose([tmp_path / "june" / "june.csv", kept])
    third.look()
    assert third.is_ready
    with pytest.raises(MappingError, match=r"needs a file with the columns Customer"):
        third.choose([write_file(tmp_path / "june", ["1,2"], name="x.csv", header="a,b"), kept])
    assert third.is_ready, "what cannot be taken leaves the door as it was"


def test_another_mapping_is_not_overwritten(door: Door, tmp_path: Path) -> None:
    (tmp_path / "mapping.toml").write_text("# another shop's", "utf-8")
    assert door.save() == tmp_path / "mapping-2.toml"
    assert (tmp_path / "mapping.toml").read_text("utf-8") == "# another shop's"
    assert Door(tmp_path / "ws").kept == tmp_path / "mapping-2.toml", "that of this shop is offered"
    assert Door(tmp_path / "other").kept == tmp_path / "mapping.toml"


def test_a_file_that_looks_like_nothing_can_still_be_told(tmp_path: Path) -> None:
    door = Door(tmp_path / "ws")
    door.choose([write_file(tmp_path, ROWS, header="a,b,c,d,e,f,g,h,i")])
    assert {taken.column for taken in door.columns() if taken.is_required and not taken.source} >= {"member_id", "order_id", "amount"}
    for column, raw in zip(("order_id", "member_id", "store_id", "product_id", "ordered_at", "quantity", "amount"), "abcdefg", strict=True):
        door.take(column, raw)
    door.look()
    assert not door.faults
    assert door.trial.report.records[0].rows_in == len(ROWS)


def test_an_import_that_fails_leaves_no_workspace(door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door.write("[answers]\nignore = ['state', 'currency']")
    door.look()

    def stopped(step: str, done: int, of: int) -> None:
        if step == "Writing the receipts":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        door.bring_in(progress=stopped)
    assert not (tmp_path / "ws").exists()
    door.bring_in()
    assert Workspace(tmp_path / "ws").line_count == len(ROWS)


def test_what_is_no_file_is_a_sentence(tmp_path: Path) -> None:
    door = Door(tmp_path / "ws")
    with pytest.raises(BadValue, match="Choose the files"):
        door.choose([])
    with pytest.raises(DataError, match="no file"):
        door.choose([tmp_path / "nowhere.csv"])
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(DataError, match="holds a row"):
        door.choose([tmp_path / "empty.csv"])
    assert door.files == ()


def test_uploads_stay_in_their_place(tmp_path: Path) -> None:
    workspace = tmp_path / "ws"
    slot = arrivals.open_slot(workspace)
    assert arrivals.find_slot(workspace, slot.name) == slot
    for name in ("..", "../x", "1-00", f"{slot.name}/..", "/etc"):
        assert arrivals.find_slot(workspace, name) is None
    gone = workspace / "uploads" / f"4194999-{'0' * 16}"  # no process has that number
    gone.mkdir()
    (gone / "x.csv").write_text("x", "utf-8")
    arrivals.sweep(workspace)
    assert not gone.exists()
    assert slot.exists()
    arrivals.close_slot(slot)
    assert not workspace.exists(), "folders that were made for uploads alone go with them"


def test_an_inbox_is_the_only_folder_that_is_read(tmp_path: Path) -> None:
    workspace = tmp_path / "ws"
    assert arrivals.inbox_files(workspace) == []
    path = write_file(tmp_path / "ws", name="manifest.csv").rename(tmp_path / "x.csv")
    (workspace / "inbox" / ".hidden").mkdir(parents=True)
    (workspace / "inbox" / ".hidden" / "b.csv").write_text("x", "utf-8")
    (workspace / "inbox" / "a.csv").write_text("x", "utf-8")
    assert arrivals.inbox_files(workspace) == [workspace / "inbox" / "a.csv"]
    assert arrivals.from_inbox(workspace, "a.csv") == workspace / "inbox" / "a.csv"
    for name in ("../../x.csv", str(path), "", "."):
        with pytest.raises(BadValue, match="is not in the folder"):
            arrivals.from_inbox(workspace, name)
    with pytest.raises(BadValue, match="no file"):
        arrivals.from_inbox(workspace, "b.csv")


def test_a_code_that_many_rows_carry_is_asked_about(tmp_path: Path) -> None:
    rows = [row.replace(",,", ",555,", 1) for row in made_rows(120, 41) if "paid" in row and "EUR" in row]
    door = Door(tmp_path / "ws")
    door.choose([write_file(tmp_path, [",".join(row.split(",")[:7]) for row in rows], header=",".join(HEADER.split(",")[:7]))])
    door.look()
    assert not door.faults
    assert not door.is_ready
    (asked,) = door.points
    assert asked.key == "one_card:Customer", "what the proposal leaves undecided and the rows ask of is one question"
    assert {choice.kind for choice in asked.choices} == {RIGHT, COLUMN, LINE}
    door.answer(asked, RIGHT)
    door.look()
    assert door.is_ready
    as_member = door.trial.figures
    door.undo()
    door.look()
    door.answer(asked, LINE, asked.lines[0])
    door.look()
    assert door.is_ready
    assert door.trial.figures.members == as_member.members - 1
    assert 'not_a_member = ["555"]' in door.text


def test_guesses_say_so_and_no_cell_commands_a_terminal(tmp_path: Path) -> None:
    door = Door(tmp_path / "ws")
    rows = [f"R{number},M{number},\x1b[2JP1,2025-05-05 10:00:00,1,10.00" for number in range(5)]
    door.choose([write_file(tmp_path, rows, header="Order,Customer,Item,Date,Qty,Total")])
    taken = {taken.column: taken for taken in door.columns()}
    assert taken["store_id"].source == "always 1"
    assert "one store" in taken["store_id"].remark
    assert taken["product_id"].samples == ("�[2JP1",)


def test_a_very_wide_file(tmp_path: Path) -> None:
    more = ",".join(f"c{number}" for number in range(900))
    path = write_file(tmp_path, [f"{row},{',' * 899}" for row in ROWS], header=f"{HEADER},{more}")
    door = Door(tmp_path / "ws")
    door.choose([path])
    door.look()
    assert not door.faults
    assert len(door.columns()[0].others) <= 300
    assert [one.key for one in door.points] == ["state:Status", "currency:Currency"]


def test_a_file_too_wide_to_be_mapped_is_a_sentence(tmp_path: Path) -> None:
    more = ",".join(f"c{number}" for number in range(2_000))
    wide = write_file(tmp_path, [f"{row},{',' * 1_999}" for row in ROWS], header=f"{HEADER},{more}")
    with pytest.raises(DataError, match="columns; a mapping is proposed for up to"):
        Door(tmp_path / "ws").choose([wide])


def test_returns_lower_sales_and_are_no_orders(tmp_path: Path) -> None:
    rows = ["R1,M1,S1,P1,2025-05-05 10:00:00,2,30.00", "R1,M1,S1,P2,2025-05-05 10:00:00,1,10.00", "R2,M2,S1,P1,2025-05-06 10:00:00,1,15.00"]
    rows += ["R3,M3,S1,P1,2025-05-07 10:00:00,-1,-15.00", "R4,,S2,P3,2025-05-08 10:00:00,0,2.50"]  # M3 brings back; a fee of nobody
    door = Door(tmp_path / "ws")
    door.choose([write_file(tmp_path, rows, header="Order,Customer,Shop,Item,Date,Qty,Total")])
    door.look()
    figures = door.trial.figures
    assert (figures.orders, figures.member_orders, figures.members, figures.sales, figures.lines, figures.stores) == (3, 2, 2, 4250, 5, 2)
    assert str(figures).startswith("3 orders, 2 of them by 2 members, 2025-05-05 to 2025-05-08, €42.50")


def test_a_chinese_export_in_its_own_encoding(tmp_path: Path) -> None:
    rows = [f"D{n},V{n % 11},一店,茶{n % 4},2025/5/{1 + n % 9} 10:00,1,12.50,{'已退款' if n % 5 == 4 else '已完成'}" for n in range(60)]
    path = tmp_path / "订单.csv"
    path.write_bytes("\n".join(["订单号,会员卡号,门店,商品,下单时间,数量,实付金额,订单状态", *rows]).encode("gb18030"))
    door = Door(tmp_path / "ws")
    door.choose([path])
    (look,) = door.looks
    assert (look.encoding, look.rows) == ("gb18030", 60)
    assert door.currency == "CNY"
    door.look()
    assert not door.faults
    with speaking("zh"):
        (asked,) = door.points
        assert "订单状态" in asked.sentence
        assert [choice.words for choice in asked.choices] == ["就是这样，没错", "排除含有这些值的行", "写一行映射"]
        assert str(look).startswith("订单.csv")
    door.answer(asked, DROP, ["已退款"])
    door.look()
    with speaking("zh"):
        assert str(door.trial.figures) == "11 名会员的48 笔订单，2025年5月1日至2025年5月9日，¥600.00：看起来对吗？"
    door.bring_in()
    assert '"订单状态" = ["已退款"]' in door.save().read_text("utf-8")


def test_figures_of_one_import_beside_another(tmp_path: Path) -> None:
    door = Door(tmp_path / "ws")
    for month in ("05", "06"):
        rows = [f"R{n},M{n},S1,P1,2025-{month}-05 10:0{n}:00,1,{month}.00" for n in range(6)]
        door.choose([write_file(tmp_path, rows, header="Order,Customer,Shop,Item,Date,Qty,Total")])
        door.look()
        (record,) = door.bring_in().records
    ws = Workspace(tmp_path / "ws")
    assert first_figures(ws).sales == 6 * (500 + 600)
    assert first_figures(ws, record.import_id).sales == door.trial.figures.sales == 6 * 600


def test_a_line_that_the_question_proposes_is_a_choice(door: Door) -> None:
    @dataclass(frozen=True)
    class Proposing(Question):
        write: str = ""

    for write, offered in (('[lines.keep] Status = ["paid"]', True), ('# Status = "x"', False), ('[lines.columns] amount = "..."', False)):
        question = Proposing("state", "Status", ("paid", "cancelled"), "{column}: {cells}", write)
        (asked,) = points_of_questions(parsed(door.text), [question], ["Status"], lambda _column: {})
        assert [choice.line for choice in asked.choices if choice.line] == [write] * offered
        if offered:
            door.answer(asked, LINE, write)
    assert parsed(door.text)["lines"]["keep"] == {"Status": ["paid"]}


def test_files_that_are_joined_are_named_like_the_others(door: Door, tmp_path: Path) -> None:
    joined = 'currency = "EUR"\n[lines]\nfiles = "a/items.csv"\n[[lines.join]]\nfiles = "a/shop.csv"\non = "Order"\n[lines.columns]\namount = "x"\n'
    folder = tmp_path / "exports"
    chosen = dict.fromkeys((folder / "shop.csv", write_file(folder, name="items.csv")))
    text = with_files(joined, chosen, folder)
    assert parsed(text)["lines"]["join"] == [{"files": "shop.csv", "on": "Order"}]
    door.choose(list(chosen))
    door.rewrite(text)
    assert parsed(door.text_for(tmp_path))["lines"]["join"][0]["files"] == "exports/shop.csv"
    assert parsed(door.text_for(None))["lines"]["join"][0]["files"] == "shop.csv"


def test_what_a_proposal_leaves_undecided_and_no_question_asks_stands_open(door: Door) -> None:
    todo = '# TODO not_a_member = ["M1"]  # many rows carry this code: is it a member?\n'
    door.rewrite(door.text.replace("[lines.columns]", f"{todo}\n[lines.columns]"))
    door.look()
    for kind, value in (("state", "cancelled"), ("currency", "USD")):
        door.answer(point(door, kind), DROP, [value])
        door.look()
    (asked,) = door.points
    assert "is it a member?" in asked.sentence
    assert {choice.kind for choice in asked.choices} == {LINE, LEAVE}
    assert not door.is_ready
    door.answer(asked, LEAVE)
    door.look()
    assert door.is_ready
    as_member = door.trial.figures
    door.undo()
    door.answer(asked, LINE, asked.lines[0])
    door.look()
    assert door.is_ready
    assert door.trial.figures.members == as_member.members - 1
