"""Whose volume went where: each good adds up, and only what is beyond chance is called."""

from __future__ import annotations

import numpy as np
import polars as pl

from toolkit.models.volume_flows import PARTS, volume_flows


def spend(moved: int = 0, members: int = 120, seed: int = 1) -> pl.DataFrame:
    """Members who buy four goods at random in both periods; the first `moved` gave good 0 up for good 1."""
    rng = np.random.default_rng(seed)
    rows = []
    for member in range(members):
        before, now = rng.poisson(2, 4) * 199, rng.poisson(2, 4) * 199
        if member < moved:
            before[:2], now[:2] = (600, 0), (0, 600)
        elif member % 10 == 9:
            now[:] = 0
        rows += [(member, good, int(before[good]), int(now[good])) for good in range(4) if before[good] or now[good]]
    frame = pl.DataFrame(rows, schema=["member_code", "good", "before", "now"], orient="row")
    return frame.with_columns((pl.col("before") > 0).alias("bought_before"), (pl.col("now") > 0).alias("bought_now"))


def test_every_good_adds_up_and_what_one_loses_another_wins():
    goods = volume_flows(spend(20), false_share=0.05).goods
    assert goods.select(pl.sum_horizontal(f"{part}_sales" for part in PARTS) == pl.col("now") - pl.col("before")).to_series().all()
    assert goods["switched_in_sales"].sum() == -goods["switched_out_sales"].sum() > 0
    assert goods["lost_sales"].sum() < 0


def test_a_planted_flow_is_called_alone_and_nothing_where_nothing_moved():
    flows = volume_flows(spend(40), false_share=0.05)
    assert flows.flows.filter("is_clear").select("source", "target").rows() == [(0, 1)]
    assert abs(flows.flows["amount"][0] - 40 * 600) < 0.1 * 40 * 600
    assert (
        flows.flows["amount"].sum() == flows.goods.select((pl.col("switched_in_sales") + pl.col("switched_out_sales")).clip(0)).sum().item()
    )
    assert set(flows.goods.filter("is_clear")["good"]) == {0, 1}
    assert sum(volume_flows(spend(seed=seed), false_share=0.05).goods["is_clear"].any() for seed in range(9)) <= 1


def test_returns_alone_and_nobody_are_no_faults():
    back = pl.DataFrame({"member_code": [1], "good": [0], "before": [0], "now": [-300], "bought_before": [False], "bought_now": [False]})
    assert volume_flows(back, false_share=0.05).goods.select("less_sales", "new_sales").rows() == [(-300, 0)]
    assert volume_flows(back.clear(), false_share=0.05).goods.is_empty()
