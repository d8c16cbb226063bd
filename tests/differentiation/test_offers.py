"""Offers replayed: by hand on four members, and against a loop over the receipts on a shop of thirty."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.shop import AS_OF, make_workspace, random_lines, random_products
from toolkit.differentiation.measures.amounts import round_amount
from toolkit.differentiation.measures.replays import read_offers
from toolkit.differentiation.methods.coupon import coupon
from toolkit.differentiation.methods.discount import discount
from toolkit.differentiation.methods.full_reduction import full_reduction
from toolkit.differentiation.methods.member_day import member_day
from toolkit.differentiation.methods.service import service
from toolkit.differentiation.offers import offers
from toolkit.errors import BadValue, UnknownName
from toolkit.workspace import Workspace

FEW = {"scope": {"minimum_members": 1}}
JUNE = {"period": "2024-06-01..2024-06-30", "settings": FEW}
ALL = [full_reduction, coupon, discount, member_day, service, offers]

_BASKETS = """
  m1 2024-06-03 tea    65.00
  m1 2024-06-08 tea    51.00
  m2 2024-06-12 tea   120.00
  m3 2024-06-30 coffee 10.00
  m3 2024-06-29 coffee -10.00
  m4 2024-03-04 tea    50.00
  -  2024-06-05 tea   100.00
"""


@pytest.fixture(scope="module")
def june(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Four members, everything at 1.00 a piece and at a cost of .75: a margin of 25%."""
    rows = [line.split() for line in _BASKETS.splitlines() if line.strip()]
    lines = pl.DataFrame(
        [
            {"member_id": None if who == "-" else who, "order_id": f"o{place}", "store_id": "s1", "product_id": good,
             "ordered_at": datetime.fromisoformat(day), "quantity": float(amount), "amount": float(amount), "discount_amount": 0.0, "coupon_amount": 0.0, "channel": None}
            for place, (who, day, good, amount) in enumerate(rows)
        ],
        schema_overrides={"ordered_at": pl.Datetime("us"), "channel": pl.String},
    )  # fmt: skip
    products = pl.DataFrame({"product_id": ["tea", "coffee"], "category": ["TEA", "COFFEE"], "unit_cost": [75, 75]})
    ws = make_workspace(
        tmp_path_factory.mktemp("june") / "ws", lines.with_columns(pl.col("member_id").replace("-", None)), {"products": products}
    )
    with ws.writing():
        ws.commit(line_columns=("discount_amount",))  # as from a shop that says nothing of coupons
    return ws


@pytest.fixture(scope="module")
def thirty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, pl.DataFrame]:
    lines = random_lines(4, lines=3_000)
    return make_workspace(tmp_path_factory.mktemp("thirty") / "ws", lines, {"products": random_products()}), lines


def test_full_reduction_by_hand(june: Workspace) -> None:
    answer = full_reduction(june, thresholds=60, reductions=10, as_of=AS_OF, **JUNE)
    (row,) = answer.table.iter_rows(named=True)
    # 65 and 120 get it anyway; 51 lacks 9 of the 12 allowed; 10 off 60 is 16.7%, so a sixth of them responds
    assert (row["free_rider_count"], row["within_reach_count"], row["free_rider_share"]) == (2, 1, 0.5)
    assert row["response_share"] == pytest.approx(1 / 6)
    assert row["cost_amount"] == pytest.approx(20 + 10 / 6)
    assert row["extra_sales"] == pytest.approx(1.5)
    assert row["net_amount"] == pytest.approx(0.25 * 1.5 - 20 - 10 / 6)
    assert row["break_even_share"] == pytest.approx((20 + 10 / 6) / (0.25 * 246))
    assert row["break_even_rate"] is None
    assert row["at_stake_amount"] == pytest.approx(0.25 * 185)
    said = " ".join(str(note) for note in answer.notes)
    assert "accounting" in said
    assert "1 receipt without a paid basket" in said
    assert "offers.response_share" in said
    assert "Margin: 25.0%" in said
    assert "Doing nothing is better" in answer.headline
    often = full_reduction(june, thresholds=60, reductions=10, repeat="every", as_of=AS_OF, **JUNE).table.row(0, named=True)
    assert often["cost_amount"] == pytest.approx(30 + 10 / 6)  # 120.00 twice


