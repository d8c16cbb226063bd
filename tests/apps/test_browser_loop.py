"""The loop closed in a real browser, from today's page to the next draft, in both languages: clicks counted, figures those of the package."""

from __future__ import annotations

import io
import os
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, cast

import polars as pl
import pytest

from tests.apps.test_browser import PATIENCE, running, saved
from tests.chromium import CHROMIUM, wait_until
from tests.portrait.village import village_lines, village_products
from tests.shop import make_workspace
from toolkit.apps.pages.plain_words import plain_answer
from toolkit.audience import as_audience, load_audience, save_audience
from toolkit.differentiation.planning.launching import launch
from toolkit.differentiation.planning.proposal import next_plan
from toolkit.language import speaking, tr
from toolkit.ledger.campaigns import open_campaign
from toolkit.ledger.definition import read_plan
from toolkit.ledger.lessons import read_lessons
from toolkit.registry import find_question
from toolkit.review import agenda
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: the app was not opened in a browser"),
]
IN_CHINESE = pytest.mark.skipif(not os.environ.get("ALL_STORIES"), reason="half a minute: `make stories` tells it in Chinese, too")
MOST = 25
"""Clicks from today's page to the next draft; a field that is typed into counts as one."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The village, whose last hundred and ten stayed away of late; one campaign of the others ended, one runs."""
    lines = village_lines()
    ids, last = lines["member_id"].drop_nulls().unique().sort(), cast(datetime, lines["ordered_at"].max())
    gone = pl.col("member_id").is_in(ids.tail(110).implode()) & (pl.col("ordered_at") > last - timedelta(days=35))
    members = pl.DataFrame({"member_id": ids, "contactable": True})
    ws = make_workspace(
        tmp_path_factory.mktemp("loop") / "ws", lines.filter(~gone.fill_null(False)), {"products": village_products(), "members": members}
    )
    day = ws.last_day
    assert day is not None
    others = save_audience(ws, as_audience(ws, "NOT losing_touch AND recency_days <= 14").renamed("the others"))
    offer = {
        "offers": {"two": "full_reduction 20/2"},
        "offer_of": "two",
        "cost_per_contact": 0.05,
        "control_share": 0.4,
        "audience": others.name,
    }
    for name, first, ended in (("Old tea", 60, 33), ("Now tea", 20, -7)):
        at = {"starts_on": day - timedelta(days=first), "ends_on": day - timedelta(days=ended)}
        launch(ws, {"campaign_id": name.lower().replace(" ", "-"), "name": name, **at, **offer}, as_of=day - timedelta(days=first + 1))
    return ws


