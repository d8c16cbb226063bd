"""portrait.why: parts that add up to the cent on any shop, planted changes found first, and what is not claimed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.portrait.ladder import FEW
from tests.portrait.pictures import axis_titles, spec_of
from tests.shop import make_workspace, random_lines, random_products
from toolkit.errors import BadValue, DataError
from toolkit.portrait import figure, why
from toolkit.portrait.why import By, Explained
from toolkit.workspace import Workspace

LAST = "2024-06-30"
APRIL_ON, BEFORE = "2024-04-01..2024-06-30", "2024-01-01..2024-03-31"


def shop(path: Path, seed: int, change: Callable[[pl.DataFrame], pl.DataFrame] = lambda lines: lines, **size: int) -> Workspace:
    stores = pl.DataFrame({"store_id": ["s0", "s1", "s2", "s3"], "region": ["north", "north", "south", None]})
    costs = random_products().with_columns(unit_cost=pl.Series([20, None, 31, 50] * 3, dtype=pl.Int64))
    members = pl.DataFrame({"member_id": [f"m{who:02d}" for who in range(60)], "tier": ["gold", "silver", None] * 20})
    tables = {"products": costs, "stores": stores, "members": members}
    return make_workspace(path, change(random_lines(seed, **size)), tables)


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> list[Workspace]:
    folder = tmp_path_factory.mktemp("five")
    sizes = [{}, {"lines": 400}, {"members": 60}, {"days": 60}, {"lines": 4_000, "members": 12}]
    return [shop(folder / str(seed), seed, **size) for seed, size in enumerate(sizes)]


def changes(metric: str) -> list[str]:
    return [by for by in get_args(By) if not (by == "category" and metric in ("orders", "order_value"))]


@given(data=st.data())
@settings(max_examples=40)
def test_the_parts_add_up_to_the_change_exactly(shops: list[Workspace], data: st.DataObject) -> None:
    ws, metric = data.draw(st.sampled_from(shops)), data.draw(st.sampled_from(get_args(Explained)))
    by, days, back = data.draw(st.sampled_from(changes(metric))), data.draw(st.integers(1, 25)), data.draw(st.integers(0, 3))
    least = data.draw(st.sampled_from([1, 3]))
    given: dict[str, Any] = {"period": f"{days}d", "settings": {"scope": {"minimum_members": least}}}
    answer = why(ws, metric=metric, by=by, **given, **({"store_id": "s1"} if back == 0 and by not in ("store", "region") else {}))
    whole = figure(ws, metric=metric, settings=FEW, period=given["period"], store_id=("s1" if "store_id" in answer.call else None)).table
    parts, now, before = answer.table["part"], whole[metric][0], whole[f"{metric}_before"][0]
    if parts.null_count():  # hidden, or not measured: a part without orders on one side, or the few of a whole shop
        assert least > 1 or metric == "order_value"
        return
    if parts.is_empty():
        assert metric == "order_value" or not (now or before)
        return
    if metric == "order_value":
        assert parts.sum() == pytest.approx(now - before, abs=1e-9)
    else:
        unit = 1 if metric == "orders" else 1_000 if metric == "units" else 100
        exact = sum(round(part * unit) for part in parts) if metric != "margin" else round(sum(part * unit for part in parts))
        assert abs(exact - round(((now or 0) - (before or 0)) * unit)) <= (1 if metric == "margin" else 0)  # a margin is rounded once


def test_the_split_of_an_address_adds_up_too(shops: list[Workspace]) -> None:
    for metric, names in (("sales", ["members_part", "rest_part"]), ("order_value", ["own_part", "weight_part"])):
        table = why(shops[0], metric=metric, by="store", settings=FEW).table
        assert table.select(pl.sum_horizontal(names)).to_series().to_list() == pytest.approx(table["part"].to_list())


def later(lines: pl.DataFrame) -> pl.Expr:
    return pl.col("ordered_at").dt.date() >= pl.lit("2024-04-01").str.to_date()


def even(lines: pl.DataFrame) -> pl.DataFrame:
    """The receipts of January to March, and the same again 91 days later: nothing changed but what is planted."""
    first = lines.filter(pl.col("ordered_at").dt.date().is_between(pl.date(2024, 1, 1), pl.date(2024, 3, 31)), pl.col("amount") > 0)
    again = first.with_columns(pl.col("ordered_at").dt.offset_by("91d"), pl.col("order_id") + "-again")
    return pl.concat([first, again])


def closed(lines: pl.DataFrame) -> pl.DataFrame:
    return even(lines).filter(~((pl.col("store_id") == "s2") & later(lines)))


def dearer(lines: pl.DataFrame) -> pl.DataFrame:
    return even(lines).with_columns(pl.when(later(lines)).then((pl.col("amount") * 1.2).round(2)).otherwise("amount").alias("amount"))


def fewer(lines: pl.DataFrame) -> pl.DataFrame:
    gone = pl.col("member_id").is_in([f"m{who:02d}" for who in range(0, 40, 3)])
    return even(lines).filter(~(gone.fill_null(False) & later(lines)))


def seldom(lines: pl.DataFrame) -> pl.DataFrame:
    first = pl.col("order_id") == pl.col("order_id").min().over("member_id", later(lines))
    last_day = pl.col("ordered_at").dt.date() == pl.date(2024, 6, 30)
    return even(lines).filter(~(later(lines) & pl.col("member_id").is_not_null() & ~first & ~last_day))


def one_category(lines: pl.DataFrame) -> pl.DataFrame:
    goods = pl.col("product_id").is_in(["p02", "p06"])  # category b
    return even(lines).with_columns(pl.when(later(lines) & goods).then(pl.col("amount") * 3).otherwise("amount").alias("amount"))


@pytest.mark.parametrize(
    ("change", "by", "first"),
    [
        (closed, "store", "s2"),
        (dearer, "driver", "order value of members"),
        (fewer, "driver", "members who ordered"),
        (seldom, "driver", "orders per member"),
        (one_category, "category", "b"),
    ],
)
def test_what_was_planted_comes_first(tmp_path: Path, change: Any, by: Any, first: str) -> None:
    ws = shop(tmp_path / "ws", 3, change, lines=6_000, members=40)
    given: dict[str, Any] = {"period": APRIL_ON, "against": BEFORE, "settings": FEW}
    answer = why(ws, by=by, **given)
    assert answer.table[0, 0] == first
    assert abs(answer.table["part"][0]) > 2 * abs(answer.table["part"][1])
    assert first in answer.headline
    if by != "driver":
        assert any(f"by {by} in {first}" in note.text for note in why(ws, **given).notes)


def test_a_price_is_told_from_the_units_of_an_order(tmp_path: Path) -> None:
    ws = shop(tmp_path / "ws", 3, dearer, lines=6_000)
    answer = why(ws, metric="客单价", period=APRIL_ON, against=BEFORE, settings=FEW)
    assert answer.table["driver"].to_list() == ["sales per unit", "units per order"]
    assert answer.table["part_share"].to_list() == pytest.approx([1, 0], abs=0.01)
    assert answer.table["driver_now"][0] == pytest.approx(1.2 * answer.table["driver_before"][0], rel=0.01)


def test_nothing_is_said_of_a_cause(shops: list[Workspace]) -> None:
    for by in ("driver", "store"):
        assert any("not what caused it" in note.text for note in why(shops[0], by=by, settings=FEW).notes)  # type: ignore[arg-type]


def test_small_groups_stand_together_and_still_add_up(shops: list[Workspace]) -> None:
    answer = why(shops[2], by="tier", period="91d", settings={"scope": {"minimum_members": 12}})
    whole = figure(shops[2], metric="sales", period="91d", settings=FEW).table
    assert any(name.startswith("others") for name in answer.table["tier"])
    assert answer.table["part"].sum() == pytest.approx(whole["sales"][0] - whole["sales_before"][0])
    assert answer.table["buyer_count"].to_list() == [28, 0]  # all three tiers, and non-members


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"metric": "orders", "by": "category"}, BadValue, "do not add up"),
        ({"metric": "repeat_rate"}, BadValue, "metric is 'repeat_rate'"),
        ({"against": "2024-06-01..2024-06-30"}, BadValue, "must end before"),
    ],
)
def test_what_cannot_be_taken_apart_is_one_sentence(
    shops: list[Workspace], given: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        why(shops[0], settings=FEW, **given)
    assert said in str(caught.value)


def test_costs_and_days_that_are_not_there(ladder: Workspace) -> None:
    with pytest.raises(DataError, match="unit_cost"):
        why(ladder, metric="margin", settings=FEW)
    early = why(ladder, as_of="2023-06-30", settings=FEW)
    assert early.table.is_empty()
    assert "the receipts start on 2023-05-27" in early.headline
    assert "not measured" in why(ladder, period="2023-09-01..2023-09-02", settings=FEW).headline


@pytest.mark.parametrize("by", ["driver", "segment"])
def test_charts(shops: list[Workspace], by: Any) -> None:
    assert "Part of the change, EUR" in axis_titles(spec_of(why(shops[0], by=by, settings=FEW)))
