"""What a column may mean besides: each question asked where it stands open, answered by the line it names, and not asked of usual shops."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toolkit.errors import DataError
from toolkit.importing import check_receipts, import_receipts
from toolkit.language import speaking
from toolkit.sources.columns.proposal import propose_mapping
from toolkit.sources.plausibility import Question

NAMES = {
    "order_id": "order_no", "member_id": "member", "store_id": "store", "product_id": "sku", "ordered_at": "order_time",
    "quantity": "qty", "amount": "amount",
}  # fmt: skip
Row = dict[str, str]


def usual(number: int) -> Row:
    """A line of a usual shop: orders of one to three lines, 60 members, prices of 40 goods, quantities of 1 to 3."""
    order, good, quantity = number // 2, number * 7 % 40, 1 + number % 7 // 5
    return {
        "order_no": f"A{order:04d}",
        "member": f"M{order * 11 % 60:02d}",
        "store": f"S{order % 3}",
        "sku": f"P{good:03d}",
        "order_time": f"2025-{1 + order // 28 % 12:02d}-{1 + order % 28:02d} 10:{order % 60:02d}:00",
        "qty": str(quantity),
        "amount": f"{quantity * price(good):.2f}",
    }


def price(good: int) -> float:
    return 2 + good * 1.37


def with_cells(**more: Callable[[int, Row], str]) -> Callable[[int], Row]:
    """A usual shop with further columns, or other cells in its own; `_` in a name is a blank."""
    return lambda number: (row := usual(number)) | {name.replace("_", " "): cell(number, row) for name, cell in more.items()}


def renamed(row: Callable[[int], Row], **names: str) -> Callable[[int], Row]:
    return lambda number: {names.get(name, name): cell for name, cell in row(number).items()}


def write(folder: Path, row: Callable[[int], Row], *, rows: int = 300, lines: str = "", columns: str = "", answers: str = "") -> Path:
    """Write a shop and a mapping of its usual columns; `columns` are further or other lines of [lines.columns]."""
    cells = [row(number) for number in range(rows)]
    text = [",".join(cells[0]), *(",".join(line.values()) for line in cells)]
    (folder / "lines.csv").write_text("\n".join(text) + "\n", "utf-8")
    names = [f'{name} = "{raw}"' for name, raw in NAMES.items() if not re.search(rf"(?m)^#? ?{name} = ", columns)]
    said = "\n".join([*names, columns])
    text = f'currency = "EUR"\n{answers}\n[lines]\nfiles = "lines.csv"\n{lines}\n[lines.columns]\n{said}\n'
    (folder / "mapping.toml").write_text(text, "utf-8")
    return folder / "mapping.toml"


def questions(mapping: Path) -> tuple[Question, ...]:
    return check_receipts(mapping).questions


def of_good(number: int) -> float:
    return price(number * 7 % 40)


GOODS = {17: "POST", 50: "D", 90: "POST"}
SHOPS: dict[str, dict[str, Any]] = {
    # a. what the amount is
    "amount:amount": {"row": with_cells(amount=lambda number, _: f"{of_good(number):.2f}")},
    "amount:Total": {
        "row": with_cells(Total=lambda _, row: row["amount"], Rabatt=lambda number, _: "1.50" if number % 4 == 0 else "0.00",
                          Unit_price=lambda number, _: f"{of_good(number):.2f}"),
        "columns": 'amount = "Total"\ndiscount_amount = "Rabatt"',
    },
    "amount:Betrag": {
        "row": with_cells(
            Betrag=lambda _, row: row["amount"].replace(".", ""), Einzelpreis=lambda number, _: f"{of_good(number):.2f}", amount=lambda *_: ""
        ),
        "columns": 'amount = "Betrag"',
    },
    "amount:Umsatz": {
        "row": with_cells(
            Umsatz=lambda number, _: f"{3 + number * 37 % 101}.00", Preis=lambda number, _: f"{of_good(number):.2f}", amount=lambda *_: ""
        ),
        "columns": 'amount = "Umsatz"',
    },
    # b. a rate, and the line that makes money of it
    "discount:Discount": {
        "row": with_cells(
            Discount=lambda number, _: ("0", "0.2", "0.15")[number % 3],
            Unit_price=lambda number, _: f"{of_good(number):.2f}",
            amount=lambda number, row: f"{float(row['amount']) * (1, 0.8, 0.85)[number % 3]:.2f}",
        ),
        "columns": 'discount_amount = "Discount"',
    },
    "discount:折扣": {
        "row": renamed(
            with_cells(
                折扣=lambda number, _: ("10", "9", "8")[number % 3],
                吊牌价=lambda number, _: f"{of_good(number):.2f}",
                amount=lambda number, row: f"{float(row['amount']) * (1, 0.9, 0.8)[number % 3]:.2f}",
            ),
            amount="结算金额",
        ),
        "columns": 'amount = "结算金额"\ndiscount_amount = "折扣"',
    },
    "discount:remise": {
        "row": with_cells(
            remise=lambda number, _: ("0", "12", "33")[number % 3],
            prix_unitaire=lambda number, _: f"{of_good(number):.2f}",
            amount=lambda number, row: f"{float(row['amount']) * (1, 0.88, 0.67)[number % 3]:.2f}",
        ),
        "columns": 'discount_amount = "remise"',
    },
    # c. orders worth nothing
    "worth_nothing:amount": {"row": with_cells(amount=lambda number, row: "0.00" if number // 2 % 3 == 0 else row["amount"])},
    # d. no goods
    "no_goods:sku": {"row": with_cells(sku=lambda number, row: GOODS.get(number, row["sku"]))},
    "no_goods:Description": {
        "row": with_cells(Description=lambda number, row: "Standard Shipping" if number % 50 == 3 else f"thing {row['sku']}")
    },
    "no_goods:商品名称": {"row": with_cells(商品名称=lambda number, _: "运费" if number % 60 == 3 else f"苹果{number % 40}")},
    "no_goods:Bezeichnung": {"row": with_cells(Bezeichnung=lambda number, _: "Versandkosten DHL" if number % 60 == 3 else f"Hemd {number % 40}")},
    "no_goods:品名": {"row": with_cells(品名=lambda number, _: "レジ袋" if number % 60 == 3 else f"お茶{number % 40}")},
    "no_goods:libelle": {"row": with_cells(libelle=lambda number, _: "Frais de port" if number % 60 == 3 else f"robe {number % 40}")},
    "no_goods:descripcion": {"row": with_cells(descripcion=lambda number, _: "Gastos de envío" if number % 60 == 3 else f"blusa {number % 40}")},
    # e. with tax and without
    "tax:amount": {"row": with_cells(ex_VAT=lambda number, row: f"{float(row['amount']) / (1.19 if number % 3 else 1.07):.2f}")},
    # f. training, voids, staff
    "training:Training": {"row": with_cells(Training=lambda number, _: "Y" if number % 70 == 0 else "N")},
    "training:备注类型": {"row": with_cells(备注类型=lambda number, _: "练习" if number % 70 == 0 else "正常")},
    "state:kind": {"row": with_cells(kind=lambda number, _: "VOID" if number % 70 == 0 else "SALE")},
    "state:作废": {"row": with_cells(作废=lambda number, _: "是" if number % 70 == 0 else "否")},
    "staff:employee": {"row": with_cells(employee=lambda number, _: "1" if number % 40 == 0 else "0")},
    "staff:customer type": {"row": with_cells(customer_type=lambda number, _: "Staff" if number % 40 == 0 else "Retail")},
    "staff:member": {"row": with_cells(member=lambda number, row: "STAFF" if number // 2 % 40 == 0 else row["member"])},
    "state:line type": {"row": with_cells(line_type=lambda number, _: ("item", "item", "shipping", "item", "tax")[number % 5])},
    # g. one card for everybody
    "one_card:member": {"row": with_cells(member=lambda number, row: "M99" if number // 2 % 4 == 0 else row["member"]), "rows": 600},
    "one_card:Kunde": {
        "row": renamed(with_cells(member=lambda n, row: f"T{row['store']}" if n % 8 < 2 else f"C{n // 2 % 400}"), member="Kunde"),
        "columns": 'member_id = "Kunde"',
        "rows": 3000,
    },
    # h. several cards of one household
    "second_id:member": {"row": with_cells(household=lambda _, row: f"H{int(row['member'][1:]) // 2}")},
    "second_id:email": {
        "row": with_cells(email=lambda _, row: f"a{row['member']}@x.example", openid=lambda number, row: f"o{row['member']}{number // 120 % 2}"),
        "columns": 'member_id = "email"',
        "rows": 600,
    },
    # i. a quantity of 1
    "quantity:qty": {"row": with_cells(qty=lambda *_: "1", Units=lambda _, row: row["qty"])},
    "quantity:packs": {
        "row": renamed(with_cells(packs=lambda _, row: row["qty"], price=lambda number, _: f"{of_good(number):.2f}", qty=lambda *_: "1"), qty="n"),
        "columns": "quantity = { value = 1 }",
    },
    # j. two times, two amounts
    "time:created at": {
        "row": with_cells(created_at=lambda _, row: row["order_time"], paid_at=lambda number, row: row["order_time"][:8] + f"{1 + number // 2 * 5 % 28:02d} 09:00:00"),
        "columns": 'ordered_at = "created at"',
    },
    "amount:金额": {
        "row": with_cells(金额=lambda _, row: row["amount"], 实付金额=lambda number, row: f"{float(row['amount']) - (number % 5 == 0):.2f}"),
        "columns": 'amount = "金额"',
    },
    # k. a member that is none
    "few_members:level": {"row": with_cells(level=lambda number, _: ("金卡", "银卡", "普通会员")[number // 2 % 3]), "rows": 60, "columns": 'member_id = "level"'},
    "few_members:phone": {"row": with_cells(phone=lambda _, row: f"0211-{row['store'][1:]}00"), "rows": 400, "columns": 'member_id = "phone"'},
}  # fmt: skip


@pytest.mark.parametrize("key", SHOPS)
def test_what_stands_open_is_asked_and_nothing_else(tmp_path: Path, key: str) -> None:
    mapping = write(tmp_path, **SHOPS[key])
    asked = questions(mapping)
    assert [question.key for question in asked if not (key.startswith("few") and question.kind == "second_id")] == [key]
    assert len(asked[0].cells) == 2
    assert f"'{asked[0].column}'" in asked[0].sentence
    assert asked[0].write in asked[0].sentence
    with speaking("zh"):
        assert re.search("[一-鿿]{8}", str(asked[0]))
    with pytest.raises(DataError) as refused:
        import_receipts(mapping, tmp_path / "ws")
    assert str(asked[0]) in str(refused.value)
    said = write(tmp_path, **SHOPS[key], answers=f'[answers]\nignore = ["{key}", "second_id"]')
    assert not questions(said)


@pytest.mark.parametrize("key", [key for key in SHOPS if not key.startswith(("discount", "few_members:phone"))])
def test_the_line_that_a_question_names_answers_it(tmp_path: Path, key: str) -> None:
    """Put into the mapping in place of what was there, it is understood and the question is gone, and it raises no other."""
    said: dict[str, Any] = dict(SHOPS[key])
    (question, *_) = questions(write(tmp_path, **said))
    line = question.places.get("drop", question.write)  # is_goods needs its column in the contract
    line, _, answer = line.partition(", [answers] ")
    said["answers"] = f"[answers]\n{answer}"
    section, text = re.fullmatch(r"(?:\[([\w.]+)\] )?(.+)", line).groups()  # type: ignore[union-attr]
    if section == "lines.columns":
        own = text.partition(" = ")[0]
        rest = [other for other in said.get("columns", "").splitlines() if not other.startswith(f"{own} = ")]
        said["columns"] = "\n".join([*rest, text])
    elif section:
        said["columns"] = said.get("columns", "") + f"\n[{section}]\n{text}"
    else:
        said["lines"] = text
    assert [left.key for left in questions(write(tmp_path, **said)) if left.kind == question.kind] == []


@pytest.mark.parametrize("key", SHOPS)
def test_a_proposal_writes_it_beside_its_column(tmp_path: Path, key: str) -> None:
    write(tmp_path, **SHOPS[key])
    text = propose_mapping([tmp_path / "lines.csv"])
    proposed = re.findall(r'(?m)^# ignore = \["(.+)"\]$', text)
    for asked in proposed[0].split('", "') if proposed else ():
        (place,) = [n for n, line in enumerate(text.splitlines()) if line.startswith("# TODO ") and f"'{asked.partition(':')[2]}'" in line]
        assert 0 < place < text.splitlines().index("# [answers]")
    (tmp_path / "mapping.toml").write_text(text.replace("# [answers]", "[answers]").replace("# ignore", "ignore"), "utf-8")
    assert [question.key for question in questions(tmp_path / "mapping.toml")] == []


QUIET: dict[str, dict[str, Any]] = {
    "usual": {"row": usual},
    "a price beside the amount": {"row": with_cells(Unit_price=lambda number, _: f"{of_good(number):.2f}")},
    "a price before a discount, the amount after it": {
        "row": with_cells(
            Unit_price=lambda number, _: f"{of_good(number):.2f}",
            off=lambda number, _: "1.00" if number % 4 == 0 else "0.00",
            amount=lambda number, row: f"{float(row['amount']) - (number % 4 == 0):.2f}",
        ),
        "columns": 'discount_amount = "off"',
    },
    "a coupon of always ten": {
        "row": renamed(
            with_cells(
                商品金额=lambda number, row: f"{float(row['amount']) + (10 if number % 3 else 0):.2f}",
                优惠金额=lambda number, _: "10" if number % 3 else "0",
            ),
            amount="实付金额",
        ),
        "columns": 'amount = "实付金额"\ndiscount_amount = "优惠金额"',
    },
    "a few free orders": {"row": with_cells(amount=lambda number, row: "0.00" if number // 2 % 30 == 0 else row["amount"])},
    "goods that sound like services": {
        "row": with_cells(
            Description=lambda number, _: (
                "Shipping box 30x20", "Gift card holder", "Delivery van toy", "Lunch bag", "Bolsa de té", "Porto wine", "Tip-top glue", "Deposit tin",
                "Post it notes", "Sac à dos", "Taschenlampe",
            )[number % 11]
        )
    },
    "list prices and quiet markdowns": {
        "row": with_cells(吊牌价=lambda number, row: f"{float(row['amount']) / int(row['qty']) * (1.2, 1.9, 1.5)[number % 3]:.2f}")
    },
    "a price list that is no tax": {"row": with_cells(list_value=lambda number, row: f"{float(row['amount']) * (1 + number % 13 / 40):.2f}")},
    "who served": {"row": with_cells(employee=lambda number, _: f"E{number % 9}", cashier=lambda number, _: f"{number % 4}")},
    "a test that is a name": {"row": with_cells(latest=lambda number, _: "Y" if number % 5 else "N")},
    "one busy member": {"row": with_cells(member=lambda number, row: "M01" if number // 2 % 12 == 0 else row["member"]), "rows": 600},
    "one e-mail each": {"row": with_cells(email=lambda _, row: f"{row['member']}@x.example", phone=lambda _, row: f"0170{row['member'][1:]}")},
    "phones of stores": {"row": with_cells(store_phone=lambda _, row: f"0211-{row['store']}")},
    "ones and points": {"row": with_cells(qty=lambda *_: "1", points=lambda number, _: str(number % 9))},
    "paid the same day": {
        "row": with_cells(created_at=lambda _, row: row["order_time"], paid_at=lambda _, row: row["order_time"][:11] + "23:00:00"),
        "columns": 'ordered_at = "created at"',
    },
    "an order time settles it": {"row": with_cells(shipped_at=lambda number, row: row["order_time"][:8] + f"{1 + number * 5 % 28:02d} 09:00:00")},
    "what was paid settles it": {
        "row": renamed(with_cells(金额=lambda number, row: f"{float(row['amount']) + number % 3:.2f}"), amount="实收金额"),
        "columns": 'amount = "实收金额"',
    },
    "a member level beside the member": {"row": with_cells(会员等级=lambda number, _: ("金卡", "银卡")[number % 2])},
}  # fmt: skip


@pytest.mark.parametrize("name", QUIET)
def test_usual_shops_are_not_asked(tmp_path: Path, name: str) -> None:
    mapping = write(tmp_path, **QUIET[name])
    assert [question.key for question in questions(mapping)] == []
    assert "# ignore = " not in propose_mapping([tmp_path / "lines.csv"])


def test_products_in_a_file_of_their_own_are_looked_at(tmp_path: Path) -> None:
    mapping = write(tmp_path, usual)
    names = ["Gift card 25 EUR", "Versandkosten", *(f"Hemd {number}" for number in range(2, 40))]
    rows = [f"P{number:03d},shirts,{name}" for number, name in enumerate(names)]
    (tmp_path / "products.csv").write_text("\n".join(["sku,category,product_name", *rows]) + "\n", "utf-8")
    products = '[products]\nfiles = "products.csv"\n[products.columns]\nproduct_id = "sku"\ncategory = "category"\nname = "product_name"\n'
    mapping.write_text(mapping.read_text("utf-8") + products, "utf-8")
    (asked,) = questions(mapping)
    assert (asked.key, asked.cells) == ("no_goods:product_name", ("Gift card 25 EUR", "Versandkosten"))
    assert asked.write.startswith("[products.columns] is_goods = { false_if = ")
    text = propose_mapping([tmp_path / "lines.csv", tmp_path / "products.csv"])
    assert f"# TODO {asked.sentence}" in text[text.index("[products.columns]") :]


def test_a_filtered_row_raises_no_question(tmp_path: Path) -> None:
    said: dict[str, Any] = {
        "row": with_cells(sku=lambda number, row: GOODS.get(number, row["sku"]), unit=lambda number, _: "USD" if number in GOODS else "EUR")
    }
    assert {question.kind for question in questions(write(tmp_path, **said))} == {"currency", "no_goods"}
    assert not questions(write(tmp_path, **said, columns='[lines.keep]\n"unit" = ["EUR"]'))


def test_a_late_value_is_seen_in_a_large_file_and_its_members_are_all_counted(tmp_path: Path) -> None:
    """Products, states and members are read to their end; the sample sees the first 2,000 rows of a text file."""
    late = with_cells(
        sku=lambda number, row: "POST" if number == 5000 else row["sku"],
        member=lambda number, row: "99" if number > 3000 and number // 2 % 3 == 0 else f"m{number // 2 % 900}",
    )
    assert {question.key for question in questions(write(tmp_path, late, rows=6000))} == {"no_goods:sku", "one_card:member"}


def two_ways(folder: Path, row: Callable[[int], Row], **said: str) -> Path:
    """The shop in two files: the older with decimal points, the newer with decimal commas and signs between thousands."""
    mapping = write(folder, row, **said)
    lines = (folder / "lines.csv").read_text("utf-8").splitlines()
    older, newer = lines[:150], lines[150:]
    (folder / "lines.csv").write_text("\n".join(older) + "\n", "utf-8")
    rest = [line.replace(",", ";").replace(".", ",") for line in newer]
    (folder / "newer.csv").write_text("\n".join([lines[0].replace(",", ";"), *rest]) + "\n", "utf-8")
    entries = 'files = ["lines.csv", { path = "newer.csv", decimal = ",", delimiter = ";" }]\ndecimal = "."'
    mapping.write_text(mapping.read_text("utf-8").replace('files = "lines.csv"', entries), "utf-8")
    return mapping


def test_files_written_in_several_ways_are_each_asked_about(tmp_path: Path) -> None:
    """Money in the older file, rates in the newer one."""
    discount = with_cells(discount=lambda number, row: f"{0.5 + number % 3:.2f}" if number < 149 else f"0.{1 + number % 3}")
    mapping = two_ways(tmp_path, discount, columns='discount_amount = "discount"')
    assert [question.key for question in questions(mapping)] == ["discount:discount"]


def test_amounts_of_files_written_in_several_ways_are_what_they_are(tmp_path: Path) -> None:
    priced = with_cells(unit_price=lambda number, row: f"{of_good(number):.2f}", total=lambda number, row: row["amount"])
    assert questions(two_ways(tmp_path, priced)) == ()