@pytest.fixture(scope="module")
def served(shop: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    log = tmp_path_factory.mktemp("app") / "app.log"
    with running(shop.path, log, r"http://127\.0\.0\.1:\d+/\?token=\w+") as (found, process):
        yield found.group(0), process


class Person:
    """Who works with a page by its words in one language, and counts what they do."""

    def __init__(self, page: Any, code: str) -> None:
        self.page, self.code, self.clicks = page, code, 0

    def words(self, english: str) -> str:
        with speaking(self.code):
            return tr(english)

    def click(self, place: Any) -> None:
        self.clicks += 1
        place.locator("visible=true").first.click()

    def press(self, english: str) -> None:
        self.click(self.page.get_by_role("button", name=self.words(english), exact=True))

    def follow(self, english: str) -> None:
        self.click(self.page.get_by_role("link", name=self.words(english), exact=True))

    def type(self, english: str, text: str) -> None:
        self.clicks += 1
        field = self.page.get_by_label(self.words(english), exact=True).locator("visible=true").first
        field.fill(text)
        field.press("Tab")

    def reads(self, css: str, text: str) -> None:
        wait_until(self.page, "([css, text]) => [...document.querySelectorAll(css)].some(one => one.innerText === text)", [css, text], 120)


@pytest.mark.parametrize("code", ["en", pytest.param("zh", marks=IN_CHINESE)])
def test_the_loop_from_today_to_the_next_draft(browser: Any, served: tuple[str, subprocess.Popen[str]], shop: Workspace, code: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{served[0]}&language={code}")
    person, name, plan = Person(page, code), f"leaving {code}", f"Come back {code}"

    # Today: who is leaving; who they are; kept under a name.
    who = agenda(shop).table["who"][0]
    see = page.locator(".tk-todo a", has_text=person.words("See them"))
    see.first.wait_for()
    person.click(see)
    with speaking(code):
        person.reads(".tk-headline", plain_answer(find_question("portrait.overview")(shop, audience=who)).headline)
    person.follow("Keep as an audience")
    count = f"{as_audience(shop, who).inside(open_view(shop)).sum():,}"
    person.reads(".tk-build .tk-figures dd", count)
    person.type("Name of this audience", name)
    person.press("Keep it")
    page.locator(".tk-told .tk-done").wait_for()
    assert load_audience(shop, name).where == who

    # A plan for them, launched; after a reload its contact lists are there.
    person.follow("Plan for them")
    page.locator(".tk-build .tk-headline").first.wait_for()
    person.type("Name", plan)
    page.locator(".tk-build .tk-headline", has_text=f"come-back-{code}").wait_for()
    first = shop.last_day + timedelta(days=8 if code == "en" else 42)  # type: ignore[operator] - it has receipts
    person.type("Last day", (first + timedelta(days=27)).isoformat())  # nobody is in two campaigns at a time
    person.type("First day", first.isoformat())
    person.type("Cost of one contact", "0.05")
    wait_until(page, "/cost_per_contact=0.05/.test(location.search) && !document.querySelector('.tk-busy .tk-sentence')", seconds=120)
    wait_until(
        page, "[...document.querySelectorAll('.tk-launch .tk-act')].some(one => !one.disabled && one.getClientRects().length)", seconds=120
    )
    person.press("Launch …")
    person.press("Yes, freeze and launch it")
    page.locator(".tk-launch .tk-done").wait_for()
    (launched,) = [one for one in (shop.path / "campaigns").iterdir() if one.name == f"come-back-{code}"]
    frozen = open_campaign(shop, launched.name)
    assert frozen.count("treated") + frozen.count("control") == int(count.replace(",", ""))
    wait_until(page, "location.search.includes('campaign=')")
    page.reload()
    page.locator(".tk-launch .tk-done").wait_for()
    shown = page.locator(".tk-launch .tk-figures dd").all_inner_texts()
    assert {f"{frozen.count(arm):,}" for arm in ("treated", "control")} <= set(shown)
    person.press("Save the contact lists (ZIP)")
    page.locator(".tk-launch .tk-download").wait_for()
    content = saved(page, lambda: person.click(page.locator(".tk-launch .tk-download")))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        lists = [pl.read_csv(archive.read(one), infer_schema=False) for one in archive.namelist() if one.endswith(".csv")]
    assert {one for listed in lists for one in listed["member_id"]} == set(frozen.members.filter(pl.col("arm") == "treated")["member_id"])

    # What runs stands against its control.
    person.follow("All campaigns and audiences")
    person.click(page.locator(".tk-work-tabs a", has_text=person.words("Running")))
    person.click(page.locator(".tk-work-table tbody th a", has_text="Now tea"))
    with speaking(code):
        person.reads(
            ".tk-section-process .tk-headline", plain_answer(find_question("review.process")(shop, campaign_id="now-tea")).headline
        )
    assert page.locator(".tk-section >> visible=true").first.get_attribute("class").find("tk-section-process") >= 0, (
        "what runs is read first"
    )

    # What ended: the verdict, its lessons kept, used in the next plan, which is kept.
    person.follow("Audiences and campaigns")
    person.click(page.locator(".tk-work-tabs a", has_text=person.words("Finished")))
    person.click(page.locator(".tk-work-table tbody th a", has_text="Old tea"))
    with speaking(code):
        person.reads(
            ".tk-section-verdict .tk-headline", plain_answer(find_question("review.verdict")(shop, campaign_id="old-tea")).headline
        )
    person.press("Keep the lessons of this campaign")
    page.locator(".tk-told .tk-done").wait_for()
    assert set(read_lessons(shop)["campaign_id"]) == {"old-tea"}
    person.follow("Use in the next plan")
    expected = next_plan(shop, "old-tea")
    page.locator(".tk-build .tk-headline", has_text=expected.campaign_id).wait_for()
    person.press("Keep as a draft")
    page.locator(".tk-launch .tk-done").wait_for()
    assert read_plan(shop, expected.campaign_id) == expected
    assert person.clicks <= MOST
    print(f"{code}: {person.clicks} clicks")
    context.close()
