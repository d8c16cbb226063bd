"""Arms of a campaign: stratified, balanced on the scores, reproducible, and drawn so that the usual inference stays honest."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from toolkit.errors import BadValue, DataError

MOST_KEPT = 200_000
"""Members whose random bits are kept for the next draw."""
SMALL = "small segments together"
"""The stratum of segments too small to be drawn in by themselves."""
LEAST_PER_ARM = 2
"""Members of each stratum in each arm: one has no spread."""


@dataclass(frozen=True)
class Assignment:
    """Who is treated and who is control.

    `arms`: one row per member, sorted by member_id: `member_id`, `stratum`, `arm` (treated, control). `balance`: one row per score:
    `score`, `treated_mean`, `control_mean`, `standardised_difference` (treated less control, in standard deviations; null where the score
    does not vary). `draws`: how many were made until one was balanced; `balanced`: whether one was.
    """

    arms: pl.DataFrame
    balance: pl.DataFrame
    draws: int
    balanced: bool

    @property
    def largest_difference(self) -> float:
        """The largest standardised difference of any score, without its sign; 0 without scores."""
        return float(self.balance["standardised_difference"].abs().max() or 0)  # type: ignore[arg-type]


def assign(
    members: pl.DataFrame,
    *,
    control_share: float,
    seed: int,
    salt: str = "",
    strata: Sequence[str] = (),
    scores: Sequence[str] = (),
    least_per_arm: int = LEAST_PER_ARM,
    tolerance: float = 0.1,
    most_draws: int = 500,
) -> Assignment:
    """Draw the arms: in each stratum the control share at random, again and again until the arms are alike on every score.

    Parameters
    ----------
    members
        One row per member: `member_id` (text) and the columns of `strata` (any kind; null is a stratum of its own) and `scores` (numbers;
        null = not measured: being measured or not is balanced too).
    control_share
        Share of each stratum that is held out, rounded so that the whole has it as nearly as can be.
    seed, salt
        Equal seed, salt, members and scores give equal arms, whatever the order of the rows and the machine. The salt is the campaign's id,
        so that the same few are not held out of every campaign.
    least_per_arm
        Each stratum has at least this many members in each arm. A stratum whose share would be less joins the others of its kind (SMALL),
        or the largest.
    tolerance
        A draw is balanced when no score differs by more than this many standard deviations.
    most_draws
        When none of so many draws is balanced (too few members for so many scores), the one that differs least is taken.

    Raises
    ------
    BadValue
        `control_share` is not between 0 and 1.
    DataError
        Fewer members than two in each arm need, a member twice, or a score that is not a finite number.

    Notes
    -----
    Honest inference. The first balanced draw is taken, so the arms are still a random draw, restricted to the balanced ones: comparing
    means gives intervals that are, if anything, too wide, and Lin's regression on covariates that hold the scores, as a review does, gives
    intervals that are right, as if the draw had been free. With many members one of the first draws is balanced and the restriction is
    slight; `draws` says how slight. The least of many draws is only taken where there are few members.

    Source: Morgan and Rubin, Annals of Statistics 40 (2012); Li and Ding, JRSS B 82 (2020), on regression after rerandomisation.

    >>> members = pl.DataFrame({"member_id": list("abcdefghij"), "spend": [1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10]})
    >>> drawn = assign(members, control_share=0.2, seed=1, scores=["spend"])
    >>> drawn.arms.filter(pl.col("arm") == "control").height
    2
    """
    if not 0 < control_share < 1:
        raise BadValue(f"control_share is {control_share:g}; a share between 0 and 1 was needed, such as 0.2.")
    if members.height < 2 * least_per_arm:
        raise DataError(f"{members.height} members are too few for a holdout: each arm needs {least_per_arm} at least.")
    if members["member_id"].n_unique() < members.height:
        raise DataError("A member stands in the audience twice; one row per member was needed.")
    ordered = members.sort("member_id").with_columns(_stratum(strata))
    smallest = math.ceil(least_per_arm / min(control_share, 1 - control_share) - 1e-9)  # of so many the share alone is enough for each arm
    ordered = ordered.with_columns(stratum=_pooled(ordered["stratum"], smallest))
    counts = control_counts(ordered["stratum"], control_share, least_per_arm)
    values = _values(ordered, scores)
    table, measured = _with_gaps(*values)
    keys, place = _member_keys(ordered["member_id"], f"{salt}:{seed}"), ordered["stratum"].rank("dense").to_numpy().astype(np.int64)
    wanted = np.array([counts[name] for name in ordered["stratum"].unique().sort()])
    best, least, draws = np.zeros(ordered.height, dtype=bool), np.inf, 0
    for draws in range(1, max(most_draws, 1) + 1):
        control = _drawn(keys, place, wanted, draws)
        worst = _worst(table, measured, control)
        if worst < least:
            best, least = control, worst
        if worst <= tolerance:
            break
    arms = ordered.select("member_id", "stratum", arm=pl.when(pl.Series(best)).then(pl.lit("control")).otherwise(pl.lit("treated")))
    return Assignment(arms, _balance(scores, *values, best), draws, bool(least <= tolerance))


def control_counts(strata: pl.Series, control_share: float, least_per_arm: int) -> dict[str, int]:
    """Return how many members of each stratum are held out: the share, rounded by largest remainder, within what each arm needs.

    >>> control_counts(pl.Series(["a"] * 10 + ["b"] * 7), 0.25, 2)
    {'a': 2, 'b': 2}
    """
    sizes = dict(strata.value_counts().sort(strata.name).iter_rows())
    exact = {name: size * control_share for name, size in sizes.items()}
    counts = {name: int(share + 1e-9) for name, share in exact.items()}
    left = round(sum(exact.values())) - sum(counts.values())
    for name in sorted(sizes, key=lambda one: (round(counts[one] - exact[one], 9), one))[: max(left, 0)]:
        counts[name] += 1
    return {name: min(max(counts[name], least_per_arm), size - least_per_arm) for name, size in sizes.items()}


def _balance(scores: Sequence[str], table: np.ndarray, measured: np.ndarray, control: np.ndarray) -> pl.DataFrame:
    """How alike two arms are. The standardised difference is that of the means over the root of the mean of both arms' variances; nulls
    are left out.
    """
    means, spread = _arms(table, measured, control)
    rows = [
        (name, *(float(mean) if np.isfinite(mean) else None for mean in means[:, at]), _ratio(means[:, at], spread[at]))
        for at, name in enumerate(scores)
    ]
    schema = {"score": pl.String, "treated_mean": pl.Float64, "control_mean": pl.Float64, "standardised_difference": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def uniform(ids: pl.Series, salt: str) -> np.ndarray:
    """Return a number in [0, 1) for each id, by a digest of salt and id: the same for ever, and as good as drawn at random.

    >>> float(uniform(pl.Series(["anna"]), "x")[0]) == float(uniform(pl.Series(["ben", "anna"]), "x")[1])
    True
    """
    return (_member_keys(ids, salt) >> np.uint64(11)).astype(np.float64) / 2**53


def _stratum(strata: Sequence[str]) -> pl.Expr:
    if not strata:
        return pl.lit("all").alias("stratum")
    return pl.concat_str([pl.col(name).cast(pl.String).fill_null("not measured") for name in strata], separator=" / ").alias("stratum")


def _pooled(strata: pl.Series, smallest: int) -> pl.Series:
    """Join strata of fewer than `smallest` members; where they are too few even together, they join the largest one."""
    sizes = strata.value_counts().sort(["count", strata.name], descending=[True, False])
    small = sizes.filter(pl.col("count") < smallest)
    if small.is_empty():
        return strata
    into = SMALL if int(small["count"].sum()) >= smallest or small.height == sizes.height else str(sizes[strata.name][0])
    return strata.replace(small[strata.name], [into] * small.height)


def _values(members: pl.DataFrame, scores: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores, one column each, and where they were measured."""
    if not scores:
        return np.empty((members.height, 0)), np.empty((members.height, 0), dtype=bool)
    columns = members.select(pl.col(scores).cast(pl.Float64))
    table, measured = columns.select(pl.all().fill_null(0)).to_numpy(), columns.select(pl.all().is_not_null()).to_numpy()
    for at in np.flatnonzero(~np.isfinite(table).all(axis=0)):
        raise DataError(f"Score '{scores[int(at)]}' has values that are not finite numbers; null was needed where it is not measured.")
    return table, measured


