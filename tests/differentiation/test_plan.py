"""A plan on the club shop: who takes part, by hand; what speaks against it, a sentence each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

import toolkit as tk
from tests.differentiation.club import ENDS, MEMBERS, STARTS, spring
from tests.shop import AS_OF
from toolkit.differentiation.plan import definition_of
from toolkit.differentiation.planning.enrolment import BALANCED, campaign_view, enrol
from toolkit.errors import BadValue, UnknownName
from toolkit.workspace import Workspace

ALL = {"scope": {"minimum_members": 1}}
"""Settings under which the arms of small segments are shown too."""


def plan_of(ws: Workspace, **changes: Any) -> tk.Answer:
    return tk.differentiation.plan(ws, campaign=spring(**changes), settings=ALL)


def said(answer: tk.Answer, verdict: str) -> str:
    return "\n".join(note.text for note in answer.notes if note.verdict == verdict)


def test_who_takes_part_by_hand(club: Workspace) -> None:
    definition = definition_of(club, spring())
    found = enrol(campaign_view(club, definition), definition)
    reasons = {row["reason"]: row["len"] for row in found.left_out.group_by("reason").len().iter_rows(named=True)}
    # NOW: 1-4, 6-8, 9, 11-13 are busy (11); 16-19 were contacted twice; of m000, ... 30 must not and of m005, ... 30 are not known
    assert reasons == {
        "must not be contacted": 30,
        "not known to be contactable": 30,
        "in another campaign at the time": 11,
        "contacted often enough lately": 4,
    }
    assert found.members.height == MEMBERS - 75
    assert found.everybody["member_id"].is_sorted()
    row = found.members.filter(pl.col("member_id") == "m021").row(0, named=True)
    assert row["store_id"] == "s1"
    assert (row["offer"], row["touchpoint"]) == (
        ("tea", "mail") if row["segment"] == "sensitivity high, power low" else ("ten off", "app push")
    )
    member = tk.members(club, traits=True).filter(pl.col("member_id") == "m021").row(0, named=True)
    assert row["amount_91d"] == round(100 * member["amount_91d"])
    assert (row["rfm_segment"], row["stage"], row["r_score"]) == (member["segment"], member["stage"], member["r_score"])


def test_a_plan_that_can_be_launched(club: Workspace) -> None:
    answer = plan_of(club)
    assert "can be launched: 180 members get 'tea' and 'ten off', 45 are held out" in answer.headline
    assert said(answer, "FAIL") == ""
    table = answer.table
    assert int(table["member_count"].sum()) == 225
    assert int(table.filter(pl.col("arm") == "control")["member_count"].sum()) == 45
    assert table["contact_cost"].sum() == pytest.approx(180 * 0.5)
    assert answer.figures["blocker_count"] == 0
    assert int(tk.differentiation.plan(club, campaign=spring()).table["member_count"].min() or 0) >= 10  # type: ignore[arg-type]
    assert "11 members of 300 are in another campaign at the time: 'NOW' until" in said(answer, "REVIEW")
    assert "4 members of 300 were contacted by 2 campaigns" in said(answer, "REVIEW")
    assert "no score differs by more than" in said(answer, "PASS")
    assert answer.chart is not None
    assert plan_of(club).table.equals(table)


def test_the_order_of_offers_does_not_matter(club: Workspace) -> None:
    fields = spring()
    other = {**fields, "offers": dict(reversed(fields["offers"].items())), "offer_of": dict(reversed(fields["offer_of"].items()))}
    assert tk.differentiation.plan(club, campaign=other, settings=ALL).table.equals(plan_of(club).table)


def test_doing_nothing_is_an_offer(club: Workspace) -> None:
    answer = plan_of(club, offer_of={"sensitivity high, power low": "do nothing", "*": "ten off"}, offers={"ten off": "coupon 5 from 30"})
    alone = answer.table.filter(pl.col("offer") == "do nothing")
    assert alone["arm"].to_list() == ["none"]
    assert alone["member_count"].item() > 0
    assert int(answer.table["member_count"].sum()) == 225


@pytest.mark.parametrize(
    ("changes", "verdict", "text"),
    [
        ({"ends_on": STARTS - timedelta(days=1)}, "FAIL", "before it starts"),
        ({"starts_on": AS_OF}, "FAIL", "the arms must be fixed before it starts"),
        (
            {"starts_on": AS_OF + timedelta(days=60), "ends_on": AS_OF + timedelta(days=80)},
            "REVIEW",
            "It starts 60 days after the last receipts",
        ),
        (
            {"offer_of": {"sensitivity hihg, power low": "tea", "*": "ten off"}},
            "FAIL",
            "which does not exist; did you mean 'sensitivity high",
        ),
        ({"offer_of": {"champions": "tea", "*": "ten off"}}, "FAIL", "segment 'champions', which does not exist"),
        ({"offer_of": {"*": "nine off"}}, "FAIL", "which is no offer of this campaign"),
        ({"offers": {"tea": "discount 10% on TEE"}, "offer_of": "tea"}, "FAIL", "did you mean 'TEA'"),
        ({"control_share": 0}, "FAIL", "a control of nobody"),
        ({"audience": "order_count > 100000"}, "FAIL", "selects nobody"),
        ({"audience": "contactable = FALSE"}, "FAIL", "Nobody of 30 members may be contacted"),
        ({"audience": ["m021", "m022", "m023"]}, "FAIL", "3 members are too few for a holdout"),
        ({"audience": [f"m{n:03d}" for n in range(20, 60)]}, "FAIL", "smaller than its holdout"),
        ({"audience": [f"m{n:03d}" for n in range(1, 20)]}, "FAIL", "Too many overlap"),
        ({"offer_of": {"sensitivity not measured, power not measured": "tea", "*": "ten off"}}, "REVIEW", "empty cells"),
        ({"offer_of": "ten off"}, "REVIEW", "Reaching nobody: 'tea'"),
        ({"goals": {"lift": 0.01}}, "REVIEW", "Underpowered"),
        ({"goals": {}}, "REVIEW", "No goal is set"),
        ({"goods": ["JAN"]}, "REVIEW", "did you mean 'JAM'"),
        ({"campaign_id": "OLD"}, "FAIL", "in the shop's campaigns table"),
        ({"ends_on": STARTS + timedelta(days=2)}, "REVIEW", "It lasts 3 days"),
        ({"cost_per_contact": -1}, "FAIL", "cost_per_contact is -1"),
        ({"touchpoints": {"everybody": "mail"}}, "FAIL", "touchpoints speaks of segment 'everybody'"),
    ],
)
def test_blockers_are_sentences(club: Workspace, changes: dict[str, Any], verdict: str, text: str) -> None:
    answer = plan_of(club, **changes)
    assert text in said(answer, verdict), answer.notes
    assert ("cannot be launched" in answer.headline) == bool(said(answer, "FAIL"))


def test_what_the_shop_does_not_know_is_said(copy_of_club: Callable[..., Workspace]) -> None:
    ws = copy_of_club(contactable=False)
    answer = plan_of(ws, cost_per_contact=None)
    assert "no `contactable` column" in said(answer, "REVIEW")
    assert "What a contact costs is not known" in said(answer, "REVIEW")
    assert int(answer.table["member_count"].sum()) == 285


def test_the_global_control_is_left_out(copy_of_club: Callable[..., Workspace]) -> None:
    ws = copy_of_club()
    control = tk.set_global_control(ws, 0.2)
    definition = definition_of(ws, spring())
    found = enrol(campaign_view(ws, definition), definition)
    held = int(control.holds(found.everybody["member_id"]).sum())
    assert found.left_out_count("in the global control") == held > 40
    assert not control.holds(found.members["member_id"]).any()


def test_drafts_are_kept_and_may_be_unfinished(copy_of_club: Callable[..., Workspace]) -> None:
    ws = copy_of_club()
    assert tk.save_plan(ws, spring(ends_on=STARTS - timedelta(days=1))).campaign_id == "spring"
    assert "before it starts" in said(tk.differentiation.plan(ws, campaign="spring"), "FAIL")
    with pytest.raises(BadValue, match="kept already"):
        tk.save_plan(ws, spring())
    tk.save_plan(ws, spring(), replace_it=True)
    assert tk.differentiation.plan(ws, campaign="spring", settings=ALL).table.equals(plan_of(ws).table)
    with pytest.raises(UnknownName, match="did you mean 'spring'"):
        tk.differentiation.plan(ws, campaign="sprin")
    with pytest.raises(BadValue, match="cannot be the id"):
        tk.differentiation.plan(ws, campaign="../spring")
    with pytest.raises(BadValue, match="shop's campaigns table"):
        tk.save_plan(ws, spring(campaign_id="OLD"))


def test_a_plan_in_a_store(club: Workspace) -> None:
    answer = tk.differentiation.plan(club, campaign=spring(), store_id="s1", settings=ALL)
    assert answer.scope == "store s1"
    assert int(answer.table["member_count"].sum()) < 225
    own = plan_of(club, store_id="s1")
    assert own.table.equals(answer.table)
    with pytest.raises(BadValue, match="but store s2 was asked for"):
        tk.differentiation.plan(club, campaign=spring(store_id="s1"), store_id="s2")
    with pytest.raises(BadValue, match="has its own audience"):
        tk.differentiation.plan(club, campaign=spring(), audience="order_count > 3")
    with pytest.raises(UnknownName, match="no store"):
        plan_of(club, store_id="s99")
    with pytest.raises(UnknownName, match="order_count"):
        plan_of(club, audience="order_cuont > 3")


def test_a_rehearsal_sees_nothing_of_later(club: Workspace) -> None:
    then = AS_OF - timedelta(days=30)
    answer = tk.differentiation.plan(
        club, campaign=spring(starts_on=then + timedelta(days=3), ends_on=ENDS - timedelta(days=20)), as_of=str(then), settings=ALL
    )
    assert "a rehearsal on the past" in said(answer, "REVIEW")
    assert "in another campaign" not in said(answer, "REVIEW")  # NOW and OLD2 had not started
    assert int(answer.table["member_count"].sum()) == 240


def test_balanced_scores_are_frozen_scores(club: Workspace) -> None:
    definition = definition_of(club, spring())
    assert set(BALANCED) < set(enrol(campaign_view(club, definition), definition).members.columns)
