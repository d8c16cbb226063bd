"""Definitions: a draft reads back from its TOML, an unfinished one is kept, what cannot be is said."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.shop import make_workspace, tiny_lines
from toolkit.errors import BadValue, UnknownName
from toolkit.ledger.definition import Definition, plan_names, read_plan, write_plan

FIELDS = {
    "campaign_id": "spring-2026",
    "starts_on": "2026-03-02",
    "ends_on": "2026-03-29",
    "offers": {"ten": "full_reduction 60/10 | Ten off", "tea": "discount 10% on TEA"},
    "offer_of": {"sensitivity high, power low": "tea", "sensitivity low, power high": "do nothing", "*": "ten"},
    "touchpoints": "app push",
    "goals": {"lift": 0.05},
    "audience": "order_count_91d > 3",
    "cost_per_contact": 0.05,
    "settings": {"campaigns": {"least_arm": 5}},
}


def test_a_draft_says_who_gets_what() -> None:
    draft = Definition.model_validate(FIELDS)
    assert (draft.days, draft.methods, draft.faults) == (28, ("full_reduction", "discount"), [])
    assert draft.offer_for("sensitivity high, power low").text == "discount 10% on TEA"  # type: ignore[union-attr]
    assert draft.offer_for("sensitivity low, power high") is None
    assert draft.offer_name_for(None) == "ten"
    assert draft.touchpoint_for("anything") == "app push"
    with pytest.raises(UnknownName, match="did you mean 'tea'"):
        draft.offer("teaa")


def test_a_draft_reads_back(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines())
    for changes in (
        {},
        {"audience": ("anna", "ben"), "store_id": "s1", "name": "春季", "goods": ("milk",)},
        {"offers": {}, "offer_of": {}},
    ):
        draft = Definition.model_validate({**FIELDS, **changes})
        path = write_plan(ws, draft)
        assert path.endswith("documents/plans/spring-2026.toml")
        assert read_plan(ws, "spring-2026") == draft
        assert Definition.model_validate_json(draft.model_dump_json()) == draft
    assert plan_names(ws) == ["spring-2026"]
    with pytest.raises(UnknownName, match="did you mean 'spring-2026'"):
        read_plan(ws, "spring-2025")


def test_a_slip_in_the_file_is_named_with_its_file(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines())
    ws.write_document("plans/x", {"starts_on": date(2026, 3, 2), "ends_on": "tomorrow", "ofers": {}, "offers": {"a": "coupon 5"}})
    with pytest.raises(BadValue, match=r"plans/x\.toml") as error:
        read_plan(ws, "x")
    assert "ends_on is 'tomorrow'; a day as YYYY-MM-DD" in str(error.value)
    assert "no 'ofers'; did you mean 'offers'" in str(error.value)


@pytest.mark.parametrize(
    "campaign_id", ["../x", "a/b", "a.b", "", " a", "a b", ".hidden", "_x", "x" * 61, "/etc", "a\\b", "C:x", "a\n", "..", "-x"]
)
def test_an_id_is_no_path(campaign_id: str) -> None:
    with pytest.raises(BadValue, match="cannot be the id of a campaign"):
        Definition.model_validate({**FIELDS, "campaign_id": campaign_id})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ends_on": "2026-03-01"}, "before it starts"),
        ({"offers": {}, "offer_of": {}}, "It has no offer"),
        ({"offer_of": {}}, "No segment gets an offer"),
        ({"offer_of": {"*": "teaa"}}, "did you mean 'tea'"),
        ({"offer_of": {"*": "do nothing"}}, "nothing to launch"),
        ({"control_share": 0}, "a control of nobody"),
        ({"control_share": 1.5}, "between 0 and 1"),
        ({"control_share": float("nan")}, "between 0 and 1"),
        ({"cost_fixed": -1}, "cost_fixed is -1"),
        ({"goals": {"lfit": 0.1}}, "did you mean 'lift'"),
        ({"store_id": "s1", "region": "north"}, "Give one of them"),
    ],
)
def test_a_draft_may_be_unfinished(changes: dict, said: str) -> None:
    draft = Definition.model_validate({**FIELDS, **changes})
    assert any(said in fault for fault in draft.faults), draft.faults


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"starts_on": "02.03.2026"}, "YYYY-MM-DD"),
        ({"seed": "x"}, "seed is 'x'"),
        ({"campain": 1}, "no 'campain'"),
        ({"offers": {"a": "coupon -5"}}, "cannot be read"),
        ({"offers": {"a": {"method": "coupon", "value": -5}}}, "above 0"),
        ({"starts_on": None}, "starts_on is None"),
        ({"touchpoints": "x" * 201}, "200 or fewer characters"),
        ({"name": "x" * 201}, "200 or fewer characters"),
    ],
)
def test_types_are_checked_at_once(changes: dict, said: str) -> None:
    with pytest.raises(BadValue, match=said):
        Definition.model_validate({**FIELDS, **changes})
