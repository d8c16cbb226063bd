"""The words of a shop: value maps through the front door, and the sentence where one is missing."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

import toolkit as tk
from tests.importing.strangers import write_shop
from toolkit.errors import MappingError
from toolkit.importing import check_receipts, import_receipts
from toolkit.language import speaking
from toolkit.sources.columns.proposal import propose_mapping
from toolkit.sources.mapping import mapping_from_text
from toolkit.workspace import Workspace

TABLES = """
[campaigns]
files = "campaigns.csv"
columns = { campaign_id = "campaign", starts_on = "from", ends_on = "to", randomised = "random" }
[contacts]
files = "contacts.csv"
columns = { campaign_id = "campaign", member_id = "member", arm = "group" }
"""


def random_arms(members: int) -> list[int]:
    drawn = [0, 1] * (members // 2)
    Random(5).shuffle(drawn)
    return drawn


def campaign_shop(folder: Path, words: tuple[str, str], *, random: str = "yes", more: str = "") -> Path:
    """Write sixty members with six orders each and one campaign, whose arms are called by these two words; return the mapping."""
    days = [date(2025, 1, 2) + timedelta(days=31 * number) for number in range(6)]
    rows = [f"R{member}-{day},M{member:02d},S1,P1,{day} 10:00:00,1,{10 + (member % 3)}" for member in range(60) for day in days]
    drawn = random_arms(60)  # by chance: arms told by the id are no random ones, whatever the table claims
    contacts = ["campaign,member,group", *(f"june,M{member:02d},{words[drawn[member]]}" for member in range(60))]
    campaigns = f"campaign,from,to,random\njune,2025-05-20,2025-06-16,{random}\n"
    return write_shop(folder, rows, more=TABLES + more, files={"contacts.csv": "\n".join(contacts), "campaigns.csv": campaigns})


def arms(workspace: Path) -> dict[str, int]:
    contacts = Workspace(workspace).table("contacts")
    assert contacts is not None
    return dict(contacts.collect()["arm"].value_counts().iter_rows())


@pytest.mark.parametrize("words", [("Treatment", "Control"), ("实验组", "对照组"), ("1", "2")])
def test_mapped_arms_are_measured(tmp_path: Path, words: tuple[str, str]) -> None:
    values = f'\n[contacts.values]\narm = {{ "{words[0]}" = "treated", "{words[1]}" = "control" }}\n'
    report = import_receipts(campaign_shop(tmp_path, words, more=values), tmp_path / "ws")
    assert report.rejected == 0
    assert arms(tmp_path / "ws") == {"treated": 30, "control": 30}
    effect = tk.review.effect(tmp_path / "ws", campaign_id="june")
    assert "NOT RANDOMISED" not in effect.headline
    assert effect.table.select("treated_count", "control_count").row(0) == (30, 30)


def test_without_a_map_the_sentence_names_both_words_what_came_and_the_line(tmp_path: Path) -> None:
    mapping = campaign_shop(tmp_path, ("Treatment", "Control"))
    record = check_receipts(mapping).records[2]
    assert (record.rows_in, record.rows_kept, record.rows_rejected) == (60, 0, 60)
    (note,) = [note for note in record.notes if "arm" in note]
    assert note == (
        "[contacts] arm takes treated or control, but 60 rows hold other words, such as 'Control', 'Treatment'; write in the mapping, under "
        '[contacts.values]: arm = { "Control" = "control", "Treatment" = "treated" }'
    )
    line = note.partition("[contacts.values]: ")[2]  # the line of the sentence is one that works
    mapping.write_text(mapping.read_text("utf-8") + f"\n[contacts.values]\n{line}\n", "utf-8")
    assert check_receipts(mapping).rejected == 0
    with speaking("zh"):
        told = str(check_receipts(campaign_shop(tmp_path, ("Treatment", "Control"))))
    assert "只接受 treated 或 control" in told


def test_words_that_say_nothing_are_asked_for_and_never_guessed(tmp_path: Path) -> None:
    mapping = campaign_shop(tmp_path, ("A", "B"))
    (note,) = [note for note in check_receipts(mapping).records[2].notes if "arm" in note]
    line = note.partition("[contacts.values]: ")[2]
    assert line == 'arm = { "A" = "treated or control", "B" = "treated or control" }'
    mapping.write_text(mapping.read_text("utf-8") + f"\n[contacts.values]\n{line}\n", "utf-8")
    with pytest.raises(MappingError, match="arm must give 'treated' or 'control' for each value, but 'treated or control' came"):
        check_receipts(mapping)


def test_a_yes_or_no_in_words_of_the_shop(tmp_path: Path) -> None:
    words = ("treated", "control")
    mapping = campaign_shop(tmp_path, words, random="抽签")
    report = check_receipts(mapping)
    (note,) = [note for note in report.records[1].notes if "randomised" in note]
    assert "takes yes or no, but 1 rows hold other words, such as '抽签'" in note
    import_receipts(
        campaign_shop(tmp_path, words, random="抽签", more='[campaigns.values]\nrandomised = { "抽签" = true }\n'), tmp_path / "ws"
    )
    campaigns = Workspace(tmp_path / "ws").table("campaigns")
    assert campaigns is not None
    assert campaigns.collect()["randomised"].to_list() == [True]


def test_true_if_works_for_every_yes_or_no(tmp_path: Path) -> None:
    mapping = campaign_shop(tmp_path, ("treated", "control"), random="lottery")
    text = mapping.read_text("utf-8").replace(
        'randomised = "random"', 'randomised = { true_if = [{ column = "random", equals = ["lottery"] }] }'
    )
    mapping.write_text(text, "utf-8")
    import_receipts(mapping, tmp_path / "ws")
    campaigns = Workspace(tmp_path / "ws").table("campaigns")
    assert campaigns is not None
    assert campaigns.collect()["randomised"].to_list() == [True]


def test_a_channel_is_renamed_and_a_word_that_never_comes_is_said(tmp_path: Path) -> None:
    rows = ["R1,M1,POS,P1,2025-01-02 10:00:00,1,10", "R2,M1,Web,P1,2025-01-03 10:00:00,1,10"]
    columns = 'channel = "store"\n\n[lines.values]\nchannel = { "POS" = "store", "Webb" = "online" }\n'
    report = import_receipts(write_shop(tmp_path, rows, columns=columns), tmp_path / "ws")
    assert sorted(Workspace(tmp_path / "ws").codes("channel")["id"]) == ["Web", "store"]
    assert "[lines.values] channel: 'Webb' occurs in no row; the column holds: 'POS', 'Web'." in report.records[0].notes


@pytest.mark.parametrize(("words", "line"), [
    (("Treatment", "Control"), 'arm = { "Control" = "control", "Treatment" = "treated" }  # guessed from the words'),
    (("test", "control"), 'arm = { "test" = "treated" }  # guessed from the words'),
    (("实验组", "对照组"), 'arm = { "实验组" = "treated", "对照组" = "control" }  # guessed from the words'),
    (("A", "B"), '# TODO arm = { "A" = "treated or control", "B" = "treated or control" }  # which is which?'),
])  # fmt: skip
def test_a_proposed_mapping_maps_the_words_it_knows(tmp_path: Path, words: tuple[str, str], line: str) -> None:
    campaign_shop(tmp_path, words)
    proposed = propose_mapping([tmp_path / "lines.csv", tmp_path / "contacts.csv"])
    assert f"[contacts.values]\n{line}\n" in proposed


def test_arms_in_our_words_need_no_map(tmp_path: Path) -> None:
    campaign_shop(tmp_path, ("treated", "control"))
    assert ".values]" not in propose_mapping([tmp_path / "contacts.csv"])


@pytest.mark.parametrize(("section", "sentence"), [
    ('[lines.values]\nstore_id = { "1" = "2" }', "store_id is no column of words"),
    ('[lines.values]\namount = { "1" = "2" }', "amount is no column of words"),
    ('[lines.values]\nchannel = { "1" = "2" }', "which [lines.columns] must name"),
    ('[lines.values]\nchanel = { "1" = "2" }', "did you mean 'channel'?"),
    ('[contacts.values]\narm = { "Treatment" = "treat" }', "must give 'treated' or 'control' for each value, but 'treat' came"),
    ('[campaigns.values]\nrandomised = { "drawn" = "maybe" }', "must give 'yes' or 'no' for each value, but 'maybe' came"),
    ("[contacts.values]\narm = 3", "arm"),
])  # fmt: skip
def test_a_map_that_cannot_be(tmp_path: Path, section: str, sentence: str) -> None:
    text = campaign_shop(tmp_path, ("treated", "control")).read_text("utf-8") + section
    with pytest.raises(MappingError) as caught:
        mapping_from_text(text, folder=tmp_path)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
