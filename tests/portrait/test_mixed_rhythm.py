"""A shop of two clocks, from its receipts to its pages: who comes every four weeks is not measured by who comes twice a year."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import toolkit as tk
from toolkit.importing import import_receipts
from toolkit.language import speaking
from toolkit.portrait.measures.scorecard import current_scorecard, save_scorecard
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

CASE = Path(__file__).parents[1] / "data" / "cases" / "mixed-rhythm"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """100 who come every four weeks (F), 100 every four to seven months (S), 20 who came every four weeks and stopped in August (G)."""
    folder = tmp_path_factory.mktemp("mixed") / "ws"
    import_receipts(CASE / "mapping.toml", folder)
    return Workspace(folder)


def test_who_stopped_is_at_risk_lapsing_and_slipping_and_champions_are_frequent(mixed: Workspace) -> None:
    kind = pl.col("member_id").str.slice(0, 1)
    segments = tk.portrait.rfm_scores(mixed).group_by(kind.alias("kind"), "segment").len()
    of = {who: set(segments.filter(pl.col("kind") == who)["segment"]) for who in "FSG"}
    assert of["G"] <= {"at risk", "can't lose"}
    assert "champions" in of["F"]
    assert "champions" not in of["S"]
    stages = open_view(mixed).population.select("member_code", "member_id")
    from toolkit.portrait.measures.stages import lifecycle_stages

    staged = stages.join(lifecycle_stages(open_view(mixed)), on="member_code").group_by(kind.alias("kind"), "stage").len()
    assert staged.filter(pl.col("kind") == "G").select("stage", "len").rows() == [("lapsing", 20)]
    assert staged.filter((pl.col("kind") != "G") & pl.col("stage").is_in(["lapsing", "lapsed"])).is_empty()
    slipping = tk.targeting.slipping(mixed, top=0).table
    assert {f"G{number:03d}" for number in range(20)} <= set(slipping["member_id"])


def test_the_pages_say_that_rhythms_differ(mixed: Workspace) -> None:
    lifecycle, rfm = tk.portrait.lifecycle(mixed), tk.portrait.rfm(mixed, show="scores")
    assert "by their rhythm" in lifecycle.headline
    assert any("lapsing is judged by their own rhythm" in note.text for note in lifecycle.notes)
    assert "within their usual time" in rfm.headline
    assert any("for members who usually come again within" in note.text for note in rfm.notes)
    assert all(" / " in days for days in rfm.table.filter(pl.col("measure") == "R")["range"].drop_nulls())
    with speaking("zh"):
        assert "节奏" in tk.portrait.lifecycle(mixed).headline


def test_the_saved_ruler_keeps_its_bands(mixed: Workspace) -> None:
    proposed, _ = current_scorecard(open_view(mixed))
    said = save_scorecard(mixed).sentences
    assert "R 5: 0 to 30 days / 0 to 180 days" in said[0]
    saved, notes = current_scorecard(open_view(mixed))
    assert saved.ruler == proposed.ruler
    assert len(saved.band_edges) == len(saved.gap_cuts) + 1 == 2
    assert "saved ruler" in str(notes[0])
