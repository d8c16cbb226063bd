"""Which members with a reason a guide gets: as many places each, some held out by chance; members of nobody and of who left shared out."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from toolkit.errors import WorkspaceError
from toolkit.language import tr
from toolkit.ledger.global_control import read_global_control
from toolkit.ledger.guide_lists import LISTED, list_folder, lists_between, read_lists
from toolkit.ledger.history import busy, contacted
from toolkit.models.assignment import uniform
from toolkit.scope.view import View
from toolkit.targeting.measures.books import Books
from toolkit.targeting.measures.task_reasons import task_reasons

WINDOW_DAYS = 14
"""Days of a list: within them nobody on it, or held out of it, gets another task; after them it is judged."""


@dataclass(frozen=True)
class Day:
    """The lists of a day: `tasks` (schema LISTED), `left_alone` members
    with a reason who may not be spoken to now, `homeless` with a reason in a store without a guide, whether they are `frozen`."""

    tasks: pl.DataFrame
    left_alone: int
    homeless: int
    frozen: bool


def lists_of(view: View, found: Books, day: date, *, per_day: int, held_share: float, seed: int) -> Day:
    """Return the lists of a day for all guides of the chain: those of the ledger where they were frozen, else as they would be."""
    if (list_folder(view.workspace, day) / "definition.json").exists():
        return Day(read_lists(view.workspace, day), 0, 0, True)
    families = ("activity", "lifetime_value", "calendar", "sequences", "scope", "membership", "goods")
    reasons = view.chainwide(f"task_reasons-{day}", lambda chain: task_reasons(chain, day), *families)
    people = found.members.select("member_code", "member_id", "guide_id", "home_store_id")
    reasons = people.join(reasons, on="member_code", maintain_order="left")
    free = reasons.filter(_may(view, day))
    free = free.filter(~read_global_control(view.workspace).holds(free["member_id"]))
    owned, homeless = with_guides(free, found, most=3 * per_day + 10)
    return Day(placed(owned, day, per_day, held_share, seed), reasons.height - free.height, homeless, False)


def _may(view: View, day: date) -> pl.Expr:
    """Who may be spoken to: consent, no campaign that runs, not contacted too often, on no list of the last two weeks."""
    ws, settings = view.workspace, view.settings.offers
    rest = contacted(ws, day - timedelta(days=settings.rest_days), day - timedelta(days=1), as_of=view.as_of)
    weary = rest.filter(pl.col("contact_count") >= settings.most_contacts)["member_id"]
    taken = busy(ws, day, day + timedelta(days=WINDOW_DAYS - 1), as_of=view.as_of)["member_id"]
    listed, damaged = lists_between(ws, day - timedelta(days=WINDOW_DAYS - 1), day - timedelta(days=1))
    if damaged:  # who was on it is not known, and might be called again
        text = "{folder} was changed, so who was called is not known. Restore it from a backup."
        raise WorkspaceError(tr(text, folder=list_folder(ws, damaged[0])))
    consent = view.population.filter(pl.col("contactable").fill_null(False))["member_id"]
    apart = pl.concat([weary, taken, listed["member_id"]]).unique()
    return pl.col("member_id").is_in(consent.implode()) & ~pl.col("member_id").is_in(apart.implode())


def with_guides(free: pl.DataFrame, found: Books, *, most: int) -> tuple[pl.DataFrame, int]:
    """Return members with a reason, each with the guide who is to speak to them (`guide_before`: whose they were, where that guide left),
    and how many find none.

    Members of nobody, and of who left, go to those guides of the store who have fewest, the best first; `most` of a store for each of its
    guides, since more would find no place.
    """
    here = found.here.select("guide_id", "store_id")
    store_of = found.guides.select("guide_id", guide_store="store_id")
    rows = free.join(store_of, on="guide_id", how="left", maintain_order="left").with_columns(
        store_id=pl.coalesce("guide_store", "home_store_id"), is_here=pl.col("guide_id").is_in(here["guide_id"].implode()).fill_null(False)
    )
    own = rows.filter("is_here").with_columns(guide_before=pl.lit(None, pl.String))
    pool = rows.filter(~pl.col("is_here")).sort("spend_before", "member_id", descending=[True, False], nulls_last=True)
    counts = dict(own.group_by("guide_id").len().iter_rows())
    guides_in: dict[str | None, list[tuple[int, str]]] = {}
    for guide, store in here.iter_rows():
        guides_in.setdefault(store, []).append((counts.get(guide, 0), guide))
    for heap in guides_in.values():
        heapq.heapify(heap)
    taken = dict.fromkeys(guides_in, 0)
    takers: list[str | None] = []
    homeless = 0
    for store in pool["store_id"]:
        heap = guides_in.get(store)
        if not heap or taken[store] >= most * len(heap):
            homeless += not heap
            takers.append(None)
            continue
        count, guide = heapq.heappop(heap)
        heapq.heappush(heap, (count + 1, guide))
        taken[store] += 1
        takers.append(guide)
    shared = pool.with_columns(guide_before="guide_id", guide_id=pl.Series(takers, dtype=pl.String)).drop_nulls("guide_id")
    return pl.concat([own, shared.select(own.columns)]), homeless


def placed(owned: pl.DataFrame, day: date, per_day: int, held_share: float, seed: int) -> pl.DataFrame:
    """Return the lists: down each guide's members, most spend first, until `per_day` of them are on the list; who was passed over by chance
    is held out.

    Chance is a digest of member, day and seed: the next task of the same member is drawn anew. The first `per_day` places are looked at
    whatever is drawn there, so that in them arms differ by chance alone (`is_compared`); how far a list goes on depends on what was drawn.
    """
    held = pl.Series("is_held", uniform(owned["member_id"], f"guides:{day}:{seed}") < held_share, dtype=pl.Boolean)
    ranked = owned.with_columns(held).sort("spend_before", "member_id", descending=[True, False], nulls_last=True)
    on_list = (~pl.col("is_held")).cast(pl.Int64)
    so_far = on_list.cum_sum().over("guide_id")
    rows = ranked.with_columns(
        place=pl.col("member_id").cum_count().over("guide_id").cast(pl.Int64),
        is_compared=pl.col("member_id").cum_count().over("guide_id") <= per_day,
        before=so_far - on_list,
    ).filter(pl.col("before") < per_day)
    arm = pl.when("is_held").then(pl.lit("control")).otherwise(pl.lit("treated")).alias("arm")
    return rows.with_columns(arm).select(LISTED.names()).sort("store_id", "guide_id", "place", nulls_last=True)
