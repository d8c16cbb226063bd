"""Sales against target: the gap by eye, parts that add up to the cent, and months without targets."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.portrait.ladder import lines_of
from tests.portrait.pictures import spec_of
from tests.shop import AS_OF, make_workspace, random_lines, random_products, tiny_products
from toolkit.errors import BadValue
from toolkit.review.measures.silent_stores import silence_notes, silent_stores
from toolkit.review.measures.store_months import last_whole_month, month_period
from toolkit.review.sales_targets import sales_targets
from toolkit.scope.calendar import period_before, year_before
from toolkit.scope.period import Period
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

FEW = {"scope": {"minimum_members": 1}}
TARGETS = pl.DataFrame(
    {"store_id": ["s1", "s2", "s9"], "month": [date(2024, 6, 1)] * 3, "target_amount": [5000, 3000, 1000]},
    schema_overrides={"target_amount": pl.Int64},
)


@pytest.fixture(scope="module")
def hand(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """June against May. s1: 2 members, 2 orders, 4 units, 20.00 in May; 4 members, 4 orders, 8 units, 40.00 in June. s2 likewise shrinks."""
    orders = [
        *[(f"a{who}", 40, "s1", 2, 10.0) for who in range(2)], *[(f"a{who}", 10, "s1", 2, 10.0) for who in range(4)],
        *[(f"b{who}", 45, "s2", 1, 10.0) for who in range(3)], *[(f"b{who}", 12, "s2", 1, 5.0) for who in range(3)],
        ("b0", 3, "s2", -1, -2.0), (None, 4, "s3", 1, 8.0), (None, 0, "s3", 1, 1.0), ("a0", 70, "s1", 1, 1.0),
    ]  # fmt: skip
    path: Path = tmp_path_factory.mktemp("hand") / "ws"
    return make_workspace(path, lines_of(orders), {"products": tiny_products(), "sales_targets": TARGETS})


def test_the_gap_by_eye(hand: Workspace) -> None:
    answer = sales_targets(hand, settings=FEW)
    rows = {row["place"]: row for row in answer.table.to_dicts()}
    s1, s2 = rows["s1"], rows["s2"]
    assert (s1["target_sales"], s1["sales"], s1["gap_sales"], s1["sales_before"], s1["asked_sales"]) == (50.0, 40.0, -10.0, 20.0, -30.0)
    assert (s1["members_sales"], s1["frequency_sales"], s1["units_sales"], s1["price_sales"]) == (20.0, 0.0, 0.0, 0.0)
    assert (s2["gap_sales"], s2["asked_sales"], s2["price_sales"], s2["returns_sales"], s2["member_count"]) == (-17.0, 0.0, -15.0, -2.0, 3)
    assert (rows["s9"]["sales"], rows["s9"]["gap_sales"]) == (0.0, -10.0)
    chain = rows["the chain"]
    assert (chain["target_sales"], chain["gap_sales"]) == (90.0, -37.0)  # s3 has no target and is not in the sum
    assert answer.headline == (
        "Across the chain, 2024-06 brought €53.00, €37.00 behind the target of €90.00 (58.9% of it; n = 4 stores): the target asked for €40.00 "
        "more than 2024-05, sales came to €3.00 more. The largest part: what the target asked for beyond it (-€40.00). The largest in a "
        "single store: store s2, money per unit (-€15.00)."
    )
    said = " ".join(map(str, answer.notes))
    assert "1 store without a target (s3) sold €9.00: not in the gap" in said
    assert "1 store with a target (s9) had no receipt" in said
    assert "The months have 30 and 31 days" in said
    assert spec_of(answer)
    assert answer.figures["stores_behind"] == 3


def test_by_members(hand: Workspace) -> None:
    rows = {row["place"]: row for row in sales_targets(hand, by="members", settings=FEW).table.to_dicts()}
    assert (rows["s1"]["first_time_sales"], rows["s1"]["more_sales"]) == (20.0, 0.0)
    assert rows["s2"]["less_sales"] == -17.0


def test_by_months(hand: Workspace) -> None:
    answer = sales_targets(hand, by="months", settings=FEW)
    june = {row["store_id"]: row for row in answer.table.filter(pl.col("month") == date(2024, 6, 1)).to_dicts()}
    assert (june["s1"]["target_rate"], june["s9"]["sales"], june["s3"]["gap_sales"]) == (0.8, 0.0, None)
    assert "3 of 3 store months were behind target" in answer.headline
    assert spec_of(answer)
    hidden = sales_targets(hand, by="months", settings={"scope": {"minimum_members": 4}})
    assert hidden.table.filter(pl.col("store_id") == "s2", pl.col("month") == date(2024, 6, 1))["sales"].to_list() == [None]


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    path: Path = tmp_path_factory.mktemp("random") / "ws"
    months = [date(2024, month, 1) for month in range(1, 7)]
    targets = pl.DataFrame(
        [{"store_id": f"s{store}", "month": month, "target_amount": 9_999 + 17 * store} for store in range(3) for month in months],
        schema_overrides={"target_amount": pl.Int64},
    )
    stores = pl.DataFrame({"store_id": [f"s{number}" for number in range(4)], "region": ["north", "north", "south", "south"]})
    tables = {"products": random_products(), "sales_targets": targets, "stores": stores}
    return make_workspace(path, random_lines(4, lines=6000, members=60), tables, files=2)


@pytest.mark.parametrize("by", ["drivers", "members"])
@pytest.mark.parametrize(
    "scope", [{}, {"store_id": "s1"}, {"region": "south"}, {"month": "2024-04"}, {"against": "year"}, {"as_of": "2024-06-11"}]
)
@pytest.mark.parametrize("least", [1, 12])
def test_parts_add_up_to_the_cent(shuffled: Workspace, by: str, scope: dict, least: int) -> None:
    month = {"month": "2024-06"} if "as_of" in scope else {}
    answer = sales_targets(shuffled, by=by, settings={"scope": {"minimum_members": least}}, **scope, **month)
    cents = answer.table.select(pl.all().exclude("level", "place", "member_count") * 100).with_columns(pl.all().round().cast(pl.Int64))
    parts = [name for name in cents.columns if name not in ("target_sales", "sales", "gap_sales", "sales_before", "asked_sales")]
    assert len(parts) > 5
    for row in cents.fill_null(0).to_dicts():
        assert sum(row[name] for name in parts) == row["sales"] - row["sales_before"]
        if row["target_sales"]:
            assert row["gap_sales"] == row["sales"] - row["target_sales"] == row["asked_sales"] + sum(row[name] for name in parts)


def test_sales_are_those_of_the_receipts(shuffled: Workspace) -> None:
    table = sales_targets(shuffled, month="2024-05").table.filter(pl.col("level") == "store")
    day = pl.col("ordered_at").dt.date()
    lines = random_lines(4, lines=6000, members=60).filter(day.is_between(date(2024, 5, 1), date(2024, 5, 31)))
    wanted = lines.group_by("store_id").agg(pl.col("amount").sum().round(2)).sort("store_id")
    assert table.sort("place").select(pl.col("place").alias("store_id"), pl.col("sales").alias("amount")).equals(wanted)
    regions = sales_targets(shuffled, month="2024-05").table.filter(pl.col("level") == "region")
    assert regions["place"].to_list() == ["north", "south"]


def test_without_targets_the_change_is_split(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", random_lines(4, lines=3000, members=40), {"products": random_products()})
    answer = sales_targets(ws)
    assert "the shop has no sales_targets table" in answer.headline
    assert "than 2023-06" in answer.headline  # the same month a year before is whole in 400 days
    assert answer.table["target_sales"].null_count() == answer.table.height
    assert answer.notes[0].verdict == "NOT MEASURED"
    assert "there are no sales targets" in sales_targets(ws, by="months").headline
    assert spec_of(answer)


def test_a_running_month_and_an_audience(shuffled: Workspace) -> None:
    answer = sales_targets(shuffled, month="2024-06", as_of="2024-06-15")
    store = answer.table.filter(pl.col("place") == "s0").row(0, named=True)
    assert store["target_sales"] == (9_999 * 15 // 30) / 100
    assert any("seen up to 2024-06-15: 15 of 30 days" in str(note) for note in answer.notes)
    crowd = sales_targets(shuffled, audience="order_count > 20")
    assert any("an audience has none" in str(note) for note in crowd.notes)


def test_impossible_months(hand: Workspace) -> None:
    with pytest.raises(BadValue, match=r"month is 'June', but a month as YYYY-MM was needed"):
        sales_targets(hand, month="June", settings=FEW)
    with pytest.raises(BadValue, match=r"month is 2030-01, but the receipts go from"):
        sales_targets(hand, month="2030-01", settings=FEW)
    early = sales_targets(hand, month="2024-04", settings=FEW)
    assert "the sales_targets table says nothing of 2024-04" in early.headline
    assert "no month to compare with" in early.headline


def test_months_of_comparison() -> None:
    assert last_whole_month(AS_OF) == "2024-06"
    february = month_period("2024-02")
    assert year_before(february) == Period(date(2023, 2, 1), date(2023, 2, 28))
    assert period_before(month_period("2024-03")) == Period(date(2024, 2, 1), date(2024, 2, 29))
    assert period_before(Period(date(2024, 3, 1), date(2024, 3, 30))) == Period(date(2024, 2, 1), date(2024, 2, 29))


def test_a_store_that_closed_half_way(tmp_path: Path) -> None:
    orders: list = [(f"m{day % 30}", day, store, 1, 2.0) for day in range(120) for store in ("s1", "s2") for _ in range(3)]
    open_until = AS_OF - timedelta(days=10)
    lines = lines_of(orders).filter((pl.col("store_id") == "s1") | (pl.col("ordered_at").dt.date() <= open_until))
    ws = make_workspace(tmp_path / "ws", lines, {"products": tiny_products()})
    view = open_view(ws)
    silent = silent_stores(view, date(2024, 6, 1), AS_OF)
    assert silent.rows() == [("s2", open_until + timedelta(days=1), AS_OF, 30.0)]
    assert silence_notes(view, silent, AS_OF)[0].startswith("Store s2 has no order from 2024-06-21 on, where some 30 were to be expected")
    assert silent_stores(view, date(2024, 5, 1), date(2024, 6, 1)).is_empty()
    assert any("Store s2 has no order" in str(note) for note in sales_targets(ws).notes)


def test_few_members_are_not_shown_where_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    """s1: 5 members, 50.00; s2: 2, 14.00; s3: 2, 6.00. All receipts are of one month."""
    orders: list[tuple[str | None, int, str, float, float]] = [
        (f"{store}{who}", 10, store, 1, price)
        for store, count, price in (("s1", 5, 10.0), ("s2", 2, 7.0), ("s3", 2, 3.0))
        for who in range(count)
    ]
    few = {"scope": {"minimum_members": 4}}
    plain = sales_targets(
        make_workspace(tmp_path / "plain", lines_of(orders), {"products": tiny_products()}), month="2024-06", settings=few
    )
    assert "no month to compare with" in plain.headline
    shown = plain.table.filter(pl.col("level") == "store").select("place", "member_count", "sales").rows()
    assert shown == [("others (2)", 4, 20.0), ("s1", 5, 50.0)]
    assert any("2 stores with fewer than 4 members" in str(note) for note in plain.notes)
    tables = {"products": tiny_products(), "sales_targets": TARGETS.head(2)}
    aimed = sales_targets(make_workspace(tmp_path / "aimed", lines_of(orders), tables), month="2024-06", settings=few)
    rows = {row["place"]: row for row in aimed.table.to_dicts()}
    assert (rows["others (2)"]["member_count"], rows["others (2)"]["sales"]) == (7, 64.0)
    assert rows["others (1), no target"]["sales"] is None  # s3 alone has no target, and there is nothing to put it with
    said = " ".join(map(str, aimed.notes))
    assert "1 store without a target (s3): not in the gap." in said
    assert "no figures for others (1), no target" in said
    assert "in the smaller stores together" in aimed.headline
    assert aimed.figures["month_sales"] == 64.0
