"""Which option (a store, a weekday, a category, ...) a member chooses more than chance: favourites with a bound on false ones."""

from __future__ import annotations

import numpy as np
import polars as pl

CONCENTRATIONS = (0.25, 1.0, 4.0, 16.0, 64.0)
"""How close to the shop's shares members with habits of their own lie: few (each has one option) to many (nearly as everybody)."""
_NULL_PENALTY = 10.0
_MOST_FITTED = 20_000
_ROUNDS = 200
_LOOKS = 3
_DOUBT = 0.05
"""A doubt of at most this is a favourite where shares are averaged over those without one."""


def favourite_options(choices: pl.DataFrame) -> pl.DataFrame:
    """Return the favourite of each member, one row per member who has one.

    In: `member_code`, `option` (any code), `count` (how often the member chose it: days, so that a day's two receipts are one choice) and
    `most_by` (what makes one option the most: orders, or spend), one row per member and option. Out, sorted by member: `member_code`,
    `option`, `doubt` (0..1: a favourite where at most .05). None of a member with two options equal in `most_by`: nothing tells which.

    Chance is the member who chooses as everybody does, with the shares p that members have on average: against equal shares, a shop with
    a busy Saturday would find a Saturday habit in each of its members. Those who have a favourite are left out of the average and all
    are looked at again, while they are at most half: else their one store makes the others' seem more than chance. The doubt is the
    smaller of two.

    - P(X >= count) / p with X ~ Binomial(n, p): of members who choose at random at most 5% get a favourite, whatever n and p, since
      levels of 5% * p add up to 5% over the options (weighted Bonferroni).
    - The local false sign rate. A member's own shares are p (the spike) or Dirichlet(a * p) for some a of CONCENTRATIONS; how many
      members are which is learnt from all (at most 20,000, evenly spaced), with a penalty that overstates the spike. Where hardly
      anybody mixes stores, five orders at the main one are a habit though most orders of the shop are made there: no test of one
      member can tell that. Where all choose at random, the spike takes them all.

    Source: Genovese, Roeder and Wasserman, Biometrika 93 (2006), 509-524 (weights); Stephens, False discovery rates: a new deal,
    Biostatistics 18 (2017), 275-294 (spike and grid, penalised weights, local false sign rate).
    """
    schema = {"member_code": choices.schema["member_code"], "option": choices.schema["option"], "doubt": pl.Float64}
    rows = choices.filter(pl.col("count") > 0).sort("member_code", "option")
    if rows["option"].n_unique() < 2:  # where there is no choice there is no favourite
        return pl.DataFrame(schema=schema)
    rows = rows.with_columns(
        pl.col("count").cast(pl.Int64),
        pl.col("count").cast(pl.Int64).sum().over("member_code").alias("whole"),
        (pl.col("most_by") == pl.col("most_by").max().over("member_code")).alias("is_most"),
    )
    named = pl.DataFrame(schema=schema)
    for _ in range(_LOOKS):
        others = rows.join(named.filter(pl.col("doubt") <= _DOUBT), on="member_code", how="anti")
        if others["member_code"].n_unique() < rows["member_code"].n_unique() / 2:
            break
        named = _doubted(rows, _shares(others, rows))
    return named


def _shares(others: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The mean share of each option among the members given; half a choice more of each, so that none is 0."""
    mean = (pl.col("count") / pl.col("whole")).sort().sum()
    known = rows.select("option").unique().join(others.group_by("option").agg(mean.alias("share")), on="option", how="left").sort("option")
    return known.with_columns((pl.col("share").fill_null(0) + 0.5 / pl.len()) / (pl.col("share").sum() + 0.5))


def _doubted(rows: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """What `favourite_options` returns, where chance has these shares."""
    from scipy.special import betainc

    rows = rows.join(shares, on="option", maintain_order="left")
    starts = np.flatnonzero(np.diff(rows["member_code"].to_numpy(), prepend=-1))
    likelihood = _likelihoods(rows, starts)
    several = rows["whole"].to_numpy()[starts] > 1  # one choice tells nothing of a habit
    belongs = likelihood * _weights(likelihood[several])
    belongs /= belongs.sum(axis=1, keepdims=True)
    member = np.repeat(np.arange(starts.size), np.diff(starts, append=rows.height))
    most = rows.with_columns(pl.Series("member", member)).filter("is_most").filter(pl.len().over("member_code") == 1)
    count, whole, share = (most[name].to_numpy() for name in ("count", "whole", "share"))
    belongs = belongs[most["member"].to_numpy()]
    doubt = belongs[:, 0].copy()
    for column, pull in enumerate(CONCENTRATIONS, start=1):
        doubt += belongs[:, column] * betainc(pull * share + count, pull * (1 - share) + whole - count, share)
    alone = betainc(count, whole - count + 1, share) / share
    return most.select("member_code", "option", pl.Series("doubt", np.minimum(doubt, alone).round(9)))


def _likelihoods(rows: pl.DataFrame, starts: np.ndarray) -> np.ndarray:
    """Members x (spike, each concentration): how likely the member's choices are, each row over its largest."""
    from scipy.special import gammaln

    cells = rows.select("share", "count").unique().sort("share", "count")  # a few thousand, whatever the number of members
    cell = rows.select("share", "count").join(cells.with_row_index("cell"), on=["share", "count"], maintain_order="left")["cell"].to_numpy()
    share, count = cells["share"].to_numpy(), cells["count"].to_numpy()
    whole = rows["whole"].to_numpy()[starts]
    logs = [np.add.reduceat((count * np.log(share))[cell], starts)]
    for pull in CONCENTRATIONS:
        rising = gammaln(pull * share + count) - gammaln(pull * share)
        logs.append(np.add.reduceat(rising[cell], starts) - gammaln(pull + whole) + gammaln(pull))
    log = np.stack(logs, axis=1)
    return np.exp(log - log.max(axis=1, keepdims=True))


def _weights(likelihood: np.ndarray) -> np.ndarray:
    """The share of members of each kind, by EM; the spike is given _NULL_PENALTY members more than it has."""
    fitted = likelihood[:: -(-likelihood.shape[0] // _MOST_FITTED)]
    kinds = likelihood.shape[1]
    weights = np.full(kinds, 1 / kinds)
    for _ in range(_ROUNDS):
        belongs = fitted * weights
        counts = (belongs / belongs.sum(axis=1, keepdims=True)).sum(axis=0)
        counts[0] += _NULL_PENALTY
        weights = counts / counts.sum()
    return weights
