"""Which segment each member of a case was in when it began and when it ended, by one ruler, and what a segment is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from toolkit.answer import Note
from toolkit.language import tr, value, word
from toolkit.mart.windows import window_sums
from toolkit.models.shares import share_difference
from toolkit.portrait.measures.scorecard import chosen_map, current_scorecard
from toolkit.portrait.measures.scores import Ruler, chain_scores
from toolkit.portrait.measures.segment_maps import NO_ORDERS, SegmentMap
from toolkit.review.measures.case import Case
from toolkit.scope.view import View
from toolkit.wording import listing

VALUE_DAYS = 91
OTHERS = value("others")


@dataclass(frozen=True)
class Moves:
    """The segments of a case's members.

    `members`: rows as in the case: `treated`, `before`, `after` (segments), `before_value`, `after_value` (minor units: what members of
    such a segment go on to bring in 91 days; null = not known). `segments`: the map's order, best first. `values`: one row per segment.
    `launch`, `end`: the days looked at. `basis`: margin or sales.
    """

    members: pl.DataFrame
    segments: tuple[str, ...]
    values: pl.DataFrame
    launch: date
    end: date
    basis: str
    notes: tuple[str | Note, ...]


def moves_of(case: Case) -> Moves:
    """Return where members were the day before the start and at the end (or as_of), both by the ruler in force at launch.

    Raises nothing: the caller asks `case.history_days` first, since a launch before the receipts has no segments.
    """
    launch = case.campaign.starts_on - timedelta(days=1)
    then = case.view.chain.at(launch)
    card, card_notes = current_scorecard(then)
    chosen, map_notes = chosen_map(then, card, None)
    ruler = card.ruler
    end = case.view.chain.at(case.seen.end)
    codes = case.members.select("member_code", "treated")
    before, after = (_segments(view, chosen, ruler) for view in (then, end))
    members = (
        codes.join(before.rename({"segment": "before"}), on="member_code", how="left", maintain_order="left")
        .join(after.rename({"segment": "after"}), on="member_code", how="left", maintain_order="left")
        .with_columns(pl.col("before", "after").fill_null(NO_ORDERS))
    )
    values, basis, notes = _values(then, chosen, ruler)
    for side in ("before", "after"):
        value = values.select(pl.col("segment").alias(side), pl.col("value").alias(f"{side}_value"))
        members = members.join(value, on=side, how="left", maintain_order="left")
    return Moves(members, (*chosen.names, NO_ORDERS), values, launch, case.seen.end, basis, (*card_notes, *map_notes, *notes))


def _segments(view: View, chosen: SegmentMap, ruler: Ruler) -> pl.DataFrame:
    """The segment of every member of the chain: member_code, segment."""
    scored = chosen.apply(chain_scores(view, ruler))
    return scored.select("member_code", pl.col("segment").cast(pl.String).fill_null(NO_ORDERS))


def _values(then: View, chosen: SegmentMap, ruler: Ruler) -> tuple[pl.DataFrame, str, list[str | Note]]:
    """What members of each segment brought in the 91 days after they were in it, all before the launch: segment, member_count, value.

    Segments are those of 91 days before the launch by the same ruler; members who then bought nothing count as 0. Null below the minimum
    number of members.
    """
    empty = pl.DataFrame(schema={"segment": pl.String, "member_count": pl.Int64, "value": pl.Float64})
    earlier = then.as_of - timedelta(days=VALUE_DAYS)
    if (earlier - then.first_day).days < VALUE_DAYS:
        why = then.say(
            "Moves are not valued: it takes {days} days of receipts before the start, and they begin on {first_day}.",
            days=2 * VALUE_DAYS,
            first_day=then.first_day,
        )
        return empty, "sales", [Note(why, "NOT MEASURED")]
    sums = window_sums(then.workspace, then.mart, earlier + timedelta(days=1), then.as_of).drop_nulls("member_code")
    amount, costed = int(sums["amount"].sum()), int(sums["costed_amount"].sum())
    notes: list[str | Note] = []
    if costed > 0:
        margin_share = float(sums["costed_margin_milli"].sum()) / 1_000 / costed
        value, basis = (pl.col("costed_margin_milli") / 1_000 + (pl.col("amount") - pl.col("costed_amount")) * margin_share), "margin"
        if costed < amount:
            notes.append(
                then.say(
                    "Margins are from unit costs, known for {costed:share} of sales; the rest is taken to keep as much.",
                    costed=costed / amount,
                )
            )
    else:
        value, basis = pl.col("amount").cast(pl.Float64), "sales"
        notes.append(Note(tr("Moves are valued in sales: the products table gives no unit_cost, so margins are not known."), "REVIEW"))
    scored = chosen.apply(chain_scores(then.at(earlier), ruler)).select("member_code", "r_score", pl.col("segment").cast(pl.String))
    members = scored.join(sums.select("member_code", value.alias("value")), on="member_code", how="left")
    values, thin = segment_values(chosen, members.with_columns(pl.col("value").fill_null(0)).drop_nulls("segment"), then.least)
    notes.append(
        then.say(
            "A segment is worth what its members of {earlier} brought on average in the {value_days} days after (to {as_of}, "
            "{basis:word}): all before the start.",
            earlier=earlier, value_days=VALUE_DAYS, basis=basis,
        )
    )  # fmt: skip
    if thin:
        notes.append(
            then.say(
                "Too few members then to say what {thin} is worth: members of the same R scores stand in for them.",
                thin=listing([word(name) for name in thin]),
            )
        )
    return values, basis, notes


def segment_values(chosen: SegmentMap, members: pl.DataFrame, least: int) -> tuple[pl.DataFrame, list[str]]:
    """Return what each segment of the map is worth (`segment`, `member_count`, `value`), and the names of those with fewer than `least`.

    In: one row per member: `segment`, `r_score`, `value`. A thin segment is worth the mean of the members, of whatever segment, with the R
    scores that it spans; null where these are fewer than `least` too. No orders: nothing.
    """
    spans = chosen.table().with_columns(pl.col("segment").cast(pl.String))
    known = members.group_by("segment").agg(pl.len().cast(pl.Int64).alias("member_count"), pl.col("value").mean())
    worth = (
        pl.DataFrame({"segment": list(chosen.names)})
        .join(known, on="segment", how="left")
        .with_columns(pl.col("member_count").fill_null(0))
    )
    by_r = members.group_by("r_score").agg(pl.len().cast(pl.Int64).alias("members"), pl.col("value").sum().alias("total"))
    if "r_score" not in spans.columns:  # a map without R: everybody stands in
        spans = spans.join(by_r.select("r_score"), how="cross")
    near = spans.select("segment", "r_score").unique().join(by_r, on="r_score").group_by("segment").agg(pl.col("members", "total").sum())
    stand_in = pl.when(pl.col("members") >= least).then(pl.col("total") / pl.col("members"))
    worth = worth.join(near, on="segment", how="left").with_columns(
        pl.when(pl.col("member_count") >= least).then("value").otherwise(stand_in).alias("value")
    )
    none = pl.DataFrame({"segment": [NO_ORDERS], "member_count": [0], "value": [0.0]}, schema_overrides={"member_count": pl.Int64})
    thin = worth.filter((pl.col("member_count") < least) & pl.col("value").is_not_null())["segment"].sort().to_list()
    return pl.concat([worth.select("segment", "member_count", "value"), none]).sort("segment"), thin


def flow_table(moves: Moves, least: int, confidence: float) -> pl.DataFrame:
    """Return from where to where each arm went: one row per pair of segments, in the map's order.

    Segments with fewer than `least` members in an arm at launch stand together as others, and so do ends that fewer than `least` members of
    the row reached. Columns: `before`, `after`, `treated_count`, `control_count`, `treated_share`, `control_share` (0..1 of the row's arm),
    `difference`, `low`, `high` (null without a control, and for others, who are not the same segments in both arms), `moved_value` (minor
    units: what the difference is worth over all the row's treated members, against staying where they were; null = not known).
    """
    members = moves.members.with_columns(pl.col("before").alias("origin"), pl.col("after").alias("end"))
    has_control = not members["treated"].all()
    sizes = members.group_by("before").agg(pl.col("treated").sum().alias("t"), (~pl.col("treated")).sum().alias("c"))
    small = sizes.filter((pl.col("t") < least) | ((pl.col("c") < least) & pl.lit(has_control)))["before"]
    members = members.with_columns(
        pl.when(pl.col("before").is_in(small.implode())).then(pl.lit(OTHERS)).otherwise("before").alias("before")
    )
    reached = pl.len().over("before", "after") >= least
    members = members.with_columns(pl.when(reached).then("after").otherwise(pl.lit(OTHERS)).alias("after"))
    gain = (pl.col("after_value") - pl.col("before_value")).cast(pl.Float64)
    sides = {"treated": pl.col("treated"), "control": ~pl.col("treated")}
    rows = members.group_by("before", "after").agg(
        *[side.sum().cast(pl.Int64).alias(f"{name}_count") for name, side in sides.items()],
        *[gain.filter(side).sum().alias(f"{name}_gain") for name, side in sides.items()],
        gain.null_count().alias("unknown"),
    )
    of_row = [pl.col(f"{name}_count").sum().over("before").alias(f"{name}_total") for name in sides]
    rows = rows.with_columns(of_row)
    counts = [rows[name].to_numpy().astype(float) for name in ("treated_count", "treated_total", "control_count", "control_total")]
    difference, low, high = share_difference(*counts, confidence=confidence)
    shares = [
        (pl.col(f"{name}_count") / pl.when(pl.col(f"{name}_total") > 0).then(f"{name}_total")).alias(f"{name}_share") for name in sides
    ]
    moved = pl.col("treated_gain") - pl.col("control_gain") / pl.when(pl.col("control_total") > 0).then("control_total") * pl.col(
        "treated_total"
    )
    order = {name: place for place, name in enumerate((*moves.segments, OTHERS))}
    return (
        rows.with_columns(
            *shares,
            *[pl.Series(name, values).fill_nan(None) for name, values in (("difference", difference), ("low", low), ("high", high))],
            pl.when(pl.col("unknown") == 0).then(moved).alias("moved_value"),
        )
        .with_columns(pl.when(pl.col("before") != OTHERS).then(name).alias(name) for name in ("difference", "low", "high", "moved_value"))
        .sort(pl.col("before").replace_strict(order), pl.col("after").replace_strict(order))
        .select(
            "before", "after", "treated_count", "control_count", "treated_share", "control_share",
            "difference", "low", "high", "moved_value",
        )
    )  # fmt: skip


def arm_values(moves: Moves) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the value of each member's segment at the end and at launch (minor units); None where some segment has none."""
    if moves.members["after_value"].null_count() or moves.members["before_value"].null_count():
        return None
    return moves.members["after_value"].to_numpy().astype(float), moves.members["before_value"].to_numpy().astype(float)