def _with_gaps(table: np.ndarray, measured: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Add a column for whether a score was measured, where some members' was not."""
    some = ~measured.all(axis=0) & measured.any(axis=0)
    return np.column_stack([table, measured[:, some]]), np.column_stack([measured, np.ones((len(table), int(some.sum())), dtype=bool)])


def _arms(table: np.ndarray, measured: np.ndarray, control: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return per column the means of treated and control (nan where nobody was measured), and the root of the mean of their variances."""
    means, variances = np.full((2, table.shape[1]), np.nan), np.zeros((2, table.shape[1]))
    for row, arm in enumerate((~control, control)):
        count = measured[arm].sum(axis=0)
        there = count > 0
        means[row, there] = table[arm].sum(axis=0)[there] / count[there]
        squares = (np.where(measured[arm], table[arm] - np.where(there, means[row], 0), 0) ** 2).sum(axis=0)
        variances[row] = squares / np.maximum(count - 1, 1)
    return means, np.sqrt(variances.mean(axis=0))


def _ratio(means: np.ndarray, spread: float) -> float | None:
    return float((means[0] - means[1]) / spread) if spread > 0 and np.isfinite(means).all() else None


def _worst(table: np.ndarray, measured: np.ndarray, control: np.ndarray) -> float:
    """Return the largest standardised difference of any column, without its sign."""
    means, spread = _arms(table, measured, control)
    return max((abs(_ratio(means[:, at], spread[at]) or 0.0) for at in range(table.shape[1])), default=0.0)


def _member_keys(ids: pl.Series, salt: str) -> np.ndarray:
    """Return 64 random-looking bits a member; those of the last few members asked for are kept, since a plan draws them again and again."""
    names = ids.cast(pl.String).to_list()
    return _kept_keys(tuple(names), salt) if len(names) <= MOST_KEPT else _keys(names, salt)


@lru_cache(maxsize=1)
def _kept_keys(ids: tuple[str, ...], salt: str) -> np.ndarray:
    return _keys(ids, salt)


def _keys(ids: Sequence[str], salt: str) -> np.ndarray:
    keyed = hashlib.blake2b(digest_size=8, key=hashlib.blake2b(salt.encode(), digest_size=8).digest())

    def bits(member_id: str) -> bytes:
        own = keyed.copy()  # half the time of a new one with the key
        own.update(member_id.encode())
        return own.digest()

    keys = np.frombuffer(b"".join(map(bits, ids)), dtype="<u8").astype(np.uint64)
    keys.flags.writeable = False  # it is kept
    return keys


def _drawn(keys: np.ndarray, place: np.ndarray, wanted: np.ndarray, draw: int) -> np.ndarray:
    """Return who is control in draw number `draw`: of each stratum (1, 2, ...) the `wanted` members whose mixed key is smallest."""
    mixed = _mixed(keys + np.uint64((draw * 0x9E3779B97F4A7C15) % 2**64))
    order = np.lexsort((np.arange(keys.size), mixed, place))  # equal keys: the smaller id first, since members are sorted by id
    first = np.searchsorted(place[order], place[order], side="left")
    control = np.zeros(keys.size, dtype=bool)
    control[order] = np.arange(keys.size) - first < wanted[place[order] - 1]
    return control


def _mixed(keys: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    mixed = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
