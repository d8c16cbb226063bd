"""Many hypotheses tested together: which of them are told apart from chance."""

from __future__ import annotations

import numpy as np


def benjamini_hochberg(p_values: np.ndarray, tested: int, false_share: float) -> np.ndarray:
    """Return which of `tested` hypotheses are rejected, of which at most `false_share` are false; `p_values` may leave out large ones.

    Source: Benjamini and Hochberg, JRSS B 57 (1995), 289-300; by scipy.

    >>> benjamini_hochberg(np.array([0.001, 0.04, 0.2]), 3, 0.05).tolist()
    [True, False, False]
    """
    if not len(p_values):
        return np.zeros(0, dtype=bool)
    from scipy.stats import false_discovery_control  # slow to load

    # An adjusted p is in proportion to the number of tests: those left out change nothing else, and need not be written out.
    # A p at the limit itself is rejected, whatever its last bit.
    return false_discovery_control(p_values) <= false_share * len(p_values) / tested * (1 + 1e-12)
