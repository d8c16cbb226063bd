"""A proposed campaign: the playbook's method for each segment that there is, at amounts of the audience's baskets."""

from __future__ import annotations

from datetime import timedelta

import pytest

import toolkit as tk
from tests.shop import AS_OF
from toolkit.differentiation.matrix import advice_table
from toolkit.errors import BadValue, UnknownName
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace


def test_each_segment_gets_the_method_that_is_advised(club: Workspace) -> None:
    draft = tk.propose_plan(club, "spring", audience="order_count_91d >= 4", goals={"lift": 0.1})
    assert draft.faults == []
    assert (draft.starts_on.isoweekday(), draft.days) == (1, 28)
    assert AS_OF + timedelta(days=7) <= draft.starts_on < AS_OF + timedelta(days=14)
    advice = {row["segment"]: row["method"] for row in advice_table(open_view(club)).iter_rows(named=True) if row["stage"] is None}
    for segment, name in draft.offer_of.items():
        if name != "do nothing":
            assert draft.offer(name).method == advice[segment]
    assert "can be launched" in tk.differentiation.plan(club, campaign=draft).headline
    assert tk.propose_plan(club, "spring", audience="order_count_91d >= 4", goals={"lift": 0.1}) == draft


def test_what_is_stated_replaces_what_is_proposed(club: Workspace) -> None:
    draft = tk.propose_plan(club, starts_on="2024-09-02", offers=["coupon 5"], offer_of="coupon 5", store_id="s1", control_share=0.4)
    assert (str(draft.ends_on), draft.store_id, draft.control_share, draft.offer_names) == ("2024-09-29", "s1", 0.4, ("coupon 5",))
    with pytest.raises(BadValue, match="YYYY-MM-DD"):
        tk.propose_plan(club, starts_on="soon")
    with pytest.raises(BadValue, match="no 'cost'"):
        tk.propose_plan(club, cost=3)
    with pytest.raises(UnknownName, match="no store"):
        tk.propose_plan(club, store_id="s9")


def test_who_bought_nothing_is_offered_nothing(club: Workspace) -> None:
    draft = tk.propose_plan(club, audience="order_count_91d > 1000")
    assert draft.offers == ()
    assert any("It has no offer" in fault for fault in draft.faults)
