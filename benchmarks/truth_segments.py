"""Segment shares on shops of one year, through the front door: the largest segment, who "came lately", and how steady a segment is.

    python benchmarks/truth_segments.py [SHOP ...]

Each shop is asked as it stands (default cut) and, where its answer offers another cut, with that one. Ends with 1 where a bar is missed.
"""

from __future__ import annotations

import re
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

import toolkit as tk
from benchmarks.strange_shops import imported, strange_shop
from toolkit.workspace import Workspace

SHOPS = ("uci_like", "steady", "mixed", "sparse", "b2b")
LAST = date(2024, 9, 30)
FIRST = LAST - timedelta(days=372)
LATELY = ("champions", "potential loyalists", "recent", "promising")
"""Segments of the map `ten` whose meaning says that a member came lately, just now or not long ago."""
MOST, LEAST_DAY, LEAST_MONTH = 0.30, 0.95, 0.60


def offered(ws: Workspace) -> dict[str, Any] | None:
    """Return the settings that `portrait.segments` offers, as a person would type them; None where it offers none."""
    text = " ".join(map(str, tk.portrait.segments(ws).notes))
    lines = re.findall(r"`(fm_cuts|r_edge_quantiles) = \[([^\]]*)\]`", text)
    return {"rfm": {name: [float(value) for value in values.split(",")] for name, values in lines}} if lines else None


def segments_on(ws: Workspace, day: date, settings: dict[str, Any]) -> pl.DataFrame:
    return tk.portrait.rfm_scores(ws, as_of=day, settings=settings).select("member_id", "segment")


def same(ws: Workspace, then: date, now: date, settings: dict[str, Any]) -> float:
    """Return the share in the same segment on both days, by the ruler of the first."""
    (ws.path / "documents" / "scorecard.toml").unlink(missing_ok=True)
    tk.save_scorecard(ws, refresh=True, as_of=then, settings=settings)
    both = segments_on(ws, then, settings).join(segments_on(ws, now, settings), on="member_id", suffix="_now")
    both = both.filter(pl.col("segment") != "no orders")
    (ws.path / "documents" / "scorecard.toml").unlink()
    return float((both["segment"] == both["segment_now"]).mean())  # type: ignore[arg-type]


def measure(ws: Workspace, settings: dict[str, Any]) -> dict[str, tuple[float, bool]]:
    """Return each figure with whether it meets its bar."""
    scored = tk.portrait.rfm_scores(ws, settings=settings).filter(pl.col("segment") != "no orders")
    pause = tk.members(ws).select("member_id", "gap_days_mean")
    late = scored.join(pause, on="member_id").filter(pl.col("recency_days") > 3 * pl.col("gap_days_mean"))
    counts = dict(scored["segment"].value_counts().iter_rows())
    largest = max(counts.values()) / scored.height
    day = min(same(ws, LAST - timedelta(days=back + 1), LAST - timedelta(days=back), settings) for back in (0, 30, 75))
    month = min(same(ws, LAST - timedelta(days=back + 30), LAST - timedelta(days=back), settings) for back in (0, 45))
    lately = late.filter(pl.col("segment").is_in(LATELY)).height
    return {
        "largest segment": (largest, largest <= MOST),
        "members at risk": (counts.get("at risk", 0), counts.get("at risk", 0) > 0),
        "away for 3 own pauses, called lately": (lately, lately == 0),
        "of members away for 3 own pauses": (late.height, True),
        "share with F 5": (float((scored["f_score"] == 5).mean()), True),  # type: ignore[arg-type]
        "same segment after a day, worst": (day, day >= LEAST_DAY),
        "same segment after a month, worst": (month, month >= LEAST_MONTH),
    }


def main(names: list[str]) -> int:
    """Print the table; return 1 where a bar is missed: a large segment counts only where no cut that mends it is offered."""
    missed = 0
    print(f"{'shop':10} {'figure':38} {'default':>9} {'offered':>9}")
    for name in names or SHOPS:
        with tempfile.TemporaryDirectory() as folder:
            ws = imported(strange_shop(name), Path(folder), as_of=LAST, first_day=FIRST)
            cut = offered(ws)
            default, other = measure(ws, {}), measure(ws, cut) if cut else None
        for figure, (value, is_met) in default.items():
            instead, mended = other[figure] if other else (None, False)
            bad = (not is_met and not mended) if figure in ("largest segment", "members at risk") else not is_met or (other and not mended)
            missed += bool(bad)
            shown = "-" if instead is None else f"{instead:.3f}"
            print(f"{name:10} {figure:38} {value:9.3f} {shown:>9}{'  MISSED' if bad else ''}", flush=True)
        print(f"{name:10} offered: {cut}")
    print(f"{missed} figures miss their bar")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
