"""Several people, several screens, the keyboard: what every app must stand."""

from __future__ import annotations

import itertools
import subprocess
from typing import Any

import polars as pl
import pytest

from tests.apps.test_browser import APPS, press, served, type_in, visit
from tests.chromium import CHROMIUM, wait_until
from toolkit.apps.pages.plain_words import plain_answer
from toolkit.ledger.campaigns import open_campaign
from toolkit.registry import find_question
from toolkit.workspace import Workspace

Served = tuple[str, subprocess.Popen[str]]
SCREENS = ((1600, 1000), (1024, 640), (390, 844))
"""A desk, a desk at 125%, a telephone."""
READY = {
    "portrait": ".tk-asking .tk-headline",
    "targeting": ".tk-build .tk-headline",
    "differentiation": ".tk-hint p",
    "review": ".tk-section-lessons :is(.tk-headline, .tk-stop)",
}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: the app was not opened in a browser"),
]
__all__ = ["served"]  # the fixture: each module has an app of its own

NAMELESS = """async () => {
  for (const _ of [1, 2]) await new Promise(requestAnimationFrame);  // what widgets leave unnamed is named in the frame after it is there
  const seen = one => { const box = one.getBoundingClientRect(); return box.width > 0 && box.height > 0 };
  const named = one => one.getAttribute('aria-label') || [...(one.labels || [])].map(label => label.textContent).join(' ')
    || (['BUTTON', 'A', 'SUMMARY'].includes(one.tagName) ? one.textContent : '');
  return [...document.querySelectorAll('input, select, textarea, button, a[href], summary, [role=slider], [contenteditable=true], [tabindex="0"]')]
    .filter(one => seen(one) && !named(one).replace(/[\\u200b\\s]/g, ''))
    // A picture is one thing: with a name, with nothing in it that can be pressed, its marks no things of their own.
    .concat([...document.querySelectorAll('[role=img]:not([aria-label]), [role=img] :is(a, button, summary, [tabindex]), :is([role=graphics-document], [role=graphics-symbol]):not([aria-label])')].filter(seen))
    .map(one => one.outerHTML.slice(0, 120));
}"""
HEADINGS = """() => [...document.querySelectorAll('h1, h2, h3, h4, [role=heading]')].filter(one => one.getClientRects().length)
  .map(one => Number(one.getAttribute('aria-level') || one.tagName[1]))"""
CUT = """() => [...document.querySelectorAll('.tk-chart[data-drawn=yes]')].filter(one => one.clientWidth && one.style.maxWidth).flatMap(chart => {
  const box0 = chart.getBoundingClientRect(), place = {left: box0.left, right: box0.left + chart.scrollWidth};  // what can be scrolled to is not cut
  return [...chart.querySelectorAll('svg.marks text')].filter(text => text.textContent && text.getAttribute('opacity') !== '0')
    .filter(text => { const box = text.getBoundingClientRect(); return box.right > place.right + 2 || box.left < place.left - 2 })
    .map(text => text.textContent);
})"""
WATCH = """() => { window.reached = new WeakSet(); document.addEventListener('focusin', event => window.reached.add(event.target)) }"""
UNREACHED = """() => [...document.querySelectorAll('input, select, textarea, button, a[href], summary')]
  .filter(one => one.getClientRects().length && !one.disabled && !one.closest('details:not([open]) > :not(summary)'))
  .filter(one => !window.reached.has(one)).map(one => one.outerHTML.slice(0, 200))"""
FOCUSED = """() => {
  const one = document.activeElement, look = getComputedStyle(one);
  const ring = look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 1.5;
  return one === document.body ? null : [ring || one.type === 'date', one.getBoundingClientRect().height > 0];
}"""


def drawn(page: Any) -> None:
    """Wait until nothing is worked out or drawn any more."""
    wait_until(
        page,
        "!document.querySelector('.tk-busy .tk-sentence') && "
        "![...document.querySelectorAll('.tk-chart')].some(one => one.clientWidth && one.dataset.drawn !== 'yes')",
    )


def fits(page: Any) -> None:
    """Nothing is wider than the screen, and no word of a chart is cut, on each of the screens."""
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(600)  # charts follow once the hand rests
        drawn(page)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), width
        assert page.evaluate(CUT) == [], width
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.wait_for_timeout(600)  # or a chart would follow while somebody already walks by it
    drawn(page)


def walk(page: Any) -> None:
    """Press Tab from the top until the focus leaves the page; each control that it comes by shows it."""
    page.locator(".tk-way a").first.focus()
    for _ in range(400):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None:
            break
        assert focused == [True, True], page.evaluate("document.activeElement.outerHTML")[:200]


@pytest.mark.parametrize("app", APPS)
def test_every_part_fits_every_screen_and_the_keyboard_reaches_it(browser: Any, served: Served, app: str) -> None:
    with visit(browser, served, app) as page:
        page.locator(READY[app]).first.wait_for()
        parts = page.locator(".tk-tab").all_inner_texts() or [""]
        for place, words in enumerate(parts):
            if place:
                press(page, words)
                page.locator(".tk-asking >> visible=true").locator(":is(.tk-question, .tk-stop)").first.wait_for()
            drawn(page)
            assert page.evaluate(NAMELESS) == []
            levels = page.evaluate(HEADINGS)
            assert levels[0] == 1
            assert levels.count(1) == 1
            assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), levels
            fits(page)
        # From the top, every control in turn, and each shows that it has the focus. What is still worked out brings a control to stop it
        # and takes it away, so those count that are there when the walk is over.
        page.evaluate(WATCH)
        for _ in range(3):  # a chart that is drawn anew behind the walk has a control that nobody came by yet
            drawn(page)
            walk(page)
            page.wait_for_timeout(600)
            drawn(page)
            if page.evaluate(UNREACHED) == []:
                break
        assert page.evaluate(UNREACHED) == []


