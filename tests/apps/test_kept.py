"""Everything that is kept in one list: its state, its owner, where it goes on; searched, sorted and taken away."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.portrait.village import village_lines, village_products
from tests.shop import AS_OF, make_workspace
from toolkit.apps.pages.kept import Wanted, campaign_state, chosen, counts, kept, wanted
from toolkit.apps.serving.work import page_of
from toolkit.audience import as_audience, save_audience
from toolkit.audit import acting
from toolkit.differentiation.planning.launching import launch, save_plan
from toolkit.differentiation.planning.proposal import next_plan
from toolkit.language import speaking
from toolkit.workspace import Workspace

DRAFT = {"campaign_id": "spring", "name": "Spring", "starts_on": AS_OF + timedelta(days=7), "ends_on": AS_OF + timedelta(days=34),
         "offers": {"ten": "full_reduction 60/10"}, "offer_of": "ten", "cost_per_contact": 0.05, "control_share": 0.3}  # fmt: skip


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A shop where Anna keeps an audience and launched a campaign, Bo has a draft, and the till's own tables tell of three more."""
    lines = village_lines()
    ids = lines["member_id"].drop_nulls().unique().sort()
    starts = [AS_OF - timedelta(days=60), AS_OF - timedelta(days=5), AS_OF + timedelta(days=3)]
    campaigns = pl.DataFrame(
        {"campaign_id": ["past", "now", "soon"], "name": ["Past", "Now & then", None], "method": ["coupon"] * 3,
         "starts_on": starts, "ends_on": [day + timedelta(days=27) for day in starts]}
    )  # fmt: skip
    contacts = pl.DataFrame({"campaign_id": "past", "member_id": ids.head(40), "arm": ["treated", "control"] * 20})
    tables = {"products": village_products(), "members": pl.DataFrame({"member_id": ids, "contactable": True}),
              "campaigns": campaigns, "contacts": contacts}  # fmt: skip
    made = make_workspace(tmp_path_factory.mktemp("kept") / "ws", lines, tables)
    with acting("anna", "page"):
        save_audience(made, as_audience(made, "order_count >= 2").renamed("regulars"))
        launch(made, DRAFT | {"campaign_id": "launched", "audience": "regulars"})
    with acting("bo", "page"):
        save_plan(made, DRAFT)
    return made


def test_everything_has_its_state_its_owner_and_its_way_on(ws: Workspace) -> None:
    rows = {row.key: row for row in kept(ws)}
    assert {key: (row.state, row.owner) for key, row in rows.items()} == {
        "regulars": ("audience", "anna"), "spring": ("draft", "bo"), "launched": ("launched", "anna"),
        "soon": ("launched", ""), "now": ("running", ""), "past": ("finished", ""),
    }  # fmt: skip
    assert [link for _, link in rows["past"].ways] == ["review.ipynb?campaign=past", "differentiation.ipynb?after=past"]
    assert rows["launched"].ways[0][1] == "differentiation.ipynb?campaign=launched"
    assert rows["soon"].ways == (), "launched elsewhere and not begun: nothing can be done with it here"
    assert (rows["past"].members, rows["past"].note) == (40, "lesson not kept yet")
    assert counts(list(rows.values())) == {"audience": 1, "draft": 1, "launched": 2, "running": 1, "finished": 1}


def test_the_days_of_a_campaign_decide_its_state() -> None:
    first, last = date(2024, 3, 1), date(2024, 3, 28)
    days = [date(2024, 2, 29), first, last - timedelta(days=1), last]
    assert [campaign_state(first, last, day) for day in days] == ["launched", "running", "running", "finished"]


def test_they_are_searched_and_sorted(ws: Workspace) -> None:
    rows = kept(ws)
    assert [row.key for row in chosen(rows, Wanted(words="NOW then"))] == ["now"]
    assert [row.key for row in chosen(rows, Wanted(owner="bo"))] == ["spring"]
    assert [row.key for row in chosen(rows, Wanted(state="launched", sort="name"))] == ["soon", "launched"]
    by_day = [row.day for row in chosen(rows, Wanted(sort="-day"))]
    assert by_day == sorted(by_day, reverse=True)  # type: ignore[type-var]
    assert chosen(rows, Wanted(sort="-members"))[-1].members is None, "what has no number comes last"
    assert wanted({"state": "burning", "sort": "x", "page": "-1", "words": " a "}) == Wanted(words="a")


def test_the_page_shows_what_is_asked_for_in_both_languages(ws: Workspace) -> None:
    page = page_of(ws.path, {"state": "launched", "sort": "owner"}, "en")
    assert [(row.key, members) for row, members in page.rows] == [("launched", page.rows[0][1]), ("soon", "0")]
    assert (page.found, page.everything, page.owners) == (2, 6, ("anna", "bo"))
    assert [tab.count for tab in page.tabs] == [6, 1, 1, 2, 1, 1]
    assert [head.sorted for head in page.heads] == ["", "", "ascending", "", ""]
    assert page.heads[2].link == "?state=launched&sort=-owner"
    assert page.file.count("\n") == 3, "the file holds what was asked for"
    assert "进行中" in page_of(ws.path, {}, "zh").file


def test_a_plan_follows_a_campaign_under_the_next_free_name(ws: Workspace, tmp_path: Path) -> None:
    copy = Workspace(shutil.copytree(ws.path, tmp_path / "ws"))
    after = next_plan(copy, "launched")
    assert (after.campaign_id, after.name, after.audience, after.control_share) == ("launched-2", "Spring 2", "regulars", 0.3)
    assert copy.last_day is not None
    assert after.starts_on > copy.last_day
    assert after.cost_per_contact == 0.05
    save_plan(copy, after)
    assert next_plan(copy, "launched-2".removesuffix("-2")).campaign_id == "launched-3"
    assert next_plan(copy, "past").audience is None, "whom the shop's tables addressed can not be asked anew"
    with speaking("zh"):
        assert kept(copy)
