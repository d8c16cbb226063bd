"""portrait.lifetime_value: sums that agree, verdicts from a window not seen, and shops too young for it."""

from __future__ import annotations

import polars as pl
import pytest

from tests.portrait.ladder import FEW
from tests.portrait.pictures import spec_of
from toolkit.portrait import lifetime_value, traits
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
