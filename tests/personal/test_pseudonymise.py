"""A workspace for analysts says the same and names nobody."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import toolkit as tk
from tests.personal.test_forget import files_with
from tests.personal.town import HARD, town
from toolkit.audience.saved import load_audience, members_then
from toolkit.errors import BadValue
from toolkit.ledger.campaigns import known_campaigns
from toolkit.personal.pseudonymise import pseudonym, pseudonymise
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

KEY = "a key that nobody guesses"
QUESTIONS = ("portrait.overview", "portrait.rfm", "portrait.segments", "portrait.habits", "portrait.contribution", "targeting.activity")


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Workspace]:
    folder = tmp_path_factory.mktemp("shops")
    ws = town(folder)
    (folder / "key").write_text(KEY, "utf-8")
    return ws, pseudonymise(ws, folder / "analysts", key=f"file:{folder / 'key'}")


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_figures_are_the_same(shops: tuple[Workspace, Workspace], name: str) -> None:
    step, _, question = name.partition(".")
    one, other = (getattr(getattr(tk, step), question)(ws) for ws in shops)
    assert one.headline == other.headline
    assert one.figures == other.figures
    assert one.table.drop("member_id", strict=False).equals(other.table.drop("member_id", strict=False))


def test_campaigns_and_audiences_come_along_under_other_names(shops: tuple[Workspace, Workspace]) -> None:
    ws, analysts = shops
    columns = ["campaign_id", "treated_count", "control_count", "intact"]
    assert known_campaigns(analysts).select(columns).equals(known_campaigns(ws).select(columns))
    assert tk.review.effect(analysts, campaign_id="spring").headline == tk.review.effect(ws, campaign_id="spring").headline
    assert members_then(analysts, "a list", 1) == sorted(pseudonym(KEY, one) for one in HARD)
    rule, view = load_audience(analysts, "by rule"), open_view(analysts)
    theirs = load_audience(ws, "by rule").members(open_view(ws))
    assert rule.members(view) == sorted(pseudonym(KEY, one) for one in theirs)


@pytest.mark.parametrize("who", ["Mq7001", "a.c*(1)[x]", "会员甲", "13811112222", "K000", "R000000"])
def test_no_id_of_a_member_or_an_order_stands_in_it(shops: tuple[Workspace, Workspace], who: str) -> None:
    ws, analysts = shops
    assert files_with(ws, who)
    assert files_with(analysts, who) == []


def test_the_key_decides_and_lies_elsewhere(shops: tuple[Workspace, Workspace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ws, analysts = shops
    monkeypatch.setenv("SHOP_KEY", KEY)
    again = pseudonymise(ws, tmp_path / "again", key="env:SHOP_KEY")
    assert again.codes("member").equals(analysts.codes("member"))
    monkeypatch.setenv("SHOP_KEY", "another key, also long")
    other = pseudonymise(ws, tmp_path / "other", key="env:SHOP_KEY")
    assert set(other.codes("member")["id"].drop_nulls()).isdisjoint(analysts.codes("member")["id"].drop_nulls())
    inside = ws.path / "documents" / "key"
    inside.write_text(KEY, "utf-8")
    for wrong in (f"file:{inside}", "env:NO_SUCH_KEY", KEY):
        with pytest.raises(BadValue):
            pseudonymise(ws, tmp_path / "never", key=wrong)
    assert not (tmp_path / "never").exists()
    inside.unlink()


def test_attributes_stay_behind_unless_they_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.shop import make_workspace, tiny_lines

    monkeypatch.setenv("SHOP_KEY", KEY)
    cards = pl.DataFrame({"member_id": ["anna"], "tier": ["gold"], "phone": ["1381111"], "town": ["苏州"]})
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"members": cards})
    out = pseudonymise(ws, tmp_path / "out", key="env:SHOP_KEY", keep=["town"]).table("members")
    assert out is not None
    assert out.collect().to_dict(as_series=False) == {"member_id": [pseudonym(KEY, "anna")], "tier": ["gold"], "town": ["苏州"]}
