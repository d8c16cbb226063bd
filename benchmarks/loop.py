"""The loop closed on the simulated shop: planned, launched, its receipts imported with a planted effect, reviewed, learnt, planned anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import toolkit as tk
from toolkit.workspace import Workspace

KNOWN = date(2023, 11, 5)
"""The last day of the receipts when the campaign is launched."""
STARTS, ENDS = date(2023, 11, 6), date(2023, 12, 3)
SEEN = ENDS + timedelta(days=14)
"""The last day of the receipts when it is reviewed."""


@dataclass(frozen=True)
class Loop:
    """A workspace after a campaign, and what the campaign caused: `planted`, one row per treated member (`member_id`, `segment`, `amount`)."""

    workspace: Workspace
    campaign: tk.Campaign
    plan: tk.Answer
    planted: pl.DataFrame

    @property
    def truth(self) -> float:
        """What it caused per treated member, currency units."""
        return float(self.planted["amount"].mean())  # type: ignore[arg-type]

    def truth_by_segment(self) -> dict[str, float]:
        """The same by segment."""
        return dict(self.planted.group_by("segment").agg(pl.col("amount").mean()).iter_rows())


def run_loop(folder: Path, *, members: int, share: float, seed: int = 11, **fields: Any) -> Loop:
    """Return a shop in which a proposed campaign was planned, saved, launched and run. Each order of its window by a treated member is copied
    with chance `share`: an order of its own an hour later, so that nothing of the member's own shopping is moved or changed. `fields` are
    those of the campaign that replace what is proposed."""
    from toolkit.importing import import_receipts
    from toolkit.simulated import simulated_shop

    shop = simulated_shop(folder / "shop", members=members, years=1, seed=seed, effect_scale=0, return_share=0)
    files = sorted((shop.folder / "lines").glob("*.parquet"))
    lines = pl.concat([pl.read_parquet(file) for file in files])
    day = pl.col("ordered_at").dt.date()

    def hand_over(rows: pl.DataFrame) -> Workspace:
        for file in files:
            file.unlink(missing_ok=True)
        rows.write_parquet(files[0])
        import_receipts(shop.mapping, folder / "ws")
        return Workspace(folder / "ws")

    ws = hand_over(lines.filter(day <= KNOWN))
    tk.save_plan(ws, tk.propose_plan(ws, "autumn", starts_on=STARTS, ends_on=ENDS, **fields))
    planned = tk.differentiation.plan(ws, campaign="autumn")
    campaign = tk.launch(ws, "autumn")
    treated = campaign.members.filter(pl.col("arm") == "treated").select("member_id", "segment")
    extra = _caused(lines, treated, share, seed)
    ws = hand_over(pl.concat([lines.filter(day > KNOWN, day <= SEEN), extra]))
    amounts = extra.group_by("member_id").agg(pl.col("amount").sum())
    planted = treated.join(amounts, on="member_id", how="left", maintain_order="left").with_columns(pl.col("amount").fill_null(0))
    return Loop(ws, campaign, planned, planted)


def _caused(lines: pl.DataFrame, treated: pl.DataFrame, share: float, seed: int) -> pl.DataFrame:
    """The orders that the campaign causes."""
    day = pl.col("ordered_at").dt.date()
    own = lines.filter(day.is_between(STARTS, ENDS), pl.col("amount") > 0).join(treated, on="member_id", how="semi")
    orders = own.select("order_id").unique().sort("order_id")
    drawn = orders.filter(pl.Series(np.random.default_rng(seed).random(orders.height) < share))
    moved = [pl.col("order_id") + "-caused", pl.col("ordered_at").dt.offset_by("1h")]
    return own.join(drawn, on="order_id", how="semi").with_columns(moved).filter(day <= ENDS)


def learn(loop: Loop, *, budget: float = 5000) -> dict[str, float]:
    """Review the campaign from the ledger, write its lessons, and return what the next plan makes of them.

    `effect`, `low`, `high` (per treated member, currency units), `truth`; `segments_held`: share of the segments measured whose interval
    holds their truth; `cells_before`, `cells_after`: cells of the matrix that a lesson decides; `outranked`: cells where it names another
    method than the playbook; `sources`: share of the decided cells that name the campaign; `net_before`, `net_after`: what allocate expects
    of the budget; `measured`: share of its offers that rest on the lessons; `named`: 1 where the next plan tells the lessons with their
    source.
    """
    ws, day = loop.workspace, str(SEEN)
    found = tk.review.effect(ws, campaign_id="autumn").table.row(0, named=True)
    parts = tk.review.effect(ws, campaign_id="autumn", by="segment").table.drop_nulls("effect_low_amount")
    truth = loop.truth_by_segment()
    held = [row["effect_low_amount"] <= truth[row["segment"]] <= row["effect_high_amount"] for row in parts.iter_rows(named=True)]
    before, net = _matrix(ws, day), _expected(ws, budget, day)
    tk.write_lessons(ws, "autumn")
    after, later = _matrix(ws, day), _expected(ws, budget, day)
    both = before.join(after, on=["sensitivity", "power"], suffix="_after")
    decided = after.filter(pl.col("basis").str.starts_with("measured"))
    next_plan = tk.propose_plan(ws, "winter", control_share=0.3)
    notes = [note.text for note in tk.differentiation.plan(ws, campaign=next_plan).notes]
    return {
        "effect": found["effect_amount"],
        "low": found["effect_low_amount"],
        "high": found["effect_high_amount"],
        "truth": loop.truth,
        "segments": float(len(held)),
        "segments_held": float(np.mean(held)) if held else float("nan"),
        "cells_before": float(before.filter(pl.col("basis").str.starts_with("measured")).height),
        "cells_after": float(decided.height),
        "outranked": float(both.filter(pl.col("method") != pl.col("method_after")).height),
        "sources": float(decided["basis"].str.contains("autumn").mean() or 0),  # type: ignore[arg-type]
        "net_before": net[0],
        "net_after": later[0],
        "measured": later[1],
        "named": float(any(text.startswith("Measured") and "campaign autumn" in text for text in notes)),
    }


def _matrix(ws: Workspace, day: str) -> pl.DataFrame:
    return tk.differentiation.matrix(ws, as_of=day).table.select("sensitivity", "power", "method", "basis")


def _expected(ws: Workspace, budget: float, day: str) -> tuple[float, float]:
    """What allocate expects of a budget, and the share of its offers that rests on lessons."""
    answer = tk.differentiation.allocate(ws, budget=budget, as_of=day, period=28)
    given = answer.table.drop_nulls("basis")
    return answer.figures["expected_net_amount"], float((given["basis"] != "assumption").mean() or 0)  # type: ignore[arg-type]
