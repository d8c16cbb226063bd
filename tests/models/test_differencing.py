"""What figures of several groups give away, against all sums and differences of small shops, tried one by one."""

from __future__ import annotations

from itertools import product

import numpy as np

from toolkit.models import singles_out

LEAST = 3


def given_away(groups: np.ndarray) -> set[tuple[int, ...]]:
    """Sets of fewer members than LEAST that some sum of the groups, each up to twice, comes down to."""
    sums = [np.array(ways) @ groups for ways in product((-2, -1, 0, 1, 2), repeat=len(groups))]
    return {tuple(np.flatnonzero(one).tolist()) for one in sums if 0 < np.count_nonzero(one) < LEAST}


def test_it_finds_what_all_sums_find_and_no_more() -> None:
    rng, found = np.random.default_rng(5), []
    for _ in range(60):
        members, asked = int(rng.integers(8, 16)), int(rng.integers(0, 4))
        groups = rng.random((asked + 1, members)) < rng.choice([0.2, 0.5, 0.8])
        if asked and rng.random() < 0.5:
            groups[-1] = groups[0] ^ (np.arange(members) == rng.integers(members))
        whole = np.vstack([np.ones(members, dtype=bool), groups]).astype(int)
        found.append(singles_out(groups[:-1], groups[-1], LEAST))
        assert found[-1] == bool(given_away(whole) - given_away(whole[:-1]))
    assert 10 < sum(found) < 50


def test_one_of_a_hundred_thousand_is_found_among_many_groups() -> None:
    rng = np.random.default_rng(1)
    groups = rng.random((12, 100_000)) < 0.5
    one = np.arange(100_000) == 777
    parts = [groups[0] & ~groups[1], groups[0] & groups[1]]
    parts[1] = parts[1] ^ one if parts[1][777] else parts[1] | one
    assert singles_out(np.array([*groups[:1], *groups[2:], parts[0]]), parts[1], 10)
    assert not singles_out(groups[:-1], groups[-1], 10)
