"""portrait.lifetime_value: sums that agree, verdicts from a window not seen, and shops too young for it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

import toolkit as tk
from benchmarks.strange_shops import imported, strange_shop
from tests.portrait.ladder import FEW
from tests.portrait.pictures import spec_of
from toolkit.answer import Answer
from toolkit.language import speaking
from toolkit.portrait import lifetime_value, traits
from toolkit.portrait.lifetime_value import _spend_note
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace


def test_the_village(village: Workspace) -> None:
    answer = lifetime_value(village)
    members = traits(village)
    assert answer.table["member_count"].sum() == 240
    assert answer.table["expected_spend_share"].sum() == pytest.approx(1)
    assert answer.figures["expected_spend"] == pytest.approx(answer.table["expected_spend_91d"].sum())
    assert answer.figures["expected_spend"] == pytest.approx(members["expected_spend_91d"].sum())
    assert answer.figures["expected_buyers"] == pytest.approx(members["purchase_probability"].sum())
    assert f"{answer.figures['expected_buyers']:,.0f} of 240 members should buy in the next 28 days" in answer.headline
    who = pl.col("member_id").str.slice(1).cast(pl.Int64)
    gone, here = (members.filter(who.is_between(*ends))["purchase_probability"] for ends in ((60, 79), (100, 239)))
    assert gone.max() < here.min()
    assert {note.verdict for note in answer.notes} <= {"PASS", "REVIEW", "NOT MEASURED", None}
    judged = next(note for note in answer.notes if note.text.startswith("P(buys in 28 days)"))
    assert judged.verdict in ("PASS", "REVIEW")
    assert "BG/NBD" in judged.text or "not seen in learning (n = " in judged.text
    assert spec_of(answer)["title"]["text"] == "Expected spend by decile: the chain"


def test_by_stage_and_by_segment_add_up(village: Workspace) -> None:
    whole = lifetime_value(village).figures["expected_spend"]
    for by in ("stage", "segment"):
        table = lifetime_value(village, by=by).table
        assert table.columns[0] == by
        assert table["expected_spend_91d"].sum() == pytest.approx(whole)
        assert table["expected_spend_share"].to_list() == sorted(table["expected_spend_share"], reverse=True)


def test_a_store_keeps_the_members_expectations(village: Workspace) -> None:
    store, chain = traits(village, store_id="s1"), traits(village)
    assert store.equals(chain.filter(pl.col("member_id").is_in(store["member_id"].to_list())))
    answer = lifetime_value(village, store_id="s1")
    assert answer.figures["expected_spend"] == pytest.approx(store["expected_spend_91d"].sum())


def test_too_few_members_to_learn_from(ladder: Workspace) -> None:
    answer = lifetime_value(ladder, settings=FEW)
    assert "life-time value is not measured" in answer.headline
    assert answer.notes[0].verdict == "NOT MEASURED"
    assert answer.chart is None
    answer.to_json()


def test_too_short_a_history(village: Workspace) -> None:
    answer = lifetime_value(village, settings={"lifetime_value": {"minimum_history_days": 3000}})
    assert "life-time value is not measured: 396 days of receipts up to 2024-06-26; 3000 are needed" in answer.headline


def _texts(answer: Answer) -> list[str]:
    return [note.text for note in answer.notes]


def test_a_feast_that_moves_is_reckoned_with_or_said(tmp_path: Path) -> None:
    as_of = date(2024, 1, 31)
    ws = imported(strange_shop("new_year", members=500), tmp_path, as_of=as_of, first_day=as_of - timedelta(days=669))
    unset = tk.portrait.lifetime_value(ws)
    assert (
        "Chinese New Year moves, from 2023-01-22 to 2024-02-10: whether the coming weeks are like those of a year ago cannot be told"
        in (unset.headline)
    )
    assert any("name it in the setting calendar.holidays" in note.text and note.verdict == "REVIEW" for note in unset.notes)
    kept = tk.portrait.lifetime_value(ws, settings={"calendar": {"holidays": ["CN"]}})
    assert "cannot be told" not in kept.headline
    assert "The weeks before Chinese New Year, 2024-02-10, are compared with those before 2023-01-22." in _texts(kept)
    assert kept.figures["expected_spend"] != unset.figures["expected_spend"]
    assert not {note.verdict for note in unset.notes[:2]} & {"PASS"}
    with speaking("zh"):
        told = tk.portrait.lifetime_value(ws, settings={"calendar": {"holidays": ["CN"]}})
    assert "春节（2024年2月10日）之前的几周" in " ".join(_texts(told))
    ago = "Of the days around Chinese New Year 19 lie in 2023-12-07 to 2024-01-31 and 39 in 2022-12-08 to 2023-02-01"
    compared = [tk.portrait.overview(ws, period="56d", settings={"calendar": {"holidays": names}}) for names in (["CN"], ["US"])]
    assert [any(text.startswith(ago) for text in _texts(answer)) for answer in compared] == [True, False]


def test_pass_means_that_it_held_at_this_season_before(village: Workspace) -> None:
    view = open_view(village)
    spend = {"method": "measured", "reason": None, "total_ratio": 1.02, "spearman": 0.8, "learned_days": 91, "row_count": 900}
    for status, held, verdict in (
        ("none", 1.02, "PASS"),
        ("seasonal", 0.98, "PASS"),
        ("none", None, "REVIEW"),
        ("seasonal", None, "REVIEW"),
        ("seasonal", 1.2, "REVIEW"),
        ("one season", None, "REVIEW"),
        ("moved", 1.0, "REVIEW"),
    ):
        note = _spend_note(view, spend | {"season": status, "season_held": held}, 91)
        assert note.verdict == verdict, (status, held)
        # An error of a window of another season is no direction for the coming one, and says so.
        assert ("does not say on which side the coming one errs" in note.text) == (status != "none")


def test_across_new_ids_nothing_is_promised(tmp_path: Path) -> None:
    """Four months after all ids were given anew half of the spend was promised; BG/NBD on so short a past is off by a sixth."""
    as_of = date(2024, 9, 30)
    ws = imported(strange_shop("new_ids", members=500), tmp_path, as_of=as_of, first_day=as_of - timedelta(days=669))
    answer = tk.portrait.lifetime_value(ws)
    assert "108 days of receipts up to 2024-09-30 since members were given new ids on 2024-06-15; 182 are needed" in answer.headline
    assert answer.figures.get("expected_spend") is None
    assert "slipping is not measured" in tk.targeting.slipping(ws).headline
    with speaking("zh"):
        assert "换发新编号" in tk.portrait.lifetime_value(ws).headline


def test_a_large_shop_is_learned_once_a_week_from_a_panel(village: Workspace) -> None:
    large = {"lifetime_value": {"panel_members": 200}}
    last = village.last_day
    assert last is not None
    sunday = last - timedelta(days=last.toordinal() % 7 + 7)
    days = (sunday, sunday + timedelta(days=3), sunday + timedelta(days=6))
    first = lifetime_value(village, as_of=days[0], settings=large)
    taken_over = open_view(village, as_of=days[1]).mart.path / "derived"
    assert len(list(taken_over.glob("carried-lifetime_fit-*.parquet"))) == 1  # before anything is asked: the mart before may go
    answers = [first, *(lifetime_value(village, as_of=day, settings=large) for day in days[1:])]
    told = [next(note.text for note in one.notes if "chosen by a hash" in note.text) for one in answers]
    for day, sentence in zip(days, told, strict=True):
        assert (
            f"200 members, chosen by a hash of their ids, as of {sunday}. They are applied to everybody as they stand on {day}" in sentence
        )
    fits = [next((open_view(village, as_of=day).mart.path / "derived").glob("carried-lifetime_fit-*.parquet")).read_bytes() for day in days]
    assert fits[0] == fits[1] == fits[2]
    assert answers[0].figures != answers[1].figures  # who came since is known
    all_of_them = lifetime_value(village, as_of=sunday)
    assert answers[0].figures["expected_buyers"] == pytest.approx(all_of_them.figures["expected_buyers"], rel=0.1)
    assert not any("chosen by a hash" in note.text for note in all_of_them.notes)
