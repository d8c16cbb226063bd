"""A member's own past: in how many four-week windows they bought, on how many days, and what that makes likely now."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl


def own_past(days: pl.DataFrame, *, as_of: date, window_days: int, most_windows: int) -> pl.DataFrame:
    """Return how often members bought in windows before the latest one: one row per member, sorted by `member_code`.

    In: `member_code`, `day` (Date, one row per member and shopping day), `amount` (minor units). Windows of `window_days` count back from
    the one that ends at `as_of`, which is not past; only whole windows since the member's first day, at most `most_windows`.

    Out: `member_code`; `window_count`, `window_bought_count` (those with a purchase), `past_rate` (0..1, their ratio; null without a
    window); `past_days`, `past_day_count`, `past_amount` (length of the windows in days, shopping days and money in them). A member's first
    day opens the first window and always is a purchase, so it is left out: else a member of one visit had a habit.

    Example
    -------
    >>> shop = pl.DataFrame({"member_code": 1, "day": [date(2026, 1, 1), date(2026, 1, 9), date(2026, 2, 1)], "amount": 5})
    >>> own_past(shop, as_of=date(2026, 2, 4), window_days=7, most_windows=13).select("window_count", "window_bought_count").row(0)
    (3, 1)
    """
    back = (pl.lit(as_of) - pl.col("day")).dt.total_days()
    seen = days.filter(pl.col("day") <= as_of).with_columns(back.alias("back"))
    first = seen.group_by("member_code").agg(pl.col("back").max().alias("first"))
    first = first.with_columns(((pl.col("first") - window_days) // window_days).clip(0, most_windows).alias("window_count"))
    # By window first: distinct windows counted within each member cost several times as much.
    past = (
        seen.join(first, on="member_code")
        .with_columns((pl.col("back") // window_days).alias("window"))
        .filter(pl.col("window").is_between(1, pl.col("window_count")) & (pl.col("back") < pl.col("first")))
        .group_by("member_code", "window")
        .agg(pl.len().cast(pl.Int64).alias("past_day_count"), pl.col("amount").sum().alias("past_amount"))
        .group_by("member_code")
        .agg(pl.len().cast(pl.Int64).alias("window_bought_count"), pl.col("past_day_count").sum(), pl.col("past_amount").sum())
    )
    made = first.join(past, on="member_code", how="left").with_columns(
        pl.col("window_bought_count", "past_day_count", "past_amount").fill_null(0),
        (pl.col("window_count") * window_days).alias("past_days"),
    )
    rate = pl.when(pl.col("window_count") > 0).then(pl.col("window_bought_count") / pl.col("window_count"))
    return made.select(
        "member_code", "window_count", "window_bought_count", rate.alias("past_rate"), "past_days", "past_day_count", "past_amount"
    ).sort("member_code")


def shrunk_rates(past: pl.DataFrame, *, least_windows: int) -> pl.DataFrame:
    """Return `member_code` and `usual_rate` (0..1, null without a window): the past rate, shrunk to that of all members.

    In: the frame of `own_past`. Beta-binomial by moments, learned from members with `least_windows` windows: the wider members' rates are
    spread beyond what chance alone does with as many windows, the less a member's own is shrunk. Source: Kleinman, JASA 68 (1973), 46-54.

    >>> luck = pl.DataFrame({"member_code": [1, 2, 3], "window_count": 10, "window_bought_count": [1, 2, 3]})
    >>> shrunk_rates(luck, least_windows=5)["usual_rate"].round(3).to_list()
    [0.2, 0.2, 0.2]
    """
    known = past.filter(pl.col("window_count") >= least_windows)
    rates = known["window_bought_count"] / known["window_count"]
    mean, spread = float(rates.mean() or 0.0), float(rates.var() or 0.0)  # type: ignore[arg-type]
    between = spread - mean * (1 - mean) * float((1 / known["window_count"]).mean() or 0.0)  # type: ignore[arg-type]
    windows, bought = pl.col("window_count"), pl.col("window_bought_count")
    if between <= 0 or not 0 < mean < 1:
        rate = pl.lit(mean) if known.height > 1 else bought / windows
    else:
        weight = max(0.0, mean * (1 - mean) / between - 1)
        rate = (bought + weight * mean) / (windows + weight)
    return past.select("member_code", pl.when(windows > 0).then(rate).alias("usual_rate"))


def surest(doubt: pl.Series, *, most: float) -> pl.Series:
    """Return which cases to list (Boolean) so that the mean doubt of those listed is at most `most`: those of least doubt, ties alike.

    In: the probability (0..1) that a case is none, null = never listed. A limit for each case alone would make the list of a shop with many
    doubtful ones wrong as often as these are. Source: Sun and Cai, JASA 102 (2007), 901-912 (the mean local false discovery rate).

    >>> surest(pl.Series([0.4, 0.1, None, 0.1, 0.3]), most=0.2).to_list()
    [False, True, False, True, True]
    """
    by_doubt = pl.DataFrame({"doubt": doubt}).drop_nulls().group_by("doubt").len().sort("doubt")
    mean = (pl.col("doubt") * pl.col("len")).cum_sum() / pl.col("len").cum_sum()
    limit = by_doubt.filter(mean <= most)["doubt"].max()
    return (doubt <= limit).fill_null(False) if limit is not None else pl.Series([False] * len(doubt))


def day_tails(seen: np.ndarray, past_count: np.ndarray, past_days: np.ndarray, span_days: int) -> tuple[np.ndarray, np.ndarray]:
    """Return P(as few days or fewer) and P(as many or more) in a span, if the member goes on as in the past.

    The days of the span given `past_count` days in `past_days` are negative binomial: Poisson days whose rate is Gamma(past_count + 1/2,
    past_days) (Jeffreys prior). So a short past is uncertain by itself. People who shop by the clock vary less than Poisson: for them the
    tails are cautious. NaN where there is no past.

    Example
    -------
    >>> few, many = day_tails(np.array([0]), np.array([26]), np.array([364]), 91)
    >>> bool(few[0] < .01 < many[0])
    True
    """
    from scipy.special import betainc  # scipy.stats says the same and takes a second to load

    known = past_days > 0
    length = np.where(known, past_days, 1).astype(float)
    size, chance = past_count + 0.5, length / (length + span_days)
    few = np.where(known, betainc(size, seen + 1, chance), np.nan)
    many = np.where(known, np.where(seen > 0, betainc(np.maximum(seen, 1), size, 1 - chance), 1.0), np.nan)
    return few, many
