"""Drill-down: members split again and again, each node with its figures and as an audience."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from toolkit.answer import Finding, Note
from toolkit.errors import BadValue
from toolkit.language import tr, trn, word
from toolkit.portrait.measures.takings import takings
from toolkit.registry import question
from toolkit.scope.phrases import sales_basis, where
from toolkit.scope.traits import with_traits
from toolkit.scope.view import View
from toolkit.targeting.measures.splits import OTHERS, Node, Split, nodes_of, read_splits
from toolkit.wording import listing, share, some

if TYPE_CHECKING:
    import altair as alt

DEFAULT = "value, stage"


@question(
    "targeting",
    "Where do members and sales sit when we split them again and again?",
    words=(
        "drill down by value then channel then category",
        "break the members down into smaller and smaller groups",
        "split members by any chain of columns, with an audience for each group",
        "下钻 细分 人群拆解",
    ),
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

    Returns
    -------
    Answer
        Table columns: `level` (1 = first split), `node` (the path), `member_count`, `member_share` (0..1, of the scope), `order_count`,
        `sales` (currency units, of the period in the scope), `sales_share` (0..1, of the scope's member sales; null where nothing was
        sold), `share_of_parent` (0..1, of its sales), `who` (the audience's expression).

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
    nodes = nodes_of(frame, splits, least=view.settings.scope.minimum_members, most=most, within=within)
    table = _table(view, frame, nodes)
    return Finding(
        headline=_headline(view, table, splits, frame.height),
        table=table,
        chart=lambda: _chart(view, table, splits),
        notes=_notes(view, table, nodes, splits),
        ask_next=[
            *[("portrait.overview", {"audience": node.where}) for node in nodes if node.level == len(splits)][:1],
            ("targeting.gain_loss", {}),
        ],
        figures={"nodes": len(nodes)},
    )


def _table(view: View, frame: pl.DataFrame, nodes: list[Node]) -> pl.DataFrame:
    total, units = int(frame["sales"].sum()), view.minor_units
    rows = [
        {
            "level": node.level,
            "node": " > ".join(node.path),
            "member_count": node.members,
            "member_share": node.members / max(frame.height, 1),
            "order_count": node.orders,
            "sales": node.sales / units,
            "sales_share": node.sales / total if total > 0 else None,
            "share_of_parent": node.sales / node.parent_sales if node.parent_sales > 0 else None,
            "who": node.where,
        }
        for node in nodes
    ]
    schema = {
        "level": pl.Int64, "node": pl.String, "member_count": pl.Int64, "member_share": pl.Float64, "order_count": pl.Int64,
        "sales": pl.Float64, "sales_share": pl.Float64, "share_of_parent": pl.Float64, "who": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


def _headline(view: View, table: pl.DataFrame, splits: list[Split], members: int) -> str:
    leaves, named = _deepest(table, splits)
    last = named if named.height else leaves
    chain = listing([split.label for split in splits])
    if last.is_empty() or last["sales_share"].null_count() == last.height:
        return tr(
            "{where}, {members} split by {chain}: no group has sales in the period that can be spoken of.",
            where=where(view),
            members=some(members, "member"),
            chain=chain,
        )
    best = last.sort("sales", descending=True).row(0, named=True)
    count = some(best["member_count"], "member")
    return tr(
        "{where}, of {groups} by {chain}, '{node}' brings most: {count} ({member_share} of {members:,}) bring "
        "{sales_share} of member sales.",
        where=where(view),
        groups=some(leaves.height, "group"),
        chain=chain,
        node=best["node"],
        count=count,
        member_share=share(best["member_share"]),
        members=members,
        sales_share=share(best["sales_share"]),
    )


def _deepest(table: pl.DataFrame, splits: list[Split]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The groups of the last split: all, and those that are one group and not several put together."""
    leaves = table.filter(pl.col("level") == len(splits))
    return leaves, leaves.filter(~pl.col("node").str.contains(rf"(^|> ){word(OTHERS)}$"))


def _notes(view: View, table: pl.DataFrame, nodes: list[Node], splits: list[Split]) -> list[str | Note]:
    notes: list[str | Note] = [note for split in splits for note in split.notes]
    leaves, named = _deepest(table, splits)
    if 2 * named.height < leaves.height:
        said = (
            tr(
                "Of the {groups} deepest groups, only {alone} can stand alone: split by fewer columns, or coarser ones.",
                groups=leaves.height,
                alone=named.height,
            )
            if named.height
            else tr("Of the {groups} deepest groups, none can stand alone: split by fewer columns, or coarser ones.", groups=leaves.height)
        )
        notes.append(Note(said, "REVIEW"))
    few = sum(node.merged_few for node in nodes)
    if few:
        notes.append(
            trn(
                "{groups} with fewer than {minimum_members} members (setting scope.minimum_members) is not shown apart: "
                "put together with others under the same parent.",
                "{groups} with fewer than {minimum_members} members (setting scope.minimum_members) are not shown apart: "
                "put together with others under the same parent.",
                few,
                groups=some(few, "group"),
                minimum_members=view.settings.scope.minimum_members,
            )
        )
    notes.append(
        tr("Each member is in one node of a level, so the nodes of a level add up; 'As an audience' is the node as an expression to save.")
    )
    if view.scope.is_place or isinstance(view.scope.audience, tuple):
        place = view.place if view.scope.is_place else tr("the list")
        notes.append(
            tr("`who` speaks of the whole chain: use it together with {place}, as this table does, to get the same members.", place=place)
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
        title=tr("Sales by {splits}: {place}", splits=" > ".join(split.label for split in splits), place=view.place),
        subtitle=tr("{period}, n members beside each", period=view.period) + (tr(", 20 largest groups") if deepest.height == 20 else ""),
        value_title=tr("Share of member sales"),
    )
