"""Who was brought by whom: the tree, without what cannot be one, and what those who were brought spend against like others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from toolkit.models.shares import Z95
from toolkit.models.strata import held_or_not, in_strata
from toolkit.portrait.membership.tables import known_rows
from toolkit.scope.view import View


@dataclass(frozen=True)
class Tree:
    """`members`: member_id, referrer_id, depth (1 = brought by somebody who came by themselves); the rest counts what was refused."""

    members: pl.DataFrame
    themselves: int
    in_loops: int
    unknown: int
    table: str


@dataclass(frozen=True)
class AgainstLike:
    """What referred members spend later against like members who came by themselves, in minor units; None where nobody is alike."""

    members: int
    like: int
    alone: int
    spend: float
    expected: float
    difference: float
    low: float
    high: float


def referral_tree(view: View) -> Tree | None:
    """Return the tree of the table `referrals`, else of members.referred_by; None where there is neither.

    Left out, and counted: who refers themselves, who stands in a loop (or below one), and referrers whom no table knows.
    """
    table, frame = "referrals", known_rows(view, "referrals", of_scope=False)
    if frame is None:
        cards = view.workspace.table("members")
        if cards is None or "referred_by" not in cards.collect_schema().names():
            return None
        table, frame = "members", cards.select("member_id", pl.col("referred_by").alias("referrer_id")).collect()
    edges = (
        frame.select(pl.col("member_id", "referrer_id").cast(pl.String)).drop_nulls().unique("member_id", keep="first", maintain_order=True)
    )
    themselves = edges.filter(pl.col("member_id") == pl.col("referrer_id")).height
    edges = edges.filter(pl.col("member_id") != pl.col("referrer_id"))
    cards = view.workspace.table("members")
    known = [
        view.population["member_id"],
        *([cards.select(pl.col("member_id").cast(pl.String)).collect()["member_id"]] if cards is not None else []),
    ]
    is_known = edges["referrer_id"].is_in(pl.concat(known).implode())
    placed = with_depth(edges.filter(is_known))
    return Tree(placed.drop_nulls("depth"), themselves, placed["depth"].null_count(), int((~is_known).sum()), table)


def with_depth(edges: pl.DataFrame) -> pl.DataFrame:
    """Return the edges (`member_id`, `referrer_id`; one referrer a member) with `depth`, null in a loop or below one.

    Generation by generation from those whom nobody brought, so that a loop is never walked round.

    >>> pairs = pl.DataFrame({"member_id": ["b", "c", "x", "y"], "referrer_id": ["a", "b", "y", "x"]})
    >>> with_depth(pairs)["depth"].to_list()
    [1, 2, None, None]
    """
    depths = dict[str, int]()
    brought = dict(edges.iter_rows())
    children: dict[str, list[str]] = {}
    for member, referrer in brought.items():
        children.setdefault(referrer, []).append(member)
    generation, depth = [one for one in children if one not in brought], 0
    while generation:
        depth += 1
        generation = [member for referrer in generation for member in children.get(referrer, ())]
        depths |= dict.fromkeys(generation, depth)
    return edges.with_columns(pl.Series("depth", [depths.get(one) for one in edges["member_id"]], dtype=pl.Int64))


def against_like(view: View, referred: pl.DataFrame) -> AgainstLike | None:
    """Return what referred members (`member_id`) spend after their first day against like others: see `models.in_strata`.

    Alike is who first ordered in the same store and month with a basket worth about as much. Counted are members in scope whose first day
    is known to be the first (they joined since the receipts start) and who were followed for membership.referral_days.
    """
    days = view.settings.membership.referral_days
    people = view.members.filter(pl.col("first_ordered_on").is_not_null())
    if "joined_on" in people.columns:
        people = people.filter(pl.col("joined_on") >= view.first_day)
    else:
        people = people.filter(pl.col("first_ordered_on") >= view.first_day + timedelta(days=view.settings.sequences.entry_after_days))
    people = people.filter(pl.col("first_ordered_on") + timedelta(days=days) <= view.as_of)
    people = people.select("member_code", "member_id", pl.col("first_ordered_on").alias("first_day"))
    if people.height < view.least:
        return None
    orders = view.chain.orders.join(people.lazy().select("member_code", "first_day"), on="member_code")
    since = (pl.col("ordered_at").dt.date() - pl.col("first_day")).dt.total_days()
    first = (since == 0) & pl.col("is_order")
    sums = (
        orders.group_by("member_code")
        .agg(
            pl.col("amount").filter(first).sum().alias("first_amount"),
            pl.col("amount").filter(since.is_between(1, days)).sum().alias("later_amount"),
            pl.col("store_code").filter(first).min().alias("first_store"),
        )
        .collect()
    )
    strata = in_strata(sums.join(people, on="member_code").drop("member_id"))
    goods = people.join(referred, on="member_id", how="semi").select("member_code", pl.lit("referred").alias("good"))
    told = held_or_not(strata, goods)
    if told.is_empty() or told["member_count"][0] < view.least or told["like_count"][0] < view.least:
        return None
    row = told.row(0, named=True)
    difference, reach = row["later_mean"] - row["expected_mean"], Z95 * row["error"] * row["expected_mean"]
    return AgainstLike(
        row["member_count"], row["like_count"], row["alone_count"], row["later_mean"], row["expected_mean"], difference,
        difference - reach, difference + reach,
    )  # fmt: skip
