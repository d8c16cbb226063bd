"""Programme: contacts counted by hand, overlaps, the timeline, and what a global control tells."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.portrait.pictures import spec_of
from tests.review.small_campaign import START, campaign_tables, small_campaign
from toolkit.charts.timeline import timeline
from toolkit.ledger.global_control import read_global_control, set_global_control
from toolkit.review.measures.pressure import campaign_rows, contact_days, pressure, programme_effect
from toolkit.review.programme import programme
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace


def three_campaigns() -> dict[str, pl.DataFrame]:
    """C1 as it is; C2 begins ten days later and treats t00..t19 and x00..x19, C3 two months before and treats t00..t09, without times."""
    first = campaign_tables()
    more = first["campaigns"].with_columns(
        campaign_id=pl.lit("C2"), starts_on=pl.lit(START + timedelta(days=10)), ends_on=pl.lit(START + timedelta(days=20))
    )
    early = more.with_columns(campaign_id=pl.lit("C3"), starts_on=pl.lit(date(2024, 3, 1)), ends_on=pl.lit(date(2024, 3, 10)))
    at = datetime(2024, 5, 20, 9)
    second = [f"{kind}{number:02d}" for kind in "tx" for number in range(20)]
    third = [f"t{number:02d}" for number in range(10)]
    contacts = pl.concat(
        [
            first["contacts"],
            *[
                pl.DataFrame(
                    {"campaign_id": name, "member_id": ids, "arm": "treated", "touchpoint": None, "contacted_at": when},
                    schema=first["contacts"].schema,
                )
                for name, ids, when in (("C2", second, at), ("C3", third, None))
            ],
        ]
    )
    return {"campaigns": pl.concat([first["campaigns"], more, early]), "contacts": contacts}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small_campaign(tmp_path_factory.mktemp("shop") / "ws", **three_campaigns())


def test_contacts_by_hand(shop: Workspace) -> None:
    view = open_view(shop)
    days = contact_days(view)
    assert days.height == 60 + 40 + 10
    assert days.filter(pl.col("campaign_id") == "C3")["day"].unique().to_list() == [date(2024, 3, 1)]
    members = {row["member_id"]: row for row in pressure(view, days).iter_rows(named=True)}
    assert len(members) == 160
    assert (members["t00"]["contact_count"], members["t00"]["most"], members["t00"]["lately"]) == (3, 2, 0)
    assert (members["t30"]["most"], members["x00"]["most"], members["c00"]["contact_count"]) == (1, 1, 0)
    then = open_view(shop, as_of="2024-05-21")
    seen = {row["member_id"]: row["lately"] for row in pressure(then, contact_days(then)).iter_rows(named=True)}
    assert (seen["t00"], seen["x00"], seen["c00"]) == (2, 1, 0)
    assert contact_days(open_view(shop, as_of="2024-05-01"))["campaign_id"].unique().to_list() == ["C3"]


def test_the_table_of_contacts(shop: Workspace) -> None:
    answer = programme(shop, by="contacts")
    assert answer.table.rows() == [("0", 80, 0.5, 160), ("1", 60, 0.375, 0), ("2", 20, 0.125, 0)]
    notes = " ".join(map(str, answer.notes))
    assert "80 members (50.0%) were never contacted" in notes
    assert "0 members (0.0%) once got more than 2 contacts" in notes
    strict = programme(shop, by="contacts", settings={"offers": {"most_contacts": 1}})
    assert any("20 members (12.5%) once got more than 1 contacts" in str(note) and note.verdict == "REVIEW" for note in strict.notes)
    assert spec_of(answer)


def test_overlaps_and_the_timeline(shop: Workspace) -> None:
    view = open_view(shop)
    rows = {row["campaign_id"]: row for row in campaign_rows(view, contact_days(view)).iter_rows(named=True)}
    assert (rows["C1"]["overlap_count"], rows["C1"]["overlap_share"]) == (1, 20 / 60)
    assert (rows["C2"]["overlap_share"], rows["C3"]["overlap_count"], rows["C3"]["overlap_share"]) == (0.5, 0, 0.0)
    answer = programme(shop)
    assert answer.table["campaign_id"].to_list() == ["C3", "C1", "C2"]
    assert "What the programme adds to that cannot be said: no members are held out of all campaigns" in answer.headline
    assert any("shared members with others of the same days (C1 and C2)" in str(note) for note in answer.notes)
    assert spec_of(answer)


def test_without_campaigns(tmp_path: Path) -> None:
    answer = programme(small_campaign(tmp_path / "ws", campaigns=None, contacts=None, redemptions=None))
    assert any("No campaign is known" in str(note) for note in answer.notes)
    assert answer.table.is_empty()
    assert spec_of(answer)


def test_contacts_of_strangers_are_said_not_counted(tmp_path: Path) -> None:
    contacts = campaign_tables()["contacts"]
    ghosts = contacts.head(20).with_columns(member_id=pl.lit("ghost") + pl.int_range(20).cast(pl.String))
    answer = programme(small_campaign(tmp_path / "ws", contacts=pl.concat([contacts, ghosts])), by="contacts")
    assert answer.table["member_count"].sum() == 160
    assert any("20 contacted ids with neither a card nor a receipt" in str(note) for note in answer.notes)


def test_a_global_control_tells(tmp_path: Path) -> None:
    ws = small_campaign(tmp_path / "ws", **three_campaigns())
    set_global_control(ws, 0.4, since=START)
    view = open_view(ws)
    control = read_global_control(ws)
    whole = programme_effect(view, contact_days(view))
    ids = view.population["member_id"]
    held = set(ids.filter(control.holds(ids)))
    assert whole.effect.control_count == len(held)
    assert whole.effect.treated_count == 160 - len(held)
    assert whole.days == 56
    assert whole.spoiled == sum(member[0] == "t" or (member[0] == "x" and int(member[1:]) < 20) for member in held)
    notes = " ".join(map(str, programme(ws).notes))
    assert "contacted after all since 2024-05-06" in notes
    early = programme_effect(open_view(ws, as_of="2024-05-12"), contact_days(view))
    assert early.effect.reason == "it began on 2024-05-06, 7 days ago; 28 are needed"


def test_the_picture() -> None:
    frame = pl.DataFrame(
        {
            "name": ["a", "b"],
            "first": [date(2024, 1, 1)] * 2,
            "last": [date(2024, 1, 31), date(2024, 2, 2)],
            "kind": ["coupon", None],
            "n": [3, 4],
        }
    )
    spec = timeline(frame, label="name", start="first", end="last", group="kind", n="n", title="T").to_dict()
    assert spec["title"]["text"] == "T"
    words = str(spec)
    assert "not stated · n 4" in words
    assert "2024-02-03" in words  # a day is drawn whole
    assert timeline(frame.clear(), label="name", start="first", end="last", title="T").to_dict()
