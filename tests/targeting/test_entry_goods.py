"""targeting.entry_goods: a better store's or a season's goods are no entry goods, a planted one is, and nobody is compared with strangers."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.shop import AS_OF, make_workspace
from toolkit.language import speaking
from toolkit.targeting.entry_goods import LESS, MORE, entry_goods
from toolkit.workspace import Workspace

GOODS = ("calendar", "fish", "milk", "soap", *[f"plain{number:02d}" for number in range(20)])
PRODUCTS = pl.DataFrame({"product_id": GOODS, "category": GOODS, "department": ["all"] * len(GOODS)})
BEGINS = date(2022, 10, 1)


def chain(path: Path, *, members: int = 1200, stores: int = 3, planted: float = 1.0) -> Workspace:
    """Store s0 sells fish and keeps members three times as well; so does December, with calendars; who begins with soap, by `planted`."""
    rng = np.random.default_rng(5)
    rows = [("old", "o", "s0", "milk", BEGINS - timedelta(days=150), 5.0), ("old", "o2", "s0", "milk", AS_OF, 5.0)]
    for who in range(members):
        store, day = int(rng.integers(0, stores)), BEGINS + timedelta(days=int(rng.integers(0, 450)))
        better, december = store % 3 == 0, day.month == 12
        likely = {"fish": 0.7 if better else 0.1, "calendar": 0.7 if december else 0.02, "soap": 0.35}
        held = [good for good in GOODS if rng.random() < likely.get(good, 0.15)] or ["milk"]
        worth = (3.0 if better else 1.0) * (3.0 if december else 1.0) * (planted if "soap" in held else 1.0)
        name, at = f"m{who:04d}", f"s{store}"
        rows += [(name, f"{name}a", at, good, day, round(float(rng.gamma(4, 1)) + 0.5, 2)) for good in held]
        if rng.random() < 0.7:
            spent = round(float(rng.lognormal(3, 0.7)) * worth, 2)
            rows.append((name, f"{name}b", at, "milk", day + timedelta(days=int(rng.integers(5, 80))), spent))
    lines = pl.DataFrame(
        [
            {"member_id": who, "order_id": order, "store_id": store, "product_id": good, "ordered_at": datetime.combine(day, time(12)),
             "quantity": 1.0, "amount": amount, "discount_amount": 0.0, "coupon_amount": 0.0, "channel": None}
            for who, order, store, good, day, amount in rows
        ],
        schema_overrides={"ordered_at": pl.Datetime("us"), "channel": pl.String},
    )  # fmt: skip
    return make_workspace(path / "ws", lines, {"products": PRODUCTS})


@pytest.mark.parametrize("stores", [3, 150])
def test_a_better_store_and_december_make_no_entry_goods(tmp_path: Path, stores: int) -> None:
    answer = entry_goods(chain(tmp_path, stores=stores))
    assert not answer.table.filter(pl.col("reading").is_in([MORE, LESS])).height
    assert "no first purchase tells later worth" in answer.headline
    assert answer.table["good"].is_in(["fish", "calendar"]).sum() == 2
    said = next(note for note in answer.notes if "Compared in the same first store" in note.text)
    assert said.verdict == ("REVIEW" if stores == 150 else None)


def test_a_planted_good_is_found_among_them(tmp_path: Path) -> None:
    ws = chain(tmp_path, planted=2.5)
    answer = entry_goods(ws)
    called = answer.table.filter(pl.col("reading").is_in([MORE, LESS]))
    assert called["good"].to_list() == ["soap"]
    row = called.row(0, named=True)
    assert row["worth_index_low"] < 2.5 < row["worth_index_high"]
    assert row["member_count"] > 300
    assert row["like_count"] > 500
    assert row["later_spend"] / row["expected_spend"] == pytest.approx(row["raw_index"])
    assert f"times like members who began without it ({row['worth_index_low']:.2f} to" in answer.headline
    with speaking("zh"):
        assert "在同一家首购门店内比较" in "".join(note.text for note in entry_goods(ws).notes)


def test_what_everybody_begins_with_has_nobody_to_be_compared_with(tmp_path: Path) -> None:
    answer = entry_goods(chain(tmp_path, members=200), by="department")
    assert "cannot be compared: all is the only department with enough first buyers among" in answer.headline
    assert answer.table.is_empty()
    assert answer.notes[0].verdict == "NOT MEASURED"
