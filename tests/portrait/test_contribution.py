"""portrait.contribution and portrait.pareto: shares of the ladder's sales, by eye, and their edge cases.

In the last 91 days m0..m4 bought for 100, 90, 80, 70 and 10.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.portrait.ladder import FEW, lines_of, shop_of
from tests.portrait.pictures import axis_titles, spec_of
from tests.shop import make_workspace
from toolkit.errors import BadValue, DataError
from toolkit.language import speaking
from toolkit.portrait import contribution, pareto, quadrants
from toolkit.portrait.measures.bands import doubling_band
from toolkit.registry import Question
from toolkit.workspace import Workspace

COLUMNS = ["group", "member_count", "member_share", "orders", "order_share", "sales", "sales_share", "sales_per_member"]


def test_heavy_medium_and_light(ladder: Workspace) -> None:
    answer = contribution(ladder, by="heavy", settings=FEW)
    assert answer.table.columns == [*COLUMNS, "order_value", "units_per_order", "sales_from", "sales_to"]
    assert answer.table.select("group", "member_count", "sales", "sales_from", "sales_to").rows() == [
        ("heavy", 1, 100.0, 100.0, 100.0),
        ("medium", 2, 170.0, 80.0, 90.0),
        ("light", 2, 80.0, 10.0, 70.0),
    ]
    assert answer.table["sales_share"].sum() == pytest.approx(1)
    assert answer.table["order_value"].to_list() == [10.0, 10.0, 10.0]
    assert answer.table["units_per_order"].to_list() == [2.0, 2.0, 2.0]
    assert answer.headline == (
        "Across the chain, of 5 members who ordered from 2024-04-01 to 2024-06-30, 1 heavy buyer (20.0%) brings 28.6%, "
        "2 medium buyers (40.0%) bring 48.6% and 2 light buyers (40.0%) bring 22.9% of their sales."
    )
    notes = [str(note) for note in answer.notes]
    assert "Not counted: 6 other members in scope without an order from 2024-04-01 to 2024-06-30." in notes
    assert "1 member only returned goods (-€5.00) in the window: not in the table." in notes


def test_deciles_keep_equal_members_together(tmp_path: Path) -> None:
    rows = [(f"m{who:02d}", 1, "s1", 1, 5.0) for who in range(15)] + [(f"n{who:02d}", 1, "s1", 1, 100.0 + who) for who in range(5)]
    table = contribution(shop_of(tmp_path, lines_of(rows)), settings=FEW).table
    assert table.height == 10
    held = table.filter(pl.col("sales_from") <= 5)
    assert held["member_count"].to_list() == [15]  # all fifteen in one group
    assert table["member_count"].sum() == 20
    assert table.filter(member_count=0)["order_value"].null_count() == table.filter(member_count=0).height


def test_all_members_equal_are_one_group(tmp_path: Path) -> None:
    answer = contribution(shop_of(tmp_path, lines_of([(f"m{who}", 1, "s1", 1, 5.0) for who in range(12)])), by="heavy")
    assert sorted(answer.table["member_count"].to_list()) == [0, 0, 12]
    assert any("All 12 members have the same sales" in str(note) for note in answer.notes)


def test_bands_of_orders_and_attach(ladder: Workspace) -> None:
    orders = contribution(ladder, by="orders", settings=FEW).table
    assert orders.columns == [*COLUMNS, "order_value", "units_per_order"]
    assert orders.select("group", "member_count").rows() == [
        *(("1 order", 1), ("2 orders", 0), ("3 to 4 orders", 0), ("5 to 8 orders", 2), ("9 to 16 orders", 2))
    ]
    attach = contribution(ladder, by="attach", settings=FEW).table
    assert attach.select("group", "member_count").rows() == [("up to 1 unit", 0), ("over 1 to 2 units", 5)]


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        *((1, "orders", "1 order"), (4, "orders", "3 to 4 orders"), (5, "orders", "5 to 8 orders"), (257, "orders", "over 256 orders")),
        *((1.0, "units", "up to 1 unit"), (1.01, "units", "over 1 to 2 units"), (64.0, "units", "over 32 to 64 units")),
    ],
)
def test_doubling_bands(value: float, unit: str, said: str) -> None:
    assert pl.DataFrame({"n": [value]}).select(doubling_band(pl.col("n"), unit)).item() == said


def test_goods_by_weight_have_no_attach(tmp_path: Path) -> None:
    lines = lines_of([(f"m{who}", 1, "s1", 0.5, 5.0) for who in range(12)])  # fractions only: never counted as units
    table = contribution(shop_of(tmp_path, lines), by="attach").table
    assert table.select("group", "member_count").rows() == [("no counted goods", 12)]


def test_loyal_against_ordinary(ladder: Workspace) -> None:
    answer = contribution(ladder, by="loyal", settings=FEW)
    assert answer.table.select("group", "member_count", "sales_per_member").rows() == [("loyal", 4, 85.0), ("ordinary", 1, 10.0)]
    assert answer.figures["loyal_spend_ratio"] == 8.5
    assert "spend €85.00 each, 8.5 times an ordinary member (€10.00)" in answer.headline


def test_members_against_non_members(ladder: Workspace) -> None:
    answer = contribution(ladder, by="members", settings=FEW)
    assert answer.table.columns == ["group", "orders", "order_share", "sales", "sales_share", "order_value", "units_per_order"]
    assert answer.table.select("group", "orders", "sales", "order_value", "units_per_order").rows() == [
        ("members", 35, 345.0, 10.0, 2.0),
        ("non-members", 1, 50.0, 50.0, 10.0),
    ]
    assert answer.headline == (
        "Across the chain, members bring 87.3% of the sales and 97.2% of the 36 orders from 2024-04-01 to 2024-06-30; "
        "a member's order is worth €10.00, a non-member's €50.00."
    )
    assert "there are no non-members to compare with" in contribution(ladder, by="members", store_id="s1", settings=FEW).headline
    crowd = contribution(ladder, by="members", audience="order_count > 5", settings=FEW)
    assert crowd.notes[0].verdict == "NOT MEASURED"


@pytest.mark.parametrize("ask", [contribution, pareto, quadrants])
def test_a_window_with_too_few_buyers_is_not_measured(ladder: Workspace, ask: Question) -> None:
    answer = ask(ladder, settings={"scope": {"minimum_members": 6}})  # eleven members, but five of them ordered
    assert answer.headline == (
        "Across the chain, from 2024-04-01 to 2024-06-30, too few members ordered: fewer than the 6 that figures may speak of."
    )
    assert answer.table.is_empty()
    assert answer.table.columns == ask(ladder, settings=FEW).table.columns
    assert answer.notes[0].verdict == "NOT MEASURED"


def test_tenths_of_few_members_are_not_told(tmp_path: Path) -> None:
    answer = contribution(shop_of(tmp_path, lines_of([(f"m{who:02d}", 1, "s1", 1, 5.0 + who) for who in range(20)])))
    assert "too few to tell their groups apart: some hold fewer than 10" in answer.headline
    assert answer.table["member_count"].null_count() == answer.table["sales"].null_count() == 10
    assert not answer.figures


def test_shares_that_do_not_fit_are_refused(ladder: Workspace) -> None:
    with pytest.raises(BadValue, match="medium_share may not add up to more than 1"):
        contribution(ladder, by="heavy", settings={**FEW, "value": {"heavy_share": 0.7, "medium_share": 0.5}})


@pytest.mark.parametrize("by", ["decile", "heavy", "orders", "attach", "loyal", "members"])
def test_charts_and_empty_windows(ladder: Workspace, by: Any) -> None:
    spec = spec_of(contribution(ladder, by=by, settings=FEW))
    assert axis_titles(spec) & {"Share", "Share of member sales"}
    empty = contribution(ladder, by=by, period="2023-06-01..2023-06-02", settings=FEW)
    assert any(note.verdict == "NOT MEASURED" for note in empty.notes)


def test_returns_that_outweigh_sales_leave_shares_not_measured(tmp_path: Path) -> None:
    rows = [(f"m{who}", 1, "s1", 1, 5.0) for who in range(12)] + [(f"m{who}", 0, "s1", -2, -10.0) for who in range(12)]
    ws = shop_of(tmp_path, lines_of(rows))
    answer = contribution(ws, by="heavy")
    assert "shares are not measured" in answer.headline
    assert answer.table["sales_share"].null_count() == 3
    assert "brought no sales" in pareto(ws).headline


def test_pareto_by_eye(ladder: Workspace) -> None:
    answer = pareto(ladder, settings=FEW)
    assert answer.table.columns == ["member_count", "member_share", "sales", "sales_share"]
    assert answer.table.select("member_count", "sales").rows() == [(1, 100.0), (2, 190.0), (3, 270.0), (4, 340.0), (5, 350.0)]
    assert answer.figures["gini"] == pytest.approx(2500 / 1750 - 1.2)  # 2 * (1*10 + 2*70 + 3*80 + 4*90 + 5*100) / (5 * 350) - 6/5
    assert answer.figures["carrying_share"] == 0.8
    assert answer.headline == (
        "Across the chain, 4 of 5 members who ordered from 2024-04-01 to 2024-06-30 (80.0%) bring 80% of their sales; "
        "the best 1 (20.0%) bring 28.6% (Gini 0.23)."
    )
    assert {"Share of members, best first", "Share of their sales"} <= axis_titles(spec_of(answer))


def test_pareto_of_equal_members(tmp_path: Path) -> None:
    answer = pareto(shop_of(tmp_path, lines_of([(f"m{who}", 1, "s1", 1, 5.0) for who in range(12)])))
    assert answer.figures["gini"] == 0
    assert "all 12 members" in answer.headline
    assert "bring the same" in answer.headline


def test_huge_sums_stay_exact(tmp_path: Path) -> None:
    rows = [(f"m{who:02d}", 1, "s1", 1, 4_000_000_000_000.25) for who in range(12)]
    table = contribution(shop_of(tmp_path, lines_of(rows)), by="heavy").table
    assert table["sales"].sum() == 48_000_000_000_003.0


def tiered(path: Path, *, costs: bool = True, tiers: bool = True) -> Workspace:
    """g0 and g1 (gold) buy milk for 60 and 40, s0 to s2 (silver) soap for 30 each, n0 (no tier) both; soap has no known cost."""
    rows = [
        ("g0", "milk", 60.0),
        ("g1", "milk", 40.0),
        *[(f"s{who}", "soap", 30.0) for who in range(3)],
        ("n0", "milk", 20.0),
        ("n0", "soap", 5.0),
    ]
    lines = lines_of([(who, 3 + place, "s1", 10, amount) for place, (who, _, amount) in enumerate(rows)])
    lines = lines.with_columns(pl.Series("product_id", [good for _, good, _ in rows]))
    products = pl.DataFrame(
        {"product_id": ["milk", "soap"], "category": ["dairy", "care"], "unit_cost": [300, None]}, schema_overrides={"unit_cost": pl.Int64}
    )
    members = pl.DataFrame({"member_id": ["g0", "g1", "s0", "s1", "s2", "n0"], "tier": ["gold"] * 2 + ["silver"] * 3 + [None]})
    tables = {"products": products if costs else products.drop("unit_cost"), "members": members if tiers else members.drop("tier")}
    return make_workspace(path / "ws", lines, tables)


def test_by_membership_tier(tmp_path: Path) -> None:
    ws = tiered(tmp_path)
    answer = contribution(ws, by="tier", settings=FEW)
    assert answer.table.select("group", "member_count", "sales").rows() == [
        ("gold", 2, 100.0),
        ("silver", 3, 90.0),
        ("no tier stated", 1, 25.0),
    ]
    assert "the tier gold brings most: 2 of 6 members who ordered" in answer.headline
    assert any("1 member who ordered have no stated tier" in note.text and note.verdict == "REVIEW" for note in answer.notes)
    assert {"Share"} <= axis_titles(spec_of(answer))
    with pytest.raises(DataError, match="no table `tiers`"):
        contribution(tiered(tmp_path / "none", tiers=False), by="tier", settings=FEW)


def test_margin_is_of_what_has_a_known_cost(tmp_path: Path) -> None:
    ws = tiered(tmp_path)
    answer = contribution(ws, by="tier", measure="margin", settings=FEW)
    rows = answer.table.select("group", "sales", "cost_known_share", "margin", "margin_of_all", "margin_per_member", "margin_share").rows()
    # Ten units at 3.00 each: gold keeps 30 + 10 of 100, n0 keeps -10 of 20; of silver nothing is known, which is not a margin of nothing.
    assert rows == [
        ("gold", 100.0, 1.0, 40.0, pytest.approx(4 / 3), 20.0, pytest.approx(0.4)),
        ("silver", 90.0, 0.0, None, None, None, None),
        ("no tier stated", 25.0, 0.8, -10.0, pytest.approx(-1 / 3), -10.0, pytest.approx(-0.5)),
    ]
    assert "the group gold brings most margin: 2 of 6 members" in answer.headline
    assert answer.notes[0].verdict == "REVIEW"
    assert "55.8% of the sales of these members; least of silver: 0.0%" in answer.notes[0].text
    assert axis_titles(spec_of(answer))
    store = contribution(ws, by="heavy", measure="margin", store_id="s1", settings=FEW)
    assert store.table["margin"].sum() == pytest.approx(30.0)
    with speaking("zh"):
        assert "毛利" in contribution(ws, by="tier", measure="margin", settings=FEW).headline


def test_margin_without_costs_is_said_by_name(tmp_path: Path) -> None:
    ws = tiered(tmp_path, costs=False)
    answer = contribution(ws, measure="margin", settings=FEW)
    assert "no cost of goods is known" in answer.headline
    assert answer.table.is_empty()
    assert [note.verdict for note in answer.notes] == ["NOT MEASURED"]
    assert "no `unit_cost` column" in answer.notes[0].text
    with pytest.raises(BadValue, match="told by sales alone"):
        contribution(ws, by="members", measure="margin", settings=FEW)
