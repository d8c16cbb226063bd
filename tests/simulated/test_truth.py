"""What was planted can be found again: each test recovers a truth from the receipts alone, within its sampling error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from toolkit.simulated import simulated_shop


class Shop:
    """Tables of a shop of moderate size, read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines = self.read("lines")
        self.bought = self.lines.filter(pl.col("quantity") > 0)
        self.orders = self.bought.group_by("order_id").agg(pl.col("member_id", "store_id", "ordered_at").first(), pl.col("amount").sum())
        self.orders = self.orders.with_columns(day=pl.col("ordered_at").dt.date())
        self.members = self.read("truth/members")

    def read(self, name: str) -> pl.DataFrame:
        path = self.folder / name
        return pl.read_parquet(path / "*.parquet" if path.is_dir() else f"{path}.parquet")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("truth") / "shop"
    simulated_shop(folder, members=4000, years=1, seed=11)
    return Shop(folder)


def arms(shop: Shop, campaign_id: str) -> tuple[dict[str, float], dict[str, float]]:
    """Difference of means treated - control over the window, and its standard error, for orders and amount."""
    campaign = shop.read("campaigns").row(by_predicate=pl.col("campaign_id") == campaign_id, named=True)
    inside = pl.col("ordered_at").dt.date().is_between(campaign["starts_on"], campaign["ends_on"])
    orders = shop.orders.filter(inside).group_by("member_id").agg(orders=pl.len())
    amount = shop.lines.filter(inside).group_by("member_id").agg(pl.col("amount").sum())
    contacts = shop.read("contacts").filter(pl.col("campaign_id") == campaign_id)
    seen = contacts.join(orders, on="member_id", how="left").join(amount, on="member_id", how="left").fill_null(0)
    treated, control = (seen.filter(pl.col("arm") == arm) for arm in ("treated", "control"))
    differences, errors = {}, {}
    for name in ("orders", "amount"):
        differences[name] = treated[name].mean() - control[name].mean()
        errors[name] = (treated[name].var() / treated.height + control[name].var() / control.height) ** 0.5
    return differences, errors


def test_nobody_orders_before_joining_or_from_the_day_of_lapse_on(shop: Shop) -> None:
    lines = shop.lines.with_columns(day=pl.col("ordered_at").dt.date()).join(shop.members, on="member_id")
    assert lines.filter(pl.col("day") >= pl.col("lapse_on")).height == 0
    assert lines.filter(pl.col("day") < pl.col("active_from")).height == 0
    assert shop.members["lapse_on"].is_null().mean() > 0.3


def test_orders_come_at_the_true_rate(shop: Shop) -> None:
    days = shop.read("truth/days").with_columns(before=pl.col("weight").cum_sum() - pl.col("weight"))
    total = days["weight"].sum()
    old = shop.members.filter(pl.col("active_from") == days["date"].min())  # members from the start: no first order on joining
    until = old.join(days.select("date", "before"), left_on="lapse_on", right_on="date", how="left")["before"].fill_null(total)
    gone = (old["lapse_on"] <= old["active_from"]).fill_null(False)
    expected = (old["orders_per_day"] * until).filter(~gone).sum()
    campaigns = shop.read("truth/campaigns")
    caused = shop.read("truth/caused_orders")
    own = shop.orders.join(caused, on="order_id", how="anti").join(old, on="member_id", how="semi").height
    moved = shop.read("truth/effects").join(old, on="member_id", how="semi")["moved_orders"].sum()
    assert campaigns["extra_orders"].sum() == caused.height
    assert own + moved == pytest.approx(expected, rel=0.01)


def test_weekdays_and_hours_follow_their_patterns(shop: Shop) -> None:
    days = shop.read("truth/days")
    counted = shop.orders.group_by("day").len().join(days, left_on="day", right_on="date", how="right").fill_null(0)
    assert counted.filter(pl.col("weight") == 0)["len"].sum() == 0
    by_weekday = counted.group_by(pl.col("date").dt.weekday()).agg(pl.col("len").sum() / pl.col("weight").sum())["len"]
    assert by_weekday.max() / by_weekday.min() < 1.05
    in_store = shop.lines.filter((pl.col("channel") == "store") & (pl.col("quantity") > 0))["ordered_at"].dt.hour()
    assert in_store.is_between(7, 21).all()


@pytest.mark.parametrize("number", [1, 2, 3, 6, 8])
def test_randomised_arms_agree_with_the_planted_effect(shop: Shop, number: int) -> None:
    campaign_id = f"C{number:03d}"
    truth = shop.read("truth/campaigns").row(by_predicate=pl.col("campaign_id") == campaign_id, named=True)
    assert truth["randomised"]
    difference, error = arms(shop, campaign_id)
    assert abs(difference["orders"] - truth["extra_orders_per_treated"]) < 3 * error["orders"]
    assert abs(difference["amount"] - truth["window_effect_per_treated"]) < 3 * error["amount"]


