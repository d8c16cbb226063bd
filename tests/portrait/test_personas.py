"""portrait.personas: rules and words, the village's cat lovers, and rules that find nothing here."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.portrait.ladder import FEW
from tests.portrait.pictures import spec_of
from toolkit.errors import BadValue
from toolkit.portrait import personas, traits
from toolkit.portrait.measures.persona_rules import BUILT_IN, Group, matched_categories, read_persona_rules
from toolkit.workspace import Workspace

CATS = '[[personas]]\nname = "cats"\ngroups = [{ name = "food", words = ["cat"] }]\n'


@pytest.mark.parametrize(
    ("word", "category", "matches"),
    [
        ("beef", "FRESH BEEF", True),
        ("beef", "Beefeater Gin", False),
        ("egg", "EGGS", True),
        ("egg", "EGGPLANT", False),
        ("tomato*", "Tomatoes, canned", True),
        ("cat", "CATEGORY OTHER", False),
        ("蔬菜", "新鲜蔬菜类", True),
        ("gemüse", "GEMÜSE & SALAT", True),
        ("c++", "C++ books", True),
        ("a.b", "AXB", False),
    ],
)
def test_words(word: str, category: str, matches: bool) -> None:
    assert Group(name="g", words=(word,)).matches(category) is matches


def test_but_not_takes_out() -> None:
    dogs = Group(name="dogs", words=("dog*",), but_not=("hot dog*",))
    assert [dogs.matches(name) for name in ("DOG FOODS", "HOT DOGS")] == [True, False]


def test_built_in_rules_know_several_languages() -> None:
    names = ["FRESH VEGETABLES", "Gemüse", "Légumes frais", "Verduras", "蔬菜", "DIAPERS", "婴儿奶粉", "CAT FOOD", "Spare parts"]
    found = matched_categories(read_persona_rules(), pl.DataFrame({"category_code": range(9), "category": names}))
    assert set(found.filter(pl.col("group") == "vegetables")["category_code"]) == {0, 1, 2, 3, 4}
    assert set(found.filter(pl.col("persona") == "baby in the house")["category_code"]) == {5, 6}
    assert 8 not in found["category_code"]


def test_faults_of_a_file_come_together(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(CATS + CATS + '[[personas]]\nname = "two"\nat_least = 2\ngroups = [{ name = "x", words = ["y"] }]\n', "utf-8")
    with pytest.raises(BadValue, match="two personas called 'cats'") as caught:
        read_persona_rules(path)
    assert "'two' asks for 2 groups but has 1" in str(caught.value)
    path.write_text('[[personas]]\nname = "a"\nwords = ["b"]\n', "utf-8")
    with pytest.raises(BadValue, match="groups") as caught:
        read_persona_rules(path)
    assert "words" in str(caught.value)
    path.write_text("[[personas", "utf-8")
    with pytest.raises(BadValue, match="not valid TOML"):
        read_persona_rules(path)
    with pytest.raises(BadValue, match="cannot be read"):
        read_persona_rules(tmp_path / "none.toml")
    assert BUILT_IN.exists()


def test_cat_lovers_of_the_village(village: Workspace) -> None:
    answer = personas(village)
    pets = answer.table.row(0, named=True)
    assert (pets["persona"], pets["member_count"], pets["category_count"]) == ("has a pet", 20, 1)
    assert "the most common, 'has a pet', fits 20 members" in answer.headline
    assert answer.table.filter(pl.col("persona") == "no persona")["member_count"].item() == answer.table["member_count"].sum() - 20
    assert any(note.verdict == "REVIEW" and "'baby in the house' fits nobody" in note.text for note in answer.notes)
    assert any("not a fact about a person" in note.text for note in answer.notes)
    listed = traits(village).with_columns(cats=pl.col("tastes").list.contains("CAT FOOD"))
    assert listed.filter("cats")["member_id"].to_list() == [f"v{number:03d}" for number in range(20)]
    assert listed.filter("cats")["personas"].to_list() == [["has a pet"]] * 20
    assert spec_of(answer)["title"]["text"] == "Personas: the chain"


def test_tastes(village: Workspace) -> None:
    answer = personas(village, by="taste")
    cats = answer.table.filter(pl.col("category") == "CAT FOOD").row(0, named=True)
    assert (cats["member_count"], cats["spend_share"]) == (20, 1.0)
    assert cats["taste_index"] > 3
    assert answer.table["category"][0] in answer.headline


def test_own_rules(village: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(CATS, "utf-8")
    answer = personas(village, settings={"personas": {"persona_rules": str(path)}})
    assert answer.table["persona"].to_list() == ["cats", "no persona"]
    path.write_text(CATS.replace('"cat"', '"dragon"'), "utf-8")
    answer = personas(village, settings={"personas": {"persona_rules": str(path)}})
    assert "no persona fits any of" in answer.headline


def test_too_few_days(ladder: Workspace) -> None:
    answer = personas(ladder, settings={**FEW, "personas": {"minimum_days": 50}})
    assert "personas are not measured" in answer.headline
    assert answer.chart is None


def test_basket_groups_are_named_only_when_stable(village: Workspace) -> None:
    answer = personas(village, by="group")
    stable = answer.figures["agreement"] >= 0.6
    assert answer.table["status"].unique().to_list() == ["stable" if stable else "not stable"]
    assert ("not stable" in answer.headline) is not stable
    assert answer.notes[0].verdict == ("PASS" if stable else "REVIEW")
    assert answer.table["member_share"].sum() == pytest.approx(1)
    assert spec_of(answer)["title"]["text"].startswith("Basket groups")


def test_basket_groups_of_too_few_members(ladder: Workspace) -> None:
    answer = personas(ladder, by="group", settings=FEW)
    assert "basket groups are not measured" in answer.headline
    assert answer.notes[0].verdict == "NOT MEASURED"
