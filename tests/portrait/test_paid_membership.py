"""Paid memberships, prepaid accounts and benefits, on tables that can be counted by eye."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import toolkit as tk
from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit.portrait.membership.granted import matched
from toolkit.portrait.membership.like_others import around_a_day
from toolkit.portrait.membership.paid_terms import laid_out, renewals
from toolkit.portrait.membership.prepaid import ages, months, prepaid
from toolkit.workspace import Workspace

ONE: dict[str, Any] = {"settings": {"scope": {"minimum_members": 1}}}


def entries(*rows: tuple[str, str, str, int]) -> pl.DataFrame:
    """Entries of prepaid accounts, money in cents."""
    frame = pl.DataFrame(rows, schema=["member_id", "entered_at", "kind", "stored_amount"], orient="row")
    return frame.with_columns(pl.col("entered_at").str.to_datetime("%Y-%m-%d").cast(pl.Datetime("us")))


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    memberships = pl.DataFrame(
        [
            ("anna", date(2024, 1, 1), date(2024, 1, 31), 200),
            ("anna", date(2024, 2, 10), date(2024, 3, 9), 200),
            ("ben", date(2024, 5, 1), date(2024, 5, 31), 200),
            ("dora", date(2024, 6, 1), date(2024, 6, 30), 200),
            ("dora", date(2024, 6, 5), date(2024, 6, 9), 100),
            ("zoe", date(2023, 7, 1), date(2024, 6, 30), 900),
        ],
        schema=["member_id", "valid_from", "valid_until", "fee"],
        orient="row",
    )
    stored = entries(
        ("anna", "2023-06-01", "loaded", 1000), ("anna", "2024-01-11", "spent", 600), ("ben", "2024-05-05", "loaded", 500),
        ("ben", "2024-05-05", "spent", 500), ("cleo", "2024-03-03", "spent", 250), ("cleo", "2024-04-03", "loaded", 100),
        ("emil", "2024-06-29", "loaded", 700), ("emil", "2024-06-30", "spent", 1),
    )  # fmt: skip
    benefits = pl.DataFrame(
        [("anna", "2024-01-11", "coffee", 30), ("anna", "2024-06-03", "coffee", 30), ("ben", "2024-05-05", "lounge", None)],
        schema={"member_id": pl.String, "used_at": pl.String, "benefit": pl.String, "cost": pl.Int64}, orient="row",
    ).with_columns(pl.col("used_at").str.to_datetime("%Y-%m-%d").cast(pl.Datetime("us")))  # fmt: skip
    grants = pl.DataFrame(
        {
            "member_id": ["anna", "anna", "dora", "dora"],
            "granted_at": [datetime(2024, 5, 30), datetime(2024, 6, 20), datetime(2024, 5, 1), datetime(2023, 1, 1)],
            "benefit": ["coffee", "coffee", "gift", "gift"],
            "usable_until": [None, None, date(2024, 5, 31), date(2023, 2, 1)],
        },
        schema_overrides={"usable_until": pl.Date},
    )
    tiers = pl.DataFrame(
        {"member_id": ["anna", "ben"], "tier": ["gold", "silver"], "valid_from": [date(2024, 1, 1)] * 2, "valid_until": [None, None]},
        schema_overrides={"valid_until": pl.Date},
    )
    tables = {
        "products": tiny_products(), "memberships": memberships, "stored_value": stored, "benefits": benefits, "benefit_grants": grants,
        "tiers": tiers,
    }  # fmt: skip
    return make_workspace(tmp_path_factory.mktemp("paid") / "ws", tiny_lines(), tables)


def test_what_still_runs_is_neither_renewed_nor_lapsed_and_savings_are_of_the_term(ws: Workspace) -> None:
    answer = tk.portrait.paid_membership(ws, **ONE)
    rows = {row["group"]: row for row in answer.table.iter_rows(named=True)}
    # anna's first term was renewed after ten days, her second was not; ben's days of renewing end on June 30; dora's and zoe's are open
    assert (rows["first term"]["judged_count"], rows["first term"]["renewal_share"], rows["first term"]["open_count"]) == (2, 0.5, 2)
    assert (rows["second term"]["judged_count"], rows["second term"]["renewal_share"]) == (1, 0.0)
    # In anna's first term a euro off and a coffee of 30 cents, for a fee of 2.00
    assert answer.table["seen_count"].to_list() == [3, 1]
    assert rows["first term"]["discount_per_term"] == pytest.approx((1.00 + 0 + 0.25) / 3)
    assert rows["first term"]["benefit_per_term"] == pytest.approx(0.10)
    said = " ".join(note.text for note in answer.notes)
    assert "1 row lies" in said
    assert "1 member of the table `memberships` is on no receipt" in said
    beyond = tk.portrait.paid_membership(ws, show="member", top=0, **ONE).table
    assert beyond.select("member_id", "fees", "saved").rows() == [("anna", 4.0, 1.3), ("ben", 2.0, 0.0), ("dora", 2.0, 0.25)]
    month = tk.portrait.paid_membership(ws, show="month", **ONE).table.filter(pl.col("month") >= date(2024, 5, 1))
    assert month.select("member_count", "begun_count", "renewed_count", "ended_count").rows() == [(2, 1, 0, 1), (2, 1, 0, None)]


def test_accounts_add_up_to_the_cent_and_what_stood_below_zero_is_said(ws: Workspace) -> None:
    answer = tk.portrait.stored_value(ws, **ONE)
    parts = dict(answer.table.select("part", "prepaid_amount").iter_rows())
    assert parts == {"loaded": 23.0, "spent": 13.51, "outstanding": 10.99, "accounts below zero": 1.5, "of it dormant": 0.0}
    said = " ".join(note.text for note in answer.notes)
    assert "1 member spent more than they had loaded by then (€1.50 stands below zero today)" in said
    assert tk.portrait.stored_value(ws, show="below", top=0, **ONE).table["member_id"].to_list() == ["cleo"]
    late: dict[str, Any] = {"settings": {"scope": {"minimum_members": 1}, "membership": {"dormant_days": 90}}}
    assert tk.portrait.stored_value(ws, show="dormant", top=0, **late).table.select("member_id", "balance").rows() == [("anna", 4.0)]
    old = tk.portrait.stored_value(ws, show="age", **ONE).table
    assert old.select("age", "prepaid_amount").rows() == [
        ("up to 3 months", 6.99), ("3 to 6 months", 0.0), ("6 to 12 months", 0.0), ("over a year", 4.0)
    ]  # fmt: skip
    assert tk.portrait.stored_value(ws, show="month", **ONE).table["balance"][-1] == pytest.approx(10.99 - 1.5)


def test_benefits_cost_what_is_stated_and_grants_without_a_use_are_counted(ws: Workspace) -> None:
    answer = tk.portrait.benefits(ws, period="2024-01-01..2024-06-30", **ONE)
    rows = {row["group"]: row for row in answer.table.iter_rows(named=True)}
    assert (rows["coffee"]["cost"], rows["coffee"]["use_count"], rows["lounge"]["cost"]) == (0.6, 2, None)
    assert rows["all benefits"]["share_of_sales"] == pytest.approx(0.6 / answer_sales(ws))
    assert rows["all benefits"]["member_share"] == pytest.approx(2 / 4)
    # the coffee of January was given before the table begins, that of June took the grant of May; dora never used her gift
    assert (rows["coffee"]["unused_count"], rows["gift"]["lapsed_count"], rows["all benefits"]["unused_share"]) == (1, 1, 2 / 3)
    assert "cost of 66.7% of the uses is stated" in " ".join(note.text for note in answer.notes)
    tiers = tk.portrait.benefits(ws, by="tier", period="2024-01-01..2024-06-30", **ONE).table
    assert dict(tiers.select("group", "cost").iter_rows()) == {"gold": 0.6, "silver": None}
    margin = tk.portrait.contribution(ws, by="tier", measure="margin", period="2024-01-01..2024-06-30", **ONE).table
    assert dict(margin.select("group", "margin").iter_rows())["gold"] == pytest.approx(GOLD_MARGIN)


GOLD_MARGIN = (2 - 1.2) + (3 - 1.5) + (1 - 0.6) + (6 - 3) + (-3 + 1.5) + (4 - 2.5) + (3 - 1.8)
"""What anna left: each line less the cost of its units."""


def answer_sales(ws: Workspace) -> float:
    return float(tiny_lines().drop_nulls("member_id")["amount"].sum())


@pytest.mark.parametrize(
    ("name", "said"), [("paid_membership", "`memberships`"), ("stored_value", "`stored_value`"), ("benefits", "`benefits`")]
)
def test_a_table_that_is_missing_is_said_by_name(bare: Workspace, name: str, said: str) -> None:
    answer = getattr(tk.portrait, name)(bare, **ONE)
    assert answer.table.is_empty()
    assert any(note.verdict == "NOT MEASURED" and said in note.text for note in answer.notes)


def terms(*rows: tuple[str, int, int]) -> pl.DataFrame:
    """Terms by first and last day of 2024."""
    frame = pl.DataFrame(rows, schema=["member_id", "first", "last"], orient="row")
    day = [
        (pl.lit(date(2024, 1, 1)) + pl.duration(days=name)).alias(called)
        for name, called in (("first", "valid_from"), ("last", "valid_until"))
    ]
    return frame.select("member_id", *day, fee=pl.lit(100))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("a", 0, 29), ("a", 30, 59)], [(1, True, True), (2, False, True)]),
        ([("a", 0, 29), ("a", 40, 69)], [(1, True, True), (2, False, True)]),  # on the last day that counts
        ([("a", 0, 29), ("a", 41, 70)], [(1, False, True), (1, False, True)]),  # a pause: first again
        ([("a", 0, 89)], [(1, False, True)]),
        ([("a", 0, 91)], [(1, False, False)]),  # may yet be renewed
        ([("a", 0, 89), ("a", 10, 20)], [(1, False, True)]),  # within another
        ([("a", 0, 29), ("a", 20, 59)], [(1, True, True), (2, False, True)]),  # renewed before it ended
        ([("a", 0, 0)], [(1, False, True)]),
    ],
)  # fmt: skip
def test_terms(rows: list[tuple[str, int, int]], expected: list[tuple[int, bool, bool]]) -> None:
    told, _ = laid_out(terms(*rows), date(2024, 1, 1) + timedelta(days=101), 11)
    assert told.select("term", "is_renewed", "is_judged").rows() == expected


def test_terms_of_one_member_tell_less_than_those_of_many() -> None:
    apart = [(f"m{number}", 0, 29) for number in range(40)] + [(f"m{number}", 30, 59) for number in range(20)]
    alike = [(f"m{number % 4}", 30 * (number // 4), 30 * (number // 4) + 29) for number in range(40)]
    width = []
    for rows in (apart, alike):
        told = renewals(laid_out(terms(*rows), date(2026, 1, 1), 10)[0], pl.lit("all")).row(0, named=True)
        width.append(told["renewal_share_high"] - told["renewal_share_low"])
    assert width[0] > 0
    assert width[1] > 0


@pytest.mark.parametrize(
    ("rows", "balance", "ever_below"),
    [
        ([("a", "2024-01-01", "loaded", 100)], 100, 0),
        ([("a", "2024-01-01", "spent", 100), ("a", "2024-01-01", "loaded", 100)], 0, 0),  # of one time: loaded first
        ([("a", "2024-01-01", "spent", 100), ("a", "2024-01-02", "loaded", 100)], 0, 1),
        ([("a", "2024-01-01", "spent", 100)], -100, 1),
        ([("a", "2024-01-01", "loaded", 0)], 0, 0),
        ([("a", "2024-01-01", "loaded", 100), ("a", "2024-01-01", "loaded", 100), ("a", "2024-02-01", "spent", 150)], 50, 0),
    ],
)  # fmt: skip
def test_accounts(rows: list[tuple[str, str, str, int]], balance: int, ever_below: int) -> None:
    held = prepaid(entries(*rows).with_columns(day=pl.col("entered_at").dt.date()), date(2024, 1, 1))
    assert held.accounts["balance"].to_list() == [balance]
    assert held.ever_below == ever_below
    assert ages(held, date(2024, 6, 30))["prepaid_amount"].sum() == max(balance, 0)
    assert months(held, date(2024, 6, 30))["balance"][-1] == balance


@pytest.mark.parametrize(
    ("given", "used", "expected"),
    [
        ([1, 2, 3], [], [False, False, False]),
        ([1, 2, 3], [4, 5, 6, 7], [True, True, True]),
        ([5], [1], [False]),  # used before it was given: another one, which is not known
        ([1, 5], [2], [True, False]),
        ([2], [2], [True]),
    ],
)
def test_grants(given: list[int], used: list[int], expected: list[bool]) -> None:
    of = lambda days: pl.DataFrame({"member_id": "a", "benefit": "gift", "at": days}, schema_overrides={"at": pl.Int64})  # noqa: E731
    assert matched(of(given), of(used))["is_used"].to_list() == expected


def test_who_begins_is_set_beside_those_who_did_the_same_that_day() -> None:
    rng = np.random.default_rng(3)
    start = date(2023, 1, 1)
    who = np.repeat(np.arange(600), 24)
    rows = pl.DataFrame({"member_code": who, "off": rng.integers(0, 730, who.size)}).sort("member_code", "off")
    orders = rows.select(
        pl.col("member_code").cast(pl.UInt32), (pl.lit(start) + pl.duration(days="off")).alias("on"),
        pl.lit(0, pl.UInt32).alias("store_code"), pl.lit(True).alias("is_order"), pl.lit(100, pl.Int64).alias("amount"),
    )  # fmt: skip
    begun = (
        orders.filter(pl.col("member_code") < 150).group_by("member_code").agg(pl.col("on").sample(1, seed=1).first().alias("first_day"))
    )
    told = around_a_day(
        orders, begun.sort("member_code"), np.arange(150, 600, dtype=np.uint32), days=91, what="orders", first_day=start,
        last_day=date(2024, 12, 31),
    )  # fmt: skip
    assert told is not None
    assert told.low < 0 < told.high
    assert told.members + told.alone + told.left_out <= 150
    assert (
        around_a_day(orders, begun.head(0), np.arange(9, dtype=np.uint32), days=91, what="orders", first_day=start, last_day=start) is None
    )


def test_a_shop_without_benefits_that_cost_or_discounts_says_what_savings_lack(tmp_path: Path) -> None:
    paid = pl.DataFrame({"member_id": ["anna"], "valid_from": [date(2024, 1, 1)], "valid_until": [date(2024, 3, 1)], "fee": [0]})
    ws = make_workspace(
        tmp_path / "ws", tiny_lines().drop("discount_amount").with_columns(discount_amount=pl.lit(0.0)), {"memberships": paid}
    )
    answer = tk.portrait.paid_membership(ws, **ONE)
    assert "Savings lack what is not handed over: `benefits.cost`" in " ".join(note.text for note in answer.notes)
    assert tk.portrait.paid_membership(ws, show="member", **ONE).table.is_empty()
