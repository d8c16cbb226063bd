"""Wall: a running day as it stands, hour by hour or store by store, beside the same hours of past weeks; what hangs in the office."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable
from toolkit.errors import DataError
from toolkit.language import later, tr
from toolkit.ledger.campaigns import known_campaigns
from toolkit.registry import question
from toolkit.review.measures.alarms import goal_notes, store_alarms
from toolkit.review.measures.case import Case, open_case
from toolkit.review.measures.progress import each_day
from toolkit.review.measures.running_day import RunningDay, running_day
from toolkit.scope.hiding import unmeasured
from toolkit.scope.sales import ratio
from toolkit.scope.view import View

if TYPE_CHECKING:
    import altair as alt

By = Literal["hour", "store"]
_USUAL = "mean of the same hours of the same weekday of past weeks"
_OF_DAY = (
    c.count("visitors", "Visitors", "by the traffic table", null="not counted"),
    c.count("order_count", "Orders"),
    c.share("order_rate", "Orders per visitor", null="visitors are not counted"),
    c.money("order_value", null="no orders"),
    c.number("units_per_order", null="no orders"),
    c.money("sales", meaning="returns taken off"),
    c.money("usual_sales", "Usual sales", _USUAL, null="no past weeks"),
)
HOURS = c.table(
    "one row per hour of the day, up to the last receipt",
    c.text("hour", "Hour"),
    *_OF_DAY,
    c.money("sales_so_far", meaning="from the morning on"),
    c.money("usual_so_far", "Usual so far", null="no past weeks"),
)
STORES = c.table(
    "one row per store with a receipt today or usually by now, the best seller first",
    c.count("place", "Place"),
    c.text("store_id", "Store"),
    *_OF_DAY,
    c.share("sales_change", "Against the usual", null="no past weeks"),
)
SHOWN = ("visitors", "order_count", "order_value", "units_per_order", "sales")
"""The large figures of the wall, in its order."""


@question(
    "review",
    "How is today going, against the same hours of past weeks?",
    words=(
        "live wall of a running event: visitors, orders, sales so far",
        "sales today so far against last week by this hour",
        "which store is ahead today, ranking of stores today",
        "big screen of today",
        "大屏 实时 今日 客流 到目前为止",
    ),
    tables=(HOURS, STORES),
    figures=(
        c.count("visitors", "Visitors"),
        c.count("order_count", "Orders"),
        c.money("order_value"),
        c.number("units_per_order"),
        c.money("sales"),
        c.money("usual_sales", "Usual sales"),
        c.share("sales_change", "Against the usual"),
        c.money("target_sales", "Target by now"),
        c.share("target_rate", "Of the target", "by now"),
        c.count("redemptions", "Redemptions today"),
        c.members("treated_buyers", "Treated who bought", "since the start"),
        c.count("control_buyers", "Of the control who bought", "since the start, scaled to as many members"),
    ),
)
def wall(view: View, *, by: By = "hour") -> Finding:
    """Return the last day of the receipts as far as it has come: one row per hour or store, beside the same hours of past weeks.

    The day is compared up to its last receipt, with the same weekday of `review.wall_weeks` past weeks up to the same time; weeks on whose
    day nothing was sold are left out. It is what comes in with the receipts: sales of everybody, not an effect. Where a campaign runs on
    the day (the one that started last), its redemptions of the day and the buyers of both arms since its start stand beside.

    Parameters
    ----------
    by
        `hour`, or `store` (the ranking).

    Notes
    -----
    A month's target falls on its days as sales fell on the weekdays of the past weeks. A store is silent where no order of the last
    `review.silent_hours` hours is no chance (Poisson, Bonferroni). Source: DEFINITIONS.md.

    Example
    -------
    >>> tk.review.wall(ws).figures["sales"]                            # doctest: +SKIP
    """
    table = HOURS if by == "hour" else STORES
    if view.scope.audience is not None:
        return unmeasured(table, tr("The wall is of everybody's sales: it is not measured for an audience."), tr("Leave the audience out."))
    day = running_day(view, view.settings.review.wall_weeks)
    total = day.total()
    if not total["sales"] and not total["order_count"]:
        return unmeasured(table, view.say("{where}, nothing was sold on {day} yet.", day=view.as_of), tr("It fills when receipts come in."))
    case = _running_case(view)
    figures = _figures(view, day, total, case)
    shown = (_hours if by == "hour" else _stores)(view, day)
    return Finding(
        headline=_headline(view, day, figures),
        table=shown,
        chart=lambda: _chart(view, day, shown.frame, by),
        notes=_notes(view, day, figures, case),
        ask_next=[
            ("review.wall", {"by": "store" if by == "hour" else "hour"}),
            ("review.agenda", {}),
            ("portrait.why", {"metric": "sales"}),
        ],
        figures=figures,
        spark=shown.frame["sales"].to_list(),
    )


def _running_case(view: View) -> Case | None:
    """The campaign that started last among those whose days hold the view's day; None where none runs or too few are in it."""
    known = known_campaigns(view.workspace)
    running = known.filter(pl.col("starts_on") <= view.as_of, pl.col("ends_on") >= view.as_of)
    if running.is_empty():
        return None
    try:
        case = open_case(view, str(running.sort("starts_on", "campaign_id")["campaign_id"][-1]))
    except DataError:
        return None
    return None if case.too_few_to_show else case


