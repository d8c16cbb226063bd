"""Receipts in, without a browser: what the page keeps, its widgets, and what the server takes."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from tests.importing.test_door import ROWS, counted, write_file
from toolkit.apps.pages.fields import PAGE_VARIABLE
from toolkit.apps.pages.page import Page
from toolkit.apps.pages.receipts_page import receipts_page
from toolkit.apps.pages.receipts_view import ReceiptsView
from toolkit.apps.pages.receiving import Receiving
from toolkit.importing import arrivals
from toolkit.importing.first_figures import first_figures
from toolkit.language import speak
from toolkit.workspace import Workspace

TIMES = itertools.count(1)


@pytest.fixture
def receiving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Receiving:
    monkeypatch.setenv(PAGE_VARIABLE, "1")
    return Receiving(tmp_path / "ws")


@pytest.fixture
def page(receiving: Receiving) -> Page:
    return receipts_page(receiving)


def view_of(page: Page) -> ReceiptsView:
    return page.tabs["receipts"].view


def arrive(view: ReceiptsView, *names: str) -> None:
    """What the page's script does once files are there."""
    view.files.field.value = f"{next(TIMES)}|{json.dumps(names)}"


def upload(receiving: Receiving, rows: list[str] = ROWS, name: str = "shop.csv") -> None:
    receiving.open_slot()
    assert receiving.slot is not None
    write_file(receiving.slot, rows, name=name)


def test_a_page_from_upload_to_import(page: Page, receiving: Receiving, tmp_path: Path) -> None:
    view = view_of(page)
    assert "There are no receipts here yet." in page.heading.value
    assert f'data-slot="{receiving.slot.name}"' in view.files.place.value
    upload(receiving)
    arrive(view, "shop.csv")
    assert view.said.value == ""
    assert view.columns.rows["lines", "member_id"][0].value == "Customer"
    assert "“10.25”, “11.25”, “12.25”" in view.columns.rows["lines", "amount"][1].value
    assert "does that look right?" in view.figures.value
    assert view.enter.disabled
    first, second = view.shown_points
    assert "Status" in first.point.sentence
    assert first.answer.disabled
    first.choice.value = next(place for place, choice in enumerate(first.point.choices) if choice.kind == "drop")
    first.answer.click()
    assert "Choose a value" in view.said.value
    next(one for value, one in first.toggles if value == "cancelled").click()
    first.answer.click()
    assert view.said.value == ""
    (second,) = view.shown_points
    second.choice.value = next(place for place, choice in enumerate(second.point.choices) if choice.kind == "drop")
    next(one for value, one in second.toggles if value == "USD").click()
    second.answer.click()
    want = counted(receiving.slot / "shop.csv")
    assert view.shown_points == []
    assert "Nothing stands open." in view.open.value
    view.enter.click()
    assert f"{want['orders']} orders" in view.done.value
    assert 'href="portrait.ipynb"' in view.done.value
    assert "receipt lines so far" in page.heading.value
    assert receiving.slot is None
    assert not (tmp_path / "ws" / "uploads").exists(), "uploads go after the import"
    figures = first_figures(Workspace(tmp_path / "ws"))
    assert (figures.orders, figures.sales) == (want["orders"], want["sales"])
    assert 'files = "shop.csv"' in (tmp_path / "mapping.toml").read_text("utf-8")
    view.files.anew.click()
    assert receiving.door.files == ()
    assert view.sections["import"].layout.display == "none"


def test_columns_and_the_text_follow_each_other(page: Page, receiving: Receiving) -> None:
    view = view_of(page)
    upload(receiving)
    arrive(view, "shop.csv")
    field, told = view.columns.rows["lines", "channel"]
    field.value = "Status"
    assert 'channel = "Status"' in view.mapping.text.value
    assert "“paid”" in told.value
    assert view.columns.rows["lines", "channel"][0] is field, "the field keeps the keyboard"
    view.mapping.text.value = view.mapping.text.value.replace('channel = "Status"', 'channel = { value = "online" }')
    view.mapping.box.children[1].children[0].click()
    assert field.label == "always online"
    view.mapping.back.click()
    assert field.value == "Status"
    view.columns.currency.value = "usd"
    assert 'currency = "USD"' in view.mapping.text.value
    view.columns.currency.value = "nothing"
    assert "NOTHING" in view.open.value
    view.mapping.text.value = "= no toml"
    view.mapping.box.children[1].children[0].click()
    assert "not valid TOML" in view.said.value


def test_what_does_not_arrive_or_lies_elsewhere_is_a_sentence(page: Page, receiving: Receiving, tmp_path: Path) -> None:
    view = view_of(page)
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n", "utf-8")
    arrive(view, "../../../secret.csv")
    assert "did not arrive whole" in view.said.value
    view.files.inbox.value = "../../secret.csv"
    view.files.from_inbox.children[1].click()
    assert "is not in the folder" in view.said.value
    assert receiving.door.files == ()
    upload(receiving)
    arrive(view, "shop.csv")
    view.mapping.text.value = view.mapping.text.value.replace('"shop.csv"', json.dumps(str(tmp_path / "secret.csv")))
    view.mapping.box.children[1].children[0].click()
    assert "is not among the chosen ones" in view.open.value


