from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from toolkit.errors import BadValue
from toolkit.models.reasons import Reason, Why
from toolkit.models.repurchase import gaps, propose_lifecycle_limits, propose_r_edges, r_score, repurchase_curve, returned_within

AS_OF = date(2024, 2, 20)


def test_gaps_of_a_hand_made_shop():
    days = pl.DataFrame(
        {
            "member_code": [2, 1, 1, 1, 1],
            "day": [date(2024, 2, 1), date(2024, 1, 1), date(2024, 1, 15), date(2024, 1, 15), date(2024, 3, 1)],
        }
    )
    assert gaps(days, as_of=AS_OF).rows() == [(1, 14, True), (1, 36, False), (2, 19, False)]


def test_kaplan_meier_by_hand():
    pauses = pl.DataFrame({"member_code": [1, 2, 3, 4], "gap_days": [5, 8, 8, 12], "is_closed": [True, True, False, True]})
    curve = repurchase_curve(pauses)
    assert curve["gap_days"].to_list() == [5, 8, 12]
    assert curve["at_risk_count"].to_list() == [4, 3, 1]
    assert curve["returned_share"].to_list() == pytest.approx([0.25, 0.5, 1.0])


def test_leaving_open_gaps_out_would_look_quicker():
    pauses = pl.DataFrame({"member_code": range(10), "gap_days": [5] * 5 + [30] * 5, "is_closed": [True] * 5 + [False] * 5})
    assert repurchase_curve(pauses)["returned_share"].to_list() == pytest.approx([0.5])
    assert repurchase_curve(pauses.filter("is_closed"))["returned_share"].to_list() == pytest.approx([1.0])


def test_a_member_weighs_one_however_often_they_come():
    daily = pl.DataFrame({"member_code": [1] * 90, "gap_days": [1] * 90, "is_closed": [True] * 90})
    monthly = pl.DataFrame({"member_code": [2, 3, 4], "gap_days": [30] * 3, "is_closed": [True] * 3})
    pauses = pl.concat([daily, monthly])
    assert repurchase_curve(pauses)["returned_share"][0] == pytest.approx(0.25)
    assert repurchase_curve(pauses, member_weighted=False)["returned_share"][0] == pytest.approx(90 / 93)


def test_limits_are_known_for_exponential_gaps(simulate):
    pauses = gaps(simulate(members=800, days=700, seed=5, gap_days=10, stop_after_days=1e9), as_of=date(2024, 11, 30))
    edges = propose_r_edges(pauses)
    assert edges.status == "proposed"
    assert list(edges.days) == sorted(set(edges.days))
    lower, upper = propose_lifecycle_limits(pauses).days
    assert (lower, upper) == (edges.days[1], edges.days[3])


def test_limits_do_not_depend_on_row_order(frequent_shop, shuffle):
    as_of = date(2024, 2, 24)
    assert propose_r_edges(gaps(frequent_shop, as_of=as_of)) == propose_r_edges(shuffle(gaps(shuffle(frequent_shop), as_of=as_of)))


def test_a_sparse_shop_gets_limits_of_months(sparse_shop):
    assert propose_r_edges(gaps(sparse_shop, as_of=date(2024, 2, 24))).days[0] > 90


def test_a_canteen_gets_limits_that_hold_over_a_weekend():
    days = pl.DataFrame(
        [
            {"member_code": member, "day": date(2024, 1, 1) + timedelta(days=day)}
            for member in range(50)
            for day in range(100)
            if day % 7 < 5
        ]
    )
    edges = propose_r_edges(gaps(days, as_of=date(2024, 4, 9)))
    assert edges.status == "widened"
    assert edges.days == (7, 14, 21, 28)
    assert edges.reason.why is Why.TOO_CLOSE


def test_a_young_shop_gets_a_provisional_ruler(frequent_shop):
    edges = propose_r_edges(gaps(frequent_shop, as_of=date(2023, 2, 20)))
    assert edges.status == "provisional"
    assert edges.reason.figures["short"].figures["seen_days"] == 51


def test_a_handful_of_orders_is_not_measured():
    days = pl.DataFrame({"member_code": [1, 1, 2], "day": [date(2024, 1, 1), date(2024, 1, 9), date(2024, 1, 3)]})
    edges = propose_r_edges(gaps(days, as_of=AS_OF))
    assert (edges.status, edges.days) == ("not measured", ())
    assert edges.reason == Reason(Why.FEW_GAPS, closed=1, minimum_closed_gaps=100)


def test_no_receipts_at_all():
    none = pl.DataFrame(schema={"member_code": pl.UInt32, "day": pl.Date})
    assert propose_r_edges(gaps(none, as_of=AS_OF)).status == "not measured"
    assert repurchase_curve(gaps(none, as_of=AS_OF)).is_empty()
    assert returned_within(repurchase_curve(gaps(none, as_of=AS_OF)), share=0.5) is None


def test_r_score_edges_belong_to_the_better_side():
    recency = pl.DataFrame({"recency_days": [0, 7, 8, 14, 28, 56, 57, None]})
    assert recency.select(r_score((7, 14, 28, 56))).to_series().to_list() == [5, 5, 4, 4, 3, 2, 1, None]


def test_r_score_wants_ascending_edges():
    with pytest.raises(BadValue, match="ascending"):
        r_score((7, 7, 14, 28))
    with pytest.raises(BadValue, match="four shares"):
        propose_r_edges(pl.DataFrame({"member_code": [1], "gap_days": [1], "is_closed": [True]}), shares=(0.5,))
