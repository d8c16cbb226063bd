"""The scorecard: proposed, saved, refreshed, and never from the future."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.portrait.ladder import FEW, ladder_lines, lines_of, shop_of
from tests.shop import AS_OF
from toolkit.errors import WorkspaceError
from toolkit.language import speaking
from toolkit.portrait import rfm, rfm_scores, save_scorecard
from toolkit.portrait.measures.scorecard import (
    current_scorecard,
    describe_scorecard,
    proposed_scorecard,
    refresh_scorecard,
    saved_scorecard,
)
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return shop_of(tmp_path, ladder_lines())


@pytest.fixture
def weekly(tmp_path: Path) -> Workspace:
    """Forty members who come every seven days, but for the last of them, who come every 14."""
    rows = [(f"m{who:02d}", day, "s1", 1, 10.0) for who in range(40) for day in range(who % 7, 150, 14 if who >= 30 else 7)]
    return shop_of(tmp_path, lines_of(rows))


def test_edges_are_proposed_from_the_shops_own_gaps(weekly: Workspace) -> None:
    card = proposed_scorecard(open_view(weekly))
    assert card.edges_from in ("proposed", "widened")
    assert 7 <= card.r_edges[0] < card.r_edges[3] < 100
    assert card.as_of == AS_OF
    assert saved_scorecard(weekly) is None  # a question saves nothing


def test_a_short_history_makes_a_provisional_ruler(weekly: Workspace) -> None:
    card, notes = current_scorecard(open_view(weekly, as_of=AS_OF - timedelta(days=90)))
    assert card.edges_from == "provisional"
    assert any("The ruler is provisional: " in str(note) and "from only 60 days of receipts" in str(note) for note in notes)


def test_saving_once_keeps_the_ruler(shop: Workspace) -> None:
    first = save_scorecard(shop)
    assert first.saved
    assert first.before is None
    assert first.sentences == [
        f"The ruler of {AS_OF}: R 5: 0 to 30 days; R 4: 31 to 90 days; R 3: 91 to 180 days; R 2: 181 to 365 days; R 1: over 365 days "
        f"(a fallback, since {first.card.reason}). Segment map: ten.",
        "It is saved: from now on every month is scored with it.",
    ]
    again = save_scorecard(shop)
    assert not again.saved
    assert again.card == first.card
    assert "--refresh" in again.sentences[-1]
    assert any("with the saved ruler of 2024-06-30" in str(note) for note in rfm(shop, settings=FEW).notes)


def test_what_the_command_line_prints(shop: Workspace) -> None:
    assert "It is only proposed: save it with --refresh" in describe_scorecard(shop)
    assert saved_scorecard(shop) is None
    assert "It is saved: from now on" in refresh_scorecard(shop)
    assert "It is saved, and every month" in describe_scorecard(shop)


def test_refreshing_tells_how_many_members_change_segment(shop: Workspace) -> None:
    shop.write_document("scorecard", {"as_of": AS_OF - timedelta(days=100), "r_edges": [5, 10, 20, 30], "segment_map": "ten"})
    assert rfm_scores(shop, settings=FEW)["r_score"].drop_nulls().to_list() == [5, 4, 2, 1, 1, 1, 1, 1, 1, 1]
    report = save_scorecard(shop, refresh=True)
    assert report.saved
    # before -> after: m1 loyal -> champions, m2 at risk -> champions, m3 at risk -> loyal, m4 at risk -> potential loyalists,
    # m5 at risk -> need attention, m6 hibernating -> about to sleep; m0, m7, m8, m9 and r stay
    assert report.moved_count == 6
    assert report.member_count == 11
    assert report.flow["member_count"].sum() == 11
    assert "6 of 11 members (54.5%) change segment by it" in report.sentences[-1]
    assert saved_scorecard(shop) == report.card


def test_a_scorecard_of_later_is_not_used(shop: Workspace) -> None:
    shop.write_document("scorecard", {"as_of": AS_OF, "r_edges": [1, 2, 3, 4]})
    card, notes = current_scorecard(open_view(shop, as_of=AS_OF - timedelta(days=1)))
    assert card.r_edges == (30, 90, 180, 365)
    assert "after this question's 2024-06-29, so it was not used" in str(notes[0])
    assert current_scorecard(open_view(shop))[0].r_edges == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"r_edges": [30, 20, 10, 5]}, "the edges must ascend"),
        ({"r_edgs": [1, 2, 3, 4]}, "r_edgs: there is no such key"),
        ({"r_edges": [1.5, 2, 3, 4]}, "r_edges.0"),
    ],
)
def test_a_document_that_cannot_be_read_is_told_with_its_path(shop: Workspace, change: dict, said: str) -> None:
    shop.write_document("scorecard", {"as_of": date(2024, 1, 1), "r_edges": [1, 2, 3, 4], **change})
    with pytest.raises(WorkspaceError) as error:
        rfm(shop, settings=FEW)
    assert said in str(error.value)
    assert "scorecard.toml" in str(error.value)
    assert "--refresh" in str(error.value)


def test_a_map_that_changed_since_is_a_verdict(shop: Workspace) -> None:
    shop.write_document("scorecard", {"as_of": date(2024, 1, 1), "r_edges": [30, 90, 180, 365], "map_fingerprint": "other"})
    assert any(note.verdict == "REVIEW" and "was changed after" in note.text for note in rfm(shop, settings=FEW).notes)


def test_the_reason_of_a_saved_ruler_is_the_readers(shop: Workspace) -> None:
    with speaking("zh"):
        card = save_scorecard(shop).card
        assert re.search("[\u4e00-\u9fff]", card.why)
    assert not re.search("[\u4e00-\u9fff]", saved_scorecard(shop).why)  # type: ignore[union-attr]
    assert re.search("[\u4e00-\u9fff]", card.reason)
