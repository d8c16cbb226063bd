"""A campaign planned, launched and given out by a person who fills in a form, without a browser."""

from __future__ import annotations

import base64
import io
import re
import shutil
import zipfile
from pathlib import Path

import polars as pl
import pytest

from tests.portrait.village import village_lines, village_products
from tests.shop import make_workspace
from toolkit.answer import Answer
from toolkit.apps.pages.form import Form, blank, campaign_id_of, form_of, query_of
from toolkit.apps.pages.offer_text import STARTS
from toolkit.apps.pages.plain_words import plain_answer
from toolkit.apps.pages.planner import NOT_YET, Planner
from toolkit.apps.pages.planner_view import PlannerView
from toolkit.errors import BadValue
from toolkit.ledger.campaigns import open_campaign
from toolkit.registry import find_question
from toolkit.wording import share
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    lines = village_lines()
    ids = lines["member_id"].drop_nulls().unique().sort()
    members = pl.DataFrame({"member_id": ids, "contactable": [True] * ids.len()})
    return make_workspace(tmp_path_factory.mktemp("planner") / "ws", lines, {"products": village_products(), "members": members})


@pytest.fixture
def planner(built: Workspace, tmp_path: Path) -> Planner:
    return Planner(shutil.copytree(built.path, tmp_path / "ws"))


def test_the_blank_form_asks_for_more(planner: Planner) -> None:
    assert planner.plan == NOT_YET
    assert planner.form == blank(planner.shop.last_day)
    assert not planner.can_launch
    planner.read_ahead()  # for speed alone: nothing of it is shown
    assert (planner.plan, planner.replay, planner.holdout, planner.busy) == (NOT_YET, None, "", False)


def test_what_is_filled_in_becomes_a_plan(planner: Planner) -> None:
    planner.change(name="Autumn")
    assert isinstance(planner.plan, Answer), planner.plan
    assert "'autumn'" in planner.plan.headline
    assert not any("extra_amount" in note.text for note in plain_answer(planner.plan).notes), "a plan, too, is shown in words"
    assert isinstance(planner.replay, Answer | str)
    assert planner.can_go_back
    (held_out,) = re.findall(r"([\d,]+) are held out", planner.plan.headline)
    assert f"{held_out} held out forgo" in planner.holdout, "of those who take part"
    assert f"a lift of {share(planner.plan.figures['smallest_lift_share'])} or more" in planner.holdout, "as the plan says"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("cost_per_contact", "cheap", "“cheap” came for “cost of one contact”, but a number was needed"),
        ("cost_per_contact", "0,10", "“0,10” came for “cost of one contact”"),
        ("starts_on", "tomorrow", "starts_on is 'tomorrow'"),
        ("offer", "full_reduction 60/60/60", "full_reduction"),
        ("offer", "gift", "gift"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(planner: Planner, field: str, value: str, said: str) -> None:
    planner.change(name="Autumn", **{field: value})
    assert isinstance(planner.plan, str)
    assert said in planner.plan
    assert not planner.can_launch


def test_an_end_before_the_start_stands_in_the_way(planner: Planner) -> None:
    planner.change(name="Autumn", ends_on="2000-01-01")
    assert not planner.can_launch
    with pytest.raises(BadValue, match="cannot be launched"):
        planner.launch()


def test_a_clicked_cell_is_the_offer(planner: Planner) -> None:
    planner.take_cell({"column": "$60", "row": "$10", "value": 3})
    assert planner.form.offer == "full_reduction 60/10"
    planner.take_cell({"legend": "x"})
    assert planner.form.offer == "full_reduction 60/10"
    planner.take_cell({"column": "US$1,200.00", "row": "US$7.50"})  # dollars as a Chinese page writes them
    assert planner.form.offer == "full_reduction 1200/7.5"


def test_launched_once_confirmed_and_never_again(planner: Planner) -> None:
    view = PlannerView(planner)
    planner.change(name="Autumn", cost_per_contact="0.05", touchpoint="mail", purpose="win_back")
    if not planner.can_launch:
        pytest.fail("\n".join(str(note) for note in planner.plan.notes))  # type: ignore[union-attr]
    view.launching.ask.click()
    assert "freezes" in view.launching.consequences.value
    assert view.launching.confirm.layout.display == "flex"
    view.launching.no.click()
    assert planner.form.campaign == ""
    view.launching.ask.click()
    view.launching.yes.click()
    assert planner.form.campaign == "autumn"
    frozen = open_campaign(Workspace(planner.shop.path), "autumn")
    assert frozen.count("treated") > frozen.count("control") > 0
    assert frozen.definition is not None
    assert frozen.definition.purpose == "win_back"
    assert not planner.can_launch, "the id is taken from now on"
    name, content, told = planner.contact_files()
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(content))) as archive:
        files = [file for file in archive.namelist() if file.endswith(".csv")]
        listed = pl.read_csv(archive.read(files[0]))["member_id"]
    assert name == "autumn-contacts.zip"
    assert "control members are on none" in told
    control = frozen.members.filter(pl.col("arm") == "control")["member_id"]
    assert set(listed).isdisjoint(control)


def test_a_form_in_the_address(planner: Planner) -> None:
    form = Form(name="a & b", offer="discount 10% on COFFEE", starts_on="2024-01-01", ends_on="2024-01-28", control_percent=35)
    assert form_of("?" + query_of(form, planner.start), planner.start) == form
    assert form_of("control_percent=-3&workspace=x", planner.start) == planner.start
    assert campaign_id_of(" !! ") == "new-campaign"


def test_a_purpose_brings_its_method_and_the_goods_that_suit_it(planner: Planner) -> None:
    planner.reset()
    planner.change(purpose="clear_stock")
    assert planner.form.offer == STARTS["discount"]  # the playbook's method for it
    assert planner.goods == find_question("differentiation.goods_for")(Workspace(planner.shop.path), purpose="clear_stock").headline
    planner.change(offer="coupon 5 from 30")  # the person decides
    assert (planner.form.purpose, planner.form.offer) == ("clear_stock", "coupon 5 from 30")
    assert form_of(query_of(planner.form, planner.start), planner.start) == planner.form
    planner.change(purpose="")
    assert planner.goods == ""
    assert planner.form.offer == "coupon 5 from 30"
    planner.reset()
