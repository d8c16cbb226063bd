"""portrait.stores: the ladder's two stores, ranked; small stores, regions, one store."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.portrait.ladder import FEW, lines_of
from tests.portrait.pictures import axis_titles, spec_of
from tests.shop import make_workspace
from toolkit.errors import DataError
from toolkit.portrait import stores
from toolkit.workspace import Workspace


def test_two_stores_by_eye(ladder: Workspace) -> None:
    answer = stores(ladder, settings=FEW)
    assert answer.table.columns == [
        *("rank", "store_id", "store_name", "region", "sales", "sales_change", "orders", "buyer_count", "member_count", "active_share"),
        *("repeat_rate", "order_value", "units_per_order", "member_sales_share"),
    ]
    first, second = answer.table.to_dicts()
    # s1 (m0, m2, m4, m6, m8; r returned 5.00): 100 + 80 + 10 - 5 against 5 orders of m4 and 2 of m6 in the 91 days before
    assert (first["store_id"], first["sales"], first["orders"], first["buyer_count"], first["member_count"]) == ("s2", 210.0, 17, 2, 5)
    assert (second["store_id"], second["sales"], second["orders"], second["buyer_count"], second["member_count"]) == ("s1", 185.0, 19, 3, 5)
    assert first["member_sales_share"] == pytest.approx(160 / 210)
    assert first["order_value"] == pytest.approx(210 / 17)
    assert second["repeat_rate"] == pytest.approx(2 / 3)
    assert second["active_share"] == pytest.approx(3 / 5)
    assert second["sales_change"] == pytest.approx(185 / 70 - 1)
    assert answer.headline == (
        "Across the chain, store s2 leads 2 stores by sales from 2024-04-01 to 2024-06-30 with €210.00 (n = 2 buying members); "
        "the store in the middle has €197.50, the last, s1, €185.00."
    )
    assert "Sales, EUR" in axis_titles(spec_of(answer))


def test_small_stores_are_listed_but_not_ranked(ladder: Workspace) -> None:
    answer = stores(ladder, settings={"scope": {"minimum_members": 3}})
    assert answer.table.select("rank", "store_id").rows() == [(1, "s1"), (None, "s2")]
    small = answer.table.row(1, named=True)
    assert small["sales"] == 210.0
    assert small["repeat_rate"] is None
    assert any("1 store with fewer than 3 buying members is listed but not ranked" in str(note) for note in answer.notes)


def test_one_store_among_its_neighbours(ladder: Workspace) -> None:
    answer = stores(ladder, store_id="s1", rank_by="repeat_rate", settings=FEW)
    assert answer.headline == (
        "Store s1 is number 2 of 2 stores by repeat rate from 2024-04-01 to 2024-06-30: 66.7% against 83.3% in the store in the middle "
        "(n = 3 buying members)."
    )
    assert answer.figures == {"rank": 2.0}
    assert spec_of(answer)


def test_far_down_the_ranking_only_neighbours_are_shown(tmp_path: Path) -> None:
    rows = [(f"m{who}", 1, f"s{store:02d}", 1, 100.0 - store) for store in range(20) for who in range(10)]
    ws = make_workspace(tmp_path / "ws", lines_of(rows))
    answer = stores(ws, store_id="s10")
    assert answer.table["store_id"].to_list() == ["s00", "s07", "s08", "s09", "s10", "s11", "s12", "s13"]
    assert stores(ws).table.height == 20


def test_regions(ladder: Workspace, tmp_path: Path) -> None:
    table = stores(ladder, by="region", settings=FEW).table
    assert table.select("rank", "region", "store_count", "sales").rows() == [(1, "south", 1, 210.0), (2, "north", 1, 185.0)]
    bare = make_workspace(tmp_path / "ws", lines_of([(f"m{who}", 1, "s1", 1, 5.0) for who in range(12)]))
    with pytest.raises(DataError, match="has no `region` column"):
        stores(bare, by="region")
    assert stores(ladder, region="north", settings=FEW).table["store_id"].to_list() == ["s1"]


def test_a_change_that_is_not_measured_ranks_nobody(ladder: Workspace) -> None:
    answer = stores(ladder, rank_by="sales_change", as_of="2023-07-01", settings=FEW)
    assert (
        answer.headline == "Across the chain, stores cannot be ranked by change of sales: it is not measured from 2023-04-02 to 2023-07-01."
    )
    assert any(note.verdict == "NOT MEASURED" and "the receipts start on 2023-05-27" in note.text for note in answer.notes)


def test_an_audience_has_its_own_sales(ladder: Workspace) -> None:
    table = stores(ladder, audience="order_count >= 9", settings=FEW).table
    assert dict(table.select("store_id", "sales").iter_rows()) == {"s1": 100.0, "s2": 90.0}
    assert table["member_sales_share"].null_count() == 2


def test_nobody_ordered(ladder: Workspace) -> None:
    answer = stores(ladder, period="2023-06-01..2023-06-02", settings=FEW)
    assert answer.table["rank"].null_count() == 2
    assert "no ranking" in answer.headline
    assert answer.table["sales"].to_list() == [0.0, 0.0]
    assert spec_of(answer)
    assert answer.table.select(pl.col(pl.Float64).is_nan().any()).row(0) == (False,) * answer.table.select(pl.col(pl.Float64)).width