def test_a_strong_campaign_is_seen_and_an_aa_test_has_no_effect(shop: Shop) -> None:
    difference, error = arms(shop, "C001")
    assert difference["orders"] > 3 * error["orders"]
    null = shop.read("truth/campaigns").filter(pl.col("is_aa"))
    assert null["campaign_id"].to_list() == ["C002", "C007"]
    assert null.select("extra_orders", "moved_orders", "effect_amount").sum().row(0) == (0, 0, 0.0)


def test_extra_orders_of_each_segment_follow_its_lift(shop: Shop) -> None:
    treated = shop.read("truth/effects").filter(pl.col("arm") == "treated")
    by_segment = treated.group_by("campaign_id", "tier", "price_sensitive").agg(pl.col("expected_extra_orders", "extra_orders").sum())
    z = by_segment.filter(pl.col("expected_extra_orders") > 5).select(
        (pl.col("extra_orders") - pl.col("expected_extra_orders")) / pl.col("expected_extra_orders").sqrt()
    )
    assert z.height > 10
    assert z.to_series().abs().max() < 4
    lifts = treated.join(shop.read("truth/campaign_segments"), on=["campaign_id", "tier", "price_sensitive"], suffix="_planted")
    assert (lifts["lift"] == lifts["lift_planted"]).all()


def test_totals_of_campaigns_are_those_of_their_members(shop: Shop) -> None:
    effects = shop.read("truth/effects").group_by("campaign_id").agg(pl.col("extra_orders", "moved_orders", "effect_amount").sum())
    both = shop.read("truth/campaigns").join(effects, on="campaign_id", suffix="_sum")
    assert (both["extra_orders"] == both["extra_orders_sum"]).all()
    assert ((both["effect_amount"] - both["effect_amount_sum"]).abs() < 0.01).all()
    controls = shop.read("truth/effects").filter(pl.col("arm") == "control")
    assert controls.select("extra_orders", "extra_amount", "moved_orders").sum().row(0) == (0, 0.0, 0)


def test_campaigns_without_control_pick_those_who_bought_more_before(shop: Shop) -> None:
    for campaign_id, back_days in (("C004", 180), ("C005", 28)):
        campaign = shop.read("campaigns").row(by_predicate=pl.col("campaign_id") == campaign_id, named=True)
        contacts = shop.read("contacts").filter(pl.col("campaign_id") == campaign_id)
        assert contacts["arm"].unique().to_list() == ["treated"]
        before = shop.orders.filter(
            (pl.col("day") < campaign["starts_on"]) & (pl.col("day") >= campaign["starts_on"] - pl.duration(days=back_days))
        )
        counts = shop.members.join(before.group_by("member_id").len(), on="member_id", how="left").fill_null(0)
        chosen = counts.join(contacts, on="member_id", how="semi")["len"].mean()
        assert chosen > 2 * counts["len"].mean()


def test_only_reachable_members_are_chosen_and_controls_never_redeem(shop: Shop) -> None:
    contacts = shop.read("contacts").join(shop.read("members"), on="member_id")
    assert contacts["contactable"].all()
    treated = contacts.filter(pl.col("arm") == "treated")
    assert shop.read("redemptions").join(treated, on=["campaign_id", "member_id"], how="anti").height == 0
    assert contacts.filter(pl.col("arm") == "control")["contacted_at"].is_null().all()


def test_discount_share_grows_with_promo_dependence_and_coupons_with_affinity(shop: Shop) -> None:
    measured = (
        shop.bought.group_by("member_id", "order_id")
        .agg(discounted=(pl.col("discount_amount") > 0).mean(), coupon=(pl.col("coupon_amount") > 0).any())
        .group_by("member_id")
        .agg(pl.col("discounted", "coupon").mean(), orders=pl.len())
        .filter(pl.col("orders") >= 20)
        .join(shop.members, on="member_id")
    )
    assert measured.select(pl.corr("discounted", "promo_dependence", method="spearman")).item() > 0.8
    assert (measured["coupon"] - measured["coupon_affinity"]).mean() == pytest.approx(0, abs=0.01)
    assert measured.select(pl.corr("discounted", "coupon_affinity", method="spearman")).item() < 0.5


