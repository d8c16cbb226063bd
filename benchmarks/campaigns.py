"""Campaigns whose effect is known, on the receipts of a shop: who was treated and why, and what was planted.

A campaign is a window of 28 days somewhere after the first half-year; members are chosen by what they did before it; the effect is planted
into the receipts of the window, order by order, so that zeros and tails stay those of the shop: orders repeated ("more"), dropped ("less"),
or one more like one of the member's last half year ("extra"). The truth is the mean of what was planted over the treated as assigned, so it
is known to the cent. Of those who fit a rule (best, hot, quiet) half to four fifths are treated, as a shop reaches those who may be
contacted; kinds named "all of them" treat everybody who fits, as most shops do, so that no control is like the treated. Hidden kinds choose
by what members are about to spend, which no receipt of the past shows: "hidden reason" those above the mean more often (odds 3 to 1), the
others are harder on a review: a stronger one, one that the past tells nothing of, and one beside a rule that the past does show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from toolkit.models.past_covariates import PAST_SUMS, past_columns

WINDOW_DAYS = 28
RANDOM = ("random 50%", "20% holdout", "A/A")
PICKED = ("best members", "hot last month", "win-back")
EVERYBODY = ("best members, all of them", "hot last month, all of them", "win-back, all of them")
HARDER = ("a stronger hidden reason", "a hidden reason apart from the past", "picked, with a hidden reason")
KINDS = (*RANDOM, *PICKED, "hidden reason", *EVERYBODY, *HARDER)


class Receipts:
    """Orders as members x days, with running sums: any window of any member is two look-ups.

    In: one row per order: `member_code`, `day` (number, from 0), `amount` (currency units), `is_order`; `cards`, where ids matter: one row
    per member of these orders, sorted by `member_code`.
    """

    def __init__(self, orders: pl.DataFrame, cards: pl.DataFrame | None = None) -> None:
        self.cards = cards
        orders = orders.sort("member_code", "day", "amount")
        self.member = orders["member_code"].rank("dense").to_numpy().astype(np.int64) - 1
        self.day, self.amount = orders["day"].to_numpy(), orders["amount"].to_numpy()
        self.is_order = orders["is_order"].to_numpy()
        self.members, self.days = int(self.member.max()) + 1, int(self.day.max()) + 1
        spend = np.zeros((self.members, self.days + 1))
        np.add.at(spend, (self.member, self.day + 1), self.amount)
        bought = np.zeros((self.members, self.days + 1), dtype=np.int32)
        bought[self.member[self.is_order], self.day[self.is_order] + 1] = 1
        last = np.where(bought[:, 1:] > 0, np.arange(self.days), -10_000)
        self.spent, self.shopped, self.last = spend.cumsum(axis=1), bought.cumsum(axis=1), np.maximum.accumulate(last, axis=1)

    def spend(self, day: int, nearest: int, furthest: int) -> np.ndarray:
        """Return every member's spend of the days from `nearest` to `furthest` days before `day`."""
        return self.spent[:, max(day - nearest + 1, 0)] - self.spent[:, max(day - furthest, 0)]

    def past(self, day: int) -> pl.DataFrame:
        """Return PAST_SUMS of every member on the morning of `day`."""
        spans = {"spend_1_28d": (1, 28), "spend_29_56d": (29, 56), "spend_57_91d": (57, 91), "spend_92_182d": (92, 182)}
        spans["spend_183_364d"] = (183, 364)
        days = {f"days_{span}d": self.shopped[:, day] - self.shopped[:, max(day - span, 0)] for span in (28, 91, 182)}
        columns = {name: self.spend(day, *span) for name, span in spans.items()} | days | {"recency_days": day - self.last[:, day - 1]}
        return pl.DataFrame(columns).select(PAST_SUMS.names()).cast(pl.Float64)

    def orders_between(self, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Return member and amount of every order of a window, by member."""
        inside = (self.day >= first) & (self.day < end) & self.is_order
        return self.member[inside], self.amount[inside]


@dataclass(frozen=True)
class Trial:
    """A campaign whose effect is known: one element per member compared. `would`: the outcome without it; `day`: its first, from 0."""

    day: int
    orders: _Orders
    would: np.ndarray
    outcome: np.ndarray
    before: np.ndarray
    treated: np.ndarray
    past: pl.DataFrame
    truth: float
    base: float


def trial(receipts: Receipts, kind: str, rng: np.random.Generator) -> Trial:
    """Return a campaign of a kind: its day, its members and its effect drawn; see `lifted` for one of a stated effect."""
    day = int(rng.integers(183, receipts.days - WINDOW_DAYS + 1))
    chosen = np.flatnonzero(receipts.last[:, day - 1] >= day - 182)
    would = (receipts.spent[:, day + WINDOW_DAYS] - receipts.spent[:, day])[chosen]
    past = receipts.past(day)
    treated = _treated(kind, past[chosen], would, rng)
    orders = _Orders.of(receipts, day, chosen)
    added = np.zeros(chosen.size) if kind == "A/A" else orders.planted(treated, rng)
    return Trial(
        day,
        orders,
        would,
        would + added,
        receipts.spend(day, 1, WINDOW_DAYS)[chosen],
        treated,
        past_columns(past[chosen]),
        float(added[treated].mean()),
        float(would[treated].mean()),
    )


def _treated(kind: str, past: pl.DataFrame, would: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return who is treated; for `hidden reason` those who would have spent more anyway, for a reason no receipt shows."""
    count = past.height
    if kind in RANDOM:
        return rng.permutation(count) < round(count * (0.8 if kind == "20% holdout" else 0.5))
    if kind == "hidden reason":
        return rng.random(count) < np.where(would > would.mean(), 0.35, 0.15)
    if kind == "a stronger hidden reason":
        return rng.random(count) < np.where(would > would.mean(), 0.5, 0.12)
    if kind == "a hidden reason apart from the past":
        known = np.column_stack([np.ones(count), past_columns(past).to_numpy()])
        left = would - known @ np.linalg.lstsq(known, would, rcond=None)[0]
        return rng.random(count) < np.where(left > 0, 0.35, 0.15)
    if kind == "picked, with a hidden reason":
        fits = _treated(str(rng.choice(PICKED)), past, would, rng)
        return fits & (rng.random(count) < np.where(would > would[fits].mean(), 0.9, 0.5))
    fits_share, reached = rng.uniform(0.1, 0.3), 1.0 if kind in EVERYBODY else rng.uniform(0.5, 0.8)
    year = past.select(pl.sum_horizontal(pl.col("^spend_.*$"))).to_series().to_numpy()
    if kind.startswith("best"):
        fits = year >= np.quantile(year, 1 - fits_share)
    elif kind.startswith("hot"):
        fits = past["spend_1_28d"].to_numpy() >= np.quantile(past["spend_1_28d"].to_numpy(), 1 - fits_share)
    else:
        fits = past["recency_days"].to_numpy() > rng.integers(28, 57)
    return fits & (rng.random(count) < reached)


def lifted(one: Trial, size: float, rng: np.random.Generator) -> np.ndarray:
    """Return the outcome of a campaign that brought `size` of what the treated would have spent: orders of the window repeated, or orders
    like those of their last half year added, by the toss of a coin."""
    return one.would + one.orders.lift(one.treated, size, one.would, rng)


@dataclass(frozen=True)
class _Orders:
    """Orders of the members of a campaign, sorted by member: of its `window` and of the half year `before`; each is (row, amount)."""

    window: tuple[np.ndarray, np.ndarray]
    before: tuple[np.ndarray, np.ndarray]
    members: int

    @classmethod
    def of(cls, receipts: Receipts, day: int, chosen: np.ndarray) -> _Orders:
        place = np.full(receipts.members, -1)
        place[chosen] = np.arange(chosen.size)
        spans = []
        for first, end in ((day, day + WINDOW_DAYS), (day - 182, day)):
            member, amount = receipts.orders_between(first, end)
            row = place[member]
            spans.append((row[row >= 0], amount[row >= 0]))
        return cls(spans[0], spans[1], chosen.size)

    def planted(self, treated: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return what a campaign of drawn kind and size adds to (or takes from) each member's spend in the window."""
        how, size = rng.choice(["more", "less", "extra"]), rng.choice([0.05, 0.1, 0.2])
        if how != "extra":
            return self._repeated(treated, size, rng) * (1 if how == "more" else -1)
        added, (row, amount) = np.zeros(self.members), self.before
        first, end = np.searchsorted(row, np.arange(self.members)), np.searchsorted(row, np.arange(self.members), side="right")
        who = np.flatnonzero(treated & (end > first) & (rng.random(self.members) < 2 * size))
        added[who] = amount[first[who] + (rng.random(who.size) * (end - first)[who]).astype(np.int64)]
        return added

    def lift(self, treated: np.ndarray, size: float, would: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return what adds `size` of the treated members' spend to it."""
        if rng.random() < 0.5:
            return self._repeated(treated, size, rng)
        row, amount = self.before
        can = np.flatnonzero(treated[row])
        share = 1 / np.bincount(row[can], minlength=self.members)[row[can]]  # a member as often as another, however often they came
        wanted, added = size * would[treated].sum(), np.zeros(self.members)
        drawn = rng.choice(can, size=4 * can.size, p=share / share.sum())
        enough = int(np.searchsorted(amount[drawn].cumsum(), wanted)) + 1
        np.add.at(added, row[drawn[:enough]], amount[drawn[:enough]])
        return added

    def _repeated(self, treated: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
        added, (row, amount) = np.zeros(self.members), self.window
        hit = treated[row] & (rng.random(row.size) < size)
        np.add.at(added, row[hit], amount[hit])
        return added
