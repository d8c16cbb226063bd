"""The page of rules: personas, segments and playbook, counted as they are typed, kept with their comments, put back; who may, and the log."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.portrait.village import village_lines
from tests.shop import make_workspace
from toolkit.apps.pages import persona_form, playbook_rules_page, segment_form, segment_keeping
from toolkit.apps.pages.rule_documents import DONE
from toolkit.apps.serving.rules_page import page_of
from toolkit.audit import read_audit
from toolkit.differentiation.measures.cells import member_cells
from toolkit.portrait import personas, rfm_scores, save_scorecard, segments
from toolkit.portrait.measures.persona_rules import read_persona_rules
from toolkit.portrait.measures.scorecard import saved_scorecard
from toolkit.portrait.measures.segment_maps import read_segment_map
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

CAT = {"name": "Cat people", "at_least": "1", "g0-name": "cats", "g0-w0": "CAT FOOD"}


@pytest.fixture
def own(workspace: Workspace, tmp_path: Path) -> Path:
    return Path(shutil.copytree(workspace.path, tmp_path / "ws", copy_function=_linked))


def _linked(source: str, target: str) -> None:
    """Data files are never changed in place: a copy of them would only cost time."""
    Path(target).hardlink_to(source)


def shown(path: Path, part: str, code: str = "en", **given: str) -> Any:
    return page_of(path, part, given, code)


def test_a_persona_is_counted_while_it_is_typed_and_kept_with_what_the_shop_wrote(own: Path) -> None:
    rules = own / "documents" / "persona_rules.toml"
    rules.parent.mkdir(exist_ok=True)
    rules.write_text('# ours\n[[personas]]\nname = "tea drinkers"  # since May\ngroups = [{ name = "tea", words = ["tea*"] }]\n', "utf-8")
    page = shown(own, "personas")
    assert ("CAT FOOD" in dict(page.body.categories), page.body.new_place) == (True, 1)
    typed = shown(own, "personas", edit="1", do="try", **{**CAT, "g0-new": "茶，cat food"}).body.opened
    assert typed.members == "20 (8.4%)"
    assert typed.groups[0].row.words == ("CAT FOOD", "茶", "cat food")
    assert typed.groups[0].finds.startswith("Finds 1 category: CAT FOOD. 20 of the members")
    assert len(read_persona_rules(rules).personas) == 1  # nothing was kept
    done = shown(own, "personas", edit="1", do="keep", stand=typed.stand, **CAT)
    assert done.done == "“Cat people” is kept: it fits 20 members."
    assert '# ours\n[[personas]]\nname = "tea drinkers"  # since May\n' in rules.read_text("utf-8")
    assert dict(personas(Workspace(own)).table.select("persona", "member_count").iter_rows())["Cat people"] == 20
    assert open_view(Workspace(own), audience=done.body.rows[1].where).members.height == 20
    assert read_audit(own).entries[-1].did == DONE
    back = shown(own, "personas", do="back-all")
    assert not rules.exists()
    assert back.done.startswith("The rules are as delivered. Your own are in documents/before/persona_rules-")


def test_what_is_wrong_in_a_persona_is_said_in_its_place_and_nothing_is_kept(own: Path) -> None:
    stand = shown(own, "personas").body.stand
    given = {"name": "has a pet", "at_least": "三", "g0-name": "", "g0-newnot": "x"}
    page = shown(own, "personas", edit="9", do="keep", stand=stand, **given)
    assert page.body.opened.faults == (
        "There is a persona called “has a pet” already: choose another name.",
        "Row 1: say what these goods are.",
        "Row 1: choose a category, or type a word of its name.",
        "“At least” must be a number from 1 to 1, but “三” came.",
    )
    assert not (own / "documents" / "persona_rules.toml").exists()
    assert "changed meanwhile" in shown(own, "personas", edit="9", do="keep", stand="other", **CAT).body.opened.faults[0]
    empty = shown(own, "personas", edit="9", do="try", **{**CAT, "g0-w0": "CAT FOD"}).body.opened
    assert (empty.members, empty.groups[0].finds.endswith("Did you mean “CAT FOOD”?")) == ("nobody", True)
    (own / "documents").mkdir(exist_ok=True)
    (own / "documents" / "roles.toml").write_text('everybody = "viewer"\n', "utf-8")
    refused = shown(own, "personas", edit="9", do="keep", stand=stand, **CAT)
    assert ("needs the role of a marketer" in refused.refused, refused.body.new_place) == (True, 9)


def _typed(form: segment_form.SegmentForm) -> dict[str, str]:
    rows = {
        f"s{at}-{field}": str(value)
        for at, row in enumerate(form.rows)
        for field, value in (("name", row.name), ("meaning", row.meaning), ("level", row.level), ("was", row.was))
    }
    return {**rows, **{"c-" + "-".join(map(str, cell)): str(at) for cell, at in form.cells.items()}, **form.cuts}


def test_a_map_is_drawn_named_and_cut_anew(own: Path) -> None:
    ws = Workspace(own)
    save_scorecard(ws)
    part = shown(own, "segments").body
    typed = _typed(part.form) | {"c-3-3": "1", "s1-name": "regulars", "f3": "88%"}
    tried = shown(own, "segments", map="ten", do="away:5", **typed).body  # `need attention`, which has no cell now
    assert [row.name for row in tried.form.rows][:6] == [
        "champions",
        "regulars",
        "potential loyalists",
        "recent",
        "promising",
        "about to sleep",
    ]
    typed = {name: value for name, value in typed.items() if name[0] != "s"} | _typed(tried.form)
    done = shown(own, "segments", map="ten", do="keep", stand=part.stand, **typed)
    text = (own / "documents" / "segment_map.toml").read_text("utf-8")
    assert text.startswith("# Ten named segments")
    assert read_segment_map(own / "documents" / "segment_map.toml").segments_at({"r": 3, "f": 3}) == ["regulars"]
    assert ws.document("settings")["rfm"] == {"segment_map": "segment_map.toml", "fm_cuts": [0.2, 0.4, 0.6, 0.88]}
    card = saved_scorecard(Workspace(own))
    assert card is not None
    assert (card.segment_map, card.fm_cuts[3]) == ("segment_map.toml", 0.88)
    assert re.search(r"Kept: .+The saved scorecard follows: \d+ of them", done.done)
    counts = dict(segments(Workspace(own)).table.select("segment", "member_count").iter_rows())
    told = {row.name: line.members for row, line in zip(done.body.form.rows, done.body.lines, strict=True)}
    assert {name: members.split(" ")[0] for name, members in told.items() if members[0] in "123456789"} == {
        name: str(n) for name, n in counts.items() if n
    }
    assert shown(own, "segments", do="back-all").done.startswith("Kept: ")
    assert set(rfm_scores(Workspace(own))["segment"]) <= set(read_segment_map("ten").names)


def test_what_is_wrong_in_a_map_is_said_and_nothing_is_kept(own: Path) -> None:
    part = shown(own, "segments").body
    typed = _typed(part.form) | {"c-5-1": "0", "q0": "much", "f2": "10%", "s2-level": "high", "s4-name": "loyal"}
    page = shown(own, "segments", map="ten", do="keep", stand=part.stand, **typed)
    assert page.body.faults == (
        "Cut points of R: a share between 0% and 100% is needed, but “much” came.",
        "Cut points of F and M: each must be higher than the one before, but 20%, 40%, 10%, 80% came.",
        "Two segments are called “loyal”: choose another name.",
        "“potential loyalists”: its rank must be a whole number, but “high” came.",
        "“recent” has no cell: choose it in one, or take it away.",
    )
    assert not (own / "documents").exists()


def test_boxes_hold_the_cells_and_nothing_else() -> None:
    cells = [(r, f) for r in range(1, 6) for f in range(1, 6) if (r * f) % 3]
    drawn = segment_form.boxes(cells, ("r", "f"))
    held = [(r, f) for r in range(1, 6) for f in range(1, 6) for box in drawn if box.holds({"r": r, "f": f})]
    assert sorted(held) == cells


def test_the_playbook_says_who_gets_what(own: Path) -> None:
    part = shown(own, "playbook").body
    rows = {row.key: row for _, _, rows in part.kinds for row in rows}
    book = own / "documents" / "playbook.toml"
    edit = {"edit": "stages:3", "name": "last", "stage": "lapsed", "method": "discount", "message": "Come", "purpose": "win_back"}
    levels = {"goods": "milk"} | {f"{axis}-{level}": "on" for axis in ("sensitivity", "power") for level in ("low", "mid", "high")}
    wrong = shown(own, "playbook", do="keep", stand=part.stand, **edit | levels | {"goods": "", "purpose": "fun"}).body.opened
    assert wrong.faults == ("Say which goods.", "Choose what the goods are for.")
    again = shown(own, "playbook", do="keep", stand=part.stand, **edit | levels | {"stage": "lapsing"}).body.opened
    assert again.faults[0].startswith("Playbook: stage lapsing, cell sensitivity low, power low is in 2 rules")
    assert not book.exists()
    done = shown(own, "playbook", do="keep", stand=part.stand, **edit | levels)
    assert done.done == f"“last” is kept: discount for {rows['stages:3'].members.split()[0]} members."
    assert tomllib.loads(book.read_text("utf-8"))["stages"][3]["method"] == "discount"
    assert book.read_text("utf-8").startswith("# The playbook")
    one = next(row for row in rows.values() if row.where and row.key.startswith("rules"))
    cells = member_cells(open_view(Workspace(own))).rename({"sensitivity": "promo_level", "power": "spending_power"})
    chosen = cells.filter(pl.sql_expr(one.where))  # the audience that `See them` opens
    assert one.members.startswith(f"{chosen.height} (")
    assert shown(own, "playbook", do="back", edit="stages:3", stand=done.body.stand).done == "“a last try” is as it was delivered."


def test_a_rule_for_several_cells_becomes_one_for_each(own: Path) -> None:
    (own / "documents").mkdir(exist_ok=True)
    rule = '[[rules]]\nname = "{0}"\npower = "{0}"\nmethod = "coupon"\nmessage = "m"\ngoods = "g"\n'
    (own / "documents" / "playbook.toml").write_text("".join(rule.format(level) for level in ("low", "mid", "high")), "utf-8")
    page = shown(own, "playbook")
    assert [row.can_be_split for row in page.body.kinds[0][2]] == [True] * 3
    assert shown(own, "playbook", do="split", edit="rules:1", stand=page.body.stand).done == "“mid” is 3 rules now, each for one cell."
    assert len(shown(own, "playbook").body.kinds[0][2]) == 5


def test_a_chinese_shop_without_categories_is_told_what_is_missing(tmp_path: Path) -> None:
    lines = village_lines().filter(pl.col("member_id") < "v030")
    ws = make_workspace(tmp_path / "ws", lines, {})
    part = shown(ws.path, "personas", "zh").body
    assert "商品" in part.told
    assert part.categories == ()
    assert {row.members for row in part.rows} == {"没有人"}
    kept = shown(
        ws.path,
        "personas",
        "zh",
        edit="0",
        do="keep",
        stand=part.stand,
        name="爱喝茶",
        at_least="１",
        **{"g0-name": "茶", "g0-new": "茶叶、花茶"},
    )
    assert kept.body.rows[0].said == "比其他人更常买茶的会员。"
    assert read_persona_rules(ws.path / "documents" / "persona_rules.toml").personas[0].groups[0].words == ("茶叶", "花茶")
    stand = segment_keeping.stand(Workspace(ws.path))
    form = shown(ws.path, "segments", "zh").body.form
    assert form.rows[0].name == "核心会员"  # what is not changed is kept as it is, however it is shown
    done = shown(ws.path, "segments", "zh", map="ten", do="keep", stand=stand, **_typed(form) | {"f3": "88%"}).done
    assert done.startswith("已保存：最大的客群是“核心会员”")
    assert "segment_map" not in Workspace(ws.path).document("settings")["rfm"]
    assert playbook_rules_page.part_of(Workspace(ws.path), {}).kinds[0][2][0].members == "nobody"


def test_words_and_rows_come_and_go() -> None:
    form = persona_form.form_from(CAT | {"g0-w1": "dog", "g1-name": "", "g1-n0": "x"})
    assert persona_form.changed(form, "word:0:w:0").groups[0].words == ("dog",)
    assert [len(persona_form.changed(form, deed).groups) for deed in ("add", "away:1", "away:7", "word:9:w:0", "nonsense")] == [
        3,
        1,
        2,
        2,
        2,
    ]
