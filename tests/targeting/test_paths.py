"""targeting.paths and entry_goods: ways of a hand-made shop by eye, left truncation, suppression, and worth that is planted."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.portrait.pictures import spec_of
from tests.shop import AS_OF, make_workspace
from toolkit.targeting.entry_goods import entry_goods
from toolkit.targeting.paths import paths
from toolkit.workspace import Workspace

PRODUCTS = pl.DataFrame(
    {"product_id": ["milk", "soap", "toy"], "category": ["dairy", "care", "toys"], "department": ["food", "home", "home"]}
)


def shop(path: Path, rows: list[tuple[str, int, str, float]], members: pl.DataFrame | None = None, *, stores: bool = False) -> Workspace:
    """A workspace of one-line orders: (member, days before AS_OF, product, amount); `stores`: members z and all later orders are in s2."""
    noon = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 12)
    lines = pl.DataFrame(
        [
            {"member_id": who, "order_id": f"o{number}", "store_id": "s2" if stores and (who[0] == "z" or ago < 300) else "s1",
             "product_id": product, "ordered_at": noon - timedelta(days=ago),
             "quantity": 1.0, "amount": amount, "discount_amount": 0.0, "coupon_amount": 0.0}
            for number, (who, ago, product, amount) in enumerate(rows)
        ]
    ).with_columns(pl.lit(None, pl.String).alias("channel"), pl.col("ordered_at").cast(pl.Datetime("us")))  # fmt: skip
    return make_workspace(path / "ws", lines, {"products": PRODUCTS, **({"members": members} if members is not None else {})})


def ways() -> list[tuple[str, int, str, float]]:
    """24 new members start with milk: 12 come back for soap after 10 days and for milk after 20 more, 12 never; an old member is first."""
    rows = [("old", 500, "milk", 5.0), ("old", 0, "toy", 5.0)]
    for who in range(24):
        rows.append((f"m{who:02d}", 300, "milk", 5.0))
        if who < 12:
            rows += [(f"m{who:02d}", 290, "soap", 5.0), (f"m{who:02d}", 270, "milk", 5.0)]
    return rows


def test_ways_by_eye(tmp_path: Path) -> None:
    ws = shop(tmp_path, ways())
    answer = paths(ws)
    assert answer.table.rows() == [
        (1, "dairy", "care", 12, 0.5, 10.0),
        (1, "dairy", "did not come back", 12, 0.5, None),
        (2, "care", "dairy", 12, 1.0, 20.0),
    ]
    assert answer.headline == (
        "Across the chain, 50.0% of 24 entrants came a second time within 91 days of the first, half of all within 10 days; "
        "of these, 100.0% came a third time."
    )
    assert any("fewer than 10 members left out" in str(note) for note in answer.notes)
    spec = spec_of(answer)
    assert spec["title"]["text"] == "From the first purchase to the third: the chain"
    node = paths(ws, show="node").table
    assert node.select("step", "place", "member_count", "back_count", "back_days_median").rows() == [
        (1, "dairy", 24, 12, 10.0),
        (2, "care", 12, 12, 20.0),
    ]
    route = paths(ws, show="route", by="department").table
    assert route.rows() == [("food", "did not come back", None, 12, 0.5), ("food", "home", "food", 12, 0.5)]


def test_small_ways_are_put_together(tmp_path: Path) -> None:
    rows = [*ways(), *[(f"n{who:02d}", 300, "milk", 5.0) for who in range(12)]]
    rows += [(f"n{who:02d}", 280, "toy" if who < 6 else "milk", 5.0) for who in range(12)]
    answer = paths(shop(tmp_path, rows))
    assert answer.table.filter(pl.col("step") == 1).select("to", "member_count").rows() == [
        ("care", 12),
        ("did not come back", 12),
        ("small groups of them", 12),
    ]
    assert any("not shown one by one" in str(note) for note in answer.notes)
    ws = shop(tmp_path / "all", [*ways()[:2], *[(f"m{who:02d}", 300, "milk" if who < 6 else "soap", 5.0) for who in range(12)]])
    for show, said in (("node", "2 places"), ("route", "2 whole ways")):
        few = paths(ws, show=show)
        assert few.table.is_empty()
        assert any(f"{said} with fewer than 10 members" in str(note) for note in few.notes)


def test_one_product_in_every_basket(tmp_path: Path) -> None:
    ws = shop(tmp_path, [*ways()[:2], *[(f"m{who:02d}", ago, "milk", 5.0) for who in range(40) for ago in (300, 280)[: 1 + who % 2]]])
    assert paths(ws).table.select("from", "to", "member_count").rows()[0] == ("dairy", "dairy", 20)
    assert "cannot be compared: dairy is the only category with enough first buyers among 40 entrants" in entry_goods(ws).headline


def test_members_who_joined_before_the_receipts_are_not_new(tmp_path: Path) -> None:
    joined = pl.DataFrame(
        {
            "member_id": [f"m{who:02d}" for who in range(24)],
            "joined_on": [(AS_OF - timedelta(days=900 if who < 4 else 300)) for who in range(24)],
        }
    )
    answer = paths(shop(tmp_path, ways(), joined), settings={"scope": {"minimum_members": 5}})
    assert "20 entrants" in answer.headline
    assert any("unless the members table says" in str(note) for note in answer.notes)


def test_a_store_counts_those_who_began_there(tmp_path: Path) -> None:
    ws = shop(tmp_path, [*ways(), *[(f"z{who:02d}", 300, "milk", 5.0) for who in range(12)]], stores=True)
    # m00 to m23 begin in s1 and come back in s2; z00 to z11 begin in s2 and never come back.
    assert "50.0% of 24 entrants" in paths(ws, store_id="s1").headline
    assert "0.0% of 12 entrants" in paths(ws, store_id="s2").headline


def test_too_few_new_members(tmp_path: Path) -> None:
    ws = shop(tmp_path, [(f"m{who}", ago, "milk", 5.0) for who in range(20) for ago in (400, 100, 0)])
    for answer in (paths(ws), entry_goods(ws)):
        assert "not measured" in answer.headline
        assert answer.table.is_empty()
        assert "NOT MEASURED" in {note.verdict for note in answer.notes}


def test_entry_goods_of_a_shop(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = [("old", 700, "milk", 1.0), ("old", 0, "milk", 1.0)]
    for who in range(120):
        good = ("milk", "soap", "toy")[who % 3]
        rows.append((f"m{who:03d}", 400, good, 5.0))
        rows += [(f"m{who:03d}", int(ago), "milk", (60.0 if good == "toy" else 6.0) + float(rng.random())) for ago in (350, 300)]
    ws = shop(tmp_path, rows)
    answer = entry_goods(ws)
    top = answer.table.row(0, named=True)
    assert (top["good"], top["member_count"], top["reading"]) == ("toys", 40, "worth more")
    assert top["later_spend"] == pytest.approx(121, abs=2)
    assert "start with toys (n = 40) are worth most later" in answer.headline
    assert answer.notes[0].verdict == "REVIEW"
    assert "tk.targeting.path_members(ws, entered_with='toys')" in answer.ask_next
    product = entry_goods(ws, by="product")
    assert product.table.row(0, named=True)["good"] == "toy"
    assert product.table.row(0, named=True)["category"] == "toys"
    assert product.table.select("member_count", "worth_index").rows() == answer.table.select("member_count", "worth_index").rows()
    few = entry_goods(ws, by="product", audience="member_id < 'm060'")
    assert "no product has 30 first buyers among 60 entrants" in few.headline
    assert few.ask_next == ("tk.targeting.entry_goods(ws, audience=\"member_id < 'm060'\", by='category')",)
    assert spec_of(answer)["title"]["text"].startswith("Later worth")


def test_who_first_shows_after_a_hole_in_the_receipts_is_not_known_to_be_new(tmp_path: Path) -> None:
    """Regulars come daily until a hole of a year; of 40 others 20 first show the week after it, 20 three hundred days after it."""
    days = [*range(1000, 900, -1), *range(500, -1, -1)]
    rows = [(f"r{day % 20:02d}", day, "milk", 5.0) for day in days]
    rows += [(f"a{who:02d}", 497, "milk", 5.0) for who in range(20)] + [(f"b{who:02d}", 200, "milk", 5.0) for who in range(20)]
    answer = paths(shop(tmp_path, rows))
    assert "of 20 entrants" in answer.headline
    said = next(note.text for note in answer.notes if "may have bought earlier" in note.text)
    assert f"or as soon after {AS_OF - timedelta(days=500)}, when they began anew or ids did," in said