def test_coupon_redeemers_have_the_higher_affinity(shop: Shop) -> None:
    treated = shop.read("contacts").filter((pl.col("campaign_id") == "C001") & (pl.col("arm") == "treated"))
    redeemers = shop.read("redemptions").filter(pl.col("campaign_id") == "C001")
    assert redeemers["member_id"].is_duplicated().sum() == 0
    affinity = treated.join(shop.members, on="member_id")
    did = affinity.join(redeemers, on="member_id", how="semi")["coupon_affinity"].mean()
    assert did > 1.2 * affinity.join(redeemers, on="member_id", how="anti")["coupon_affinity"].mean()


def test_planted_pairs_are_counted_as_they_are_and_can_be_seen(shop: Shop) -> None:
    pairs = shop.read("truth/pairs")
    goods = shop.bought.join(shop.read("products").select("product_id", "category"), on="product_id")
    for pair in pairs.group_by("kind", maintain_order=True).head(3).iter_rows(named=True):
        column = "product_id" if pair["kind"] == "product" else "category"
        first, second = (set(goods.filter(pl.col(column) == pair[side])["order_id"]) for side in ("first", "second"))
        assert (len(first), len(second), len(first & second)) == (pair["first_orders"], pair["second_orders"], pair["both_orders"])
        assert len(shop.orders) == pair["orders"]
    assert (pairs.filter(kind="product")["lift_realised"] > 1.5).all()
    assert (pairs.filter(kind="category")["lift_realised"] > 1.5).all()


def test_niche_members_buy_their_categories_many_times_as_often(shop: Shop) -> None:
    niches = shop.read("truth/niches")
    goods = shop.bought.drop_nulls("member_id").join(shop.read("products").select("product_id", "category"), on="product_id")
    everybody = goods.group_by("category").agg(usual=pl.len() / goods.height)
    inside = goods.join(niches.select("member_id").unique(), on="member_id", how="semi")
    totals = inside.group_by("member_id").agg(lines=pl.len())
    own = inside.join(niches, on=["member_id", "category"]).group_by("member_id", "category").agg(own=pl.len())
    index = niches.join(own, on=["member_id", "category"], how="left").join(totals, on="member_id").join(everybody, on="category")
    ratio = index["own"].fill_null(0).sum() / (index["lines"] * index["usual"]).sum()
    assert ratio > 3
    assert 0.04 < niches["member_id"].n_unique() / shop.members.height < 0.12


def test_wished_categories_are_viewed_and_never_bought(shop: Shop) -> None:
    category = shop.read("products").select("product_id", "category")
    wishes = shop.members.select("member_id", category="wish_category").drop_nulls()
    events = shop.read("events").drop("category").join(category, on="product_id")
    assert events.join(wishes, on=["member_id", "category"]).height > 5 * wishes.height
    assert shop.lines.join(category, on="product_id").join(wishes, on=["member_id", "category"]).height == 0


def test_durables_are_replaced_after_their_service_life(shop: Shop) -> None:
    known = shop.read("truth/durables").sort("member_id", "category", "met_on")
    life = shop.read("products").select("category", "service_life_days").drop_nulls().unique()
    gaps = known.with_columns(lived=(pl.col("due_on") - pl.col("met_on").shift(1).over("member_id", "category")).dt.total_days()).join(
        life, on="category"
    )
    short = gaps.filter(pl.col("service_life_days") < 100).drop_nulls("lived")
    assert (short["lived"] / short["service_life_days"]).mean() == pytest.approx(
        1, abs=0.06
    )  # long lives do not fit the year: a little below 1
    assert (known["met_on"] >= known["due_on"]).all()
    bought = known.drop_nulls("order_id")
    assert bought.join(shop.bought, on=["order_id", "member_id", "product_id"], how="anti").height == 0
    assert known["order_id"].is_null().mean() == pytest.approx(0.15, abs=0.03)


def test_nothing_is_sold_before_its_launch_and_order_values_have_a_heavy_tail(shop: Shop) -> None:
    early = shop.lines.join(shop.read("products"), on="product_id").filter(pl.col("ordered_at").dt.date() < pl.col("launched_on"))
    assert early.height == 0
    values = shop.orders["amount"].to_numpy()
    assert np.quantile(values, 0.99) > 5 * np.median(values)
    spend = np.sort(shop.orders.drop_nulls("member_id").group_by("member_id").agg(pl.col("amount").sum())["amount"].to_numpy())
    assert spend[-len(spend) // 5 :].sum() > 0.5 * spend.sum()


def test_targets_are_near_the_true_sales(shop: Shop) -> None:
    sales = shop.lines.group_by("store_id", month=pl.col("ordered_at").dt.date().dt.truncate("1mo")).agg(pl.col("amount").sum())
    both = shop.read("sales_targets").join(sales, on=["store_id", "month"])
    assert both.height == sales.height
    assert (both["target_amount"].sum() / both["amount"].sum()) == pytest.approx(1.02, abs=0.04)
