"""How members join, on a shop of rows that can be counted by eye."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import toolkit as tk
from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit.portrait.membership.referral_tree import with_depth
from toolkit.workspace import Workspace


def shop(path: Path, **tables: pl.DataFrame) -> Workspace:
    members = pl.DataFrame(
        {
            "member_id": ["anna", "ben", "cleo", "dora", "emil", "fay"],
            "joined_on": [date(2024, 1, 1), date(2024, 5, 1), date(2024, 3, 1), date(2024, 6, 30), date(2024, 4, 1), date(2024, 2, 1)],
            "joined_channel": ["app", "app", "app", "store", "store", "app"],
            "referred_by": [None, "anna", "ben", "dora", "zoe", None],
        }
    )
    return make_workspace(path, tiny_lines(), {"products": tiny_products(), "members": members, **tables})


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    at = [datetime(2024, 5, 1), datetime(2024, 5, 1), datetime(2024, 4, 1), datetime(2024, 4, 2)]
    relations = pl.DataFrame(
        {
            "person_id": ["p1", "p1", "p2", "p3"],
            "step": ["reached", "registered", "reached", "follows"],
            "stepped_at": at,
            "member_id": [None, "ben", None, None],
        }
    )
    acquisition = pl.DataFrame(
        {"kind": ["channel"], "won_by": ["app"], "starts_on": [date(2024, 1, 1)], "ends_on": [date(2024, 12, 31)], "cost": [36600]}
    )
    return shop(tmp_path_factory.mktemp("joining") / "ws", relations=relations, acquisition=acquisition)


ONE: dict[str, Any] = {"settings": {"scope": {"minimum_members": 1}}}


def test_who_joined_too_lately_is_in_no_share_and_costs_are_by_days(ws: Workspace) -> None:
    answer = tk.portrait.joiners(ws, period="2024-01-01..2024-06-30", **ONE)
    app, store = answer.table.sort("group").iter_rows(named=True)
    # anna came on the day, ben after 4 days; cleo only returned something, fay never came; dora joined on the last day
    assert (app["member_count"], app["followed_count"], app["first_share"]) == (4, 4, 0.5)
    assert (store["member_count"], store["followed_count"]) == (2, 1)
    assert app["cost"] == pytest.approx(366 * 182 / 366)
    assert store["cost"] is None
    assert "1 member joined less than 30 days before" in answer.notes[0].text


def test_orders_with_a_card_are_counted_by_store(ws: Workspace) -> None:
    rows = {row["store_id"]: row for row in tk.portrait.card_share(ws, period="2024-06-29..2024-06-30").table.iter_rows(named=True)}
    assert (rows["s1"]["order_count"], rows["s1"]["card_count"]) == (3, 2)  # dora, emil; a passer-by
    assert (rows["s2"]["order_count"], rows["s2"]["card_count"]) == (1, 1)
    assert tk.portrait.card_share(ws, by="month").table["month"].is_sorted()


def test_loops_are_never_walked_and_strange_referrers_are_said(ws: Workspace, tmp_path: Path) -> None:
    pairs = pl.DataFrame({"member_id": ["b", "c", "x", "y", "z"], "referrer_id": ["a", "b", "y", "x", "x"]})
    assert with_depth(pairs)["depth"].to_list() == [1, 2, None, None, None]
    answer = tk.portrait.referrals(ws, **ONE)
    assert answer.table["generation"].to_list() == [0, 1, 2]  # anna brought ben, who brought cleo; dora herself, emil by nobody known
    assert "1 row of members who refer themselves" in " ".join(note.text for note in answer.notes)
    assert "1 row whose referrer no table knows" in " ".join(note.text for note in answer.notes)
    best = tk.portrait.referrals(ws, show="referrer", top=0, **ONE).table.row(0, named=True)
    assert (best["member_id"], best["brought_count"], best["below_count"]) == ("anna", 1, 2)


def test_steps_to_membership_are_counted_and_what_was_not_written_is_implied(ws: Workspace) -> None:
    answer = tk.portrait.funnel_to_member(ws, period="2024-01-01..2024-06-30", **ONE)
    counts = dict(answer.table.filter(pl.col("source") == "all sources").select("step", "person_count").iter_rows())
    assert counts == {"reached": 3, "follows": 2, "registered": 1, "first order": 1, "second order": 0}
    assert "lies before a later one" in " ".join(note.text for note in answer.notes)


@pytest.mark.parametrize(
    ("name", "said"),
    [("funnel_to_member", "`relations` (`person_id"), ("referrals", "`referrals` (`referrer_id"), ("joiners", "joined_on")],
)
def test_what_is_missing_is_said_by_name(bare: Workspace, name: str, said: str) -> None:
    answer = getattr(tk.portrait, name)(bare, **ONE)
    assert answer.table.is_empty()
    assert any(note.verdict == "NOT MEASURED" and said in note.text for note in answer.notes)