def test_coupon_by_hand(june: Workspace) -> None:
    answer = coupon(june, value=5, minimum=60, as_of=AS_OF, **JUNE)
    (row,) = answer.table.iter_rows(named=True)
    # Nothing tells who redeems: a tenth of all. m1 and m2 would use it anyway; m4, not seen in June, would come with 60 instead of 50
    assert (row["contact_count"], row["free_rider_count"], row["within_reach_count"]) == (4, 2, 1)
    assert row["would_redeem_count"] == pytest.approx(0.2)
    depth = 5 / 61.5  # of the mean basket
    assert row["response_share"] == pytest.approx(depth)
    assert row["cost_amount"] == pytest.approx(1 + 0.5 * depth)
    assert row["net_amount"] == pytest.approx(0.25 * 6 * depth - 1 - 0.5 * depth)
    assert any("offers.redemption_share" in str(note) for note in answer.notes)
    half = coupon(june, value=5, minimum=60, reach=0.5, as_of=AS_OF, **JUNE).table.row(0, named=True)
    assert (half["contact_count"], half["cost_amount"]) == (2, pytest.approx(row["cost_amount"] / 2))
    free = coupon(june, value=5, minimum=0, as_of=AS_OF, **JUNE).table.row(0, named=True)
    assert free["free_rider_count"] == 3


def test_discount_by_hand(june: Workspace) -> None:
    answer = discount(june, depth=0.1, as_of=AS_OF, **JUNE)
    (tea,) = answer.table.iter_rows(named=True)  # coffee was bought for nothing in all: it came back
    assert (tea["category"], tea["sales"], tea["free_rider_count"], tea["within_reach_count"]) == ("TEA", 236, 2, 0)
    assert tea["cost_amount"] == pytest.approx(23.6)
    assert tea["break_even_share"] == pytest.approx(0.1 / 0.15)
    deep = discount(june, depth=0.25, category="tea", as_of=AS_OF, **JUNE)
    assert deep.table["break_even_share"].to_list() == [None]
    assert "no rise of its sales is enough" in deep.headline


def test_member_day_by_hand(june: Workspace) -> None:
    answer = member_day(june, weekday="mon", as_of=AS_OF, **JUNE)
    monday = answer.table.filter(pl.col("weekday") == "Monday").row(0, named=True)
    # m1 comes on a Monday, and 51.00 on the Saturday lies within two days of the next one; m2 only on a Wednesday, m3 on a Sunday
    assert (monday["days_held"], monday["free_rider_count"]) == (4, 1)
    assert monday["moved_sales"] == pytest.approx(0.1 * (51 + 120 + 10) - 1)  # 10.00 on 30 June: the next Monday is in July
    assert answer.table["weekday"].to_list() == ["Monday", "Wednesday", "Saturday", "Sunday"]
    assert "Tuesday, Thursday and Friday" in " ".join(str(note) for note in answer.notes)
    rare = member_day(june, weekday="3", every_weeks=4, as_of=AS_OF, **JUNE).table.filter(pl.col("weekday") == "Wednesday")
    assert rare["days_held"].to_list() == [1]


