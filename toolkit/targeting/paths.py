"""Paths: from the first purchase to the second and the third, how long it takes, and where members stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.charts.flow import flow
from toolkit.language import tr, value, word
from toolkit.mart.sequences import VISITS
from toolkit.models.first_purchases import days_until_half
from toolkit.models.shares import wilson
from toolkit.registry import question
from toolkit.scope.phrases import where
from toolkit.scope.view import View
from toolkit.targeting.measures.first_visits import entrants
from toolkit.targeting.measures.ways import OTHERS, STOPPED, Place, PlacedBy, placed_ways, ripe_members

if TYPE_CHECKING:
    import altair as alt

SMALL_WAYS = value("small groups of them")
MORE, FEWER, ALIKE = value("more come back"), value("fewer come back"), value("like the others")
MOST_ROUTES = 30
_NAMES = ("first", "second", "third")
_SCHEMAS: dict[str, dict[str, type[pl.DataType]]] = {
    "flow": {"step": pl.Int64, "from": pl.String, "to": pl.String, "member_count": pl.Int64, "from_share": pl.Float64},
    "node": {"step": pl.Int64, "place": pl.String, "member_count": pl.Int64, "back_share": pl.Float64},
    "route": {"first": pl.String, "second": pl.String, "third": pl.String, "member_count": pl.Int64, "member_share": pl.Float64},
}


@question(
    "targeting",
    "Which way do new members take from the first purchase to the third, and where do they stop?",
    words=(
        "path from first category to second and third purchase",
        "where do new members drop off",
        "how long until the second purchase",
        "key nodes of the purchase path, sankey, journey of new members",
        "首单 复购 路径 流失节点",
    ),
)
def paths(view: View, *, show: Literal["flow", "node", "route"] = "flow", by: PlacedBy = "auto") -> Finding:
    """Return how new members went on from their first shopping day to the second and the third: one row per step from place to place.

    A shopping day is placed where most of its money went (`by`). Members counted are those whose first purchase is really known (see the
    note on the start of the receipts) and lies at least twice sequences.follow_days before as_of, so that each had the same time to come
    back: the median waits need no correction for members still on their way. Days are the members' own, across the chain; a store or region
    counts the members who began there.

    Parameters
    ----------
    show
        `flow`: from place to place. `node`: per place of the first and the second purchase, how many come back; the key nodes are those
        where clearly more or fewer do. `route`: whole ways over three purchases.
    by
        Place of a shopping day: `category` or `department`; `auto` takes departments where the categories named would hold less than half
        of the shopping days. The most common are named (setting sequences.path_places).

    Returns
    -------
    Answer
        Table columns with `flow`: `step` (1 = first to second), `from`, `to` (`did not come back` within sequences.follow_days),
        `member_count`, `from_share` (0..1 of those at `from`), `gap_days_median` (of those who came back this way; null for those who did
        not). With `node`: `step`, `place`, `member_count`, `back_count`, `back_share` with its 95% limits `back_share_low` and
        `back_share_high` (Wilson), `back_days_median` (days until half of all had come back; null where fewer than half did), `reading`
        (`more come back`, `fewer come back` or `like the others`). With `route`: `first`, `second`, `third`, `member_count`,
        `member_share` (0..1 of all counted).

    Notes
    -----
    A path says what followed, not what caused it: whoever buys much in any category comes back more often.

    Example
    -------
    >>> tk.targeting.paths(ws, show="node").table                      # doctest: +SKIP
    """
    new = entrants(view)
    place, walked = placed_ways(view, ripe_members(view, new), by)
    least = view.settings.scope.minimum_members
    if walked.height < least:
        return _too_few(view, walked.height, new.note(view), show)
    steps = _steps(walked)
    flows, hidden = _flows(steps, least)
    nodes = _nodes(steps, least)
    table = {"flow": flows, "node": nodes, "route": _routes(walked, least)}[show]
    back = walked["back_1"].mean()
    return Finding(
        headline=_headline(view, walked, nodes),
        table=table,
        chart=lambda: _chart(view, flows, nodes, show, walked.height),
        notes=[
            new.note(view),
            *_notes(view, place, new.members.height - walked.height, hidden if show == "flow" else 0),
            *_hidden(show, steps, walked, least),
        ],
        ask_next=[
            ("targeting.path_members", _members_of(nodes, place)),
            ("targeting.paths", {"show": "node" if show == "flow" else "flow"}),
            ("targeting.entry_goods", {}),
        ],
        figures={"back_after_first_share": float(back), "new_member_count": float(walked.height)},  # type: ignore[arg-type]
    )


def _steps(walked: pl.DataFrame) -> pl.DataFrame:
    """One row per member and purchase that could be followed by another: `step`, `from`, `to`, `gap_days`."""
    return pl.concat(
        [
            walked.filter(pl.col(f"place_{step}").is_not_null()).select(
                pl.lit(step, pl.Int64).alias("step"),
                pl.col(f"place_{step}").alias("from"),
                pl.col(f"place_{step + 1}").fill_null(STOPPED).alias("to"),
                pl.col(f"gap_{step}").alias("gap_days"),
            )
            for step in range(1, VISITS)
        ]
    )


def _order(column: str) -> list[pl.Expr]:
    """Named places by size, then all others, then those who stopped."""
    return [pl.col(column) == STOPPED, pl.col(column) == OTHERS]


def _flows(steps: pl.DataFrame, least: int) -> tuple[pl.DataFrame, int]:
    """The rows of the table, cells too small to show put together, and how many those are."""
    table = (
        steps.group_by("step", "from", "to")
        .agg(pl.len().cast(pl.Int64).alias("member_count"), pl.col("gap_days").median().alias("gap_days_median"))
        .with_columns((pl.col("member_count") / pl.col("member_count").sum().over("step", "from")).alias("from_share"))
        .with_columns(pl.col("member_count").sum().over("step", "from").alias("size"))
        .sort("step", *_order("from"), "size", "from", *_order("to"), "member_count", "to",
              descending=[False, False, False, True, False, False, False, True, False])
        .select("step", "from", "to", "member_count", "from_share", "gap_days_median")
    )  # fmt: skip
    shown = table.filter(pl.col("member_count") >= least)
    small = table.filter(pl.col("member_count") < least)
    together = small.group_by("step", "from", maintain_order=True).agg(
        pl.lit(SMALL_WAYS).alias("to"), pl.col("member_count", "from_share").sum(), pl.lit(None, pl.Float64).alias("gap_days_median")
    )
    together = together.select(table.columns).filter(pl.col("member_count") >= least)
    place = table.select("step", "from").unique(maintain_order=True).with_row_index("place")
    rows = pl.concat([shown, together]).join(place, on=["step", "from"], how="left", maintain_order="left")
    return rows.sort("place", maintain_order=True).drop("place"), small.height


def _nodes(steps: pl.DataFrame, least: int) -> pl.DataFrame:
    back = pl.col("to") != STOPPED
    low, high = wilson(pl.col("back_count"), pl.col("member_count"))
    rest = pl.col("member_count").sum().over("step") - pl.col("member_count")
    of_others = pl.when(rest > 0).then((pl.col("back_count").sum().over("step") - pl.col("back_count")) / rest)
    return (
        steps.group_by("step", "from")
        .agg(
            pl.len().cast(pl.Int64).alias("member_count"),
            back.sum().cast(pl.Int64).alias("back_count"),
            days_until_half(pl.col("gap_days")).alias("back_days_median"),
        )
        .with_columns(
            (pl.col("back_count") / pl.col("member_count")).alias("back_share"),
            low.alias("back_share_low"),
            high.alias("back_share_high"),
            of_others.alias("others"),
        )
        .filter(pl.col("member_count") >= least)
        .with_columns(
            pl.when(pl.col("back_share_low") > pl.col("others"))
            .then(pl.lit(MORE))
            .when(pl.col("back_share_high") < pl.col("others"))
            .then(pl.lit(FEWER))
            .otherwise(pl.lit(ALIKE))
            .alias("reading")
        )
        .sort("step", *_order("from"), "member_count", "from", descending=[False, False, False, True, False])
        .select(
            "step", pl.col("from").alias("place"), "member_count", "back_count", "back_share", "back_share_low", "back_share_high",
            "back_days_median", "reading",
        )
    )  # fmt: skip


def _key_node(nodes: pl.DataFrame) -> dict[str, Any] | None:
    """The named place after which clearly most stop."""
    key = nodes.filter((pl.col("reading") == FEWER) & (pl.col("place") != OTHERS)).sort("back_share", "place").head(1)
    return key.row(0, named=True) if key.height else None


def _members_of(nodes: pl.DataFrame, place: Place) -> dict[str, str | bool]:
    """The parameters of the list that follows: who stopped after the key node, or after the largest first place."""
    named = nodes.filter(pl.col("place") != OTHERS)
    if named.is_empty():
        return {"stopped": True}
    node = _key_node(nodes) or named.sort("step", "member_count", "place", descending=[False, True, False]).row(0, named=True)
    return {_NAMES[node["step"] - 1]: node["place"], "stopped": True, "by": place}


def _routes(walked: pl.DataFrame, least: int) -> pl.DataFrame:
    names = [pl.col(f"place_{visit}").fill_null("–").alias(name) for visit, name in enumerate(_NAMES, start=1)]
    # The first missing place says that they stopped; what would come after it is empty.
    second, third = pl.col("place_2").is_null(), pl.col("place_3").is_null()
    names[1] = pl.when(second).then(pl.lit(STOPPED)).otherwise("place_2").alias("second")
    names[2] = pl.when(second).then(None).when(third).then(pl.lit(STOPPED)).otherwise("place_3").alias("third")
    return (
        walked.select(names)
        .group_by(_NAMES)
        .agg(pl.len().cast(pl.Int64).alias("member_count"))
        .with_columns((pl.col("member_count") / walked.height).alias("member_share"))
        .filter(pl.col("member_count") >= least)
        .sort("member_count", *_NAMES, descending=[True, False, False, False], nulls_last=True)
        .head(MOST_ROUTES)
    )


def _headline(view: View, walked: pl.DataFrame, nodes: pl.DataFrame) -> str:
    n, back, again = walked.height, int(walked["back_1"].sum()), int(walked["back_2"].sum())
    follow = view.settings.sequences.follow_days
    half = walked.select(days_until_half(pl.col("gap_1"))).item()
    wait = tr(", half of all within {days}", days=wording.some(int(half), "day")) if half is not None else ""
    going = tr("; of these, {again} came a third time", again=wording.share(again / back)) if back else ""
    said = tr(
        "{where}, {back} of {new_members} came a second time within {follow} days of the first{wait}{going}",
        where=where(view),
        back=wording.share(back / n),
        new_members=wording.some(n, "new member"),
        follow=follow,
        wait=wait,
        going=going,
    )
    node = _key_node(nodes)
    if node is None:
        return tr("{said}.", said=said)
    return tr(
        "{said}; most stop after a {nth} purchase of {place}: {back_share} of {member_count:,} came back.",
        said=said,
        nth=word(_NAMES[node["step"] - 1]),
        place=word(node["place"]),
        back_share=wording.share(node["back_share"]),
        member_count=node["member_count"],
    )


def _notes(view: View, place: Place, unripe: int, hidden: int) -> list[str | Note]:
    settings = view.settings.sequences
    notes: list[str | Note] = [
        tr(
            "A shopping day is placed in the {place} where most of its money went; a way says what followed, not what caused it.",
            place=word(place),
        ),
    ]
    if unripe > 0:
        notes.append(
            tr(
                "{new_members} first came less than {days} days before {as_of}: too early to say whether they stop (setting "
                "sequences.follow_days = {follow_days}).",
                new_members=wording.some(unripe, "new member"),
                days=2 * settings.follow_days,
                as_of=view.as_of,
                follow_days=settings.follow_days,
            )
        )
    if hidden:
        notes.append(
            tr(
                "{ways} of fewer than {minimum_members} members each are not shown one by one: those from one place stand "
                "together as '{small_ways}', where they are enough.",
                ways=wording.some(hidden, "way"),
                minimum_members=view.settings.scope.minimum_members,
                small_ways=word(SMALL_WAYS),
            )
        )
    return notes


def _hidden(show: str, steps: pl.DataFrame, walked: pl.DataFrame, least: int) -> list[str]:
    """What the tables of nodes and routes leave out."""
    if show == "flow":
        return []
    sizes = (steps.group_by("step", "from") if show == "node" else walked.group_by("place_1", "place_2", "place_3")).len()
    few = sizes.filter(pl.col("len") < least).height
    what = wording.some(few, "place") if show == "node" else wording.some(few, "whole way")
    return [tr("{what} with fewer than {least} members (setting scope.minimum_members) not shown.", what=what, least=least)] if few else []


def _too_few(view: View, found: int, left: Note, show: str) -> Finding:
    least, days = view.settings.scope.minimum_members, 2 * view.settings.sequences.follow_days
    said = tr(
        "{new_members} could be followed for {days} days, fewer than the {least} that figures may speak of",
        new_members=wording.some(found, "new member"),
        days=days,
        least=least,
    )
    return Finding(
        headline=tr("{where}, paths are not measured: {said}.", where=where(view), said=said),
        table=pl.DataFrame(schema=_SCHEMAS[show]),
        notes=[Note(tr("Paths: {said}. Choose a larger scope or wait for more receipts.", said=said), "NOT MEASURED"), left],
    )


def _chart(view: View, flows: pl.DataFrame, nodes: pl.DataFrame, show: str, n: int) -> alt.Chart | alt.LayerChart:
    subtitle = tr(
        "{new_members}, each followed for twice {follow_days} days",
        new_members=wording.some(n, "new member"),
        follow_days=view.settings.sequences.follow_days,
    )
    if show != "node":
        return flow(
            flows,
            step="step",
            source="from",
            target="to",
            value="member_count",
            title=tr("From the first purchase to the third: {place}", place=view.place),
            subtitle=subtitle,
            step_names=[tr("{nth} purchase", nth=word(name)) for name in _NAMES],
            muted=(STOPPED, SMALL_WAYS),
        )
    labels = [
        tr("after the {nth}: {place}", nth=word(_NAMES[step - 1]), place=word(place))
        for step, place in nodes.select("step", "place").rows()
    ]
    labelled = nodes.with_columns(pl.Series("label", labels, dtype=pl.String))
    return ranked_bars(
        labelled,
        label="label",
        value="back_share",
        low="back_share_low",
        high="back_share_high",
        n="member_count",
        kind="share",
        ranked=False,
        title=tr("Who comes back, by what they bought: {place}", place=view.place),
        subtitle=subtitle,
        value_title=tr("Share that came back"),
    )
