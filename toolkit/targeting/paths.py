"""Paths: from the first purchase to the second and the third, how long it takes, and where members stop."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.charts.bars import ranked_bars
from toolkit.charts.flow import flow
from toolkit.columns import AnswerTable, Row, Table
from toolkit.language import tr, value
from toolkit.mart.sequences import VISITS
from toolkit.models.first_purchases import days_until_half
from toolkit.models.shares import wilson
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.view import View
from toolkit.targeting.measures.first_visits import entrants
from toolkit.targeting.measures.shares import known_share, share_text
from toolkit.targeting.measures.ways import OTHERS, STOPPED, Place, PlacedBy, placed_ways, ripe_members

if TYPE_CHECKING:
    import altair as alt

SMALL_WAYS = value("small groups of them")
MORE, FEWER, ALIKE = value("more come back"), value("fewer come back"), value("like the others")
MOST_ROUTES = 30
_NAMES = ("first", "second", "third")

FLOWS = c.table(
    "one row per step from place to place",
    c.count("step", "Step", "1 = first to second", hidden_by=None),
    c.text("from", "From here"),
    c.text("to", "To there", "did not come back: within sequences.follow_days"),
    c.members(),
    c.share("from_share", "Share of those there"),
    c.days("gap_days_median", "Days between (median)", "of those who came back this way", null="they did not"),
)
NODES = c.table(
    "one row per place of the first and the second purchase",
    c.count("step", "Step", hidden_by=None),
    c.text("place", "Place"),
    c.members(),
    c.members("back_count", "Came back"),
    c.share("back_share", "Share that came back", hidden_by="back_count"),
    c.share("back_share_low", "at least (95%)", "Wilson", hidden_by="back_count"),
    c.share("back_share_high", "at most (95%)", "Wilson", hidden_by="back_count"),
    c.days("back_days_median", "Days until half came back", null="fewer than half did", hidden_by="back_count"),
    c.text("reading", "How to read it", "more come back, fewer come back or like the others"),
    few="drop",
    note=False,
)
ROUTES = c.table(
    "one row per whole way over three purchases, most members first",
    *[c.text(name) for name in _NAMES],
    c.members(),
    c.share("member_share", "Share of members", "of all counted"),
    few="drop",
    note=False,
)
_TABLES = {"flow": FLOWS, "node": NODES, "route": ROUTES}


@question(
    "targeting",
    "Which way do members take from the first purchase to the third, and where do they stop?",
    words=(
        "path from first category to second and third purchase",
        "where do new members drop off",
        "how long until the second purchase",
        "key nodes of the purchase path, sankey, journey of new members",
        "首单 复购 路径 流失节点",
    ),
    tables=(FLOWS, NODES, ROUTES),
    figures=(c.share("back_after_first_share", "Come a second time"), c.members("entrant_count", "Entrants")),
)
def paths(view: View, *, show: Literal["flow", "node", "route"] = "flow", by: PlacedBy = "auto") -> Finding:
    """Return how entrants (members seen from their first order on) went on to the second and third shopping day: one row per step.

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

    Notes
    -----
    A path says what followed, not what caused it: whoever buys much in any category comes back more often.

    Example
    -------
    >>> tk.targeting.paths(ws, show="node").table                      # doctest: +SKIP
    """
    new = entrants(view)
    place, walked = placed_ways(view, ripe_members(view, new), by)
    if walked.height < view.least:
        return _too_few(view, _TABLES[show], new.note(view))
    steps = _steps(walked)
    flows, small_ways = _flows(view, steps)
    nodes, routes = NODES.of(_nodes(steps), view), ROUTES.of(_routes(walked), view)
    key = _key_node(nodes)
    return Finding(
        headline=_headline(view, walked, key),
        table={"flow": flows, "node": nodes, "route": routes.cut(routes.frame.head(MOST_ROUTES))}[show],
        chart=lambda: _chart(view, flows.frame, nodes, show, walked.height),
        notes=[
            new.note(view),
            *_notes(view, place, new.members.height - walked.height),
            *_left_out(view, {"flow": small_ways, "node": nodes.few_rows, "route": routes.few_rows}[show], show),
        ],
        ask_next=[
            ("targeting.path_members", _members_of(nodes.frame, key, place)),
            ("targeting.paths", {"show": "node" if show == "flow" else "flow"}),
            ("targeting.entry_goods", {}),
        ],
        figures={
            "back_after_first_share": known_share(view, int(walked["back_1"].sum()), walked.height),
            "entrant_count": float(walked.height),
        },
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


def _flows(view: View, steps: pl.DataFrame) -> tuple[AnswerTable, int]:
    """The table, ways too small to show put together, and how many those are."""
    table = (
        steps.group_by("step", "from", "to")
        .agg(pl.len().alias("member_count"), pl.col("gap_days").median().alias("gap_days_median"))
        .with_columns((pl.col("member_count") / pl.col("member_count").sum().over("step", "from")).alias("from_share"))
        .with_columns(pl.col("member_count").sum().over("step", "from").alias("size"))
        .sort("step", *_order("from"), "size", "from", *_order("to"), "member_count", "to",
              descending=[False, False, False, True, False, False, False, True, False])
        .select("step", "from", "to", "member_count", "from_share", "gap_days_median")
    )  # fmt: skip
    shown = table.filter(pl.col("member_count") >= view.least)
    small = table.filter(pl.col("member_count") < view.least)
    together = small.group_by("step", "from", maintain_order=True).agg(
        pl.lit(SMALL_WAYS).alias("to"), pl.col("member_count", "from_share").sum(), pl.lit(None, pl.Float64).alias("gap_days_median")
    )
    together = together.select(table.columns).filter(pl.col("member_count") >= view.least)
    place = table.select("step", "from").unique(maintain_order=True).with_row_index("place")
    rows = pl.concat([shown, together]).join(place, on=["step", "from"], how="left", maintain_order="left")
    return FLOWS.of(rows.sort("place", maintain_order=True).drop("place"), view), small.height


def _nodes(steps: pl.DataFrame) -> pl.DataFrame:
    back = pl.col("to") != STOPPED
    low, high = wilson(pl.col("back_count"), pl.col("member_count"))
    rest = pl.col("member_count").sum().over("step") - pl.col("member_count")
    of_others = pl.when(rest > 0).then((pl.col("back_count").sum().over("step") - pl.col("back_count")) / rest)
    return (
        steps.group_by("step", "from")
        .agg(
            pl.len().alias("member_count"),
            back.sum().alias("back_count"),
            days_until_half(pl.col("gap_days")).alias("back_days_median"),
        )
        .with_columns(
            (pl.col("back_count") / pl.col("member_count")).alias("back_share"),
            low.alias("back_share_low"),
            high.alias("back_share_high"),
            of_others.alias("others"),
        )
        .with_columns(
            pl.when(pl.col("back_share_low") > pl.col("others"))
            .then(pl.lit(MORE))
            .when(pl.col("back_share_high") < pl.col("others"))
            .then(pl.lit(FEWER))
            .otherwise(pl.lit(ALIKE))
            .alias("reading")
        )
        .sort("step", *_order("from"), "member_count", "from", descending=[False, False, False, True, False])
        .rename({"from": "place"})
        .drop("others")
    )


def _key_node(nodes: AnswerTable) -> Row | None:
    """The named place after which clearly most stop."""
    fewer = nodes.frame.filter((pl.col("reading") == FEWER) & (pl.col("place") != OTHERS)).sort("back_share", "place")
    return nodes.cut(fewer).row() if fewer.height else None


def _members_of(nodes: pl.DataFrame, key: Row | None, place: Place) -> dict[str, str | bool]:
    """The parameters of the list that follows: who stopped after the key node, or after the largest first place."""
    named = nodes.filter(pl.col("place") != OTHERS)
    if named.is_empty():
        return {"stopped": True}
    node = key or named.sort("step", "member_count", "place", descending=[False, True, False]).row(0, named=True)
    return {_NAMES[node["step"] - 1]: node["place"], "stopped": True, "by": place}


def _routes(walked: pl.DataFrame) -> pl.DataFrame:
    names = [pl.col(f"place_{visit}").fill_null("–").alias(name) for visit, name in enumerate(_NAMES, start=1)]
    # The first missing place says that they stopped; what would come after it is empty.
    second, third = pl.col("place_2").is_null(), pl.col("place_3").is_null()
    names[1] = pl.when(second).then(pl.lit(STOPPED)).otherwise("place_2").alias("second")
    names[2] = pl.when(second).then(None).when(third).then(pl.lit(STOPPED)).otherwise("place_3").alias("third")
    return (
        walked.select(names)
        .group_by(_NAMES)
        .agg(pl.len().alias("member_count"))
        .with_columns((pl.col("member_count") / walked.height).alias("member_share"))
        .sort("member_count", *_NAMES, descending=[True, False, False, False], nulls_last=True)
    )


def _headline(view: View, walked: pl.DataFrame, key: Row | None) -> str:
    back, again = int(walked["back_1"].sum()), int(walked["back_2"].sum())
    half = walked.select(days_until_half(pl.col("gap_1"))).item()
    return view.say(
        "{where}, [{back}|fewer than {least}] of {new:entrant} came a second time within {sequences.follow_days} days of the first"
        "[, half of all within {half:day}][; of these, {again} came a third time][nth?; most stop after a {nth:word} purchase of {place}: "
        "[{key_share}|fewer than {least}] of {member_count} came back].",
        key or {"place": None, "member_count": None}, back=share_text(known_share(view, back, walked.height)), new=walked.height,
        half=None if half is None else int(half), again=share_text(known_share(view, again, back)), nth=key and _NAMES[key["step"] - 1],
        key_share=share_text(key["back_share"]) if key else None,
    )  # fmt: skip


def _notes(view: View, place: Place, unripe: int) -> list[str | Note]:
    notes: list[str | Note] = [
        view.say(
            "A shopping day is placed in the {place:word} where most of its money went; a way says what followed, not what caused it.",
            place=place,
        ),
    ]
    if unripe > 0:
        notes.append(
            view.say(
                "[is_few?Fewer than {least} members|{unripe:member}] first came less than {days} days before {as_of}: too early to "
                "say whether they stop (setting sequences.follow_days = {sequences.follow_days}).",
                unripe=unripe, is_few=unripe < view.least, days=2 * view.settings.sequences.follow_days,
            )
        )  # fmt: skip
    return notes


def _left_out(view: View, few: int, show: str) -> list[str]:
    """What a table leaves out, or puts together."""
    if not few:
        return []
    if show == "flow":
        text = view.say(
            "{few:way} of fewer than {least} members each are not shown one by one: those from one place stand together as "
            "'{small_ways:word}', where they are enough.",
            few=few, small_ways=SMALL_WAYS,
        )  # fmt: skip
    elif show == "node":
        text = view.say("{few:place} with fewer than {least} members (setting scope.minimum_members) not shown.", few=few)
    else:
        text = view.say("{few:whole way} with fewer than {least} members (setting scope.minimum_members) not shown.", few=few)
    return [text]


def _too_few(view: View, declared: Table, left_out: Note) -> Finding:
    days = 2 * view.settings.sequences.follow_days
    headline = view.say(
        "{where}, paths are not measured: fewer than the {least} entrants that figures may speak of could be followed for {days} days.",
        days=days,
    )
    few = unmeasured(declared, headline, tr("Paths: choose a larger scope or wait for more receipts."))
    return replace(few, notes=[*few.notes, left_out])


def _chart(view: View, flows: pl.DataFrame, nodes: AnswerTable, show: str, new_count: int) -> alt.Chart | alt.LayerChart:
    subtitle = view.say("{new:entrant}, each followed for twice {sequences.follow_days} days", new=new_count)
    if show != "node":
        return flow(
            flows,
            step="step",
            source="from",
            target="to",
            value="member_count",
            title=view.say("From the first purchase to the third: {place}"),
            subtitle=subtitle,
            step_names=[view.say("{nth:word} purchase", nth=name) for name in _NAMES],
            muted=(STOPPED, SMALL_WAYS),
        )
    labels = [view.say("after the {nth:word}: {place}", row, nth=_NAMES[row["step"] - 1]) for row in nodes.rows()]
    return ranked_bars(
        nodes.frame.with_columns(pl.Series("label", labels, dtype=pl.String)),
        label="label",
        value="back_share",
        low="back_share_low",
        high="back_share_high",
        n="member_count",
        kind="share",
        ranked=False,
        title=view.say("Who comes back, by what they bought: {place}"),
        subtitle=subtitle,
        value_title=tr("Share that came back"),
    )
