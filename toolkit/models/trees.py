"""Boosted trees as plain figures: what scikit-learn learned, kept without it, so that a fit can be written down and read again as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Trees:
    """A boosted classifier of two classes: `start` plus the value of the leaf of each tree is the log odds.

    Per tree a tuple per node: `feature` (-1 in a leaf), `threshold` (up to it: left), `left`, `right` (rows of the next nodes), `value`.
    """

    start: float
    feature: tuple[tuple[int, ...], ...]
    threshold: tuple[tuple[float, ...], ...]
    left: tuple[tuple[int, ...], ...]
    right: tuple[tuple[int, ...], ...]
    value: tuple[tuple[float, ...], ...]

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the probability per row of `features` (finite), to the last bit what scikit-learn gives."""
        from scipy.special import expit

        odds = np.full(len(features), self.start)
        for start in range(0, len(features), _ROWS):
            # A comparison a node of each tree, not a walk a row: small trees have few nodes.
            columns = np.ascontiguousarray(features[start : start + _ROWS].T)
            for tree in range(len(self.value)):
                odds[start : start + _ROWS] += self._leaf_values(tree, 0, columns)
        return expit(odds)

    def _leaf_values(self, tree: int, node: int, columns: np.ndarray) -> np.ndarray | float:
        feature = self.feature[tree][node]
        if feature < 0:
            return self.value[tree][node]
        left, right = (self._leaf_values(tree, child[tree][node], columns) for child in (self.left, self.right))
        return np.where(columns[feature] <= self.threshold[tree][node], left, right)


def trees_of(classifier: Any) -> Trees:
    """Return a fitted HistGradientBoostingClassifier of two classes, without categories and missing values, as `Trees`."""
    nodes = [of_class[0].nodes for of_class in classifier._predictors]
    return Trees(
        float(classifier._baseline_prediction.ravel()[0]),
        tuple(tuple(np.where(one["is_leaf"], -1, one["feature_idx"]).tolist()) for one in nodes),
        tuple(tuple(np.where(one["is_leaf"], 0.0, one["num_threshold"]).tolist()) for one in nodes),
        tuple(tuple(one["left"].tolist()) for one in nodes),
        tuple(tuple(one["right"].tolist()) for one in nodes),
        tuple(tuple(one["value"].tolist()) for one in nodes),
    )
