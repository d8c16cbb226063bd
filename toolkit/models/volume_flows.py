"""Whose volume went where: the change of each good between two periods, shared out exactly over members and goods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from toolkit.models.multiple_tests import benjamini_hochberg
from toolkit.models.shapley import whole_parts

PARTS = ("new", "lost", "more", "less", "switched_in", "switched_out")
_DRAWS, _ROUNDS, _UNLIKE = 200, 30, 0.01


@dataclass(frozen=True)
class VolumeFlows:
    """The change of each good in parts, and what went from which good to which; money as it came (minor units).

    `goods`, one row a good: `good`, `before`, `now`, `member_count`, for each of PARTS `{part}_sales` (Int64, together now - before) and
    `{part}_count` (members), `net_error` (standard error of switched_in + switched_out), `is_clear`. `flows`, one row per net loser and
    net winner: `source`, `target`, `member_count` (who moved volume between the two, either way), `amount` (Int64; those of a good add up
    to what it won or lost), `low`, `high` (95%), `is_clear`.
    """

    goods: pl.DataFrame
    flows: pl.DataFrame


def volume_flows(spend: pl.DataFrame, *, false_share: float, seed: int = 1) -> VolumeFlows:
    """Return how the volume of goods of one category moved between two periods.

    In: one row per member and good: `member_code`, `good` (integer), `before`, `now` (Int64), `bought_before`, `bought_now` (Boolean).
    Who bought the category in one period alone is new or lost. Of who bought it in both, with T a member's volume of the category and s the
    share of a good in it, means of both periods with a bar: more or less of the category is s̄ ΔT, switched is T̄ Δs. Both are linear in what
    they bought, so that what a member buys at random on top goes into neither sum.

    Net, goods that lost give to goods that won: as much in all as each lost and won, and among them as single members moved between the two
    (iterative fitting to both margins; Deming and Stephan 1940). Had nothing changed, a member's two periods
    could as well stand the other way round, and what they switched would have either sign: so a good's standard error is the root of the
    sum of squares (Benjamini-Hochberg over goods). Intervals of flows: 200 draws of members (bootstrap, from `seed`).

    >>> moved = volume_flows(pl.DataFrame({"member_code": [1, 1], "good": [0, 1], "before": [600, 0], "now": [0, 800],
    ...     "bought_before": [True, False], "bought_now": [False, True]}), false_share=0.05)
    >>> moved.goods.select("switched_in_sales", "switched_out_sales", "more_sales").rows()
    [(0, -700, 100), (700, 0, 100)]
    """
    mine = spend.with_columns(
        *[pl.col(f"bought_{side}").any().over("member_code").alias(f"any_{side}") for side in ("before", "now")],
        *[pl.col(side).sum().over("member_code").alias(f"total_{side}") for side in ("before", "now")],
    )
    stayed = pl.col("any_before") == pl.col("any_now")
    kind = pl.when(stayed).then(pl.lit("both")).when("any_now").then(pl.lit("new")).otherwise(pl.lit("lost"))
    shared = stayed & (pl.col("total_before") > 0) & (pl.col("total_now") > 0)
    shift = pl.col("now") / pl.col("total_now") - pl.col("before") / pl.col("total_before")
    rows = mine.with_columns(
        kind.alias("kind"), pl.when(shared).then((pl.col("total_now") + pl.col("total_before")) / 2 * shift).otherwise(0.0).alias("moved")
    )
    goods = _goods(rows, false_share)
    return VolumeFlows(goods, _flows(rows, goods, seed))


def _goods(rows: pl.DataFrame, false_share: float) -> pl.DataFrame:
    change, moved = pl.col("now") - pl.col("before"), pl.col("moved")
    is_new, is_lost, both = (pl.col("kind") == name for name in ("new", "lost", "both"))
    grew = both & (pl.col("total_now") > pl.col("total_before"))
    shrank = both & (pl.col("total_now") < pl.col("total_before"))
    rest = change - moved
    goods = rows.group_by("good").agg(
        pl.col("before", "now").sum(),
        pl.len().cast(pl.Int64).alias("member_count"),
        *[change.filter(which).sum().alias(f"{name}_sales") for name, which in (("new", is_new), ("lost", is_lost))],
        rest.filter(grew).sum().alias("more"),
        rest.filter(both & ~grew).sum().alias("less"),
        moved.clip(0).sum().alias("into"),
        moved.sum().alias("net"),
        (moved**2).sum().sqrt().alias("net_error"),
        *[
            which.sum().cast(pl.Int64).alias(f"{name}_count")
            for name, which in (
                ("new", is_new), ("lost", is_lost), ("more", grew), ("less", shrank), ("switched_in", moved >= 0.5),
                ("switched_out", moved <= -0.5),
            )
        ],
    ).sort("good")  # fmt: skip
    if goods.is_empty():
        return goods.with_columns(*[pl.lit(0, pl.Int64).alias(f"{part}_sales") for part in PARTS[2:]], pl.lit(False).alias("is_clear"))
    net = whole_parts(goods["net"].to_numpy()[None, :], np.zeros(1))[0]  # what one good lost another won, to the unit
    into = np.maximum(goods["into"].round().cast(pl.Int64).to_numpy(), net)
    left = goods.select(pl.col("now") - pl.col("before") - pl.col("new_sales") - pl.col("lost_sales")).to_series().to_numpy() - net
    whole = whole_parts(goods.select("more", "less").to_numpy(), left)
    return goods.drop("more", "less", "into", "net").with_columns(
        pl.Series("more_sales", whole[:, 0]),
        pl.Series("less_sales", whole[:, 1]),
        pl.Series("switched_in_sales", into),
        pl.Series("switched_out_sales", net - into),
        pl.Series("is_clear", _clear(net, goods["net_error"].to_numpy(), false_share)),
    )


def _flows(rows: pl.DataFrame, goods: pl.DataFrame, seed: int) -> pl.DataFrame:
    """What went from each net loser to each net winner, with intervals."""
    count = int(goods["good"].max() if goods.height else -1) + 1  # type: ignore[arg-type]
    moved = rows.filter(pl.col("moved") != 0).with_columns(pl.col("member_code").rank("dense").cast(pl.Int64).alias("who") - 1)
    givers = moved.filter(pl.col("moved") < 0).select("who", pl.col("good").alias("source"), -pl.col("moved").alias("out"))
    won = pl.col("moved") / pl.col("moved").sum().over("who")
    takers = moved.filter(pl.col("moved") > 0).select("who", pl.col("good").alias("target"), won.alias("part"))
    single = givers.join(takers, on="who").with_columns(pl.col("out") * pl.col("part"))
    who, pair, amount = single["who"].to_numpy(), (single["source"] * count + single["target"]).to_numpy(), single["out"].to_numpy()
    at, good, of_member = moved["who"].to_numpy(), moved["good"].to_numpy(), moved["moved"].to_numpy()
    net = np.zeros(count)
    net[goods["good"].to_numpy()] = goods.select(pl.col("switched_in_sales") + pl.col("switched_out_sales")).to_series().to_numpy()
    gross = np.bincount(pair, amount, count * count).reshape(count, count)
    is_clear = np.zeros(count, bool)
    is_clear[goods.filter("is_clear")["good"].to_numpy()] = True
    fitted = _whole(_fitted(gross, net, is_clear), net)
    people = moved["who"].n_unique()
    rng, draws = np.random.default_rng(seed), np.zeros((_DRAWS, count, count))
    for draw in range(_DRAWS if people else 0):
        weight = rng.multinomial(people, np.full(people, 1 / people)).astype(float)
        again = np.bincount(pair, amount * weight[who], count * count).reshape(count, count)
        flow = _fitted(again, np.bincount(good, of_member * weight[at], count), is_clear)
        draws[draw] = flow - flow.T
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    source, target = np.nonzero(fitted)
    between = single.group_by(pl.min_horizontal("source", "target").alias("one"), pl.max_horizontal("source", "target").alias("other")).agg(
        pl.len().cast(pl.Int64).alias("member_count")
    )
    table = pl.DataFrame(
        {
            "source": source,
            "target": target,
            "amount": fitted[source, target],
            "low": low[source, target],
            "high": high[source, target],
            "is_clear": is_clear[source] & is_clear[target],
        },
        schema_overrides={"source": pl.Int64, "target": pl.Int64, "amount": pl.Int64, "is_clear": pl.Boolean},
    )
    ends = (pl.min_horizontal("source", "target").alias("one"), pl.max_horizontal("source", "target").alias("other"))
    joined = table.with_columns(*ends, pl.col("is_clear") & (pl.col("low") > 0)).join(
        between.cast({"one": pl.Int64, "other": pl.Int64}), on=["one", "other"], how="left", maintain_order="left"
    )
    return joined.drop("one", "other").with_columns(pl.col("member_count").fill_null(0)).sort("amount", descending=True)


def _fitted(gross: np.ndarray, net: np.ndarray, clear: np.ndarray) -> np.ndarray:
    """Flows from losers to winners with the margins that each lost and won, in proportion to what single members moved, net, squared.

    Squared, since what members do at random leads a little from every good to every other; and goods whose net is no more than chance give
    to each other first.
    """
    lost, won = np.maximum(-net, 0), np.maximum(net, 0)
    total = min(lost.sum(), won.sum())
    if total <= 0:
        return np.zeros_like(gross)
    flow = (np.maximum(gross - gross.T, 0) ** 2 + (1e-3 * gross.mean()) ** 2 + 1e-12) * (lost > 0)[:, None] * (won > 0)
    flow *= np.where(clear[:, None] == clear, 1, _UNLIKE)
    for _ in range(_ROUNDS):
        flow *= (lost / np.maximum(flow.sum(1), 1e-300))[:, None]
        flow *= won / np.maximum(flow.sum(0), 1e-300)
    return flow


def _whole(flow: np.ndarray, net: np.ndarray) -> np.ndarray:
    """The flows as whole numbers with exactly these margins: rounded down, what is missing put where it fits."""
    whole = np.floor(flow).astype(np.int64)
    rows, columns = np.maximum(-net, 0).astype(np.int64) - whole.sum(1), np.maximum(net, 0).astype(np.int64) - whole.sum(0)
    for row in np.flatnonzero(rows > 0):
        for column in np.argsort(-(flow[row] - whole[row])):
            more = min(rows[row], max(columns[column], 0))
            whole[row, column] += more
            rows[row], columns[column] = rows[row] - more, columns[column] - more
    return whole


def _clear(net: np.ndarray, error: np.ndarray, false_share: float) -> np.ndarray:
    from scipy.special import ndtr

    p_values = 2 * ndtr(-np.abs(net) / np.maximum(error, 1e-9))
    return benjamini_hochberg(p_values, len(p_values), false_share)
