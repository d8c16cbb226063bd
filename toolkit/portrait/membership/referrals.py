"""Referrals: who brings others, how far it goes, and what those who were brought spend against like others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.errors import require_rows
from toolkit.language import tr
from toolkit.portrait.membership.referral_tree import AgainstLike, Tree, against_like, referral_tree
from toolkit.portrait.membership.tables import needed
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

DEPTHS = c.table(
    "one row per generation: 0 = who came by themselves and brought others, 1 = whom they brought, ...",
    c.count("generation", hidden_by=None),
    c.members(),
    c.members("ordered_count", "Of them ordered"),
    c.members("referrer_count", "Of them brought others"),
    c.number("brought_mean", "Brought each", "members, by those who brought any", null="nobody brought any", hidden_by="referrer_count"),
    c.money("spend_per_member", "Spend each", "sales so far of a member who ordered", null="nobody ordered", hidden_by="ordered_count"),
)
REFERRERS = c.table(
    "one row per member who brought others, most brought first, to be kept as an audience",
    c.text("member_id", "Member"),
    c.count("brought_count", "Brought", "members, directly", hidden_by=None),
    c.count("below_count", "Brought in all", "with those whom these brought, and so on", hidden_by=None),
    c.money("brought_spend", "Their spend", "sales so far of those brought directly", hidden_by=None),
    c.flag("reachable", "May be contacted", null="the shop does not say who may be contacted"),
)


@question(
    "portrait",
    "Who brings other members, and are those they bring worth more?",
    words=(
        "referrals, members who recommend us, referral tree",
        "are referred members better than others",
        "who brought most new members",
        "老带新 推荐 转介绍 裂变 推荐会员价值",
    ),
    tables=(DEPTHS, REFERRERS),
    figures=(
        c.members("referred_members", "Referred members"),
        c.money("referred_difference_spend", "Spend beyond like others"),
        c.count("deepest_generation", "Generations"),
    ),
)
def referrals(view: View, *, show: Literal["generation", "referrer"] = "generation", top: int = 100) -> Finding:
    """Return the referral tree by generation, or the members who bring others; and what the referred spend against like others.

    Alike is who first ordered in the same store and month with a first basket worth about as much; spend is counted over
    membership.referral_days after the first day, by those followed so long. It is an association: who is brought by a friend may be another
    kind of shopper. Loops, members who refer themselves and referrers whom no table knows are left out and said.

    Parameters
    ----------
    show
        `generation`, or `referrer`: a list of members.
    top
        Rows of the list at most; 0 = all.

    Raises
    ------
    BadValue
        `top` is below 0.

    Notes
    -----
    Source: `models.held_or_not` (strata, ratio of means by Mantel and Haenszel).

    Example
    -------
    >>> tk.portrait.referrals(ws, show="referrer", top=0).table         # doctest: +SKIP
    """
    require_rows("portrait.referrals", top)
    declared = DEPTHS if show == "generation" else REFERRERS
    tree = referral_tree(view)
    if tree is None or tree.members.is_empty():
        headline = view.say("{where}, who brings other members is not measured: no referral is known.")
        advice = view.say("Referrals: {table} or the column `referred_by` of the members table is needed.", table=needed("referrals"))
        return unmeasured(declared, headline, advice)
    in_scope = tree.members if view.scope.is_chain else tree.members.join(view.members, on="member_id", how="semi")
    like = against_like(view, in_scope.select("member_id"))
    rows = _generations(view, tree) if show == "generation" else _referrers(view, tree)
    table = declared.of(rows.head(top) if show == "referrer" and top else rows, view)
    return Finding(
        headline=_headline(view, in_scope.height, tree, like),
        table=table,
        chart=(lambda: _chart(view, table)) if show == "generation" else None,
        notes=_notes(view, tree, like),
        ask_next=[
            ("portrait.referrals", {"show": "referrer" if show == "generation" else "generation"}),
            ("portrait.joiners", {"by": "referrer"}),
        ],
        figures={
            "referred_members": float(in_scope.height),
            "referred_difference_spend": None if like is None else like.difference / view.minor_units,
            "deepest_generation": float(tree.members["depth"].max() or 0),  # type: ignore[arg-type]
        },
    )  # fmt: skip


def _sales(view: View) -> pl.DataFrame:
    return view.population.select("member_id", "amount", (pl.col("order_count") > 0).alias("ordered"))


def _generations(view: View, tree: Tree) -> pl.DataFrame:
    brought = tree.members.group_by("referrer_id").agg(pl.len().alias("brought")).rename({"referrer_id": "member_id"})
    roots = tree.members.filter(pl.col("depth") == 1).select(pl.col("referrer_id").alias("member_id")).unique()
    placed = pl.concat([roots.with_columns(depth=pl.lit(0, pl.Int64)), tree.members.select("member_id", "depth")])
    if not view.scope.is_chain:
        placed = placed.join(view.members, on="member_id", how="semi")
    joined = placed.join(brought, on="member_id", how="left").join(_sales(view), on="member_id", how="left")
    ordered = pl.col("ordered").fill_null(False)
    return (
        joined.group_by(pl.col("depth").alias("generation"))
        .agg(
            pl.len().cast(pl.Int64).alias("member_count"),
            ordered.sum().cast(pl.Int64).alias("ordered_count"),
            pl.col("brought").count().cast(pl.Int64).alias("referrer_count"),
            pl.col("brought").mean().alias("brought_mean"),
            (pl.col("amount").filter(ordered).mean() / view.minor_units).alias("spend_per_member"),
        )
        .sort("generation")
    )


def _referrers(view: View, tree: Tree) -> pl.DataFrame:
    below: dict[str, int] = {}
    for member, referrer in tree.members.sort("depth", descending=True).select("member_id", "referrer_id").iter_rows():
        below[referrer] = below.get(referrer, 0) + 1 + below.get(member, 0)
    may = pl.col("contactable").fill_null(False) if view.has_column("members", "contactable") else pl.lit(None, pl.Boolean)
    people = view.members.with_columns(may.alias("reachable")).select("member_id", "reachable")
    direct = (
        tree.members.join(_sales(view), on="member_id", how="left")
        .group_by("referrer_id")
        .agg(pl.len().cast(pl.Int64).alias("brought_count"), pl.col("amount").fill_null(0).sum())
    )
    all_below = pl.DataFrame(list(below.items()), schema={"referrer_id": pl.String, "below_count": pl.Int64}, orient="row")
    rows = direct.join(all_below, on="referrer_id").rename({"referrer_id": "member_id"}).join(people, on="member_id")
    rows = rows.sort("brought_count", "amount", "member_id", descending=[True, True, False])
    return rows.select("member_id", "brought_count", "below_count", view.major("amount").alias("brought_spend"), "reachable")


def _headline(view: View, referred: int, tree: Tree, like: AgainstLike | None) -> str:
    unsure = like is None or like.low <= 0 <= like.high
    return view.say(
        "{where}, {referred:member} were brought by others[, over {depth} generations][is_told?; in the {days} days after their first they "
        "spend {spend:minor}, like others {expected:minor}: [unsure?no difference beyond chance|{difference:minor} [more?more|less]] (95% "
        "interval {low:minor} to {high:minor}; n = {members})].",
        referred=referred, depth=tree.members["depth"].max(), is_told=like is not None, days=view.settings.membership.referral_days,
        spend=like.spend if like else None, expected=like.expected if like else None, unsure=unsure,
        difference=abs(like.difference) if like else None, more=like is not None and like.difference > 0, low=like.low if like else None,
        high=like.high if like else None, members=like.members if like else None,
    )  # fmt: skip


def _notes(view: View, tree: Tree, like: AgainstLike | None) -> list[str | Note]:
    notes: list[str | Note] = []
    if like is None:
        text = view.say(
            "What referred members spend against like others: {least} of each, first seen in the receipts and followed for {days} days, "
            "are needed.",
            days=view.settings.membership.referral_days,
        )  # fmt: skip
        notes.append(Note(text, "NOT MEASURED"))
    else:
        text = view.say(
            "An association: who is brought by a friend may be another kind of shopper. Like others came to the same store in the same "
            "month with a first basket worth about as much ({like:member})[alone?; {alone:member} had nobody like them].",
            like=like.like, alone=like.alone,
        )  # fmt: skip
        notes.append(Note(text, "REVIEW"))
    refused = {"themselves": tree.themselves, "loops": tree.in_loops, "unknown": tree.unknown}
    if any(refused.values()):
        text = view.say(
            "Left out of the tree:[themselves? {themselves:row} of members who refer themselves;][loops? {loops:row} in a loop of "
            "referrals or below one;][unknown? {unknown:row} whose referrer no table knows;] nobody can be counted there.",
            **refused,
        )
        notes.append(Note(text, "REVIEW"))
    if tree.table == "members":
        notes.append(tr("Read from members.referred_by, since the shop handed over no table `referrals`."))
    return notes


def _chart(view: View, table: AnswerTable) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    return ranked_bars(
        table.frame, label="generation", value="member_count", ranked=False, value_title=tr("Members"), title=tr("Members by generation"),
        subtitle=view.say("{place}; 0 = who came by themselves and brought others"),
    )  # fmt: skip
