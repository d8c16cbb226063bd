"""Sums over a window: the hand-made shop by eye, and random shops against plain Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.shop import AS_OF, make_workspace, random_lines, random_products, tiny_lines, tiny_products
from toolkit.errors import UnknownName
from toolkit.mart import ensure_mart
from toolkit.mart.windows import KEYS, SUMS, window_sums
from toolkit.workspace import Workspace

COSTS = {f"p{number:02d}": None if number in (3, 7) else 20 + number for number in range(12)}
"""Minor units; two products without one."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("tiny") / "ws", tiny_lines(), {"products": tiny_products()})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    products = random_products().with_columns(pl.col("product_id").replace_strict(COSTS, return_dtype=pl.Int64).alias("unit_cost"))
    return make_workspace(tmp_path_factory.mktemp("random") / "ws", random_lines(11, lines=4000), {"products": products}, files=3)


def named(ws: Workspace, frame: pl.DataFrame) -> dict[tuple, dict]:
    """Rows by ids instead of codes."""
    mart = ensure_mart(ws, AS_OF)
    codes = {name: dict(ws.codes(name).iter_rows()) for name in ("member", "store", "product", "channel")}
    codes["category"] = dict(mart.categories.select("category_code", "category").iter_rows())
    keys = [name for name in KEYS if KEYS[name] in frame.columns]
    return {
        tuple(row[KEYS[key]] if key == "day" else codes[key].get(row[KEYS[key]]) for key in keys): row
        for row in frame.iter_rows(named=True)
    }


def oracle(lines: pl.DataFrame, first: date, last: date, by: tuple[str, ...]) -> dict[tuple, dict]:
    """The same sums line by line, with exact integers."""
    categories = dict(random_products().select("product_id", "category").iter_rows())
    bought, left = set(), defaultdict(lambda: [0, 0])
    for line in lines.iter_rows(named=True):
        left[line["order_id"], line["product_id"]][0] += round(line["amount"] * 100)
        left[line["order_id"], line["product_id"]][1] += round(line["quantity"] * 1000) * (line["amount"] != 0)
        bought |= {line["order_id"]} if line["quantity"] >= 0 and line["amount"] > 0 else set()
    bought &= {order for (order, _), sums in left.items() if any(sums)}  # the others are cancelled in themselves
    sums: dict[tuple, dict] = defaultdict(lambda: {**dict.fromkeys((*SUMS, "margin_milli"), 0), "orders": set(), "unknown": False})
    for line in lines.iter_rows(named=True):
        day = line["ordered_at"].date()
        if not first <= day <= last:
            continue
        known = {
            "member": line["member_id"], "store": line["store_id"], "product": line["product_id"], "day": day,
            "category": categories[line["product_id"]] or "(no category)", "channel": line["channel"],
        }  # fmt: skip
        row = sums[tuple(known[key] for key in KEYS if key in by)]
        amount, milli = round(line["amount"] * 100), round(line["quantity"] * 1000)
        discount = round(line["discount_amount"] * 100)
        row["amount"] += amount
        row["discount_amount"] += discount
        row["promo_amount"] += amount if discount else 0
        row["coupon_amount"] += round(line["coupon_amount"] * 100)
        row["returned_amount"] -= amount if milli < 0 or amount < 0 else 0
        counted = milli if int(line["product_id"][1:]) < 10 else 0
        row["units_milli"] += counted
        row["order_units_milli"] += counted if line["order_id"] in bought else 0
        if (milli > 0 or (milli == 0 and amount > 0)) and line["order_id"] in bought:
            row["orders"].add(line["order_id"])
        if (cost := COSTS[line["product_id"]]) is None:
            row["unknown"] = True
        else:
            row["costed_amount"] += amount
            row["costed_margin_milli"] += amount * 1000 - milli * cost
    return sums


