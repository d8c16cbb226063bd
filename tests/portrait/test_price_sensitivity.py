"""portrait.price_sensitivity: shrinkage by eye, the two traits apart, and missing columns said by name."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.portrait.ladder import FEW, lines_of, shop_of
from tests.portrait.pictures import spec_of
from toolkit.differentiation.measures.redeeming import redeem_chances
from toolkit.portrait import price_sensitivity, traits
from toolkit.scope.view import open_view
from toolkit.workspace import Workspace


def two_members(path: Path, columns: tuple[str, ...] = ("discount_amount", "coupon_amount")) -> Workspace:
    """One buys everything on discount, the other uses a coupon every time; ten days each."""
    lines = lines_of([(who, day, "s1", 1, 4.0) for who in ("deal", "coupon") for day in range(10)])
    lines = lines.with_columns(
        pl.when(pl.col("member_id") == "deal").then(1.0).otherwise(0.0).alias("discount_amount"),
        pl.when(pl.col("member_id") == "coupon").then(0.5).otherwise(0.0).alias("coupon_amount"),
    )
    ws = shop_of(path, lines)
    with ws.writing():
        ws.commit(line_columns=columns)
    return ws


def test_two_traits_shrunk_towards_the_shop(tmp_path: Path) -> None:
    ws = two_members(tmp_path)
    rows = traits(ws).select("member_id", "promo_dependence", "coupon_affinity", "promo_level", "coupon_level", "shopping_days").rows()
    # d = 10 and kappa = 5: two thirds of the member's own share, one third of the shop's half.
    high, low = pytest.approx(2 / 3 + 0.5 / 3), pytest.approx(0.5 / 3)
    assert rows == [("coupon", low, high, "low", "high", 10), ("deal", high, low, "high", "low", 10)]
    answer = price_sensitivity(ws, settings=FEW)
    pairs = answer.table.select("promo_level", "coupon_level", "member_count", "sales").rows()
    assert pairs == [("low", "high", 1, 40.0), ("high", "low", 1, 40.0)]
    assert "members buy 50.0% of their spend on discount and use a coupon on 50.0% of their shopping days; " in answer.headline
    assert "; 0 members (0.0%) are high in both" in answer.headline
    assert sum(note.verdict == "REVIEW" and "assumed" in note.text for note in answer.notes) == 2
    assert any("price elasticity" in note.text for note in answer.notes)


def test_what_foretells_savings_and_redemption(tmp_path: Path) -> None:
    ws = two_members(tmp_path)
    rows = traits(ws).select("member_id", "discount_share", "coupon_days_28d").rows()
    # Ten of 40.00 + 10.00 at the shelf: a fifth; two thirds of it and one third of the shop's tenth. Paces: 10 and 0 coupon days in 10/28.
    a, b = 14 * 14 / 156.8, 14 / 156.8
    assert rows == [
        ("coupon", pytest.approx(0.1 / 3), pytest.approx((10 + a) / (10 / 28 + b))),
        ("deal", pytest.approx(2 / 3 * 0.2 + 0.1 / 3), pytest.approx(a / (10 / 28 + b))),
    ]
    answer = price_sensitivity(ws, settings=FEW)
    assert answer.table["coupon_days_28d"].to_list() == [row[2] for row in rows]
    assert any("coupon days in 28 days (AUC .77" in note.text for note in answer.notes)
    none = traits(two_members(tmp_path / "none", ())).select("discount_share", "coupon_days_28d")
    assert none.null_count().row(0) == (2, 2)


def test_who_has_not_shopped_is_not_taken_to_use_no_coupon(tmp_path: Path) -> None:
    lines = lines_of([(f"m{who}", day, "s1", 1, 4.0) for who in range(4) for day in (3, 30, 60)] + [("back", 5, "s1", -1, -4.0)])
    lines = lines.with_columns(pl.when(pl.col("member_id") == "m0").then(0.5).otherwise(0.0).alias("coupon_amount"))
    view = open_view(shop_of(tmp_path, lines), settings=FEW)
    chances, basis = redeem_chances(view)
    assert basis.verdict == "REVIEW"
    chance = dict(chances.join(view.population, on="member_code").select("member_id", "chance").rows())
    assert chance["m0"] > chance["back"] > chance["m1"] > 0
    assert chance["back"] == pytest.approx(sum(chance[f"m{who}"] for who in range(4)) / 4)


@pytest.mark.parametrize(
    ("missing", "kept", "words"),
    [("discount_amount", "coupon_amount", "use a coupon"), ("coupon_amount", "discount_amount", "on discount")],
)
def test_a_missing_column_is_named(tmp_path: Path, missing: str, kept: str, words: str) -> None:
    answer = price_sensitivity(two_members(tmp_path, (kept,)), settings=FEW)
    assert words in answer.headline
    assert "high in both" not in answer.headline
    assert [note.text for note in answer.notes if note.verdict == "NOT MEASURED"] == [
        next(note.text for note in answer.notes if f"no `{missing}` column" in note.text)
    ]
    assert spec_of(answer)
    assert set(answer.figures) == {"promo_dependence" if kept == "discount_amount" else "coupon_affinity"}


def test_neither_column(tmp_path: Path) -> None:
    answer = price_sensitivity(two_members(tmp_path, ()), settings=FEW)
    assert "is not measured" in answer.headline
    assert answer.chart is None
    assert answer.table.select("promo_level", "member_count").rows() == [("not measured", 2)]


def test_the_village_measures_kappa(village: Workspace) -> None:
    answer = price_sensitivity(village)
    assert not [note for note in answer.notes if note.verdict == "REVIEW"]
    members = traits(village).with_columns(pl.col("member_id").str.slice(1).cast(pl.Int64).is_between(40, 59).alias("planted"))
    planted = members.filter("planted")
    assert planted["promo_level"].unique().to_list() == ["high"]
    assert planted["coupon_level"].unique().to_list() == ["high"]
    assert planted["promo_dependence"].min() > members.filter(~pl.col("planted"))["promo_dependence"].max()
    assert spec_of(answer)["title"]["text"] == "Promo dependence and coupon affinity: the chain"
    assert answer.table["member_count"].sum() == members.height
    assert answer.figures["coupon_affinity"] == pytest.approx(members["coupon_affinity"].mean())


def test_returns_alone_are_not_measured(ladder: Workspace) -> None:
    answer = price_sensitivity(ladder, settings=FEW)
    assert any("1 member of 11 have no shopping day" in note.text for note in answer.notes)