def brute(lines: pl.DataFrame, keep: dict, first: date, thresholds: list[float], reductions: list[float]) -> list[tuple]:
    """The grid by a loop over receipt lines: free riders, within reach and cost in minor units."""
    amounts: dict[tuple, int] = defaultdict(int)
    orders: dict[tuple, bool] = defaultdict(bool)
    for row in lines.iter_rows(named=True):
        if row["member_id"] is None or row["ordered_at"].date() < first or any(row[name] not in values for name, values in keep.items()):
            continue
        key = row["order_id"], row["store_id"]
        amounts[key] += round(row["amount"] * 100)
        orders[key] |= row["quantity"] > 0 or (row["quantity"] == 0 and row["amount"] > 0)
    baskets = [amount for key, amount in amounts.items() if orders[key] and amount > 0]
    found = []
    for x in thresholds:
        for y in reductions:
            near = [amount for amount in baskets if 0.8 * x * 100 <= amount < x * 100]
            free = sum(amount >= x * 100 for amount in baskets)
            found.append((free, len(near), free * y + min(1, y / x) * len(near) * y))
    return found


@pytest.mark.parametrize(
    ("scope", "keep"),
    [({}, {}), ({"store_id": "s1"}, {"store_id": ["s1"]}), ({"audience": ["m00", "m01", "m02"]}, {"member_id": ["m00", "m01", "m02"]})],
    ids=["chain", "store", "audience"],
)
def test_the_grid_agrees_with_a_loop(thirty: tuple[Workspace, pl.DataFrame], scope: dict, keep: dict) -> None:
    ws, lines = thirty
    answer = full_reduction(ws, thresholds="3, 5, 8", reductions=[0.5, 1, 2], period="200d", as_of=AS_OF, settings=FEW, **scope)
    expected = brute(lines, keep, AS_OF - timedelta(days=199), [3, 5, 8], [0.5, 1, 2])
    found = answer.table.select("free_rider_count", "within_reach_count", "cost_amount").rows()
    assert [row[:2] for row in found] == [row[:2] for row in expected]
    assert [row[2] for row in found] == pytest.approx([row[2] for row in expected], abs=0.005)


@pytest.mark.parametrize("ask", ALL, ids=lambda ask: ask.name)
@pytest.mark.parametrize("scope", [{}, {"store_id": "s2"}, {"audience": "order_count > 20"}], ids=["chain", "store", "audience"])
def test_every_question_answers_every_scope(thirty: tuple[Workspace, pl.DataFrame], ask, scope: dict) -> None:
    ws, _ = thirty
    answer = ask(ws, as_of=AS_OF, settings=FEW, **scope)
    assert answer.headline
    assert any(note.verdict == "NOT MEASURED" and "margin" in note.text for note in answer.notes) or ask is service
    if answer.chart is not None:
        answer.chart.to_dict()
    if answer.table.height:
        assert answer.table["net_amount"].null_count() == answer.table.height  # no unit cost: no net
    if scope:
        return
    assumed = ask(ws, as_of=AS_OF, settings=FEW | {"offers": {"margin_share": 0.3}})
    if assumed.table.height:
        assert assumed.table["net_amount"].null_count() == 0
        assert any("assumed" in note.text and note.verdict == "REVIEW" for note in assumed.notes)
    assert all(column.heading for column in answer.columns)


def test_without_a_margin_the_break_even_is_stated_for_named_ones(thirty: tuple[Workspace, pl.DataFrame]) -> None:
    ws, _ = thirty
    notes = " ".join(str(note) for note in full_reduction(ws, as_of=AS_OF, settings=FEW).notes)
    assert "at a margin of 20%" in notes
    assert "assume a margin (setting offers.margin_share, such as 0.25)" in notes


