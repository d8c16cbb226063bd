"""The simulated shop keeps the contract, is the same for the same seed, and is written block by block."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import pytest

from toolkit.errors import BadValue, DataError
from toolkit.membership_schemas import MEMBERSHIP
from toolkit.schemas import CONTRACT
from toolkit.simulated import TRUTH, SimulatedShop, shop, simulated_shop
from toolkit.sources.mapping import read_mapping

# What no generator writes yet: the questions that need them say so.
WRITTEN = tuple(name for name in CONTRACT if name not in ("feedback", "services", "traffic", *MEMBERSHIP))


def table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / name / "*.parquet" if (folder / name).is_dir() else folder / f"{name}.parquet")


def digest(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*.*"))}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SimulatedShop:
    return simulated_shop(tmp_path_factory.mktemp("shop") / "small", members=1100, years=1, seed=3)


UNWRITTEN = {"joined_channel", "joined_campaign", "guide_id", "goods", "basket_from"}
"""Columns that stand in no table unless `membership` is asked for, or at all."""


@pytest.mark.parametrize("name", WRITTEN)
def test_every_table_keeps_the_contract(small: SimulatedShop, name: str) -> None:
    frame = table(small.folder, name)
    if name == "lines":
        frame = frame.with_columns(line_id=pl.lit(None, pl.String))
    declared = CONTRACT[name].columns()
    unwritten = [pl.lit(None, declared[column].dtype).alias(column) for column in UNWRITTEN & set(declared) - set(frame.columns)]
    frame = frame.with_columns(unwritten)
    good, failure = CONTRACT[name].filter(frame, cast=False)
    assert failure.counts() == {}
    assert good.height == frame.height > 0
    assert set(CONTRACT[name].columns()) == set(frame.columns)


def test_result_tells_what_was_written(small: SimulatedShop) -> None:
    assert small.tables == WRITTEN
    assert small.line_count == table(small.folder, "lines").height
    assert small.truth == small.folder / "truth"


def test_mapping_is_readable_and_finds_its_files(small: SimulatedShop) -> None:
    mapping = read_mapping(small.mapping)
    assert mapping.currency == "EUR"
    assert set(mapping.tables) == set(WRITTEN)
    for entry in mapping.tables.values():
        assert all(list(small.folder.glob(str(pattern))) for pattern in entry.files)


@pytest.mark.parametrize("name", list(TRUTH))
def test_truth_has_the_documented_columns(small: SimulatedShop, name: str) -> None:
    assert table(small.truth, name).columns == list(TRUTH[name])
    assert f"## {name}" in (small.truth / "README.md").read_text(encoding="utf-8")


def test_an_order_has_one_member_store_time_and_channel(small: SimulatedShop) -> None:
    heads = table(small.folder, "lines").select("order_id", "member_id", "store_id", "ordered_at", "channel").unique()
    assert heads["order_id"].is_duplicated().sum() == 0


def test_ids_refer_to_rows_that_exist(small: SimulatedShop) -> None:
    lines = table(small.folder, "lines")
    for column, name in (("member_id", "members"), ("store_id", "stores"), ("product_id", "products")):
        assert lines.drop_nulls(column).join(table(small.folder, name), on=column, how="anti").height == 0
    members = table(small.folder, "members")
    assert members.drop_nulls("referred_by").join(members, left_on="referred_by", right_on="member_id", how="anti").height == 0
    redeemed = table(small.folder, "redemptions").join(lines, on=["order_id", "member_id"], how="anti")
    assert redeemed.height == 0


def test_ids_have_leading_zeros_and_some_lines_have_no_member(small: SimulatedShop) -> None:
    lines = table(small.folder, "lines")
    assert lines["member_id"].drop_nulls().str.starts_with("0").all()
    assert 0.05 < lines["member_id"].is_null().mean() < 0.3
    assert table(small.folder, "members")["contactable"].is_null().any()


def test_money_is_whole_cents_and_reductions_are_never_negative(small: SimulatedShop) -> None:
    lines = table(small.folder, "lines")
    for column in ("amount", "discount_amount", "coupon_amount"):
        assert ((lines[column] * 100 - (lines[column] * 100).round()).abs() < 1e-6).all()
    assert (lines["discount_amount"] >= 0).all()
    assert (lines.filter(pl.col("quantity") > 0)["amount"] >= 0).all()
    assert (lines.filter(pl.col("quantity") > 0).select(pl.col("coupon_amount") <= pl.col("amount"))).to_series().all()


def test_returns_mirror_the_line_they_take_back(small: SimulatedShop) -> None:
    lines = table(small.folder, "lines")
    returned = lines.filter(pl.col("quantity") < 0)
    known = table(small.truth, "returns")
    assert returned.height == known.height > 50
    bought = lines.filter(pl.col("quantity") > 0).select("order_id", "product_id", "ordered_at", "store_id", "quantity", "amount")
    both = returned.join(known, on=["order_id", "product_id"]).join(
        bought, left_on=["original_order_id", "product_id"], right_on=["order_id", "product_id"], suffix="_bought"
    )
    matching = both.filter((pl.col("quantity") == -pl.col("quantity_bought")) & (pl.col("amount") == -pl.col("amount_bought")))
    assert matching.select("order_id", "product_id").unique().height == returned.select("order_id", "product_id").unique().height
    assert (both["ordered_at"] >= both["ordered_at_bought"]).all()
    assert (both["store_id"] == both["store_id_bought"]).all()


def test_goods_by_weight_have_fractions_and_others_do_not(small: SimulatedShop) -> None:
    lines = table(small.folder, "lines").join(table(small.folder, "products").select("product_id", "counted"), on="product_id")
    whole = lines["quantity"] == lines["quantity"].round()
    assert whole.filter(lines["counted"]).all()
    assert whole.filter(~lines["counted"]).mean() < 0.05


def test_the_same_seed_writes_the_same_bytes_with_any_workers(tmp_path: Path) -> None:
    one = simulated_shop(tmp_path / "one", members=1100, years=0.5, seed=5)
    three = simulated_shop(tmp_path / "three", members=1100, years=0.5, seed=5, workers=3)
    assert digest(one.folder) == digest(three.folder)


def test_another_seed_writes_another_shop(tmp_path: Path) -> None:
    one = simulated_shop(tmp_path / "one", members=20, years=0.5, seed=5)
    two = simulated_shop(tmp_path / "two", members=20, years=0.5, seed=6)
    assert not table(one.folder, "lines").equals(table(two.folder, "lines"))


def test_file_size_changes_the_files_and_not_the_rows(tmp_path: Path) -> None:
    whole = simulated_shop(tmp_path / "whole", members=1600, years=0.5, seed=5)
    parted = simulated_shop(tmp_path / "parted", members=1600, years=0.5, seed=5, file_lines=60_000)
    assert len(list((whole.folder / "lines").iterdir())) == 1
    assert len(list((parted.folder / "lines").iterdir())) > 1
    for name in WRITTEN:
        if name in whole.tables:
            assert table(whole.folder, name).equals(table(parted.folder, name))


@pytest.mark.parametrize("workers", [1, 2])
def test_no_more_blocks_are_alive_than_workers_and_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    alive: list[int] = []
    made, written = [], []
    real_block, real_add = shop.simulate_block, shop.Parts.add

    def counted_block(world: shop.World, number: int) -> shop.Block:
        made.append(number)
        alive.append(len(made) - len(written))
        return real_block(world, number)

    def counted_add(parts: shop.Parts, name: str, frame: pl.DataFrame) -> None:
        if name == "lines":
            written.append(name)
        real_add(parts, name, frame)

    monkeypatch.setattr(shop, "simulate_block", counted_block)
    monkeypatch.setattr(shop.Parts, "add", counted_add)
    simulated_shop(tmp_path / "shop", members=3000, years=0.25, orders_per_year=4, workers=workers)
    assert len(made) == len(written) == 6
    assert max(alive) <= workers + 2


def test_rows_wait_only_until_a_file_is_full(tmp_path: Path) -> None:
    parted = simulated_shop(tmp_path / "parted", members=2000, years=0.5, seed=5, file_lines=1000)
    assert len(list((parted.folder / "lines").iterdir())) == 4  # one file a block: every block is larger than a file need be


def test_lines_asks_for_about_so_many_lines(tmp_path: Path) -> None:
    asked = simulated_shop(tmp_path / "asked", lines=120_000, years=0.5)
    assert asked.line_count == pytest.approx(120_000, rel=0.15)


def test_a_short_shop_has_no_campaigns(tmp_path: Path) -> None:
    short = simulated_shop(tmp_path / "short", members=3, years=0.25)
    assert set(WRITTEN) - set(short.tables) == {"campaigns", "contacts", "redemptions"}


def test_all_bad_settings_are_named_together(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match=r"no setting 'walkin_share'; did you mean 'walk_in_share'") as caught:
        simulated_shop(tmp_path / "shop", members=0, walkin_share=0.2)
    assert "members" in str(caught.value)
    assert not (tmp_path / "shop").exists()


def test_other_files_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(DataError, match="holds other files; give the name of a new folder"):
        simulated_shop(tmp_path, members=3, years=0.25, overwrite=True)
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "keep"


def test_a_simulated_shop_is_replaced_only_when_asked(tmp_path: Path) -> None:
    first = simulated_shop(tmp_path / "shop", members=3, years=0.25)
    with pytest.raises(DataError, match="overwrite=True"):
        simulated_shop(tmp_path / "shop", members=4, years=0.25)
    second = simulated_shop(tmp_path / "shop", members=4, years=0.25, overwrite=True)
    assert (table(first.folder, "members").height, second.settings.members) == (4, 4)
