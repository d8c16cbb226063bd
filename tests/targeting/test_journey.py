"""targeting.journey and looked_not_bought: a hand-made shop of events by eye, nulls, and shops without the tables."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.portrait.pictures import spec_of
from tests.shop import AS_OF, make_workspace
from toolkit.targeting.journey import journey
from toolkit.targeting.looked_not_bought import looked_not_bought
from toolkit.workspace import Workspace


def at(ago: int, hour: int) -> datetime:
    return datetime.combine(AS_OF - timedelta(days=ago), time(hour))


def shop(
    path: Path, *, events: bool = True, contacts: bool = True, members: bool = True, also: tuple[tuple[object, ...], ...] = ()
) -> Workspace:
    """12 members bought cheap milk 200 and 20 days ago at noon; all but the last look on the app 20 days ago in the morning, 6 with a cart.

    All look at dear perfume 40 and 30 days ago and never buy it; the last one bought dear milk instead. m00 looks again after AS_OF.
    m01 searches toys twice with no product, m02 looks at soap once. `also`: more events.
    """
    rows = [
        (f"m{who:02d}", ago, "dear milk" if who == 11 else "milk", 6.0 if who == 11 else 2.0) for who in range(12) for ago in (200, 20, 0)
    ]
    rows += [("rich", 100, "perfume", 30.0), ("rich", 100, "cheap perfume", 10.0), ("rich", 100, "toy", 5.0), ("rich", 100, "soap", 5.0)]
    lines = pl.DataFrame(
        [
            {"member_id": who, "order_id": f"o{who}-{ago}", "store_id": "s1", "product_id": product, "ordered_at": at(ago, 12),
             "quantity": 1.0, "amount": amount, "discount_amount": 0.0, "coupon_amount": 0.0}
            for who, ago, product, amount in [*rows, (None, 10, "milk", 2.0)]
        ], schema_overrides={"member_id": pl.String},
    ).with_columns(pl.lit(None, pl.String).alias("channel"), pl.col("ordered_at").cast(pl.Datetime("us")))  # fmt: skip
    tables = {
        "products": pl.DataFrame(
            [("milk", "dairy"), ("dear milk", "dairy"), ("perfume", "perfume"), ("cheap perfume", "perfume"), ("toy", "toys"),
             ("soap", "care")],
            schema=["product_id", "category"], orient="row",
        )
    }  # fmt: skip
    seen = [(f"m{who:02d}", at(20, 9), "view", "app", "milk", None) for who in range(11)]
    seen += [(f"m{who:02d}", at(20, 10), "Cart", "app", "milk", None) for who in range(6)]
    seen += [(f"m{who:02d}", at(ago, 9), "view", "web", "perfume", None) for who in range(12) for ago in (40, 30)]
    seen += [("m00", at(-3, 9), "view", "web", "soap", None), ("m02", at(30, 9), "favourite", None, "soap", None)]
    seen += [("m01", at(ago, 8), "search", "web", None, "toys") for ago in (50, 45)] + [
        ("stranger", at(20, 9), "view", "app", "milk", None),
        *also,
    ]
    if events:
        tables["events"] = pl.DataFrame(
            seen,
            schema={"member_id": pl.String, "occurred_at": pl.Datetime("us"), "kind": pl.String, "touchpoint": pl.String,
                    "product_id": pl.String, "category": pl.String}, orient="row",
        )  # fmt: skip
    if contacts:
        tables["contacts"] = pl.DataFrame(
            [("c1", f"m{who:02d}", "treated" if who < 11 else "control", "mail", at(22, 8), at(21, 8) if who < 10 else None)
             for who in range(12)],
            schema={"campaign_id": pl.String, "member_id": pl.String, "arm": pl.String, "touchpoint": pl.String,
                    "contacted_at": pl.Datetime("us"), "opened_at": pl.Datetime("us")}, orient="row",
        )  # fmt: skip
    if members:
        tables["members"] = pl.DataFrame(
            {"member_id": [f"m{who:02d}" for who in range(12)] + ["late"],
             "joined_on": [date(2024, 6, 1)] * 3 + [date(2020, 1, 1)] * 9 + [date(2024, 6, 2)],
             "contactable": [True] * 12 + [None]}
        )  # fmt: skip
    return make_workspace(path / "ws", lines, tables)


FEW = {"scope": {"minimum_members": 2}}


def test_the_funnel_by_eye(tmp_path: Path) -> None:
    ws = shop(tmp_path)
    answer = journey(ws, settings=FEW)
    app = answer.table.filter(touchpoint="app").select("step", "visit_count", "member_count", "later_order_share")
    assert app.rows() == [("visit", 11, 11, 1.0), ("look", 11, 11, 1.0), ("cart", 6, 6, 1.0), ("order the same day", 6, 6, 1.0)]
    web = answer.table.filter(touchpoint="web").row(0, named=True)
    assert (web["visit_count"], web["member_count"], web["later_order_share"]) == (26, 12, 0.0)
    mail = answer.table.filter(touchpoint="message: mail")
    assert mail.select("step", "visit_count").rows() == [("sent", 11), ("opened", 10)]
    assert mail["later_order_share"].to_list() == [1.0, 1.0]
    assert "15.8% of 38 visits by 12 members ended in an order the same day" in answer.headline
    assert any("fewer than 2 members" in str(note) for note in answer.notes), "the visit with no touchpoint is one member's"
    assert answer.notes[0].verdict == "REVIEW"
    assert spec_of(answer)["title"]["text"] == "From visit to order: the chain"


def test_an_order_of_other_goods_is_not_the_carts(tmp_path: Path) -> None:
    perfume = ("m06", at(20, 10), "cart", "app", "perfume", None)
    milk_too = ("m00", at(20, 10), "cart", "app", "perfume", None)
    unnamed = ("m07", at(20, 10), "cart", "app", None, None)
    of_category = ("m08", at(20, 10), "cart", "app", "dear milk", None)
    answer = journey(shop(tmp_path, also=(perfume, milk_too, unnamed, of_category)), settings=FEW)
    steps = answer.table.filter(touchpoint="app").select("step", "visit_count").rows()
    assert steps[2:] == [("cart", 9), ("order the same day", 8)], "all nine bought milk that day; m06 wanted perfume alone"


def test_last_touch_by_eye(tmp_path: Path) -> None:
    ws = shop(tmp_path)
    table = journey(ws, show="last_touch", settings=FEW).table
    # 24 orders in the window: 11 after the app on the same day, all others untouched (m11 was a control and did not look).
    assert table.select("touchpoint", "order_count", "sales").rows() == [("app", 11, 22.0), ("none seen", 13, 34.0)]
    assert table["order_share"].sum() == pytest.approx(1)
    only = journey(shop(tmp_path / "b", events=False), show="last_touch", settings=FEW)
    assert only.table["touchpoint"].to_list() == ["message: mail", "none seen"]
    assert any(note.verdict == "NOT MEASURED" for note in only.notes)


def test_segments_and_joining(tmp_path: Path) -> None:
    ws = shop(tmp_path)
    segment = journey(ws, show="segment", settings=FEW)
    assert segment.table["visitor_count"].sum() == 12
    joining = journey(ws, show="joining", settings=FEW).table
    assert joining.select("step", "count").rows() == [
        ("orders of everybody", 25),
        ("orders of members", 24),
        ("members who joined", 4),
        ("joined and ordered", 3),
        ("joined and ordered twice", 3),
    ]
    without = journey(shop(tmp_path / "b", members=False), show="joining", settings=FEW)
    assert without.table.height == 2
    assert any("no `joined_on` column" in str(note) for note in without.notes)


def test_looked_not_bought_by_eye(tmp_path: Path) -> None:
    ws = shop(tmp_path)
    answer = looked_not_bought(ws, settings={"scope": {"minimum_members": 1}})
    row = answer.table.row(0, named=True)
    assert (row["category"], row["looker_count"], row["not_bought_count"]) == ("perfume", 12, 12)
    # Perfume at 30 against a usual 20 is 1.5; cheap milk at 2 against 14/6 is .86, dear milk at 6 is 2.57: m11 pays more than he looks at.
    assert (row["price_count"], row["range_count"], row["unknown_count"]) == (11, 1, 0)
    assert row["looked_price_index"] == pytest.approx(1.5)
    members = looked_not_bought(ws, show="member", settings=FEW).table
    assert members.filter(category="toys").row(0, named=True)["reason"] == "not known"
    assert members.filter(category="toys")["looked_price_index"].to_list() == [None]
    assert "care" not in members["category"], "one look is a glance; one after as_of is not seen"
    assert "dairy" not in members["category"], "bought on the day of the look"
    assert members.filter(member_id="m11")["reason"].to_list() == ["range"]
    assert members["contactable"].to_list() == [True] * members.height
    assert spec_of(answer)["title"]["text"] == "Looked, did not buy: the chain"


@pytest.mark.parametrize("question", [journey, looked_not_bought])
def test_no_events_table(tmp_path: Path, question) -> None:
    answer = question(shop(tmp_path, events=False, contacts=False))
    assert "no `events` table" in answer.headline
    assert answer.notes[0].verdict == "NOT MEASURED"
    assert answer.table.is_empty()
    assert answer.chart is None
    if question is journey:
        for show in ("last_touch", "segment"):
            assert "no `events` table" in journey(shop(tmp_path / show, events=False, contacts=False), show=show).headline
