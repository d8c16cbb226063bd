"""What every app stands besides its own story: text that means harm, an address that is mailed, the way back, a sheet of paper."""

from __future__ import annotations

import subprocess
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.apps.conftest import NASTY
from tests.apps.test_browser import press, served, type_in, visit
from tests.apps.test_browser_people import READY, drawn
from tests.chromium import CHROMIUM, wait_until
from toolkit.apps.pages.plain_words import plain_answer
from toolkit.registry import find_question
from toolkit.workspace import Workspace

Served = tuple[str, subprocess.Popen[str]]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: the app was not opened in a browser"),
]
__all__ = ["served"]  # the fixture: each module has an app of its own

HARM = "<script>document.title='broken'</script>{{ 7*7 }}{% raw %}=1+1|'calc' مرحبا <img src=x onerror=\"document.title='broken'\">"
"""A script, a template, a formula, words from right to left, and a picture that runs when it is not found."""
ENDLESS = "x" * 10_000
UNFOLDS = {"targeting": "As an expression", "differentiation": "In short, to be typed"}
FIELDS = "input:not([type=date], [type=checkbox]), textarea, [contenteditable=true]"
FIGURES = {"Spend", "Save", "Cost of one contact", "Fixed costs", "Lift to reach, %"}
"""Fields that take figures: what else is typed is said back by one sentence, so once is enough."""
SLIDERS = {"Most that the offer may cost", "Held out, %"}
SILENT = {"By", *SLIDERS}
"""Fields whose text no answer repeats, unless it is too long: how members are told, and sliders, which take figures alone."""
# What a person reads of a text, or what the address keeps of it.
HEARD = """words => [...document.querySelectorAll('.tk-sentence, .tk-headline')].some(one => one.getClientRects().length && one.textContent.includes(words))
  || new URLSearchParams(location.search).toString() && [...new URLSearchParams(location.search).values()].some(one => one.includes(words))"""
PARTS = (
    ("portrait", {"question": "portrait.member"}, 5),
    ("targeting", {}, 3),
    ("differentiation", {"name": "Autumn"}, 12),
)


def unfold(page: Any, app: str) -> None:
    """Open what is there for who wants to type."""
    if app in UNFOLDS:
        press(page, UNFOLDS[app])


def unharmed(page: Any) -> None:
    """Nothing of the text became part of the page, and no screen is too narrow for it."""
    assert page.locator(".tk-page :is(script, img, iframe)").count() == 0
    assert "broken" not in page.title()
    assert max([len(said) for said in page.locator(".tk-sentence").all_inner_texts()], default=0) < 3_000, (
        "what came is not said back whole"
    )
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 1000})
        wait_until(page, "document.documentElement.scrollWidth <= document.documentElement.clientWidth")  # charts follow in a moment


@pytest.mark.parametrize(("app", "query", "count"), PARTS, ids=[app for app, *_ in PARTS])
def test_text_that_means_harm_is_shown_as_text(browser: Any, served: Served, app: str, query: dict[str, str], count: int) -> None:
    with visit(browser, served, app, urlencode(query)) as page:
        page.locator(".tk-main :is(.tk-headline, .tk-stop)").locator("visible=true").first.wait_for()
        unfold(page, app)
        page.locator(FIELDS).locator("visible=true").nth(count - 1).wait_for()
        fields = page.locator(FIELDS).locator("visible=true").element_handles()
        assert len(fields) == count
        for field in reversed(fields):  # the last belongs to the question, and goes with it when the page is reset
            label = field.evaluate("one => one.getAttribute('aria-label') || one.labels[0].textContent")
            for words, told in ((HARM, "7*7"), (ENDLESS, "x" * 50))[: 1 if label in FIGURES | SLIDERS else 2]:
                field.fill(words)
                field.press("Tab")
                if label == "Ask in your own words" and words == HARM:
                    told = "nothing typed here is run"  # code is refused as code
                if label == "Name of this audience":
                    press(page, "Keep it")
                if label in SILENT and words == HARM:
                    page.wait_for_timeout(300)
                else:
                    wait_until(page, HEARD, arg=told)
                unharmed(page)
            press(page, "Reset")
            wait_until(page, f"words => !({HEARD})(words)", arg=told)
        if app == "targeting":
            press(page, "Build an audience")  # what was asked has led to the other part
            press(page, "Add a condition")  # figures first, then the shop's own words
            for about, heard in (("spent in the last 13 weeks", ((HARM, "7*7"), (ENDLESS, "x" * 50))), ("like", ((HARM, "7*7"),))):
                page.get_by_label("Condition 1: about").select_option(about)
                for words, told in heard:
                    type_in(page, "Condition 1: how much, or which", words)
                    wait_until(page, HEARD, arg=told)
                    unharmed(page)