@pytest.mark.parametrize(
    "by",
    [
        ("member",),
        ("member", "category"),
        ("member", "day"),
        ("store", "day"),
        ("product",),
        ("channel",),
        ("member", "store", "category", "day"),
        (),
    ],
)
@pytest.mark.parametrize("window", [(AS_OF - timedelta(days=27), AS_OF), (date(2023, 1, 1), date(2024, 2, 29)), (AS_OF, AS_OF)])
def test_sums_are_those_of_plain_python(shop: Workspace, by: tuple[str, ...], window: tuple[date, date]) -> None:
    found = named(shop, window_sums(shop, ensure_mart(shop, AS_OF), *window, by=by))
    wanted = oracle(random_lines(11, lines=4000), *window, by)
    assert set(found) == set(wanted)
    for key, row in wanted.items():
        assert {name: found[key][name] for name in SUMS} == {name: row[name] for name in SUMS}, key
        assert found[key]["orders"] == len(row["orders"]), key
        assert found[key]["margin"] == (None if row["unknown"] else (row["costed_margin_milli"] + 500) // 1000), key


def test_the_tiny_shop_by_eye(tiny: Workspace) -> None:
    mart = ensure_mart(tiny, AS_OF)
    found = named(tiny, window_sums(tiny, mart, date(2024, 1, 1), date(2024, 1, 11)))
    row = found[("anna",)]
    # Three orders: 3 milk at cost .60 for 3.00, 3 rye bread at cost 1.50 for 9.00.
    assert (row["orders"], row["amount"], row["margin"], row["discount_amount"], row["coupon_amount"]) == (
        3,
        1200,
        1200 - 180 - 450,
        100,
        50,
    )
    assert found.keys() == {("anna",)}
    late = named(tiny, window_sums(tiny, mart, date(2024, 6, 30), date(2024, 6, 30)))
    assert late[("dora",)]["margin"] is None  # neither apples nor the fee have a cost
    assert (late[("emil",)]["orders"], late[("emil",)]["amount"], late[("emil",)]["margin"]) == (0, -1200, -700)
    assert late[(None,)]["orders"] == 1  # one of two receipts without a member is a return


def test_nothing_after_as_of_and_nothing_of_an_empty_window(tiny: Workspace) -> None:
    earlier = ensure_mart(tiny, date(2024, 3, 3))
    found = window_sums(tiny, earlier, date(2024, 1, 1), date(2024, 12, 31), by=("day",))
    assert found["day"].max() == date(2024, 3, 3)
    for first, last in ((date(2024, 6, 30), date(2024, 6, 1)), (date(2025, 1, 1), date(2025, 2, 1))):
        empty = window_sums(tiny, ensure_mart(tiny, AS_OF), first, last)
        assert empty.is_empty()
        assert empty.schema == found.rename({"day": "member_code"}).cast({"member_code": pl.UInt32}).schema


def test_only_some_members(shop: Workspace) -> None:
    mart = ensure_mart(shop, AS_OF)
    window = (AS_OF - timedelta(days=90), AS_OF)
    everybody = window_sums(shop, mart, *window)
    some = everybody.drop_nulls("member_code").head(5).select("member_code")
    assert window_sums(shop, mart, *window, members=some).equals(everybody.join(some, on="member_code", how="semi", maintain_order="left"))
    by_store = window_sums(shop, mart, *window, by=("store",), members=some)
    assert by_store["amount"].sum() == everybody.join(some, on="member_code", how="semi")["amount"].sum()


def test_without_unit_costs_margin_is_not_known(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products().drop("unit_cost")})
    found = window_sums(ws, ensure_mart(ws, AS_OF), date(2024, 1, 1), AS_OF)
    assert found["margin"].null_count() == found.height
    assert found["costed_amount"].sum() == 0


def test_partitions_do_not_matter(tmp_path: Path) -> None:
    lines = random_lines(3, lines=1500)
    made = [
        make_workspace(tmp_path / str(count), lines, {"products": random_products()}, partitions=count, files=count) for count in (1, 4)
    ]
    one, four = (window_sums(ws, ensure_mart(ws, AS_OF), date(2024, 1, 1), AS_OF, by=("member", "day")) for ws in made)
    assert one.equals(four)


def test_an_unknown_key_is_named(tiny: Workspace) -> None:
    with pytest.raises(UnknownName, match="no key 'stroe'; did you mean 'store'"):
        window_sums(tiny, ensure_mart(tiny, AS_OF), datetime(2024, 1, 1).date(), AS_OF, by=("stroe",))
