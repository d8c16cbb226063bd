"""Overview: members, activity, sales and what an order is worth, against the period before and the year before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit import columns as c
from toolkit.answer import Finding, Note
from toolkit.columns import AnswerTable, Table
from toolkit.language import later, tr, value
from toolkit.registry import question
from toolkit.scope.feasts import feast_notes
from toolkit.scope.fiscal import last_week_end
from toolkit.scope.period import Period
from toolkit.scope.sales import not_goods_notes, order_value_notes, ratio, within
from toolkit.scope.view import View
from toolkit.wording import listing

if TYPE_CHECKING:
    import altair as alt

WEEKS = 52
_COMPARED = (
    ("sales", later("sales")),
    ("orders", later("orders")),
    ("active_count", later("active members")),
    ("order_value", later("order value")),
    ("units_per_order", later("units per order")),
)
_SHARES = (
    ("repeat_rate", later("repeat rate")),
    ("active_share", later("share of active members")),
    ("member_sales_share", later("member share of sales")),
)
_NOW, _BEFORE, _YEAR_BEFORE = value("this period"), value("period before"), value("year before")


def _windows(rows: str, sales_hidden_by: str | None) -> Table:
    """The table; sales of a place are not of its members alone, those of an audience are of the members who ordered."""
    return c.table(
        rows,
        c.text("window"),
        c.day("starts_on", "From"),
        c.day("ends_on", "To"),
        c.money("sales", "Sales", "returns subtracted, non-members included", hidden_by=sales_hidden_by),
        c.count("orders", "Orders", "returns alone are no order", hidden_by=sales_hidden_by),
        c.members(meaning="with an order in the scope up to the end of the window"),
        c.members("active_count", "Active members", "ordered within scope.active_days before the end"),
        c.share("active_share", "Share active", null="the receipts do not reach back that far", hidden_by="active_count"),
        c.members("buyer_count", "Buyers", "members who ordered in the window"),
        c.share("repeat_rate", "Bought again", "of the buyers: at least twice in the window", hidden_by="buyer_count"),
        c.share("member_sales_share", "Members' share", "of sales", null="an audience, or nothing was sold", hidden_by="buyer_count"),
        c.money("order_value", "Order value", "sales of an order", hidden_by=sales_hidden_by),
        c.number("units_per_order", "Units per order", "counted goods", null="no goods are counted", hidden_by=sales_hidden_by),
    )


WINDOWS = _windows("one row per window; figures of one that starts before the first receipt are null", None)
OF_AUDIENCE = _windows("one row per window, of an audience", "buyer_count")
_WEEKS = c.table("one row per week", c.day("week"), c.members("buyer_count", null="not an audience"), c.money("sales"))
_FIGURES = (
    c.money("sales", "Sales"),
    c.count("orders", "Orders"),
    c.members(),
    c.share("active_share", "Share active"),
    c.share("repeat_rate", "Bought again"),
    c.money("order_value", "Order value"),
    c.number("units_per_order", "Units per order"),
    c.share("member_sales_share", "Members' share"),
)


@question(
    "portrait",
    "How are our members doing?",
    words=(
        "overview of the shop: members, active members, sales",
        "repeat rate, order value, units per order",
        "key figures compared with last period and last year",
        "how is the store doing",
        "会员概览 复购率 客单价 连带率",
    ),
    tables=(WINDOWS, OF_AUDIENCE),
    figures=_FIGURES,
)
def overview(view: View) -> Finding:
    """Return the key figures of the window, of the window before it and of the one a year before: one row per window.

    The year before is 364 days back, so that weekdays fall on weekdays. A window that starts before the shop's first receipt is
    not measured: its figures are null, and a note says so.

    Figures: those of this window for the index of a batch; spark: weekly sales.

    Notes
    -----
    Source: DEFINITIONS.md section 1. Members whose first order lies before the shop's first receipt look newer than they are.

    Example
    -------
    >>> tk.portrait.overview(ws, store_id="367", period="28d").table    # doctest: +SKIP
    """
    windows = {_NOW: view.period, _BEFORE: view.period.before(), _YEAR_BEFORE: view.period.year_before()}
    rows = [_row(view, name, window, sums) for (name, window), sums in zip(windows.items(), _sums(view, windows), strict=True)]
    shown = (WINDOWS if view.scope.audience is None else OF_AUDIENCE).of(pl.DataFrame(rows), view)
    weeks, now = _weekly_sales(view), shown.row()
    return Finding(
        headline=_headline(view, shown),
        table=shown,
        chart=lambda: _chart(view, weeks),
        notes=[
            *_notes(view, shown, windows),
            *order_value_notes(view, shown),
            *not_goods_notes(view),
            *feast_notes(view, windows[_YEAR_BEFORE]),
        ],
        ask_next=[
            ("portrait.segments", {}),
            ("portrait.contribution", {"by": "heavy"}),
            ("portrait.movement", {}),
            ("portrait.stores", {}),
        ],
        figures={figure.name: None if now[figure.name] is None else float(now[figure.name]) for figure in _FIGURES},
        spark=weeks["sales"].drop_nulls().to_list(),
    )


def _sums(view: View, windows: dict[str, Period]) -> list[dict[str, Any]]:
    """Sums of each window from one pass over the orders in scope: one group per member, non-members are one group."""
    days = view.settings.scope.active_days
    is_order = pl.col("is_order")
    aggregated = [pl.col("ordered_at").filter("is_order").min().alias("first")]
    for place, window in enumerate(windows.values()):
        inside = within(window)
        active = within(Period(window.end - timedelta(days=days - 1), window.end))
        aggregated += [
            (inside & is_order).sum().cast(pl.Int64).alias(f"orders_{place}"),
            pl.col("amount").filter(inside).sum().alias(f"sales_{place}"),
            pl.col("amount").filter(inside & is_order).sum().alias(f"order_sales_{place}"),
            pl.col("units_milli").filter(inside & is_order).sum().alias(f"units_{place}"),
            (active & is_order).any().alias(f"active_{place}"),
        ]
    people = view.orders.group_by("member_code").agg(aggregated)
    member = pl.col("member_code").is_not_null()
    summed = []
    for place, window in enumerate(windows.values()):
        after = datetime.combine(window.end + timedelta(days=1), time())
        summed += [
            *[pl.col(f"{name}_{place}").sum() for name in ("orders", "sales", "order_sales", "units")],
            pl.col(f"sales_{place}").filter(member).sum().alias(f"member_sales_{place}"),
            (member & (pl.col("first") < after)).sum().alias(f"member_count_{place}"),
            (member & pl.col(f"active_{place}")).sum().alias(f"active_count_{place}"),
            (member & (pl.col(f"orders_{place}") >= 1)).sum().alias(f"buyer_count_{place}"),
            (member & (pl.col(f"orders_{place}") >= 2)).sum().alias(f"repeat_count_{place}"),
        ]
    row = people.select(summed).collect(engine="streaming").row(0, named=True)
    return [
        {name.removesuffix(f"_{place}"): held for name, held in row.items() if name.endswith(f"_{place}")} for place in range(len(windows))
    ]


def _row(view: View, name: str, window: Period, sums: dict[str, Any]) -> dict[str, Any]:
    """One row of the table; only its dates where the receipts do not reach back to the window (this period is always shown)."""
    dates = {"window": name, "starts_on": window.start, "ends_on": window.end}
    if name != _NOW and window.start < view.first_day:
        return dates
    orders = sums["orders"]
    known = name == _NOW or window.end - timedelta(days=view.settings.scope.active_days - 1) >= view.first_day
    worth = ratio(sums["order_sales"], orders)
    return dates | {
        "sales": sums["sales"] / view.minor_units,
        "orders": orders,
        "member_count": sums["member_count"],
        "active_count": sums["active_count"] if known else None,
        "active_share": ratio(sums["active_count"], sums["member_count"]) if known else None,
        "buyer_count": sums["buyer_count"],
        "repeat_rate": ratio(sums["repeat_count"], sums["buyer_count"]),
        "member_sales_share": ratio(sums["member_sales"], sums["sales"]) if view.scope.audience is None else None,
        "order_value": None if worth is None else worth / view.minor_units,
        # No unit in any order: the shop's goods are sold by weight or volume, or nobody said which are counted.
        "units_per_order": ratio(sums["units"] / 1000, orders) if sums["units"] else None,
    }


def _weekly_sales(view: View) -> pl.DataFrame:
    """Sales of the last whole weeks (the shop's own, else such as end on as_of), at most 52, oldest first: `week` (its first day), `sales`
    (null: an audience's few).
    """
    last = last_week_end(view.as_of, view.settings.calendar)
    after = last + timedelta(days=1)
    count = min(WEEKS, (after - view.first_day).days // 7)
    start = after - timedelta(days=7 * count)
    weeks = pl.DataFrame({"week": [start + timedelta(days=7 * place) for place in range(count)]}, schema={"week": pl.Date})
    buyers = pl.lit(None, pl.Int64) if view.scope.audience is None else pl.col("member_code").filter("is_order").n_unique()
    number = (pl.col("ordered_at").dt.date() - pl.lit(start)).dt.total_days() // 7
    held = (
        view.orders.filter(within(Period(start, last)))
        .group_by((pl.lit(start) + pl.duration(days=number * 7)).cast(pl.Date).alias("week"))
        .agg(pl.col("amount").sum(), buyers.alias("buyer_count"))
        .collect(engine="streaming")
    )
    joined = weeks.join(held, on="week", how="left", maintain_order="left")
    return _WEEKS.of(joined.select("week", "buyer_count", view.major(pl.col("amount").fill_null(0)).alias("sales")), view).frame


def _headline(view: View, shown: AnswerTable) -> str:
    now, before, _ = shown.rows()
    if not now["orders"]:
        return view.say(
            "{where}, [few?fewer than {least} members|nobody] ordered {window:in}; {member_count:member} had ordered before.",
            now, few=now["orders"] is None, window=view.period,
        )  # fmt: skip
    times = ratio(now["sales"], before["sales"])
    return view.say(
        "{where}, sales {window:in} are {sales} from {orders:order}[known? ({change:change} on the {days:day} before)]. {active_count} of "
        "{member_count:member}[active? ({active_share})] are active[bought?, {repeat_rate} of {buyer_count:buyer} ordered more than once]"
        "[others?, members bring {member_sales_share} of the sales], and an order is worth {order_value}[ with {units_per_order:,.1f} "
        "units].",
        now, window=view.period, known=times is not None, change=(times or 0) - 1, days=view.period.days,
        active=now["active_share"] is not None, bought=now["repeat_rate"] is not None,
        others=now["member_sales_share"] is not None and now["member_sales_share"] < 1,
    )  # fmt: skip


def _notes(view: View, shown: AnswerTable, windows: Mapping[str, Period]) -> list[str | Note]:
    now, *earlier = shown.rows()
    notes: list[str | Note] = []
    for row, window in zip(earlier, list(windows.values())[1:], strict=True):
        if row["orders"] is None:
            missing = view.say(
                "Against the {window}: [few?fewer than {least} members ordered|the receipts start on {first_day}, after {start}].",
                row, few=window.start >= view.first_day, first_day=view.first_day, start=window.start,
            )  # fmt: skip
            notes.append(Note(missing, "NOT MEASURED"))
        else:
            notes.append(view.say("Against the {window} ({days}): {changes}.", row, days=window, changes=_changes(view, now, row)))
    if view.period.start < view.first_day:
        begun = view.say(
            "The receipts start on {first_day}: the window holds {held} of its {days} days.",
            first_day=view.first_day, held=(view.period.end - view.first_day).days + 1, days=view.period.days,
        )  # fmt: skip
        notes.append(Note(begun, "REVIEW"))
    notes.append(
        view.say(
            "Active = ordered within the {scope.active_days} days up to the end of the window; repeat rate = share of the window's buyers "
            "with two orders or more in it; returns alone are no order; units are counted goods."
        )
    )
    if view.scope.audience is not None:
        notes.append(tr("Sales are those of the audience alone, so the member share of sales is not measured."))
    elif now["member_sales_share"] == 1:
        notes.append(tr("All sales of the window are of members: the receipts hold none without a member."))
    elif (now["sales"] or 0) <= 0:
        notes.append(Note(tr("Member share of sales: there were no sales in the window."), "NOT MEASURED"))
    return notes


def _changes(view: View, now: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    changes = []
    for column, figure in _COMPARED:
        times = ratio(now[column], before[column])
        changes.append(view.say("{figure} {change:change}", figure=tr(figure), change=None if times is None else times - 1))
    for column, figure in _SHARES:
        if now[column] is not None and before[column] is not None:
            points = 100 * (now[column] - before[column])
            changes.append(
                view.say(
                    "{figure} [alike?unchanged|[more?up|down] {points:.1f} points]",
                    figure=tr(figure), alike=abs(points) < 0.05, more=points > 0, points=abs(points),
                )
            )  # fmt: skip
    return listing(changes)


def _chart(view: View, weeks: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.lines import lines_over_time

    first: date = weeks["week"][0] if weeks.height else view.first_day
    last = last_week_end(view.as_of, view.settings.calendar)
    return lines_over_time(
        weeks, time="week", value="sales", kind="money", title=tr("Sales by week"),
        subtitle=view.say("{place}, whole weeks from {first} to {last}", first=first, last=last), value_title=view.say("Sales, {currency}"),
    )  # fmt: skip