def test_the_inbox_is_offered(page: Page, receiving: Receiving, tmp_path: Path) -> None:
    view = view_of(page)
    (tmp_path / "ws").mkdir(exist_ok=True)
    write_file(tmp_path / "ws" / "inbox", name="may.csv")
    view.files.show()
    assert view.files.inbox.options == ("may.csv",)
    view.files.inbox.value = "may.csv"
    view.files.from_inbox.children[1].click()
    assert [path.name for path in receiving.door.files] == ["may.csv"]
    receiving.restart()
    assert (tmp_path / "ws" / "inbox" / "may.csv").exists(), "what was put there by hand stays"


def test_many_rows_wait_until_they_are_asked_for(page: Page, receiving: Receiving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.apps.pages.receiving.TRIED_AT_ONCE", 10)
    view = view_of(page)
    upload(receiving)
    arrive(view, "shop.csv")
    assert receiving.door.trial is None
    assert "files are large" in view.open.value
    steps: list[str] = []
    receiving.observe(lambda change: steps.append(change["new"]), "step")
    view.look.click()
    assert steps[0] == "Reading the receipts …"
    assert steps[-1] == ""
    assert receiving.door.trial is not None


def test_days_that_would_be_wiped_out_are_asked_about(page: Page, receiving: Receiving) -> None:
    view = view_of(page)
    day = [f"R{order},M{order},S1,P1,2025-05-05 10:00:00,1,10.00,paid,EUR" for order in range(30)]
    upload(receiving, day)
    arrive(view, "shop.csv")
    view.enter.click()
    view.files.anew.click()
    upload(receiving, day[:3])
    arrive(view, "shop.csv")
    view.enter.click()
    assert "would wipe out receipts" in view.done.value
    assert view.force.layout.display == ""
    assert Workspace(receiving.workspace).line_count == 30
    view.force.click()
    assert Workspace(receiving.workspace).line_count == 3


def test_another_language_keeps_the_answers(page: Page, receiving: Receiving) -> None:
    upload(receiving)
    arrive(view_of(page), "shop.csv")
    point = view_of(page).shown_points[0]
    point.choice.value = 0
    point.answer.click()
    try:
        page.speak("zh")
        view = view_of(page)
        assert "收据导入" in page.heading.value
        assert [one.point.key for one in view.shown_points] == ["currency:Currency"]
        assert 'ignore = ["state:Status"]' in view.mapping.text.value
    finally:
        speak("en")


def test_the_server_takes_files_only_for_a_page_that_is_there(tmp_path: Path) -> None:
    """Names are made harmless, two of one name are two files, and what is no page of ours, or too large, is refused."""
    import asyncio

    from jupyter_server.auth import AllowAllAuthorizer, IdentityProvider
    from tornado import web
    from tornado.httpserver import HTTPServer
    from tornado.testing import bind_unused_port

    from toolkit.apps.serving import uploads

    workspace = tmp_path / "ws"
    slot = arrivals.open_slot(workspace)

    async def talk() -> list[tuple[int, dict]]:
        identity = IdentityProvider(token="secret")
        application = web.Application(
            [(r"/receipts/([\w-]+)", uploads.UploadHandler, {"workspace": workspace})],
            identity_provider=identity, authorizer=AllowAllAuthorizer(identity_provider=identity), cookie_secret=b"0" * 32, base_url="/",
            headers={}, allow_origin="", allow_remote_access=True,
        )  # fmt: skip
        socket, port = bind_unused_port()
        server = HTTPServer(application, max_body_size=1000)
        server.add_socket(socket)
        client, answers = AsyncHTTPClient(), []
        for name, place, key in (
            ("..%2F..%2Fa.csv", slot.name, "secret"), ("a.csv", slot.name, "secret"), ("a.csv", f"1-{'0' * 16}", "secret"), ("a.csv", slot.name, "wrong"),
        ):  # fmt: skip
            address = f"http://127.0.0.1:{port}/receipts/{place}?name={name}"
            asked = HTTPRequest(address, method="PUT", body=b"x" * 100_000, headers={"Authorization": f"token {key}"})
            got = await client.fetch(asked, raise_error=False)
            answers.append((got.code, json.loads(got.body) if got.body.startswith(b"{") else {}))
        server.stop()
        return answers

    answers = asyncio.run(talk())
    assert [code for code, _ in answers] == [200, 200, 404, 403]
    assert [answer.get("name") for _, answer in answers[:2]] == ["a.csv", "a-2.csv"]
    assert "load it again" in answers[2][1]["why"]
    assert sorted(os.listdir(slot)) == ["a-2.csv", "a.csv"]
    assert (slot / "a.csv").stat().st_size == 100_000, "larger than the server takes elsewhere, since it is written as it comes"
