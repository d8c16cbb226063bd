"""Measure the bars of DEFINITIONS.md section 3 and print them: one function a part, each prints its lines and returns its figures.

    python benchmarks/truth_differentiation.py         all parts
    python benchmarks/truth_differentiation.py goods   one part

Data: simulated shops whose truth is known, and the Complete Journey, in a temporary folder. Exit code 1 if a bar fails.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl


def goods_hits(workspace: Path, day: str, *, within_days: int = 91) -> dict[str, float]:
    """Return how often members bought what next_best would have named on a day, in the days after it.

    Members who ordered in the 182 days before. `hit_rate`: of the first goods named, those bought; `three_hit_rate`: of the first three;
    `popular_hit_rate`, `popular_three_hit_rate`: of the goods that most members had bought by then, of those open to the same member (not
    bought lately by the same rule). `promised`: mean of the probabilities of the first goods.
    """
    from toolkit.differentiation.tastes import shop_goods, tastes_of
    from toolkit.mart.view import open_view
    from toolkit.mart.windows import window_sums
    from toolkit.models.affinity import best_columns
    from toolkit.workspace import Workspace

    ws = Workspace(workspace)
    view, first = open_view(ws, as_of=day), date.fromisoformat(day) + timedelta(days=1)
    settings = view.settings.playbook
    later = window_sums(ws, open_view(ws).mart, first, first + timedelta(days=within_days - 1), by=("member", "category"))
    later = later.filter(pl.col("member_code").is_not_null() & (pl.col("orders") > 0))
    active = view.population.filter(pl.col("last_ordered_on") > first - timedelta(days=183))
    goods = shop_goods(view)
    parts: list[tuple[np.ndarray, ...]] = []
    for batch in tastes_of(view, goods, active):
        codes = batch.members["member_code"].to_numpy()
        mine = later.filter(pl.col("member_code").is_in(codes.tolist()))
        came = np.zeros(batch.days.shape, dtype=bool)
        came[np.searchsorted(codes, mine["member_code"].to_numpy()), mine["category_code"].to_numpy()] = True
        closed = batch.too_recent(settings.recent_days, settings.recent_wait_share) | ~goods.is_offered
        named, chance = best_columns(np.where(closed, -np.inf, batch.probability(within_days)), 3)
        popular, _ = best_columns(np.where(closed, -np.inf, goods.buyer_count.astype(float)), 3)
        parts.append((*(np.take_along_axis(came, columns, axis=1) for columns in (named, popular)), chance))
    own, popular, chance = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return {
        "members": float(len(own)),
        "hit_rate": float(own[:, 0].mean()),
        "popular_hit_rate": float(popular[:, 0].mean()),
        "three_hit_rate": float(own.mean()),
        "popular_three_hit_rate": float(popular.mean()),
        "promised": float(chance[:, 0].mean()),
    }


def goods(folder: Path) -> list[tuple[str, float, float | None]]:
    """Bars: none stated in figures; ours: five hits in a hundred above the most popular goods, promise within .08 of what came."""
    from toolkit.importing import import_receipts
    from toolkit.sources.simulated import simulated_shop

    import_receipts("complete-journey", folder / "journey")
    simulated_shop(folder / "shop", members=4000, years=2, seed=1)
    import_receipts(folder / "shop" / "mapping.toml", folder / "simulated")
    rows: list[tuple[str, float, float | None]] = []
    for shop, day in (("journey", "2017-07-03"), ("journey", "2017-10-02"), ("simulated", "2024-10-01")):
        found = goods_hits(folder / shop, day)
        rows += [(f"goods, {shop} {day}: {name.replace('_', ' ')}", value, None) for name, value in found.items()]
        for name in ("", "three_"):
            gain = found[f"{name}hit_rate"] - found[f"popular_{name}hit_rate"]
            rows.append((f"goods, {shop} {day}: {name.replace('_', ' ')}hits above popular", gain, 0.05))
        rows.append((f"goods, {shop} {day}: 1 - deviation of the promise", 1 - abs(found["promised"] - found["hit_rate"]), 0.92))
    return rows


PARTS: dict[str, Callable[[Path], list[tuple[str, float, float | None]]]] = {
    "goods": goods,
}
"""Part -> its measurement: (what, measured, smallest value that passes or None for the record)."""


def main() -> int:
    """Print every figure beside its bar; 1 if one is missed."""
    missed = 0
    for name in sys.argv[1:] or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            for what, value, least in PARTS[name](Path(folder)):
                verdict = "" if least is None else "PASS" if value >= least else "FAIL"
                missed += verdict == "FAIL"
                print(f"{what:66} {value:10.3f}  {'' if least is None else f'>= {least:g}':10} {verdict}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
