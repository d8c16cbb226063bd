"""Lessons: what a review keeps, what the next day knows of it, and how campaigns are pooled."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import toolkit as tk
from tests.portrait.pictures import spec_of
from tests.review.habit_shop import habit_shop
from tests.review.small_campaign import small_campaign
from toolkit.errors import BadValue
from toolkit.ledger.lessons import LESSONS, read_lessons, write_lessons
from toolkit.review.lessons import lessons, pooled_lessons
from toolkit.workspace import Workspace


def lesson(campaign_id: str, **given: object) -> dict:
    return {
        "campaign_id": campaign_id, "method": "coupon", "offer": None, "segment": None, "category": None, "outcome": "amount", "effect": 2.0,
        "standard_error": 0.5, "base": 20.0, "effect_share": 0.10, "effect_share_se": 0.02, "treated_count": 100, "control_count": 100,
        "randomised": True, "verdict": "PASS", "starts_on": date(2024, 1, 1), "ends_on": date(2024, 1, 28), "as_of": date(2024, 2, 28), **given,
    }  # fmt: skip


def frame(*rows: dict) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=LESSONS)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return habit_shop(tmp_path_factory.mktemp("shop") / "ws")


def test_a_review_is_kept_and_known_from_its_day_on(shop: Workspace) -> None:
    assert "1 campaign could be reviewed (C1)" in lessons(shop).headline
    made = tk.write_lessons(shop, "C1")
    assert made.frame.schema == LESSONS
    assert made.sentences[0].startswith("Campaign C1: ")
    kept = read_lessons(shop, before=date(2024, 6, 30))
    whole = kept.filter(pl.col("segment").is_null(), pl.col("category").is_null(), pl.col("outcome") == "amount").row(0, named=True)
    assert (whole["method"], whole["treated_count"], whole["control_count"], whole["randomised"]) == ("coupon", 200, 200, True)
    # Orders on three days in ten for 28 days, 13.00 each: some 109.20; nothing was planted.
    assert whole["base"] == pytest.approx(28 * 0.3 * 13, rel=0.05)
    assert abs(whole["effect"]) < 3 * whole["standard_error"]
    assert whole["effect_share"] == pytest.approx(whole["effect"] / whole["base"])
    assert set(kept["outcome"]) >= {"amount", "orders"}
    assert read_lessons(shop, before=date(2024, 6, 29)).is_empty()
    assert "No campaign has been learnt from by 2024-06-20" in lessons(shop, as_of="2024-06-20").headline
    again = tk.write_lessons(shop, "C1")
    assert read_lessons(shop).height == again.frame.height


def test_half_a_campaign_is_no_lesson(shop: Workspace) -> None:
    with pytest.raises(BadValue, match="runs until 2024-06-02, but as_of is 2024-05-20: half a campaign is no lesson"):
        tk.write_lessons(shop, "C1", as_of="2024-05-20")


def test_all_campaigns_are_learnt_from_at_once_and_the_others_named(shop: Workspace) -> None:
    made = tk.write_all_lessons(shop)
    assert [one.campaign_id for one in made.learnt] == ["C1"]
    assert made.left_out == {}
    assert made.sentences[0].endswith("kept; 0 campaigns left out.")
    assert made.sentences[1].startswith("Campaign C1: ")
    running = tk.write_all_lessons(shop, as_of="2024-05-20")
    assert running.learnt == ()
    assert "half a campaign is no lesson" in running.left_out["C1"]
    assert running.sentences[1].startswith("Campaign C1 is left out: Campaign C1 runs until 2024-06-02")


def test_pooling_by_hand() -> None:
    # Two alike with equal errors: the mean, and its error smaller by the root of two.
    table = pooled_lessons(frame(lesson("A"), lesson("B", effect_share=0.12)))
    row = table.row(0, named=True)
    assert (row["campaign_count"], row["member_count"], row["campaigns"], row["reading"]) == (2, 400, "A, B", "works")
    assert row["effect_share"] == pytest.approx(0.11)
    assert (row["effect_share_high"] - row["effect_share_low"]) / 2 == pytest.approx(1.959964 * 0.02 / np.sqrt(2), rel=1e-6)
    assert row["next_share_low"] is None


def test_randomised_and_not_stand_apart_and_offers_count_once() -> None:
    table = pooled_lessons(
        frame(
            lesson("A"),
            lesson("B", randomised=None, effect_share=0.9),
            lesson("C", offer="five"),
            lesson("C", offer="ten", effect_share=0.2),
        )
    )
    assert table.select("randomised", "campaign_count").rows() == [(True, 2), (False, 1)]
    assert table["reading"].to_list()[1] == "not randomised: no proof"
    assert table["effect_share"][0] == pytest.approx((0.1 + 2 * 0.15) / 3, abs=0.02)


def test_parts_are_pulled_to_their_method_and_few_of_many_pass() -> None:
    rng = np.random.default_rng(5)
    rows = [lesson("A", segment=f"s{number:02d}", effect_share=float(rng.normal(0.1, 0.05)), effect_share_se=0.05) for number in range(40)]
    table = pooled_lessons(frame(*rows))
    assert np.std(table["shrunk_share"].to_numpy()) < 0.3 * np.std(table["effect_share"].to_numpy())
    nothing = [lesson("A", segment=f"s{number:02d}", effect_share=float(rng.normal(0, 0.05)), effect_share_se=0.05) for number in range(60)]
    readings = pooled_lessons(frame(*nothing))["reading"].to_list()
    assert readings.count("not told apart from nothing") >= 59


def test_the_answer_leaves_out_what_checks_forbid(tmp_path: Path) -> None:
    ws = small_campaign(tmp_path / "ws")
    for name, verdict, share in (("A", "PASS", 0.1), ("B", "PASS", 0.14), ("C", "FAIL", 5.0), ("D", "REVIEW", 0.4)):
        write_lessons(ws, name, frame(lesson(name, verdict=verdict, effect_share=share, randomised=verdict == "PASS")))
    answer = lessons(ws, by="method")
    assert answer.headline.startswith("Of 4 campaigns the surest lesson: coupon brought +12.0% of sales (95% interval")
    notes = " ".join(map(str, answer.notes))
    assert "Left out, since their checks forbid a claim: C." in notes
    assert "Not randomised, so no proof: D." in notes
    assert "Not yet learnt from: C1." in notes
    assert spec_of(answer)
    for by in ("segment", "category"):
        assert lessons(ws, by=by).table["segment"].null_count() == 2


def test_not_randomised_is_said(tmp_path: Path) -> None:
    contacts = pl.DataFrame({"campaign_id": "C1", "member_id": [f"m{number:03d}" for number in range(0, 400, 2)], "arm": "treated"})
    ws = habit_shop(tmp_path / "ws", more={"contacts": contacts})
    made = tk.write_lessons(ws, "C1")
    assert set(made.frame["randomised"]) == {False}
    assert made.verdict in ("REVIEW", "FAIL")
    assert "surest lesson" not in lessons(ws).headline