@pytest.mark.parametrize(
    ("ask", "given", "said"),
    [
        (full_reduction, {"thresholds": "-5"}, "above 0"),
        (full_reduction, {"thresholds": "thirty, 60", "reductions": "x"}, "'thirty' is no number"),
        (full_reduction, {"thresholds": 30, "reductions": 40}, "not below the largest threshold"),
        (full_reduction, {"thresholds": "0.001"}, "smallest unit"),
        (full_reduction, {"budget": 0}, "budget is 0"),
        (full_reduction, {"thresholds": "nan"}, "above 0"),
        (coupon, {"value": 10, "minimum": 5}, "the basket would be free"),
        (coupon, {"reach": 20}, "type 0.2"),
        (coupon, {"minimum": -1}, "0 or more"),
        (discount, {"depth": 10}, "type 0.1"),
        (discount, {"depth": 0}, "above 0"),
        (member_day, {"weekday": "Wendsday"}, "did you mean Wednesday"),
        (member_day, {"weekday": "t"}, "weekday is 't'"),
        (member_day, {"every_weeks": 0}, "every week"),
        (member_day, {"weekday": "tue"}, "nothing was sold on a Tuesday"),
        (service, {"trade_in": -3}, "0 or more"),
        (offers, {"compare": "full_reduction 60/10, rebate 5"}, "no known method"),
        (offers, {"compare": ["coupon 5", "coupon 5"]}, "came twice"),
        (offers, {"compare": "coupon 5 from 30 on TEA"}, "whole baskets"),
        (offers, {"budget": -1}, "budget is -1"),
    ],
)
def test_wrong_input_is_answered_in_a_sentence(june: Workspace, ask, given: dict, said: str) -> None:
    with pytest.raises(BadValue, match=said):
        ask(june, as_of=AS_OF, **JUNE, **given)


def test_unknown_categories(june: Workspace) -> None:
    for ask, given in ((discount, {"category": "TEE"}), (offers, {"compare": "discount 10% on TEE"})):
        with pytest.raises(UnknownName, match="did you mean 'TEA'"):
            ask(june, as_of=AS_OF, **JUNE, **given)


@pytest.mark.parametrize("ask", ALL, ids=lambda ask: ask.name)
def test_nobody_with_a_basket(june: Workspace, ask) -> None:
    answer = ask(june, audience=["m4"], as_of=AS_OF, **JUNE)
    assert "nothing to" in answer.headline
    assert answer.table.is_empty()
    assert answer.notes[0].verdict == "NOT MEASURED"


def test_a_budget_that_nothing_fits(june: Workspace) -> None:
    answer = full_reduction(june, thresholds=60, reductions=10, budget=5, as_of=AS_OF, **JUNE)
    assert "fits a budget of €5.00" in answer.headline
    assert "€21.67" in answer.headline


def test_offers_side_by_side(june: Workspace) -> None:
    answer = offers(june, compare="full_reduction 60/10, discount 10% on TEA, member_day mon 10%, coupon 5 from 60", as_of=AS_OF, **JUNE)
    found = {row["method"]: row for row in answer.table.iter_rows(named=True)}
    assert found["full_reduction"]["net_amount"] == pytest.approx(0.25 * 1.5 - 20 - 10 / 6)
    assert found["discount"]["cost_amount"] == pytest.approx(23.6)
    assert {row["contact_count"] for row in found.values()} == {4}
    assert answer.headline.count("coupon 5 from 60") == 1


def test_texts_of_offers() -> None:
    assert [offer.text for offer in read_offers("discount 10% on MILK, FRESH, coupon 5 from 30")] == [
        "discount 10% on MILK, FRESH",
        "coupon 5 from 30",
    ]
    assert read_offers("") == []
    assert [round_amount(number) for number in (5_741, 149, 0.2, 99)] == [6_000, 150, 1, 100]


def test_empty_shop_of_members(tmp_path: Path) -> None:
    lines = random_lines(1, lines=40).with_columns(pl.lit("m00").alias("member_id"))
    ws = make_workspace(tmp_path / "ws", lines, {"products": random_products()})
    assert full_reduction(ws, as_of=AS_OF, period="400d", settings=FEW).table.height > 0


def test_a_discount_is_told_from_as_many_buyers_as_may_be_spoken_of(june: Workspace) -> None:
    def told(least: int) -> bool:
        settings = {"scope": {"minimum_members": least}}
        return not offers(june, compare="discount 10% on TEA", period=JUNE["period"], settings=settings).table.is_empty()

    assert told(2)  # m1 and m2 bought tea in June
    assert not told(3)
