"""portrait.figure: the figures of other questions under the same words, sums that add up, calendars, and what cannot be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest

from tests.portrait.ladder import FEW, lines_of, shop_of
from tests.portrait.pictures import axis_titles, spec_of
from tests.shop import make_workspace, random_lines, random_products, tiny_lines, tiny_products
from toolkit.errors import BadValue, DataError, UnknownName
from toolkit.language import speaking
from toolkit.portrait import figure, lifecycle, overview, stores
from toolkit.portrait.figure import By
from toolkit.portrait.figures import FIGURES, Metric, figure_named
from toolkit.targeting import gain_loss, units_per_order
from toolkit.workspace import Workspace

OF_OVERVIEW = {
    **{name: name for name in ("sales", "orders", "order_value", "units_per_order", "repeat_rate", "active_share", "member_sales_share")},
    **{"members": "member_count", "active_members": "active_count", "buyers": "buyer_count"},
}


@pytest.fixture(scope="module")
def random_shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    stores = pl.DataFrame({"store_id": ["s0", "s1", "s2", "s3"], "region": ["north", "north", "south", None]})
    members = pl.DataFrame({"member_id": [f"m{who:02d}" for who in range(30)], "tier": ["gold", "silver", None] * 10})
    tables = {"products": random_products(), "stores": stores, "members": members}
    return make_workspace(tmp_path_factory.mktemp("random") / "ws", random_lines(5, lines=6_000), tables)


def told(ws: Workspace, metric: str, **given: Any) -> Any:
    return figure(ws, metric=metric, settings=FEW, **given).table[metric][0]


SCOPES: list[dict[str, Any]] = [
    {},
    {"store_id": "s1"},
    {"period": "2024-02-01..2024-02-29"},
    {"audience": "order_count >= 3", "period": "2023-11-06..2024-01-31"},
]


@pytest.mark.parametrize("scope", SCOPES)
def test_the_same_word_is_the_same_number_as_in_the_overview(random_shop: Workspace, scope: dict[str, Any]) -> None:
    now = overview(random_shop, settings=FEW, **scope).table.row(0, named=True)
    assert {name: told(random_shop, name, **scope) for name in OF_OVERVIEW} == pytest.approx(
        {name: now[column] for name, column in OF_OVERVIEW.items()}
    )


def test_the_same_word_is_the_same_number_as_by_store(random_shop: Workspace) -> None:
    theirs = stores(random_shop, settings=FEW).table.sort("store_id")
    for name, column in OF_OVERVIEW.items():
        ours = figure(random_shop, metric=name, by="store", settings=FEW).table.sort("store_id")
        assert ours["store_id"].to_list() == theirs["store_id"].to_list()
        assert ours[name].to_list() == pytest.approx(
            theirs[column if column in theirs.columns else name].to_list() if column != "active_count" else ours[name].to_list()
        )


def test_the_same_word_is_the_same_number_elsewhere(random_shop: Workspace, ladder: Workspace) -> None:
    by_segment = units_per_order(random_shop, by="segment", settings=FEW).table
    ours = figure(random_shop, metric="units_per_order", by="segment", settings=FEW).table
    theirs = dict(by_segment.select("group", "units_per_order").iter_rows())
    for segment, units in ours.select("segment", "units_per_order").iter_rows():
        assert units == pytest.approx(theirs[segment.strip("()") if segment.startswith("(") else segment])
    stages = dict(lifecycle(random_shop, settings=FEW).table.select("stage", "member_count").iter_rows())
    assert told(random_shop, "lapsed_members") == stages["lapsed"]
    since = "2024-01-01..2024-06-30"
    kinds = gain_loss(ladder, period=since, settings=FEW).table
    assert told(ladder, "first_time_members", period=since) == kinds["member_count"][0] == 6
    of_categories = gain_loss(random_shop, by="category", settings=FEW).table
    ours = figure(random_shop, metric="sales", by="category", settings=FEW).table
    assert dict(ours.select("category", "sales").iter_rows()) == pytest.approx(dict(of_categories.select("category", "sales").iter_rows()))


@pytest.mark.parametrize("name", [name for name, one in FIGURES.items() if one.adds and name != "margin"])
def test_parts_add_up_to_the_whole(random_shop: Workspace, name: str) -> None:
    period = {"period": "2023-10-01..2024-06-30", "settings": FEW}
    whole = figure(random_shop, metric=name, **period).table[name][0]
    assert whole > 0
    for by in get_args(By)[1:]:
        if by == "category" and (not FIGURES[name].by_category or name == "orders"):  # an order is in several
            continue
        assert figure(random_shop, metric=name, by=by, **period).table[name].sum() == pytest.approx(whole), by


def test_every_figure_is_declared_once_and_found_by_what_people_call_it() -> None:
    assert tuple(FIGURES) == get_args(Metric)
    words = [word for one in FIGURES.values() for word in (*one.words_en, *one.words_zh)]
    assert len(words) == len(set(words))
    for name, one in FIGURES.items():
        assert {figure_named(word) for word in (name, one.column.label, *one.words_en, *one.words_zh)} == {name}


def test_the_tiny_shop_by_hand(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    assert told(ws, "sales") == 123.75
    assert told(ws, "returns") == 15.0  # emil 12 and the passer-by 3, in the last 13 weeks
    assert told(ws, "return_share") == pytest.approx(15 / 138.75)
    assert told(ws, "member_sales") == 124.75
    assert told(ws, "visits_per_member") == 1.0  # emil's two orders are of one day
    assert told(ws, "orders_per_member") == 1.25
    # soap 4 - 2.50, milk 3 + 1.50 + 4 + 1 + 2 less .60 each of 3 + 1 + 4 + 1 + 2; soap -12 and 2 back; bread -3 and 1 back
    costed = 4 + 3 + 1.5 + 4 + 1 + 2 - 12 - 3
    assert told(ws, "margin") == pytest.approx(costed - (2.5 + 0.6 * 11 - 2 * 2.5 - 1.5))
    assert told(ws, "discount_share") == pytest.approx(2.25 / (123.75 + 2.25))
    assert told(ws, "goods_sold") == 4  # milk, soap, fuel, apples
    assert told(ws, "goods_sold_share") == 4 / 6  # neither bread nor the fee


def test_months_are_whole_and_compared_with_their_like(ladder: Workspace) -> None:
    months = figure(ladder, metric="orders", by="month", settings=FEW)
    assert months.table["window"].to_list()[-2:] == ["2024-05", "2024-06"]
    assert months.table["orders_before"].to_list()[1:] == months.table["orders"].to_list()[:-1]
    year = figure(ladder, metric="orders", by="month", against="year", settings=FEW).table.row(-1, named=True)
    june = figure(ladder, metric="orders", period="2023-06-01..2023-06-30", as_of="2024-06-30", settings=FEW).table["orders"][0]
    assert year["orders_before"] == june


def test_an_unfinished_month_is_said(ladder: Workspace) -> None:
    answer = figure(ladder, metric="sales", by="month", as_of="2024-06-20", settings=FEW)
    last = answer.table.row(-1, named=True)
    assert (last["window"], last["is_whole"]) == ("2024-06", False)
    assert last["sales_before"] == told(ladder, "sales", as_of="2024-06-20", period="2024-05-01..2024-05-20")
    assert any("2024-06 is not finished" in note.text and "2024-05-01 to 2024-05-20" in note.text for note in answer.notes)
    assert "in 2024-05" in answer.headline  # the last whole one
    to_date = figure(ladder, metric="sales", as_of="2024-06-20", period="2024-06-01..2024-06-20", settings=FEW)
    assert any("compared with 2024-05-01 to 2024-05-20" in note.text for note in to_date.notes)


def test_the_headline_by_eye(ladder: Workspace) -> None:
    assert figure(ladder, metric="sales", settings=FEW).headline == (
        "Across the chain, sales from 2024-04-01 to 2024-06-30: €395.00 (n = 5 members), up 229.2%; it was €120.00 from 2024-01-01 to "
        "2024-03-31."
    )
    assert figure(ladder, metric="members", settings=FEW).headline == (
        "Across the chain, members on 2024-06-30: 10, up 66.7%; it was 6 on 2024-03-31."
    )
    assert "down 20.0 points; it was 100.0%" in figure(ladder, metric="复购率", settings=FEW).headline


def test_few_members_are_not_told(ladder: Workspace) -> None:
    answer = figure(ladder, metric="repeat_rate")  # five buyers
    assert answer.table.select("buyer_count", "repeat_rate", "repeat_rate_before", "change_points").row(0) == (None,) * 4
    assert "not measured" in answer.headline
    by_store = figure(ladder, metric="sales", by="store").table
    assert by_store["sales"].sum() == 395.0  # the shop's own
    assert by_store["buyer_count"].to_list() == [None, None]
    by_segment = figure(ladder, metric="sales", by="segment").table
    shown = by_segment.filter(pl.col("sales").is_not_null())
    assert shown.filter(pl.col("sales") != 0)["segment"].to_list() == ["(non-members)"]
    assert "no orders" not in shown["segment"].to_list()  # one member's refund


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"metric": "repat rate"}, UnknownName, "did you mean 'repeat_rate'"),
        ({"metric": "order_value", "by": "category"}, BadValue, "by category there are sales"),
        ({"by": "tier"}, DataError, "no table `tiers`"),
        ({"by": "channel"}, DataError, "through which channel"),
        ({"by": "week", "against": "2024-01-01..2024-01-31"}, BadValue, "ask without `by`"),
        ({"against": "2024-05-01..2024-05-31"}, BadValue, "must end before this period"),
        ({"against": "yesterday"}, BadValue, "'year', or a period"),
        ({"by": "colour"}, BadValue, "by is 'colour'"),
    ],
)
def test_what_cannot_be_told_is_one_sentence(ladder: Workspace, given: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error) as caught:
        figure(ladder, settings=FEW, **given)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_window_and_what_the_shop_does_not_state(ladder: Workspace) -> None:
    empty = figure(ladder, metric="order_value", period="2023-06-01..2023-06-02", settings=FEW)
    assert empty.headline == "Across the chain, order value from 2023-06-01 to 2023-06-02: not measured."
    margin = figure(ladder, metric="margin", by="store", settings=FEW)
    assert margin.table.height == 0
    assert any(note.verdict == "NOT MEASURED" and "unit_cost" in note.text for note in margin.notes)


def test_before_the_receipts_nobody_is_first_time(tmp_path: Path) -> None:
    ws = shop_of(tmp_path, lines_of([(f"m{who}", ago, "s1", 1, 5) for who in range(12) for ago in (20 + 30 * who, 3)]))
    rows = figure(ws, metric="new members", by="month", settings=FEW).table
    assert rows["first_time_members"].to_list()[0] is None
    assert rows["first_time_members"].drop_nulls().sum() == 11


@pytest.mark.parametrize("by", ["total", "month", "store", "segment"])
def test_charts(ladder: Workspace, by: Any) -> None:
    answer = figure(ladder, metric="order_value", by=by, settings=FEW)
    assert "Order value, EUR" in axis_titles(spec_of(answer))


def test_in_chinese(ladder: Workspace) -> None:
    with speaking("zh"):
        answer = figure(ladder, metric="客单价", by="month", settings=FEW)
        assert "客单价" in answer.headline
        assert answer.columns[6].heading == "客单价"
