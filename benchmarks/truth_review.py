"""Measure the bars of DEFINITIONS.md section 4 and print them: campaigns with planted effects on real and simulated receipts.

    python benchmarks/truth_review.py                   300 campaigns of each kind on each shop
    python benchmarks/truth_review.py --campaigns 40    fewer

Receipts: the Complete Journey, and a simulated shop whose own campaigns do nothing. A campaign is a window of 28 days somewhere after the
first half-year; members are chosen by what they did before it; the effect is planted into the receipts of the window, order by order, so
that zeros and tails stay those of the shop: orders repeated ("more"), dropped ("less"), or one more like one of the member's last half
year ("extra"). The truth is the mean of what was planted over the treated as assigned, so it is known to the cent. Of those who fit
a rule (best, hot, quiet) half to four fifths are treated, as a shop reaches those who may be contacted; kinds named "all of them" treat
everybody who fits, so that no control is like the treated: for the record, since no bar can be met by right there.

Exit code 1 if a bar fails.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl

from toolkit.models.entropy_balancing import balanced_effect
from toolkit.models.lin import Effect, lin_effect
from toolkit.models.naive_effects import before_after, difference_in_differences, naive_difference
from toolkit.models.past_columns import PAST_SUMS, past_columns

WINDOW_DAYS = 28
RANDOM = ("random 50%", "20% holdout", "A/A")
PICKED = ("best members", "hot last month", "win-back")
RECORD = ("best members, all of them", "hot last month, all of them", "win-back, all of them")
KINDS = (*RANDOM, *PICKED, "hidden reason", *RECORD)
ESTIMATORS = ("lin", "entropy balancing", "naive difference", "before/after", "DiD")


class Receipts:
    """Orders as members x days, with running sums: any window of any member is two look-ups.

    In: one row per order: `member_code`, `day` (number, from 0), `amount` (currency units), `is_order`.
    """

    def __init__(self, orders: pl.DataFrame) -> None:
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
    """A campaign whose effect is known: one element per member compared."""

    outcome: np.ndarray
    before: np.ndarray
    treated: np.ndarray
    past: np.ndarray
    truth: float
    base: float


def trial(receipts: Receipts, kind: str, rng: np.random.Generator) -> Trial:
    """Return a campaign of a kind: its day, its members and its effect drawn."""
    day = int(rng.integers(183, receipts.days - WINDOW_DAYS + 1))
    chosen = np.flatnonzero(receipts.last[:, day - 1] >= day - 182)
    would = (receipts.spent[:, day + WINDOW_DAYS] - receipts.spent[:, day])[chosen]
    past = receipts.past(day)
    treated = _treated(kind, past[chosen], would, rng)
    added = np.zeros(chosen.size) if kind == "A/A" else _planted(receipts, day, chosen, treated, rng)
    return Trial(
        would + added,
        receipts.spend(day, 1, WINDOW_DAYS)[chosen],
        treated,
        past_columns(past[chosen]).to_numpy(),
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
    fits_share, reached = rng.uniform(0.1, 0.3), 1.0 if kind in RECORD else rng.uniform(0.5, 0.8)
    year = past.select(pl.sum_horizontal(pl.col("^spend_.*$"))).to_series().to_numpy()
    if kind.startswith("best"):
        fits = year >= np.quantile(year, 1 - fits_share)
    elif kind.startswith("hot"):
        fits = past["spend_1_28d"].to_numpy() >= np.quantile(past["spend_1_28d"].to_numpy(), 1 - fits_share)
    else:
        fits = past["recency_days"].to_numpy() > rng.integers(28, 57)
    return fits & (rng.random(count) < reached)


def _planted(receipts: Receipts, day: int, chosen: np.ndarray, treated: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return what the campaign adds to (or takes from) each member's spend in the window."""
    place = np.full(receipts.members, -1)
    place[chosen] = np.arange(chosen.size)
    how, size = rng.choice(["more", "less", "extra"]), rng.choice([0.05, 0.1, 0.2])
    added = np.zeros(chosen.size)
    member, amount = receipts.orders_between(*((day - 182, day) if how == "extra" else (day, day + WINDOW_DAYS)))
    row = place[member]
    row, amount = row[row >= 0], amount[row >= 0]
    if how != "extra":
        hit = treated[row] & (rng.random(row.size) < size)
        np.add.at(added, row[hit], amount[hit] if how == "more" else -amount[hit])
        return added
    first, end = np.searchsorted(row, np.arange(chosen.size)), np.searchsorted(row, np.arange(chosen.size), side="right")
    who = np.flatnonzero(treated & (end > first) & (rng.random(chosen.size) < 2 * size))
    added[who] = amount[first[who] + (rng.random(who.size) * (end - first)[who]).astype(np.int64)]
    return added


def estimates(one: Trial) -> dict[str, Effect]:
    """Return every estimator's effect of a campaign."""
    return {
        "lin": lin_effect(one.outcome, one.treated, one.past),
        "entropy balancing": balanced_effect(one.outcome, one.treated, one.past),
        "naive difference": naive_difference(one.outcome, one.treated),
        "before/after": before_after(one.outcome, one.before, one.treated),
        "DiD": difference_in_differences(one.outcome, one.before, one.treated),
    }


