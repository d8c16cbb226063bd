"""A store's page: figures of the scoreboard, things to do of the agenda, and who may be named on it."""

from __future__ import annotations

import re
from datetime import date

import polars as pl
import pytest

from tests.portrait.village import village_lines, village_products
from tests.shop import AS_OF, make_workspace
from toolkit.batch.html import Heading, report_page
from toolkit.batch.store_page import MOST_NAMES, StorePage, store_page
from toolkit.errors import TooFewMembers
from toolkit.ledger.global_control import read_global_control, set_global_control
from toolkit.portrait import scoreboard
from toolkit.review import agenda
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

NASTY = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The village with who may be contacted, names, targets, and a campaign that runs with v062 and v066 held out."""
    ids = village_lines()["member_id"].drop_nulls().unique().sort()
    members = pl.DataFrame(
        {"member_id": ids, "name": [NASTY if one == "v076" else f"N {one}" for one in ids], "contactable": [one != "v072" for one in ids]}
    )
    months = [date(2024, month, 1) for month in (4, 5, 6)]
    targets = pl.DataFrame({"store_id": ["s1"] * 3, "month": months, "target_amount": [200_000] * 3})
    campaigns = pl.DataFrame(
        {
            "campaign_id": ["C1"], "name": ["C1"], "method": ["coupon"], "starts_on": [date(2024, 6, 1)], "ends_on": [date(2024, 7, 31)],
            "cost_fixed": [0], "cost_per_contact": [0], "randomised": [True],
        }
    )  # fmt: skip
    arms = pl.DataFrame({"campaign_id": "C1", "member_id": ["v060", "v062", "v066"], "arm": ["treated", "control", "control"]})
    arms = arms.with_columns(contacted_at=pl.lit(None, pl.Datetime("us")), touchpoint=pl.lit(None, pl.String))
    tables = {"products": village_products(), "members": members, "sales_targets": targets, "campaigns": campaigns, "contacts": arms}
    return make_workspace(tmp_path_factory.mktemp("village") / "ws", village_lines(), tables)


@pytest.fixture(scope="module")
def page(village: Workspace) -> StorePage:
    return store_page(village, store_id="s1", store_label="Harbour")


def called(page: StorePage) -> list[str]:
    return [name for task in page.tasks for name, _ in task.names]


def test_figures_and_things_to_do_are_those_of_their_questions(village: Workspace, page: StorePage) -> None:
    board, todo = scoreboard(village, store_id="s1"), agenda(village, store_id="s1")
    assert [figure.label for figure in page.figures] == [
        "Sales", "Sales to members", "Active members", "First-time members", "Repeat rate", "Order value",
    ]  # fmt: skip
    for name, value in page.told["figures"].items():
        if name in board.figures:
            assert value == board.figures[name]
    assert page.told["figures"]["sales"] == pytest.approx(page.told["figures"]["member_sales"])  # nobody else shops in the village
    assert [task.todo for task in page.tasks][: todo.table.height] == todo.table["todo"].to_list()
    june = open_view(village, store_id="s1").orders.filter(pl.col("ordered_at").dt.date() >= date(2024, 6, 1)).collect()["amount"].sum()
    assert page.told["figures"]["target_rate"] == pytest.approx(june / (200_000 * AS_OF.day // 30), rel=0.2)
    assert "of the target of" in page.figures[0].target
    assert not any(figure.target for figure in page.figures[1:])


def test_only_those_are_named_who_may_be_called_and_whose_store_it_is(village: Workspace, page: StorePage) -> None:
    names = " ".join(called(page))
    assert "v070" in names
    assert not re.search(r"v072|v062|v066", names)  # no consent; held out of the campaign that runs
    assert all(int(who[1:]) % 2 == 0 for who in re.findall(r"v\d{3}", names))
    assert all(len(task.names) <= MOST_NAMES for task in page.tasks)
    assert not called(store_page(village, store_id="s1", names=False))
    assert not called(store_page(village))  # the chain's page names nobody


def test_a_viewer_sees_counts_and_the_global_control_is_left_alone(village: Workspace, page: StorePage) -> None:
    village.write_document("roles", {"everybody": "viewer"})
    seen = store_page(village, store_id="s1")
    (village.path / "documents" / "roles.toml").unlink()
    assert not called(seen)
    assert "whose role may see members" in seen.unnamed
    assert [task.todo for task in seen.tasks] == [task.todo for task in page.tasks]
    set_global_control(village, 0.5, since=date(2024, 1, 1))
    kept_out = read_global_control(village)
    (names,) = [re.findall(r"v\d{3}", " ".join(called(store_page(village, store_id="s1"))))]
    (village.path / "documents" / "global_control.toml").unlink()
    assert names
    assert not kept_out.holds(pl.Series(names)).any()


def test_what_came_from_data_cannot_run_and_a_small_store_has_no_page(village: Workspace, page: StorePage) -> None:
    html = page.html()
    assert NASTY not in html
    assert "&lt;script&gt;" in html
    with pytest.raises(TooFewMembers):
        store_page(village, store_id="s1", settings={"scope": {"minimum_members": 200}})


def test_a_report_is_folded_by_question_and_its_first_answer_stands_open() -> None:
    told = {"name": "portrait.overview", "headline": "It sells <b>.", "figures": {}, "spark": [], "currency": ""}

    def answer(words: str) -> list[dict]:
        head = {"output_type": "display_data", "data": {"text/html": "<p>head</p>", "text/plain": words}}
        body = {"output_type": "display_data", "data": {"text/html": "<p>body</p>"}, "metadata": {}}
        return [{**head, "metadata": {"application/vnd.toolkit.answer+json": told}}, body]

    cells = [
        {"cell_type": "code", "metadata": {}, "source": "", "execution_count": 1, "outputs": outputs}
        for outputs in ([*answer("One?"), *answer("Two?")], answer("Three?"), [{"output_type": "stream", "name": "stdout", "text": "out"}])
    ]
    html = report_page({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, Heading("T", "S", "1"), script_url=None)
    folded = re.findall(
        r'<details class="answer" id="(answer-\d)"( open)?><summary><h3>(.*?)</h3><p>(.*?)</p></summary>(.*?)</details>', html
    )
    assert [(anchor, opened, title) for anchor, opened, title, _, _ in folded] == [
        ("answer-1", " open", "One?"), ("answer-2", "", "Two?"), ("answer-3", "", "Three?"),
    ]  # fmt: skip
    assert all("head" in inside and "body" in inside for *_, inside in folded)
    assert folded[0][3] == "It sells &lt;b&gt;."
    assert html.index("</details>", html.index("answer-3")) < html.index(">out<")


def test_pages_of_a_sheet_are_not_folded(page: StorePage) -> None:
    outputs = [
        {
            "output_type": "display_data", "data": {"text/html": page.html(), "text/plain": ""},
            "metadata": {"application/vnd.toolkit.answer+json": dict(page.told)},
        }
    ]  # fmt: skip
    cells = [{"cell_type": "code", "metadata": {}, "source": "", "execution_count": 1, "outputs": outputs}]
    notebook = {"cells": cells, "metadata": {"layout": "sheet"}, "nbformat": 4, "nbformat_minor": 5}
    html = report_page(notebook, Heading("This week", "Harbour", "s1"), script_url=None)
    assert "<details" not in html
    assert 'class="tiles"' not in html
    assert len(html) < 60_000
    assert not re.search(r'(src|href)="(?!data:)', html)  # it stands alone: nothing is asked of anywhere
