"""Overview: members, activity, sales and what an order is worth, against the period before and the year before."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from toolkit import wording
from toolkit.answer import Finding, Note
from toolkit.language import later, tr, value, word
from toolkit.registry import question
from toolkit.scope.period import Period
from toolkit.scope.phrases import where
from toolkit.scope.sales import days_of, ratio, within
from toolkit.scope.view import View
from toolkit.wording import share, some

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
)
def overview(view: View) -> Finding:
    """Return the key figures of the window, of the window before it and of the one a year before: one row per window.

    The year before is 364 days back, so that weekdays fall on weekdays. A window that starts before the shop's first receipt is
    not measured: its figures are null, and a note says so.

    Returns
    -------
    Answer
        Table columns: `window`, `starts_on`, `ends_on`; `sales` (currency units, returns subtracted, non-members included), `orders`;
        `member_count` (members with an order in the scope up to the end of the window), `active_count`, `active_share` (0..1; ordered
        within setting scope.active_days before the end), `buyer_count` (members who ordered in the window), `repeat_rate` (0..1 of these,
        who ordered at least twice in it), `member_sales_share` (0..1 of sales; null for an audience, and where nothing was sold),
        `order_value` (currency units, sales of orders per order), `units_per_order` (counted goods). Returns alone are no order.
        Figures: those of this window for the index of a batch; spark: weekly sales.

    Notes
    -----
    Source: DEFINITIONS.md section 1. Members whose first order lies before the shop's first receipt look newer than they are.

    Example
    -------
    >>> tk.portrait.overview(ws, store_id="367", period="28d").table    # doctest: +SKIP
    """
    windows = {_NOW: view.period, _BEFORE: view.period.before(), _YEAR_BEFORE: view.period.year_before()}
    table = pl.DataFrame(
        [_row(view, name, window, sums) for (name, window), sums in zip(windows.items(), _sums(view, windows), strict=True)]
    )
    table = table.cast({"member_sales_share": pl.Float64, "repeat_rate": pl.Float64, "sales": pl.Float64, "orders": pl.Int64})
    weeks = _weekly_sales(view)
    now = table.row(0, named=True)
    return Finding(
        headline=_headline(view, table),
        table=table,
        chart=lambda: _chart(view, weeks),
        notes=_notes(view, table, windows),
        ask_next=[
            ("portrait.segments", {}),
            ("portrait.contribution", {"by": "heavy"}),
            ("portrait.movement", {}),
            ("portrait.stores", {}),
        ],
        figures={key: float(now[key]) for key in _FIGURES if now[key] is not None},
        spark=weeks["sales"].to_list(),
    )


_FIGURES = ("sales", "orders", "member_count", "active_share", "repeat_rate", "order_value", "units_per_order", "member_sales_share")


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
        return dates | dict.fromkeys(_COLUMNS)
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


_COLUMNS = (
    *("sales", "orders", "member_count", "active_count", "active_share", "buyer_count", "repeat_rate", "member_sales_share"),
    *("order_value", "units_per_order"),
)


def _weekly_sales(view: View) -> pl.DataFrame:
    """Sales of the last whole weeks up to as_of, at most 52, oldest first: `week` (Date, its first day) and `sales` (currency units)."""
    after = view.as_of + timedelta(days=1)
    count = min(WEEKS, (after - view.first_day).days // 7)
    start = after - timedelta(days=7 * count)
    weeks = pl.DataFrame({"week": [start + timedelta(days=7 * place) for place in range(count)]}, schema={"week": pl.Date})
    if not count:
        return weeks.with_columns(pl.lit(0.0).alias("sales"))
    number = (pl.col("ordered_at").dt.date() - pl.lit(start)).dt.total_days() // 7
    held = (
        view.orders.filter(within(Period(start, view.as_of)))
        .group_by((pl.lit(start) + pl.duration(days=number * 7)).cast(pl.Date).alias("week"))
        .agg(pl.col("amount").sum())
        .collect(engine="streaming")
    )
    joined = weeks.join(held, on="week", how="left", maintain_order="left")
    return joined.select("week", view.major(pl.col("amount").fill_null(0)).alias("sales"))


def _headline(view: View, table: pl.DataFrame) -> str:
    now, before, _ = table.to_dicts()
    if not now["orders"]:
        return tr(
            "{where}, nobody ordered {days_of}; {members} had ordered before.",
            where=where(view),
            days_of=days_of(view),
            members=some(now["member_count"], "member"),
        )
    changed = ratio(now["sales"], before["sales"])
    against = (
        tr(" ({changed} on the {days} before)", changed=wording.change(changed - 1), days=some(view.period.days, "day"))
        if changed is not None
        else ""
    )
    said = tr(
        "{where}, sales {days_of} are {sales} from {orders}{against}. {active_count:,} of {members} ({active_share}) are active",
        where=where(view),
        days_of=days_of(view),
        sales=_money(view, now["sales"]),
        orders=some(now["orders"], "order"),
        against=against,
        active_count=now["active_count"],
        members=some(now["member_count"], "member"),
        active_share=share(now["active_share"]),
    )
    if now["repeat_rate"] is not None:
        said += tr(
            ", {repeat_rate} of {buyers} ordered more than once",
            repeat_rate=share(now["repeat_rate"]),
            buyers=some(now["buyer_count"], "buyer"),
        )
    if now["member_sales_share"] is not None and now["member_sales_share"] < 1:
        said += tr(", members bring {member_sales_share} of the sales", member_sales_share=share(now["member_sales_share"]))
    units = "" if now["units_per_order"] is None else tr(" with {units_per_order:,.1f} units", units_per_order=now["units_per_order"])
    return tr("{said}, and an order is worth {worth}{units}.", said=said, worth=_money(view, now["order_value"]), units=units)


def _notes(view: View, table: pl.DataFrame, windows: dict[str, Period]) -> list[str | Note]:
    rows = {row["window"]: row for row in table.iter_rows(named=True)}
    now = rows[_NOW]
    notes: list[str | Note] = []
    for name in (_BEFORE, _YEAR_BEFORE):
        if rows[name]["orders"] is None:
            said = tr(
                "Against the {window}: the receipts start on {first_day}, after {start}.",
                window=word(name),
                first_day=view.first_day,
                start=windows[name].start,
            )
            notes.append(Note(said, "NOT MEASURED"))
        else:
            compared = _compared(now, rows[name])
            notes.append(tr("Against the {window} ({days}): {compared}.", window=word(name), days=windows[name], compared=compared))
    if view.period.start < view.first_day:
        held = (view.period.end - view.first_day).days + 1
        notes.append(
            Note(
                tr(
                    "The receipts start on {first_day}: the window holds {held} of its {days} days.",
                    first_day=view.first_day,
                    held=held,
                    days=view.period.days,
                ),
                "REVIEW",
            )
        )
    notes.append(_measure_note(view))
    if view.scope.audience is not None:
        notes.append(tr("Sales are those of the audience alone, so the member share of sales is not measured."))
    elif now["member_sales_share"] == 1:
        notes.append(tr("All sales of the window are of members: the receipts hold none without a member."))
    elif now["member_sales_share"] is None:
        notes.append(Note(tr("Member share of sales: there were no sales in the window."), "NOT MEASURED"))
    return notes


def _measure_note(view: View) -> str:
    days = view.settings.scope.active_days
    return tr(
        "Active = ordered within the {days} days up to the end of the window; repeat rate = share of the window's buyers with two orders "
        "or more in it; returns alone are no order; units are counted goods.",
        days=days,
    )


def _compared(now: dict[str, Any], before: dict[str, Any]) -> str:
    said = []
    for column, figure in _COMPARED:
        changed = ratio(now[column], before[column])
        moved = wording.change(None if changed is None else changed - 1)
        said.append(tr("{figure} {moved}", figure=tr(figure), moved=moved))
    for column, figure in _SHARES:
        if now[column] is not None and before[column] is not None:
            moved = _points(100 * (now[column] - before[column]))
            said.append(tr("{figure} {moved}", figure=tr(figure), moved=moved))
    return wording.listing(said)


def _points(moved: float) -> str:
    if abs(moved) < 0.05:
        return tr("unchanged")
    return tr("up {points:.1f} points", points=moved) if moved > 0 else tr("down {points:.1f} points", points=-moved)


def _money(view: View, major: float | None) -> str:
    return wording.money(major, view.currency)


def _chart(view: View, weeks: pl.DataFrame) -> alt.Chart | alt.LayerChart:
    from toolkit.charts.lines import lines_over_time

    first: date = weeks["week"][0] if weeks.height else view.first_day
    return lines_over_time(
        weeks,
        time="week",
        value="sales",
        kind="money",
        title=tr("Sales by week"),
        subtitle=tr("{place}, whole weeks from {first} to {as_of}", place=view.place, first=first, as_of=view.as_of),
        value_title=tr("Sales, {currency}", currency=view.currency),
    )