@pytest.mark.parametrize(
    ("app", "question", "count"),
    [("targeting", "targeting.attach", 2), ("differentiation", "differentiation.coupon", 4)],  # those of the review are chosen from lists
)
def test_text_that_means_harm_is_no_answer_to_a_question(browser: Any, served: Served, app: str, question: str, count: int) -> None:
    with visit(browser, served, app, urlencode({"tab": "ask", "question": question})) as page:
        page.locator(".tk-asking :is(.tk-headline, .tk-stop)").locator("visible=true").first.wait_for()
        places = page.locator(".tk-own").locator(FIELDS).locator("visible=true")
        assert places.count() == count
        for place in range(count):
            field = places.nth(place)
            was = field.input_value()
            for words, told in ((HARM, "7*7"), (ENDLESS, "x" * 50)):
                field.fill(words)
                field.press("Tab")
                wait_until(page, HEARD, arg=told)
                unharmed(page)
            field.fill(was)
            field.press("Tab")
            wait_until(page, f"words => !({HEARD})(words)", arg=told)


def address(page: Any) -> list[tuple[str, str]]:
    return sorted(parse_qsl(page.evaluate("location.search.slice(1)")))


def shown(page: Any) -> tuple[list[str], list[str]]:
    """What a part of a page says, and what stands in its fields."""
    drawn(page)
    fields = page.locator("input, select, textarea").locator("visible=true")
    return (
        page.locator(".tk-headline").locator("visible=true").all_inner_texts(),
        fields.evaluate_all("fields => fields.map(one => one.type === 'checkbox' ? String(one.checked) : one.value)"),
    )


# The first part of each app: its address, the fields that hold what is in it, and the beginning of what it says.
FIRST_PARTS = (
    ("targeting", {"where": "recency_days <= 30 AND contactable"}, {"The same as a condition": "recency_days <= 30 AND contactable"}),
    (
        "differentiation",
        {"name": "Autumn", "offer": "coupon 5 from 30", "control_percent": "25", "cost_per_contact": "0.05"},
        {"Name": "Autumn", "The same in short": "coupon 5 from 30", "Worth": "5", "From a basket of": "30", "Cost of one contact": "0.05"},
    ),
    ("review", {"campaign": "C0"}, {}),
)


@pytest.mark.parametrize(("app", "query", "fields"), FIRST_PARTS, ids=[app for app, *_ in FIRST_PARTS])
def test_an_address_opens_the_view_and_the_way_back_leads_to_it(
    browser: Any, served: Served, app: str, query: dict[str, str], fields: dict[str, str]
) -> None:
    with visit(browser, served, app, urlencode(query)) as page:
        page.locator(READY[app].replace(".tk-hint p", ".tk-build .tk-headline")).first.wait_for()
        assert address(page) == sorted(query.items())
        unfold(page, app)
        for label, text in fields.items():
            field = page.get_by_label(label, exact=True).locator("visible=true").element_handle()
            wait_until(page, "([field, text]) => field.value === text", arg=[field, text])
        opened = shown(page)
        if app == "review":
            page.get_by_label("Campaign", exact=True).select_option(index=0)
        elif app == "targeting":
            page.get_by_label("Condition 1: how much, or which").fill("7")
            page.keyboard.press("Tab")
        else:
            page.get_by_label("Kind of offer").select_option("A discount")
        wait_until(page, "was => location.search !== was", arg="?" + urlencode(sorted(query.items())))
        moved = address(page)
        assert shown(page) != opened
        press(page, page.locator(".tk-tab").nth(1).inner_text())
        wait_until(page, "new URLSearchParams(location.search).get('tab') === 'ask'")
        page.locator(".tk-asking .tk-question, .tk-asking .tk-stop").locator("visible=true").first.wait_for()
        assert ("tab", "ask") in address(page)
        page.go_back()
        page.locator(".tk-tab").nth(0).and_(page.locator(".tk-chosen")).wait_for()
        assert address(page) == moved
        page.go_back()
        wait_until(page, "was => location.search === was", arg="?" + urlencode(sorted(query.items())))
        expect_shown(page, opened)
        if app == "review":
            return  # a campaign is chosen, and nothing is filled in
        press(page, "Reset")
        wait_until(page, "!location.search")
        assert shown(page) != opened
        press(page, "Back")
        wait_until(page, "location.search")
        assert address(page) == sorted(query.items())
        expect_shown(page, opened)


