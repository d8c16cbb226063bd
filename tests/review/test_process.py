"""Process: counts by hand, stores that give out nothing, goals, and campaigns that cannot be compared."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.portrait.pictures import spec_of
from tests.review.small_campaign import END, START, campaign_tables, small_campaign
from toolkit.errors import DataError, UnknownName
from toolkit.review.measures.alarms import shop_target, store_redeemers
from toolkit.review.measures.case import open_case
from toolkit.review.process import process
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small_campaign(tmp_path_factory.mktemp("shop") / "ws")


def test_days_by_hand(shop: Workspace) -> None:
    answer = process(shop, campaign_id="C1")
    # 15 of 60 buy on an ordinary day; on day 3 all 60 buy once more, of whom 15 come anyway.
    rows = answer.table.to_dicts()
    assert len(rows) == 28
    assert (rows[0]["day"], rows[0]["buyer_count"], rows[0]["order_count"], rows[0]["sales"], rows[0]["order_value"]) == (
        START,
        15,
        15,
        150.0,
        10.0,
    )
    third = rows[3]
    assert (third["buyer_count"], third["order_count"], third["sales"]) == (60, 75, 15 * 10.0 + 60 * 12.0)
    assert (third["units_per_order"], third["redemption_count"]) == ((15 + 120) / 75, 30)
    assert (third["control_buyer_count"], third["control_order_count"], third["control_sales"]) == (15.0, 15.0, 150.0)
    last = rows[-1]
    assert (last["sales_so_far"], last["control_sales_so_far"]) == (28 * 150.0 + 4 * 720.0, 28 * 150.0)
    assert (last["lead_sales"], last["redemptions_so_far"]) == (2880.0, 120)
    assert answer.headline == (
        "Campaign C1 'May coupon' after 28 days: 60 treated members made 660 orders, €118.00 each; those held out €70.00 each; 30 (50.0%) redeemed "
        "(n = 60 treated, 60 held out at random). What it changed is another question: 'What did the campaign change?'"
    )
    spec = spec_of(answer)
    assert {row["panel"] for row in next(iter(spec.get("datasets", {"": spec["data"].get("values")}).values()))} >= {
        "Customers",
        "Sales so far",
    }


def test_while_it_runs_nothing_later_is_seen(shop: Workspace) -> None:
    day = START + timedelta(days=4)
    answer = process(shop, campaign_id="C1", as_of=day.isoformat())
    assert answer.table["day"].max() == day
    assert answer.headline.startswith("Campaign C1 'May coupon' on day 5 of 28:")
    assert answer.table["redemptions_so_far"][-1] == 30


def test_by_store_and_touchpoint(shop: Workspace) -> None:
    stores = {row["store_id"]: row for row in process(shop, campaign_id="C1", by="store").table.to_dicts()}
    assert stores["s1"]["sales"] == 30 * 118.0
    assert stores["s1"]["control_sales"] == 30 * 70.0
    assert (stores["s1"]["buyer_count"], stores["s1"]["redeemer_count"], stores["s1"]["expected_redeemers"]) == (30, 15, 15.0)
    points = {row["touchpoint"]: row for row in process(shop, campaign_id="C1", by="touchpoint").table.to_dicts()}
    assert (points["mail"]["member_count"], points["app"]["member_count"], points["(control)"]["member_count"]) == (20, 40, 60)
    assert (points["mail"]["sales_per_member"], points["(control)"]["sales_per_member"], points["mail"]["contacted_count"]) == (
        118.0,
        70.0,
        20,
    )


def test_a_store_that_gives_out_no_coupon(tmp_path: Path) -> None:
    tables = campaign_tables(redeem_in=("s1",))
    ws = small_campaign(tmp_path / "ws", redemptions=tables["redemptions"])
    notes = [str(note) for note in process(ws, campaign_id="C1").notes]
    found = [note for note in notes if "gives out none" in note]
    assert len(found) == 1
    assert found[0].startswith("REVIEW: Store s2 gives out none: of 30 treated buyers there, some 15 would have redeemed as elsewhere")
    chances = store_redeemers(open_case(open_view(ws), "C1"))
    assert chances.filter(pl.col("store_id") == "s2")["chance"].item() == pytest.approx(2 * 0.5**30)


def test_in_a_store_and_order_ids(tmp_path: Path) -> None:
    # With order_id the store is that of the order; an id that is not of the member's is passed over.
    tables = campaign_tables()
    ws = small_campaign(tmp_path / "ws", redemptions=tables["redemptions"].with_columns(order_id=pl.lit("nonsense")))
    answer = process(ws, campaign_id="C1", store_id="s1")
    assert answer.table["sales_so_far"][-1] == 30 * 118.0
    assert "15 (50.0%) redeemed" in answer.headline


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"redemptions": None}, "the shop has no redemptions table"),
        ({"contacts": campaign_tables()["contacts"].filter(pl.col("arm") == "treated")}, "NOT RANDOMISED"),
        ({"contacts": pl.concat([campaign_tables()["contacts"].filter(pl.col("arm") == "treated"), campaign_tables()["contacts"].tail(3)])}, "Fewer than 10 members to compare with"),
        ({"contacts": campaign_tables()["contacts"].head(5)}, "Too few members"),
        ({"campaigns": campaign_tables(randomised=None)["campaigns"]}, "NOT RANDOMISED"),
    ],
)  # fmt: skip
def test_bad_input_is_said(tmp_path: Path, change: dict, said: str) -> None:
    answer = process(small_campaign(tmp_path / "ws", **change), campaign_id="C1")
    assert said in " ".join([answer.headline, *map(str, answer.notes)])


def test_names_and_days(shop: Workspace) -> None:
    with pytest.raises(UnknownName, match="campaign 'C11'; did you mean 'C1'"):
        process(shop, campaign_id="C11")
    with pytest.raises(DataError, match="starts on 2024-05-06, after as_of 2024-05-01"):
        process(shop, campaign_id="C1", as_of="2024-05-01")
    assert process(shop).headline.startswith("Campaign C1")


def test_sales_targets_of_these_days(tmp_path: Path) -> None:
    months = pl.DataFrame({"store_id": ["s1", "s1"], "month": [date(2024, 5, 1), date(2024, 6, 1)], "target_amount": [310_000, 600_000]})
    ws = small_campaign(tmp_path / "ws", sales_targets=months)
    case = open_case(open_view(ws), "C1")
    note = str(shop_target(case.view, case.seen)[0])
    # 26 of 31 days of May and 2 of 30 of June: 2,600 + 400 wanted; 80 members in s1 buy 7 times for 10.00, 30 treated four times for 12.00.
    assert "€7,040, €4,040 ahead of the €3,000" in note
    assert case.seen.end == END