def _figures(view: View, day: RunningDay, total: dict[str, int], case: Case | None) -> dict[str, Any]:
    orders, target = total["order_count"], day.target()
    usual = sum(day.total(week)["sales"] for week in day.weeks) / len(day.weeks) if day.weeks else None
    change = None if usual is None else ratio(total["sales"] - usual, usual)
    found: dict[str, Any] = {
        "visitors": int(day.visitors["visitors"].sum()) if day.visitors.height else None,
        "order_count": orders,
        "order_value": ratio(total["order_sales"] / view.minor_units, orders),
        "units_per_order": ratio(total["units_milli"] / 1000, orders),
        "sales": total["sales"] / view.minor_units,
        "usual_sales": None if usual is None else usual / view.minor_units,
        "sales_change": change,
        "target_sales": target[1] / view.minor_units if target else None,
        "target_rate": ratio(total["sales"], target[1]) if target else None,
    }
    if case is not None:
        days = each_day(case)
        today = days.filter(pl.col("day") == view.as_of)
        found["redemptions"] = int(today["redemption_count"].sum())
        buyers, held = (float(days[name].sum()) for name in ("buyer_count", "control_buyer_count"))
        found["treated_buyers"] = int(buyers)
        own = held * case.control_count / case.treated_count  # as they are, not scaled
        found["control_buyers"] = round(held) if own >= view.least else None
    return found


def _of_day(view: View) -> list[pl.Expr]:
    some = pl.when(pl.col("order_count") > 0)
    return [
        "visitors",
        "order_count",
        pl.when(pl.col("visitors") > 0).then(pl.col("order_count") / pl.col("visitors")).alias("order_rate"),
        some.then(view.major("order_sales") / pl.col("order_count")).alias("order_value"),
        some.then(pl.col("units_milli") / 1000 / pl.col("order_count")).alias("units_per_order"),
        view.major("sales").alias("sales"),
        view.major("usual_sales").alias("usual_sales"),
    ]  # type: ignore[list-item]


def _hours(view: View, day: RunningDay) -> AnswerTable:
    rows = day.by("hour").select("hour", *_of_day(view)).sort("hour")
    return HOURS.of(
        rows.with_columns(
            pl.col("sales").cum_sum().alias("sales_so_far"),
            pl.col("usual_sales").cum_sum().alias("usual_so_far"),
            pl.format("{}:00", pl.col("hour").cast(pl.String).str.zfill(2)).alias("hour")
            if day.has_times
            else pl.lit(tr("all day")).alias("hour"),
        ),
        view,
    )


def _stores(view: View, day: RunningDay) -> AnswerTable:
    rows = day.by("store_id").select("store_id", *_of_day(view)).sort("sales", "store_id", descending=[True, False])
    usual = pl.col("usual_sales")
    return STORES.of(
        rows.with_columns(
            pl.int_range(1, pl.len() + 1).alias("place"), pl.when(usual > 0).then(pl.col("sales") / usual - 1).alias("sales_change")
        ),
        view,
    )


