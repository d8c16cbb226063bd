"""A segment map that tells little apart is said to; the cut it offers gives the shares it promises; nobody long away came lately."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

import toolkit as tk
from benchmarks.strange_shops import imported, strange_shop
from benchmarks.truth_segments import LATELY, offered
from toolkit.models.ranks import midrank_score
from toolkit.models.rhythm_bands import RecencyRuler
from toolkit.portrait.measures.scorecard import Scorecard, saved_scorecard
from toolkit.workspace import Workspace

AS_OF = date(2024, 9, 30)


def a_year(name: str, folder: Path) -> Workspace:
    return imported(strange_shop(name, members=500), folder, as_of=AS_OF, first_day=AS_OF - timedelta(days=372))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return a_year("mixed", tmp_path_factory.mktemp("mixed"))


def test_a_crowded_map_offers_a_cut_that_gives_what_it_says(mixed: Workspace) -> None:
    answer = tk.portrait.segments(mixed)
    told = [note for note in answer.notes if "tells little apart" in note.text]
    assert [note.verdict for note in told] == ["REVIEW"]
    assert any("tells little apart" in note.text for note in tk.portrait.rfm(mixed).notes)
    assert not any("tells little apart" in note.text for note in tk.portrait.segments(mixed, store_id="S1").notes)
    cut = offered(mixed)
    assert cut is not None
    promised = re.search(r"the largest is '([^']+)' with ([\d.]+)%", " ".join(note.text for note in answer.notes))
    assert promised is not None
    shares = tk.portrait.segments(mixed, settings=cut)
    largest = shares.table.sort("member_share", descending=True, nulls_last=True).row(0, named=True)
    assert (largest["segment"], f"{largest['member_share']:.1%}") == (promised[1], f"{promised[2]}%")
    assert largest["member_share"] <= 0.30
    assert 0.10 <= (tk.portrait.rfm_scores(mixed, settings=cut)["f_score"] == 5).mean() <= 0.15  # type: ignore[operator]
    assert not any("tells little apart" in note.text for note in shares.notes)


def test_the_frozen_ruler_keeps_the_cut(mixed: Workspace) -> None:
    cut = {"rfm": {"fm_cuts": [0.3, 0.5, 0.7, 0.88]}}
    asked = tk.portrait.rfm_scores(mixed, settings=cut)
    tk.save_scorecard(mixed, refresh=True, settings=cut)
    try:
        saved = saved_scorecard(mixed)
        assert saved is not None
        assert (saved.fm_cuts, saved.late_after_gaps) == ((0.3, 0.5, 0.7, 0.88), 3.0)
        assert tk.portrait.rfm_scores(mixed).equals(asked)
    finally:
        (Path(mixed.path) / "documents" / "scorecard.toml").unlink()
    old = Scorecard(as_of=AS_OF, r_edges=(7, 14, 28, 56))  # saved before either was known: it scores as it did
    assert (old.fm_cuts, old.late_after_gaps) == ((0.2, 0.4, 0.6, 0.8), 0)


def test_nobody_away_for_three_own_pauses_came_lately(tmp_path: Path) -> None:
    sparse = a_year("sparse", tmp_path)
    scored = tk.portrait.rfm_scores(sparse).join(tk.members(sparse).select("member_id", "gap_days_mean"), on="member_id")
    late = scored.filter(pl.col("recency_days") > 3 * pl.col("gap_days_mean"))
    assert late.height > 5
    assert late.filter(pl.col("segment").is_in(LATELY) | (pl.col("r_score") > 3)).is_empty()
    before = tk.portrait.rfm_scores(sparse, settings={"rfm": {"late_after_gaps": 0}})
    assert before.join(late, on="member_id", how="semi").filter(pl.col("segment").is_in(LATELY)).height > 0  # the rule does it


def test_late_is_by_the_own_pause_alone() -> None:
    members = pl.DataFrame({"recency_days": [6, 7, 7, 60], "gap_days_mean": [2.0, 2.0, None, 30.0]})
    score = RecencyRuler(((10, 20, 40, 80),), late_after=3.0).score(pl.col("recency_days"))
    assert members.select(score).to_series().to_list() == [5, 3, 5, 2]


def test_cuts_keep_ties_together_and_even_ones_are_fifths() -> None:
    orders = pl.DataFrame({"n": [1] * 35 + [2] * 20 + [3] * 15 + [5] * 18 + list(range(10, 22)) + [None]})
    uneven = orders.with_columns(score=midrank_score("n", cuts=(0.3, 0.5, 0.7, 0.88)))
    assert uneven.group_by("n").agg(pl.col("score").n_unique()).filter(pl.col("score") > 1).is_empty()
    assert uneven["score"].to_list().count(5) == 12
    assert uneven["score"][-1] is None
    for size in (1, 5, 7, 100, 333):
        values = pl.DataFrame({"n": [number % 13 for number in range(size)]})
        assert values.select(midrank_score("n")).equals(values.select(midrank_score("n", cuts=(0.2, 0.4, 0.6, 0.8))))
