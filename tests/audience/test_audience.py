"""Audiences on the tiny shop: algebra, saving, size and reach, refresh, and what a question does with one."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit import audience as au
from toolkit import portrait
from toolkit.audience import Audience
from toolkit.errors import BadValue, UnknownName
from toolkit.scope.traits import trait_columns, with_traits
from toolkit.scope.view import View, open_view
from toolkit.workspace import Workspace

FEW = {"scope": {"minimum_members": 1}}


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """anna (4 orders) and ben (1) may be contacted, cleo (returns alone) not, dora (1) is unknown, emil (2) is on no card."""
    members = pl.DataFrame(
        {"member_id": ["anna", "ben", "cleo", "dora"], "tier": ["gold", "silver", "gold", None], "contactable": [True, True, False, None]}
    )
    return make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products(), "members": members})


@pytest.fixture
def view(ws: Workspace) -> View:
    return open_view(ws, settings=FEW)


def test_union_intersection_difference(view: View) -> None:
    gold, many = Audience("gold", where="tier = 'gold'"), Audience("many", where="order_count > 1")
    listed, other = Audience("listed", member_ids=("dora", "anna", "anna")), Audience("other", member_ids=("anna", "o'neil"))
    assert gold.members(view) == ["anna", "cleo"]
    assert (gold | many).members(view) == ["anna", "cleo", "emil"]
    assert (gold & many).members(view) == ["anna"]
    assert (many - gold).members(view) == ["emil"]  # emil's tier is unknown: not gold
    assert (gold | listed).members(view) == ["anna", "cleo", "dora"]
    assert (listed - other).member_ids == ("dora",)
    assert (listed & other).member_ids == ("anna",)
    assert (gold - other).members(view) == ["cleo"]  # a quote in an id is no way out of the expression
    assert (gold - gold).members(view) == []
    assert (gold | many).name == "gold or many"


def test_a_scope_narrows_it(ws: Workspace) -> None:
    view = open_view(ws, store_id="s2", settings=FEW)
    assert Audience("many", where="order_count > 1").members(view) == ["anna", "emil"]
    assert Audience("gold", where="tier = 'gold'").members(view) == ["anna"]


def test_saved_versioned_and_never_overwritten(ws: Workspace, view: View) -> None:
    kept = au.save_audience(ws, Audience("gold", where="tier = 'gold'"))
    assert (kept.version, str(kept.as_of)) == (1, "2024-06-30")
    with pytest.raises(BadValue, match="saved already"):
        au.save_audience(ws, Audience("gold", where="tier = 'silver'"))
    again = au.save_audience(ws, Audience("gold", where="tier = 'gold' AND order_count > 0"), replace_it=True)
    assert again.version == 2
    assert au.load_audience(ws, "gold").where == "tier = 'gold' AND order_count > 0"
    assert au.load_audience(ws, "gold", 1).where == "tier = 'gold'"
    assert au.members_then(ws, "gold", 1) == ["anna", "cleo"]
    text = (ws.path / "documents" / "audiences" / "gold.toml").read_text("utf-8")
    assert "where = \"tier = 'gold'\"" in text
    with pytest.raises(UnknownName, match="did you mean 'gold'"):
        au.load_audience(ws, "gald")
    with pytest.raises(UnknownName, match="versions 1 to 2"):
        au.load_audience(ws, "gold", 3)


@pytest.mark.parametrize("name", ["", " x", "a" * 81, "../x", "a/b", "=1", "order_count", "tier", "segment", "a\nb"])
def test_names_that_cannot_be(ws: Workspace, name: str) -> None:
    with pytest.raises(BadValue):
        au.save_audience(ws, Audience(name, where="order_count > 0"))
    assert not list((ws.path / "documents").rglob("*.toml")) if (ws.path / "documents").exists() else True


def test_any_script_can_name_one(ws: Workspace) -> None:
    for name in ("沉睡会员", "Späte Käufer", "gold & silver", "Gold"):
        au.save_audience(ws, Audience(name, where="order_count > 0"))
        assert au.load_audience(ws, name).name == name
    assert au.saved_names(ws) == ["Gold", "Späte Käufer", "gold & silver", "沉睡会员"]
    assert au.saved_audiences(ws)["member_count"].to_list() == [4, 4, 4, 4]


def test_a_list_keeps_its_members_and_their_ids(ws: Workspace, view: View) -> None:
    au.save_audience(ws, Audience("friends", member_ids=("anna", "0012", "dora")))
    kept = au.load_audience(ws, "friends")
    assert kept.member_ids == ("anna", "dora")  # 0012 has no receipts
    assert kept.members(view) == ["anna", "dora"]


def test_size_sales_reach(view: View) -> None:
    found = au.profile(view, Audience("gold", where="tier = 'gold' AND order_count >= 0"))
    assert (found.member_count, found.reachable, found.reachable_share) == (2, 1, 0.5)
    assert found.sales == pytest.approx(7.0)  # anna on 2024-06-03; cleo returned before the period
    assert "1 of them may be contacted (50.0%)" in found.sentence
    assert found.words == "members of the tier gold and who ordered at least 0× so far"
    unknown = au.profile(view, Audience("dora", member_ids=("dora", "zoe")))
    assert unknown.reachable == 0  # unknown is no
    assert unknown.notes == ("1 id of the list belong to no member with receipts up to 2024-06-30.",)


def test_nobody_and_everybody_are_said_and_allowed(view: View) -> None:
    nobody = au.profile(view, Audience("x", where="tier = 'gald'"))
    assert nobody.member_count == 0
    assert nobody.reachable_share is None
    assert nobody.notes[0].endswith("No member has tier 'gald'; did you mean 'gold'?")
    everybody = au.profile(view, Audience("x", where="order_count >= 0"))
    assert everybody.notes[0] == "The audience selects all 5 members of the chain: it chooses nobody out."


def test_sales_of_a_few_are_not_shown(ws: Workspace) -> None:
    found = au.profile(open_view(ws), Audience("gold", where="tier = 'gold'"))
    assert (found.member_count, found.sales, found.sales_share) == (2, None, None)
    assert "Fewer than 10 members" in found.notes[0]


def test_overlaps(view: View) -> None:
    table = au.overlaps(
        view, [Audience("gold", where="tier = 'gold'"), Audience("many", where="order_count > 1"), Audience("none", member_ids=())]
    )
    counts = {(row["audience"], row["other"]): row["member_count"] for row in table.to_dicts()}
    assert counts["gold", "gold"] == 2
    assert counts["gold", "many"] == counts["many", "gold"] == 1
    assert table.filter(pl.col("audience") == "none")["member_share"].null_count() == 3


def test_refresh_shows_who_came_and_went(ws: Workspace, view: View) -> None:
    au.save_audience(ws, Audience("lately", where="order_count_91d >= 1"), as_of="2024-05-31")
    assert au.members_then(ws, "lately", 1) == ["ben"]
    found = au.refreshed(view, "lately")
    assert (found.came, found.went, found.stayed) == (("anna", "dora", "emil"), (), ("ben",))
    assert found.sentence == ("'lately' has 4 members on 2024-06-30, 1 on 2024-05-31 (version 1): 3 came, 0 went, 1 stayed.")
    assert found.table["movement"].to_list() == ["came", "stayed", "came", "came"]
    gone = au.refreshed(view, "lately", now=Audience("lately", member_ids=("anna",)))
    assert gone.went == ("ben",)


def test_a_question_takes_a_saved_name(ws: Workspace) -> None:
    au.save_audience(ws, Audience("not cleo", where="order_count > 0"))
    answer = portrait.overview(ws, audience="not cleo", settings=FEW)
    assert "Among audience 'not cleo'" in answer.headline
    assert "audience='not cleo'" in answer.call
    assert portrait.overview(ws, audience=Audience("x", where="order_count > 0"), settings=FEW).table.equals(answer.table)
    assert portrait.overview(ws, audience="order_count > 0", settings=FEW).table.equals(answer.table)
    assert portrait.overview(ws, audience=["anna", "ben", "dora", "emil"], settings=FEW).table.equals(answer.table)
    with pytest.raises(UnknownName, match="did you mean 'not cleo'"):
        portrait.overview(ws, audience="not clea", settings=FEW)
    assert portrait.overview(ws, audience="contactable", settings=FEW).figures  # a column of yes and no is an expression


def test_members_chosen_by_an_answer(ws: Workspace) -> None:
    with pytest.raises(BadValue, match="without `member_id`"):
        Audience.from_answer("x", portrait.overview(ws, settings=FEW))


def test_traits_are_columns_and_all_are_named(view: View) -> None:
    table = with_traits(view)
    assert table.columns[: len(view.readable.columns)] == view.readable.columns
    assert set(trait_columns(view)) <= set(table.columns)
    assert with_traits(view, ["order_count"]) is view.readable
    assert Audience("x", where="segment = 'no orders'").members(view) == ["cleo"]
    with pytest.raises(UnknownName, match="did you mean 'segment'"):
        Audience("x", where="segmnt = 'x'").members(view)


def test_a_column_of_the_shop_wins_over_a_trait_of_its_name(tmp_path: Path) -> None:
    members = pl.DataFrame({"member_id": ["anna", "ben"], "segment": ["ours", "theirs"]})
    view = open_view(make_workspace(tmp_path / "ws", tiny_lines(), {"members": members}), settings=FEW)
    assert Audience("x", where="segment = 'ours' AND recency_days >= 0").members(view) == ["anna"]


def test_two_writers_cannot_both_be_version_one(ws: Workspace) -> None:
    au.save_audience(ws, Audience("x", where="order_count > 0"))
    assert not [name for name in os.listdir(ws.path / "documents" / "audiences") if name.endswith(".part")]
    assert au.load_audience(Workspace(ws.path), "x").version == 1


def test_tables_of_members_know_audiences_as_questions_do(ws: Workspace) -> None:
    au.save_audience(ws, Audience("two or more", where="order_count > 1"))
    listed = Audience("listed", member_ids=("anna", "ben"))
    for table in (portrait.traits, portrait.rfm_scores):
        assert table(ws, audience="two or more", settings=FEW)["member_id"].to_list() == ["anna", "emil"]
        assert table(ws, audience=listed, settings=FEW)["member_id"].to_list() == ["anna", "ben"]
        assert table(ws, audience="order_count = 1", as_of="", settings=FEW)["member_id"].to_list() == ["ben", "dora"]
        with pytest.raises(UnknownName, match="did you mean 'two or more'"):
            table(ws, audience="two or mroe")
        with pytest.raises(UnknownName, match="did you mean 'audience'"):
            table(ws, audiance="two or more")
        with pytest.raises(BadValue, match="its scope already"):
            table(open_view(ws), store_id="s1")


def test_long_lists_are_shown_short(ws: Workspace) -> None:
    many = [f"m{number}" for number in range(1000)]
    listed = Audience("many", member_ids=tuple(many), call="tk.targeting.slipping(ws)")
    assert repr(listed) == "Audience('many', 1,000 members, chosen by tk.targeting.slipping(ws))"
    assert repr(Audience("gold", where="tier = 'gold'")) == "Audience('gold', where=\"tier = 'gold'\")"
    where = f"member_id IN ({', '.join(map(repr, many))}) AND tier IN ('gold', 'silver')"
    assert au.in_words(Audience("x", where=where)).endswith("(m0, m1, m2 and 997 more) and tier is one of (gold, silver)")
    assert len(au.as_audience(ws, where).name) < 130


def test_a_long_union_is_not_nested(view: View) -> None:
    crowd = Audience("first", where="order_count = 0")
    for number in range(40):
        crowd = crowd | Audience(f"more {number}", where=f"tier = 'gold' AND order_count = {number}")
    without = crowd - Audience("new", where="tier = 'gold' OR order_count > 3")
    for number in range(40):
        without = without - Audience("odd", where=f"order_count = {number}")
    assert set(crowd.members(view)) == {"anna", "cleo"} | set(Audience("first", where="order_count = 0").members(view))
    assert without.members(view) == []
