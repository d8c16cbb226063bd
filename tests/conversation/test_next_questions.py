"""What is proposed after an answer: not what was just asked, what the shop can tell, what speaks of money; at most three."""

from __future__ import annotations

from toolkit.conversation import Call, next_calls
from toolkit.workspace import Workspace

JOURNEY = Call("targeting.journey")
SEGMENTS = Call("portrait.segments")
MOVEMENT = Call("portrait.movement")
HABITS = Call.of("portrait.habits", {"by": "weekday"})
BUSIEST = [JOURNEY, HABITS, SEGMENTS, MOVEMENT]


def test_at_most_three_are_proposed_those_that_can_be_told_first(shop: Workspace) -> None:
    assert shop.table("events") is None
    found = next_calls(BUSIEST, shop)
    assert len(found) == 3
    assert JOURNEY not in found


def test_what_was_just_asked_comes_last_in_whatever_scope(shop: Workspace) -> None:
    asked = [Call.of("portrait.segments", {"store_id": "367"})]
    first, *_, last = next_calls([SEGMENTS, HABITS, MOVEMENT], shop, asked)
    assert last == SEGMENTS
    assert next_calls([SEGMENTS, HABITS, MOVEMENT], shop)[-1] != SEGMENTS
    assert first != SEGMENTS
