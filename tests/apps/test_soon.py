"""Debounce: of what is asked in one go, only the last is worked out; what is kept or launched is worked out before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from toolkit.apps.pages import builder as builder_module
from toolkit.apps.pages import planner as planner_module
from toolkit.apps.pages import reviewing as reviewing_module
from toolkit.apps.pages.builder import Builder
from toolkit.apps.pages.debounce import Soon
from toolkit.apps.pages.error_boundary import Guard
from toolkit.apps.pages.planner import Planner
from toolkit.apps.pages.reviewing import SECTIONS, Reviewing
from toolkit.apps.pages.state import State
from toolkit.workspace import Workspace

WAIT = 0.01


def counted(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[tuple[Any, ...]]:
    """The calls of a function of a module from now on."""
    calls: list[tuple[Any, ...]] = []
    function = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *given: (calls.append(given), function(*given))[1])
    return calls


def at_rest(act: Callable[[], object]) -> None:
    """Do something as a kernel does it, in a loop, and wait until nothing is left to do."""

    async def run() -> None:
        act()
        for _ in range(10):  # more often than the longest chain of work, the six sections of a review
            await asyncio.sleep(2 * WAIT)

    asyncio.run(run())


def test_without_a_loop_work_is_done_at_once() -> None:
    done: list[str] = []
    Soon(wait=WAIT)(lambda: done.append("now"))
    assert done == ["now"]


def test_only_the_last_work_is_done() -> None:
    done: list[int] = []
    soon = Soon(wait=WAIT)
    at_rest(lambda: [soon(lambda number=number: done.append(number)) for number in range(5)])
    assert done == [4]


def test_what_waits_can_be_done_now_and_is_not_done_twice() -> None:
    done: list[str] = []
    soon = Soon(wait=WAIT)
    at_rest(lambda: (soon(lambda: done.append("waited")), soon.settle(), done.append("after")))
    assert done == ["waited", "after"]


def test_a_fault_of_work_that_waited_is_told() -> None:
    said: list[str] = []
    soon = Soon(Guard(said.append), wait=WAIT)
    at_rest(lambda: soon(lambda: 1 / 0))
    assert "fault of the app" in said[-1]


def test_typed_in_one_go_the_builder_counts_once(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = Builder(workspace.path)
    builder.soon = Soon(wait=WAIT)
    calls = counted(monkeypatch, builder_module, "standing_of")
    at_rest(lambda: [builder.type(f"order_count >= {least}") for least in (1, 2, 3)])
    assert [str(draft) for _, draft in calls] == ["order_count >= 3"]
    assert not builder.busy
    alone = Builder(workspace.path)
    alone.type("order_count >= 3")
    assert not isinstance(builder.standing, str)
    assert not isinstance(alone.standing, str)
    assert builder.standing.sentence == alone.standing.sentence


def test_what_is_kept_was_counted(floor: Workspace) -> None:
    builder = Builder(floor.path)
    builder.soon = Soon(wait=WAIT)
    told: list[str] = []

    def act() -> None:
        builder.type("order_count >= 2")
        told.append(builder.save("kept at once"))

    at_rest(act)
    alone = Builder(floor.path)
    alone.type("order_count >= 2")
    assert not isinstance(alone.standing, str)
    assert f"{alone.standing.member_count:,} members" in told[0]


def test_the_planner_works_out_the_last_form_and_only_what_it_changed(floor: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    planner = Planner(floor.path)
    planner.soon = Soon(wait=WAIT)
    plans, replays = counted(monkeypatch, planner_module, "plan_of"), counted(monkeypatch, planner_module, "replay_of")
    at_rest(lambda: [planner.change(name=name) for name in ("a", "au", "autumn")])
    assert [form.name for _, form, *_ in plans] == ["autumn"]
    assert len(replays) == 1
    at_rest(lambda: planner.change(budget="100"))
    assert (len(plans), len(replays)) == (1, 2), "a budget changes the replay, not the plan"
    at_rest(lambda: planner.change(goal_percent="5"))
    assert (len(plans), len(replays)) == (2, 2), "a goal changes the plan, not the replay"


def test_another_campaign_takes_the_place_of_the_rest(floor: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    reviewing = Reviewing(floor.path)
    reviewing.soon = Soon(wait=WAIT)
    calls = counted(monkeypatch, reviewing_module, "section_of")
    at_rest(lambda: [reviewing.choose(campaign) for campaign in ("C0", "C1", "C0")])
    assert [(section, campaign) for _, section, campaign in calls] == [(section, "C0") for section in SECTIONS]
    assert not reviewing.busy


def test_the_file_of_a_review_has_all_its_sections(floor: Workspace) -> None:
    reviewing = Reviewing(floor.path)
    reviewing.soon = Soon(wait=WAIT)

    def act() -> None:
        reviewing.choose("C0")
        reviewing.html_file()
        assert set(reviewing.sections) == set(SECTIONS)

    at_rest(act)


def test_a_question_asked_over_is_answered_once(workspace: Workspace) -> None:
    state = State(workspace.path)
    state.soon = Soon(wait=WAIT)
    seen: list[str] = []
    state.observe(lambda change: seen.append(change["new"].name), "result")
    at_rest(lambda: (state.ask("portrait.rfm"), state.ask("portrait.stores")))
    assert seen == ["portrait.stores"]
