"""The test of goods that go together: by hand, on baskets where nothing does, and on planted pairs."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from toolkit.models.pairs import Baskets, associated_pairs, chance_of, with_interval


def baskets_of(*baskets: tuple[int, ...], goods: int) -> Baskets:
    rows = [(number, good) for number, basket in enumerate(baskets) for good in basket]
    return Baskets(np.array([row[0] for row in rows], dtype=np.int64), np.array([row[1] for row in rows], dtype=np.int64), goods)


def random_baskets(seed: int, count: int, goods: int = 60) -> Baskets:
    """Baskets of very different sizes, in which nothing goes together."""
    rng = np.random.default_rng(seed)
    popularity = rng.lognormal(0, 0.7, goods)
    popularity /= popularity.sum()
    sizes = 1 + np.minimum(rng.geometric(0.15, count), 40)
    basket = np.repeat(np.arange(count), sizes)
    keys = np.unique(basket * goods + rng.choice(goods, size=len(basket), p=popularity))
    return Baskets(keys // goods, keys % goods, goods)


def planted(baskets: Baskets, pairs: list[tuple[int, int]], lift: float, seed: int) -> Baskets:
    """Add the second good of each pair to baskets with the first, so that it is there about `lift` times as often."""
    rng = np.random.default_rng(seed)
    keys = baskets.basket * baskets.good_count + baskets.good
    share = np.bincount(baskets.good, minlength=baskets.good_count) / baskets.basket_count
    added = []
    for first, second in pairs:
        holding = baskets.basket[baskets.good == first]
        with_second = np.isin(holding, baskets.basket[baskets.good == second])
        now = with_second.mean()
        missing = holding[~with_second]
        probability = min(1.0, (lift - 1) * max(now, share[second]) / max(1 - now, 1e-9))
        added.append(missing[rng.random(len(missing)) < probability] * baskets.good_count + second)
    keys = np.unique(np.concatenate([keys, *added]))
    return Baskets(keys // baskets.good_count, keys % baskets.good_count, baskets.good_count)


def test_baskets_of_two_by_hand() -> None:
    # Four baskets of two out of three goods: what chance expects of the pairs of a good adds up to the baskets it is in.
    chance = chance_of(baskets_of((0, 1), (0, 1), (0, 2), (1, 2), goods=3))
    expected = [chance.expected(np.array([a]), np.array([b]))[0] for a, b in ((0, 1), (0, 2), (1, 2))]
    assert expected == pytest.approx([2, 1, 1], abs=1e-3)
    assert chance.expected_with(0)[[1, 2]] == pytest.approx([2, 1], abs=1e-3)


def test_rare_goods_follow_the_formula_of_the_definitions() -> None:
    baskets = random_baskets(3, 6000).at_most(12)
    chance = chance_of(baskets)
    expected = np.zeros((60, 60))
    sizes = np.repeat(baskets.sizes, baskets.sizes)
    for size in range(2, 13):
        count = (baskets.sizes == size).sum()
        share = np.bincount(baskets.good[sizes == size], minlength=60) / count
        expected += count * np.outer(share, share) * (1 - 1 / size) / (1 - ((share / size) ** 2).sum())
    counts = np.bincount(baskets.good, minlength=60)
    rare = np.flatnonzero(counts < 800)
    ours = np.array([chance.expected_with(good)[rare] for good in rare])
    upper = np.triu_indices(len(rare), 1)
    assert np.median(ours[upper] / expected[np.ix_(rare, rare)][upper]) == pytest.approx(1, abs=0.05)


def test_nothing_is_found_where_nothing_is() -> None:
    assert sum(associated_pairs(random_baskets(seed, 4000))[0].height for seed in range(5)) <= 5


def test_planted_pairs_are_found_and_hardly_any_other() -> None:
    pairs = [(2 * number, 2 * number + 1) for number in range(30)]
    found, tested = associated_pairs(planted(random_baskets(11, 40_000), pairs, 2.0, seed=5))
    names = {(row["first"], row["second"]) for row in found.to_dicts()}
    eligible = {pair for pair in pairs if set(pair) <= set(range(60))}
    assert tested == 60 * 59 // 2
    assert len(names & eligible) >= 27
    assert len(names - eligible) <= 0.1 * len(names)


def test_a_good_in_every_basket_goes_with_nothing() -> None:
    baskets = random_baskets(7, 5000)
    keys = np.unique(np.concatenate([baskets.basket * 61 + baskets.good, np.arange(5000) * 61 + 60]))
    everywhere = Baskets(keys // 61, keys % 61, 61)
    pairs, _ = associated_pairs(everywhere, failed=True)
    of_it = pairs.filter(pl.col("second") == 60)
    assert of_it.height > 40
    assert not of_it["is_pair"].any()
    assert of_it["together_index"].to_numpy() == pytest.approx(1, abs=0.02)


def test_order_of_baskets_and_names_of_goods_are_irrelevant() -> None:
    baskets = planted(random_baskets(1, 6000), [(4, 9)], 3.0, seed=1)
    rng = np.random.default_rng(0)
    place, name = rng.permutation(6000), rng.permutation(60)
    rows = np.lexsort((name[baskets.good], place[baskets.basket]))
    other = Baskets(place[baskets.basket][rows], name[baskets.good][rows], 60)
    one, again = associated_pairs(baskets)[0], associated_pairs(other)[0]
    assert {frozenset((int(name[a]), int(name[b]))) for a, b in one.select("first", "second").iter_rows()} == {
        frozenset(pair) for pair in again.select("first", "second").iter_rows()
    }
    assert sorted(one["both_count"]) == sorted(again["both_count"])


def test_sparse_and_dense_expect_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    baskets = random_baskets(2, 2000)
    dense = associated_pairs(baskets, failed=True)[0]
    monkeypatch.setattr("toolkit.models.pairs._DENSE_GOODS", 0)
    monkeypatch.setattr("toolkit.models.pairs._PAIRS_AT_ONCE", 7)
    monkeypatch.setattr("toolkit.models.pairs._BLOCK_WORK", 5_000)
    sparse = associated_pairs(baskets, failed=True)[0]
    assert (
        dense.select("first", "second", "both_count")
        .sort("first", "second")
        .equals(sparse.select("first", "second", "both_count").sort("first", "second"))
    )
    assert sparse.sort("first", "second")["expected_count"].to_numpy() == pytest.approx(
        dense.sort("first", "second")["expected_count"].to_numpy()
    )


def test_counts_are_exact() -> None:
    found, tested = associated_pairs(
        baskets_of((0, 1, 2), (0, 1), (1, 2), (0, 1, 3), goods=4), minimum_baskets=1, minimum_both=1, failed=True
    )
    counts = {(row["first"], row["second"]): row["both_count"] for row in found.to_dicts()}
    assert tested == 6
    assert counts == {(0, 1): 3, (0, 2): 1, (1, 2): 2, (0, 3): 1, (1, 3): 1}


@pytest.mark.parametrize("baskets", [baskets_of(goods=3), baskets_of((0,), (1,), goods=3), baskets_of((0, 1), goods=2)])
def test_too_little_is_no_pair(baskets: Baskets) -> None:
    assert associated_pairs(baskets)[0].is_empty()
    assert associated_pairs(baskets, minimum_baskets=1, minimum_both=1)[0].is_empty()


def test_baskets_of_500_are_left_out_or_harmless() -> None:
    rng = np.random.default_rng(4)
    keys = np.unique(
        np.concatenate(
            [
                rng.integers(0, 2000, 8000) * 1000 + rng.integers(0, 1000, 8000),
                *[2000_000 + k * 1000 + rng.permutation(1000)[:500] for k in range(6)],
            ]
        )
    )
    baskets = Baskets(keys // 1000, keys % 1000, 1000)
    assert baskets.at_most(150).sizes.max() < 20
    assert baskets.at_most(150).basket_count == baskets.basket_count - 6
    assert associated_pairs(baskets, minimum_baskets=5, minimum_both=3)[0].height <= 5


def test_the_interval_is_garwoods() -> None:
    frame = with_interval(pl.DataFrame({"both_count": [10, 0], "expected_count": [5.0, 5.0]}))
    assert frame["together_index"].to_list() == [2.0, 0.0]
    assert frame["together_index_low"].to_list() == pytest.approx([4.795 / 5, 0], abs=1e-3)
    assert frame["together_index_high"].to_list() == pytest.approx([18.390 / 5, 3.689 / 5], abs=1e-3)
