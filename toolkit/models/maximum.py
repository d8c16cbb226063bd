"""The smallest value of a smooth function of a few log-parameters, or the honest answer that there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

FAR = 12.0
"""Log-parameters beyond this have run away: the likelihood has no maximum at finite parameters."""

EDGE = 6.0
"""Log-parameters beyond this say that members hardly differ: another such value would fit as well."""

_PULL = 1e-6  # towards 1, per squared log-parameter: stops the walk along a flat ridge, moves published fits by less than 0.1%


def lowest(objective: Callable[[np.ndarray], float], starts: Sequence[np.ndarray]) -> tuple[np.ndarray, float] | None:
    """Return where `objective` (of order one) is lowest and how low, the best over all `starts`; null when no search settles."""

    # Imported here: only sparse shops are searched for, and the import takes longer than the search.
    from scipy.optimize import minimize

    def pulled(theta: np.ndarray) -> float:
        value = objective(theta) + _PULL * float((theta**2).sum())
        return value if np.isfinite(value) else 1e10

    best: tuple[np.ndarray, float] | None = None
    for start in starts:
        bounds = [(-FAR - 1, FAR + 1)] * start.size
        found = minimize(pulled, start, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-12, "gtol": 1e-7, "maxiter": 500})
        # Numerical slopes give out close to the bottom; the search then calls itself failed where it has arrived.
        settled = found.success or float(np.max(np.abs(found.jac))) < 1e-4
        if settled and np.max(np.abs(found.x)) <= FAR and (best is None or found.fun < best[1]):
            best = (found.x, float(found.fun))
    return None if best is None else (best[0], float(objective(best[0])))
