"""The smallest value of a smooth function of a few log-parameters, or the honest answer that there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize

FAR = 12.0
"""Log-parameters beyond this have run away: the likelihood has no maximum at finite parameters."""


def lowest(objective: Callable[[np.ndarray], float], starts: Sequence[np.ndarray]) -> tuple[np.ndarray, float] | None:
    """Return where `objective` is lowest and how low, the best over all `starts`; null when the search fails or runs away.

    Quasi-Newton steps first; where their numerical slopes give out (a flat ridge), the slower simplex search takes over.
    """
    best: tuple[np.ndarray, float] | None = None
    for start in starts:
        bounds = [(-FAR - 1, FAR + 1)] * start.size
        found = minimize(objective, start, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-14, "gtol": 1e-8, "maxiter": 500})
        if not found.success:
            tight = {"maxiter": 4000, "xatol": 1e-8, "fatol": 1e-13}
            found = minimize(objective, found.x, method="Nelder-Mead", bounds=bounds, options=tight)
        if found.success and np.isfinite(found.fun) and (best is None or found.fun < best[1]):
            best = (found.x, float(found.fun))
    return best if best is not None and np.max(np.abs(best[0])) <= FAR else None
