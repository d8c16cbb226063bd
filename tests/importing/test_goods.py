"""What an order is and what is no goods, from a mapping to the figures: refunds, gift cards, free, cancelled and fee receipts."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import toolkit as tk
from tests.importing.strangers import write_shop
from toolkit.errors import BadValue, DataError, MappingError, UnknownName
from toolkit.importing import import_receipts
from toolkit.registry import all_questions
from toolkit.workspace import Workspace

FEW = {"scope": {"minimum_members": 1}}
NO_GOODS = ("SHIPPING", "GIFT50")
MARK = 'is_goods = { false_if = [{ column = "sku", equals = ["SHIPPING"], starts_with = ["GIFT"] }] }\n'
PRODUCTS = "id,group,goods\nmilk,dairy,yes\npan,kitchen,\nSHIPPING,kitchen,no\nGIFT50,gifts,no\n"
BY_PRODUCT = """[products]
files = "products.csv"
[products.columns]
product_id = "id"
category = "group"
is_goods = "goods"
"""
# order, member, day, (product, quantity, amount) ...
RECEIPTS = [
    *[(f"R{n}a", f"R{n:02d}", "2025-01-05", ("milk", 1, 10)) for n in range(12)],
    *[(f"R{n}b", f"R{n:02d}", "2025-03-05", ("milk", 2, 12)) for n in range(12)],
    ("F1", "refund", "2025-01-10", ("milk", 1, 10)),
    ("F2", "refund", "2025-03-20", ("milk", -1, -10)),
    ("G1", "gift", "2025-03-21", ("GIFT50", 1, 50)),
    ("A1", "free", "2025-01-12", ("milk", 1, 8)),
    ("A2", "free", "2025-03-22", ("milk", 1, 0)),
    ("C1", "cancelled", "2025-01-13", ("milk", 1, 9)),
    ("C2", "cancelled", "2025-03-23", ("milk", 1, 9), ("milk", -1, -9)),
    ("S1", "shipped", "2025-01-14", ("milk", 1, 7), ("SHIPPING", 1, 5)),
    ("S2", "shipped", "2025-03-24", ("SHIPPING", 1, 5)),
    ("X1", "exchange", "2025-01-15", ("pan", 1, 50)),
    ("X2", "exchange", "2025-03-25", ("milk", 1, 12), ("pan", -1, -50)),
    ("W1", "voucher", "2025-03-26", ("pan", 1, 50), ("GIFT50", -1, -50)),  # paid for with a gift card
]
ORDERS = {order for order, *_ in RECEIPTS} - {"F2", "G1", "A2", "C2", "S2"}


def rows() -> list[str]:
    return [
        f"{order},{member},S1,{sku},{day} 10:00:00,{quantity},{amount}"
        for order, member, day, *goods in RECEIPTS
        for sku, quantity, amount in goods
    ]


def shop(folder: Path, *, by_line: bool, lines: str = "") -> Workspace:
    mapping = write_shop(
        folder,
        rows(),
        lines=lines,
        columns=MARK if by_line else "",
        more="" if by_line else BY_PRODUCT,
        files={"products.csv": PRODUCTS},
    )
    import_receipts(mapping, folder / "ws")
    return Workspace(folder / "ws")


@pytest.fixture(scope="module", params=[True, False], ids=["marked by line", "marked by product"])
def ws(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return shop(tmp_path_factory.mktemp("goods"), by_line=request.param)


def test_first_and_last_orders_are_not_moved_by_what_is_no_order(ws: Workspace) -> None:
    days = defaultdict(list)
    for order, member, day, *_ in RECEIPTS:
        days[member] += [date.fromisoformat(day)] if order in ORDERS else []
    found = {row["member_id"]: row for row in tk.members(ws).iter_rows(named=True)}
    for member, row in found.items():
        mine = sorted(days[member])
        assert (row["order_count"], row["first_ordered_on"], row["last_ordered_on"]) == (
            len(mine),
            mine[0] if mine else None,
            mine[-1] if mine else None,
        ), member
    assert (found["gift"]["amount"], found["shipped"]["amount"], found["refund"]["amount"]) == (50, 17, 0)
    assert found["shipped"]["units"] == 1
    assert (found["gift"]["units"], found["gift"]["category_count"], found["gift"]["top_category"]) == (0, 0, None)


def test_orders_sales_and_order_value(ws: Workspace) -> None:
    worth = {order: sum(amount for *_, amount in goods) for order, _, _, *goods in RECEIPTS}
    units = {order: sum(quantity for sku, quantity, _ in goods if sku not in NO_GOODS) for order, _, _, *goods in RECEIPTS}
    sales, order_sales = sum(worth.values()), sum(worth[order] for order in ORDERS)
    answer = tk.portrait.overview(ws, period="100d", settings=FEW)
    now = answer.table.row(0, named=True)
    assert (now["orders"], now["sales"]) == (len(ORDERS), sales)
    assert now["order_value"] == pytest.approx(order_sales / len(ORDERS))
    assert now["units_per_order"] == pytest.approx(sum(units[order] for order in ORDERS) / len(ORDERS))
    assert now["buyer_count"] == 18  # all but the one who bought a gift card alone
    assert now["repeat_rate"] == pytest.approx(13 / 18)
    told = "\n".join(map(str, answer.notes))
    assert f"€{sales / len(ORDERS):.2f} and €{order_sales / len(ORDERS):.2f}" in told
    assert "2 products sold up to 2025-03-26 are no goods" in told


def test_recency_stage_and_repeat_purchase(ws: Workspace) -> None:
    scored = tk.portrait.rfm(ws, settings=FEW)
    assert scored.table.height
    traits = {row["member_id"]: row for row in tk.traits(ws).iter_rows(named=True)}
    as_of = date(2025, 3, 26)
    for member, last in (("refund", "2025-01-10"), ("free", "2025-01-12"), ("cancelled", "2025-01-13"), ("shipped", "2025-01-14")):
        assert traits[member]["recency_days"] == (as_of - date.fromisoformat(last)).days, member
    assert traits["exchange"]["recency_days"] == 1
    assert traits["gift"]["recency_days"] is None


def test_no_goods_stand_in_no_answer(ws: Workspace) -> None:
    asked = 0
    for question in all_questions():
        choices = question.parameters
        ways = [{}] + [{"by": "product"}] * ("by" in choices and "product" in str(choices["by"].annotation))
        ways += [{"level": "product"}] * ("level" in choices)
        if any(parameter.default is parameter.empty for parameter in choices.values()):
            continue
        for given in ways:
            try:
                answer = question(ws, settings=FEW, **given)
            except (DataError, BadValue):  # no campaign to review, no purpose chosen
                continue
            asked += 1
            told = answer.table.write_json() + answer.headline
            assert not [word for word in (*NO_GOODS, "gifts", "(no goods)") if word in told], (question.name, given)
    assert asked > 40


def test_a_good_that_is_none_is_not_known_by_its_name(ws: Workspace) -> None:
    with pytest.raises(UnknownName, match="GIFT50"):
        tk.targeting.attach(ws, goods="GIFT50", settings=FEW)


def test_sales_by_category_still_add_up(ws: Workspace) -> None:
    table = tk.portrait.overview(ws, period="40d", settings=FEW).table
    kinds = tk.targeting.gain_loss(ws, by="category", period="40d", settings=FEW).table
    assert kinds["sales"].sum() == pytest.approx(table.row(0, named=True)["sales"])
    gifts = kinds.filter(pl.col("category") == "(no goods)").row(0, named=True)
    assert (gifts["sales_before"], gifts["sales"]) == (5, 50 + 5 - 50)


def test_left_out_is_counted_and_gone(tmp_path: Path) -> None:
    for by_line in (True, False):
        folder = tmp_path / str(by_line)
        folder.mkdir()
        ws = shop(folder, by_line=by_line, lines='not_goods = "left_out"')
        record = next(one for one in ws.manifest.imports if one.table == "lines")
        assert record.left_out == {'no goods (not_goods = "left_out")': 4}
        assert record.rows_in == record.rows_kept + 4 == len(rows())
        now = tk.portrait.overview(ws, period="100d", settings=FEW).table.row(0, named=True)
        assert (now["orders"], now["sales"]) == (
            len(ORDERS),
            sum(amount for _, _, _, *goods in RECEIPTS for sku, _, amount in goods if sku not in NO_GOODS),
        )


def test_a_product_whose_lines_disagree_is_what_most_of_them_say(tmp_path: Path) -> None:
    lines = [f"O{n},M{n},S1,{sku},2025-01-{n + 1:02d} 10:00:00,1,10,{mark}" for n, (sku, mark) in enumerate(
        [("bag", "no"), ("bag", "no"), ("bag", "yes"), ("milk", "yes"), ("milk", ""), ("milk", "no")]
    )]  # fmt: skip
    mapping = write_shop(tmp_path, lines, header="order,member,store,sku,time,qty,amount,goods", columns='is_goods = "goods"\n')
    report = import_receipts(mapping, tmp_path / "ws")
    assert "is_goods: the lines of 2 products disagree, such as 'bag' (2 of 3 lines are no goods)" in str(report)
    ws = Workspace(tmp_path / "ws")
    assert ws.codes("not_goods")["id"].to_list() == ["bag"]
    assert tk.members(ws).filter(pl.col("order_count") > 0)["member_id"].to_list() == ["M3", "M4", "M5"]
    # What the lines say now has the last word, and what the products table says has it over the lines.
    mapping = write_shop(tmp_path, [line.replace(",no", ",yes") for line in lines], header="order,member,store,sku,time,qty,amount,goods",
                         columns='is_goods = "goods"\n')  # fmt: skip
    import_receipts(mapping, tmp_path / "ws")
    assert Workspace(tmp_path / "ws").codes("not_goods").is_empty()


def test_the_mapping_is_told_what_it_cannot_say(tmp_path: Path) -> None:
    more = BY_PRODUCT.replace('files = "products.csv"', 'files = "products.csv"\nnot_goods = "left_out"')
    with pytest.raises(MappingError, match="only \\[lines\\]"):
        import_receipts(write_shop(tmp_path, rows(), more=more, files={"products.csv": PRODUCTS}), tmp_path / "ws")
    with pytest.raises(MappingError, match="in_sales"):
        import_receipts(write_shop(tmp_path, rows(), lines='not_goods = "gone"'), tmp_path / "ws")


def test_who_had_a_refund_alone_is_lost(tmp_path: Path) -> None:
    """The case `gain-loss-returns`: twelve who ordered and then returned all in the next period, twelve who net spent more."""
    lines = [f"N{n},N{n:02d},S1,P1,2025-05-10 10:00:00,1,10" for n in range(12)]
    for n in range(12):
        lines += [
            f"O{n},R{n:02d},S1,P1,2024-11-10 10:00:00,1,50",
            f"P{n},R{n:02d},S1,P1,2025-02-10 10:00:00,1,30",
            f"Q{n},R{n:02d},S1,P1,2025-02-11 10:00:00,-1,-50",
            f"S{n},R{n:02d},S1,P1,2025-05-10 10:00:00,1,40",
            f"T{n},L{n:02d},S1,P1,2025-02-10 10:00:00,1,100",
            f"U{n},L{n:02d},S1,P1,2025-05-11 10:00:00,-1,-100",
        ]
    lines.append("ZZZ,Z99,S1,P1,2025-06-30 10:00:00,1,1")
    import_receipts(write_shop(tmp_path, lines), tmp_path / "ws", accept_defaults=True)
    answer = tk.targeting.gain_loss(tmp_path / "ws")
    told = {row["group"]: (row["member_count"], row["sales_before"], row["sales"], row["change_sales"]) for row in answer.table.to_dicts()}
    assert told == {"first-time": (13, 0, 121, 121), "lost": (12, 1200, -1200, -2400), "more": (12, -240, 480, 720)}
    assert answer.figures["lost_members"] == 12
    listed = tk.targeting.gain_loss(tmp_path / "ws", members="lost").table
    assert sorted(listed["member_id"]) == [f"L{n:02d}" for n in range(12)]
