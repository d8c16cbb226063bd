"""A randomisation that is only claimed, tested: what the arms can be told from although chance is said to have decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from toolkit.language import later, tr
from toolkit.models.randomisation_checks import arms_differ, groups_differ
from toolkit.scope.view import View

PAST = later("what members did before")
_STORE, _DIGIT, _TENS = later("the home store"), later("the last digit of the member id"), later("the last digit but one of the member id")
_EVERY, _ORDER, _JOINED = (
    later("the count along the member ids"),
    later("the order of the member ids"),
    later("the day of joining or of the first order"),
)
_TURNS = (2, 3, 4, 5, 6, 7, 8, 9, 10)
"""Arms dealt out in turn along the ids: every second, third, ... member."""


@dataclass(frozen=True)
class Trace:
    """What the arms can be told from (`feature`), how likely chance alone does that, and the group that shows it best: its name, its
    number of members and the share of it that was treated (no name where no group can be named)."""

    feature: str
    p_value: float
    group: str = ""
    count: int = 0
    treated_share: float = 0.0

    @property
    def name(self) -> str:
        """The feature in a sentence."""
        return tr(self.feature)


def traces_of(members: pl.DataFrame, past: np.ndarray, *, limit: float) -> tuple[Trace, ...]:
    """Return what the arms of a claimed randomisation can be told from, the surest first; nothing where chance may well have decided.

    In: one row per member with `member_id`, `treated`, `home_store`, `joined_on` (nulls allowed); `past` of the same rows. Looked at: the
    past (all columns at once, Hotelling), the home store, the last two digits of the id, its place in the order of ids (tenths, and every
    second to tenth), the day of joining (tenths). The past may be `limit` unlikely; the others share another `limit` among them
    (Bonferroni), so that of a thousand true randomisations about two are refused at .001.

    Source: Hansen and Bowers, Statistical Science 23 (2008), for the past; Pearson's chi squared for groups.
    """
    treated = members["treated"].to_numpy()
    of_past = arms_differ(past, treated)
    found = [Trace(PAST, of_past)] if of_past < limit else []
    tried = [
        (feature, names, shares) for feature, codes, names in _groups(members) if (shares := groups_differ(codes, treated)) is not None
    ]
    for feature, names, shares in tried:
        if shares.p_value * len(tried) < limit and all(trace.feature != feature for trace in found):
            group = names[shares.code] if names and shares.code >= 0 else ""
            found.append(Trace(feature, shares.p_value * len(tried), group, shares.count, shares.treated_share))
    return tuple(sorted(found, key=lambda trace: trace.p_value))


def joined_on(view: View, members: pl.DataFrame, start: date) -> pl.Series:
    """Return the day each member joined, as the card file says; where it does not, the day of the first order before `start`."""
    cards = view.workspace.table("members")
    first = (
        view.mart.orders.filter("is_order", pl.col("member_code").is_not_null(), pl.col("ordered_at").dt.date() < start)
        .group_by("member_code")
        .agg(pl.col("ordered_at").min().dt.date().alias("first_on"))
        .collect()
    )
    known = members.select("member_id", "member_code").join(first, on="member_code", how="left", maintain_order="left")
    if cards is None or "joined_on" not in cards.collect_schema():
        return known["first_on"].alias("joined_on")
    cards_of = cards.select("member_id", "joined_on").unique("member_id").collect()
    return known.join(cards_of, on="member_id", how="left", maintain_order="left").select(pl.coalesce("joined_on", "first_on")).to_series()


def _groups(members: pl.DataFrame) -> Iterator[tuple[str, np.ndarray, list[str]]]:
    """Every way to part the members that chance does not know of: feature, a group's number for each member, the groups' names."""
    stores = members["home_store"].fill_null("")
    names = stores.unique().sort().to_list()
    yield _STORE, stores.replace_strict(names, list(range(len(names))), return_dtype=pl.Int64).to_numpy(), names
    number = members["member_id"].str.extract(r"(\d{1,15})$").cast(pl.Int64)
    if not number.null_count():
        digits = [str(digit) for digit in range(10)]
        yield _DIGIT, (number % 10).to_numpy(), digits
        yield _TENS, (number // 10 % 10).to_numpy(), digits
    place = (members["member_id"] if number.null_count() else number).rank("dense").cast(pl.Int64).to_numpy() - 1
    yield _ORDER, place * 10 // (int(place.max(initial=0)) + 1), []
    for turns in _TURNS:
        yield _EVERY, place % turns, []
    day = members["joined_on"]
    if day.n_unique() > 1:
        rank = day.rank("average").fill_null(0.0).to_numpy()
        yield _JOINED, np.where(rank > 0, 1 + (rank - 1) * 10 // max(day.count(), 1), 0).astype(np.int64), []
