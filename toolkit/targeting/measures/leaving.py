"""Why members did not come again, of the whole chain: made once and kept beside the mart, for the questions that tell it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from toolkit.models.leaving import PRIOR, Goods, shared_out, why_left
from toolkit.models.levels import level_factors, levels_of
from toolkit.scope.phrases import spoken
from toolkit.scope.view import View
from toolkit.targeting.measures.asked import Asks, asks_of
from toolkit.targeting.measures.last_baskets import (
    BEFORE,
    CODES,
    ELSEWHERE,
    Window,
    basket_goods,
    codes_of,
    last_baskets,
    window_of,
)  # fmt: skip
from toolkit.targeting.measures.touched import GOODS, touches

LEAST_LOST = 50
"""Fewer losses than this in the whole chain: no cause could be told."""
TOUCHED, PART = "touched_", "part_"


@dataclass(frozen=True)
class WhyLeft:
    """What was found for the chain.

    `baskets`: one row per basket of the window: `member_code`, `day`, `store_code`, `lost`, `at_stake`, `usual_before` (chance of a loss a
    year before; null where not known), the codes of `ELSEWHERE`, `untouched`, `touched_CAUSE` by cause measured, `part_none` and
    `part_CAUSE` by cause found (of a loss: what part of it each has), `unasked` (nobody asked its member until they came or were lost;
    null = no campaign is known), `spared` (lost, less the parts of nobody asked and no offer that fits). `causes`: one row per cause
    measured: `cause`, `basket_count`,
    `lost_count`, `expected`, `ratio`, `low`, `high`, `told`. `goods`: the same of goods found, by `product_code`, with `last_share` and
    `earlier_share` (of the members lost with earlier baskets: who had it in the last, and the mean share of the earlier ones that held it).
    """

    window: Window
    baskets: pl.DataFrame
    causes: pl.DataFrame
    goods: pl.DataFrame
    missing: dict[str, str]
    tested: int
    unsure: int

    @property
    def found(self) -> list[str]:
        """Causes with a part of their own, goods by `GOODS`."""
        return [name.removeprefix(PART) for name in self.baskets.columns if name.startswith(PART) and name != f"{PART}none"]


def why_left_of(view: View) -> WhyLeft | None:
    """Return what was found for the chain of a view; None where the lapsed limit is not known or too few were lost to tell."""
    chain = view.chain
    window = window_of(chain)
    if window is None:
        return None
    families = ("leaving", "lifecycle", "calendar", "offers")
    frames = {name: chain.chainwide(spoken(f"leaving_{name}"), lambda one, name=name: _made(one)[name], *families) for name in _FRAMES}
    told = json.loads(frames["told"]["told"][0])
    if frames["baskets"]["lost"].sum() < LEAST_LOST:
        return None
    return WhyLeft(window, frames["baskets"], frames["causes"], frames["goods"], told["missing"], told["tested"], told["unsure"])


_FRAMES = ("baskets", "causes", "goods", "told")


def _made(chain: View) -> dict[str, pl.DataFrame]:
    return chain.remembered(("leaving",), lambda: _measured(chain))


def _measured(chain: View) -> dict[str, pl.DataFrame]:
    window, settings = window_of(chain), chain.settings.leaving
    assert window is not None
    baskets = last_baskets(chain, window)
    if baskets.filter("in_window")["lost"].sum() < LEAST_LOST:
        nothing = {"missing": {}, "tested": 0, "unsure": 0}
        empty = dict.fromkeys(_FRAMES, baskets.clear())
        return empty | {"told": pl.DataFrame({"told": [json.dumps(nothing)]})}
    touched, missing, base = touches(chain, window, baskets)
    goods, dear = basket_goods(chain, baskets)
    codes = codes_of(baskets, goods, dear)
    now = baskets["in_window"].to_numpy()
    lost = baskets["lost"].to_numpy().astype(float)
    held = goods.of(now)
    place = np.cumsum(now) - 1
    of_now = Goods(place[held.row], held.good, held.count)
    found = why_left(
        lost[now], _codes(codes.filter(now), CODES), {name: flags[now] for name, flags in touched.items()}, of_now,
        baskets["again"].to_numpy()[now], base=base[now], false_share=settings.false_share, least=max(settings.least_baskets, chain.least),
        least_ratio=settings.least_ratio,
    )  # fmt: skip
    told = baskets.filter(now).select("member_code", "day", "store_code", "lost", "at_stake")
    parts = shared_out(found.expected, list(found.added.values()))
    named = ["none", *found.added]
    with_goods = np.bincount(goods.row[np.isin(goods.good, list(found.goods))], minlength=len(lost)) > 0
    touched_any = np.any([with_goods, *(touched[name] for name in found.added if name != GOODS)], axis=0)
    asks = asks_of(chain, window, baskets)
    called, spared = asks.found(settings.ask_chance, settings.least_ratio), lost.copy()
    for name in called:
        spared = spared * (1 - asks.tests[name].part * asks.touched[name])
    before = _before(baskets, codes, spared, ~now & ~touched_any, window)
    table = told.with_columns(
        pl.lit(None, pl.Float64).alias("usual_before") if before is None else pl.Series("usual_before", before),
        *(codes.filter(now)[name] for name in ELSEWHERE),
        pl.Series("untouched", ~touched_any[now]),
        *(pl.Series(f"{TOUCHED}{name}", flags[now]) for name, flags in (touched | {GOODS: with_goods}).items()),
        *(pl.Series(f"{PART}{name}", parts[:, column]) for column, name in enumerate(named)),
    )
    table = _with_asks(table, asks, called, now, spared[now])
    missing |= asks.missing
    causes = pl.DataFrame(
        [{"cause": name, **asdict(test)} for name, test in found.causes.items()], schema={"cause": pl.String, **_TEST}
    ).fill_nan(None)
    causes = pl.concat([causes, _ask_causes(asks, called)])
    rows = [{"product_code": good, **asdict(test)} for good, test in found.goods.items()]
    of_goods = pl.DataFrame(rows, schema={"product_code": pl.UInt32, **_TEST})
    said = json.dumps({"missing": missing, "tested": found.tested, "unsure": found.unsure})
    return {
        "baskets": table,
        "causes": causes,
        "goods": _with_own_past(of_goods, baskets.filter(now), of_now),
        "told": pl.DataFrame({"told": [said]}),
    }


def _with_asks(table: pl.DataFrame, asks: Asks, found: list[str], now: np.ndarray, spared: np.ndarray) -> pl.DataFrame:
    """The baskets with what campaigns tell: of a loss whose member was held out (or offered what does not fit) such a part is due to it.

    What the other causes share is what is left of the loss, in the same proportions. `spared` are losses less such parts: what is usual
    without.
    """
    told = table.with_columns(
        asks.unasked.filter(pl.Series(now)),
        pl.Series("spared", spared),
        *(pl.Series(f"{TOUCHED}{name}", flags[now]) for name, flags in asks.touched.items()),
    )
    for name in found:
        part = pl.when(f"{TOUCHED}{name}").then(asks.tests[name].part).otherwise(0.0)
        others = [column for column in told.columns if column.startswith(PART)]
        told = told.with_columns(pl.col(others) * (1 - part), part.alias(f"{PART}{name}"))
    return told


def _ask_causes(asks: Asks, found: list[str]) -> pl.DataFrame:
    rows = [
        (name, test.basket_count, test.lost_count, test.expected, test.ratio, test.low, test.high, name in found)
        for name, test in asks.tests.items()
    ]
    return pl.DataFrame(rows, schema={"cause": pl.String, **_TEST}, orient="row").with_columns(
        pl.when(pl.col(column).is_finite()).then(column).alias(column) for column in ("ratio", "low", "high")
    )


_TEST = {
    "basket_count": pl.Int64,
    "lost_count": pl.Int64,
    "expected": pl.Float64,
    "ratio": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "told": pl.Boolean,
}


def _codes(codes: pl.DataFrame, names: tuple[str, ...]) -> list[np.ndarray]:
    return [codes[name].to_numpy().astype(np.int64) for name in names]


def _before(baskets: pl.DataFrame, codes: pl.DataFrame, lost: np.ndarray, learn: np.ndarray, window: Window) -> np.ndarray | None:
    """The chance of a loss of each basket of the window, as it was a year before without the causes found; None where not known."""
    now = baskets["in_window"].to_numpy()
    if window.before is None or lost[learn].sum() < LEAST_LOST:
        return None
    return usual(lost[learn], _codes(codes.filter(learn), BEFORE), _codes(codes.filter(now), BEFORE))


def usual(lost: np.ndarray, learned_from: list[np.ndarray], codes: list[np.ndarray]) -> np.ndarray:
    """Return the chance of a loss of baskets with these codes, learned from others."""
    mean = float(lost.mean())
    return np.minimum(mean * levels_of(level_factors(lost / mean, learned_from, prior=PRIOR / mean), codes), 1.0)


def elsewhere(others: pl.DataFrame, here: pl.DataFrame) -> np.ndarray | None:
    """Return the chance of a loss of each basket here as it is in other stores, without the causes found; None where few were lost."""
    free = others.filter("untouched")
    if free["lost"].sum() < LEAST_LOST:
        return None
    return usual(free["spared"].to_numpy(), _codes(free, ELSEWHERE), _codes(here, ELSEWHERE))


def _with_own_past(tests: pl.DataFrame, baskets: pl.DataFrame, goods: Goods) -> pl.DataFrame:
    """The goods found with how often they were in last baskets, and in earlier ones of the same members."""
    lost = baskets.select("member_code", pl.col("day").alias("lost_on"), "lost").filter("lost").drop("lost")
    rows = baskets.select("member_code", "day").with_row_index("row").join(lost, on="member_code")
    earlier, last = rows.filter(pl.col("day") < pl.col("lost_on")), rows.filter(pl.col("day") == pl.col("lost_on"))
    last = last.join(earlier, on="member_code", how="semi")
    shares = []
    for good in tests["product_code"]:
        held = pl.Series("held", goods.held(good, baskets.height))
        own = earlier.with_columns(held.gather(earlier["row"])).group_by("member_code").agg(pl.col("held").mean())
        shares.append((held.gather(last["row"]).mean(), own["held"].mean()))
    return tests.with_columns(
        pl.Series("last_share", [one[0] for one in shares], dtype=pl.Float64),
        pl.Series("earlier_share", [one[1] for one in shares], dtype=pl.Float64),
    )
