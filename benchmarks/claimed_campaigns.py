"""Campaigns whose table says that chance decided: some where it did, and some where a list, a store or a habit of the shop did.

Members, their past, ids, home stores and days of joining are those of a shop (`Receipts.cards`); a campaign takes 200, 500, 1,000 or all of
its active members.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from benchmarks.campaigns import Receipts
from toolkit.models.past_covariates import past_columns

TRUE = ("random 50%", "20% holdout")
GIVEN_AWAY = (
    "home store",
    "last digit of the id",
    "every third id",
    "order of the ids",
    "day of joining",
    "best members more often",
    "hot last month more often",
    "silent members more often",
)
"""What decided, for half to all of the members; the toss of a coin for the rest. "More often": of the upper half (or the silent) four in
five are treated, of the rest one in five."""
SIZES = (200, 500, 1000, 1_000_000)


def claimed_trial(receipts: Receipts, kind: str, rng: np.random.Generator) -> tuple[pl.DataFrame, np.ndarray]:
    """Return the members of a campaign (`member_id`, `treated`, `home_store`, `joined_on`) and their past, row by row."""
    assert receipts.cards is not None
    day = int(rng.integers(183, receipts.days))
    active = np.flatnonzero(receipts.last[:, day - 1] >= day - 182)
    chosen = np.sort(rng.permutation(active)[: int(rng.choice(SIZES))])
    cards, past = receipts.cards[chosen], receipts.past(day)[chosen]
    treated = _treated(kind, cards, past, rng)
    if kind in GIVEN_AWAY:
        by_rule = rng.random(chosen.size) < rng.uniform(0.5, 1)
        treated = np.where(by_rule, treated, rng.random(chosen.size) < 0.5)
    return cards.with_columns(pl.Series("treated", treated)), past_columns(past).to_numpy()


def _treated(kind: str, cards: pl.DataFrame, past: pl.DataFrame, rng: np.random.Generator) -> np.ndarray:
    count = cards.height
    if kind in TRUE:
        return rng.permutation(count) < round(count * (0.8 if kind == "20% holdout" else 0.5))
    number = cards["member_id"].str.extract(r"(\d+)$").cast(pl.Int64).to_numpy()
    if kind == "home store":
        stores = cards["home_store"].unique().sort().to_list()
        return cards["home_store"].is_in([store for store in stores if rng.random() < 0.5]).to_numpy()
    if kind == "last digit of the id":
        return np.isin(number % 10, rng.permutation(10)[: int(rng.integers(3, 8))])
    if kind == "every third id":
        return number.argsort().argsort() % 3 != rng.integers(3)
    if kind == "order of the ids":
        return number <= np.quantile(number, rng.uniform(0.3, 0.7))
    if kind == "day of joining":
        joined = cards["joined_on"].rank("average").to_numpy()
        return joined > np.quantile(joined, rng.uniform(0.3, 0.7))
    year = past.select(pl.sum_horizontal(pl.col("^spend_.*$"))).to_series().to_numpy()
    what = {"best": year, "hot": past["spend_1_28d"].to_numpy(), "silent": past["recency_days"].to_numpy()}[kind.split()[0]]
    return rng.random(count) < np.where(what > np.median(what), 0.8, 0.2)