def expect_shown(page: Any, wanted: tuple[list[str], list[str]]) -> None:
    for _ in range(100):
        if shown(page) == wanted:
            return
        page.wait_for_timeout(100)
    assert shown(page) == wanted


QUESTIONS = (
    ("portrait", "portrait.habits", {"store_id": "s1", "period": "28d"}, {"by": "hour"}),
    ("targeting", "targeting.gain_loss", {"region": "south"}, {}),
    ("differentiation", "differentiation.coupon", {"audience": "recency_days <= 90"}, {}),
    ("review", "review.sales_targets", {"store_id": NASTY}, {}),
)


@pytest.mark.parametrize(("app", "question", "scope", "own"), QUESTIONS, ids=[app for app, *_ in QUESTIONS])
def test_an_address_asks_its_question_of_everybody(
    browser: Any, served: Served, floor: Workspace, app: str, question: str, scope: dict[str, str], own: dict[str, str]
) -> None:
    tab = {} if app == "portrait" else {"tab": "ask"}
    query = {**tab, "question": question, **scope, **{f"own.{name}": value for name, value in own.items()}}
    with visit(browser, served, app, urlencode(query)) as page:
        wanted = plain_answer(find_question(question)(floor, **scope, **own)).headline
        headline = page.locator(".tk-asking .tk-headline").locator("visible=true")
        headline.filter(has_text=wanted).wait_for()  # the page opens with a headline of its own
        assert headline.inner_text() == wanted
        assert address(page) == sorted(query.items())
        if app == "portrait":
            on_a_telephone(page)


def on_a_telephone(page: Any) -> None:
    """The answer comes first; what else can be asked is folded away, and away again once it is asked."""
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.locator(".tk-headline").bounding_box()["y"] < 844 / 2, "in the upper half of the screen"
    other = page.get_by_role("button", name="How do our stores compare?", exact=True)
    assert other.is_hidden()
    fold = page.locator(".tk-fold summary", has_text="Other questions")
    fold.focus()
    page.keyboard.press("Enter")
    other.click()
    page.locator(".tk-question", has_text="How do our stores compare?").wait_for()
    assert other.is_hidden()
    assert page.evaluate("document.activeElement.classList.contains('tk-main')")


def test_a_review_prints_as_a_page(browser: Any, served: Served) -> None:
    with visit(browser, served, "review") as page:
        page.locator(READY["review"]).first.wait_for()
        drawn(page)
        page.set_viewport_size({"width": 700, "height": 1000})  # a sheet of A4 within its margins
        page.wait_for_timeout(600)
        drawn(page)
        page.emulate_media(media="print")
        for control in (".tk-scope", ".tk-menu", ".tk-tabs", ".tk-way", ".tk-download", ".jupyter-button", ".vega-embed summary"):
            assert not page.locator(control).locator("visible=true").count(), control
        wide = "[...document.querySelectorAll('.tk-section :is(table, svg.marks)')].filter(one => one.getBoundingClientRect().right > innerWidth)"
        assert page.evaluate(f"{wide}.map(one => one.outerHTML.slice(0, 200))") == []
        assert page.locator(".tk-section-verdict .tk-headline").is_visible()
        assert page.locator(".tk-title h1").is_visible()
        assert page.evaluate("document.documentElement.scrollHeight") > 1500, "all of it, not one screen"
        assert page.pdf(format="A4").startswith(b"%PDF")
        page.emulate_media(media="screen")
