"""Benjamini-Hochberg: as the rule reads, and blind to how the p-values that were left out are spread."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.models.multiple_tests import benjamini_hochberg


def test_benjamini_hochberg_counts_tests_that_were_left_out() -> None:
    assert benjamini_hochberg(np.array([0.01, 0.02]), 2, 0.05).tolist() == [True, True]
    assert benjamini_hochberg(np.array([0.01, 0.02]), 100, 0.05).tolist() == [False, False]
    assert benjamini_hochberg(np.zeros(0), 0, 0.05).tolist() == []


@pytest.mark.parametrize("false_share", [0.01, 0.05, 0.2])
def test_as_the_rule_reads(false_share: float) -> None:
    rng = np.random.default_rng(4)
    for _ in range(50):
        p_values = rng.random(60) ** 4
        ranked, tested = sorted(p_values), 100  # the 40 that are left out are larger than any here
        passing = [place for place, p_value in enumerate(ranked, 1) if p_value <= false_share * place / tested]
        limit = ranked[max(passing) - 1] if passing else -1
        assert benjamini_hochberg(p_values, tested, false_share).tolist() == (p_values <= limit).tolist()
        assert benjamini_hochberg(np.append(p_values, np.ones(40)), 100, false_share).tolist()[:60] == (p_values <= limit).tolist()


def test_a_p_at_the_limit_is_rejected() -> None:
    assert benjamini_hochberg(np.array([0.05, 0.9]), 1, 0.05).tolist()[0]
    assert benjamini_hochberg(np.array([0.1, 0.2, 0.3]), 3, 0.3).all()
