"""The minimum of members is the workspace's; members by name are for some; a viewer cannot tell one person from two groups."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import toolkit as tk
from tests.personal.town import import_town
from toolkit.apps.pages.builder import Draft, spread, standing_of
from toolkit.apps.pages.choice import Choice
from toolkit.apps.pages.state import blockers as question_blockers
from toolkit.apps.pages.state import read_shop
from toolkit.audience import Audience, refreshed, save_audience
from toolkit.audit import acting, read_audit
from toolkit.errors import BadValue, NotAllowed, ToolkitError, WorkspaceError
from toolkit.personal.forget import forget
from toolkit.scope import minimum
from toolkit.scope.minimum import lower_minimum, shop_settings
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

PLAN = {"campaign_id": "x", "starts_on": "2024-06-03", "ends_on": "2024-06-30", "offers": {"a": "full_reduction 60/10"}, "offer_of": "a"}
FEW = {"scope": {"minimum_members": 3}}
ROLES = {"everybody": "viewer", "people": {"anna@shop.example": "owner", "bo": "marketer"}}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("roles")
    return import_town(folder / "export", folder / "ws").path


@pytest.fixture
def ws(town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(minimum, "FLOOR", 10)
    shutil.copytree(town, tmp_path / "ws")
    return Workspace(tmp_path / "ws")


# -- the minimum -----------------------------------------------------------------------------------------------------------------------


def test_who_asks_may_raise_the_minimum_and_not_lower_it(ws: Workspace) -> None:
    with pytest.raises(BadValue, match="no group of fewer than 10 members"):
        tk.portrait.overview(ws, settings=FEW)
    with pytest.raises(BadValue, match="fewer than 10"):
        tk.portrait.overview(ws, settings=tk.Settings.model_validate(FEW))
    assert tk.portrait.overview(ws, settings={"scope": {"minimum_members": 30}}).settings["scope"] == {"minimum_members": 30}
    ws.write_document("settings", {"scope": {"minimum_members": 30}})
    with pytest.raises(BadValue, match="fewer than 30"):
        tk.portrait.overview(ws, settings={"scope": {"minimum_members": 29}})


def test_a_line_in_the_settings_does_not_lower_it(ws: Workspace) -> None:
    ws.write_document("settings", FEW)
    with pytest.raises(BadValue, match="toolkit minimum WORKSPACE 3 --reason"):
        tk.portrait.overview(ws)


def test_an_owner_lowers_it_in_writing_with_a_reason(ws: Workspace) -> None:
    with pytest.raises(BadValue, match="Why"):
        lower_minimum(ws, 3, reason="")
    path = lower_minimum(ws, 3, reason="a village shop, agreed with the works council")
    assert shop_settings(ws).scope.minimum_members == 3
    assert tk.portrait.overview(ws, settings=FEW).headline
    entry = read_audit(ws.path).entries[-1]
    assert (entry.did, entry.about["least"]) == ("lowered the minimum", 3)
    assert "works council" in str(entry.about["reason"])
    path.write_text(path.read_text("utf-8").replace("least = 3", "least = 1"), "utf-8")
    with pytest.raises(WorkspaceError, match="no such statement"):
        tk.portrait.overview(ws)


# -- roles -----------------------------------------------------------------------------------------------------------------------------


def test_without_a_file_of_roles_one_person_may_everything(ws: Workspace) -> None:
    assert len(tk.members(ws)) == 66


def test_members_by_name_are_not_a_viewer_s(ws: Workspace, tmp_path: Path) -> None:
    ws.write_document("roles", ROLES)
    with acting("somebody", "page"):
        assert tk.portrait.overview(ws).headline
        for forbidden in (
            lambda: tk.portrait.member(ws, member_id="K001"),
            lambda: tk.members(ws),
            lambda: save_audience(ws, Audience("all", where="order_count > 0")),
            lambda: tk.export_audience(open_view(ws), Audience("all", where="order_count > 0"), tmp_path / "out"),
            lambda: tk.portrait.overview(ws, audience=["K001", "K002"]),
            lambda: tk.portrait.overview(ws, audience="member_id <> 'K001'"),
            lambda: forget(ws, "K001"),
        ):
            with pytest.raises(NotAllowed):
                forbidden()
    with acting("bo", "page"):
        assert tk.members(ws).height == 66
        with pytest.raises(NotAllowed, match="needs one"):
            lower_minimum(ws, 3, reason="because I would like to see it")
    with acting("anna@shop.example", "page"):
        lower_minimum(ws, 3, reason="a village shop, as agreed")
        assert read_audit(ws.path).entries[-1].who == "anna@shop.example"


def test_a_list_of_members_is_not_a_viewer_s_whatever_question_gives_it(ws: Workspace) -> None:
    ws.write_document("roles", ROLES)
    with acting("bo", "page"):
        assert "member_id" in tk.targeting.buyers(ws, goods="米").table.columns
    with acting("somebody", "page"), pytest.raises(NotAllowed, match="list of members"):
        tk.targeting.buyers(ws, goods="米")


def test_a_saved_list_counts_among_a_viewer_s_audiences(ws: Workspace) -> None:
    ids = tk.members(ws)["member_id"].to_list()
    save_audience(ws, Audience("forty", member_ids=tuple(ids[:40])))
    save_audience(ws, Audience("all but one of forty", member_ids=tuple(ids[:39])))
    ws.write_document("roles", ROLES)
    with acting("somebody", "page"):
        assert tk.portrait.overview(ws, audience="forty").headline
        with pytest.raises(NotAllowed, match="fewer than 10 members"):
            tk.portrait.overview(ws, audience="all but one of forty")


def test_counts_of_a_list_of_ids_are_rounded_for_a_viewer(ws: Workspace) -> None:
    ids = tk.members(ws)["member_id"].to_list()
    save_audience(ws, Audience("a list", member_ids=tuple(ids[:44])))
    exact = tk.portrait.overview(ws, audience="a list")
    ws.write_document("roles", ROLES)
    with acting("somebody", "page"):
        told = tk.portrait.overview(ws, audience="a list")
        assert "rounded to 10" in str(told.notes)
        counts = [column.name for column in told.columns if column.counts_members]
        assert counts
        for name in counts:
            for shown, counted in zip(told.table[name], exact.table[name], strict=True):
                assert shown == (None if counted is None else (counted + 5) // 10 * 10)
        assert "44" in exact.headline
        assert "44" not in told.headline
    with acting("bo", "page"):
        save_audience(ws, Audience("a list", member_ids=tuple(ids[:45])), replace_it=True)
        assert "rounded" not in str(tk.portrait.overview(ws, audience="a list").notes)
    with acting("somebody", "page"), pytest.raises(NotAllowed, match="fewer than 10 members"):
        tk.portrait.overview(ws, audience="a list")  # one more than before


def test_groups_that_come_down_to_a_few_are_refused_to_a_viewer(ws: Workspace) -> None:
    """Of the first seven days 10, 10, 10, 9, 9, 9 and 9 members came first on each."""
    ws.write_document("roles", ROLES)
    until = "first_ordered_on < '2024-01-0{}'".format
    with acting("somebody", "page"):
        assert tk.portrait.overview(ws, audience="order_count > 0").headline
        tk.portrait.overview(ws, audience="order_count > 0")  # the same again tells nothing new
        with pytest.raises(NotAllowed, match="those of fewer than 10 members"):
            tk.portrait.overview(ws, audience=until(7))  # nine of all 66 are not in it
        assert tk.portrait.overview(ws, audience=until(5)).headline
        with pytest.raises(NotAllowed):
            tk.portrait.overview(ws, audience=until(4))  # nine fewer
        assert tk.portrait.overview(ws, audience=until(3)).headline
        with pytest.raises(NotAllowed):  # nine are in the first of three and in neither of the others
            tk.differentiation.plan(ws, campaign={**PLAN, "audience": "first_ordered_on = '2024-01-03'"})
    with acting("other", "page"):
        assert tk.portrait.overview(ws, audience=until(4)).headline, "a record is one viewer's"
    entries = [(entry.who, entry.did) for entry in read_audit(ws.path).entries if "audience" in entry.about]
    assert entries == [
        *[
            ("somebody", f"{word} an audience")
            for word in ("asked of", "was refused", "asked of", "was refused", "asked of", "was refused")
        ],
        ("other", "asked of an audience"),
    ]


def test_an_owner_looks_where_much_was_refused(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.audience.viewers.MOST_REFUSED", 1)
    ws.write_document("roles", ROLES)
    with acting("somebody", "page"):
        for audience, said in (
            ("order_count > 999", "Members where .* fewer than 10 members up to"),
            ("first_ordered_on < '2024-01-07'", "those of fewer"),
        ):
            with pytest.raises(ToolkitError, match=said):
                tk.portrait.overview(ws, audience=audience)
        with pytest.raises(NotAllowed, match="1 audiences were refused"):
            tk.portrait.overview(ws, audience="first_ordered_on < '2024-01-05'")


def test_a_viewer_builds_audiences_and_learns_of_nobody(ws: Workspace) -> None:
    save_audience(ws, Audience("a list", member_ids=tuple(tk.members(ws)["member_id"].to_list()[:44])))
    ws.write_document("roles", ROLES)
    shop = read_shop(ws.path)
    with acting("somebody", "page"):
        assert "by their ids" in str(standing_of(shop, Draft("member_id = 'K001' AND order_count > 2")))
        assert "has fewer than 10 members up to" in str(standing_of(shop, Draft("order_count > 999"))), "none or nine: it is not said"
        told = standing_of(shop, Draft("", "audience:a list"))
        assert (told.member_count, told.reachable, told.overlap.height) == (40, 40, 0)  # type: ignore[union-attr]
        assert tk.saved_audiences(ws)["member_count"].to_list() == [40]
        assert (spread(shop)["member_count"] >= 10).all()
        assert question_blockers(shop, Choice("portrait.overview", audience="order_count > 999")) == ()
        for forbidden in (lambda: refreshed(open_view(ws), "a list"), lambda: tk.traits(ws), lambda: tk.rfm_scores(ws)):
            with pytest.raises(NotAllowed):
                forbidden()
    with acting("bo", "page"):
        assert standing_of(shop, Draft("member_id = 'K001'")).member_count == 1  # type: ignore[union-attr]
        document = ws.document_file("roles.toml")
        document.write_text(document.read_text("utf-8") + "\n", "utf-8")
        with pytest.warns(UserWarning, match="Changed by hand"):
            assert tk.members(ws).height == 66
    assert (read_audit(ws.path).entries[-1].did, read_audit(ws.path).entries[-1].about["members"]) == ("took members", 66)
