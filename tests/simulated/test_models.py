"""Each model of the simulated shop by itself: what its docstring states holds for what it draws."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from tests.simulated.worlds import people, rng, trips, world
from toolkit.simulated.arrays import Arrays
from toolkit.simulated.assortment import (
    ASSORTMENT,
    BASE_SHARES,
    BY_WEIGHT,
    CATEGORY_NAMES,
    DURABLE,
    NICHES,
    OWNERS,
    SERVICE_LIFE,
    WISHES,
    category_number,
)
from toolkit.simulated.baskets import fill_baskets, redeem, reduce_prices
from toolkit.simulated.branches import stores_table
from toolkit.simulated.browsing import browse_events
from toolkit.simulated.campaigns import AFTER_DAYS, Participation, campaigns_table, contacts_table, run_campaign, segment_lifts
from toolkit.simulated.carts import LEFT_BEHIND
from toolkit.simulated.catalogue import products_table
from toolkit.simulated.durables import durable_needs
from toolkit.simulated.pairs import count_sides, planted_lines
from toolkit.simulated.people import NEVER, TIERS, draw_people
from toolkit.simulated.plans import months_of, stock_table, targets_table
from toolkit.simulated.promotions import DEPTHS, PROMOTED_SHARE
from toolkit.simulated.receipts import lines_table, orders_table, redemptions_table
from toolkit.simulated.returns import LATEST_DAYS, draw_returns
from toolkit.simulated.trips import in_time_order, shopped
from toolkit.simulated.truth import TRUTH, durables_truth, members_truth, niches_truth
from toolkit.simulated.wheel import spin, wheel

IDS = pl.Series("member_id", [f"{number:04d}" for number in range(500)])


def baskets():
    small = world()
    needs = durable_needs(people(), trips(), small.clock.days, rng())
    return fill_baskets(trips(), people(), small.catalogue, small.promotions, small.pairs, needs, rng()), needs


# -- draws


def test_a_wheel_gives_each_value_its_share() -> None:
    wheels = wheel(np.array([[1.0, 3.0, 0.0], [0.0, 0.0, 2.0]]), 1000)
    assert [(wheels[0] == value).sum() for value in range(3)] == [250, 750, 0]
    assert (wheels[1] == 2).all()
    drawn = spin(rng(), wheels, np.zeros(20_000, np.int64))
    assert (drawn == 1).mean() == pytest.approx(0.75, abs=0.01)


def test_rows_of_arrays_are_taken_and_joined_together() -> None:
    some, others = trips().take(np.array([2, 0])), trips().take(np.array([5]))
    assert isinstance(some, Arrays)
    assert some.day.tolist() == trips().day[[2, 0]].tolist()
    assert some.joined(others).person.tolist() == trips().person[[2, 0, 5]].tolist()


# -- what there is


def test_the_assortment_is_whole() -> None:
    assert CATEGORY_NAMES.is_unique().all()
    assert set(ASSORTMENT["kind"].drop_nulls()) == {"weight", "durable"}
    assert ASSORTMENT["parameter"].is_null().eq(ASSORTMENT["kind"].is_null()).all()
    assert ASSORTMENT["margin"].is_between(0, 1).all()
    assert BASE_SHARES.sum() == pytest.approx(1)
    assert (BASE_SHARES[DURABLE] == 0).all()
    assert (len(SERVICE_LIFE), len(OWNERS)) == (DURABLE.size, DURABLE.size)
    assert (OWNERS < 1).all()
    assert CATEGORY_NAMES[category_number("Milk")] == "Milk"
    assert {name for names in (*NICHES.values(), WISHES) for name in names} <= set(CATEGORY_NAMES)


def test_days_are_closed_or_busy_and_shop_time_is_their_sum() -> None:
    clock = world().clock
    assert clock.weights.mean() == pytest.approx(1)
    closed = [clock.date_of(day) for day in np.flatnonzero(clock.weights == 0)]
    assert closed == [date(2023, 12, 25), date(2024, 1, 1)]
    assert clock.day_of(np.array([0.0, clock.shop_time[10], clock.shop_time[11] - 1e-9])).tolist() == [0, 10, 10]
    assert clock.moments(np.array([1]), np.array([3661]))[0] == np.datetime64("2023-01-03T01:01:01", "us")


def test_stores_are_open_in_the_day_and_online_around_the_clock() -> None:
    branches = world().branches
    assert branches.hour_shares.sum(axis=1) == pytest.approx(np.ones(5))
    assert (branches.hour_shares[:-1, :7] == 0).all()
    assert (branches.hour_shares[-1] > 0).all()
    assert stores_table(branches)["store_id"].to_list() == ["001", "002", "003", "004"]


def test_prices_end_in_nine_and_rise_with_the_quarters() -> None:
    catalogue, clock = world().catalogue, world().clock
    assert (catalogue.cents % 10 == 9).all()
    assert (catalogue.cost_cents < catalogue.cents).all()
    product = np.arange(catalogue.category.size)
    assert (catalogue.price_cents(product, np.zeros_like(product)) == catalogue.cents).all()
    assert catalogue.price_cents(product, np.full_like(product, 364)).sum() == pytest.approx(catalogue.cents.sum() * 1.0075**4, rel=0.001)
    table = products_table(catalogue, clock)
    assert table["counted"].to_list() == (~BY_WEIGHT[catalogue.category]).tolist()
    assert table["service_life_days"].is_not_null().to_list() == np.isin(catalogue.category, DURABLE).tolist()


def test_a_product_is_neither_sold_nor_promoted_before_its_launch() -> None:
    catalogue, promotions = world().catalogue, world().promotions
    late = np.flatnonzero(catalogue.launch_day > 30)
    assert late.size > 5
    assert (catalogue.launched(late, np.full(late.size, 30)) == catalogue.leader[late]).all()
    assert (catalogue.launched(late, np.full(late.size, 364)) == late).all()
    assert (promotions.depth_of(late, np.full(late.size, 30)) == 0).all()


def test_about_an_eighth_is_promoted_and_only_promoted_goods_are_hunted() -> None:
    promotions, catalogue = world().promotions, world().catalogue
    old = catalogue.launch_day < 0
    assert (promotions.depth[:, old] > 0).mean() == pytest.approx(PROMOTED_SHARE, abs=0.01)
    assert np.unique(promotions.depth) == pytest.approx([0.0, *DEPTHS])
    week, category, slot = np.nonzero(promotions.hunted >= 0)
    hunted = promotions.hunted[week, category, slot]
    assert (promotions.depth[week, hunted] > 0).all()
    assert (catalogue.category[hunted] == category).all()


def test_people_are_as_the_model_says() -> None:
    drawn = people()
    members = drawn.members
    assert members == 500
    assert np.bincount(drawn.tier, minlength=3).tolist() == [300, 150, 50], "the rank decides"
    assert (drawn.joined < 0).mean() == pytest.approx(0.7, abs=0.06)
    assert ((drawn.lapse == NEVER) | (drawn.lapse < world().clock.days)).all()
    assert (drawn.rate >= 1 / 365.25).all()
    referred = np.flatnonzero(drawn.referrer >= 0)
    assert (drawn.joined[drawn.referrer[referred]] < drawn.joined[referred]).all()
    assert (drawn.niche[drawn.wish >= 0] == -1).all()
    assert np.corrcoef(drawn.promo_dependence, drawn.level)[0, 1] < -0.2, "the price-sensitive take cheaper goods"
    again = draw_people(world().settings, world().clock, world().branches, world().catalogue, 0, rng())
    assert (again.rate == drawn.rate).all()


# -- what they do


def test_nobody_comes_before_joining_or_after_leaving() -> None:
    drawn, made = people(), trips()
    own = made.person < drawn.members
    first, end = (days[made.person[own]] for days in drawn.alive)
    assert ((made.day[own] >= first) & (made.day[own] < end)).all()
    assert np.bincount(made.person[~own] - drawn.members).max() == 1, "a walk-in comes once"
    in_order = in_time_order(made)
    assert (np.diff(in_order.day * 86400 + in_order.second) >= 0).all()
    assert made.is_made.all()
    counted = shopped(made, drawn, 0, world().clock.days)
    assert counted.sum() == own.sum()
    assert shopped(made, drawn, 10, 10).sum() == 0


def test_money_of_a_line_is_its_price_less_its_reductions() -> None:
    lines, _ = baskets()
    catalogue, promotions = world().catalogue, world().promotions
    day = trips().day[lines.trip]
    shelf = np.rint(catalogue.price_cents(lines.product, day) * lines.milli / 1000)
    assert (lines.amount + lines.discount == shelf).all()
    assert (lines.discount == np.rint(shelf * promotions.depth_of(lines.product, day))).all()
    assert ((lines.coupon >= 0) & (lines.coupon <= lines.amount)).all()
    assert (np.diff(lines.trip) >= 0).all()
    whole = ~BY_WEIGHT[catalogue.category[lines.product]]
    assert (lines.milli[whole] % 1000 == 0).all()


def test_a_reduction_comes_off_the_amount_and_is_told_apart() -> None:
    lines, _ = baskets()
    share = np.zeros(trips().count)
    share[0] = 0.1
    less = reduce_prices(lines, share)
    off = lines.amount - less.amount
    assert (off[lines.trip > 0] == 0).all()
    assert (off == np.floor(lines.amount * share[lines.trip])).all()
    assert (less.off == off).all()
    assert (less.discount - lines.discount == off).all()
    assert (less.coupon <= less.amount).all()


def test_a_coupon_is_redeemed_once_and_only_by_the_treated() -> None:
    lines, _ = baskets()
    campaign = world().campaigns[0]
    assert campaign.method == "coupon"
    treated = np.zeros((1, people().count), bool)
    treated[0, :250] = True
    _, redeemed = redeem(lines, trips(), people(), (campaign,), treated, rng())
    takers = trips().person[redeemed == 0]
    assert takers.size == np.unique(takers).size > 20
    assert (takers < 250).all()
    assert campaign.covers(trips().day[redeemed == 0]).all()
    assert (np.bincount(lines.trip, lines.amount)[redeemed == 0] >= 2000).all()


def test_durables_are_needed_again_when_they_are_used_up() -> None:
    lines, needs = baskets()
    assert (needs.met >= needs.due).all()
    seen = needs.trip >= 0
    assert (~seen).mean() == pytest.approx(0.15, abs=0.05)
    assert (trips().day[needs.trip[seen]] == needs.met[seen]).all()
    assert (trips().person[needs.trip[seen]] == needs.member[seen]).all()
    bought = np.isin(world().catalogue.category[lines.product], DURABLE)
    assert bought.sum() == seen.sum(), "durables come by need alone"


def test_planted_lines_follow_their_trigger() -> None:
    pairs, catalogue = world().pairs, world().catalogue
    goods = np.concatenate([pairs.first[pairs.is_product], pairs.second[pairs.is_product]])
    assert np.unique(goods).size == goods.size, "no good stands in two pairs"
    product = np.repeat(np.arange(catalogue.category.size), 200)
    row, added, pair = planted_lines(pairs, catalogue, product, rng())
    for number in range(pairs.count):
        first = product if pairs.is_product[number] else catalogue.category[product]
        second = added[pair == number] if pairs.is_product[number] else catalogue.category[added[pair == number]]
        assert (first[row[pair == number]] == pairs.first[number]).all()
        assert (second == pairs.second[number]).all()
        assert (pair == number).sum() / (first == pairs.first[number]).sum() == pytest.approx(pairs.added_share[number], abs=0.15)


def test_sides_of_a_pair_are_counted_by_order() -> None:
    pairs = world().pairs
    first, second = int(pairs.first[0]), int(pairs.second[0])
    other = int(np.flatnonzero(pairs.sides == 0)[0])
    counted = count_sides(pairs, np.array([0, 0, 0, 1, 2]), np.array([first, first, second, second, other]))
    assert counted[0].tolist() == [1, 2, 1]
    assert count_sides(pairs, np.array([], int), np.array([], int)).sum() == 0


def test_returns_are_of_goods_by_the_piece_and_soon() -> None:
    lines, _ = baskets()
    returns = draw_returns(lines, trips(), people(), world().catalogue, world().clock, 0.2, rng())
    trip = lines.trip[returns.line]
    assert not BY_WEIGHT[world().catalogue.category[lines.product[returns.line]]].any()
    later = returns.day - trips().day[trip]
    assert (later[returns.same_order] == 0).all()
    assert ((later[~returns.same_order] >= 1) & (later[~returns.same_order] <= LATEST_DAYS)).all()
    assert (world().clock.weights[returns.day] > 0).all()
    nothing = draw_returns(lines, trips(), people(), world().catalogue, world().clock, 0.0, rng())
    assert nothing.line.size == 0


def test_wishes_are_looked_at_and_never_bought() -> None:
    lines, _ = baskets()
    events, carts = browse_events(trips(), lines, people(), world().catalogue, world().clock, IDS, rng(), rng())
    assert events["occurred_at"].is_sorted()
    assert set(events["kind"]) == {"view", "search", "cart", "favourite", "service"}
    assert events.filter(kind="search")["category"].is_not_null().all()
    person = trips().person[lines.trip]
    own = person < people().members
    wish = people().wish[person[own]]
    assert (world().catalogue.category[lines.product[own]] != wish).all()
    carted = events.filter(kind="cart").height
    assert (carts.trip < 0).sum() < carted < events.filter(kind="view").height
    first, end = (days[carts.person] for days in people().alive)
    assert ((carts.day >= first) & (carts.day < end)).all()
    assert np.unique(carts.trip[carts.trip >= 0], return_counts=True)[1].max() == 1, "an order has one cart"
    for tier, share in enumerate(LEFT_BEHIND):
        assert (carts.trip[carts.tier == tier] < 0).mean() == pytest.approx(share, abs=0.06), f"price tier {tier}"


# -- campaigns


def run(number: int) -> tuple[Participation, int, int]:
    small, campaign = world(), world().campaigns[number]
    after, part = run_campaign(number, campaign, trips(), people(), small.clock, small.branches, rng())
    extra = after.take(after.is_extra)
    assert campaign.covers(extra.day).all()
    assert np.isin(extra.person, part.member[part.treated]).all()
    moved = after.take(~after.is_made)
    assert ((moved.day >= campaign.end_day) & (moved.day < campaign.end_day + AFTER_DAYS)).all()
    return part, extra.count, moved.count


def test_a_campaign_works_on_the_treated_alone() -> None:
    part, extra, moved = run(0)
    assert part.treated.mean() == pytest.approx(0.5, abs=0.08)
    assert (part.extra[~part.treated] == 0).all()
    assert extra == part.extra.sum() > 50
    assert moved == 0
    assert extra == pytest.approx(part.expected_extra[part.treated].sum(), rel=0.25)
    assert (people().contactable[part.member] == 1).all()


def test_a_test_of_nothing_does_nothing_and_pulling_forward_moves_orders() -> None:
    assert world().campaigns[1].lift == 0
    assert run(1)[1:] == (0, 0)
    assert run(2)[2] > 0


def test_lifts_are_by_tier_and_sensitivity() -> None:
    lifts = segment_lifts(world().campaigns[0])
    assert lifts.shape == (len(TIERS), 2)
    assert lifts[1, 1] == pytest.approx(0.40 * 1.2 * 1.6)
    assert segment_lifts(world(effect_scale=0).campaigns[0]).sum() == 0


def test_campaigns_lie_within_the_receipts() -> None:
    assert len(world().campaigns) == 8
    assert world(years=0.25).campaigns == ()
    table = campaigns_table(world().campaigns, world().clock)
    assert table["campaign_id"].to_list() == [f"C{number:03d}" for number in range(1, 9)]
    assert (table["ends_on"] > table["starts_on"]).all()
    assert table.filter(~pl.col("randomised")).height == 3
    assert len(world(years=2).campaigns) == 16


def test_controls_are_not_contacted() -> None:
    part, _, _ = run(0)
    contacts = contacts_table(part, world().campaigns, IDS, world().clock, rng())
    controls = contacts.filter(arm="control")
    assert controls.select(pl.col("touchpoint", "contacted_at", "opened_at", "clicked_at").is_null().all()).row(0) == (True,) * 4
    assert contacts.filter(arm="treated")["contacted_at"].is_not_null().all()
    assert contacts.filter(pl.col("clicked_at") <= pl.col("opened_at")).height == 0


# -- tables


def test_receipts_have_a_head_each_and_returns_take_lines_back() -> None:
    small = world()
    lines, _ = baskets()
    returns = draw_returns(lines, trips(), people(), small.catalogue, small.clock, 0.05, rng())
    orders = orders_table(trips(), lines, returns, people(), IDS, small.clock, small.branches, 3)
    later = int((~returns.same_order).sum())
    assert orders.height == trips().count + later
    assert orders["order_id"].is_unique().all()
    assert orders["order_id"][0] == "000030000000", "a block has its own numbers"
    table = lines_table(orders, lines, trips(), returns, small.catalogue)
    assert table.height == lines.trip.size + returns.line.size
    assert table["amount"].sum() == pytest.approx((lines.amount.sum() - lines.amount[returns.line].sum()) / 100)
    nobody = redemptions_table(orders, lines, trips(), np.full(trips().count, -1), small.campaigns)
    assert nobody.height == 0


def test_plans_are_near_what_was_sold_and_stock_is_of_what_is_on_sale() -> None:
    small = world()
    number, months = months_of(small.clock)
    assert (len(months), number[0], months[0]) == (13, 0, date(2023, 1, 1))
    sales = np.full((4, len(months)), 10_000_000)
    targets = targets_table(sales, small.branches, small.clock, rng())
    assert targets["target_amount"].mean() == pytest.approx(100_000 * np.exp(0.02), rel=0.03)
    stock = stock_table(small.catalogue, small.branches, small.clock, rng())
    assert stock["counted_on"].n_unique() == 3
    launched = products_table(small.catalogue, small.clock)
    assert stock.join(launched, on="product_id").filter(pl.col("launched_on") > pl.col("counted_on")).height == 0


def test_the_truth_of_a_block_has_its_columns() -> None:
    small = world()
    _, needs = baskets()
    orders = pl.Series([str(number) for number in range(trips().count)])
    members = members_truth(people(), IDS, small.clock)
    assert members.columns == list(TRUTH["members"])
    assert members["lapse_on"].is_null().to_list() == (people().lapse == NEVER).tolist()
    niches = niches_truth(people(), IDS)
    assert niches.columns == list(TRUTH["niches"])
    assert niches["taste_index"].mean() > 3, "eight times the usual taste, less what is shared with the rest"
    durables = durables_truth(needs, small.catalogue, orders, IDS, small.clock)
    assert durables.columns == list(TRUTH["durables"])
    assert durables["order_id"].is_null().sum() == (needs.trip < 0).sum()
