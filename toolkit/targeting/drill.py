"""Drill-down: members split again and again, each node with its figures and as an audience."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.errors import BadValue
from toolkit.language import tr, word
from toolkit.portrait.measures.takings import takings
from toolkit.registry import question
from toolkit.scope.phrases import sales_basis
from toolkit.scope.traits import with_traits
from toolkit.scope.view import View
from toolkit.targeting.measures.splits import OTHERS, Node, Split, nodes_of, read_splits
from toolkit.wording import listing

if TYPE_CHECKING:
    import altair as alt

DEFAULT = "value, stage"

NODES = c.table(
    "one row per node, a parent before its parts, largest sales first",
    c.count("level", "Listed by", "1 = first split"),
    c.text("node", "Node", "the path"),
    c.members(),
    c.share("member_share", "Share of members", "of the scope"),
    c.count("order_count", "Orders"),
    c.money("sales", "Sales", "of the period in the scope"),
    c.share("sales_share", "Share of sales", "of the scope's member sales", null="nothing was sold"),
    c.share("share_of_parent", "Share of the group above", "of its sales"),
    c.text("who", "As an audience", "the audience's expression"),
)


@question(
    "targeting",
    "Where do members and sales sit when we split them again and again?",
    words=(
        "drill down by value then channel then category",
        "break the members down into smaller and smaller groups",
        "split members by any chain of columns, with an audience for each group",
        "下钻 细分 人群拆解",
    ),
    tables=NODES,
    figures=(c.count("nodes", "Groups"),),
)
def drill(view: View, *, by: str | list[str] = DEFAULT, most: int = 8) -> Finding:
    """Return the members split by a chain of columns: one row per node, a parent before its parts, largest sales first.

    Each node names its members as an expression that can be copied into `audience=` or saved. Groups with fewer members than
    scope.minimum_members, and those beyond `most`, are put together as `others` under their parent (with the smallest other group, where
    they alone were still too few), so that nothing can be reckoned back.

    Parameters
    ----------
    by
        Up to four names, `value, channel, category` or a list: `value` (heavy, medium, light: top 20, next 30, last 50% of members by spend
        of the last 365 days), `channel`, `category`, `store` (of most orders or money), or any column or trait an audience can name.
        Numbers are cut into low, mid and high thirds.
    most
        Groups shown under one parent, the others included.

    Raises
    ------
    UnknownName
        No such column or trait.
    BadValue
        No column, more than four, one twice, or a column that cannot be split (ids, dates, lists).

    Example
    -------
    >>> tk.targeting.drill(ws, by="value, stage, category").table       # doctest: +SKIP
    """
    if not 2 <= most <= 50:
        raise BadValue(tr("targeting.drill: most is {most}; 2 to 50 groups under one parent were needed.", most=most))
    names = [name.strip() for name in (by.split(",") if isinstance(by, str) else by) if name.strip()]
    columns = read_splits(view, names)
    frame = takings(view).join(view.population.select("member_code", "member_id"), on="member_code", how="left", maintain_order="left")
    traits = with_traits(view, list(dict.fromkeys(columns.values())))
    frame = frame.join(
        traits.select("member_id", *[name for name in dict.fromkeys(columns.values()) if name != "member_id"]),
        on="member_id",
        how="left",
        maintain_order="left",
    )
    splits = [Split.of(view, name, column, frame) for name, column in columns.items()]
    within = f"({view.scope.audience})" if isinstance(view.scope.audience, str) else ""
    nodes = nodes_of(frame, splits, least=view.least, most=most, within=within)
    shown = _node_table(view, frame, nodes)
    leaves = shown.frame.filter(pl.col("level") == len(splits))
    alone = leaves.filter(~pl.col("node").str.contains(rf"(^|> ){word(OTHERS)}$"))  # one group, not several put together
    largest = shown.cut((alone if alone.height else leaves).drop_nulls("sales_share").sort("sales", descending=True).head(1))
    return Finding(
        headline=_headline(view, largest, leaves.height, frame.height, splits),
        table=shown,
        chart=lambda: _chart(view, shown.frame, splits),
        notes=_notes(view, leaves.height, alone.height, nodes, splits),
        ask_next=[
            *[("portrait.overview", {"audience": node.where}) for node in nodes if node.level == len(splits)][:1],
            ("targeting.gain_loss", {}),
        ],
        figures={"nodes": len(nodes)},
    )


def _node_table(view: View, frame: pl.DataFrame, nodes: list[Node]) -> AnswerTable:
    total = int(frame["sales"].sum())
    rows = [
        {
            "level": node.level,
            "node": " > ".join(node.path),
            "member_count": node.members,
            "member_share": node.members / max(frame.height, 1),
            "order_count": node.orders,
            "sales": node.sales / view.minor_units,
            "sales_share": node.sales / total if total > 0 else None,
            "share_of_parent": node.sales / node.parent_sales if node.parent_sales > 0 else None,
            "who": node.where,
        }
        for node in nodes
    ]
    return NODES.of(pl.DataFrame(rows, schema=NODES.schema), view)


def _headline(view: View, largest: AnswerTable, group_count: int, member_count: int, splits: list[Split]) -> str:
    chain = listing([split.label for split in splits])
    if not largest.height:
        return view.say(
            "{where}, {members:member} split by {chain}: no group has sales in the period that can be spoken of.",
            members=member_count, chain=chain,
        )  # fmt: skip
    return view.say(
        "{where}, of {groups:group} by {chain}, '{node}' brings most: {member_count:member} ({member_share} of {members:,}) bring "
        "{sales_share} of member sales.",
        largest.row(), groups=group_count, chain=chain, members=member_count,
    )  # fmt: skip


def _notes(view: View, group_count: int, alone_count: int, nodes: list[Node], splits: list[Split]) -> list[str | Note]:
    notes: list[str | Note] = [note for split in splits for note in split.notes]
    if 2 * alone_count < group_count:
        too_deep = view.say(
            "Of the {groups} deepest groups, [alone?only {alone}|none] can stand alone: split by fewer columns, or coarser ones.",
            groups=group_count, alone=alone_count,
        )  # fmt: skip
        notes.append(Note(too_deep, "REVIEW"))
    few = sum(node.merged_few for node in nodes)
    if few:
        notes.append(
            view.say(
                "{few:group} with fewer than {least} members (setting scope.minimum_members) [single?is|are] not shown apart: put together "
                "with others under the same parent.",
                few=few, single=few == 1,
            )
        )  # fmt: skip
    notes.append(
        tr("Each member is in one node of a level, so the nodes of a level add up; 'As an audience' is the node as an expression to save.")
    )
    if view.scope.is_place or isinstance(view.scope.audience, tuple):
        notes.append(
            view.say(
                "`who` speaks of the whole chain: use it together with [is_place?{place}|the list], as this table does, to get the same "
                "members.",
                is_place=view.scope.is_place,
            )
        )
    return [*notes, sales_basis(view)]


def _chart(view: View, table: pl.DataFrame, splits: list[Split]) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import ranked_bars

    deepest = table.filter(pl.col("level") == table["level"].max()).sort("sales", descending=True).head(20)
    return ranked_bars(
        deepest,
        label="node",
        value="sales_share",
        n="member_count",
        kind="share1",
        title=view.say("Sales by {splits}: {place}", splits=" > ".join(split.label for split in splits)),
        subtitle=view.say("{period}, n members beside each[is_cut?, 20 largest groups]", is_cut=deepest.height == 20),
        value_title=tr("Share of member sales"),
    )
