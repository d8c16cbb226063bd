"""portrait.habits: favourites beyond chance and none where members choose at random, the busiest hour, and a missing channel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.portrait.ladder import FEW
from tests.portrait.pictures import axis_titles, spec_of
from tests.shop import make_workspace, tiny_lines, tiny_products
from toolkit.portrait import habits
from toolkit.portrait.measures.favourites import HABITS, favourites
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace

YEAR = {"period": "182d", "settings": FEW}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    products = {"products": tiny_products()}
    return make_workspace(tmp_path_factory.mktemp("tiny") / "ws", tiny_lines(), products)


def rows_of(answer, habit: str) -> dict[str, dict]:
    return {row["favourite"]: row for row in answer.table.filter(pl.col("habit") == habit).to_dicts()}


def test_one_measured_member_is_all_there_is_to_compare_with(tiny: Workspace) -> None:
    # Anna's four orders: two Mondays in January, a Thursday, a Monday in June; s1 and s2, store and app twice each.
    answer = habits(tiny, **YEAR)
    assert answer.table["habit"].unique(maintain_order=True).to_list() == list(HABITS)
    monday = rows_of(answer, "weekday")["Monday"]
    assert (monday["member_count"], monday["n"]) == (0, 1)
    assert answer.table["member_count"].sum() == 0
    assert rows_of(answer, "channel")["not stated"]["order_count"] == 1
    notes = [str(note) for note in answer.notes]
    assert notes[0] == "NOT MEASURED: Favourites of 4 members of 5: fewer than 3 orders (setting habits.minimum_orders)."
    assert notes[1] == (
        "Of 1 member with enough orders these have no favourite, since theirs is no more than chance, or two are equal: channel 1 (100%), "
        "day of the week 1 (100%), time of day 1 (100%), store 1 (100%) and category 1 (100%)."
    )


STORES = {"s1": 0.6, "s2": 0.3, "s3": 0.1}
GOODS = [f"g{number}" for number in range(8)]


def chosen_lines(*, members: int, planted: int, seed: int) -> pl.DataFrame:
    """Return orders of one line whose day, hour, store, channel and category are drawn by chance; the first `planted` members come on
    Saturdays to s3 for g7, in nine of ten orders of theirs."""
    rng = np.random.default_rng(seed)
    count = rng.integers(4, 40, members)
    who = np.repeat(np.arange(members), count)
    own = (who < planted) & (rng.random(who.size) < 0.9)
    week, weekday = rng.integers(0, 52, who.size), np.where(own, 5, rng.choice(7, who.size, p=[0.1, 0.1, 0.1, 0.1, 0.2, 0.25, 0.15]))
    day = np.datetime64("2024-06-24") - np.timedelta64(7, "D") * week + weekday.astype("timedelta64[D]")  # 24 June 2024 was a Monday
    at = day.astype("datetime64[us]") + rng.integers(8, 20, who.size).astype("timedelta64[h]")
    return pl.DataFrame(
        {
            "member_id": [f"m{number:03d}" for number in who],
            "order_id": [f"o{number:05d}" for number in range(who.size)],
            "store_id": np.where(own, "s3", rng.choice(list(STORES), who.size, p=list(STORES.values()))),
            "product_id": np.where(own, "g7", rng.choice(GOODS, who.size)),
            "ordered_at": at,
            "quantity": 1.0,
            "amount": 5.0,
            "discount_amount": 0.0,
            "coupon_amount": 0.0,
            "channel": np.where(rng.random(who.size) < 0.5, "app", "store"),
        }
    )


def favourites_of(ws: Workspace) -> pl.DataFrame:
    """Return what traits and the card take: favourites with `member_id`, sorted by it."""
    view = open_view(ws)
    return view.population.select("member_id", "member_code").join(favourites(view, view.population), on="member_code").sort("member_id")


def chosen_shop(path: Path, **given: int) -> Workspace:
    return make_workspace(path / "ws", chosen_lines(**given), {"products": pl.DataFrame({"product_id": GOODS, "category": GOODS})})


def test_members_who_choose_at_random_have_no_favourites(tmp_path: Path) -> None:
    ws = chosen_shop(tmp_path, members=400, planted=0, seed=3)
    found, answer = favourites_of(ws), habits(ws)
    assert set(answer.table["n"]) == {400}
    assert {habit: found[f"favourite_{habit}"].count() for habit in HABITS if found[f"favourite_{habit}"].count() > 0.05 * 400} == {}


def test_planted_favourites_are_found_and_the_others_stay_without(tmp_path: Path) -> None:
    ws = chosen_shop(tmp_path, members=300, planted=60, seed=4)
    found = favourites_of(ws)
    for habit, own in (("weekday", "Saturday"), ("store", "s3"), ("category", "g7")):
        named = found[f"favourite_{habit}"]
        assert (named[:60] == own).sum() >= 0.9 * 60, habit
        assert named[60:].count() <= 0.05 * 240, habit
    assert found["favourite_channel"].count() <= 0.05 * 300
    answer = habits(ws, by="weekday")
    assert answer.headline.startswith("Across the chain, Saturday is the favourite day of the week of ")
    assert answer.headline.endswith("% of their orders.")


def test_of_two_that_are_equal_neither_is_the_favourite(tmp_path: Path) -> None:
    lines = chosen_lines(members=200, planted=0, seed=5).with_columns(pl.col("member_id").rank("ordinal").over("member_id").alias("place"))
    # Of each member's first 8 orders 4 at s2 and 4 at s3, or, for every second member, all 8 at s1.
    place, second = pl.col("place"), pl.col("member_id").str.slice(1).cast(pl.Int64) % 2 == 1
    store = pl.when(second).then(pl.lit("s1")).when(place % 2 == 0).then(pl.lit("s2")).otherwise(pl.lit("s3"))
    lines = lines.filter(place <= 8).with_columns(store_id=store)
    lines = lines.filter(pl.len().over("member_id") == 8).drop("place")
    ws = make_workspace(tmp_path / "ws", lines, {})
    named = dict(favourites_of(ws).select("member_id", "favourite_store").iter_rows())
    assert {store for member, store in named.items() if int(member[1:]) % 2 == 0} == {None}
    assert {store for member, store in named.items() if int(member[1:]) % 2 == 1} == {"s1"}


def test_orders_and_sales_of_the_window(tiny: Workspace) -> None:
    answer = habits(tiny, by="weekday", **YEAR)
    assert answer.table["order_count"].sum() == 8  # anna 4, ben 1, dora 1, emil 2; returns alone are no order
    assert answer.table["order_share"].sum() == pytest.approx(1)
    assert answer.table["sales"].sum() == pytest.approx(2 + 3 + 1 + 6 - 3 + 4 + 3 + 120 + 1.5 - 6 + 1.25 + 2 + 4 + 1 - 12)
    assert answer.headline == (
        "Across the chain, of 1 member with enough orders too few have a favourite day of the week beyond chance to speak of."
    )


def test_when(tiny: Workspace) -> None:
    answer = habits(tiny, by="when", **YEAR)
    assert answer.table.columns == ["weekday", "hour", "order_count", "order_share", "sales"]
    assert answer.table["order_count"].sum() == 8
    assert answer.headline == "Across the chain, the busiest hour is Saturday from 08 to 09: 25.0% of 8 orders."
    spec = spec_of(answer)
    assert spec["title"]["text"] == "When members order: the chain"
    assert axis_titles(spec) == {"Hour"}


def test_categories_say_who_bought_them(tiny: Workspace) -> None:
    answer = habits(tiny, by="category", **YEAR)
    row = rows_of(answer, "category")["dairy"]
    assert (row["buyer_count"], row["buyer_share"]) == (3, pytest.approx(0.6))  # anna, ben, emil
    assert spec_of(answer)["title"]["text"] == "Favourite category: the chain"


def test_no_channel_column_is_said_by_name(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path / "ws", tiny_lines(), {"products": tiny_products()})
    with ws.writing():
        ws.commit(line_columns=("discount_amount", "coupon_amount"))
    answer = habits(ws, by="channel", settings=FEW)
    assert answer.headline == "Across the chain, channel habits are not measured: the lines have no `channel` column."
    assert answer.table.is_empty()
    assert answer.chart is None
    assert answer.notes[0].verdict == "NOT MEASURED"
    assert "channel" not in habits(ws, settings=FEW).table["habit"].to_list()


def test_nobody_has_enough_orders(tiny: Workspace) -> None:
    settings = {**FEW, "habits": {"minimum_orders": 50}}
    answer = habits(tiny, by="store", settings=settings, period="182d")
    assert answer.headline == "Across the chain, favourites are not measured: no member has the 50 orders they need."
    assert "favourites are not measured" in habits(tiny, settings=settings).headline


def test_nothing_ordered_in_the_window(tiny: Workspace) -> None:
    answer = habits(tiny, period="2024-02-01..2024-02-10", settings=FEW)
    assert "no member ordered in the period" in answer.headline
    assert habits(tiny, by="when", period="2024-02-01..2024-02-10", settings=FEW).chart is None
    answer.to_json()


def test_a_store_counts_its_own_orders(tiny: Workspace) -> None:
    answer = habits(tiny, store_id="s2", by="store", **YEAR)
    assert rows_of(answer, "store")["s2"]["order_share"] == 1.0
    assert "s1" not in rows_of(answer, "store")
