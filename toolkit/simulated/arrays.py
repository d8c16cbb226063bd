"""Arrays of equal length that are rows together: trips, lines, who took part in a campaign."""

from __future__ import annotations

from typing import Self

import numpy as np


class Arrays:
    """Base of frozen dataclasses whose fields are arrays with one entry per row."""

    def take(self, rows: np.ndarray) -> Self:
        """Return the given rows (numbers or mask)."""
        return type(self)(**{name: values[rows] for name, values in vars(self).items()})

    def joined(self, *others: Self) -> Self:
        """Return these rows and those of others."""
        return type(self)(**{name: np.concatenate([vars(rows)[name] for rows in (self, *others)]) for name in vars(self)})