def _clock(day: RunningDay) -> str:
    return f"{day.until:%H:%M}" if day.has_times else ""


def _headline(view: View, day: RunningDay, figures: dict[str, Any]) -> str:
    return view.say(
        "{where}, {sales:money} on {day}[ by {clock}], from {orders:order}[some?, {change:change} against the same hours of past weeks]"
        "[aimed?; the target by now is {target:money}].",
        None, sales=figures["sales"], day=view.as_of, clock=_clock(day), orders=figures["order_count"],
        some=figures["sales_change"] is not None, change=figures["sales_change"] or 0.0, aimed=figures["target_sales"] is not None,
        target=figures["target_sales"] or 0.0,
    )  # fmt: skip


def _notes(view: View, day: RunningDay, figures: dict[str, Any], case: Case | None) -> list[str | Note]:
    """Alarms first."""
    notes: list[str | Note] = []
    past = [day.total(week)["sales"] / view.minor_units for week in day.weeks]
    if len(past) > 1 and figures["sales"] < min(past):
        text = view.say(
            "Sales are below those of each of the {weeks} past weeks by this time: the lowest had {lowest:money}.",
            weeks=len(past), lowest=min(past),
        )  # fmt: skip
        notes.append(Note(text, "REVIEW"))
    hours = view.settings.review.silent_hours
    silent = day.silent_stores(hours)
    for row in silent.head(5).iter_rows(named=True):
        text = view.say(
            "Store {store_id} sold nothing in the last {hours} hours, where {expected:,.0f} orders are usual: ask whether its tills run.",
            row, hours=hours, expected=row["expected_orders"],
        )  # fmt: skip
        notes.append(Note(text, "REVIEW"))
    if case is not None:
        notes += [note for note in (*store_alarms(case), *goal_notes(case, each_day(case))) if note.verdict != "NOT MEASURED"]
    if figures["target_rate"] is not None:
        ahead = figures["target_rate"] >= 1
        text = view.say(
            "[ahead?On target|Behind target]: {rate:share} of what should be sold by now.", ahead=ahead, rate=figures["target_rate"]
        )
        notes.append(Note(text, "PASS" if ahead else "REVIEW"))
    if not day.weeks:
        notes.append(Note(tr("There is no past week to compare with: the receipts do not reach back."), "NOT MEASURED"))
    if figures["visitors"] is None:
        notes.append(Note(tr("Visitors are not counted: there is no traffic table for the day."), "NOT MEASURED"))
    if not day.has_times:
        notes.append(Note(tr("The receipts have no times: the day is compared with whole days."), "REVIEW"))
    notes.append(Note(tr("Sales of everybody as they come in: what a campaign changed is said by its review.")))
    return notes


def _chart(view: View, day: RunningDay, table: pl.DataFrame, by: By) -> alt.Chart | alt.LayerChart:
    if by == "store":
        from toolkit.charts.bars import ranked_bars

        return ranked_bars(
            table, label="store_id", value="sales", kind="money", value_title=tr("Sales"),
            title=view.say("Stores today: {place}"), subtitle=view.say("{day}[ by {clock}]", day=view.as_of, clock=_clock(day)),
        )  # fmt: skip
    from toolkit.charts.lines import lines_over_time

    at = [datetime.combine(view.as_of, time(int(hour[:2]) if day.has_times else 0)) for hour in table["hour"]]
    return lines_over_time(
        table.with_columns(pl.Series("at", at, dtype=pl.Datetime("us"))), time="at", value="sales_so_far", kind="money",
        earlier="usual_so_far" if day.weeks else None, earlier_title=_USUALLY, this_title=_TODAY, value_title=tr("Sales so far"),
        title=view.say("Sales so far today: {place}"), subtitle=view.say("{day}[ by {clock}]", day=view.as_of, clock=_clock(day)),
    )  # fmt: skip


_USUALLY, _TODAY = later("usually"), later("today")
