"""One shape for every campaign: launched here, told by the tables, or both."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from tests.ledger.frozen import AS_OF, definition, members
from tests.shop import make_workspace, tiny_lines
from toolkit.errors import BadValue, UnknownName
from toolkit.ledger.campaigns import KNOWN, MEMBERS, known_campaigns, open_campaign
from toolkit.ledger.history import busy, contacted
from toolkit.ledger.launch import freeze
from toolkit.workspace import ALIASES, Workspace

CAMPAIGNS = pl.DataFrame(
    {
        "campaign_id": ["B", "A", "later", "summer"],
        "starts_on": [date(2024, 6, 1), date(2024, 3, 1), date(2024, 7, 1), date(2024, 7, 8)],
        "ends_on": [date(2024, 7, 10), date(2024, 3, 10), date(2024, 7, 20), date(2024, 8, 4)],
        "name": ["Flyer", None, None, None],
        "method": ["coupon", None, "discount", "coupon"],
        "cost_per_contact": [5, None, None, None],
        "randomised": [True, None, False, True],
    },
    schema_overrides={"cost_per_contact": pl.Int64},
)
CONTACTS = pl.DataFrame(
    {
        "campaign_id": ["B", "B", "B", "A", "later", "summer", "summer"],
        "member_id": ["ben", "anna", "cleo", "anna", "emil", "anna", "ben"],
        "arm": ["control", "treated", "treated", "treated", "treated", "treated", "control"],
        "touchpoint": [None, "mail", "app push", None, None, "letter", None],
        "contacted_at": [None, datetime(2024, 6, 3, 9), datetime(2024, 7, 2), None, None, datetime(2024, 7, 9, 8), None],
    }
)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    cards = pl.DataFrame({"member_id": ["anna", "ben"], "home_store_id": ["s2", "s1"]})
    # The campaign "summer" was launched here and is later told of by the tables too.
    made = make_workspace(tmp_path / "ws", tiny_lines(), {"members": cards})
    freeze(made, definition(), members(), as_of=AS_OF)
    return make_workspace(tmp_path / "ws", tiny_lines(), {"members": cards, "campaigns": CAMPAIGNS, "contacts": CONTACTS})


def test_known_campaigns_are_one_row_each(ws: Workspace) -> None:
    known = known_campaigns(ws)
    assert known.schema == KNOWN
    assert known.select("campaign_id", "source", "method", "randomised", "treated_count", "control_count", "intact").rows() == [
        ("A", "tables", None, None, 1, 0, None),
        ("B", "tables", "coupon", True, 2, 1, None),
        ("later", "tables", "discount", False, 1, 0, None),
        ("summer", "ledger", "full_reduction", True, 2, 1, True),
    ]
    assert known_campaigns(ws, up_to=date(2024, 6, 1))["campaign_id"].to_list() == ["A", "B"]


def test_a_campaign_of_the_tables(ws: Workspace) -> None:
    found = open_campaign(ws, "B")
    assert (found.source, found.randomised, found.methods, found.cost_per_contact, found.cost_fixed) == (
        "tables",
        True,
        ("coupon",),
        5,
        None,
    )
    assert (found.as_of, found.days, found.offers, found.definition) == (date(2024, 5, 31), 40, (), None)
    assert found.members.schema == MEMBERS
    assert found.members.select("member_id", "arm", "touchpoint", "store_id").rows() == [
        ("anna", "treated", "mail", "s2"),
        ("ben", "control", None, "s1"),
        ("cleo", "treated", "app push", None),
    ]
    assert "Flyer" in repr(found)
    assert open_campaign(ws, "A").methods == ()


def test_contacts_made_later_are_told_of_a_campaign_launched_here(ws: Workspace) -> None:
    found = open_campaign(ws, "summer")
    assert found.source == "ledger"
    assert found.members.select("member_id", "arm", "touchpoint", "contacted_at").rows() == [
        ("anna", "treated", "letter", datetime(2024, 7, 9, 8)),
        ("ben", "control", "mail", None),
        ("emil", "treated", "mail", None),
    ]


def test_an_id_of_the_tables_is_taken(ws: Workspace) -> None:
    with pytest.raises(BadValue, match="in the shop's campaigns table"):
        freeze(ws, definition(campaign_id="later"), members(), as_of=AS_OF)
    with pytest.raises(UnknownName, match="did you mean 'summer'"):
        open_campaign(ws, "sumer")


def test_without_tables_there_is_none(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "bare", tiny_lines())
    assert known_campaigns(ws).is_empty()
    with pytest.raises(UnknownName, match="no campaign 'x'"):
        open_campaign(ws, "x")


def test_contacts_are_counted_by_campaign_and_day(ws: Workspace) -> None:
    june = contacted(ws, date(2024, 6, 1), date(2024, 6, 30), as_of=AS_OF)
    assert june.rows() == [("anna", 1)]  # cleo was reached in July
    both = contacted(ws, date(2024, 3, 1), date(2024, 7, 31), as_of=AS_OF)
    assert both.rows() == [("anna", 3), ("emil", 1)]  # A, B, and summer as it is planned; what the tables tell of July is not seen yet
    assert contacted(ws, date(2024, 3, 1), date(2024, 7, 31), as_of=date(2024, 6, 1)).rows() == [("anna", 1)]


def test_busy_members_are_of_both_arms(ws: Workspace) -> None:
    found = busy(ws, date(2024, 7, 10), date(2024, 7, 12), as_of=AS_OF, apart_from="autumn")
    assert found.select("member_id", "campaign_id", "arm").rows() == [
        ("anna", "B", "treated"), ("anna", "summer", "treated"), ("ben", "B", "control"), ("ben", "summer", "control"),
        ("cleo", "B", "treated"), ("emil", "summer", "treated"),
    ]  # fmt: skip
    assert busy(ws, date(2024, 7, 11), date(2024, 7, 12), as_of=AS_OF, apart_from="summer").is_empty()
    assert busy(ws, date(2024, 7, 15), date(2024, 7, 16), as_of=date(2024, 6, 29)).is_empty()


def test_frozen_members_have_the_id_of_today(ws: Workspace) -> None:
    frozen = open_campaign(ws, "summer").members
    tied = pl.DataFrame({"id": ["ben", "anna"], "member_id": ["B-1", "emil"]})
    with ws.writing() as commit_id:
        (ws.path / f"codes/{commit_id}").mkdir(parents=True)
        tied.write_parquet(ws.path / f"codes/{commit_id}/tied.parquet")
        ws.commit(codes={**ws.manifest.codes, ALIASES: f"codes/{commit_id}/tied.parquet"})
    assert sorted(frozen.select("member_id", "arm").rows()) == [("anna", "treated"), ("ben", "control"), ("emil", "treated")]
    today = open_campaign(ws, "summer").members.select("member_id", "arm").rows()
    assert sorted(today) == [("B-1", "control"), ("emil", "treated")]  # two ids of one person in one arm are one member