@dataclass(frozen=True)
class Found:
    """How an estimator did in campaigns of one kind; shares of all measured ones, bias and RMSE as shares of the mean base."""

    measured: float
    cover: float
    bias: float
    rmse: float
    effect_found: float
    word_proven: float
    word_likely: float
    base: float


def run_kind(receipts: Receipts, kind: str, campaigns: int, seed: int) -> dict[str, Found]:
    """Return what each estimator found in as many campaigns of a kind."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    rows: dict[str, list[tuple[float, ...]]] = {name: [] for name in ESTIMATORS}
    bases = []
    for _ in range(campaigns):
        one = trial(receipts, kind, rng)
        bases.append(one.base)
        for name, effect in estimates(one).items():
            if effect.estimate is None or effect.low is None or effect.high is None:
                continue
            word = _word(effect, kind in RANDOM)
            held = effect.low <= one.truth <= effect.high
            excludes_zero = effect.low > 0 or effect.high < 0
            rows[name].append((effect.estimate - one.truth, held, excludes_zero, word == "proven", word == "likely"))
    base = float(np.mean(bases))
    found = {}
    for name, values in rows.items():
        table = np.array(values, dtype=np.float64).reshape(-1, 5)
        error, mean = table[:, 0], table.mean(axis=0) if len(table) else np.full(5, np.nan)
        rmse = float(np.sqrt((error**2).mean())) / base if len(table) else np.nan
        found[name] = Found(len(table) / campaigns, mean[1], mean[0] / base, rmse, mean[2], mean[3], mean[4], base)
    return found


def _word(effect: Effect, randomised: bool) -> str:
    """The word a page may use of an effect whose checks all pass."""
    from toolkit.review.headline import claim_of
    from toolkit.settings import Settings

    case = SimpleNamespace(is_randomised=randomised, view=SimpleNamespace(settings=Settings()), control="own" if randomised else "others")
    return claim_of(case, effect, []).word  # type: ignore[arg-type]


def verdicts(kind: str, found: Found) -> list[tuple[str, float, float, float]]:
    """Return the bars of a kind: (what, measured, least, most)."""
    if kind == "A/A":
        return [("false positives", found.effect_found, 0.02, 0.08)]
    if kind in (*RANDOM, *PICKED):
        return [("cover", found.cover, 0.92, 0.98), ("bias", found.bias, -0.02, 0.02)]
    return [("proven", found.word_proven, 0.0, 0.0)] if kind == "hidden reason" else []


def shops(folder: Path) -> Iterator[tuple[str, Receipts]]:
    """Yield the Complete Journey and a simulated shop whose own campaigns did nothing."""
    from toolkit.importing import import_receipts
    from toolkit.sources.simulated import simulated_shop

    import_receipts("complete-journey", folder / "journey")
    yield "Complete Journey", receipts_of(folder / "journey")
    simulated_shop(folder / "shop", members=4000, years=2, seed=7, effect_scale=0)
    import_receipts(folder / "shop" / "mapping.toml", folder / "simulated")
    yield "simulated shop", receipts_of(folder / "simulated")


def receipts_of(workspace: Path) -> Receipts:
    """Return the members' orders of a workspace."""
    from toolkit.mart.view import open_view
    from toolkit.workspace import Workspace

    view = open_view(Workspace(workspace))
    day = (pl.col("ordered_at").dt.date() - pl.lit(view.first_day)).dt.total_days().alias("day")
    known = view.orders.filter(pl.col("member_code").is_not_null())
    return Receipts(known.select("member_code", day, view.major("amount").alias("amount"), "is_order").collect())


def report(receipts: Receipts, shop: str, campaigns: int, seed: int = 1) -> int:
    """Print every kind on a shop, a line an estimator, and return how many bars are missed."""
    missed = 0
    for kind in KINDS:
        found = run_kind(receipts, kind, -(-campaigns // 5) if kind in RECORD else campaigns, seed)
        judged = verdicts(kind, found["lin"])
        fails = [name for name, value, least, most in judged if not least <= value <= most]
        missed += len(fails)
        verdict = f"FAIL: {', '.join(fails)}" if fails else "PASS" if judged else "(for the record)"
        print(f"\n{shop}, {kind}, base {found['lin'].base:.1f} a member  {verdict}")
        print(f"  {'':18}{'measured':>9}{'cover':>8}{'bias':>8}{'RMSE':>8}{'not 0':>8}{'proven':>8}{'likely':>8}")
        for name, one in found.items():
            words = f"{one.word_proven:8.1%}{one.word_likely:8.1%}" if name == "lin" else ""
            print(f"  {name:18}{one.measured:9.1%}{one.cover:8.1%}{one.bias:8.1%}{one.rmse:8.1%}{one.effect_found:8.1%}{words}", flush=True)
    return missed


def main() -> int:
    """Print every figure beside its bar; 1 if one is missed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--campaigns", type=int, default=300)
    asked = parser.parse_args()
    missed, started = 0, time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for shop, receipts in shops(Path(folder)):
            missed += report(receipts, shop, asked.campaigns)
    print(f"\n{missed} bars missed; {time.perf_counter() - started:.0f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
