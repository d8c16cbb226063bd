"""review.wall: a day typed by hand beside two weeks before it, every figure checked by eye."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.shop import AS_OF, make_workspace
from toolkit.review import wall
from toolkit.workspace import Workspace

DAY = datetime.combine(AS_OF, datetime.min.time())
BUSY = 12


def line(order: str, at: datetime, amount: float, store: str = "s1", member: str | None = None, quantity: float = 1.0) -> dict:
    return {
        "member_id": member, "order_id": order, "store_id": store, "product_id": "milk", "ordered_at": at, "quantity": quantity,
        "amount": amount, "discount_amount": 0.0, "coupon_amount": 0.0, "channel": None,
    }  # fmt: skip


def shop(folder: Path, *, stamped: bool = True) -> Workspace:
    """Today until 12:30: s1 sells 10 at 9 and 20 at 12 (and takes 5 back), s2 nothing. A week ago 8 and 12, and 100 at 12:31, which is not
    yet; two weeks ago 4; and a third store that sold then alone. s2 sold in each of those weeks 12 times between 11 and 12:30."""
    rows = [line("a", DAY + timedelta(hours=9), 10.0), line("b", DAY + timedelta(hours=12, minutes=30), 20.0, member="anna", quantity=3)]
    rows += [line("c", DAY + timedelta(hours=12), -5.0, quantity=-1)]
    before = DAY - timedelta(days=7)
    rows += [line("d", before + timedelta(hours=9), 8.0), line("e", before + timedelta(hours=12, minutes=30), 12.0)]
    rows += [line("f", before + timedelta(hours=12, minutes=31), 100.0), line("x", DAY - timedelta(days=1), 7.0)]
    rows += [line("g", DAY - timedelta(days=14) + timedelta(hours=11), 4.0, store="s3")]
    rows += [line(f"m{who}", DAY - timedelta(days=30), 9.0, member=f"m{who}") for who in range(12)]  # so that there is somebody to speak of
    for week in (1, 2):
        at = DAY - timedelta(days=7 * week) + timedelta(hours=11)
        rows += [line(f"h{week}{place}", at + timedelta(minutes=5 * place), 1.0, store="s2") for place in range(BUSY)]
    lines = pl.DataFrame(rows, schema_overrides={"ordered_at": pl.Datetime("us"), "member_id": pl.String, "channel": pl.String})
    if not stamped:
        lines = lines.with_columns(pl.col("ordered_at").dt.truncate("1d"))
    hours = {"s1": {9: 40, 12: 60, 13: 99}, "s2": {9: 30}}
    traffic = [
        {"store_id": store, "counted_at": DAY + timedelta(hours=hour), "visitors": n}
        for store, came in hours.items()
        for hour, n in came.items()
    ]
    tables = {
        "traffic": pl.DataFrame(traffic, schema_overrides={"counted_at": pl.Datetime("us")}),
        "sales_targets": pl.DataFrame({"store_id": ["s1", "s2"], "month": [AS_OF.replace(day=1)] * 2, "target_amount": [20_000, 10_000]}),
    }
    return make_workspace(folder / "ws", lines, tables)


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return shop(tmp_path_factory.mktemp("wall"))


def test_the_day_stands_beside_the_same_hours_of_past_weeks(ws: Workspace) -> None:
    answer = wall(ws)
    figures = answer.figures
    assert (figures["sales"], figures["order_count"], figures["order_value"], figures["units_per_order"]) == (25.0, 2, 15.0, 2.0)
    # a week ago 8 + 12 + 12 (s2), two weeks ago 4 + 12: what was sold a minute later than now is not compared with
    assert figures["usual_sales"] == (32 + 16) / 2
    assert figures["sales_change"] == pytest.approx(25 / 24 - 1)
    assert figures["visitors"] == 40 + 60 + 30, "those of an hour that has not begun are not there yet"
    assert answer.table.select("hour", "visitors", "order_count", "sales", "usual_sales", "sales_so_far", "usual_so_far").rows() == [
        ("09:00", 70, 1, 10.0, 4.0, 10.0, 4.0), ("11:00", None, 0, 0.0, 14.0, 10.0, 18.0), ("12:00", 60, 1, 15.0, 6.0, 25.0, 24.0),
    ]  # fmt: skip
    assert answer.table["order_rate"].to_list() == [1 / 70, None, 1 / 60]
    assert "by 12:30" in answer.headline


def test_stores_are_ranked_and_a_silent_one_is_named(ws: Workspace) -> None:
    answer = wall(ws, by="store")
    assert answer.table.select("place", "store_id", "sales", "usual_sales").rows() == [
        (1, "s1", 25.0, 10.0),
        (2, "s2", 0.0, 12.0),
        (3, "s3", 0.0, 2.0),
    ]
    alarms = [note.text for note in answer.notes if note.verdict == "REVIEW"]
    assert any("Store s2 sold nothing in the last 2 hours, where 12 orders are usual" in said for said in alarms)
    assert not any("Store s3" in said for said in alarms), "half an order is expected there: silence is no news"
    only = wall(ws, store_id="s1").figures
    assert (only["sales"], only["usual_sales"], only["visitors"]) == (25.0, 20.0, 100), "no weeks in which the store was shut"


def test_a_target_falls_on_days_and_hours_as_sales_did(ws: Workspace) -> None:
    figures = wall(ws).figures
    # Sales of s1 and s2 in the two weeks before: 144 on Sundays (132 + 12; by 12:30 44 of them), 7 on a Saturday; June 2024 has five of both.
    of_day = 300.0 * 144 / (5 * 144 + 5 * 7)
    assert figures["target_sales"] == pytest.approx(of_day * 44 / 144)
    assert figures["target_rate"] == pytest.approx(25 / figures["target_sales"])


def test_receipts_without_times_are_compared_as_whole_days(tmp_path: Path) -> None:
    answer = wall(shop(tmp_path, stamped=False))
    assert answer.figures["usual_sales"] == (132 + 16) / 2
    assert answer.figures["visitors"] == 229
    assert any("no times" in note.text for note in answer.notes)
    assert " by " not in answer.headline.split(",")[1]


def test_what_cannot_be_told_is_said(ws: Workspace) -> None:
    assert wall(ws, audience="order_count > 0").table.is_empty()
    first = wall(ws, as_of=(AS_OF - timedelta(days=14)).isoformat())
    assert "usual_sales" not in first.figures
    assert any(note.verdict == "NOT MEASURED" and "no past week" in note.text for note in first.notes)
    nothing = wall(ws, as_of=(AS_OF - timedelta(days=3)).isoformat())
    assert "nothing was sold" in nothing.headline
