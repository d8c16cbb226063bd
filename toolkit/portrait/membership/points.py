"""Points: what is outstanding, earned, burnt and gone; what of it will still be burnt, and what that is worth."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.language import tr, value
from toolkit.models.point_lots import Redemption, balances, point_lots, redemption
from toolkit.portrait.membership.tables import known_rows, needed, strangers_note
from toolkit.registry import question
from toolkit.scope.hiding import unmeasured
from toolkit.scope.sales import ratio, totals
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

EARNED, BURNT, EXPIRED, ADJUSTED = value("earned"), value("burnt"), value("expired"), value("adjusted")
OUTSTANDING, BELOW = value("outstanding"), value("accounts below zero")
TO_COME, LEFT = value("of it burnt ahead, about"), value("of it not burnt ahead, about")
POINTS = c.table(
    "one row per part of the account: earned, adjusted, burnt, expired; what is outstanding; what of it will be burnt",
    c.text("part"),
    c.number("point_count", "Points", "earned + adjusted - burnt - expired = outstanding - what stands below zero, to the point"),
    c.number("window_point_count", "In the window", "of sales figures", null="a balance"),
    c.members("member_count", "Members with any"),
    c.number("point_count_low", "Points from", "an 80% interval", null="counted, not forecast"),
    c.number("point_count_high", "Points to", "an 80% interval", null="counted, not forecast"),
    c.money("worth", "Worth", "points by what a burnt one is worth", null="not known"),
    c.share("share_of_sales", "Share of member sales", "worth in the window over sales of members then", null="a balance, or not known"),
)


@question(
    "portrait",
    "What do our points cost, and what do we still owe?",
    words=(
        "points outstanding, earned, burnt and expired, breakage",
        "liability of the points, how many points will be burnt",
        "cost of the points as a share of sales",
        "积分 余额 负债 核销率 过期 沉淀 积分成本",
    ),
    tables=POINTS,
    figures=(
        c.number("outstanding_points", "Points outstanding"),
        c.share("burnt_ahead_share", "Share that will be burnt"),
        c.money("points_liability", "Liability"),
        c.share("points_cost_share", "Cost as a share of sales"),
    ),
)
def points(view: View) -> Finding:
    """Return the account of the points: one row per part, and what of the outstanding ones will be burnt in a year, with its interval.

    The oldest points of a member go first. Points of each age were burnt or expired at some rate; those outstanding go on at the rates of
    the ages before them (a discrete survival of points). The liability is what will be burnt, at what burnt points were worth
    (the column `value`, or membership.point_value). It is a forecast of habits as they were: a sale of double points changes them.

    Notes
    -----
    Source: `models.redemption`. The interval is an 80% one.

    Example
    -------
    >>> tk.portrait.points(ws).table                                    # doctest: +SKIP
    """
    rows = known_rows(view, "points")
    if rows is None or rows.is_empty():
        headline = view.say("{where}, what points cost is not measured: no account of points is known.")
        return unmeasured(POINTS, headline, view.say("Needed: {table}.", table=needed("points")), ask_next=[("portrait.tiers", {})])
    entries = rows.select(pl.col("member_id").alias("member"), "day", "kind", "points", *(["value"] if "value" in rows.columns else []))
    entries = entries.with_row_index("place").sort("day", "place", maintain_order=True).drop("place")
    ahead = view.settings.membership.points_ahead_days
    forecast = redemption(point_lots(entries), view.as_of, ahead)
    worth, is_stated = point_worth(view, entries)
    table = POINTS.of(_rows(view, entries, forecast, worth), view)
    held, burnt = table.find(part=OUTSTANDING), table.find(part=TO_COME)
    cost = table.find(part=BURNT)
    assert held is not None
    assert cost is not None
    return Finding(
        headline=view.say(
            "{where}, {outstanding:,.0f} points are outstanding[is_told?; of them {share:share} will be burnt within {ahead} days, about "
            "{low:,.0f} to {high:,.0f}[liability?, a liability of {liability:money} ({from_:money} to {to:money})]].",
            outstanding=held["point_count"] or 0, is_told=forecast is not None and burnt is not None and burnt["point_count"] is not None,
            share=forecast.share if forecast else None, ahead=ahead, low=forecast.low if forecast else None,
            high=forecast.high if forecast else None, liability=burnt["worth"] if burnt else None,
            from_=_times(forecast.low if forecast else None, worth), to=_times(forecast.high if forecast else None, worth),
        ),
        table=table,
        chart=(lambda: _chart(view, forecast)) if forecast else None,
        notes=[*_notes(view, entries, forecast, worth, is_stated), *strangers_note(view, rows, "points")],
        ask_next=[("differentiation.replay_rules", {}), ("portrait.tiers", {})],
        figures={
            "outstanding_points": held["point_count"],
            "burnt_ahead_share": forecast.share if forecast else None,
            "points_liability": burnt["worth"] if burnt else None,
            "points_cost_share": cost["share_of_sales"],
        },
    )  # fmt: skip


def _times(count: float | None, worth: float | None) -> float | None:
    return None if count is None or worth is None else count * worth


def point_worth(view: View, entries: pl.DataFrame) -> tuple[float | None, bool]:
    """Return what a point is worth, in currency units, and whether it is stated in the settings."""
    if view.settings.membership.point_value is not None:
        return view.settings.membership.point_value, True
    if "value" not in entries.columns:
        return None, False
    priced = entries.filter(pl.col("kind") == "burnt", pl.col("value").is_not_null(), pl.col("points") != 0)
    if priced.is_empty():
        return None, False
    return float(priced["value"].sum()) / view.minor_units / float(priced["points"].abs().sum()), False


def _rows(view: View, entries: pl.DataFrame, forecast: Redemption | None, worth: float | None) -> pl.DataFrame:
    size = pl.when(pl.col("kind").is_in(["burnt", "expired"])).then(pl.col("points").abs()).otherwise(pl.col("points"))
    inside = pl.col("day").is_between(view.period.start, view.period.end)
    sums = entries.group_by("kind").agg(
        size.sum().alias("point_count"),
        size.filter(inside).sum().alias("window_point_count"),
        pl.col("member").n_unique().alias("member_count"),
    )
    parts = {row["kind"]: row for row in sums.iter_rows(named=True)}
    sales = totals(view).member_sales / view.minor_units
    rows = []
    for kind in (EARNED, ADJUSTED, BURNT, EXPIRED):
        row = parts.get(kind, {"point_count": 0, "window_point_count": 0, "member_count": 0})
        share = ratio(row["window_point_count"] * worth, sales) if worth is not None and kind == BURNT else None
        rows.append(
            {"part": kind, **{key: row[key] for key in ("point_count", "window_point_count", "member_count")}, "share_of_sales": share}
        )
    held = balances(entries)
    for part, some in ((OUTSTANDING, pl.col("balance") > 0), (BELOW, pl.col("balance") < 0)):
        chosen = held.filter(some)
        rows.append({"part": part, "point_count": abs(int(chosen["balance"].sum())), "member_count": chosen.height})
    if forecast is not None:
        count = held.filter(pl.col("balance") > 0).height
        outstanding = float(rows[-2]["point_count"])
        ahead = {TO_COME: (forecast.expected, forecast.low, forecast.high)}
        ahead[LEFT] = (outstanding - forecast.expected, outstanding - forecast.high, outstanding - forecast.low)
        rows += [
            {"part": part, "point_count": middle, "point_count_low": low, "point_count_high": high, "member_count": count}
            for part, (middle, low, high) in ahead.items()
        ]
    frame = pl.DataFrame([{name: row.get(name) for name in POINTS.schema} for row in rows], schema=POINTS.schema)
    return frame.with_columns((pl.col("point_count") * worth).alias("worth")) if worth is not None else frame


def _notes(view: View, entries: pl.DataFrame, forecast: Redemption | None, worth: float | None, is_stated: bool) -> list[str | Note]:
    notes: list[str | Note] = []
    below = balances(entries).filter(pl.col("balance") < 0)
    if below.height:
        text = view.say(
            "{below:member} [one?has|have] burnt more points than they ever had here ({points:,} in all): entries from before are missing, "
            "or are wrong.",
            below=below.height, one=below.height == 1 and view.least <= 1, points=-int(below["balance"].sum()),
        )  # fmt: skip
        notes.append(Note(text, "REVIEW"))
    if forecast is None:
        notes.append(Note(tr("What will be burnt: no point was ever burnt, or none is outstanding."), "NOT MEASURED"))
    else:
        notes.append(
            tr(
                "Points go on at the rates at which points of their age were burnt so far, oldest first; another rule or a "
                "sale changes them."
            )
        )
        if forecast.unseen:
            notes.append(
                view.say(
                    "{unseen:,} of the outstanding points pass within the horizon an age that no points have reached yet: there "
                    "the rates of "
                    "the oldest months seen are taken.",
                    unseen=forecast.unseen,
                )
            )
    if worth is None:
        text = tr("Worth and liability in money: the table `points` has no `value`, and the setting membership.point_value is not given.")
        notes.append(Note(text, "NOT MEASURED"))
    else:
        notes.append(
            view.say(
                "A point is worth {worth:.4f} {currency} ([stated?as stated in membership.point_value|by the value of those "
                "that were burnt]).",
                worth=worth, stated=is_stated,
            )
        )  # fmt: skip
    first = entries["day"].min()
    if first is not None and first > view.as_of - timedelta(days=view.settings.membership.points_ahead_days):  # type: ignore[operator]
        notes.append(
            Note(view.say("The account is known since {first} alone: rates of older points are not known.", first=first), "REVIEW")
        )
    return notes


def _chart(view: View, forecast: Redemption) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.bars import measured_bars

    frame = forecast.hazards.filter(pl.col("at_risk") > 0).head(24)
    return measured_bars(
        frame, label="age_months", measures={"burnt_share": tr("burnt"), "gone_share": tr("expired or taken back")},
        title=tr("What becomes of points, by their age in months"), subtitle=view.say("share of the points that reach the month"),
        value_title=tr("Share of points"),
    )  # fmt: skip