def test_segments_are_gone_into_two_groups_compared_and_one_member_shown(browser: Any, served: Served, floor: Workspace) -> None:
    segments = find_question("portrait.segments")(floor).table.filter(pl.col("member_count") > 0)["segment"].to_list()
    with visit(browser, served, "portrait", "question=portrait.segments") as page:
        question, headline = page.locator(".tk-question").first, page.locator(".tk-headline").first
        page.locator(".tk-chart[data-pick][data-drawn=yes] .mark-rect path").first.wait_for(state="attached")
        asked = headline.inner_text()
        bars = page.locator(".tk-chart[data-pick] .mark-rect path")
        sizes = bars.evaluate_all("bars => bars.map(bar => bar.getBoundingClientRect().width)")
        bars.nth(max(range(len(sizes)), key=sizes.__getitem__)).click()
        page.locator(".tk-question", has_text="How are our members doing?").wait_for()
        into = page.get_by_label("Only members with").input_value()
        assert into in {f"segment = '{segment}'" for segment in segments}
        assert headline.inner_text() == plain_answer(find_question("portrait.overview")(floor, audience=into)).headline
        press(page, "Back")
        page.locator(".tk-question", has_text="Which segments").wait_for()
        assert headline.inner_text() == asked

        # The same with the keyboard, by the table.
        cell = page.locator("button.tk-cell", has_text=segments[0]).first
        cell.focus()
        page.keyboard.press("Enter")
        page.locator(".tk-question", has_text=f"of the segment {segments[0]}").wait_for()
        assert page.evaluate("document.activeElement.classList.contains('tk-main')")
        page.go_back()
        page.locator(".tk-question", has_text="Which segments").wait_for()

        type_in(page, "Only members with", "recency_days <= 30")
        page.locator(".tk-question", has_text="whose last order is at most 30 days ago").wait_for()
        type_in(page, "Beside members with", "recency_days > 30")
        page.locator(".tk-question", has_text="whose last order is over 30 days ago").wait_for()
        drawn(page)
        heads = page.locator(".tk-both .tk-headline").all_inner_texts()
        beside = [find_question("portrait.segments")(floor, audience=f"recency_days {sign} 30") for sign in ("<=", ">")]
        assert heads == [plain_answer(answer).headline for answer in beside]
        left, right = (page.locator(".tk-both > *").nth(place).bounding_box() for place in (0, 1))
        page.set_viewport_size({"width": 1600, "height": 1000})
        left, right = (page.locator(".tk-both > *").nth(place).bounding_box() for place in (0, 1))
        assert left["x"] + left["width"] <= right["x"]
        assert abs(left["y"] - right["y"]) < 2, "side by side"
        fits(page)

        press(page, "Reset")
        press(page, "Who is this member, when do they come, what for, and what next?")
        page.locator(".tk-stop", has_text="Member number is empty").wait_for()
        type_in(page, "Member number", "v99")
        page.locator(".tk-stop", has_text="no member 'v99'").wait_for()
        assert question.count() == 0
        type_in(page, "Member number", "v001")
        page.locator(".tk-headline", has_text="v001").wait_for()
        assert headline.inner_text() == find_question("portrait.member")(floor, member_id="v001").headline

    # A list of members leads to each of them.
    with visit(browser, served, "targeting", "tab=ask&question=targeting.slipping") as page:
        page.locator(".tk-asking .tk-details summary").first.click()
        member = page.locator("button.tk-cell[data-column=member_id]").first
        member.wait_for()
        who = member.inner_text()
        member.click()
        page.locator(".tk-asking .tk-headline", has_text=who).wait_for()
        press(page, "Back")
        page.locator(".tk-question", has_text="slipping").wait_for()


def test_two_people_launch_the_same_campaign_and_see_their_own_views(browser: Any, served: Served, floor: Workspace) -> None:
    draft = "name=Two+people&offer=full_reduction+20%2F2&touchpoint=mail&cost_per_contact=0.05"
    with visit(browser, served, "differentiation", draft) as one, visit(browser, served, "differentiation", draft) as other:
        for page in (one, other):
            page.locator(".tk-build .tk-headline", has_text="Two people").wait_for()
            page.get_by_role("button", name="Launch …").click()
            page.get_by_text("Nothing of it can be changed or taken back afterwards.").wait_for()
        press(one, "Yes, freeze and launch it")
        one.locator(".tk-done", has_text="Launched: ").wait_for()
        frozen = open_campaign(floor, "two-people")
        press(other, "Yes, freeze and launch it")
        other.locator(".tk-launch .tk-stop", has_text="two-people").wait_for()
        assert other.locator(".tk-launch .tk-done").count() == 0
        assert open_campaign(floor, "two-people").members.equals(frozen.members)
        type_in(other, "Name", "Two people again")
        other.locator(".tk-build .tk-headline", has_text="two-people-again").wait_for()
        assert one.get_by_label("Name", exact=True).input_value() == "Two people"

    with visit(browser, served, "portrait", "store_id=s1") as one, visit(browser, served, "portrait", "region=south") as other:
        for page, scope in ((one, "store s1"), (other, "region south")):
            page.locator(".tk-headline", has_text=scope).wait_for()
        one.get_by_label("Sales of the").select_option("last 4 weeks")
        wait_until(one, "location.search.includes('period=28d')")
        drawn(one)
        assert one.locator(".tk-headline").inner_text() == find_question("portrait.overview")(floor, store_id="s1", period="28d").headline
        assert other.locator(".tk-headline").inner_text() == find_question("portrait.overview")(floor, region="south").headline
        assert "period" not in other.url
